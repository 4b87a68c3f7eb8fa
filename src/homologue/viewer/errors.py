"""Why a request is refused, besides being wrong in itself (which a HomologueError says)."""

from homologue.errors import HomologueError


class TooLargeError(HomologueError):
    """More bytes than are taken."""


class BusyError(HomologueError):
    """What cannot be done now, but later."""


class MissingError(HomologueError):
    """What is asked for is not there, or not any more."""
