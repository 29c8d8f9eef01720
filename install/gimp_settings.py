"""What GIMP itself keeps about our procedures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from install.files import remove

FOLDER = "plug-in-settings"
"""In a profile. GIMP makes it when it first keeps somebody's settings."""
_OURS = "GimpProcedureConfig*-draggan-*"
"""The values used last and those that the artist saved, a file for each procedure: GimpProcedureConfigRun-NAME.last."""


@dataclass(frozen=True)
class GimpSettings:
    """A profile's folder of procedures' settings; those of ours go.

    What GIMP writes about all plug-ins together stays, and GIMP puts it right by itself: pluginrc forgets a plug-in
    whose file is gone, and a name in action-history or shortcutsrc that nothing answers to is passed over.
    """

    kind: ClassVar[str] = "gimp settings"
    path: Path

    def undo(self) -> None:
        for file in self.path.glob(_OURS):
            remove(file)
