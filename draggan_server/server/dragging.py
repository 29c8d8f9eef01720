"""Work that drags the points of a session."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Generator
from typing import cast

from draggan_client.edit_state import FinishedDrag
from draggan_client.messages import (
    DragOptions,
    DragRequest,
    Event,
    Progress,
    Reason,
)
from draggan_server.checkpoints import Checkpoint
from draggan_server.drag import (
    DragEnd,
    DragInputError,
    DragSettings,
    DragStep,
    drag,
    feature_resolution,
)
from draggan_server.server.drawing import DragPreviews, preview_now
from draggan_server.server.engine import StopRequestedError, Work
from draggan_server.server.errors import RefusedError
from draggan_server.server.masks import kept, mask_in_frame, mask_of_model
from draggan_server.server.pixels import half, to_tensor
from draggan_server.server.places import Places
from draggan_server.server.remaining import RemainingTime
from draggan_server.server.results import result
from draggan_server.server.session import (
    Session,
    check_known,
    check_room,
    check_since,
    dragged,
    handle_states,
    latent_at,
    pulled,
)
from draggan_server.server.session_models import SessionModels
from draggan_server.server.speeds import Speeds

_REASONS: dict[DragEnd, Reason] = {
    DragEnd.REACHED: "reached",
    DragEnd.STEP_LIMIT: "step_limit",
    DragEnd.STALLED: "stalled",
}
_TELLING_STEPS = 5
"""A drag of so many steps says how fast the model is."""
_SETTINGS_NAMES = {"r1": "supervision_radius_fraction", "r2": "tracking_radius_fraction"}


def drag_session(session: Session, request: DragRequest, models: SessionModels, speeds: Speeds) -> Work[Event]:
    """Yields what each step has to say; returns the Result.

    The session changes at the very end: a drag that fails, or whose client goes, leaves it as it was. One
    that is stopped keeps what it has.
    """
    began = time.monotonic()
    yield ()
    state, frame = session.state, session.frame
    check_known(state)
    if request.preview:
        check_since(state, request.preview.since)
    if not models.is_loaded(state):  # another model has taken its place meanwhile
        yield (Progress("open", 0, 0, handle_states(state.points), elapsed_s=time.monotonic() - began),)
    checkpoint = models.load(state)
    generator = checkpoint.generator
    places = Places(frame, generator.resolution)
    points = pulled(state, request.points)
    settings = drag_settings(request.settings, checkpoint)
    mask = mask_in_frame(request.mask, session, frame)
    places.check(points)
    kept_mask = kept(mask)
    check_room(state, points, kept_mask)
    steps = drag(
        generator,
        to_tensor(latent_at(state, state.position), generator.device)[None],
        [places.to_model(point, generator.device) for point in points],
        mask_of_model(mask, frame, generator.resolution, generator.device),
        settings,
        state.noise,
    )
    previews = DragPreviews(request.preview, session, generator, mask)
    remaining = RemainingTime(settings.max_steps, settings.tolerance(len(points)))
    last: DragStep | None = None
    worked_s = 0.0
    reason: Reason = "stopped"
    try:
        while last is None or last.end is None:
            step_began = time.monotonic()
            last = next(steps)
            now = time.monotonic()
            points = places.moved(points, last)
            remaining.seen(last.step, max(last.distances), now - began)
            previews.worked(now - step_began)
            progress = Progress(
                "drag",
                last.step,
                settings.max_steps,
                handle_states(points),
                last.loss,
                now - began,
                remaining.seconds(),
            )
            preview = previews.drawn_if_due(last)
            if last.step > 0:  # the first one has no tracking, and wakes everything up
                worked_s += time.monotonic() - step_began
            yield (progress, preview) if preview else (progress,)
    except StopRequestedError:
        pass
    finally:
        cast(Generator[DragStep, None, None], steps).close()
    if last is not None:
        reason = _REASONS[last.end] if last.end else "stopped"
        points = places.with_references(points, last)
        if last.step >= _TELLING_STEPS and worked_s > 0:
            speeds.measured(state.model_sha256, last.step / worked_s)
        if last.step > 0:
            finished = FinishedDrag(half(last.ws[0]), points, reason, last.step)
            session.state = dragged(state, finished, kept_mask, request.settings)
        else:  # nothing moved: nothing to undo
            session.state = dataclasses.replace(state, points=points)
    picture = None
    if request.preview:
        picture = preview_now(session, generator, request.preview, last.step if last else 0)
    return result(session, reason, last.step if last else 0, time.monotonic() - began, picture)


def drag_settings(options: DragOptions, checkpoint: Checkpoint) -> DragSettings:
    """The engine's settings: what was not asked for is the model's or the method's default.

    Raises DragInputError for what was asked for, and RefusedError (bad_model) for what the model's file says.
    """
    asked = {
        _SETTINGS_NAMES.get(field.name, field.name): getattr(options, field.name)
        for field in dataclasses.fields(options)
    }
    own = dataclasses.asdict(checkpoint.card.drag)
    try:
        feature_resolution(checkpoint.generator.config, DragSettings.of(own))
    except DragInputError as error:
        raise RefusedError(
            "bad_model",
            f"The file of the model {checkpoint.card.name!r} holds settings that no drag can have: {error}.",
            "Download or convert it again, or choose another model.",
        ) from None
    return DragSettings.of(own, asked)
