"""What a child of an editor inherits."""

import os
from pathlib import Path

from draggan_client.surroundings import without_editor


def paths(*folders: str) -> str:
    return os.pathsep.join(folders)


def test_nothing_of_another_python_stays() -> None:
    leaks = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONWARNINGS", "VIRTUAL_ENV", "CONDA_PREFIX")
    assert without_editor(dict.fromkeys(leaks, "x") | {"LANG": "de_DE.UTF-8"}) == {"LANG": "de_DE.UTF-8"}


def test_an_appimages_folders_go_from_every_list() -> None:
    mounted = "/tmp/.mount_krita5f"
    editor = {
        "APPDIR": f"{mounted}/",
        "APPIMAGE": "/home/zoë/krita.appimage",
        "OWD": "/home/zoë",
        "PATH": paths(f"{mounted}/usr/bin", "/usr/bin", "/bin"),
        "XDG_DATA_DIRS": paths(f"{mounted}/usr/share", "/usr/share"),
        "LD_LIBRARY_PATH": paths(f"{mounted}/usr/lib", "/opt/mine/lib"),
        "SSL_CERT_FILE": f"{mounted}/cacert.pem",
        "LOOKS_ALIKE": f"{mounted}6/file",
        "EMPTY": "",
    }
    assert without_editor(editor) == {
        "PATH": paths("/usr/bin", "/bin"),
        "XDG_DATA_DIRS": "/usr/share",
        "LD_LIBRARY_PATH": "/opt/mine/lib",
        "LOOKS_ALIKE": f"{mounted}6/file",
        "EMPTY": "",
    }


def test_a_snaps_folders_go() -> None:
    editor = {"SNAP": "/snap/gimp/525", "PATH": paths("/snap/gimp/525/usr/bin", "/snap/bin", "/usr/bin")}
    assert without_editor(editor) == {"PATH": paths("/snap/bin", "/usr/bin")}


def test_a_macs_application_goes() -> None:
    inside = "/Applications/GIMP.app/Contents"
    editor = {"PATH": f"{inside}/MacOS:/usr/bin", "FONTCONFIG_PATH": f"{inside}/Resources/etc/fonts"}
    assert without_editor(editor, f"{inside}/MacOS/python3") == {"PATH": "/usr/bin"}


def test_without_an_editor_nothing_changes() -> None:
    shell = {"PATH": paths("/usr/bin", "", "/bin"), "LD_LIBRARY_PATH": "/opt/cuda/lib64", "HOME": str(Path.home())}
    assert without_editor(shell, "/usr/bin/python3") == shell
