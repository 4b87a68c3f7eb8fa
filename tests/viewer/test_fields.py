"""Validation of JSON request bodies."""

import pytest

from homologue.errors import HomologueError
from homologue.viewer.fields import Fields


@pytest.mark.parametrize(
    "data", [b"", b"[1]", b"null", b"nonsense", b"\xff\xfe", b"[" * 100_000, b'"text"']
)
def test_bodies_that_are_not_objects_are_refused(data: bytes) -> None:
    with pytest.raises(HomologueError, match="JSON"):
        Fields.parse(data)


def test_values_have_their_types() -> None:
    fields = Fields.parse(b'{"name": "x", "x": 1.5, "seed": 3, "none": null}')
    assert fields.text("name") == "x"
    assert fields.number("x") == 1.5
    assert fields.integer("seed") == 3
    assert "name" in fields
    assert "none" not in fields
    assert "absent" not in fields


@pytest.mark.parametrize(
    "value", ["true", '"1"', "null", "[1]", "NaN", "Infinity", "-Infinity", "1e300", "1" * 400]
)
def test_only_finite_numbers_are_numbers(value: str) -> None:
    with pytest.raises(HomologueError, match="'x' must be"):
        Fields.parse(f'{{"x": {value}}}'.encode()).number("x")


@pytest.mark.parametrize("value", ["1", "null", '""', '"' + 201 * "a" + '"'])
def test_texts_have_a_limited_length(value: str) -> None:
    with pytest.raises(HomologueError, match="'name' must be a text"):
        Fields.parse(f'{{"name": {value}}}'.encode()).text("name")


def test_fractions_are_not_integers() -> None:
    with pytest.raises(HomologueError, match="whole"):
        Fields({"seed": 0.5}).integer("seed")


def test_lists_of_integers() -> None:
    assert Fields({"words": [2, 0, 2.0]}).integers("words") == [2, 0, 2]
    for value in (None, "0", {"0": 1}, [0.5], ["1"], [True], [[1]], [None], [1, 2, 3]):
        with pytest.raises(HomologueError, match="'words' must be"):
            Fields({"words": value}).integers("words", max_count=2)


def test_half_of_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(HomologueError, match="'name' contains half of a surrogate pair"):
        Fields.parse(b'{"name": "a \\ud83e"}').text("name")
    assert Fields.parse(b'{"name": "\\ud83e\\udd8a"}').text("name") == "\N{FOX FACE}"
    assert Fields({"name": ""}).text("name", min_length=0) == ""
