"""The procedures without a window: their arguments, what the result keeps, and what they refuse, in which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.editors.gimp import Gimp, Profile, StartGimp
from tests.e2e.editors.probe import ProbeError
from tests.e2e.gimp.pictures import prepare, state_of

IMAGE = """
image = kept["image"] = new_image(128, 128)
layer = kept["layer"] = face(image)
"""


@pytest.fixture
def face(gimp: Gimp) -> Gimp:
    """GIMP with an image of one layer: kept["image"], kept["layer"]."""
    prepare(gimp).run(IMAGE, timeout_s=180)
    return gimp


def refused(gimp: Gimp, source: str) -> str:
    """What GIMP says of a procedure that cannot be done; nothing has changed then."""
    tree = gimp.run("layer_tree(kept['image'].get_layers())")
    with pytest.raises(ProbeError) as told:
        gimp.run(source, timeout_s=180)
    assert gimp.run("layer_tree(kept['image'].get_layers())") == tree
    text = str(told.value)
    assert "Traceback (most recent call last)" in text and "RuntimeError: draggan-" in text, text
    return text.rpartition("RuntimeError: ")[2]


DRAG = "drag(kept['image'], kept['layer'], {points!r}, {more})"


@pytest.mark.parametrize(
    ("points", "more", "says"),
    [
        ("", "", "nothing to drag. Give points or a path"),
        ("[[1, 2, 3]]", "", "4 numbers (handle and target), or 2"),
        ("[1, 2, 3, 4]", "", "Point 1 must be"),
        ("{}", "", "must be a list"),
        ("[[1, 2", "", "not readable as JSON"),
        ("[[1, 2, NaN, 4]]", "", "Point 1 must be"),
        ('[{"handle": [1, 2], "goal": [1, 2]}]', "", '"handle", perhaps a "target"'),
        ("[[500, 10, 20, 20]]", "", "outside"),
        ("[[64, 64, 64, 70]]", "model='nobody', start='anew'", "nobody"),
        ("[[64, 64, 64, 70]]", "max_steps=0", "Step limit"),
        ("[[64, 64, 64, 70]]", "r1=0.05", "Radius"),
    ],
)
def test_what_is_asked_for_wrongly(face: Gimp, points: str, more: str, says: str) -> None:
    assert says in refused(face, DRAG.format(points=points, more=more))


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        ("[300, 300, 50]", "The frame lies beside the picture"),
        ("[0, 0, 3]", "only 3 px wide"),
        ("[0, 0]", "[x, y, size] or [x, y, size, angle]"),
        ("middle", "not readable as JSON"),
        ("selection", "nothing is selected"),
        ('{"eye_left": [40, 60]}', "expects eye_left, eye_right, mouth_left, mouth_right"),
        ("[30, 30, 80, 10]", "Point 2 lies outside the frame"),
        ("[900, 0, 900]", "The frame lies beside the picture"),
    ],
)
def test_frames_that_cannot_be(face: Gimp, frame: str, says: str) -> None:
    """Said before the model is asked."""
    points = "[[64, 64, 64, 70], [10, 10, 20, 20]]"
    more = f"frame={frame!r}, start='anew'"
    assert says in refused(face, DRAG.format(points=points, more=more))


def test_a_frame_with_nothing_in_it(face: Gimp) -> None:
    face.run("write(kept['layer'], bytes(128 * 128 * 4))")
    assert "There is nothing in the frame" in refused(face, DRAG.format(points="[[64, 64]]", more="start='anew'"))


@pytest.mark.parametrize(
    ("before", "says"),
    [
        ("image.convert_indexed(Gimp.ConvertDitherType.NONE, Gimp.ConvertPaletteType.GENERATE, 16, 0, 0, '')", "RGB"),
        ("kept['layer'].set_visible(False)", "is hidden"),
        ("kept['layer'] = Gimp.GroupLayer.new(image, 'nest'); image.insert_layer(kept['layer'], None, 0)", "is empty"),
        (
            "g = Gimp.GroupLayer.new(image, 'nest'); image.insert_layer(g, None, 0); face(image, parent=g)\n"
            "g.set_mode(Gimp.LayerMode.PASS_THROUGH); kept['layer'] = with_record(g)",
            "pass-through",
        ),
        (
            "kept['layer'] = c = Gimp.Channel.new(image, 'ink', 128, 128, 50.0, Gegl.Color.new('red'))\n"
            "image.insert_channel(c, None, 0)",
            "a channel, not a layer",
        ),
        ("select(image, 0, 0, 30, 30); kept['layer'].set_offsets(60, 60)", "selection lies beside"),
        ("kept['layer'] = new_layer(image, 'speck', 4, 4, bytes([9, 9, 9, 255] * 16))", "too small"),
        ("select(image, 10, 10, 50, 50); Gimp.Selection.float(image, [kept['layer']], 5, 5)", "floating selection"),
    ],
)
def test_what_cannot_be_edited(face: Gimp, before: str, says: str) -> None:
    face.run(f"image = kept['image']\n{before}")
    assert says in refused(face, DRAG.format(points="[[64, 64, 64, 70]]", more=""))


def test_several_layers_are_refused(face: Gimp) -> None:
    source = (
        "call_filter('draggan-drag-points', kept['image'], [kept['layer'], face(kept['image'])], points='[[1, 2]]')"
    )
    face.run("face(kept['image'])")
    with pytest.raises(ProbeError, match="2 layers are selected"):
        face.run(source)


def test_a_drag_that_changes_nothing_that_may_change(face: Gimp) -> None:
    face.run("select(kept['image'], 0, 0, 3, 3)")
    said = refused(face, DRAG.format(points="[[64, 108, 64, 112]]", more="max_steps=1"))
    assert "nothing" in said


def test_settings_and_several_drags(face: Gimp) -> None:
    points = '[[[64, 108, 64, 114], [40, 60]], [{"handle": [64, 108], "target": [70, 108]}]]'
    record = face.run(
        "record(drag(kept['image'], kept['layer'], points, max_steps=3, latent_space='w', r1=3.0, step_size=0.004,"
        " feature_resolution='64'))",
        points=points,
    )
    state = state_of(record)
    assert [len(drag.points) for drag in state.history] == [2, 1]
    assert all(drag.steps <= 3 for drag in state.history)
    settings = state.settings
    assert (settings.latent_space, settings.max_steps, settings.feature_resolution) == ("w", 3, 64)
    assert settings.r1 == pytest.approx(0.03) and settings.step_size == pytest.approx(0.004)
    assert settings.r2 is None and settings.mask_weight is None


def test_points_from_a_path(face: Gimp) -> None:
    record = face.run(
        """
        image = kept["image"]
        path = Gimp.Path.new(image, "pull")
        path.stroke_new_from_points(Gimp.PathStrokeType.BEZIER, [64, 108] * 3 + [66, 114] * 3, False)
        path.stroke_new_from_points(Gimp.PathStrokeType.BEZIER, [40, 60] * 3, False)
        image.insert_path(path, None, 0)
        return record(drag(image, kept["layer"], "", path=path))
        """.replace("\n        ", "\n").strip()
    )
    first, second = state_of(record).points
    assert (first.target_x, first.target_y) == (66, 114)
    assert (second.target_x, second.target_y) == (40, 60)
    said = refused(face, DRAG.format(points="[[1, 2]]", more="path=kept['image'].get_paths()[0]"))
    assert "Give one of them" in said
    face.run("image = kept['image']; image.insert_path(Gimp.Path.new(image, 'void'), None, 0)")
    assert "is empty" in refused(face, DRAG.format(points="", more="path=kept['image'].get_paths()[0]"))


def test_a_result_is_gone_on_with(face: Gimp, tmp_path: Path) -> None:
    """Saved and loaded, moved, and as a duplicate; painted over only when that is said to be meant."""
    file = str(tmp_path / "kept.xcf")
    facts = face.run(
        """
        image = kept["image"]
        first = drag(image, kept["layer"])
        call("gimp-xcf-save", run_mode=Gimp.RunMode.NONINTERACTIVE, image=image, file=globals()["file"](name)) \
            if Gimp.get_pdb().lookup_procedure("gimp-xcf-save") \
            else Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, globals()["file"](name), None)
        before = record(first)
        again = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, globals()["file"](name))
        kept["image"] = again
        loaded = again.get_layers()[0]
        loaded.set_offsets(loaded.get_offsets().offset_x + 5, loaded.get_offsets().offset_y - 3)
        second = drag(again, loaded, "[[69, 110, 69, 114]]", start="automatic")
        twin = loaded.copy()
        again.insert_layer(twin, None, 0)
        third = drag(again, twin, "[[69, 110, 69, 114]]", start="automatic")
        return [before, record(loaded), record(second), record(third), again.get_item_position(second)]
        """.replace("\n        ", "\n").strip(),
        name=file,
        timeout_s=180,
    )
    assert facts[0] == facts[1]
    first, _, second, third = (state_of(text) for text in facts[:4])
    assert (first.position, second.position, third.position) == (1, 2, 2)
    assert (second.frame.x, second.frame.y) == (first.frame.x + 5, first.frame.y - 3)

    painted = "l = kept['image'].get_layers()[0]; write(l, bytes(len(read(l)))); kept['layer'] = l; l.get_name()"
    face.run(painted)
    said = refused(face, "drag(kept['image'], kept['layer'], start='automatic')")
    assert "painted on since" in said and '"go-on"' in said and '"anew"' in said
    assert state_of(face.run("record(drag(kept['image'], kept['layer'], '[[69, 110, 69, 114]]'))")).position == 3


def test_a_damaged_record_is_told(face: Gimp) -> None:
    face.run("kept['layer'].detach_parasite('draggan-edit-0')")
    assert "a part is missing" in refused(face, "drag(kept['image'], kept['layer'])")
    face.run(
        "kept['layer'].attach_parasite(Gimp.Parasite.new('draggan-edit', 1, b'{\"version\": 99, \"form\": \"edit\"}'))"
    )
    assert "format 99" in refused(face, "drag(kept['image'], kept['layer'])")


def test_new_pictures(gimp: Gimp) -> None:
    facts = prepare(gimp).run(
        """
        same = [call("draggan-new-picture", seed=5, size=200)[0] for _ in range(2)]
        other, = call("draggan-new-picture", seed=6, psi=0.3)
        kept["other"] = other
        result = drag(same[0], same[0].get_layers()[0], "[[100, 168, 100, 178]]", start="automatic")
        return {
            "pixels": [read(image.get_layers()[-1]) for image in same], "size": [other.get_width(), other.get_height()],
            "name": same[0].get_layers()[-1].get_name(), "result": layer_facts(result), "record": record(result),
        }
        """.replace("\n        ", "\n").strip(),
        timeout_s=180,
    )
    assert facts["pixels"][0] == facts["pixels"][1] and len(facts["pixels"][0]) == 200 * 200 * 4
    assert facts["size"] == [128, 128] and facts["name"] == "Seed 5"
    state = state_of(facts["record"])
    assert (state.source, state.seed, state.frame.size, state.position) == ("seed", 5, 200, 1)
    with pytest.raises(ProbeError, match="nobody"):
        gimp.run("call('draggan-new-picture', seed=5, model='nobody')")


def test_diagnostics_without_an_image(gimp: Gimp) -> None:
    text = gimp.run("call('draggan-diagnostics')[0]", timeout_s=60)
    assert "GIMP 3." in text and "Data folder" in text and "cairo binding" in text


def test_without_a_server(start_gimp: StartGimp, tmp_path: Path) -> None:
    profile = Profile.make(tmp_path / "profile")
    profile.add_plugin(tmp_path / "empty home")
    gimp = start_gimp(profile)
    with pytest.raises(ProbeError, match="is not installed on this computer"):
        gimp.run("call('draggan-new-picture', seed=5)")
