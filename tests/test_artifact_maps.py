"""Maps as bytes and back."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import array_shapes, arrays

from homologue.artifacts import pack, unpack

halves = arrays(np.float16, array_shapes(min_dims=3, max_dims=3), elements=some.floats(width=16))


@given(some.dictionaries(some.text("abz.01 ", min_size=1), halves, min_size=1, max_size=12))
def test_the_round_trip_is_lossless_and_keeps_the_order(maps: dict[str, np.ndarray]) -> None:
    data = pack(maps)
    again = unpack(data)
    assert list(again) == list(maps)
    for name, one in maps.items():
        np.testing.assert_array_equal(again[name], one, strict=True)
    assert pack(again) == data


def test_views_and_finer_numbers_are_packed_as_what_they_show() -> None:
    numbers = np.arange(24, dtype=np.float64).reshape(2, 3, 4)
    (turned,) = unpack(pack({"all": numbers.transpose(0, 2, 1)})).values()
    np.testing.assert_array_equal(turned, numbers.transpose(0, 2, 1).astype(np.float16))
