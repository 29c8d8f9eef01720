"""What the artist does to the document of an edit: its layers come and go, are moved and painted on; it is cropped."""

from typing import TYPE_CHECKING, Any

from ..draggan_client.editing import Problem
from ..layers.watch import Event, What
from .origin import Origin, moved_origin, moved_pairs

if TYPE_CHECKING:
    from .edit import Edit


class Following:
    """Part of an `Edit`: takes it along."""

    def __init__(self, edit: "Edit") -> None:
        self._edit = edit
        self._shift = (0, 0)
        """How far the layer was moved, and the edit not yet."""
        self._is_moving = False
        self._size = _size(edit.document)
        self._resized_from: tuple[int, ...] | None = None
        """The document's size that the drags which are not applied belong to, while it has another."""
        self._ignored = (0, 0)
        """How far the layer was moved by that."""

    def begin_anew(self) -> None:
        """Nothing of the edit is left that could be taken along."""
        self._resized_from, self._size = None, _size(self._edit.document)
        self._shift = self._ignored = (0, 0)

    def happened(self, event: Event) -> None:
        """The watch tells."""
        if event.what in (What.RESULT_GONE, What.RESULT_BACK, What.SOURCE_GONE, What.SOURCE_BACK):
            self.levels_changed()
        elif event.what is What.LAYER_MOVED:
            self._moved(event.dx, event.dy)
        elif event.what is What.LAYER_PAINTED:
            self._painted()
        elif event.what is What.DOCUMENT_RESIZED:
            self._resized()

    def levels_changed(self) -> None:
        """Undo takes a result away, and redo brings it back: the highest that is there is the edit's layer."""
        edit = self._edit
        if not edit.levels.look(edit.has_layer):
            return
        if edit.levels.is_gone:
            edit.stop()
            if edit.is_worth_keeping:
                deleted = f"The layer “{edit.name}” was deleted."
                edit.block(Problem(deleted, "Undo brings it back. Or discard the points on it."))
        else:
            if self._resized_from is None:
                edit.unblock()
            edit.level_came()
        edit.means.changed()

    def _moved(self, dx: int, dy: int) -> None:
        """The layer was moved: the edit goes with it."""
        dx, dy = dx + self._ignored[0], dy + self._ignored[1]
        self._ignored = (0, 0)
        if self._resized_from is not None:
            self._ignored = (dx, dy)
        elif (dx, dy) != (0, 0):
            edit = self._edit
            edit.board.replace(moved_pairs(edit.board.pairs, dx, dy))
            edit.own.moved(dx, dy)
            self._shift = (self._shift[0] + dx, self._shift[1] + dy)
            if not self._is_moving:
                self._move_along()

    def _move_along(self) -> None:
        edit, (dx, dy) = self._edit, self._shift
        view, origin = edit.view, edit.origin
        self._shift = (0, 0)
        edit.wants_start = False
        if edit.own.choice is not None:
            return  # it has gone along
        if view.state is None or view.edit_state is None or origin is None or not view.state.is_known:
            edit.look_anew(True)
            return
        known = Origin(view.state.frame, view.state, view.edit_state, origin.is_opaque, edit.began)
        edit.origin = known
        edit.leave_session()
        self._is_moving = True
        edit.work.think("Moving the edit along …", lambda: moved_origin(known, dx, dy), self._moved_along)

    def _moved_along(self, origin: Origin) -> None:
        edit = self._edit
        self._is_moving = False
        edit.origin = origin
        edit.own.follow(origin)
        if self._shift != (0, 0):
            self._move_along()
            return
        edit.reopen(redraw=edit.unapplied > 0)

    def _painted(self) -> None:
        edit = self._edit
        if edit.unapplied or edit.is_running:
            edit.notices.remark(
                "meanwhile",
                f"“{edit.name}” was painted on.",
                "The drags that are not applied do not know of that: what they change lies over it.",
            )
        elif not edit.own.painted() and edit.own.choice is None:
            edit.look_anew(edit.asked == "open")

    def _resized(self) -> None:
        edit, size = self._edit, _size(self._edit.document)
        if self._resized_from == size:  # undone
            self._resized_from = None
            edit.unblock()
            edit.show_level()
        elif self._resized_from is None and not (edit.unapplied or edit.is_running):
            self._size = size
            chooses = edit.own.choice is not None or edit.own.is_used
            edit.forget_session()
            if chooses:
                edit.prepare()
        elif self._resized_from is None:
            edit.stop()
            self._resized_from = self._size
            edit.block(
                Problem(
                    "The picture was cropped, scaled or turned: the drags that are not applied do not fit any more.",
                    "Undo that, or discard the drags.",
                )
            )
        edit.means.changed()


def _size(document: Any) -> tuple[int, ...]:
    return document.xOffset(), document.yOffset(), document.width(), document.height()
