"""DragGAN in Krita: press on a feature of the picture, pull it to where it should go, and the picture follows.

    canvas/     points on the canvas: mapping, overlay, pointer and keyboard
    layers/     the document's pixels: reading in slices, inserting results, records
    docker/     the docker, and the controller that ties canvas, layers and the client library together
    draggan_client/   put here when the plugin is installed

Raises ImportError with a readable text where the plugin cannot run; Krita shows it where it lists the plugin.
"""

# First of all: refuses a Krita that is too old, and a Python without Qt.
from . import qt as _qt  # noqa: F401

try:
    from . import draggan_client as _client  # noqa: F401
except ImportError:
    raise ImportError(
        "The DragGAN plugin is not complete: its folder draggan_client is missing. "
        "Run the installer again: python3 install/install.py."
    ) from None

try:
    import krita as _krita
except ImportError:
    pass  # not inside Krita: what needs nothing of it can still be tested
else:
    from .extension import register as _register

    _register(_krita.Krita.instance())
