"""The measurement of words on photographs, on cases that can be counted by hand."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

sys.path.append(str(Path(__file__).parents[1] / "recipes" / "builtin"))

import words_photographs as recipe
import words_report

from homologue.datasets.base import BenchmarkImage, Pair
from homologue.images import RGBImage

POINTS = torch.tensor([[10.0, 10.0], [50.0, 30.0], [30.0, 20.0]], dtype=torch.float64)


def pair(category: str, file: str, points: Tensor = POINTS) -> Pair:
    image = BenchmarkImage(f"{category}/{file}", lambda: RGBImage(torch.zeros(3, 40, 100)))
    names = tuple(map(str, range(len(points))))
    return Pair(
        f"{category}-{file}", category, "", image, image, points, points, names, points,
        {"bbox-kp": 40.0}, {},
    )  # fmt: skip


def sight(thing: str, chosen_on: bool) -> recipe.Sight:
    """The box is the right half."""
    image = pair(f"{thing}(S)", "a.png").source
    return recipe.Sight(f"{thing}.png", thing, chosen_on, image, [0.5, 0.0, 1.0, 1.0])


def test_a_photograph_of_two_sub_classes_is_taken_once() -> None:
    pairs = [
        pair("car(M)", "a.png"), pair("car(M)", "b.png"), pair("car(G)", "a.png"),
        pair("winebottle(wC)", "c.png"), pair("car(M)", "a.png"),
    ]  # fmt: skip
    found = recipe.distinct(pairs)
    assert [(one.name, one.thing, one.chosen_on) for one in found] == [
        ("a.png", "car", True), ("b.png", "car", False), ("c.png", "winebottle", True),
    ]  # fmt: skip
    assert found[0].box == pytest.approx([0.1, 0.25, 0.5, 0.75])


def test_the_centre_of_a_photograph_is_in_a_box_that_reaches_it() -> None:
    assert sight("car", True).centred
    assert not recipe.Sight("a", "car", True, sight("car", True).image, [0, 0, 0.4, 1]).centred


def test_every_word_is_in_its_caption_and_every_class_has_one_thing() -> None:
    assert all(thing.word in thing.caption.split() for thing in recipe.THINGS.values())
    classes = [number for thing in recipe.THINGS.values() for number in thing.classes]
    assert len(set(classes)) == len(classes)
    categories = {name.partition("(")[0] for name in recipe.CHOOSING}
    assert categories <= set(recipe.THINGS)


def test_the_object_is_compared_with_the_others() -> None:
    right, left = torch.eye(4).flip(0), torch.zeros(4, 4)
    left[:, 0] = 1

    def maps(_: RGBImage, thing: recipe.Thing) -> Tensor:
        return right if thing.word in ("duck", "car") else left

    (seen,) = recipe.objects_seen([sight("duck", True)], maps)
    assert (seen.hit, seen.other_hit, seen.chance) == (1, pytest.approx(1 / 3), 0.5)


def test_activation_maps_are_the_highest_of_the_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe, "CLASSIFIER_SIDE", 2)
    head = nn.Linear(3, 1000, bias=False)
    nn.init.zeros_(head.weight)
    with torch.no_grad():
        head.weight[665, 0], head.weight[670, 1], head.weight[0, 2] = 1, 2, 9
    network = SimpleNamespace(_fc=nn.Linear(3, 1000), extract_features=lambda pixels: pixels)
    network._fc.load_state_dict({"weight": head.weight, "bias": torch.zeros(1000)})
    colours = torch.tensor([[[1.0, 0.5], [0.5, 0.5]], [[0.5, 1], [0.5, 0.5]], [[0.5, 0.5], [1, 1]]])
    found = recipe.activation_maps(network, 2)(RGBImage(colours), recipe.THINGS["motorbike"])
    torch.testing.assert_close(found, torch.tensor([[1.0, 2], [0, 0]]))


def test_the_tables_have_a_row_for_each_group_and_object() -> None:
    sights = [sight("duck", True), sight("car", False), sight("car", True)]
    maps = torch.zeros(4, 4)
    maps[0, 3] = 1
    seen = recipe.objects_seen(sights, lambda *_: maps)
    found = recipe.lines(sights, seen)
    assert [(one.name, one.count, one.hit) for one in found] == [
        ("sub-classes to choose on", 2, 100), ("the others", 1, 100),
        ('"a car on a street": car', 2, 100), ('"a duck": duck', 1, 100),
    ]  # fmt: skip
    text = recipe.report(sights, seen, seen)
    assert "3 distinct photographs" in text and "in 100 % of those to choose on" in text
    assert all(row.count("|") == 10 for row in text.splitlines() if row.startswith("|"))


def test_each_script_has_its_own_marks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words_report, "DOCS", tmp_path)
    begins = [words_report.BEGIN.format(script) for script in ("words.py", "words_photographs.py")]
    note = tmp_path / "notes" / "words.md"
    note.parent.mkdir()
    note.write_text("".join(f"{begin}\nold\n{words_report.END}\nafter\n" for begin in begins))
    words_report.rewrite("new", "words_photographs.py")
    first, second = note.read_text().split(begins[1])
    assert "old" in first and "new" not in first
    assert second == f"\n\nnew\n\n{words_report.END}\nafter\n"
