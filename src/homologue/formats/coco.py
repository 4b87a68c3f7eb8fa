"""Parse and validate COCO keypoints.

Identifiers are integers or texts. 1, 1.0 and "1" are equal, since exporters mix them. From 2^53 on,
floats are rejected as identifiers because they may be rounded.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from homologue.errors import HomologueError
from homologue.formats.json_text import is_number, preview

Identifier = int | str
Point = tuple[float, float]

LISTS = ("images", "annotations", "categories")
_MAX_EXACT = 2**53  # integers below this are exact as floats
_INTEGER = re.compile(r"0|-?[1-9]\d{0,299}", re.ASCII)


@dataclass(frozen=True, eq=False)
class Image:
    """An image: file name, and declared width and height or None."""

    name: str
    size: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class Category:
    """A category: its name, and the unique names of its keypoints."""

    name: str
    keypoints: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Annotation:
    """An annotated object.

    Attributes:
        number: identifier of the annotation.
        image: identifier of its image.
        category: identifier of its category.
        points: labelled keypoints (v > 0) by name, `(x, y)` as in the file.
        box_size: width and height of its box; empty without a box.
        crowd: whether it is a group of objects (`iscrowd`).
    """

    number: Identifier
    image: Identifier
    category: Identifier
    points: Mapping[str, Point]
    box_size: Sequence[float]
    crowd: bool


@dataclass(frozen=True, eq=False)
class Coco:
    """Images and categories by identifier, and annotations, of a file."""

    images: Mapping[Identifier, Image]
    categories: Mapping[Identifier, Category]
    annotations: Sequence[Annotation]


def parse_coco(content: Mapping[str, Any], where: str) -> Coco:
    """Validate the content of a file.

    Args:
        content: parsed JSON.
        where: path of the file, for errors.

    Raises:
        HomologueError: a list is missing, an entry is invalid, an identifier or the name of a
            keypoint is not unique, or an annotation refers to an unknown image or category.
    """
    for part in LISTS:
        if not isinstance(content.get(part), list):
            raise HomologueError(
                f'{where} has no list "{part}", so it holds no COCO keypoints; use the suffix '
                ".jsonl for a file with one pair per line."
            )
    images, categories = _images(content, where), _categories(content, where)
    annotations: dict[Identifier, Annotation] = {}
    for entry in content["annotations"]:
        annotation = _annotation(entry, images, categories, where)
        if annotation.number in annotations:
            raise HomologueError(
                f"{where} has the annotation id {preview(annotation.number)} twice; make the ids "
                "unique."
            )
        annotations[annotation.number] = annotation
    return Coco(images, categories, tuple(annotations.values()))


def _images(content: Mapping[str, Any], where: str) -> dict[Identifier, Image]:
    images: dict[Identifier, Image] = {}
    for identifier, entry in _entries(content["images"], "file_name", where):
        name = str(entry["file_name"])
        if identifier in images:
            raise HomologueError(
                f"{where} has the image id {preview(identifier)} twice, for "
                f"{images[identifier].name} and {name}; make the ids unique."
            )
        size = _declared_size(entry, f"{where}, image {preview(identifier)},")
        images[identifier] = Image(name, size)
    return images


def _declared_size(entry: Mapping[str, Any], where: str) -> tuple[float, float] | None:
    """Return the declared size; None if a side is null, 0 or absent."""
    sides = [entry.get(side) for side in ("width", "height")]
    if any(side is None or side == 0 for side in sides):
        return None
    match sides:
        case [width, height] if is_number(width) and is_number(height) and min(width, height) > 0:
            return width, height
    raise HomologueError(
        f"{where} has the width {preview(sides[0])} and the height {preview(sides[1])}; give both "
        "in pixels, or neither."
    )


def _categories(content: Mapping[str, Any], where: str) -> dict[Identifier, Category]:
    categories: dict[Identifier, Category] = {}
    for identifier, entry in _entries(content["categories"], "name", where):
        name = str(entry["name"])
        if identifier in categories:
            raise HomologueError(
                f"{where} has the category id {preview(identifier)} twice, for "
                f"{categories[identifier].name} and {name}; make the ids unique."
            )
        location = f"{where}, category {preview(identifier)} ({name}),"
        categories[identifier] = Category(name, _keypoint_names(entry.get("keypoints"), location))
    return categories


def _keypoint_names(names: Any, where: str) -> tuple[str, ...]:
    if names is None:
        return ()
    if not isinstance(names, list):
        raise HomologueError(f'{where} has {preview(names)} as "keypoints"; give a list of names.')
    for name in names:
        if not (is_number(name) or (isinstance(name, str) and name.strip())):
            raise HomologueError(
                f'{where} has the name {preview(name)} among its "keypoints"; give every keypoint '
                "a name."
            )
    texts = tuple(str(name) for name in names)
    for name in texts:
        if texts.count(name) > 1:
            raise HomologueError(
                f"{where} has the name {preview(name)} {texts.count(name)} times among its "
                '"keypoints"; make the names unique.'
            )
    return texts


def _entries(
    entries: Sequence[Any], name: str, where: str
) -> Iterator[tuple[Identifier, Mapping[str, Any]]]:
    """Yield images or categories with their identifiers; `name` is the key of their names."""
    for entry in entries:
        label = entry.get(name) if isinstance(entry, dict) and "id" in entry else None
        if not (is_number(label) or (isinstance(label, str) and label)):
            raise HomologueError(
                f'{where} has an image without "id" and "file_name", or a category without "id" '
                f'and "name" ({preview(entry)}); add them.'
            )
        yield _identifier(entry["id"], f"{where}, {preview(label)},"), entry


def _identifier(value: Any, where: str) -> Identifier:
    match value:
        case bool():
            pass
        case int():
            return value
        case float() if value.is_integer() and abs(value) < _MAX_EXACT:
            return int(value)
        case float() if value.is_integer():
            raise HomologueError(
                f"{where} has the id {value!r}, a float, which is not exact from 2^53 on; write "
                "it without a decimal point or exponent, or as a text."
            )
        case str() if value:
            return int(value) if _INTEGER.fullmatch(value) else value
    raise HomologueError(f"{where} has the id {preview(value)}; give a whole number or a text.")


def _annotation(
    entry: Any,
    images: Mapping[Identifier, Image],
    categories: Mapping[Identifier, Category],
    where: str,
) -> Annotation:
    number = entry.get("id") if isinstance(entry, dict) else entry
    location = f"{where}, annotation {preview(number)},"
    known = {"image": images, "category": categories}
    identifiers: dict[str, Identifier] = {}
    for kind in ("", *known):
        key = f"{kind}_id" if kind else "id"
        if not isinstance(entry, dict) or entry.get(key) is None:
            raise HomologueError(_invalid_reference(location, f'no "{key}"'))
        identifiers[kind] = _identifier(entry[key], location)
        if kind and identifiers[kind] not in known[kind]:
            raise HomologueError(_invalid_reference(location, f"no {kind} {preview(entry[key])}"))
    names = categories[identifiers["category"]].keypoints
    return Annotation(
        number=identifiers[""],
        image=identifiers["image"],
        category=identifiers["category"],
        points=_points(entry.get("keypoints"), names, location),
        box_size=_box_size(entry.get("bbox"), location),
        crowd=_crowd(entry.get("iscrowd"), location),
    )


def _invalid_reference(where: str, reason: str) -> str:
    return (
        f'{where} needs an "id", and the "image_id" and "category_id" of an image and a category '
        f"of the file ({reason}); correct it."
    )


def _points(flat: Any, names: Sequence[str], where: str) -> dict[str, Point]:
    """Return the labelled points by name."""
    if not flat and (flat is None or isinstance(flat, list)):
        return {}
    if not isinstance(flat, list) or len(flat) != 3 * len(names):
        count = f"{len(flat)} keypoint numbers" if isinstance(flat, list) else preview(flat)
        raise HomologueError(
            f"{where} has {count}; give x, y, v for each of the {len(names)} "
            '"keypoints" that its category names.'
        )
    points = {}
    for name, x, y, v in zip(names, flat[::3], flat[1::3], flat[2::3], strict=True):
        if isinstance(v, bool) or v not in (0, 1, 2):
            raise HomologueError(
                f"{where} has {len(flat)} keypoint numbers, among them the visibility {preview(v)} "
                f"of {preview(name)}; give 0 (not labelled), 1 (hidden) or 2 (visible)."
            )
        if v == 0:
            continue  # the coordinates are arbitrary, such as 0, null or NaN
        if not (is_number(x) and is_number(y)):
            raise HomologueError(
                f"{where} has {len(flat)} keypoint numbers, but {preview(name)} is at "
                f"({preview(x)}, {preview(y)}); give finite numbers, or visibility 0."
            )
        points[name] = float(x), float(y)
    return points


def _box_size(box: Any, where: str) -> tuple[float, ...]:
    if box is None or box == []:
        return ()
    match box:
        case [_, _, width, height] if all(map(is_number, box)) and min(width, height) >= 0:
            return float(width), float(height)
    raise HomologueError(
        f'{where} has {preview(box)} as "bbox"; give [x, y, width, height] in pixels.'
    )


def _crowd(value: Any, where: str) -> bool:
    if value not in (None, 0, 1):
        raise HomologueError(f'{where} has {preview(value)} as "iscrowd"; give 0 or 1.')
    return bool(value)
