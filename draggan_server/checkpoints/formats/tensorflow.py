"""The original StyleGAN2's pickles: (G, D, Gs), each with its variables by TensorFlow's names and in its layouts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from ...stylegan2 import DiscriminatorConfig, GeneratorConfig
from ...stylegan2.config import ARCHITECTURES
from ..untrusted import Instance, RefusedError, StoredTensor
from ..untrusted.stand_ins import TF_NETWORK, EmptyArray
from .parts import (
    Changed,
    Constant,
    NetworkParts,
    Parts,
    UnsupportedError,
    Weight,
    Weights,
    low_pass,
    shown,
    squeezed,
    unknown_remark,
    zeros,
)
from .shapes import base_size, discriminator_config, generator_config

_MOST_VARIABLES = 20_000
_MOST_SETTINGS = 20_000
_LATER_CRITICS_LR_MULTIPLIER = 0.1
"""Of the layers that map a class in StyleGAN2-ADA's discriminator."""

_DRAWN = {
    "nonlinearity": ("lrelu",),
    "mapping_nonlinearity": ("lrelu",),
    "resample_kernel": ((1, 3, 3, 1),),
    "normalize_latents": (True,),
    "use_spectral_norm": (False,),
    "use_noise": (True, False),
    "architecture": ARCHITECTURES,
}
"""Settings with a choice of values, and those values of which a network can be drawn."""
_NUMBERS = ("conv_clamp", "mapping_lrmul", "mbstd_group_size", "latent_size", "dlatent_size", "label_size")
_WITHOUT_EFFECT = frozenset(
    {
        *("num_channels", "resolution", "label_fmaps"),
        *("fmap_base", "fmap_decay", "fmap_min", "fmap_max", "mapping_layers", "mapping_fmaps", "mbstd_num_features"),
        *("dlatent_broadcast", "dlatent_avg_beta", "truncation_psi", "truncation_cutoff", "truncation_psi_val"),
        *("truncation_cutoff_val", "style_mixing_prob", "randomize_noise", "is_training", "is_validation"),
        *("return_dlatents", "is_template_graph", "components", "structure", "dtype", "num_fp16_res"),
        *("fused_modconv", "freeze_layers", "mapping_func", "synthesis_func"),
    }
)
"""Settings that show in shapes, or matter in training and in TensorFlow only."""
_FIRST_STYLEGAN = ("G_synthesis_stylegan_revised", "D_stylegan")
"""Functions of the original program that make networks without StyleGAN2's own changes."""

Settings = dict[str, object]


class Variables:
    """A network's variables by TensorFlow's names. Those that nobody asks for are what is not understood."""

    def __init__(self, weights: Mapping[str, Weight]) -> None:
        self._weights = weights
        # Single numbers count steps and hold what training is at.
        self._unused = dict.fromkeys(name for name, weight in weights.items() if weight.shape)

    def __contains__(self, name: str) -> bool:
        return name in self._weights

    def get(self, name: str) -> Weight:
        """Raises UnsupportedError where there is none."""
        if name not in self._weights:
            raise UnsupportedError(f"{name} is missing")
        self._unused.pop(name, None)
        return self._weights[name]

    def numbered(self, pattern: str) -> list[str]:
        """The numbers in the names that match, as texts."""
        return [found[1] for name in self._weights if (found := re.fullmatch(pattern, name))]

    def check_all_used(self) -> None:
        """Raises UnsupportedError, naming one that was not asked for."""
        if self._unused:
            raise UnsupportedError(f"it has {shown(next(iter(self._unused)), 80)}, which no known network has")


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
    _, critic, network = root
    settings, remarks = _settings(network, "generator")
    variables = _variables(network)
    weights = _generator(variables, settings)
    lacks_w_avg = "dlatent_avg" not in variables
    # The first program embeds a class without a bias.
    condition = "plain" if "LabelConcat/weight" in variables else "mapped"
    config = generator_config(weights, _clamp(settings), _number(settings, "mapping_lrmul", 0.01), condition)
    weights["mapping.w_avg"] = zeros(config.w_dim) if lacks_w_avg else variables.get("dlatent_avg")
    variables.check_all_used()
    sizes = {"latent_size": config.z_dim, "dlatent_size": config.w_dim, "label_size": config.c_dim}
    for name, size in sizes.items():
        if settings.get(name, size) != size:
            raise UnsupportedError(f"its {name} is {_said(settings[name])}, but its parameters are for {size}")
    if condition == "plain" and config.mapping.embed_features != config.z_dim:
        raise UnsupportedError("its classes are not as wide as its latent")
    said = settings.get("architecture", config.architecture)
    if said != config.architecture:
        raise UnsupportedError(
            f"its generator is said to be of the {shown(said)} architecture, but its parameters are of "
            f"{config.architecture}"
        )
    parts: NetworkParts[GeneratorConfig] = NetworkParts(config, weights)
    try:
        discriminator, more = _discriminator(critic, (config.base_height, config.base_width))
    except UnsupportedError as error:
        return Parts(parts, None, (*remarks, f"The discriminator is left out: {error}."), lacks_w_avg)
    return Parts(parts, discriminator, (*remarks, *more), lacks_w_avg)


def _state(network: object) -> Mapping[object, object]:
    state = network.state if isinstance(network, Instance) else None
    if not isinstance(state, dict):
        raise RefusedError("a network has no data")
    return state


def _networks(network: object) -> Iterator[Mapping[object, object]]:
    """The data of the network and of its components."""
    waiting, seen = [network], 0
    while waiting:
        state = _state(waiting.pop())
        components = state.get("components", {})
        if not isinstance(components, dict):
            raise RefusedError("a network's components are no map")
        seen += 1
        if seen + len(waiting) + len(components) > _MOST_VARIABLES:  # counted first: many may be one and the same
            raise RefusedError("a network holds more parts than any model, or itself")
        waiting += components.values()
        yield state


def _settings(network: object, what: str) -> tuple[Settings, tuple[str, ...]]:
    """Those that matter, and a sentence on those that are not known. Raises UnsupportedError for what is not drawn."""
    settings: Settings = {}
    unknown = set[str]()
    seen = 0
    for state in _networks(network):
        given = state.get("static_kwargs", {})
        if not isinstance(given, dict):
            raise RefusedError("a network's settings are no map")
        seen += len(given)
        if seen > _MOST_SETTINGS:  # many components may name one map
            raise RefusedError("a network holds more settings than any model")
        for function in (state.get("build_func_name"), given.get("synthesis_func")):
            if isinstance(function, str) and function.rpartition(".")[2] in _FIRST_STYLEGAN:
                raise UnsupportedError("it is made as in the first StyleGAN, without what is new in StyleGAN2")
        for name, raw in given.items():
            if name in _DRAWN or name in _NUMBERS:
                value = _plain(raw)
                if name in settings and settings[name] != value:
                    raise UnsupportedError(f"its parts disagree about {name}")
                settings[name] = value
            elif name not in _WITHOUT_EFFECT and isinstance(name, str):
                unknown.add(name)
    for name, values in _DRAWN.items():
        if settings.get(name, values[0]) not in values:
            raise UnsupportedError(f"its {name} is {_said(settings[name])}, which cannot be drawn")
    return settings, unknown_remark(what, unknown)


def _plain(value: object) -> object:
    """A setting that can be compared without walking into it."""
    if isinstance(value, (list, tuple)):
        return tuple(item if isinstance(item, (int, float)) else None for item in value[:100])
    return value if value is None or isinstance(value, (str, int, float)) else "an unknown"


def _said(value: object) -> str:
    return shown(value) if isinstance(value, str) else str(value)[:40]


def _number(settings: Settings, name: str, default: float) -> float:
    value = settings.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise RefusedError(f"{name} is no number")
    return value


def _clamp(settings: Settings) -> float | None:
    """What the programs after the original one, which trained in half precision, clamp activations to."""
    return None if settings.get("conv_clamp") is None else _number(settings, "conv_clamp", 0.0)


def _variables(network: object) -> Variables:
    """The network's own and its components'."""
    variables: dict[str, Weight] = {}
    seen = 0
    for state in _networks(network):
        own = state.get("variables", [])
        if not isinstance(own, (list, tuple)):
            raise RefusedError("a network's variables are no list")
        seen += len(own)
        if seen > _MOST_VARIABLES:
            raise RefusedError("a network holds more variables than any model")
        for entry in own:
            if not isinstance(entry, (list, tuple)) or len(entry) != 2 or not isinstance(entry[0], str):
                raise RefusedError("a network's variable has no name")
            if entry[0] in variables:
                raise RefusedError(f"a network has {shown(entry[0], 80)} twice")
            value = _weight(entry[1])
            if value is not None:
                variables[entry[0]] = value
    return Variables(variables)


def _weight(value: object) -> Weight | None:
    if isinstance(value, EmptyArray):
        return value.tensor
    if isinstance(value, StoredTensor):
        return value
    if isinstance(value, float):
        return Constant(torch.tensor(value, dtype=torch.float32))
    return None  # counters and the like


def _generator(variables: Variables, settings: Settings) -> Weights:
    """All but w_avg."""
    weights: Weights = {"synthesis.b4.const": squeezed(variables.get("4x4/Const/const"), 1)}
    _add_dense_layers(weights, variables, "Dense")
    if "LabelConcat/weight" in variables:
        weights["mapping.embed.weight"] = _table(variables.get("LabelConcat/weight"))
        weights["mapping.embed.bias"] = zeros(*weights["mapping.embed.weight"].shape[:1])
    _add_embedding(weights, variables)
    size = base_size(weights) if settings.get("use_noise") is False else None
    _add_layer(weights, variables, "synthesis.b4.conv1", "4x4/Conv", "noise0", size)
    for power in range(2, 13):
        r = 1 << power
        if power > 2:
            if f"{r}x{r}/Conv1/weight" not in variables:
                break
            ours, size = f"synthesis.b{r}", None if size is None else (2 * size[0], 2 * size[1])
            _add_layer(weights, variables, f"{ours}.conv0", f"{r}x{r}/Conv0_up", f"noise{2 * power - 5}", size)
            _add_layer(weights, variables, f"{ours}.conv1", f"{r}x{r}/Conv1", f"noise{2 * power - 4}", size)
        if f"{r}x{r}/ToRGB/weight" in variables:
            _add_modulated(weights, variables, f"synthesis.b{r}.torgb", f"{r}x{r}/ToRGB")
        if f"{r}x{r}/Skip/weight" in variables:
            weights[f"synthesis.b{r}.skip.weight"] = _convolution(variables.get(f"{r}x{r}/Skip/weight"), flip=True)
            weights[f"synthesis.b{r}.skip.resample_filter"] = low_pass()
        weights[f"synthesis.b{r}.resample_filter"] = low_pass()
    return weights


def _add_dense_layers(weights: Weights, variables: Variables, theirs: str) -> None:
    """Those of a mapping network."""
    for i in variables.numbered(theirs + r"(\d{1,3})/weight"):
        weights[f"mapping.fc{i}.weight"] = _transposed(variables.get(f"{theirs}{i}/weight"))
        weights[f"mapping.fc{i}.bias"] = variables.get(f"{theirs}{i}/bias")


def _add_embedding(weights: Weights, variables: Variables) -> None:
    """StyleGAN2-ADA's of a class, if there is one."""
    if "LabelEmbed/weight" in variables:
        weights["mapping.embed.weight"] = _transposed(variables.get("LabelEmbed/weight"))
        weights["mapping.embed.bias"] = variables.get("LabelEmbed/bias")


def _add_layer(
    weights: Weights, variables: Variables, ours: str, theirs: str, noise: str, without_noise: tuple[int, int] | None
) -> None:
    """without_noise: the size of the layer's map where the network has no noise."""
    _add_modulated(weights, variables, ours, theirs, flip=theirs.endswith("_up"))
    if without_noise is None:
        weights[f"{ours}.noise_strength"] = variables.get(f"{theirs}/noise_strength")
        weights[f"{ours}.noise_const"] = squeezed(variables.get(noise), 2)
    else:
        weights[f"{ours}.noise_strength"] = zeros()
        weights[f"{ours}.noise_const"] = zeros(*without_noise)
    weights[f"{ours}.resample_filter"] = low_pass()


def _add_modulated(weights: Weights, variables: Variables, ours: str, theirs: str, *, flip: bool = False) -> None:
    weights[f"{ours}.weight"] = _convolution(variables.get(f"{theirs}/weight"), flip=flip)
    weights[f"{ours}.bias"] = variables.get(f"{theirs}/bias")
    weights[f"{ours}.affine.weight"] = _transposed(variables.get(f"{theirs}/mod_weight"))
    bias = variables.get(f"{theirs}/mod_bias")
    weights[f"{ours}.affine.bias"] = Changed(bias, bias.shape, lambda tensor: tensor + 1)


def _discriminator(network: object, base: tuple[int, int]) -> tuple[NetworkParts[DiscriminatorConfig], tuple[str, ...]]:
    """And a sentence on settings that are not known."""
    settings, remarks = _settings(network, "discriminator")
    variables = _variables(network)
    weights = _discriminators_weights(variables)
    is_mapped = "mapping.embed.weight" in weights
    group = None if settings.get("mbstd_group_size", 4) is None else int(_number(settings, "mbstd_group_size", 4))
    config = discriminator_config(
        weights,
        _clamp(settings),
        None if group is None else max(1, group),  # below 2 there are no such statistics
        base,
        _number(settings, "mapping_lrmul", _LATER_CRITICS_LR_MULTIPLIER),
        "mapped" if is_mapped else "plain",
    )
    variables.check_all_used()
    if is_mapped:
        weights["mapping.w_avg"] = zeros(config.cmap_dim)  # nothing truncates a class
    return NetworkParts(config, weights), remarks


def _discriminators_weights(variables: Variables) -> Weights:
    weights: Weights = {}
    _add_embedding(weights, variables)
    _add_dense_layers(weights, variables, "Mapping")
    names = {"b4.conv": "4x4/Conv"}
    if "4x4/FromRGB/weight" in variables:
        names["b4.fromrgb"] = "4x4/FromRGB"
    for power in range(3, 13):
        r = 1 << power
        if f"{r}x{r}/Conv0/weight" not in variables:
            break
        names |= {f"b{r}.conv0": f"{r}x{r}/Conv0", f"b{r}.conv1": f"{r}x{r}/Conv1_down"}
        for ours, theirs in ((f"b{r}.fromrgb", f"{r}x{r}/FromRGB"), (f"b{r}.skip", f"{r}x{r}/Skip")):
            if f"{theirs}/weight" in variables:
                names[ours] = theirs
        weights[f"b{r}.resample_filter"] = low_pass()
    for ours, theirs in names.items():
        weights[f"{ours}.weight"] = _convolution(variables.get(f"{theirs}/weight"))
        if not ours.endswith(".skip"):
            weights[f"{ours}.bias"] = variables.get(f"{theirs}/bias")
        weights[f"{ours}.resample_filter"] = low_pass()
    for ours, theirs in (("fc", "4x4/Dense0"), ("out", "Output")):
        weights[f"b4.{ours}.weight"] = _transposed(variables.get(f"{theirs}/weight"))
        weights[f"b4.{ours}.bias"] = variables.get(f"{theirs}/bias")
    return weights


def _table(source: Weight) -> Weight:
    """A row for each class, [c_dim, features], as the weights of a layer, which divides by the root of c_dim."""
    weight = _transposed(source)
    return Changed(weight, weight.shape, lambda tensor: tensor * math.sqrt(tensor.shape[1]))


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
