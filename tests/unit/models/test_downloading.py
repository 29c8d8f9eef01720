"""Downloads from a web server on this computer that cuts, dawdles, lies and sends elsewhere."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from draggan_server.models.downloading import (
    DownloadError,
    DownloadLimits,
    WrongFileError,
    bytes_here,
    download,
)
from draggan_server.models.redirects import Address
from tests.web import Served, Web, serving

DATA = os.urandom(3 << 20)
SHA256 = hashlib.sha256(DATA).hexdigest()
QUICK = DownloadLimits(tries=3, pause_s=0.02, slow_s=3.0, spare_disk=0)
ROOT = Path(__file__).parents[3]


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as web:
        web.files["/cats.pkl"] = Served(DATA)
        yield web


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "downloads" / "cats"


def whole(web: Web, into: Path, path: str = "/cats.pkl", limits: DownloadLimits = QUICK, **options) -> str:
    """Download it all; the sha-256."""
    steps = download(web.url + path, into, limits=limits, **options)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def left(into: Path) -> list[str]:
    return sorted(file.name for file in into.parent.iterdir()) if into.parent.exists() else []


def test_a_file_comes_and_is_checked(web: Web, into: Path):
    steps = download(web.url + "/cats.pkl", into, sha256=SHA256, size=len(DATA), limits=QUICK)
    seen = list(steps)
    assert into.read_bytes() == DATA
    assert seen[-1].done == seen[-1].total == len(DATA)
    assert [step.done for step in seen] == sorted(step.done for step in seen)


def test_what_is_whole_is_not_asked_for_again(web: Web, into: Path):
    assert whole(web, into) == whole(web, into) == SHA256
    assert len(web.asked) == 1


@pytest.mark.parametrize("says_length", [True, False])
def test_cut_connections_go_on_where_they_were(web: Web, into: Path, says_length: bool):
    web.files["/cats.pkl"] = Served(DATA, cut_after=[1 << 20, 100_000, 0, 500_000], says_length=says_length)
    assert whole(web, into, sha256=SHA256) == SHA256
    assert into.read_bytes() == DATA
    assert web.sent == len(DATA), "nothing came twice"
    assert [wanted for _, wanted in web.asked][1] == f"bytes={1 << 20}-"


def test_stopped_and_resumed_later(web: Web, into: Path):
    for step in download(web.url + "/cats.pkl", into, limits=QUICK):
        if step.done > len(DATA) // 3:
            break
    kept = bytes_here(web.url + "/cats.pkl", into)
    assert kept >= len(DATA) // 3
    assert bytes_here(web.url + "/dogs.pkl", into) == 0
    assert whole(web, into) == SHA256
    assert web.asked[-1] == ("/cats.pkl", f"bytes={kept}-")


def test_a_file_that_changed_meanwhile_begins_anew(web: Web, into: Path):
    web.files["/cats.pkl"] = Served(DATA, cut_after=[1 << 20] * 3)
    with pytest.raises(DownloadError, match=r"1 MiB\) is kept"):
        whole(web, into, limits=DownloadLimits(tries=1, spare_disk=0))
    other = os.urandom(2 << 20)
    web.files["/cats.pkl"] = Served(other, etag='"two"')
    assert whole(web, into) == hashlib.sha256(other).hexdigest()
    assert into.read_bytes() == other


def test_a_server_without_parts_begins_anew(web: Web, into: Path):
    web.files["/cats.pkl"] = Served(DATA, ranges=False, cut_after=[1 << 20])
    assert whole(web, into) == SHA256


def test_without_a_validator_only_a_known_hash_lets_it_go_on(web: Web, into: Path):
    for known in (None, SHA256):
        web.files["/cats.pkl"] = Served(DATA, etag=None)
        for step in download(web.url + "/cats.pkl", into, limits=QUICK):
            if step.done > 1 << 20:
                break
        web.asked.clear()
        assert whole(web, into, sha256=known) == SHA256
        assert (web.asked[0][1] is None) == (known is None)
        into.unlink()


def test_a_wrong_hash_is_deleted_and_said(web: Web, into: Path):
    with pytest.raises(WrongFileError, match=rf"its sha-256 is {SHA256}, not {'0' * 64}\. It was deleted"):
        whole(web, into, sha256="0" * 64)
    assert left(into) == []


def test_what_was_whole_and_was_spoilt_since_comes_again(web: Web, into: Path):
    whole(web, into)
    with into.open("r+b") as file:
        file.write(b"spoilt")
    assert whole(web, into, sha256=SHA256) == SHA256


@pytest.mark.parametrize("size", [len(DATA) - 1, len(DATA) + 1])
def test_a_wrong_size_is_seen_before_anything_comes(web: Web, into: Path, size: int):
    with pytest.raises(WrongFileError, match=rf"announces {len(DATA)} bytes, and the file has {size}"):
        whole(web, into, size=size)
    assert left(into) == []


@pytest.mark.parametrize("size", [len(DATA) - 1, len(DATA) + 1])
def test_a_wrong_size_that_nobody_announces(web: Web, into: Path, size: int):
    web.files["/cats.pkl"] = Served(DATA, says_length=False)
    with pytest.raises(WrongFileError, match=r"sent \d+ bytes.* and the file has"):
        whole(web, into, size=size)
    assert left(into) == []


@pytest.mark.parametrize("says_length", [True, False])
def test_an_endless_file_is_refused(web: Web, into: Path, says_length: bool):
    web.files["/cats.pkl"] = Served(DATA, says_length=says_length)
    with pytest.raises(DownloadError, match="more than any model needs"):
        whole(web, into, limits=DownloadLimits(largest=1 << 20, spare_disk=0))
    assert left(into) == []


def test_redirects_are_followed_up_to_a_point(web: Web, into: Path):
    web.files["/old.pkl"] = Served(redirect="/older.pkl")
    web.files["/older.pkl"] = Served(redirect=f"{web.url}/cats.pkl")
    web.files["/circle"] = Served(redirect="/circle")
    assert whole(web, into, "/old.pkl") == SHA256
    with pytest.raises(DownloadError, match="from address to address without end"):
        whole(web, into.with_name("circle"), "/circle")
    web.files["/mail"] = Served(redirect="mailto:somebody")
    with pytest.raises(DownloadError, match="address that is none"):
        whole(web, into.with_name("mail"), "/mail")


def test_the_web_does_not_send_into_this_computers_network(web: Web, into: Path):
    """The server is this computer's own; for what is asked of it by another name, that name is said to be elsewhere."""
    by_name = web.url.replace("127.0.0.1", "localhost")
    web.files["/cats.pkl"] = Served(redirect="/here.pkl")
    web.files["/here.pkl"] = Served(redirect=f"{web.url}/secret")
    web.files["/secret"] = Served(DATA)

    def resolve(host: str) -> tuple[Address, ...]:
        return (ip_address("192.0.43.8" if host == "localhost" else host),)

    with pytest.raises(DownloadError, match=r"localhost sends to 127\.0\.0\.1 .* of its own network: refused"):
        list(download(f"{by_name}/cats.pkl", into, limits=QUICK, resolve=resolve))
    assert [path for path, _ in web.asked] == ["/cats.pkl", "/here.pkl"], "asked once, and nothing of the last one"
    assert into.read_bytes() == b""
    for _ in download(f"{by_name}/cats.pkl", into, limits=QUICK, sha256=SHA256):
        pass  # as the system resolves it, it is this computer that sends on
    assert into.read_bytes() == DATA


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "no such file any more"),
        (410, "no such file any more"),
        (403, "not give the file to everybody"),
        (418, "418"),
    ],
)
def test_a_file_that_is_not_there_is_asked_for_once(web: Web, into: Path, status: int, said: str):
    web.files["/cats.pkl"] = Served(failures=[status] * 9)
    with pytest.raises(DownloadError, match=said):
        whole(web, into)
    assert len(web.asked) == 1


def test_a_busy_server_is_asked_again(web: Web, into: Path):
    web.files["/cats.pkl"] = Served(DATA, failures=[503, 429])
    assert whole(web, into) == SHA256
    web.files["/dogs.pkl"] = Served(DATA, failures=[503] * 9)
    with pytest.raises(DownloadError, match=r"cannot give the file just now \(HTTP 503\)"):
        whole(web, into.with_name("dogs"), "/dogs.pkl")


def test_a_web_page_is_no_model(web: Web, into: Path):
    web.files["/cats.pkl"] = Served(b"<html>Virus scan warning", content_type="text/html; charset=utf-8")
    with pytest.raises(DownloadError, match=r"a web page instead of the file\. Open it in a browser"):
        whole(web, into)


def test_silence_ends_in_another_try_and_then_in_an_error(web: Web, into: Path):
    web.files["/cats.pkl"] = Served(DATA, silent_after=1 << 20)
    began = time.monotonic()
    with pytest.raises(DownloadError, match=r"broke off \(nothing came for too long\).*MiB\) is kept"):
        whole(web, into, limits=DownloadLimits(read_s=2.0, tries=1, spare_disk=0))
    assert time.monotonic() - began < 40, "the server would be silent for a minute"
    web.files["/cats.pkl"] = Served(DATA)
    assert whole(web, into) == SHA256
    assert web.asked[-1][1] == f"bytes={1 << 20}-"


def test_a_slow_server_is_waited_for_and_one_that_sends_next_to_nothing_is_not(web: Web, into: Path):
    web.files["/slow.pkl"] = Served(DATA[:40_000], bytes_per_s=20_000)
    assert whole(web, into, "/slow.pkl") == hashlib.sha256(DATA[:40_000]).hexdigest()
    web.files["/drip.pkl"] = Served(DATA, bytes_per_s=100)
    with pytest.raises(DownloadError, match=r"sends next to nothing.*is kept"):
        whole(web, into.with_name("drip"), "/drip.pkl")


def test_nobody_there(into: Path):
    with serving() as web:
        pass
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1 cannot be reached \(Connection refused\)"):
        whole(web, into)


def test_a_disk_without_room_is_seen_before_anything_comes(web: Web, into: Path):
    with pytest.raises(OSError, match="3 MiB are still to come") as full:
        whole(web, into, limits=DownloadLimits(spare_disk=1 << 60))
    assert full.value.errno == errno.ENOSPC


@pytest.mark.skipif(sys.platform != "linux", reason="a small disk is made with a name space of Linux")
def test_a_disk_that_fills_up_on_the_way(web: Web, tmp_path: Path):
    """A real small disk: what has come stays there, and with room it goes on."""
    web.files["/cats.pkl"] = Served(DATA, says_length=False)
    code = f"""
import sys, errno, pathlib, subprocess
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "plugins" / "common")!r}]
from draggan_server.models.downloading import DownloadLimits, bytes_here, download
disk = pathlib.Path({str(tmp_path)!r})
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=True)
into, limits = disk / "cats", DownloadLimits(spare_disk=0)
try:
    list(download({web.url + "/cats.pkl"!r}, into, limits=limits))
    sys.exit("it fitted")
except OSError as error:
    assert error.errno == errno.ENOSPC, error
kept = bytes_here({web.url + "/cats.pkl"!r}, into)
assert 900_000 < kept <= 1 << 20, kept
subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
list(download({web.url + "/cats.pkl"!r}, into, limits=limits, sha256={SHA256!r}))
assert into.stat().st_size == {len(DATA)}
"""
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert any(wanted for _, wanted in web.asked), "it went on where it was"
