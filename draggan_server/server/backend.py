"""What the routes need of whoever does the work.

The routes know this interface only, so that a pool of workers on other machines can take the place of the
one engine in this process without touching them.
"""

from __future__ import annotations

from typing import Protocol

from draggan_client.messages import (
    AddModelRequest,
    Catalogue,
    DragRequest,
    Event,
    GetModelRequest,
    Hello,
    InvertRequest,
    Models,
    OpenRequest,
    Pixels,
    PreviewOptions,
    Result,
    ResultRequest,
)
from draggan_server.server.engine import Job


class Backend(Protocol):
    """All of it may be called from any thread, and raises what `errors.describe` can put into words."""

    def hello(self) -> Hello:
        """Who answers. Never waits."""

    def models(self) -> Models:
        """What models there are. Never waits for the engine."""

    def catalogue(self) -> Catalogue:
        """What models can be had from elsewhere. Never waits."""

    def get_model(self, request: GetModelRequest) -> Job[Event]:
        """Begins to download a model of the catalogue; its last event is a ModelAdded."""

    def add_model(self, request: AddModelRequest) -> Job[Event]:
        """Begins to convert a file of this computer; its last event is a ModelAdded."""

    def open(self, request: OpenRequest) -> Job[Event]:
        """Begins to open a session; its Result names it."""

    def step(self, session_id: str, request: DragRequest) -> Job[Event]:
        """Begins a drag: the job goes on, step by step, until it ends or is stopped."""

    def invert(self, session_id: str, request: InvertRequest) -> Job[Event]:
        """Begins to look for the latent of the session's picture."""

    def cancel(self, session_id: str) -> None:
        """Ends the session's running drag or inversion after the step being taken; what it has is kept. Never waits."""

    def seek(
        self, session_id: str, position: int | None = None, *, by: int = 0, preview: PreviewOptions | None = None
    ) -> Result:
        """Goes to a position of the history, or `by` steps from where it is."""

    def pixels(self, session_id: str, request: ResultRequest) -> Pixels:
        """The session's picture."""

    def close(self, session_id: str) -> None:
        """Ends what is running in the session, keeping nothing, and forgets it."""

    def stop(self, timeout_s: float) -> bool:
        """Ends everything; streams get an error that says so. False when that was not done in time."""
