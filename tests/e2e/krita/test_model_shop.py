"""Get more models, in the real Krita: a model comes from a web server on this computer, is chosen, and drags."""

from __future__ import annotations

from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.krita import Krita
from tests.e2e.editors.pointer import Place
from tests.e2e.editors.server import ServerHome
from tests.e2e.editors.shop import LICENCE, NAME, at_once, offered
from tests.e2e.krita.docker import DRAG_S, SERVER_START_S, Docker

_CHOOSE = """
found = find_widget(name="draggan_shop_list")
items = found.findItems(name, QtCore.Qt.MatchFlag.MatchExactly)
found.setCurrentItem(items[0])
found.scrollToItem(items[0])
"""
_COUNT = "(lambda found: found.count() if found else 0)(find_widget(name='draggan_shop_list'))"
_TEXT = "find_widget(name='draggan_shop_text').text()"


def click(krita: Krita, name: str) -> None:
    krita.until("find_widget(name=name) is not None and find_widget(name=name).isEnabled()", name=name)
    x, y, width, height = krita.run("reach(name)", name=name)
    krita.pointer.click(Place(x + min(width, 40) / 2, y + height / 2))  # a check box is at its left end


def test_a_model_is_got_chosen_and_drags(krita: Krita, server: ServerHome, desktop: Desktop) -> None:
    krita.run("new_document(256, 256)")
    docker = Docker(krita)
    docker.settled(DRAG_S)
    with offered(server, "cats-in-krita") as web:
        docker.press("draggan_more_models")
        krita.until(f"{_COUNT} > 20", SERVER_START_S)
        krita.run(_CHOOSE, name=NAME)
        facts = krita.run("find_widget(name='draggan_shop_facts').text()")
        assert "Draws cats" in facts and f"Licence: {LICENCE}" in facts and "From your catalogue" in facts
        assert not krita.run("find_widget(name='draggan_shop_get').isEnabled()"), "nothing without a yes"
        desktop.screenshot("krita-shop-1-chosen")
        click(krita, "draggan_shop_agree")
        click(krita, "draggan_shop_unverified")
        click(krita, "draggan_shop_get")
        krita.until(f"'Downloading: 0.' in {_TEXT}", SERVER_START_S)
        desktop.screenshot("krita-shop-2-downloading")
        click(krita, "draggan_shop_stop")
        krita.until(f"{_TEXT}.startswith('Stopped. What has come is kept')")
        krita.until("find_widget(text='Go on downloading') is not None")
        at_once(web)
        click(krita, "draggan_shop_get")
        krita.until(f"{_TEXT} == name + ' is here.'", SERVER_START_S, name=NAME)
        desktop.screenshot("krita-shop-3-here")
        click(krita, "draggan_shop_close")
        krita.until("find_widget(name='draggan_model').currentText() == name", name=NAME)
        detail = docker.text("draggan_model_detail")
        assert detail.splitlines()[0] == "Draws cats" and "32 px · " in detail and f"Licence: {LICENCE}" in detail
        docker.new_picture(3)
        desktop.screenshot("krita-shop-4-picture")
        krita.run("app.action('zoom_to_fit').trigger()")
        docker.press("draggan_mode")
        docker.settled(DRAG_S)
        krita.pointer.drag(krita.canvas_point(100, 100), krita.canvas_point(140, 140))
        docker.begin_drag()
        docker.settled(DRAG_S)
        assert docker.history() == (1, 1)
        desktop.screenshot("krita-shop-5-dragged")
        krita.run("find_widget(name='draggan_model').setCurrentIndex(0)")
        krita.run("combo = find_widget(name='draggan_model'); combo.activated.emit(combo.findData('portraits'))")


def test_a_file_is_added_and_one_that_is_none_is_refused(krita: Krita, server: ServerHome, desktop: Desktop) -> None:
    krita.run("new_document(256, 256)")
    docker = Docker(krita)
    with offered(server, "added-in-krita") as web:
        source = server.home.folder / "added-in-krita.pkl"
        source.write_bytes(web.files["/cats.pkl"].data)
        evil = server.home.folder / "evil.pkl"
        evil.write_bytes(b"\x80\x02cposix\nsystem\n.")
        docker.press("draggan_more_models")
        krita.until(f"{_COUNT} > 20", SERVER_START_S)
        krita.run("find_widget(name='draggan_shop').add(path)", path=str(evil))
        krita.until(f"'it asks for posix.system' in {_TEXT}")
        desktop.screenshot("krita-shop-6-refused")
        krita.run("find_widget(name='draggan_shop').add(path)", path=str(source))
        krita.until(f"{_TEXT} == 'added-in-krita is here.'", SERVER_START_S)
        click(krita, "draggan_shop_close")
        krita.until("find_widget(name='draggan_model').currentText() == 'added-in-krita'")
        krita.run("combo = find_widget(name='draggan_model'); combo.activated.emit(combo.findData('portraits'))")
