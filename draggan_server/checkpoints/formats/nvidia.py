"""Networks as stylegan2-ada-pytorch and the StyleGAN3 repository save them.

A map of networks in a pickle, or one network alone, as pivotal tuning leaves it. A network is a call that holds its
source text and its data; the data alone is looked at. All settings lie in it.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...stylegan2 import DiscriminatorConfig, GeneratorConfig
from ..untrusted import Instance, RefusedError, StoredTensor
from ..untrusted.stand_ins import PERSISTENT
from .parts import NetworkParts, Parts, UnsupportedError, Weights, shown, zeros
from .settings import Network, check_discriminator, check_generator, unknown_settings
from .shapes import base_size, discriminator_config, generator_config

_MOST_MODULES = 5000
_MOST_PARAMETERS = 20_000
_LONGEST_PATH = 500
_DEFAULT_LR_MULTIPLIER = 0.01


def recognises(root: object) -> bool:
    """Whether this is a network of NVIDIA's, or a map that holds a generator."""
    return _is_network(root) or (isinstance(root, dict) and any(_is_network(root.get(name)) for name in ("G_ema", "G")))


def read(root: object) -> Parts:
    """Of G_ema, the mean over training, before G. Raises UnsupportedError and RefusedError."""
    networks = root if isinstance(root, dict) else {"G_ema": root}
    generator = _flat(networks["G_ema"] if _is_network(networks.get("G_ema")) else networks["G"])
    remarks = unknown_settings(generator, "generator")
    parts, lacks = _generator(generator), "mapping.w_avg" not in generator.weights
    if not _is_network(networks.get("D")):
        return Parts(parts, None, remarks, lacks)
    try:
        critic = _flat(networks["D"])
        discriminator = _discriminator(critic, base_size(parts.weights))
    except UnsupportedError as error:
        return Parts(parts, None, (*remarks, f"The discriminator is left out: {error}."), lacks)
    return Parts(parts, discriminator, (*remarks, *unknown_settings(critic, "discriminator")), lacks)


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


def _flat(network: object) -> Network:
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
                    if not _is_counter(value):
                        weights[f"{prefix}{name}"] = value
                elif value is not None:
                    raise RefusedError(f"the parameter {shown(name, 80)} is no tensor")
        waiting += [(f"{prefix}{name}", child) for name, child in children.items() if child is not None]
    return Network(states, weights)


def _is_counter(value: StoredTensor) -> bool:
    """Whether it is a whole number, which counts steps of training."""
    return not value.shape and not value.storage.item_type.is_floating_point


def _map(state: Mapping[str, object], name: str) -> Mapping[object, object]:
    value = state.get(name, {})
    if not isinstance(value, dict):
        raise RefusedError(f"a network's {name} are no map")
    return value


def _generator(network: Network) -> NetworkParts[GeneratorConfig]:
    if "synthesis.input" in network.states or any(path.startswith("synthesis.L0_") for path in network.states):
        raise UnsupportedError(
            "this is a StyleGAN3 generator. Its features move with the picture in another way, and dragging is made "
            "for StyleGAN2"
        )
    weights = dict(network.weights)
    height, width = base_size(weights)
    for path in network.states:  # a network without noise draws as one whose noise has no strength
        if path.endswith((".conv0", ".conv1")) and network.setting(path, "use_noise") is False:
            resolution = int(network.number(path, "resolution") or 0)
            if not 4 <= resolution <= 4096:
                raise RefusedError(f"{path} has no sensible resolution")
            weights[f"{path}.noise_strength"] = zeros()
            weights[f"{path}.noise_const"] = zeros(resolution * height // 4, resolution * width // 4)
    config = generator_config(weights, network.number("synthesis.b4.conv1", "conv_clamp"), _lr_multiplier(network))
    check_generator(network, config)
    weights.setdefault("mapping.w_avg", zeros(config.w_dim))
    return NetworkParts(config, weights)


def _discriminator(network: Network, base: tuple[int, int]) -> NetworkParts[DiscriminatorConfig]:
    weights = dict(network.weights)
    group = network.number("b4.mbstd", "group_size")
    config = discriminator_config(
        weights,
        network.number("b4.conv", "conv_clamp"),
        4 if "b4.mbstd" not in network.states else None if group is None else int(group),
        base,
        _lr_multiplier(network),
    )
    check_discriminator(network, config)
    if config.c_dim:
        weights.setdefault("mapping.w_avg", zeros(config.cmap_dim))  # nothing truncates a class
    return NetworkParts(config, weights)


def _lr_multiplier(network: Network) -> float:
    """Of the mapping's layers, as the first of them tells."""
    gain = network.number("mapping.fc0", "bias_gain")
    return _DEFAULT_LR_MULTIPLIER if gain is None else gain
