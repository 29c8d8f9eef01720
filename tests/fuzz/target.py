"""What a fuzzed file must do: give finite numbers, or be refused. It never runs, crashes, or fills the memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil
import torch

from draggan_server.checkpoints import CheckpointError, discriminator_file, open_checkpoint

_MOST_MEMORY = 256 << 20
"""Beyond that at the beginning. The files have a few kilobytes, and a picture of 4096 px has noise maps of 64 MiB."""


class FaultError(AssertionError):
    """A file did what none may."""


class Target:
    """Opens files, and counts what became of them."""

    def __init__(self, path: Path, good: Iterable[bytes]) -> None:
        """path: where the files are written; good: files that load, so that all is imported before the first other."""
        self.path = path
        self.loaded = self.refused = 0
        self._armed = False
        self._fault = ""
        self._process = psutil.Process()
        self._allowed = (str(path), str(discriminator_file(path)))
        for data in good:
            path.write_bytes(data)
            open_checkpoint(path)
        self._before = self._process.memory_info().rss
        sys.addaudithook(self._hook)

    def __call__(self, data: bytes) -> None:
        """Raises FaultError, and whatever a file made the program raise."""
        self.path.write_bytes(data)
        self._fault = ""
        self._armed = True
        try:
            checkpoint = open_checkpoint(self.path).checkpoint
        except CheckpointError:
            self.refused += 1
        else:
            self.loaded += 1
            for network in (checkpoint.generator, checkpoint.discriminator):
                for name, value in network.state_dict().items() if network is not None else ():
                    if not torch.isfinite(value).all():
                        raise FaultError(f"{name} is not finite")
        finally:
            self._armed = False
        if self._fault:
            raise FaultError(self._fault)
        more = self._process.memory_info().rss - self._before
        if more > _MOST_MEMORY:
            raise FaultError(f"{more >> 20} MiB more are used than at the beginning")

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._armed or event in ("object.__getattr__", "sys._getframe", "builtins.id"):
            return
        if event == "open" and str(args[0]) in self._allowed and not args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
        self._armed = False
        self._fault = f"{event} {str(args)[:200]}"
        raise FaultError(self._fault)
