"""GIMP takes the plug-in in."""

from __future__ import annotations

from tests.e2e.editors.gimp import Gimp, StartGimp


def test_the_procedures_are_there(gimp: Gimp) -> None:
    assert gimp.run("procedures('.*draggan.*')")


def test_it_starts_and_ends(start_gimp: StartGimp) -> None:
    gimp = start_gimp()
    assert gimp.run("Gimp.version()") >= "3.0.4"
    assert gimp.quit() == 0
    assert "Traceback" not in gimp.log()
