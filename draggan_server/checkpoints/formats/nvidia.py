"""Networks as stylegan2-ada-pytorch and the StyleGAN3 repository save them.

A map of networks in a pickle, or one network alone, as pivotal tuning leaves it. A network is a call that holds its
source text and its data; the data alone is looked at. All settings lie in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ...stylegan2 import DiscriminatorConfig, GeneratorConfig
from ..untrusted import Instance, RefusedError, StoredTensor
from ..untrusted.stand_ins import PERSISTENT
from .parts import NetworkParts, Parts, UnsupportedError, Weights, shown, zeros
from .shapes import base_size, discriminator_config, generator_config

_MOST_MODULES = 5000
_MOST_PARAMETERS = 20_000
_LONGEST_PATH = 500
_DEFAULT_LR_MULTIPLIER = 0.01


@dataclass(frozen=True)
class _Network:
    """A network's modules by their paths, the network itself by "", and its parameters."""

    states: Mapping[str, Mapping[str, object]]
    weights: Weights

    def setting(self, module: str, name: str) -> object:
        return self.states.get(module, {}).get(name)

    def number(self, module: str, name: str) -> float | None:
        value = self.setting(module, name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise RefusedError(f"{name} of {module} is no number")
        if not math.isfinite(value):
            raise RefusedError(f"{name} of {module} is no finite number")
        return float(value)


def recognises(root: object) -> bool:
    """Whether this is a network of NVIDIA's, or a map that holds a generator."""
    return _is_network(root) or (isinstance(root, dict) and any(_is_network(root.get(name)) for name in ("G_ema", "G")))


def read(root: object) -> Parts:
    """Of G_ema, the mean over training, before G. Raises UnsupportedError and RefusedError."""
    networks = root if isinstance(root, dict) else {"G_ema": root}
    generator = _flat(networks["G_ema"] if _is_network(networks.get("G_ema")) else networks["G"])
    parts = _generator(generator)
    if not _is_network(networks.get("D")):
        return Parts(parts, None)
    try:
        return Parts(parts, _discriminator(_flat(networks["D"]), base_size(parts.weights)))
    except UnsupportedError as error:
        return Parts(parts, None, (f"The discriminator is left out: {error}.",))


def _is_network(value: object) -> bool:
    return isinstance(value, Instance) and value.kind == PERSISTENT


def _state(network: object) -> Mapping[str, object]:
    if not isinstance(network, Instance) or network.kind != PERSISTENT or len(network.args) != 1:
        raise RefusedError("a network holds something else than networks")
    meta = network.args[0]
    state = meta.get("state") if isinstance(meta, dict) else None
    if not isinstance(state, dict):
        raise RefusedError("a network has no data")
    return state


def _flat(network: object) -> _Network:
    states: dict[str, Mapping[str, object]] = {}
    weights: Weights = {}
    waiting = [("", network)]
    while waiting:
        path, module = waiting.pop()
        state = states[path] = _state(module)
        children, prefix = _map(state, "_modules"), f"{path}." if path else ""
        if len(path) > _LONGEST_PATH or len(states) + len(waiting) + len(children) > _MOST_MODULES:
            raise RefusedError("a network holds more parts than any model, or itself")
        for kind in ("_parameters", "_buffers"):
            numbers = _map(state, kind)
            if len(weights) + len(numbers) > _MOST_PARAMETERS:  # counted first: many modules may name one map
                raise RefusedError("a network holds more parameters than any model")
            for name, value in numbers.items():
                if isinstance(value, StoredTensor):
                    weights[f"{prefix}{name}"] = value
                elif value is not None:
                    raise RefusedError(f"the parameter {shown(name, 80)} is no tensor")
        waiting += [(f"{prefix}{name}", child) for name, child in children.items() if child is not None]
    return _Network(states, weights)


def _map(state: Mapping[str, object], name: str) -> Mapping[object, object]:
    value = state.get(name, {})
    if not isinstance(value, dict):
        raise RefusedError(f"a network's {name} are no map")
    return value


def _generator(network: _Network) -> NetworkParts[GeneratorConfig]:
    if "synthesis.input" in network.states or any(path.startswith("synthesis.L0_") for path in network.states):
        raise UnsupportedError(
            "this is a StyleGAN3 generator. Its features move with the picture in another way, and dragging is made "
            "for StyleGAN2"
        )
    blocks = [path for path in network.states if path.startswith("synthesis.b") and path.count(".") == 1]
    layers = [path for path in network.states if path.endswith((".conv0", ".conv1"))]
    _check_activation(network, layers)
    clamps = {network.number(path, "conv_clamp") for path in layers}
    if len(clamps) > 1:
        raise UnsupportedError("its layers are clamped differently, which cannot be drawn yet")
    weights = dict(network.weights)
    height, width = base_size(weights)
    for path in layers:  # a network without noise draws as one whose noise has no strength
        if network.setting(path, "use_noise") is False:
            resolution = int(network.number(path, "resolution") or 0)
            if not 4 <= resolution <= 4096:
                raise RefusedError(f"{path} has no sensible resolution")
            weights[f"{path}.noise_strength"] = zeros()
            weights[f"{path}.noise_const"] = zeros(resolution * height // 4, resolution * width // 4)
    multiplier = network.number("mapping.fc0", "bias_gain")
    config = generator_config(
        weights, next(iter(clamps), None), _DEFAULT_LR_MULTIPLIER if multiplier is None else multiplier
    )
    _check_architecture(network, blocks, config.architecture)
    return NetworkParts(config, weights)


def _discriminator(network: _Network, base: tuple[int, int]) -> NetworkParts[DiscriminatorConfig]:
    blocks = [path for path in network.states if path.startswith("b") and "." not in path]
    layers = [path for path in network.states if path.endswith((".conv0", ".conv1"))]
    _check_activation(network, layers)
    clamps = {network.number(path, "conv_clamp") for path in layers}
    if len(clamps) > 1:
        raise UnsupportedError("its layers are clamped differently")
    weights = dict(network.weights)
    if "mapping.embed.weight" in weights and "mapping.w_avg" not in weights:
        weights["mapping.w_avg"] = zeros(*weights["mapping.embed.weight"].shape[:1])
    group = network.number("b4.mbstd", "group_size")
    if group is None and "b4.mbstd" in network.states:
        raise UnsupportedError("its statistics are over the whole batch")
    config = discriminator_config(weights, next(iter(clamps), None), int(group or 4), base)
    _check_architecture(network, blocks, config.architecture)
    return NetworkParts(config, weights)


def _check_architecture(network: _Network, blocks: list[str], found: str) -> None:
    """What the blocks say of themselves must be what their parameters are for."""
    for block in blocks:
        said = network.setting(block, "architecture")
        if said not in (found, None):
            raise UnsupportedError(
                f"{block} is said to be of the {shown(said)} architecture, but its parameters are of {found}"
            )


def _check_activation(network: _Network, layers: list[str]) -> None:
    for path in layers:
        if network.setting(path, "activation") not in ("lrelu", None):
            activation = shown(network.setting(path, "activation"))
            raise UnsupportedError(f"its layers have {activation} activation instead of leaky ReLU")
