"""What the procedures are called, in the procedure browser and in the menus."""

DRAG_POINTS = "draggan-drag-points"
NEW_PICTURE = "draggan-new-picture"
DIAGNOSTICS = "draggan-diagnostics"

DISTORTS_MENU = "<Image>/Filters/Distorts"
CREATE_MENU = "<Image>/File/Create"
HELP_MENU = "<Image>/Filters/Distorts"
AUTHORS = "The DragGAN for Krita and GIMP authors"
YEAR = "2026"
