"""Every kind of document and layer, dragged from the docker and applied; the composite checked by its pixels."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from draggan_client.messages import FromSeed, ResultRequest
from tests.e2e.editors.krita import Krita
from tests.e2e.editors.pointer import Place
from tests.e2e.editors.server import ServerHome
from tests.e2e.krita.docker import DRAG_S, Docker

WIDTH, HEIGHT = 320, 256
LEFT = (WIDTH - HEIGHT) // 2
"""The frame is the largest square in the middle."""
SCALE = HEIGHT / 128
SEED = 4
CHIN, BELOW = (64, 109), (64, 116)
EAR, OUTWARDS = (38, 66), (30, 66)
_MODE = "find_widget(name='draggan_mode').isChecked()"
_PAINTED = "[each for each in flat(node_tree()) if each['type'] == 'paintlayer' and each['name'] != 'Background']"
_FLAT = """
def flat(nodes):
    return [one for node in nodes for one in (node, *flat(node["children"]))]
globals()["flat"] = flat
"""


@dataclass(frozen=True)
class Kind:
    """A document, and what is done to its layer before it is dragged."""

    model: str = "RGBA"
    depth: str = "U8"
    before: str = ""
    moved: tuple[int, int] = (0, 0)
    is_copied: bool = False
    """The result replaces the source, which is hidden."""


KINDS = {
    "16 bits": Kind(depth="U16"),
    "float": Kind(depth="F32"),
    "gray": Kind(model="GRAYA"),
    "CMYK": Kind(model="CMYKA"),
    "multiply at 60 %": Kind(before="layer.setBlendingMode('multiply'); layer.setOpacity(153)", is_copied=True),
    "in a group, at a negative offset": Kind(
        before="""
group = document().createGroupLayer("group")
document().rootNode().addChildNode(group, None)
parent = layer.parentNode()
parent.removeChildNode(layer)
group.addChildNode(layer, None)
layer.move(layer.position().x() - 60, layer.position().y() - 12)
document().setActiveNode(layer)
""",
        moved=(-60, -12),
    ),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_drawn_picture(krita: Krita, name: str) -> None:
    kind = KINDS[name]
    time.sleep(0.5)  # Krita 5.2.9 crashes where a document is closed at once after its layers have changed
    krita.run(_FLAT)
    krita.run("new_document(w, h, model, depth)", w=WIDTH, h=HEIGHT, model=kind.model, depth=kind.depth)
    docker = Docker(krita)
    drawn = docker.new_picture(SEED)
    if kind.before:
        krita.run(f"layer = node(name)\n{kind.before}", name=drawn)
        krita.run("document().refreshProjection(); document().waitForDone()")
    select(krita)
    before = krita.projection()
    drag(krita, docker, CHIN, BELOW, kind.moved)
    assert np.array_equal(krita.projection(), before), "before Apply the document is as it was"
    result = apply(krita, docker)
    made = krita.run("[each for each in flat(node_tree()) if each['name'] == name][0]", name=result)
    assert (made["model"], made["depth"]) == (kind.model, kind.depth)
    left = krita.run("[each for each in flat(node_tree()) if each['name'] == name][0]", name=drawn)
    assert left["visible"] is not kind.is_copied
    assert (made["mode"], made["opacity"]) == ((left["mode"], left["opacity"]) if kind.is_copied else ("normal", 255))
    changed_only_where_selected(krita, before)


def test_a_cut_out_from_a_file_changes_its_outline(krita: Krita, server: ServerHome, tmp_path: Path) -> None:
    """Not from a seed: the picture is first looked for in the model."""
    time.sleep(0.5)
    krita.run(_FLAT)
    file = tmp_path / "cut-out.png"
    cut_out(server).save(file)
    krita.run("open_document(path)", path=str(file))
    before = krita.projection()
    docker = Docker(krita)
    krita.run("app.action('zoom_to_fit').trigger()")
    docker.press("draggan_mode")
    krita.until(_MODE)
    docker.press("draggan_frame_whole")
    docker.press("draggan_frame_use")
    docker.settled(DRAG_S)
    krita.pointer.drag(*(krita.canvas_point(x * SCALE, y * SCALE) for x, y in (EAR, OUTWARDS)))
    docker.press("draggan_run")
    docker.settled(DRAG_S)
    apply(krita, docker)
    after = krita.projection()
    moved = np.abs(after[..., 3].astype(int) - before[..., 3].astype(int))
    assert (moved > 128).sum() > 20, "the outline has moved"
    assert (after[..., 3] == 0).mean() > 0.1, "and the rest is still cut out"


def cut_out(server: ServerHome) -> Image.Image:
    """The model's picture without its background, as somebody may have cut it out."""
    with server.connection().session(FromSeed(SEED)) as session:
        picture = session.pixels(ResultRequest("model")).picture
    rgba = np.frombuffer(picture.data, np.uint8).reshape(picture.shape)
    image = Image.fromarray(rgba[..., :3]).convert("RGB").resize((HEIGHT, HEIGHT), Image.Resampling.LANCZOS)
    mask = Image.new("L", image.size, 0)
    ImageDraw.Draw(mask).ellipse((52, 20, 204, 250), fill=255)
    image.putalpha(mask)
    return image


def select(krita: Krita) -> None:
    krita.run(
        """
        selection = Selection()
        selection.select(60, 60, 200, 190, 255)
        selection.feather(6)
        document().setSelection(selection)
        """
    )


def drag(krita: Krita, docker: Docker, start: tuple[int, int], end: tuple[int, int], moved: tuple[int, int]) -> None:
    krita.run("app.action('zoom_to_fit').trigger()")
    docker.press("draggan_mode")
    krita.until(_MODE)
    docker.settled(DRAG_S)
    krita.pointer.drag(on_screen(krita, start, moved), on_screen(krita, end, moved))
    docker.press("draggan_run")
    docker.settled(DRAG_S)
    assert docker.history() == (1, 1), docker.notices()


def on_screen(krita: Krita, place: tuple[int, int], moved: tuple[int, int]) -> Place:
    return krita.canvas_point(LEFT + moved[0] + place[0] * SCALE, moved[1] + place[1] * SCALE)


def apply(krita: Krita, docker: Docker) -> str:
    """The result's name."""
    before = [each["id"] for each in krita.run(_PAINTED)]
    docker.press("draggan_apply")
    made = krita.until(f"[each['name'] for each in {_PAINTED} if each['id'] not in before]", before=before)
    docker.settled(DRAG_S)
    return str(made[0])


def changed_only_where_selected(krita: Krita, before: np.ndarray) -> None:
    sent = krita.run("bytes(document().selection().pixelData(0, 0, w, h))", w=WIDTH, h=HEIGHT)
    inside = np.frombuffer(sent, np.uint8).reshape(HEIGHT, WIDTH)
    changed = np.abs(krita.projection().astype(int) - before.astype(int)).max(axis=2)
    assert changed[inside == 0].max() == 0, "outside the selection not a bit is changed"
    assert (changed[inside == 255] > 10).mean() > 0.01, "inside it the picture has changed"
