"""The windows. A controller does things, widgets show them; what is pure (the view's mapping) knows no toolkit."""

import gi

for _name, _version in (("Gtk", "3.0"), ("Gdk", "3.0"), ("GdkPixbuf", "2.0"), ("GimpUi", "3.0")):
    gi.require_version(_name, _version)
