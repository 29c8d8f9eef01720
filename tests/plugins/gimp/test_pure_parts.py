"""What of the GIMP plug-in needs no GIMP, and that nothing in it needs more than GIMP's own Python has."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draggan_client import frames
from draggan_client.errors import DragganError
from draggan_client.messages import AlignmentPoint, Frame
from draggan_client.points import Pair, Spot

PLUGIN = Path(__file__).parents[3] / "plugins" / "gimp" / "draggan"
PACKAGE = PLUGIN / "draggan_gimp"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"gimp_pure_{Path(name).stem}", PACKAGE / name)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


drags, view, edge = load("drags.py"), load("dialog/view.py"), load("dialog/edge.py")
framing = load("framing.py")
NUMBERS = st.floats(-1000, 1000).map(lambda value: round(value, 3))


@pytest.mark.parametrize("path", sorted(PLUGIN.rglob("*.py")), ids=lambda path: path.name)
def test_only_the_standard_library_gi_and_the_client(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            modules = [node.module or ""]
        else:
            continue
        for module in modules:
            top = module.partition(".")[0]
            assert top in sys.stdlib_module_names or top in ("gi", "draggan_client", "draggan_gimp"), module


def test_the_entry_file_imports_nothing_of_ours_before_it_can_say_what_is_wrong() -> None:
    tree = ast.parse((PLUGIN / "draggan.py").read_text())
    early = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not any("draggan" in ast.unparse(node) for node in early)


@given(
    st.lists(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=5), min_size=1, max_size=4)
)
def test_drags_survive_being_text(numbers: list[list[tuple[float, float, float, float]]]) -> None:
    given_drags = tuple(
        tuple(Pair(str(place), Spot(x, y), Spot(to_x, to_y)) for place, (x, y, to_x, to_y) in enumerate(drag, 1))
        for drag in numbers
    )
    assert drags.drags_from(drags.text_of(given_drags)) == given_drags


@given(st.floats(0.02, 30), NUMBERS, NUMBERS, st.floats(0.1, 10), NUMBERS, NUMBERS)
def test_what_lies_under_the_pointer_stays_there(
    scale: float, origin_x: float, origin_y: float, factor: float, x: float, y: float
) -> None:
    before = view.View(scale, origin_x, origin_y)
    after = before.zoomed(factor, x, y)
    place = before.to_image(x, y)
    assert after.to_widget(place) == pytest.approx((x, y), abs=1e-6)
    assert view.MIN_SCALE <= after.scale <= view.MAX_SCALE


def test_a_picture_that_is_fitted_in_is_seen_whole() -> None:
    shown = view.View.fitting(-40, 30, 3000, 2000, 640, 480)
    left, top = shown.to_widget(Spot(-40, 30))
    right, bottom = shown.to_widget(Spot(2960, 2030))
    assert 0 < left < right < 640 and 0 < top < bottom < 480
    far = shown.moved(5000, -5000).kept_in_sight(-40, 30, 2960, 2030, 640, 480)
    left, top = far.to_widget(Spot(-40, 30))
    right, bottom = far.to_widget(Spot(2960, 2030))
    assert left < 640 and bottom > 0


def test_the_edge_of_a_selection() -> None:
    mask = bytes([0, 0, 0, 0, 0, 255, 255, 0, 0, 255, 127, 0])
    lines = set(edge.edge_of(mask, 4, 100, 50, 2))
    assert lines == {
        (102, 52, 106, 52),  # above both
        (104, 54, 106, 54),  # below the right one
        (102, 56, 104, 56),  # below the left one
        (102, 52, 102, 56),
        (104, 54, 104, 56),
        (106, 52, 106, 54),
    }
    assert edge.edge_of(b"", 0, 0, 0, 1) == ()


FRAMES = st.builds(Frame, NUMBERS, NUMBERS, st.floats(8, 2000), st.floats(-180, 180))


@given(FRAMES, st.booleans())
def test_the_frame_is_seen_whole_and_while_it_is_chosen_its_knob_and_the_layer_too(
    frame: Frame, choosing: bool
) -> None:
    layer = (-50.0, 20.0, 600.0, 400.0)
    shown = view.View.of_frame(frame, layer, choosing, 640, 480)
    spots = [*frames.corners(frame)]
    if choosing:
        spots += [frames.knob(frame, view.KNOB_DISTANCE / shown.scale), Spot(-50, 20), Spot(550, 420)]
    for x, y in map(shown.to_widget, spots):
        assert -1e-6 <= x <= 640 + 1e-6 and -1e-6 <= y <= 480 + 1e-6


def test_a_frame_that_is_the_layer_is_fitted_as_the_layer_is() -> None:
    layer = (3.0, 4.0, 128.0, 128.0)
    assert view.View.of_frame(Frame(3, 4, 128), layer, False, 640, 480) == view.View.fitting(*layer, 640, 480)


EYES = (AlignmentPoint("eye_left", 0.3, 0.4), AlignmentPoint("eye_right", 0.7, 0.4))
GROUND = framing.Ground((10.0, 20.0, 300.0, 100.0), (30.0, 40.0, 20.0, 50.0), 1.0, EYES, "faces")


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ("", Frame(110, 20, 100)),
        ("layer", Frame(10, -80, 300)),
        ('"selection"', Frame(15, 40, 50)),
        ("[1, 2, 30]", Frame(1, 2, 30)),
        ("[1, 2, 30, 375]", Frame(1, 2, 30, 15)),
        ('{"eye_right": [170, 140], "eye_left": [130, 140]}', Frame(100, 100, 100)),
    ],
)
def test_frames_as_text(text: str, frame: Frame) -> None:
    found = framing.frame_from(text, GROUND)
    assert (found.x, found.y, found.size, found.angle) == pytest.approx((frame.x, frame.y, frame.size, frame.angle))
    assert framing.frame_from(framing.text_of(found), GROUND) == pytest.approx(found)


@pytest.mark.parametrize(
    "text", ["[1, 2]", "[1, 2, NaN]", "{}", "[1, 2, 3]", '{"eye_left": 1, "eye_right": 2}', "x", "[1,2,[3]]"]
)
def test_what_is_no_frame(text: str) -> None:
    with pytest.raises(DragganError) as told:
        framing.frame_from(text, GROUND)
    assert told.value.hint


def test_points_outside_the_frame_are_named() -> None:
    (drag,) = drags.drags_from("[[60, 60, 60, 70], [60, 60, 200, 60], [5, 5]]")
    lost = drags.outside(drag, Frame(50, 50, 100))
    assert [pair.id for pair in lost] == ["2", "3"]
    assert drags.outside_text(lost).startswith("Points 2 and 3 lie outside the frame")
    assert drags.outside(drag, Frame(-200, -200, 800)) == ()
