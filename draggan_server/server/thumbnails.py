"""A small picture for each model, drawn once and kept in the user's data folder."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import torch
from PIL import Image

from draggan_server.canvas import to_rgb8
from draggan_server.models import ModelEntry, ModelLibrary
from draggan_server.server.pixels import draw

log = logging.getLogger(__name__)

SIDE = 128
SEED = 0
PSI = 0.7


class Thumbnails:
    """PNG files named by the model's sha256, so that a changed model gets a new one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._drawn: dict[str, bytes] = {}

    def get(self, entry: ModelEntry) -> bytes | None:
        """The model's thumbnail; None where it has not been drawn yet. Empty: it cannot be."""
        if entry.sha256 not in self._drawn:
            try:
                self._drawn[entry.sha256] = self._file(entry).read_bytes()
            except OSError:
                return None
        return self._drawn[entry.sha256]

    def make_one(self, library: ModelLibrary) -> bool:
        """Draws one that is missing, on the engine's thread. False when there was none."""
        for entry in library.entries():
            if self.get(entry) is None:
                self._drawn[entry.sha256] = self._draw(library, entry)
                if self._drawn[entry.sha256]:  # one that failed is tried again by the next server
                    self._keep(entry)
                return True
        return False

    def forget(self, sha256: str) -> None:
        """Deletes the file of a model that has gone."""
        self._drawn.pop(sha256, None)
        self._path(sha256).unlink(missing_ok=True)

    def _draw(self, library: ModelLibrary, entry: ModelEntry) -> bytes:
        try:
            generator = library.load(entry.id, keep=False).generator
            with torch.no_grad():
                ws = generator.ws_from_seed(SEED, PSI)
            file = io.BytesIO()
            _thumbnail(Image.fromarray(to_rgb8(draw(generator, ws, "const")))).save(file, "PNG")
            return file.getvalue()
        except Exception as error:
            log.warning("no thumbnail for %s: %s", entry.path, error)
            return b""

    def _keep(self, entry: ModelEntry) -> None:
        """On disk too, for the next time; a full disk only means drawing it again."""
        file = self._file(entry)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            draft = file.with_suffix(".part")
            draft.write_bytes(self._drawn[entry.sha256])
            draft.replace(file)
        except OSError as error:
            log.warning("the thumbnail of %s is not kept: %s", entry.id, error)

    def _file(self, entry: ModelEntry) -> Path:
        return self._path(entry.sha256)

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.png"


def _thumbnail(image: Image.Image) -> Image.Image:
    """SIDE x SIDE px. Lists show squares: a picture that is none lies in the middle of a transparent one."""
    longer = max(image.size)
    width, height = (max(1, round(side * SIDE / longer)) for side in image.size)
    small = image.resize((width, height), Image.Resampling.LANCZOS)
    if width == height:
        return small
    square = Image.new("RGBA", (SIDE, SIDE))
    square.paste(small, ((SIDE - width) // 2, (SIDE - height) // 2))
    return square
