"""The table of settings: complete, readable, and never offering what the server refuses."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draggan_client.errors import DragganError
from draggan_client.messages import DragOptions
from draggan_client.settings_table import BY_NAME, SETTINGS, Setting, options_from, values_from
from draggan_server.drag import DragSettings
from tests.plugins.strategies import records

IN_THE_ENGINE = {"r1": "supervision_radius_fraction", "r2": "tracking_radius_fraction"}


def test_every_setting_of_a_drag_is_there_once() -> None:
    assert sorted(BY_NAME) == sorted(field.name for field in dataclasses.fields(DragOptions))
    assert len(SETTINGS) == len(BY_NAME)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_setting_offers_only_what_is_allowed(setting: Setting) -> None:
    offered = [choice.value for choice in setting.choices] or [setting.minimum, setting.maximum]
    for value in (*offered, setting.default):
        given_back = values_from(options_from({setting.name: value}))[setting.name]
        assert given_back == pytest.approx(value)
    assert setting.default in offered or setting.minimum <= setting.default <= setting.maximum  # type: ignore[operator]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_its_words_are_an_artists(setting: Setting) -> None:
    assert setting.label[0].isupper() and len(setting.label) < 30
    assert setting.tooltip.endswith(".") and 60 < len(setting.tooltip) < 320
    assert setting.automatic_label.startswith("automatic")
    for word in ("latent", "tensor", "Adam", "gradient", "r1", "r2", "feature map"):
        assert word not in setting.tooltip


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_the_usual_value_is_the_engines(setting: Setting) -> None:
    own = getattr(DragSettings(), IN_THE_ENGINE.get(setting.name, setting.name))
    own = {"feature_resolution": 128, "tolerance_px": 1.0}.get(setting.name) if own is None else own
    own = getattr(own, "value", own)
    shown = own * setting.shown_per_wire if isinstance(own, float) else own
    assert setting.default == (pytest.approx(shown, rel=0.05) if isinstance(own, float) else shown)


def test_automatic_is_no_wish() -> None:
    assert options_from({}) == options_from(dict.fromkeys(BY_NAME)) == DragOptions()
    assert values_from(DragOptions()) == dict.fromkeys(BY_NAME)


@given(records(DragOptions))
def test_what_a_drag_had_can_be_shown_and_asked_for_again(options: DragOptions) -> None:
    values = values_from(options)
    inside = {
        name: value
        for name, value in values.items()
        if not isinstance(value, float | int)
        or BY_NAME[name].kind == "choice"
        or BY_NAME[name].minimum <= value <= BY_NAME[name].maximum
    }
    again = options_from(inside)
    for name in inside:
        found, due = getattr(again, name), getattr(options, name)
        assert found == (pytest.approx(due) if isinstance(due, float) else due)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"r1": 99}, r"Radius \(r1\): found 99, allowed is a number from 0.1 to 25 %"),
        ({"max_steps": 1.5}, r"Step limit \(max_steps\): found 1.5, allowed is a whole number"),
        ({"max_steps": True}, r"Step limit \(max_steps\): found True"),
        ({"max_steps": "many"}, r"Step limit \(max_steps\): found 'many', allowed is a number from 1 to 10000 steps"),
        ({"latent_space": "z"}, r"Freedom \(latent_space\): found 'z', allowed is 'w' or 'w\+'"),
        ({"feature_resolution": 2}, r"found 2, allowed is 4 to 1024"),
        ({"radius": 1}, r"There is no setting 'radius'. The settings are latent_space, max_steps"),
    ],
)
def test_what_is_not_allowed_is_said_by_its_label(values: dict[str, float], said: str) -> None:
    with pytest.raises(DragganError, match=said):
        options_from(values)


@given(st.dictionaries(st.sampled_from([*BY_NAME, "other"]), st.none() | st.floats() | st.text() | st.booleans()))
def test_anything_else_is_refused_in_words(values: dict[str, object]) -> None:
    try:
        assert isinstance(options_from(values), DragOptions)  # type: ignore[arg-type]
    except DragganError as error:
        assert error.message
