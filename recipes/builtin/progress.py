"""A budget of processor time for training: minutes used, learning rate, checkpoints, log."""

import json
import math
import time
from pathlib import Path
from typing import Any

import torch


class Clock:
    """Minutes that this thread has computed, counted on from a checkpoint's.

    Of the processor, not of the clock: what other programs take does not count, so runs that get
    the same minutes have been given the same. Not so on a GPU, where it is the clock's minutes.
    """

    def __init__(self, budget: float, elapsed: float = 0.0, of_processor: bool = True) -> None:
        self.budget = budget
        self._now = time.thread_time if of_processor else time.monotonic
        self._start = self._now() - elapsed * 60

    @property
    def minutes(self) -> float:
        return (self._now() - self._start) / 60

    @property
    def fraction(self) -> float:
        """Share of the budget that is used, 0 to 1."""
        return min(self.minutes / self.budget, 1.0) if self.budget else 1.0


def learning_rate(peak: float, fraction: float, step: int, warm_up: int = 100) -> float:
    """Linear warm-up over steps, then a cosine over the budget down to 2 % of the peak.

    >>> learning_rate(1.0, 0.0, 50), round(learning_rate(1.0, 1.0, 1000), 6)
    (0.5, 0.02)
    """
    cosine = 0.02 + 0.98 * (1 + math.cos(math.pi * fraction)) / 2
    return peak * cosine * min(step / warm_up, 1.0)


def save(state: dict[str, Any], path: Path) -> None:
    """Write a checkpoint so that a crash leaves either the old one or the new one."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def load(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
    return state


def log(path: Path, **record: float | str) -> None:
    """Append one JSON line and print it."""
    rounded = {k: v if isinstance(v, str) else round(v, 5) for k, v in record.items()}
    line = json.dumps(rounded)
    with path.open("a") as file:
        file.write(line + "\n")
    print(line, flush=True)
