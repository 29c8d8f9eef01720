"""What an edit began with, so that it is found again in a document that was saved and loaded. No Krita."""

from dataclasses import dataclass

from ..draggan_client.rect import Rect


@dataclass(frozen=True)
class Began:
    """The pixels of the document that an edit began with: of which layer, where, and their hash
    (`LayerReader.digest`)."""

    layer_id: str
    region: Rect
    digest: bytes

    def words(self) -> str:
        """For a record."""
        place = self.region
        return f"{self.layer_id} {place.left} {place.top} {place.width} {place.height} {self.digest.hex()}"

    @staticmethod
    def of(words: str) -> "Began | None":
        """Reads `words()`; None: there are none, or they are damaged."""
        parts = words.split(" ", 5)
        try:
            left, top, width, height = map(int, parts[1:5])
            return Began(parts[0], Rect(left, top, width, height), bytes.fromhex(parts[5]))
        except (ValueError, IndexError):
            return None

    def moved(self, dx: int, dy: int) -> "Began":
        """The layer lies elsewhere now."""
        return Began(self.layer_id, self.region.moved(dx, dy), self.digest)
