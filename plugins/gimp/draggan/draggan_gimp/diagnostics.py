"""DragGAN Diagnostics without a window: the text alone."""

from draggan_client import diagnostics
from draggan_client.discovery import default_home, find_home
from draggan_client.errors import DragganError

from .editor import editor_name


def report() -> str:
    """What a bug report needs."""
    try:
        home = find_home()
    except DragganError as error:
        diagnostics.recent_errors.note("finding the server's folder", error)
        home = default_home()
    return diagnostics.report(home, editor_name())
