"""Pictures that the server sends, as GTK shows them."""

from gi.repository import GdkPixbuf, GLib

from draggan_client.messages import Preview


def pixbuf_of(preview: Preview) -> GdkPixbuf.Pixbuf | None:
    """A preview, decoded; None where that does not work."""
    return decoded(preview.data)


def decoded(file: bytes) -> GdkPixbuf.Pixbuf | None:
    """A PNG or JPEG file; None where it is neither."""
    loader = GdkPixbuf.PixbufLoader.new()
    try:
        loader.write(file)
        loader.close()
    except GLib.Error:
        return None
    return loader.get_pixbuf()
