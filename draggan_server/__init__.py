"""The DragGAN engine and the local server that Krita and GIMP talk to."""

__version__ = "0.1.0"
