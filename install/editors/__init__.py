"""The editors that have a plugin here, and where each looks for plugins.

One module per editor. When an editor's plugin comes to exist under `plugins/`, its module gets the few lines
that put it in, noting each path in the record first.
"""

from install.editors import gimp, krita
from install.editors.editor import Editor

EDITORS: tuple[Editor, ...] = (krita.EDITOR, gimp.EDITOR)

__all__ = ["EDITORS", "Editor"]
