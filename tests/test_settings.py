"""Settings as text are parsed by the type of their field, or refused in a sentence."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homologue.config import WordsConfig
from homologue.errors import HomologueError
from homologue.presets import DEFAULT, PAPER, SETTINGS, with_settings
from homologue.settings import parse_settings, setting_text, settings_of


def test_settings_are_parsed_by_the_type_of_their_field() -> None:
    changed = with_settings(
        DEFAULT,
        ["fit.steps=50", "fit.sigma=1e-2", "locate.follow=True", "fit.heads=second-half",
         "fit.layers= up[1],mid", "locate.crop=1"],
    )  # fmt: skip
    assert changed.fit == replace(
        DEFAULT.fit, steps=50, sigma=0.01, heads="second-half", layers="up[1],mid"
    )
    assert changed.locate == replace(DEFAULT.locate, follow=True, crop=1.0)
    assert type(changed.locate.crop) is float


def test_a_list_is_parsed_at_its_commas() -> None:
    known = settings_of({"words": WordsConfig})
    values = parse_settings(["words.timesteps=50, 200", "words.noise_samples=4"], known)
    assert values == {"words.timesteps": (50, 200), "words.noise_samples": 4}
    with pytest.raises(HomologueError, match=r"^words.timesteps must be a whole number, not '2x'"):
        parse_settings(["words.timesteps=50,2x"], known)


def test_the_name_says_what_was_changed_whatever_the_order() -> None:
    one = with_settings(DEFAULT, ["locate.crops=1", "fit.steps=050"])
    other = with_settings(with_settings(DEFAULT, ["fit.steps=50"]), ["locate.crops=1"])
    assert one == other
    assert one.name == "default+fit.steps=50+locate.crops=1"
    again = with_settings(with_settings(PAPER, ["fit.sigma=1e20"]), ["fit.sigma=1e21"])
    assert again.name == "paper+fit.sigma=1e+21"


def test_a_value_that_the_preset_has_already_changes_nothing() -> None:
    assert with_settings(DEFAULT, [f"fit.steps={DEFAULT.fit.steps}"]) == DEFAULT
    assert with_settings(DEFAULT, []) is DEFAULT


@pytest.mark.parametrize(
    ("settings", "start"),
    [
        (["fit.stps=3"], "There is no setting 'fit.stps': did you mean fit.steps?"),
        (["steps=3"], "There is no setting 'steps': did you mean fit.steps?"),
        (["crop=1"], "There is no setting 'crop': did you mean fit.crop or locate.crop?"),
        (["zzz=1"], "There is no setting 'zzz': choose from fit.strategy, fit.layers,"),
        (["fit.steps"], "'fit.steps' is not a setting: write NAME=VALUE, such as fit.steps=50."),
        (["fit.steps=1", "fit.steps=1"], "The setting fit.steps is given twice: give it once."),
        (["fit.steps="], "fit.steps must be a whole number, not ''."),
        (["fit.steps=5.0"], "fit.steps must be a whole number, not '5.0'."),
        (["fit.steps=" + 23 * "9"], "fit.steps is too large."),
        (["fit.steps=" + 5000 * "9"], "fit.steps is too large."),
        (["locate.timestep=-" + 5000 * "9"], "locate.timestep is too large."),
        (["fit.steps=2000000"], "fit.steps=2000000: steps must be at most 1000000, not 2000000."),
        (["fit.sigma=wide"], "fit.sigma must be a number, not 'wide'."),
        (["fit.sigma=inf"], "fit.sigma must be a finite number, not inf."),
        (["locate.window=nan"], "locate.window must be a finite number, not nan."),
        (["locate.follow=1"], "locate.follow must be true or false, not '1'."),
        (["fit.objective=l1"], "fit.objective must be one of mse, cross-entropy, not 'l1'."),
        (["fit.crop=2"], "fit.crop=2: crop must be above 0 and at most 1, not 2.0."),
        (["locate.timestep=-1"], "locate.timestep=-1: timestep must be from 0 to 999, not -1."),
    ],
)
def test_what_cannot_be_used_is_refused(settings: list[str], start: str) -> None:
    with pytest.raises(HomologueError) as caught:
        with_settings(DEFAULT, settings)
    assert str(caught.value).startswith(start)


def test_settings_are_checked_together() -> None:
    both = ["fit.max_crop=0.5", "fit.crop=0.4"]
    assert with_settings(DEFAULT, both) == with_settings(DEFAULT, both[::-1])
    with pytest.raises(HomologueError, match=r"^fit.max_crop=0.5: max_crop must be"):
        with_settings(DEFAULT, both[:1])


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_read_as_it_is_written(number: float) -> None:
    text = setting_text("locate.window", number)
    assert parse_settings([text], SETTINGS) == {"locate.window": number}


@given(st.lists(st.integers(0, 999), min_size=1).map(tuple))
def test_a_list_is_read_as_it_is_written(steps: tuple[int, ...]) -> None:
    known = settings_of({"words": WordsConfig})
    text = setting_text("words.timesteps", steps)
    assert parse_settings([text], known) == {"words.timesteps": steps}
