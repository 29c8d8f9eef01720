"""What was installed can be taken off, and nothing else goes."""

from __future__ import annotations

import pytest

from install.errors import InstallError
from install.krita_settings import KritaSettings
from install.record import Folder, PluginPart, Record, Tree


def test_what_was_noted_goes_and_the_rest_stays(tmp_path):
    record = Record(tmp_path / "home")
    folder, file = tmp_path / "pykrita" / "dragé", tmp_path / "pykrita" / "draggan.desktop"
    record.note(Tree(folder))
    record.note(Tree(file))
    record.note(Tree(folder))
    folder.mkdir(parents=True)
    (folder / "x.py").touch()
    file.touch()
    (tmp_path / "pykrita" / "somebody_elses.py").touch()
    assert record.made() == (Tree(folder), Tree(file))
    record.undo()
    assert [path.name for path in (tmp_path / "pykrita").iterdir()] == ["somebody_elses.py"]
    assert record.made() == ()


def test_a_folder_that_was_made_stays_where_others_use_it(tmp_path):
    record = Record(tmp_path / "home")
    ours, shared = tmp_path / "ours", tmp_path / "shared"
    for folder in (ours, ours / "inner", shared):
        record.note(Folder(folder))
        folder.mkdir()
    (shared / "brush.kpp").touch()
    record.undo()
    assert not ours.exists()
    assert (shared / "brush.kpp").exists()


def test_it_is_undone_from_the_newest_on(tmp_path):
    """A folder can only be found empty when what was made in it later went first."""
    record = Record(tmp_path / "home")
    record.note(Folder(tmp_path / "pykrita"))
    record.note(Tree(tmp_path / "pykrita/draggan"))
    (tmp_path / "pykrita/draggan").mkdir(parents=True)
    record.undo()
    assert not (tmp_path / "pykrita").exists()


def test_everything_noted_is_read_again(tmp_path):
    record = Record(tmp_path / "home é")
    made = (
        Tree(tmp_path / "a"),
        Folder(tmp_path / "a"),
        PluginPart(tmp_path / "a"),
        KritaSettings(tmp_path / "kritarc", new_file=True, new_group=False),
    )
    for each in made:
        record.note(each)
    record.note(KritaSettings(tmp_path / "kritarc", new_file=False, new_group=False))
    assert Record(record.home).made() == made


def test_what_was_noted_and_never_made_is_no_error(tmp_path):
    record = Record(tmp_path)
    record.note(Tree(tmp_path / "environment"))
    record.note(Folder(tmp_path / "pykrita"))
    record.note(KritaSettings(tmp_path / "gone/kritarc", new_file=True, new_group=True))
    record.undo()
    assert not list(tmp_path.iterdir())


def test_a_link_is_removed_and_not_what_it_leads_to(tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "cat.png").touch()
    link = tmp_path / "plugin"
    link.symlink_to(tmp_path / "pictures")
    record = Record(tmp_path / "home")
    record.note(Tree(link))
    record.undo()
    assert not link.exists()
    assert (tmp_path / "pictures" / "cat.png").exists()


@pytest.mark.parametrize("text", ['{"made": [{"kind": "sculpture", "path": "/x"}]}', '{"made": [{"kind": "tree"}]}'])
def test_a_record_that_nobody_understands_removes_nothing(tmp_path, text):
    record = Record(tmp_path)
    record.file.write_text(text)
    with pytest.raises(InstallError, match=r"installed\.json cannot be read"):
        record.undo()
    assert record.file.exists()
