"""Progress of running jobs: stage, loss, and an estimate of the time left."""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

_SECONDS_BETWEEN = 0.05


@dataclass(frozen=True)
class JobProgress:
    """Progress of a job.

    Attributes:
        stage: `load`, `look`, `fit` or `locate`, see `Progress`.
        done, total: finished steps and all steps of the stage.
        loss: of the last step; None before the first.
        left: estimated seconds to the end of the job; None if unknown.
    """

    stage: str
    done: int
    total: int
    loss: float | None
    left: float | None


@dataclass
class StageTimes:
    """Duration of each stage in the last job of each timing key."""

    _stages: dict[Hashable, dict[str, float]] = field(default_factory=dict)

    def after(self, timing_key: Hashable, stage: str) -> float:
        """Return the seconds that the stages after this one took in the last job."""
        stages = self._stages.get(timing_key, {})
        if stage not in stages:
            return 0.0
        names = list(stages)
        return sum(stages[name] for name in names[names.index(stage) + 1 :])

    def record(self, timing_key: Hashable, stages: dict[str, float]) -> None:
        self._stages[timing_key] = dict(stages)


class ProgressReporter:
    """Reports the progress of a job; implements `LossProgress`.

    Progress is published a few times a second, and at the end of each stage.
    """

    def __init__(
        self,
        check: Callable[[], None],
        publish: Callable[[JobProgress], None],
        stage_times: StageTimes,
        timing_key: Hashable = None,
    ) -> None:
        """
        Args:
            check: raises `Cancelled` to end the job.
            publish: receives the progress.
            stage_times: durations of earlier jobs.
            timing_key: see `Task`.
        """
        self._check, self._publish = check, publish
        self._stage_times, self._timing_key = stage_times, timing_key
        self._loss: float | None = None
        self._stages: dict[str, float] = {}
        self._stage = ""
        self._stage_start = self._last_call = time.perf_counter()
        self._last_published = 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        self._check()
        now = time.perf_counter()
        if stage != self._stage:
            # The first report of a stage follows its first step: the stage began at the last call.
            self._stage, self._stage_start = stage, self._last_call
        self._last_call = now
        self._stages[stage] = now - self._stage_start
        if done >= total or now - self._last_published >= _SECONDS_BETWEEN:
            self._last_published = now
            self._publish(JobProgress(stage, done, total, self._loss, self._left(done, total)))

    def see_loss(self, loss: float) -> None:
        self._loss = loss

    def finish(self) -> None:
        """Record the durations of a finished job for later estimates."""
        self._stage_times.record(self._timing_key, self._stages)

    def _left(self, done: int, total: int) -> float | None:
        if not done:
            return None
        here = self._stages[self._stage] / done * (total - done)
        return here + self._stage_times.after(self._timing_key, self._stage)
