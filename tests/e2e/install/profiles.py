"""A user's Krita and GIMP, and a twin of theirs that never meets the installer."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from install.kconfig import Entry, entries
from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.gimp import Profile as GimpProfile
from tests.e2e.editors.krita import Krita
from tests.e2e.editors.krita import Profile as KritaProfile


@dataclass(frozen=True)
class Editors:
    """What Krita and GIMP keep in one user's home folder."""

    home: Path

    @property
    def krita(self) -> KritaProfile:
        return KritaProfile(self.home)

    @property
    def gimp(self) -> Path:
        (folder,) = (self.home / ".config" / "GIMP").glob("3.*")
        return folder

    @classmethod
    def used(cls, home: Path, desktop: Desktop) -> Editors:
        """Both were started and ended before."""
        profile = KritaProfile.used_before(home, desktop)
        environment = desktop.environment(home)
        desktop.root.run("gimp-console", "-i", "-d", "-f", "--quit", environment=environment, timeout_s=180)
        editors = cls(home)
        GimpProfile.make(editors.gimp)
        with Krita(desktop, profile) as krita:
            krita.run("new_document(120, 80)")
            krita.quit()
        return editors

    def twin(self, home: Path) -> Editors:
        """A second user with the same settings and plugins."""
        for folder in (".config", ".local/share/krita"):
            shutil.copytree(self.home / folder, home / folder, symlinks=True, dirs_exist_ok=True)
        return Editors(home)

    def settings(self) -> dict[tuple[str, str], str | None]:
        """All that Krita's settings files say: by "file [group]" and key."""
        found: dict[tuple[str, str], str | None] = {}
        for file in sorted((self.home / ".config").glob("krita*rc")):
            found |= {(_place(file, entry), entry.key): entry.value for entry in entries(file.read_bytes())}
        return found

    def files(self) -> set[str]:
        """Every file of both editors."""
        folders = (self.home / ".config", self.home / ".local/share/krita")
        return {
            path.relative_to(self.home).as_posix()
            for folder in folders
            for path in folder.rglob("*")
            if "__pycache__" not in path.parts
        }


def _place(file: Path, entry: Entry) -> str:
    return f"{file.name} {''.join(f'[{name}]' for name in entry.group)}"
