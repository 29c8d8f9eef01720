"""What can go wrong in a way that the artist can do something about."""

from __future__ import annotations


class InstallError(Exception):
    """Its text is all that the artist sees: what was wrong, where, and what to do."""
