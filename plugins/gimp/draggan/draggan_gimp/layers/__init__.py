"""The image's layers: which one is edited, its pixels, the selection, the result, and the record that it keeps.

Nothing here shows a window or talks to the server. What takes long is a `slices.Work`. All of it must run on the
main thread, as everything of GIMP's.
"""
