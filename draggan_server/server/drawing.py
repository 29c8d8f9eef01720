"""Previews: what of a session is drawn small, and when."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from draggan_client.messages import Preview, PreviewOptions
from draggan_server.canvas import EditPreview, Mask
from draggan_server.drag import DragStep
from draggan_server.server.masks import editable, editable_with
from draggan_server.server.pixels import SmallPictures, draw, encode, encode_rgba, to_tensor
from draggan_server.server.previews import PreviewBudget
from draggan_server.server.session import Session, latent_at
from draggan_server.stylegan2 import Generator


def preview_now(session: Session, generator: Generator, options: PreviewOptions, step: int) -> Preview:
    """The session as it is, drawn as finely as the model can. Raises EditStateError."""
    state = session.state
    after = draw(generator, to_tensor(latent_at(state, state.position), generator.device)[None], state.noise)
    if options.content == "model":
        return encode(after, options, step)
    before = draw(generator, to_tensor(latent_at(state, options.since), generator.device)[None], state.noise)
    mask = editable(state, options.since)
    layer = EditPreview(session.begun_with, session.frame, mask, options.size)
    return encode_rgba(layer.layer(before, after), options, step)


class DragPreviews:
    """Draws the previews that a drag's request asks for, as long as they are worth it."""

    def __init__(
        self, options: PreviewOptions | None, session: Session, generator: Generator, mask: Mask | None
    ) -> None:
        """mask: of the drag that begins. Raises EditStateError."""
        self._options = options
        self._session = session
        # The first of an edit takes three pictures: see `_Edit.prepare`.
        first_cost_s = session.draw_s * (3 if options and options.content == "edit" else 1)
        self._budget = PreviewBudget(options.interval_s if options else 0.0, first_cost_s)
        self._pictures = SmallPictures(generator, options.size if options else generator.resolution)
        self._edit: _Edit | None = None
        if options and options.content == "edit":
            state = session.state
            ws = to_tensor(latent_at(state, options.since), generator.device)[None]
            self._edit = _Edit(session, ws, options, mask, self._pictures)

    def worked(self, seconds: float) -> None:
        """A step of the drag took this long."""
        self._budget.worked(seconds)

    def drawn_if_due(self, step: DragStep) -> Preview | None:
        """The preview of these very ws, on which the handles were found: never one step behind them."""
        began = time.monotonic()
        if self._options is None or not self._budget.is_due(began):
            return None
        if self._edit is not None:
            self._edit.prepare()
        prepared = time.monotonic()
        picture = self._pictures.draw(step.ws, self._session.state.noise)
        if self._edit is None:
            preview = encode(picture, self._options, step.step)
        else:
            preview = encode_rgba(self._edit.layer(picture), self._options, step.step)
        ended = time.monotonic()
        self._session.draw_s = ended - prepared
        self._budget.shown(began, ended - began, next_cost_s=ended - prepared)
        return preview


class _Edit:
    """What changed since a position of the history, as it changes."""

    def __init__(
        self, session: Session, ws: Tensor, options: PreviewOptions, mask: Mask | None, pictures: SmallPictures
    ) -> None:
        self._session = session
        self._ws = ws
        self._options = options
        self._mask = editable_with(session.state, options.since, mask)
        self._pictures = pictures
        self._before: NDArray[np.float32] | None = None
        self._preview: EditPreview | None = None

    def prepare(self) -> None:
        """What is needed once: not before anything is to be shown."""
        if self._preview is None:
            session = self._session
            self._preview = EditPreview(session.begun_with, session.frame, self._mask, self._options.size)
            # Twice: the first is always drawn whole, and only pictures that were drawn alike can be compared.
            self._pictures.draw(self._ws, session.state.noise)
            self._before = self._pictures.draw(self._ws, session.state.noise)

    def layer(self, after: NDArray[np.float32]) -> NDArray[np.uint8]:
        assert self._preview is not None and self._before is not None
        return self._preview.layer(self._before, after)
