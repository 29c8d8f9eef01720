"""Writes model files in the layouts of other programs, from networks of ours; nothing of the reader is used.

Python's own pickle writes them. The functions and classes that such files name do not exist here: `Named` stands for
them while a file is written.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import math
import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from draggan_server.stylegan2 import Discriminator, DiscriminatorConfig, Generator, GeneratorConfig

RESOLUTION = 32


def make_networks(
    c_dim: int = 0,
    clamp: float | None = None,
    seed: int = 3,
    *,
    architecture: str = "skip",
    critic: str = "resnet",
    base: tuple[int, int] = (4, 4),
    condition: str = "mapped",
    of_generator: Mapping[str, Any] | None = None,
    of_critic: Mapping[str, Any] | None = None,
) -> tuple[Generator, Discriminator]:
    """Small networks in which every parameter matters. critic: the discriminator's architecture; base: height and width
    of the smallest map; condition: how classes enter; of_generator, of_critic: other settings for either."""
    torch.manual_seed(seed)
    size = {"channel_base": 256, "channel_max": 24, "base_height": base[0], "base_width": base[1]}
    both = {"img_resolution": RESOLUTION, "c_dim": c_dim, "conv_clamp": clamp, "condition": condition, **size}
    ours = {"z_dim": 20, "w_dim": 16, "mapping_layers": 3, "architecture": architecture}
    theirs = {"cmap_dim": 16 if c_dim else 0, "mapping_layers": 2, "architecture": critic}
    if condition == "plain":
        ours["embed_features"], theirs["cmap_dim"] = ours["z_dim"], c_dim
    generator = Generator(GeneratorConfig(**both | ours | dict(of_generator or {})))
    discriminator = Discriminator(DiscriminatorConfig(**both | theirs | dict(of_critic or {})))
    for network in (generator, discriminator):
        for name, parameter in network.state_dict().items():
            if name.endswith(("bias", "noise_strength", "w_avg")):
                parameter.copy_(parameter + 0.3 * torch.randn(parameter.shape))
    if condition == "plain" and c_dim:
        generator.state_dict()["mapping.embed.bias"].zero_()  # there is none
    return generator.freeze(), discriminator.freeze()


class Named:
    """A function or class by its full name, as a pickle names it."""

    known: dict[str, Any] = {}  # noqa: RUF012  # one table for all files

    @classmethod
    def function(cls, name: str) -> Any:
        if name not in cls.known:

            def function(*_: Any) -> None:
                raise AssertionError(f"{name} was called")

            cls.known[name] = cls._named(function, name)
        return cls.known[name]

    @classmethod
    def class_(cls, name: str, *bases: type) -> Any:
        if name not in cls.known:
            cls.known[name] = cls._named(type(name.rpartition(".")[2], bases, {}), name)
        return cls.known[name]

    @staticmethod
    def _named(thing: Any, name: str) -> Any:
        thing.__module__, _, thing.__qualname__ = name.rpartition(".")
        thing.__name__ = thing.__qualname__
        return thing

    @classmethod
    @contextlib.contextmanager
    def importable(cls) -> Iterator[None]:
        """Inside, pickle finds them where they say that they are."""
        before = dict(sys.modules)
        for name, thing in cls.known.items():
            module, _, last = name.rpartition(".")
            parts = module.split(".")
            for end in range(1, len(parts) + 1):
                path = ".".join(parts[:end])
                if path not in sys.modules or (path == module and not hasattr(sys.modules[path], "_made_for_tests")):
                    sys.modules[path] = types.ModuleType(path)
                    sys.modules[path]._made_for_tests = True  # type: ignore[attr-defined]
            setattr(sys.modules[module], last, thing)
        try:
            yield
        finally:
            for name in set(sys.modules) - set(before):
                del sys.modules[name]
            sys.modules.update(before)


class Call:
    """Pickles as a call of the name with these arguments, and the state if there is one."""

    def __init__(self, name: str, *args: Any, state: Any = None) -> None:
        self.reduced = (Named.function(name), args) if state is None else (Named.function(name), args, state)

    def __reduce__(self) -> Any:
        return self.reduced


def dump(value: Any, protocol: int = 4) -> bytes:
    with Named.importable():
        return pickle.dumps(value, protocol)


def number(value: float, numpy: str = "numpy._core") -> Call:
    return Call(f"{numpy}.multiarray.scalar", np.dtype("f8"), np.float64(value).tobytes())


def array(values: np.ndarray, numpy: str = "numpy._core", fortran: bool = False) -> Call:
    data = values.tobytes("F" if fortran else "C")
    state = (1, values.shape, values.dtype, fortran, data)
    return Call(f"{numpy}.multiarray._reconstruct", np.ndarray, (0,), b"b", state=state)


# NVIDIA


def nvidia_network(
    network: Generator | Discriminator,
    *,
    numpy: str = "numpy._core",
    changes: Mapping[str, Mapping[str, Any]] | None = None,
    without: tuple[str, ...] = (),
) -> Call:
    """The network as nested persistent objects. changes: other attributes, by module paths; without: parameters that
    are left out, by the last part of their names."""
    attributes = _attributes(network, numpy)
    for path, changed in (changes or {}).items():
        attributes.setdefault(path, {}).update(changed)
    tensors = {name: value for name, value in network.state_dict().items() if not name.endswith(without or "*")}
    if isinstance(network, Discriminator):
        tensors.pop("mapping.w_avg", None)
    return _persistent(attributes, tensors, dict(network.named_parameters()), "")


def _attributes(network: Generator | Discriminator, numpy: str) -> dict[str, dict[str, Any]]:
    """What the modules keep besides their parameters, by their paths."""
    config, state = network.config, network.state_dict()
    sizes = {name: getattr(config, name) for name in ("img_resolution", "img_channels", "c_dim")}
    attributes: dict[str, dict[str, Any]] = {"": sizes}
    for name in state:
        path = name.rpartition(".")[0]
        while path:
            attributes.setdefault(path, {})
            path = path.rpartition(".")[0]
    is_generator = isinstance(network, Generator)
    if is_generator:
        latent = {"z_dim": config.z_dim, "w_dim": config.w_dim, "num_ws": network.num_ws}
        attributes[""] |= latent
        attributes["mapping"] = {**latent, "c_dim": config.c_dim, "num_layers": config.mapping_layers}
    for path, values in attributes.items():
        last = path.rpartition(".")[2]
        if last[:1] == "b" and last[1:].isdigit():
            values |= {
                "architecture": config.architecture,
                "use_fp16": int(last[1:]) >= 16,
                "resolution": int(last[1:]),
            }
            values |= {} if config.base_height == config.base_width else {"square": False}
        if f"{path}.weight" not in state:
            continue
        shape = state[f"{path}.weight"].shape
        gain = 1 / math.sqrt(math.prod(shape[1:]))
        if last in ("conv0", "conv1", "conv", "skip", "fromrgb"):
            activates = last != "skip"
            values |= {
                "activation": "lrelu" if activates else "linear",
                "act_gain": number(math.sqrt(2), numpy) if activates else 1,
                "conv_clamp": config.conv_clamp if activates and path != "b4.fromrgb" else None,
                "up": 2 if is_generator and last in ("conv0", "skip") else 1,
                "padding": shape[-1] // 2,
            }
            if is_generator and activates:
                values |= {"use_noise": True, "resolution": int(path.split(".")[1][1:])}
            else:
                values |= {"down": 2 if not is_generator and last in ("conv1", "skip") else 1, "weight_gain": gain}
        elif last == "torgb":
            values |= {"conv_clamp": config.conv_clamp, "weight_gain": number(gain, numpy)}
        else:
            multiplier = config.mapping_lr_multiplier if last.startswith("fc") and "mapping" in path else 1
            activation = "lrelu" if last.startswith("fc") else "linear"
            values |= {"activation": activation, "weight_gain": gain * multiplier, "bias_gain": multiplier}
    if not is_generator:
        attributes["b4"]["cmap_dim"] = config.cmap_dim
        statistics = {"group_size": config.mbstd_group_size, "num_channels": config.mbstd_num_channels}
        attributes |= {"b4.mbstd": statistics} if config.mbstd_num_channels else {}
    return attributes


def _persistent(attributes: Mapping, tensors: Mapping, parameters: Mapping, path: str) -> Call:
    prefix = f"{path}." if path else ""

    def own(names: Any) -> list[str]:
        return [name for name in names if name.startswith(prefix) and "." not in name[len(prefix) :]]

    mine, children = own(tensors), own(attributes.keys() - {path})
    cut = len(prefix)
    state = {
        "training": False,
        "_parameters": {n[cut:]: torch.nn.Parameter(tensors[n].clone()) for n in mine if n in parameters},
        "_buffers": {n[cut:]: tensors[n].clone() for n in mine if n not in parameters},
        "_non_persistent_buffers_set": set(),
        "_backward_hooks": OrderedDict(),
        "_modules": {n[cut:]: _persistent(attributes, tensors, parameters, n) for n in children},
        "_init_args": (),
        "_init_kwargs": Named.class_("dnnlib.util.EasyDict", dict)({"w_dim": 16}),
        **attributes[path],
    }
    source = "import os\nos.abort()\nclass Module: pass\n" * 40
    meta = {"type": "class", "version": 6, "module_src": source, "class_name": "Module", "state": state}
    return Call("torch_utils.persistence._reconstruct_persistent_obj", meta)


def save_torch(value: Any, path: Path, *, archive: bool = True) -> Path:
    with Named.importable():
        torch.save(value, path, _use_new_zipfile_serialization=archive)
    return path


# rosinality


def rosinality_generator(generator: Generator, *, noises: bool = True) -> dict[str, Tensor]:
    ours = generator.state_dict()
    theirs: dict[str, Tensor] = {"input.input": ours["synthesis.b4.const"][None].clone()}
    for i in range(generator.config.mapping_layers):
        for kind in ("weight", "bias"):
            theirs[f"style.{i + 1}.{kind}"] = ours[f"mapping.fc{i}.{kind}"].clone()

    def modulated(name: str, source: str) -> None:
        theirs[f"{name}.conv.weight"] = ours[f"{source}.weight"][None].clone()
        for kind in ("weight", "bias"):
            theirs[f"{name}.conv.modulation.{kind}"] = ours[f"{source}.affine.{kind}"].clone()

    def layer(name: str, source: str, index: int) -> None:
        modulated(name, source)
        theirs[f"{name}.activate.bias"] = ours[f"{source}.bias"].clone()
        theirs[f"{name}.noise.weight"] = ours[f"{source}.noise_strength"].reshape(1).clone()
        if noises:
            theirs[f"noises.noise_{index}"] = ours[f"{source}.noise_const"][None, None].clone()

    def rgb(name: str, source: str) -> None:
        modulated(name, source)
        theirs[f"{name}.bias"] = ours[f"{source}.bias"].reshape(1, -1, 1, 1).clone()

    layer("conv1", "synthesis.b4.conv1", 0)
    rgb("to_rgb1", "synthesis.b4.torgb")
    for resolution in generator.config.block_resolutions[1:]:
        k = int(math.log2(resolution)) - 3
        layer(f"convs.{2 * k}", f"synthesis.b{resolution}.conv0", 2 * k + 1)
        theirs[f"convs.{2 * k}.conv.blur.kernel"] = ours[f"synthesis.b{resolution}.conv0.resample_filter"] * 4
        layer(f"convs.{2 * k + 1}", f"synthesis.b{resolution}.conv1", 2 * k + 2)
        rgb(f"to_rgbs.{k}", f"synthesis.b{resolution}.torgb")
        theirs[f"to_rgbs.{k}.upsample.kernel"] = ours[f"synthesis.b{resolution}.resample_filter"] * 4
    return theirs


def rosinality_discriminator(discriminator: Discriminator) -> dict[str, Tensor]:
    ours = discriminator.state_dict()
    largest = discriminator.config.img_resolution
    names = {"convs.0.0": f"b{largest}.fromrgb", "final_conv.0": "b4.conv"}
    kernels = {}
    biases = {"convs.0.1": f"b{largest}.fromrgb", "final_conv.1": "b4.conv"}
    for i, resolution in enumerate(discriminator.config.block_resolutions, 1):
        block = f"b{resolution}"
        names |= {f"convs.{i}.conv1.0": f"{block}.conv0", f"convs.{i}.conv2.1": f"{block}.conv1"}
        names |= {f"convs.{i}.skip.1": f"{block}.skip"}
        kernels |= {f"convs.{i}.conv2.0": f"{block}.conv1", f"convs.{i}.skip.0": f"{block}.skip"}
        biases |= {f"convs.{i}.conv1.1": f"{block}.conv0", f"convs.{i}.conv2.2": f"{block}.conv1"}
    for place, name in enumerate(("fc", "out")):
        names[f"final_linear.{place}"] = biases[f"final_linear.{place}"] = f"b4.{name}"
    theirs = {f"{name}.weight": ours[f"{source}.weight"].clone() for name, source in names.items()}
    theirs |= {f"{name}.kernel": ours[f"{source}.resample_filter"].clone() for name, source in kernels.items()}
    return theirs | {f"{name}.bias": ours[f"{source}.bias"].clone() for name, source in biases.items()}


def trainer_file(generator: Generator, discriminator: Discriminator) -> dict[str, Any]:
    state = rosinality_generator(generator)
    optimiser = {
        "state": {0: {"step": 7, "exp_avg": torch.zeros(3)}},
        "param_groups": [{"lr": 0.002, "betas": (0.0, 0.99), "params": [0]}],
    }
    return {
        "g": {name: value + 1 for name, value in state.items()},
        "d": rosinality_discriminator(discriminator),
        "g_ema": state,
        "g_optim": optimiser,
        "d_optim": optimiser,
        "args": argparse.Namespace(size=generator.resolution, path="lmdb"),
    }


def encoder_file(generator: Generator) -> dict[str, Any]:
    state = OrderedDict((f"decoder.{name}", value) for name, value in rosinality_generator(generator).items())
    state["encoder.input_layer.0.weight"] = torch.zeros(4, 3, 3, 3)
    state._metadata = OrderedDict({"": {"version": 1}})  # type: ignore[attr-defined]  # as torch's modules give it
    return {"state_dict": state, "latent_avg": generator.w_avg.repeat(generator.num_ws, 1), "opts": {"lr": 0.1}}


# TensorFlow

Variables = dict[str, np.ndarray]


def tensorflow_file(
    generator: Generator,
    discriminator: Discriminator,
    *,
    protocol: int = 4,
    numpy: str = "numpy.core",
    settings: Mapping[str, Any] | None = None,
    critics_settings: Mapping[str, Any] | None = None,
    more: Mapping[str, np.ndarray] | None = None,
    without: tuple[str, ...] = (),
) -> bytes:
    """(G, D, Gs), G being another one than Gs, the mean over training. more: further variables of the mapping; without:
    variables of the generator that are left out, by the ends of their names."""
    config = generator.config
    kwargs = {
        "fmap_base": config.channel_base // 2,
        "resample_kernel": [1, 3, 3, 1],
        "latent_size": config.z_dim,
        "label_size": config.c_dim,
        **(settings or {}),
    }
    critics_kwargs = {"resample_kernel": [1, 3, 3, 1], "label_size": config.c_dim, **(critics_settings or {})}
    if config.c_dim and config.condition == "mapped":
        critics_kwargs.setdefault("mapping_lrmul", discriminator.config.mapping_lr_multiplier)

    def parts(of: Generator) -> dict[str, Variables]:
        mapping = _tf_mapping(of, without) | dict(more or {})
        return {"": _tf_main(of, without), "mapping": mapping, "synthesis": _tf_synthesis(of, without)}

    other = copy.deepcopy(generator)
    for parameter in other.parameters():
        parameter.add_(1)
    critic = {"": _tf_discriminator(discriminator)}
    return tensorflow_pickle(parts(other), critic, parts(generator), kwargs, critics_kwargs, protocol, numpy)


def tensorflow_pickle(
    first: Mapping[str, Variables],
    critic: Mapping[str, Variables],
    mean: Mapping[str, Variables],
    settings: dict[str, Any],
    critics_settings: dict[str, Any],
    protocol: int = 4,
    numpy: str = "numpy.core",
) -> bytes:
    """(G, D, Gs) from the variables of networks, "", and of their components by their names."""

    def network(parts: Mapping[str, Variables], kwargs: dict[str, Any]) -> Any:
        components = {name: (own, kwargs) for name, own in parts.items() if name}
        return tensorflow_network(parts[""], kwargs, numpy, components)

    networks = network(first, settings), network(critic, critics_settings), network(mean, settings)
    return dump(networks, protocol)


def tensorflow_network(
    variables: Variables,
    settings: dict[str, Any],
    numpy: str = "numpy.core",
    parts: Mapping[str, tuple[Variables, dict[str, Any]]] | None = None,
) -> Any:
    """parts: of its components, by their names, the variables and the settings."""
    components = {name: tensorflow_network(*part, numpy) for name, part in (parts or {}).items()}
    network = Named.class_("dnnlib.tflib.network.Network")()
    network.__dict__ |= {
        "version": 4,
        "name": "G",
        "static_kwargs": settings,
        "components": Named.class_("dnnlib.util.EasyDict", dict)(components),
        "build_module_src": "import os; os.abort()" * 200,
        "build_func_name": "G_main",
        "variables": [
            (name, array(values, numpy) if values.ndim else number(float(values), numpy))
            for name, values in variables.items()
        ],
    }
    return network


def _tf(tensor: Tensor) -> np.ndarray:
    return np.array(tensor.numpy(), order="C")


def _tf_main(generator: Generator, without: tuple[str, ...]) -> Variables:
    main = {"lod": np.zeros((), np.float32), "dlatent_avg": _tf(generator.w_avg)}
    return {name: values for name, values in main.items() if not name.endswith(without or "*")}


def _tf_mapping(generator: Generator, without: tuple[str, ...]) -> Variables:
    ours, config = generator.state_dict(), generator.config
    mapping = _tf_dense({f"Dense{i}": f"mapping.fc{i}" for i in range(config.mapping_layers)}, ours)
    if config.c_dim and config.condition == "plain":
        mapping["LabelConcat/weight"] = _tf(ours["mapping.embed.weight"].t() / math.sqrt(config.c_dim))
    elif config.c_dim:
        mapping |= _tf_dense({"LabelEmbed": "mapping.embed"}, ours)
    return {name: values for name, values in mapping.items() if not name.endswith(without or "*")}


def _tf_dense(names: Mapping[str, str], ours: Mapping[str, Tensor]) -> Variables:
    weights = {f"{theirs}/weight": _tf(ours[f"{source}.weight"].t()) for theirs, source in names.items()}
    return weights | {f"{theirs}/bias": _tf(ours[f"{source}.bias"]) for theirs, source in names.items()}


def _tf_synthesis(generator: Generator, without: tuple[str, ...]) -> Variables:
    ours = generator.state_dict()
    synthesis = {"4x4/Const/const": _tf(ours["synthesis.b4.const"][None])}

    def modulated(theirs: str, source: str, flip: bool = False) -> None:
        weight = ours[f"{source}.weight"].permute(2, 3, 1, 0)
        synthesis[f"{theirs}/weight"] = _tf(weight.flip(0, 1) if flip else weight)
        synthesis[f"{theirs}/bias"] = _tf(ours[f"{source}.bias"])
        synthesis[f"{theirs}/mod_weight"] = _tf(ours[f"{source}.affine.weight"].t())
        synthesis[f"{theirs}/mod_bias"] = _tf(ours[f"{source}.affine.bias"] - 1)

    def layer(theirs: str, source: str, noise: int, flip: bool = False) -> None:
        modulated(theirs, source, flip)
        synthesis[f"{theirs}/noise_strength"] = _tf(ours[f"{source}.noise_strength"])
        synthesis[f"noise{noise}"] = _tf(ours[f"{source}.noise_const"][None, None])

    for resolution in generator.config.block_resolutions:
        log = int(math.log2(resolution))
        block, size = f"synthesis.b{resolution}", f"{resolution}x{resolution}"
        if resolution == 4:
            layer("4x4/Conv", f"{block}.conv1", 0)
        else:
            layer(f"{size}/Conv0_up", f"{block}.conv0", 2 * log - 5, flip=True)
            layer(f"{size}/Conv1", f"{block}.conv1", 2 * log - 4)
        if f"{block}.torgb.weight" in ours:
            modulated(f"{size}/ToRGB", f"{block}.torgb")
        if f"{block}.skip.weight" in ours:
            synthesis[f"{size}/Skip/weight"] = _tf(ours[f"{block}.skip.weight"].permute(2, 3, 1, 0))
    return {name: values for name, values in synthesis.items() if not name.endswith(without or "*")}


def _tf_discriminator(discriminator: Discriminator) -> Variables:
    ours, config = discriminator.state_dict(), discriminator.config
    names = {"4x4/Conv": "b4.conv", "4x4/FromRGB": "b4.fromrgb"}
    for r in config.block_resolutions:
        names |= {f"{r}x{r}/FromRGB": f"b{r}.fromrgb", f"{r}x{r}/Skip": f"b{r}.skip"}
        names |= {f"{r}x{r}/Conv0": f"b{r}.conv0", f"{r}x{r}/Conv1_down": f"b{r}.conv1"}
    variables = {}
    for theirs, source in names.items():
        if f"{source}.weight" in ours:
            variables[f"{theirs}/weight"] = _tf(ours[f"{source}.weight"].permute(2, 3, 1, 0))
        if f"{source}.bias" in ours:
            variables[f"{theirs}/bias"] = _tf(ours[f"{source}.bias"])
    dense = {"4x4/Dense0": "b4.fc", "Output": "b4.out"}
    if config.mapping is not None:
        dense |= {"LabelEmbed": "mapping.embed"}
        dense |= {f"Mapping{i}": f"mapping.fc{i}" for i in range(config.mapping_layers)}
    return variables | _tf_dense(dense, ours)


def nvidia_file(
    generator: Generator, discriminator: Discriminator, *, protocol: int = 4, numpy: str = "numpy._core"
) -> bytes:
    """A training snapshot with all networks, G being another one than G_ema."""
    other = make_networks(generator.config.c_dim, generator.config.conv_clamp, seed=99)[0]
    value = {
        "training_set_kwargs": Named.class_("dnnlib.util.EasyDict", dict)({"path": "data.zip"}),
        "G": nvidia_network(other, numpy=numpy),
        "D": nvidia_network(discriminator, numpy=numpy),
        "G_ema": nvidia_network(generator, numpy=numpy),
        "augment_pipe": None,
    }
    return dump(value, protocol)


def as_stream(value: Any) -> bytes:
    """torch's format before 1.6."""
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=False)
    return file.getvalue()
