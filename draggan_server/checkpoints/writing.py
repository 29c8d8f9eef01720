"""A safetensors file, written tensor by tensor: no more than one of them has to be in memory."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor

_CODES = {torch.float32: ("F32", "<f4"), torch.float16: ("F16", "<f2")}
"""The format's name of a type, and numpy's."""
_ALIGNMENT = 8


def write_tensors(
    path: Path,
    metadata: Mapping[str, str],
    shapes: Mapping[str, tuple[int, ...]],
    read: Callable[[str], Tensor],
    dtype: torch.dtype,
) -> None:
    """Write the tensors of these shapes as `dtype`, each read when its turn comes.

    The layout is https://github.com/huggingface/safetensors#format. Raises what `read` raises, and OSError; the file
    is unfinished then.
    """
    code, item_type = _CODES[dtype]
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    end = 0
    for name in sorted(shapes):
        count = 1
        for size in shapes[name]:
            count *= size
        start, end = end, end + count * dtype.itemsize
        header[name] = {"dtype": code, "shape": list(shapes[name]), "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(shapes):
            values = read(name).detach().to("cpu", dtype).contiguous()
            if tuple(values.shape) != shapes[name]:
                raise ValueError(f"{name} is {list(values.shape)}, not {list(shapes[name])} as announced")
            file.write(values.numpy().astype(item_type, copy=False).reshape(-1).data)
