"""Connect to a Ray cluster, or start one on this machine."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from homologue.errors import HomologueError

TIMEOUT = 30.0
"""Seconds to wait for an answer of a cluster."""

# A process of its own with a time limit: `ray.init` retries for minutes and cannot be interrupted.
_CONNECT = """
import sys
import ray
try:
    ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR")
except Exception as error:
    sys.exit((str(error).strip().splitlines() or [type(error).__name__])[0])
"""


@contextmanager
def cluster(address: str | None) -> Iterator[None]:
    """Connect to a Ray cluster for the duration of the context.

    Args:
        address: `HOST:PORT`, `auto`, or None to start a cluster on this machine.

    Raises:
        HomologueError: Ray is not installed, cannot start here, or no cluster answers within
            `TIMEOUT` seconds.
    """
    # Read by the processes that Ray starts. By default its workers run at a low priority.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_worker_niceness", "0")
    try:
        import ray
    except ImportError:
        raise HomologueError(
            "--engine ray needs Ray; install it with `pip install 'homologue[ray]'`."
        ) from None
    local = address in (None, "local")
    if not local:
        _check_answers(str(address))
    try:
        ray.init(
            address=address or "local", include_dashboard=False, log_to_driver=False,
            logging_level="ERROR",
        )  # fmt: skip
    except Exception as error:  # Ray also raises plain Exceptions
        ray.shutdown()
        if not local:
            raise _unreachable(str(address), _first_line(error)) from error
        raise HomologueError(_start_failure(error)) from error
    # Ray prints messages about its workers to stdout, which is for results.
    with redirect_stdout(sys.stderr):
        try:
            yield
        finally:
            ray.shutdown()


def _check_answers(address: str) -> None:
    """Raise HomologueError unless a separate process can connect to the cluster."""
    _check_syntax(address)
    command = [sys.executable, "-c", _CONNECT, address]
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT
        )
    except subprocess.TimeoutExpired:
        raise _unreachable(address, f"no answer within {TIMEOUT:.0f} s") from None
    if ended.returncode:
        lines = ended.stderr.decode(errors="backslashreplace").strip().splitlines()
        raise _unreachable(address, (lines or ["no reason was given"])[-1].rstrip("."))


def _check_syntax(address: str) -> None:
    """Raise HomologueError unless the text may be the address of a cluster."""
    if address == "auto":
        return
    scheme, _, host_port = address.rpartition("://")
    found = re.fullmatch(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s\[\]:/@]+):(\d{1,5})", host_port)
    if not scheme and not (found and 0 < int(found[1]) < 2**16):
        raise HomologueError(
            f"--address {address!r} is not the address of a Ray cluster: give HOST:PORT, such as "
            "10.0.0.5:6379, or auto for the cluster of this machine."
        )
    if scheme in ("http", "https"):
        raise HomologueError(
            f"--address {address!r} is the address of a web page: give HOST:PORT of the cluster, "
            "as `ray start --head` prints it; the default port is 6379."
        )


def _unreachable(address: str, reason: str) -> HomologueError:
    return HomologueError(
        f"There is no Ray cluster at {address!r} ({reason}); start one with `ray start --head`, "
        "or leave out --address."
    )


def _start_failure(error: Exception) -> str:
    """Return why no cluster started on this machine, and how to fix it."""
    folder = os.environ.get("RAY_TMPDIR") or os.environ.get("TMPDIR") or "/tmp"
    if isinstance(error, OSError) and "AF_UNIX" in str(error):
        return (
            f"Ray cannot create its sockets in {folder}, because their paths would be longer "
            "than the system allows: set RAY_TMPDIR to a shorter folder, such as /tmp."
        )
    if isinstance(error, OSError):
        reason = error.strerror or _first_line(error)
        return (
            f"Ray cannot write its files in {folder} ({reason}): set RAY_TMPDIR to a writable "
            "folder with free space."
        )
    return (
        f"Ray did not start on this machine ({_first_line(error)}): see the logs in "
        f"{folder}/ray/session_latest/logs, or leave out --engine ray."
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
