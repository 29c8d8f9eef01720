"""The pixels of a session, in the forms that a client can ask for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from draggan_client.edit_state import EditState
from draggan_client.framing import MAX_BODY_BYTES
from draggan_client.messages import Depth, Pixels, ResultRequest
from draggan_server.canvas import (
    Frame,
    Motion,
    Picture,
    Region,
    composite,
    edited_copy,
    over,
    to_rgb8,
    whole_frame,
)
from draggan_server.canvas.depth import from_unit
from draggan_server.drag import dense_motion
from draggan_server.server.errors import RefusedError
from draggan_server.server.masks import editable
from draggan_server.server.pixels import draw, to_array, to_picture, to_tensor
from draggan_server.server.session import Session, check_since, latent_at
from draggan_server.stylegan2 import Generator

_DEPTHS: dict[Depth, np.dtype] = {"u8": np.dtype(np.uint8), "u16": np.dtype(np.uint16), "f32": np.dtype(np.float32)}
_ROOM_BYTES = 1 << 16
"""In a message, for all that is not pixels."""


def pixels_of(session: Session, request: ResultRequest, generator: Generator) -> Pixels:
    """Raises RefusedError, CanvasError and EditStateError."""
    state = session.state
    if request.form in ("edit", "copy"):
        check_since(state, request.since)
    begun_with = session.begun_with
    depth = _DEPTHS[request.depth] if request.depth else begun_with.pixels.dtype
    if request.form == "picture":
        check_size(Region.covering(session.frame), depth)
    after = _drawn(state, state.position, generator)
    if request.form == "picture":
        return _at_its_place(whole_frame(after, session.frame, depth))
    if request.form == "model":
        return Pixels(to_array(opaque(after, depth)))
    before = _drawn(state, request.since, generator)
    mask = editable(state, request.since)
    if request.onto is None:
        motion = None
        if session.picture is not None:  # what is drawn has no detail but the model's
            begun_with = _as_at(session, request.since, before, generator)
            motion = _motion(session, request.since, state.position, generator)
        edit = composite(begun_with, session.frame, before, after, mask, depth, motion)
        check_size(edit.region, depth)
        return _at_its_place(edit)
    onto = to_picture(request.onto, request.offset_x, request.offset_y)
    motion = _motion(session, request.since, state.position, generator)
    copy = edited_copy(onto, begun_with, session.frame, before, after, mask, motion)
    check_size(copy.picture.region, copy.picture.pixels.dtype, with_changed=True)
    return Pixels(to_array(copy.picture.pixels), copy.picture.x, copy.picture.y, to_array(copy.changed))


def _as_at(session: Session, position: int, drawn: np.ndarray, generator: Generator) -> Picture:
    """The artist's picture after some of the drags, up to which the model draws `drawn`: with the edit up to there
    laid over it."""
    begun_with, state = session.begun_with, session.state
    if position == 0:
        return begun_with
    mask = editable(replace(state, position=position))
    motion = _motion(session, 0, position, generator)
    edit = composite(begun_with, session.frame, _drawn(state, 0, generator), drawn, mask, motion=motion)
    return over(begun_with, edit)


def _motion(session: Session, since: int, position: int, generator: Generator) -> Motion | None:
    """From one position of the history to another; None where it is the same."""
    state = session.state
    if since == position:
        return None
    before, after = (to_tensor(latent_at(state, each), generator.device)[None] for each in (since, position))
    found = dense_motion(generator, before, after, state.noise)
    return Motion(found.offsets.float().cpu().numpy(), found.confidence.float().cpu().numpy())


def _drawn(state: EditState, position: int, generator: Generator) -> np.ndarray:
    return draw(generator, to_tensor(latent_at(state, position), generator.device)[None], state.noise)


def check_size(region: Region, depth: np.dtype, with_changed: bool = False) -> None:
    """Raises RefusedError where pixels of that region, or these and what is changed of them, are too many for one
    message."""
    size = region.width * region.height * (4 * depth.itemsize + with_changed)
    if size > MAX_BODY_BYTES - _ROOM_BYTES:
        raise RefusedError(
            "too_large",
            f"That would be {region.width} x {region.height} px of {depth.itemsize * 8} bits, {size / 2**20:.0f} MiB; "
            f"{MAX_BODY_BYTES / 2**20:.0f} MiB can be sent at once.",
            "Choose a smaller frame or a lower depth.",
        )


def check_drawn_frame(frame: Frame) -> None:
    """Raises RefusedError where a drawn picture of that frame could not be sent in any depth."""
    check_size(Region.covering(frame), np.dtype(np.uint8))


def opaque(picture: np.ndarray, depth: np.dtype) -> np.ndarray:
    """The model's picture [3, R, R] as RGBA [R, R, 4]."""
    if depth == np.uint8:
        rgb = to_rgb8(picture)
        return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])
    rgba = np.concatenate(
        [picture.transpose(1, 2, 0) * 0.5 + 0.5, np.ones((*picture.shape[1:], 1), np.float32)], axis=2
    )
    return from_unit(rgba, depth)


def _at_its_place(picture: Picture) -> Pixels:
    return Pixels(to_array(picture.pixels), picture.x, picture.y)
