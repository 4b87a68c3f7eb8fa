"""What a check found: its findings, its numbers and its verdict."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["note", "doubtful", "faulty"]
Verdict = Literal["sound", "doubtful", "faulty"]


@dataclass(frozen=True)
class Finding:
    """One thing that a check noticed.

    Attributes:
        level: `note` does not change the verdict.
        part: what it is about, such as `weights`.
        message: one sentence, with the values.
        mend: what to do about it, as an imperative without a full stop; empty for nothing.
    """

    level: Level
    part: str
    message: str
    mend: str = ""


@dataclass(frozen=True)
class MapShares:
    """Points found again in pictures that a known map changed.

    Shares are in percent; a distance counts against the longest side of the picture.

    Attributes:
        name: of the map.
        points: how many of them the map left inside the pictures.
        within_005, within_01: found within 0.05 and 0.1; None without points.
        same_place_005, same_place_01: what `the same place` in the mapped picture would reach.
        any_point_01: within 0.1, if each point were found at another point of its picture.
        counted: whether the verdict rests on it.
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
    """One combination of varied settings: shares in percent, and seconds to fit and locate."""

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
        findings: what is wrong, doubtful or worth a note; the worst first.
        maps: shares found in each known map.
        overall: the same of all maps that count.
        numbers: measurements of the weights, latents, noise prediction, attention and precision.
        facts: model, settings, device and versions.
        seconds: of the parts of the work.
        peak_memory: GiB, and of what.
        pictures: the name of each and how many points it has.
        varied: rows of the comparison of settings.
        not_run: parts that were left out because an earlier one failed.
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
        """`faulty` or `doubtful` if any finding is, else `sound`."""
        levels = {finding.level for finding in self.findings}
        if "faulty" in levels:
            return "faulty"
        return "doubtful" if "doubtful" in levels else "sound"

    @property
    def sentence(self) -> str:
        """The verdict, its chief reason and what to do about it, in one sentence."""
        worst = [one for one in self.findings if one.level == self.verdict]
        if not worst:
            return "sound: nothing was found that would make its results doubtful."
        first = worst[0]
        message = first.message.rstrip(".")
        mend = f"; {first.mend}" if first.mend else ""
        return f"{self.verdict}: {message}{mend}."

    def to_dict(self) -> dict[str, Any]:
        """Everything as values that JSON knows; a number that is not finite is None."""
        facts = {
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
        return {name: _strict(value) for name, value in facts.items()}

    def __str__(self) -> str:
        from homologue.self_check.rendering import as_text

        return as_text(self)


def sorted_findings(findings: list[Finding]) -> tuple[Finding, ...]:
    """The worst first, otherwise in the order in which they were found."""
    order: tuple[Level, ...] = ("faulty", "doubtful", "note")
    return tuple(sorted(findings, key=lambda one: order.index(one.level)))


def _strict(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _strict(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_strict(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
