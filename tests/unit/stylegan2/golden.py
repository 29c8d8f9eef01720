"""Reads the golden network files: just enough of a pickle reader for tests, and it runs nothing that a file holds."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

FOLDER = Path(__file__).parents[2] / "data" / "golden"
NAMES = ("ada-32", "sg3repo-32")


@dataclass(frozen=True)
class Golden:
    """A network file and what NVIDIA's own networks computed from it."""

    generator: dict[str, Tensor]
    discriminator: dict[str, Tensor]
    seeds: list[int]
    psi: float
    w: Tensor
    """[3, num_ws, 64]"""
    image: Tensor
    """[3, 3, 32, 32]"""
    logits: Tensor
    """[3, 1]"""


def read(name: str) -> Golden:
    with (FOLDER / f"{name}.pkl").open("rb") as file:
        networks = _Reader(file).load()
    numbers = np.load(FOLDER / f"{name}.npz")
    return Golden(
        generator=_state_dict(networks["G_ema"]),
        discriminator=_state_dict(networks["D"]),
        seeds=numbers["seeds"].tolist(),
        psi=float(numbers["psi"]),
        w=torch.from_numpy(numbers["w"]),
        image=torch.from_numpy(numbers["image"]),
        logits=torch.from_numpy(numbers["discriminator"]),
    )


def _state_dict(module: dict[str, Any], prefix: str = "") -> dict[str, Tensor]:
    state = module["state"]
    tensors = {f"{prefix}{name}": value for name, value in state["_parameters"].items() if value is not None}
    tensors |= {f"{prefix}{name}": value for name, value in state["_buffers"].items() if value is not None}
    for name, child in state["_modules"].items():
        tensors |= _state_dict(child, f"{prefix}{name}.")
    return tensors


def _storage(payload: bytes) -> Any:
    return torch.load(io.BytesIO(payload), weights_only=True)


def _tensor(storage: Any, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Tensor:
    return torch.empty(0).set_(storage, offset, size, stride).clone()


_ALLOWED = {
    "torch_utils.persistence._reconstruct_persistent_obj": lambda meta: meta,
    "collections.OrderedDict": OrderedDict,
    "torch._utils._rebuild_parameter": lambda data, requires_grad, hooks: data,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch.storage._load_from_bytes": _storage,
    "numpy._core.multiarray.scalar": lambda dtype, payload: np.frombuffer(payload, dtype)[0],
    "numpy.dtype": np.dtype,
    "dnnlib.util.EasyDict": dict,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[f"{module}.{name}"]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is not expected in a golden file") from None
