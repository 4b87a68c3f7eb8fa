"""Behaviour common to all benchmarks: finding the data and selecting pairs."""

from pathlib import Path

import pytest
import torch
from helpers.trees import cub, pascal, spair, text, willow

from homologue.datasets.base import (
    NAMES,
    BenchmarkImage,
    Pair,
    default_split,
    get_benchmark,
    select_pairs,
)
from homologue.datasets.file_benchmark import FileBenchmark, SplitPairs
from homologue.errors import HomologueError
from homologue.images import RGBImage

TREES = {
    "spair-71k": (spair, ("SPair-71k",), "Layout/large"),
    "pf-willow": (willow, ("PF-dataset", "PF-dataset-WILLOW", "PF-WILLOW"), "car(G)"),
    "pf-pascal": (pascal, ("PF-dataset-PASCAL", "PF-PASCAL"), "JPEGImages"),
    "cub": (cub, ("CUB_200_2011",), "images.txt"),
}
EVERY_NAME = [(name, folder) for name, (_, folders, _) in TREES.items() for folder in folders]


@pytest.mark.parametrize(("name", "folder"), EVERY_NAME)
def test_the_root_is_the_folder_or_its_parent(name: str, folder: str, tmp_path: Path) -> None:
    make = TREES[name][0]
    make(tmp_path / folder)
    own, parent = (get_benchmark(name, root) for root in (tmp_path / folder, tmp_path))
    assert own.name == parent.name == name
    split = default_split(own)
    assert [p.name for p in own.pairs(split)] == [p.name for p in parent.pairs(split)]
    assert own.notes(split) == parent.notes(split)
    assert all(pair.group == split for pair in own.pairs(split))


def test_the_folder_may_have_any_name(tmp_path: Path) -> None:
    assert len(get_benchmark("cub", cub(tmp_path / "birds")).pairs("all")) == 5


@pytest.mark.parametrize("name", TREES)
def test_a_wrong_root_is_refused_by_the_name_of_what_is_missing(name: str, tmp_path: Path) -> None:
    _, (folder, *_), sign = TREES[name]
    with pytest.raises(HomologueError, match=f"{name} needs a root: give --root .*{folder}"):
        get_benchmark(name)
    with pytest.raises(HomologueError, match=r"nowhere does not exist"):
        get_benchmark(name, tmp_path / "nowhere")
    with pytest.raises(HomologueError, match=r"file is a file"):
        get_benchmark(name, text(tmp_path / "file", ""))
    with pytest.raises(HomologueError) as error:
        get_benchmark(name, tmp_path)
    assert str(error.value).startswith(f"{tmp_path / sign} is missing; ")
    (tmp_path / folder).mkdir()
    with pytest.raises(HomologueError) as error:
        get_benchmark(name, tmp_path)
    assert str(error.value).startswith(f"{tmp_path / folder / sign} is missing; ")


def test_emoji_needs_no_root_and_takes_none(tmp_path: Path) -> None:
    assert get_benchmark("emoji").notes("val") == ()
    with pytest.raises(HomologueError, match="emoji comes with the package: leave out"):
        get_benchmark("emoji", tmp_path)


def test_an_unknown_name_is_answered_with_all_names() -> None:
    with pytest.raises(HomologueError) as error:
        get_benchmark("spair")
    assert all(name in str(error.value) for name in ("'spair'", *NAMES))


def pair(number: int, category: str, kind: str | None = None) -> Pair:
    points = torch.zeros(1, 2, dtype=torch.float64)
    blank = BenchmarkImage("blank", lambda: RGBImage(torch.zeros(3, 4, 4)))
    tags = {} if kind is None else {"kind": kind}
    return Pair(
        str(number), category, "test", blank, blank, points, points, ("a",), points, {}, tags
    )


def without_kinds() -> FileBenchmark:
    pairs = [pair(number, "ab"[number // 6]) for number in range(10)]
    return FileBenchmark("toy", ("trn", "test"), lambda split: SplitPairs(pairs))


def test_a_benchmark_without_kinds_is_chosen_from_as_a_whole() -> None:
    def names(**options: object) -> str:
        chosen = select_pairs(without_kinds(), "test", **options)  # type: ignore[arg-type]
        return "".join(pair.name for pair in chosen)

    assert names() == "0123456789"
    assert names(limit=4) == "0257"
    assert names(categories=["b"]) == "6789"
    assert names(categories=["b"], limit=2) == "68"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"split": "val"}, "'val' is not a split of toy: choose from trn, test"),
        ({"split": "test", "kinds": ["posed"]}, "'posed' is not a kind of pairs of toy: .* none"),
        (
            {"split": "test", "categories": ["c"]},
            "'c' is not a category of the split .* a, b",
        ),
    ],
)
def test_what_it_does_not_have_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(HomologueError, match=words):
        select_pairs(without_kinds(), **options)  # type: ignore[arg-type]


def test_the_split_is_test_where_there_is_one() -> None:
    assert default_split(without_kinds()) == "test"
    assert (
        default_split(FileBenchmark("toy", ("one", "two"), lambda split: SplitPairs([]))) == "one"
    )


def test_a_split_is_read_once_and_when_it_is_asked_for() -> None:
    asked: list[str] = []

    def read(split: str) -> SplitPairs:
        asked.append(split)
        return SplitPairs([pair(0, split)], (f"about {split}",))

    benchmark = FileBenchmark("toy", ("one", "two"), read)
    assert not asked
    assert benchmark.notes("two") == ("about two",)
    assert benchmark.pairs("two") is benchmark.pairs("two")
    assert asked == ["two"]
