"""The report of a check: verdict, findings and measurements, as text and as JSON values."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from rich.console import RenderableType

from homologue.self_check.rendering import (
    facts_table,
    finding_line,
    maps_table,
    measurements_table,
    paragraphs,
    plain_text,
    varied_table,
    verdict_line,
)
from homologue.self_check.results import Finding, MapShares, VariedRow

Verdict = Literal["sound", "doubtful", "faulty"]


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
        pictures: name and number of points of each picture.
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

    def __rich__(self) -> RenderableType:
        """Return the report for a terminal, at most 80 columns wide."""
        parts: list[RenderableType] = [facts_table(self.facts, self.pictures)]
        if self.maps:
            parts.append(maps_table(self.maps, self.overall))
        parts.append(measurements_table(self.numbers, self.not_run, self.seconds, self.peak_memory))
        if self.varied:
            parts.append(varied_table(self.varied))
        parts += [finding_line(finding) for finding in self.findings]
        return paragraphs([*parts, verdict_line(self.verdict, self.sentence)])

    def __str__(self) -> str:
        """Return the report as plain text of at most 80 columns, for issue reports."""
        return plain_text(self)


def _strict(value: Any) -> Any:
    """Replace numbers that are not finite by None."""
    if isinstance(value, dict):
        return {name: _strict(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_strict(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
