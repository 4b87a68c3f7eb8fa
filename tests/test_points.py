import json
import math

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homologue.errors import HomologueError
from homologue.points import check_points, parse_point, read_points

finite = st.floats(allow_nan=False, allow_infinity=False)
many_points = st.lists(st.tuples(finite, finite), min_size=1, max_size=20)
# Every example overwrites the same file.
reuse_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("10,20", (10.0, 20.0)),
        (" 1.5 , .25 ", (1.5, 0.25)),
        ("-3,+4.", (-3.0, 4.0)),
        ("1e2,2E-1", (100.0, 0.2)),
    ],
)
def test_parse_point(text, point):
    assert parse_point(text) == point


@given(finite, finite)
def test_parse_point_round_trip(x, y):
    assert parse_point(f"{x},{y}") == (x, y)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1,",
        ",",
        "1,2,3",
        "1;2",
        "1 2",
        "a,b",
        "nan,1",
        "1,inf",
        "1e999,0",
        "1_0,2",
        "\u0661,2",
    ],
)
def test_parse_point_refuses(text):
    with pytest.raises(HomologueError, match="is not a point; write X,Y in pixels") as error:
        parse_point(text)
    assert str(error.value).startswith(repr(text))


@pytest.mark.parametrize("shape", ["pairs", "objects", "under a key", "objects under a key"])
@reuse_folder
@given(points=many_points)
def test_json_round_trip(tmp_path, shape, points):
    entries = [{"x": x, "y": y, "name": "ear"} for x, y in points] if "obj" in shape else points
    data = {"points": entries, "image": "cat.png"} if "key" in shape else entries
    (tmp_path / "p.json").write_text(json.dumps(data))
    read = read_points(tmp_path / "p.json")
    assert read.dtype == np.float64
    np.testing.assert_array_equal(read, np.array(points))


@pytest.mark.parametrize("header", ["", "x,y\n", "\n X , Y\n", '"x","y"\n'])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@reuse_folder
@given(points=many_points)
def test_csv_round_trip(tmp_path, header, end, points):
    text = header + "".join(f"{x}, {y}\n" for x, y in points)
    (tmp_path / "p.CSV").write_bytes(text.replace("\n", end).encode())
    np.testing.assert_array_equal(read_points(str(tmp_path / "p.CSV")), np.array(points))


def test_whole_numbers_blank_lines_and_a_byte_order_mark(tmp_path):
    (tmp_path / "p.json").write_bytes(b"\xef\xbb\xbf[[1, 2], [3, 4.5]]")
    assert read_points(tmp_path / "p.json").tolist() == [[1.0, 2.0], [3.0, 4.5]]
    (tmp_path / "p.csv").write_bytes(b"\xef\xbb\xbfx,y\r\n1,2\r\n\r\n,\r\n3,4.5\r\n\r\n")
    assert read_points(tmp_path / "p.csv").tolist() == [[1.0, 2.0], [3.0, 4.5]]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("p.json", "[[1, 2],\n [3, 4]", r"p\.json, line 2, is not valid JSON"),
        ("p.json", "", r"p\.json, line 1, is not valid JSON"),
        ("p.json", "[]", r"p\.json has no points; give at least one"),
        ("p.json", "{}", "does not hold a list of points"),
        ("p.json", "3", "does not hold a list of points"),
        ("p.json", '{"points": "many"}', "does not hold a list of points"),
        ("p.json", "[1, 2]", r"entry 1, is 1\.0; give two finite numbers, as \[x, y\]"),
        ("p.json", "[[1, 2], [3]]", r"entry 2, is \[3\.0\]"),
        ("p.json", "[[1, 2, 2]]", r"entry 1, is \[1\.0, 2\.0, 2\.0\]"),
        ("p.json", '[["1", "2"]]', r'entry 1, is \["1", "2"\]'),
        ("p.json", "[[1, true]]", "entry 1"),
        ("p.json", "[[1, null]]", "entry 1"),
        ("p.json", "[[1, 2], [NaN, 2]]", "entry 2, is .NaN"),
        ("p.json", "[[1, 1e999]]", "entry 1"),
        ("p.json", f"[[1, {'9' * 5000}]]", "entry 1"),
        (
            "p.json",
            '[{"x": 1, "Y": 2}]',
            'entry 1, is {"x": 1.0, "Y": 2.0}; .* or {"x": x, "y": y}',
        ),
        (
            "p.json",
            '[{"keypoints": [1, 2, 2], "image_id": 1, "category_id": 1, "score": 1}]',
            r"\.\.\.",
        ),
        ("p.json", '{"images": [], "annotations": []}', "looks like a COCO file"),
        ("p.json", '{"keypoints": [1, 2, 2]}', "looks like a COCO file"),
        ("p.json", "[" * 200_000, "nested too deeply"),
        ("p.csv", "", r"p\.csv has no points"),
        ("p.csv", "x,y\n", r"p\.csv has no points"),
        ("p.csv", "1,2\n3;4\n", r"p\.csv, line 2, is '3;4'; separate the columns with a comma"),
        ("p.csv", "x;y\n1;2", "line 1, is 'x;y'; separate the columns with a comma"),
        ("p.csv", "1,5;2,5", "decimals with a dot"),
        ("p.csv", "1\t2", "separate the columns with a comma"),
        ("p.csv", "x,y\n\n1,2,3\n", "line 3, has 3 columns; give two, x and y"),
        ("p.csv", "1", "line 1, has 1 columns"),
        ("p.csv", "y,x\n1,2", "line 1, is 'y,x'; give two finite numbers, under the header x,y"),
        ("p.csv", "1,2\nx,y\n", "line 2, is 'x,y'"),
        ("p.csv", "1,2\n3,nan", "line 2, is '3,nan'; give two finite numbers"),
        ("p.csv", '1,2\n"3,4', "line 2, is not CSV"),
        ("p.txt", "1,2", r"p\.txt has no known suffix for points; use \.json or \.csv"),
    ],
)
def test_read_points_refuses(tmp_path, name, text, words):
    (tmp_path / name).write_text(text)
    with pytest.raises(HomologueError, match=words) as error:
        read_points(tmp_path / name)
    assert str(error.value).startswith(str(tmp_path / name))


def test_read_points_refuses_files(tmp_path):
    with pytest.raises(HomologueError, match=r"p\.csv does not exist"):
        read_points(tmp_path / "p.csv")
    (tmp_path / "p.json").mkdir()
    with pytest.raises(HomologueError, match=r"p\.json is a folder"):
        read_points(tmp_path / "p.json")
    (tmp_path / "wide.csv").write_bytes("1,2".encode("utf-16"))
    with pytest.raises(HomologueError, match=r"wide\.csv is not UTF-8 text; save it as UTF-8"):
        read_points(tmp_path / "wide.csv")


@pytest.mark.parametrize(
    "points",
    [
        [[0, 0], [300, 200]],
        ((0.0, 0.0), (300.0, 200.0)),
        np.array([[0, 0], [300, 200]], dtype=np.uint16),
        np.array([[0, 0], [300, 200]], dtype=np.float32),
        torch.tensor([[0, 0], [300, 200]]),
        torch.tensor([[0.0, 0.0], [300.0, 200.0]], dtype=torch.bfloat16, requires_grad=True),
    ],
)
def test_check_points_takes_any_array(points):
    checked = check_points(points, 300, 200)
    assert checked.dtype == torch.float64
    assert not checked.requires_grad
    assert checked.tolist() == [[0.0, 0.0], [300.0, 200.0]]


def test_check_points_copies():
    given_points = np.array([[1.0, 2.0]])
    checked = check_points(given_points, 10, 10)
    given_points[0, 0] = 9
    assert checked.tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ((10, 20), r"A single pair is not a list of points; give \[\[10, 20\]\]\."),
        ([], r"There are no points; give at least one, as \[\[x, y\]\]"),
        (np.zeros((0, 2)), "There are no points"),
        ([[1, 2], [3]], "Points of unequal lengths are not understood"),
        ([[1, 2, 3]], r"Points of shape \(1, 3\) are not understood; give .* shape \(P, 2\)"),
        (np.zeros((2, 5)), r"Points of shape \(2, 5\)"),
        (np.zeros((1, 4, 2)), r"Points of shape \(1, 4, 2\)"),
        (3, r"Points of shape \(\)"),
        ([["1", "2"]], "Points of type <U1"),
        ([[None, 2]], "Points of type object"),
        ([[True, False]], "Points of type bool"),
        ([[1j, 2]], "Points of type complex128"),
        ([[1, 2], [3, math.nan]], r"Point 2 is \(3\.0, nan\); give finite numbers"),
        ([[math.inf, 2]], r"Point 1 is \(inf, 2\.0\)"),
        (
            [[1, 2], [310, 250]],
            r"Point 2 at \(310\.0, 250\.0\) lies outside the image of 300 x 200 pixels "
            r"\(width x height\); move it inside\.",
        ),
        ([[-0.5, 2]], r"Point 1 at \(-0\.5, 2\.0\) lies outside .*; move it inside"),
        (
            [[100, 250]],
            r"Point 1 at \(100\.0, 250\.0\) .*; x and y seem to be swapped, give x first",
        ),
    ],
)
def test_check_points_refuses(points, words):
    with pytest.raises(HomologueError, match=words):
        check_points(points, 300, 200)


@given(
    st.integers(1, 500),
    st.integers(1, 500),
    st.lists(st.tuples(st.floats(-50, 600), st.floats(-50, 600)), min_size=1, max_size=5),
)
def test_check_points_lets_through_exactly_what_is_inside(width, height, points):
    inside = all(0 <= x <= width and 0 <= y <= height for x, y in points)
    try:
        checked = check_points(points, width, height)
    except HomologueError:
        assert not inside
    else:
        assert inside
        assert checked.tolist() == [list(point) for point in points]
