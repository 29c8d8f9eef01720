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

Tensors = Mapping[str, StoredTensor]


def recognises(root: object) -> bool:
    """Whether this is a map with a generator's state dict, or one whose state dict holds a decoder."""
    return _found(root) is not None


def read(root: object) -> Parts:
    """Of g_ema, the mean over training, before g. Raises UnsupportedError and RefusedError."""
    state = _found(root)
    assert state is not None and isinstance(root, dict)
    tensors = _tensors(state)
    weights = _generator(tensors)
    latent_avg = root.get("latent_avg")
    if latent_avg is not None and not isinstance(latent_avg, StoredTensor):
        raise RefusedError("latent_avg is no tensor")
    w_dim = weights["mapping.fc0.weight"].shape[:1] if "mapping.fc0.weight" in weights else ()
    if latent_avg is None:
        weights["mapping.w_avg"] = zeros(*w_dim)
    else:
        weights["mapping.w_avg"] = _mean_latent(latent_avg)
    generator: NetworkParts[GeneratorConfig] = NetworkParts(generator_config(weights, None, _LR_MULTIPLIER), weights)
    lacks = latent_avg is None
    if not isinstance(root.get("d"), dict):
        return Parts(generator, None, lacks_w_avg=lacks)
    try:
        critic = _discriminator(_tensors(root["d"]), generator.config.img_resolution)
        discriminator: NetworkParts[DiscriminatorConfig] = NetworkParts(
            discriminator_config(critic, None, _GROUP_SIZE, base_size(weights)), critic
        )
    except UnsupportedError as error:
        return Parts(generator, None, (f"The discriminator is left out: {error}.",), lacks)
    return Parts(generator, discriminator, lacks_w_avg=lacks)


def _found(root: object) -> dict[object, object] | None:
    """The generator's state dict."""
    if not isinstance(root, dict):
        return None
    for name in ("g_ema", "g"):
        state = root.get(name)
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


def _tensors(state: Mapping[object, object]) -> Tensors:
    tensors = {}
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, StoredTensor):
            raise RefusedError(f"the parameter {shown(name, 80)} is no tensor")
        tensors[name] = value
    return tensors


def _generator(tensors: Tensors) -> Weights:
    weights: Weights = {"synthesis.b4.const": squeezed(_get(tensors, "input.input"), 1)}
    for name in tensors:
        if found := re.fullmatch(r"style\.(\d{1,3})\.weight", name):
            layer = int(found[1])
            weights[f"mapping.fc{layer - 1}.weight"] = tensors[name]
            weights[f"mapping.fc{layer - 1}.bias"] = _get(tensors, f"style.{layer}.bias")
    height, width = base_size(weights)
    _add_layer(weights, tensors, "synthesis.b4.conv1", "conv1", 0, (height, width))
    _add_rgb(weights, tensors, "synthesis.b4.torgb", "to_rgb1")
    for k in range(10):
        if f"convs.{2 * k}.conv.weight" not in tensors:
            break
        resolution, size = 8 << k, (height * 2 << k, width * 2 << k)
        for i in (0, 1):
            layer = 2 * k + i
            _add_layer(weights, tensors, f"synthesis.b{resolution}.conv{i}", f"convs.{layer}", layer + 1, size)
        _add_rgb(weights, tensors, f"synthesis.b{resolution}.torgb", f"to_rgbs.{k}")
    for block in {name.split(".")[1] for name in weights if name.startswith("synthesis.")}:
        weights[f"synthesis.{block}.resample_filter"] = low_pass()
    return weights


def _add_layer(weights: Weights, tensors: Tensors, ours: str, theirs: str, noise: int, size: tuple[int, int]) -> None:
    weights[f"{ours}.weight"] = squeezed(_get(tensors, f"{theirs}.conv.weight"), 1)
    weights[f"{ours}.bias"] = _flat(_get(tensors, f"{theirs}.activate.bias"))
    weights[f"{ours}.affine.weight"] = _get(tensors, f"{theirs}.conv.modulation.weight")
    weights[f"{ours}.affine.bias"] = _get(tensors, f"{theirs}.conv.modulation.bias")
    weights[f"{ours}.noise_strength"] = squeezed(_get(tensors, f"{theirs}.noise.weight"), 1)
    weights[f"{ours}.resample_filter"] = low_pass()
    stored = tensors.get(f"noises.noise_{noise}")
    if stored is None:  # older files draw new noise each time; one that stays is as good as any
        seed = _NOISE_SEED + noise
        weights[f"{ours}.noise_const"] = Made(size, lambda: _noise(size, seed))
    else:
        weights[f"{ours}.noise_const"] = squeezed(stored, 2)


def _add_rgb(weights: Weights, tensors: Tensors, ours: str, theirs: str) -> None:
    weights[f"{ours}.weight"] = squeezed(_get(tensors, f"{theirs}.conv.weight"), 1)
    weights[f"{ours}.bias"] = _flat(_get(tensors, f"{theirs}.bias"))
    weights[f"{ours}.affine.weight"] = _get(tensors, f"{theirs}.conv.modulation.weight")
    weights[f"{ours}.affine.bias"] = _get(tensors, f"{theirs}.conv.modulation.bias")


def _discriminator(tensors: Tensors, img_resolution: int) -> Weights:
    weights: Weights = {
        f"b{img_resolution}.fromrgb.weight": _get(tensors, "convs.0.0.weight"),
        f"b{img_resolution}.fromrgb.bias": _flat(_get(tensors, "convs.0.1.bias")),
        f"b{img_resolution}.fromrgb.resample_filter": low_pass(),
    }
    resolution, i = img_resolution, 1
    while resolution > 4:
        block = f"b{resolution}"
        weights[f"{block}.resample_filter"] = low_pass()
        weights[f"{block}.conv0.weight"] = _get(tensors, f"convs.{i}.conv1.0.weight")
        weights[f"{block}.conv0.bias"] = _flat(_get(tensors, f"convs.{i}.conv1.1.bias"))
        weights[f"{block}.conv1.weight"] = _get(tensors, f"convs.{i}.conv2.1.weight")
        weights[f"{block}.conv1.bias"] = _flat(_get(tensors, f"convs.{i}.conv2.2.bias"))
        weights[f"{block}.skip.weight"] = _get(tensors, f"convs.{i}.skip.1.weight")
        for layer in ("conv0", "conv1", "skip"):
            weights[f"{block}.{layer}.resample_filter"] = low_pass()
        resolution, i = resolution // 2, i + 1
    weights["b4.conv.weight"] = _get(tensors, "final_conv.0.weight")
    weights["b4.conv.bias"] = _flat(_get(tensors, "final_conv.1.bias"))
    weights["b4.conv.resample_filter"] = low_pass()
    for ours, theirs in (("fc", "final_linear.0"), ("out", "final_linear.1")):
        weights[f"b4.{ours}.weight"] = _get(tensors, f"{theirs}.weight")
        weights[f"b4.{ours}.bias"] = _get(tensors, f"{theirs}.bias")
    return weights


def _get(tensors: Tensors, name: str) -> StoredTensor:
    if name not in tensors:
        raise UnsupportedError(f"{name} is missing")
    return tensors[name]


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
