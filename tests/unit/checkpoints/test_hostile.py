"""Files that mean harm, or are damaged: each is refused with a reason; nothing runs, and memory stays bounded."""

from __future__ import annotations

import io
import pickle
import random
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from draggan_server.checkpoints import CheckpointError, open_checkpoint
from draggan_server.stylegan2 import Generator, GeneratorConfig
from tests.unit.checkpoints import writers
from tests.unit.stylegan2 import golden

MIB = 1 << 20


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def named(module: str, name: str) -> bytes:
    return text(module) + text(name) + b"\x93"


def refused(path: Path, data: bytes, said: str, most: int = 48 * MIB) -> None:
    """The file is refused with this reason, in one line, within so many bytes of memory."""
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match=said) as raised:
            open_checkpoint(path)
        assert tracemalloc.get_traced_memory()[1] < most + 2 * len(data)
    finally:
        tracemalloc.stop()
    assert len(str(raised.value)) < 600
    assert "\n" not in str(raised.value)


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    """What torch loads when the first network is made is no memory of a file's."""
    open_checkpoint(golden.FOLDER / f"{golden.NAMES[0]}.pkl")


@pytest.fixture
def canary(tmp_path: Path):
    """A file that code in a model file would make."""
    path = tmp_path / "code-was-run"
    yield path
    assert not path.exists()


CODE = {
    "GLOBAL, REDUCE": lambda a: b"\x80\x02cos\nsystem\n" + a + b"\x85R.",
    "STACK_GLOBAL, REDUCE": lambda a: b"\x80\x04" + named("os", "system") + a + b"\x85R.",
    "posix": lambda a: b"\x80\x02cposix\nsystem\n" + a + b"\x85R.",
    "builtins": lambda a: b"\x80\x02cbuiltins\neval\n" + a + b"\x85R.",
    "getattr": lambda a: b"\x80\x02cbuiltins\ngetattr\n" + a + b"\x85R.",
    "INST": lambda a: b"\x80\x02(" + a + b"ios\nsystem\n.",
    "INST of an allowed name": lambda a: b"\x80\x02(" + a + b"icollections\nOrderedDict\n.",
    "OBJ": lambda a: b"\x80\x02(cos\nsystem\n" + a + b"o.",
    "OBJ of an allowed name": lambda a: b"\x80\x02(ccollections\nOrderedDict\n" + a + b"o.",
    "NEWOBJ": lambda a: b"\x80\x02csubprocess\nPopen\n" + a + b"\x85\x81.",
    "NEWOBJ_EX": lambda a: b"\x80\x04" + named("subprocess", "Popen") + a + b"\x85}\x92.",
    "NEWOBJ_EX with keywords": lambda a: b"\x80\x04" + named("argparse", "Namespace") + b")}" + text("a") + b"Ns\x92.",
    "NEWOBJ of a function": lambda a: b"\x80\x02ctorch.storage\n_load_from_bytes\n" + a + b"\x85\x81.",
    "BUILD with a state setter": lambda a: b"\x80\x02cbuiltins\nobject\n)\x81}" + text("__setstate__") + a + b"sb.",
    "BUILD of a name": lambda a: b"\x80\x02ccollections\nOrderedDict\n}" + text("__init__") + a + b"sb.",
    "attribute of an allowed name": lambda a: b"\x80\x04" + named("collections", "OrderedDict.__reduce__") + b".",
    "attribute of a module": lambda a: b"\x80\x02ctorch\nos.system\n" + a + b"\x85R.",
    "EXT1": lambda a: b"\x80\x02\x82\x01.",
    "EXT2": lambda a: b"\x80\x02\x83\x01\x00.",
    "EXT4": lambda a: b"\x80\x02\x84\x01\x00\x00\x00.",
    "PERSID": lambda a: b"\x80\x02Pos.system\n.",
    "BINPERSID": lambda a: b"\x80\x02" + a + b"\x85Q.",
    "torch.load": lambda a: b"\x80\x02ctorch\nload\n" + a + b"\x85R.",
    "rebuild hook": lambda a: b"\x80\x02ctorch._utils\n_rebuild_wrapper_subclass\n" + a + b"\x85R.",
    "call of a text": lambda a: b"\x80\x02" + text("os.system") + a + b"\x85R.",
    "call of an allowed name with anything": lambda a: b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n" + a + b"\x85R.",
    "NEXT_BUFFER": lambda a: b"\x80\x05\x97.",
    "control characters in a name": lambda a: b"\x80\x04" + named("o\x1b[2Js\r\n", "system") + b".",
}
SAID = (
    r"it asks for [\w.?\[ ]+, which no model file needs; nothing was run|no model file needs|calls what is no function"
    r"|outside of itself|something else than|gives a state to what has none"
)


@pytest.mark.parametrize("route", CODE)
def test_code_is_not_run_by_any_route(tmp_path: Path, canary: Path, route: str):
    refused(tmp_path / "model.pkl", CODE[route](text(f"touch {canary}")), SAID)


def test_the_object_that_was_not_allowed_is_named(tmp_path: Path, canary: Path):
    class Harm:
        def __reduce__(self):
            import os

            return os.system, (f"touch {canary}",)

    for protocol in (2, 3, 4, 5):
        data = pickle.dumps({"G_ema": Harm()}, protocol)
        refused(tmp_path / "model.pkl", data, r"model\.pkl: it asks for (posix|nt)\.system, .*nothing was run")
    for archive in (True, False):
        path = tmp_path / "model.pt"
        torch.save({"g_ema": Harm()}, path, _use_new_zipfile_serialization=archive)
        refused(path, path.read_bytes(), r"asks for (posix|nt)\.system")


@pytest.mark.parametrize("archive", [True, False])
def test_code_in_a_torch_file_inside_a_pickle_is_not_run(tmp_path: Path, canary: Path, archive: bool):
    class Harm:
        def __reduce__(self):
            import os

            return os.system, (f"touch {canary}",)

    inner = io.BytesIO()
    torch.save(Harm(), inner, _use_new_zipfile_serialization=archive)
    data = b"\x80\x04" + named("torch.storage", "_load_from_bytes") + pickle_bytes(inner.getvalue()) + b"\x85R."
    refused(tmp_path / "model.pkl", data, r"asks for (posix|nt)\.system|pickle code PERSID")


def pickle_bytes(data: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(data)) + data


def test_torch_files_do_not_nest_further(tmp_path: Path):
    data = writers.as_stream(torch.zeros(3))
    for _ in range(3):
        call = b"\x80\x04" + named("torch.storage", "_load_from_bytes") + pickle_bytes(data) + b"\x85R."
        data = header() + call + pickle.dumps([], 2)
    refused(tmp_path / "model.pt", data, "a torch file lies in a torch file in a pickle")


def header() -> bytes:
    """What torch's format before 1.6 begins with."""
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}
    return b"".join(pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, system))


BOMBS = {
    "marks": b"\x80\x02" + b"(" * 600_000,
    "lists on the stack": b"\x80\x02" + b"]" * 600_000,
    "tuples in tuples": b"\x80\x02)" + b"\x85" * 150_000 + b".",
    "lists in lists": b"\x80\x02" + b"]" * 90_000 + b"a" * 89_999 + b".",
    "deep key": b"\x80\x02})" + b"\x85" * 150_000 + b"Ns.",
    "deep set": b"\x80\x04(" + b")" + b"\x85" * 150_000 + b"\x91.",
    "deep architecture": b"\x80\x02}" + text("G_ema") + b"]" + b"\x85" * 150_000 + b"s.",
    "objects": b"\x80\x02" + b"}0" * 600_000 + b"N.",
    "memo": b"\x80\x04N" + b"\x94" * 600_000 + b".",
    "doubling": b"\x80\x02]q\x00" + b"".join(b"](h%ch%ceq%c" % (i, i, i + 1) for i in range(200)) + b".",
    "one list, many sets": b"\x80\x02](" + b"K\x01" * 50_000 + b"eq\x000" + b"c__builtin__\nset\nh\x00\x85R0" * 1000,
    "far memo": b"\x80\x02Nr\xff\xff\xff\xff.",
    "holds itself": b"\x80\x02}q\x00" + text("G_ema") + b"h\x00s.",
    "bytes": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62),
    "bytearray": b"\x80\x05\x96" + struct.pack("<Q", 1 << 40),
    "text": b"\x80\x02X\xff\xff\xff\xff",
    "long text": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 63),
    "number": b"\x80\x02\x8b\xff\xff\xff\x7f",
    "long name": b"\x80\x02c" + b"a" * 1_000_000,
    "protocol": b"\x80\x09N.",
    "leftover": b"\x80\x02NN.",
    "empty": b"",
    "only a stop": b"\x80\x02.",
    "pops": b"\x80\x02N000.",
    "pop beyond a mark": b"\x80\x02N(0R.",
    "frames": b"\x80\x04" + b"\x95\xff\xff\xff\xff\xff\xff\xff\xff" * 1000 + b"N.",
    "items of a tuple": b"\x80\x02)(NNu.",
    "item without value": b"\x80\x02}(Nu.",
    "text that is none": b"\x80\x02X\x02\x00\x00\x00\xff\xfe.",
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused_in_bounded_memory(tmp_path: Path, bomb: str):
    refused(tmp_path / "model.pkl", BOMBS[bomb], "model", most=96 * MIB)


def test_bytes_that_are_named_many_times_are_not_read_as_often(tmp_path: Path):
    """One megabyte that 60 layers share."""
    config = GeneratorConfig(z_dim=512, w_dim=512, img_resolution=8, channel_base=64, channel_max=8, mapping_layers=60)
    state = writers.rosinality_generator(Generator(config))
    shared = torch.zeros(512, 512)
    state |= {f"style.{i}.weight": shared for i in range(1, 61)}
    path = writers.save_torch({"g_ema": state, "latent_avg": torch.zeros(512)}, tmp_path / "model.pt")
    assert path.stat().st_size < 3 * MIB
    refused(path, path.read_bytes(), "the same bytes are used again and again", most=4 * MIB)


def tensor(count: int, offset: object, shape: object, stride: object) -> bytes:
    """torch's format before 1.6, with a tensor whose numbers are `count` zeros."""

    class Storage:
        pass

    class Writer(pickle.Pickler):
        def persistent_id(self, thing):
            return ("storage", torch.FloatStorage, "0", "cpu", count, None) if isinstance(thing, Storage) else None

    class Made:
        def __reduce__(self):
            return torch._utils._rebuild_tensor_v2, (Storage(), offset, shape, stride, False, writers.OrderedDict())

    file = io.BytesIO()
    Writer(file, 2).dump({"g_ema": {"input.input": Made()}})
    data = header() + file.getvalue() + pickle.dumps(["0"], 2) + struct.pack("<q", count)
    return data + bytes(4 * max(0, min(count, 1000)))


TENSORS = {
    "larger than its storage": (4, 0, (5,), (1,)),
    "a stride of 0": (4, 0, (10**6, 10**6), (0, 0)),
    "rows that overlap": (1000, 0, (500, 500), (1, 1)),
    "a negative stride": (4, 3, (4,), (-1,)),
    "a negative offset": (4, -1, (4,), (1,)),
    "an offset at the end": (4, 4, (1,), (1,)),
    "an enormous shape": (4, 0, (2**40, 2**40), (2**40, 1)),
    "an overflowing shape": (4, 0, (2**62, 4), (4, 1)),
    "many dimensions": (4, 0, (1,) * 50, (1,) * 50),
    "fewer strides": (4, 0, (2, 2), (1,)),
    "a shape of texts": (4, 0, ("a",), (1,)),
    "a shape that is true": (4, 0, (True,), (1,)),
    "a list as shape": (4, 0, [4], [1]),
    "a fraction as offset": (4, 0.5, (4,), (1,)),
    "a storage larger than the file": (10**9, 0, (10**9,), (1,)),
    "a storage of negative length": (-4, 0, (4,), (1,)),
}


@pytest.mark.parametrize("wrong", TENSORS)
def test_tensors_that_do_not_fit_their_numbers_are_refused(tmp_path: Path, wrong: str):
    said = "tensor|storage has no sensible length|ends too early"
    refused(tmp_path / "model.pt", tensor(*TENSORS[wrong]), said, most=8 * MIB)


def test_a_tensor_that_fits_is_not_refused_for_it(tmp_path: Path):
    refused(tmp_path / "model.pt", tensor(4, 0, (2, 2), (2, 1)), "should begin with 1 times 1")


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("archive") / "model.pt"
    generator = writers.make_networks()[0]
    value = {"g_ema": writers.rosinality_generator(generator), "latent_avg": generator.w_avg}
    return writers.save_torch(value, path).read_bytes()


def rezip(data: bytes, change: Callable[[zipfile.ZipFile, zipfile.ZipInfo, bytes], None]) -> bytes:
    """The archive written anew, member by member."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
        for info in old.infolist():
            change(new, info, old.read(info))
    return file.getvalue()


def keep(new: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes) -> None:
    new.writestr(zipfile.ZipInfo(info.filename), data)


def compressed(new: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes) -> None:
    new.writestr(zipfile.ZipInfo(info.filename), data, zipfile.ZIP_DEFLATED)


def bomb(new: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes) -> None:
    if info.filename.endswith("data/0"):
        new.writestr(zipfile.ZipInfo(info.filename), bytes(200 * MIB), zipfile.ZIP_DEFLATED)
    else:
        keep(new, info, data)


def link(new: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes) -> None:
    member = zipfile.ZipInfo(info.filename)
    if info.filename.endswith("data/0"):
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        data = b"/etc/passwd"
    new.writestr(member, data)


def renamed(name: str) -> Callable[[zipfile.ZipFile, zipfile.ZipInfo, bytes], None]:
    def change(new: zipfile.ZipFile, info: zipfile.ZipInfo, data: bytes) -> None:
        keep(new, info, data)
        if info.filename.endswith("data/0"):
            new.writestr(zipfile.ZipInfo(name), data)

    return change


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (compressed, "compressed or encrypted"),
        (bomb, "compressed or encrypted"),
        (link, "is a link to somewhere else"),
        (renamed("../../evil"), "leads elsewhere"),
        (renamed("/etc/evil"), "leads elsewhere"),
        (renamed("a\\..\\evil"), "leads elsewhere"),
        (renamed("C:/evil"), "leads elsewhere"),
        (renamed("other/data.pkl"), "none that torch has written"),
        (renamed("model/data/0"), "twice|not in the file"),
    ],
)
def test_tricks_with_archives_are_refused(tmp_path: Path, archive: bytes, change, said: str):
    refused(tmp_path / "model.pt", rezip(archive, change), said)


def test_an_archive_written_by_another_program_is_read(tmp_path: Path, archive: bytes):
    (tmp_path / "model.pt").write_bytes(rezip(archive, keep))
    assert open_checkpoint(tmp_path / "model.pt").checkpoint.generator.resolution == 32


def test_an_archive_with_members_on_top_of_each_other_is_refused(tmp_path: Path, archive: bytes):
    """Each member small, all of them the same bytes: the usual trick of bombs that are not compressed."""
    plain = bytearray(rezip(archive, keep))
    directory = plain.index(b"PK\x01\x02")
    first = struct.unpack("<I", plain[directory + 42 : directory + 46])
    second = plain.index(b"PK\x01\x02", directory + 4)
    plain[second + 42 : second + 46] = struct.pack("<I", *first)
    refused(tmp_path / "model.pt", bytes(plain), "overlap|not where it should be")


def test_an_archive_that_counts_wrongly_is_refused(tmp_path: Path, archive: bytes):
    for count, said in ((0xFFFE, "more than any model needs"), (1, "longer than it says"), (40_000, "ends too early")):
        plain = bytearray(rezip(archive, keep))
        plain[-12:-10] = struct.pack("<H", count)
        refused(tmp_path / "model.pt", bytes(plain), said)


@pytest.fixture(scope="module")
def files(archive: bytes) -> dict[str, bytes]:
    """A whole file of each layout."""
    networks = writers.make_networks()
    alone = writers.dump({"G_ema": writers.nvidia_network(networks[0])})
    value = {"g_ema": writers.rosinality_generator(networks[0]), "latent_avg": networks[0].w_avg}
    return {
        "nvidia": alone,
        "tensorflow": writers.tensorflow_file(*networks),
        "archive": archive,
        "stream": writers.as_stream(value),
    }


LAYOUTS = ("nvidia", "tensorflow", "archive", "stream")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_truncated_files_are_refused(tmp_path: Path, files: dict[str, bytes], layout: str):
    whole = files[layout]
    for length in (*(len(whole) * part // 50 for part in range(50)), len(whole) - 1):
        (tmp_path / "model").write_bytes(whole[:length])
        with pytest.raises(CheckpointError, match="model: "):
            open_checkpoint(tmp_path / "model")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_flipped_bits_give_finite_numbers_or_a_reason(tmp_path: Path, files: dict[str, bytes], layout: str, full: bool):
    whole, path = files[layout], tmp_path / "model"
    chosen = random.Random(f"flips of {layout}")
    # Most of a file is numbers, where a flip does little: half of the flips go where the structure is.
    structure = [place for place, byte in enumerate(whole) if 32 <= byte < 127] if layout != "nvidia" else []
    loaded = 0
    for attempt in range(3000 if full else 24):
        damaged = bytearray(whole)
        for _ in range(chosen.choice((1, 1, 2, 8))):
            place = chosen.choice(structure) if structure and attempt % 2 else chosen.randrange(len(whole))
            damaged[place] ^= 1 << chosen.randrange(8)
        path.write_bytes(damaged)
        if attempt % 8 == 0:  # watching costs ten times as much as reading
            tracemalloc.start()
        try:
            generator = open_checkpoint(path).checkpoint.generator
        except CheckpointError:
            continue
        finally:
            if tracemalloc.is_tracing():
                assert tracemalloc.get_traced_memory()[1] < 64 * MIB
                tracemalloc.stop()
        loaded += 1
        assert all(torch.isfinite(value).all() for value in generator.state_dict().values())
    print(f"{layout}: {loaded} of {attempt + 1} damaged files loaded as finite numbers")
