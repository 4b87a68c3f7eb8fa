"""JSON files of points: the layouts that people and programs write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from homologue.errors import HomologueError
from homologue.formats.coco import PARTS, parse_coco
from homologue.formats.json_text import is_number, shown
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
_NO_NAMES = {"source", "target"}
"""Keys of an object that are not names of points, but the ends of a single match."""
_BESIDE_POINTS = {"points", "image", "width", "height"}


@dataclass(frozen=True)
class Entry:
    """A point: its name, empty if it has none, and COCO's visibility (0: it has no place)."""

    name: str
    x: float
    y: float
    v: int = 2


@dataclass(frozen=True, eq=False)
class Listed:
    """What a file holds; see `homologue.formats.point_files.PointList`."""

    entries: Sequence[Entry]
    size: tuple[float, float] | None = None
    image: str | None = None
    notes: Sequence[str] = ()


def read_layout(value: Any, where: str) -> Listed:
    """The points of a JSON value.

    Args:
        where: the file, for errors.

    Raises:
        HomologueError: it is no layout that is known, or not the points of one image.
    """
    if not isinstance(value, dict):
        return Listed(_entries(value, where))
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
    return Listed(_entries(value, where))


def _entries(value: Any, where: str) -> list[Entry]:
    """Of a list of points, or of points under their names."""
    if isinstance(value, list):
        return [_entry(one, f"{where}, entry {i},") for i, one in enumerate(value, start=1)]
    if not isinstance(value, dict) or not value:
        raise HomologueError(f"{where} does not hold a list of points; {_LIST}.")
    _refuse_key(next((key for key in value if key.lower() in _NO_NAMES), None), where)
    _refuse_key(coordinate_key(value), where)
    if not all(isinstance(one, (list, dict)) for one in value.values()):
        raise HomologueError(f"{where} does not hold a list of points; {_LIST}.")
    entries = [_entry(one, f"{where}, {shown(name)},", name) for name, one in value.items()]
    _refuse_key(next(filter(is_size, value), None), where)
    return entries


def _refuse_key(key: str | None, where: str) -> None:
    if key is not None:
        raise HomologueError(
            f"{where} has {shown(key)} where the name of a point should be; {_LIST}, or "
            "{name: [x, y]}."
        )


def _name(value: Any, where: str) -> str:
    """The name of a point, a text or a number."""
    if isinstance(value, str) or is_number(value):
        return str(value)
    raise HomologueError(f"{where} has {shown(value)} as its name; give a text, or no name.")


def _entry(entry: Any, where: str, name: str = "") -> Entry:
    match entry:
        case [x, y] if is_number(x) and is_number(y):
            return Entry(name, float(x), float(y))
        case [x, y, v] if is_number(v):
            return _seen(name, x, y, v, entry, where)
        case {"x": x, "y": y}:
            _check_keys(entry, where)
            name = _name(entry.get("name", entry.get("label", name)), where)
            return _seen(name, x, y, entry.get("v", 2), entry, where)
        case dict() if entry.keys() & _LABEL_STUDIO:
            _check_keys(entry, where)
    raise _no_point(entry, where)


def _seen(name: str, x: Any, y: Any, v: Any, entry: Any, where: str) -> Entry:
    """A point of COCO's visibility v."""
    if isinstance(v, bool) or v not in (0, 1, 2):
        raise HomologueError(
            f"{where} is {shown(entry)}; what follows x and y is COCO's visibility, 0, 1 or 2, so "
            "leave out anything else."
        )
    if v == 0:
        return Entry(name, 0.0, 0.0, 0)
    if is_number(x) and is_number(y):
        return Entry(name, float(x), float(y), int(v))
    raise _no_point(entry, where)


def _no_point(entry: Any, where: str) -> HomologueError:
    return HomologueError(
        f'{where} is {shown(entry)}; give two finite numbers, as [x, y] or {{"x": x, "y": y}}.'
    )


def _check_keys(entry: Mapping[str, Any], where: str) -> None:
    """Refuses keys by which a point may be in another frame."""
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
        reason = 'which means nothing here; give "x" and "y" in pixels, and "name" if wanted'
    raise HomologueError(f'{where} has "{unknown[0]}", {reason}.')


def _under_points(value: Mapping[str, Any], where: str) -> Listed:
    """A list under "points"; what homologue writes has the source that they are of."""
    if "source" in value:
        size = _size(value["source"], "width", "height", f"{where}, source,")
        return Listed(_entries(value["points"], where), size)
    if unknown := sorted(value.keys() - _BESIDE_POINTS):
        raise HomologueError(
            f'{where} has "{unknown[0]}" beside "points", which means nothing here; give points in '
            'pixels, and "image", "width" and "height" if wanted.'
        )
    size = _size(value, "width", "height", where)
    return Listed(_entries(value["points"], where), size, _text(value.get("image")))


def _matches(value: Mapping[str, Any], where: str) -> Listed:
    """What `match --json` prints: the points that were found in the target."""
    matches = value["matches"]
    if not isinstance(matches, list) or not all(isinstance(one, dict) for one in matches):
        raise HomologueError(f'{where} has no list of objects as "matches"; {_LIST}.')
    entries = []
    for number, one in enumerate(matches, start=1):
        name = _name(one.get("name", ""), f"{where}, match {number},")
        target = one.get("target", [])
        # Nothing was found for it.
        found = Entry(name, 0.0, 0.0, 0) if target is None else None
        entries.append(found or _entry(target, f'{where}, "target" of match {number},', name))
    target = value.get("target")
    size = _size(target, "width", "height", f"{where}, target,")
    path = target.get("path") if isinstance(target, dict) else None
    return Listed(entries, size, _text(path))


def _only_target(value: Mapping[str, Any], where: str) -> Listed:
    """What `locate --json` prints, of one target."""
    targets = value["targets"]
    if not isinstance(targets, list) or len(targets) != 1 or not isinstance(targets[0], dict):
        count = f"{len(targets)} targets" if isinstance(targets, list) else "no list of targets"
        raise HomologueError(
            f"{where} holds {count}; keep one, for the points of one image, or {_LIST}."
        )
    (target,) = targets
    if "matches" not in target:
        raise HomologueError(f"{where} holds no points: {target.get('error', 'nothing found')}")
    return _matches(target, where)


def _labelme(value: Mapping[str, Any], where: str) -> Listed:
    shapes = value["shapes"]
    if not isinstance(shapes, list) or not all(isinstance(shape, dict) for shape in shapes):
        raise HomologueError(f'{where} has no list of objects as "shapes"; save it with labelme.')
    entries, others = [], []
    for number, shape in enumerate(shapes, start=1):
        points = shape.get("points")
        name = _name(shape.get("label") or "", f"{where}, shape {number},")
        kind = shape.get("shape_type", "polygon")
        if kind != "point":
            others.append(f"{kind} {shown(name)}")
            continue
        if not isinstance(points, list) or len(points) != 1:
            raise HomologueError(
                f"{where}, shape {number} ({name}), is a point with {shown(points)}; give [[x, y]]."
            )
        entries.append(_entry(points[0], f"{where}, shape {number} ({name}),", name))
    kinds = f"{', '.join(others[:5])}{', ...' if len(others) > 5 else ''}"
    if others and not entries:
        raise HomologueError(f"{where} has no shape that is a point ({kinds}); mark points.")
    said = (
        f"{where}: {len(others)} of {len(shapes)} shapes are no points and are left out: {kinds}."
    )
    size = _size(value, "imageWidth", "imageHeight", where)
    return Listed(entries, size, _text(value.get("imagePath")), [said] if others else [])


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _coco(value: Mapping[str, Any], where: str) -> Listed:
    """The keypoints of a file with one annotation that has any."""
    if all(isinstance(value.get(part), list) for part in PARTS):
        coco = parse_coco(value, where)
        things = [thing for thing in coco.annotations if thing.points]
        if len(things) == 1:
            (thing,) = things
            entries = [Entry(name, x, y) for name, (x, y) in thing.points.items()]
            names = coco.categories[thing.category].keypoints
            entries += [Entry(name, 0.0, 0.0, 0) for name in names if name not in thing.points]
            image = coco.images[thing.image]
            return Listed(entries, image.size, image.name)
        what = f"holds {len(things)} annotations with labelled keypoints"
    else:
        what = "may hold many images"
    raise HomologueError(
        f"{where} looks like a COCO file, which {what}; write the points of one image as "
        "[[x, y], ...]."
    )


def _size(facts: Any, across: str, down: str, where: str) -> tuple[float, float] | None:
    """Width and height that facts of an image have, if they have them."""
    if not isinstance(facts, dict) or facts.get(across) is None or facts.get(down) is None:
        return None
    width, height = facts[across], facts[down]
    if is_number(width) and is_number(height) and min(width, height) > 0:
        return width, height
    raise HomologueError(
        f'{where} has the "{across}" {shown(width)} and the "{down}" {shown(height)}; give both in '
        "pixels, or neither."
    )
