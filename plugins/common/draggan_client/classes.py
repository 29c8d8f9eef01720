"""Which class a model that draws by class is to draw: as an artist chooses it, by name or number or not at all."""

from collections import Counter

from .messages import ModelInfo

TITLE = "Class"
BY_SEED = "by the seed"
TOOLTIP = (
    "What the model draws: it knows several kinds of picture. Choose one, or type its name or number.\n"
    "By the seed: the classes take turns, seed by seed."
)
MOST_LISTED = 1000
"""In a list to choose from; what comes after them can be typed."""


def class_texts(model: ModelInfo) -> tuple[str, ...]:
    """What there is to choose: BY_SEED, then each class by its name or number; nothing for a model without classes."""
    if not model.classes:
        return ()
    listed = min(model.classes, MOST_LISTED)
    return (BY_SEED, *(_named(model)[:listed] or map(str, range(listed))))


def class_text(model: ModelInfo, label: int | None) -> str:
    """How a class is called: "wild", "7"; of names that occur twice, "crane (134)"."""
    if label is None:
        return BY_SEED
    return _named(model)[label] if model.class_names else str(label)


def class_from(model: ModelInfo, text: str) -> int | None:
    """The class that an artist has typed or chosen; None: by the seed. Names come first, capitals do not matter.

    Raises:
        ValueError: the model has no such class.
    """
    typed = text.strip()
    named = _named(model)
    if typed in named:
        return named.index(typed)
    if typed.casefold() in ("", BY_SEED.casefold()):
        return None
    alike = [label for label, name in enumerate(named) if name.casefold() == typed.casefold()]
    if alike:
        return alike[0]
    if typed.isascii() and typed.isdecimal() and int(typed) < model.classes:
        return int(typed)
    raise ValueError(f"the model {model.name} has no class {typed[:80]!r}")


def _named(model: ModelInfo) -> tuple[str, ...]:
    """The names, each another one, and none like BY_SEED."""
    found = Counter(model.class_names)
    return tuple(
        name if found[name] == 1 and name != BY_SEED else f"{name} ({label})"
        for label, name in enumerate(model.class_names)
    )
