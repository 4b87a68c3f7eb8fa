"""What a part of the viewer is: matching is one, words and transfer are others."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from starlette.routing import BaseRoute

from homologue.viewer.fields import Fields
from homologue.viewer.jobs import Task
from homologue.viewer.sessions.session import Session

Action = Callable[[Session, Fields], None]
"""Changes a session as a person asked; raises HomologueError for what makes no sense."""


class Feature(Protocol):
    """Something that the viewer can do, on the server's side.

    All methods are called in the server's thread; only the work of tasks runs in the worker's.
    """

    @property
    def name(self) -> str:
        """Under which the page finds this part's share of a session's state."""
        ...

    @property
    def actions(self) -> Mapping[str, Action]:
        """What people can do, under names that no other part uses."""
        ...

    def routes(self) -> Sequence[BaseRoute]:
        """Addresses of its own, below `/api/`."""
        ...

    def tasks(self, session: Session) -> list[Task]:
        """All that the session's scene needs and that is not there yet, the first first.

        Asked for after every change and after every job; keys in `session.ended` are left out.
        """
        ...

    def describe(self, session: Session) -> Any:
        """What the page shows of the session, as JSON has it."""
        ...

    def progress(self, session: Session) -> Any:
        """What the page shows of running jobs, as JSON has it; sent many times a second."""
        ...
