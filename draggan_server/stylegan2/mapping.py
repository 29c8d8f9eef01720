"""The mapping network: z and a class condition -> w."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .layers import FullyConnected
from .ops import normalize_second_moment


class MappingNetwork(nn.Module):
    """z [N, z_dim] and c [N, c_dim] -> w [N, w_dim].

    `w_avg` [w_dim] is the mean w, the centre of truncation.
    """

    w_avg: Tensor

    def __init__(self, z_dim: int, c_dim: int, w_dim: int, num_layers: int, lr_multiplier: float = 0.01) -> None:
        super().__init__()
        self.z_dim, self.c_dim, self.w_dim, self.num_layers = z_dim, c_dim, w_dim, num_layers
        if c_dim:
            self.embed = FullyConnected(c_dim, w_dim)
        features = z_dim + (w_dim if c_dim else 0)
        for i in range(num_layers):
            layer = FullyConnected(features, w_dim, activate=True, lr_multiplier=lr_multiplier)
            setattr(self, f"fc{i}", layer)
            features = w_dim
        self.register_buffer("w_avg", torch.zeros(w_dim))

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
        if self.z_dim:
            if z is None or z.ndim != 2 or z.shape[1] != self.z_dim:
                raise ValueError(f"z must be [N, {self.z_dim}], not {_shape(z)}")
            parts.append(normalize_second_moment(z))
        if self.c_dim:
            if c is None or c.ndim != 2 or c.shape[1] != self.c_dim:
                raise ValueError(f"the class condition must be [N, {self.c_dim}], not {_shape(c)}")
            parts.append(normalize_second_moment(self.embed(c)))
        x = torch.cat(parts, dim=1)
        for i in range(self.num_layers):
            x = self.get_submodule(f"fc{i}")(x)
        return x if psi == 1.0 else self.w_avg + psi * (x - self.w_avg)


class LayerwiseMapping(MappingNetwork):
    """A mapping network that hands its w to every synthesis layer: -> ws [N, num_ws, w_dim]."""

    def __init__(self, z_dim: int, c_dim: int, w_dim: int, num_layers: int, lr_multiplier: float, num_ws: int) -> None:
        super().__init__(z_dim, c_dim, w_dim, num_layers, lr_multiplier)
        self.num_ws = num_ws

    def forward(self, z: Tensor | None, c: Tensor | None = None, psi: float = 1.0) -> Tensor:
        """As `MappingNetwork.forward`, repeated for each layer."""
        return super().forward(z, c, psi)[:, None].repeat(1, self.num_ws, 1)


def _shape(x: Tensor | None) -> str:
    return "missing" if x is None else str(list(x.shape))
