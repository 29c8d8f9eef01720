"""Classes as an artist chooses them."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draggan_client.classes import BY_SEED, MOST_LISTED, class_from, class_text, class_texts
from draggan_client.errors import MessageError
from draggan_client.messages import ModelInfo

PLAIN = ModelInfo("m", "Model", "things", "CC0", 128, "")
NUMBERED = dataclasses.replace(PLAIN, classes=12)
NAMED = dataclasses.replace(PLAIN, classes=3, class_names=("Cat", "dog", "wild"))


def test_a_model_without_classes_has_nothing_to_choose() -> None:
    assert class_texts(PLAIN) == ()


def test_classes_are_called_by_name_or_number() -> None:
    assert class_texts(NUMBERED) == (BY_SEED, *map(str, range(12)))
    assert class_texts(NAMED) == (BY_SEED, "Cat", "dog", "wild")


def test_what_is_typed() -> None:
    assert class_from(NAMED, "cat") == 0 and class_from(NAMED, " DOG ") == 1 and class_from(NAMED, "2") == 2
    assert class_from(NUMBERED, "11") == 11 and class_from(NUMBERED, "007") == 7
    for text in ("", "  ", BY_SEED, BY_SEED.upper()):
        assert class_from(NAMED, text) is None


@pytest.mark.parametrize("text", ["12", "-1", "1.5", "cat", "٣", "9" * 40])
def test_what_there_is_not(text: str) -> None:
    with pytest.raises(ValueError, match="the model Model has no class"):
        class_from(NUMBERED, text)


def test_of_a_thousand_thousand_classes_the_first_are_listed_and_all_can_be_typed() -> None:
    many = dataclasses.replace(PLAIN, classes=1_000_000)
    assert len(class_texts(many)) == 1 + MOST_LISTED
    assert class_from(many, "999999") == 999_999


@given(st.lists(st.sampled_from(["crane", "Crane", "2", "1", "0", BY_SEED, "a"]), min_size=1))
def test_every_class_can_be_chosen_whatever_its_name(names: list[str]) -> None:
    model = dataclasses.replace(PLAIN, classes=len(names), class_names=tuple(names))
    texts = class_texts(model)
    assert len(set(texts)) == len(names) + 1
    assert [class_from(model, text) for text in texts] == [None, *range(len(names))]
    assert texts == tuple(class_text(model, label) for label in (None, *range(len(names))))


def test_names_are_those_of_all_classes() -> None:
    with pytest.raises(MessageError, match="class_names"):
        dataclasses.replace(PLAIN, classes=2, class_names=("cat",))
