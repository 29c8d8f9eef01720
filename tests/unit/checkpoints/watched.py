"""Opens model files in a process of its own that notices, and forbids, everything but reading the file.

Python's audit hooks report imports, files opened, processes, sockets, compiled and executed code. While a file is open
here nothing of that is allowed, and memory beyond a limit is not to be had.
"""

from __future__ import annotations

import copyreg
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch

from draggan_server.checkpoints import (
    Checkpoint,
    CheckpointError,
    ModelCard,
    discriminator_file,
    open_checkpoint,
    save_checkpoint,
)
from draggan_server.stylegan2 import Discriminator, DiscriminatorConfig, Generator, GeneratorConfig
from tests.benchmarks.surroundings import forget_peak_rss, peak_rss
from tests.unit.stylegan2 import golden

ROOT = Path(__file__).parents[3]
_MIB = 1 << 20
_HEADROOM = 768 * _MIB
"""Address space beyond what the process has when it begins."""
_HARMLESS = ("object.__getattr__", "sys._getframe", "builtins.id")
"""What torch does with its own objects."""
_HARM = ("os.system", "os.remove", "subprocess.", "socket.")
"""What of all that Python's own pickle must not do here either; it may look for functions, and compile them."""
EXTENSIONS = {0x11: "posix.system", 0x1111: "os.system", 0x11111111: "os.remove"}
"""What the pickle codes EXT1, EXT2 and EXT4 mean in that process, by their numbers."""


@dataclass(frozen=True)
class Outcome:
    """What opening a file came to."""

    kind: str
    """loaded, refused (by CheckpointError), raised (anything else), died (the process), endless."""
    text: str
    forbidden: tuple[str, ...]
    """What was reported that must not happen."""
    memory_mib: float
    """Highest resident memory beyond that at the beginning."""
    seconds: float
    """Of the processor: machines are busy with other things too."""
    finite: bool | None = None
    """Of a model that was loaded: whether all its numbers are finite."""


class Watched:
    """The process. It is started when it is needed, and anew after it died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def open(self, path: Path, reader: str = "ours") -> Outcome:
        """reader: "ours", or "pickle": Python's own, which may import and find what it likes, but not run it."""
        if self._process is None:
            command = [sys.executable, "-m", "tests.unit.checkpoints.watched"]
            environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "plugins" / "common")))}
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps([str(path), reader]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            code = self._process.wait()
            self._end()
            return Outcome("died", f"exit code {code}", (), 0, 0)
        found = json.loads(answer)
        return Outcome(**found | {"forbidden": tuple(found["forbidden"])})

    def _end(self) -> None:
        if self._process is not None:
            assert self._process.stdin and self._process.stdout
            self._process.stdin.close()
            self._process.stdout.close()
            self._process.kill()
            self._process.wait()
            self._process = None


class _Watch:
    """The audit hook. Armed, it forbids all but reading one file and the discriminator beside it."""

    def __init__(self) -> None:
        self.allowed: tuple[str, ...] | None = None
        self.pickles = False
        self.reported: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if self.allowed is None or event in _HARMLESS:
            return
        if event == "open":
            known = self.pickles or str(args[0]) in self.allowed
            if known and not args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                return
        elif self.pickles and not event.startswith(_HARM):
            return
        allowed, self.allowed = self.allowed, None
        self.reported.append(f"{event} {str(args)[:200]}")
        self.allowed = allowed
        raise PermissionError(f"{event} is not allowed here")


def _serve() -> None:
    for name in golden.NAMES:  # what is imported with the first model is no file's doing
        open_checkpoint(golden.FOLDER / f"{name}.pkl")
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "own.safetensors"
        save_checkpoint(own, *_tiny())
        open_checkpoint(own)
    for code, function in EXTENSIONS.items():
        copyreg.add_extension(*function.split("."), code)
    _limit_memory()
    process = psutil.Process()
    watch = _Watch()
    for line in sys.stdin:
        path, reader = json.loads(line)
        forget_peak_rss()
        before = process.memory_info().rss
        began = time.process_time()
        kind, text, finite = "loaded", "", None
        watch.reported.clear()
        watch.pickles = reader == "pickle"
        watch.allowed = (path, str(discriminator_file(Path(path))))
        try:
            if reader == "pickle":
                with open(path, "rb") as file:  # noqa: PTH123  # the audited call itself
                    pickle.load(file)
            else:
                checkpoint = open_checkpoint(Path(path)).checkpoint
                finite = _is_finite(checkpoint)
                del checkpoint
        except CheckpointError as error:
            kind, text = "refused", str(error)
        except BaseException as error:
            kind, text = "raised", f"{type(error).__name__}: {error}"
        finally:
            watch.allowed = None
        seconds = time.process_time() - began
        memory = (peak_rss(process) - before) / _MIB
        outcome = Outcome(kind, text[:5000], tuple(watch.reported), memory, seconds, finite)
        print(json.dumps(outcome.__dict__), flush=True)


def _tiny() -> tuple[Generator, ModelCard, Discriminator]:
    size = {"img_resolution": 8, "channel_base": 16, "channel_max": 4}
    generator = Generator(GeneratorConfig(z_dim=4, w_dim=4, mapping_layers=1, **size)).freeze()
    return generator, ModelCard("Tiny", "noise", "none"), Discriminator(DiscriminatorConfig(**size)).freeze()


def _is_finite(checkpoint: Checkpoint) -> bool:
    networks = [network for network in (checkpoint.generator, checkpoint.discriminator) if network is not None]
    return all(bool(torch.isfinite(value).all()) for network in networks for value in network.state_dict().values())


def _limit_memory() -> None:
    """Where the system can."""
    try:
        import resource
    except ImportError:
        return
    status = Path("/proc/self/statm")
    if status.exists():
        size = int(status.read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (size + _HEADROOM, resource.RLIM_INFINITY))


if __name__ == "__main__":
    _serve()
