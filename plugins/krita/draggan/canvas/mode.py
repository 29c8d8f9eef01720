"""The mode in which the artist puts points on Krita's canvas.

Krita lets no script have a tool of its own. So everything that reaches the canvas is looked at before Krita gets it:
what is meant for the points stays here, all else (panning, zooming, turning, Krita's palettes) goes on untouched.
Nothing is written to the document, and Krita's undo stack is left alone.
"""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import krita

from ..draggan_client.messages import Frame
from ..draggan_client.points import Grip, PointBoard, Spot
from ..qt import Qt, QtCore, QtGui, QtWidgets, Signal, is_gone, place_of
from .finding import Seat, seats_of
from .glide import Glide
from .keys import Command, Keys, is_modifier, is_writing, which_key
from .mapping import Mapping
from .marks import Mark
from .overlay import Overlay
from .pointer import Device, Intent, Pointer, Pressed

TICK_MS = 50
"""How often the canvases are looked at where no event told of a change."""
GLIDE_MS = 33
FLASH_MS = 350
AFTER_PEN_S = 0.2
"""Some systems send the pen's strokes once more, as a mouse's."""
PEN_SILENT_S = 0.5
"""A mouse that moves this long after the pen last spoke: the pen is gone."""

_Type = QtCore.QEvent.Type
_LEFT = Qt.MouseButton.LeftButton
_NO_BUTTON = Qt.MouseButton.NoButton


@dataclass(eq=False)
class _Place:
    """A canvas while the mode is on."""

    seat: Seat
    overlay: Overlay
    mapping: Mapping | None = None
    kritas_cursor: Any = None
    """What Krita last wanted, to be given back."""


class DragMode(QtCore.QObject):
    """Points on the canvas. One for the plugin; it is on for one document at a time, in all views of that."""

    changed = Signal()
    """The artist has changed the board: points, or what is selected. Not told of every move within a gesture."""
    apply_asked = Signal()
    """Enter."""
    finished = Signal(str)
    """The mode has ended itself: "escape", or "closed" when the last view of the document is gone."""
    outside = Signal()
    """A press was refused: outside the frame the model sees nothing. The frame lights up by itself."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._keys = Keys(Qt.Key.Key_H)
        self._pointer = Pointer()
        self._glide = Glide()
        self._board: PointBoard | None = None
        self._document: Any = None
        self._places: dict[Any, _Place] = {}
        self._version = -1
        self._locked = False
        self._frame: Frame | None = None
        self._frame_strong = False
        self._picture: Any = None
        self._picture_frame: Frame | None = None
        self._hidden_by_key = False
        self._hidden_by_hand = False
        self._taken_keys: set[int] = set()
        self._kritas_keys: set[int] = set()
        self._kritas_stroke = False
        """A press went to Krita, and its release has not."""
        self._real_pointer = False
        self._pen_spoke_s = 0.0
        self._setting_cursor = False
        self._looking_anew = False
        self._timer = QtCore.QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._glider = QtCore.QTimer(self, interval=GLIDE_MS)
        self._glider.timeout.connect(self._glide_on)
        self._handlers: dict[Any, Callable[[Any, Any], bool]] = {
            _Type.MouseButtonPress: self._mouse_pressed,
            _Type.MouseButtonDblClick: self._mouse_pressed,
            _Type.MouseMove: self._mouse_moved,
            _Type.MouseButtonRelease: self._mouse_released,
            _Type.TabletPress: self._pen_pressed,
            _Type.TabletMove: self._pen_moved,
            _Type.TabletRelease: self._pen_released,
            _Type.TabletLeaveProximity: self._pen_went,
            _Type.ShortcutOverride: self._key_announced,
            _Type.KeyPress: self._key_pressed,
            _Type.KeyRelease: self._key_released,
            _Type.CursorChange: self._cursor_changed,
            _Type.Leave: self._left,
            _Type.FocusIn: self._focused,
            _Type.Resize: self._resized,
            _Type.Paint: self._painting,
            _Type.UpdateRequest: self._window_paints,
            _Type.WindowDeactivate: self._interrupted,
            _Type.WindowBlocked: self._interrupted,
            _Type.Hide: self._interrupted,
            _Type.ApplicationStateChange: self._application_changed,
        }

    # What the controller does

    @property
    def is_on(self) -> bool:
        """Whether the pointer puts points."""
        return self._board is not None

    @property
    def board(self) -> PointBoard | None:
        """The board that the mode is on for."""
        return self._board

    def enter(self, view: Any, board: PointBoard) -> None:
        """Turn the mode on for the document of this `krita.View`, or turn to another document or board."""
        if self.is_on:
            self.leave()
        self._board = self._pointer.board = board
        self._document = view.document()
        self._keys.learn(krita.Krita.instance())
        self._version = -1
        self._look_anew()
        QtWidgets.QApplication.instance().installEventFilter(self)
        notifier = krita.Krita.instance().notifier()
        notifier.setActive(True)
        for signal in (notifier.viewCreated, notifier.viewClosed):
            signal.connect(self._views_changed)
        self._timer.start()

    def leave(self) -> None:
        """Turn the mode off. A gesture that is under way ends; frame and preview are forgotten."""
        if not self.is_on:
            return
        self._pointer.lose()
        QtWidgets.QApplication.instance().removeEventFilter(self)
        notifier = krita.Krita.instance().notifier()
        for signal in (notifier.viewCreated, notifier.viewClosed):
            signal.disconnect(self._views_changed)
        self._timer.stop()
        self._glider.stop()
        for place in list(self._places.values()):
            self._leave_place(place)
        self._places.clear()
        self._board = self._pointer.board = self._document = None
        self._pointer.hovered = None
        self._frame = self._pointer.frame = self._picture = self._picture_frame = None
        self._frame_strong = self._locked = False
        self._hidden_by_key = self._hidden_by_hand = False
        self._taken_keys.clear()
        self._kritas_keys.clear()
        self._kritas_stroke = False

    def set_locked(self, locked: bool) -> None:
        """While a drag runs: the points show how it goes, and the artist cannot change them."""
        if locked == self._locked:
            return
        if locked and self._pointer.lose():
            self.changed.emit()
        self._locked = locked
        self._pointer.leave()
        self.refresh()
        self._set_cursors()

    def show_frame(self, frame: Frame | None) -> None:
        """Show the square that the model sees. Points stay inside it."""
        self._frame = self._pointer.frame = frame
        for place in self._places.values():
            place.overlay.set_frame(frame, self._frame_strong)

    def show_preview(self, picture: Any, frame: Frame | None) -> None:
        """Lay a QImage over that square of the document, over all layers; None takes it away."""
        if picture is not None and picture.format() != QtGui.QImage.Format.Format_RGB32:
            picture = picture.convertToFormat(QtGui.QImage.Format.Format_ARGB32_Premultiplied)
        self._picture, self._picture_frame = picture, frame
        for place in self._places.values():
            place.overlay.set_picture(picture, frame)

    @property
    def hide_key(self) -> Any:
        """The Qt.Key that shows the bare document while it is held. H."""
        return self._keys.hide_key

    @hide_key.setter
    def hide_key(self, key: Any) -> None:
        self._keys.hide_key = key

    @property
    def hide_key_name(self) -> str:
        """As it is written on the keyboard, for tooltips."""
        text = QtGui.QKeySequence(self._keys.hide_key).toString(QtGui.QKeySequence.SequenceFormat.NativeText)
        return str(text)

    def set_hidden(self, hidden: bool) -> None:
        """The same as holding the hide key, for a button that is held."""
        self._hidden_by_hand = hidden
        self._hide()

    def refresh(self) -> None:
        """Show the board as it is now. It is also looked at now and then; this is at once."""
        board = self._board
        if board is None:
            return
        self._version = board.version
        aims = {pair.id: pair.handle for pair in board.pairs}
        if self._locked:
            self._glide.aim(aims, time.monotonic())
        else:
            self._glide.jump(aims)
        if self._glide.moving:
            self._glider.start()
        self._show_marks()

    # Looking

    def _views_changed(self, *_: Any) -> None:
        QtCore.QTimer.singleShot(0, self._look_anew)

    def _look_anew(self) -> None:
        """Find the canvases of the document as they are now."""
        if not self.is_on:
            return
        found = {seat.canvas: seat for seat in seats_of(self._document)}
        for canvas in [canvas for canvas in self._places if canvas not in found]:
            self._leave_place(self._places.pop(canvas))
        for canvas, seat in found.items():
            if canvas in self._places:
                self._places[canvas].seat = seat
            else:
                self._enter_place(seat)
        self._set_cursors()

    def _enter_place(self, seat: Seat) -> None:
        place = _Place(seat, Overlay(seat.canvas), Mapping.of(seat.view), QtGui.QCursor(seat.canvas.cursor()))
        self._places[seat.canvas] = place
        place.overlay.set_mapping(place.mapping)
        place.overlay.set_frame(self._frame, self._frame_strong)
        place.overlay.set_picture(self._picture, self._picture_frame)
        place.overlay.set_hidden(self._is_hidden)
        self._send_tool_away(seat.canvas)
        self.refresh()

    def _leave_place(self, place: _Place) -> None:
        if self._pointer.canvas is place.seat.canvas:
            self._pointer.lose()
        if not is_gone(place.overlay):
            place.overlay.hide()
            place.overlay.setParent(None)
            place.overlay.deleteLater()
        if not is_gone(place.seat.canvas):
            self._setting_cursor = True
            place.seat.canvas.setCursor(place.kritas_cursor)
            self._setting_cursor = False

    def _tick(self) -> None:
        """The watchdog: what no event told us."""
        if any(place.seat.is_gone for place in self._places.values()) or not self._places:
            self._look_anew()
            if not self._places:
                self.leave()
                self.finished.emit("closed")
                return
        for place in self._places.values():
            place.overlay.fit()
            self._sync(place)
        if self._board is not None and self._board.version != self._version:
            self.refresh()
        mouse = self._pointer.device is Device.MOUSE and self._real_pointer
        if mouse and not QtWidgets.QApplication.mouseButtons() & _LEFT:
            self._lose()

    def _sync(self, place: _Place) -> None:
        """Follow the canvas, if it has been moved below us."""
        if place.seat.is_gone:
            return
        mapping = Mapping.of(place.seat.view)
        if mapping == place.mapping:
            return
        place.mapping = mapping
        place.overlay.set_mapping(mapping)
        if mapping is not None and self._pointer.canvas is place.seat.canvas:
            self._pointer.follow_canvas(mapping)
            self.refresh()
        else:
            self._show_marks()

    def _mapping(self, place: _Place) -> Mapping | None:
        self._sync(place)
        return place.mapping

    def _show_marks(self) -> None:
        board = self._board
        if board is None:
            return
        hovered = self._pointer.hovered
        for place in self._places.values():
            mapping = place.mapping
            if mapping is not None:
                place.overlay.set_marks(self._mark(pair, mapping, hovered) for pair in board.pairs)

    def _mark(self, pair: Any, mapping: Mapping, hovered: Grip | None) -> Mark:
        assert self._board is not None
        shown = self._glide.place(pair.id, pair.handle)
        handle = _rounded(mapping.canvas(shown))
        target = handle if pair.is_pin else _rounded(mapping.canvas(pair.target))
        return Mark(
            number=pair.id,
            handle=handle,
            target=target,
            is_pin=pair.is_pin,
            selected=pair.id in self._board.selected,
            hovered=hovered.end if hovered is not None and hovered.pair_id == pair.id else None,
        )

    def _glide_on(self) -> None:
        self._glide.advance(time.monotonic())
        if not self._glide.moving:
            self._glider.stop()
        self._show_marks()

    def _flash_frame(self, strong: bool = True) -> None:
        self._frame_strong = strong
        for place in self._places.values():
            place.overlay.set_frame(self._frame, strong)
        if strong:
            QtCore.QTimer.singleShot(FLASH_MS, lambda: self._flash_frame(False))

    @property
    def _is_hidden(self) -> bool:
        return self._hidden_by_key or self._hidden_by_hand

    def _hide(self) -> None:
        for place in self._places.values():
            place.overlay.set_hidden(self._is_hidden)

    # Events

    def eventFilter(self, receiver: Any, event: Any) -> bool:  # noqa: N802  # Qt's name
        handler = self._handlers.get(event.type())
        if handler is None:
            return False
        try:
            return handler(receiver, event)
        except Exception:  # an exception that leaves a filter would end Krita
            traceback.print_exc()
            return False

    # The mouse

    def _mouse_pressed(self, receiver: Any, event: Any) -> bool:
        place = self._places.get(receiver)
        if place is None:
            return False
        if self._is_kritas_press(place, event):
            self._kritas_stroke = True
            self._set_cursors()
            return False
        if event.button() == _LEFT and not self._is_pens_echo():
            self._real_pointer = event.spontaneous()
            self._press(place, event, Device.MOUSE, _intent(event))
        event.accept()
        return True

    def _mouse_moved(self, receiver: Any, event: Any) -> bool:
        place = self._places.get(receiver)
        if place is None:
            return False
        if self._pointer.device is Device.PEN:
            if event.buttons() == _NO_BUTTON and time.monotonic() - self._pen_spoke_s > PEN_SILENT_S:
                self._lose()
        elif self._pointer.device is Device.MOUSE and not event.buttons() & _LEFT:
            self._lose()
        return self._moved(place, event, Device.MOUSE)

    def _mouse_released(self, receiver: Any, event: Any) -> bool:
        return self._released(self._places.get(receiver), event, Device.MOUSE)

    # The pen

    def _pen_pressed(self, receiver: Any, event: Any) -> bool:
        place = self._places.get(receiver)
        if place is None:
            return False
        self._pen_spoke_s = time.monotonic()
        if self._is_kritas_press(place, event):
            self._kritas_stroke = True
            self._set_cursors()
            return False
        if event.button() == _LEFT:
            self._press(place, event, Device.PEN, Intent.ERASE if _is_eraser(event) else _intent(event))
        event.accept()  # else Qt sends it once more, as a mouse's
        return True

    def _pen_moved(self, receiver: Any, event: Any) -> bool:
        place = self._places.get(receiver)
        if place is None:
            return False
        if event.buttons() != _NO_BUTTON:
            self._pen_spoke_s = time.monotonic()
        elif self._pointer.device is Device.PEN:
            self._lose()
        taken = self._moved(place, event, Device.PEN)
        if taken:
            event.accept()
        return taken

    def _pen_released(self, receiver: Any, event: Any) -> bool:
        place = self._places.get(receiver)
        if place is not None:
            self._pen_spoke_s = time.monotonic()
        taken = self._released(place, event, Device.PEN)
        if taken:
            event.accept()
        return taken

    def _pen_went(self, _receiver: Any, _event: Any) -> bool:
        if self._pointer.device is Device.PEN:
            self._lose()
        return False

    # Both

    def _is_kritas_press(self, place: _Place, event: Any) -> bool:
        """Whether this press is for moving the canvas, or for something of Krita's that lies on it."""
        if self._pointer.device is not None:
            return False  # one thing at a time
        if self._kritas_stroke or self._kritas_keys:
            return True
        return event.button() != _LEFT or _has_popup(place.seat.canvas)

    def _is_pens_echo(self) -> bool:
        return self._pointer.device is Device.PEN or time.monotonic() - self._pen_spoke_s < AFTER_PEN_S

    def _press(self, place: _Place, event: Any, device: Device, intent: Intent) -> None:
        mapping = self._mapping(place)
        if self._locked or self._is_hidden or mapping is None:
            return
        pressed = self._pointer.press(place_of(event), mapping, device, place.seat.canvas, intent)
        if pressed is Pressed.OUTSIDE:
            self._flash_frame()
            self.outside.emit()
            return
        self.refresh()
        self._set_cursors()
        self.changed.emit()

    def _moved(self, place: _Place, event: Any, device: Device) -> bool:
        """Returns whether Krita is not to hear of it."""
        if self._kritas_stroke:
            if event.buttons() != _NO_BUTTON:
                return False
            self._end_kritas_stroke()  # its release got lost
        if self._kritas_keys:
            return False
        mapping = self._mapping(place)
        if mapping is None or (device is Device.MOUSE and self._is_pens_echo()):
            return True
        if self._pointer.device is device and self._pointer.canvas is place.seat.canvas:
            self._pointer.move(place_of(event), mapping)
            self.refresh()
        elif self._pointer.device is None and not self._locked:
            self._hover(place_of(event), mapping, device)
        return True

    def _hover(self, at: Any, mapping: Mapping, device: Device) -> None:
        if self._pointer.hover(at, mapping, device):
            self._show_marks()
            self._set_cursors()

    def _released(self, place: _Place | None, event: Any, device: Device) -> bool:
        if place is None:
            return False
        if self._kritas_stroke:
            if event.buttons() == _NO_BUTTON:
                # Krita has its release first, and then we take over again.
                QtCore.QTimer.singleShot(0, self._end_kritas_stroke)
            return False
        if event.button() == _LEFT and self._pointer.device is device:
            mapping = self._mapping(place)
            if mapping is not None:
                self._pointer.release(place_of(event), mapping)
                self._pointer.hover(place_of(event), mapping, device)
            else:
                self._pointer.lose()
            self.refresh()
            self._set_cursors()
            self.changed.emit()
        event.accept()
        return True

    def _end_kritas_stroke(self) -> None:
        if self._kritas_stroke:
            self._kritas_stroke = False
            self._set_cursors()
            for canvas in self._places:
                self._send_tool_away(canvas)

    def _lose(self) -> None:
        if self._pointer.lose():
            self._pointer.leave()
            self.refresh()
            self._set_cursors()
            self.changed.emit()

    def _left(self, receiver: Any, _event: Any) -> bool:
        if receiver in self._places and self._pointer.device is None and self._pointer.leave():
            self._show_marks()
            self._set_cursors()
        return False

    def _interrupted(self, receiver: Any, _event: Any) -> bool:
        """The window lost the keyboard, a dialog is in front of it, or the canvas is hidden: no release will come."""
        if self._holds_a_canvas(receiver):
            self._lose()
            self._kritas_keys.clear()
            self._hidden_by_key = False
            self._hide()
        return False

    def _application_changed(self, _receiver: Any, _event: Any) -> bool:
        if QtWidgets.QApplication.applicationState() != Qt.ApplicationState.ApplicationActive:
            for canvas in list(self._places):
                self._interrupted(canvas, None)
        return False

    def _holds_a_canvas(self, receiver: Any) -> bool:
        if receiver in self._places:
            return True
        return any(not is_gone(canvas) and canvas.window() is receiver for canvas in self._places)

    # The keyboard

    def _is_for_us(self, receiver: Any) -> bool:
        """Whether keys are the mode's now: a window with its document in front, and nobody writes."""
        if not receiver.isWidgetType() or is_writing():
            return False
        window = receiver.window()
        if isinstance(window, QtWidgets.QDockWidget) and window.parentWidget() is not None:
            window = window.parentWidget().window()
        for place in self._places.values():
            seat = place.seat
            if not seat.is_gone and window in (seat.canvas.window(), seat.main_window) and seat.is_active:
                return True
        return False

    def _key_announced(self, receiver: Any, event: Any) -> bool:
        """Before it looks for shortcuts, Qt asks who wants the key. Accepted, it comes as a plain press."""
        if not self._is_for_us(receiver):
            return False
        if self._keys.command(event) is None:
            self._note_kritas_key(event)
            return False
        if event.key() == Qt.Key.Key_Escape and self._popup_is_open():
            return False
        event.accept()
        return True

    def _key_pressed(self, receiver: Any, event: Any) -> bool:
        if not self._is_for_us(receiver):
            return False
        command = self._keys.command(event)
        if command is None:
            self._note_kritas_key(event)
            return False
        if command is Command.ESCAPE and self._popup_is_open():
            return False
        self._taken_keys.add(which_key(event))
        event.accept()
        self._obey(command, event.isAutoRepeat())
        return True

    def _key_released(self, receiver: Any, event: Any) -> bool:
        if not receiver.isWidgetType():
            return False
        key = which_key(event)
        if event.isAutoRepeat():
            return key in self._taken_keys
        if key in self._kritas_keys:
            self._kritas_keys.discard(key)
            QtCore.QTimer.singleShot(0, self._set_cursors)
        if key not in self._taken_keys:
            return False
        self._taken_keys.discard(key)
        if event.key() == self._keys.hide_key:
            self._hidden_by_key = False
            self._hide()
        return True

    def _note_kritas_key(self, event: Any) -> None:
        """A key that is held (Space above all) makes Krita's gestures of presses: they are Krita's then."""
        if not is_modifier(event) and not event.isAutoRepeat():
            self._kritas_keys.add(which_key(event))

    def _obey(self, command: Command, repeated: bool) -> None:
        board = self._board
        assert board is not None
        if command is Command.HIDE:
            self._hidden_by_key = True
            self._hide()
        elif command is Command.ESCAPE:
            if self._pointer.abort():
                self._edited()
            elif not repeated:
                self.leave()
                self.finished.emit("escape")
        elif command is Command.APPLY:
            if not repeated and self._pointer.device is None:
                self.apply_asked.emit()
        elif not self._locked:
            self._edit(board, command)

    def _edit(self, board: PointBoard, command: Command) -> None:
        if self._pointer.abort():
            pass  # undo, or delete, of the gesture under way
        elif command is Command.UNDO:
            board.undo()
        elif command is Command.REDO:
            board.redo()
        elif board.selected:
            board.delete_selected()
        else:
            board.delete_last()
        self._edited()

    def _edited(self) -> None:
        self._pointer.leave()
        self.refresh()
        self._set_cursors()
        self.changed.emit()

    def _popup_is_open(self) -> bool:
        return any(not is_gone(canvas) and _has_popup(canvas) for canvas in self._places)

    def _focused(self, receiver: Any, _event: Any) -> bool:
        if receiver in self._places:
            # Krita forgets here which keys are held and asks the keyboard. We cannot, and rather put a point than let
            # a stroke through.
            self._kritas_keys.clear()
        return False

    # The canvas

    def _cursor_changed(self, receiver: Any, _event: Any) -> bool:
        place = self._places.get(receiver)
        if place is not None and not self._setting_cursor:
            place.kritas_cursor = QtGui.QCursor(receiver.cursor())
            self._set_cursors()
        return False

    def _set_cursors(self) -> None:
        if self._setting_cursor:
            return
        self._setting_cursor = True
        try:
            for place in self._places.values():
                if not place.seat.is_gone:
                    place.seat.canvas.setCursor(self._cursor(place))
        finally:
            self._setting_cursor = False

    def _cursor(self, place: _Place) -> Any:
        if self._kritas_stroke or self._kritas_keys:
            return place.kritas_cursor
        if self._locked:
            return QtGui.QCursor(Qt.CursorShape.ArrowCursor)
        if self._pointer.device is not None:
            return QtGui.QCursor(Qt.CursorShape.ClosedHandCursor)
        if self._pointer.hovered is not None:
            return QtGui.QCursor(Qt.CursorShape.OpenHandCursor)
        return QtGui.QCursor(Qt.CursorShape.CrossCursor)

    def _resized(self, receiver: Any, _event: Any) -> bool:
        place = self._places.get(receiver)
        if place is not None:
            QtCore.QTimer.singleShot(0, lambda: None if is_gone(place.overlay) else place.overlay.fit())
        return False

    def _painting(self, receiver: Any, _event: Any) -> bool:
        place = self._places.get(receiver)
        if place is not None:
            self._sync(place)
        return False

    def _window_paints(self, receiver: Any, _event: Any) -> bool:
        """Just before a window is painted anew: what has moved is drawn in the same picture."""
        for place in self._places.values():
            if not place.seat.is_gone and place.seat.canvas.window() is receiver:
                self._sync(place)
        return False

    def _send_tool_away(self, canvas: Any) -> None:
        """Krita's tool draws its outline where it saw the pointer last: let that be far off the canvas."""


def _intent(event: Any) -> Intent:
    modifiers = event.modifiers()
    if modifiers & Qt.KeyboardModifier.ControlModifier:
        return Intent.MOVE_HANDLE
    if modifiers & Qt.KeyboardModifier.ShiftModifier:
        return Intent.SELECT_MORE
    return Intent.POINT


def _is_eraser(event: Any) -> bool:
    if hasattr(event, "pointerType"):
        kind = event.pointerType()
        eraser = getattr(QtGui.QTabletEvent, "PointerType", None) or QtGui.QPointingDevice.PointerType
        return bool(kind == eraser.Eraser)
    return False


def _has_popup(canvas: Any) -> bool:
    """Whether a palette of Krita's lies open on the canvas: a press beside it closes it."""
    return any(
        child.isWidgetType() and child.isVisible() and "Popup" in child.metaObject().className()
        for child in canvas.children()
    )


def _rounded(point: Any) -> Spot:
    """To what the eye can tell apart, so that what has not moved is not painted anew."""
    return Spot(round(point.x() * 8) / 8, round(point.y() * 8) / 8)
