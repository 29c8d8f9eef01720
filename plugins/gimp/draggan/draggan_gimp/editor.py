"""Which GIMP this is, for the diagnostics."""

from gi.repository import Gimp


def editor_name() -> str:
    """ "GIMP 3.0.4", and what of its surroundings matters to us."""
    return f"GIMP {Gimp.version()}, cairo binding: {'yes' if _has_cairo() else 'no'}"


def _has_cairo() -> bool:
    import gi

    try:
        gi.require_foreign("cairo")
    except (ImportError, AttributeError):
        return False
    return True
