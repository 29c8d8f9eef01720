"""The layers that show an edit, as undo and redo take them away and bring them back."""

from __future__ import annotations

from typing import Any

from tests.plugins.krita.package import part

levels = part("docker.levels")


def applied_twice() -> Any:
    made = levels.Levels(levels.Level("source", "Face"))
    made.put(levels.Level("one", "Face – dragged", 1))
    made.put(levels.Level("two", "Face – dragged 2", 3))
    return made


def test_what_is_applied_is_dragged_on() -> None:
    assert applied_twice().current == levels.Level("two", "Face – dragged 2", 3)
    assert levels.Levels().current is None


def test_undo_and_redo_go_down_and_up() -> None:
    made = applied_twice()
    there = {"source", "one", "two"}
    assert not made.look(there.__contains__)
    there.discard("two")
    assert made.look(there.__contains__)
    assert made.current.layer_id == "one"
    there.discard("one")
    assert made.look(there.__contains__)
    assert made.current.since == 0
    there |= {"one", "two"}
    assert made.look(there.__contains__)
    assert made.current.layer_id == "two"


def test_applied_again_after_undo_forgets_what_was_undone() -> None:
    made = applied_twice()
    made.look({"source"}.__contains__)
    made.put(levels.Level("other", "Face – dragged", 2))
    assert made.current.layer_id == "other"
    made.look({"source", "one", "two"}.__contains__)
    assert made.current.layer_id == "source"


def test_all_gone_and_back() -> None:
    made = applied_twice()
    assert made.look(set().__contains__)
    assert made.is_gone
    assert not made.look(set().__contains__), "told once"
    assert made.look({"source"}.__contains__)
    assert not made.is_gone
    assert not levels.Levels().is_gone


def test_only_the_dragged_one_counts_after_discard() -> None:
    made = applied_twice()
    made.look({"source", "one"}.__contains__)
    made.forget_others()
    made.change(name="New name", since=2)
    made.look(lambda layer_id: True)
    assert made.current == levels.Level("one", "New name", 2)


def test_a_result_that_comes_back_may_be_of_drags_that_were_undone_since() -> None:
    first, second, another = object(), object(), object()
    level = levels.Level("one", "Face – dragged", 1, b"", (first,))
    assert level.belongs_to((first, second))
    assert not level.belongs_to((another, second))
    assert not level.belongs_to(())
    assert levels.Level("source", "Face").belongs_to((another,))
