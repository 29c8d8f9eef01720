"""The editors that have a plugin here: where each looks for plugins, and how one is put in."""

from install.editors import gimp, krita
from install.editors.editor import Editor

EDITORS: tuple[Editor, ...] = (krita.EDITOR, gimp.EDITOR)

__all__ = ["EDITORS", "Editor"]
