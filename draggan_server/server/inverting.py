"""Work that looks for what draws a session's picture: a latent, and in the faithful mode a change of the weights."""

from __future__ import annotations

import dataclasses
import logging
import math
import time
from collections.abc import Generator as Steps
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch

from draggan_client import messages
from draggan_client.edit_state import EditState, Inversion
from draggan_client.errors import EditStateError
from draggan_client.messages import Event, InversionMode, InvertRequest, Preview, PreviewOptions, Progress
from draggan_server.canvas import ModelPicture, Picture, picture_for_model
from draggan_server.checkpoints import Checkpoint
from draggan_server.inversion import (
    InversionSettings,
    InversionStage,
    InversionStart,
    InversionStep,
    Recognition,
    invert,
)
from draggan_server.inversion.recognition import Familiarity
from draggan_server.server import deltas
from draggan_server.server.engine import StopRequestedError, Work
from draggan_server.server.errors import RefusedError
from draggan_server.server.frames import canvas_frame
from draggan_server.server.inversion_cache import InversionCache, KeptInversion, picture_key
from draggan_server.server.pixels import SmallPictures, draw, encode, half, to_tensor
from draggan_server.server.previews import PreviewBudget
from draggan_server.server.remaining import InversionTime, StageCost
from draggan_server.server.results import result
from draggan_server.server.session import Session
from draggan_server.server.session_models import SessionModels
from draggan_server.stylegan2 import Generator

log = logging.getLogger(__name__)

_FEATURES_COST = 1.6
"""Of a step that looks at the discriminator's features, beside one that does not: the bundled model on a CPU."""
_LOCALITY_COST = 0.8
"""What locality adds to it."""


def invert_session(
    session: Session, request: InvertRequest, models: SessionModels, cache: InversionCache
) -> Work[Event]:
    """Yields what each step has to say; returns the Result.

    The session changes at the very end: an inversion that fails, or whose client goes, leaves it as it was. One that
    is stopped keeps what it has.
    """
    began = time.monotonic()
    last: InversionStep | None = None
    plan = Plan.of(request.mode, session.state.inversion)
    try:
        yield ()
        picture = check_invertible(session)
        base = models.base(session.state)
        if not plan.is_done:
            yield (Progress("w", plan.done, plan.total, elapsed_s=time.monotonic() - began),)
            seen = seen_by_model(session.state, picture)
            previews = _Previews(request.preview, session, base.generator)
            told = _Told(plan, base, began)
            for last, worked_s in _timed(_begun(session.state, seen, plan, base)):
                preview = previews.drawn_if_due(last, worked_s)
                progress = told.progress(last)
                yield (progress, preview) if preview else (progress,)
    except StopRequestedError:
        pass
    if last is not None and (last.step or last.end):
        session.state = inverted(session.state, plan, last)
        if last.end:
            cache.put(picture_key(session.state, seen), KeptInversion.of(session.state))
    ended = plan.is_done or (last is not None and last.end)
    drawn = None
    if request.preview and session.state.inversion:
        drawn = reconstruction(session.state, models.load(session.state).generator, request.preview)
    taken = last.step if last else 0
    return result(session, "inverted" if ended else "stopped", taken, time.monotonic() - began, drawn)


def known_before(state: EditState, seen: ModelPicture, models: SessionModels, cache: InversionCache) -> EditState:
    """The state with what an earlier inversion of the same picture has found, the most faithful there is; without one
    the state as it is."""
    key = picture_key(state, seen)
    for mode in ("faithful", "quick"):
        found = cache.get(key, mode)
        if found is None:
            continue
        known = dataclasses.replace(state, start_latent=found.latent, inversion=found.inversion)
        try:
            models.load(known)
            return known
        except EditStateError as error:
            log.warning("an inversion that was kept cannot be used, and is removed: %s", error)
            cache.remove(key, mode)
    return state


def tuned_again(
    state: EditState, picture: Picture | None, models: SessionModels, cache: InversionCache
) -> Steps[tuple[Event, ...], None, EditState]:
    """The state with what its edit state had no room for: what tuning added to the model's weights."""
    began = time.monotonic()
    assert state.inversion is not None
    if picture is None:
        raise EditStateError(
            "This edit state is damaged: the picture that the model was tuned to is missing.",
            "Start a new edit on this layer.",
        )
    seen = seen_by_model(state, picture)
    known = known_before(state, seen, models, cache)
    if known.inversion is not None and known.inversion.delta and known.start_latent == state.start_latent:
        return known
    before = dataclasses.replace(state.inversion, delta_left_out=False)
    then = _settings(before.mode)
    plan = Plan.of(before.mode, dataclasses.replace(before, step=then.w_steps + then.w_plus_steps))
    last: InversionStep | None = None
    base = models.base(state)
    told = _Told(plan, base, began)
    for last, _ in _timed(_begun(dataclasses.replace(state, inversion=before), seen, plan, base)):
        yield (told.progress(last),)
    return state if last is None else dataclasses.replace(inverted(state, plan, last), start_latent=state.start_latent)


def _timed(steps: Steps[InversionStep, None, None]) -> Steps[tuple[InversionStep, float], None, None]:
    """Each step, and the seconds that it took by itself."""
    try:
        while True:
            began = time.monotonic()
            step = next(steps, None)
            if step is None:
                return
            yield step, time.monotonic() - began
    finally:
        steps.close()


class _Told:
    """What is told of each step."""

    def __init__(self, plan: Plan, checkpoint: Checkpoint, began: float) -> None:
        """began: by the monotonic clock."""
        settings = plan.settings
        features = _FEATURES_COST if settings.feature_weight and checkpoint.discriminator else 1.0
        stages = {
            InversionStage.W: StageCost(0 if plan.done else settings.w_steps, 1.0),
            InversionStage.W_PLUS: StageCost(settings.w_plus_steps, features),
            InversionStage.TUNING: StageCost(
                settings.tuning_steps, features + (_LOCALITY_COST if settings.locality_weight else 0.0)
            ),
        }
        self._time = InversionTime({stage.value: cost for stage, cost in stages.items()})
        self._plan = plan
        self._began = began

    def progress(self, step: InversionStep) -> Progress:
        elapsed_s = time.monotonic() - self._began
        self._time.seen(step.stage.value if step.step else None, elapsed_s)
        done, total = self._plan.done + step.step, self._plan.total
        loss = step.loss if math.isfinite(step.loss) else None
        return Progress(step.stage.value, done, total, (), loss, elapsed_s, self._time.seconds())


def check_invertible(session: Session) -> Picture:
    """The picture to be inverted. Raises RefusedError for an edit that has none, or whose drags stand on what it was
    inverted to."""
    state = session.state
    if state.source != "picture" or session.picture is None:
        raise RefusedError(
            "bad_request",
            "This edit began with a picture out of the model: there is nothing to look for.",
            "Drag it as it is.",
        )
    if state.history:
        raise RefusedError(
            "bad_request",
            f"This edit has {len(state.history)} finished drags, which stand on what the picture was found as; to look "
            "for it once more would take that from under them.",
            "Go on dragging, or begin a new edit.",
        )
    return session.picture


@dataclass(frozen=True)
class Plan:
    """The steps that a mode takes, and how many of them were taken before."""

    mode: InversionMode
    settings: InversionSettings
    """Of what is left to do."""
    done: int
    total: int

    @property
    def is_done(self) -> bool:
        return self.done >= self.total

    @staticmethod
    def of(mode: InversionMode, before: Inversion | None) -> Plan:
        """What is left of the mode after an earlier inversion of the same picture."""
        whole = _settings(mode)
        total = whole.w_steps + whole.w_plus_steps + whole.tuning_steps
        if before is None or before.recognition is None:  # the stage in W has to end to say how well it went
            return Plan(mode, whole, 0, total)
        then = _settings(before.mode)
        w_plus_taken = min(before.step - then.w_steps, then.w_plus_steps)
        # The faithful mode tunes by another measure: what the quick one tuned is only where it begins.
        tuning_taken = 0 if (before.mode, mode) == ("quick", "faithful") else before.step - then.w_steps - w_plus_taken
        left = dataclasses.replace(
            whole,
            w_plus_steps=max(whole.w_plus_steps - w_plus_taken, 0),
            tuning_steps=max(whole.tuning_steps - tuning_taken, 0),
        )
        return Plan(mode, left, total - left.w_plus_steps - left.tuning_steps, total)


def _settings(mode: InversionMode) -> InversionSettings:
    return InversionSettings.faithful() if mode == "faithful" else InversionSettings.quick()


def _begun(
    state: EditState, seen: ModelPicture, plan: Plan, checkpoint: Checkpoint
) -> Steps[InversionStep, None, None]:
    """Raises EditStateError."""
    start = None
    if state.inversion is not None:
        ws = to_tensor(state.start_latent, checkpoint.generator.device)[None]
        delta = deltas.unpack(state.inversion.delta, checkpoint.generator) if state.inversion.delta else None
        start = InversionStart(ws, delta, _known(state.inversion.recognition))
    steps = invert(
        checkpoint.generator,
        checkpoint.discriminator,
        torch.from_numpy(seen.rgb)[None],
        plan.settings.calibrated(dataclasses.asdict(checkpoint.card.recognition)),
        torch.from_numpy(np.ascontiguousarray(seen.alpha))[None, None],
        state.noise,
        start,
    )
    return cast("Steps[InversionStep, None, None]", steps)


def seen_by_model(state: EditState, picture: Picture) -> ModelPicture:
    """What lies in the frame, as the model is given it. Raises CanvasError."""
    return picture_for_model(picture, canvas_frame(state.frame), state.resolution)


def inverted(state: EditState, plan: Plan, step: InversionStep) -> EditState:
    """The state with what an inversion has come to."""
    recognition = (
        messages.Recognition(step.recognition.score, step.recognition.word.value) if step.recognition else None
    )
    delta = deltas.pack(step.delta) if step.delta else b""
    found = Inversion(plan.mode, plan.done + step.step, plan.total, recognition, delta)
    return dataclasses.replace(state, start_latent=half(step.ws[0]), inversion=found)


def _known(recognition: messages.Recognition | None) -> Recognition | None:
    return Recognition(recognition.score, Familiarity(recognition.word)) if recognition else None


def reconstruction(state: EditState, generator: Generator, options: PreviewOptions) -> Preview:
    """The picture before any drag, as the session's generator draws it."""
    ws = to_tensor(state.start_latent, generator.device)[None]
    step = state.inversion.step if state.inversion else 0
    return encode(draw(generator, ws, state.noise), options, step)


class _Previews:
    """Draws the reconstruction as long as that is worth its cost."""

    def __init__(self, options: PreviewOptions | None, session: Session, generator: Generator) -> None:
        self._options = options
        self._noise = session.state.noise
        self._generator = generator
        self._pictures = SmallPictures(generator, options.size if options else generator.resolution)
        self._budget = PreviewBudget(options.interval_s if options else 0.0)

    def drawn_if_due(self, step: InversionStep, worked_s: float) -> Preview | None:
        began = time.monotonic()
        self._budget.worked(worked_s)
        if self._options is None or not self._budget.is_due(began):
            return None
        pictures = self._pictures
        if step.delta is not None:
            pictures = pictures.by(self._generator.tuned(step.delta))
        preview = encode(pictures.draw(step.ws, self._noise), self._options, step.step)
        self._budget.shown(began, time.monotonic() - began)
        return preview
