"""A new image with the picture that a model makes of a seed. Drag Points goes on from it at once."""

from dataclasses import dataclass

from gi.repository import Gimp

from draggan_client import wording
from draggan_client.connection import Connection
from draggan_client.messages import Frame, FromSeed, Pixels, Progress, ResultRequest
from draggan_client.rect import Rect

from .layers.records import Form
from .layers.result import Keepsake, make_layer
from .slices import Work, straight

REQUEST = ResultRequest("picture", depth="u8")


@dataclass(frozen=True)
class Wish:
    """Which picture."""

    seed: int
    psi: float
    model: str | None
    """None: the default."""
    size: int
    """Of the image, in pixels; 0: as the model draws it."""
    label: int | None
    """The class; None: by the seed, or the model has none."""

    def source(self) -> FromSeed:
        """What the server opens."""
        frame = Frame(0.0, 0.0, float(self.size)) if self.size else None
        return FromSeed(self.seed, self.psi, frame, self.label)


def wish_from(config: Gimp.ProcedureConfig) -> Wish:
    """What the procedure's arguments ask for."""
    label = config.get_property("class")
    return Wish(
        config.get_property("seed"),
        config.get_property("psi"),
        config.get_property("model") or None,
        config.get_property("size"),
        label if label >= 0 else None,
    )


def run(wish: Wish) -> Gimp.Image:
    """Make the image. Shows its progress in GIMP's own bar. Raises DragganError."""
    Gimp.progress_init("New Picture from Seed")
    try:
        connection = Connection(on_wait=lambda waiting: Gimp.progress_set_text(waiting.text))
        with connection.session(wish.source(), wish.model) as session:
            for event in session.open():
                if isinstance(event, Progress):
                    Gimp.progress_set_text(wording.progress_text(event))
            pixels = session.pixels(REQUEST)
            state = session.edit_state
        assert state is not None
        return straight(make_image(wish, pixels, state), Gimp.progress_update)
    finally:
        Gimp.progress_end()


def make_image(wish: Wish, pixels: Pixels, state: bytes) -> Work[Gimp.Image]:
    """The image, with the picture as its only layer, which keeps how it was made."""
    height, width = pixels.picture.shape[:2]
    image = Gimp.Image.new(width, height, Gimp.ImageBaseType.RGB)
    image.undo_disable()
    try:
        rect = Rect(0, 0, width, height)
        keepsake = Keepsake(state, None, f"Seed {wish.seed}")
        layer = yield from make_layer(image, pixels, rect, Form.PICTURE, keepsake)
        image.insert_layer(layer, None, 0)
    except BaseException:
        image.delete()
        raise
    image.undo_enable()
    return image
