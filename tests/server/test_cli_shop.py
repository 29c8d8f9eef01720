"""`draggan-server models get` and `list --catalogue`: the real command against a web server on this computer."""

from __future__ import annotations

import codecs
import hashlib
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from draggan_client.discovery import Home
from tests.cats import LICENCE, entry, file, web, write_catalogue
from tests.server.harness import TIMEOUT_S, until
from tests.server.test_cli import Command, answer
from tests.web import Served, Web

__all__ = ["file", "web"]
GET = ("models", "get", "cats")
YES = ("--agree-to-licence", "--unverified")


@pytest.fixture
def draggan(tmp_path: Path, web: Web) -> Command:
    """The command, in a home with a catalogue, and no server."""
    home = tmp_path / "home"
    catalogues = home / "catalogues"
    write_catalogue(
        catalogues / "1.json", entry(web, size=250_000_000), entry(web, id="by-hand", address="", size=250_000_000)
    )
    write_catalogue(catalogues / "2.json", entry(web, size=None))
    (catalogues / "broken.json").write_text("{")
    folder = tmp_path / "work"
    folder.mkdir()
    return Command(home, folder)


def test_the_catalogue_is_listed(draggan: Command):
    done = draggan("models", "list", "--catalogue")
    assert "ffhq-512" in done.stdout and "Nvidia Source Code License" in done.stdout
    assert "by hand: https://example.org/cats" in done.stdout
    assert "broken.json cannot be read" in done.stderr
    entries = {entry["id"]: entry for entry in answer(draggan("models", "list", "--catalogue", "--json"))["catalogue"]}
    assert entries["cats"]["origin"] == "2.json"
    assert entries["ffhq-1024"]["page"] == "https://github.com/NVlabs/stylegan2-ada-pytorch"


def test_a_model_is_got_verified_and_spoilt(draggan: Command, web: Web, file: bytes):
    assert "Do you agree to the licence? Say so with --agree-to-licence." in draggan.fails(*GET)
    assert "Say so with --unverified." in draggan.fails(*GET, "--agree-to-licence")
    assert web.asked == []
    done = draggan(*GET, *YES)
    assert "Added cats (32 px) from NVIDIA's PyTorch networks" in done.stdout
    assert f"Licence: {LICENCE}" in done.stderr and "Converting" in done.stderr
    assert "'cats' already" in draggan.fails(*GET, *YES)
    assert "here" in next(
        line for line in draggan("models", "list", "--catalogue").stdout.splitlines() if line.startswith("cats ")
    )
    origin = json.loads((Home(draggan.home).models / "cats.origin.json").read_text())
    assert origin["source_sha256"] == hashlib.sha256(file).hexdigest()
    assert "cats: works, sha-256" in draggan("models", "verify", "cats").stdout

    path = Home(draggan.home).models / "cats.safetensors"
    data = bytearray(path.read_bytes())
    data[-4] ^= 1
    path.write_bytes(data)
    said = draggan("models", "verify", "cats", code=1).stdout
    assert "cats: DOES NOT WORK. cats.safetensors has changed since it was added" in said
    draggan("models", "remove", "cats")
    assert list(Home(draggan.home).models.iterdir()) == []
    draggan(*GET, "--agree-to-licence")  # what came the first time is known now


def test_what_cannot_be_got_is_one_line(draggan: Command, web: Web):
    assert "no model 'tigers'" in draggan.fails("models", "get", "tigers", *YES)
    assert "get its file at https://example.org/cats" in draggan.fails("models", "get", "by-hand", *YES)
    del web.files["/cats.pkl"]
    assert "127.0.0.1 has no such file any more (HTTP 404)" in draggan.fails(*GET, *YES)


def test_ctrl_c_keeps_what_has_come(draggan: Command, web: Web, file: bytes):
    web.files["/cats.pkl"] = Served(file, bytes_per_s=len(file) / 30)
    # Who runs the tests in the background has it ignored.
    with draggan.start(*GET, *YES, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as process:
        come = Home(draggan.home).downloads
        until(lambda: any(each.stat().st_size > 20_000 for each in come.glob("*")), "something to come")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 130
    assert "is kept: get it again, and it goes on from there." in said and "Traceback" not in said
    assert "have come" in draggan("models", "list", "--catalogue").stdout
    web.files["/cats.pkl"] = Served(file)
    draggan(*GET, *YES)
    assert web.asked[-1][1] is not None


def test_it_asks_in_a_terminal_and_shows_how_far_it_is(draggan: Command, web: Web, file: bytes):
    web.files["/cats.pkl"] = slow = Served(file, bytes_per_s=len(file) / 60)
    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "draggan_server.cli", *GET],
        cwd=draggan.folder,
        env={**draggan.environment, "COLUMNS": "100"},
        stdin=inside,
        stdout=inside,
        stderr=inside,
    )
    os.close(inside)
    said, decoder = "", codecs.getincrementaldecoder("utf-8")()

    def read_until(text: str) -> None:
        nonlocal said
        while text not in said:
            said += decoder.decode(os.read(terminal, 4096))

    read_until("agree to the licence? [y/N]:")
    os.write(terminal, b"y\n")
    read_until("all the same? [y/N]:")
    os.write(terminal, b"y\n")
    read_until("s left")
    slow.bytes_per_s = None
    read_until("\nsha-256 ")
    assert process.wait(TIMEOUT_S) == 0
    os.close(terminal)
    assert "Downloading  [" in said and "Converting ..." in said
    assert "Added cats" in said
