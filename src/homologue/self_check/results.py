"""The results of a check: findings, and shares of points located correctly."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["note", "doubtful", "faulty"]


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
    """Percent of points located correctly in pictures changed by a known map.

    A point is correct at 0.1 if its distance from the true point is at most 0.1 times the longest
    side of the picture. Values are None without points.

    Attributes:
        name: name of the map.
        points: number of points that are inside the pictures after the map.
        within_005, within_01: percent correct at 0.05 and 0.1.
        same_place_005, same_place_01: the same for points left at their original positions.
        any_point_01: the same at 0.1 for points predicted at another point of their picture.
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


def sorted_findings(findings: list[Finding]) -> tuple[Finding, ...]:
    """Sort findings by level, the worst first; equal levels keep their order."""
    order: tuple[Level, ...] = ("faulty", "doubtful", "note")
    return tuple(sorted(findings, key=lambda one: order.index(one.level)))
