"""Errors with an HTTP status of their own; other errors of a request answer with 400."""

from homologue.errors import HomologueError


class TooLargeError(HomologueError):
    """The request body exceeds its limit (413)."""


class BusyError(HomologueError):
    """A limit of the viewer is reached; the request may succeed later (503)."""


class MissingError(HomologueError):
    """The requested object does not exist, or has been removed (404)."""
