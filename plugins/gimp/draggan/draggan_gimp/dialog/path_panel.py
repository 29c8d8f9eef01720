"""Points from a path of the image, and back into one. A path that is being drawn is followed."""

from collections.abc import Callable

from gi.repository import Gimp, GLib, Gtk

from draggan_client.errors import DragganError
from draggan_client.points import Pair

from .. import paths

_POLL_MS = 300
_NONE = "none"


class PathPanel:
    """The widget is `widget`."""

    def __init__(
        self,
        image: Gimp.Image,
        pairs: Callable[[], tuple[Pair, ...]],
        taken: Callable[[tuple[Pair, ...]], object],
        failed: Callable[[DragganError], object],
    ) -> None:
        """pairs: the points now. taken: a path's points are to be the points."""
        self._image = image
        self._pairs = pairs
        self._taken = taken
        self._failed = failed
        self._followed: Gimp.Path | None = None
        self._key: object = None
        self._shown: list[tuple[int, str]] = []
        self.sensitive = True
        self.widget = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        self._combo = Gtk.ComboBoxText(hexpand=True)
        self._combo.set_tooltip_text(
            "A path gives the points: each stroke goes from a handle to its target, one of a single anchor is a pin. "
            "You can draw it with the Paths tool while this window is open."
        )
        self._combo.get_accessible().set_name("Points from a path")
        self._handler = self._combo.connect("changed", self._chosen)
        store = Gtk.Button(label="Store as path")
        store.set_tooltip_text("Put the points into a path of the image: it is saved with it.")
        store.connect("clicked", lambda _: self._store())
        self.widget.add(self._combo)
        self.widget.add(store)
        self._refresh()
        self._poll_id = GLib.timeout_add(_POLL_MS, self._poll)

    def release(self) -> None:
        """The artist has edited the points by hand: the path is followed no more."""
        if self._followed is not None:
            self._followed = None
            self._refresh(force=True)

    def close(self) -> None:
        """Stop looking at the image."""
        if self._poll_id:
            GLib.source_remove(self._poll_id)
        self._poll_id = 0

    def _poll(self) -> bool:
        if not self._image.is_valid():
            self._poll_id = 0
            return False
        self._refresh()
        path = self._followed
        if path is not None and self.sensitive:
            if not path.is_valid():
                self.release()
            elif (key := paths.strokes_key(path)) != self._key:
                self._key = key
                self._take(path, quiet=True)
        return True

    def _refresh(self, force: bool = False) -> None:
        found = [(path.get_id(), path.get_name()) for path in self._image.get_paths()]
        if found == self._shown and not force and self._combo.get_active_id() is not None:
            return
        self._shown = found
        with self._combo.handler_block(self._handler):
            self._combo.remove_all()
            self._combo.append(_NONE, "Points from a path" if found else "no path in this image")
            for number, name in found:
                self._combo.append(str(number), f"Path “{name}”")
            followed = str(self._followed.get_id()) if self._followed is not None else _NONE
            if not self._combo.set_active_id(followed):
                self._combo.set_active_id(_NONE)

    def _chosen(self, combo: Gtk.ComboBoxText) -> None:
        chosen = combo.get_active_id()
        if chosen in (None, _NONE):
            self._followed = None
            return
        path = Gimp.Path.get_by_id(int(chosen))
        if path is not None and path.is_valid():
            self._followed = path
            self._key = paths.strokes_key(path)
            self._take(path, quiet=False)

    def _take(self, path: Gimp.Path, quiet: bool) -> None:
        try:
            self._taken(paths.pairs_from(path))
        except DragganError as error:
            if not quiet:
                self._failed(error)

    def _store(self) -> None:
        pairs = self._pairs()
        if not pairs or not self._image.is_valid():
            return
        existing = self._followed if self._followed is not None and self._followed.is_valid() else None
        self._followed = None
        paths.store(self._image, pairs, existing)
        Gimp.displays_flush()
        self._refresh(force=True)
