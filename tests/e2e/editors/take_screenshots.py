"""Takes the README's pictures of Krita and GIMP, from the real programs at work.

    python -m tests.e2e.editors.take_screenshots [krita] [gimp]

writes docs/krita.png and docs/gimp.png.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

from draggan_client import frames
from draggan_client.messages import Frame
from tests.e2e.editors import gimp as real_gimp
from tests.e2e.editors import krita as real_krita
from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.pointer import Place
from tests.e2e.editors.root import CHECKOUT, Root
from tests.e2e.editors.screen_reader import ScreenReader
from tests.e2e.editors.server import ServerHome
from tests.e2e.gimp.pictures import EYES_AND_MOUTH, FACE, LOAD, PAGE, paste, prepare
from tests.e2e.gimp.windows import Window
from tests.e2e.krita.docker import DRAG_S, Docker

DOCS = CHECKOUT / "docs"
SEED = 4
SIDE = 768
FIND_S = 300.0
PULLS = (((55, 91), (50, 86)), ((73, 91), (78, 86)), ((64, 17), (64, 10)))
PIN = (47, 60)
"""Places in the bundled model's picture of 128 px."""


def main() -> int:
    wanted = sys.argv[1:] or ["krita", "gimp"]
    root = Root.of_the_tests()
    with tempfile.TemporaryDirectory(prefix="draggan-screenshots-") as name, Desktop(root, Path(name)) as desktop:
        server = ServerHome.make(Path(name) / "draggan", root)
        server.connection().models()  # the thumbnails are made now, and known from the start
        for editor in wanted:
            taken = {"krita": in_krita, "gimp": in_gimp}[editor](desktop, server, Path(name) / editor)
            shutil.copy(taken, DOCS / f"{editor}.png")
        server.stop()
    return 0


def in_krita(desktop: Desktop, server: ServerHome, folder: Path) -> Path:
    profile = real_krita.Profile.used_before(folder, desktop)
    profile.add_plugin(server.home.folder)
    with real_krita.Krita(desktop, profile) as krita:
        krita.run("new_document(side, side)", side=SIDE)
        docker = Docker(krita)
        docker.new_picture(SEED)
        krita.run("app.action('zoom_to_fit').trigger()")
        docker.press("draggan_mode")
        docker.settled(DRAG_S)
        scale = SIDE / 128
        for start, end in PULLS:
            krita.pointer.drag(*(krita.canvas_point(x * scale, y * scale) for x, y in (start, end)))
        krita.pointer.click(krita.canvas_point(PIN[0] * scale, PIN[1] * scale))
        docker.watch_previews()
        docker.press("draggan_run")
        krita.until("len(kept['previews']) > 4", DRAG_S)
        taken = desktop.screenshot("krita")
        docker.press("draggan_run")
        docker.settled(DRAG_S)
        krita.quit()
    return taken


def in_gimp(desktop: Desktop, server: ServerHome, folder: Path) -> Path:
    profile = real_gimp.Profile.make(folder / "profile")
    profile.add_plugin(server.home.folder)
    reader = ScreenReader(desktop)
    file = folder / "page.png"
    paste(server, file)
    with real_gimp.Gimp(desktop.root, profile, folder, desktop) as gimp:
        window = Window(prepare(gimp), desktop, reader)
        window.show(LOAD, name=str(file))
        _fill_screen(desktop, "GIMP$")
        dialog = window.open()

        def place(across: float, down: float, frame: Frame, choosing: bool) -> Place:
            return dialog.in_frame(frames.at(FACE, across, down), frame, PAGE, choosing)

        dialog.press("Click eyes and mouth")
        for spot in EYES_AND_MOUTH:
            dialog.pointer.click(place(*spot, frames.within(*PAGE), choosing=True))
            time.sleep(0.3)
        dialog.press("Use this frame")
        dialog.wait_for("the picture is found", lambda: reader.find("button", "Start"), FIND_S)
        for start, end in PULLS:
            dialog.pointer.drag(*(place(x / 128, y / 128, FACE, choosing=False) for x, y in (start, end)))
        dialog.pointer.click(place(PIN[0] / 128, PIN[1] / 128, FACE, choosing=False))
        dialog.press("Start")
        dialog.wait_until_says("Dragging: step")
        taken = desktop.screenshot("gimp")
        dialog.wait_until_dragged()
        gimp.kill()
    return taken


def _fill_screen(desktop: Desktop, title: str) -> None:
    found = desktop.shell.run("xdotool", "search", "--onlyvisible", "--name", title).split()
    for window in found:
        desktop.shell.run("xdotool", "windowmove", window, "0", "0", "windowsize", window, "100%", "100%")


if __name__ == "__main__":
    sys.exit(main())
