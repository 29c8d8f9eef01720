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
) -> tuple[Generator, Discriminator]:
    """Small networks in which every parameter matters. critic: the discriminator's architecture; base: height and width
    of the smallest map."""
    torch.manual_seed(seed)
    size = {"channel_base": 256, "channel_max": 24, "base_height": base[0], "base_width": base[1]}
    generator = Generator(
        GeneratorConfig(
            z_dim=20,
            w_dim=16,
            img_resolution=RESOLUTION,
            c_dim=c_dim,
            mapping_layers=3,
            conv_clamp=clamp,
            architecture=architecture,
            **size,
        )
    )
    discriminator = Discriminator(
        DiscriminatorConfig(
            img_resolution=RESOLUTION,
            c_dim=c_dim,
            cmap_dim=16 if c_dim else 0,
            mapping_layers=2,
            conv_clamp=clamp,
            architecture=critic,
            **size,
        )
    )
    for network in (generator, discriminator):
        for name, parameter in network.state_dict().items():
            if name.endswith(("bias", "noise_strength", "w_avg")):
                parameter.copy_(parameter + 0.3 * torch.randn(parameter.shape))
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
    config = network.config
    attributes: dict[str, dict[str, Any]] = {"": {"img_resolution": config.img_resolution, "c_dim": config.c_dim}}
    for name in network.state_dict():
        path = name.rpartition(".")[0]
        while path:
            attributes.setdefault(path, {})
            path = path.rpartition(".")[0]
    for path, values in attributes.items():
        last = path.rpartition(".")[2]
        if last[:1] == "b" and last[1:].isdigit():
            values |= {
                "architecture": config.architecture,
                "use_fp16": int(last[1:]) >= 16,
                "resolution": int(last[1:]),
            }
            values |= {} if config.base_height == config.base_width else {"square": False}
        elif last in ("conv0", "conv1", "conv"):
            size = int(path.rsplit(".", 2)[-2][1:])
            values |= {"conv_clamp": config.conv_clamp, "activation": "lrelu", "use_noise": True, "resolution": size}
            values |= {"act_gain": number(math.sqrt(2), numpy)}
        elif last.startswith("fc"):
            values |= {"activation": "lrelu", "bias_gain": 0.01 if "mapping" in path else 1}
    if isinstance(network, Discriminator):
        attributes["b4.mbstd"] = {"group_size": config.mbstd_group_size, "num_channels": 1}
    for path, changed in (changes or {}).items():
        attributes.setdefault(path, {}).update(changed)
    tensors = {name: value for name, value in network.state_dict().items() if not name.endswith(without or "*")}
    if isinstance(network, Discriminator):
        tensors.pop("mapping.w_avg", None)
    return _persistent(attributes, tensors, dict(network.named_parameters()), "")


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
        theirs[f"{name}.conv.blur.kernel"] = torch.ones(4, 4)

    def rgb(name: str, source: str) -> None:
        modulated(name, source)
        theirs[f"{name}.bias"] = ours[f"{source}.bias"].reshape(1, -1, 1, 1).clone()

    layer("conv1", "synthesis.b4.conv1", 0)
    rgb("to_rgb1", "synthesis.b4.torgb")
    for resolution in generator.config.block_resolutions[1:]:
        k = int(math.log2(resolution)) - 3
        layer(f"convs.{2 * k}", f"synthesis.b{resolution}.conv0", 2 * k + 1)
        layer(f"convs.{2 * k + 1}", f"synthesis.b{resolution}.conv1", 2 * k + 2)
        rgb(f"to_rgbs.{k}", f"synthesis.b{resolution}.torgb")
        theirs[f"to_rgbs.{k}.upsample.kernel"] = torch.ones(4, 4)
    return theirs


def rosinality_discriminator(discriminator: Discriminator) -> dict[str, Tensor]:
    ours = discriminator.state_dict()
    largest = discriminator.config.img_resolution
    names = {"convs.0.0": f"b{largest}.fromrgb", "final_conv.0": "b4.conv"}
    biases = {"convs.0.1": f"b{largest}.fromrgb", "final_conv.1": "b4.conv"}
    for i, resolution in enumerate(discriminator.config.block_resolutions, 1):
        block = f"b{resolution}"
        names |= {f"convs.{i}.conv1.0": f"{block}.conv0", f"convs.{i}.conv2.1": f"{block}.conv1"}
        names |= {f"convs.{i}.skip.1": f"{block}.skip"}
        biases |= {f"convs.{i}.conv1.1": f"{block}.conv0", f"convs.{i}.conv2.2": f"{block}.conv1"}
    for place, name in enumerate(("fc", "out")):
        names[f"final_linear.{place}"] = biases[f"final_linear.{place}"] = f"b4.{name}"
    theirs = {f"{name}.weight": ours[f"{source}.weight"].clone() for name, source in names.items()}
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


def tensorflow_file(
    generator: Generator,
    discriminator: Discriminator,
    *,
    protocol: int = 4,
    numpy: str = "numpy.core",
    settings: Mapping[str, Any] | None = None,
    more: Mapping[str, np.ndarray] | None = None,
) -> bytes:
    """(G, D, Gs), G being another one than Gs, the mean over training. more: further variables of the mapping."""
    kwargs = {
        "fmap_base": generator.config.channel_base // 2,
        "resample_kernel": [1, 3, 3, 1],
        **(settings or {}),
    }

    def whole(of: Generator) -> Any:
        main = [("lod", array(np.float32(0).reshape(()), numpy)), ("dlatent_avg", _tf(of.w_avg, numpy))]
        mapping, synthesis = _tf_generator(of, numpy)
        mapping += [(name, array(values, numpy)) for name, values in (more or {}).items()]
        components = Named.class_("dnnlib.util.EasyDict", dict)(
            synthesis=_tf_network(synthesis, kwargs), mapping=_tf_network(mapping, kwargs)
        )
        return _tf_network(main, kwargs, components)

    other = copy.deepcopy(generator)
    for parameter in other.parameters():
        parameter.add_(1)
    critic = _tf_network(_tf_discriminator(discriminator, numpy), kwargs)
    return dump((whole(other), critic, whole(generator)), protocol)


def _tf_network(variables: list[tuple[str, Any]], kwargs: dict[str, Any], components: Any = None) -> Any:
    kind = Named.class_("dnnlib.tflib.network.Network")
    network = kind()
    network.__dict__ |= {
        "version": 4,
        "name": "G",
        "static_kwargs": kwargs,
        "components": components if components is not None else {},
        "build_module_src": "import os; os.abort()" * 200,
        "variables": variables,
    }
    return network


def _tf(tensor: Tensor, numpy: str) -> Call:
    return array(np.ascontiguousarray(tensor.numpy()), numpy)


def _tf_generator(generator: Generator, numpy: str) -> tuple[list, list]:
    ours = generator.state_dict()
    mapping = []
    for i in range(generator.config.mapping_layers):
        mapping.append((f"Dense{i}/weight", _tf(ours[f"mapping.fc{i}.weight"].t(), numpy)))
        mapping.append((f"Dense{i}/bias", _tf(ours[f"mapping.fc{i}.bias"], numpy)))
    synthesis: list[tuple[str, Any]] = [("4x4/Const/const", _tf(ours["synthesis.b4.const"][None], numpy))]

    def modulated(theirs: str, source: str, flip: bool = False) -> None:
        weight = ours[f"{source}.weight"].permute(2, 3, 1, 0)
        synthesis.append((f"{theirs}/weight", _tf(weight.flip(0, 1) if flip else weight, numpy)))
        synthesis.append((f"{theirs}/bias", _tf(ours[f"{source}.bias"], numpy)))
        synthesis.append((f"{theirs}/mod_weight", _tf(ours[f"{source}.affine.weight"].t(), numpy)))
        synthesis.append((f"{theirs}/mod_bias", _tf(ours[f"{source}.affine.bias"] - 1, numpy)))

    def layer(theirs: str, source: str, noise: int, flip: bool = False) -> None:
        modulated(theirs, source, flip)
        synthesis.append((f"{theirs}/noise_strength", number(float(ours[f"{source}.noise_strength"]), numpy)))
        synthesis.append((f"noise{noise}", _tf(ours[f"{source}.noise_const"][None, None], numpy)))

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
            synthesis.append((f"{size}/Skip/weight", _tf(ours[f"{block}.skip.weight"].permute(2, 3, 1, 0), numpy)))
    return mapping, synthesis


def _tf_discriminator(discriminator: Discriminator, numpy: str) -> list:
    ours = discriminator.state_dict()
    names = {"4x4/Conv": "b4.conv", "4x4/FromRGB": "b4.fromrgb"}
    for r in discriminator.config.block_resolutions:
        names |= {f"{r}x{r}/FromRGB": f"b{r}.fromrgb", f"{r}x{r}/Skip": f"b{r}.skip"}
        names |= {f"{r}x{r}/Conv0": f"b{r}.conv0", f"{r}x{r}/Conv1_down": f"b{r}.conv1"}
    variables = []
    for theirs, source in names.items():
        if f"{source}.weight" not in ours:
            continue
        variables.append((f"{theirs}/weight", _tf(ours[f"{source}.weight"].permute(2, 3, 1, 0), numpy)))
        if f"{source}.bias" in ours:
            variables.append((f"{theirs}/bias", _tf(ours[f"{source}.bias"], numpy)))
    for theirs, source in (("4x4/Dense0", "b4.fc"), ("Output", "b4.out")):
        variables.append((f"{theirs}/weight", _tf(ours[f"{source}.weight"].t(), numpy)))
        variables.append((f"{theirs}/bias", _tf(ours[f"{source}.bias"], numpy)))
    return variables


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
