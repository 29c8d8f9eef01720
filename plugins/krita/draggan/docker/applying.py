"""What the drags have come to becomes a layer of the document."""

from typing import TYPE_CHECKING, Any

from ..draggan_client import wording
from ..draggan_client.editing import EditView, Problem
from ..draggan_client.layer_rules import needs_copy
from ..draggan_client.messages import Pixels, ResultRequest
from ..draggan_client.rect import Rect
from ..layers import nodes
from ..layers.began import Began
from ..layers.inserting import Inserted, insert_copy, insert_edit
from ..layers.looking import look
from ..layers.reading import LayerReader, Reading
from ..layers.records import Records
from ..layers.slices import Job
from ..layers.spaces import Space
from .levels import Level
from .origin import Origin
from .own_picture import READING
from .pictures import laid_over
from .places import region_of
from .show import edit_preview

if TYPE_CHECKING:
    from .edit import Edit

_GETTING = "Getting the result …"


class Applying:
    """Part of an `Edit`: gets the result, puts it into the document, and keeps the edit with it."""

    def __init__(self, edit: "Edit") -> None:
        self._edit = edit
        self._applied: tuple[EditView, bool] | None = None
        """What is being put into the document, and whether it is laid over the layer."""

    def begin(self) -> None:
        """Put the drags into the document, as one layer."""
        edit = self._edit
        facts, node = edit.facts(), edit.node
        if facts.is_busy or not facts.unapplied or facts.blocked or edit.editing is None or node is None:
            return
        edit.notices.drop("discard", "elsewhere")
        reason = needs_copy(look(node, edit.origin is None or edit.origin.is_opaque))
        if edit.level is not None and edit.level.is_edit:
            reason = None  # only changes are in that layer: a copy of it would have nothing to change
        self._applied = (edit.view, reason is None)
        if reason is None:
            self.fetch(ResultRequest("edit", facts.since, Space.of(edit.document).wire_depth))
        else:
            edit.notices.remark("copy", wording.copy_text(reason))
            edit.work.read(READING, LayerReader(edit.document).read(node, self._region()), self._fetch_copy)

    def fetch(self, request: ResultRequest) -> None:
        """Get these pixels, and put them above the layer."""
        edit = self._edit
        if edit.editing is None:
            return
        edit.asked = "fetch"
        edit.work.say(_GETTING)
        edit.editing.fetch(request, self._got, self.gave_up)

    def gave_up(self, problem: Problem) -> None:
        """There is nothing to be put into the document."""
        edit = self._edit
        edit.work.say("")
        edit.asked = ""
        edit.tell(problem)
        edit.end_drawing()
        edit.means.changed()

    def drawn(self, pixels: Pixels, name: str) -> None:
        """Of a new picture."""
        edit = self._edit
        edit.asked = ""
        edit.work.write("Making the picture …", insert_edit(edit.document, None, pixels, name), self._inserted)

    def _region(self) -> Rect:
        """What a copy is made of: all that the server was given, and all that it may change."""
        edit = self._edit
        began = edit.began
        if began is not None:
            return began.region
        assert edit.frame is not None
        return region_of(edit.frame)

    def _fetch_copy(self, reading: Reading) -> None:
        region, since = reading.region, self._edit.since
        self._edit.work.think(
            _GETTING,
            lambda: ResultRequest("copy", since, None, reading.array(), region.left, region.top),
            self.fetch,
        )

    def _got(self, pixels: Pixels) -> None:
        edit = self._edit
        edit.asked = ""
        edit.work.say("")
        node = edit.node
        if node is not None:
            insert = insert_edit if pixels.changed is None else insert_copy
            edit.work.write("Putting it into the document …", insert(edit.document, node, pixels), self._inserted)

    def _inserted(self, inserted: Inserted) -> None:
        edit = self._edit
        view, is_edit = self._applied or (edit.view, False)
        self._applied = None
        facts, source = edit.facts(), edit.node
        opened = view.opened_preview.data if view.opened_preview else b""
        base = laid_over(facts.base or opened, edit_preview(view))
        history = view.state.drags if view.state is not None else ()
        node = inserted.node
        edit.levels.put(Level(inserted.layer_id, node.name(), view.position, base, history, is_edit))
        edit.watch.add_result(inserted)
        edit.watch_layer()
        edit.show_over(b"")
        assert view.edit_state is not None  # what was opened has one
        keeping = self._keeping(node, view.edit_state, edit.began, source, edit.own.undragged)
        edit.work.write("Keeping the edit in the document …", keeping, lambda _: edit.end_drawing())

    def _keeping(
        self, node: Any, state: bytes, began: Began | None, source: Any, undragged: Origin | None
    ) -> Job[None]:
        """With the layer; and with the one that it began with what the model has found there, for other drags of it."""
        document = self._edit.document
        records, reader = Records(document), LayerReader(document)
        records.remove(
            layer_id for layer_id in self._edit.means.leftovers(document) if not self._edit.has_layer(layer_id)
        )
        if source is not None and undragged is not None and began is not None:
            source_id = nodes.id_of(source)
            if source_id == began.layer_id and all(head.layer_id != source_id for head in records.all()):
                records.save(source, (yield from reader.fingerprint(source)), undragged.packed, began)
        records.save(node, (yield from reader.fingerprint(node)), state, began)
