"""Settings that cannot work are refused in a sentence that names them."""

from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from homologue.config import FitConfig, LocateConfig, WordsConfig, as_stored, one_of
from homologue.errors import HomologueError
from homologue.presets import DEFAULT, PAPER


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"strategy": "fast"}, "strategy must be one of exact, joint, cached, not 'fast'."),
        ({"heads": "first-half"}, "heads must be one of all, second-half, not 'first-half'."),
        ({"noise": "pink"}, "noise must be one of gaussian, uniform, not 'pink'."),
        ({"objective": "l1"}, "objective must be one of mse, cross-entropy, not 'l1'."),
        ({"steps": 0}, "steps must be at least 1, not 0."),
        ({"embeddings": 0}, "embeddings must be at least 1, not 0."),
        ({"views": 0}, "views must be at least 1, not 0."),
        ({"views_per_step": -1}, "views_per_step must be at least 1, not -1."),
        ({"tokens": 1}, "tokens must be at least 2, not 1."),
        ({"steps": 10**6 + 1}, "steps must be at most 1000000, not 1000001."),
        ({"embeddings": 10**9}, "embeddings must be at most 1000000, not 1000000000."),
        ({"views": 10**9}, "views must be at most 1000000, not 1000000000."),
        ({"views_per_step": 10**9}, "views_per_step must be at most 1000000, not 1000000000."),
        ({"tokens": 10**9}, "tokens must be at most 1000000, not 1000000000."),
        ({"crop": 0.0}, "crop must be above 0 and at most 1, not 0.0."),
        ({"crop": 1.1}, "crop must be above 0 and at most 1, not 1.1."),
        ({"crop": float("nan")}, "crop must be above 0 and at most 1, not nan."),
        (
            {"crop": 0.5, "max_crop": 0.4},
            "max_crop must be 0 or from crop, 0.5, to 4, not 0.4.",
        ),
        ({"start": "zero"}, "start must be one of random, queries, not 'zero'."),
        (
            {"embeddings": 2},
            "2 embeddings with start=queries and strategy=cached would be equal: set embeddings=1 "
            "or start=random.",
        ),
        ({"max_rotation": -1.0}, "max_rotation must be from 0 to 180 degrees, not -1.0."),
        ({"flip": 1.5}, "flip must be from 0 to 1, not 1.5."),
        ({"flip": float("nan")}, "flip must be from 0 to 1, not nan."),
        ({"objective": "mse", "upsample": 4}, "upsample must be 0 or from 8 to 4096, not 4."),
        (
            {"upsample": 64},
            "upsample is a setting of the objective mse, and the objective is cross-entropy, which "
            "compares each map at its own resolution: set upsample to 0.",
        ),
        ({"sigma": float("inf")}, "sigma must be a finite number, not inf."),
        ({"pixel_centre": float("nan")}, "pixel_centre must be a finite number, not nan."),
    ],
)
def test_fit_config_refuses(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(HomologueError) as caught:
        replace(DEFAULT.fit, **change)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"noise": ""}, "noise must be one of gaussian, uniform, not ''."),
        ({"read_out": "max"}, "read_out must be one of mean, softmax, log-mean, not 'max'."),
        ({"crops": 0}, "crops must be at least 1, not 0."),
        ({"crops": 10**9}, "crops must be at most 1000000, not 1000000000."),
        ({"crop": -0.5}, "crop must be above 0 and at most 1, not -0.5."),
    ],
)
def test_locate_config_refuses(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(HomologueError) as caught:
        replace(DEFAULT.locate, **change)
    assert str(caught.value) == sentence


def test_the_limits_themselves_are_allowed() -> None:
    replace(
        DEFAULT.fit, steps=1, embeddings=1, views=1, views_per_step=1, tokens=2, crop=1.0,
        strategy="joint", heads="second-half", noise="uniform", objective="mse",
    )  # fmt: skip
    replace(DEFAULT.fit, steps=10**6, views=10**6, views_per_step=10**6, tokens=10**6)
    for read_out in ("mean", "softmax", "log-mean"):
        replace(DEFAULT.locate, crops=1, crop=1.0, read_out=read_out)


def test_more_than_a_million_noise_samples_are_too_many() -> None:
    WordsConfig(noise_samples=10**6)
    with pytest.raises(
        HomologueError, match=r"^noise_samples must be at most 1000000, not 1000001\.$"
    ):
        WordsConfig(noise_samples=10**6 + 1)


def test_settings_cannot_be_changed_in_place() -> None:
    with pytest.raises(FrozenInstanceError):
        DEFAULT.fit.steps = 2  # type: ignore[misc]


def test_one_of_lists_the_choices() -> None:
    one_of("colour", "red", ("red", "blue"))
    with pytest.raises(HomologueError, match=r"^colour must be one of red, blue, not 'green'\.$"):
        one_of("colour", "green", ("red", "blue"))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"timestep": -1}, "timestep must be from 0 to 999"),
        ({"timestep": 1000}, "timestep must be from 0 to 999"),
        ({"sigma": 0.0}, "sigma must be above 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be at least 0"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(change: dict[str, float], sentence: str) -> None:
    with pytest.raises(HomologueError, match=sentence):
        replace(PAPER.fit, **change)


def test_a_negative_window_is_refused() -> None:
    with pytest.raises(HomologueError, match="window must be at least 0"):
        replace(PAPER.locate, window=-0.1)


def test_an_infinite_window_is_refused() -> None:
    with pytest.raises(HomologueError, match="window must be a finite number, not inf"):
        replace(PAPER.locate, window=float("inf"))


def test_stored_settings_of_an_earlier_version_are_those_with_defaults() -> None:
    stored = as_stored(PAPER.fit)
    assert not {"flip", "upsample"} & set(stored)
    assert FitConfig(**stored) == PAPER.fit
    assert LocateConfig(**as_stored(PAPER.locate)) == PAPER.locate
    changed = replace(PAPER.fit, flip=0.5, upsample=64)
    assert as_stored(changed) == {**stored, "flip": 0.5, "upsample": 64}
    assert FitConfig(**as_stored(changed)) == changed
