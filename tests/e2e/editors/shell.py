"""A shell that stays open in the root, so that a pointer's movement does not cost a program's start."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping

from tests.e2e.editors.root import Root


class Shell:
    """Commands run one after another. Their standard output is the answer."""

    def __init__(self, root: Root, environment: Mapping[str, str]) -> None:
        self._process = root.start("sh", environment=environment, stdin=subprocess.PIPE, output=subprocess.PIPE)

    def run(self, *arguments: str) -> str:
        """Raises CalledProcessError with what the command wrote, both ways."""
        process = self._process
        assert process.stdin and process.stdout
        process.stdin.write(f"{shlex.join(arguments)} </dev/null; printf '\\n%s\\n' \"@@ended $?\"\n".encode())
        process.stdin.flush()
        lines = []
        for line in iter(process.stdout.readline, b""):
            if line.startswith(b"@@ended "):
                text = b"".join(lines).decode(errors="replace")[:-1]
                code = int(line.split()[1])
                if code:
                    raise subprocess.CalledProcessError(code, arguments, text)
                return text
            lines.append(line)
        raise BrokenPipeError(f"The shell in the root ended. It wrote: {b''.join(lines)!r}")

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=10)
