"""The window "Get More Models": what there is, licences, downloads, and files of one's own."""

from collections.abc import Callable

from gi.repository import GimpUi, Gtk

from draggan_client import wording
from draggan_client.connection import Connection
from draggan_client.messages import AddModelRequest, CatalogueEntry
from draggan_client.model_shop import ModelShop, ShopPhase, ShopView, can_be_got, needs_a_yes

from .hand_over import hand_over
from .widgets import button

TITLE = "Get More Models"
_ROLE = "draggan-models"
_ID, _LABEL = range(2)


def show(parent: Gtk.Window, connection: Connection, came: Callable[[str], object]) -> None:
    """Over another window, until it is closed. `came`: there is a new model of this id."""
    window = ModelShopWindow(parent, connection, came)
    window.run()


class ModelShopWindow:
    """Closing it stops a download; what has come is kept."""

    def __init__(self, parent: Gtk.Window, connection: Connection, came: Callable[[str], object]) -> None:
        self._came = came
        self._told = ""
        self._entries: tuple[CatalogueEntry, ...] | None = None
        self._closed = False
        self._filling = False
        self._shop = ModelShop(connection, hand_over, self._changed)
        self._dialog = GimpUi.Dialog(title=TITLE, role=_ROLE, transient_for=parent, modal=True)
        self._dialog.add_button("_Close", Gtk.ResponseType.CLOSE)
        self._dialog.set_default_size(820, 520)
        self._build()
        self._shop.load()
        self._changed()

    def run(self) -> None:
        """Until it is closed."""
        self._dialog.run()
        self._closed = True
        self._shop.close()
        self._dialog.destroy()

    # Building

    def _build(self) -> None:
        self._store = Gtk.ListStore(str, str)
        self._list = Gtk.TreeView(model=self._store, headers_visible=False)
        self._list.append_column(Gtk.TreeViewColumn("Model", Gtk.CellRendererText(), text=_LABEL))
        self._list.get_accessible().set_name("Models")
        self._list.get_selection().connect("changed", lambda _: self._chosen())
        scrolled = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN, hscrollbar_policy=Gtk.PolicyType.NEVER)
        scrolled.set_size_request(400, -1)
        scrolled.add(self._list)
        middle = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=12)
        middle.pack_start(scrolled, False, True, 0)
        middle.pack_start(self._build_facts(), True, True, 0)
        whole = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=8, border_width=12)
        whole.pack_start(middle, True, True, 0)
        whole.pack_start(self._build_foot(), False, False, 0)
        self._dialog.get_content_area().pack_start(whole, True, True, 0)
        whole.show_all()

    def _build_facts(self) -> Gtk.Widget:
        self._title = _text()
        self._title.get_style_context().add_class("title")
        self._facts = _text()
        self._licence = button("Read the Licence", "In a browser.", self._open_licence)
        self._page = button("Its Page", "In a browser.", self._open_page)
        self._agree = Gtk.CheckButton(label="I agree to the licence")
        self._agree.connect("toggled", lambda _: self._show_buttons())
        self._why = _text()
        self._why.set_text(wording.SHOP_UNVERIFIED)
        self._why.get_style_context().add_class("dim-label")
        self._unverified = Gtk.CheckButton(label="Download it all the same")
        self._unverified.connect("toggled", lambda _: self._show_buttons())
        self._get = button("Download", "Download the model, and convert it.", self._download)
        self._get.set_halign(Gtk.Align.START)
        links = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        links.add(self._licence)
        links.add(self._page)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=8)
        for widget in (self._title, self._facts, links, self._agree, self._why, self._unverified, self._get):
            box.pack_start(widget, False, False, 0)
        return box

    def _build_foot(self) -> Gtk.Widget:
        self._text = _text()
        self._bar = Gtk.ProgressBar(valign=Gtk.Align.CENTER)
        self._bar.get_accessible().set_name("Getting the model")
        self._stop = button("Stop", "What has come is kept.", self._shop.cancel)
        self._add = button(
            "Add a File...", "A StyleGAN2 model that you have already: .pkl, .pt, .safetensors ...", self._choose_file
        )
        row = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL, spacing=6)
        row.pack_start(self._add, False, False, 0)
        row.pack_start(self._bar, True, True, 0)
        row.pack_end(self._stop, False, False, 0)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        box.pack_start(self._text, False, False, 0)
        box.pack_start(row, False, False, 0)
        return box

    # What the artist does

    def _download(self) -> None:
        entry = self._entry()
        if entry is not None and self._agree.get_active():
            self._shop.get(entry, self._unverified.get_active())

    def _choose_file(self) -> None:
        chooser = Gtk.FileChooserDialog(
            title="Add a Model", transient_for=self._dialog, action=Gtk.FileChooserAction.OPEN, modal=True
        )
        chooser.add_button("_Cancel", Gtk.ResponseType.CANCEL)
        chooser.add_button("_Add", Gtk.ResponseType.ACCEPT)
        kinds = Gtk.FileFilter()
        kinds.set_name("Models")
        for kind in wording.SHOP_FILES.partition("(")[2].rstrip(")").split():
            kinds.add_pattern(kind)
        chooser.add_filter(kinds)
        response = chooser.run()
        path = chooser.get_filename()
        chooser.destroy()
        if response == Gtk.ResponseType.ACCEPT and path:
            self._shop.add(AddModelRequest(path))

    def _open_licence(self) -> None:
        entry = self._entry()
        if entry is not None:
            Gtk.show_uri_on_window(self._dialog, entry.licence_page, 0)

    def _open_page(self) -> None:
        entry = self._entry()
        if entry is not None:
            Gtk.show_uri_on_window(self._dialog, entry.page, 0)

    # Showing

    def _changed(self) -> None:
        if self._closed:
            return
        view = self._shop.view
        if view.entries != self._entries:
            self._entries = view.entries
            self._fill(view)
        problem = str(view.problem) if view.problem else "\n".join(view.problems)
        notes = "" if view.problem or view.is_busy else wording.files_text(view.files)
        self._text.set_text("\n".join(part for part in (problem or view.text, notes) if part))
        self._bar.set_visible(view.is_busy or view.phase is ShopPhase.LOADING)
        if view.fraction is None:
            self._bar.pulse()
        else:
            self._bar.set_fraction(view.fraction)
        self._stop.set_visible(view.is_busy)
        self._show_buttons()
        if view.added is not None and view.added.id != self._told:
            self._told = view.added.id
            self._came(view.added.id)

    def _fill(self, view: ShopView) -> None:
        """The list anew, with the same one chosen."""
        before = self._entry_id()
        self._filling = True
        self._store.clear()
        for entry in view.entries or ():
            row = self._store.append([entry.id, f"{entry.name}{'  ✓' if entry.is_here else ''}"])
            if entry.id == before:
                self._list.get_selection().select_iter(row)
        first = self._store.get_iter_first()
        if not self._entry_id() and first is not None:
            self._list.get_selection().select_iter(first)
        self._filling = False
        store, chosen = self._list.get_selection().get_selected()
        if chosen is not None:
            self._list.scroll_to_cell(store.get_path(chosen), None, False, 0.0, 0.0)
        self._show_facts()

    def _chosen(self) -> None:
        if not self._filling:
            self._agree.set_active(False)  # each licence is agreed to by itself
            self._unverified.set_active(False)
            self._show_facts()

    def _show_facts(self) -> None:
        entry = self._entry()
        self._title.set_text(entry.name if entry else "")
        self._facts.set_text("\n".join(wording.offer_texts(entry)) if entry else "")
        self._show_buttons()

    def _show_buttons(self) -> None:
        entry = self._entry()
        busy = self._shop.view.is_busy
        can_get = entry is not None and can_be_got(entry)
        unsure = can_get and entry is not None and needs_a_yes(entry)
        self._licence.set_visible(bool(entry and entry.licence_page))
        self._page.set_visible(bool(entry and entry.page))
        for widget in (self._agree, self._get):
            widget.set_visible(can_get)
        for widget in (self._why, self._unverified):
            widget.set_visible(unsure)
        agreed = self._agree.get_active() and (not unsure or self._unverified.get_active())
        self._get.set_sensitive(agreed and not busy)
        self._get.set_label("Go on Downloading" if entry is not None and entry.bytes_here else "Download")
        self._add.set_sensitive(not busy)

    def _entry(self) -> CatalogueEntry | None:
        return self._shop.view.entry(self._entry_id())

    def _entry_id(self) -> str:
        store, row = self._list.get_selection().get_selected()
        return store[row][_ID] if row is not None else ""


def _text() -> Gtk.Label:
    label = Gtk.Label(xalign=0.0, wrap=True, selectable=True, max_width_chars=44)
    label.set_can_focus(False)
    return label
