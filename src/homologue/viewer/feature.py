"""The protocol of a feature of the viewer: matching, words, transfer, runs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from starlette.routing import BaseRoute

from homologue.viewer.fields import Fields
from homologue.viewer.jobs import Task
from homologue.viewer.sessions.session import Session

Action = Callable[[Session, Fields], None]
"""Changes a session; raises HomologueError if the fields are invalid."""


class Feature(Protocol):
    """The server side of a feature.

    All methods are called in the server's thread; `Task.work` runs in the worker's thread.
    """

    @property
    def name(self) -> str:
        """Key of the feature in the state of a session."""
        ...

    @property
    def actions(self) -> Mapping[str, Action]:
        """Actions by name; no two features share a name."""
        ...

    def routes(self) -> Sequence[BaseRoute]:
        """Return the routes of the feature, below `/api/`."""
        ...

    def tasks(self, session: Session) -> list[Task]:
        """Return the tasks that the session's scene still needs, in order of importance.

        Called after every action and after every job. Tasks whose key is in `session.ended` are
        left out.
        """
        ...

    def describe(self, session: Session) -> Any:
        """Return the state of the session that the page shows, JSON-serialisable."""
        ...

    def progress(self, session: Session) -> Any:
        """Return the progress of running jobs, JSON-serialisable; sent many times a second."""
        ...
