"""Work that opens a session: from a seed, a latent, an edit state or a picture."""

from __future__ import annotations

import dataclasses
import math
import time
from dataclasses import dataclass

import torch

from draggan_client import messages
from draggan_client.arrays import Array
from draggan_client.edit_state import EditState
from draggan_client.messages import (
    Event,
    FromLatent,
    FromPicture,
    FromSeed,
    FromState,
    OpenRequest,
    PreviewOptions,
    Progress,
    Reason,
)
from draggan_server.canvas import Frame, ModelPicture, Picture, picture_for_model
from draggan_server.checkpoints import Checkpoint
from draggan_server.models import ModelEntry
from draggan_server.server import frame_picture
from draggan_server.server.engine import Work
from draggan_server.server.errors import RefusedError
from draggan_server.server.forms import check_drawn_frame
from draggan_server.server.frames import canvas_frame, wire_frame
from draggan_server.server.inversion_cache import InversionCache
from draggan_server.server.inverting import known_before, seen_by_model, tuned_again
from draggan_server.server.masks import editable
from draggan_server.server.pixels import draw, encode, half, to_picture, to_tensor
from draggan_server.server.results import result
from draggan_server.server.session import latent_at
from draggan_server.server.session_models import SessionModels
from draggan_server.server.sessions import Sessions

_SAME_ASPECT = 1e-6
"""Rounded somewhere on its way, it is still the same."""


@dataclass(eq=False)
class Opened:
    """What a source came to."""

    state: EditState
    picture: Picture | None = None
    seen: ModelPicture | None = None
    """What the model sees of the picture, where that was found out on the way."""


def open_session(request: OpenRequest, models: SessionModels, sessions: Sessions, cache: InversionCache) -> Work[Event]:
    """Returns the Result; the session is added to `sessions` just before, so that nothing is left of a job
    that was stopped, failed or lost its client."""
    began = time.monotonic()
    yield ()
    state = EditState.from_bytes(request.source.state) if isinstance(request.source, FromState) else None
    model_id = request.model or (state.model_id if state else models.library.default_id())
    entry = models.library.entry(model_id)
    yield (Progress("open", 0, 0, elapsed_s=time.monotonic() - began),)
    checkpoint = models.library.load(model_id)
    yield ()
    if state is not None:
        opened = _from_state(state, request, entry, checkpoint)
    elif isinstance(request.source, FromPicture):
        opened = _from_picture(request, request.source, entry, checkpoint)
    else:
        opened = _from_code(request, entry, checkpoint)
    reason: Reason = "opened"
    if not opened.state.is_known and opened.picture is not None:
        seen = opened.seen or seen_by_model(opened.state, opened.picture)
        opened.state = known_before(opened.state, seen, models, cache)
        reason = "inverted" if opened.state.is_known else reason
    elif state is not None and state.inversion is not None and state.inversion.delta_left_out:
        opened.state = yield from tuned_again(opened.state, opened.picture, models, cache)
    drawn = time.monotonic()
    preview = None
    if opened.state.is_known:
        generator = models.load(opened.state).generator  # damage of what was tuned is told now too
        ws = to_tensor(latent_at(opened.state, opened.state.position), generator.device)[None]
        preview = encode(draw(generator, ws, opened.state.noise), PreviewOptions(), 0)
    session = sessions.add(opened.state, opened.picture, time.monotonic() - drawn)
    return result(session, reason, 0, time.monotonic() - began, preview)


def _from_state(state: EditState, request: OpenRequest, entry: ModelEntry, checkpoint: Checkpoint) -> Opened:
    if entry.id != state.model_id or entry.sha256 != state.model_sha256:
        raise RefusedError(
            "bad_edit_state",
            f"This edit was made with the model {state.model_id!r} of sha256 {state.model_sha256[:12]}…, but "
            f"{entry.id!r} here has {entry.sha256[:12]}….",
            "Put that model's file back, or start a new edit on this layer.",
        )
    _check_latent(state.start_latent, checkpoint)  # those of the history are like it
    state = dataclasses.replace(state, frame=_fitting(state.frame, checkpoint))
    if not state.frame_picture:
        check_drawn_frame(canvas_frame(state.frame))
    # Damage is told now, not when it is to be shown.
    editable(dataclasses.replace(state, position=len(state.history)))
    return Opened(state, _kept_picture(state, request))


def _kept_picture(state: EditState, request: OpenRequest) -> Picture | None:
    """The pixels that the edit began with: those sent along where they are it, else the state's small ones."""
    source = request.source
    assert isinstance(source, FromState)
    if not state.frame_picture:
        return None
    if source.picture is None:
        return frame_picture.from_png(state.frame_picture)
    given = to_picture(source.picture, source.offset_x, source.offset_y)
    sharp = frame_picture.sharper(state.frame_picture, given)
    if sharp is None:
        raise RefusedError(
            "other_picture",
            "The picture sent with the edit is not the one that the edit began with, or lies elsewhere.",
            "Open the edit without a picture: its result is then no finer than the model draws.",
        )
    return sharp


def _from_code(request: OpenRequest, entry: ModelEntry, checkpoint: Checkpoint) -> Opened:
    """From a seed or a latent: a drawn picture in its frame."""
    generator, source = checkpoint.generator, request.source
    assert isinstance(source, FromSeed | FromLatent)
    frame = messages.Frame(0.0, 0.0, float(generator.resolution), aspect=generator.aspect)
    if source.frame:
        frame = _fitting(source.frame, checkpoint)
    check_drawn_frame(canvas_frame(frame))
    if isinstance(source, FromSeed):
        latent = _latent_of(source, checkpoint)
        seed, psi = source.seed, source.psi
    else:
        _check_latent(source.ws, checkpoint)
        latent, seed, psi = half(to_tensor(source.ws, torch.device("cpu"))), None, source.psi
    return Opened(_new_state(request, entry, checkpoint, frame, latent, psi=psi, seed=seed))


def _from_picture(request: OpenRequest, source: FromPicture, entry: ModelEntry, checkpoint: Checkpoint) -> Opened:
    """The picture at its place, not looked for yet: its latent is the model's mean until then. Raises CanvasError."""
    generator = checkpoint.generator
    picture = to_picture(source.picture, source.offset_x, source.offset_y)
    if source.frame:
        frame = canvas_frame(_fitting(source.frame, checkpoint))
    else:
        frame = Frame.around(picture.width, picture.height, picture.x, picture.y, generator.aspect)
    picture = frame_picture.crop(picture, frame)
    seen = picture_for_model(picture, frame, generator.resolution)  # what is wrong with it is said now
    latent = half(generator.w_avg.expand(generator.num_ws, -1))
    png = frame_picture.to_png(picture, frame, generator.resolution)
    state = _new_state(request, entry, checkpoint, wire_frame(frame), latent, psi=1.0, frame_picture=png)
    return Opened(state, picture, seen)


def _new_state(
    request: OpenRequest,
    entry: ModelEntry,
    checkpoint: Checkpoint,
    frame: messages.Frame,
    latent: Array,
    *,
    psi: float,
    seed: int | None = None,
    frame_picture: bytes = b"",
) -> EditState:
    source = request.source.TYPE
    assert source in ("seed", "latent", "picture")
    return EditState(
        entry.id,
        entry.sha256,
        checkpoint.generator.resolution,
        frame,
        psi,
        request.noise,
        source,  # type: ignore[arg-type]  # the words are those of the sources
        seed,
        latent,
        frame_picture=frame_picture,
    )


def _fitting(frame: messages.Frame, checkpoint: Checkpoint) -> messages.Frame:
    """The frame, to the last bit of the model's shape. Raises RefusedError where it is of another one."""
    generator = checkpoint.generator
    if not math.isclose(frame.aspect, generator.aspect, rel_tol=_SAME_ASPECT):
        raise RefusedError(
            "bad_request",
            f"The frame's width is {frame.aspect:g} times its height, but the model {checkpoint.card.name!r} draws "
            f"{generator.width} x {generator.height} px.",
            f"Choose a frame whose width is {generator.aspect:g} times its height.",
        )
    return dataclasses.replace(frame, aspect=generator.aspect)


def _latent_of(source: FromSeed, checkpoint: Checkpoint) -> Array:
    """[num_ws, w_dim]. Raises RefusedError for a class that the model has not."""
    try:
        with torch.no_grad():
            return half(checkpoint.generator.ws_from_seed(source.seed, source.psi, source.label)[0])
    except ValueError as error:
        raise RefusedError(
            "bad_request", f"The model {checkpoint.card.name!r} cannot draw that: {error}.", "Choose another class."
        ) from None


def _check_latent(latent: Array, checkpoint: Checkpoint) -> None:
    config = checkpoint.generator.config
    if latent.shape != (config.num_ws, config.w_dim):
        raise RefusedError(
            "bad_request",
            f"The latent is {latent.shape[0]} x {latent.shape[1]}, but the model {checkpoint.card.name!r} "
            f"takes {config.num_ws} x {config.w_dim}: it is another model's.",
            "Open it with the model that it was made with.",
        )
