"""The JSON of a match, written and read."""

import json
from pathlib import Path

from homologue.formats.match_json import image_json, matches_json, point_json, settings_json
from homologue.points import read_point_list


def test_what_is_not_known_is_left_out_or_null() -> None:
    assert point_json((1.0, 2.0), None, None, number=3) == {
        "number": 3, "source": [1.0, 2.0], "target": None, "score": None
    }  # fmt: skip
    assert list(point_json((1.0, 2.0), (3.0, 4.0), 0.5)) == ["source", "target", "score"]


def test_only_points_with_a_name_have_one() -> None:
    made = matches_json([(1.0, 2.0), (3.0, 4.0)], [(5.0, 6.0), (7.0, 8.0)], [0.1, 0.2], ["a", ""])
    assert [one.get("name") for one in made] == ["a", None]
    assert [one["target"] for one in made] == [[5.0, 6.0], [7.0, 8.0]]
    assert [one["score"] for one in made] == [0.1, 0.2]


def test_points_that_were_found_are_read_again(tmp_path: Path) -> None:
    content = {
        "source": image_json("a.png", 80, 60),
        "target": image_json("b.png", 50, 70),
        **settings_json("builtin", "float32", "default", "cached", 0),
        "matches": matches_json([(1.0, 2.0)], [(5.5, 6.25)], [0.5], ["nose"]),
    }
    file = tmp_path / "found.json"
    file.write_text(json.dumps(content))
    listed = read_point_list(file)
    assert [tuple(point) for point in listed.points] == [(5.5, 6.25)]
    assert list(listed.names) == ["nose"]
