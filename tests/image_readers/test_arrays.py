"""Arrays of other libraries, simulated by small classes with the same protocols."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from homologue.errors import HomologueError
from homologue.image_readers.arrays import is_array_like, to_numpy
from homologue.images import read_image
from homologue.points import check_points

POINTS = np.array([[3.0, 4.0], [0.5, 8.25]])
PICTURE = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)


class Array:
    """Numbers that NumPy reads, as those of JAX, TensorFlow, xarray or MLX."""

    def __init__(self, numbers):
        self.numbers = numbers

    def __array__(self, dtype=None, copy=None):
        return self.numbers


class Table(Array):
    """As of pandas or polars."""

    def __init__(self, numbers, columns):
        super().__init__(numbers)
        self.columns = columns


class OnGpu:
    """As of CuPy, whose arrays refuse to be copied without being asked."""

    def __array__(self, dtype=None, copy=None):
        raise TypeError("Implicit conversion to a NumPy array is not allowed.\nUse .get().")


class Exchanged:
    """An array that only DLPack knows, as torch takes from a GPU that it sees."""

    def __init__(self, numbers):
        self.tensor = torch.from_numpy(numbers)

    def __array__(self, dtype=None, copy=None):
        raise TypeError("no")

    def __dlpack__(self, **options):
        return self.tensor.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.tensor.__dlpack_device__()


class Hostile:
    def __array__(self, dtype=None, copy=None):
        raise ZeroDivisionError

    def __dlpack__(self, **options):
        raise SystemError("gone")


class Locked(torch.Tensor):
    """A subclass that refuses whatever torch asks of it."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        raise RuntimeError("locked")


def locked(tensor):
    return tensor.as_subclass(Locked)


@pytest.mark.parametrize(
    "points",
    [
        Array(POINTS),
        Table(POINTS, ["x", "y"]),
        Table(POINTS, ["ear", "tail"]),
        Exchanged(POINTS),
        [Array(row) for row in POINTS],
        [torch.tensor(row) for row in POINTS],
        [torch.tensor(row, dtype=torch.bfloat16) for row in POINTS],
        [torch.tensor(row, requires_grad=True) for row in POINTS],
        tuple(torch.nn.Parameter(torch.tensor(row)) for row in POINTS),
        [[torch.tensor(3.0), 4], [np.float32(0.5), torch.tensor(8.25, requires_grad=True)]],
        torch.tensor(POINTS, requires_grad=True).clone(),
        torch.tensor(POINTS).to_sparse(),
        np.asfortranarray(POINTS),
        POINTS[::-1, ::-1].copy()[::-1, ::-1],
        POINTS.astype(">f4"),
        np.ma.masked_array(POINTS, mask=False),
        memoryview(POINTS),
    ],
)
def test_points_of_any_library(points):
    checked = check_points(points, 9, 9)
    assert checked.dtype == torch.float64
    assert checked.tolist() == POINTS.tolist()


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (OnGpu(), r"The array of points is a .*\.OnGpu that NumPy cannot read \(Implicit"),
        ([OnGpu()], r"Point 1 is a .*OnGpu that NumPy cannot read"),
        (Hostile(), r"Hostile that NumPy cannot read \(ZeroDivisionError\); copy it to the memory"),
        (locked(torch.ones(1, 2)), r"is a Locked whose numbers cannot be .* \(locked\)"),
        (torch.empty(1, 2, device="meta"), "on device meta whose numbers cannot be copied"),
        ([torch.ones(2), torch.empty(2, device="meta")], "^Point 2 is a Tensor on device meta"),
        (np.ma.masked_array(POINTS, mask=[[0, 0], [0, 1]]), "has masked entries; fill or leave"),
        (Table(POINTS, ["Y", "x"]), r'columns of the points are y, x; .* table\[\["x", "y"\]\]'),
        (torch.ones(2, 2, dtype=torch.complex64), "Points of type complex64"),
        (torch.ones(2, 2, dtype=torch.bool), "Points of type bool"),
        (np.array([(1, 2)], dtype=[("x", "f4"), ("y", "f4")]), "Points of type"),
        (np.array([["1", None]], dtype=object), "Points of type object"),
        (Array("text"), "method not producing an array"),
        ({"x": 1, "y": 2}, "Points of type object"),
        ((pair for pair in POINTS), "Points of type object"),
        (None, "Points of type object"),
        ([torch.ones(2), torch.ones(3)], "Points of unequal lengths"),
    ],
)
def test_points_that_are_refused(points, words):
    with pytest.raises(HomologueError, match=words):
        check_points(points, 9, 9)


@pytest.mark.parametrize(
    "wrap", [Array, Exchanged, np.asfortranarray, lambda a: np.ma.masked_array(a, mask=False)]
)
def test_pictures_of_any_library(wrap):
    read = read_image(wrap(PICTURE))
    assert torch.equal(read.pixels, read_image(PICTURE).pixels)


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (OnGpu(), "The image array is a .*OnGpu that NumPy cannot read"),
        (Hostile(), "The image array is a .*Hostile"),
        (np.ma.masked_array(PICTURE, mask=PICTURE > 9), "The image array has masked entries"),
        (Array(POINTS), "type float64 is not understood"),
        (PICTURE.astype(object), "type object is not understood"),
        (PICTURE.astype(">u2"), "type >u2 is not understood"),
        (np.float32(1), r"shape \(\) and type"),
        (locked(torch.ones(3, 4, 4)), "The image tensor is a Locked whose numbers"),
        (torch.empty(3, 4, 4, device="meta"), "The image tensor is a Tensor on device meta"),
        (torch.ones(3, 4, 4, dtype=torch.uint8), "type torch.uint8 .* Divide 8-bit numbers by 255"),
        (Array, "An image cannot be read from a type"),
    ],
)
def test_pictures_that_are_refused(picture, words):
    with pytest.raises(HomologueError, match=words):
        read_image(picture)


@pytest.mark.parametrize(
    "change",
    [
        torch.Tensor.bfloat16,
        torch.Tensor.half,
        lambda t: t.requires_grad_() * 1,
        torch.nn.Parameter,
        torch.Tensor.to_sparse,
        lambda t: t.permute(1, 2, 0).contiguous().permute(2, 0, 1),
        lambda t: t.to(torch.float8_e4m3fn),
    ],
)
def test_image_tensors_of_every_kind(change):
    # Eighths are exact in all of these.
    pixels = torch.randint(0, 9, (3, 4, 5), generator=torch.Generator().manual_seed(0)) / 8
    read = read_image(change(pixels.clone()))
    assert read.pixels.dtype == torch.float32
    assert not read.pixels.requires_grad
    wanted = pixels.to(torch.float8_e4m3fn).float() if "float8" in repr(change) else pixels
    assert torch.equal(read.pixels, wanted)


@given(st.lists(st.floats(-1e3, 1e3, width=16), min_size=1, max_size=9))
def test_bfloat16_and_the_like_become_float32(numbers):
    tensor = torch.tensor(numbers).bfloat16()
    read = to_numpy(tensor, "It")
    assert read.dtype == np.float32
    assert read.tolist() == tensor.float().tolist()


def test_what_is_array_like():
    assert all(map(is_array_like, (POINTS, torch.ones(2), np.float32(1), Array(1), OnGpu())))
    assert not any(map(is_array_like, (None, 1, "a", [1], (1,), {}, b"a", Array, np.ndarray)))
