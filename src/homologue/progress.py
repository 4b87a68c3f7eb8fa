"""How long work tells how far it is."""

from typing import Protocol


class Progress(Protocol):
    """Called as work goes on: what is being done, how many parts are done, of how many."""

    def __call__(self, stage: str, done: int, total: int) -> None: ...


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody wants to see."""
