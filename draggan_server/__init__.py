"""The DragGAN engine and the local server that Krita and GIMP talk to."""

__version__ = "0.1.0"

import os as _os

# Torch's threads else wait for each other by spinning. Beside an editor that paints, on two cores, a step then took
# twenty times as long (4 steps a second instead of 85). OpenMP reads this once, when torch is loaded.
_os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
