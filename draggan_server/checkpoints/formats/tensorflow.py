"""The original StyleGAN2's pickles: (G, D, Gs), each with its variables by TensorFlow's names and in its layouts."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import torch
from torch import Tensor

from ...stylegan2 import DiscriminatorConfig, GeneratorConfig
from ..untrusted import Instance, RefusedError, StoredTensor
from ..untrusted.stand_ins import TF_NETWORK, EmptyArray
from .parts import Changed, Constant, NetworkParts, Parts, UnsupportedError, Weight, Weights, low_pass, shown, squeezed
from .shapes import discriminator_config, generator_config

_MOST_VARIABLES = 20_000

Variables = dict[str, Weight]


def recognises(root: object) -> bool:
    """Whether this is the three networks in a row."""
    return (
        isinstance(root, (tuple, list))
        and len(root) == 3
        and all(isinstance(network, Instance) and network.kind == TF_NETWORK for network in root)
    )


def read(root: object) -> Parts:
    """Of Gs, the mean over training, and D. Raises UnsupportedError and RefusedError."""
    assert isinstance(root, (tuple, list))
    _, critic, generator = root
    settings, variables = _settings(generator), _variables(generator)
    if any(name.startswith("Label") for name in variables):
        raise UnsupportedError("it draws by class, and such files of TensorFlow cannot be read yet")
    _check_settings(settings)
    weights = _generator(variables)
    multiplier = _number(settings, "mapping_lrmul", 0.01)
    config = generator_config(weights, _clamp(settings), multiplier)
    said = settings.get("architecture", config.architecture)
    if said != config.architecture:
        raise UnsupportedError(
            f"its generator is said to be of the {shown(said)} architecture, but its parameters are of "
            f"{config.architecture}"
        )
    parts: NetworkParts[GeneratorConfig] = NetworkParts(config, weights)
    try:
        critic_settings, critic_weights = _settings(critic), _discriminator(_variables(critic))
        group = int(_number(critic_settings, "mbstd_group_size", 4))
        base = config.base_height, config.base_width
        discriminator: NetworkParts[DiscriminatorConfig] = NetworkParts(
            discriminator_config(critic_weights, _clamp(critic_settings), group, base), critic_weights
        )
    except UnsupportedError as error:
        return Parts(parts, None, (f"The discriminator is left out: {error}.",))
    return Parts(parts, discriminator)


def _state(network: object) -> Mapping[object, object]:
    state = network.state if isinstance(network, Instance) else None
    if not isinstance(state, dict):
        raise RefusedError("a network has no data")
    return state


def _settings(network: object) -> Mapping[object, object]:
    settings = _state(network).get("static_kwargs", {})
    if not isinstance(settings, dict):
        raise RefusedError("a network's settings are no map")
    return settings


def _number(settings: Mapping[object, object], name: str, default: float) -> float:
    value = settings.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise RefusedError(f"{name} is no number")
    return value


def _clamp(settings: Mapping[object, object]) -> float | None:
    """What the programs after the original one, which trained in half precision, clamp activations to."""
    return None if settings.get("conv_clamp") is None else _number(settings, "conv_clamp", 0.0)


def _check_settings(settings: Mapping[object, object]) -> None:
    if settings.get("nonlinearity", "lrelu") != "lrelu" or settings.get("mapping_nonlinearity", "lrelu") != "lrelu":
        raise UnsupportedError("its layers have another activation than leaky ReLU")
    if settings.get("resample_kernel", [1, 3, 3, 1]) not in ([1, 3, 3, 1], (1, 3, 3, 1)):
        raise UnsupportedError("it resamples by another filter")


def _variables(network: object) -> Variables:
    """The network's own and its components'."""
    variables: Variables = {}
    waiting, seen = [network], 0
    while waiting:
        state = _state(waiting.pop())
        own, components = state.get("variables", []), state.get("components", {})
        if not isinstance(own, (list, tuple)):
            raise RefusedError("a network's variables are no list")
        if not isinstance(components, dict):
            raise RefusedError("a network's components are no map")
        seen += 1 + len(own)
        if seen + len(waiting) + len(components) > _MOST_VARIABLES:  # counted first: many may be one and the same
            raise RefusedError("a network holds more variables than any model, or itself")
        for entry in own:
            if not isinstance(entry, (list, tuple)) or len(entry) != 2 or not isinstance(entry[0], str):
                raise RefusedError("a network's variable has no name")
            value = _weight(entry[1])
            if value is not None:
                variables[entry[0]] = value
        waiting += components.values()
    return variables


def _weight(value: object) -> Weight | None:
    if isinstance(value, EmptyArray):
        return value.tensor
    if isinstance(value, StoredTensor):
        return value
    if isinstance(value, float):
        return Constant(torch.tensor(value, dtype=torch.float32))
    return None  # counters and the like


def _generator(variables: Variables) -> Weights:
    weights: Weights = {"mapping.w_avg": _get(variables, "dlatent_avg")}
    for name in variables:
        if found := re.fullmatch(r"Dense(\d{1,3})/weight", name):
            weights[f"mapping.fc{found[1]}.weight"] = _transposed(variables[name])
            weights[f"mapping.fc{found[1]}.bias"] = _get(variables, f"Dense{found[1]}/bias")
    const = _get(variables, "4x4/Const/const")
    weights["synthesis.b4.const"] = squeezed(const, 1)
    _add_layer(weights, variables, "synthesis.b4.conv1", "4x4/Conv", "noise0")
    for power in range(2, 13):
        r = 1 << power
        if power > 2:
            if f"{r}x{r}/Conv1/weight" not in variables:
                break
            _add_layer(
                weights, variables, f"synthesis.b{r}.conv0", f"{r}x{r}/Conv0_up", f"noise{2 * power - 5}", flip=True
            )
            _add_layer(weights, variables, f"synthesis.b{r}.conv1", f"{r}x{r}/Conv1", f"noise{2 * power - 4}")
        if f"{r}x{r}/ToRGB/weight" in variables:
            _add_modulated(weights, variables, f"synthesis.b{r}.torgb", f"{r}x{r}/ToRGB")
        if f"{r}x{r}/Skip/weight" in variables:
            weights[f"synthesis.b{r}.skip.weight"] = _convolution(variables[f"{r}x{r}/Skip/weight"], flip=True)
            weights[f"synthesis.b{r}.skip.resample_filter"] = low_pass()
        weights[f"synthesis.b{r}.resample_filter"] = low_pass()
    return weights


def _add_layer(
    weights: Weights, variables: Variables, ours: str, theirs: str, noise: str, *, flip: bool = False
) -> None:
    _add_modulated(weights, variables, ours, theirs, flip=flip)
    weights[f"{ours}.noise_strength"] = _get(variables, f"{theirs}/noise_strength")
    weights[f"{ours}.noise_const"] = squeezed(_get(variables, noise), 2)
    weights[f"{ours}.resample_filter"] = low_pass()


def _add_modulated(weights: Weights, variables: Variables, ours: str, theirs: str, *, flip: bool = False) -> None:
    weights[f"{ours}.weight"] = _convolution(_get(variables, f"{theirs}/weight"), flip=flip)
    weights[f"{ours}.bias"] = _get(variables, f"{theirs}/bias")
    weights[f"{ours}.affine.weight"] = _transposed(_get(variables, f"{theirs}/mod_weight"))
    bias = _get(variables, f"{theirs}/mod_bias")
    weights[f"{ours}.affine.bias"] = Changed(bias, bias.shape, lambda tensor: tensor + 1)


def _discriminator(variables: Variables) -> Weights:
    weights: Weights = {}
    for power in range(3, 13):
        r = 1 << power
        if f"{r}x{r}/Conv0/weight" not in variables:
            break
        block = f"b{r}"
        for ours, theirs in (("fromrgb", "FromRGB"), ("conv0", "Conv0"), ("conv1", "Conv1_down")):
            if f"{r}x{r}/{theirs}/weight" in variables:
                weights[f"{block}.{ours}.weight"] = _convolution(variables[f"{r}x{r}/{theirs}/weight"])
                weights[f"{block}.{ours}.bias"] = _get(variables, f"{r}x{r}/{theirs}/bias")
                weights[f"{block}.{ours}.resample_filter"] = low_pass()
        weights[f"{block}.resample_filter"] = low_pass()
        if f"{r}x{r}/Skip/weight" in variables:
            weights[f"{block}.skip.weight"] = _convolution(variables[f"{r}x{r}/Skip/weight"])
            weights[f"{block}.skip.resample_filter"] = low_pass()
    if "4x4/FromRGB/weight" in variables:
        weights["b4.fromrgb.weight"] = _convolution(variables["4x4/FromRGB/weight"])
        weights["b4.fromrgb.bias"] = _get(variables, "4x4/FromRGB/bias")
        weights["b4.fromrgb.resample_filter"] = low_pass()
    weights["b4.conv.weight"] = _convolution(_get(variables, "4x4/Conv/weight"))
    weights["b4.conv.bias"] = _get(variables, "4x4/Conv/bias")
    weights["b4.conv.resample_filter"] = low_pass()
    for ours, theirs in (("fc", "4x4/Dense0"), ("out", "Output")):
        weights[f"b4.{ours}.weight"] = _transposed(_get(variables, f"{theirs}/weight"))
        weights[f"b4.{ours}.bias"] = _get(variables, f"{theirs}/bias")
    return weights


def _get(variables: Variables, name: str) -> Weight:
    if name not in variables:
        raise UnsupportedError(f"{name} is missing")
    return variables[name]


def _transposed(source: Weight) -> Weight:
    if len(source.shape) != 2:
        raise UnsupportedError(f"a dense layer has the shape {list(source.shape)}")
    return Changed(source, source.shape[::-1], lambda tensor: tensor.t())


def _convolution(source: Weight, *, flip: bool = False) -> Weight:
    """[k, k, I, O] -> [O, I, k, k]."""
    if len(source.shape) != 4:
        raise UnsupportedError(f"a convolution has the shape {list(source.shape)}")

    def change(tensor: Tensor) -> Tensor:
        return (tensor.flip(0, 1) if flip else tensor).permute(3, 2, 0, 1)

    return Changed(source, tuple(source.shape[i] for i in (3, 2, 0, 1)), change)
