"""Fuzzes the reading of model files: `python -m tests.fuzz.checkpoints --seconds 600`.

With atheris (libFuzzer for Python; Linux on x86-64) it is guided by coverage of draggan_server.checkpoints; without it,
or with --unguided, files are only changed at random. A file that does what none may is kept in the corpus folder and
fails the run.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import MutableSequence
from pathlib import Path

_MOST_ADDRESS_SPACE = 2 << 30
"""Beyond what the process has when it begins."""
_LONGEST = 1 << 16
"""Bytes of a file."""


def guided_is_possible() -> bool:
    return importlib.util.find_spec("atheris") is not None


def unguided(seconds: float, folder: Path, seed: int) -> bool:
    """Whether all was well. Prints how many files there were."""
    from tests.fuzz.mutations import mutated
    from tests.fuzz.seeds import files, words
    from tests.fuzz.target import Target

    seeds, vocabulary, chosen = list(files().values()), words(), random.Random(seed)
    target = Target(folder / "model", seeds)
    _limit_memory()
    began, count = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        data = mutated(chosen.choice(seeds), vocabulary, seeds, chosen)[:_LONGEST]
        try:
            target(data)
        except BaseException as error:
            kept = folder / f"fault-{count}"
            kept.write_bytes(data)
            print(f"file {count} (kept as {kept}): {type(error).__name__}: {error}", flush=True)
            return False
        count += 1
    _report("unguided", count, time.monotonic() - began, target.loaded, target.refused)
    return True


def guided(seconds: float, folder: Path, seed: int) -> bool:
    """As `unguided`. libFuzzer ends its process without a word to Python, so it has one of its own."""
    context = multiprocessing.get_context("spawn")
    counts = context.Array("q", 2, lock=False)
    began = time.monotonic()
    process = context.Process(target=_guided, args=(seconds, folder, seed, counts))
    process.start()
    process.join()
    _report("guided by coverage (atheris)", sum(counts), time.monotonic() - began, *counts)
    print(f"{len(list((folder / 'corpus').iterdir()))} files that reach something of their own are in {folder}/corpus")
    if process.exitcode:
        print(f"exit code {process.exitcode}: see above, and {folder}/fault-*", flush=True)
    return process.exitcode == 0


def _guided(seconds: float, folder: Path, seed: int, counts: MutableSequence[int]) -> None:
    import atheris

    with atheris.instrument_imports(include=["draggan_server.checkpoints"], enable_loader_override=False):
        import draggan_server.checkpoints  # noqa: F401
    from tests.fuzz.mutations import mutated
    from tests.fuzz.seeds import files, words
    from tests.fuzz.target import Target

    seeds, vocabulary = files(), words()
    others = list(seeds.values())
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for name, data in seeds.items():
        (corpus / name).write_bytes(data)
    target = Target(folder / "model", others)

    def one(data: bytes) -> None:
        target(data)
        counts[:] = target.loaded, target.refused

    def changed(data: bytes, most: int, number: int) -> bytes:
        """libFuzzer's own changes and ours, which know words."""
        chosen = random.Random(number)
        if chosen.random() < 0.5:
            return atheris.Mutate(data, most)
        return mutated(data or others[0], vocabulary, others, chosen)[:most]

    _limit_memory()
    options = [f"-max_total_time={max(1, round(seconds))}", f"-seed={seed}", f"-max_len={_LONGEST}", "-timeout=60"]
    options += ["-rss_limit_mb=4096", f"-artifact_prefix={folder}/fault-", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], one, custom_mutator=changed)
    atheris.Fuzz()


def _report(how: str, count: int, seconds: float, loaded: int, refused: int) -> None:
    print(
        f"{how}: {count} files in {seconds:.0f} seconds, {loaded} loaded as finite numbers, {refused} refused",
        flush=True,
    )


def _limit_memory() -> None:
    """Where the system can."""
    with contextlib.suppress(ImportError):
        import resource

        status = Path("/proc/self/statm")
        if status.exists():
            size = int(status.read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
            resource.setrlimit(resource.RLIMIT_AS, (size + _MOST_ADDRESS_SPACE, resource.RLIM_INFINITY))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--unguided", action="store_true", help="without atheris")
    parser.add_argument("--folder", type=Path, help="where the corpus is kept, to go on from it  [default: a new one]")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="fuzz-"))
    folder.mkdir(parents=True, exist_ok=True)
    fuzz = unguided if options.unguided or not guided_is_possible() else guided
    return 0 if fuzz(options.seconds, folder, options.seed) else 1


if __name__ == "__main__":
    sys.exit(main())
