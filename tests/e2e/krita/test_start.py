"""Krita takes the plugin in, and lets it go."""

from __future__ import annotations

from tests.e2e.editors.krita import Krita, StartKrita


def test_the_plugin_is_there(krita: Krita) -> None:
    names = krita.run("[docker.objectName() for docker in app.dockers()]")
    assert "draggan_docker_widget" in names
    actions = krita.run("[each.objectName() for each in app.actions() if each.objectName().startswith('draggan')]")
    assert len(actions) >= 6


def test_it_quits_with_a_document_open(start_krita: StartKrita) -> None:
    krita = start_krita()
    krita.run("new_document(300, 200)")
    assert krita.quit() == 0
    assert "Traceback" not in krita.log()


def test_without_documents_it_quits_as_well(start_krita: StartKrita) -> None:
    krita = start_krita()
    assert krita.quit() == 0
    assert "Traceback" not in krita.log()
