"""The desk: how the server stands, started, ended and reported on, with the editor never waiting."""

import contextlib
import dataclasses
import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from draggan_client import diagnostics, discovery, launcher, server_desk
from draggan_client.discovery import Home, LaunchCommand, process_exists, read_runtime, write_launch
from draggan_client.editing import Editing, Phase, ServerDesk, ServerPhase, ServerStatus
from draggan_client.messages import Ack, Error, FromSeed, ModelInfo, Models
from draggan_client.wording import server_text
from tests.plugins.editor_thread import AT_ONCE_S, EditorThread
from tests.plugins.fake_server import GO, FakeServer
from tests.plugins.test_launcher import command, started


class Desk:
    """A ServerDesk, and what an editor heard of it."""

    def __init__(self, home: Home, argv: tuple[str, ...] | None = None) -> None:
        self.thread = EditorThread()
        self.heard: list[ServerStatus] = []
        self.desk = ServerDesk(self.thread.hand_over, self._changed, "GIMP 3.0.4", home, argv)

    def until(self, *phases: ServerPhase) -> ServerStatus:
        self.thread.until(lambda: self.desk.status.phase in phases)
        self.thread.rest(0.05)
        return self.desk.status

    def texts(self, phase: ServerPhase) -> list[str]:
        """What was said in that phase."""
        return [status.text for status in self.heard if status.phase is phase]

    def _changed(self) -> None:
        self.heard.append(self.desk.status)


@pytest.fixture
def desks(home: Home) -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(argv: tuple[str, ...] | None = None, where: Home = home) -> Desk:
        made.append(Desk(where, argv))
        return made[-1]

    yield make
    for desk in made:
        desk.desk.close()
    for line in started(home):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(line.split()[0]), signal.SIGKILL)


MODELS = (ModelInfo("portraits", "Portraits", "faces", "CC0", 128, "a" * 64, thumbnail=b"png", steps_per_s=4.25),)


def test_looking_starts_nothing(home: Home, desks: Callable[..., Desk]) -> None:
    write_launch(home, LaunchCommand(command("well")))
    desk = desks()
    desk.desk.refresh()
    desk.thread.until(lambda: "starts by itself" in desk.desk.status.text)
    assert desk.desk.status.phase is ServerPhase.OFF
    assert not started(home)


def test_a_server_that_runs_is_found_with_its_models(
    server: FakeServer, desks: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = server.reply_to
    monkeypatch.setattr(server, "reply_to", lambda *asked: Models(MODELS) if asked[1] == ["models"] else usual(*asked))
    desk = desks()
    desk.desk.refresh()
    desk.thread.until(lambda: desk.desk.status.models)
    status = desk.desk.status
    assert status.phase is ServerPhase.READY and status.models == MODELS
    assert status.hello and status.text == server_text(status) == "Ready: cpu (version 0.1.0)"
    server.stop()
    desk.desk.refresh()
    status = desk.until(ServerPhase.TROUBLE)
    assert status.models == MODELS, "the chooser keeps its entries"


@pytest.mark.parametrize("lacking", [{"thumbnail": b""}, {"steps_per_s": None}], ids=str)
def test_what_the_server_still_makes_is_asked_for_again(
    server: FakeServer, desks: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch, lacking: dict[str, Any]
) -> None:
    monkeypatch.setattr(server_desk, "_MAKING_S", 0.01)
    usual, answers = server.reply_to, [(dataclasses.replace(MODELS[0], **lacking),)] * 3 + [MODELS]
    replies = iter(answers)
    monkeypatch.setattr(server, "reply_to", lambda *a: Models(next(replies)) if a[1] == ["models"] else usual(*a))
    desk = desks()
    desk.desk.refresh()
    desk.thread.until(lambda: desk.desk.status.models == MODELS)
    desk.thread.rest(0.2)
    assert server.asked.count("GET /models") == len(answers), "and no more once all is there"


def test_what_never_comes_is_not_asked_for_for_ever(
    server: FakeServer, desks: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_desk, "_MAKING_S", 0.001)
    monkeypatch.setattr(server_desk, "_MAKING_LOOKS", 3)
    bare = dataclasses.replace(MODELS[0], thumbnail=b"")
    more = dataclasses.replace(bare, id="more")
    usual, models = server.reply_to, [bare]
    monkeypatch.setattr(
        server, "reply_to", lambda *asked: Models(tuple(models)) if asked[1] == ["models"] else usual(*asked)
    )
    desk = desks()
    desk.desk.refresh()
    desk.thread.until(lambda: server.asked.count("GET /models") == 4)
    desk.thread.rest(0.2)
    assert server.asked.count("GET /models") == 4
    models.append(more)
    desk.desk.refresh()
    desk.thread.until(lambda: server.asked.count("GET /models") == 8)


def test_it_is_started_and_says_what_is_waited_for(home: Home, desks: Callable[..., Desk]) -> None:
    desk = desks(command("when_told"))
    began = time.monotonic()
    desk.desk.start()
    assert time.monotonic() - began < AT_ONCE_S
    assert desk.desk.status.phase is ServerPhase.STARTING
    desk.thread.until(
        lambda: [text for text in desk.texts(ServerPhase.STARTING) if re.search(r"server … \d+ s$", text)]
    )
    (home.folder / GO).touch()
    status = desk.until(ServerPhase.READY, ServerPhase.TROUBLE)
    assert status.phase is ServerPhase.READY, status
    desk.desk.start()
    assert desk.until(ServerPhase.READY).phase is ServerPhase.READY and len(started(home)) == 1


def test_one_that_is_not_installed_is_said_how_to_get(home: Home, desks: Callable[..., Desk]) -> None:
    desk = desks()
    for ask in (desk.desk.refresh, desk.desk.start):
        ask()
        desk.thread.rest(0.2)
        status = desk.until(ServerPhase.TROUBLE)
        assert "not installed" in status.text and "python3 install/install.py" in status.hint
        assert server_text(status) == status.text


def test_from_a_sandbox_it_is_started_outside(
    home: Home, desks: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "sandbox", lambda: "Flatpak")
    write_launch(home, LaunchCommand(("/opt/dragGAN/python", "-m", "draggan_server", "serve")))
    desk = desks()
    for ask in (desk.desk.refresh, desk.desk.start):
        ask()
        desk.thread.rest(0.2)
        status = desk.until(ServerPhase.TROUBLE)
        assert "from Flatpak cannot start it" in status.text
        assert "/opt/dragGAN/python -m draggan_server serve" in status.hint


def test_one_that_crashes_is_quoted(desks: Callable[..., Desk]) -> None:
    desk = desks(command("crash"))
    desk.desk.start()
    status = desk.until(ServerPhase.TROUBLE)
    assert "ended while starting" in status.text and "\n" not in status.text
    assert "No module named 'torch'" in status.detail and "install.py" in status.hint


def test_one_of_another_version_is_said(home: Home, desks: Callable[..., Desk]) -> None:
    newer = FakeServer(home, protocol=99)
    try:
        desk = desks()
        for ask in (desk.desk.refresh, desk.desk.start):
            ask()
            desk.thread.rest(0.2)
            status = desk.until(ServerPhase.TROUBLE)
            assert "speaks protocol 99, this plugin speaks 1" in status.text and "installer" in status.hint
        editing = Editing(desk.desk.connection, desk.thread.hand_over, lambda: None)
        editing.open(FromSeed(7))
        desk.thread.until(lambda: not editing.view.is_busy)
        assert editing.view.phase is Phase.LOST and "protocol 99" in str(editing.view.problem)
        editing.close()
    finally:
        newer.stop()


def test_a_start_can_be_given_up(home: Home, desks: Callable[..., Desk]) -> None:
    desk = desks(command("mute"))
    desk.desk.start()
    desk.thread.until(lambda: started(home))
    pid = int(started(home)[0].split()[0])
    began = time.monotonic()
    desk.desk.stop()
    assert time.monotonic() - began < AT_ONCE_S
    assert desk.until(ServerPhase.OFF).phase is ServerPhase.OFF
    desk.thread.until(lambda: not process_exists(pid))
    assert desk.desk.status.phase is ServerPhase.OFF
    # It was given up once, not for ever.
    desk.desk.connection._command = command("well")
    desk.desk.start()
    assert desk.until(ServerPhase.READY, ServerPhase.TROUBLE).phase is ServerPhase.READY


def test_an_edit_that_starts_the_server_shows_here(home: Home, desks: Callable[..., Desk]) -> None:
    desk = desks(command("when_told"))
    editing = Editing(desk.desk.connection, desk.thread.hand_over, lambda: None)
    editing.open(FromSeed(7))
    assert desk.until(ServerPhase.STARTING).text
    (home.folder / GO).touch()
    assert desk.until(ServerPhase.READY, ServerPhase.TROUBLE, ServerPhase.OFF).phase is ServerPhase.READY
    desk.thread.until(lambda: editing.view.phase is Phase.READY)
    editing.close()
    assert len(started(home)) == 1


def test_giving_up_a_start_that_an_edit_made(home: Home, desks: Callable[..., Desk]) -> None:
    desk = desks(command("mute"))
    editing = Editing(desk.desk.connection, desk.thread.hand_over, lambda: None)
    editing.open(FromSeed(7))
    desk.until(ServerPhase.STARTING)
    desk.desk.stop()
    desk.thread.until(lambda: not editing.view.is_busy)
    assert editing.view.phase is Phase.IDLE and editing.view.problem is None
    assert desk.until(ServerPhase.OFF).phase is ServerPhase.OFF
    editing.close()


def test_an_edit_that_waits_for_the_server_is_stopped_at_once(home: Home, desks: Callable[..., Desk]) -> None:
    """Whoever starts it: the edit itself, or the desk, for which the edit only waits."""
    for desk_starts in (False, True):
        desk = desks(command("mute"))
        if desk_starts:
            desk.desk.start()
            desk.thread.rest(0.3)
        editing = Editing(desk.desk.connection, desk.thread.hand_over, lambda: None)
        editing.open(FromSeed(7))
        desk.thread.rest(0.3)
        editing.stop()
        began = time.monotonic()
        desk.thread.until(lambda editing=editing: not editing.view.is_busy)
        assert time.monotonic() - began < launcher.START_TIMEOUT_S / 4 and editing.view.phase is Phase.IDLE
        editing.close()
        desk.desk.stop()
        desk.until(ServerPhase.OFF)


def test_it_is_ended(server: FakeServer, desks: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    usual = server.reply_to

    def reply(method: str, path: list[str], *rest: Any) -> Any:
        if path == ["shutdown"]:
            threading.Timer(0.2, server.stop).start()
            return Ack()
        return usual(method, path, *rest)

    monkeypatch.setattr(server, "reply_to", reply)
    desk = desks()
    desk.desk.refresh()
    desk.until(ServerPhase.READY)
    desk.desk.stop()
    assert desk.until(ServerPhase.OFF, ServerPhase.TROUBLE).phase is ServerPhase.OFF


def test_one_that_does_not_end_is_said(
    server: FakeServer, desks: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_desk, "_ENDING_TIMEOUT_S", 0.3)
    desk = desks()
    desk.desk.refresh()
    desk.until(ServerPhase.READY)
    desk.desk.stop()
    assert "has not yet" in desk.until(ServerPhase.TROUBLE).text


def test_stopping_what_does_not_run_starts_nothing(home: Home, desks: Callable[..., Desk]) -> None:
    write_launch(home, LaunchCommand(command("well")))
    desk = desks()
    desk.desk.stop()
    desk.thread.rest(0.3)
    assert desk.desk.status.phase is ServerPhase.OFF and not started(home)


def test_a_damaged_configuration_is_said_and_lived_with(
    desks: Callable[..., Desk], home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def find_home() -> Home:
        return discovery.find_home({}, tmp_path / "plugin/draggan_client")

    monkeypatch.setattr(server_desk, "find_home", find_home)
    monkeypatch.setattr(server_desk, "default_home", lambda: home)
    (tmp_path / "plugin").mkdir()
    (tmp_path / "plugin" / discovery.CONFIGURATION).write_text("{")
    desk = ServerDesk(EditorThread().hand_over, lambda: None)
    assert desk.status.phase is ServerPhase.TROUBLE and "cannot be read" in desk.status.text
    assert desk.home == home
    desk.close()


def test_a_report_tells_what_matters_and_no_secret(
    home: Home, server: FakeServer, desks: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = server.reply_to
    monkeypatch.setattr(server, "reply_to", lambda *asked: Models(MODELS) if asked[1] == ["models"] else usual(*asked))
    monkeypatch.setenv("HOME", str(home.folder.parent))
    write_launch(home, LaunchCommand((sys.executable, "-m", "draggan_server")))
    home.logs.mkdir(parents=True)
    home.server_log.write_text("".join(f"line {number}\n" for number in range(100)) + server.info.token + "\n")
    desk = desks()
    texts: list[str] = []
    diagnostics.recent_errors.note("testing", ValueError("nothing serious"))
    desk.desk.diagnostics(texts.append)
    desk.thread.until(lambda: texts)
    text = texts[0]
    for part in (
        "GIMP 3.0.4",
        "Python: %d.%d.%d" % sys.version_info[:3],  # noqa: UP031
        "folder: ~/home",
        f"starts the server by: {sys.executable} -m draggan_server",
        f"process {os.getpid()}",
        "running: version 0.1.0, protocol 1, on cpu",
        "model: portraits, 128 px, sha-256 aaaaaaaaaaaa, 4.2 steps/s",
        "ValueError: nothing serious",
        "line 99",
        "(token)",
    ):
        assert part in text, (part, text)
    assert server.info.token not in text and str(home.folder.parent) not in text and "line 50\n" not in text


@pytest.mark.parametrize("manner", ["nothing there", "stale file", "mute server", "broken server"])
def test_a_report_of_anything_that_is_broken(
    home: Home, desks: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch, manner: str, server: FakeServer
) -> None:
    if manner == "nothing there":
        server.stop()
        home.runtime_file.unlink()
    elif manner == "stale file":
        server.stop()
        home.runtime_file.write_text(json.dumps({"url": "x"}))
    elif manner == "mute server":
        monkeypatch.setattr(launcher, "HELLO_TIMEOUT_S", 0.2)
        monkeypatch.setattr(server, "reply_to", lambda *asked: time.sleep(1))
    else:
        monkeypatch.setattr(server, "reply_to", lambda *asked: Error("internal", "Broken."))
    desk = desks()
    texts: list[str] = []
    desk.desk.diagnostics(texts.append)
    desk.thread.until(lambda: texts)
    due = {
        "nothing there": "not running",
        "stale file": "its file cannot be read",
        "mute server": "PROBLEM: The server (process",
        "broken server": "not running: process",
    }[manner]
    assert due in texts[0] and "Logs" in texts[0]


def test_a_report_does_not_wait_for_a_start(desks: Callable[..., Desk]) -> None:
    desk = desks(command("mute"))
    desk.desk.start()
    desk.thread.rest(0.3)
    texts: list[str] = []
    desk.desk.diagnostics(texts.append)
    desk.thread.until(lambda: texts, launcher.START_TIMEOUT_S / 4)
    assert desk.desk.status.phase is ServerPhase.STARTING
    desk.desk.stop()
    desk.until(ServerPhase.OFF)


def test_nothing_is_heard_after_the_end(home: Home, desks: Callable[..., Desk]) -> None:
    desk = desks(command("mute"))
    desk.desk.start()
    desk.thread.until(lambda: started(home))
    pid = int(started(home)[0].split()[0])
    heard = len(desk.heard)
    began = time.monotonic()
    desk.desk.close()
    assert time.monotonic() - began < AT_ONCE_S
    desk.thread.until(lambda: not process_exists(pid))
    assert len(desk.heard) == heard and read_runtime(home) is None
