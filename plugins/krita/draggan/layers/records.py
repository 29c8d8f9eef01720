"""Edit states in a document: annotations of the .kra, one for each layer that shows an edit."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..draggan_client.edit_state import EditState
from ..draggan_client.errors import EditStateError
from ..draggan_client.layer_record import How, LayerRecord, find
from ..qt import QtCore
from . import nodes
from .reading import LayerPrint
from .region import Region

_PREFIX = "draggan/"
_DESCRIPTION = "DragGAN: the edit that this layer shows"


@dataclass(frozen=True)
class FoundEdit:
    """The edit that a layer shows. `dx`, `dy`: how far (px) the layer was moved since its state was written."""

    record: LayerRecord
    how: How
    dx: int = 0
    dy: int = 0

    def state(self) -> EditState:
        """The edit state where the layer is now. Takes a while: for another thread. Raises EditStateError."""
        state = EditState.from_bytes(self.record.state)
        return state.moved(self.dx, self.dy) if (self.dx, self.dy) != (0, 0) else state


class Records:
    """The edit states of one document."""

    def __init__(self, document: Any) -> None:
        self._document = document

    def all(self) -> list[LayerRecord]:
        """Those that can be read. Of a later version, or damaged: left where they are, and left out here."""
        readable = []
        for name in self._names():
            try:
                readable.append(LayerRecord.from_bytes(bytes(self._document.annotation(name))))
            except EditStateError:
                continue
        return readable

    def unreadable(self, node: Any) -> EditStateError | None:
        """Why the state that belongs to this very layer cannot be read; None: it can, or there is none."""
        data = bytes(self._document.annotation(_name(nodes.id_of(node))))
        if not data:
            return None
        try:
            LayerRecord.from_bytes(data)
        except EditStateError as error:
            return error
        return None

    def save(self, node: Any, found: LayerPrint, state: bytes) -> LayerRecord:
        """Keep an edit state with the layer that shows it. The document counts as changed then."""
        place = found.region
        record = LayerRecord(
            layer_id=nodes.id_of(node),
            fingerprint=found.digest,
            left=place.left,
            top=place.top,
            width=place.width,
            height=place.height,
            state=state,
        )
        self._write(record)
        return record

    def find(self, node: Any, found: LayerPrint) -> FoundEdit | None:
        """The edit that a layer shows, by its pixels first and its id second."""
        known = find(self.all(), nodes.id_of(node), found.digest)
        if known is None:
            return None
        record = known.record
        if known.how is How.PAINTED_OVER:  # its bounds may have changed with the paint: nothing tells a shift from that
            return FoundEdit(record, known.how)
        return FoundEdit(record, known.how, found.region.left - record.left, found.region.top - record.top)

    def remove_stale(self) -> int:
        """Remove the records of layers that are gone; how many. Only right after loading: undo could bring one back.

        A record whose layer's id is unknown stays while any layer has its size, and so might be its duplicate.
        """
        ids, sizes = set(), set()
        for node in nodes.tree(self._document):
            ids.add(nodes.id_of(node))
            region = Region.of(node.bounds())
            sizes.add((region.width, region.height))
        stale = [
            record for record in self.all() if record.layer_id not in ids and (record.width, record.height) not in sizes
        ]
        for record in stale:
            self._document.removeAnnotation(_name(record.layer_id))
        return len(stale)

    def _write(self, record: LayerRecord) -> None:
        self._document.setAnnotation(_name(record.layer_id), _DESCRIPTION, QtCore.QByteArray(record.to_bytes()))

    def _names(self) -> Iterable[str]:
        return sorted(name for name in self._document.annotationTypes() if name.startswith(_PREFIX))


def _name(layer_id: str) -> str:
    return f"{_PREFIX}{layer_id.strip('{}')}"
