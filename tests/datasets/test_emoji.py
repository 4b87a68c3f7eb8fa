"""The emoji benchmark."""

import random
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
import torch
from PIL import Image

from homologue.datasets.base import Pair, get_benchmark, select_pairs
from homologue.datasets.emoji.drawings import SIDE, TRAINING_STYLES, drawings, read_json
from homologue.datasets.emoji.pairs import seen_or_unseen
from homologue.datasets.thresholds import longest_side
from homologue.errors import HomologueError

FOLDER = Path(str(files("homologue.datasets.emoji")))
STYLES = (*TRAINING_STYLES, "openmoji", "emojione")
EMOJI = get_benchmark("emoji")


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    return [pair for split in EMOJI.splits for pair in EMOJI.pairs(split)]


def test_it_is_at_most_6_mb() -> None:
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) <= 6e6


def test_every_image_has_its_licence_and_every_annotation_its_image() -> None:
    rights = read_json("licences.json")
    assert set(rights["sets"]) == set(STYLES)
    for facts in rights["sets"].values():
        assert all(facts[name] for name in ("package", "version", "author", "licence"))
        assert facts["licence_url"].startswith("https://")
    there = {path.relative_to(FOLDER).as_posix() for path in (FOLDER / "images").rglob("*.webp")}
    assert set(rights["images"]) == there
    assert {f"images/{style}/{subject}.webp" for subject, style in drawings()} == there
    assert all(path.split("/")[1] == facts["set"] for path, facts in rights["images"].items())
    assert rights["sets"]["openmoji"]["licence"] == "CC-BY-SA-4.0"
    card = (FOLDER / "README.md").read_text()
    assert all(facts["package"] in card for facts in rights["sets"].values())


def test_images_are_256_pixels_with_transparency() -> None:
    for path in (FOLDER / "images").rglob("*.webp"):
        with Image.open(path) as image:
            assert (image.format, image.size, image.mode) == ("WEBP", (SIDE, SIDE), "RGBA")


def test_no_subject_is_in_both_splits() -> None:
    subjects = [
        {s for p in EMOJI.pairs(split) for s in (p.category, p.tags["target_subject"])}
        for split in EMOJI.splits
    ]
    assert not set.intersection(*subjects)


def test_names_of_pairs_are_unique(pairs: list[Pair]) -> None:
    assert len({pair.name for pair in pairs}) == len(pairs)


def test_every_keypoint_lies_inside_and_belongs_to_both(pairs: list[Pair]) -> None:
    for pair in pairs:
        assert len(pair.source_points) == len(pair.target_points) == len(pair.point_names) >= 3
        assert torch.equal(pair.fit_points[pair.rows], pair.source_points)
        for points in (pair.source_points, pair.target_points):
            assert points.dtype == torch.float64
            assert 0 <= float(points.min()) <= float(points.max()) <= SIDE


def test_every_style_is_source_and_target_equally_often(pairs: list[Pair]) -> None:
    ends = ("source_style", "target_style")
    plain = [pair.tags for pair in pairs if pair.tags["kind"] == "plain"]
    posed = [pair.tags for pair in pairs if pair.tags["kind"] == "posed"]
    sources, targets = (Counter(tags[end] for tags in plain) for end in ends)
    assert [tuple(tags[end] for end in ends) for tags in plain] == [
        tuple(tags[end] for end in ends) for tags in posed
    ]
    for style in STYLES:
        assert abs(sources[style] - targets[style]) <= 0.1 * sources[style]


def test_seen_pairs_lie_within_the_styles_that_were_trained_on(pairs: list[Pair]) -> None:
    assert seen_or_unseen("noto", "twemoji") == "seen"
    assert seen_or_unseen("emojione", "twemoji") == "unseen"
    for pair in pairs:
        styles = {pair.tags["source_style"], pair.tags["target_style"]}
        expected = "unseen" if styles & {"openmoji", "emojione"} else "seen"
        assert pair.tags["styles"] == expected
        kind = pair.tags["kind"]
        assert pair.group == ("cross" if kind == "cross" else f"{kind} {expected}")
        assert (pair.category == pair.tags["target_subject"]) == (kind != "cross")


def test_the_threshold_is_the_box_of_all_keypoints_of_the_target_where_they_are(
    pairs: list[Pair],
) -> None:
    assert longest_side(torch.tensor([[1.0, 2], [4, 3], [2, 7]])) == 5
    poses = {
        ("posed", *facts["source"], *facts["target"]): facts["pose"]
        for split in EMOJI.splits
        for facts in read_json("pairs.json")[split]
        if facts["kind"] == "posed"
    }
    for pair in pairs:
        target = drawings()[pair.tags["target_subject"], pair.tags["target_style"]]
        points = target.keypoints
        if pair.tags["kind"] == "posed":
            facts = poses[
                ("posed", pair.category, pair.tags["source_style"],
                 target.subject, target.style)
            ]  # fmt: skip
            assert 0.6 <= facts["scale"] <= 0.95
            assert abs(facts["angle"]) <= 30
            assert max(map(abs, facts["shift"])) <= (1 - facts["scale"]) / 2 + 1e-4
            angle = torch.tensor(facts["angle"], dtype=torch.float64).deg2rad()
            turn = torch.stack([
                torch.stack([angle.cos(), angle.sin()]), torch.stack([-angle.sin(), angle.cos()])
            ])  # fmt: skip
            points = (points @ turn) * facts["scale"]
        box = float((points.amax(0) - points.amin(0)).max())
        assert pair.thresholds["bbox-kp"] == pytest.approx(box)


def test_pictures_are_read_on_white_and_on_colour(pairs: list[Pair]) -> None:
    chosen = random.Random(0).sample(pairs, 12)
    for pair in chosen:
        source, target = pair.source.read(), pair.target.read()
        for image in (source, target):
            assert (image.width, image.height) == (SIDE, SIDE)
            assert 0 <= float(image.pixels.min()) <= float(image.pixels.max()) <= 1
        assert pair.source.read().digest == source.digest
        on_white = bool((target.pixels.amax(dim=0) == 1).float().mean() > 0.1)
        assert on_white or pair.tags["kind"] == "posed"


def test_a_selection_is_even_and_exact() -> None:
    few = select_pairs(EMOJI, "val", limit=5)
    assert Counter(pair.tags["kind"] for pair in few) == {"plain": 5, "posed": 5, "cross": 5}
    assert len({pair.category for pair in few if pair.tags["kind"] == "plain"}) == 5
    foxes = select_pairs(EMOJI, "val", kinds=["plain"], categories=["fox"])
    assert {(pair.category, pair.tags["kind"]) for pair in foxes} == {("fox", "plain")}
    assert len(foxes) == 14


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"split": "train"}, "'train'.*val, test"),
        ({"split": "val", "kinds": ["turned"]}, "'turned'.*plain, posed, cross"),
        ({"split": "val", "categories": ["unicorn"]}, "'unicorn'.*fox"),
        ({"split": "val", "limit": 0}, "at least 1"),
        (
            {"split": "val", "kinds": ["cross"], "categories": ["scissors"]},
            "no pairs of these",
        ),
    ],
)
def test_a_bad_selection_is_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(HomologueError, match=words):
        select_pairs(EMOJI, **options)  # type: ignore[arg-type]


def test_an_unknown_benchmark_is_refused() -> None:
    with pytest.raises(HomologueError, match=r"'spair'.*emoji"):
        get_benchmark("spair")
