"""What NVIDIA's networks say of their layers, compared with what ours compute.

Shapes tell nearly everything, and what they do not tell lies in every layer's data: activations, gains, clamps, factors
of resampling. A file in which one of them is another than ours would load, and draw something else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...stylegan2 import DiscriminatorConfig, GeneratorConfig
from ...stylegan2.ops import LEAKY_GAIN
from ..untrusted import RefusedError
from .parts import UnsupportedError, Weights, shown, unknown_remark

_TOLERANCE = 1e-5
"""Relative, of gains: some were computed in single precision."""
_MOST_SETTINGS = 100_000

_KNOWN = frozenset(
    {
        *(
            "z_dim",
            "c_dim",
            "w_dim",
            "num_ws",
            "img_resolution",
            "img_channels",
            "channel_base",
            "channel_max",
            "square",
        ),
        *("mapping_kwargs", "synthesis_kwargs", "block_kwargs", "epilogue_kwargs"),
        *("num_layers", "embed_features", "layer_features", "activation", "lr_multiplier", "w_avg_beta", "cmap_dim"),
        *("in_channels", "tmp_channels", "out_channels", "in_features", "out_features", "resolution", "architecture"),
        *("kernel_size", "bias", "bias_init", "up", "down", "resample_filter", "use_noise", "is_last", "conv_clamp"),
        *("num_fp16_res", "use_fp16", "fp16_channels_last", "channels_last", "fused_modconv_default"),
        *("mbstd_group_size", "mbstd_num_channels", "group_size", "num_channels"),
        *("trainable", "freeze_layers", "first_layer_idx"),
    }
)
"""What networks are made with. Those that matter show in parameters, or in what is compared below."""

Settings = Mapping[str, float | str | None]


@dataclass(frozen=True)
class Network:
    """A network's modules by their paths, the network itself by "", and its parameters."""

    states: Mapping[str, Mapping[str, object]]
    weights: Weights

    def setting(self, module: str, name: str) -> object:
        return self.states.get(module, {}).get(name)

    def number(self, module: str, name: str) -> float | None:
        """Raises RefusedError for what is no finite number."""
        value = self.setting(module, name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise RefusedError(f"{name} of {module} is no number")
        if not math.isfinite(value):
            raise RefusedError(f"{name} of {module} is no finite number")
        return float(value)


def check_generator(network: Network, config: GeneratorConfig) -> None:
    """Raises UnsupportedError, naming the first setting that is another than ours, and RefusedError."""
    for path in _layers(network):
        name = path.rpartition(".")[2]
        if path.startswith("mapping."):
            _compare(network, path, _dense(network, path, config.mapping_lr_multiplier))
        elif name == "affine":
            _compare(network, path, _dense(network, path))
        elif name == "torgb":
            _compare(network, path, {"conv_clamp": config.conv_clamp, "weight_gain": _gain(network, path)})
        else:
            _compare(network, path, _convolution(network, path, config.conv_clamp, up=name in ("conv0", "skip")))
    _check_blocks(network, "synthesis.", config.architecture)


def check_discriminator(network: Network, config: DiscriminatorConfig) -> None:
    """Raises as `check_generator`."""
    for path in _layers(network):
        name = path.rpartition(".")[2]
        if path.startswith("mapping."):
            _compare(network, path, _dense(network, path, config.mapping_lr_multiplier))
        elif path in ("b4.fc", "b4.out"):
            _compare(network, path, _dense(network, path))
        else:
            # The smallest map's own colours are the only ones that are never clamped.
            clamp = None if path == "b4.fromrgb" else config.conv_clamp
            _compare(network, path, _convolution(network, path, clamp, down=name in ("conv1", "skip")))
    _check_blocks(network, "", config.architecture)


def unknown_settings(network: Network, what: str) -> tuple[str, ...]:
    """A sentence on the settings that the network was made with and that are not known here, if there are any.

    Raises RefusedError for more settings than any network has.
    """
    unknown = set[str]()
    seen = 0
    for state in network.states.values():
        made_with = state.get("_init_kwargs")
        if isinstance(made_with, dict):
            seen += len(made_with)
            if seen > _MOST_SETTINGS:  # many modules may name one map
                raise RefusedError("a network holds more settings than any model")
            unknown |= {name for name in made_with if isinstance(name, str)} - _KNOWN
    return unknown_remark(what, unknown)


def _layers(network: Network) -> Iterator[str]:
    """The paths of all modules that have weights."""
    return (path for path in network.states if f"{path}.weight" in network.weights)


def _gain(network: Network, path: str) -> float:
    """Of the equalised learning rate."""
    return 1 / math.sqrt(max(1, math.prod(network.weights[f"{path}.weight"].shape[1:])))


def _dense(network: Network, path: str, lr_multiplier: float = 1.0) -> Settings:
    is_mapping = re.fullmatch(r"mapping\.fc\d+", path) is not None
    multiplier = lr_multiplier if is_mapping else 1.0
    return {
        "activation": "lrelu" if is_mapping or path == "b4.fc" else "linear",
        "weight_gain": _gain(network, path) * multiplier,
        "bias_gain": multiplier,
    }


def _convolution(network: Network, path: str, clamp: float | None, *, up: bool = False, down: bool = False) -> Settings:
    is_shortcut = path.endswith(".skip")
    return {
        "activation": "linear" if is_shortcut else "lrelu",
        "act_gain": 1.0 if is_shortcut else LEAKY_GAIN,
        "conv_clamp": None if is_shortcut else clamp,
        "weight_gain": _gain(network, path),
        "up": 2 if up else 1,
        "down": 2 if down else 1,
    }


def _compare(network: Network, path: str, ours: Settings) -> None:
    """What the module says of itself with what ours computes; what it does not say is not compared."""
    state = network.states.get(path, {})
    for name, due in ours.items():
        if name in state and not _is_same(state[name], due):
            said = state[name]
            text = f"{said:.6g}" if isinstance(said, (int, float)) else "None" if said is None else shown(said)
            wanted = f"{due:.6g}" if isinstance(due, (int, float)) else str(due)
            raise UnsupportedError(f"{name} of {path} is {text}, and only {wanted} can be drawn")


def _is_same(said: object, due: float | str | None) -> bool:
    if isinstance(due, (int, float)):
        return type(said) in (int, float) and math.isclose(said, due, rel_tol=_TOLERANCE)  # type: ignore[arg-type]
    return said is None if due is None else isinstance(said, str) and said == due


def _check_blocks(network: Network, prefix: str, architecture: str) -> None:
    """What the blocks say of themselves must be what their parameters are for."""
    for path in network.states:
        if re.fullmatch(re.escape(prefix) + r"b\d{1,4}", path):
            said = network.setting(path, "architecture")
            if said not in (architecture, None):
                raise UnsupportedError(
                    f"{path} is said to be of the {shown(said)} architecture, but its parameters are of {architecture}"
                )
