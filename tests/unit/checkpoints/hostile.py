"""A corpus of hostile model files: each tries to run something, to read what is not its own, or to fill the memory."""

from __future__ import annotations

import io
import json
import pickle
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from draggan_server.stylegan2 import Generator, GeneratorConfig
from tests.unit.checkpoints import writers

MIB = 1 << 20
PERSISTENT = "torch_utils.persistence._reconstruct_persistent_obj"


@dataclass(frozen=True)
class Hostile:
    data: bytes
    said: str
    """What the refusal says, as a regular expression."""
    live: bool = False
    """Python's own pickle would do it."""
    most_mib: int = 48
    """Of memory, and twice the file on top of it."""


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def named(name: str) -> bytes:
    """STACK_GLOBAL of a name."""
    module, _, last = name.rpartition(".")
    return text(module) + text(last) + b"\x93"


def line_named(name: str, code: bytes = b"c") -> bytes:
    """GLOBAL, or INST, of a name."""
    module, _, last = name.rpartition(".")
    return code + f"{module}\n{last}\n".encode()


def binary(data: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(data)) + data


def asks(name: str) -> str:
    return rf"it asks for {name.replace('.', '[.]')}, which no model file needs; nothing was run"


def routes(canary: Path) -> dict[str, Hostile]:
    """Every way in which a pickle runs something; each would make the file `canary`."""
    a = text(f"touch {canary}")
    arg = a + b"\x85"
    system = line_named("os.system")
    asked = asks("os.system")
    p2, p4 = b"\x80\x02", b"\x80\x04"
    partial = line_named("functools.partial")
    namespace = line_named("argparse.Namespace")
    rebuilt, tensor_class = line_named("torch._tensor._rebuild_from_type_v2") + b"(", line_named("torch.Tensor")

    def made(code: str) -> str:
        return f"it uses the pickle code {code}, which no model file needs; nothing was run"

    return {
        "GLOBAL, REDUCE": Hostile(p2 + system + arg + b"R.", asked, live=True),
        "GLOBAL, REDUCE without a protocol": Hostile(
            system + arg + b"R.", "neither a pickle nor a torch file", live=True
        ),
        "STACK_GLOBAL, REDUCE": Hostile(p4 + named("os.system") + arg + b"R.", asked, live=True),
        "STACK_GLOBAL of memoised texts": Hostile(
            p4 + text("system") + b"\x94" + text("os") + b"\x940" * 2 + b"h\x01h\x00\x93" + arg + b"R.",
            asked,
            live=True,
        ),
        "INST": Hostile(p2 + b"(" + a + line_named("os.system", b"i") + b".", asked, live=True),
        "INST of an allowed name": Hostile(
            p2 + b"(" + a + line_named("argparse.Namespace", b"i") + b".", "argparse.Namespace is made in a way"
        ),
        "OBJ": Hostile(p2 + b"(" + system + a + b"o.", asked, live=True),
        "OBJ of an allowed name": Hostile(p2 + b"(" + namespace + a + b"o.", made("OBJ")),
        "NEWOBJ": Hostile(p2 + partial + system + a + b"\x86\x81)R.", asks("functools.partial"), live=True),
        "NEWOBJ of a function": Hostile(
            p2 + line_named("torch.storage._load_from_bytes") + arg + b"\x81.", "_load_from_bytes is made in a way"
        ),
        "NEWOBJ_EX": Hostile(
            p4 + named("functools.partial") + named("os.system") + a + b"\x86}\x92)R.",
            asks("functools.partial"),
            live=True,
        ),
        "NEWOBJ_EX with keywords": Hostile(
            p4 + named("argparse.Namespace") + b")}" + text("a") + b"Ns\x92.", "makes an object by keywords"
        ),
        "BUILD calls a state setter that BUILD has set": Hostile(
            p2 + namespace + b")\x81}" + text("__setstate__") + system + b"sb" + a + b"b.", asked, live=True
        ),
        "BUILD of a name": Hostile(
            p2 + line_named("collections.OrderedDict") + b"}" + text("__init__") + a + b"sb.", "state to what has none"
        ),
        "BUILD of slots": Hostile(p2 + namespace + b")\x81N}" + text("__class__") + system + b"s\x86b.", asked),
        "EXT1": Hostile(p2 + b"\x82\x11" + arg + b"R.", made("EXT1"), live=True),
        "EXT2": Hostile(p2 + b"\x83\x11\x11" + arg + b"R.", made("EXT2"), live=True),
        "EXT4": Hostile(p2 + b"\x84\x11\x11\x11\x11" + arg + b"R.", made("EXT4"), live=True),
        "PERSID, of text": Hostile(p2 + b"Pos.system\n.", made("PERSID")),
        "BINPERSID": Hostile(p2 + arg + b"Q.", "refers to an object outside of itself"),
        "BINPERSID of a function": Hostile(p2 + system + b"Q.", asked),
        "NEXT_BUFFER": Hostile(b"\x80\x05\x97.", made("NEXT_BUFFER")),
        "READONLY_BUFFER": Hostile(b"\x80\x05" + a + b"\x98.", made("READONLY_BUFFER")),
        "call of a text": Hostile(p2 + text("os.system") + arg + b"R.", "calls what is no function"),
        "call of a call's result": Hostile(
            p2 + line_named("builtins.getattr") + line_named("os.path") + text("os") + b"\x86R.",
            asks("builtins.getattr"),
        ),
        "allowed function, other arguments": Hostile(
            p2 + line_named("torch._utils._rebuild_tensor_v2") + arg + b"R.", "made from something else than a storage"
        ),
        "call of a class that is only mentioned": Hostile(
            p2 + tensor_class + arg + b"R.", "an object torch.Tensor is made in a way that no model file needs"
        ),
        "tensor with attributes that calls a function": Hostile(
            p2 + rebuilt + system + tensor_class + arg + b"NtR.", asked, live=True
        ),
        **{
            f"tensor with attributes that calls {name}": Hostile(
                p2 + rebuilt + line_named(name) + tensor_class + arg + b"NtR.",
                "a tensor is made from something else than a storage",
            )
            for name in ("torch.storage._load_from_bytes", "torch._tensor._rebuild_from_type_v2", PERSISTENT)
        },
        "attribute of an allowed name": Hostile(
            p4 + text("collections") + text("OrderedDict.__reduce__") + b"\x93.",
            asks("collections.OrderedDict.__reduce__"),
        ),
        "attribute of a module": Hostile(
            p4 + text("torch") + text("os.system") + b"\x93" + arg + b"R.", asks("torch.os.system"), live=True
        ),
        "name split elsewhere": Hostile(
            p4 + text("torch.storage._load") + text("from_bytes") + b"\x93.", asks("torch.storage._load.from_bytes")
        ),
        "control characters in a name": Hostile(
            p4 + text("o\x1b[2Js\r\n") + text("system") + b"\x93.", r"asks for o\?\[2Js\?\?\.system"
        ),
        "code after the end": Hostile(p2 + b"}." + p2 + system + arg + b"R.", "holds no StyleGAN2"),
        "code in a network's data": Hostile(
            p4 + named(PERSISTENT) + b"}" + text("state") + named("os.system") + arg + b"Rs\x85R.",
            asked,
        ),
    }


DANGEROUS_NAMES = (
    *("posix.system", "nt.system", "builtins.eval", "builtins.exec", "builtins.compile", "builtins.__import__"),
    *("builtins.getattr", "builtins.open", "io.open", "_io.FileIO", "operator.attrgetter", "operator.methodcaller"),
    *("functools.partial", "functools.reduce", "importlib.import_module", "runpy.run_path", "code.interact", "pdb.run"),
    *("subprocess.Popen", "subprocess.check_output", "os.popen", "os.execv", "pty.spawn", "socket.socket"),
    *("shutil.rmtree", "pathlib.Path", "tempfile.mktemp", "webbrowser.open", "ctypes.CDLL", "types.CodeType"),
    *("marshal.loads", "pickle.loads", "_pickle.loads", "shelve.open", "timeit.timeit", "cProfile.run", "pip.main"),
    *("torch.load", "torch.hub.load", "torch.jit.load", "torch._C._jit_eval", "torch.storage.UntypedStorage.from_file"),
    *("torch._utils._rebuild_wrapper_subclass", "torch._utils._rebuild_tensor_v3", "torch.serialization.load"),
    *("torch.utils.cpp_extension.load_inline", "torch.fx._symbolic_trace.wrap", "torch._dynamo.optimize"),
    *("numpy.load", "numpy.fromfile", "numpy.core.multiarray.fromfile", "numpy.testing.run_module_suite"),
    *("numpy.lib.format.open_memmap", "numpy.memmap", "numpy.distutils.exec_command", "dnnlib.util.open_url"),
    *("dnnlib.util.construct_class_by_name", "dnnlib.tflib.network.Network.clone", "legacy.load_network_pkl"),
    *("torch_utils.persistence._module_to_src_dict", "torch_utils.misc.constant", "training.networks.Generator"),
    *("copyreg._reconstructor", "copyreg.__newobj__", "copy_reg._reconstructor", "collections.defaultdict"),
)


class Harm:
    """Pickles as a call of os.system."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> Any:
        import os

        return os.system, (f"touch {self.canary}",)


def by_torch(value: Any, *, archive: bool) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=archive)
    return file.getvalue()


def header() -> bytes:
    """What torch's format before 1.6 begins with."""
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}
    return b"".join(pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, system))


def load_from_bytes(data: bytes) -> bytes:
    return b"\x80\x04" + named("torch.storage._load_from_bytes") + binary(data) + b"\x85R."


def nested(canary: Path) -> dict[str, Hostile]:
    """Pickles by Python and torch, and in each other."""
    asked = r"asks for (posix|nt)\.system"
    files = {
        f"pickle of protocol {protocol}": Hostile(pickle.dumps({"G_ema": Harm(canary)}, protocol), asked, live=True)
        for protocol in (2, 3, 4, 5)
    }
    for archive in (True, False):
        kind = "archive" if archive else "stream"
        data = by_torch({"g_ema": Harm(canary)}, archive=archive)
        files[f"torch's {kind}"] = Hostile(data, asked)
        files[f"torch's {kind} in a pickle"] = Hostile(
            load_from_bytes(by_torch(Harm(canary), archive=archive)), f"{asked}|pickle code PERSID", live=True
        )
    data = writers.as_stream(torch.zeros(3))
    for _ in range(3):
        data = header() + load_from_bytes(data) + pickle.dumps([], 2)
    files["torch file in torch file in torch file"] = Hostile(data, "a torch file lies in a torch file in a pickle")
    system = line_named("os.system")
    for name, key, said in (
        (
            "a function as kind",
            b"(" + text("storage") + system + text("0") + text("cpu") + b"K\x04Nt",
            asks("os.system"),
        ),
        (
            "source code",
            b"(" + text("module") + text("a") + text("b") + text("import os") + b"t",
            "something else than its",
        ),
        (
            "another name",
            b"(" + text("storage") + line_named("torch.Size") + text("0") + text("cpu") + b"K\x04Nt",
            "than num",
        ),
        ("a number", b"K\x01", "outside of itself"),
    ):
        files[f"persistent id with {name}"] = Hostile(header() + b"\x80\x02" + key + b"Q." + pickle.dumps([], 2), said)
    return files


def bombs() -> dict[str, Hostile]:
    """Small files that would become large, or deep."""
    two, four = b"\x80\x02", b"\x80\x04"
    sets = b"c__builtin__\nset\nh\x00\x85R0"
    found = {
        "marks": two + b"(" * 600_000,
        "lists on the stack": two + b"]" * 600_000,
        "tuples in tuples": two + b")" + b"\x85" * 150_000 + b".",
        "lists in lists": two + b"]" * 90_000 + b"a" * 89_999 + b".",
        "maps in maps": two + b"}" + (text("a") + b"}") * 30_000 + b"s" * 30_000 + b".",
        "objects in objects": two + line_named("argparse.Namespace") * 30_000 + b")" + b"\x81\x85" * 30_000 + b".",
        "networks in networks": two + line_named(PERSISTENT) * 30_000 + b")" + b"R\x85" * 30_000 + b".",
        "states in states": two + (line_named("argparse.Namespace") + b")\x81") * 30_000 + b"b" * 29_999 + b".",
        "deep key": two + b"})" + b"\x85" * 150_000 + b"Ns.",
        "deep set": four + b"()" + b"\x85" * 150_000 + b"\x91.",
        "deep architecture": two + b"}" + text("G_ema") + b"]" + b"\x85" * 150_000 + b"s.",
        "objects": two + b"}0" * 600_000 + b"N.",
        "memo": four + b"N" + b"\x94" * 600_000 + b".",
        "doubling": two + b"]q\x00" + b"".join(b"](h%ch%ceq%c" % (i, i, i + 1) for i in range(200)) + b".",
        "one list, many sets": two + b"](" + b"K\x01" * 50_000 + b"eq\x000" + sets * 1000,
        "one text, many bytes": four
        + text("a" * 1000)
        + b"\x940"
        + (b"c_codecs\nencode\nh\x00" + text("latin1") + b"\x86R") * 90_000,
        "one long text, many bytes": four
        + text("a" * 100_000)
        + b"\x940"
        + (b"c_codecs\nencode\nh\x00" + text("latin1") + b"\x86R") * 9_000,
        "far memo": two + b"Nr\xff\xff\xff\xff.",
        "holds itself": two + b"}q\x00" + text("G_ema") + b"h\x00s.",
        "network that holds itself": two
        + line_named(PERSISTENT)
        + b"}q\x00"
        + text("state")
        + b"}"
        + text("_modules")
        + b"}q\x02ss\x85Rq\x01h\x02"
        + text("a")
        + b"h\x01s0.",
        "bytes": four + b"\x8e" + struct.pack("<Q", 1 << 62),
        "bytearray": b"\x80\x05\x96" + struct.pack("<Q", 1 << 40),
        "text": two + b"X\xff\xff\xff\xff",
        "long text": four + b"\x8d" + struct.pack("<Q", 1 << 63),
        "number": two + b"\x8b\xff\xff\xff\x7f",
        "negative length": two + b"T\xff\xff\xff\xff",
        "long name": two + b"c" + b"a" * 1_000_000,
        "protocol": b"\x80\x09N.",
        "leftover": two + b"NN.",
        "empty": b"",
        "only a stop": two + b".",
        "pops": two + b"N000.",
        "pop beyond a mark": two + b"N(0R.",
        "frames": four + b"\x95\xff\xff\xff\xff\xff\xff\xff\xff" * 1000 + b"N.",
        "items of a tuple": two + b")(NNu.",
        "item without value": two + b"}(Nu.",
        "text that is none": two + b"X\x02\x00\x00\x00\xff\xfe.",
        "number that is no number": two + b"}" + text("G_ema") + b"G\x7f\xf8\x00\x00\x00\x00\x00\x00s.",
    }
    return {name: Hostile(data, "model", most_mib=96) for name, data in found.items()} | {
        "storages": Hostile(
            header() + two + b"".join(_storage(i) + b"0" for i in range(110_000)), "more", most_mib=160
        ),
        "a wide latent": _wide_latent(),
        "many modules, one map of parameters": Hostile(_shared_parameters(), "more parameters than any model"),
        "many modules, one map of modules": Hostile(_shared_modules(), "more parts than any model"),
        "many components, one list of variables": Hostile(_shared_variables(), "more variables than any model"),
        "many components, one map of settings": Hostile(_shared_settings(), "more settings than any model"),
        "many modules, one map of settings": Hostile(_shared_init_kwargs(), "more settings than any model"),
        "two variables of one name": Hostile(_two_of_a_name(), "a network has v twice"),
        "components that hold themselves": Hostile(_components_in_circles(), "more parts than any model, or itself"),
        "many networks' names without end": Hostile(_long_names(), "more parts than any model, or itself"),
        "layers that claim to be huge": _claims(),
    }


def _module(parts: dict[bytes, bytes]) -> bytes:
    """A network of NVIDIA's whose data are these maps, given as pickle codes."""
    state = b"".join(text(name.decode()) + b"}" + entries for name, entries in parts.items())
    return named(PERSISTENT) + b"}" + text("state") + b"}(" + state + b"us\x85R"


def _parameter() -> bytes:
    """A tensor of one number, as pickle codes."""
    size = b"K\x00K\x01\x85K\x01\x85"
    return named("torch._utils._rebuild_tensor_v2") + b"(" + load_from_bytes(_one_number())[2:-1] + size + b"tR"


def _one_number() -> bytes:
    key = text("storage") + line_named("torch.FloatStorage") + text("0") + text("cpu") + b"K\x01N"
    return header() + b"\x80\x02(" + key + b"tQ." + pickle.dumps(["0"], 2) + struct.pack("<qf", 1, 1.0)


def _shared_parameters() -> bytes:
    """A map of ten thousand parameters, which a thousand modules name."""
    entries = b"(" + b"".join(text(f"p{i}") + b"h\x00" for i in range(10_000)) + b"u"
    first = _module({b"_parameters": entries + b"q\x01"})
    other = named(PERSISTENT) + b"}" + text("state") + b"}" + text("_parameters") + b"h\x01ss\x85R"
    modules = b"(" + text("m") + first + b"".join(text(f"m{i}") + other for i in range(1000)) + b"u"
    return b"\x80\x04" + _parameter() + b"q\x000}" + text("G_ema") + _module({b"_modules": modules}) + b"s."


def _shared_modules() -> bytes:
    """Four thousand modules, each of which holds the next four thousand, which are the same."""
    leaf = _module({})
    entries = b"(" + b"".join(text(f"m{i}") + b"h\x00" for i in range(4000)) + b"u"
    inner = _module({b"_modules": entries})
    outer = b"(" + b"".join(text(f"n{i}") + b"h\x01" for i in range(4000)) + b"u"
    head = b"\x80\x04" + leaf + b"q\x000" + inner + b"q\x010"
    return head + b"}" + text("G_ema") + _module({b"_modules": outer}) + b"s."


def _shared_init_kwargs() -> bytes:
    """A map of ten thousand settings, with which a thousand modules were made."""
    first = _module({b"_init_kwargs": b"(" + b"".join(text(f"s{i}") + b"N" for i in range(10_000)) + b"uq\x01"})
    other = named(PERSISTENT) + b"}" + text("state") + b"}" + text("_init_kwargs") + b"h\x01ss\x85R"
    modules = b"(" + text("m") + first + b"".join(text(f"m{i}") + other for i in range(1000)) + b"u"
    return b"\x80\x04}" + text("G_ema") + _module({b"_modules": modules}) + b"s."


def _long_names() -> bytes:
    """Names of a thousand letters, of modules in modules."""
    module = _module({})
    for _ in range(300):
        module = _module({b"_modules": b"(" + text("a" * 1000) + module + b"u"})
    return b"\x80\x04}" + text("G_ema") + module + b"s."


def _tensorflow(state: bytes) -> bytes:
    """An object of TensorFlow's network with this state, as pickle codes."""
    return named("dnnlib.tflib.network.Network") + b")\x81" + state + b"b"


def _shared_variables() -> bytes:
    """A list of ten thousand variables, which a thousand components name."""
    variables = b"](" + (text("v") + b"N\x86") * 10_000 + b"e"
    return _components(_tensorflow(b"}" + text("variables") + variables + b"s"), 1000)


def _shared_settings() -> bytes:
    """A map of ten thousand settings, which a thousand components name."""
    settings = b"}(" + b"".join(text(f"s{i}") + b"N" for i in range(10_000)) + b"u"
    return _components(_tensorflow(b"}" + text("static_kwargs") + settings + b"s"), 1000)


def _two_of_a_name() -> bytes:
    variables = b"](" + (text("v") + b"G" + struct.pack(">d", 1.0) + b"\x86") * 2 + b"e"
    return _components(_tensorflow(b"}" + text("variables") + variables + b"s"), 1)


def _components(component: bytes, count: int) -> bytes:
    """A file whose networks have so many components, which are one and the same."""
    components = b"}(" + b"".join(text(f"c{i}") + b"h\x00" for i in range(count)) + b"u"
    whole = _tensorflow(b"}" + text("components") + components + b"s")
    return b"\x80\x04" + component + b"q\x000" + whole + b"q\x010h\x01h\x01h\x01\x87."


def _components_in_circles() -> bytes:
    whole = named("dnnlib.tflib.network.Network") + b")\x81q\x00}" + text("components") + b"}(" + text("a") + b"h\x00"
    return b"\x80\x04" + whole + text("b") + b"h\x00usbh\x00h\x00\x87."


def _storage(number: int) -> bytes:
    key = b"(" + b"".join(map(text, ("storage",))) + line_named("torch.FloatStorage")
    return key + text(str(number)) + text("cpu") + b"K\x00NtQ"


def _wide_latent() -> Hostile:
    """One megabyte; but 8192 samples of its latent, for the mean that it lacks, would be eight gigabytes."""
    config = GeneratorConfig(z_dim=250_000, w_dim=1, img_resolution=8, channel_base=8, channel_max=1, mapping_layers=1)
    state = writers.rosinality_generator(Generator(config))
    state["input.input"][0, 0, 0, 0] = float("nan")
    return Hostile(by_torch({"g_ema": state}, archive=False), "no finite numbers")


def _claims() -> Hostile:
    """Layers without noise, whose maps of zeros are left out of the file, as many and as large as it likes."""
    generator = writers.make_networks()[0]
    changes = {
        f"synthesis.b{8 << i}.conv{j}": {"use_noise": False, "resolution": 4096} for i in range(3) for j in (0, 1)
    }
    changes |= {f"synthesis.b{i}.conv1": {"use_noise": False, "resolution": 4096} for i in range(5000, 5200)}
    network = writers.nvidia_network(generator, changes=changes)
    return Hostile(writers.dump({"G_ema": network}), "model")


def tensor(count: int, offset: object, shape: object, stride: object) -> bytes:
    """torch's format before 1.6, with a tensor whose numbers are `count` zeros."""

    class Storage:
        pass

    class Writer(pickle.Pickler):
        def persistent_id(self, thing: Any) -> Any:
            return ("storage", torch.FloatStorage, "0", "cpu", count, None) if isinstance(thing, Storage) else None

    class Made:
        def __reduce__(self) -> Any:
            return torch._utils._rebuild_tensor_v2, (Storage(), offset, shape, stride, False, writers.OrderedDict())

    file = io.BytesIO()
    Writer(file, 2).dump({"g_ema": {"input.input": Made()}})
    data = header() + file.getvalue() + pickle.dumps(["0"], 2) + struct.pack("<q", count)
    return data + bytes(4 * max(0, min(count, 1000)))


TENSORS = {
    "larger than its storage": (4, 0, (5,), (1,)),
    "a stride of 0": (4, 0, (10**6, 10**6), (0, 0)),
    "a stride of 0 that fits": (4, 0, (2, 2), (0, 1)),
    "rows that overlap": (1000, 0, (500, 500), (1, 1)),
    "rows that overlap and fit": (1000, 0, (30, 30), (1, 1)),
    "rows that overlap by one": (1000, 0, (3, 4), (3, 1)),
    "a negative stride": (4, 3, (4,), (-1,)),
    "a negative offset": (4, -1, (4,), (1,)),
    "a negative shape": (4, 0, (-1, -4), (1, 1)),
    "an offset at the end": (4, 4, (1,), (1,)),
    "an offset beyond everything": (4, 2**40, (1,), (1,)),
    "an enormous shape": (4, 0, (2**40, 2**40), (2**40, 1)),
    "an enormous stride": (4, 0, (2, 2), (2**47, 1)),
    "an overflowing shape": (4, 0, (2**62, 4), (4, 1)),
    "an overflowing product": (4, 0, (2**32, 2**32), (1, 2**32)),
    "many dimensions": (4, 0, (1,) * 50, (1,) * 50),
    "fewer strides": (4, 0, (2, 2), (1,)),
    "a shape of texts": (4, 0, ("a",), (1,)),
    "a shape that is true": (4, 0, (True,), (1,)),
    "a list as shape": (4, 0, [4], [1]),
    "a fraction as offset": (4, 0.5, (4,), (1,)),
    "a storage larger than the file": (10**9, 0, (10**9,), (1,)),
    "a storage of negative length": (-4, 0, (4,), (1,)),
    "a storage whose size overflows": (2**62, 0, (2**40,), (1,)),
}
"""Count, offset, shape and strides that do not fit."""


def tensors() -> dict[str, Hostile]:
    said = "tensor|storage has no sensible length|ends too early"
    return {name: Hostile(tensor(*wrong), said, most_mib=8) for name, wrong in TENSORS.items()}


# Archives


def rezip(data: bytes, change: Callable[[zipfile.ZipFile, zipfile.ZipInfo, bytes], None]) -> bytes:
    """The archive written anew, member by member."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
        for info in old.infolist():
            change(new, info, old.read(info))
    return file.getvalue()


def keep(new: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes) -> None:
    new.writestr(zipfile.ZipInfo(info.filename), data)


def _compressed(new: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes) -> None:
    new.writestr(zipfile.ZipInfo(info.filename), data, zipfile.ZIP_DEFLATED)


def _bomb(new: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes) -> None:
    if info.filename.endswith("data/0"):
        new.writestr(zipfile.ZipInfo(info.filename), bytes(200 * MIB), zipfile.ZIP_DEFLATED)
    else:
        keep(new, info, data)


def _of_kind(mode: int) -> Callable[[zipfile.ZipFile, zipfile.ZipInfo, bytes], None]:
    def change(new: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes) -> None:
        member = zipfile.ZipInfo(info.filename)
        if info.filename.endswith("data/0"):
            member.external_attr = (mode | 0o777) << 16
            data = b"/etc/passwd"
        new.writestr(member, data)

    return change


def _renamed(name: str) -> Callable[[zipfile.ZipFile, zipfile.ZipInfo, bytes], None]:
    def change(new: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes) -> None:
        keep(new, info, data)
        if info.filename.endswith("data/0"):
            new.writestr(zipfile.ZipInfo(name), data)

    return change


def _patched(data: bytes, member: str, at: int, value: bytes, *, local: bool = False) -> bytes:
    """The archive with other bytes in the member's entry of the directory; local: in the one before its data too."""
    plain = bytearray(rezip(data, keep))
    name = next(
        info.filename for info in zipfile.ZipFile(io.BytesIO(plain)).infolist() if info.filename.endswith(member)
    )
    entry = plain.rindex(name.encode()) - 46
    plain[entry + at : entry + at + len(value)] = value
    if local:  # its fields lie two bytes lower, for the version that is left out
        first = plain.index(name.encode()) - 30
        plain[first + at - 2 : first + at - 2 + len(value)] = value
    return bytes(plain)


def archives(archive: bytes) -> dict[str, Hostile]:
    """Tricks with a good archive."""
    plain = rezip(archive, keep)
    tricks: dict[str, tuple[bytes, str]] = {
        "compressed": (rezip(archive, _compressed), "compressed or encrypted"),
        "a zip bomb": (rezip(archive, _bomb), "compressed or encrypted"),
        "a symbolic link": (rezip(archive, _of_kind(stat.S_IFLNK)), "is a link to somewhere else"),
        "a path upwards": (rezip(archive, _renamed("../../evil")), "leads elsewhere"),
        "a path upwards inside": (rezip(archive, _renamed("model/../../evil")), "leads elsewhere"),
        "an absolute path": (rezip(archive, _renamed("/etc/evil")), "leads elsewhere"),
        "a Windows path": (rezip(archive, _renamed("a\\..\\evil")), "leads elsewhere"),
        "a drive": (rezip(archive, _renamed("C:/evil")), "leads elsewhere"),
        "two roots": (rezip(archive, _renamed("other/data.pkl")), "none that torch has written"),
        "a name twice": (rezip(archive, _renamed("model/data/0")), "twice|not in the file"),
        "encrypted": (_patched(archive, "data/0", 8, b"\x01\x00", local=True), "compressed or encrypted"),
        "a wrong checksum": (_patched(archive, "data/0", 16, b"\x01\x02\x03\x04", local=True), "checksum does not fit"),
        "a wrong checksum of the pickle": (
            _patched(archive, "data.pkl", 16, b"\x01\x02\x03\x04"),
            "checksum does not fit",
        ),
        "a claimed size": (_patched(archive, "data/0", 24, struct.pack("<I", 1 << 30)), "larger than it is"),
        "both sizes beyond the file": (
            _patched(archive, "data/0", 20, struct.pack("<II", 1 << 30, 1 << 30)),
            "beyond the file",
        ),
        "sizes in a field that is not there": (_patched(archive, "data/0", 20, b"\xff" * 8), "beyond the file|damaged"),
        "an offset beyond the file": (_patched(archive, "data/0", 42, struct.pack("<I", 1 << 30)), "ends before"),
        "another name before the data": (_local_name(archive), "not where it should be"),
        "members on top of each other": (_on_top(archive), "overlap|not where it should be"),
        "a comment": (plain[:-2] + b"\x05\x00hello", "the archive's end is missing"),
        "bytes before": (b"PK\x03\x04" + bytes(100) + plain, "directory is not where it should be"),
        "a pickle before": (b"\x80\x02}." + plain, "holds no StyleGAN2"),
        "a directory of nothing": (plain[:-12] + b"\x00" * 12, "not where it should be"),
        "more members than there are": (_counted(archive, 40_000), "ends too early"),
        "fewer members than there are": (_counted(archive, 1), "longer than it says"),
        "members without end": (_counted(archive, 0xFFFE), "more than any model needs"),
    }
    return {name: Hostile(data, said) for name, (data, said) in tricks.items()}


def _counted(archive: bytes, count: int) -> bytes:
    plain = bytearray(rezip(archive, keep))
    plain[-12:-10] = struct.pack("<H", count)
    return bytes(plain)


def _local_name(archive: bytes) -> bytes:
    plain = rezip(archive, keep)
    name = next(n for n in zipfile.ZipFile(io.BytesIO(plain)).namelist() if n.endswith("data/0")).encode()
    return plain.replace(name, name[:-1] + b"1", 1)


def _on_top(archive: bytes) -> bytes:
    """Each member small, all of them the same bytes: the usual trick of bombs that are not compressed."""
    plain = bytearray(rezip(archive, keep))
    directory = plain.index(b"PK\x01\x02")
    first = struct.unpack("<I", plain[directory + 42 : directory + 46])
    second = plain.index(b"PK\x01\x02", directory + 4)
    plain[second + 42 : second + 46] = struct.pack("<I", *first)
    return bytes(plain)


def tars(canary: Path) -> dict[str, Hostile]:
    """torch's format before 0.1.10, which unpacked members to where their names say."""
    found = {}
    for name in ("storages", "../../evil", "/tmp/evil"):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w") as tar:
            data = pickle.dumps(Harm(canary), 2)
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
            link = tarfile.TarInfo("tensors")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(link)
        found[name] = Hostile(file.getvalue(), "it is a tar file")
    return found


# safetensors


def safetensors_file(header_text: bytes, data: bytes = b"", length: int | None = None) -> bytes:
    return struct.pack("<Q", len(header_text) if length is None else length) + header_text + data


def safetensors_files() -> dict[str, Hostile]:
    """Headers that lie. All begin as one does, `{` in the ninth place."""

    def entry(shape: Any, offsets: Any, dtype: Any = "F32") -> bytes:
        return json.dumps({"a": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}).encode()

    found = {
        "a header longer than the file": safetensors_file(b"{}", length=1 << 20),
        "a header of endless length": safetensors_file(b"{}", length=(1 << 64) - 1),
        "a header of 90 MiB": safetensors_file(b"{}", length=90 * MIB),
        "no JSON": safetensors_file(b"{" + b"\xff" * 99),
        "a header cut": safetensors_file(entry([2], [0, 8])[:-5], bytes(8)),
        "deep": safetensors_file(b'{"a":' * 100_000),
        "deep lists": safetensors_file(b'{"a":' + b"[" * 100_000),
        "offsets beyond the file": safetensors_file(entry([1 << 28], [0, 1 << 30]), bytes(8)),
        "offsets backwards": safetensors_file(entry([2], [8, 0]), bytes(8)),
        "negative offsets": safetensors_file(entry([2], [-8, 0]), bytes(8)),
        "a hole": safetensors_file(entry([1], [4, 8]), bytes(8)),
        "bytes left over": safetensors_file(entry([1], [0, 4]), bytes(800)),
        "a shape that overflows": safetensors_file(entry([1 << 33, 1 << 33], [0, 8]), bytes(8)),
        "a negative shape": safetensors_file(entry([-2], [0, 8]), bytes(8)),
        "an unknown type": safetensors_file(entry([2], [0, 8], "F33"), bytes(8)),
        "a type that is a list": safetensors_file(entry([2], [0, 8], ["F32"]), bytes(8)),
        "tensors on top of each other": safetensors_file(
            b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
            bytes(8),
        ),
        "a name twice": safetensors_file(
            b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
            bytes(8),
        ),
        "numbers of eight bits": _of_type("F8_E4M3"),
        "numbers of eight bits, exponents alone": _of_type("F8_E8M0"),
        "complex numbers": _of_type("C64"),
        "a name of many lines": safetensors_file(json.dumps({"a\nb\x1b[2J" * 999: {"dtype": "F32"}}).encode()),
        "a version of many lines": safetensors_file(
            json.dumps({"__metadata__": _metadata() | {"version": "a\nb\x1b[2J" * 999}}).encode()
        ),
        "a kind of many lines": safetensors_file(
            json.dumps({"__metadata__": _metadata() | {"network": "a\nb\x1b[2J" * 999}}).encode()
        ),
        "metadata that is no text": safetensors_file(b'{"__metadata__":{"config":[1]}}'),
        "metadata of another program": safetensors_file(b'{"__metadata__":{"format":"pt"}}'),
        "a configuration that is code": safetensors_file(
            json.dumps({"__metadata__": _metadata(config="__import__('os').abort()")}).encode()
        ),
        "a configuration without end": safetensors_file(
            json.dumps({"__metadata__": _metadata(config="[" * 200_000)}).encode()
        ),
        "a network of a billion channels": safetensors_file(
            json.dumps({"__metadata__": _metadata(channel_base=10**12, channel_max=10**9)}).encode()
        ),
        "many small layers": safetensors_file(json.dumps({"__metadata__": _metadata(mapping_layers=10**9)}).encode()),
        "a name without end": safetensors_file(
            json.dumps({"__metadata__": _metadata() | {"card": _card("x" * 10**6)}}).encode()
        ),
    }
    return {name: Hostile(data, "model") for name, data in found.items()}


def _of_type(code: str) -> bytes:
    """A model whose numbers are all of that type, and 0."""
    width = 8 if code == "C64" else 1
    generator = Generator(GeneratorConfig(z_dim=8, w_dim=8, img_resolution=8, channel_base=16, channel_max=2))
    entries, end = {}, 0
    for name, value in generator.state_dict().items():
        start, end = end, end + value.numel() * width
        entries[name] = {"dtype": code, "shape": list(value.shape), "data_offsets": [start, end]}
    metadata = {"__metadata__": _metadata(channel_base=16, channel_max=2)}
    return safetensors_file(json.dumps(metadata | entries).encode(), bytes(end))


def _metadata(config: str | None = None, **changes: int) -> dict[str, str]:
    plain = {"z_dim": 8, "w_dim": 8, "img_resolution": 8} | changes
    known = {"format": "draggan-stylegan2", "version": "1", "network": "generator", "card": _card("x")}
    return known | {"config": json.dumps(plain) if config is None else config}


def _card(name: str) -> str:
    return json.dumps({"name": name, "domain": "", "licence": ""})
