"""Progress callbacks, and cancellation through them."""

from typing import TYPE_CHECKING, Protocol, runtime_checkable

# Importing torch takes seconds, and scoring does not need it.
if TYPE_CHECKING:
    from torch import Tensor


class Progress(Protocol):
    """Callback for the progress of long work.

    An exception that it raises ends the work and leaves the model unchanged, see `Cancelled`.
    """

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Receive the name of a stage, and how many of its units of work are done."""
        ...


@runtime_checkable
class LossProgress(Progress, Protocol):
    """Progress that also receives the loss, before the progress of each step of a fit."""

    def see_loss(self, loss: float) -> None:
        """Receive the mean loss over the points of a step."""
        ...


class Cancelled(Exception):  # noqa: N818  # not an error
    """Raised by a progress callback to stop the work."""


def silent(stage: str, done: int, total: int) -> None:
    """The progress callback that does nothing."""


def report_loss(progress: Progress, losses: "Tensor") -> None:
    """Report the mean of `losses`, without NaN, to a `LossProgress`."""
    if isinstance(progress, LossProgress):
        progress.see_loss(float(losses.nanmean()))
