"""Exact JSON parsing."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homologue.formats.json_text import is_number, parse_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(values)
def test_what_is_written_comes_back(value: object) -> None:
    assert parse_json(json.dumps(value)) == value


@given(st.integers(2**53, 2**80))
def test_whole_numbers_are_exact(number: int) -> None:
    assert parse_json(str(number)) == number
    assert isinstance(parse_json(str(number)), int)


def test_numbers_that_no_float_holds_are_infinite() -> None:
    assert parse_json("9" * 5000) == math.inf
    assert parse_json("-" + "9" * 5000) == -math.inf
    assert not is_number(parse_json("9" * 5000))
    assert float(parse_json("9" * 300)) < math.inf


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(json.JSONDecodeError) as error:
        parse_json('{"a":\n 1,}')
    assert error.value.lineno == 2
    with pytest.raises(ValueError, match="nested too deeply"):
        parse_json("[" * 200_000)
    with pytest.raises(ValueError, match='the key "a" twice in one object'):
        parse_json('[{"b": {"a": 1, "c": 2, "a": 1}}]')
