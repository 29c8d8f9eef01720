"""The formats that models come in: a module for each, with "do I recognise it" and "read it"."""

from .parts import NetworkParts, Parts, UnsupportedError
from .registry import FORMATS, Format, format_of

__all__ = ["FORMATS", "Format", "NetworkParts", "Parts", "UnsupportedError", "format_of"]
