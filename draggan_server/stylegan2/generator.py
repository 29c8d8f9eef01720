"""The generator: mapping and synthesis behind one small interface."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from .config import GeneratorConfig
from .delta import WeightDelta, with_weights
from .mapping import LayerwiseMapping
from .synthesis import NoiseMode, SynthesisNetwork
from .windowed import FeatureWindows, feature_windows
from .windows import Box


class Generator(nn.Module):
    """A StyleGAN2 generator (skip architecture).

    `mapping(z, c=None, psi=1.0)` gives ws [N, num_ws, w_dim]; `image(ws)` and `features(ws, resolution)`
    draw from them.

    >>> config = GeneratorConfig(z_dim=64, w_dim=64, img_resolution=32, channel_base=512)
    >>> generator = Generator(config).freeze()
    >>> ws = generator.mapping(z_from_seed(7, 64), psi=0.7)
    >>> picture = generator.image(ws)
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        self.mapping = LayerwiseMapping(
            config.z_dim,
            config.c_dim,
            config.w_dim,
            config.mapping_layers,
            config.mapping_lr_multiplier,
            config.num_ws,
        )
        self.synthesis = SynthesisNetwork(config)

    @property
    def num_ws(self) -> int:
        return self.config.num_ws

    @property
    def resolution(self) -> int:
        """Width and height of the picture in px."""
        return self.config.img_resolution

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

    def image(self, ws: Tensor, noise: NoiseMode = "const", resolution: int | None = None) -> Tensor:
        """ws [N, num_ws, w_dim] -> [N, img_channels, H, W], nominally in [-1, 1], not clamped.

        Args:
            resolution: stop at this block for a smaller, cheaper picture; None: the whole picture.

        Raises:
            ValueError: the model has no such block, or ws does not fit the model.
        """
        resolution = resolution or self.resolution
        return self.synthesis.images(self._checked(ws), resolution, noise)[resolution]

    def images(self, ws: Tensor, noise: NoiseMode = "const") -> dict[int, Tensor]:
        """The picture as it is after each block, the whole one last: {r: [N, img_channels, r, r]}.

        A lower block's is made for the blocks above to add to: whether it is a good small picture differs from model
        to model.
        """
        return self.synthesis.images(self._checked(ws), self.resolution, noise)

    def features(self, ws: Tensor, resolution: int, noise: NoiseMode = "const") -> Tensor:
        """The output of the block at `resolution`, and nothing beyond it: [N, C, resolution, resolution].

        Raises:
            ValueError: the model has no such block, or ws does not fit the model.
        """
        return self.synthesis.features(self._checked(ws), resolution, noise)

    def blocks(self, ws: Tensor, resolution: int, noise: NoiseMode = "const") -> Iterator[tuple[int, Tensor, Tensor]]:
        """Every block up to `resolution`, in one pass: its resolution r, its features [N, C, r, r] and the picture as
        it is after it, [N, img_channels, r, r].

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
