"""The mapping network: z and a class condition -> w."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .config import MappingConfig
from .layers import FullyConnected
from .ops import normalize_second_moment


class MappingNetwork(nn.Module):
    """z [N, z_dim] and c [N, c_dim] -> w [N, w_dim].

    `w_avg` [w_dim] is the mean w, the centre of truncation.
    """

    w_avg: Tensor

    def __init__(self, config: MappingConfig) -> None:
        super().__init__()
        self.config = config
        features = config.z_dim
        if config.c_dim:
            self.embed = FullyConnected(config.c_dim, config.embed_features)
            features += config.embed_features
        for i in range(config.num_layers):
            width = config.w_dim if i == config.num_layers - 1 else config.layer_features
            layer = FullyConnected(features, width, activate=True, lr_multiplier=config.lr_multiplier)
            setattr(self, f"fc{i}", layer)
            features = width
        self.register_buffer("w_avg", torch.zeros(config.w_dim))

    def forward(self, z: Tensor | None, c: Tensor | None = None, psi: float = 1.0) -> Tensor:
        """The w of z under the condition c.

        Args:
            z: [N, z_dim] from N(0, I); None for a network of z_dim 0.
            c: [N, c_dim], the class condition of a conditional model.
            psi: truncation: 1 keeps w, smaller values pull it towards `w_avg`, 0 gives `w_avg`.

        Raises:
            ValueError: z or c has another width than the network was made for, or one is missing.
        """
        parts = []
        if self.config.z_dim:
            if z is None or z.ndim != 2 or z.shape[1] != self.config.z_dim:
                raise ValueError(f"z must be [N, {self.config.z_dim}], not {_shape(z)}")
            parts.append(z)
        if self.config.c_dim:
            parts.append(self.embed(checked_condition(c, self.config.c_dim)))
        if self.config.normalizes_as_one:
            x = normalize_second_moment(torch.cat(parts, dim=1))
        else:
            x = torch.cat([normalize_second_moment(part) for part in parts], dim=1)
        for i in range(self.config.num_layers):
            x = self.get_submodule(f"fc{i}")(x)
        return x if psi == 1.0 else self.w_avg + psi * (x - self.w_avg)


class LayerwiseMapping(MappingNetwork):
    """A mapping network that hands its w to every synthesis layer: -> ws [N, num_ws, w_dim]."""

    def __init__(self, config: MappingConfig, num_ws: int) -> None:
        super().__init__(config)
        self.num_ws = num_ws

    def forward(self, z: Tensor | None, c: Tensor | None = None, psi: float = 1.0) -> Tensor:
        """As `MappingNetwork.forward`, repeated for each layer."""
        return super().forward(z, c, psi)[:, None].repeat(1, self.num_ws, 1)


def checked_condition(c: Tensor | None, c_dim: int) -> Tensor:
    """c. Raises ValueError where it is not [N, c_dim]."""
    if c is None or c.ndim != 2 or c.shape[1] != c_dim:
        raise ValueError(f"the class condition must be [N, {c_dim}], not {_shape(c)}")
    return c


def _shape(x: Tensor | None) -> str:
    return "missing" if x is None else str(list(x.shape))
