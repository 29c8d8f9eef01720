"""The test's end of the line to a probe inside a program: see inside/sent.py for the other."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import subprocess
import textwrap
import time
from collections.abc import Callable
from typing import Any

ANSWER_S = 60.0


class ProbeError(Exception):
    """What was sent failed inside the program, with its traceback; or it did not answer, with the end of its log."""


class Probe:
    """Listens for the program that is started next; `port` goes into its environment as DRAGGAN_PROBE_PORT.

    `about` says more where it does not answer.
    """

    def __init__(self, about: Callable[[], str]) -> None:
        self._about = about
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._received = b""

    @property
    def environment(self) -> dict[str, str]:
        return {"DRAGGAN_PROBE_PORT": str(self._listening.getsockname()[1])}

    def accept(self, process: subprocess.Popen[bytes], timeout_s: float) -> None:
        """Wait until the program's probe is there. Raises ProbeError."""
        self._listening.settimeout(0.2)
        deadline = time.monotonic() + timeout_s
        with self._listening:
            while time.monotonic() < deadline:
                with contextlib.suppress(TimeoutError):
                    self._line = self._listening.accept()[0]
                    return
                if process.poll() is not None:
                    raise ProbeError(f"It ended while starting (exit code {process.returncode}).\n{self._about()}")
        raise ProbeError(f"Its probe does not answer within {timeout_s:g} s.\n{self._about()}")

    def run(self, source: str, timeout_s: float = ANSWER_S, **arguments: Any) -> Any:
        """Run Python there; what its last expression, or its `return`, gives. `arguments` become its variables."""
        request = json.dumps({"source": textwrap.dedent(source), "arguments": arguments}, default=_as_json)
        try:
            self._line.settimeout(timeout_s)
            self._line.sendall(request.encode() + b"\n")
            answer = json.loads(self._answer(), object_hook=_with_bytes)
        except OSError as error:
            raise ProbeError(f"No answer ({error!r}) to\n{source}\n{self._about()}") from None
        if "error" in answer:
            raise ProbeError(answer["error"])
        return answer["value"]

    def until(self, source: str, timeout_s: float = ANSWER_S, every_s: float = 0.05, **arguments: Any) -> Any:
        """The first value of `source` that is true. Raises ProbeError when there is none in time."""
        deadline = time.monotonic() + timeout_s
        while True:
            value = self.run(source, **arguments)
            if value:
                return value
            if time.monotonic() > deadline:
                raise ProbeError(f"Not true within {timeout_s:g} s: {source}\n{self._about()}")
            time.sleep(every_s)

    def hang_up(self) -> None:
        self._line.close()

    def _answer(self) -> bytes:
        while b"\n" not in self._received:
            data = self._line.recv(1 << 20)
            if not data:
                raise ConnectionResetError("it has hung up")
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        return line


def _as_json(value: object) -> dict[str, str]:
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    raise TypeError(f"{type(value).__name__} cannot be sent")


def _with_bytes(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["bytes"]) if value.keys() == {"bytes"} else value
