"""A transfer as COCO keypoints and as CSV."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from homologue.presets import get_preset
from homologue.viewer.features.transfer.filled import Filled, PlacedPoint, lowest
from homologue.viewer.sessions.scene import Point, Scene

_DIGITS = 3
_COLUMNS = ("image", "point", "x", "y", "score", "corrected")


def coco(scene: Scene, sheet: Sequence[Filled]) -> dict[str, Any]:
    """COCO keypoints: one annotation a picture, v 2 where a point is and 0 where it is not.

    Beyond COCO, an annotation has the lowest `score`, and for each point of `scores` and
    `corrected` what the model and a person said.
    """
    settings = scene.settings
    way = get_preset(settings.preset, settings.optimise).fit.strategy
    facts = {"model": settings.model, "preset": settings.preset, "optimise": way, "strategy": way}
    return {
        "info": {
            "description": "Points of the first image, transferred by homologue",
            **facts,
            "seed": settings.seed,
        },
        "images": [
            {"id": number, "file_name": one.name, "width": one.width, "height": one.height}
            for number, one in enumerate(sheet, start=1)
        ],
        "annotations": [_annotation(number, one) for number, one in enumerate(sheet, start=1)],
        "categories": [
            {
                "id": 1,
                "name": "object",
                "supercategory": "",
                "keypoints": [point.called for point in scene.points],
                "skeleton": [],
            }
        ],
    }


def _annotation(number: int, one: Filled) -> dict[str, Any]:
    places = [point.place for point in one.points if point.place]
    box = _box(places)
    return {
        "id": number,
        "image_id": number,
        "category_id": 1,
        "keypoints": [part for point in one.points for part in _keypoint(point)],
        "num_keypoints": len(places),
        "bbox": box,
        "area": round(box[2] * box[3], _DIGITS),
        "iscrowd": 0,
        "score": _rounded(lowest(one.points)),
        "scores": [_rounded(point.score) for point in one.points],
        "corrected": [point.corrected for point in one.points],
    }


def _keypoint(point: PlacedPoint) -> tuple[float, float, int]:
    if point.place is None:
        return 0, 0, 0
    x, y = point.place
    return round(x, _DIGITS), round(y, _DIGITS), 2


def _box(places: Sequence[tuple[float, float]]) -> list[float]:
    """Left, top, width and height of what holds the places."""
    if not places:
        return [0, 0, 0, 0]
    (left, right), (top, bottom) = ((min(axis), max(axis)) for axis in zip(*places, strict=True))
    return [round(part, _DIGITS) for part in (left, top, right - left, bottom - top)]


def table(points: Sequence[Point], sheet: Sequence[Filled]) -> str:
    """CSV with a row for each point of each picture; where it is not, the cells are empty."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(_COLUMNS)
    for one in sheet:
        for point, placed in zip(points, one.points, strict=True):
            writer.writerow([one.name, point.called, *_cells(placed)])
    return file.getvalue()


def _cells(point: PlacedPoint) -> list[Any]:
    x, y = ("", "") if point.place is None else (round(part, _DIGITS) for part in point.place)
    return [x, y, "" if point.score is None else _rounded(point.score), int(point.corrected)]


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 4)
