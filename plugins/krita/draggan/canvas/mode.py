"""The mode in which the artist chooses a frame and puts points on Krita's canvas.

Krita lets no script have a tool of its own. So everything that reaches the canvas is looked at before Krita gets it:
what is meant for the points stays here, all else (panning, zooming, turning, Krita's palettes) goes on untouched.
Nothing is written to the document, and Krita's undo stack is left alone.
"""

import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

import krita

from ..draggan_client.frame_choice import FrameChoice
from ..draggan_client.messages import Frame
from ..draggan_client.points import PointBoard
from ..qt import QT6, Qt, QtCore, QtGui, QtWidgets, Signal, place_of
from .finding import has_popup
from .frame_marks import FrameLook
from .frame_pointer import FramePointer
from .keyboard import Keyboard
from .keys import Command, Keys
from .mapping import Mapping
from .pointer import Device, Intent, Pointer, PointPointer, Pressed
from .scene import Place, Scene

TICK_MS = 50
"""How often the canvases are looked at where no event told of a change."""
AFTER_PEN_S = 0.2
"""Some systems send the pen's strokes once more, as a mouse's."""
AFTER_HOVER_S = 0.03
PEN_SILENT_S = 0.5
"""A mouse that moves this long after the pen last spoke: the pen is gone."""

NUDGE_PX = 1.0
NUDGE_FAR_PX = 10.0
"""With Shift."""
GROWTH = 1.02
"""Whether Shift is held depends on the keyboard: some have the plus there."""

_Type = QtCore.QEvent.Type
_PRESSES = (_Type.MouseButtonPress, _Type.MouseButtonDblClick, _Type.TabletPress)
_LEFT = Qt.MouseButton.LeftButton
_WAYS = {
    Command.LEFT: (-1.0, 0.0),
    Command.RIGHT: (1.0, 0.0),
    Command.UP: (0.0, -1.0),
    Command.DOWN: (0.0, 1.0),
}
_NO_BUTTON = Qt.MouseButton.NoButton


class DragMode(QtCore.QObject):
    """Points on the canvas, or before them the frame. One for the plugin; it is on for one document at a time, in all
    views of that."""

    changed = Signal()
    """The artist has changed the board: points, or what is selected. Not told of every move within a gesture."""
    frame_changed = Signal()
    """The frame that is being chosen is another, or other landmarks were clicked. Told of every move."""
    frame_accepted = Signal(object)
    """The frame is good: Enter (None), or a click inside it (Spot), where the first point is to be."""
    frame_refused = Signal(object)
    """The landmarks that were clicked make no frame (FrameChoiceError)."""
    apply_asked = Signal()
    """Enter."""
    finished = Signal(str)
    """The mode has ended itself: "escape", or "closed" when the last view of the document is gone."""
    outside = Signal()
    """A press was refused: outside the frame the model sees nothing. The frame lights up by itself."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._board: PointBoard | None = None
        self._document: Any = None
        self._version: object = None
        self._locked = False
        self._hidden_by_key = False
        self._hidden_by_hand = False
        self._points = PointPointer(PointBoard())
        self._choosing: FramePointer | None = None
        self._scene = Scene(self._canvas_moved, self)
        self._keys = Keys(Qt.Key.Key_H)
        self._keyboard = Keyboard(self._keys, self._scene, self._obey, self._hide_key_let_go)
        self._kritas_stroke = False
        """A press went to Krita, and its release has not."""
        self._is_real = False
        """The running gesture's press came from the system: Qt knows whether the button is still down."""
        self._pen_spoke_s = 0.0
        """When it last touched the tablet."""
        self._pen_seen_s = 0.0
        """When it last did anything."""
        self._timer = QtCore.QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._on_canvas: dict[Any, Callable[[Place, Any], bool]] = {
            _Type.MouseButtonPress: self._mouse_pressed,
            _Type.MouseButtonDblClick: self._mouse_pressed,
            _Type.MouseMove: self._mouse_moved,
            _Type.MouseButtonRelease: self._mouse_released,
            _Type.TabletPress: self._pen_pressed,
            _Type.TabletMove: self._pen_moved,
            _Type.TabletRelease: self._pen_released,
            _Type.CursorChange: self._cursor_changed,
            _Type.Leave: self._left,
            _Type.FocusIn: self._focused,
            _Type.Resize: self._resized,
            _Type.Paint: self._painted,
            _Type.Hide: self._interrupted,
        }
        self._anywhere: dict[Any, Callable[[Any, Any], bool]] = {
            _Type.ShortcutOverride: self._keyboard.announced,
            _Type.KeyPress: self._keyboard.pressed,
            _Type.KeyRelease: self._key_released,
            _Type.UpdateRequest: self._window_paints,
            _Type.WindowDeactivate: self._window_interrupted,
            _Type.WindowBlocked: self._window_interrupted,
            _Type.TabletLeaveProximity: self._pen_went,
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

    @property
    def _pointer(self) -> Pointer:
        """What the pointer does now."""
        return self._choosing or self._points

    def enter(self, view: Any, board: PointBoard) -> None:
        """Turn the mode on for the document of this `krita.View`, or turn to another document or board."""
        if self.is_on:
            self.leave()
        self._board = board
        self._points = PointPointer(board)
        self._document = view.document()
        self._keys.learn(krita.Krita.instance())
        self._scene.look_anew(self._document)
        self.refresh()
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
        self._scene.clear()
        self._keyboard.clear()
        self._points, self._choosing = PointPointer(PointBoard()), None
        self._keys.chooses_frame = False
        self._board = self._document = None
        self._locked = self._kritas_stroke = self._hidden_by_key = self._hidden_by_hand = False

    def set_locked(self, locked: bool) -> None:
        """While a drag runs: the points show how it goes, and the artist cannot change them."""
        if locked == self._locked:
            return
        if locked and self._pointer.lose():
            self._tell()
        self._pointer.leave()
        self._locked = locked
        self.refresh()

    def show_frame(self, frame: Frame | None) -> None:
        """Show the part of the document that the model sees. Points stay inside it."""
        self._points.frame = frame
        if self._choosing is None:
            self._scene.set_frame(FrameLook(frame))

    def choose_frame(self, choice: FrameChoice | None) -> None:
        """Let the artist choose the frame first: until None is given, pointer and keys are for that."""
        if choice is (self._choosing.choice if self._choosing else None):
            return
        self._pointer.lose()
        self._pointer.leave()
        self._choosing = FramePointer(choice) if choice is not None else None
        self._keys.chooses_frame = choice is not None
        if choice is None:
            self._scene.set_frame(FrameLook(self._points.frame))
        self.refresh()

    def show_preview(self, picture: Any, frame: Frame | None) -> None:
        """Lay a QImage over that frame of the document, over all layers; None takes it away."""
        self._scene.set_picture(picture, frame)

    @property
    def hide_key(self) -> Any:
        """The Qt.Key that shows the bare document while it is held. H."""
        return self._keys.hide_key

    @hide_key.setter
    def hide_key(self, key: Any) -> None:
        self._keys.hide_key = key

    def set_hidden(self, hidden: bool) -> None:
        """The same as holding the hide key, for a button that is held."""
        self._hidden_by_hand = hidden
        self._scene.set_hidden(self._is_hidden)

    def refresh(self) -> None:
        """Show the board as it is now. It is also looked at now and then; this is at once."""
        if self._board is not None:
            self._version = self._shown_version()
            if self._choosing is not None:
                self._scene.set_frame(self._choosing.look)
            self._scene.show(self._board, self._points.hovered, gliding=self._locked)
            self._set_cursor()

    def _shown_version(self) -> object:
        """Another one whenever board or frame show something else."""
        choice = self._choosing.choice if self._choosing else None
        return (self._board.version if self._board else 0, choice and choice.version)

    # Events

    def eventFilter(self, receiver: Any, event: Any) -> bool:  # noqa: N802  # Qt's name
        kind = event.type()
        on_canvas = self._on_canvas.get(kind)
        anywhere = self._anywhere.get(kind)
        if on_canvas is None and anywhere is None:
            return False
        place = None
        try:
            if anywhere is not None:
                return anywhere(receiver, event)
            place = self._scene.places.get(receiver)
            return place is not None and on_canvas is not None and not self._scene.sending and on_canvas(place, event)
        except Exception:  # an exception that leaves a filter would end Krita
            traceback.print_exc()
            return place is not None and kind in _PRESSES  # rather nothing than a stroke of the brush

    # The mouse

    def _mouse_pressed(self, place: Place, event: Any) -> bool:
        if self._is_kritas(place, event):
            return self._begin_kritas_stroke()
        if event.button() == _LEFT and not self._is_pens_echo():
            self._is_real = event.spontaneous()
            self._press(place, event, Device.MOUSE, _intent(event))
        event.accept()
        return True

    def _mouse_moved(self, place: Place, event: Any) -> bool:
        if self._pointer.device is Device.PEN:
            if event.buttons() == _NO_BUTTON and time.monotonic() - self._pen_spoke_s > PEN_SILENT_S:
                self._lose()
        elif self._pointer.device is Device.MOUSE and not event.buttons() & _LEFT:
            self._lose()
        return self._moved(place, event, Device.MOUSE)

    def _mouse_released(self, place: Place, event: Any) -> bool:
        return self._released(place, event, Device.MOUSE)

    # The pen

    def _pen_pressed(self, place: Place, event: Any) -> bool:
        self._pen_spoke_s = time.monotonic()
        if self._is_kritas(place, event):
            return self._begin_kritas_stroke()
        if event.button() == _LEFT:
            self._press(place, event, Device.PEN, Intent.ERASE if _is_eraser(event) else _intent(event))
        _accept(event)
        return True

    def _pen_moved(self, place: Place, event: Any) -> bool:
        self._pen_seen_s = time.monotonic()
        if event.buttons() != _NO_BUTTON:
            self._pen_spoke_s = time.monotonic()
        elif self._pointer.device is Device.PEN:
            self._lose()
        return self._moved(place, event, Device.PEN)

    def _pen_released(self, place: Place, event: Any) -> bool:
        self._pen_spoke_s = time.monotonic()
        return self._released(place, event, Device.PEN)

    def _pen_went(self, _receiver: Any, _event: Any) -> bool:
        if self._pointer.device is Device.PEN:
            self._lose()
        return False

    def _is_pens_echo(self) -> bool:
        now = time.monotonic()
        just_now = now - self._pen_spoke_s < AFTER_PEN_S or now - self._pen_seen_s < AFTER_HOVER_S
        return self._pointer.device is Device.PEN or just_now

    # Gestures

    def _is_kritas(self, place: Place, event: Any) -> bool:
        """Whether this press is for moving the canvas, or for something of Krita's that lies on it."""
        if self._pointer.device is not None:
            return False  # one thing at a time
        if self._kritas_stroke or self._keyboard.krita_holds:
            return True
        return event.button() != _LEFT or has_popup(place.canvas)

    def _begin_kritas_stroke(self) -> bool:
        self._kritas_stroke = True
        self._set_cursor()
        return False

    def _end_kritas_stroke(self) -> None:
        if self._kritas_stroke:
            self._kritas_stroke = False
            self._set_cursor()
            for place in self._scene.living():
                self._scene.send_tool_away(place)

    def _press(self, place: Place, event: Any, device: Device, intent: Intent) -> None:
        mapping = self._mapping(place)
        if self._locked or self._is_hidden or mapping is None:
            return
        self._pointer.stepping = _is_stepping(event)
        if self._pointer.press(place_of(event), mapping, device, place.canvas, intent) is Pressed.OUTSIDE:
            self._scene.flash_frame()
            self.outside.emit()
        else:
            self.refresh()
            self._tell()

    def _tell(self) -> None:
        """The artist has done something."""
        choosing = self._choosing
        if choosing is None:
            self.changed.emit()
            return
        self.frame_changed.emit()
        if choosing.refused is not None:
            refused, choosing.refused = choosing.refused, None
            self.frame_refused.emit(refused)
        if choosing.clicked is not None:
            clicked, choosing.clicked = choosing.clicked, None
            self.frame_accepted.emit(clicked)

    def _moved(self, place: Place, event: Any, device: Device) -> bool:
        if self._kritas_stroke and event.buttons() == _NO_BUTTON:
            self._end_kritas_stroke()  # its release got lost
        if self._kritas_stroke or self._keyboard.krita_holds:
            return False
        _accept(event)
        mapping = self._mapping(place)
        if mapping is None or (device is Device.MOUSE and self._is_pens_echo()):
            return True
        if self._pointer.device is None:
            if not self._locked and self._pointer.hover(place_of(event), mapping, device):
                self.refresh()
        elif self._pointer.device is device and self._pointer.canvas is place.canvas:
            self._pointer.stepping = _is_stepping(event)
            self._pointer.move(place_of(event), mapping)
            self.refresh()
            if self._choosing is not None:
                self.frame_changed.emit()
        return True

    def _released(self, place: Place, event: Any, device: Device) -> bool:
        if self._kritas_stroke:
            if event.buttons() == _NO_BUTTON:
                # Krita has its release first, and then we take over again.
                QtCore.QTimer.singleShot(0, self._end_kritas_stroke)
            return False
        _accept(event)
        if event.button() == _LEFT and self._pointer.device is device:
            mapping = self._mapping(place)
            if mapping is None:
                self._pointer.lose()
            else:
                self._pointer.stepping = _is_stepping(event)
                self._pointer.release(place_of(event), mapping)
                self._pointer.hover(place_of(event), mapping, device)
            self.refresh()
            self._tell()
        return True

    def _mapping(self, place: Place) -> Mapping | None:
        self._scene.sync(place)
        self._pointer.area = QtCore.QRectF(place.canvas.rect())
        return place.mapping

    # Gestures whose end will not come

    def _lose(self) -> None:
        if self._pointer.lose():
            self._edited()

    def _interrupted(self, _place: Place, _event: Any) -> bool:
        """The canvas is hidden, its window has lost the keyboard, or a dialog is in front of it."""
        self._lose()
        self._keyboard.forget()
        self._hide_key_let_go()
        self._set_cursor()
        return False

    def _window_interrupted(self, receiver: Any, event: Any) -> bool:
        for place in self._scene.in_window(receiver)[:1]:
            self._interrupted(place, event)
        return False

    def _application_changed(self, _receiver: Any, event: Any) -> bool:
        if QtWidgets.QApplication.applicationState() != Qt.ApplicationState.ApplicationActive:
            for place in self._scene.living()[:1]:
                self._interrupted(place, event)
        return False

    def _left(self, _place: Place, _event: Any) -> bool:
        if self._pointer.device is None and self._pointer.leave():
            self.refresh()
        return False

    def _focused(self, _place: Place, _event: Any) -> bool:
        # Krita forgets here which keys are held and asks the system. We cannot.
        self._keyboard.forget()
        return False

    # Keys

    def _key_released(self, receiver: Any, event: Any) -> bool:
        swallowed = self._keyboard.released(receiver, event)
        if not swallowed:
            QtCore.QTimer.singleShot(0, self._set_cursor)  # Krita's own comes first
        return swallowed

    def _obey(self, command: Command, event: Any) -> None:
        if command is Command.HIDE:
            self._hidden_by_key = True
            self._scene.set_hidden(True)
        elif command is Command.ESCAPE:
            if self._pointer.abort() or (self._choosing is not None and self._choosing.choice.stop_asking()):
                self._edited()
            elif not event.isAutoRepeat():
                self.leave()
                self.finished.emit("escape")
        elif command is Command.APPLY:
            if not event.isAutoRepeat() and self._pointer.device is None:
                self._accept_or_apply()
        elif not self._locked and self._board is not None:
            if self._choosing is not None:
                self._change_frame(command, self._choosing.choice, event)
            else:
                self._edit(command, self._board)
            self._edited()

    def _accept_or_apply(self) -> None:
        if self._choosing is None:
            self.apply_asked.emit()
        elif not self._choosing.choice.landmarks:
            self.frame_accepted.emit(None)

    def _change_frame(self, command: Command, choice: FrameChoice, event: Any) -> None:
        if command in (Command.UNDO, Command.DELETE):
            if command is Command.UNDO or choice.clicks:
                choice.undo()
        elif command is Command.REDO:
            choice.redo()
        elif command in (Command.GROW, Command.SHRINK):
            choice.resize(choice.frame.size * (GROWTH if command is Command.GROW else 1 / GROWTH))
        elif command in _WAYS:
            choice.nudge(*self._way(_WAYS[command], NUDGE_FAR_PX if _is_stepping(event) else NUDGE_PX))

    def _way(self, seen: tuple[float, float], length: float) -> tuple[float, float]:
        """So many document px in a direction as it is seen, on a canvas that may be turned or mirrored."""
        places = self._scene.living()
        mapping = next((place.mapping for place in places if place.seat.is_active and place.mapping), None)
        if mapping is None:
            return seen[0] * length, seen[1] * length
        here, there = mapping.document(QtCore.QPointF(0, 0)), mapping.document(QtCore.QPointF(*seen) * 1000)
        share = length / here.distance(there)
        return round((there.x - here.x) * share, 6), round((there.y - here.y) * share, 6)

    def _edit(self, command: Command, board: PointBoard) -> None:
        if self._pointer.abort():
            return  # of the gesture under way, that is all there is to undo or to delete
        if command is Command.UNDO:
            board.undo()
        elif command is Command.REDO:
            board.redo()
        elif board.selected:
            board.delete_selected()
        else:
            board.delete_last()

    def _edited(self) -> None:
        self._pointer.leave()
        self.refresh()
        self._tell()

    @property
    def _is_hidden(self) -> bool:
        return self._hidden_by_key or self._hidden_by_hand

    def _hide_key_let_go(self) -> None:
        if self._hidden_by_key:
            self._hidden_by_key = False
            self._scene.set_hidden(self._is_hidden)

    # The canvas

    def _tick(self) -> None:
        """The watchdog: what no event told us."""
        if not self._scene.is_whole:
            self._pointer.lose()
            self._scene.look_anew(self._document)
            if not self._scene.is_whole:
                self.leave()
                self.finished.emit("closed")
                return
        for place in self._scene.living():
            self._scene.fit(place)
            self._scene.sync(place)
        if self._board is not None and self._shown_version() != self._version:
            self.refresh()
        is_mouse = self._pointer.device is Device.MOUSE and self._is_real
        if is_mouse and not QtWidgets.QApplication.mouseButtons() & _LEFT:
            self._lose()

    def _views_changed(self, *_: Any) -> None:
        QtCore.QTimer.singleShot(0, self._look_anew)

    def _look_anew(self) -> None:
        if self.is_on:
            self._scene.look_anew(self._document)
            self.refresh()

    def _canvas_moved(self, place: Place) -> None:
        if place.mapping is not None and self._pointer.canvas is place.canvas:
            self._pointer.follow_canvas(place.mapping)
        self.refresh()

    def _painted(self, place: Place, _event: Any) -> bool:
        self._scene.sync(place)
        return False

    def _window_paints(self, receiver: Any, _event: Any) -> bool:
        """Just before a window is painted anew: what has moved is drawn in the same picture."""
        for place in self._scene.in_window(receiver):
            self._scene.sync(place)
        return False

    def _resized(self, place: Place, _event: Any) -> bool:
        QtCore.QTimer.singleShot(0, lambda: self._scene.fit(place))
        return False

    def _cursor_changed(self, place: Place, _event: Any) -> bool:
        self._scene.cursor_changed(place)
        return False

    def _set_cursor(self) -> None:
        if self._kritas_stroke or self._keyboard.krita_holds or not self.is_on:
            shape = None
        elif self._locked:
            shape = Qt.CursorShape.ArrowCursor
        else:
            shape = self._pointer.cursor
        self._scene.set_cursor(shape)


def _accept(event: Any) -> None:
    """Of what is swallowed. Unaccepted, a pen's event comes once more, as a mouse's, and is known as an echo.

    Qt 5 on Linux must send that echo: without it no widget is told that the pointer has entered or left it.
    """
    event.setAccepted(QT6 or not sys.platform.startswith("linux") or not isinstance(event, QtGui.QTabletEvent))


def _is_stepping(event: Any) -> bool:
    return bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)


def _intent(event: Any) -> Intent:
    modifiers = event.modifiers()
    if modifiers & Qt.KeyboardModifier.ControlModifier:
        return Intent.MOVE_HANDLE
    if modifiers & Qt.KeyboardModifier.ShiftModifier:
        return Intent.SELECT_MORE
    return Intent.POINT


def _is_eraser(event: Any) -> bool:
    kinds = getattr(QtGui.QTabletEvent, "PointerType", None) or QtGui.QPointingDevice.PointerType
    return bool(event.pointerType() == kinds.Eraser)
