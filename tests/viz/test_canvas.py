"""Widths of texts, and texts shortened to a width."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homologue.viz.canvas import shortened, text_width


def test_the_width_grows_with_size_and_text() -> None:
    assert text_width("", 20) == 0
    assert text_width("ab", 20) < text_width("abc", 20) < text_width("abc", 30)
    assert text_width("m" * 10, 20) == pytest.approx(195, abs=5)


def test_what_fits_stays() -> None:
    assert shortened("$x^2$", 20, 200) == "$x^2$"
    assert shortened("", 20, 0) == ""


def test_lines_become_one() -> None:
    assert shortened("two\n  lines ", 20, 200) == "two lines"


@given(st.text("abcdefghijklmnopqrstuvwxyz-_:$", max_size=80), st.integers(30, 500))
def test_a_shortened_text_fits_and_keeps_both_ends(text: str, width: int) -> None:
    short = shortened(text, 20, width)
    assert text_width(short, 20) <= width
    if short != text:
        start, end = short.split("…")
        assert text.startswith(start)
        assert text.endswith(end)
        assert 0 <= len(start) - len(end) <= 1


def test_letters_that_the_font_lacks_are_no_warning() -> None:
    assert text_width("猫", 20) > 0
