"""What an inversion is given, what it keeps when it is stopped, and how one goes on from another."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from draggan_client.arrays import Array
from draggan_client.edit_state import Inversion
from draggan_client.messages import FromPicture, InvertRequest, OpenRequest, Progress, Recognition, Result
from draggan_server.inversion import InversionSettings, invert
from draggan_server.models import ModelLibrary
from draggan_server.server import inverting
from draggan_server.server.engine import StopRequestedError
from draggan_server.server.inverting import Plan, invert_session
from draggan_server.server.limits import Limits
from draggan_server.server.opening import open_session
from draggan_server.server.session import Session
from draggan_server.server.session_models import SessionModels
from draggan_server.server.sessions import Sessions
from tests.server.harness import save_model

QUICK, FAITHFUL = InversionSettings.quick(), InversionSettings.faithful()


@pytest.fixture
def models(tmp_path: Path) -> SessionModels:
    save_model(tmp_path, "noise")
    return SessionModels(ModelLibrary((tmp_path,)))


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    """Two steps in each stage; what `invert` was given."""
    asked: list[tuple] = []

    def short(mode: str) -> Callable[[], InversionSettings]:
        tuning = 2 if mode == "faithful" else 0
        return lambda: InversionSettings(candidates=1, w_steps=2, w_plus_steps=2, tuning_steps=tuning)

    def watched(*arguments):
        asked.append(arguments)
        return invert(*arguments)

    monkeypatch.setattr(InversionSettings, "quick", short("quick"))
    monkeypatch.setattr(InversionSettings, "faithful", short("faithful"))
    monkeypatch.setattr(inverting, "invert", watched)
    return asked


def opened(models: SessionModels, pixels: np.ndarray) -> Session:
    sessions = Sessions(Limits())
    request = OpenRequest(FromPicture(Array("u8", pixels.shape, pixels.tobytes())), "noise")
    last = ended(open_session(request, models, sessions))
    assert last.reason == "opened"
    return sessions.get(last.session)


def ended(work) -> Result:
    with pytest.raises(StopIteration) as end:
        while True:
            next(work)
    return end.value.value


def half_transparent() -> np.ndarray:
    pixels = np.full((64, 64, 4), 200, np.uint8)
    pixels[..., :3] = np.arange(64, dtype=np.uint8)[:, None, None] * 3
    pixels[..., 3] = 255
    pixels[:, 32:, 3] = 0
    return pixels


def test_what_is_transparent_does_not_weigh(models: SessionModels, brief: list[tuple]):
    session = opened(models, half_transparent())
    ended(invert_session(session, InvertRequest(preview=None), models))
    ((_, _, target, _, weight, _, _),) = brief
    assert target.shape == (1, 3, 32, 32)
    assert weight.shape == (1, 1, 32, 32)
    assert torch.equal(weight[..., :16], torch.ones(1, 1, 32, 16))
    assert not weight[..., 16:].any()


def test_a_faithful_one_goes_on_from_a_quick_one(models: SessionModels, brief: list[tuple]):
    session = opened(models, half_transparent())
    ended(invert_session(session, InvertRequest(preview=None), models))
    quick = session.state
    assert (quick.inversion.mode, quick.inversion.step, quick.inversion.total_steps) == ("quick", 4, 4)
    assert quick.inversion.recognition is not None and not quick.inversion.delta
    events = list(_events(invert_session(session, InvertRequest("faithful", None), models)))
    stages = [(event.stage, event.step, event.total_steps) for event in events if isinstance(event, Progress)]
    assert stages[-2:] == [("tuning", 5, 6), ("tuning", 6, 6)]
    found = session.state.inversion
    assert (found.mode, found.step, found.recognition) == ("faithful", 6, quick.inversion.recognition)
    assert found.delta
    assert session.state.start_latent == quick.start_latent
    # Neither has anything left to do then.
    for mode in ("quick", "faithful"):
        last = ended(invert_session(session, InvertRequest(mode, None), models))
        assert (last.reason, last.steps) == ("inverted", 0)
    assert len(brief) == 2


def test_what_was_tuned_draws(models: SessionModels, brief: list[tuple]):
    session = opened(models, half_transparent())
    ended(invert_session(session, InvertRequest("faithful", None), models))
    base, tuned = models.base(session.state).generator, models.load(session.state).generator
    assert models.load(session.state).generator is tuned
    changed = [
        name
        for (name, weight), other in zip(base.named_parameters(), tuned.parameters(), strict=True)
        if other is not weight
    ]
    assert changed and len(changed) < len(list(base.parameters()))
    without = dataclasses.replace(session.state, inversion=dataclasses.replace(session.state.inversion, delta=b""))
    assert models.load(without).generator is base


@pytest.mark.parametrize("steps", range(8))
def test_a_stopped_one_keeps_what_it_has(models: SessionModels, brief: list[tuple], steps: int):
    session = opened(models, half_transparent())
    before = session.state
    work = invert_session(session, InvertRequest("faithful", None), models)
    for _ in range(1 + steps):
        next(work)
    with pytest.raises(StopIteration) as end:
        work.throw(StopRequestedError())
    assert end.value.value.reason == "stopped" or steps == 8
    taken = max(steps - 2, 0)  # the first turns begin, and draw where the search starts
    if taken == 0:
        assert session.state == before
        return
    found = session.state.inversion
    assert (found.mode, found.step, found.total_steps) == ("faithful", taken, 6)
    assert (found.recognition is None) == (taken < 2)
    assert bool(found.delta) == (taken > 4)
    assert session.state.start_latent != before.start_latent
    last = ended(invert_session(session, InvertRequest("faithful", None), models))
    assert last.reason == "inverted" and session.state.inversion.step == 6


def _events(work):
    for bundle in work:
        yield from bundle


KNOWN = Recognition(0.9, "good")


@pytest.mark.parametrize(
    ("mode", "before", "left"),
    [
        ("quick", None, (QUICK.w_steps, QUICK.w_plus_steps, 0)),
        ("faithful", None, (FAITHFUL.w_steps, FAITHFUL.w_plus_steps, FAITHFUL.tuning_steps)),
        ("quick", Inversion("quick", 7, 200), (QUICK.w_steps, QUICK.w_plus_steps, 0)),
        ("quick", Inversion("quick", QUICK.w_steps + 30, 200, KNOWN), (0, QUICK.w_plus_steps - 30, 0)),
        (
            "faithful",
            Inversion("quick", QUICK.w_steps + QUICK.w_plus_steps, 200, KNOWN),
            (0, FAITHFUL.w_plus_steps - QUICK.w_plus_steps, FAITHFUL.tuning_steps),
        ),
        (
            "faithful",
            Inversion("faithful", FAITHFUL.w_steps + FAITHFUL.w_plus_steps + 10, 300, KNOWN, b"delta"),
            (0, 0, FAITHFUL.tuning_steps - 10),
        ),
    ],
)
def test_what_is_left_to_do(mode: str, before: Inversion | None, left: tuple[int, int, int]):
    plan = Plan.of(mode, before)
    settings = plan.settings
    due = settings if plan.done else dataclasses.replace(settings)
    counted = (0 if plan.done else due.w_steps, settings.w_plus_steps, settings.tuning_steps)
    assert counted == left
    assert plan.total - plan.done == sum(left)
    assert not plan.is_done
