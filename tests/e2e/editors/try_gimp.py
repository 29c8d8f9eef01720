"""Runs a script of yours beside a real GIMP, to try things by hand.

    python -m tests.e2e.editors.try_gimp [--bare] [--window] SCRIPT.py

SCRIPT is Python that finds `gimp` (tests/e2e/editors/gimp.py) and `server` there, and with --window also `desktop`,
`pointer`, `Place` and `reader` (tests/e2e/editors/screen_reader.py). Without --window it is gimp-console. GIMP has the
plug-in as it is in the checkout now, with --bare none. Afterwards GIMP is quit, and its exit code is ours.

    print(gimp.run("image = new_image(64, 64); new_layer(image, 'a', 64, 64); return layer_tree(image.get_layers())"))
    print(gimp.run("procedures('draggan')"))
"""

from __future__ import annotations

import argparse
import contextlib
import runpy
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.gimp import Gimp, Profile
from tests.e2e.editors.pointer import Place
from tests.e2e.editors.root import Root
from tests.e2e.editors.screen_reader import ScreenReader
from tests.e2e.editors.server import ServerHome


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs a script beside a real GIMP.")
    parser.add_argument("--bare", action="store_true", help="without the plug-in")
    parser.add_argument("--window", action="store_true", help="with its windows, on a screen")
    parser.add_argument("script", type=Path)
    options = parser.parse_args()
    begun = time.monotonic()
    root = Root.of_the_tests()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="draggan-try-")))
        given: dict[str, object] = {"Place": Place}
        desktop = stack.enter_context(Desktop(root, folder / "desktop")) if options.window else None
        given["server"] = server = ServerHome.make(folder / "draggan", root)
        if desktop:
            given |= {"desktop": desktop, "pointer": desktop.pointer, "reader": ScreenReader(desktop)}
        profile = Profile.make(folder / "profile")
        if not options.bare:
            profile.add_plugin(server.home.folder)
        given["gimp"] = gimp = stack.enter_context(Gimp(root, profile, folder / "home", desktop))
        print(f"GIMP is there after {time.monotonic() - begun:.1f} s", flush=True)
        failed = False
        try:
            runpy.run_path(str(options.script), init_globals=given, run_name="__main__")
        except BaseException:
            failed = True
            traceback.print_exc()
            if desktop:
                print(desktop.screenshot("try_gimp-failed"))
        code = gimp.process.returncode if gimp.process.poll() is not None else gimp.quit()
        server.stop()
        print(f"== GIMP's log\n{gimp.log()}== GIMP ended with {code}", file=sys.stderr)
        return code or int(failed)


if __name__ == "__main__":
    sys.exit(main())
