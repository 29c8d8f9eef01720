"""The fuzzing of model files: a short run of it, and that it finds what there is to find."""

from __future__ import annotations

import io
import random
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.fuzz.checkpoints import guided_is_possible
from tests.fuzz.mutations import mutated
from tests.fuzz.seeds import files, words

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("how", ["guided", "unguided"])
def test_fuzzed_files_load_as_finite_numbers_or_are_refused(tmp_path: Path, how: str, full: bool):
    """Guided by coverage where atheris exists: on Linux on x86-64."""
    command = [sys.executable, "-m", "tests.fuzz.checkpoints", "--seconds", "600" if full else "6"]
    command += ["--folder", str(tmp_path), *(["--unguided"] if how == "unguided" else [])]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = re.search(
        r"^(.*): (\d+) files in (\d+) seconds, (\d+) loaded .*, (\d+) refused$", done.stdout, re.MULTILINE
    )
    assert done.returncode == 0 and found, done.stdout[-5000:]
    print(found[0])
    assert found[1].startswith("guided by coverage" if how == "guided" and guided_is_possible() else "unguided")
    assert int(found[2]) > 20 and int(found[4]) and int(found[5])


FAULTS = {
    "writes": ("open('/dev/null', 'w')", "open ('/dev/null'"),
    "imports": ("import this", "import"),
    "runs a program": ("__import__('os').system('true')", "os.system"),
    "gives infinite numbers": ("found.checkpoint.generator.w_avg[0] = float('inf')", "mapping.w_avg is not finite"),
    "fills the memory": ("kept.append(bytearray(1 << 29))", "more are used"),
    "crashes": ("[][0]", "IndexError"),
}


def test_faults_are_found(tmp_path: Path):
    """In a process of its own, since a watch cannot be taken off again."""
    program = f"""
from pathlib import Path
from tests.fuzz import target
from tests.fuzz.seeds import files
good = files()["rosinality-stream"]
watch = target.Target(Path({str(tmp_path / "model")!r}), [good])
watch(good)
opened = target.open_checkpoint
for name, (doing, _) in {FAULTS!r}.items():
    exec("def do(found, kept): " + doing)
    kept = []
    def faulty(path, do=do):
        found = opened(path)
        do(found, kept)
        return found
    target.open_checkpoint = faulty
    try:
        watch(good)
    except BaseException as error:
        print(f"{{name}}: {{type(error).__name__}}: {{error}}")
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    found = done.stdout.splitlines()
    assert len(found) == len(FAULTS), done.stdout
    for line, (name, (_, said)) in zip(found, FAULTS.items(), strict=True):
        assert line.startswith(f"{name}: ") and said in line


def test_changes_are_repeatable_and_reach_what_lies_inside():
    seeds = files()
    others, found = list(seeds.values()), words()
    for data in others:
        once = [mutated(data, found, others, random.Random(seed)) for seed in range(60)]
        assert once == [mutated(data, found, others, random.Random(seed)) for seed in range(60)]
        assert sum(file != data for file in once) > 45
    archive = seeds["rosinality"]
    again = [mutated(archive, found, others, random.Random(seed)) for seed in range(60)]
    assert sum(_is_whole(file) for file in again if file != archive) > 5, "archives whose checksums fit"


def _is_whole(data: bytes) -> bool:
    try:
        return zipfile.ZipFile(io.BytesIO(data)).testzip() is None
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError):
        return False
