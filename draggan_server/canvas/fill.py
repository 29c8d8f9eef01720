"""What the model sees where the layer is transparent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FAINTEST_ALPHA = 1 / 255
"""From here on a pixel counts as seen: one step of an 8-bit alpha."""


def fill_transparent(premultiplied: NDArray[np.float64], alpha: NDArray[np.float64]) -> NDArray[np.float64]:
    """Colours [h, w, 3] without holes: near the visible parts their edges' colours, further off their mean.

    Pull-push (Gortler et al. 1996, The Lumigraph, 4.3): ever coarser alpha-weighted means, then from coarse
    to fine each level shows through where the finer one is transparent. A pixel that can be seen at all keeps
    its own colour, also in a layer that is translucent all over. At least one alpha must be over 0.
    """
    height, width = alpha.shape
    known = np.divide(premultiplied, alpha[..., None], out=np.zeros_like(premultiplied), where=alpha[..., None] > 0)
    if height == width == 1:
        return known
    coarse = fill_transparent(np.stack([_shrunk(premultiplied[..., c]) for c in range(3)], axis=-1), _shrunk(alpha))
    behind = np.stack([_resized(coarse[..., c], height, width, Image.Resampling.BILINEAR) for c in range(3)], axis=-1)
    return behind + (known - behind) * np.minimum(alpha / FAINTEST_ALPHA, 1.0)[..., None]


def _shrunk(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    height, width = plane.shape
    return _resized(plane, max(1, height // 2), max(1, width // 2), Image.Resampling.BOX)


def _resized(plane: NDArray[np.float64], height: int, width: int, method: Image.Resampling) -> NDArray[np.float64]:
    image = Image.fromarray(plane.astype(np.float32)).resize((width, height), method)
    return np.asarray(image, dtype=np.float64)
