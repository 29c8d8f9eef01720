"""What can be wrong with a picture that is to be inverted, or with how."""

from __future__ import annotations


class InversionError(ValueError):
    """Base of all errors of `inversion`; its text can be shown to an artist as it is."""


class InversionInputError(InversionError):
    """The picture or its weights do not fit the model, or hold NaN."""


class InversionSettingsError(InversionError):
    """A setting is out of its range."""
