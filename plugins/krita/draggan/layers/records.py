"""Edit states in a document: annotations of the .kra, one for each layer that shows an edit."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..draggan_client.edit_state import EditState
from ..draggan_client.errors import EditStateError
from ..draggan_client.layer_record import HEAD_BYTES, How, LayerRecord, RecordHead, find
from ..qt import QtCore
from . import nodes
from .began import Began
from .bounds import bounds_of
from .reading import LayerPrint
from .spaces import Space

_PREFIX = "draggan/"
_MOST = 1000
"""Records that are looked at: a document made to hold more does not keep the artist waiting."""
_LOOK_LENGTH = 160
_DESCRIPTION = "DragGAN: the edit that this layer shows"


@dataclass(frozen=True)
class FoundEdit:
    """The edit that a layer shows. `dx`, `dy`: how far (px) the layer was moved since its state was written."""

    head: RecordHead
    how: How
    data: bytes
    """The whole record, as the document holds it."""
    dx: int = 0
    dy: int = 0
    fits: bool = True
    """Whether the document has the size that it had then: whatever was painted over lies where it lay."""
    is_converted: bool = False
    """Whether the layer has another colour space now: then its pixels differ, though nobody painted on it."""

    @property
    def began(self) -> Began | None:
        """The pixels that the edit began with, where they are now if they were moved along; None: with none."""
        began = Began.of(self.head.document.partition("\n")[2])
        return began.moved(self.dx, self.dy) if began is not None else None

    def packed(self) -> bytes:
        """The edit state as it was written. Takes a while: for another thread. Raises EditStateError."""
        return LayerRecord.from_bytes(self.data).state

    def state(self) -> EditState:
        """The edit state where the layer is now. Takes a while: for another thread. Raises EditStateError."""
        state = EditState.from_bytes(self.packed())
        return state.moved(self.dx, self.dy) if (self.dx, self.dy) != (0, 0) else state


class Records:
    """The edit states of one document."""

    def __init__(self, document: Any) -> None:
        self._document = document

    def all(self) -> list[RecordHead]:
        """Those that can be read. Of a later version, or damaged: left where they are, and left out here.

        Reads nothing but their heads, and so takes no time, whoever has made the document.
        """
        readable = []
        for name in self._names():
            try:
                readable.append(_head(self._document.annotation(name)))
            except EditStateError:
                continue
        return readable

    def unreadable(self, node: Any) -> EditStateError | None:
        """Why the state that belongs to this very layer cannot be read; None: it can, or there is none."""
        data = self._document.annotation(_name(nodes.id_of(node)))
        if data.isEmpty():
            return None
        try:
            _head(data)
        except EditStateError as error:
            return error
        return None

    def save(self, node: Any, found: LayerPrint, state: bytes, began: Began | None = None) -> None:
        """Keep an edit state with the layer that shows it. The document counts as changed then."""
        place = found.region
        record = LayerRecord(
            layer_id=nodes.id_of(node),
            fingerprint=found.digest,
            left=place.left,
            top=place.top,
            width=place.width,
            height=place.height,
            document=_look(self._document, node) + (f"\n{began.words()}" if began is not None else ""),
            state=state,
        )
        self._document.setAnnotation(_name(record.layer_id), _DESCRIPTION, QtCore.QByteArray(record.to_bytes()))

    def find(self, node: Any, found: LayerPrint) -> FoundEdit | None:
        """The edit that a layer shows, by its pixels first and its id second."""
        known = find(self.all(), nodes.id_of(node), found.digest)
        if known is None:
            return None
        head = known.record
        data = bytes(self._document.annotation(_name(head.layer_id)))
        if known.how is How.PAINTED_OVER:  # its bounds may have changed with the paint: nothing tells a shift from that
            then, now = head.document.partition("\n")[0].partition(" "), _look(self._document, node).partition(" ")
            return FoundEdit(head, known.how, data, fits=then[0] == now[0], is_converted=then[2] != now[2])
        return FoundEdit(head, known.how, data, found.region.left - head.left, found.region.top - head.top)

    def is_empty(self) -> bool:
        """Whether there are none. Takes no time."""
        return not any(True for _ in self._names())

    def stale(self) -> frozenset[str]:
        """The ids of layers that are gone, and whose records are left. To be asked right after loading: later on, undo
        could bring one back.

        A record whose layer's id is unknown is kept as long as any layer has its size, and so might be its duplicate.
        """
        ids, sizes = set(), set()
        for node in nodes.tree(self._document):
            ids.add(nodes.id_of(node))
            region = bounds_of(node)
            sizes.add((region.width, region.height))
        return frozenset(
            record.layer_id
            for record in self.all()
            if record.layer_id not in ids and (record.width, record.height) not in sizes
        )

    def remove(self, layer_ids: Iterable[str]) -> None:
        """Remove these records. The document counts as changed then."""
        for layer_id in layer_ids:
            self._document.removeAnnotation(_name(layer_id))

    def _names(self) -> Iterable[str]:
        names = sorted(name for name in self._document.annotationTypes() if name.startswith(_PREFIX))
        return names[:_MOST]


def _name(layer_id: str) -> str:
    return f"{_PREFIX}{layer_id.strip('{}')}"


def _look(document: Any, node: Any) -> str:
    """The document's size and the layer's colour space."""
    return f"{document.width()}x{document.height()} {Space.of(node)}"[:_LOOK_LENGTH]


def _head(annotation: Any) -> RecordHead:
    """Of a QByteArray, of which no more is copied."""
    return RecordHead.of(bytes(annotation.left(HEAD_BYTES)), annotation.size())
