"""Work that opens a session: from a seed, a latent, an edit state or a picture."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Generator as Steps
from dataclasses import dataclass

import numpy as np
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
)
from draggan_server.canvas import Frame, Picture, picture_for_model
from draggan_server.checkpoints import Checkpoint
from draggan_server.inversion import InversionSettings, invert
from draggan_server.models import ModelEntry, ModelLibrary
from draggan_server.server import frame_picture
from draggan_server.server.engine import Work
from draggan_server.server.errors import RefusedError
from draggan_server.server.forms import check_drawn_frame
from draggan_server.server.masks import editable
from draggan_server.server.pixels import SmallPictures, draw, encode, half, to_picture, to_tensor
from draggan_server.server.previews import PreviewBudget
from draggan_server.server.results import result
from draggan_server.server.session import canvas_frame, latent_at
from draggan_server.server.sessions import Sessions
from draggan_server.stylegan2 import z_from_seed

Events = tuple[Event, ...]


@dataclass(frozen=True, eq=False)
class Opened:
    """What a source came to."""

    state: EditState
    picture: Picture | None = None
    steps: int = 0


def open_session(request: OpenRequest, library: ModelLibrary, sessions: Sessions) -> Work[Event]:
    """Returns the Result; the session is added to `sessions` just before, so that nothing is left of a job
    that was stopped, failed or lost its client."""
    began = time.monotonic()
    yield ()
    state = EditState.from_bytes(request.source.state) if isinstance(request.source, FromState) else None
    model_id = request.model or (state.model_id if state else library.default_id())
    entry = library.entry(model_id)
    yield (Progress("open", 0, 0, elapsed_s=time.monotonic() - began),)
    checkpoint = library.load(model_id)
    yield ()
    if state is not None:
        opened = _from_state(state, request, entry, checkpoint)
    elif isinstance(request.source, FromPicture):
        opened = yield from _from_picture(request, request.source, entry, checkpoint, began)
    else:
        opened = _from_code(request, entry, checkpoint)
    drawn = time.monotonic()
    ws = to_tensor(latent_at(opened.state, opened.state.position), checkpoint.generator.device)[None]
    picture = draw(checkpoint.generator, ws, opened.state.noise)
    session = sessions.add(opened.state, opened.picture, time.monotonic() - drawn)
    preview = encode(picture, PreviewOptions(), opened.steps)
    return result(session, "opened", opened.steps, time.monotonic() - began, preview)


def _from_state(state: EditState, request: OpenRequest, entry: ModelEntry, checkpoint: Checkpoint) -> Opened:
    if entry.id != state.model_id or entry.sha256 != state.model_sha256:
        raise RefusedError(
            "bad_edit_state",
            f"This edit was made with the model {state.model_id!r} of sha256 {state.model_sha256[:12]}…, but "
            f"{entry.id!r} here has {entry.sha256[:12]}….",
            "Put that model's file back, or start a new edit on this layer.",
        )
    _check_latent(state.start_latent, checkpoint)  # those of the history are like it
    if not state.frame_picture:
        check_drawn_frame(canvas_frame(state))
    # Damage is told now, not when it is to be shown.
    editable(dataclasses.replace(state, position=len(state.history)))
    picture = frame_picture.from_png(state.frame_picture) if state.frame_picture else None
    return Opened(state, picture)


def _from_code(request: OpenRequest, entry: ModelEntry, checkpoint: Checkpoint) -> Opened:
    """From a seed or a latent: a drawn picture in its frame."""
    generator, source = checkpoint.generator, request.source
    assert isinstance(source, FromSeed | FromLatent)
    frame = source.frame or messages.Frame(0.0, 0.0, float(generator.resolution))
    check_drawn_frame(Frame(frame.x, frame.y, frame.size))
    if isinstance(source, FromSeed):
        z = z_from_seed(source.seed, generator.config.z_dim).to(generator.device)
        with torch.no_grad():
            latent = half(generator.mapping(z, psi=source.psi)[0])
        seed, psi = source.seed, source.psi
    else:
        _check_latent(source.ws, checkpoint)
        latent, seed, psi = half(to_tensor(source.ws, torch.device("cpu"))), None, source.psi
    return Opened(_new_state(request, entry, checkpoint, frame, latent, psi=psi, seed=seed))


def _from_picture(
    request: OpenRequest, source: FromPicture, entry: ModelEntry, checkpoint: Checkpoint, began: float
) -> Steps[Events, None, Opened]:
    """Looks for the latent that draws the picture."""
    generator = checkpoint.generator
    picture = to_picture(source.picture, source.offset_x, source.offset_y)
    if source.frame:
        frame = Frame(source.frame.x, source.frame.y, source.frame.size)
    else:
        frame = Frame.around(picture.width, picture.height, picture.x, picture.y)
    seen = picture_for_model(picture, frame, generator.resolution)
    picture = frame_picture.crop(picture, frame)
    target = torch.from_numpy(seen.rgb)[None]
    weight = torch.from_numpy(np.ascontiguousarray(seen.alpha))[None, None]
    steps = invert(generator, checkpoint.discriminator, target, InversionSettings(), weight)
    previews = PreviewBudget(PreviewOptions().interval_s)
    pictures = SmallPictures(generator, PreviewOptions().size)
    step = None
    step_began = time.monotonic()
    for step in steps:
        now = time.monotonic()
        previews.worked(now - step_began)
        elapsed = now - began
        remaining = elapsed / step.step * (step.total_steps - step.step) if step.step else None
        events: Events = (Progress("invert", step.step, step.total_steps, (), step.loss, elapsed, remaining),)
        if previews.is_due(now):
            events += (encode(pictures.draw(step.ws, request.noise), PreviewOptions(), step.step),)
            previews.shown(now, time.monotonic() - now)
        yield events
        step_began = time.monotonic()
    assert step is not None
    latent = half(step.ws[0])
    wire_frame = messages.Frame(frame.x, frame.y, frame.size)
    png = frame_picture.to_png(picture, frame, generator.resolution)
    state = _new_state(request, entry, checkpoint, wire_frame, latent, psi=1.0, frame_picture=png)
    return Opened(state, picture, step.step)


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


def _check_latent(latent: Array, checkpoint: Checkpoint) -> None:
    config = checkpoint.generator.config
    if latent.shape != (config.num_ws, config.w_dim):
        raise RefusedError(
            "bad_request",
            f"The latent is {latent.shape[0]} x {latent.shape[1]}, but the model {checkpoint.card.name!r} "
            f"takes {config.num_ws} x {config.w_dim}: it is another model's.",
            "Open it with the model that it was made with.",
        )
