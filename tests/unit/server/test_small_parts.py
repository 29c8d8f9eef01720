"""The mailbox, the preview budget, the remaining time."""

from __future__ import annotations

import itertools

import pytest

from draggan_server.server.mailbox import Mailbox
from draggan_server.server.previews import SHARE, SHORTEST_INTERVAL_S, PreviewBudget
from draggan_server.server.remaining import InversionTime, RemainingTime, StageCost


def everything(mailbox: Mailbox[str]) -> list[tuple[str, ...]]:
    bundles = []
    with pytest.raises(EOFError):
        while bundle := mailbox.get(0.0):
            bundles.append(bundle)
    return bundles


def test_a_full_mailbox_drops_old_bundles_without_a_preview_first_and_never_the_last():
    mailbox: Mailbox[str] = Mailbox(capacity=3)
    mailbox.put(("progress 1", "preview 1"))
    for step in range(2, 9):
        mailbox.put((f"progress {step}",))
    mailbox.close(("result",))
    assert everything(mailbox) == [
        ("progress 1", "preview 1"),
        ("progress 7",),
        ("progress 8",),
        ("result",),
    ]


def test_a_closed_mailbox_takes_no_more():
    mailbox: Mailbox[str] = Mailbox()
    mailbox.close(("result",))
    mailbox.put(("late",))
    mailbox.close(("another",))
    assert everything(mailbox) == [("result",)]


def test_an_empty_mailbox_says_so_after_a_while():
    assert Mailbox[str]().get(0.001) is None


@pytest.mark.parametrize(("step_s", "preview_s"), [(0.01, 0.001), (0.01, 0.02), (1.0, 0.9), (0.1, 3.0)])
def test_previews_never_take_more_than_their_share_nor_come_too_often(step_s, preview_s):
    budget = PreviewBudget(interval_s=0.0, expected_cost_s=preview_s)
    now = work = drawn = 0.0
    shown_at = []
    for _ in range(2000):
        now += step_s
        work += step_s
        budget.worked(step_s)
        if budget.is_due(now):
            shown_at.append(now)
            budget.shown(now, preview_s)
            now += preview_s
            drawn += preview_s
            assert drawn <= SHARE * work + 1e-9
    assert shown_at, "no preview at all"
    gaps = [later - earlier for earlier, later in itertools.pairwise(shown_at)]
    assert all(gap >= SHORTEST_INTERVAL_S - 1e-9 for gap in gaps)


def test_a_first_preview_that_took_longer_does_not_make_the_next_expected_to():
    budget = PreviewBudget(interval_s=0.0, expected_cost_s=3.0)
    budget.worked(11.9)
    assert not budget.is_due(0.0)
    budget.worked(0.1)
    assert budget.is_due(0.0)
    budget.shown(0.0, 3.0, next_cost_s=1.0)
    budget.worked(3.9)
    assert not budget.is_due(10.0)
    budget.worked(0.1)
    assert budget.is_due(10.0)


def test_a_longer_interval_is_kept():
    budget = PreviewBudget(interval_s=2.0)
    budget.worked(100.0)
    budget.shown(10.0, 0.1)
    assert not budget.is_due(11.9)
    assert budget.is_due(12.1)


def test_the_remaining_time_follows_the_speed_and_the_step_limit():
    remaining = RemainingTime(max_steps=300, tolerance=1.0)
    assert remaining.seconds() is None
    remaining.seen(1, 21.0, 0.5)
    assert remaining.seconds() is None
    remaining.seen(2, 20.0, 1.0)
    assert remaining.seconds() == pytest.approx(19 * 0.5)
    stuck = RemainingTime(max_steps=10, tolerance=1.0)
    stuck.seen(1, 20.0, 1.0)
    stuck.seen(2, 20.0, 2.0)
    assert stuck.seconds() == pytest.approx(8.0)
    creeping = RemainingTime(max_steps=10, tolerance=1.0)
    creeping.seen(1, 20.0, 1.0)
    creeping.seen(2, 19.99, 2.0)
    assert creeping.seconds() == pytest.approx(8.0), "the step limit comes first"


def test_the_time_an_inversion_takes_is_reckoned_over_all_its_stages():
    stages = {"w": StageCost(4, 1.0), "w+": StageCost(2, 1.5), "tuning": StageCost(10, 2.0)}
    time = InversionTime(stages)
    time.seen(None, 5.0)  # what prepares it is slow, and no measure
    time.seen(None, 8.0)
    assert time.seconds() is None
    time.seen("w", 9.0)
    assert time.seconds() == pytest.approx(3 * 1 + 2 * 1.5 + 10 * 2)
    for elapsed in (10.0, 11.0, 12.0):
        time.seen("w", elapsed)
    time.seen("w+", 13.5)
    assert time.seconds() == pytest.approx(1.5 + 20)
    time.seen("w+", 15.0)
    for step in range(10):
        time.seen("tuning", 15.0 + 4.0 * (step + 1))  # slower than reckoned
    assert time.seconds() == 0.0


def test_an_inversion_that_goes_on_has_less_to_do():
    time = InversionTime({"w": StageCost(0, 1.0), "w+": StageCost(0, 1.5), "tuning": StageCost(3, 2.0)})
    time.seen(None, 1.0)
    time.seen("tuning", 2.0)
    assert time.seconds() == pytest.approx(2.0)
