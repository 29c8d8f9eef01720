"""The window of DragGAN Diagnostics: how the server stands, start and stop, and the text for a bug report."""

from gi.repository import Gdk, GimpUi, Gtk

from draggan_client import wording
from draggan_client.editing import ServerDesk, ServerPhase

from ..editor import editor_name
from .hand_over import hand_over

TITLE = "DragGAN Diagnostics"
_ROLE = "draggan-diagnostics"


def run() -> None:
    """As a window of its own."""
    GimpUi.init(_ROLE)
    window = _Window(None, None)
    window.run()


def show(parent: Gtk.Window, desk: ServerDesk) -> None:
    """Over another window, whose server desk it looks at."""
    _Window(parent, desk).run()


class _Window:
    def __init__(self, parent: Gtk.Window | None, desk: ServerDesk | None) -> None:
        self._shared = desk
        self._desk = desk or ServerDesk(hand_over, self._changed, editor_name())
        self._closed = False
        self._shown: object = None
        self._dialog = GimpUi.Dialog(title=TITLE, role=_ROLE, transient_for=parent, modal=parent is not None)
        self._dialog.add_button("_Close", Gtk.ResponseType.CLOSE)
        self._dialog.set_default_response(Gtk.ResponseType.CLOSE)
        self._dialog.set_default_size(720, 560)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=8, border_width=12)
        self._dialog.get_content_area().pack_start(box, True, True, 0)
        self._status = Gtk.Label(xalign=0.0, wrap=True, selectable=True)
        self._hint = Gtk.Label(xalign=0.0, wrap=True, selectable=True)
        buttons = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        self._start = self._button(buttons, "Start the server", self._desk.start)
        self._stop = self._button(buttons, "Stop the server", self._desk.stop)
        self._button(buttons, "Look again", self._look)
        copy = self._button(buttons, "Copy for a bug report", self._copy)
        copy.set_tooltip_text("Copies the text below. It holds no picture and no password.")
        self._text = Gtk.TextView(editable=False, monospace=True, wrap_mode=Gtk.WrapMode.WORD_CHAR, left_margin=6)
        self._text.get_accessible().set_name("Report")
        scrolled = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN)
        scrolled.add(self._text)
        box.pack_start(self._status, False, False, 0)
        box.pack_start(self._hint, False, False, 0)
        box.pack_start(buttons, False, False, 0)
        box.pack_start(scrolled, True, True, 0)
        box.show_all()
        self._timer = 0

    def run(self) -> None:
        from gi.repository import GLib

        self._look()
        self._timer = GLib.timeout_add(300, self._poll)
        self._dialog.run()
        self._closed = True
        GLib.source_remove(self._timer)
        self._dialog.destroy()
        if self._shared is None:
            self._desk.close()

    def _button(self, box: Gtk.Box, label: str, clicked) -> Gtk.Button:
        button = Gtk.Button(label=label)
        button.connect("clicked", lambda _: clicked())
        box.add(button)
        return button

    def _look(self) -> None:
        self._desk.refresh()
        self._report()

    def _report(self) -> None:
        self._desk.diagnostics(self._reported)

    def _reported(self, text: str) -> None:
        if not self._closed:
            self._text.get_buffer().set_text(text)

    def _copy(self) -> None:
        buffer = self._text.get_buffer()
        text = buffer.get_text(buffer.get_start_iter(), buffer.get_end_iter(), False)
        Gtk.Clipboard.get(Gdk.SELECTION_CLIPBOARD).set_text(text, -1)

    def _poll(self) -> bool:
        """The desk may be another window's, which is told of its changes."""
        self._changed()
        return True

    def _changed(self) -> None:
        status = self._desk.status
        if self._closed or status == self._shown:
            return
        settled = self._shown is not None and status.phase is not ServerPhase.STARTING
        self._shown = status
        trouble = status.phase is ServerPhase.TROUBLE
        self._status.set_text(wording.server_text(status))
        self._hint.set_text(f"{status.hint}\n\n{wording.HOW_TO_GET_THE_SERVER}" if trouble else status.hint)
        self._hint.set_visible(bool(self._hint.get_text()))
        self._start.set_sensitive(status.phase in (ServerPhase.OFF, ServerPhase.TROUBLE))
        self._stop.set_sensitive(status.phase in (ServerPhase.READY, ServerPhase.STARTING))
        if settled:
            self._report()
