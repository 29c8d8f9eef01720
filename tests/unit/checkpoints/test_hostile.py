"""Files that mean harm, or are damaged: each is refused with a reason; nothing runs, and memory stays bounded.

Every file is opened in a process that notices and forbids whatever is not reading it, see `watched`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from draggan_server.checkpoints import ModelCard, open_checkpoint, save_checkpoint
from draggan_server.stylegan2 import Generator, GeneratorConfig
from tests.unit.checkpoints import hostile, writers
from tests.unit.checkpoints.hostile import MIB, Hostile
from tests.unit.checkpoints.watched import Outcome, Watched


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    with Watched() as process:
        yield process


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Path]:
    """A file that code in a model file would make."""
    path = tmp_path / "code-was-run"
    yield path
    assert not path.exists()


def check_quiet(outcome: Outcome, size: int, most_mib: int = 48) -> None:
    """The program did nothing but read, in bounded memory and time."""
    assert outcome.kind in ("loaded", "refused"), outcome
    assert outcome.forbidden == (), outcome
    assert outcome.memory_mib < most_mib + 2 * size / MIB, outcome
    assert outcome.seconds < 30, outcome


def check_refused(watched: Watched, folder: Path, file: Hostile) -> None:
    path = folder / "model"
    path.write_bytes(file.data)
    before = sorted(folder.iterdir())
    outcome = watched.open(path)
    check_quiet(outcome, len(file.data), file.most_mib)
    assert outcome.kind == "refused" and re.search(file.said, outcome.text), outcome
    assert outcome.text.startswith("model: ") and len(outcome.text) < 600 and outcome.text.isprintable()
    assert sorted(folder.iterdir()) == before
    if file.live:
        shown = watched.open(path, "pickle")
        assert re.match("os[.](system|remove) ", shown.forbidden[0]), "it does no harm, so proves nothing"


ROUTES = tuple(hostile.routes(Path()))


@pytest.mark.parametrize("route", ROUTES)
def test_code_is_not_run_by_any_route(watched: Watched, tmp_path: Path, canary: Path, route: str):
    check_refused(watched, tmp_path, hostile.routes(canary)[route])


@pytest.mark.parametrize("code", ["GLOBAL", "STACK_GLOBAL", "INST"])
def test_names_that_are_not_allowed_are_named(watched: Watched, tmp_path: Path, code: str):
    for name in hostile.DANGEROUS_NAMES:
        data = {
            "GLOBAL": b"\x80\x02" + hostile.line_named(name) + b".",
            "STACK_GLOBAL": b"\x80\x04" + hostile.named(name) + b".",
            "INST": b"\x80\x02(" + hostile.line_named(name, b"i") + b".",
        }
        check_refused(watched, tmp_path, Hostile(data[code], hostile.asks(name)))


@pytest.mark.parametrize("kind", tuple(hostile.nested(Path())))
def test_code_in_pickles_in_torch_files_in_pickles_is_not_run(
    watched: Watched, tmp_path: Path, canary: Path, kind: str
):
    check_refused(watched, tmp_path, hostile.nested(canary)[kind])


@pytest.fixture(scope="module")
def bombs() -> dict[str, Hostile]:
    return hostile.bombs()


def test_bombs_are_refused_in_bounded_memory(watched: Watched, tmp_path: Path, bombs: dict[str, Hostile]):
    for name, bomb in bombs.items():
        print(name)
        check_refused(watched, tmp_path, bomb)


def test_bytes_that_are_named_many_times_are_not_read_as_often(watched: Watched, tmp_path: Path):
    """One megabyte that 60 layers share."""
    config = GeneratorConfig(z_dim=512, w_dim=512, img_resolution=8, channel_base=64, channel_max=8, mapping_layers=60)
    state = writers.rosinality_generator(Generator(config))
    shared = torch.zeros(512, 512)
    state |= {f"style.{i}.weight": shared for i in range(1, 61)}
    path = writers.save_torch({"g_ema": state, "latent_avg": torch.zeros(512)}, tmp_path / "shared.pt")
    assert path.stat().st_size < 3 * MIB
    file = Hostile(path.read_bytes(), "the same bytes are used again and again", most_mib=4)
    check_refused(watched, tmp_path, file)


@pytest.mark.parametrize("wrong", hostile.TENSORS)
def test_tensors_that_do_not_fit_their_numbers_are_refused(watched: Watched, tmp_path: Path, wrong: str):
    check_refused(watched, tmp_path, hostile.tensors()[wrong])


def test_a_tensor_that_fits_is_not_refused_for_it(watched: Watched, tmp_path: Path):
    for fits in ((4, 0, (2, 2), (2, 1)), (8, 2, (2, 3), (1, 2)), (4, 1, (1, 1, 3), (0, 0, 1))):
        check_refused(
            watched, tmp_path, Hostile(hostile.tensor(*fits), "should begin with 1 times 1|dimensions, not 3")
        )


@pytest.fixture(scope="module")
def archive(files: dict[str, bytes]) -> bytes:
    return files["rosinality's archive"]


def test_tricks_with_archives_are_refused(watched: Watched, tmp_path: Path, archive: bytes):
    with pytest.warns(UserWarning, match="Duplicate name"):
        tricks = hostile.archives(archive)
    for name, trick in tricks.items():
        print(name)
        check_refused(watched, tmp_path, trick)


def test_an_archive_written_by_another_program_is_read(tmp_path: Path, archive: bytes):
    (tmp_path / "model.pt").write_bytes(hostile.rezip(archive, hostile.keep))
    assert open_checkpoint(tmp_path / "model.pt").checkpoint.generator.resolution == 32


def test_an_archive_without_checksums_is_read(tmp_path: Path, archive: bytes):
    """As torch writes them when it is told not to compute any."""
    from torch.serialization import get_crc32_options, set_crc32_options

    value, before = torch.load(tmp_path_of(tmp_path, archive)), get_crc32_options()
    set_crc32_options(False)
    try:
        torch.save(value, tmp_path / "model.pt")
    finally:
        set_crc32_options(before)
    assert open_checkpoint(tmp_path / "model.pt").checkpoint.generator.resolution == 32


def tmp_path_of(folder: Path, data: bytes) -> Path:
    path = folder / "before"
    path.write_bytes(data)
    return path


def test_tar_files_are_not_unpacked(watched: Watched, tmp_path: Path, canary: Path):
    for tar in hostile.tars(canary).values():
        check_refused(watched, tmp_path, tar)


@pytest.mark.parametrize("lie", tuple(hostile.safetensors_files()))
def test_safetensors_files_that_lie_are_refused(watched: Watched, tmp_path: Path, lie: str):
    check_refused(watched, tmp_path, hostile.safetensors_files()[lie])


def test_the_watch_notices(watched: Watched, tmp_path: Path):
    """What writes, imports, connects and fills the memory is seen: otherwise nothing here is proved."""
    doings = {
        "open": f"open({str(tmp_path / 'x')!r}, 'w')",
        "socket": "__import__('socket').socket()",
        "os.remove": f"__import__('os').remove({str(tmp_path / 'y')!r})",
    }
    for event, doing in doings.items():
        file = tmp_path / "model"
        file.write_bytes(b"\x80\x02" + hostile.line_named("builtins.eval") + hostile.text(doing) + b"\x85R.")
        assert watched.open(file, "pickle").forbidden[0].startswith(event)
    allocating = b"\x80\x02" + hostile.line_named("builtins.bytearray") + b"\x8a\x05"
    file.write_bytes(allocating + (100 * MIB).to_bytes(5, "little") + b"\x85R.")
    assert watched.open(file, "pickle").memory_mib > 90
    file.write_bytes(allocating + (4096 * MIB).to_bytes(5, "little") + b"\x85R.")
    assert "MemoryError" in watched.open(file, "pickle").text
    file.write_bytes(b"\x80\x02" + hostile.line_named("os.abort") + b")R.")
    assert watched.open(file, "pickle").kind == "died"
    assert watched.open(file).kind == "refused", "and it starts anew"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A whole file of each dialect."""
    folder = tmp_path_factory.mktemp("whole")
    networks = writers.make_networks()
    human = writers.make_networks(base=(4, 2))
    converted = {"g_ema": writers.rosinality_generator(networks[0]), "latent_avg": networks[0].w_avg}
    own = folder / "own.safetensors"
    save_checkpoint(own, networks[0], ModelCard("Own", "noise", "MIT"))

    def saved(value: object) -> bytes:
        return writers.save_torch(value, folder / "model").read_bytes()  # the folder in the archive is named so

    return {
        "NVIDIA's pickle": writers.nvidia_file(*networks),
        "NVIDIA's pickle, protocol 2": writers.dump({"G_ema": writers.nvidia_network(networks[0])}, 2),
        "NVIDIA's resnet with classes": writers.dump(
            {"G_ema": writers.nvidia_network(writers.make_networks(c_dim=3, architecture="resnet")[0])}
        ),
        "whole-module archive": saved(writers.nvidia_network(networks[0])),
        "TensorFlow's pickle": writers.tensorflow_file(*networks),
        "rosinality's archive": saved(converted),
        "rosinality's stream": writers.as_stream(converted),
        "rosinality's trainer file": saved(writers.trainer_file(*networks)),
        "an encoder's file": saved(writers.encoder_file(networks[0])),
        "StyleGAN-Human's pickle": writers.dump({"G_ema": writers.nvidia_network(human[0])}),
        "our own": own.read_bytes(),
    }


DIALECTS = (
    *("NVIDIA's pickle", "NVIDIA's pickle, protocol 2", "NVIDIA's resnet with classes", "whole-module archive"),
    *("TensorFlow's pickle", "rosinality's archive", "rosinality's stream", "rosinality's trainer file"),
    *("an encoder's file", "StyleGAN-Human's pickle", "our own"),
)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_truncated_files_are_refused(watched: Watched, tmp_path: Path, files: dict[str, bytes], dialect: str):
    whole, path = files[dialect], tmp_path / "model"
    path.write_bytes(whole)
    outcome = watched.open(path)
    check_quiet(outcome, len(whole))
    assert outcome.kind == "loaded" and outcome.finite, outcome
    for length in (*(len(whole) * part // 50 for part in range(50)), len(whole) - 1):
        path.write_bytes(whole[:length])
        outcome = watched.open(path)
        check_quiet(outcome, length)
        assert outcome.kind == "refused" and outcome.text.startswith("model: "), outcome


@pytest.mark.parametrize("dialect", DIALECTS)
def test_flipped_bits_give_finite_numbers_or_a_reason(
    watched: Watched, tmp_path: Path, files: dict[str, bytes], dialect: str, full: bool
):
    whole, path = files[dialect], tmp_path / "model"
    chosen = random.Random(f"flips of {dialect}")
    # Most of a file is numbers, where a flip does little: half of the flips go where the structure is.
    structure = [place for place in range(len(whole) - 4) if whole[place : place + 5].isascii()]
    loaded, count = 0, 2000 if full else 24
    for attempt in range(count):
        damaged = bytearray(whole)
        for _ in range(chosen.choice((1, 1, 2, 8))):
            place = chosen.choice(structure) if attempt % 2 else chosen.randrange(len(whole))
            damaged[place] ^= 1 << chosen.randrange(8)
        path.write_bytes(damaged)
        outcome = watched.open(path)
        check_quiet(outcome, len(whole))
        assert outcome.kind == "refused" or outcome.finite, outcome
        loaded += outcome.kind == "loaded"
    print(f"{dialect}: {loaded} of {count} damaged files loaded as finite numbers")
