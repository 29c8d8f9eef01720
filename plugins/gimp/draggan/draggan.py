#!/usr/bin/env python3
"""DragGAN for GIMP 3: drag points on a layer, and the picture follows. GIMP starts this file for each call.

Everything else lies in `draggan_gimp` and `draggan_client` beside it. An error while importing them would make the
menu entries vanish without a word, so that they are imported late, and an entry that cannot work says why.
"""

import sys
import traceback

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gimp, GLib  # noqa: E402

PROCEDURES = ("draggan-drag-points", "draggan-new-picture", "draggan-diagnostics")
NEEDED_PYTHON = (3, 10)


class DragganPlugIn(Gimp.PlugIn):
    """What GIMP asks which procedures there are, and how to run them."""

    def do_set_i18n(self, _name: str) -> bool:
        return False

    def do_query_procedures(self) -> list[str]:
        return list(PROCEDURES)

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        try:
            if sys.version_info < NEEDED_PYTHON:
                found, needed = (".".join(map(str, version[:2])) for version in (sys.version_info, NEEDED_PYTHON))
                raise RuntimeError(f"GIMP runs plug-ins with Python {found} here; DragGAN needs {needed} or newer.")
            from draggan_gimp import procedures

            return procedures.create(self, name)
        except Exception as error:
            traceback.print_exc()
            return _broken(self, name, error)


def _broken(plug_in: Gimp.PlugIn, name: str, error: Exception) -> Gimp.Procedure:
    """A menu entry that says what is wrong with the installation, instead of none at all."""
    text = (
        f"The DragGAN plug-in cannot be loaded ({type(error).__name__}: {error}). "
        "Install it again with install/install.py."
    )

    def run(procedure: Gimp.Procedure, *_arguments: object) -> Gimp.ValueArray:
        return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, GLib.Error(text))

    if name == "draggan-drag-points":
        procedure = Gimp.ImageProcedure.new(plug_in, name, Gimp.PDBProcType.PLUGIN, run, None)
        procedure.set_image_types("*")
    else:
        procedure = Gimp.Procedure.new(plug_in, name, Gimp.PDBProcType.PLUGIN, run, None)
    procedure.set_menu_label("DragGAN (damaged)")
    procedure.set_documentation(text, text, name)
    procedure.add_menu_path("<Image>/Filters/Distorts")
    return procedure


Gimp.main(DragganPlugIn.__gtype__, sys.argv)
