"""The frame while it is chosen: which ones there are to begin with, and what is wrong with the one that is."""

from collections.abc import Callable

from draggan_client import frames
from draggan_client.editing import Problem
from draggan_client.errors import DragganError
from draggan_client.frame_choice import FrameChoice, default_frame, trouble
from draggan_client.messages import AlignmentPoint, Frame, ModelInfo
from draggan_client.rect import Rect

from ..layers import selection
from ..layers.subject import Subject


class Framing:
    """`choice` is the frame as it is now; None: the layer is not read yet."""

    def __init__(
        self,
        subject: Callable[[], Subject],
        model: Callable[[], ModelInfo | None],
        changed: Callable[[], object],
        failed: Callable[[DragganError], object],
    ) -> None:
        """subject, model: what it is chosen on and for, now. changed: the frame is another."""
        self._subject = subject
        self._model = model
        self._changed = changed
        self._failed = failed
        self.choice: FrameChoice | None = None

    @property
    def problem(self) -> Problem | None:
        """Why the model cannot be shown this frame; None: it can."""
        if self.choice is None:
            return None
        subject = self._subject()
        return trouble(self.choice.frame, subject.box, subject.kind.pixel_bytes)

    @property
    def wanted(self) -> AlignmentPoint | None:
        """The landmark that is to be clicked next."""
        return self.choice.wanted if self.choice is not None else None

    @property
    def selected(self) -> Rect | None:
        """The selection's bounds on the layer; None: nothing of it is selected."""
        subject = self._subject()
        bounds = selection.bounds(subject.image) if subject.image.is_valid() else None
        shared = bounds.cut(subject.rect) if bounds is not None else None
        return None if shared is None or shared.is_empty else shared

    def begin(self) -> None:
        """Choose it anew."""
        try:
            self.choice = FrameChoice(self._default())
        except DragganError as error:
            self._failed(error)

    def reshape(self) -> None:
        """The model is known now, or another: the frame gets the shape of its picture."""
        model = self._model()
        if self.choice is not None and model is not None:
            try:
                self.choice.reshape(model.aspect)
            except DragganError as error:
                self._failed(error)

    def take_layer(self) -> None:
        """The smallest frame that holds all of the layer."""
        self._set(lambda aspect: frames.around(*self._subject().box, aspect))

    def take_selection(self) -> None:
        """The smallest frame that holds what is selected."""
        selected = self.selected
        if selected is not None:
            self._set(lambda aspect: frames.around(*selected.box, aspect))

    def reset(self) -> None:
        """The frame that one begins with."""
        self._set(lambda _aspect: self._default())

    def ask_landmarks(self) -> None:
        """Ask for clicks on the landmarks that the model expects; where they are asked for already: no longer."""
        choice, model = self.choice, self._model()
        if choice is not None and not choice.stop_asking() and model is not None:
            choice.ask(model.alignment)
        self._changed()

    def _set(self, make: Callable[[float], Frame]) -> None:
        if self.choice is None:
            return
        try:
            self.choice.stop_asking()
            self.choice.set(make(self.choice.frame.aspect))
        except DragganError as error:
            self._failed(error)
        else:
            self._changed()

    def _default(self) -> Frame:
        subject, selected, model = self._subject(), self.selected, self._model()
        return default_frame(
            subject.box,
            selected.box if selected is not None else None,
            model.aspect if model is not None else 1.0,
            subject.kind.pixel_bytes,
        )
