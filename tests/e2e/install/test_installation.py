"""The life of an installation, in its order: new, run again, broken and repaired, taken off."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

from draggan_client.discovery import Home, process_exists, read_launch, read_runtime
from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.krita import Krita
from tests.e2e.install.conftest import Installation, Used, procedures

IMPORTED = "import draggan_server, draggan_client, torch; print(draggan_server.__file__); print(torch.version.cuda)"


def test_the_server_is_a_copy_without_gpu_packages(installation: Installation):
    answer = installation.command(str(installation.python), "-c", IMPORTED)
    place, cuda = answer.stdout.splitlines()
    assert Path(place).is_relative_to(installation.home / "environment")
    assert cuda == "None"
    listed = installation.command(str(installation.python), "-m", "pip", "list", "--format=json")
    names = {package["name"].lower() for package in json.loads(listed.stdout)}
    assert "draggan-server" in names
    assert not [name for name in names if name.startswith(("nvidia", "cuda", "triton"))]
    assert not list((installation.home / "environment").rglob("draggan_gimp")), "the plugins are no part of the server"


def test_the_bundled_model_came_along(installation: Installation):
    (model,) = installation.home.rglob("bundled/portraits.safetensors")
    assert model.stat().st_size > 1e5


def test_how_to_start_the_server_is_recorded(installation: Installation):
    launch = read_launch(Home(installation.home))
    assert launch is not None
    assert launch.argv[0] == str(installation.python)
    answer = installation.command(*launch.argv, "--help")
    assert answer.returncode == 0, answer.stderr


def test_the_command_runs_from_a_folder_with_spaces(installation: Installation):
    answer = installation.command(str(installation.python.with_name("draggan-server")), "--help")
    assert answer.returncode == 0, answer.stderr
    assert "drag" in answer.stdout


def test_the_file_for_kritas_importer(installation: Installation):
    file = installation.user / "Plug-in für Krita.zip"
    answer = installation.run("--zip", str(file))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert {"draggan/", "draggan/__init__.py", "draggan.desktop"} <= set(zipfile.ZipFile(file).namelist())


def test_run_again_with_the_demo(installation: Installation):
    model = installation.home / "models" / "cats.safetensors"
    model.parent.mkdir(exist_ok=True)
    model.write_bytes(b"a model that the artist added")
    answer = installation.run("--demo")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "Nothing is to be downloaded" in answer.stdout
    files = dict(re.findall(r"^  (\w+): +(.+)$", answer.stdout, flags=re.MULTILINE))
    assert {"before", "after", "animation"} <= files.keys()
    assert Path(files["before"]).read_bytes() != Path(files["after"]).read_bytes()
    assert Path(files["animation"]).read_bytes().startswith(b"GIF")
    assert model.read_bytes() == b"a model that the artist added"


def test_a_broken_environment_is_repaired(installation: Installation):
    server = read_runtime(Home(installation.home))
    assert server is not None, "the demo's server is still there"
    installation.python.unlink()
    answer = installation.run()
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "repairing it" in answer.stdout
    assert "Nothing is to be downloaded" in answer.stdout
    assert "server was stopped" in answer.stdout
    assert not process_exists(server.pid)
    assert installation.command(str(installation.python), "-c", IMPORTED).returncode == 0


def test_the_editors_run_with_the_plugins(used: Used):
    assert used.said.count("The plugin is in") == used.said.count("The plug-in is in") == 1
    assert used.switch == [("kritarc [python]", "enable_draggan")]
    assert "draggan_docker_widget" in used.dockers
    assert "draggan-drag-points" in used.procedures
    assert used.kept_by_gimp


def test_while_krita_runs_nothing_is_taken_from_under_it(used: Used):
    assert "Close Krita and start it again" in used.said_while_krita_ran
    assert used.uninstalled_while_krita_ran.returncode == 1
    assert "Krita is running" in used.uninstalled_while_krita_ran.stderr
    assert "Nothing was removed" in used.uninstalled_while_krita_ran.stderr


def test_uninstalling_keeps_what_the_artist_added(uninstalled: Installation):
    installation = uninstalled
    models = installation.home / "models"
    assert {path.name for path in installation.home.iterdir()} <= {"models", "logs"}
    assert (models / "cats.safetensors").read_bytes() == b"a model that the artist added"


def test_the_editors_are_as_if_it_had_never_been_there(used: Used, uninstalled: Installation):
    """Against what they held before, entry by entry; and against a twin's that met the editors only."""
    before, after, twin = used.before_uninstalling, used.editors.settings(), used.twin.settings()
    gone = {place: value for place, value in before.items() if place not in after}
    assert {place: value for place, value in after.items() if before[place] != value} == {}
    assert all("draggan" in "".join(place) and "probe" not in "".join(place) for place in gone), gone
    assert {("kritarc [python]", "enable_draggan"), ("kritarc [draggan]", "model")} <= gone.keys()
    assert after.keys() == twin.keys()
    other = {place for place, value in after.items() if _in_any_order(value) != _in_any_order(twin[place])}
    # How high its dockers are is Krita's to say: there was one more among them.
    assert {group.partition("[DockWidget")[0] for group, _ in other} <= {"kritarc [MainWindow]"}, other
    assert used.editors.files() == used.twin.files()


def test_the_editors_start_without_it(used: Used, uninstalled: Installation, desktop: Desktop):
    with Krita(desktop, used.editors.krita) as krita:
        assert "draggan_docker_widget" not in krita.run("[docker.objectName() for docker in app.dockers()]")
        assert krita.quit() == 0
        assert "draggan.draggan" not in krita.log()
    assert procedures(desktop, used.editors) == []
    assert not uninstalled.python.exists()


def test_purging_leaves_nothing(uninstalled: Installation):
    answer = uninstalled.run("--uninstall", "--purge")
    assert answer.returncode == 0, answer.stderr
    assert not uninstalled.home.exists()
    assert uninstalled.checkout.is_dir()


def _in_any_order(value: str | None) -> list[str]:
    """Krita writes a colour's attributes in another order each time."""
    return sorted(value or "")
