"""Which key asks for what while the mode is on, and whether the artist is writing something instead."""

from enum import Enum, auto
from typing import Any

from ..qt import QT6, Qt, QtCore, QtGui, QtWidgets


class Command(Enum):
    """What a key asks for."""

    DELETE = auto()
    UNDO = auto()
    REDO = auto()
    ESCAPE = auto()
    APPLY = auto()
    HIDE = auto()
    # Only while a frame is chosen:
    LEFT = auto()
    RIGHT = auto()
    UP = auto()
    DOWN = auto()
    GROW = auto()
    SHRINK = auto()


_PLAIN = {
    Qt.Key.Key_Escape: Command.ESCAPE,
    Qt.Key.Key_Return: Command.APPLY,
    Qt.Key.Key_Enter: Command.APPLY,
}
_OF_FRAMES = {
    Qt.Key.Key_Left: Command.LEFT,
    Qt.Key.Key_Right: Command.RIGHT,
    Qt.Key.Key_Up: Command.UP,
    Qt.Key.Key_Down: Command.DOWN,
    Qt.Key.Key_Plus: Command.GROW,
    Qt.Key.Key_Equal: Command.GROW,
    Qt.Key.Key_Minus: Command.SHRINK,
    Qt.Key.Key_Underscore: Command.SHRINK,
}
_MODIFIER_KEYS = frozenset(
    {
        Qt.Key.Key_Control,
        Qt.Key.Key_Shift,
        Qt.Key.Key_Alt,
        Qt.Key.Key_AltGr,
        Qt.Key.Key_Meta,
        Qt.Key.Key_CapsLock,
        Qt.Key.Key_NumLock,
        Qt.Key.Key_ScrollLock,
        Qt.Key.Key_unknown,
    }
)
_BUILT_IN = (("Ctrl+Z", Command.UNDO), ("Ctrl+Shift+Z", Command.REDO), ("Ctrl+Y", Command.REDO))
_KRITAS = (("edit_undo", Command.UNDO), ("edit_redo", Command.REDO))
_TEXT_FIELDS = (
    QtWidgets.QLineEdit,
    QtWidgets.QTextEdit,
    QtWidgets.QPlainTextEdit,
    QtWidgets.QAbstractSpinBox,
    QtWidgets.QKeySequenceEdit,
)
_TAKE_ENTER = (QtWidgets.QAbstractButton, QtWidgets.QComboBox, QtWidgets.QAbstractItemView)
_TAKE_ARROWS = (QtWidgets.QComboBox, QtWidgets.QAbstractItemView, QtWidgets.QAbstractSlider)


class Keys:
    """The keys of the mode: its own, and the artist's own for undo and redo as Krita's settings have them now."""

    def __init__(self, hide_key: Any) -> None:
        self.hide_key = hide_key
        self.chooses_frame = False
        """The keys that move and size a frame are ours, too."""
        self._chords: dict[str, Command] = {}

    def learn(self, krita: Any) -> None:
        """Ask Krita (`krita.Krita.instance()`) for its keys of undo and redo: these must never reach it."""
        self._chords = {_portable(QtGui.QKeySequence(text)): command for text, command in _BUILT_IN}
        for name, command in _KRITAS:
            action = krita.action(name)
            for chord in action.shortcuts() if action is not None else ():
                if _portable(chord):
                    self._chords[_portable(chord)] = command

    def command(self, event: Any) -> Command | None:
        """What this QKeyEvent asks for; None: it is not ours."""
        key = event.key()
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            # With any modifier: Krita clears, fills and removes layers with these.
            return Command.DELETE
        command = self._chords.get(_portable(_chord(event)))
        if command is None and not _modified(event):
            command = Command.HIDE if key == self.hide_key else _PLAIN.get(key)
        if command is None and self.chooses_frame and not _modified(event, but_shift=True):
            focus = QtWidgets.QApplication.focusWidget()
            command = None if isinstance(focus, _TAKE_ARROWS) else _OF_FRAMES.get(key)
        if command is Command.APPLY and isinstance(QtWidgets.QApplication.focusWidget(), _TAKE_ENTER):
            return None
        return command


def is_modifier(event: Any) -> bool:
    """Whether this is Ctrl, Shift and the like, alone."""
    return event.key() in _MODIFIER_KEYS


def which_key(event: Any) -> int:
    """Tells keys of the keyboard apart. Not by what they write: that changes when Shift is let go before them."""
    return int(event.nativeScanCode()) or int(event.key())


def is_writing() -> bool:
    """Whether keys go into a text field, a menu or a dialog now."""
    if QtWidgets.QApplication.activePopupWidget() or QtWidgets.QApplication.activeModalWidget():
        return True
    focus = QtWidgets.QApplication.focusWidget()
    if isinstance(focus, QtWidgets.QComboBox):
        return bool(focus.isEditable())
    if not isinstance(focus, _TEXT_FIELDS):
        return False
    read_only = getattr(focus, "isReadOnly", None)
    return not (read_only and read_only())


def _modified(event: Any, but_shift: bool = False) -> bool:
    wanted = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
    if not but_shift:
        wanted |= Qt.KeyboardModifier.ShiftModifier
    return bool(event.modifiers() & wanted)


def _chord(event: Any) -> Any:
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if QT6:
        return QtGui.QKeySequence(QtCore.QKeyCombination(modifiers, Qt.Key(event.key())))
    return QtGui.QKeySequence(int(modifiers) | event.key())


def _portable(chord: Any) -> str:
    return str(chord.toString(QtGui.QKeySequence.SequenceFormat.PortableText))
