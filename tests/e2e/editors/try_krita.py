"""Runs a script of yours beside a real Krita, to try things by hand.

    python -m tests.e2e.editors.try_krita [--bare] SCRIPT.py [DOCUMENT...]

SCRIPT is Python that finds `krita` (tests/e2e/editors/krita.py), `pointer`, `Place`, `desktop` and `server`
(tests/e2e/editors/server.py) there; the last lines are the smallest example. Krita has the plugin as it is in
the checkout now, with --bare only the probe. Afterwards Krita is quit, and its exit code is ours.

    krita.run("new_document(640, 480)")
    pointer.drag(krita.canvas_point(100, 100), krita.canvas_point(300, 200))
    print(krita.run("node_tree()"), desktop.screenshot("tried"))
"""

from __future__ import annotations

import argparse
import runpy
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.e2e.editors.desktop import Desktop
from tests.e2e.editors.krita import Krita, Profile
from tests.e2e.editors.pointer import Place
from tests.e2e.editors.root import Root
from tests.e2e.editors.server import ServerHome


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs a script beside a real Krita.")
    parser.add_argument("--bare", action="store_true", help="without the plugin")
    parser.add_argument("script", type=Path)
    parser.add_argument("documents", type=Path, nargs="*")
    options = parser.parse_args()
    begun = time.monotonic()
    root = Root.of_the_tests()
    with tempfile.TemporaryDirectory(prefix="draggan-try-") as name, Desktop(root, Path(name) / "desktop") as desktop:
        server = ServerHome.make(Path(name) / "draggan", root)
        profile = Profile.used_before(Path(name) / "home", desktop)
        if not options.bare:
            profile.add_plugin(server.home.folder)
        documents = [document.resolve() for document in options.documents]
        with Krita(desktop, profile, *documents) as krita:
            print(f"Krita is there after {time.monotonic() - begun:.1f} s", flush=True)
            given = {"krita": krita, "pointer": krita.pointer, "Place": Place, "desktop": desktop, "server": server}
            failed = False
            try:
                runpy.run_path(str(options.script), init_globals=given, run_name="__main__")
            except BaseException:
                failed = True
                traceback.print_exc()
                if krita.process.poll() is None:
                    print(desktop.screenshot("try_krita-failed"))
            code = krita.process.returncode if krita.process.poll() is not None else krita.quit()
            print(f"== Krita's log\n{krita.log()}== Krita ended with {code}", file=sys.stderr)
            return code or int(failed)


if __name__ == "__main__":
    sys.exit(main())
