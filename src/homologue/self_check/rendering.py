"""Render results of a check as tables of at most 80 columns."""

import io
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from homologue.self_check.results import Finding, MapShares, VariedRow

_COLOURS = {"sound": "bold green", "doubtful": "bold yellow", "faulty": "bold red", "note": "bold"}
_WIDTH = 80
_MAPS_CAPTION = (
    "@a: within a times the image's longest side of the true position\n"
    "same place: left where it was; chance: another point of the image\n"
    "mirrored images do not count: a model may tell left from right"
)


def plain_text(content: RenderableType) -> str:
    """Return rendered content as text of at most 80 columns, without colours."""
    file = io.StringIO()
    Console(file=file, width=_WIDTH, no_color=True, highlight=False).print(content)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def paragraphs(parts: Iterable[RenderableType]) -> Group:
    """Return the parts with empty lines between them."""
    first, *others = parts
    return Group(first, *(line for part in others for line in ("", part)))


def _rows(pairs: Iterator[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in pairs:
        table.add_row(name, Text(value))
    return table


def facts_table(facts: Mapping[str, Any], pictures: Sequence[tuple[str, int]]) -> Table:
    """Return model, device, versions, settings and pictures.

    Args:
        pictures: name and number of points of each picture.
    """
    return _rows(_fact_rows(facts, pictures))


def _fact_rows(
    facts: Mapping[str, Any], pictures: Sequence[tuple[str, int]]
) -> Iterator[tuple[str, str]]:
    model, device, versions = (facts[name] for name in ("model", "device", "versions"))
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
    yield "settings", f"preset {facts['preset']}, {facts['strategy']}, seed {facts['seed']}"
    names = ", ".join(name for name, _ in pictures)
    yield "images", f"{len(pictures)}, {sum(n for _, n in pictures)} points: {names}"


def maps_table(maps: Sequence[MapShares], overall: MapShares | None) -> Group:
    """Return the percent of points located correctly, for each known map."""
    table = Table(title="points found again, %", title_justify="left", title_style="bold")
    table.add_column("image")
    for header in ("points", "@0.05", "@0.1", "same place @0.1", "chance @0.1"):
        table.add_column(header, justify="right")
    for shares in maps:
        _add(table, shares)
    if overall:
        table.add_section()
        _add(table, overall)
    return Group(table, Text(_MAPS_CAPTION))


def _add(table: Table, shares: MapShares) -> None:
    values = (shares.within_005, shares.within_01, shares.same_place_01, shares.any_point_01)
    table.add_row(shares.name, str(shares.points), *map(_percent, values))


def measurements_table(
    numbers: Mapping[str, Any],
    not_run: Sequence[str],
    seconds: Mapping[str, float],
    peak_memory: Mapping[str, Any],
) -> Table:
    """Return the measurements, the parts that were not run, durations and memory."""
    return _rows(
        itertools.chain(_measurement_rows(numbers), _run_rows(not_run, seconds, peak_memory))
    )


def _measurement_rows(numbers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
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


def _run_rows(
    not_run: Sequence[str], seconds: Mapping[str, float], peak_memory: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    if not_run:
        yield "not run", ", ".join(not_run)
    yield "seconds", ", ".join(f"{name} {value:.1f}" for name, value in seconds.items())
    yield "peak memory", f"{peak_memory['gib']:.2f} GiB ({peak_memory['of']})"


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


def varied_table(rows: Sequence[VariedRow]) -> Table:
    """Return the comparison of settings."""
    table = Table(
        title="settings compared, % (without mirrored)", title_justify="left", title_style="bold"
    )
    table.add_column("settings", overflow="fold")
    for header in ("points", "@0.05", "@0.1", "seconds"):
        table.add_column(header, justify="right")
    for row in rows:
        if row.error:
            table.add_row(row.settings, Text(row.error), "", "", "")
            continue
        table.add_row(
            row.settings, str(row.points), _percent(row.within_005), _percent(row.within_01),
            f"{row.seconds:.1f}",
        )  # fmt: skip
    return table


def finding_line(finding: Finding) -> Text:
    """Return level, subject, message and fix of a finding."""
    mend = f"; {finding.mend}" if finding.mend else ""
    text = Text(finding.level, style=_COLOURS[finding.level])
    return text.append(f", {finding.part}: {finding.message}{mend}.", style="not bold")


def verdict_line(verdict: str, sentence: str) -> Text:
    """Return the sentence in the colour of the verdict."""
    return Text(sentence, style=_COLOURS[verdict])


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1f}"
