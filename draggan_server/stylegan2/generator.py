"""The generator: mapping and synthesis behind one small interface."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from .config import GeneratorConfig
from .delta import WeightDelta, with_weights
from .latent import z_from_seed
from .mapping import LayerwiseMapping
from .synthesis import NoiseMode, SynthesisNetwork
from .windowed import FeatureWindows, feature_windows
from .windows import Box


class Generator(nn.Module):
    """A StyleGAN2 generator.

    Its pictures and all its maps are of one shape, `aspect`. What is called a resolution is the longer side.

    `mapping(z, c=None, psi=1.0)` and `ws_from_seed` give ws [N, num_ws, w_dim]; `image(ws)` and
    `features(ws, resolution)` draw from them.

    >>> config = GeneratorConfig(z_dim=64, w_dim=64, img_resolution=32, channel_base=512)
    >>> generator = Generator(config).freeze()
    >>> ws = generator.ws_from_seed(7, psi=0.7)
    >>> picture = generator.image(ws)
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.mapping = LayerwiseMapping(config.mapping, config.num_ws)
        self.synthesis = SynthesisNetwork(config)

    @property
    def num_ws(self) -> int:
        return self.config.num_ws

    @property
    def resolution(self) -> int:
        """The longer side of the picture in px."""
        return self.config.img_resolution

    @property
    def height(self) -> int:
        """Of the picture, in px."""
        return self.config.map_size(self.resolution)[0]

    @property
    def width(self) -> int:
        """Of the picture, in px."""
        return self.config.map_size(self.resolution)[1]

    @property
    def aspect(self) -> float:
        """Width / height."""
        return self.config.aspect

    @property
    def w_avg(self) -> Tensor:
        """[w_dim], the mean of w over z."""
        return self.mapping.w_avg

    @property
    def device(self) -> torch.device:
        return self.w_avg.device

    @property
    def dtype(self) -> torch.dtype:
        return self.w_avg.dtype

    def ws_from_seed(self, seed: int, psi: float = 1.0, label: int | None = None) -> Tensor:
        """The ws [1, num_ws, w_dim] of the z that NVIDIA's tools draw for `seed`, truncated by psi.

        Args:
            label: which class a conditional model is to draw. None: the classes in turn, `seed` modulo their number.

        Raises:
            ValueError: the seed is not in [0, 2**32), or the model has no such class.
        """
        z = z_from_seed(seed, self.config.z_dim).to(self.device, self.dtype)
        return self.mapping(z, self._condition(seed, label), psi)

    def _condition(self, seed: int, label: int | None) -> Tensor | None:
        """[1, c_dim], one for the class and zero for the others; None for a model without classes."""
        classes = self.config.c_dim
        if label is not None and not 0 <= label < classes:
            known = f"0 to {classes - 1}" if classes else "none: it draws without classes"
            raise ValueError(f"there is no class {label}; this model's are {known}")
        if not classes:
            return None
        condition = torch.zeros(1, classes, device=self.device, dtype=self.dtype)
        condition[0, seed % classes if label is None else label] = 1
        return condition

    def image(self, ws: Tensor, noise: NoiseMode = "const", resolution: int | None = None) -> Tensor:
        """ws [N, num_ws, w_dim] -> [N, img_channels, H, W], nominally in [-1, 1], not clamped.

        Args:
            resolution: stop at this block for a smaller, cheaper picture; None: the whole picture.

        Raises:
            ValueError: the model has no such block or draws no picture there, or ws does not fit the model.
        """
        resolution = resolution or self.resolution
        if resolution in set(self.config.block_resolutions) - set(self.config.picture_resolutions):
            raise ValueError(
                f"no picture at {resolution} px: a model of the {self.config.architecture} architecture draws one of "
                f"{self.resolution} px only"
            )
        return self.synthesis.images(self._checked(ws), resolution, noise)[resolution]

    def images(self, ws: Tensor, noise: NoiseMode = "const") -> dict[int, Tensor]:
        """The picture as it is after each block, the whole one last: {r: [N, img_channels, h, w]}.

        Only the skip architecture draws pictures before the last block (`config.picture_resolutions`). A lower block's
        is made for the blocks above to add to: whether it is a good small picture differs from model to model.
        """
        return self.synthesis.images(self._checked(ws), self.resolution, noise)

    def features(self, ws: Tensor, resolution: int, noise: NoiseMode = "const") -> Tensor:
        """The output of the block at `resolution`, and nothing beyond it: [N, C, h, w], the longer side `resolution`.

        Raises:
            ValueError: the model has no such block, or ws does not fit the model.
        """
        return self.synthesis.features(self._checked(ws), resolution, noise)

    def blocks(
        self, ws: Tensor, resolution: int, noise: NoiseMode = "const"
    ) -> Iterator[tuple[int, Tensor, Tensor | None]]:
        """Every block up to `resolution`, in one pass: its resolution r, its features [N, C, h, w] and the picture as
        it is after it, [N, img_channels, h, w], or None where the architecture draws none.

        Raises:
            ValueError: the model has no such block, or ws does not fit the model.
        """
        return self.synthesis.blocks(self._checked(ws), resolution, noise)

    def feature_windows(
        self,
        ws: Tensor,
        resolution: int,
        boxes: Sequence[Box],
        noise: NoiseMode = "const",
        whole_at: int | None = None,
        moving: int | None = None,
    ) -> FeatureWindows:
        """The numbers of `features` inside small windows only, for a fraction of the work.

        Args:
            ws: [1, num_ws, w_dim].
            boxes: what somebody wants to read of the block's output.
            whole_at: a block, at most `resolution`, whose whole map is wanted as well.
            moving: only so many of the first w change from call to call, and get a gradient; None: all may.

        Returns:
            Windows such that each box lies inside one of them. They are larger than asked for, up to the whole
            map, where that costs less.

        Raises:
            ValueError: the model has no such block, ws does not fit the model, or is more than one latent.
        """
        if len(self._checked(ws)) != 1:
            raise ValueError(f"windows are computed for one latent code at a time, not {len(ws)}")
        return feature_windows(self.synthesis, ws, resolution, boxes, noise, whole_at, moving)

    def tuned(self, delta: WeightDelta) -> Generator:
        """This generator with the delta's change of its weights, frozen; it shares every tensor that the delta does not
        name. This one is not changed. Both may be used in turn, by one thread.

        Raises:
            ValueError: the delta does not fit this model.
        """
        # A tensor made in inference mode has no version, by which layers know that weights have changed.
        with torch.inference_mode(False), torch.no_grad():
            return with_weights(self, delta.merged(self))

    def freeze(self) -> Generator:
        """Evaluation mode, and no parameter ever gets a gradient. Returns self."""
        return self.eval().requires_grad_(False)

    def _checked(self, ws: Tensor) -> Tensor:
        if ws.ndim != 3 or ws.shape[1:] != (self.num_ws, self.config.w_dim):
            raise ValueError(f"ws must be [N, {self.num_ws}, {self.config.w_dim}], not {list(ws.shape)}")
        return ws
