"""What GIMP knows of the plug-in: its procedures, their arguments and menu entries."""

import traceback
from collections.abc import Callable

from gi.repository import Gegl, Gimp, GLib, GObject

from draggan_client.diagnostics import recent_errors
from draggan_client.errors import DragganError

from . import names
from .names import DIAGNOSTICS, DRAG_POINTS, NEW_PICTURE
from .settings import READWRITE, add_arguments

SENSITIVE = Gimp.ProcedureSensitivityMask


def create(plug_in: Gimp.PlugIn, name: str) -> Gimp.Procedure:
    """The procedure of that name."""
    procedure = {DRAG_POINTS: _drag_points, NEW_PICTURE: _new_picture, DIAGNOSTICS: _diagnostics}[name](plug_in)
    procedure.set_attribution(names.AUTHORS, names.AUTHORS, names.YEAR)
    return procedure


def _drag_points(plug_in: Gimp.PlugIn) -> Gimp.Procedure:
    procedure = Gimp.ImageProcedure.new(plug_in, DRAG_POINTS, Gimp.PDBProcType.PLUGIN, _run_drag_points, None)
    # Always there with an image, so that what cannot be edited is told why instead of a greyed-out entry.
    procedure.set_image_types("*")
    procedure.set_sensitivity_mask(SENSITIVE.DRAWABLE | SENSITIVE.DRAWABLES | SENSITIVE.NO_DRAWABLES)
    procedure.set_menu_label("_Drag Points...")
    procedure.add_menu_path(names.DISTORTS_MENU)
    procedure.set_documentation(
        "Pull points of the picture where they should go, and the picture follows",
        "Shows the layer to a generative model (a StyleGAN2), moves the handle points to their targets by optimising "
        "its latent code, and puts the outcome into a new layer. The selection is what may change. The layer itself "
        "is never altered. Points are in pixels of the image. Without a window the points are given as JSON, such as "
        "[[100, 80, 120, 85], [60, 60]] for a pair and a pin, or as a path whose strokes go from handle to target. The "
        "model sees what lies in the frame, and looks for it first.",
        DRAG_POINTS,
    )
    procedure.add_string_argument(
        "points",
        "Points",
        "JSON: a list of [handle x, handle y, target x, target y], or [x, y] for a pin",
        "",
        READWRITE,
    )
    procedure.add_path_argument("path", "Path", "A path that holds the points instead", True, READWRITE)
    procedure.add_string_argument(
        "model", "Model", "The model's id; empty: the edit's own, or the default", "", READWRITE
    )
    procedure.add_string_argument(
        "frame",
        "Frame",
        "What the model sees. Empty: the largest square in the middle of the layer; layer; selection; or JSON: "
        "[x, y, size], [x, y, size, angle], or the places of the model's landmarks by their names",
        "",
        READWRITE,
    )
    search = Gimp.Choice.new()
    search.add("quick", 0, "Quick", "Enough for most pictures")
    search.add("faithful", 1, "Faithful", "Looks longer, and fits the model to this very picture")
    procedure.add_choice_argument(
        "inversion",
        "Finding the picture",
        "How well the picture is looked for in the model",
        search,
        "quick",
        READWRITE,
    )
    read = Gimp.Choice.new()
    read.add("layer", 0, "The layer without its filters", "The result gets the same filters")
    read.add("visible", 1, "As visible, with its filters", "The filters are worked into the result")
    procedure.add_choice_argument(
        "read",
        "Layer with filters",
        "What of a layer with non-destructive filters is dragged",
        read,
        "layer",
        READWRITE,
    )
    start = Gimp.Choice.new()
    start.add("automatic", 0, "Go on where the layer shows an edit", "")
    start.add("go-on", 1, "Go on from the layer's edit", "")
    start.add("anew", 2, "Begin with the layer's pixels", "")
    procedure.add_choice_argument(
        "start", "Begin", "What to do with a layer that shows an earlier edit", start, "automatic", READWRITE
    )
    add_arguments(procedure)
    procedure.add_boolean_aux_argument(
        "show-points", "Show the _points", "Draw points, arrows and the selection's edge", True, READWRITE
    )
    procedure.add_layer_return_value("layer", "Layer", "The new layer", True, READWRITE)
    return procedure


def _new_picture(plug_in: Gimp.PlugIn) -> Gimp.Procedure:
    procedure = Gimp.Procedure.new(plug_in, NEW_PICTURE, Gimp.PDBProcType.PLUGIN, _run_new_picture, None)
    procedure.set_sensitivity_mask(SENSITIVE.ALWAYS)
    procedure.set_menu_label("New _Picture from Seed...")
    procedure.add_menu_path(names.CREATE_MENU)
    procedure.set_documentation(
        "A new image that a model draws, to drag points on",
        "Draws the picture that the model makes of a seed, as a new image. Drag Points goes on from it, and needs no "
        "search for it in the model.",
        NEW_PICTURE,
    )
    procedure.add_enum_argument(
        "run-mode", "Run mode", "The run mode", Gimp.RunMode.__gtype__, Gimp.RunMode.NONINTERACTIVE, READWRITE
    )
    procedure.add_int_argument("seed", "Seed", "The number that the picture is drawn from", 0, 2**31 - 1, 0, READWRITE)
    procedure.add_double_argument(
        "psi",
        "_Variety (psi)",
        "Truncation: nearer to 0 is more ordinary, nearer to 1 more varied",
        0.0,
        1.0,
        0.7,
        READWRITE,
    )
    procedure.add_string_argument("model", "Model", "The model's id; empty: the default", "", READWRITE)
    procedure.add_int_argument(
        "size", "Size", "Width and height of the image in pixels; 0: as the model draws it", 0, 8192, 0, READWRITE
    )
    procedure.add_int_argument(
        "class",
        "Class",
        "Of a model that draws by class: which one, counted from 0; -1: by the seed, the classes take turns",
        -1,
        1_000_000,
        -1,
        READWRITE,
    )
    procedure.add_image_return_value("image", "Image", "The new image", True, READWRITE)
    return procedure


def _diagnostics(plug_in: Gimp.PlugIn) -> Gimp.Procedure:
    procedure = Gimp.Procedure.new(plug_in, DIAGNOSTICS, Gimp.PDBProcType.PLUGIN, _run_diagnostics, None)
    procedure.set_sensitivity_mask(SENSITIVE.ALWAYS)
    procedure.set_menu_label("Drag_GAN Diagnostics...")
    procedure.add_menu_path(names.HELP_MENU)
    procedure.set_documentation(
        "How DragGAN's server, models and settings stand; start and stop the server",
        "Shows what a bug report needs, and lets you start and stop the server. Works without an image.",
        DIAGNOSTICS,
    )
    procedure.add_enum_argument(
        "run-mode", "Run mode", "The run mode", Gimp.RunMode.__gtype__, Gimp.RunMode.NONINTERACTIVE, READWRITE
    )
    procedure.add_string_return_value("report", "Report", "The text for a bug report", "", READWRITE)
    return procedure


def _run_drag_points(
    procedure: Gimp.Procedure,
    run_mode: Gimp.RunMode,
    image: Gimp.Image,
    drawables: list[Gimp.Drawable],
    config: Gimp.ProcedureConfig,
    _data: object,
) -> Gimp.ValueArray:
    def run() -> Gimp.ValueArray:
        if run_mode == Gimp.RunMode.INTERACTIVE:
            from .dialog import drag_points

            return _closed(procedure, drag_points.run(procedure, config, image, list(drawables)))
        from . import batch

        return _made(procedure, batch.run(image, list(drawables), batch.job_from(config)))

    return _told(procedure, run)


def _run_new_picture(procedure: Gimp.Procedure, config: Gimp.ProcedureConfig, _data: object) -> Gimp.ValueArray:
    def run() -> Gimp.ValueArray:
        from . import new_picture

        if config.get_property("run-mode") == Gimp.RunMode.INTERACTIVE:
            from .dialog import new_picture as dialog

            return _closed(procedure, dialog.run(procedure, config))
        return _made(procedure, new_picture.run(new_picture.wish_from(config)))

    return _told(procedure, run)


def _run_diagnostics(procedure: Gimp.Procedure, config: Gimp.ProcedureConfig, _data: object) -> Gimp.ValueArray:
    def run() -> Gimp.ValueArray:
        from . import diagnostics

        if config.get_property("run-mode") == Gimp.RunMode.INTERACTIVE:
            from .dialog import diagnostics as dialog

            dialog.run()
            return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())
        return _made(procedure, diagnostics.report())

    return _told(procedure, run)


def _told(procedure: Gimp.Procedure, run: Callable[[], Gimp.ValueArray]) -> Gimp.ValueArray:
    """What goes wrong is said through the procedure's return: GIMP shows it to who called."""
    Gegl.init(None)
    try:
        return run()
    except DragganError as error:
        text = str(error)
    except Exception as error:
        traceback.print_exc()
        recent_errors.note(procedure.get_name(), error)
        text = (
            f"Something unexpected went wrong ({type(error).__name__}: {error}). "
            "Please report it with what Filters > Distorts > DragGAN Diagnostics shows."
        )
    return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, GLib.Error(text))


def _made(procedure: Gimp.Procedure, value: object) -> Gimp.ValueArray:
    """Success, with the one thing that the procedure returns."""
    values = procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())
    values.remove(1)
    values.insert(1, GObject.Value(procedure.get_return_values()[0].value_type, value))
    return values


def _closed(procedure: Gimp.Procedure, value: object | None) -> Gimp.ValueArray:
    if value is None:
        return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, GLib.Error())
    return _made(procedure, value)
