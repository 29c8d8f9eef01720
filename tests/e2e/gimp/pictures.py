"""Images for the tests inside GIMP, and what became of them.

Looking a picture up in the model takes long, so that most tests begin with one that the model drew: its record tells
the procedure where it is in the model, whatever layer it is put on.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from draggan_client import frames
from draggan_client.edit_state import EditState
from draggan_client.layer_record import LayerRecord
from draggan_client.messages import FromSeed, ResultRequest
from draggan_client.points import Spot
from tests.e2e.editors.gimp import Gimp
from tests.e2e.editors.server import ServerHome

SEED = 4
SIDE = 128
CHIN = "[[64, 108, 64, 116]]"
"""A pull of the bundled model's chin, in pixels of its own picture."""

SET_UP = """
def portrait(seed=4):
    "The model's picture of a seed, with its record: an image of GIMP's, made once."
    if ("portrait", seed) not in kept:
        image, = call("draggan-new-picture", seed=seed)
        layer = image.get_layers()[0]
        parasites = {name: bytes(layer.get_parasite(name).get_data()) for name in layer.get_parasite_list()}
        kept["portrait", seed] = read(layer), parasites
        image.delete()
    return kept["portrait", seed]

def with_record(layer, seed=4):
    "The layer, which the procedure then takes for one that shows the model's picture."
    for name, data in portrait(seed)[1].items():
        layer.attach_parasite(Gimp.Parasite.new(name, Gimp.PARASITE_PERSISTENT | Gimp.PARASITE_UNDOABLE, data))
    return layer

def face(image, name="face", seed=4, **places):
    "A layer with the model's picture."
    return with_record(new_layer(image, name, 128, 128, portrait(seed)[0], **places), seed)

def select(image, x, y, width, height, feather=0):
    call("gimp-context-set-feather", feather=bool(feather))
    call("gimp-context-set-feather-radius", feather_radius_x=float(feather), feather_radius_y=float(feather))
    image.select_rectangle(Gimp.ChannelOps.REPLACE, x, y, width, height)

def selection(image):
    return read(image.get_selection(), "Y float")

def drag(image, layer, points="[[64, 108, 64, 116]]", **settings):
    "The new layer."
    settings.setdefault("start", "go-on")
    settings.setdefault("max_steps", 6)
    return call_filter("draggan-drag-points", image, [layer], points=points, **settings)[0]

def own(layer):
    "A layer's pixels as they are stored."
    whole = rectangle(0, 0, layer.get_width(), layer.get_height())
    return bytes(layer.get_buffer().get(whole, 1.0, None, Gegl.AbyssPolicy.NONE))

def record(layer):
    "What the layer keeps, joined."
    parts, number = [], 0
    while layer.get_parasite(f"draggan-edit-{number}") is not None:
        parts.append(bytes(layer.get_parasite(f"draggan-edit-{number}").get_data()).decode())
        number += 1
    return "".join(parts)

def composite(image):
    "The image as it is seen, in 32-bit float, which hides nothing."
    return shown(image, "R'G'B'A float")["pixels"]
"""
"""Sent to GIMP once; the tests' sources find these names."""


@dataclass(frozen=True)
class Change:
    """An image before and after, as it is seen: [height, width, 4] float."""

    before: NDArray[np.float32]
    after: NDArray[np.float32]
    selection: NDArray[np.float32] | None = None

    @property
    def differs(self) -> NDArray[np.bool_]:
        return np.any(self.before != self.after, axis=-1)

    def check(self) -> None:
        """Something changed, and nothing outside of the selection."""
        assert np.abs(self.before - self.after).max() > 0.02
        if self.selection is not None:
            assert not self.differs[self.selection == 0].any()


PAGE_WIDTH, PAGE_HEIGHT = 420, 300
PAGE = (0.0, 0.0, float(PAGE_WIDTH), float(PAGE_HEIGHT))
FACE = frames.placed(Spot(210, 150), 180, 20)
"""Where the model's own picture lies in the larger one of `paste`."""
EYES_AND_MOUTH = ((0.3853, 0.4719), (0.615, 0.4719), (0.4172, 0.694), (0.5832, 0.694))
"""Where the bundled model expects them, in the order in which they are asked for."""
LOAD = """
kept["image"] = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, globals()["file"](name))
kept["layer"] = kept["image"].get_layers()[0]
"""


def paste(server: ServerHome, file: Path) -> None:
    """Writes a PNG: the model's own picture in a larger one, turned by 20 degrees."""
    with server.connection().session(FromSeed(SEED)) as session:
        pixels = session.pixels(ResultRequest("model")).picture
    face = Image.fromarray(np.frombuffer(pixels.data, np.uint8).reshape(pixels.shape)).convert("RGBA")
    size = round(FACE.size)
    # Clockwise as seen, where Pillow turns the other way.
    turned = face.resize((size, size), Image.Resampling.BICUBIC).rotate(-20, Image.Resampling.BICUBIC, expand=True)
    y, x = np.mgrid[0:PAGE_HEIGHT, 0:PAGE_WIDTH]
    ramp = np.dstack([90 + x // 6, 120 + y // 5, np.full_like(x, 140), np.full_like(x, 255)])
    page = Image.fromarray(ramp.astype(np.uint8))
    page.alpha_composite(turned, (210 - turned.width // 2, 150 - turned.height // 2))
    page.save(file)


def prepare(gimp: Gimp) -> Gimp:
    """GIMP with the names of SET_UP."""
    gimp.run("import gimp_tools; exec(names, vars(gimp_tools))", names=SET_UP)
    return gimp


def picture(gimp: Gimp, pixels: Any, width: int, height: int, channels: int = 4) -> NDArray[np.float32]:
    return np.frombuffer(pixels, np.float32).reshape(height, width, channels)


def state_of(record: str) -> EditState:
    """The edit state that a result keeps."""
    return EditState.from_bytes(LayerRecord.from_ascii(record).state)
