"""The life of an installation, in its order: new, run again, broken and repaired, taken off."""

from __future__ import annotations

import json
import re
from pathlib import Path

from draggan_client.discovery import Home, process_exists, read_launch, read_runtime
from tests.e2e.install.conftest import Installation

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


def test_uninstalling_keeps_what_the_artist_added(installation: Installation):
    models = installation.home / "models"
    models.mkdir(exist_ok=True)
    (models / "cats.safetensors").write_bytes(b"a model that the artist added")
    answer = installation.run("--uninstall")
    assert answer.returncode == 0, answer.stderr
    assert {path.name for path in installation.home.iterdir()} <= {"models", "logs"}
    assert (models / "cats.safetensors").read_bytes() == b"a model that the artist added"
    answer = installation.run("--uninstall", "--purge")
    assert answer.returncode == 0, answer.stderr
    assert not installation.home.exists()
    assert installation.checkout.is_dir()
