"""Getting the result from the server, and making a layer of it. The source layer says in which form."""

from collections.abc import Callable

from gi.repository import Gimp

from draggan_client.editing import Editing, Problem
from draggan_client.messages import Pixels

from .. import edit
from ..edit import Beginning
from ..layers import result
from ..layers.records import Form
from ..layers.result import Plan
from ..layers.source import SourcePixels
from ..layers.subject import RefusedError
from .tasks import Tasks


class Applying:
    """One press of Apply."""

    def __init__(
        self,
        tasks: Tasks,
        editing: Editing,
        beginning: Beginning,
        made: Callable[[Plan, Gimp.Layer], object],
        failed: Callable[[Problem], object],
    ) -> None:
        """made: the layer, which is not in the image yet. failed: there is none."""
        self._tasks = tasks
        self._editing = editing
        self._beginning = beginning
        self._made = made
        self._failed = failed

    def begin(self) -> None:
        """Find out the form, get the pixels, make the layer."""
        beginning, pixels = self._beginning, self._beginning.pixels
        plan = edit.first_plan(beginning)
        if plan is not None and plan.form is Form.EDIT:
            self._fetch_edit(plan)
            return

        def prepared():
            if plan is None and not result.has_transparency(pixels):
                return None
            return edit.copy_request(beginning, pixels)

        def go(request) -> None:
            if request is None:
                self._fetch_edit(Plan(Form.EDIT))
            else:
                self._fetch(request, lambda copy: self._copied(plan, pixels, copy))

        self._tasks.busy("Preparing the result")
        self._tasks.beside(prepared, go)

    def _copied(self, plan: Plan | None, pixels: SourcePixels, copy: Pixels) -> None:
        if plan is not None:
            self._make(plan, copy)
            return

        def planned(touched: bool) -> None:
            found = result.plan_by_transparency(self._beginning.subject, touched)
            if found.form is Form.COPY:
                self._make(found, copy)
            else:
                self._fetch_edit(found)

        self._tasks.beside(lambda: result.touches_transparency(pixels, copy), planned)

    def _fetch_edit(self, plan: Plan) -> None:
        self._fetch(edit.edit_request(self._beginning), lambda pixels: self._make(plan, pixels))

    def _fetch(self, request, done: Callable[[Pixels], object]) -> None:
        self._tasks.busy("Getting the result")
        self._editing.fetch(request, done, self._failed)

    def _make(self, plan: Plan, pixels: Pixels) -> None:
        state = self._editing.view.edit_state
        assert state is not None
        if result.changes_nothing(pixels):
            error = RefusedError(
                "The drag has changed nothing that may change.", "Pull the points further, or select more of the layer."
            )
            self._failed(Problem.of(error))
            return
        work = edit.make_layer(self._beginning, plan, pixels, state)
        self._tasks.do("Making the layer", work, lambda layer: self._made(plan, layer))
