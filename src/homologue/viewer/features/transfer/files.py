"""Export of a transfer: COCO keypoints and CSV."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from homologue.presets import get_preset
from homologue.viewer.features.transfer.annotations import (
    AnnotatedPicture,
    AnnotatedPoint,
    lowest_score,
)
from homologue.viewer.sessions.scene import Point, Scene

_DIGITS = 3
_COLUMNS = ("image", "point", "x", "y", "score", "corrected")


def coco(scene: Scene, pictures: Sequence[AnnotatedPicture]) -> dict[str, Any]:
    """Return COCO keypoints with one annotation for each image.

    The visibility is 2 for a point with a position and 0 otherwise. Beyond COCO, an annotation has
    the lowest `score`, and for each point `scores` and `corrected`. `optimise` repeats `strategy`
    under its former name.
    """
    settings = scene.settings
    strategy = get_preset(settings.preset, settings.strategy).fit.strategy
    return {
        "info": {
            "description": "Points of the first image, transferred by homologue",
            "model": settings.model,
            "preset": settings.preset,
            "optimise": strategy,
            "strategy": strategy,
            "seed": settings.seed,
        },
        "images": [
            {"id": number, "file_name": each.name, "width": each.width, "height": each.height}
            for number, each in enumerate(pictures, start=1)
        ],
        "annotations": [_annotation(number, each) for number, each in enumerate(pictures, start=1)],
        "categories": [
            {
                "id": 1,
                "name": "object",
                "supercategory": "",
                "keypoints": [point.label for point in scene.points],
                "skeleton": [],
            }
        ],
    }


def _annotation(number: int, picture: AnnotatedPicture) -> dict[str, Any]:
    positions = [point.position for point in picture.points if point.position]
    box = _box(positions)
    return {
        "id": number,
        "image_id": number,
        "category_id": 1,
        "keypoints": [value for point in picture.points for value in _keypoint(point)],
        "num_keypoints": len(positions),
        "bbox": box,
        "area": round(box[2] * box[3], _DIGITS),
        "iscrowd": 0,
        "score": _rounded(lowest_score(picture.points)),
        "scores": [_rounded(point.score) for point in picture.points],
        "corrected": [point.corrected for point in picture.points],
    }


def _keypoint(point: AnnotatedPoint) -> tuple[float, float, int]:
    if point.position is None:
        return 0, 0, 0
    x, y = point.position
    return round(x, _DIGITS), round(y, _DIGITS), 2


def _box(positions: Sequence[tuple[float, float]]) -> list[float]:
    """Return left, top, width and height of the bounding box."""
    if not positions:
        return [0, 0, 0, 0]
    (left, right), (top, bottom) = ((min(axis), max(axis)) for axis in zip(*positions, strict=True))
    return [round(value, _DIGITS) for value in (left, top, right - left, bottom - top)]


def csv_text(points: Sequence[Point], pictures: Sequence[AnnotatedPicture]) -> str:
    """Return CSV with a row for each point of each image; unknown values are empty."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(_COLUMNS)
    for picture in pictures:
        for point, annotated in zip(points, picture.points, strict=True):
            writer.writerow([picture.name, point.label, *_cells(annotated)])
    return file.getvalue()


def _cells(point: AnnotatedPoint) -> list[Any]:
    x, y = ("", "") if point.position is None else (round(v, _DIGITS) for v in point.position)
    return [x, y, "" if point.score is None else _rounded(point.score), int(point.corrected)]


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 4)
