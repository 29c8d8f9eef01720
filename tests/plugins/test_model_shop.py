"""The model shop as an editor uses it, with the real server and a web server on this computer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from draggan_client.messages import AddModelRequest, CatalogueEntry, Progress
from draggan_client.model_shop import ModelShop, ShopPhase, ShopView, needs_a_yes
from draggan_client.wording import come_text, files_text, offer_texts, shop_text, size_text, speed_text
from tests.cats import entry, file, web, write_catalogue
from tests.plugins.editor_thread import PATIENCE_S, EditorThread
from tests.server.harness import ServerProcess
from tests.web import Served, Web

__all__ = ["file", "web"]


class Artist:
    """A window with a shop in it."""

    def __init__(self, server: ServerProcess) -> None:
        self.thread = EditorThread()
        self.views: list[ShopView] = []
        self.shop = ModelShop(server.connection(), self.thread.hand_over, lambda: self.views.append(self.shop.view))

    @property
    def view(self) -> ShopView:
        return self.shop.view

    def load(self) -> CatalogueEntry:
        self.shop.load()
        self.thread.until(lambda: self.view.phase is ShopPhase.IDLE and self.view.entries is not None)
        entry = self.view.entry("cats")
        assert entry is not None
        return entry

    def until_done(self) -> ShopView:
        self.thread.until(lambda: not self.view.is_busy)
        return self.view


@pytest.fixture
def artist(tmp_path: Path, web: Web) -> Iterator[Artist]:
    home = tmp_path / "home"
    write_catalogue(home / "catalogues" / "mine.json", entry(web))
    server = ServerProcess(home).start()
    artist = Artist(server)
    yield artist
    artist.shop.close()
    assert artist.shop.wait_closed(PATIENCE_S)  # else it would start the server again
    server.stop()


def test_a_model_is_got(artist: Artist):
    entry = artist.load()
    assert needs_a_yes(entry)
    artist.shop.get(entry, unverified=True)
    assert artist.view.phase is ShopPhase.GETTING and artist.view.entry_id == "cats"
    view = artist.until_done()
    assert view.added is not None and view.added.id == "cats"
    assert view.text == "Cats is here."
    artist.thread.until(lambda: (found := artist.view.entry("cats")) is not None and found.is_here)
    texts = [seen.text for seen in artist.views]
    assert "Converting …" in texts


def test_without_a_yes_the_artist_is_told(artist: Artist, web: Web):
    entry = artist.load()
    artist.shop.get(entry)
    view = artist.until_done()
    assert view.problem is not None and "Nobody has published" in view.problem.message
    assert web.asked == []


def test_stopped_and_gone_on_with(artist: Artist, web: Web, file: bytes):
    entry = artist.load()
    web.files["/cats.pkl"] = Served(file, bytes_per_s=len(file) / 20)
    artist.shop.get(entry, unverified=True)
    artist.thread.until(lambda: (artist.view.fraction or 0) > 0.1)
    assert "Downloading: 0." in artist.view.text
    artist.shop.cancel()
    view = artist.until_done()
    assert view.problem is None and view.text.startswith("Stopped. What has come is kept")
    artist.thread.until(lambda: (found := artist.view.entry("cats")) is not None and found.bytes_here > 0)
    web.files["/cats.pkl"] = Served(file)
    artist.shop.get(entry, unverified=True)
    assert artist.until_done().added is not None
    assert web.asked[-1][1] is not None


def test_what_goes_wrong_is_told(artist: Artist, web: Web):
    entry = artist.load()
    del web.files["/cats.pkl"]
    artist.shop.get(entry, unverified=True)
    view = artist.until_done()
    assert view.problem is not None and "no such file any more" in view.problem.message


def test_a_file_is_added(artist: Artist, tmp_path: Path, file: bytes):
    (tmp_path / "dogs.pkl").write_bytes(file)
    artist.shop.add(AddModelRequest(str(tmp_path / "dogs.pkl")))
    view = artist.until_done()
    assert view.added is not None and view.added.domain == "dogs"
    artist.shop.add(AddModelRequest(str(tmp_path)))
    view = artist.until_done()
    assert view.problem is not None and "is a folder" in view.problem.message


def test_files_in_the_models_folder_are_told_of_until_they_are_models(artist: Artist, tmp_path: Path, file: bytes):
    folder = tmp_path / "home" / "models"
    folder.mkdir(exist_ok=True)
    (folder / "lions.pkl").write_bytes(file)
    (folder / "evil.pkl").write_bytes(b"\x80\x02cposix\nsystem\n.")
    artist.load()
    assert "lions.pkl in the models folder is being converted" in files_text(artist.view.files)
    artist.thread.until(lambda: [one.state for one in artist.view.files] == ["refused"])
    assert "evil.pkl: it asks for posix.system" in files_text(artist.view.files)


def test_texts():
    assert [size_text(count) for count in (0, 1_500_000, 364_000_000, 2_100_000_000)] == [
        "0.0 MB", "1.5 MB", "364 MB", "2.1 GB",
    ]  # fmt: skip
    assert come_text(120_000_000, 364_000_000) == "120 of 364 MB"
    assert come_text(120_000_000, None) == "120 MB"
    assert come_text(1_000_000_000, 2_100_000_000) == "1.0 of 2.1 GB"
    assert (
        shop_text(Progress("download", 117_188, 355_469, remaining_s=61))
        == "Downloading: 120 of 364 MB, about 60 s left"
    )
    assert speed_text(None) == "speed not measured yet"
    assert speed_text(12.3) == speed_text(12.3, 40.0) == "this computer: about 12 steps a second"
    assert speed_text(None, 40.0) == "this computer: about 40 steps a second, estimated"
    assert speed_text(None, 0.25) == "this computer: about 4 s a step, estimated"
    by_hand = CatalogueEntry("a", "A", "people", "CC0", "", 1024, "https://example.org", origin="mine.json")
    assert offer_texts(by_hand) == (
        "Draws people",
        "1024 px",
        "Licence: CC0",
        "To be downloaded by hand, from its page; then add the file.",
        "From your catalogue mine.json",
    )
