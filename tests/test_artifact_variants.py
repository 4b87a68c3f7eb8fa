"""Which variants there are."""

from dataclasses import replace

from homologue.artifacts import ALL, Variant, own_variant, variants
from homologue.presets import DEFAULT, PAPER


def test_one_thing_varies_at_a_time_in_every_way_to_read() -> None:
    config = replace(DEFAULT.locate, crops=3)
    made = variants(2, config, ["a", "b"])
    shapes = list(dict.fromkeys((one.embeddings, one.crops, one.layers) for one in made))
    assert shapes == [(1, 3, ALL), (2, 3, ALL), (2, 1, ALL), (2, 2, ALL), (2, 3, "a"), (2, 3, "b")]
    assert len(made) == len(set(made)) == 6 * 3 * 2
    assert Variant(2, 1, ALL, "softmax", 0.0) in made
    assert Variant(2, 3, "b", "mean", 0.05) in made


def test_the_runs_own_reading_is_one_of_them() -> None:
    for preset in (DEFAULT, PAPER):
        count = preset.fit.embeddings
        own = own_variant(count, preset.locate)
        assert variants(count, preset.locate, ["a", "b", "c", "d"]).count(own) == 1
    assert own == Variant(5, 20, ALL, "softmax", 0)


def test_a_run_without_a_window_is_read_with_a_usual_one_too() -> None:
    for window, expected in ((0.0, {0.0, 0.05}), (0.02, {0.0, 0.02})):
        made = variants(1, replace(DEFAULT.locate, window=window), [])
        assert {one.window for one in made} == expected
