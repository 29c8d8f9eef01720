"""Bytes that somebody else wrote -> inert values. Nothing in here runs what a file asks for.

Pickles are read by an own small machine that knows a list of names and makes a plain value for each; tensors stay
where they are in the file until somebody reads them, and are checked against their bytes before.
"""

from .files import read_file
from .source import RefusedError, printable
from .stand_ins import Instance
from .tensors import StoredTensor

__all__ = ["Instance", "RefusedError", "StoredTensor", "printable", "read_file"]
