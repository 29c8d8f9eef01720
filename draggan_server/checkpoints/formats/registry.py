"""Which formats there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import nvidia, rosinality, tensorflow
from .parts import Parts


@dataclass(frozen=True)
class Format:
    """One way in which models are saved."""

    name: str
    """For people."""
    recognises: Callable[[object], bool]
    """No false positives: what it recognises, no other format does."""
    read: Callable[[object], Parts]
    """Raises UnsupportedError and RefusedError, and reads no parameter's numbers."""


FORMATS = (
    Format("NVIDIA's PyTorch networks", nvidia.recognises, nvidia.read),
    Format("the original StyleGAN2's TensorFlow networks", tensorflow.recognises, tensorflow.read),
    Format("rosinality's networks", rosinality.recognises, rosinality.read),
)


def format_of(root: object) -> Format | None:
    """The format that recognises what a file holds."""
    return next((known for known in FORMATS if known.recognises(root)), None)
