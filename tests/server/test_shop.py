"""More models over the wire: catalogue, downloads, files of this computer, and files put into the models folder."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from draggan_client.errors import ServerError
from draggan_client.messages import (
    AddModelRequest,
    Catalogue,
    DragOptions,
    Error,
    FromSeed,
    GetModelRequest,
    ModelAdded,
    Models,
    Progress,
)
from draggan_client.transport import Transport
from tests.cats import LICENCE, entry, file, web, write_catalogue
from tests.server.conftest import new_home
from tests.server.harness import TIMEOUT_S, ServerProcess, pull, until
from tests.web import Served, Web

__all__ = ["file", "web"]


@pytest.fixture
def shop(tmp_path: Path, web: Web) -> Iterator[ServerProcess]:
    """A server whose user has a catalogue with "cats" in it."""
    home = tmp_path / "home"
    write_catalogue(home / "catalogues" / "mine.json", entry(web))
    server = ServerProcess(home).start()
    yield server
    assert server.stop() == 0


def transport(server: ServerProcess) -> Transport:
    return Transport(server.info)


def cats(server: ServerProcess):
    entries = transport(server).ask("GET", "/catalogue", Catalogue).entries
    return next(entry for entry in entries if entry.id == "cats")


def get(server: ServerProcess, **options) -> list[Progress | ModelAdded]:
    request = GetModelRequest("cats", **{"licence": LICENCE, "unverified": True, **options})
    return list(transport(server).stream_model("/models/get", request))


def models(server: ServerProcess) -> Models:
    return transport(server).ask("GET", "/models", Models)


def test_a_model_is_got_and_drags(shop: ServerProcess, file: bytes):
    before = cats(shop)
    assert (before.origin, before.is_here, before.sha256, before.bytes_here) == ("mine.json", False, "", 0)
    events = get(shop)
    added = events[-1]
    assert isinstance(added, ModelAdded)
    assert (added.model.id, added.model.licence, added.format) == ("cats", LICENCE, "NVIDIA's PyTorch networks")
    assert {event.stage for event in events if isinstance(event, Progress)} >= {"download", "convert"}
    after = cats(shop)
    assert after.is_here and after.sha256 == hashlib.sha256(file).hexdigest()
    session = shop.connection().session(FromSeed(3), "cats")
    assert list(session.drag([pull(8, 8, 12, 12)], settings=DragOptions(max_steps=2)))[-1].steps >= 1
    with pytest.raises(ServerError, match="'cats' already"):
        get(shop)


def test_nothing_comes_without_a_yes(shop: ServerProcess, web: Web):
    for options in ({"licence": "MIT"}, {"unverified": False}):
        with pytest.raises(ServerError) as refused:
            get(shop, **options)
        assert refused.value.code == "licence"
    with pytest.raises(ServerError) as refused:
        list(transport(shop).stream_model("/models/get", GetModelRequest("tigers", "")))
    assert refused.value.code == "unknown_entry"
    assert web.asked == []


def test_hanging_up_stops_and_the_next_time_goes_on(shop: ServerProcess, web: Web, file: bytes):
    web.files["/cats.pkl"] = Served(file, bytes_per_s=len(file) / 30)
    stream = transport(shop).stream_model("/models/get", GetModelRequest("cats", LICENCE, unverified=True))
    for event in stream:
        if isinstance(event, Progress) and event.step * 1024 > len(file) // 10:
            break
    stream.close()
    web.files["/cats.pkl"] = Served(file)
    until(lambda: "client has gone" in shop.log or cats(shop).bytes_here > 0, "the download to stop")
    assert cats(shop).bytes_here >= len(file) // 10 - 1024
    get(shop)
    assert web.asked[-1][1] is not None and web.sent < 1.5 * len(file)


def test_a_slow_download_tells_how_long_and_keeps_nobody_waiting(shop: ServerProcess, web: Web, file: bytes):
    web.files["/cats.pkl"] = slow = Served(file, bytes_per_s=len(file) / 600)
    events: list[Progress | ModelAdded] = []
    request = GetModelRequest("cats", LICENCE, unverified=True)
    thread = threading.Thread(target=lambda: events.extend(transport(shop).stream_model("/models/get", request)))
    thread.start()
    until(lambda: web.asked, "the download to begin")
    session = shop.connection().session(FromSeed(1), "portraits")
    list(session.open())
    models(shop)
    told = lambda: any(event.remaining_s for event in list(events) if isinstance(event, Progress))  # noqa: E731
    until(told, "it to tell how long it takes")
    assert thread.is_alive()
    slow.bytes_per_s = None
    thread.join(TIMEOUT_S)
    assert isinstance(events[-1], ModelAdded)


def test_a_failing_download_says_why(shop: ServerProcess, web: Web):
    del web.files["/cats.pkl"]
    with pytest.raises(ServerError, match="no such file any more") as failed:
        get(shop)
    assert failed.value.code == "download_failed"
    web.files["/cats.pkl"] = Served(b"\x80\x02cposix\nsystem\n.")
    with pytest.raises(ServerError, match=r"asks for posix\.system") as failed:
        get(shop)
    assert failed.value.code == "bad_model"


def test_a_server_that_ends_during_a_download_goes_on_the_next_time(shop: ServerProcess, web: Web, file: bytes):
    web.files["/cats.pkl"] = Served(file, bytes_per_s=len(file) / 60)
    stream = transport(shop).stream_model("/models/get", GetModelRequest("cats", LICENCE, unverified=True))
    iterator = iter(stream)
    while next(iterator).step * 1024 < 20_000:
        pass
    assert shop.stop() == 0
    shop.start()
    assert cats(shop).bytes_here >= 20_000 - 1024
    web.files["/cats.pkl"] = Served(file)
    assert isinstance(get(shop)[-1], ModelAdded)


def test_a_file_of_this_computer_is_added(shop: ServerProcess, tmp_path: Path, file: bytes):
    path = tmp_path / "stylegan2-ffhq-32.pkl"
    path.write_bytes(file)
    events = list(transport(shop).stream_model("/models/add", AddModelRequest(str(path), licence="CC0")))
    added = events[-1]
    assert isinstance(added, ModelAdded)
    assert (added.model.id, added.model.domain) == ("stylegan2-ffhq-32", "photographs of faces")
    assert added.model.alignment[0].name == "eye_left"
    assert path.exists(), "the artist's own file stays"


@pytest.mark.parametrize("what", ["nothing", "folder", "pipe", "device", "relative", "evil", "alignment", "zero"])
def test_what_is_no_file_of_a_model_is_refused(shop: ServerProcess, tmp_path: Path, what: str):
    path = tmp_path / "x.pkl"
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "evil":
        path.write_bytes(b"\x80\x02cposix\nsystem\n.")
    elif what == "alignment":
        path.write_bytes(b"")
    text = {"device": "/dev/zero", "relative": "x.pkl", "zero": "/tmp/\0"}.get(what, str(path))
    request = AddModelRequest(text, alignment="mine" if what == "alignment" else None)
    said = {
        "nothing": "No such file", "folder": "is a folder", "pipe": "no plain file", "device": "no plain file",
        "relative": "cannot be read", "evil": r"posix\.system", "alignment": "no alignment 'mine'", "zero": "null",
    }[what]  # fmt: skip
    with pytest.raises(ServerError, match=said) as refused:
        list(transport(shop).stream_model("/models/add", request))
    assert refused.value.code in ("bad_request", "bad_model")


def test_files_put_into_the_models_folder_become_models(shop: ServerProcess, file: bytes):
    folder = shop.home.models
    folder.mkdir(exist_ok=True)
    (folder / "Lions 512.pkl").write_bytes(file)
    (folder / "evil.pt").write_bytes(b"\x80\x02cposix\nsystem\n.")
    (folder / "half.pkl").write_bytes(file[: len(file) // 2])
    (folder / "notes.txt").write_text("none of ours")
    assert {one.name: one.state for one in models(shop).files} == {
        "Lions 512.pkl": "waiting", "evil.pt": "waiting", "half.pkl": "waiting",
    }  # fmt: skip
    until(lambda: "Lions-512" in {model.id for model in models(shop).models}, "the file to become a model")
    until(lambda: {one.state for one in models(shop).files} == {"refused"}, "the others to be refused")
    problems = {one.name: one.problem for one in models(shop).files}
    assert set(problems) == {"evil.pt", "half.pkl"}
    assert "asks for posix.system" in problems["evil.pt"]
    assert (folder / "originals" / "Lions 512.pkl").exists()
    (folder / "half.pkl").write_bytes(file)  # the rest of it comes
    until(lambda: "half" in {model.id for model in models(shop).models}, "the whole file to become a model")
    damaged = folder / "broken.safetensors"
    damaged.write_bytes(b"no model")
    assert {one.name for one in models(shop).files} == {"evil.pt", "broken.safetensors"}


def test_too_many_at_once(shop: ServerProcess, web: Web, file: bytes):
    web.files["/cats.pkl"] = Served(file, bytes_per_s=1000)
    streams = [
        transport(shop).stream_model("/models/get", GetModelRequest("cats", LICENCE, unverified=True)) for _ in range(4)
    ]
    with pytest.raises(ServerError) as refused:
        get(shop)
    assert refused.value.code == "busy"
    for stream in streams:
        stream.close()
    web.files["/cats.pkl"] = Served(file)

    def gets_in() -> bool:
        answer = shop.last_event("/models/get", GetModelRequest("cats", LICENCE, unverified=True))
        return not (isinstance(answer, Error) and answer.code == "busy")

    until(gets_in, "the others to be gone")


def test_the_home_of_other_tests_has_the_programs_catalogue(tmp_path: Path, models: Path):
    server = ServerProcess(new_home(tmp_path / "home", models)).start()
    try:
        catalogue = transport(server).ask("GET", "/catalogue", Catalogue)
        assert len(catalogue.entries) >= 20 and catalogue.problems == ()
    finally:
        server.stop()
