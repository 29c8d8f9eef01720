"""What is shown on all the canvases of one document: an overlay on each, kept where the document lies."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..draggan_client.messages import Frame
from ..draggan_client.points import Grip, Pair, PointBoard, Spot
from ..qt import Qt, QtCore, QtGui, QtWidgets, is_gone
from .finding import Seat, seats_of
from .frame_marks import FrameLook
from .glide import Glide
from .mapping import Mapping
from .marks import Mark
from .overlay import Overlay

GLIDE_MS = 33
PAINTED_MS = 10
LATE_AT_MOST_S = 0.01
"""Where painting makes Krita later, there is no gliding."""
FLASH_MS = 350
FAR_AWAY = -100_000.0


@dataclass(eq=False)
class Place:
    """A canvas while the mode is on."""

    seat: Seat
    overlay: Overlay
    mapping: Mapping | None
    """None while Krita cannot tell, as in the middle of closing a view."""
    kritas_cursor: Any
    """What Krita last wanted, to be given back."""

    @property
    def canvas(self) -> Any:
        """The widget."""
        return self.seat.canvas


class Scene(QtCore.QObject):
    """The canvases, by their widgets, and what lies over them. Empty until `look_anew`."""

    def __init__(self, moved: Callable[[Place], None], parent: Any = None) -> None:
        """`moved` is told of every canvas that lies otherwise than before: `show` the points anew."""
        super().__init__(parent)
        self.places: dict[Any, Place] = {}
        self.sending = False
        """An event that goes to Krita just now is our own."""
        self._moved = moved
        self._look = FrameLook()
        self._given: Any = None
        self._picture: Any = None
        """What was given, as it is quickest to draw."""
        self._picture_frame: Frame | None = None
        self._hidden = False
        self._cursor: Any = None
        self._setting_cursor = False
        self._board: PointBoard | None = None
        self._hovered: Grip | None = None
        self._glide = Glide()
        self._glider = QtCore.QTimer(self, interval=GLIDE_MS)
        self._glider.timeout.connect(self._glide_on)
        self._is_slow = False
        """To paint takes long here: handles jump."""

    # Canvases that come and go

    def look_anew(self, document: Any) -> None:
        """Find the canvases of this `krita.Document` as they are now."""
        found = {seat.canvas: seat for seat in seats_of(document)}
        for canvas in [canvas for canvas in self.places if canvas not in found]:
            self._remove(self.places.pop(canvas))
        for canvas, seat in found.items():
            if canvas in self.places:
                self.places[canvas].seat = seat
            else:
                self._add(seat)

    def clear(self) -> None:
        """Leave all canvases as they were found, and forget what was shown."""
        self._glider.stop()
        for place in self.places.values():
            self._remove(place)
        self.places.clear()
        self._board = self._hovered = self._cursor = None
        self._given = self._picture = self._picture_frame = None
        self._look = FrameLook()
        self._hidden = False

    @property
    def is_whole(self) -> bool:
        """Whether there is a canvas, and none has been deleted since `look_anew`."""
        return bool(self.places) and not any(place.seat.is_gone for place in self.places.values())

    def living(self) -> list[Place]:
        """The canvases that still are."""
        return [place for place in self.places.values() if not place.seat.is_gone]

    def in_window(self, window: Any) -> list[Place]:
        """Those that are in this window."""
        return [place for place in self.living() if place.canvas.window() is window]

    # Following the canvas

    def sync(self, place: Place) -> None:
        """Follow the canvas, if it has been moved below us."""
        if place.seat.is_gone:
            return
        mapping = Mapping.of(place.seat.view)
        if mapping != place.mapping:
            place.mapping = mapping
            place.overlay.set_mapping(mapping)
            self._moved(place)

    def fit(self, place: Place) -> None:
        """Follow its size."""
        if not place.seat.is_gone:
            place.overlay.fit()

    # What is shown

    def show(self, board: PointBoard, hovered: Grip | None, gliding: bool = False) -> None:
        """Show the points as they are now; `gliding` lets handles run there instead of being there at once."""
        self._board, self._hovered = board, hovered
        aims = {pair.id: pair.handle for pair in board.pairs}
        if gliding and not self._is_slow:
            self._glide.aim(aims, time.monotonic())
        else:
            self._glide.jump(aims)
        if self._glide.moving and not self._glider.isActive():
            self._glider.start()
        self._show_marks()

    def set_frame(self, look: FrameLook) -> None:
        """The part of the document that the model sees."""
        self._look = replace(look, is_strong=look.is_strong or self._look.is_strong)
        self._show_frame()

    def flash_frame(self) -> None:
        """Point it out for a moment."""
        self._look = replace(self._look, is_strong=True)
        self._show_frame()
        QtCore.QTimer.singleShot(FLASH_MS, self._calm_frame)

    def set_picture(self, picture: Any, frame: Frame | None) -> None:
        """A QImage over that frame; None: none."""
        if picture is self._given and frame == self._picture_frame:
            return
        self._given = picture
        if picture is not None and picture.format() != QtGui.QImage.Format.Format_RGB32:
            picture = picture.convertToFormat(QtGui.QImage.Format.Format_ARGB32_Premultiplied)
        self._picture, self._picture_frame = picture, frame
        for place in self.living():
            place.overlay.set_picture(picture, frame)

    def set_hidden(self, hidden: bool) -> None:
        """The bare document, with nothing but the frame."""
        self._hidden = hidden
        for place in self.living():
            place.overlay.set_hidden(hidden)

    # The cursor

    def set_cursor(self, shape: Any) -> None:
        """A Qt.CursorShape, or a QCursor that is kept; None: what Krita wants."""
        if shape is self._cursor or (type(shape) is type(self._cursor) and shape == self._cursor):
            return
        self._cursor = shape
        for place in self.living():
            self._set_cursor(place)

    def cursor_changed(self, place: Place) -> None:
        """Krita has set one: that is kept for later, and ours is back."""
        if not self._setting_cursor:
            place.kritas_cursor = QtGui.QCursor(place.canvas.cursor())
            self._set_cursor(place)

    def send_tool_away(self, place: Place) -> None:
        """Krita's tool draws its outline where it saw the pointer last: let that be far off the canvas."""
        away = QtCore.QPointF(FAR_AWAY, FAR_AWAY)
        none = Qt.MouseButton.NoButton
        modifiers = Qt.KeyboardModifier.NoModifier
        move = QtGui.QMouseEvent(QtCore.QEvent.Type.MouseMove, away, away, away, none, none, modifiers)
        self.sending = True
        try:
            QtWidgets.QApplication.sendEvent(place.canvas, move)
        finally:
            self.sending = False

    # Inside

    def _add(self, seat: Seat) -> None:
        place = Place(seat, Overlay(seat.canvas), Mapping.of(seat.view), QtGui.QCursor(seat.canvas.cursor()))
        self.places[seat.canvas] = place
        place.overlay.set_mapping(place.mapping)
        place.overlay.set_frame(self._look)
        place.overlay.set_picture(self._picture, self._picture_frame)
        place.overlay.set_hidden(self._hidden)
        self._set_cursor(place)
        self.send_tool_away(place)
        self._show_marks()

    def _remove(self, place: Place) -> None:
        if not is_gone(place.overlay):
            place.overlay.hide()
            place.overlay.deleteLater()
        if not place.seat.is_gone:
            self._put_cursor(place, place.kritas_cursor)

    def _set_cursor(self, place: Place) -> None:
        self._put_cursor(place, place.kritas_cursor if self._cursor is None else QtGui.QCursor(self._cursor))

    def _put_cursor(self, place: Place, cursor: Any) -> None:
        self._setting_cursor = True
        try:
            place.canvas.setCursor(cursor)
        finally:
            self._setting_cursor = False

    def _calm_frame(self) -> None:
        self._look = replace(self._look, is_strong=False)
        self._show_frame()

    def _show_frame(self) -> None:
        for place in self.living():
            place.overlay.set_frame(self._look)

    def _glide_on(self) -> None:
        self._glide.advance(time.monotonic())
        if not self._glide.moving:
            self._glider.stop()
        self._show_marks()
        # With anything that is painted over it, the whole window is composed anew with its canvas. Where no graphics
        # card does that, it takes so long that gliding would keep Krita busy. A timer tells: it comes late then.
        begun = time.monotonic()
        QtCore.QTimer.singleShot(PAINTED_MS, lambda: self._painted(time.monotonic() - begun - PAINTED_MS / 1000))

    def _painted(self, late_s: float) -> None:
        """So late was the timer that was started before the painting."""
        if late_s > LATE_AT_MOST_S and self._board is not None and not self._is_slow:
            self._is_slow = True
            self._glider.stop()
            self.show(self._board, self._hovered)

    def _show_marks(self) -> None:
        board = self._board
        if board is None:
            return
        for place in self.living():
            mapping = place.mapping
            if mapping is not None:
                place.overlay.set_marks([self._mark(pair, mapping, board) for pair in board.pairs])

    def _mark(self, pair: Pair, mapping: Mapping, board: PointBoard) -> Mark:
        handle = _rounded(mapping.canvas(self._glide.place(pair.id, pair.handle)))
        hovered = self._hovered
        return Mark(
            number=pair.id,
            handle=handle,
            target=handle if pair.is_pin else _rounded(mapping.canvas(pair.target)),
            is_pin=pair.is_pin,
            selected=pair.id in board.selected,
            hovered=hovered.end if hovered is not None and hovered.pair_id == pair.id else None,
        )


def _rounded(point: Any) -> Spot:
    """To what the eye can tell apart, so that what has not moved is not painted anew."""
    return Spot(round(point.x() * 8) / 8, round(point.y() * 8) / 8)
