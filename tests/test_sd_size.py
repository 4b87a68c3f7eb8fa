"""The benchmark at the size of Stable Diffusion: what is counted, and what is extrapolated."""

import sys
from pathlib import Path
from typing import Any

import pytest

from homologue.presets import DEFAULT, PAPER

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import sd_size

FIT, READ = PAPER.fit, PAPER.locate


@pytest.fixture
def meter() -> sd_size.Meter:
    """Return passes of round numbers of seconds."""
    meter = sd_size.Meter()
    seconds = {
        "released step": 20.0, "released target pass": 10.0, "encode": 1.0,
        "exact step, 8 rows": 16.0, "exact step, 1 rows": 3.0, "joint step, 5 rows": 10.0,
        "exact target pass, 8 rows": 8.0, "exact target pass, 1 rows": 2.0,
        "joint target pass, 5 rows": 5.0, "cached fit, measured crops": 9.0, "cached target": 6.0,
    }  # fmt: skip
    for points in sd_size.POINTS:
        seconds[f"cached fit of {points} points, queries known"] = 1.0
        seconds[f"cached reading of {points} points, queries known"] = 2.0
    for name, number in seconds.items():
        meter.seconds[name] += [number, number]
    return meter


def test_a_pair_is_the_sum_of_its_passes(meter: sd_size.Meter) -> None:
    found = sd_size.pair_seconds(meter, 10)
    assert found["released"] == {"fit": 50 * 129 * 20.0, "locate": 50 * 20 * 10.0}
    # 50 rows: six batches of eight and two rows alone.
    encodings = sd_size.source_encodings(10, "exact")
    assert found["exact"]["fit"] == 129 * (6 * 16 + 2 * 3) + encodings
    assert found["exact"]["locate"] == 20 * (6 * 8 + 2 * 2) + (4 + 16 * 50)
    # One context for ten points, five embeddings, one crop a step.
    assert found["joint"]["fit"] == 129 * 10 + 129
    assert found["joint"]["locate"] == 20 * 5 + (4 + 16 * 5)
    # Of 9 seconds, 1 is the optimisation; 8 are 4 of 12 crops. Of 6, 2 are read from queries.
    assert DEFAULT.fit.views == 12
    assert found["cached"] == {"fit": 8 * 3 + 1, "locate": 4 + 2}


def test_encodings_are_counted_with_the_crops_of_the_fit() -> None:
    one = sd_size.source_encodings(1, "exact")
    assert one <= FIT.steps  # the five embeddings of a point share their crops
    assert one < sd_size.source_encodings(10, "exact") <= 10 * FIT.steps
    assert sd_size.source_encodings(10, "joint") <= FIT.steps


def test_points_are_inside_the_image_and_apart() -> None:
    points = sd_size.spread_points(50)
    assert bool(((points > 0) & (points < 512)).all())
    away = (points[:, None] - points[None]).norm(dim=-1)
    assert float(away[away > 0].min()) > 20


def test_the_tables_name_every_way_and_the_ratio(meter: sd_size.Meter) -> None:
    pairs = {count: sd_size.pair_seconds(meter, count) for count in sd_size.POINTS}
    found: dict[str, Any] = {
        "threads": 2, "points": 10, "pairs": pairs, "passes": dict(meter.seconds),
        "gib": dict.fromkeys(meter.seconds, 1.5), "peak": {"matrix product": 100.0},
        "gflop": {"encode": 1117.0}, "gflops": {"encode": 90.0},
        "time_by_kind": {"encoding": {"convolutions": 0.75}},
    }  # fmt: skip
    text = sd_size.tables(found)
    assert "| released | 129000 | 10000 | 139000 | 1.0x |" in text
    assert "| cached | 25 | 6 | 31 | 4483.9x |" in text
    assert "| 1000 | 10129000 |" in text
    assert "| encode | 1117 | 90 |" in text
    assert "| convolutions | 75.0 % |" in text


def test_the_settings_are_those_that_the_benchmark_describes() -> None:
    assert (FIT.embeddings, FIT.steps, READ.crops, DEFAULT.locate.crops) == (5, 129, 20, 4)
    for number in ("5 embeddings x 129 steps", "5 x 20 crops", "12 crops of the source and 4"):
        assert number in (sd_size.__doc__ or "")
