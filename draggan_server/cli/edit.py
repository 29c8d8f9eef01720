"""A drag through the server, and the pictures that are kept of it."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from draggan_client.errors import StoppedError
from draggan_client.messages import (
    DragRequest,
    Frame,
    HandleState,
    InversionMode,
    MaskData,
    Preview,
    PreviewOptions,
    Progress,
    Result,
    ResultRequest,
)
from draggan_client.session import Session, SessionEvent
from draggan_server.cli.errors import CommandError
from draggan_server.cli.marks import Mark, with_marks
from draggan_server.cli.options import Place
from draggan_server.cli.pictures import PictureFile, Rgba, from_wire, on_wire, with_copy
from draggan_server.cli.progress import ProgressLine
from draggan_server.cli.serving import ctrl_c_stops


@dataclass(frozen=True, eq=False)
class Edit:
    """A drag to be done."""

    session: Session
    request: DragRequest
    layer: PictureFile | None
    """The picture that the edit goes into; None: the model's own picture."""
    marks: bool
    animation_size: int | None
    """The longer side of the animation's frames in px; None: no animation."""
    mode: InversionMode = "quick"
    """How a picture is looked for."""


@dataclass(frozen=True, eq=False)
class Finished:
    """What came of it."""

    result: Result
    before: Rgba
    after: Rgba
    frames: tuple[NDArray[np.uint8], ...]
    """[height, width, 3], of the frame that the model sees; none where no animation was asked for."""
    targets: dict[str, Place]
    model: str
    lacks_pixels: bool
    """A picture was given with an edit that is kept, and is not the one that the edit began with."""


def run(edit: Edit, line: ProgressLine) -> Finished:
    """Ctrl+C stops the drag, which then still has a result; before the drag it raises StoppedError.

    Raises what Session does.
    """
    session, request = edit.session, edit.request
    targets = {point.id: (point.target_x, point.target_y) for point in request.points}
    at_start = tuple(HandleState(point.id, point.handle_x, point.handle_y, 0.0) for point in request.points)
    with ctrl_c_stops(session) as stopped:
        _show(session.open(), line)
        state = session.state()
        if state is not None and not state.is_known:
            _show(session.invert(edit.mode), line)
        if stopped.is_set():
            raise StoppedError("Stopped before the drag.")
        _check_mask(request.mask, session)
        frame = _frame(session)
        album = _Album(edit, frame, targets)
        before = album.picture(at_start)
        album.add_own(at_start)
        if stopped.is_set():
            raise StoppedError("Stopped before the drag.")
        handles = at_start
        preview = _previews(edit, session)
        for event in session.drag(request.points, request.mask, request.settings, preview):
            if isinstance(event, Progress):
                line.progress(event)
                handles = event.points
            elif isinstance(event, Preview) and event.step > 0:
                album.add_preview(event, handles)
    result, state = session.result, session.state()
    assert result is not None and state is not None
    album.add_own(result.points)
    lacks_pixels = edit.layer is not None and not session.gave_pixels
    after = album.picture(result.points)
    return Finished(result, before, after, tuple(album.frames), targets, state.model_id, lacks_pixels)


def _show(events: Iterable[SessionEvent], line: ProgressLine) -> None:
    for event in events:
        if isinstance(event, Progress):
            line.progress(event)


def _check_mask(mask: MaskData | None, session: Session) -> None:
    """A mask for a drawn picture is as large as that: another one was made for another picture. Raises CommandError."""
    state = session.state()
    assert state is not None
    if mask is None or state.source == "picture":
        return
    height, width = mask.array.shape
    across, down = math.ceil(state.frame.width), math.ceil(state.frame.height)
    if (height, width) != (down, across):
        raise CommandError(
            f"The mask is {width} x {height} px, but the picture is {across} x {down} px. "
            "Make the mask as large as the picture."
        )


def _frame(session: Session) -> Frame:
    state = session.state()
    assert state is not None
    return state.frame


def _previews(edit: Edit, session: Session) -> PreviewOptions | None:
    """Never larger than the model draws: the smaller they are, the more of them the server has time for."""
    state = session.state()
    if edit.animation_size is None or state is None:
        return None
    return PreviewOptions(max(16, min(edit.animation_size, state.resolution)), "png", interval_s=0.0)


class _Album:
    """The session's pictures, as they are now, marked where that was asked for."""

    def __init__(self, edit: Edit, frame: Frame, targets: dict[str, Place]) -> None:
        self._edit = edit
        self._frame = frame
        self._targets = targets
        self.frames: list[NDArray[np.uint8]] = []
        self._base = edit.layer.pixels if edit.layer else _model_picture_at_start(edit.session)

    def picture(self, handles: Iterable[HandleState]) -> Rgba:
        """With a layer or a mask, the edit inside what was there before; otherwise the model's whole picture."""
        state = self._edit.session.state()
        assert state is not None
        if self._edit.layer:
            return self._marked(self._edited(), handles, Frame(0.0, 0.0, float(self._edit.layer.width)))
        if any(drag.mask is not None for drag in state.drags) and state.source != "picture":
            return self._marked(self._edited(), handles, self._frame)
        return self._marked(from_wire(self._edit.session.pixels(ResultRequest("model"))), handles, self._frame)

    def _edited(self) -> Rgba:
        request = ResultRequest("copy", onto=on_wire(self._base))
        return with_copy(self._base, self._edit.session.pixels(request))

    def add_own(self, handles: Iterable[HandleState]) -> None:
        """The model's picture becomes a frame of the animation, if there is to be one."""
        if self._edit.animation_size:
            self._add(Image.fromarray(from_wire(self._edit.session.pixels(ResultRequest("model")))), handles)

    def add_preview(self, preview: Preview, handles: Iterable[HandleState]) -> None:
        """The preview becomes a frame of the animation."""
        with Image.open(io.BytesIO(preview.data)) as image:
            self._add(image.convert("RGBA"), handles)

    def _add(self, image: Image.Image, handles: Iterable[HandleState]) -> None:
        size = self._edit.animation_size
        assert size is not None
        width, height = (
            max(1, round(side * size / self._frame.size)) for side in (self._frame.width, self._frame.height)
        )
        image = image.resize((width, height), Image.Resampling.BICUBIC)
        self.frames.append(self._marked(np.array(image), handles, self._frame)[..., :3])

    def _marked(self, pixels: Rgba, handles: Iterable[HandleState], shown: Frame) -> Rgba:
        if not self._edit.marks:
            return pixels
        return with_marks(pixels, [Mark((each.x, each.y), self._targets[each.id]) for each in handles], shown)


def _model_picture_at_start(session: Session) -> Rgba:
    """The model's picture before the first drag, which edits are laid over."""
    now = session.result.position if session.result else 0
    if now:
        session.seek(0)
    try:
        return from_wire(session.pixels(ResultRequest("model")))
    finally:
        if now:
            session.seek(now)
