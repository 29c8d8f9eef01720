"""The real `draggan-server` command, as a process of its own, against a real server."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from draggan_client.discovery import Home, read_runtime
from draggan_client.edit_state import EditState
from draggan_server.canvas import to_rgb8
from draggan_server.checkpoints import load_checkpoint
from tests.server.harness import ENDLESS, ROOT, TIMEOUT_S, ServerProcess, save_model, until

ON_SEED = ("drag", "--model", "noise", "--seed", "7", "--point", "16,16:20,16", "--steps", "12")


class Command:
    """`draggan-server` for one home, in a folder where its files go."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home = home
        self.folder = folder
        self.environment = {
            **os.environ,
            "DRAGGAN_HOME": str(home),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "plugins" / "common")]),
            "OMP_NUM_THREADS": "1",
        }

    @contextlib.contextmanager
    def start(self, *arguments: str, **options) -> Iterator[subprocess.Popen[str]]:
        """The command, running. It is gone afterwards, also when the test fails."""
        process = subprocess.Popen(
            [sys.executable, "-m", "draggan_server.cli", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            **options,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def __call__(self, *arguments: str, code: int = 0, **options) -> subprocess.CompletedProcess[str]:
        with self.start(*arguments, **options) as process:
            out, error = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == code, f"{arguments}\n{out}\n{error}"
        assert "Traceback" not in error
        return subprocess.CompletedProcess(arguments, code, out, error)

    def fails(self, *arguments: str, code: int = 1, **options) -> str:
        """The one line that it fails with, leaving no file behind that was not there."""
        before = sorted(self.folder.iterdir())
        done = self(*arguments, code=code, **options)
        assert sorted(self.folder.iterdir()) == before
        assert done.stdout == ""
        last = done.stderr.splitlines()[-1]
        assert last.startswith("Error: ")
        assert [line for line in done.stderr.splitlines() if line.startswith("Error")] == [last]
        return last

    def picture(self, name: str) -> np.ndarray:
        with Image.open(self.folder / name) as image:
            return np.asarray(image, int)


@pytest.fixture
def draggan(server: ServerProcess, tmp_path: Path) -> Command:
    """The command, with a server that runs."""
    return Command(server.home.folder, tmp_path)


@pytest.fixture
def alone(home: Path, tmp_path: Path) -> Iterator[Command]:
    """The command, with no server as yet. One that it starts is ended."""
    folder = tmp_path / "my pictures"
    folder.mkdir()
    yield Command(home, folder)
    info = read_runtime(Home(home))
    if info is not None:
        os.kill(info.pid, signal.SIGTERM)
        until(lambda: read_runtime(Home(home)) is None, "the server to end")


def answer(done: subprocess.CompletedProcess[str]) -> dict:
    return json.loads(done.stdout.splitlines()[-1])


def painted(folder: Path) -> None:
    """layer.png, 72 x 48 px, half transparent on the left; mask.png, white from x = 36 on."""
    ramp = np.linspace(0, 255, 72)[None].repeat(48, 0)
    down = np.linspace(0, 255, 48)[:, None].repeat(72, 1)
    alpha = np.where(np.arange(72) < 30, 128, 255)[None].repeat(48, 0)
    Image.fromarray(np.stack([ramp, down, 255 - ramp, alpha], axis=-1).astype(np.uint8)).save(folder / "layer.png")
    mask = np.where(np.arange(72) < 36, 0, 255)[None].repeat(48, 0).astype(np.uint8)
    Image.fromarray(mask).save(folder / "mask.png")


def test_it_starts_the_server_where_none_runs_and_finds_it_again(alone: Command):
    done = alone("models")
    assert "Starting the server" in done.stderr
    started = read_runtime(Home(alone.home))
    again = alone("models", "--json")
    assert "Starting" not in again.stderr
    assert read_runtime(Home(alone.home)) == started
    listed = {model["id"]: model for model in answer(again)["models"]}
    assert listed["noise"]["resolution"] == 32
    for text in ("MODEL", "noise", "32 px", listed["noise"]["sha256"][:12]):
        assert text in done.stdout


def test_a_seed_is_the_picture_that_numpy_and_the_generator_make_of_it(draggan: Command, models: Path):
    draggan("generate", "--model", "noise", "--seed", "7", "--psi", "0.5", "--out", "seven.png")
    generator = load_checkpoint(models / "noise.safetensors").generator
    z = torch.from_numpy(np.random.RandomState(7).randn(1, 16)).float()
    with torch.no_grad():
        due = to_rgb8(generator.image(generator.mapping(z, psi=0.5))[0].numpy())
    found = draggan.picture("seven.png")
    assert found.shape == (32, 32, 3)
    assert np.abs(found - due).max() <= 2, "latents travel in half precision"


def test_several_seeds_at_once(draggan: Command):
    done = draggan("generate", "--model", "noise", "--seed", "1-2", "--seed", "5", "--out", "s{seed}.png")
    assert [Path(line).name for line in done.stdout.splitlines()] == ["s1.png", "s2.png", "s5.png"]
    assert np.abs(draggan.picture("s1.png") - draggan.picture("s5.png")).max() > 5
    assert "Put {seed} into its name" in draggan.fails("generate", "--seed", "1-2", "--out", "one.png")


def test_a_drag_writes_its_pictures_without_marks_and_says_what_came_of_it(draggan: Command):
    files = ("--out", "after.png", "--before", "before.png", "--animation", "drag.gif", "--save-state", "edit.state")
    done = draggan(*ON_SEED, *files, "--json")
    found = answer(done)
    assert len(done.stdout.splitlines()) == 1
    assert found["reason"] in ("reached", "step_limit", "stalled")
    assert 0 < found["steps"] <= 12 and found["seconds"] > 0 and found["model"] == "noise"
    assert {what: Path(path).name for what, path in found["files"].items()} == {
        "before": "before.png",
        "after": "after.png",
        "animation": "drag.gif",
        "state": "edit.state",
    }
    assert all(Path(path).is_absolute() and Path(path).stat().st_size for path in found["files"].values())
    (point,) = found["points"]
    assert point["target"] == [20, 16]
    assert point["distance_left"] == pytest.approx(np.hypot(*np.subtract(point["handle"], point["target"])), abs=0.01)

    draggan("generate", "--model", "noise", "--seed", "7", "--out", "plain.png")
    assert (draggan.picture("before.png") == draggan.picture("plain.png")).all()
    assert np.abs(draggan.picture("after.png") - draggan.picture("before.png")).max() > 3
    state = EditState.from_bytes((draggan.folder / "edit.state").read_bytes())
    assert (state.seed, state.position, len(state.history)) == (7, 1, 1)
    with Image.open(draggan.folder / "drag.gif") as animation:
        assert animation.size == (256, 256)
        assert animation.n_frames >= 2
    assert "Dragging" in done.stderr and "px left" in done.stderr
    assert "\r" not in done.stderr, "standard error is no terminal here"

    draggan(*ON_SEED, "--marks", "--out", "marked.png")
    differs = np.abs(draggan.picture("marked.png") - draggan.picture("after.png")).max(axis=2) > 0
    assert differs[16, 20]
    assert differs.mean() < 0.2, "nothing but the marks"


def test_without_json_it_speaks_to_people(draggan: Command):
    done = draggan(*ON_SEED[:-1], "1")
    assert done.stdout.splitlines()[0].startswith("The step limit came first")
    assert re.search(r"^  point 1: now at \d+\.\d,\d+\.\d, \d+\.\d px left$", done.stdout, re.MULTILINE)
    assert str(draggan.folder / "after.png") in done.stdout


def test_outside_the_mask_a_seed_s_picture_stays_as_it_was(draggan: Command):
    mask = np.zeros((32, 32), np.uint8)
    mask[:, 12:] = 255
    Image.fromarray(mask).save(draggan.folder / "mask.png")
    draggan(*ON_SEED, "--mask", "mask.png", "--before", "before.png")
    change = np.abs(draggan.picture("after.png") - draggan.picture("before.png")).max(axis=2)
    assert change[:, 12:].max() > 3
    assert change[:, :12].max() == 0


def test_a_picture_gets_its_edit_and_nothing_else(draggan: Command):
    painted(draggan.folder)
    files = ("--out", "after.png", "--before", "before.png", "--animation", "drag.webp", "--save-state", "edit.state")
    points = ("--point", "40,24:46,24", "--pin", "52,12")
    source = ("drag", "--picture", "layer.png", "--mask", "mask.png", "--model", "noise")
    done = draggan(*source, *points, "--steps", "8", "--step-size", "0.05", *files, "--json")
    assert "Looking for the picture" in done.stderr
    assert [point["target"] for point in answer(done)["points"]] == [[46, 24], [52, 12]]
    layer, after = draggan.picture("layer.png"), draggan.picture("after.png")
    assert after.shape == layer.shape
    assert (after[..., 3] == layer[..., 3]).all()
    assert (draggan.picture("before.png") == layer).all()
    change = np.abs(after - layer).max(axis=2)
    assert change[:, 36:60].max() > 3
    assert change[:, :36].max() == 0, "the mask"
    assert change[:, 60:].max() == 0, "the frame, 48 px in the middle"

    again = ("drag", "--state", "edit.state", "--model", "noise", "--point", "44,34:50,34", "--steps", "4")
    found = answer(draggan(*again, "--picture", "layer.png", "--mask", "mask.png", "--out", "more.png", "--json"))
    assert len(found["points"]) == 3, "the earlier points hold their places"
    more = draggan.picture("more.png")
    assert more.shape == layer.shape
    assert np.abs(more - layer)[:, :36].max() == 0
    draggan(*again, "--release", "--out", "model.png")
    assert draggan.picture("model.png").shape == (32, 32, 3), "without the picture: as the model draws it"
    Image.new("RGBA", (40, 30)).save(draggan.folder / "other.png")
    assert "Give the picture that the edit began with" in draggan.fails(
        *again, "--picture", "other.png", "--out", "x.png"
    )


def test_inverting_a_picture_and_going_on_from_it(draggan: Command):
    painted(draggan.folder)
    found = answer(draggan("invert", "layer.png", "--model", "noise", "--state", "layer.state", "--json"))
    assert found["reason"] == "inverted"
    assert set(found["files"]) == {"reconstruction", "state"}
    assert draggan.picture("reconstruction.png").shape == (32, 32, 3)
    state = EditState.from_bytes((draggan.folder / "layer.state").read_bytes())
    assert state.source == "picture"
    assert (state.frame.x, state.frame.y, state.frame.size) == (12, 0, 48)
    draggan("drag", "--state", "layer.state", "--picture", "layer.png", "--point", "40,24:46,24", "--steps", "3")
    assert draggan.picture("after.png").shape == (48, 72, 4)


def test_a_turned_frame_is_inverted_faithfully_and_found_again_at_once(draggan: Command):
    painted(draggan.folder)
    there = ("--model", "noise", "--frame", "30,4,40,30", "--mode", "faithful")
    found = answer(draggan("invert", "layer.png", *there, "--state", "layer.state", "--json"))
    assert (found["reason"], found["recognition"].keys()) == ("inverted", {"score", "word"})
    state = EditState.from_bytes((draggan.folder / "layer.state").read_bytes())
    assert (state.frame.angle, state.inversion.mode) == (30, "faithful")
    said = draggan("invert", "layer.png", *there).stdout.splitlines()
    assert said[0] == "Found before, and kept."
    assert said[1].endswith(f"({100 * state.inversion.recognition.score:.0f} %)")
    dragged = draggan("drag", "--picture", "layer.png", *there, "--point", "30,20:33,22", "--steps", "2", "--json")
    assert answer(dragged)["recognition"] == found["recognition"]
    error = draggan.fails("drag", "--picture", "layer.png", *there, "--point", "34,5:70,5", "--steps", "2")
    assert "outside the frame" in error
    more = ("drag", "--state", "layer.state", "--point", "30,20:33,22", "--steps", "2", "--out", "more.png")
    assert "not the one that" not in draggan(*more, "--picture", "layer.png").stdout
    layer = Image.open(draggan.folder / "layer.png").convert("RGBA")
    layer.paste((255, 0, 0, 255), (20, 20, 40, 40))
    layer.save(draggan.folder / "changed.png")
    assert "not the one that the edit began with" in draggan(*more, "--picture", "changed.png").stdout


def test_ctrl_c_stops_the_drag_and_keeps_what_there_is(draggan: Command):
    arguments = ("drag", "--model", "slow", "--seed", "7", "--point", "30,30:100,100")
    arguments = (*arguments, "--steps", str(ENDLESS.max_steps), "--tolerance", str(ENDLESS.tolerance_px))
    files = ("--out", "after.png", "--before", "before.png", "--json")
    with draggan.start(*arguments, *files) as process:
        for line in process.stderr:
            if re.search("^Dragging .*step [1-9]", line):
                break
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0, error
    found = json.loads(out)
    assert found["reason"] == "stopped"
    assert found["steps"] > 0
    assert np.abs(draggan.picture("after.png") - draggan.picture("before.png")).max() > 0


def test_ctrl_c_while_a_picture_is_looked_for_keeps_what_was_found(draggan: Command):
    painted(draggan.folder)
    files = ("--out", "found.png", "--state", "layer.state")
    slowly = ("--model", "slow", "--mode", "faithful")
    with draggan.start("invert", "layer.png", *slowly, *files, "--json") as process:
        for line in process.stderr:
            if re.search("step [1-9]", line):
                break
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0, error
    assert json.loads(out)["steps"] > 0
    inversion = EditState.from_bytes((draggan.folder / "layer.state").read_bytes()).inversion
    assert 0 < inversion.step < inversion.total_steps
    assert draggan.picture("found.png").shape == (128, 128, 3)


WRONG = {
    "no command": (("dra",), 2, "No such command"),
    "no source": (("drag", "--point", "1,1:2,2"), 1, "nothing to drag on"),
    "two sources": (
        ("drag", "--seed", "1", "--picture", "layer.png", "--point", "1,1:2,2"),
        1,
        "--seed cannot be used",
    ),
    "no points": (("drag", "--seed", "1"), 1, "Give a handle and its target: --point 120,160:150,150"),
    "malformed point": (("drag", "--seed", "1", "--point", "1,1-2,2"), 2, "'1,1-2,2' is not a handle and a target"),
    "NaN": (("drag", "--seed", "1", "--point", "nan,1:2,2"), 2, "Write it like"),
    "101 points": (("drag", "--seed", "1", *("--point", "1,1:2,2") * 101), 1, "length 1 to 100"),
    "bad seed": (("drag", "--seed", "-1", "--point", "1,1:2,2"), 2, "--seed"),
    "bad setting": (("drag", "--seed", "1", "--radius", "3", "--point", "1,1:2,2"), 2, "'--radius': 3.0 is not in"),
    "psi of a picture": (("drag", "--picture", "layer.png", "--psi", "1", "--point", "1,1:2,2"), 1, "--psi belongs"),
    "mode of a seed": (("drag", "--seed", "1", "--mode", "quick", "--point", "1,1:2,2"), 1, "--mode belongs to"),
    "frame turned too far": (("invert", "layer.png", "--frame", "0,0,48,400"), 2, "Write it like 40,0,512 or"),
    "missing picture": (("drag", "--picture", "no.png", "--point", "1,1:2,2"), 1, "There is no picture no.png"),
    "no picture": (("drag", "--picture", "text.png", "--point", "1,1:2,2"), 1, "text.png cannot be opened"),
    "cut-off picture": (("invert", "cut.png"), 1, "cut.png cannot be opened"),
    "tiny picture": (("drag", "--picture", "tiny.png", "--point", "1,1:2,2"), 1, "3 x 3 px, too small for a frame"),
    "missing mask": (("drag", "--seed", "1", "--mask", "no.png", "--point", "1,1:2,2"), 1, "There is no mask no.png"),
    "unreadable mask": (("drag", "--seed", "1", "--mask", "text.png", "--point", "1,1:2,2"), 1, "The mask text.png"),
    "black mask": (("drag", "--seed", "1", "--mask", "black.png", "--point", "1,1:2,2"), 1, "black all over"),
    "mask of another size": (
        ("drag", "--picture", "layer.png", "--mask", "tiny.png", "--point", "40,9:41,9"),
        1,
        "The mask is 3 x 3 px, but the picture is 72 x 48 px",
    ),
    "mask beside the frame": (
        ("drag", "--picture", "layer.png", "--mask", "left.png", "--point", "40,9:41,9"),
        1,
        "may change",
    ),
    "point outside": (
        ("drag", "--picture", "layer.png", "--point", "4,9:40,9"),
        1,
        "handle 4,9 lies outside the frame",
    ),
    "missing state": (("drag", "--state", "no.state"), 1, "no.state cannot be read: No such file"),
    "state of another kind": (("drag", "--state", "text.png"), 1, "This is not a DragGAN edit state"),
    "out of no format": (("drag", "--seed", "1", "--point", "1,1:2,2", "--out", "x.doc"), 1, "ending '.doc'"),
    "animation of no format": (
        ("drag", "--seed", "1", "--point", "1,1:2,2", "--animation", "x.mp4"),
        1,
        "ending '.mp4'",
    ),
    "transparency lost": (("drag", "--picture", "layer.png", "--point", "40,9:41,9", "--out", "x.jpg"), 1, "Use .png"),
    "no folder": (("drag", "--seed", "1", "--point", "1,1:2,2", "--out", "no/x.png"), 1, "there is no folder"),
    "a folder": (("generate", "--seed", "1", "--out", "folder.png"), 1, "folder.png is a folder"),
    "onto the source": (
        ("drag", "--picture", "layer.png", "--point", "40,9:41,9", "--out", "layer.png"),
        1,
        "would be overwritten",
    ),
}


@pytest.mark.parametrize(("arguments", "code", "text"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said_in_one_line_before_any_server_is_started(alone: Command, arguments, code, text):
    painted(alone.folder)
    (alone.folder / "text.png").write_text("this is no picture")
    whole = (alone.folder / "layer.png").read_bytes()
    (alone.folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (alone.folder / "folder.png").mkdir()
    Image.new("L", (3, 3), 255).save(alone.folder / "tiny.png")
    Image.new("L", (72, 48), 0).save(alone.folder / "black.png")
    left = Image.new("L", (72, 48), 0)
    left.paste(255, (0, 0, 10, 48))
    left.save(alone.folder / "left.png")
    assert text in alone.fails(*arguments, code=code)
    assert read_runtime(Home(alone.home)) is None


def test_what_only_the_server_can_know_is_said_as_plainly(draggan: Command):
    assert "no model 'nobody'. The models are: " in draggan.fails("generate", "--model", "nobody", "--seed", "1")
    at = ("drag", "--model", "noise", "--seed", "1")
    assert "(900, 10) lies outside the picture" in draggan.fails(*at, "--point", "900,10:3,3")
    for width in (31, 64):
        Image.new("L", (width, 32), 255).save(draggan.folder / "mask.png")
        said = draggan.fails(*at, "--point", "9,10:3,3", "--mask", "mask.png")
        assert f"The mask is {width} x 32 px, but the picture is 32 x 32 px" in said
    assert "no block at 256 px" in draggan.fails(*at, "--point", "9,10:3,3", "--feature-resolution", "256")
    Image.new("RGBA", (40, 40)).save(draggan.folder / "empty.png")
    said = draggan.fails("drag", "--model", "noise", "--picture", "empty.png", "--point", "9,10:3,3")
    assert "transparent" in said


def test_a_disk_that_is_full_loses_one_file_and_not_the_others(draggan: Command):
    def room_for(count: int):
        import resource

        return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (count, count))

    arguments = (*ON_SEED, "--animation", "drag.png", "--save-state", "edit.state")
    done = draggan(*arguments, code=1, preexec_fn=room_for(8000))
    assert "drag.png could not be written: File too large. Written: " in done.stderr
    assert sorted(path.name for path in draggan.folder.iterdir()) == ["after.png", "edit.state"]


def test_serve_says_where_it_is_and_ends_with_ctrl_c(alone: Command):
    with alone.start("serve") as process:
        until(lambda: read_runtime(Home(alone.home)), "the server to come up")
        info = read_runtime(Home(alone.home))
        assert info.pid == process.pid
        assert "is already running" in alone.fails("serve")
        assert alone("generate", "--model", "noise", "--seed", "1").returncode == 0
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0
    assert info.url in out
    assert read_runtime(Home(alone.home)) is None


def test_the_doctor_says_what_a_bug_report_needs_and_keeps_the_token(draggan: Command, server: ServerProcess):
    done = draggan("doctor")
    for text in (
        torch.__version__,
        str(server.home.folder),
        server.info.url,
        "running:              yes",
        "sha-256 ",
        "server.log",
        "Nothing is wrong",
    ):
        assert text in done.stdout
    assert server.info.token not in done.stdout + done.stderr


def test_the_doctor_names_what_is_wrong_and_starts_nothing(tmp_path: Path):
    home = tmp_path / "home"
    model = save_model(home / "models", "broken")
    model.write_bytes(model.read_bytes()[:-100])
    (home / "launch.json").write_text('{"argv": ["/no/such/python"]}')
    done = Command(home, tmp_path)("doctor", code=1)
    assert f"{model}: the file is damaged or incomplete" in done.stdout
    assert "/no/such/python, which starts the server, is gone. Run the installer again." in done.stdout
    assert "no; it is started when it is needed" in done.stdout
    assert read_runtime(Home(home)) is None
    done = Command(model, tmp_path)("doctor", code=1)
    assert f"{model} is a file where a folder should be" in done.stdout
