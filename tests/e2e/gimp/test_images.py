"""Drag Points without a window, on every kind of image and layer: what changes, and that nothing else does."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tests.e2e.editors.gimp import Gimp
from tests.e2e.gimp.pictures import Change, picture, prepare, state_of

WIDTH, HEIGHT = 200, 180
LEFT, TOP = 40, 30
POINTS = f"[[{LEFT + 64}, {TOP + 108}, {LEFT + 64}, {TOP + 116}], [{LEFT + 30}, {TOP + 30}]]"

RUN = """
image = kept["image"]
before, sources = composite(image), {l.get_id(): own(l) for l in kept["sources"]}
mask = selection(image)
clean = image.is_dirty()
result = drag(image, kept["source"], points, **settings)
kept["result"] = result
kept["after"] = composite(image)
return {
    "before": before, "after": kept["after"], "selection": mask,
    "kept": all(own(Gimp.Item.get_by_id(number)) == pixels for number, pixels in sources.items()),
    "tree": layer_tree(image.get_layers()), "result": layer_facts(result), "record": record(result),
    "above": [result.get_parent() and result.get_parent().get_name(), image.get_item_position(result)],
    "selected": [layer.get_name() for layer in image.get_selected_layers()],
    "source visible": kept["source"].get_visible(),
    "opacity": result.get_opacity(), "mask": result.get_mask() is not None and own(result.get_mask()),
    "filters": len(result.get_filters()), "kind": type(result).__name__, "own": own(result), "bpp": result.get_bpp(),
    "source own": own(kept["source"]) if kept["source"].is_valid() else None,
}
"""

BACKGROUND = """
image = new_image(200, 180, base, precision)
ramp = bytes(v for y in range(180) for x in range(200) for v in (x, y, (x + y) // 2, 255))
kept["back"] = new_layer(image, "back", 200, 180, ramp)
kept["image"], kept["sources"] = image, []
"""


def made(gimp: Gimp, source: str, precision: str = "U8_NON_LINEAR", base: str = "RGB") -> Gimp:
    """An image of that kind with a ramp below and what `source` puts on it: kept["source"]."""
    prepare(gimp)
    gimp.run(
        BACKGROUND.replace("base", f"Gimp.ImageBaseType.{base}").replace("precision", f"Gimp.Precision.{precision}")
        + source
        + "\nkept['sources'] += [kept['source'], kept['back']]\nimage.clean_all()",
    )
    return gimp


def dragged(gimp: Gimp, points: str = POINTS, **settings: object) -> tuple[dict, Change]:
    """What the procedure made of it, checked for what must hold of every result."""
    facts = gimp.run(RUN, points=points, settings=settings, timeout_s=180)
    selected = np.frombuffer(facts["selection"], np.float32).reshape(HEIGHT, WIDTH)
    change = Change(
        picture(gimp, facts["before"], WIDTH, HEIGHT),
        picture(gimp, facts["after"], WIDTH, HEIGHT),
        selected if selected.any() else None,
    )
    assert facts["kept"], "a layer that was there before was written to"
    assert facts["selected"] == [facts["result"]["name"]]
    assert state_of(facts["record"]).position == len(state_of(facts["record"]).history) >= 1
    return facts, change


FACE = f"kept['source'] = face(image, x={LEFT}, y={TOP})\n"
SOFT = f"select(image, {LEFT + 20}, {TOP + 40}, 90, 80, feather=12)\n"


@pytest.mark.parametrize(
    ("base", "precision"),
    [
        ("RGB", "U8_NON_LINEAR"),
        ("RGB", "U8_LINEAR"),
        ("RGB", "U16_NON_LINEAR"),
        ("RGB", "HALF_NON_LINEAR"),
        ("RGB", "FLOAT_LINEAR"),
        ("RGB", "FLOAT_NON_LINEAR"),
        ("RGB", "U32_LINEAR"),
        ("GRAY", "U8_NON_LINEAR"),
        ("GRAY", "FLOAT_LINEAR"),
    ],
)
def test_every_precision(gimp: Gimp, base: str, precision: str) -> None:
    made(gimp, FACE + SOFT, precision, base)
    facts, change = dragged(gimp)
    change.check()
    assert facts["above"] == [None, 0] and facts["source visible"]
    left, top, width, height = facts["result"]["bounds"]
    assert left > LEFT and top > TOP and 1 < width < 128 and 1 < height < 128, "cropped to what changed"


def test_the_selection_arrives_exactly(gimp: Gimp) -> None:
    made(gimp, FACE + SOFT)
    facts, change = dragged(gimp)
    state = state_of(facts["record"])
    (mask,) = state.masks
    sent = np.asarray(Image.open(io.BytesIO(mask.png)))
    assert change.selection is not None
    height, width = sent.shape
    there = change.selection[mask.offset_y : mask.offset_y + height, mask.offset_x : mask.offset_x + width]
    assert len(np.unique(there)) > 20, "the selection of this test has a soft edge"
    assert np.array_equal(sent, np.rint(there * 255))
    assert (mask.offset_x, mask.offset_y, height, width) == (LEFT, TOP, 128, 128)


def test_a_profile_of_its_own(gimp: Gimp) -> None:
    profile = "Gimp.ColorProfile.new_rgb_adobe()"
    made(gimp, f"image.set_color_profile({profile})\n" + FACE + SOFT)
    _, change = dragged(gimp)
    change.check()


def test_negative_offset_and_a_layer_larger_than_the_image(gimp: Gimp) -> None:
    made(gimp, "kept['source'] = face(image, x=-20, y=-10)\nselect(image, 0, 0, 70, 180, feather=6)\n")
    facts, change = dragged(gimp, "[[44, 98, 44, 106]]")
    change.check()
    assert state_of(facts["record"]).frame.x == -20


def test_inside_a_group(gimp: Gimp) -> None:
    made(
        gimp,
        "group = Gimp.GroupLayer.new(image, 'group'); image.insert_layer(group, None, 0)\n"
        f"kept['source'] = face(image, parent=group, x={LEFT}, y={TOP})\n" + SOFT,
    )
    facts, change = dragged(gimp)
    change.check()
    assert facts["above"] == ["group", 0]


def test_a_group(gimp: Gimp) -> None:
    made(
        gimp,
        "group = Gimp.GroupLayer.new(image, 'group'); image.insert_layer(group, None, 0)\n"
        f"inner = face(image, parent=group, x={LEFT}, y={TOP})\n"
        "kept['sources'].append(inner); kept['source'] = with_record(group)\n" + SOFT,
    )
    facts, change = dragged(gimp)
    change.check()
    assert facts["kind"] == "Layer" and facts["above"] == [None, 0]


def test_a_group_at_half_opacity_becomes_a_layer_of_half_opacity(gimp: Gimp) -> None:
    made(
        gimp,
        "group = Gimp.GroupLayer.new(image, 'group'); image.insert_layer(group, None, 0); group.set_opacity(50)\n"
        f"inner = face(image, parent=group, x={LEFT}, y={TOP})\n"
        "kept['sources'].append(inner); kept['source'] = with_record(group)\n" + SOFT,
    )
    facts, change = dragged(gimp)
    change.check()
    assert not facts["source visible"] and facts["opacity"] == pytest.approx(50, abs=0.5)
    assert facts["result"]["bounds"] == [LEFT, TOP, 128, 128]


def test_multiply_at_sixty_percent(gimp: Gimp) -> None:
    made(gimp, FACE + SOFT + "kept['source'].set_mode(Gimp.LayerMode.MULTIPLY); kept['source'].set_opacity(60)\n")
    facts, change = dragged(gimp)
    change.check()
    assert facts["result"]["mode"] == "multiply" and not facts["source visible"]
    assert facts["opacity"] == pytest.approx(60, abs=0.5)


@pytest.mark.parametrize("selected", ["kept['source']", "kept['source'].get_mask()"])
def test_a_layer_with_a_mask(gimp: Gimp, selected: str) -> None:
    made(
        gimp,
        FACE + SOFT + "l = kept['source']; m = l.create_mask(Gimp.AddMaskType.BLACK); l.add_mask(m)\n"
        "write(m, bytes((x * 2) % 256 for y in range(128) for x in range(128)), 'Y u8')\n"
        f"kept['layer'] = l; kept['chosen'] = {selected}\n",
    )
    if "get_mask" in selected:
        gimp.run("kept['mask pixels'] = own(kept['chosen'])")
    facts, change = dragged(gimp)
    change.check()
    assert not facts["source visible"]
    assert facts["mask"] == gimp.run("own(kept['layer'].get_mask())")


def test_a_cut_out_changes_its_outline(gimp: Gimp) -> None:
    """Where the picture is transparent the result is a copy, and what did not change keeps its very bytes."""
    cut = (
        "l = kept['source']; pixels = bytearray(read(l))\n"
        "for y in range(128):\n"
        "    for x in range(128):\n"
        "        far = ((x - 64) / 40) ** 2 + ((y - 64) / 52) ** 2\n"
        "        pixels[(y * 128 + x) * 4 + 3] = max(0, min(255, int(255 * (1.1 - far) * 6)))\n"
        "write(l, bytes(pixels))\n"
    )
    made(gimp, FACE + SOFT + cut)
    facts, change = dragged(gimp)
    change.check()
    assert not facts["source visible"]
    before = np.frombuffer(facts["source own"], np.uint8).reshape(128, 128, 4)
    after = np.frombuffer(facts["own"], np.uint8).reshape(128, 128, 4)
    assert change.selection is not None
    outside = change.selection[TOP : TOP + 128, LEFT : LEFT + 128] == 0
    assert np.array_equal(before[outside], after[outside])
    assert not np.array_equal(before, after)


def test_transparency_far_from_the_change_is_no_reason_for_a_copy(gimp: Gimp) -> None:
    cut = "l = kept['source']; p = bytearray(read(l)); p[3] = 0; p[7] = 9; write(l, bytes(p))\n"
    made(gimp, FACE + SOFT + cut)
    facts, change = dragged(gimp)
    change.check()
    assert facts["source visible"]


def test_a_text_layer(gimp: Gimp) -> None:
    made(
        gimp,
        "kept['source'] = t = Gimp.TextLayer.new(image, 'Wag', Gimp.Font.get_by_name('DejaVu Sans') or "
        "Gimp.context_get_font(), 60, Gimp.Unit.pixel())\n"
        "image.insert_layer(t, None, 0); Gimp.Layer.resize(t, 128, 128, 2, 20); t.set_offsets(40, 30)\n"
        "Gimp.context_set_foreground(Gegl.Color.new('white')); with_record(t)\n",
    )
    facts, change = dragged(gimp, f"[[{LEFT + 40}, {TOP + 60}, {LEFT + 40}, {TOP + 70}]]")
    change.check()
    assert facts["kind"] == "Layer" and not facts["source visible"]


FILTER = (
    "f = Gimp.DrawableFilter.new(kept['source'], 'gegl:invert-gamma', 'inverted'); kept['source'].append_filter(f)\n"
)


def test_a_layer_without_its_filters_keeps_them(gimp: Gimp) -> None:
    made(gimp, FACE + SOFT + FILTER)
    facts, change = dragged(gimp, read="layer")
    change.check()
    assert facts["filters"] == 1 and not facts["source visible"]


def test_a_layer_as_visible_has_them_worked_in(gimp: Gimp) -> None:
    made(gimp, FACE + SOFT + FILTER)
    facts, change = dragged(gimp, read="visible")
    change.check()
    assert facts["filters"] == 0 and facts["source visible"], "the edit is laid over what is seen"


def test_a_picture_that_is_not_the_models(gimp: Gimp) -> None:
    """The long way: the picture is looked up in the model first. 16 bits deep, not square, beside the corner."""
    made(
        gimp,
        "data = portrait(7)[0]; rows = [data[y * 512 : (y + 1) * 512] for y in range(128)]\n"
        "wide = b''.join(r[:4] * 16 + r + r[-4:] * 6 for r in rows)\n"
        "kept['source'] = new_layer(image, 'wide', 150, 128, wide, x=30, y=20)\n"
        "select(image, 45, 40, 120, 100, feather=8)\n",
        "U16_NON_LINEAR",
    )
    facts, change = dragged(gimp, "[[106, 128, 106, 136]]", start="automatic")
    change.check()
    state = state_of(facts["record"])
    assert (state.source, state.frame.x, state.frame.y, state.frame.size) == ("picture", 41, 20, 128)
