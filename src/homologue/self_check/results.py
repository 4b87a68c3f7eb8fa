"""The report of a check: findings, measurements and verdict."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["note", "doubtful", "faulty"]
Verdict = Literal["sound", "doubtful", "faulty"]


@dataclass(frozen=True)
class Finding:
    """A finding of a check.

    Attributes:
        level: severity; `note` does not change the verdict.
        part: subject, such as `weights`.
        message: one sentence with the measured values, without a full stop.
        mend: how to fix it, an imperative without a full stop; may be empty.
    """

    level: Level
    part: str
    message: str
    mend: str = ""


@dataclass(frozen=True)
class MapShares:
    """Percent of points located correctly in images changed by a known map.

    A point is correct at 0.1 if its distance from the true point is at most 0.1 times the longest
    side of the image. Values are None without points.

    Attributes:
        name: name of the map.
        points: number of points that are inside the images after the map.
        within_005, within_01: percent correct at 0.05 and 0.1.
        same_place_005, same_place_01: the same for points left at their original positions.
        any_point_01: the same at 0.1 for points predicted at another point of their image.
        counted: whether the verdict takes the map into account.
    """

    name: str
    points: int
    within_005: float | None
    within_01: float | None
    same_place_005: float | None
    same_place_01: float | None
    any_point_01: float | None
    counted: bool = True


@dataclass(frozen=True)
class VariedRow:
    """Result of one combination of settings: percent correct, and seconds to fit and locate."""

    settings: str
    points: int
    within_005: float | None
    within_01: float | None
    seconds: float
    error: str | None = None


@dataclass(frozen=True, eq=False)
class CheckReport:
    """The result of `check`; `print(report)` shows it as text.

    Attributes:
        findings: findings, the worst first.
        maps: percent of points located correctly, for each known map.
        overall: the same over all maps that count.
        numbers: measurements of the weights, latents, noise prediction, attention and precision.
        facts: model, settings, device and versions.
        seconds: duration of each part.
        peak_memory: peak memory, see `homologue.self_check.resources`.
        pictures: name and number of points of each image.
        varied: rows of the comparison of settings.
        not_run: parts that were skipped or failed.
    """

    findings: tuple[Finding, ...]
    maps: tuple[MapShares, ...]
    overall: MapShares | None
    numbers: dict[str, Any]
    facts: dict[str, Any]
    seconds: dict[str, float]
    peak_memory: dict[str, Any]
    pictures: tuple[tuple[str, int], ...]
    varied: tuple[VariedRow, ...] = ()
    not_run: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst level of the findings, `faulty` or `doubtful`, or `sound` without one."""
        levels = {finding.level for finding in self.findings}
        if "faulty" in levels:
            return "faulty"
        return "doubtful" if "doubtful" in levels else "sound"

    @property
    def sentence(self) -> str:
        """The verdict with the first of the worst findings and its fix, in one sentence."""
        worst = [one for one in self.findings if one.level == self.verdict]
        if not worst:
            return "sound: nothing was found that would make its results doubtful."
        first = worst[0]
        message = first.message.rstrip(".")
        mend = f"; {first.mend}" if first.mend else ""
        return f"{self.verdict}: {message}{mend}."

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values; numbers that are not finite are None."""
        report = {
            "verdict": self.verdict,
            "sentence": self.sentence,
            "findings": [asdict(one) for one in self.findings],
            "pictures": [{"name": name, "points": points} for name, points in self.pictures],
            "maps": [asdict(one) for one in self.maps],
            "overall": asdict(self.overall) if self.overall else None,
            **self.numbers,
            "not_run": list(self.not_run),
            "varied": [asdict(one) for one in self.varied],
            **self.facts,
            "seconds": self.seconds,
            "peak_memory": self.peak_memory,
        }
        return {name: _strict(value) for name, value in report.items()}

    def __str__(self) -> str:
        from homologue.self_check.rendering import as_text

        return as_text(self)


def sorted_findings(findings: list[Finding]) -> tuple[Finding, ...]:
    """Sort findings by level, the worst first; equal levels keep their order."""
    order: tuple[Level, ...] = ("faulty", "doubtful", "note")
    return tuple(sorted(findings, key=lambda one: order.index(one.level)))


def _strict(value: Any) -> Any:
    """Replace numbers that are not finite by None."""
    if isinstance(value, dict):
        return {name: _strict(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_strict(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
