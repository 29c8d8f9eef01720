"""The model of a session: the library's, with what was tuned for the session's picture."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict

from draggan_client.edit_state import EditState
from draggan_server.checkpoints import Checkpoint
from draggan_server.models import ModelLibrary
from draggan_server.server import deltas
from draggan_server.server.errors import RefusedError
from draggan_server.stylegan2 import Generator

KEPT = 4
"""Tuned generators; each has its own copy of the weights that tuning changed. Others are made again when needed."""


class SessionModels:
    """For the engine's thread."""

    def __init__(self, library: ModelLibrary) -> None:
        self.library = library
        self._tuned: OrderedDict[bytes, tuple[Generator, Generator]] = OrderedDict()
        """By the packed delta: the generator that it was made for, and the tuned one."""

    def load(self, state: EditState) -> Checkpoint:
        """What draws the session's pictures: all that draws, drags or looks at one goes through this.

        Raises as `base` does, and EditStateError for a damaged or foreign delta.
        """
        base = self.base(state)
        packed = state.inversion.delta if state.inversion else b""
        return dataclasses.replace(base, generator=self._tuned_by(base.generator, packed)) if packed else base

    def base(self, state: EditState) -> Checkpoint:
        """The model as it is in its file. Raises RefusedError when that was replaced, and as the library does."""
        if self.library.entry(state.model_id).sha256 != state.model_sha256:
            raise RefusedError(
                "bad_edit_state",
                f"The file of the model {state.model_id!r} was replaced while this edit was open.",
                "Put the model's file back, or start a new edit on this layer.",
            )
        loaded = self.library.load(state.model_id)
        for packed, (generator, _) in tuple(self._tuned.items()):
            if not self.library.holds(generator):  # it made room for another: so must what was tuned of it
                del self._tuned[packed]
        return loaded

    def is_loaded(self, state: EditState) -> bool:
        """Whether `load` would return at once. Raises as the library does."""
        return self.library.is_loaded(state.model_id)

    def _tuned_by(self, base: Generator, packed: bytes) -> Generator:
        known = self._tuned.get(packed)
        if known is None or known[0] is not base:
            known = base, deltas.tuned(base, packed)
            self._tuned[packed] = known
        self._tuned.move_to_end(packed)
        while len(self._tuned) > KEPT:
            self._tuned.popitem(last=False)
        return known[1]
