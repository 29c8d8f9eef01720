"""What an inversion is given, what it keeps when it is stopped, and how one goes on from another."""

from __future__ import annotations

import dataclasses
import gc
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from draggan_client.arrays import Array
from draggan_client.edit_state import EditState, Inversion
from draggan_client.errors import EditStateError
from draggan_client.messages import (
    Event,
    FromPicture,
    FromState,
    InvertRequest,
    OpenRequest,
    Progress,
    Recognition,
    Result,
)
from draggan_server.inversion import InversionSettings, invert
from draggan_server.models import ModelLibrary
from draggan_server.server import inverting
from draggan_server.server import session as session_module
from draggan_server.server.engine import StopRequestedError, Work
from draggan_server.server.inversion_cache import InversionCache, KeptInversion
from draggan_server.server.inverting import Plan, invert_session
from draggan_server.server.limits import Limits
from draggan_server.server.opening import open_session
from draggan_server.server.results import result as result_of
from draggan_server.server.session import Session
from draggan_server.server.session_models import KEPT, SessionModels
from draggan_server.server.sessions import Sessions
from tests.server.harness import save_model

QUICK, FAITHFUL = InversionSettings.quick(), InversionSettings.faithful()


@dataclass
class Server:
    """What a session's work is done with."""

    models: SessionModels
    cache: InversionCache

    def opened(self, source: FromPicture | FromState) -> tuple[Session, Result]:
        sessions = Sessions(Limits())
        model = None if isinstance(source, FromState) else "noise"
        last = ended(open_session(OpenRequest(source, model), self.models, sessions, self.cache))
        return sessions.get(last.session), last

    def inversion(self, session: Session, mode: str = "quick") -> Work[Event]:
        return invert_session(session, InvertRequest(mode, None), self.models, self.cache)

    def inverted(self, session: Session, mode: str = "quick") -> Result:
        return ended(self.inversion(session, mode))


@pytest.fixture
def server(tmp_path: Path) -> Server:
    save_model(tmp_path, "noise")
    return Server(SessionModels(ModelLibrary((tmp_path,))), InversionCache(tmp_path / "inversions", 1 << 20))


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


def source(seed: int = 0) -> FromPicture:
    pixels = half_transparent()
    pixels[..., 0] = seed
    return FromPicture(Array("u8", pixels.shape, pixels.tobytes()))


def test_what_is_transparent_does_not_weigh(server: Server, brief: list[tuple]):
    session, result = server.opened(source())
    assert (result.reason, result.preview, session.state.inversion) == ("opened", None, None)
    server.inverted(session)
    ((_, _, target, _, weight, _, _),) = brief
    assert target.shape == (1, 3, 32, 32)
    assert weight.shape == (1, 1, 32, 32)
    assert torch.equal(weight[..., :16], torch.ones(1, 1, 32, 16))
    assert not weight[..., 16:].any()


def test_a_faithful_one_goes_on_from_a_quick_one(server: Server, brief: list[tuple]):
    session, _ = server.opened(source())
    server.inverted(session)
    quick = session.state
    assert (quick.inversion.mode, quick.inversion.step, quick.inversion.total_steps) == ("quick", 4, 4)
    assert quick.inversion.recognition is not None and not quick.inversion.delta
    events = list(_events(server.inversion(session, "faithful")))
    stages = [(event.stage, event.step, event.total_steps) for event in events if isinstance(event, Progress)]
    assert stages[-2:] == [("tuning", 5, 6), ("tuning", 6, 6)]
    found = session.state.inversion
    assert (found.mode, found.step, found.recognition) == ("faithful", 6, quick.inversion.recognition)
    assert found.delta
    assert session.state.start_latent == quick.start_latent
    # Neither has anything left to do then.
    for mode in ("quick", "faithful"):
        last = server.inverted(session, mode)
        assert (last.reason, last.steps) == ("inverted", 0)
    assert len(brief) == 2


def test_what_was_tuned_draws(server: Server, brief: list[tuple]):
    session, _ = server.opened(source())
    server.inverted(session, "faithful")
    base, tuned = server.models.base(session.state).generator, server.models.load(session.state).generator
    assert server.models.load(session.state).generator is tuned
    changed = [
        name
        for (name, weight), other in zip(base.named_parameters(), tuned.parameters(), strict=True)
        if other is not weight
    ]
    assert changed and len(changed) < len(list(base.parameters()))
    without = dataclasses.replace(session.state, inversion=dataclasses.replace(session.state.inversion, delta=b""))
    assert server.models.load(without).generator is base


def test_tuned_models_do_not_pile_up(server: Server, brief: list[tuple]):
    states = []
    for seed in range(KEPT + 2):
        session, _ = server.opened(source(seed))
        server.inverted(session, "faithful")
        states.append(session.state)
    tuned = [weakref.ref(server.models.load(state).generator) for state in states]
    gc.collect()
    assert [each() is not None for each in tuned] == [False] * 2 + [True] * KEPT


@pytest.mark.parametrize("turns", range(9))
def test_a_stopped_one_keeps_what_it_has(server: Server, brief: list[tuple], turns: int):
    session, _ = server.opened(source())
    before = session.state
    work = server.inversion(session, "faithful")
    for _ in range(1 + turns):
        next(work)
    with pytest.raises(StopIteration) as end:
        work.throw(StopRequestedError())
    taken = max(turns - 2, 0)  # the first turns begin, and draw where the search starts
    assert end.value.value.reason == ("stopped" if taken < 6 else "inverted")
    if taken == 0:
        assert session.state == before
    else:
        found = session.state.inversion
        assert (found.mode, found.step, found.total_steps) == ("faithful", taken, 6)
        assert (found.recognition is None) == (taken < 2)
        assert bool(found.delta) == (taken > 4)
        assert session.state.start_latent != before.start_latent
        EditState.from_bytes(session.state.to_bytes())
    if taken < 6:
        assert server.opened(source())[1].reason == "opened", "only what is finished is kept for others"
    assert server.inverted(session, "faithful").reason == "inverted" and session.state.inversion.step == 6


def test_what_was_found_once_is_known_at_once(server: Server, brief: list[tuple]):
    first, _ = server.opened(source())
    server.inverted(first)
    second, result = server.opened(source())
    assert (result.reason, result.recognition) == ("inverted", first.state.inversion.recognition)
    assert result.preview is not None
    assert second.state == first.state
    server.inverted(second, "faithful")
    third, _ = server.opened(source())
    assert third.state == second.state
    assert third.state.inversion.delta
    assert server.opened(source(1))[1].reason == "opened"
    assert len(brief) == 2


def test_one_that_was_kept_and_does_not_fit_is_looked_for_anew(server: Server, brief: list[tuple]):
    session, _ = server.opened(source())
    server.inverted(session, "faithful")
    (file,) = (path for path in server.cache._folder.iterdir())
    found = dataclasses.replace(session.state.inversion, delta=b"of another model")
    server.cache.put(file.stem, KeptInversion(session.state.start_latent, found))
    again, result = server.opened(source())
    assert (result.reason, again.state.inversion, file.exists()) == ("opened", None, False)


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("has_pixels", [True, False])
def test_what_an_edit_state_has_no_room_for_is_made_again(
    server: Server, brief: list[tuple], monkeypatch: pytest.MonkeyPatch, is_kept: bool, has_pixels: bool
):
    session, _ = server.opened(source())
    server.inverted(session, "faithful")
    monkeypatch.setattr(
        session_module, "MAX_STATE_BYTES", session_module._ROOM_BYTES + len(session.state.inversion.delta)
    )
    packed = result_of(session, "sought", 0, 0.0, None).edit_state
    small = EditState.from_bytes(packed)
    assert small.inversion.delta_left_out and not small.inversion.delta
    assert session.state.inversion.delta, "the session itself still has it"
    if not is_kept:
        for file in server.cache._folder.iterdir():
            file.unlink()
    pixels = source() if has_pixels else None
    again, _ = server.opened(FromState(packed, pixels.picture if pixels else None))
    assert again.state.inversion.delta and not again.state.inversion.delta_left_out
    assert again.state.start_latent == session.state.start_latent
    if has_pixels:
        assert again.state == session.state
    assert len(brief) == (1 if is_kept and has_pixels else 2)


def test_an_edit_that_is_opened_says_whose_delta_it_has(server: Server, brief: list[tuple]):
    session, _ = server.opened(source())
    server.inverted(session, "faithful")
    inversion = dataclasses.replace(session.state.inversion, delta=session.state.inversion.delta[:-1])
    damaged = dataclasses.replace(session.state, inversion=inversion)
    with pytest.raises(EditStateError, match="adds to the model's weights"):
        server.opened(FromState(damaged.to_bytes()))


def _events(work):
    for bundle in work:
        yield from bundle


KNOWN = Recognition(0.9, "good")


@pytest.mark.parametrize(
    ("mode", "before", "left"),
    [
        ("quick", None, (QUICK.w_steps, QUICK.w_plus_steps, QUICK.tuning_steps)),
        ("faithful", None, (FAITHFUL.w_steps, FAITHFUL.w_plus_steps, FAITHFUL.tuning_steps)),
        ("quick", Inversion("quick", 7, 200), (QUICK.w_steps, QUICK.w_plus_steps, QUICK.tuning_steps)),
        (
            "quick",
            Inversion("quick", QUICK.w_steps + 4, 200, KNOWN),
            (0, QUICK.w_plus_steps - 4, QUICK.tuning_steps),
        ),
        (
            "faithful",
            Inversion("quick", QUICK.w_steps + QUICK.w_plus_steps + QUICK.tuning_steps, 200, KNOWN, b"delta"),
            (0, FAITHFUL.w_plus_steps - QUICK.w_plus_steps, FAITHFUL.tuning_steps),
        ),
        (
            "faithful",
            Inversion("faithful", FAITHFUL.w_steps + FAITHFUL.w_plus_steps + 10, 300, KNOWN, b"delta"),
            (0, 0, FAITHFUL.tuning_steps - 10),
        ),
        (
            "quick",
            Inversion("faithful", FAITHFUL.w_steps + FAITHFUL.w_plus_steps + 10, 300, KNOWN, b"delta"),
            (0, 0, QUICK.tuning_steps - 10),
        ),
    ],
)
def test_what_is_left_to_do(mode: str, before: Inversion | None, left: tuple[int, int, int]):
    plan = Plan.of(mode, before)
    settings = plan.settings
    counted = (0 if plan.done else settings.w_steps, settings.w_plus_steps, settings.tuning_steps)
    assert counted == left
    assert plan.total - plan.done == sum(left)
    assert not plan.is_done
