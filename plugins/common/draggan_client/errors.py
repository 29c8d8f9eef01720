"""What can go wrong between an editor and the server. Every text says what, where, and what to do."""


class DragganError(Exception):
    """Base of everything this library raises on purpose.

    `message` says what was wrong and where, `hint` what to do about it (may be empty).
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class MessageError(DragganError):
    """A value on the wire, or about to go there, is not what the protocol allows."""

    def __init__(self, field: str, found: str, allowed: str) -> None:
        super().__init__(f"{field or 'message'}: found {found}, allowed is {allowed}.")
        self.field = field
        self.found = found
        self.allowed = allowed

    def inside(self, outer: str) -> "MessageError":
        """The same error, with the field named from one level further out."""
        joint = "" if not self.field or self.field.startswith("[") else "."
        return type(self)(f"{outer}{joint}{self.field}", self.found, self.allowed)


class FramingError(DragganError):
    """Bytes that are not MessagePack: garbage, cut short, or more than one message where one belongs."""


class TooLargeError(FramingError):
    """A message over its size limit. Raised before it is decoded."""


class EditStateError(DragganError):
    """An edit state that cannot be read: damaged, or not one at all."""


class EditStateVersionError(EditStateError):
    """An edit state of a version that this client does not know."""


class ServerNotRunningError(DragganError):
    """No server answers, and none could be started."""


class NotReachableError(ServerNotRunningError):
    """Nobody took the connection, so nothing was asked of anybody."""


class ServerStartError(ServerNotRunningError):
    """The server was started and did not come up. The message carries the end of its log."""


class ProtocolMismatchError(DragganError):
    """The server speaks another version of the protocol."""


class ConnectionLostError(DragganError):
    """The server stopped answering in the middle of something. What it was doing is lost."""


class ConnectionBrokenError(ConnectionLostError):
    """The connection itself broke off: the server has ended, or was just ending."""


class DragLostError(ConnectionLostError):
    """A running drag was lost with its server. The session stands where the last finished drag left it."""


class InversionLostError(ConnectionLostError):
    """A running inversion was lost with its server. What an earlier one came to is still there."""


class StoppedError(DragganError):
    """What was asked for was cancelled before it came to a result."""


class ServerError(DragganError):
    """The server answered with an error. `code` is one of `messages.ERROR_CODES`."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.code = code
