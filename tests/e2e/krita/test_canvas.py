"""Points on the canvas of the real Krita: a real pointer, a real keyboard, and the screen as it is seen.

The plugin's canvas part alone, without its docker and its server.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.krita import Krita, Profile
from tests.e2e.editors.pointer import MIDDLE, RIGHT, Place, Pointer
from tests.e2e.editors.root import Root
from tests.e2e.editors.server import ServerHome

SQUARES = ((150, 100), (500, 120), (320, 240), (130, 380), (520, 400))
"""The middles of black squares on the white document, in its px."""
SIDE = 30
WIDTH, HEIGHT = 640, 480

BEGIN = """
from draggan.canvas import DragMode
from draggan.canvas.mapping import Mapping
from draggan.draggan_client.messages import Frame, HandleState
from draggan.draggan_client.points import PointBoard, Spot
kept.update(DragMode=DragMode, Mapping=Mapping, Frame=Frame, PointBoard=PointBoard, HandleState=HandleState, Spot=Spot)
"""
DOCUMENT = """
made = app.createDocument(640, 480, "Test", "RGBA", "U8", "", resolution)
window().addView(made)
made.waitForDone()
pixels = bytearray(b"\\xff" * (640 * 480 * 4))
for x, y in squares:
    for row in range(y - side // 2, y + side // 2):
        start = (row * 640 + x - side // 2) * 4
        pixels[start : start + side * 4] = bytes((0, 0, 0, 255)) * side
paint_layer("squares", 640, 480, bytes(pixels))
view().canvas().resetZoom()
"""
ENTER = """
board = kept["board"] = kept["PointBoard"]()
mode = kept["mode"] = kept["DragMode"]()
told = kept["told"] = []
mode.changed.connect(lambda: told.append("changed"))
mode.finished.connect(told.append)
mode.apply_asked.connect(lambda: told.append("apply"))
mode.outside.connect(lambda: told.append("outside"))
mode.enter(view(), board)
"""
PEN = """
# What a tablet sends: press, movement, release; None ends it without a release.
Event, Kind = QtCore.QEvent.Type, QtGui.QTabletEvent
left, none = QtCore.Qt.MouseButton.LeftButton, QtCore.Qt.MouseButton.NoButton
def send(kind, place, button, buttons, eraser):
    at = QtCore.QPointF(*place)
    on_screen = QtCore.QPointF(canvas().mapToGlobal(at.toPoint()))
    if QT == "PyQt5":
        pointer = Kind.PointerType.Eraser if eraser else Kind.PointerType.Pen
        event = Kind(kind, at, on_screen, Kind.TabletDevice.Stylus, pointer, 0.7, 0, 0, 0.0, 0.0, 0,
                     QtCore.Qt.KeyboardModifier.NoModifier, 1, button, buttons)
    else:
        types = QtGui.QPointingDevice.PointerType
        device = QtGui.QPointingDevice(
            "pen", 1, QtGui.QInputDevice.DeviceType.Stylus, types.Eraser if eraser else types.Pen,
            QtGui.QInputDevice.Capability.Position, 1, 1)
        event = Kind(kind, device, at, on_screen, 0.7, 0.0, 0.0, 0.0, 0.0, 0.0,
                     QtCore.Qt.KeyboardModifier.NoModifier, button, buttons)
    QtWidgets.QApplication.sendEvent(canvas(), event)
    if not event.isAccepted():
        echo(kind, at, on_screen, button, buttons)
def echo(kind, at, on_screen, button, buttons):
    # What Qt then does: the same as a mouse's.
    kinds = {Event.TabletPress: Event.MouseButtonPress, Event.TabletMove: Event.MouseMove,
             Event.TabletRelease: Event.MouseButtonRelease}
    event = QtGui.QMouseEvent(kinds[kind], at, at, on_screen, button, buttons, QtCore.Qt.KeyboardModifier.NoModifier)
    QtWidgets.QApplication.sendEvent(canvas(), event)
"""


@dataclass
class Stage:
    """A Krita with the squares open, and the mode on where `enter` was called."""

    krita: Krita
    pixel_ratio: float = 1.0
    canvas_class: str = "KisOpenGLCanvas2"

    @property
    def pointer(self) -> Pointer:
        return self.krita.pointer

    def run(self, source: str, **arguments: Any) -> Any:
        """As `Krita.run`, once Krita has got all that pointer and keyboard have sent it until now."""
        self.krita.run("QtGui.QGuiApplication.sync()")
        return self.krita.run(source, **arguments)

    def open_squares(self, resolution: float = 300.0) -> None:
        """The document, and no other."""
        self.run("close_documents()")
        self.run("QtWidgets.QApplication.processEvents()")  # Krita 5.2 crashes where a new one follows at once
        self.run(DOCUMENT, squares=SQUARES, side=SIDE, resolution=resolution)
        self.settle()
        self.run("document().setModified(False)")
        assert self.run("[canvas().metaObject().className(), canvas().devicePixelRatioF()]") == [
            self.canvas_class,
            self.pixel_ratio,
        ]

    def enter(self) -> None:
        self.run(ENTER)

    def at(self, x: float, y: float) -> Place:
        """Where a place of the document is on the screen."""
        return self.krita.canvas_point(x, y)

    def look(self, zoom: float = 1.0, rotation: float = 0.0, mirror: bool = False) -> None:
        self.run(
            "c = view().canvas(); c.setMirror(mirror); c.setRotation(rotation); c.setZoomLevel(zoom)",
            zoom=zoom,
            rotation=rotation,
            mirror=mirror,
        )
        self.settle()

    def settle(self) -> None:
        """Let Krita paint what has changed."""
        self.run("document().waitForDone(); QtWidgets.QApplication.processEvents()")
        time.sleep(0.35)

    def pairs(self) -> list[tuple[str, tuple[float, float], tuple[float, float]]]:
        found = self.run("[(p.id, p.handle.x, p.handle.y, p.target.x, p.target.y) for p in kept['board'].pairs]")
        return [(one[0], (one[1], one[2]), (one[3], one[4])) for one in found]

    def told(self) -> list[str]:
        found = self.run("[kept['told'][:], kept['told'].clear()][0]")
        assert isinstance(found, list)
        return found

    def pixel(self) -> float:
        """How large a px of the screen is in the document: no pointer is more exact."""
        scale = self.run("kept['Mapping'].of(view()).scale")
        return 1 / (float(scale) * self.pixel_ratio)

    def document(self) -> tuple[bytes, bool, int]:
        """All that the mode must leave alone: pixels, whether modified, number of layers."""
        found = self.run("[layer_bytes('squares')['pixels'], document().modified(), len(node_tree())]")
        return found[0], found[1], found[2]

    def screen(self, name: str) -> np.ndarray[Any, Any]:
        """[H, W, 3] in 0 to 255, as float; kept as a file. Without Krita's passing messages ("Zoom: 75 %")."""
        self.run(
            """
            for widget in QtWidgets.QApplication.allWidgets():
                if widget.metaObject().className() == "KisFloatingMessage":
                    widget.hide()
            QtWidgets.QApplication.processEvents()
            """
        )
        time.sleep(0.05)
        return np.asarray(Image.open(self.krita.desktop.screenshot(name)).convert("RGB")).astype(float)


@contextlib.contextmanager
def started(folder: Path, display: str = "", pixel_ratio: float = 1.0, **environment: str) -> Iterator[Stage]:
    root = Root.of_the_tests()
    with Desktop(root, folder / "desktop") as desktop:
        profile = Profile.used_before(folder / "home", desktop)
        profile.add_plugin(ServerHome.make(folder / "draggan", root).home.folder)
        (profile.plugins / "draggan" / "__init__.py").write_text("")  # the canvas alone
        if display:
            (profile.settings.parent / "kritadisplayrc").write_text(display)
        with Krita(desktop, profile, **environment) as krita:
            krita.run(BEGIN)
            yield Stage(krita, pixel_ratio)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with started(tmp_path_factory.mktemp("plain")) as stage:
        yield stage


@pytest.fixture(scope="module", params=["opengl", "software", "double"])
def any_canvas(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Each kind of canvas: OpenGL, drawn in software, and on a screen with two px for one."""
    if request.param == "opengl":
        yield request.getfixturevalue("plain")
        return
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "software":
        with started(folder, display="[General]\nOpenGLRenderer=none\n") as stage:
            stage.canvas_class = "KisQPainterCanvas"
            yield stage
    else:
        with started(folder, pixel_ratio=2.0, QT_SCALE_FACTOR="2") as stage:
            # Qt tells a window's place in whole logical px only, and a title bar may end between two of them.
            stage.run("window().qwindow().showFullScreen()")
            yield stage


@pytest.fixture
def stage(plain: Stage) -> Iterator[Stage]:
    yield from _with_document(plain)


@pytest.fixture
def every(any_canvas: Stage) -> Iterator[Stage]:
    yield from _with_document(any_canvas)


def _with_document(stage: Stage) -> Iterator[Stage]:
    stage.open_squares()
    yield stage
    stage.run("kept.pop('mode').leave() if 'mode' in kept else None; QtWidgets.QApplication.processEvents()")
    stage.run("close_documents()")


def near(found: tuple[float, float], wanted: tuple[float, float], px: float) -> bool:
    return math.dist(found, wanted) <= px


# Where things are


VIEWS = [
    {"zoom": 1.0},
    {"zoom": 0.37},
    {"zoom": 0.75, "rotation": 33.0},
    {"zoom": 0.9, "mirror": True},
    {"zoom": 0.37, "rotation": 33.0, "mirror": True},
    {"zoom": 2.3, "rotation": -71.0},
]


@pytest.mark.parametrize("look", VIEWS, ids=str)
def test_the_mapping_is_where_the_screen_shows_it(every: Stage, look: dict[str, Any]) -> None:
    """The middle of each square as the screen shows it, and as the mapping has it: half a pixel at most."""
    every.look(**look)
    ends = every.at(320, 240)
    every.pointer.drag(ends, Place(ends.x + 23, ends.y - 31), button=MIDDLE)  # scrolled as well
    every.pointer.move(Place(2, 2))
    every.settle()
    screen = every.screen(f"canvas-mapping-{VIEWS.index(look)}")
    compared = 0
    for x, y in SQUARES:
        place = every.at(x, y)
        found = centre_of_dark(screen, place, SIDE / every.pixel(), every.run(CANVAS_ON_SCREEN))
        if found is not None:
            # The number of a pixel is its upper left corner.
            assert near((found.x + 0.5, found.y + 0.5), (place.x, place.y), 0.5), (x, y)
            compared += 1
    assert compared >= (1 if look["zoom"] > 2 else 4)


CANVAS_ON_SCREEN = "on_screen(canvas(), 0, 0) + on_screen(canvas(), canvas().width(), canvas().height())"


def centre_of_dark(screen: np.ndarray[Any, Any], place: Place, side: float, canvas: list[float]) -> Place | None:
    """The middle of what is dark near that place, weighed by how dark; None where it does not lie on the canvas."""
    reach = side * 0.75 + 6
    left, top, right, bottom = (place.x - reach, place.y - reach, place.x + reach, place.y + reach)
    if left < canvas[0] or top < canvas[1] or right > canvas[2] or bottom > canvas[3]:
        return None
    x0, y0 = math.floor(left), math.floor(top)
    dark = 255 - screen[y0 : math.ceil(bottom), x0 : math.ceil(right)].mean(axis=2)
    assert dark.max() > 200, "no square is there"
    rows, columns = np.mgrid[0 : dark.shape[0], 0 : dark.shape[1]]
    return Place(x0 + float((dark * columns).sum() / dark.sum()), y0 + float((dark * rows).sum() / dark.sum()))


def pin_is_shown(screen: np.ndarray[Any, Any], place: Place, pixel_ratio: float) -> bool:
    """Whether the yellow of a pin is centred there."""
    reach = round(16 * pixel_ratio)
    x0, y0 = round(place.x) - reach, round(place.y) - reach
    part = screen[y0 : y0 + 2 * reach, x0 : x0 + 2 * reach]
    rows, columns = (np.abs(part - (242, 182, 50)).max(axis=2) < 30).nonzero()
    assert len(rows) > 20, "no pin is there"
    found = x0 + float(columns.mean()) + 0.5, y0 + float(rows.mean()) + 0.5
    return near(found, (place.x, place.y), pixel_ratio)


@pytest.mark.parametrize("look", [VIEWS[0], VIEWS[4], VIEWS[5]], ids=str)
def test_points_land_where_the_pointer_put_them(every: Stage, look: dict[str, Any]) -> None:
    every.look(**look)
    before = every.document()
    every.enter()
    size = 30 if look["zoom"] > 2 else 100
    middle = (320.0, 240.0)
    pulled = (middle[0] + size, middle[1] + 0.4 * size)
    pin = (middle[0] - size, middle[1] + 0.5 * size)
    every.pointer.drag(every.at(*middle), every.at(*pulled))
    every.pointer.click(every.at(*pin))
    pairs = every.pairs()
    px = every.pixel()
    assert [one[0] for one in pairs] == ["1", "2"]
    assert near(pairs[0][1], middle, px) and near(pairs[0][2], pulled, px)
    assert near(pairs[1][1], pin, px) and pairs[1][1] == pairs[1][2], "a click is a pin"
    assert every.document() == before, "nothing goes into the document"
    # Both ends can be pulled later, the target first.
    target = (middle[0] + 0.5 * size, middle[1] - 0.6 * size)
    handle = (middle[0] - 0.4 * size, middle[1] - 0.5 * size)
    every.pointer.drag(every.at(*pulled), every.at(*target))
    every.pointer.drag(every.at(*middle), every.at(*handle))
    moved = every.pairs()
    assert near(moved[0][1], handle, 2 * px) and near(moved[0][2], target, 2 * px)
    every.pointer.move(Place(2, 2))
    every.settle()
    screen = every.screen(f"canvas-points-{VIEWS.index(look)}-{every.pixel_ratio:g}")
    assert pin_is_shown(screen, every.at(*pin), every.pixel_ratio)


def test_another_resolution_is_no_other_place(stage: Stage) -> None:
    """Flake is in points of 1/72 inch: at 72 dpi and at 300 it is two other things."""
    stage.open_squares(resolution=72.0)
    stage.look(0.8, 12.0)
    screen = stage.screen("canvas-resolution")
    for x, y in SQUARES:
        place = stage.at(x, y)
        found = centre_of_dark(screen, place, SIDE / stage.pixel(), stage.run(CANVAS_ON_SCREEN))
        assert found and near((found.x + 0.5, found.y + 0.5), (place.x, place.y), 0.5)


# The keyboard


def test_delete_removes_points_and_never_the_picture(stage: Stage) -> None:
    before = stage.document()
    stage.enter()
    for x in (100, 200, 300, 400):
        stage.pointer.click(stage.at(x, 200))
    stage.pointer.click(stage.at(200, 200))  # selects
    stage.pointer.key("Delete")
    assert [one[0] for one in stage.pairs()] == ["1", "3", "4"]
    stage.pointer.key("BackSpace")
    assert [one[0] for one in stage.pairs()] == ["1", "3"], "without a selected one the last"
    stage.pointer.key("Delete", "BackSpace", "Delete", "shift+Delete", "shift+BackSpace", "ctrl+Delete")
    assert stage.pairs() == []
    stage.settle()
    assert stage.document() == before


def test_undo_is_of_points_only(stage: Stage) -> None:
    """The document has an undo step of its own; a stroke of the brush, made before."""
    stage.run("document().setActiveNode(node('squares')); app.action('KritaShape/KisToolBrush').trigger()")
    untouched = stage.document()[0]
    stage.pointer.drag(stage.at(200, 300), stage.at(400, 320))
    stage.settle()
    painted = stage.document()[0]
    assert painted != untouched
    stage.enter()
    stage.pointer.drag(stage.at(100, 200), stage.at(200, 210))
    stage.pointer.click(stage.at(400, 200))
    stage.pointer.key("ctrl+z")
    assert [one[0] for one in stage.pairs()] == ["1"]
    stage.pointer.key("ctrl+shift+z")
    assert [one[0] for one in stage.pairs()] == ["1", "2"]
    stage.pointer.key("ctrl+z", "ctrl+z")
    assert stage.pairs() == []
    stage.pointer.key("ctrl+y", "ctrl+y", "ctrl+y", "ctrl+shift+z")
    assert len(stage.pairs()) == 2
    stage.pointer.key(*["ctrl+z"] * 8)
    stage.settle()
    assert stage.pairs() == []
    assert stage.document()[0] == painted, "the stroke is still there"
    stage.pointer.key("Escape")
    stage.pointer.key("ctrl+z")
    stage.settle()
    assert stage.document()[0] == untouched, "points left nothing on the document's undo stack"


def test_escape_aborts_a_gesture_first_and_enter_applies(stage: Stage) -> None:
    stage.enter()
    stage.pointer.click(stage.at(100, 200))
    stage.told()
    stage.pointer.move(stage.at(300, 200))
    stage.pointer.press()
    stage.pointer.glide(stage.at(300, 200), stage.at(400, 250))
    assert len(stage.pairs()) == 2
    stage.pointer.key("Escape")
    assert len(stage.pairs()) == 1
    stage.pointer.glide(stage.at(400, 250), stage.at(450, 250))
    stage.pointer.release()
    assert len(stage.pairs()) == 1
    assert stage.run("kept['mode'].is_on")
    stage.told()
    stage.pointer.key("Return", "KP_Enter")
    assert stage.told() == ["apply", "apply"]
    stage.pointer.key("Escape")
    assert stage.told() == ["escape"]
    assert not stage.run("kept['mode'].is_on")
    before = stage.document()[0]
    stage.pointer.drag(stage.at(200, 300), stage.at(400, 320))
    stage.settle()
    assert stage.document()[0] != before, "Krita's brush paints again"


def test_who_writes_is_left_alone(stage: Stage) -> None:
    """A text field elsewhere in the window gets its Delete, Backspace, Enter, Ctrl+Z and letters."""
    stage.enter()
    stage.pointer.click(stage.at(100, 200))
    stage.pointer.click(stage.at(300, 200))
    stage.told()
    field = stage.run(
        """
        fields = [w for w in window().qwindow().findChildren(QtWidgets.QLineEdit)
                  if w.isVisible() and w.placeholderText() and not w.isReadOnly()]
        kept["field"] = fields[0]
        return on_screen(fields[0], fields[0].width() // 2, fields[0].height() // 2)
        """
    )
    stage.pointer.click(Place(*field))
    stage.krita.until("kept['field'].hasFocus()", 5)
    stage.pointer.key("h", "a", "h", "BackSpace")
    assert stage.run("kept['field'].text()") == "ha"
    stage.pointer.key("Home", "Delete")
    assert stage.run("kept['field'].text()") == "a"
    stage.pointer.key("ctrl+z", "Escape")
    assert stage.run("kept['field'].text()") == "ha"
    assert len(stage.pairs()) == 2 and stage.told() == [] and stage.run("kept['mode'].is_on")
    stage.run("kept.pop('field').clear()")
    # With the focus elsewhere, on something that is not written into, keys are the mode's.
    stage.run("canvas().clearFocus(); window().qwindow().findChild(QtWidgets.QDockWidget, 'KisLayerBox').setFocus()")
    stage.pointer.key("Delete")
    assert len(stage.pairs()) == 1
    stage.pointer.click(stage.at(450, 400))
    stage.pointer.key("Delete")
    assert len(stage.pairs()) == 1


def test_a_held_key_shows_the_bare_picture(stage: Stage) -> None:
    stage.look(1.0)
    stage.pointer.move(Place(2, 2))
    stage.settle()
    bare = stage.screen("canvas-bare")
    stage.enter()
    stage.run(
        """
        board, mode, Spot = kept["board"], kept["mode"], kept["Spot"]
        picture = QtGui.QImage(64, 64, QtGui.QImage.Format.Format_RGB32)
        picture.fill(QtGui.QColor(40, 120, 200))
        mode.show_preview(picture, kept["Frame"](80, 0, 480))
        board.add(Spot(200, 200), Spot(300, 210))
        board.add(Spot(400, 200), Spot(400, 200))
        """
    )
    stage.settle()
    full = stage.screen("canvas-preview")
    inside, outside = stage.at(90, 470), stage.at(74, 240)
    assert np.abs(pixel_at(full, inside) - (40, 120, 200)).max() <= 3, "the preview lies over the layer"
    assert np.abs(pixel_at(full, outside) - pixel_at(bare, outside)).max() <= 3, "and only in its frame"
    with stage.pointer.holding("h"):
        stage.settle()
        hidden = stage.screen("canvas-hidden")
    stage.settle()
    again = stage.screen("canvas-shown")
    # Not at the document's corner: there Krita draws the brush before the pointer has ever been on the canvas.
    first, last = stage.at(60, 60), stage.at(620, 460)
    part = slice(round(first.y), round(last.y)), slice(round(first.x), round(last.x))
    assert np.abs(hidden - bare)[part].max() <= 3
    assert np.abs(again - full)[part].max() <= 3


def pixel_at(screen: np.ndarray[Any, Any], place: Place) -> np.ndarray[Any, Any]:
    return screen[round(place.y), round(place.x)]


# Krita's own canvas


def test_krita_pans_zooms_and_turns_as_ever(every: Stage) -> None:
    every.look(0.6)
    every.enter()
    before = every.document()
    every.pointer.click(every.at(320, 240))

    def lies() -> tuple[float, float]:
        place = every.at(320, 240)
        return place.x, place.y

    start = lies()
    with every.pointer.holding("space"):
        every.pointer.drag(every.at(200, 200), Place(every.at(200, 200).x + 60, every.at(200, 200).y + 40))
    every.settle()
    panned = lies()
    assert near(panned, (start[0] + 60, start[1] + 40), 6), "Space"
    here = every.at(200, 200)
    every.pointer.drag(here, Place(here.x - 60, here.y - 40), button=MIDDLE)
    every.settle()
    assert near(lies(), start, 12), "the middle button"
    zoom = every.pixel()
    every.pointer.wheel(2, every.at(320, 240))
    every.settle()
    assert every.pixel() < zoom * 0.8, "the wheel"
    zoom = every.pixel()
    with every.pointer.holding("ctrl", "space"):
        every.pointer.drag(every.at(320, 240), Place(every.at(320, 240).x, every.at(320, 240).y + 60))
    every.settle()
    assert abs(every.pixel() / zoom - 1) > 0.1, "Ctrl+Space"
    angle = every.run("view().canvas().rotation()")
    with every.pointer.holding("shift", "space"):
        centre = every.at(320, 240)
        every.pointer.drag(Place(centre.x + 100, centre.y), Place(centre.x + 60, centre.y + 90))
    every.settle()
    assert abs(every.run("view().canvas().rotation()") - angle) > 5, "Shift+Space"
    assert len(every.pairs()) == 1 and every.document() == before
    # The points have gone along.
    every.look(0.6)
    every.pointer.move(Place(2, 2))
    every.settle()
    screen = every.screen(f"canvas-moved-{every.pixel_ratio:g}")
    assert pin_is_shown(screen, every.at(320, 240), every.pixel_ratio)
    # And afterwards the pointer is ours again.
    every.pointer.click(every.at(200, 100))
    assert len(every.pairs()) == 2 and every.document() == before


def test_the_wheel_zooms_below_a_point_that_is_held(stage: Stage) -> None:
    stage.look(0.6)
    stage.enter()
    here = stage.at(320, 240)
    stage.pointer.move(here)
    stage.pointer.press()
    stage.pointer.glide(here, Place(here.x + 90, here.y + 50))
    stage.pointer.wheel(2)
    stage.settle()
    stage.pointer.release()
    pair = stage.pairs()[0]
    shown = stage.at(*pair[2])
    assert near((shown.x, shown.y), (here.x + 90, here.y + 50), 1.5)
    assert near(pair[1], (320, 240), 2)


def test_kritas_palette_opens_and_closes(stage: Stage) -> None:
    stage.enter()
    before = stage.document()
    shown = "any(c.isVisible() for c in canvas().children() if c.metaObject().className() == 'KisPopupPalette')"
    stage.pointer.click(stage.at(320, 240), button=RIGHT)
    stage.krita.until(shown, 5)
    stage.pointer.click(stage.at(60, 440))
    stage.krita.until(f"not {shown}", 5)
    assert stage.pairs() == [] and stage.document() == before
    stage.pointer.click(stage.at(60, 440))
    assert len(stage.pairs()) == 1


def test_the_cursor_is_ours_and_given_back(stage: Stage) -> None:
    shape = "int(canvas().cursor().shape())" if stage.run("QT") == "PyQt5" else "canvas().cursor().shape().value"
    cross, hand, blank = 2, 13, stage.run(shape)
    stage.enter()
    assert stage.run(shape) == cross
    stage.pointer.drag(stage.at(200, 200), stage.at(300, 200))
    stage.pointer.move(stage.at(200, 202))
    assert stage.run(shape) == hand
    stage.pointer.move(stage.at(450, 300))
    assert stage.run(shape) == cross
    stage.run("app.action('KisToolTransform').trigger()")
    stage.settle()
    stage.pointer.move(stage.at(460, 300))
    assert stage.run(shape) == cross, "another tool sets another cursor, and it is ours again"
    stage.run("app.action('KritaShape/KisToolBrush').trigger()")
    stage.settle()
    stage.run("kept['mode'].leave()")
    assert stage.run(shape) == blank


# Gestures that lose their end


def test_a_dialog_in_the_middle_of_a_gesture(stage: Stage) -> None:
    """What was pulled stays where it was; the release that comes later means nothing."""
    stage.enter()
    stage.pointer.move(stage.at(200, 200))
    stage.pointer.press()
    stage.pointer.glide(stage.at(200, 200), stage.at(300, 250))
    stage.run(
        "d = kept['dialog'] = QtWidgets.QDialog(window().qwindow()); d.setModal(True); d.move(900, 500); d.show()"
    )
    stage.settle()
    stage.pointer.glide(stage.at(300, 250), stage.at(350, 150))
    stage.pointer.release()
    stage.run("kept.pop('dialog').close()")
    stage.settle()
    stage.pointer.glide(stage.at(350, 150), stage.at(120, 120))
    pairs = stage.pairs()
    assert len(pairs) == 1 and near(pairs[0][2], (300, 250), stage.pixel())
    assert stage.run("kept['board'].dragged") is None
    stage.pointer.click(stage.at(450, 300))
    assert len(stage.pairs()) == 2


def test_a_touch_that_is_lost_is_undone(stage: Stage) -> None:
    stage.enter()
    stage.pointer.move(stage.at(200, 200))
    stage.pointer.press()
    assert len(stage.pairs()) == 1
    stage.run(
        "QtWidgets.QApplication.sendEvent(window().qwindow(), QtCore.QEvent(QtCore.QEvent.Type.WindowDeactivate))"
    )
    assert stage.pairs() == [] and stage.run("kept['board'].can_undo") is False
    stage.pointer.release()
    assert stage.pairs() == []


def test_the_watchdog_ends_what_no_event_ended(stage: Stage) -> None:
    """The release goes past Krita altogether: it never sees that the button is up."""
    stage.enter()
    stage.pointer.move(stage.at(200, 200))
    stage.pointer.press()
    stage.pointer.glide(stage.at(200, 200), stage.at(300, 250))
    # The event is kept from everybody, and so from our filter, as if it had never come.
    stage.run(
        """
        class Thief(QtCore.QObject):
            def eventFilter(self, receiver, event):
                return event.type() == QtCore.QEvent.Type.MouseButtonRelease
        kept["thief"] = Thief()
        QtWidgets.QApplication.instance().installEventFilter(kept["thief"])
        """
    )
    stage.pointer.release()
    stage.krita.until("kept['board'].dragged is None", 5)
    stage.run("QtWidgets.QApplication.instance().removeEventFilter(kept.pop('thief'))")
    assert len(stage.pairs()) == 1 and near(stage.pairs()[0][2], (300, 250), stage.pixel())


# The pen


def pen(stage: Stage, *steps: tuple[str, float, float], eraser: bool = False) -> None:
    """Send these, at places of the document: "press", "move", "hover", "release"."""
    sent = (
        PEN
        + """
for name, x, y in steps:
    at = kept["Mapping"].of(view()).canvas(kept["Spot"](x, y))
    kinds = {"press": (Event.TabletPress, left, left), "move": (Event.TabletMove, none, left),
             "hover": (Event.TabletMove, none, none), "release": (Event.TabletRelease, left, none)}
    send(kinds[name][0], (at.x(), at.y()), *kinds[name][1:], eraser)
"""
    )
    stage.run(sent, steps=steps, eraser=eraser)


def test_the_pen_puts_points(stage: Stage) -> None:
    stage.look(0.75, 33.0)
    before = stage.document()
    stage.enter()
    pen(stage, ("hover", 200, 200), ("press", 200, 200), ("move", 230, 210), ("release", 260, 220))
    pen(stage, ("press", 400, 300), ("release", 401, 300))
    pairs = stage.pairs()
    assert near(pairs[0][1], (200, 200), 0.01) and near(pairs[0][2], (260, 220), 0.01)
    assert pairs[1][1] == pairs[1][2]
    # A pen's hand is less steady than a mouse's: it grabs from further away.
    grab = 15 * stage.pixel()
    pen(stage, ("press", 260 + grab, 220), ("move", 300, 300), ("release", 280 + grab, 300))
    assert len(stage.pairs()) == 2 and near(stage.pairs()[0][2], (280, 300), 0.01)
    pen(stage, ("press", 400, 300), ("release", 400, 300), eraser=True)
    assert [one[0] for one in stage.pairs()] == ["1"]
    assert stage.document() == before


def test_a_pen_that_goes_away_without_a_release(stage: Stage) -> None:
    stage.enter()
    pen(stage, ("press", 200, 200), ("move", 300, 220))
    stage.run(
        """
        gone = QtCore.QEvent(QtCore.QEvent.Type.TabletLeaveProximity)
        QtWidgets.QApplication.sendEvent(QtWidgets.QApplication.instance(), gone)
        """
    )
    assert stage.run("kept['board'].dragged") is None
    pen(stage, ("press", 200, 300), ("move", 300, 320))
    pen(stage, ("hover", 500, 400))
    assert stage.run("kept['board'].dragged") is None, "it hovers: it was lifted"
    pen(stage, ("press", 400, 100), ("move", 450, 120))
    time.sleep(0.6)
    stage.pointer.glide(stage.at(100, 100), stage.at(120, 120))
    assert stage.run("kept['board'].dragged") is None, "the mouse moves, and the pen is silent"
    ends = [one[2] for one in stage.pairs()]
    assert near(ends[0], (300, 220), 0.01) and near(ends[1], (300, 320), 0.01) and near(ends[2], (450, 120), 0.01)


def test_a_pens_echo_as_a_mouse_puts_nothing(stage: Stage) -> None:
    """Some systems send the pen's press once more as a mouse's."""
    stage.enter()
    stage.pointer.move(stage.at(400, 300))
    pen(stage, ("press", 200, 200), ("move", 250, 220), ("release", 250, 220))
    stage.run(
        """
        at = QtCore.QPointF(canvas().width() / 2, canvas().height() / 2)
        left, none = QtCore.Qt.MouseButton.LeftButton, QtCore.Qt.MouseButton.NoButton
        for kind, buttons in (("MouseButtonPress", left), ("MouseButtonRelease", none)):
            event = QtGui.QMouseEvent(getattr(QtCore.QEvent.Type, kind), at, at, at, left, buttons,
                                      QtCore.Qt.KeyboardModifier.NoModifier)
            QtWidgets.QApplication.sendEvent(canvas(), event)
        """
    )
    assert len(stage.pairs()) == 1


# The frame, and while a drag runs


def test_points_stay_inside_the_frame(stage: Stage) -> None:
    stage.look(1.0)
    stage.enter()
    stage.run("kept['mode'].show_frame(kept['Frame'](160, 80, 320))")
    stage.pointer.click(stage.at(100, 200))
    assert stage.pairs() == [] and stage.told() == ["outside"]
    stage.pointer.drag(stage.at(400, 200), stage.at(560, 210))
    pair = stage.pairs()[0]
    assert 478 < pair[2][0] < 480 and abs(pair[2][1] - 210) < 1
    stage.settle()
    stage.screen("canvas-frame")


def test_while_a_drag_runs_points_are_shown_and_cannot_be_changed(stage: Stage) -> None:
    stage.look(1.0)
    before = stage.document()
    stage.enter()
    stage.pointer.drag(stage.at(200, 200), stage.at(400, 200))
    stage.run("kept['mode'].set_locked(True)")
    pairs = stage.pairs()
    stage.pointer.drag(stage.at(400, 200), stage.at(300, 300))
    stage.pointer.click(stage.at(500, 400))
    stage.pointer.key("Delete", "ctrl+z", "BackSpace")
    assert stage.pairs() == pairs and stage.document() == before
    stage.pointer.move(Place(2, 2))
    # As with a graphics card: where painting is slow there is no gliding.
    stage.run("scene = kept['mode']._scene; scene._is_slow = False; scene._painted = lambda late_s: None")
    seen = []
    for step in range(1, 5):
        stage.run(
            "kept['board'].follow([kept['HandleState']('1', x, 200.0, 400.0 - x)]); kept['mode'].refresh()",
            x=200.0 + 40 * step,
        )
        for _ in range(3):
            time.sleep(0.05)
            seen.append(stage.run("kept['mode']._scene._glide.place('1', None).x"))
    stage.settle()
    assert sorted(seen) == seen and len(set(seen)) > 6, f"the handle glides: {seen}"
    stage.krita.until("kept['mode']._scene._glide.place('1', None).x == 360", 2)
    stage.screen("canvas-drag")
    stage.run("kept['mode'].set_locked(False)")
    stage.pointer.drag(stage.at(400, 200), stage.at(300, 300))
    assert near(stage.pairs()[0][2], (300, 300), 2 * stage.pixel())


def test_the_tools_outline_does_not_stay_behind(stage: Stage) -> None:
    """Krita draws the brush's outline where it last saw the pointer."""
    stage.look(1.0)
    stage.run("app.action('KritaShape/KisToolBrush').trigger(); view().setBrushSize(120)")
    stage.pointer.glide(stage.at(250, 300), stage.at(420, 330))
    stage.settle()
    stage.enter()
    stage.pointer.move(Place(2, 2))
    stage.settle()
    screen = stage.screen("canvas-outline")
    here = stage.at(420, 330)
    around = screen[round(here.y) - 66 : round(here.y) + 66, round(here.x) - 66 : round(here.x) + 66]
    stage.run("view().setBrushSize(40)")
    assert around.min() > 250, "white, with nothing on it"


# Windows and views


def test_two_views_a_detached_canvas_and_a_view_that_closes(stage: Stage) -> None:
    stage.enter()
    stage.run("window().addView(document()); app.action('windows_tile').trigger()")
    stage.settle()
    shown = "sorted(p.overlay.isVisible() for p in kept['mode']._scene.living())"
    stage.krita.until(f"{shown} == [True, True]", 5)
    stage.pointer.drag(stage.at(250, 200), stage.at(300, 220))
    px = stage.pixel()
    assert near(stage.pairs()[0][2], (300, 220), px)
    # The other view, which a click makes the active one.
    other = stage.run(
        """
        mine = canvas()
        place = next(p for c, p in kept["mode"]._scene.places.items() if c is not mine)
        at = place.mapping.canvas(kept["Spot"](350, 300))
        return on_screen(place.seat.canvas, at.x(), at.y())
        """
    )
    stage.pointer.click(Place(*other))
    assert near(stage.pairs()[1][1], (350, 300), 2 * px)
    stage.screen("canvas-two-views")
    stage.run("kept['docks'] = window().qwindow().saveState(); app.action('view_detached_canvas').trigger()")
    stage.settle()
    try:
        stage.pointer.click(stage.at(300, 350))
        assert near(stage.pairs()[2][1], (300, 350), 2 * px)
        stage.pointer.key("Delete")
        assert len(stage.pairs()) == 2, "keys in the detached window"
        stage.screen("canvas-detached")
    finally:
        stage.run("app.action('view_detached_canvas').trigger()")
        stage.settle()
        stage.run("window().qwindow().restoreState(kept.pop('docks'))")
    stage.settle()
    stage.pointer.click(stage.at(300, 350))
    assert len(stage.pairs()) == 3
    stage.run("window().qwindow().findChild(QtWidgets.QMdiArea).activeSubWindow().close()")
    stage.krita.until(f"{shown} == [True]", 5)
    assert stage.run("kept['mode'].is_on")
    stage.told()
    stage.run("close_documents()")
    stage.krita.until("not kept['mode'].is_on", 5)
    assert stage.told() == ["closed"]


def test_a_second_window(stage: Stage) -> None:
    stage.enter()
    stage.run("app.action('view_newwindow').trigger()")
    stage.krita.until("len(app.windows()) == 2", 10)
    try:
        stage.run("app.windows()[-1].addView(document() or app.documents()[0])")
        in_the_second = "[p for p in kept['mode']._scene.living() if p.seat.main_window is app.windows()[-1].qwindow()]"
        stage.krita.until(in_the_second, 5)
        stage.settle()
        place = stage.run(
            f"""
            place = {in_the_second}[0]
            at = place.mapping.canvas(kept["Spot"](320, 300))
            return on_screen(place.canvas, at.x(), at.y())
            """
        )
        stage.pointer.click(Place(*place))
        assert len(stage.pairs()) == 1 and near(stage.pairs()[0][1], (320, 300), 2 * stage.pixel())
        stage.screen("canvas-second-window")
        stage.pointer.key("Delete")
        assert stage.pairs() == []
    finally:
        stage.run("app.windows()[-1].qwindow().close()")
    stage.krita.until("len(app.windows()) == 1", 10)
    assert stage.run("kept['mode'].is_on and len(kept['mode']._scene.living()) == 1")


def test_another_documents_keys_and_canvas_are_its_own(stage: Stage) -> None:
    stage.enter()
    stage.pointer.click(stage.at(200, 200))
    stage.run("kept['first'] = view(); new_document(300, 200)")
    stage.settle()
    stage.run("paint_layer('squares', 300, 200, b'\\xff' * 240000); document().setModified(False)")
    stage.run("app.action('KritaShape/KisToolBrush').trigger()")
    before = stage.run("layer_bytes('squares')['pixels']")
    stage.pointer.drag(stage.at(50, 50), stage.at(200, 100))
    stage.settle()
    assert stage.run("layer_bytes('squares')['pixels']") != before, "the brush paints there"
    stage.pointer.key("ctrl+z")
    stage.settle()
    assert stage.run("layer_bytes('squares')['pixels']") == before
    assert len(stage.pairs()) == 1


def test_krita_quits_with_the_mode_on(tmp_path: Path) -> None:
    with started(tmp_path) as stage:
        stage.open_squares()
        stage.enter()
        stage.pointer.drag(stage.at(200, 200), stage.at(300, 200))
        assert stage.krita.quit() == 0


# What it costs


def test_it_costs_next_to_nothing(stage: Stage) -> None:
    """A hundred points, a preview over the whole frame: no call of ours comes near 30 ms."""
    stage.look(1.0)
    stage.enter()
    stage.run(
        """
        mode, board, Spot = kept["mode"], kept["board"], kept["Spot"]
        for i in range(100):
            board.add(Spot(90 + 4.5 * i, 40 + (i * 37) % 400), Spot(100 + 4.4 * i, 50 + (i * 53) % 400))
        picture = QtGui.QImage(512, 512, QtGui.QImage.Format.Format_RGB32)
        picture.fill(QtGui.QColor(90, 120, 90))
        mode.show_frame(kept["Frame"](80, 0, 480))
        mode.show_preview(picture, kept["Frame"](80, 0, 480))
        import time
        spent = kept["spent"] = {"filter": [], "paint": []}
        def timed(kind, call):
            def run(*arguments):
                begun = time.thread_time()  # the computer does other things as well
                try:
                    return call(*arguments)
                finally:
                    spent[kind].append(time.thread_time() - begun)
            return run
        mode._on_canvas = {kind: timed("filter", call) for kind, call in mode._on_canvas.items()}
        mode._anywhere = {kind: timed("filter", call) for kind, call in mode._anywhere.items()}
        overlay = mode._scene.living()[0].overlay
        overlay.paintEvent = timed("paint", overlay.paintEvent)
        """
    )
    stage.settle()
    stage.pointer.glide(stage.at(150, 150), stage.at(500, 400), steps=60)
    stage.pointer.drag(stage.at(90, 40), stage.at(300, 300), steps=40)
    with stage.pointer.holding("space"):
        stage.pointer.drag(stage.at(300, 300), stage.at(350, 330), steps=30)
    stage.settle()
    stage.screen("canvas-hundred")
    spent = stage.run("kept['spent']")
    assert len(spent["filter"]) > 100 and spent["paint"]
    for kind, times in spent.items():
        ordered = sorted(times)
        print(kind, len(times), "median", 1e3 * ordered[len(times) // 2], "largest", 1e3 * ordered[-1], "ms")
        assert ordered[-1] < 0.030, kind
