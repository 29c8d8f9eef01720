"""What the tests' sources find by name inside GIMP."""

import gi

gi.require_version("Gimp", "3.0")
gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp, Gio, GLib, GObject  # noqa: E402, F401

kept = {}
"""For objects that later sources need again."""


def file(path):
    return Gio.File.new_for_path(str(path))


def rectangle(x, y, width, height):
    return Gegl.Rectangle.new(x, y, width, height)


def call(name, core_objects=None, **arguments):
    """Run a procedure of GIMP's. `core_objects`: arrays of drawables and the like. Returns its values after the status.

    Raises RuntimeError with GIMP's own words.
    """
    procedure = Gimp.get_pdb().lookup_procedure(name)
    if procedure is None:
        raise RuntimeError("GIMP has no procedure " + name)
    config = procedure.create_config()
    for key, value in arguments.items():
        config.set_property(key.replace("_", "-"), value)
    for key, value in (core_objects or {}).items():
        config.set_core_object_array(key.replace("_", "-"), value)
    values = procedure.run(config)
    status = values.index(0)
    if status != Gimp.PDBStatusType.SUCCESS:
        said = Gimp.get_pdb().get_last_error()
        raise RuntimeError(f"{name}: {said} ({status.value_nick})")
    return [values.index(place) for place in range(1, values.length())]


def call_filter(name, image, drawables, **arguments):
    """Run one of the plug-in's procedures without a dialog."""
    arguments.setdefault("run_mode", Gimp.RunMode.NONINTERACTIVE)
    return call(name, {"drawables": drawables}, image=image, **arguments)


def new_image(width, height, base=None, precision=None):
    """An empty image."""
    base = Gimp.ImageBaseType.RGB if base is None else base
    precision = Gimp.Precision.U8_NON_LINEAR if precision is None else precision
    return Gimp.Image.new_with_precision(width, height, base, precision)


def new_layer(image, name, width, height, pixels=None, form="R'G'B'A u8", x=0, y=0, parent=None, kind=None):
    """A layer with `pixels` in the format `form`, on top of `parent` or of all."""
    if kind is None:
        gray = image.get_base_type() == Gimp.ImageBaseType.GRAY
        kind = Gimp.ImageType.GRAYA_IMAGE if gray else Gimp.ImageType.RGBA_IMAGE
    layer = Gimp.Layer.new(image, name, width, height, kind, 100.0, Gimp.LayerMode.NORMAL)
    image.insert_layer(layer, parent, 0)
    layer.set_offsets(x, y)
    if pixels is not None:
        write(layer, pixels, form)
    return layer


def write(drawable, pixels, form="R'G'B'A u8"):
    """Write all of a drawable's pixels."""
    width, height = drawable.get_width(), drawable.get_height()
    buffer = drawable.get_buffer()
    buffer.set(rectangle(0, 0, width, height), form, pixels)
    buffer.flush()
    drawable.update(0, 0, width, height)


def read(drawable, form="R'G'B'A u8"):
    """All of a drawable's pixels, as bytes of `form`."""
    whole = rectangle(0, 0, drawable.get_width(), drawable.get_height())
    return bytes(drawable.get_buffer().get(whole, 1.0, form, Gegl.AbyssPolicy.NONE))


def shown(image, form="R'G'B'A u8"):
    """The image as it is seen: the size, and bytes of `form`."""
    flat = image.duplicate()
    try:
        layer = flat.merge_visible_layers(Gimp.MergeType.CLIP_TO_IMAGE)
        return {"width": layer.get_width(), "height": layer.get_height(), "pixels": read(layer, form)}
    finally:
        flat.delete()


def layer_tree(items):
    """Of each layer: name, visible, opacity, mode, offsets, size, parasites, and those inside."""
    return [layer_facts(item) for item in items]


def layer_facts(item):
    _, x, y = item.get_offsets()
    return {
        "name": item.get_name(),
        "id": item.get_id(),
        "visible": item.get_visible(),
        "opacity": item.get_opacity(),
        "mode": item.get_mode().value_nick,
        "bounds": [x, y, item.get_width(), item.get_height()],
        "parasites": item.get_parasite_list(),
        "children": layer_tree(item.get_children()) if item.is_group() else [],
    }


def procedures(pattern):
    """The names of GIMP's procedures that match the regular expression."""
    return list(Gimp.get_pdb().query_procedures(pattern, *[".*"] * 7))
