"""Render the report of a check as tables of at most 80 columns."""

import io
from collections.abc import Iterator
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from homologue.self_check.results import CheckReport, Finding, MapShares

_COLOURS = {"sound": "bold green", "doubtful": "bold yellow", "faulty": "bold red", "note": "bold"}
_WIDTH = 80
_MAPS_CAPTION = (
    "@a: within a times the image's longest side of the true position\n"
    "same place: left where it was; chance: another point of the image\n"
    "mirrored images do not count: a model may tell left from right"
)


def as_text(report: CheckReport) -> str:
    """Return the report as plain text of at most 80 columns, for issue reports."""
    file = io.StringIO()
    Console(file=file, width=_WIDTH, no_color=True, highlight=False).print(rendered(report))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def rendered(report: CheckReport) -> RenderableType:
    """Return the report for a terminal."""
    parts: list[RenderableType] = [_facts(report)]
    if report.maps:
        parts += ["", _maps(report), Text(_MAPS_CAPTION)]
    parts += ["", _measurements(report)]
    if report.varied:
        parts += ["", _varied(report)]
    for finding in report.findings:
        parts += ["", _finding(finding)]
    parts += ["", Text(report.sentence, style=_COLOURS[report.verdict])]
    return Group(*parts)


def _rows(pairs: Iterator[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(name, Text(value))
    return table


def _facts(report: CheckReport) -> Table:
    return _rows(_fact_rows(report))


def _fact_rows(report: CheckReport) -> Iterator[tuple[str, str]]:
    model, device, versions = (report.facts[name] for name in ("model", "device", "versions"))
    yield "model", f"{model['name']} ({model['fingerprint']}), {model['dtype']}"
    if str(model["device"]).startswith("cuda"):
        yield "device", f"{model['device']}, {device.get('cuda', '')}"
    else:
        yield "device", f"{model['device']}, {device['cpu']}, {device['threads']} threads"
    yield (
        "versions",
        ", ".join(
            f"{name} {versions[name]}" for name in ("homologue", "torch", "diffusers", "python")
        ),
    )
    optimise, seed = report.facts["optimise"], report.facts["seed"]
    yield "settings", f"preset {report.facts['preset']}, {optimise}, seed {seed}"
    pictures = report.pictures
    names = ", ".join(name for name, _ in pictures)
    yield "images", f"{len(pictures)}, {sum(n for _, n in pictures)} points: {names}"


def _maps(report: CheckReport) -> Table:
    table = Table(title="points found again, %", title_justify="left", title_style="bold")
    table.add_column("image")
    for header in ("points", "@0.05", "@0.1", "same place @0.1", "chance @0.1"):
        table.add_column(header, justify="right")
    for shares in report.maps:
        _add(table, shares)
    if report.overall:
        table.add_section()
        _add(table, report.overall)
    return table


def _add(table: Table, shares: MapShares) -> None:
    values = (shares.within_005, shares.within_01, shares.same_place_01, shares.any_point_01)
    table.add_row(shares.name, str(shares.points), *map(_percent, values))


def _measurements(report: CheckReport) -> Table:
    return _rows(_measurement_rows(report))


def _measurement_rows(report: CheckReport) -> Iterator[tuple[str, str]]:
    numbers = report.numbers
    bad = numbers["weights"]["not_finite"]
    looks = numbers["weights"]["random_looking"].get("unet")
    text = f"{sum(bad.values())} not finite" if bad else "all finite"
    if looks:
        text += f"; {looks[0]} of {looks[1]} matrices look random"
    yield "weights", text
    if latents := numbers["latents"]:
        yield "latents", f"mean {latents['mean']:.2f}, standard deviation {latents['std']:.2f}"
    if noise := numbers["noise_prediction"]:
        yield "noise error", _noise(noise)
        yield "by scale", _series(noise["by_scale"])
        yield "by schedule", _series(noise["by_told_signal_to_noise"])
    if layers := numbers["attention"]:
        yield "attention", _attention(layers)
    yield "float32", _float32(numbers["float32"])
    if report.not_run:
        yield "not run", ", ".join(report.not_run)
    yield "seconds", ", ".join(f"{name} {value:.1f}" for name, value in report.seconds.items())
    memory = report.peak_memory
    yield "peak memory", f"{memory['gib']:.2f} GiB ({memory['of']})"


def _noise(noise: dict[str, Any]) -> str:
    least = min(noise["by_signal_to_noise"].values())
    return (
        f"{noise['relative_error']:.2f}, at best {least:.2f} "
        f"(random weights 1, as {noise['predicts']})"
    )


def _series(values: dict[str, float]) -> str:
    return ", ".join(f"x{key} {value:.2f}" for key, value in values.items())


def _attention(layers: dict[str, dict[str, float | None]]) -> str:
    if any(one["error"] is None for one in layers.values()):
        return f"{len(layers)} layers, values that are not finite"
    error = max(one["error"] or 0.0 for one in layers.values())
    contrast, change = (
        min(one[name] or 0.0 for one in layers.values()) for name in ("contrast", "change")
    )
    return (
        f"{len(layers)} layers: error of the softmax {error:.1g}, "
        f"contrast {contrast:.2f}, change with the image {change:.2f}"
    )


def _float32(numbers: dict[str, Any]) -> str:
    if "not_compared" in numbers:
        return f"not compared: {numbers['not_compared']}"
    worst = min(-1.0 if one is None else one for one in numbers["correlations"].values())
    return (
        f"maps correlate {worst:.6f} or more; {numbers['points']} points lie "
        f"{numbers['median_distance']:.1g} (median), {numbers['greatest_distance']:.1g} (most) "
        "of the longest side apart"
    )


def _varied(report: CheckReport) -> Table:
    table = Table(
        title="settings compared, % (without mirrored)", title_justify="left", title_style="bold"
    )
    table.add_column("settings", overflow="fold")
    for header in ("points", "@0.05", "@0.1", "seconds"):
        table.add_column(header, justify="right")
    for row in report.varied:
        if row.error:
            table.add_row(row.settings, Text(row.error), "", "", "")
            continue
        table.add_row(
            row.settings, str(row.points), _percent(row.within_005), _percent(row.within_01),
            f"{row.seconds:.1f}",
        )  # fmt: skip
    return table


def _finding(finding: Finding) -> Text:
    mend = f"; {finding.mend}" if finding.mend else ""
    text = Text(finding.level, style=_COLOURS[finding.level])
    return text.append(f", {finding.part}: {finding.message}{mend}.", style="not bold")


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1f}"
