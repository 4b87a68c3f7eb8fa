"""`homologue.evaluate` and `homologue.score`: the numbers of the commands, from Python."""

import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import homologue
from homologue import HomologueError, Matcher, Prediction, RGBImage
from homologue.errors import HomologueWarning
from homologue.evaluation.resume import Interrupted
from homologue.evaluation.storage.store import Store
from homologue.progress import Cancelled

FEW: dict[str, Any] = {"split": "val", "limit": 2}
OPTIONS = ("emoji", "--split", "val", "--limit", "2")


@pytest.fixture
def command(request: pytest.FixtureRequest) -> Any:
    """Runs a command line: the fixture that is called as the package is."""
    return request.getfixturevalue("homologue")


class Shifting:
    """A matcher of one's own: every point is `by` pixels to the right of where it is."""

    name = "shifting"

    def __init__(self, by: float = 0.0) -> None:
        self.by, self.found = by, 0
        self.settings: Mapping[str, Any] = {"by": by, "axes": ("x",)}

    def fit(self, source: RGBImage, points: Tensor) -> Callable[[RGBImage], Prediction]:
        def find(target: RGBImage) -> Prediction:
            self.found += 1
            return Prediction(points + torch.tensor([self.by, 0.0]))

        return find


def without_times(numbers: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [without_times(one) for one in value] if name == "others" else value
        for name, value in numbers.items()
        if name != "seconds"
    }


def test_the_numbers_are_those_of_the_command(command: Any, tmp_path: Path) -> None:
    printed = command("evaluate", *OPTIONS, "--matcher", "identity", "--json").json
    run = homologue.evaluate("emoji", "identity", **FEW)
    made = homologue.score(run).to_dict()
    assert without_times({**made, "differences": None}) == without_times(
        {**printed, "differences": None}
    )
    assert (run.benchmark, run.split, run.matcher, len(run.records)) == (
        "emoji",
        "val",
        "identity",
        6,
    )
    for average in ("per_point", "per_image"):
        for alpha in (0.05, 0.1):
            shown = printed["pck"]["bbox-kp"][average][f"{alpha:g}"]
            assert round(100 * run.pck(alpha, average=average), 2) == shown
    assert (
        run.pck()
        == run.pck(0.1, threshold="bbox-kp")
        == run.scores.score("bbox-kp", [0.1]).pck["per_point"][0]
    )


def test_scores_are_those_of_the_command(command: Any, tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("identity", "random")]
    runs = [homologue.evaluate("emoji", place.name, run=place, **FEW) for place in places]
    options = "--alpha", "0.2", "--seed", "3", "--threshold", "bbox-kp"
    printed = command("score", *places, *options, "--json").json
    asked: dict[str, Any] = {"alphas": [0.2], "seed": 3, "thresholds": ["bbox-kp"]}
    assert homologue.score(places, **asked).to_dict() == printed
    # Runs as they were returned are those in the folders.
    assert homologue.score([runs[0], str(places[1])], **asked).to_dict() == printed
    assert [run.name for run in homologue.score(tmp_path).runs] == ["identity", "random"]
    assert json.loads(json.dumps(printed))["differences"][0]["against"] == "identity"


def test_the_command_goes_on_with_a_run_of_the_function(command: Any, tmp_path: Path) -> None:
    homologue.evaluate("emoji", "random", run=tmp_path, seed=3, **FEW)
    command("evaluate", *OPTIONS, "--matcher", "random", "--seed", "3", "--run", tmp_path, "--json")
    outcome = command("evaluate", *OPTIONS, "--matcher", "random", "--run", tmp_path)
    assert outcome.code == 2
    assert "another seed" in outcome.err


@pytest.mark.parametrize("stop", [Cancelled, RuntimeError])
def test_a_run_resumes_after_an_exception(tmp_path: Path, stop: type[Exception]) -> None:
    matcher, told = Shifting(3.0), []

    def progress(stage: str, done: int, total: int) -> None:
        told.append((stage, done, total))
        if len(told) == 2:
            raise stop

    with pytest.raises(stop):
        homologue.evaluate("emoji", matcher, run=tmp_path, progress=progress, **FEW)
    with Store.read(tmp_path) as store:
        assert len(store.done()) == 2
    resumed = homologue.evaluate("emoji", matcher, run=tmp_path, progress=progress, **FEW)
    assert told == [("shifting", done, 6) for done in (1, 2, 3, 4, 5, 6)]
    assert matcher.found == 6
    at_once = homologue.evaluate("emoji", Shifting(3.0), **FEW)
    assert [one.pair for one in resumed.records] == [one.pair for one in at_once.records]
    for one, other in zip(resumed.records, at_once.records, strict=True):
        np.testing.assert_array_equal(one.predicted, other.predicted)
    assert resumed.configuration == at_once.configuration
    homologue.evaluate("emoji", matcher, run=tmp_path, progress=progress, **FEW)
    assert matcher.found == 6


def test_an_interrupt_says_how_to_resume(tmp_path: Path) -> None:
    def interrupt(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match=r"1 of 6 pairs are in .* run the same command again"):
        homologue.evaluate("emoji", "identity", run=tmp_path, progress=interrupt, **FEW)
    with pytest.raises(KeyboardInterrupt) as raised:
        homologue.evaluate("emoji", "identity", progress=interrupt, **FEW)
    assert not isinstance(raised.value, Interrupted)


def test_a_matcher_of_ones_own() -> None:
    assert isinstance(Shifting(), Matcher)
    here, identity = (homologue.evaluate("emoji", one, **FEW) for one in (Shifting(), "identity"))
    assert here.matcher == "shifting"
    assert here.settings == {"by": 0.0, "axes": ["x"]}
    assert 0 < here.pck() < 1
    far = homologue.evaluate("emoji", Shifting(1e4), **FEW)
    assert far.pck() == 0
    (compared,) = homologue.score([identity, far]).comparisons
    assert compared.differences["bbox-kp"]["per_point"].value[1] == pytest.approx(-identity.pck())


def test_pairs_that_fail_are_warned_of() -> None:
    class Failing(Shifting):
        def fit(self, source: RGBImage, points: Tensor) -> Callable[[RGBImage], Prediction]:
            raise ValueError("no")

    with pytest.warns(HomologueWarning, match="6 pairs failed; the first: ValueError: no"):
        run = homologue.evaluate("emoji", Failing(), **FEW)
    assert len(run.failed) == 6
    assert np.isnan(run.pck())


def test_what_a_benchmark_leaves_out_is_warned_of(
    command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "homologue.datasets.emoji.pairs.EmojiBenchmark.notes",
        lambda self, split: (f"none of {split}",),
    )
    with pytest.warns(HomologueWarning, match="none of val"):
        homologue.evaluate("emoji", "identity", **FEW)
    assert "none of val" in command("evaluate", *OPTIONS, "--matcher", "identity").err


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"matcher": "sift"}, "There is no matcher 'sift'"),
        ({"matcher": SimpleNamespace(name="x")}, "is not a matcher: .* name, settings and fit"),
        ({"matcher": Shifting(), "model": "builtin"}, "leave out model"),
        ({"matcher": Shifting(), "seed": 1, "memory": 2.0}, "leave out seed, memory"),
        ({"matcher": Shifting(), "keep": "maps", "run": "DIR"}, "shifting has no maps"),
        ({"matcher": Shifting(float("nan"))}, "settings of the matcher shifting"),
        ({"matcher": "identity", "keep": ["maps"], "run": "DIR"}, "identity has no maps"),
        ({"keep": ["maps"]}, "keep needs run"),
        ({"keep": ["heat"]}, "'heat' is not an artifact"),
        ({"retry_failed": True}, "retry_failed needs run"),
        ({"preset": "best"}, "There is no preset 'best'"),
        ({"shard": "3/2"}, "3/2"),
        ({"split": "all"}, "'all'"),
        ({"pair": 6}, "numbered from 0 to 5"),
    ],
)
def test_bad_arguments_are_refused(given: dict[str, Any], words: str, tmp_path: Path) -> None:
    if "run" in given:
        given = {**given, "run": tmp_path / "run"}
    with pytest.raises(HomologueError, match=words):
        homologue.evaluate("emoji", **{"matcher": "identity", **FEW, **given})
    assert not (tmp_path / "run").exists()


def test_scores_that_cannot_be_given_are_refused(tmp_path: Path) -> None:
    run = homologue.evaluate("emoji", "identity", **FEW)
    with pytest.raises(HomologueError, match="has no threshold 'bbox': choose from bbox-kp"):
        run.pck(threshold="bbox")
    with pytest.raises(HomologueError, match="Unknown average 'median'"):
        run.pck(average="median")
    for alpha in (0.0, float("nan"), float("inf")):
        with pytest.raises(HomologueError, match="alpha must be"):
            run.pck(alpha)
    with pytest.raises(HomologueError, match="holds no run"):
        homologue.score(tmp_path)
    with pytest.raises(HomologueError, match="No runs"):
        homologue.score([])
    with pytest.raises(HomologueError, match="No alphas"):
        homologue.score(run, alphas=[])


def test_a_loaded_model_and_what_is_kept_of_it(tmp_path: Path) -> None:
    quick = homologue.with_settings(
        homologue.get_preset("default"), ["fit.steps=1", "fit.views=4", "locate.crops=1"]
    )
    model = homologue.load("builtin")
    one: dict[str, Any] = {"split": "val", "limit": 1, "kinds": ["plain"], "preset": quick}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = homologue.evaluate("emoji", run=tmp_path, model=model, keep="maps", **one)
    assert run.settings["preset"] == quick.name
    with Store.read(tmp_path) as store:
        maps = store.maps(run.records[0].pair)
    assert maps is not None and "all" in maps.target
    named = homologue.evaluate("emoji", **one)
    np.testing.assert_array_equal(named.records[0].predicted, run.records[0].predicted)
