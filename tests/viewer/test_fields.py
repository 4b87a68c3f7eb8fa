"""JSON that anybody may have sent."""

import pytest

from homologue.errors import HomologueError
from homologue.viewer.fields import Fields


@pytest.mark.parametrize(
    "data", [b"", b"[1]", b"null", b"nonsense", b"\xff\xfe", b"[" * 100_000, b'"text"']
)
def test_what_is_no_object_is_refused(data: bytes) -> None:
    with pytest.raises(HomologueError, match="JSON"):
        Fields.parse(data)


def test_values_come_with_their_types() -> None:
    fields = Fields.parse(b'{"name": "x", "x": 1.5, "seed": 3, "none": null}')
    assert fields.text("name") == "x"
    assert fields.number("x") == 1.5
    assert fields.whole("seed") == 3
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
def test_only_short_texts_are_texts(value: str) -> None:
    with pytest.raises(HomologueError, match="'name' must be a text"):
        Fields.parse(f'{{"name": {value}}}'.encode()).text("name")


def test_halves_are_not_whole() -> None:
    with pytest.raises(HomologueError, match="whole"):
        Fields({"seed": 0.5}).whole("seed")
