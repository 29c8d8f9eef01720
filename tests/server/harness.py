"""The real server as a process of its own, and ways to speak to it: politely and rudely."""

from __future__ import annotations

import dataclasses
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from draggan_client import framing
from draggan_client.connection import Connection
from draggan_client.discovery import Home, RuntimeInfo, read_runtime
from draggan_client.messages import MEDIA_TYPE, DragOptions, Error, PointPair
from draggan_client.schema import Message
from draggan_server.checkpoints import ModelCard, save_checkpoint
from draggan_server.stylegan2 import Generator, GeneratorConfig

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 180.0
"""Far beyond what anything here takes, also on a busy computer."""
PATIENT = """
from draggan_server.drag import loop
loop._NOTICEABLE = float("-inf")
"""
"""In the server's process: whatever a drag does counts as progress. One with random weights stalls after 60 steps or
200, some tenths of a second on a quick computer, which may be over before a test has looked at it."""
ENDLESS = DragOptions(max_steps=10_000, tolerance_px=0.01)
"""On a patient server this runs until somebody stops it."""


def save_model(
    folder: Path, name: str, resolution: int = 32, channels: int = 16, seed: int = 0, **settings: Any
) -> Path:
    """A model with random weights; settings: others of its configuration."""
    torch.manual_seed(seed)
    config = GeneratorConfig(
        z_dim=16,
        w_dim=16,
        img_resolution=resolution,
        channel_base=channels * resolution,
        channel_max=channels,
        **settings,
    )
    folder.mkdir(parents=True, exist_ok=True)
    generator = Generator(config)
    for parameter, value in generator.named_parameters():
        if parameter.endswith("noise_strength"):
            value.data.fill_(0.1)  # 0 in a new one: then every kind of noise would be the same
    path = folder / f"{name}.safetensors"
    card = ModelCard(name=name.title(), domain="noise", licence="MIT", alignment=None, description="random weights")
    save_checkpoint(path, generator, card)
    return path


def until(condition: Callable[[], Any], what: str, timeout_s: float = TIMEOUT_S) -> Any:
    """What `condition` returns once it is true."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s:g} s for {what}")
        time.sleep(0.02)


@dataclasses.dataclass
class Answer:
    """A reply as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> Error:
        """The error that it holds."""
        assert self.headers["content-type"] == MEDIA_TYPE, self.body[:200]
        return framing.unpack(Error, self.body)


class ServerProcess:
    """A server for `home`, started and ended by a test."""

    def __init__(
        self, home: Path, limits: str = "", environment: dict[str, str] | None = None, before: str = ""
    ) -> None:
        """limits: arguments of Limits(...). before: Python statements that run in the process first."""
        self.home = Home(home)
        # Not by PYTHONPATH: a client that starts the server takes that out of the environment.
        code = (
            f"{before}\n"
            "import sys\n"
            f"sys.path[:0] = {[str(ROOT), str(ROOT / 'plugins' / 'common')]}\n"
            "from draggan_server.server.limits import Limits\n"
            "from draggan_server.server.runner import ServerStartError, serve\n"
            "try:\n"
            f"    serve(limits=Limits({limits}))\n"
            "except ServerStartError as error:\n"
            "    sys.exit(str(error))\n"
        )
        self._environment = {
            **os.environ,
            "DRAGGAN_HOME": str(home),
            "OMP_NUM_THREADS": "1",
            **(environment or {}),
        }
        self.command = (sys.executable, "-c", code)
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> ServerProcess:
        """Starts it, and waits until it can be found."""
        self.launch()
        self.wait_until_up()
        return self

    def launch(self) -> subprocess.Popen[str]:
        """Starts it without waiting."""
        self.process = subprocess.Popen(
            self.command, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        return self.process

    def wait_until_up(self) -> None:
        process = self.process
        assert process is not None

        def is_up() -> bool:
            if process.poll() is not None:
                raise AssertionError(f"the server ended: {process.communicate()[0]}")
            info = read_runtime(self.home)
            return info is not None and info.pid == process.pid

        until(is_up, "the server to come up")

    def kill(self) -> None:
        """As a crash would."""
        assert self.process is not None
        self.process.kill()
        self.process.communicate()

    def stop(self) -> int:
        """SIGTERM, as a system shutting down sends it. Returns the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=TIMEOUT_S)
        return self.process.returncode

    @property
    def info(self) -> RuntimeInfo:
        info = read_runtime(self.home)
        assert info is not None
        return info

    def connection(self) -> Connection:
        """The client library's; it starts this server again when it is gone."""
        return Connection(self.home, self.command)

    @property
    def log(self) -> str:
        return (self.home.logs / "server.log").read_text("utf-8")

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Message | None = None,
        headers: dict[str, str | None] | None = None,
    ) -> Answer:
        """A request with exactly these headers: a None takes one of the usual away."""
        usual: dict[str, str | None] = {
            "Host": f"127.0.0.1:{self.info.port}",
            "Authorization": f"Bearer {self.info.token}",
        }
        if isinstance(body, Message):
            body = framing.pack(body)
        if body is not None:
            usual |= {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body))}
        connection = http.client.HTTPConnection("127.0.0.1", self.info.port, timeout=TIMEOUT_S)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in (usual | (headers or {})).items():
                if value is not None:
                    connection.putheader(name, value)
            connection.endheaders(body)
            return read_answer(connection.getresponse())
        finally:
            connection.close()

    def say(self, raw: bytes) -> Answer:
        """Bytes as they are, and the reply."""
        with socket.create_connection(("127.0.0.1", self.info.port), timeout=TIMEOUT_S) as open_socket:
            open_socket.sendall(raw)
            response = http.client.HTTPResponse(open_socket)
            response.begin()
            return read_answer(response)

    def last_event(self, path: str, body: Message) -> Message:
        """What a stream ends with; the error where there was none."""
        answer = self.ask("POST", path, body)
        if answer.status != 200:
            return answer.error
        return list(read_events(answer.body))[-1]


def read_answer(response: http.client.HTTPResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def read_events(body: bytes) -> Iterator[Message]:
    from draggan_client.messages import EVENTS

    reader = framing.StreamReader(EVENTS)
    yield from reader.feed(body)
    reader.end()


def pull(x: float = 8.0, y: float = 8.0, to_x: float = 24.0, to_y: float = 24.0, id: str = "p") -> PointPair:
    return PointPair(id, x, y, to_x, to_y)
