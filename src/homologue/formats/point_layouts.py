"""JSON layouts of the points of an image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from homologue.errors import HomologueError
from homologue.formats.coco import LISTS, parse_coco
from homologue.formats.json_text import is_number, preview
from homologue.formats.point_keys import coordinate_key, is_size

_LIST = "write [[x, y], ...]"
_KEYS = {"x", "y", "v", "name", "label"}
_LABEL_STUDIO = {
    "keypointlabels", "rectanglelabels", "labels", "original_width", "original_height",
    "image_rotation", "rotation", "width", "height", "value", "result", "annotations",
    "predictions",
}  # fmt: skip
_MEDIAPIPE = {"z", "visibility", "presence"}
_COCO = {"annotations", "images", "keypoints"}
_MATCH_KEYS = {"source", "target"}
"""Keys of a single match; an object with them does not map names to points."""
_POINTS_SIBLINGS = {"points", "image", "width", "height"}


@dataclass(frozen=True)
class PointEntry:
    """A point: name or an empty string, position, and COCO visibility (0: unknown position)."""

    name: str
    x: float
    y: float
    v: int = 2


@dataclass(frozen=True, eq=False)
class ParsedPoints:
    """Content of a file; see `homologue.formats.point_files.PointList`."""

    entries: Sequence[PointEntry]
    size: tuple[float, float] | None = None
    image: str | None = None
    notes: Sequence[str] = ()


def parse_layout(value: Any, where: str) -> ParsedPoints:
    """Parse the points of a JSON value.

    Args:
        value: parsed JSON.
        where: path of the file, for errors.

    Raises:
        HomologueError: the layout is unknown, or the points are not of a single image.
    """
    if not isinstance(value, dict):
        return ParsedPoints(_entries(value, where))
    if "points" in value:
        return _under_points(value, where)
    if "matches" in value:
        return _matches(value, where)
    if "targets" in value:
        return _only_target(value, where)
    if "shapes" in value:
        return _labelme(value, where)
    if value.keys() & _COCO:
        return _coco(value, where)
    return ParsedPoints(_entries(value, where))


def _entries(value: Any, where: str) -> list[PointEntry]:
    """Parse a list of points, or an object of points by name."""
    if isinstance(value, list):
        return [_entry(item, f"{where}, entry {i},") for i, item in enumerate(value, start=1)]
    if not isinstance(value, dict) or not value:
        raise HomologueError(f"{where} does not hold a list of points; {_LIST}.")
    _refuse_key(next((key for key in value if key.lower() in _MATCH_KEYS), None), where)
    _refuse_key(coordinate_key(value), where)
    if not all(isinstance(item, (list, dict)) for item in value.values()):
        raise HomologueError(f"{where} does not hold a list of points; {_LIST}.")
    entries = [_entry(item, f"{where}, {preview(name)},", name) for name, item in value.items()]
    _refuse_key(next(filter(is_size, value), None), where)
    return entries


def _refuse_key(key: str | None, where: str) -> None:
    if key is not None:
        raise HomologueError(
            f"{where} has {preview(key)} where the name of a point should be; {_LIST}, or "
            "{name: [x, y]}."
        )


def _name(value: Any, where: str) -> str:
    """Return the name of a point, which is a text or a number in the file."""
    if isinstance(value, str) or is_number(value):
        return str(value)
    raise HomologueError(f"{where} has {preview(value)} as its name; give a text, or no name.")


def _entry(entry: Any, where: str, name: str = "") -> PointEntry:
    match entry:
        case [x, y] if is_number(x) and is_number(y):
            return PointEntry(name, float(x), float(y))
        case [x, y, v] if is_number(v):
            return _with_visibility(name, x, y, v, entry, where)
        case {"x": x, "y": y}:
            _check_keys(entry, where)
            name = _name(entry.get("name", entry.get("label", name)), where)
            return _with_visibility(name, x, y, entry.get("v", 2), entry, where)
        case dict() if entry.keys() & _LABEL_STUDIO:
            _check_keys(entry, where)
    raise _invalid_point(entry, where)


def _with_visibility(name: str, x: Any, y: Any, v: Any, entry: Any, where: str) -> PointEntry:
    """Return a point with the COCO visibility `v`."""
    if isinstance(v, bool) or v not in (0, 1, 2):
        raise HomologueError(
            f"{where} is {preview(entry)}; the number after x and y must be COCO's visibility, 0, "
            "1 or 2; remove other numbers."
        )
    if v == 0:
        return PointEntry(name, 0.0, 0.0, 0)
    if is_number(x) and is_number(y):
        return PointEntry(name, float(x), float(y), int(v))
    raise _invalid_point(entry, where)


def _invalid_point(entry: Any, where: str) -> HomologueError:
    return HomologueError(
        f'{where} is {preview(entry)}; give two finite numbers, as [x, y] or {{"x": x, "y": y}}.'
    )


def _check_keys(entry: Mapping[str, Any], where: str) -> None:
    """Reject keys that indicate another coordinate frame."""
    unknown = sorted(entry.keys() - _KEYS)
    if not unknown:
        return
    if entry.keys() & _MEDIAPIPE:
        reason = (
            "as MediaPipe's landmarks have, whose x and y are fractions of the image's sides; "
            'multiply x by its width and y by its height, and give "x" and "y" only'
        )
    elif entry.keys() & _LABEL_STUDIO:
        reason = (
            "as Label Studio's results have, whose x and y are percents of the image's sides; "
            'give x * width / 100 and y * height / 100, as "x" and "y" only'
        )
    else:
        reason = 'which is unknown; give "x" and "y" in pixels, and optionally "name"'
    raise HomologueError(f'{where} has "{unknown[0]}", {reason}.')


def _under_points(value: Mapping[str, Any], where: str) -> ParsedPoints:
    """Parse the key "points", with the image under "source" in files written by homologue."""
    if "source" in value:
        size = _size(value["source"], "width", "height", f"{where}, source,")
        return ParsedPoints(_entries(value["points"], where), size)
    if unknown := sorted(value.keys() - _POINTS_SIBLINGS):
        raise HomologueError(
            f'{where} has the unknown key "{unknown[0]}" beside "points"; give points in pixels, '
            'and optionally "image", "width" and "height".'
        )
    size = _size(value, "width", "height", where)
    return ParsedPoints(_entries(value["points"], where), size, _text(value.get("image")))


def _matches(value: Mapping[str, Any], where: str) -> ParsedPoints:
    """Parse the output of `match --json` as the points that were located in the target."""
    matches = value["matches"]
    if not isinstance(matches, list) or not all(isinstance(match, dict) for match in matches):
        raise HomologueError(f'{where} has no list of objects as "matches"; {_LIST}.')
    entries = []
    for number, match in enumerate(matches, start=1):
        name = _name(match.get("name", ""), f"{where}, match {number},")
        target = match.get("target", [])
        if target is None:  # the point was not located
            entries.append(PointEntry(name, 0.0, 0.0, 0))
        else:
            entries.append(_entry(target, f'{where}, "target" of match {number},', name))
    target = value.get("target")
    size = _size(target, "width", "height", f"{where}, target,")
    path = target.get("path") if isinstance(target, dict) else None
    return ParsedPoints(entries, size, _text(path))


def _only_target(value: Mapping[str, Any], where: str) -> ParsedPoints:
    """Parse the output of `locate --json` for a single target."""
    targets = value["targets"]
    if not isinstance(targets, list) or len(targets) != 1 or not isinstance(targets[0], dict):
        count = f"{len(targets)} targets" if isinstance(targets, list) else "no list of targets"
        raise HomologueError(
            f"{where} holds {count}; keep one, for the points of one image, or {_LIST}."
        )
    (target,) = targets
    if "matches" not in target:
        raise HomologueError(
            f"{where} holds no points: {target.get('error', 'nothing was located')}"
        )
    return _matches(target, where)


def _labelme(value: Mapping[str, Any], where: str) -> ParsedPoints:
    shapes = value["shapes"]
    if not isinstance(shapes, list) or not all(isinstance(shape, dict) for shape in shapes):
        raise HomologueError(f'{where} has no list of objects as "shapes"; save it with labelme.')
    entries, others = [], []
    for number, shape in enumerate(shapes, start=1):
        points = shape.get("points")
        name = _name(shape.get("label") or "", f"{where}, shape {number},")
        kind = shape.get("shape_type", "polygon")
        if kind != "point":
            others.append(f"{kind} {preview(name)}")
            continue
        if not isinstance(points, list) or len(points) != 1:
            raise HomologueError(
                f"{where}, shape {number} ({name}), is a point with {preview(points)}; give "
                "[[x, y]]."
            )
        entries.append(_entry(points[0], f"{where}, shape {number} ({name}),", name))
    kinds = f"{', '.join(others[:5])}{', ...' if len(others) > 5 else ''}"
    if others and not entries:
        raise HomologueError(f"{where} has no shape that is a point ({kinds}); mark points.")
    note = (
        f"{where}: {len(others)} of {len(shapes)} shapes are not points and are left out: {kinds}."
    )
    size = _size(value, "imageWidth", "imageHeight", where)
    return ParsedPoints(entries, size, _text(value.get("imagePath")), [note] if others else [])


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _coco(value: Mapping[str, Any], where: str) -> ParsedPoints:
    """Parse a COCO file with a single annotation that has labelled keypoints."""
    if all(isinstance(value.get(part), list) for part in LISTS):
        coco = parse_coco(value, where)
        labelled = [annotation for annotation in coco.annotations if annotation.points]
        if len(labelled) == 1:
            points = labelled[0].points
            entries = [PointEntry(name, x, y) for name, (x, y) in points.items()]
            names = coco.categories[labelled[0].category].keypoints
            entries += [PointEntry(name, 0.0, 0.0, 0) for name in names if name not in points]
            image = coco.images[labelled[0].image]
            return ParsedPoints(entries, image.size, image.name)
        content = f"holds {len(labelled)} annotations with labelled keypoints"
    else:
        content = "may hold many images"
    raise HomologueError(
        f"{where} looks like a COCO file, which {content}; write the points of one image as "
        "[[x, y], ...]."
    )


def _size(image: Any, width_key: str, height_key: str, where: str) -> tuple[float, float] | None:
    """Return the width and height of an image description; None if it has not both."""
    if not isinstance(image, dict) or image.get(width_key) is None or image.get(height_key) is None:
        return None
    width, height = image[width_key], image[height_key]
    if is_number(width) and is_number(height) and min(width, height) > 0:
        return width, height
    raise HomologueError(
        f'{where} has the "{width_key}" {preview(width)} and the "{height_key}" '
        f"{preview(height)}; give both in pixels, or neither."
    )
