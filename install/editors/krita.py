"""Krita: one resource folder for each way of installing it, and settings that only a closed Krita leaves alone."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

from install.editors.editor import (
    Found,
    Place,
    Say,
    application_data,
    configuration,
    flatpak_is_installed,
    mac_programs,
    windows_programs,
)
from install.files import replace_file
from install.krita_settings import MODULE, KritaSettings, enable, is_enabled, resource_folder
from install.plugin import Plugin, make_folder, refuse_what_is_not_ours, replace_folder
from install.programs import krita_runs
from install.record import PluginPart, Record

SOURCES = Path("plugins/krita")
ACTIONS = SOURCES / MODULE / f"{MODULE}.action"
"""The plugin's actions. Krita wants them in its folder for actions, beside the one for plugins."""
DESKTOP = SOURCES / f"{MODULE}.desktop"
"""What Krita's list of plugins shows."""

_FLATPAK = "org.kde.krita"
_SNAP = Path("snap/krita/current")
_STORE = "Packages/*Krita*/LocalCache"
"""Where Windows keeps what Krita from its Store writes into the usual folders."""
_MANAGER = "Settings > Configure Krita > Python Plugin Manager"


class Krita:
    name = "Krita"

    def find(self, say: Say) -> Found:
        """Resource folders. Where Krita is installed and was never started, the one that it will make."""
        usual = Place(application_data() / "krita", settings=configuration() / "kritarc")
        places = [usual] if usual.folder.is_dir() or _is_installed() else []
        if platform.system() == "Linux":
            flatpak = Path.home() / ".var/app" / _FLATPAK
            if (flatpak / "data/krita").is_dir() or flatpak_is_installed(_FLATPAK):
                places.append(Place(flatpak / "data/krita", "Flatpak", flatpak / "config/kritarc"))
            snap = Path.home() / _SNAP
            if (snap / ".local/share/krita").is_dir():
                places.append(Place(snap / ".local/share/krita", "Snap", snap / ".config/kritarc"))
        if platform.system() == "Windows":
            for store in sorted(configuration().glob(_STORE)):
                places.append(Place(store / "Roaming/krita", settings=store / "Local/kritarc"))
        return Found(tuple(_where_the_artist_wants_it(place) for place in places))

    def put_in(self, place: Place, plugin: Plugin, record: Record) -> str:
        pykrita, actions = place.folder / "pykrita", place.folder / "actions"
        target = pykrita / MODULE
        beside = {DESKTOP: pykrita / DESKTOP.name, ACTIONS: actions / ACTIONS.name}
        for path in (target, *beside.values()):
            refuse_what_is_not_ours(path)
        replace_folder(plugin, SOURCES / MODULE, target, record)
        for source, file in beside.items():
            make_folder(file.parent, record)
            record.note(PluginPart(file))
            replace_file(file, plugin.read(source))
        return "\n".join((f"The plugin is in {target}", *_switch_on(place, record), *_in_a_sandbox(place, plugin)))


EDITOR = Krita()


def _where_the_artist_wants_it(place: Place) -> Place:
    chosen = resource_folder(place.settings) if place.settings else None
    return Place(chosen, place.sandbox, place.settings) if chosen else place


def _switch_on(place: Place, record: Record) -> tuple[str, ...]:
    kritarc = place.settings
    assert kritarc is not None, "Krita has settings wherever it is"
    runs = krita_runs(kritarc)
    if not is_enabled(kritarc) and runs:
        # What it means to write at its end it has read at its start.
        return (
            "Krita is running, and may write its settings over ours when it ends: the plugin is not switched on yet.",
            f"Close Krita and run this again; or tick DragGAN in {_MANAGER}, and start Krita anew.",
        )
    make_folder(kritarc.parent, record)
    record.note(KritaSettings.before(kritarc))
    enable(kritarc)
    start = "Close Krita and start it again" if runs else "Start Krita"
    return (f"{start}; the docker is under Settings > Dockers > DragGAN.",)


def _in_a_sandbox(place: Place, plugin: Plugin) -> tuple[str, ...]:
    if not place.sandbox:
        return ()
    return (
        f"Krita from {place.sandbox} cannot start the server, and uses the one that runs. Before you drag, start it:",
        f"  {plugin.server_command}",
    )


def _is_installed() -> bool:
    system = platform.system()
    if system == "Windows":
        return any(path for folder in windows_programs() for path in folder.glob("Krita*/bin/krita.exe"))
    if system == "Darwin":
        return any((folder / "krita.app").is_dir() for folder in mac_programs())
    return shutil.which("krita") is not None or any(_appimages())


def _appimages() -> list[Path]:
    """An AppImage lies where the artist has put it: the likely places."""
    folders = (Path.home() / name for name in ("Applications", "Downloads", "Desktop", "bin", ".local/bin"))
    return [file for folder in folders for file in folder.glob("[Kk]rita*.[Aa]pp[Ii]mage")]
