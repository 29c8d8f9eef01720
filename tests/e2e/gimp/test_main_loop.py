"""The window stays alive: how late its main loop is while a drag runs, on a layer of 3000 x 2000."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from draggan_client import frames
from draggan_client.messages import DragOptions, FromSeed, PointPair, PreviewOptions
from draggan_client.points import Spot
from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.gimp import Gimp, Profile
from tests.e2e.editors.root import Root
from tests.e2e.editors.screen_reader import ScreenReader
from tests.e2e.editors.server import ServerHome
from tests.e2e.gimp.pictures import prepare
from tests.e2e.gimp.windows import Dialog, Window

WIDTH, HEIGHT = 3000, 2000
FRAME = (500, 0, 2000)
MOST_MS = 20.0
LONGEST_CALL_MS = 30.0
_INSIDE = Path(__file__).parent / "inside" / "draggan_lateness.py"

BIG = """
image = kept["image"] = new_image(3000, 2000)
layer = new_layer(image, "large", 3000, 2000)
small = face(image, "small")
call("gimp-layer-scale", layer=small, new_width=2000, new_height=2000, local_origin=False)
small.set_offsets(500, 0)
kept["layer"] = image.merge_down(small, Gimp.MergeType.CLIP_TO_BOTTOM_LAYER)
"""


@dataclass(frozen=True)
class Measured:
    """What happened in the main loop within some time, in ms."""

    late: list[float]
    calls: list[tuple[str, float, float]]
    """Name, how long, of that on the processor."""

    @property
    def p99(self) -> float:
        return sorted(self.late)[int(len(self.late) * 0.99)]

    def __str__(self) -> str:
        late = sorted(self.late)
        longest = sorted(self.calls, key=lambda call: -call[1])[:3]
        return f"{len(late)} ticks, p50 {late[len(late) // 2]}, p99 {self.p99}, max {late[-1]}; longest calls {longest}"


class Lateness:
    """Reads what inside/draggan_lateness.py writes."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def since(self, begun: float) -> Measured:
        time.sleep(0.4)
        lines = [json.loads(line) for line in self._file.read_text().splitlines()]
        lines = [line for line in lines if line["at"] >= begun]
        return Measured(
            [late for line in lines for late in line["late"]],
            [tuple(call) for line in lines for call in line["calls"]],
        )


@pytest.fixture
def lateness(tmp_path: Path) -> Lateness:
    return Lateness(tmp_path / "lateness.json")


@pytest.fixture
def window(
    editors_root: Root,
    desktop: Desktop,
    reader: ScreenReader,
    server: ServerHome,
    lateness: Lateness,
    tmp_path: Path,
) -> Iterator[Window]:
    profile = Profile.make(tmp_path / "profile")
    profile.add_plugin(server.home.folder)
    plugin = profile.plugins / "draggan"
    (plugin / _INSIDE.name).write_text(_INSIDE.read_text())
    entry = plugin / "draggan.py"
    measured = (
        f"import os\nos.environ['DRAGGAN_LATENESS'] = {str(tmp_path / 'lateness.json')!r}\nimport {_INSIDE.stem}\n"
    )
    entry.write_text(entry.read_text().replace("PROCEDURES = (", f"{measured}\nPROCEDURES = (", 1))
    with Gimp(editors_root, profile, tmp_path / "gimp", desktop) as gimp:
        prepare(gimp).run("portrait()", timeout_s=180)
        yield Window(gimp, desktop, reader)
        gimp.quit()


def other_work(server: ServerHome, stop: threading.Event) -> None:
    """The same load on the processor as a drag of ours: another program's drags."""
    while not stop.is_set():
        with server.connection().session(FromSeed(4)) as session:
            points = [PointPair("1", 64, 108, 64, 60)]
            for _event in session.drag(points, None, DragOptions(max_steps=200), PreviewOptions(512, "png", 0.2)):
                if stop.is_set():
                    break


def drag_for(dialog: Dialog, seconds: float) -> None:
    """Start again whenever a drag has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if dialog.window.reader.find("button", "Start"):
            dialog.press("Start")
        time.sleep(0.5)
    dialog.wait_until_dragged()


def test_a_large_layer_keeps_the_window_alive(
    window: Window, lateness: Lateness, server: ServerHome, full: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    seconds = 30.0 if full else 8.0
    window.show(BIG)
    begun = time.time()
    dialog = window.open()
    reading = lateness.since(begun)
    layer = (0.0, 0.0, float(WIDTH), float(HEIGHT))
    place = lambda x, y: dialog.in_frame(Spot(x, y), frames.within(*layer), layer, choosing=False)  # noqa: E731
    dialog.press("Use this frame")
    dialog.wait_for("the picture is found", lambda: window.reader.find("button", "Start"), 300)
    dialog.pointer.drag(place(1500, 1688), place(1500, 1400))
    dialog.begin_drag()
    dialog.wait_until_dragged()

    stop = threading.Event()
    other = threading.Thread(target=other_work, args=(server, stop))
    other.start()
    time.sleep(1)
    begun = time.time()
    time.sleep(seconds)
    beside = lateness.since(begun)
    stop.set()
    other.join()

    begun = time.time()
    dialog.pointer.drag(place(1500, 1500), place(1500, 1200))
    drag_for(dialog, seconds)
    dragging = lateness.since(begun)
    window.desktop.screenshot("gimp-large")
    begun = time.time()
    dialog.press("Apply")
    dialog.wait_until_closed()
    applying = lateness.since(begun)
    with capsys.disabled():
        print()
        for name in ("reading", "beside", "dragging", "applying"):
            print(f"{name}: {locals()[name]}")
    assert len(beside.late) > 20 * seconds and len(dragging.late) > 20 * seconds
    assert dragging.p99 <= beside.p99 + MOST_MS
    # The processor's time: what a call waits for on a busy computer, and for a screen that is drawn without a graphics
    # card, is in the lateness above.
    calls = [*reading.calls, *dragging.calls, *applying.calls]
    assert not [call for call in calls if call[2] > LONGEST_CALL_MS]
