"""Models of every architecture and shape, from the file of another program to a dragged picture: added by the command,
opened, dragged, masked, undone and re-opened on the real server, against the plain networks."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from draggan_client.arrays import Array
from draggan_client.errors import ServerError
from draggan_client.messages import (
    DragOptions,
    Frame,
    FromPicture,
    FromSeed,
    FromState,
    MaskData,
    PointPair,
    Preview,
    PreviewOptions,
    Progress,
    ResultRequest,
)
from draggan_client.session import Session
from draggan_server.canvas import to_rgb8
from draggan_server.server.deltas import unpack
from draggan_server.stylegan2 import Discriminator, Generator
from tests.reference.plain_stylegan2 import draw
from tests.server.harness import ServerProcess
from tests.server.test_cli import Command, answer
from tests.server.test_sessions import numbers
from tests.unit.checkpoints import writers


@dataclasses.dataclass(frozen=True)
class Kind:
    """A model, and the program whose file it comes in."""

    architecture: str
    height: int
    """Of its pictures, in px."""
    width: int
    classes: int = 0
    writer: str = "nvidia"

    @property
    def name(self) -> str:
        return f"{self.architecture}-{self.height}-{self.width}-{self.classes}-{self.writer}"

    @property
    def aspect(self) -> float:
        return self.width / self.height

    def networks(self) -> tuple[Generator, Discriminator]:
        critic = "orig" if self.architecture == "resnet" else "resnet"
        base = self.height // 8, self.width // 8
        condition = "plain" if self.classes and self.writer == "tensorflow" else "mapped"
        return writers.make_networks(
            self.classes, architecture=self.architecture, critic=critic, base=base, condition=condition
        )

    def write(self, folder: Path) -> Path:
        generator, discriminator = self.networks()
        path = folder / f"{self.name}.pkl"
        if self.writer == "nvidia":
            path.write_bytes(writers.nvidia_file(generator, discriminator))
        elif self.writer == "tensorflow":
            settings = {"architecture": self.architecture}
            path.write_bytes(writers.tensorflow_file(generator, discriminator, settings=settings))
        elif self.writer == "module":
            writers.save_torch(writers.nvidia_network(generator), path)
        else:
            writers.save_torch(writers.trainer_file(generator, discriminator), path)
        return path


KINDS = [
    Kind("skip", 32, 16),
    Kind("skip", 24, 32, writer="rosinality"),
    Kind("resnet", 32, 32, writer="tensorflow"),
    Kind("resnet", 32, 16, writer="module"),
    Kind("orig", 16, 32),
    Kind("skip", 32, 32, classes=3),
    Kind("resnet", 32, 16, classes=3),
    Kind("skip", 32, 32, classes=3, writer="tensorflow"),
]


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind.name)
def kind(request, server: ServerProcess, tmp_path_factory: pytest.TempPathFactory):
    """A kind whose model has been added."""
    folder = tmp_path_factory.mktemp("files")
    draggan = Command(server.home.folder, folder)
    draggan("models", "add", request.param.write(folder).name, "--name", request.param.name)
    yield request.param
    draggan("models", "remove", request.param.name)


def opened(server: ServerProcess, kind: Kind, source: FromSeed | FromState) -> Session:
    session = server.connection().session(source, kind.name)
    list(session.open())
    return session


def plain_pixels(generator: Generator, latent: Array) -> np.ndarray:
    """[height, width, 3] of 0 .. 255: what the plain networks draw from an edit state's latent."""
    ws = torch.from_numpy(numbers(latent).astype(np.float32))[None]
    return to_rgb8(draw(generator, ws)[0][0].numpy())


def shown(session: Session) -> np.ndarray:
    return numbers(session.pixels(ResultRequest("model")).picture)


def check_shown(session: Session, kind: Kind) -> None:
    """The session's picture is what the plain networks draw from its latent, with what tuning has added to them."""
    state = session.state()
    generator = kind.networks()[0]
    if state.inversion is not None:
        for name, part in unpack(state.inversion.delta, generator).parts.items():
            weight = generator.get_parameter(name)
            weight.add_((part.left @ part.right).reshape(weight.shape))
    latent = state.history[state.position - 1].latent if state.position else state.start_latent
    pixels = shown(session)
    assert pixels.shape == (kind.height, kind.width, 4)
    due = plain_pixels(generator, latent)
    assert np.abs(pixels[..., :3].astype(int) - due).max() <= 1
    assert due.std() > 5


def points_of(kind: Kind) -> list[PointPair]:
    """One that moves, and a pin at the corner across."""
    width, height = float(kind.width), float(kind.height)
    moving = PointPair("a", width * 0.4, height * 0.4, width * 0.4 + 3, height * 0.4 + 2)
    return [moving, PointPair("b", width, height, width, height)]


OPTIONS = DragOptions(max_steps=12, step_size=0.05, tolerance_px=0.3)
PREVIEWS = PreviewOptions(size=24, format="png", interval_s=0.0)


def test_the_list_says_its_shape_and_classes(server: ServerProcess, kind: Kind):
    model = next(model for model in server.connection().models().models if model.id == kind.name)
    assert (model.resolution, model.aspect, model.classes) == (max(kind.height, kind.width), kind.aspect, kind.classes)


def test_a_drag_changes_the_picture_as_the_plain_networks_draw_it(server: ServerProcess, kind: Kind):
    session = opened(server, kind, FromSeed(7))
    assert session.state().frame == Frame(0.0, 0.0, float(max(kind.height, kind.width)), aspect=kind.aspect)
    check_shown(session, kind)
    before = shown(session)
    *events, result = session.drag(points_of(kind), settings=OPTIONS, preview=PREVIEWS)
    assert result.reason in ("reached", "step_limit", "stalled")
    check_shown(session, kind)
    assert np.abs(shown(session).astype(int) - before).max() > 3, "the drag changed nothing"

    steps = [event for event in events if isinstance(event, Progress) and event.stage == "drag"]
    for handle in (handle for step in steps for handle in step.points):
        assert 0 <= handle.x <= kind.width
        assert 0 <= handle.y <= kind.height
    previews = [event for event in (*events, result.preview) if isinstance(event, Preview)]
    assert previews
    size = round(24 * min(1, kind.aspect)), round(24 / max(1, kind.aspect))
    for preview in previews:
        assert Image.open(io.BytesIO(preview.data)).size == size == (preview.width, preview.height)

    assert session.undo().position == 0
    assert np.array_equal(shown(session), before)
    session.redo()
    again = opened(server, kind, FromState(session.edit_state))
    check_shown(again, kind)
    assert np.array_equal(shown(again), shown(session))


def test_what_the_mask_keeps_is_kept_in_the_layer(server: ServerProcess, kind: Kind):
    """In a frame at three times the model's size, beside the document's corner."""
    frame = Frame(10.0, 20.0, 3.0 * max(kind.height, kind.width), aspect=kind.aspect)
    session = opened(server, kind, FromSeed(7, frame=frame))
    mask = np.zeros((3 * kind.height, 3 * kind.width), np.uint8)
    mask[: mask.shape[0] // 2] = 255
    points = [PointPair("a", 10 + kind.width * 1.2, 20 + kind.height * 0.6, 10 + kind.width * 1.8, 20 + kind.height)]
    list(session.drag(points, MaskData(Array("u8", mask.shape, mask.tobytes()), 10, 20), OPTIONS))
    edit = session.pixels(ResultRequest("edit"))
    alpha = numbers(edit.picture)[..., 3]
    assert alpha.max() > 100
    assert edit.offset_x >= 10 and edit.offset_x + alpha.shape[1] <= 10 + 3 * kind.width
    assert edit.offset_y >= 20
    rows = edit.offset_y - 20 + np.flatnonzero(alpha.any(axis=1))
    assert rows.max() < mask.shape[0] // 2
    whole = session.pixels(ResultRequest("picture"))
    assert whole.picture.shape == (3 * kind.height, 3 * kind.width, 4)
    assert (whole.offset_x, whole.offset_y) == (10, 20)


def test_a_frame_of_another_shape_is_refused(server: ServerProcess, kind: Kind):
    wrong = Frame(0.0, 0.0, 100.0, aspect=kind.aspect * 0.9)
    for source in (FromSeed(1, frame=wrong),):
        with pytest.raises(ServerError, match=rf"{kind.width} x {kind.height} px") as refused:
            opened(server, kind, source)
        assert refused.value.code == "bad_request"


def test_a_picture_of_the_layer_is_looked_for_and_dragged(server: ServerProcess, kind: Kind):
    """The model's own picture, twice as large, in the middle of a larger layer: found, and dragged."""
    own = shown(opened(server, kind, FromSeed(3))).repeat(2, axis=0).repeat(2, axis=1)
    layer = np.full((own.shape[0] + 8, own.shape[1] + 12, 4), 200, np.uint8)
    layer[4:-4, 6:-6] = own
    frame = Frame(6.0, 4.0, 2.0 * max(kind.height, kind.width), aspect=kind.aspect)
    picture = FromPicture(Array("u8", layer.shape, layer.tobytes()), frame=frame)
    session = opened(server, kind, picture)
    list(session.invert())
    found = shown(session)[..., :3].astype(float)
    target = own[::2, ::2, :3].astype(float)
    assert np.square(found - target).mean() < 0.5 * np.square(target - target.mean(axis=(0, 1))).mean()
    check_shown(session, kind)
    points = [PointPair("a", 6 + kind.width * 0.8, 4 + kind.height * 0.8, 12 + kind.width * 0.8, 4 + kind.height)]
    *_, result = session.drag(points, settings=OPTIONS)
    assert result.position == 1
    check_shown(session, kind)

    layer[: layer.shape[0] // 2, :, 3] = 0  # a cut-out, whose outline goes along
    copy = session.pixels(ResultRequest("copy", onto=Array("u8", layer.shape, layer.tobytes())))
    changed = np.zeros(layer.shape[:2], bool)
    height, width = copy.picture.shape[:2]
    changed[copy.offset_y : copy.offset_y + height, copy.offset_x : copy.offset_x + width] = numbers(copy.changed) > 0
    assert changed.any()
    inside = np.zeros_like(changed)
    inside[4:-4, 6:-6] = True
    assert not (changed & ~inside).any()


def test_classes(server: ServerProcess, kind: Kind):
    generator = kind.networks()[0]
    for label in range(kind.classes):
        state = opened(server, kind, FromSeed(5, label=label)).state()
        ws = generator.ws_from_seed(5, psi=0.7, label=label)[0].numpy()
        np.testing.assert_allclose(numbers(state.start_latent), ws, atol=5e-3)
    for wrong in (kind.classes, 99):
        with pytest.raises(ServerError, match=f"there is no class {wrong}") as refused:
            opened(server, kind, FromSeed(5, label=wrong))
        assert refused.value.code == "bad_request"


def test_the_command_keeps_the_shape(server: ServerProcess, tmp_path: Path):
    kind = Kind("skip", 32, 16, classes=2)
    draggan = Command(server.home.folder, tmp_path)
    draggan("models", "add", kind.write(tmp_path).name, "--name", "tall")
    try:
        listed = draggan("models").stdout
        assert "16 x 32 px" in next(line for line in listed.splitlines() if line.startswith("tall"))
        described = answer(draggan("models", "info", "tall", "--json"))["model"]
        known = {name: described[name] for name in ("aspect", "classes", "architecture", "resolution")}
        assert known == {"aspect": 0.5, "classes": 2, "architecture": "skip", "resolution": 32}
        draggan("generate", "--model", "tall", "--seed", "4", "--class", "1", "--out", "own.png")
        with torch.no_grad():
            ws = kind.networks()[0].ws_from_seed(4, psi=0.7, label=1)
        due = to_rgb8(draw(kind.networks()[0], ws)[0][0].numpy())
        assert np.abs(draggan.picture("own.png") - due).max() <= 2, "latents travel in half precision"
        assert "there is no class 2" in draggan.fails("generate", "--model", "tall", "--seed", "4", "--class", "2")

        point = ("--point", "8,20:10,22", "--steps", "3")
        animation = ("--animation", "way.png", "--animation-size", "64", "--marks")
        draggan("drag", "--model", "tall", "--seed", "4", *point, *animation, "--out", "dragged.png")
        assert draggan.picture("dragged.png").shape[:2] == (32, 16)
        with Image.open(tmp_path / "way.png") as way:
            assert way.size == (32, 64)
            blue = np.asarray(way.convert("RGB"), int)[42:47, 18:23]
        assert (blue[..., 2] - blue[..., 0]).max() > 100, "the target's mark, at 10,22 of 16 x 32 px"

        layer = Image.new("RGB", (60, 40), "white")
        layer.paste(Image.open(tmp_path / "own.png"), (20, 4))
        layer.save(tmp_path / "layer.png")
        draggan("invert", "layer.png", "--model", "tall", "--frame", "20,4,32", "--out", "found.png")
        assert draggan.picture("found.png").shape[:2] == (32, 16)
        options = ("--picture", "layer.png", "--model", "tall", "--frame", "20,4,32", "--steps", "15")
        draggan("drag", *options, "--step-size", "0.1", "--point", "30,20:35,26", "--out", "layer2.png")
        change = np.abs(draggan.picture("layer2.png") - draggan.picture("layer.png")).max(axis=-1)
        assert change.max() > 0
        assert change[:, :20].max() == change[:, 36:].max() == 0, "outside the frame, 16 px wide"
        assert "lies outside the frame" in draggan.fails("drag", *options, "--point", "37,20:31,22")
    finally:
        draggan("models", "remove", "tall")
