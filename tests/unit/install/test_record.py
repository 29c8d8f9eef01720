"""What was installed can be taken off, and nothing else goes."""

from __future__ import annotations

from install.record import Record


def test_what_was_noted_goes_and_the_rest_stays(tmp_path):
    record = Record(tmp_path / "home")
    folder, file = tmp_path / "pykrita" / "dragé", tmp_path / "pykrita" / "draggan.desktop"
    record.note(folder)
    record.note(file)
    record.note(folder)
    folder.mkdir(parents=True)
    (folder / "x.py").touch()
    file.touch()
    (tmp_path / "pykrita" / "somebody_elses.py").touch()
    assert record.paths() == (folder, file)
    record.undo()
    assert [path.name for path in (tmp_path / "pykrita").iterdir()] == ["somebody_elses.py"]
    assert record.paths() == ()


def test_what_was_noted_and_never_made_is_no_error(tmp_path):
    record = Record(tmp_path)
    record.note(tmp_path / "environment")
    record.undo()
    assert not list(tmp_path.iterdir())


def test_a_link_is_removed_and_not_what_it_leads_to(tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "cat.png").touch()
    link = tmp_path / "plugin"
    link.symlink_to(tmp_path / "pictures")
    record = Record(tmp_path / "home")
    record.note(link)
    record.undo()
    assert not link.exists()
    assert (tmp_path / "pictures" / "cat.png").exists()
