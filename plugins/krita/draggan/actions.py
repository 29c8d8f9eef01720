"""The actions: what they are called, what they do in a sentence, and their default shortcuts.

The same is in draggan.action, which Krita reads where it was installed beside the plugin. A plugin that was imported
from a zip has no such file, and then these are used. A test holds the two together.
"""

from dataclasses import dataclass

MENU = "draggan_menu"
MENU_TITLE = "DragGAN"


@dataclass(frozen=True)
class ActionText:
    """An action. Shortcuts are free in Krita's own default scheme, and no letter is shared with an accelerator."""

    id: str
    text: str
    tooltip: str
    shortcut: str
    icon: str = ""
    checkable: bool = False


MODE = ActionText(
    "draggan_mode",
    "Drag points",
    "Place points on the picture and pull them to where they should go",
    "Ctrl+Alt+P",
    "draggan-points",
    checkable=True,
)
RUN = ActionText("draggan_run", "Start or stop dragging", "Start the drag, or stop the one that runs", "Ctrl+Alt+B")
APPLY = ActionText(
    "draggan_apply", "Apply the edit", "Put the finished drags into the document as a new layer", "Ctrl+Alt+A"
)
DISCARD = ActionText("draggan_discard", "Discard the edit", "Drop the drags that are not applied", "Ctrl+Alt+X")
PICTURE = ActionText(
    "draggan_picture", "New picture from seed", "A new layer with a picture out of the chosen model", "Ctrl+Alt+N"
)
DOCKER = ActionText(
    "draggan_docker", "Show the DragGAN docker", "Show the docker, and bring it to the front", "Ctrl+Alt+O"
)

ACTIONS = (MODE, RUN, APPLY, DISCARD, PICTURE, DOCKER)
