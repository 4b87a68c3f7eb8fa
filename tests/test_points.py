import json
import math

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homologue.errors import HomologueError
from homologue.points import check_points, parse_point, read_point_list, read_points

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


@pytest.mark.filterwarnings("ignore:.*look like fractions")
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


@pytest.mark.filterwarnings("ignore:.*look like fractions")
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
        ("p.json", "[1, 2]", r"entry 1, is 1; give two finite numbers, as \[x, y\]"),
        ("p.json", "[[1, 2], [3]]", r"entry 2, is \[3\];"),
        ("p.json", "[[1, 2, 0.9]]", r"entry 1, is \[1, 2, 0\.9\]; .*COCO's visibility, 0, 1 or 2"),
        ("p.json", "[[1, 2, -1]]", "COCO's visibility, 0, 1 or 2"),
        ("p.json", "[[1, 2, true]]", "entry 1, is .*give two finite numbers"),
        ("p.json", "[[1, 2, 0]]", r"has no points; .*1 of the 1 points .* not labelled \(v = 0\)"),
        ("p.json", '{"ear": [1, 2], "ear": [3, 4]}', 'the key "ear" twice'),
        ("p.json", '{"x": [1, 2], "y": [3, 4]}', 'has "x" where the name of a point should be'),
        ("p.json", '{"xs": [1, 2], "ys": [3, 4]}', 'has "xs" where the name of a point'),
        ("p.json", '{"X ": [1, 2], "Y ": [3, 4]}', 'has "X " where the name of a point'),
        ("p.json", '{"all_points_x": [1, 2], "all_points_y": [3, 4]}', 'has "all_points_x" where'),
        ("p.json", '{"row": [1, 2], "col": [3, 4]}', 'has "row" where the name of a point'),
        ("p.json", '{"u": [1, 2], "v": [3, 4]}', 'has "u" where the name of a point'),
        ("p.json", '{"points": {"xCoords": [1, 2], "yCoords": [3, 4]}}', 'has "xCoords" where'),
        ("p.json", '{"ear": [1, 2], "size": [3, 4]}', 'has "size" where the name of a point'),
        ("p.json", '{"ear": [1, 2], "image_size": {"x": 3, "y": 4}}', 'has "image_size" where'),
        ("p.json", '[{"x": 1, "y": 2, "name": null}]', "entry 1, has null as its name"),
        ("p.json", '[{"x": 1, "y": 2, "label": ["a"]}]', r'entry 1, has \["a"\] as its name'),
        ("p.json", '{"matches": [{"target": [1, 2], "name": {}}]}', "match 1, has {} as its name"),
        ("p.json", '{"ear": [1, 2], "size": [1, 2, 3, 4]}', r'"size", is \[1, 2, 3, 4\]'),
        (
            "p.json",
            '[{"x": 37.5, "y": 56.6, "width": 0.6, "keypointlabels": ["ear"]}]',
            r"entry 1, has .*Label Studio's results .* percents .* x \* width / 100",
        ),
        ("p.json", '[{"value": {"x": 1, "y": 2}}]', "Label Studio's results"),
        ("p.json", '[{"x": 0.4, "y": 0.3, "z": 0}]', "MediaPipe's landmarks .* fractions"),
        ("p.json", '[{"x": 0.4, "y": 0.3, "visibility": 1}]', "MediaPipe's landmarks"),
        ("p.json", '[{"x": 4, "y": 3, "score": 1}]', 'has "score", which is unknown'),
        (
            "p.json",
            '{"points": [[1, 2]], "unit": "%"}',
            'has the unknown key "unit" beside "points"',
        ),
        ("p.json", '{"points": [[1, 2]], "width": -1, "height": 2}', 'the "width" -1'),
        ("p.json", '{"shapes": []}', "has no points"),
        ("p.json", '{"shapes": [1]}', 'no list of objects as "shapes"'),
        (
            "p.json",
            '{"shapes": [{"label": "cat", "points": [[1, 2], [3, 4]], "shape_type": "rectangle"}]}',
            r'has no shape that is a point \(rectangle "cat"\)',
        ),
        (
            "p.json",
            '{"shapes": [{"label": "a", "points": [[1, 2], [3, 4]], "shape_type": "point"}]}',
            r"shape 1 \(a\), is a point with \[\[1, 2\], \[3, 4\]\]",
        ),
        ("p.json", '{"matches": [[1, 2]]}', 'no list of objects as "matches"'),
        ("p.json", '{"matches": [{"source": [1, 2]}]}', r'"target" of match 1, is \[\]'),
        ("p.json", '{"targets": [{}, {}]}', "holds 2 targets; keep one"),
        ("p.json", '{"targets": [{"error": "b.png is empty."}]}', r"no points: b\.png is empty\."),
        ("p.json", '[["1", "2"]]', r'entry 1, is \["1", "2"\]'),
        ("p.json", "[[1, true]]", "entry 1"),
        ("p.json", "[[1, null]]", "entry 1"),
        ("p.json", "[[1, 2], [NaN, 2]]", "entry 2, is .NaN"),
        ("p.json", "[[1, 1e999]]", "entry 1"),
        ("p.json", f"[[1, {'9' * 5000}]]", "entry 1"),
        (
            "p.json",
            '[{"x": 1, "Y": 2}]',
            'entry 1, is {"x": 1, "Y": 2}; .* or {"x": x, "y": y}',
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
        (
            "p.csv",
            "y,z\n1,2",
            "line 1, is 'y,z'; give two finite numbers, with or without the header x,y",
        ),
        ("p.csv", "ear,1,2", "line 1, has 3 columns; give two, x and y"),
        ("p.csv", "x,y,z\n1,2,3", "line 1, has the unknown column 'z'"),
        ("p.csv", "name,x,y,x\near,1,2,3", "line 1, has two columns 'x'"),
        ("p.csv", "name,x,y,label\near,1,2,3", "line 1, has two columns 'name'"),
        ("p.csv", "name,x,y\near,1", "line 2, has 2 columns; give 3, name,x,y"),
        ("p.csv", "x,y,v\n1,2,7", "line 2, has '7' as v; give 0, 1 or 2"),
        ("p.csv", "image,x,y\na,1,2\nb,3,4", r"holds points of 2 images \(a, b\); keep the rows"),
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


NO_TARGET = {"source": [1, 2], "target": None, "score": None}
FOUND = {"source": [5, 6], "target": [1, 2.5], "score": 0.9, "name": "ear"}
COCO = {
    "images": [{"id": 2**60 + 1, "file_name": "a.png", "width": 30, "height": 20}],
    "categories": [{"id": 1, "name": "cat", "keypoints": ["tail", "ear"]}],
    "annotations": [
        {"id": 1, "image_id": 2**60 + 1, "category_id": 1, "keypoints": [0, 0, 0, 1, 2.5, 1]},
        {"id": 2, "image_id": 2**60 + 1, "category_id": 1, "bbox": [1, 2, 3, 4]},
    ],
}
LABELME = {
    "shapes": [
        {"label": "ear", "points": [[1, 2.5]], "shape_type": "point", "flags": {}},
        {"label": "cat", "points": [[0, 0], [9, 9]], "shape_type": "rectangle"},
    ],
    "imagePath": "..\\pictures\\a.png", "imageWidth": 30, "imageHeight": 20, "imageData": None,
}  # fmt: skip
OF_A = {"path": "deep/a.png", "width": 30, "height": 20}


@pytest.mark.parametrize(
    ("content", "of_image", "notes"),
    [
        ({"ear": [1, 2.5]}, False, 0),
        ({"ear": {"x": 1, "y": 2.5}}, False, 0),
        ([{"x": 1, "y": 2.5, "label": "ear", "v": 1}], False, 0),
        ({"points": {"ear": [1, 2.5, 2]}, "image": "a.png", "width": 30, "height": 20}, True, 0),
        ({"tail": [0, 0, 0], "ear": [1, 2.5, 2]}, False, 1),
        (LABELME, True, 1),
        ({"source": {"path": "b.png"}, "target": OF_A, "matches": [FOUND]}, True, 0),
        ({"source": None, "target": OF_A, "matches": [NO_TARGET, FOUND]}, True, 1),
        ({"source": {}, "targets": [{"target": OF_A, "matches": [FOUND]}]}, True, 0),
        (COCO, True, 1),
        ("name,x,y\near,1,2.5\n", False, 0),
        ("Y, v ,X,Label\n2.5,2,1,ear\n0,0,0,tail\n", False, 1),
        ("image,point,x,y,score,corrected\na.png,ear,1,2.5,0.5,0\na.png,tail,,,,0\n", None, 1),
    ],
)
def test_what_other_programs_write(tmp_path, content, of_image, notes):
    text = content if isinstance(content, str) else json.dumps(content)
    file = tmp_path / ("p.csv" if isinstance(content, str) else "p.json")
    file.write_text(text)
    found = read_point_list(file)
    assert found.points.tolist() == [[1, 2.5]]
    assert found.names == ("ear",)
    assert len(found.notes) == notes
    assert all(str(file) in note for note in found.notes)
    assert found.size == ((30, 20) if of_image else None)
    found.check_image("elsewhere/A.jpg", 30, 20)
    found.check_image(None, 30, 20)
    if of_image is not False:
        with pytest.raises(HomologueError, match=r"p\.\w+ holds points of .*a\.png, not of b\.png"):
            found.check_image("b.png", 30, 20)
    if of_image:
        with pytest.raises(HomologueError, match=r"30 x 20 pixels, but a\.png has 31 x 20; give"):
            found.check_image("a.png", 31, 20)
        with pytest.raises(
            HomologueError, match=r"20 x 30 \(width and height are swapped, as without EXIF"
        ):
            found.check_image("a.png", 20, 30)


def test_points_of_a_source_that_homologue_wrote_are_of_its_size(tmp_path):
    content = {"source": OF_A, "points": [[1, 2]], "matches": [FOUND], "model": "m"}
    (tmp_path / "p.json").write_text(json.dumps(content))
    found = read_point_list(tmp_path / "p.json")
    assert found.points.tolist() == [[1, 2]]
    assert found.size == (30, 20)


def test_points_that_are_left_out_are_warned_of(tmp_path):
    (tmp_path / "p.json").write_text("[[0, 0, 0], [3, 4, 2], [5, 6, 1]]")
    with pytest.warns(UserWarning, match=r"1 of the 3 points of .*p\.json are left out: .*v = 0"):
        assert read_points(tmp_path / "p.json").tolist() == [[3, 4], [5, 6]]


def test_a_coco_file_has_to_be_of_one_thing(tmp_path):
    other = COCO["annotations"][0] | {"id": 3}
    (tmp_path / "p.json").write_text(
        json.dumps(COCO | {"annotations": [*COCO["annotations"], other]})
    )
    with pytest.raises(HomologueError, match="holds 2 annotations with labelled keypoints"):
        read_points(tmp_path / "p.json")


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
        ([], r"The array of points is empty; give at least one, as \[\[x, y\]\]"),
        (np.zeros((0, 2)), "The array of points is empty"),
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


@pytest.mark.parametrize(
    ("points", "fractions"),
    [
        ([[0.41, 0.33], [0.5, 0.9]], True),
        ([[0, 0.5]], True),
        ([[0, 0], [1, 1]], False),
        ([[0.41, 0.33], [0.5, 1.1]], False),
    ],
)
@pytest.mark.parametrize("suffix", ["json", "csv"])
def test_points_that_look_like_fractions_are_noted(tmp_path, suffix, points, fractions):
    file = tmp_path / f"p.{suffix}"
    rows = "".join(f"{x},{y}\n" for x, y in points)
    file.write_text(json.dumps(points) if suffix == "json" else rows)
    found = read_point_list(file)
    assert found.points.tolist() == points
    assert [("look like fractions" in note) for note in found.notes] == [True] * fractions


def test_names_that_hold_a_letter_of_a_coordinate_are_names(tmp_path):
    named = {"x-ray": [1, 2], "v": [3, 4], "left eye": [5, 6], "taxi": [7, 8]}
    (tmp_path / "p.json").write_text(json.dumps(named))
    assert read_point_list(tmp_path / "p.json").names == tuple(named)


def test_an_object_whose_attributes_raise_is_refused():
    class Refusing:
        def __getattr__(self, name):
            raise RuntimeError(name)

    with pytest.raises(HomologueError, match="not understood"):
        check_points(Refusing(), 9, 9)
