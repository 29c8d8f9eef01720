"""Hypothesis strategies for records, read off their annotations: a new message is tested at once."""

import math
import types
from dataclasses import replace
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from draggan_client.arrays import ITEM_SIZE, Array, ArrayOf
from draggan_client.edit_state import EditState, FinishedDrag, KeptMask, StatePoint
from draggan_client.errors import MessageError
from draggan_client.messages import ModelInfo, Pixels, PreviewOptions, ResultRequest
from draggan_client.schema import Between, Length, Record

MANY = 3


def records(cls: type[Record]) -> st.SearchStrategy[Any]:
    """Valid instances of `cls`."""
    if cls is EditState:
        return edit_states()
    if cls is StatePoint:  # a reference is whole or missing
        reference = [name for name in _kinds(cls) if name.startswith("reference")]
        return _built(cls, **dict.fromkeys(reference, st.none())) | _built(cls, **_present(cls))
    if cls is ModelInfo:  # classes have all a name or none has
        name = values(_kinds(cls)["name"])
        return _built(cls, class_names=st.just(())) | _built(cls, classes=st.just(2), class_names=st.tuples(name, name))
    if cls is PreviewOptions:
        return _built(cls, content=st.just("model")) | _built(cls, format=st.just("png"))
    if cls is ResultRequest:
        without = _built(cls, form=st.sampled_from(["edit", "picture", "model"]), onto=st.none())
        return without | _built(cls, form=st.just("copy"), depth=st.none(), onto=_present(cls)["onto"])
    if cls is Pixels:
        return _built(cls, changed=st.none()) | _built(cls, changed=st.none()).map(_copied)
    return _built(cls)


@st.composite
def edit_states(draw: st.DrawFn) -> EditState:
    """Edit states whose latents fit each other, and whose drags have masks that there are."""
    latents = arrays(ArrayOf(("f16",), (4, 8)))
    masks = draw(st.lists(records(KeptMask), max_size=MANY).map(tuple))
    places = st.sampled_from([None, *range(len(masks))])
    history = draw(st.lists(_built(FinishedDrag, latent=latents, mask=places), max_size=MANY).map(tuple))
    source = draw(st.sampled_from(["seed", "latent", "picture"]))
    fixed = {
        "source": source,
        "seed": draw(st.integers(0, 2**32 - 1)) if source == "seed" else None,
        "history": history,
        "masks": masks,
        "position": draw(st.integers(0, len(history))),
    }
    given = {name: st.just(value) for name, value in fixed.items()}
    return draw(_built(EditState, start_latent=latents, **given))


def _copied(pixels: Pixels) -> Pixels:
    height, width, _ = pixels.picture.shape
    return replace(pixels, changed=Array("u8", (height, width), bytes(height * width)))


@st.composite
def arrays(draw: st.DrawFn, rule: ArrayOf) -> Array:
    """Arrays that `rule` allows."""
    dtype: Any = draw(st.sampled_from(rule.dtypes))
    shape = tuple(side if isinstance(side, int) else draw(st.integers(1, MANY)) for side in rule.shape)
    size = ITEM_SIZE[dtype] * math.prod(shape)
    if dtype in ("u8", "u16"):
        return Array(dtype, shape, draw(st.binary(min_size=size, max_size=size)))
    return Array(dtype, shape, b"\x01\x3c" * (size // 2))  # any bytes might be a NaN


def _present(cls: type[Record]) -> dict[str, st.SearchStrategy[Any]]:
    return {name: values(kind).filter(lambda value: value is not None) for name, kind in _kinds(cls).items()}


def _built(cls: type[Record], **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = {name: given[name] if name in given else values(kind) for name, kind in _kinds(cls).items()}
    made = st.fixed_dictionaries(fields).map(lambda found: _made(cls, found))
    return made.filter(lambda record: record is not None)


def _made(cls: type[Record], fields: dict[str, Any]) -> Record | None:
    """None where two fields do not go together: two points of one id."""
    try:
        return cls(**fields)
    except MessageError as error:
        if "one id twice" not in error.found:
            raise
        return None


def _kinds(cls: type[Record]) -> dict[str, Any]:
    hints = get_type_hints(cls, include_extras=True)
    return {name: hints[name] for name in cls.__dataclass_fields__}  # type: ignore[attr-defined]


def values(kind: Any, rules: tuple[Any, ...] = ()) -> st.SearchStrategy[Any]:
    """What the annotation `kind` allows."""
    if get_origin(kind) is Annotated:
        return values(kind.__origin__, kind.__metadata__)
    if get_origin(kind) in (Union, types.UnionType):
        return st.one_of(*(values(choice) for choice in get_args(kind)))
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if get_origin(kind) is tuple:
        least = next((rule.least for rule in rules if isinstance(rule, Length)), 0)
        return st.lists(values(get_args(kind)[0]), min_size=least, max_size=least + MANY).map(tuple)
    if kind is type(None):
        return st.none()
    if kind is Array:
        rule = next((rule for rule in rules if isinstance(rule, ArrayOf)), ArrayOf(tuple(ITEM_SIZE), ("a",)))
        return arrays(rule)
    if isinstance(kind, type) and issubclass(kind, Record):
        return records(kind)
    return _scalars(kind, rules)


def _scalars(kind: Any, rules: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    between = next((rule for rule in rules if isinstance(rule, Between)), Between(-1e9, 1e9))
    length = next((rule for rule in rules if isinstance(rule, Length)), Length(0, 50))
    most = max(length.least, min(length.most, 50))
    return {
        bool: st.booleans(),
        int: st.integers(int(between.low), int(between.high)),
        float: st.floats(between.low, between.high, allow_nan=False),
        str: st.text(st.characters(exclude_categories=("Cs",)), min_size=length.least, max_size=most),
        bytes: st.binary(min_size=length.least, max_size=most),
    }[kind]
