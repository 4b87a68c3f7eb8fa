"""What the page is told of something that a session wants to be computed."""

from collections.abc import Hashable, Mapping
from dataclasses import asdict
from typing import Any

from homologue.viewer.jobs import Status


def state_of(
    key: Hashable, done: bool, ended: Mapping[Hashable, str], statuses: Mapping[Hashable, Status]
) -> str:
    """`done`, `failed`, `cancelled`, `running` or `waiting`.

    Args:
        ended: see `Session`.
        statuses: of the session's jobs.
    """
    if done:
        return "done"
    if key in ended:
        return "failed" if ended[key] else "cancelled"
    return "running" if key in statuses and statuses[key].running else "waiting"


def told_of(key: Hashable, statuses: Mapping[Hashable, Status]) -> dict[str, Any] | None:
    """What a running job last told."""
    status = statuses.get(key)
    return asdict(status.told) if status and status.running and status.told else None
