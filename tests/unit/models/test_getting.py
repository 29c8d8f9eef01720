"""From a catalogue to a model: licence, hash, download, conversion, and what is left when something fails."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from draggan_server.checkpoints import CheckpointError
from draggan_server.models import BUNDLED_MODELS, ModelAddError, ModelLibrary
from draggan_server.models.adding import AddedModel
from draggan_server.models.catalogue import OWN_CATALOGUE, CatalogueEntry, UnknownEntryError, read_catalogues
from draggan_server.models.downloading import DownloadError, DownloadLimits, WrongFileError
from draggan_server.models.getting import (
    Downloads,
    GettingStep,
    LicenceError,
    UnverifiedError,
    get_model,
)
from draggan_server.models.guessing import guess
from draggan_server.models.origin import changes_since, read_origin
from tests import cats
from tests.cats import LICENCE, file, web
from tests.web import Served, Web

__all__ = ["file", "web"]
QUICK = DownloadLimits(tries=2, pause_s=0.02, spare_disk=0)


class Home:
    """A user's folders."""

    def __init__(self, folder: Path) -> None:
        self.models = folder / "models"
        self.folder = folder / "downloads"
        self.downloads = Downloads(self.folder)
        self.library = ModelLibrary((BUNDLED_MODELS, self.models))

    def get(self, entry: CatalogueEntry, **options) -> tuple[AddedModel, list[GettingStep]]:
        steps = []
        options = {"licence": LICENCE, "limits": QUICK, **options}
        getting = get_model(entry, self.library, self.models, self.downloads, **options)
        while True:
            try:
                steps.append(next(getting))
            except StopIteration as end:
                return end.value, steps

    def left(self) -> list[str]:
        """What lies in the folder of downloads, but locks and hashes."""
        found = self.folder.iterdir() if self.folder.exists() else ()
        return sorted(file.name for file in found if file.suffix != ".lock" and file.name != "sha256.json")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def entry(web: Web, **changes) -> CatalogueEntry:
    return CatalogueEntry(**cats.entry(web, **{"id": "cats-32", "name": "Cats, small", **changes}))


def test_a_model_comes_and_works(web: Web, home: Home, file: bytes):
    sha256 = hashlib.sha256(file).hexdigest()
    added, steps = home.get(entry(web, sha256=sha256, size=len(file), alignment="ffhq"))
    assert (added.entry.id, added.entry.name, added.entry.licence) == ("cats-32", "Cats, small", LICENCE)
    assert added.entry.alignment is not None and added.entry.alignment.points[0].name == "eye_left"
    assert [step.stage for step in steps][-1] == "convert"
    assert steps[-2].done == steps[-2].total == len(file)
    assert home.left() == []
    origin = read_origin(added.entry.path)
    assert origin is not None
    assert (origin.source, origin.source_sha256) == (f"{web.url}/cats.pkl", sha256)
    assert changes_since(added.entry.path, origin) == ()
    home.library.load("cats-32")


def test_the_licence_is_agreed_to_word_for_word_before_anything_is_asked(web: Web, home: Home):
    for licence in ("", "MIT", LICENCE.lower()):
        with pytest.raises(LicenceError, match=f"The licence of Cats, small is: {LICENCE}"):
            home.get(entry(web), licence=licence, unverified=True)
    assert web.asked == []


def test_an_unknown_hash_needs_a_yes_and_is_remembered(web: Web, home: Home, file: bytes):
    with pytest.raises(UnverifiedError, match="Nobody has published"):
        home.get(entry(web))
    assert web.asked == []
    home.get(entry(web), unverified=True)
    home.library.remove("cats-32")
    home.get(entry(web))  # the same comes again, and no yes is needed
    home.library.remove("cats-32")
    web.files["/cats.pkl"] = Served(file + b"!", etag='"two"')
    with pytest.raises(WrongFileError, match="damaged, or another file"):
        home.get(entry(web))
    assert home.left() == []


def test_a_wrong_hash_leaves_nothing(web: Web, home: Home):
    with pytest.raises(WrongFileError):
        home.get(entry(web, sha256="0" * 64))
    assert home.left() == [] and not home.models.exists()


def test_stopped_it_goes_on_the_next_time(web: Web, home: Home, file: bytes):
    web.files["/cats.pkl"] = Served(file, cut_after=[len(file) // 2] * 2)
    with pytest.raises(DownloadError):
        home.get(entry(web), unverified=True, limits=DownloadLimits(tries=1, spare_disk=0))
    assert home.downloads.bytes_here(entry(web)) == len(file) // 2
    web.files["/cats.pkl"] = Served(file)
    home.get(entry(web), unverified=True)
    assert web.sent == len(file)


def test_a_file_that_is_no_model_is_refused_and_deleted(web: Web, home: Home):
    web.files["/cats.pkl"] = Served(b"\x80\x02cposix\nsystem\n.")
    with pytest.raises(CheckpointError, match=r"it asks for posix\.system"):
        home.get(entry(web), unverified=True)
    assert home.left() == [] and not list(home.models.glob("*"))


def test_a_disk_that_is_full_while_converting_keeps_what_came(
    web: Web, home: Home, file: bytes, monkeypatch: pytest.MonkeyPatch
):
    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("draggan_server.models.getting.add_model", full)
        with pytest.raises(OSError, match="No space"):
            home.get(entry(web), unverified=True)
    home.get(entry(web))
    assert web.sent == len(file), "it came once"


def test_one_that_is_here_already_is_not_got_again(web: Web, home: Home):
    home.get(entry(web), unverified=True)
    asked = len(web.asked)
    with pytest.raises(ModelAddError, match="'cats-32' already"):
        home.get(entry(web))
    assert len(web.asked) == asked


def test_one_without_an_address_is_got_by_hand(web: Web, home: Home):
    with pytest.raises(ModelAddError, match=r"get its file at https://example\.org/cats"):
        home.get(entry(web, address=""))


def test_two_at_once_wait_for_each_other(web: Web, home: Home):
    lock = home.downloads.lock(entry(web))
    assert lock.try_acquire()
    getting = get_model(
        entry(web), home.library, home.models, home.downloads, licence=LICENCE, unverified=True, limits=QUICK
    )
    assert next(getting).stage == next(getting).stage == "waiting"
    lock.release()
    assert [step.stage for step in getting][-1] == "convert"


def test_the_time_left_is_told(web: Web, home: Home, file: bytes):
    web.files["/cats.pkl"] = Served(file, bytes_per_s=len(file) / 4)
    _, steps = home.get(entry(web), unverified=True)
    told = [step.remaining_s for step in steps if step.remaining_s is not None]
    assert told and told[0] > 0.3 and told[-1] < told[0]


# Catalogues


def test_our_own_catalogue_is_read_whole_and_names_a_page_and_a_licence_for_each(tmp_path: Path):
    catalogue = read_catalogues(tmp_path)
    assert catalogue.problems == ()
    assert len(catalogue.listed) == len(json.loads(OWN_CATALOGUE.read_text())["models"]) >= 20
    for one in catalogue.listed:
        assert one.origin == "DragGAN"
        assert one.entry.page.startswith("https://github.com/")
        assert one.entry.licence
        for address in (one.entry.address, one.entry.page, one.entry.licence_page):
            assert not address or address.startswith("https://"), "no hash is published that would vouch for the file"
    assert len({one.entry.address for one in catalogue.listed if one.entry.address}) >= 15


def test_the_users_catalogue_comes_beside_ours_and_wins(tmp_path: Path):
    ours = read_catalogues(tmp_path / "none").listed[0].entry
    mine = {
        "id": ours.id, "name": "Mine", "domain": "", "resolution": 64, "licence": "CC0", "page": "",
        "address": "http://localhost/mine.pkl",
    }  # fmt: skip
    write(tmp_path / "mine.json", models=[mine])
    catalogue = read_catalogues(tmp_path)
    found = catalogue.find(ours.id)
    assert (found.entry.name, found.origin) == ("Mine", "mine.json")
    with pytest.raises(UnknownEntryError, match="no model 'tigers'"):
        catalogue.find("tigers")


def write(path: Path, **changes) -> None:
    path.write_text(json.dumps({"format": "draggan-catalogue", "version": 1, "models": [], **changes}))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": 2}, "its version is 2"),
        ({"format": "other"}, 'its format is not "draggan-catalogue"'),
        ({"models": None}, 'a list "models"'),
        ({"more": 1}, "unknown settings"),
        ({"models": ["x"]}, "number 1"),
    ],
)
def test_a_catalogue_that_is_none_is_named_and_the_others_stay(tmp_path: Path, changes: dict, said: str):
    write(tmp_path / "mine.json", **changes)
    catalogue = read_catalogues(tmp_path)
    assert len(catalogue.listed) >= 20
    (problem,) = catalogue.problems
    assert "mine.json" in problem and said in problem


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b" " * (5 << 20), b"NaN"])
def test_a_catalogue_that_is_not_even_json(tmp_path: Path, content: bytes):
    (tmp_path / "mine.json").write_bytes(content)
    assert "mine.json cannot be read" in read_catalogues(tmp_path).problems[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": "../../etc"}, "id is"),
        ({"address": "file:///etc/passwd"}, "not an address"),
        ({"address": "https://me:secret@example.org/"}, "not an address"),
        ({"address": "https:///nowhere"}, "not an address"),
        ({"page": "javascript:alert(1)"}, "not an address"),
        ({"sha256": "ABC"}, "sha256 is not"),
        ({"size": 0}, "size is 0"),
        ({"size": 1 << 60}, "size is"),
        ({"resolution": 3}, "resolution is 3"),
        ({"licence": ""}, "licence has 0"),
        ({"name": "x" * 201}, "name has 201"),
        ({"alignment": "mine"}, "alignment is 'mine'"),
        ({"size": 1.5}, "a whole number"),
        ({"surprise": 1}, "unknown settings"),
    ],
)
def test_an_entry_that_cannot_be_used_is_named_and_the_others_stay(tmp_path: Path, web: Web, change: dict, said: str):
    good = {
        "id": "good", "name": "Good", "domain": "", "resolution": 64, "licence": "CC0", "page": "",
        "address": "http://localhost/mine.pkl",
    }  # fmt: skip
    write(tmp_path / "mine.json", models=[{**good, "id": "bad", **change}, good])
    catalogue = read_catalogues(tmp_path)
    assert catalogue.find("good")
    (problem,) = catalogue.problems
    assert said in problem


@pytest.mark.parametrize(
    ("name", "domain", "alignment"),
    [
        ("stylegan2-ffhq-config-f", "photographs of faces", "ffhq"),
        ("ffhq", "photographs of faces", "ffhq"),
        ("stylegan2-ffhqu-256x256", "photographs of faces", None),
        ("metfaces", "faces in paintings", "ffhq"),
        ("stylegan2-celebahq-256x256", "photographs of faces", "ffhq"),
        ("afhqcat", "cats", None),
        ("stylegan2-afhqv2-512x512", "cats, dogs and wild animals", None),
        ("stylegan2-car-config-f", "cars", None),
        ("stylegan_human_v2_1024", "photographs of people, full length", None),
        ("lions_512_pytorch", "lions", None),
        ("network-snapshot-025000", "unknown", None),
        ("scarf", "unknown", None),
    ],
)
def test_names_tell_what_is_drawn(name: str, domain: str, alignment: str | None):
    found = guess(name)
    assert (found.domain, found.alignment) == (domain, alignment)
