"""Records of layers that were deleted: found when a document is loaded, removed when we change it anyway."""

from typing import Any

from ..layers.records import Records
from ..qt import own


class Leftovers:
    """Of all documents. A layer that was deleted since its document was loaded keeps its record: undo may bring it
    back, and nothing tells when it cannot any more."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self._seen: list[tuple[Any, frozenset[str]]] = []

    def look(self) -> None:
        """A document has come: note what is left over in it."""
        documents = own(self._application.documents())
        self._seen = [(known, ids) for known, ids in self._seen if any(known == one for one in documents)]
        for document in documents:
            if not any(known == document for known, _ in self._seen):
                records = Records(document)
                is_fresh = not document.modified() and not records.is_empty()
                self._seen.append((document, records.stale() if is_fresh else frozenset()))

    def take(self, document: Any) -> frozenset[str]:
        """The ids of the layers whose records can go now; told once."""
        found = next((ids for known, ids in self._seen if known == document), frozenset())
        self._seen = [(known, frozenset() if known == document else ids) for known, ids in self._seen]
        return found
