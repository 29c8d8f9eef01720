"""Krita's plugin as a package, outside Krita: for its parts that need neither Krita nor Qt."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import types
from pathlib import Path
from typing import Any

import draggan_client

_FOLDER = Path(__file__).resolve().parents[3] / "plugins" / "krita" / "draggan"
NAME = "draggan_in_krita"


def part(name: str) -> Any:
    """A module of the plugin, as "docker.show"; the package's own __init__ (which asks for Qt) is not run."""
    if NAME not in sys.modules:
        package = types.ModuleType(NAME)
        package.__path__ = [str(_FOLDER)]
        sys.modules[NAME] = package
        for module in pkgutil.iter_modules(draggan_client.__path__):  # all of it, once: the parts share its classes
            if not module.name.startswith("_"):
                importlib.import_module(f"draggan_client.{module.name}")
        # As after the installation: the client library lies inside.
        sys.modules[f"{NAME}.draggan_client"] = draggan_client
        for known, module in list(sys.modules.items()):
            if known.startswith("draggan_client."):
                sys.modules[f"{NAME}.{known}"] = module
    return importlib.import_module(f"{NAME}.{name}")
