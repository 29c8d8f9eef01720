"""The zip file as Krita's own "Import Python Plugin from File" takes it."""

from __future__ import annotations

import sys
from pathlib import Path

from install.importable import write_importable
from install.plugin import Plugin
from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.krita import Profile, StartKrita
from tests.e2e.editors.root import CHECKOUT

IMPORT = """
import os
from plugin_importer.plugin_importer import PluginImporter
resources = os.path.dirname(pykrita)
[plugin["ui_name"] for plugin in PluginImporter(zip_file, resources, lambda plugin: False).import_all()]
"""
SHORTCUTS = "{a.objectName(): a.shortcut().toString() for a in app.actions() if a.objectName().startswith('draggan_')}"


def test_krita_imports_it_and_runs_it(desktop: Desktop, start_krita: StartKrita, tmp_path: Path) -> None:
    zip_file = tmp_path / "draggan.zip"
    write_importable(Plugin(CHECKOUT, Path(sys.executable), server_command="", home=None), zip_file)
    profile = Profile.used_before(tmp_path / "home", desktop)
    krita = start_krita(profile=profile)
    assert krita.run(IMPORT, pykrita=str(profile.plugins), zip_file=str(zip_file)) == ["DragGAN"]
    assert krita.quit() == 0
    assert (profile.plugins.parent / "actions/draggan.action").is_file()
    assert (profile.plugins / "draggan/draggan_client/_vendor/msgpack/fallback.py").is_file()
    profile.enable("draggan")
    krita = start_krita(profile=profile)
    assert "draggan_docker_widget" in krita.run("[docker.objectName() for docker in app.dockers()]")
    assert krita.run(SHORTCUTS)["draggan_mode"]
    assert krita.quit() == 0
    assert "Traceback" not in krita.log()
