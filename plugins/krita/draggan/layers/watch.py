"""What the artist does to an edited layer, its document and its results: told as events.

Krita tells scripts nothing of this. So it is looked at a few times a second, with calls that take microseconds, and
a little of the layer's pixels each time.
"""

import time
import zlib
from dataclasses import dataclass
from enum import Enum
from typing import Any

from krita import Krita

from ..draggan_client.rect import Rect
from ..qt import QtCore, Signal, is_gone, own
from . import nodes
from .inserting import Inserted
from .reading import STRIP_BYTES, native, settled
from .slices import PAUSE, Job, Slices
from .spaces import Space

_PERIOD_MS = 300
_SOON_MS = 30
_UNDO, _REDO = _STEPS = ("edit_undo", "edit_redo")
_PIXELS_S = 0.003
"""So long are pixels looked at in a turn."""


class What(Enum):
    """What has happened."""

    RESULT_GONE = "result gone"
    """A result was undone, or removed. Its source is visible again."""
    RESULT_BACK = "result back"
    """It was redone. Its source is hidden again."""
    SOURCE_GONE = "source gone"
    """The edited layer was removed, or its group."""
    SOURCE_BACK = "source back"
    LAYER_MOVED = "layer moved"
    """The edited layer lies `dx`, `dy` px further."""
    LAYER_PAINTED = "layer painted"
    """The pixels of the edited layer have changed, where they are watched. Told once, until `follow` is called."""
    SPACE_CHANGED = "space changed"
    """The document or the edited layer was converted to another colour space, so that its pixels changed, too."""
    DOCUMENT_RESIZED = "document resized"
    """Cropped, scaled, or turned: what lies where is not known any more."""
    DOCUMENT_CLOSED = "document closed"
    """Nothing else comes after this."""


@dataclass(frozen=True)
class Event:
    """Something that has happened; `layer_id`: to which layer."""

    what: What
    layer_id: str = ""
    dx: int = 0
    dy: int = 0


class Watch(QtCore.QObject):  # type: ignore[misc]  # PyQt has no types
    """Watches one document, as long as it has an edit or a result of one."""

    happened = Signal(object)
    """An Event."""

    def __init__(self, document: Any, parent: Any | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._size = _size(document)
        self._space = Space.of(document)
        self._was_shown = _is_shown(document)
        self._results: list[_Result] = []
        self._layer: _Layer | None = None
        self._steps: list[str] = []
        """The steps in the undo history that were asked for since the last look."""
        self._redrawing: Slices[None] | None = None
        self._actions = {name: action for name in _STEPS if (action := Krita.instance().action(name)) is not None}
        for name, action in self._actions.items():
            action.triggered.connect(self._undone if name == _UNDO else self._redone)
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self.look)
        self._timer.start(_PERIOD_MS)

    def follow(self, node: Any, region: Rect) -> None:
        """From now on this is the edited layer; its pixels are watched in `region` (document px, as it lies now)."""
        self._layer = _Layer(node, region)

    def follow_none(self) -> None:
        """No layer is being edited."""
        self._layer = None

    def add_result(self, result: Inserted) -> None:
        """A result that undo may take away, and redo bring back."""
        self._results.append(_Result(result))

    def stop(self) -> None:
        """Look no more."""
        if self._redrawing is not None:
            self._redrawing.cancel()
        self._timer.stop()
        for name, action in self._actions.items():
            if not is_gone(action):
                action.triggered.disconnect(self._undone if name == _UNDO else self._redone)
        self._actions.clear()

    def look(self) -> None:
        """Look now. Called by itself a few times a second."""
        if not self._timer.isActive() or self.is_redrawing:
            return
        document = self._document
        shown = _is_shown(document)
        if document.width() <= 0 or (self._was_shown and not shown):
            self.stop()
            self.happened.emit(Event(What.DOCUMENT_CLOSED))
            return
        self._was_shown = shown
        events = []
        steps, self._steps = self._steps, []
        changed = []
        for result in self._results:
            event = result.look(document)
            if event is not None:
                events.append(event)
                changed.append(result)
            result.remember(document)
        for result in changed:
            if self._decides_over_source(result):
                self._redraw(result, steps)
        if _size(document) != self._size:
            self._size = _size(document)
            events.append(Event(What.DOCUMENT_RESIZED))
        if Space.of(document) != self._space:
            self._space = Space.of(document)
            events.append(Event(What.SPACE_CHANGED))
        if self._layer is not None:
            events += self._layer.look(document)
        for event in events:
            self.happened.emit(event)

    @property
    def is_redrawing(self) -> bool:
        """Whether undo or redo of a large copy is still being drawn."""
        return self._redrawing is not None and self._redrawing.is_running

    def _undone(self) -> None:
        self._steps.append(_UNDO)
        QtCore.QTimer.singleShot(_SOON_MS, self.look)

    def _redone(self) -> None:
        self._steps.append(_REDO)
        QtCore.QTimer.singleShot(_SOON_MS, self.look)

    def _redraw(self, result: "_Result", steps: list[str]) -> None:
        """Have the source of a copy that came or went drawn as it is now. What scripts change is not drawn by itself.

        `refreshProjection` stops Krita until the whole picture is drawn. A large one is rather drawn by Krita itself:
        by taking the step back that the artist has just taken, and taking it again. Only where it is certain that this
        very step was taken, and nothing after it.
        """
        document = self._document
        just_now = [_REDO if result.is_there else _UNDO]
        if nodes.is_small(document) or steps != just_now or not _is_in_front(document):
            self._set_source(result)
            document.refreshProjection()
            return
        job = self._step_again(result)
        self._redrawing = Slices(job, failed=lambda _error: self._set_source(result))

    def _step_again(self, result: "_Result") -> Job[None]:
        document = self._document
        was_there = result.is_there
        back, again = (_UNDO, _REDO) if was_there else (_REDO, _UNDO)
        if not was_there:
            result.show(False)  # it comes back for a moment
            self._set_source(result)
        try:
            yield from settled(document)
            if not self._steps and _is_in_front(document):
                self._actions[back].trigger()
                yield PAUSE
                yield from settled(document)
                result.look(document)
                if self._steps == [back] and result.is_there is not was_there:
                    self._set_source(result, was_there)
                    self._actions[again].trigger()
                    yield PAUSE
                    yield from settled(document)
                    self._steps.clear()
                    return
            document.refreshProjection()  # the artist was faster
        finally:
            result.show(True)
            result.look(document)
            self._set_source(result)
            if result.is_there is not was_there:
                self.happened.emit(result.event)

    def _decides_over_source(self, result: "_Result") -> bool:
        """Whether the source of a result that came or went is to be hidden, or shown.

        Not where the artist had hidden the result, nor under a later copy, which shows what the result has become.
        """
        if result.hidden_id is None or not result.was_visible:
            return False
        return result.is_there or not self._is_under_another(result)

    def _is_under_another(self, result: "_Result") -> bool:
        over = [other for other in self._results if other.hidden_id == result.layer_id]
        return any(other.is_there or self._is_under_another(other) for other in over)

    def _set_source(self, result: "_Result", is_there: bool | None = None) -> None:
        """Hide the source of a copy, or show it: as it must be while the copy is there, or is not.

        Where the source was removed, it is what that was a copy of.
        """
        is_there = result.is_there if is_there is None else is_there
        under, source = result.hidden_id, None
        while under is not None and source is None:
            source = _node(self._document, under)
            copy = next((other for other in self._results if other.layer_id == under), None)
            if copy is not None:  # that is gone, too: for when it comes back
                copy.show(not is_there)
                copy.was_visible = not is_there
            elif source is not None and source.visible() == is_there:
                source.setVisible(not is_there)
            under = copy.hidden_id if copy is not None else None


class _Result:
    """A result's layer, and the source that is hidden while it is there."""

    def __init__(self, result: Inserted) -> None:
        self._result = result
        self.layer_id = result.layer_id
        self.hidden_id = result.hidden_id
        self.is_there = True
        self.was_visible = True
        """When it was last there."""

    def remember(self, document: Any) -> None:
        """Whether it is seen now, for when it is gone."""
        node = _node(document, self.layer_id)
        if node is not None:
            self.was_visible = node.visible()

    def look(self, document: Any) -> Event | None:
        """Whether it has come or gone."""
        is_there = _node(document, self.layer_id) is not None
        if is_there == self.is_there:
            return None
        self.is_there = is_there
        return self.event

    @property
    def event(self) -> Event:
        """What has just happened to it."""
        return Event(What.RESULT_BACK if self.is_there else What.RESULT_GONE, self.layer_id)

    def show(self, is_visible: bool) -> None:
        """Whether it is drawn with its next step in the undo history."""
        self._result.node.setVisible(is_visible)


class _Layer:
    """The edited layer."""

    def __init__(self, node: Any, region: Rect) -> None:
        self.id = nodes.id_of(node)
        self._is_there = True
        self._is_painted = False
        self._place = _place(node)
        self._space = Space.of(node)
        self._strips = list(region.strips(STRIP_BYTES // 16))
        self._sums: list[int | None] = [None] * len(self._strips)
        self._next = 0

    def look(self, document: Any) -> list[Event]:
        node = _node(document, self.id)
        if (node is not None) != self._is_there:
            self._is_there = node is not None
            return [Event(What.SOURCE_BACK if self._is_there else What.SOURCE_GONE, self.id)]
        if node is None:
            return []
        space = Space.of(node)
        if space != self._space:
            self._space = space
            self._forget()
            return [Event(What.SPACE_CHANGED, self.id)]
        place = _place(node)
        if place != self._place:
            dx, dy = place[0] - self._place[0], place[1] - self._place[1]
            self._place = place
            self._strips = [strip.moved(dx, dy) for strip in self._strips]
            return [Event(What.LAYER_MOVED, self.id, dx, dy)]
        if not self._is_painted and self._strips and self._pixels_differ(document, node):
            self._is_painted = True
            return [Event(What.LAYER_PAINTED, self.id)]
        return []

    def _pixels_differ(self, document: Any, node: Any) -> bool:
        """Look at the next few strips, round and round. The first round learns what they are."""
        if not document.tryBarrierLock():  # a brush stroke, perhaps, that may yet be taken back
            return False
        document.unlock()
        begun = time.perf_counter()
        for _ in self._strips:
            strip, known = self._strips[self._next], self._sums[self._next]
            found = zlib.crc32(native(node, strip))
            self._sums[self._next] = found
            self._next = (self._next + 1) % len(self._strips)
            if known is not None and known != found:
                return True
            if time.perf_counter() - begun > _PIXELS_S:
                break
        return False

    def _forget(self) -> None:
        self._sums = [None] * len(self._strips)


def _node(document: Any, layer_id: str) -> Any | None:
    return document.nodeByUniqueID(QtCore.QUuid(layer_id))


def _place(node: Any) -> tuple[int, int]:
    position = node.position()
    return position.x(), position.y()


def _size(document: Any) -> tuple[int, int, int, int]:
    return document.xOffset(), document.yOffset(), document.width(), document.height()


def _is_shown(document: Any) -> bool:
    return any(view.document() == document for view in own(Krita.instance().views()))


def _is_in_front(document: Any) -> bool:
    front = Krita.instance().activeDocument()
    return front is not None and front == document
