"""Installs DragGAN for Krita and GIMP for the user who runs it.

    python3 install/install.py            install, or bring an installation up to date
    python3 install/install.py --demo     the same, then drag a portrait and say where the pictures lie
    python3 install/install.py --uninstall

This file is kept so plain that Pythons too old for the rest can still read it and say so.
"""

import os
import sys

OLDEST_PYTHON = (3, 10)


def complain_about_python():  # type: ignore[no-untyped-def]  # Python 2 knows no annotations
    return "\n".join(
        (
            "DragGAN needs Python {}.{} or newer, and this is Python {}.{} ({}).".format(
                *(OLDEST_PYTHON + tuple(sys.version_info[:2]) + (sys.executable,))
            ),
            "What to do:",
            "  Windows, macOS: install a newer one from https://www.python.org/downloads/",
            "  Linux: take one from your distribution, such as: sudo apt install python3.11 python3.11-venv",
            "Then run this again with it, for example: python3.11 install/install.py",
        )
    )


if __name__ == "__main__":
    if sys.version_info[:2] < OLDEST_PYTHON:
        sys.exit(complain_about_python())
    # Python put this file's folder first on the path; the package "install" is found from the one above it.
    checkout = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    sys.path[:1] = [checkout, os.path.join(checkout, "plugins", "common")]  # noqa: PTH118
    from install.main import main

    sys.exit(main())
