"""Krita's settings files: ours goes in and out, also when Krita has written them anew in between."""

from __future__ import annotations

import os

import pytest

from install.errors import InstallError
from install.krita_settings import KritaSettings, enable, is_enabled, resource_folder

BEFORE = b"""ResourceDirectory=$HOME/art

[MainWindow]
State=AAAA/wAAAAD9AAAAAwAAAAAAAAE=

[MainWindow][DockWidget KisLayerBox]
Locked=false

[python]
enable_ten=true
"""

AS_KRITA_LEAVES_IT = b"""ResourceDirectory=$HOME/art

[MainWindow]
State=AAAA/wAAAAD9AAAAAwAAAAAAAAEdraggan_docker_widgetA=

[MainWindow][DockWidget KisLayerBox]
Locked=false

[MainWindow][DockWidget draggan_docker_widget]
DockArea=2
Locked=false

[draggan]
model=portraits

[draggan][settings]
lambda=20

[python]
enable_draggan=true
enable_ten=true
plugin_order=draggan

[theme]
Theme=draggan
"""

AFTER = b"""ResourceDirectory=$HOME/art

[MainWindow]
State=AAAA/wAAAAD9AAAAAwAAAAAAAAEdraggan_docker_widgetA=

[MainWindow][DockWidget KisLayerBox]
Locked=false




[python]
enable_ten=true
plugin_order=draggan

[theme]
Theme=draggan
"""

SHORTCUTS = b"""[Shortcuts]
draggan_mode=Ctrl+D
edit_undo=Ctrl+Z
redraggan_x=F2
"""


@pytest.fixture
def kritarc(tmp_path):
    return tmp_path / "kritarc"


def noted_and_enabled(kritarc) -> KritaSettings:
    before = KritaSettings.before(kritarc)
    enable(kritarc)
    assert is_enabled(kritarc)
    return before


def test_what_is_ours_alone_goes_and_the_rest_stays(kritarc):
    kritarc.write_bytes(BEFORE)
    settings = noted_and_enabled(kritarc)
    kritarc.write_bytes(AS_KRITA_LEAVES_IT)
    kritarc.with_name("kritashortcutsrc").write_bytes(SHORTCUTS)
    settings.undo()
    assert kritarc.read_bytes() == AFTER
    assert kritarc.with_name("kritashortcutsrc").read_bytes() == SHORTCUTS.replace(b"draggan_mode=Ctrl+D\n", b"", 1)


def test_without_krita_in_between_the_file_is_the_same(kritarc):
    kritarc.write_bytes(BEFORE)
    noted_and_enabled(kritarc).undo()
    assert kritarc.read_bytes() == BEFORE


def test_a_file_that_was_missing_goes_again(kritarc):
    noted_and_enabled(kritarc).undo()
    assert not kritarc.exists()


def test_a_file_that_krita_has_filled_since_stays(kritarc):
    settings = noted_and_enabled(kritarc)
    kritarc.write_bytes(b"[python]\nenable_draggan=true\n\n[theme]\nTheme=x\n")
    settings.undo()
    assert kritarc.read_bytes() == b"\n[theme]\nTheme=x\n"


def test_an_empty_file_that_was_there_stays(kritarc):
    kritarc.touch()
    noted_and_enabled(kritarc).undo()
    assert kritarc.read_bytes() == b""


def test_a_switch_that_is_on_is_left_as_it_is(kritarc):
    kritarc.write_bytes(b"[python]\n enable_draggan = 1\n")
    enable(kritarc)
    assert kritarc.read_bytes() == b"[python]\n enable_draggan = 1\n"


def test_permissions_and_links_stay(kritarc, tmp_path):
    (tmp_path / "dotfiles").mkdir()
    real = tmp_path / "dotfiles/kritarc"
    real.write_bytes(BEFORE)
    real.chmod(0o600)
    kritarc.symlink_to(real)
    enable(kritarc)
    assert kritarc.is_symlink()
    assert is_enabled(real)
    assert real.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in real.parent.iterdir()) == ["kritarc"]


def test_a_folder_that_refuses_is_named_and_the_file_stays(kritarc, monkeypatch):
    kritarc.write_bytes(BEFORE)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(InstallError, match="kritarc cannot be written: Permission denied"):
        enable(kritarc)
    assert kritarc.read_bytes() == BEFORE
    assert [path.name for path in kritarc.parent.iterdir()] == ["kritarc"]


def test_a_file_that_cannot_be_read_is_named(kritarc):
    kritarc.mkdir()
    with pytest.raises(InstallError, match="holds Krita's settings, cannot be read"):
        is_enabled(kritarc)


def test_the_artists_own_resource_folder(kritarc, tmp_path):
    assert resource_folder(kritarc) is None
    kritarc.write_bytes(f"ResourceDirectory={tmp_path / 'gone'}\n".encode())
    assert resource_folder(kritarc) is None
    kritarc.write_bytes(f"ResourceDirectory={tmp_path}\n[x]\nResourceDirectory=/\n".encode())
    assert resource_folder(kritarc) == tmp_path
