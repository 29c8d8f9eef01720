"""A server that Krita starts has none of Krita's own libraries and modules on its paths."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.krita import Profile, StartKrita
from tests.e2e.editors.root import Root
from tests.e2e.editors.server import ServerHome

MOUNTED = "/tmp/.mount_krita"
LEAKS = {
    "APPDIR": MOUNTED,
    "APPIMAGE": "/tmp/krita.appimage",
    "PYTHONPATH": f"{MOUNTED}/lib/krita-python-libs",
    "LD_LIBRARY_PATH": f"{MOUNTED}/usr/lib",
    "QT_PLUGIN_PATH": f"{MOUNTED}/usr/plugins",
    "GI_TYPELIB_PATH": f"{MOUNTED}/usr/lib/girepository-1.0",
    "XDG_DATA_DIRS": f"{MOUNTED}/usr/share:/usr/local/share:/usr/share",
    "SSL_CERT_FILE": f"{MOUNTED}/cacert.pem",
}
"""As an AppImage of Krita sets them."""
START = """
from draggan.draggan_client.connection import Connection
from draggan.draggan_client.discovery import find_home
Connection(find_home({})).hello().pid
"""


def test_it_starts_and_sees_nothing_of_it(
    desktop: Desktop, editors_root: Root, start_krita: StartKrita, tmp_path: Path
) -> None:
    server = ServerHome.make(tmp_path / "drag gan", editors_root)
    profile = Profile.used_before(tmp_path / "home", desktop)
    profile.add_plugin(server.home.folder)
    krita = start_krita(profile=profile, **LEAKS)
    try:
        pid = krita.run(START, timeout_s=120)
        assert pid == server.pid
        variables = Path(f"/proc/{pid}/environ").read_text(errors="replace").split("\0")
    finally:
        server.stop()
    assert not [variable for variable in variables if MOUNTED in variable or variable.startswith("PYTHON")]
    (data,) = (
        value for variable in variables for name, _, value in [variable.partition("=")] if name == "XDG_DATA_DIRS"
    )
    assert "/usr/local/share" in data.split(":")
    assert f"DRAGGAN_HOME={server.home.folder}" in variables
