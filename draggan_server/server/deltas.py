"""What tuning adds to a model's weights, as edit states keep it: half the precision, and checked before use."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from draggan_client import framing
from draggan_client._msgpack import msgpack
from draggan_client.errors import EditStateError, FramingError, MessageError
from draggan_server.stylegan2 import Generator, LowRank, WeightDelta

MAX_DELTA_BYTES = 16 << 20
"""Of a packed delta. That of a 1024 px StyleGAN2 of full width has less than 1 MiB."""
_VERSION = 1
_HALF = np.dtype("<f2")


def pack(delta: WeightDelta) -> bytes:
    """The delta in half precision."""
    parts = {name: [_packed(part.left), _packed(part.right)] for name, part in delta.parts.items()}
    data: bytes = msgpack.packb({"version": _VERSION, "parts": parts}, use_bin_type=True)
    return data


def unpack(data: bytes, generator: Generator) -> WeightDelta:
    """The delta again, float32, with weights of the generator only. Raises EditStateError."""
    try:
        parts = dict(_parts(data, dict(generator.named_parameters())))
        if not parts:
            raise ValueError("it changes nothing")
        return WeightDelta(parts)
    except (FramingError, MessageError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(error) from None


def tuned(generator: Generator, data: bytes) -> Generator:
    """The generator with a packed delta. Raises EditStateError."""
    try:
        return generator.tuned(unpack(data, generator))
    except ValueError as error:  # a part that does not fit its weight
        raise _damaged(error) from None


def _packed(matrix: Tensor) -> list[Any]:
    values = matrix.detach().to("cpu", torch.float16).numpy().astype(_HALF, copy=False)
    return [list(values.shape), values.tobytes()]


def _parts(data: bytes, weights: Mapping[str, Tensor]) -> Iterator[tuple[str, LowRank]]:
    packed = framing.unpack_plain(data, MAX_DELTA_BYTES)
    if packed["version"] != _VERSION:
        raise ValueError(f"its version is {packed['version']!r}, not {_VERSION}")
    for name, (left, right) in packed["parts"].items():
        weight = weights.get(name)
        if weight is None or not weight.ndim:
            raise ValueError(f"the model has no weight {str(name)[:80]!r}")
        # Before anything is made of it: no matrix is larger than its weight.
        most = min(weight.shape[0], math.prod(weight.shape[1:]))
        yield name, LowRank(_matrix(name, left, most).to(weight.device), _matrix(name, right, most).to(weight.device))


def _matrix(name: str, packed: Any, most: int) -> Tensor:
    (rows, columns), data = packed
    if not all(isinstance(side, int) and side > 0 for side in (rows, columns)) or min(rows, columns) > most:
        raise ValueError(f"the part of {name!r} is {rows!r} x {columns!r}")
    if len(data) != rows * columns * _HALF.itemsize:
        raise ValueError(f"the part of {name!r} has {len(data)} bytes for {rows} x {columns}")
    values = np.frombuffer(data, _HALF).reshape(rows, columns).astype(np.float32)
    if not np.isfinite(values).all():
        raise ValueError(f"the part of {name!r} holds NaN or infinity")
    return torch.from_numpy(values)


def _damaged(error: Exception) -> EditStateError:
    return EditStateError(
        f"This edit state is damaged: what it adds to the model's weights cannot be used ({error}).",
        "Start a new edit on this layer.",
    )
