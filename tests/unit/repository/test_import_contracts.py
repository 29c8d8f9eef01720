"""The import contracts in pyproject.toml fail where they should."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
LINT_IMPORTS = Path(sysconfig.get_path("scripts")) / "lint-imports"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources, to break a contract in."""
    only_sources = shutil.ignore_patterns("__pycache__", "*.safetensors")
    shutil.copy(CHECKOUT / "pyproject.toml", tmp_path)
    for folder in ("draggan_server", "plugins/common"):
        shutil.copytree(CHECKOUT / folder, tmp_path / folder, ignore=only_sources)
    return tmp_path


def lint(copy: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join((str(copy), str(copy / "plugins" / "common")))
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache"],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        encoding="utf-8",
    )


@pytest.mark.parametrize(
    ("module", "imported", "contract"),
    [
        ("draggan_server/stylegan2", "draggan_server.models", "Imports go one way"),
        ("draggan_server/checkpoints", "draggan_server.drag", "Imports go one way"),
        ("draggan_server/canvas", "draggan_server.drag", "Imports go one way"),
        ("draggan_server/server", "draggan_server.training", "imports the training"),
        ("plugins/common/draggan_client", "numpy", "The client library needs nothing"),
        ("draggan_server/canvas", "torch", "The canvas knows pixels"),
        ("draggan_server/drag", "flask", "The engine is tensors"),
        ("draggan_server/inversion", "pathlib", "The engine is tensors"),
    ],
)
def test_a_contract_is_broken_by(copy, module, imported, contract):
    (copy / module / "intruder.py").write_text(f"import {imported}\n")
    answer = lint(copy)
    broken = [line for line in answer.stdout.splitlines() if line.endswith("BROKEN")]
    assert answer.returncode != 0
    assert any(contract in line for line in broken), answer.stdout + answer.stderr
