"""PF-Willow on a small tree in its format, and the real one where it is at hand."""

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.trees import WILLOW, picture, text, willow, willow_list, willow_points

from homologue.datasets.base import Pair, get_benchmark, select_pairs
from homologue.datasets.pf_willow import benchmark
from homologue.errors import HomologueError

REAL = Path(__file__).parents[3] / "shared" / "data"
ORDERED = [
    (source, target)
    for category in ("car(G)", "duck(S)")
    for source, target in itertools.permutations(
        [name for name in WILLOW if name.startswith(category)], 2
    )
]


def facts(pair: Pair) -> tuple[object, ...]:
    """All of a pair."""
    return (
        pair.name, pair.category, pair.group, pair.source.key, pair.target.key, pair.point_names,
        pair.source_points.tolist(), pair.target_points.tolist(), pair.fit_points.tolist(),
        dict(pair.thresholds), dict(pair.aspects), dict(pair.tags),
    )  # fmt: skip


def test_all_ordered_pairs_within_the_folders(tmp_path: Path) -> None:
    pairs = benchmark(willow(tmp_path)).pairs("test")
    assert [(pair.source.key, pair.target.key) for pair in pairs] == [
        (f"{source}.png", f"{target}.png") for source, target in ORDERED
    ]
    assert [pair.category for pair in pairs] == ["car(G)"] * 6 + ["duck(S)"] * 2
    assert pairs[0].name == "car(G)-Cars_006a-Cars_007a"
    for pair, (source, target) in zip(pairs, ORDERED, strict=True):
        # The numbers as they are.
        assert pair.source_points.tolist() == willow_points(source).tolist()
        assert pair.target_points.tolist() == willow_points(target).tolist()
        assert pair.point_names == tuple(map(str, range(1, 11)))
        assert pair.rows == list(range(10))


@pytest.mark.parametrize(
    "place",
    ["test_pairs_pf.csv", "test_pairs.csv", "../test_pairs_pf.csv", "../test_pairs.csv"],
)
def test_the_official_list_gives_the_same_pairs(tmp_path: Path, place: str) -> None:
    folder = willow(tmp_path / "pf-willow" / "PF-dataset")
    from_folders = benchmark(folder).pairs("test")
    willow_list(folder / place, ORDERED[::-1])
    for file in folder.rglob("*.mat"):
        file.unlink()
    # The folder, the one around it and the one around that.
    for root in (folder, folder.parent, tmp_path):
        made = benchmark(root)
        assert list(map(facts, made.pairs("test"))) == list(map(facts, from_folders))
        assert made.notes("test") == ()


def test_only_the_pairs_of_the_list_count(tmp_path: Path) -> None:
    willow_list(willow(tmp_path) / "test_pairs_pf.csv", ORDERED[2:5])
    assert len(benchmark(tmp_path).pairs("test")) == 3


def test_a_list_beside_the_folder_may_belong_to_another_data_set(tmp_path: Path) -> None:
    willow(tmp_path / "PF-dataset")
    text(tmp_path / "test_pairs.csv", "source,target\n")
    assert len(benchmark(tmp_path).pairs("test")) == len(ORDERED)


def test_thresholds(tmp_path: Path) -> None:
    pair = benchmark(willow(tmp_path)).pairs("test")[3]
    assert pair.name == "car(G)-Cars_007a-Cars_008b"
    # Target 150 x 300; x from 150 * 1.5 / 16 to 150 * 10.5 / 16, y from 300 * 2 / 16 to 300 * 11 /
    # 16. The largest coordinate of the square of 512 is y: 512 * 11 / 16 = 352.
    points = willow_points("car(G)/Cars_008b")
    assert points.min(axis=0).tolist() == [14.0625, 37.5]
    assert points.max(axis=0).tolist() == [98.4375, 206.25]
    legacy = ["legacy", "legacy-image", "legacy-bbox-kp"]
    assert list(pair.thresholds) == ["bbox-kp", "image", *legacy]
    # In the square the box of the points is 288 x 288.
    assert pair.thresholds == pytest.approx({
        "bbox-kp": 168.75, "image": 300, "legacy": 353 * 150 / 512, "legacy-image": 150,
        "legacy-bbox-kp": 288 * 150 / 512,
    })  # fmt: skip
    assert pair.aspects == dict.fromkeys(legacy, 0.5)


def test_a_part_says_how_much_of_the_whole_it_is(tmp_path: Path) -> None:
    folder = willow(tmp_path)
    made = benchmark(folder)
    assert made.notes("test") == (f"{folder} holds 8 of the 900 pairs of pf-willow.",)
    (folder / "duck(S)/060_0004.png").unlink()
    made = benchmark(folder)
    assert len(made.pairs("test")) == 6
    assert "2 of the 8 pairs of pf-willow" in made.notes("test")[1]


def test_what_archives_leave_behind_is_no_picture(tmp_path: Path) -> None:
    folder = willow(tmp_path)
    text(folder / "car(G)/._Cars_006a.mat", "litter")
    picture(folder / "car(G)/without_points.png", 9, 9)
    text(folder / "readme(x)", "no folder")
    assert len(benchmark(folder).pairs("test")) == len(ORDERED)


def test_broken_points_are_named(tmp_path: Path) -> None:
    from scipy.io import savemat

    folder = willow(tmp_path)
    file = folder / "car(G)/Cars_006a.mat"
    for content in ({"other": np.zeros((2, 10))}, {"pts_coord": np.zeros((2, 9))}):
        savemat(file, content)
        with pytest.raises(HomologueError, match="has no pts_coord of 2 x 10") as error:
            benchmark(folder).pairs("test")
        assert str(file) in str(error.value)
    for number, place in ((-1, slice(None)), (-1, 0), (np.nan, 1)):
        coordinates = np.full((2, 10), 5.0)
        coordinates[place, 9] = number
        savemat(file, {"pts_coord": coordinates})
        with pytest.raises(HomologueError, match=r"has no pts_coord .*(-1|not finite)"):
            benchmark(folder).pairs("test")
    file.write_bytes(b"no matrix")
    with pytest.raises(HomologueError, match="has no pts_coord"):
        benchmark(folder).pairs("test")


def test_without_scipy_it_is_said_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = willow(tmp_path)
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(HomologueError, match=r"homologue\[benchmarks\].*test_pairs_pf\.csv"):
        benchmark(folder).pairs("test")
    willow_list(folder / "test_pairs_pf.csv", ORDERED)
    assert len(benchmark(folder).pairs("test")) == len(ORDERED)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda row: row.rsplit(",", 1)[0], "line 3, has 41 columns, not 42"),
        (
            lambda row: row.rsplit(",", 1)[0] + ",-1",
            "line 3, does not have 10 points .*one coordinate",
        ),
        (lambda row: row.rsplit(",", 1)[0] + ",x", "line 3, has 'x' instead of a number"),
        (lambda row: row.rsplit(",", 1)[0] + ",nan", "line 3, has 'nan' instead of a number"),
    ],
)
def test_a_broken_list_is_named(tmp_path: Path, spoil, words: str) -> None:  # type: ignore[no-untyped-def]
    file = willow_list(willow(tmp_path) / "test_pairs_pf.csv", ORDERED[:3])
    lines = file.read_text().splitlines()
    lines[2] = spoil(lines[2])
    text(file, "\n".join(lines))
    with pytest.raises(HomologueError, match=words) as error:
        benchmark(tmp_path).pairs("test")
    assert str(file) in str(error.value)


@pytest.mark.skipif(not (REAL / "PF-dataset").is_dir(), reason="PF-Willow is not here")
class TestTheRealOne:
    def test_it_has_900_pairs(self) -> None:
        made = get_benchmark("pf-willow", REAL)
        pairs = select_pairs(made, "test")
        assert made.notes("test") == ()
        assert len(pairs) == len({pair.name for pair in pairs}) == 900
        assert len({pair.category for pair in pairs}) == 10
        assert {len(pair.source_points) for pair in pairs} == {10}
        assert [pair.name for pair in select_pairs(made, "test", limit=90)] == [
            pair.name for pair in pairs[::10]
        ]

    def test_the_same_relative_position_is_as_right_as_is_known(self) -> None:
        """PCK per point: what every other number on PF-Willow is compared with."""
        right: dict[tuple[str, float], list[float]] = {}
        pairs = get_benchmark("pf-willow", REAL).pairs("test")
        sizes = {pair.source.key: pair.source.read() for pair in pairs}
        for pair in pairs:
            source, target = sizes[pair.source.key], sizes[pair.target.key]
            scale = [target.width / source.width, target.height / source.height]
            away = pair.source_points.numpy() * scale - pair.target_points.numpy()
            for name, length in pair.thresholds.items():
                seen = np.linalg.norm(away * [1, pair.aspects.get(name, 1)], axis=1)
                for alpha in (0.05, 0.1):
                    right.setdefault((name, alpha), []).extend(seen <= alpha * length)
        found = {key: round(100 * float(np.mean(some)), 1) for key, some in right.items()}
        assert found == {
            ("bbox-kp", 0.05): 12.2, ("bbox-kp", 0.1): 27.0,
            ("image", 0.05): 18.4, ("image", 0.1): 43.8,
            ("legacy", 0.05): 12.6, ("legacy", 0.1): 29.0,
            ("legacy-image", 0.05): 15.2, ("legacy-image", 0.1): 36.0,
            ("legacy-bbox-kp", 0.05): 10.3, ("legacy-bbox-kp", 0.1): 23.4,
        }  # fmt: skip
