"""What a running job tells: how far it is, the loss, and the seconds that are left."""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

_SECONDS_BETWEEN = 0.05


@dataclass(frozen=True)
class Told:
    """How far a job is.

    Attributes:
        stage: `load`, `look`, `fit` or `locate`, see `Progress`.
        done, total: parts of the stage.
        loss: of the last step, None before the first.
        left: seconds to the end of the job, None while nobody knows.
    """

    stage: str
    done: int
    total: int
    loss: float | None
    left: float | None


@dataclass
class Pace:
    """How long the stages of the last job of each kind took."""

    _stages: dict[Hashable, dict[str, float]] = field(default_factory=dict)

    def after(self, kind: Hashable, stage: str) -> float:
        """Seconds of the stages that came after one of this name last time."""
        stages = self._stages.get(kind, {})
        if stage not in stages:
            return 0.0
        names = list(stages)
        return sum(stages[name] for name in names[names.index(stage) + 1 :])

    def remember(self, kind: Hashable, stages: dict[str, float]) -> None:
        self._stages[kind] = dict(stages)


class Report:
    """The progress of one job; ends it, by `Cancelled`, if `check` says so.

    What is told goes on to `tell` a few times a second at most, and at the end of each stage.
    """

    def __init__(
        self,
        check: Callable[[], None],
        tell: Callable[[Told], None],
        pace: Pace,
        kind: Hashable = None,
    ) -> None:
        self._check, self._tell, self._pace, self._kind = check, tell, pace, kind
        self._loss: float | None = None
        self._stages: dict[str, float] = {}
        self._stage = ""
        self._began = self._heard = time.perf_counter()
        self._told = 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        self._check()
        now = time.perf_counter()
        if stage != self._stage:
            # The first report of a stage comes when a part of it is done: it began with the last.
            self._stage, self._began = stage, self._heard
        self._heard = now
        self._stages[stage] = now - self._began
        if done >= total or now - self._told >= _SECONDS_BETWEEN:
            self._told = now
            self._tell(Told(stage, done, total, self._loss, self._left(done, total)))

    def see_loss(self, loss: float) -> None:
        self._loss = loss

    def finish(self) -> None:
        """Says that the job is done, for the estimates of the next ones."""
        self._pace.remember(self._kind, self._stages)

    def _left(self, done: int, total: int) -> float | None:
        if not done:
            return None
        here = self._stages[self._stage] / done * (total - done)
        return here + self._pace.after(self._kind, self._stage)
