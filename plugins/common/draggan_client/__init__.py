"""The client library of DragGAN: what an editor's plugin and the server say to each other, and how.

Needs nothing but the standard library and MessagePack, and runs on every Python that an editor brings (3.10
and newer). All imports inside are relative, so that a plugin can carry this package inside its own.
"""

__version__ = "0.1.0"
