"""How long work tells how far it is, and how it is stopped."""

from typing import TYPE_CHECKING, Protocol, runtime_checkable

# Scoring has a console, too, and no use for torch.
if TYPE_CHECKING:
    from torch import Tensor


class Progress(Protocol):
    """Called as work goes on: what is being done, how many parts are done, of how many.

    What it raises ends the work and leaves the model as it was, see `Cancelled`.
    """

    def __call__(self, stage: str, done: int, total: int) -> None: ...


@runtime_checkable
class LossProgress(Progress, Protocol):
    """Progress that is told the objective, too, before each step of the fit."""

    def see_loss(self, loss: float) -> None:
        """`loss`: the objective's mean over the points that the step looked at."""
        ...


class Cancelled(Exception):  # noqa: N818  # what was asked for is no error
    """Raised by a progress to stop what it watches."""


def silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody wants to see."""


def tell_loss(progress: Progress, losses: "Tensor") -> None:
    """Tells the mean of `losses`, NaN left out, to a progress that wants to know it."""
    if isinstance(progress, LossProgress):
        progress.see_loss(float(losses.nanmean()))
