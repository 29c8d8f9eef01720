"""State dicts in the layout of rosinality's StyleGAN2: converted files, trainer files, and the decoder of e4e and pSp.

The same networks under other names; activations are never clamped, and there are no classes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from ...stylegan2 import DiscriminatorConfig, GeneratorConfig
from ..untrusted import RefusedError, StoredTensor
from .parts import (
    Changed,
    Made,
    NetworkParts,
    Parts,
    UnsupportedError,
    Weight,
    Weights,
    low_pass,
    shown,
    squeezed,
    zeros,
)
from .shapes import base_size, discriminator_config, generator_config

_LR_MULTIPLIER = 0.01
_GROUP_SIZE = 4
_NOISE_SEED = 0
_DECODER = "decoder."


def recognises(root: object) -> bool:
    """Whether this is a generator's state dict, a map with one, or one whose state dict holds a decoder."""
    return _found(root) is not None


def read(root: object) -> Parts:
    """Of g_ema, the mean over training, before g. Raises UnsupportedError and RefusedError."""
    state = _found(root)
    assert state is not None and isinstance(root, dict)
    tensors = _Tensors(state)
    weights = _generator(tensors)
    latent_avg = root.get("latent_avg")
    if latent_avg is not None and not isinstance(latent_avg, StoredTensor):
        raise RefusedError("latent_avg is no tensor")
    lacks = latent_avg is None
    config = generator_config(weights, None, _LR_MULTIPLIER)
    weights["mapping.w_avg"] = zeros(config.w_dim) if latent_avg is None else _mean_latent(latent_avg)
    tensors.check_all_used()
    generator: NetworkParts[GeneratorConfig] = NetworkParts(config, weights)
    if not isinstance(root.get("d"), dict):
        return Parts(generator, None, lacks_w_avg=lacks)
    try:
        tensors = _Tensors(root["d"])
        critic = _discriminator(tensors)
        discriminator: NetworkParts[DiscriminatorConfig] = NetworkParts(
            discriminator_config(critic, None, _GROUP_SIZE, base_size(weights)), critic
        )
        tensors.check_all_used()
    except UnsupportedError as error:
        return Parts(generator, None, (f"The discriminator is left out: {error}.",), lacks)
    return Parts(generator, discriminator, lacks_w_avg=lacks)


def _found(root: object) -> dict[object, object] | None:
    """The generator's state dict."""
    if not isinstance(root, dict):
        return None
    for state in (root.get("g_ema"), root.get("g"), root):
        if isinstance(state, dict) and "input.input" in state:
            return state
    state = root.get("state_dict")
    if not isinstance(state, dict) or f"{_DECODER}input.input" not in state:
        return None
    return {
        name.removeprefix(_DECODER): value
        for name, value in state.items()
        if isinstance(name, str) and name.startswith(_DECODER)
    }


class _Tensors:
    """A state dict. Those of its parameters that nobody asks for are what is not understood."""

    def __init__(self, state: Mapping[object, object]) -> None:
        self._tensors: dict[str, StoredTensor] = {}
        for name, value in state.items():
            if not isinstance(name, str) or not isinstance(value, StoredTensor):
                raise RefusedError(f"the parameter {shown(name, 80)} is no tensor")
            self._tensors[name] = value
        self._unused = dict.fromkeys(self._tensors)

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def get(self, name: str) -> StoredTensor:
        """Raises UnsupportedError where there is none."""
        if name not in self._tensors:
            raise UnsupportedError(f"{name} is missing")
        self._unused.pop(name, None)
        return self._tensors[name]

    def kernel(self, name: str) -> Weight:
        """A filter that resamples, as NVIDIA's networks hold it: its sum is 1, and here 4 where it doubles a map.

        Some files leave it out.
        """
        if name not in self._tensors:
            return low_pass()
        kernel = self.get(name)
        return Changed(kernel, kernel.shape, lambda tensor: tensor / tensor.sum())

    def numbered(self, pattern: str) -> list[int]:
        """The numbers in the names that match."""
        return [int(found[1]) for name in self._tensors if (found := re.fullmatch(pattern, name))]

    def check_all_used(self) -> None:
        """Raises UnsupportedError, naming one that was not asked for."""
        if self._unused:
            raise UnsupportedError(f"it has {shown(next(iter(self._unused)), 80)}, which no known network has")


def _generator(tensors: _Tensors) -> Weights:
    """All but w_avg."""
    weights: Weights = {"synthesis.b4.const": squeezed(tensors.get("input.input"), 1)}
    for layer in tensors.numbered(r"style\.(\d{1,3})\.weight"):
        for kind in ("weight", "bias"):
            weights[f"mapping.fc{layer - 1}.{kind}"] = tensors.get(f"style.{layer}.{kind}")
    height, width = base_size(weights)
    _add_layer(weights, tensors, "synthesis.b4.conv1", "conv1", 0, (height, width))
    _add_rgb(weights, tensors, "synthesis.b4", "to_rgb1")
    for k in range(10):
        if f"convs.{2 * k}.conv.weight" not in tensors:
            break
        block, size = f"synthesis.b{8 << k}", (height * 2 << k, width * 2 << k)
        for i in (0, 1):
            layer = 2 * k + i
            _add_layer(weights, tensors, f"{block}.conv{i}", f"convs.{layer}", layer + 1, size)
        _add_rgb(weights, tensors, block, f"to_rgbs.{k}")
    return weights


def _add_layer(weights: Weights, tensors: _Tensors, ours: str, theirs: str, noise: int, size: tuple[int, int]) -> None:
    weights[f"{ours}.weight"] = squeezed(tensors.get(f"{theirs}.conv.weight"), 1)
    weights[f"{ours}.bias"] = _flat(tensors.get(f"{theirs}.activate.bias"))
    weights[f"{ours}.affine.weight"] = tensors.get(f"{theirs}.conv.modulation.weight")
    weights[f"{ours}.affine.bias"] = tensors.get(f"{theirs}.conv.modulation.bias")
    weights[f"{ours}.noise_strength"] = squeezed(tensors.get(f"{theirs}.noise.weight"), 1)
    weights[f"{ours}.resample_filter"] = tensors.kernel(f"{theirs}.conv.blur.kernel")
    if f"noises.noise_{noise}" in tensors:
        weights[f"{ours}.noise_const"] = squeezed(tensors.get(f"noises.noise_{noise}"), 2)
    else:  # older files draw new noise each time; one that stays is as good as any
        seed = _NOISE_SEED + noise
        weights[f"{ours}.noise_const"] = Made(size, lambda: _noise(size, seed))


def _add_rgb(weights: Weights, tensors: _Tensors, block: str, theirs: str) -> None:
    ours = f"{block}.torgb"
    weights[f"{ours}.weight"] = squeezed(tensors.get(f"{theirs}.conv.weight"), 1)
    weights[f"{ours}.bias"] = _flat(tensors.get(f"{theirs}.bias"))
    weights[f"{ours}.affine.weight"] = tensors.get(f"{theirs}.conv.modulation.weight")
    weights[f"{ours}.affine.bias"] = tensors.get(f"{theirs}.conv.modulation.bias")
    weights[f"{block}.resample_filter"] = tensors.kernel(f"{theirs}.upsample.kernel")


def _discriminator(tensors: _Tensors) -> Weights:
    blocks = len(tensors.numbered(r"convs\.(\d{1,2})\.conv1\.0\.weight"))
    names = {f"b{4 << blocks}.fromrgb": ("convs.0", 0)}
    weights: Weights = {}
    for i in range(1, blocks + 1):
        block, theirs = f"b{8 << (blocks - i)}", f"convs.{i}"
        names |= {f"{block}.conv0": (f"{theirs}.conv1", 0), f"{block}.conv1": (f"{theirs}.conv2", 1)}
        weights[f"{block}.skip.weight"] = tensors.get(f"{theirs}.skip.1.weight")
        weights[f"{block}.skip.resample_filter"] = tensors.kernel(f"{theirs}.skip.0.kernel")
        weights[f"{block}.resample_filter"] = low_pass()  # of the skip architecture, which this is not
    names["b4.conv"] = ("final_conv", 0)
    for ours, (theirs, place) in names.items():  # what halves the map begins with the filter
        weights[f"{ours}.weight"] = tensors.get(f"{theirs}.{place}.weight")
        weights[f"{ours}.bias"] = _flat(tensors.get(f"{theirs}.{place + 1}.bias"))
        weights[f"{ours}.resample_filter"] = tensors.kernel(f"{theirs}.0.kernel") if place else low_pass()
    for ours, place in (("fc", 0), ("out", 1)):
        for kind in ("weight", "bias"):
            weights[f"b4.{ours}.{kind}"] = tensors.get(f"final_linear.{place}.{kind}")
    return weights


def _flat(source: Weight) -> Weight:
    """A bias as [C], which some files hold as [1, C, 1, 1]."""
    length = 1
    for size in source.shape:
        length *= size
    return Changed(source, (length,), lambda tensor: tensor)


def _mean_latent(source: Weight) -> Weight:
    """[w_dim], which some files hold once for each layer."""
    if len(source.shape) == 2:
        return Changed(source, source.shape[1:], lambda tensor: tensor.mean(dim=0))
    return source


def _noise(size: tuple[int, int], seed: int) -> Tensor:
    return torch.randn(size, generator=torch.Generator().manual_seed(seed))
