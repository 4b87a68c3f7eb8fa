"""The state of a computation that a session needs, for the page."""

from collections.abc import Hashable, Mapping
from dataclasses import asdict
from typing import Any

from homologue.viewer.jobs import Status


def job_state(
    key: Hashable, done: bool, ended: Mapping[Hashable, str], statuses: Mapping[Hashable, Status]
) -> str:
    """Return `done`, `failed`, `cancelled`, `running` or `waiting`.

    Args:
        key: key of the task.
        done: whether its result is stored.
        ended: see `Session`.
        statuses: statuses of the session's jobs.
    """
    if done:
        return "done"
    if key in ended:
        return "failed" if ended[key] else "cancelled"
    return "running" if key in statuses and statuses[key].running else "waiting"


def job_progress(key: Hashable, statuses: Mapping[Hashable, Status]) -> dict[str, Any] | None:
    """Return the last progress of a running job, or None."""
    status = statuses.get(key)
    return asdict(status.progress) if status and status.running and status.progress else None
