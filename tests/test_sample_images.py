"""The sample images of the examples: every picture and point is annotated and documented."""

import csv
import json
from collections import defaultdict
from pathlib import Path

from homologue.datasets.custom.benchmark import benchmark
from homologue.points import read_point_list

IMAGES = Path(__file__).parents[1] / "examples" / "images"
PAIRS = IMAGES / "pairs.csv"


def rows() -> dict[str, dict[str, dict[str, tuple[float, float]]]]:
    """Return the points of each source by target and name."""
    with PAIRS.open(encoding="utf-8", newline="") as file:
        found: dict[str, dict[str, dict[str, tuple[float, float]]]] = defaultdict(dict)
        for row in csv.DictReader(file):
            place = (float(row["source_x"]), float(row["source_y"]))
            found[row["source"]].setdefault(row["target"], {})[row["name"]] = place
    return found


def test_the_pairs_are_a_data_set() -> None:
    pairs = list(benchmark(PAIRS).pairs("all"))
    kinds = 3 * ["two photographs"] + 4 * ["photograph and drawing"]
    assert [pair.category for pair in pairs] == kinds
    assert all(6 <= len(pair.source_points) <= 12 for pair in pairs)


def test_the_points_of_a_source_are_those_of_its_file() -> None:
    for source, targets in rows().items():
        found = read_point_list(IMAGES / f"{Path(source).stem}-points.json")
        assert found.names is not None
        named = dict(zip(found.names, map(tuple, found.points.tolist()), strict=True))
        for points in targets.values():
            assert points == named


def test_every_picture_is_documented() -> None:
    text = (IMAGES / "README.md").read_text("utf-8")
    for path in IMAGES.iterdir():
        if path.suffix == ".jpg":
            assert f"`{path.name}`" in text
        elif path.suffix == ".png" and "turned" not in path.name:
            assert path.stem.endswith(("-noto", "-twemoji"))


def test_the_points_files_are_json_objects_of_names() -> None:
    for source in rows():
        content = json.loads((IMAGES / f"{Path(source).stem}-points.json").read_text("utf-8"))
        assert all(len(place) == 2 for place in content.values())
