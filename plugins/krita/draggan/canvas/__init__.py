"""Points on Krita's canvas: where the canvas is and how it lies, what is drawn over it, and who gets the pointer.

Nothing here writes to a document. `mode.DragMode` is the door; `finding`, `mapping`, `overlay`, `marks`, `keys`,
`pointer` and `glide` each answer one question for it.
"""

from .mode import DragMode

__all__ = ["DragMode"]
