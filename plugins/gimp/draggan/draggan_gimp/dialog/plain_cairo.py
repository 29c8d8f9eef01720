"""The few calls of cairo that the canvas needs, where GIMP's Python has no cairo binding (Debian leaves it out).

cairo itself is always there: GTK draws with it. A context here draws on pixels of its own, and gives them back. Its
methods are those of pycairo, so that the same code draws with both.
"""

import ctypes
import ctypes.util
import sys
from collections.abc import Sequence

from gi.repository import GdkPixbuf, GLib

_FORMAT_RGB24 = 1
NEAREST = 3
"""cairo's filter that shows single pixels."""
_BYTES = 4


class NoCairoError(Exception):
    """The library cannot be found."""


def _load() -> ctypes.CDLL:
    names = {"win32": ["libcairo-2.dll"], "darwin": ["libcairo.2.dylib"]}.get(sys.platform, ["libcairo.so.2"])
    for name in [*names, ctypes.util.find_library("cairo")]:
        if name:
            try:
                return _declared(ctypes.CDLL(name))
            except OSError:
                continue
    raise NoCairoError("libcairo cannot be found")


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    pointer, number, whole, text = ctypes.c_void_p, ctypes.c_double, ctypes.c_int, ctypes.c_char_p
    library.cairo_create.restype = pointer
    library.cairo_image_surface_create_for_data.restype = pointer
    library.cairo_image_surface_create_for_data.argtypes = [pointer, whole, whole, whole, whole]
    library.cairo_set_dash.argtypes = [pointer, ctypes.POINTER(number), whole, number]
    library.cairo_select_font_face.argtypes = [pointer, text, whole, whole]
    library.cairo_text_path.argtypes = [pointer, text]
    library.cairo_get_source.restype = pointer
    library.cairo_get_source.argtypes = [pointer]
    library.cairo_pattern_set_filter.argtypes = [pointer, whole]
    library.cairo_set_line_cap.argtypes = library.cairo_set_line_join.argtypes = [pointer, whole]
    for name in (
        "create",
        "destroy",
        "stroke",
        "stroke_preserve",
        "fill",
        "fill_preserve",
        "clip",
        "paint",
        "close_path",
        "new_path",
        "new_sub_path",
        "save",
        "restore",
        "surface_destroy",
        "surface_flush",
    ):
        getattr(library, f"cairo_{name}").argtypes = [pointer]
    for name, count in (
        ("set_source_rgba", 4),
        ("move_to", 2),
        ("line_to", 2),
        ("arc", 5),
        ("rectangle", 4),
        ("set_line_width", 1),
        ("set_font_size", 1),
        ("scale", 2),
        ("translate", 2),
        ("rotate", 1),
    ):
        getattr(library, f"cairo_{name}").argtypes = [pointer, *[number] * count]
    return library


def _load_gdk() -> ctypes.CDLL:
    """GDK's own library, which GTK has loaded already: it knows how to give cairo a pixbuf."""
    name = {"win32": "libgdk-3-0.dll", "darwin": "libgdk-3.0.dylib"}.get(sys.platform, "libgdk-3.so.0")
    try:
        library = ctypes.CDLL(name)
    except OSError as error:
        raise NoCairoError(f"GDK's library cannot be found ({error})") from None
    pointer, number = ctypes.c_void_p, ctypes.c_double
    library.gdk_cairo_set_source_pixbuf.argtypes = [pointer, pointer, number, number]
    return library


_library: ctypes.CDLL | None = None
_gdk: ctypes.CDLL | None = None


class PlainContext:
    """Draws on a copy of an opaque picture."""

    def __init__(self, picture: GdkPixbuf.Pixbuf) -> None:
        """Raises NoCairoError."""
        global _library
        if _library is None:
            _library = _load()
        self._library = _library
        self._width, self._height = picture.get_width(), picture.get_height()
        self._pixels = bytearray(self._width * self._height * _BYTES)
        _to_cairo(picture, self._pixels)
        self._memory = (ctypes.c_char * len(self._pixels)).from_buffer(self._pixels)
        self._surface = _library.cairo_image_surface_create_for_data(
            ctypes.addressof(self._memory), _FORMAT_RGB24, self._width, self._height, self._width * _BYTES
        )
        self._context = _library.cairo_create(self._surface)

    def finished(self) -> GdkPixbuf.Pixbuf:
        """The picture with what was drawn. The context is spent then."""
        self._library.cairo_destroy(self._context)
        self._library.cairo_surface_flush(self._surface)
        self._library.cairo_surface_destroy(self._surface)
        del self._memory
        return _from_cairo(self._pixels, self._width, self._height)

    def __getattr__(self, name: str):
        """A plain call of cairo: numbers in, nothing out."""
        call = getattr(self._library, f"cairo_{name}")
        return lambda *numbers: call(self._context, *numbers)

    def set_source_pixbuf(self, picture: GdkPixbuf.Pixbuf, nearest: bool) -> None:
        """What is filled from now on shows this picture, its corner at the origin. Raises NoCairoError."""
        global _gdk
        if _gdk is None:
            _gdk = _load_gdk()
        _gdk.gdk_cairo_set_source_pixbuf(self._context, _address(picture), 0.0, 0.0)
        if nearest:
            self._library.cairo_pattern_set_filter(self._library.cairo_get_source(self._context), NEAREST)

    def set_dash(self, dashes: Sequence[float], offset: float = 0.0) -> None:
        values = (ctypes.c_double * len(dashes))(*dashes)
        self._library.cairo_set_dash(self._context, values, len(dashes), offset)

    def select_font_face(self, family: str, slant: int = 0, weight: int = 0) -> None:
        self._library.cairo_select_font_face(self._context, family.encode(), int(slant), int(weight))

    def text_path(self, text: str) -> None:
        self._library.cairo_text_path(self._context, text.encode())


def _address(thing: GdkPixbuf.Pixbuf) -> int:
    """Where the C object is that a Python object stands for."""
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return get(thing.__gpointer__, None)


def _to_cairo(picture: GdkPixbuf.Pixbuf, pixels: bytearray) -> None:
    """RGB(A) bytes -> cairo's 32-bit words, which lie as B, G, R, x on the processors that GIMP runs on."""
    channels, stride, width = picture.get_n_channels(), picture.get_rowstride(), picture.get_width()
    data = picture.get_pixels()
    if stride != width * channels:
        data = b"".join(data[row * stride : row * stride + width * channels] for row in range(picture.get_height()))
    for channel in range(3):
        pixels[2 - channel :: _BYTES] = data[channel::channels]


def _from_cairo(pixels: bytearray, width: int, height: int) -> GdkPixbuf.Pixbuf:
    plain = bytearray(width * height * 3)
    for channel in range(3):
        plain[channel::3] = pixels[2 - channel :: _BYTES]
    return GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(bytes(plain)), GdkPixbuf.Colorspace.RGB, False, 8, width, height, width * 3
    )
