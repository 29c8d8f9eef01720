"""The artist's own picture on its way into a model: the frame is chosen, read, looked for, and compared afterwards with
the layer, which may have been painted on meanwhile."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ..draggan_client import frames
from ..draggan_client.editing import EditView, Phase, Problem
from ..draggan_client.frame_choice import Box, FrameChoice, landmark_words, landmarks_title, trouble
from ..draggan_client.frames import FrameChoiceError
from ..draggan_client.messages import Frame, FromPicture, PreviewOptions
from ..draggan_client.points import Spot
from ..layers import nodes
from ..layers.began import Began
from ..layers.reading import LayerReader, Reading
from .origin import Origin, region_to_read, wire_pixel_bytes
from .places import readable, seen, selected
from .state import Choice, FrameState

if TYPE_CHECKING:
    from .edit import Edit

READING = "Reading the layer …"
_COMPARING = "Comparing with the layer …"
_FRAME, _CHANGED = "frame", "changed"
_PREVIEW_INTERVAL_S = 0.4
_PLACES_KEPT_S = 1.0


class OwnPicture:
    """Part of an `Edit`: what comes before the first drag of a layer that no edit belongs to."""

    def __init__(self, edit: "Edit") -> None:
        self._edit = edit
        self._choice: FrameChoice | None = None
        self._is_used = False
        self._places: tuple[float, Box, Box] | None = None
        """When they were asked for, what is seen of the layer, and what would be read: Krita looks at every pixel."""
        self.began: Began | None = None
        """What was read for the session of now."""
        self.undragged: Origin | None = None
        """What the model has found, before any drag."""

    # The frame

    @property
    def choice(self) -> FrameChoice | None:
        """The frame that is being chosen; None: none is."""
        return None if self._is_used else self._choice

    def begin(self, frame: Frame) -> None:
        """Let the artist choose, from this frame on."""
        self._choice = FrameChoice(frame)
        self._is_used = False
        self._places = None
        self.began = self.undragged = None

    def end(self) -> None:
        """The layer's edit is known: there is nothing to be chosen."""
        self._choice = None
        self._is_used = False
        self.began = self.undragged = None

    def moved(self, dx: int, dy: int) -> None:
        """The layer lies elsewhere now, and the frame with it."""
        if self._choice is not None:
            self._choice.nudge(dx, dy)
            self._places = None
            if not self._is_used:
                self._edit.origin = Origin(self._choice.frame)

    def follow(self, origin: Origin) -> None:
        """What was found lies elsewhere now, with its layer."""
        self.began = None
        if self.undragged is not None:
            self.undragged = None if origin.state is None or origin.state.history else origin

    @property
    def is_used(self) -> bool:
        """Whether the frame was chosen here, and is used."""
        return self._choice is not None and self._is_used

    def whole_layer(self) -> None:
        """Round the whole layer."""
        node = self._edit.node
        if node is not None:
            self._around(seen(self._edit.document, node).box)

    def selection(self) -> None:
        """Round what is selected."""
        region = selected(self._edit.document)
        if region is not None:
            self._around(region.box)

    def reset(self) -> None:
        """The frame that it began with."""
        if self.choice is not None:
            self.choice.reset()

    def resize(self, size: float) -> None:
        """Of this size."""
        if self.choice is not None:
            self.choice.resize(size)

    def turn(self, angle: float) -> None:
        """At this angle."""
        if self.choice is not None:
            self.choice.turn(angle)

    def ask_landmarks(self, on: bool) -> None:
        """Ask for a click on each of the model's landmarks; or leave that."""
        model = self._edit.means.model()
        if self.choice is not None and on and model is not None and model.alignment:
            self.choice.ask(model.alignment)
        elif self.choice is not None:
            self.choice.stop_asking()

    def trouble(self) -> Problem | None:
        """Why the chosen frame cannot be used."""
        choice, node, document = self.choice, self._edit.node, self._edit.document
        if choice is None or node is None:
            return None
        bytes_each = wire_pixel_bytes(node)
        now = time.monotonic()
        if self._places is None or now - self._places[0] > _PLACES_KEPT_S:
            self._places = (now, seen(document, node).box, readable(document, node).box)
        _, what_is_seen, what_is_read = self._places
        return trouble(choice.frame, what_is_seen, bytes_each) or trouble(choice.frame, what_is_read, bytes_each)

    def state(self) -> FrameState | None:
        """For the docker."""
        choice = self.choice
        if choice is None:
            return None
        model, problem = self._edit.means.model(), self.trouble()
        alignment = model.alignment if model is not None else ()
        return FrameState(
            size=round(choice.frame.size, 1),
            angle=round(choice.frame.angle, 1),
            can_select=selected(self._edit.document) is not None,
            domain=model.domain if model is not None else "",
            landmarks=len(choice.landmarks) or len(alignment),
            landmarks_title=landmarks_title(alignment) if alignment else "",
            asked=landmark_words(choice.wanted.name) if choice.wanted is not None else "",
            asked_number=len(choice.clicks) + 1,
            trouble=str(problem) if problem is not None else "",
        )

    def _around(self, box: Box) -> None:
        if self.choice is None:
            return
        try:
            self.choice.set(frames.around(*box, self.choice.frame.aspect))
            self._edit.notices.drop(_FRAME)
        except FrameChoiceError as error:
            self._edit.notices.tell(_FRAME, Problem.of(error))

    # On the way to the model

    def use_frame(self, first: Spot | None = None) -> None:
        """Let the model look for what is in the frame; `first`: the first point to be put."""
        choice, edit = self.choice, self._edit
        if choice is None or not edit.work.is_free:
            return
        problem = self.trouble()
        if problem is not None:
            edit.notices.tell(_FRAME, problem)
            return
        choice.stop_asking()
        edit.notices.drop(_FRAME)
        self._is_used = True
        self.undragged = None
        edit.origin = Origin(choice.frame)
        inside = [pair for pair in edit.board.pairs if frames.contains(choice.frame, pair.handle)]
        edit.board.replace(inside)
        if first is not None:
            edit.board.add(first, first)
        edit.open_soon()

    def choose_again(self) -> None:
        """Leave what the model has found, and choose another frame."""
        edit = self._edit
        frame = edit.frame
        if frame is None or edit.view.history_length or edit.work.text:
            return
        if self._choice is None:  # it came from the document
            self.begin(frame)
        self._back()

    def look_again(self) -> None:
        """With the same frame: at the layer as it is now, or by another model."""
        edit, choice = self._edit, self._choice
        if choice is None:
            return
        edit.leave_session()
        edit.unblock()
        edit.notices.drop(_CHANGED)
        self._is_used = True
        self.began = self.undragged = None
        edit.origin = Origin(choice.frame)
        edit.open_soon()

    def model_changed(self) -> None:
        """Another model was chosen: it has to look itself."""
        model, choice = self._edit.means.model(), self._choice
        if choice is None or self._edit.view.history_length:
            return
        if model is not None:
            choice.reshape(model.aspect)
        choice.stop_asking()
        if self._is_used:
            self.look_again()

    def read(self) -> None:
        """Read the frame's pixels, for the server."""
        edit = self._edit
        node, frame = edit.node, edit.frame
        assert node is not None and frame is not None
        region = region_to_read(edit.document, node, frame)
        layer_id = nodes.id_of(node)
        reading = LayerReader(edit.document).read(node, region)
        edit.work.read(READING, reading, lambda got: self._read(layer_id, got))

    def _read(self, layer_id: str, reading: Reading) -> None:
        edit = self._edit
        if reading.is_clear:
            self._back()
            edit.notices.tell(
                _FRAME, Problem("There is nothing on the layer inside the frame.", "Move the frame onto the picture.")
            )
            return
        frame, region = edit.frame, reading.region
        assert edit.origin is not None
        edit.origin = replace(edit.origin, is_opaque=reading.is_opaque)
        self.began = Began(layer_id, region, reading.digest)
        edit.work.think(READING, lambda: FromPicture(reading.array(), region.left, region.top, frame), edit.begin)

    def preview(self) -> PreviewOptions:
        """Of the reconstruction."""
        return PreviewOptions(self._edit.preview_side(), "jpeg", _PREVIEW_INTERVAL_S, "model")

    def make_faithful(self) -> None:
        """Let the model be fitted to the picture."""
        self._edit.invert("faithful")

    # What the model has found

    def found(self, view: EditView) -> None:
        """The search has ended, or was stopped."""
        if view.phase is not Phase.READY or view.needs_inversion:
            self._back()
            return
        began, node = self.began, self._edit.node
        if began is None or node is None:  # from the document: it is not this layer that was read
            self._settle()
            return
        digest = LayerReader(self._edit.document).digest(node, began.region)
        # To be compared is not left to be stopped: what was found could not be used then.
        self._edit.work.write(_COMPARING, digest, lambda now: self._compare(now == began.digest))

    def failed(self) -> None:
        """The search could not be made; why was told. What an earlier one has found stays."""
        if self.undragged is None:
            self._back()

    def painted(self) -> bool:
        """The layer was painted on, with no drag on it yet. Whether that is dealt with."""
        if not self.is_used or self._edit.view.history_length:
            return False
        if self.undragged is not None:  # else it is compared in the end
            self._ask()
        return True

    def _compare(self, is_same: bool) -> None:
        if is_same:
            self._settle()
        else:
            self._ask()

    def _settle(self) -> None:
        edit = self._edit
        view, origin = edit.view, edit.origin
        if view.state is not None and view.edit_state is not None and origin is not None:
            began = self.began or origin.began
            self.undragged = Origin(view.state.frame, view.state, view.edit_state, origin.is_opaque, began)
        edit.watch_layer()
        edit.advance()

    def _ask(self) -> None:
        edit = self._edit
        edit.block_until_answered()
        answers: dict[str, Callable[[], None]] = {"again": self.look_again, "keep": self._keep}
        edit.notices.ask(
            _CHANGED,
            f"“{edit.name}” was changed since the model began to look for it.",
            "Look for the layer as it is now, or go on with the picture as it was? What was changed is not in it.",
            (Choice("again", "Look again"), Choice("keep", "Go on as it was")),
            lambda choice: answers[choice](),
        )

    def _keep(self) -> None:
        self._edit.unblock()
        self._settle()
        self._edit.means.changed()

    def _back(self) -> None:
        """To the choice of the frame."""
        self._is_used = False
        self.began = self.undragged = None
        edit = self._edit
        edit.wants_open = edit.wants_start = False
        edit.notices.drop(_CHANGED)
        edit.leave_session()
        edit.unblock()
        if self._choice is not None:
            edit.origin = Origin(self._choice.frame)
        edit.means.changed()
