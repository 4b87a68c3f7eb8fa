"""COCO keypoints: a file's images, categories and annotations, checked.

Identifiers are whole numbers or texts. 1, 1.0 and "1" are the same one, as exporters mix them;
numbers from 2^53 on have to be whole, because a float may be another number, rounded.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from homologue.errors import HomologueError
from homologue.formats.json_text import is_number, shown

Identifier = int | str
Point = tuple[float, float]

PARTS = ("images", "annotations", "categories")
_EXACT = 2**53  # below which a float is no other whole number, rounded
_WHOLE = re.compile(r"0|-?[1-9]\d{0,299}", re.ASCII)


@dataclass(frozen=True, eq=False)
class Image:
    """`name`: of the file. `size`: width and height that are declared; None if they are not."""

    name: str
    size: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class Category:
    """`keypoints`: the names of its points, each once."""

    name: str
    keypoints: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Annotation:
    """One thing in one image.

    Attributes:
        points: of the keypoints that are labelled (v > 0), under their names, as they are written.
        sides: width and height of its box; nothing if it has none.
        crowd: whether it is a region of several things.
    """

    number: Identifier
    image: Identifier
    category: Identifier
    points: Mapping[str, Point]
    sides: Sequence[float]
    crowd: bool


@dataclass(frozen=True, eq=False)
class Coco:
    """The three lists of a file."""

    images: Mapping[Identifier, Image]
    categories: Mapping[Identifier, Category]
    annotations: Sequence[Annotation]


def parse_coco(content: Mapping[str, Any], where: str) -> Coco:
    """The images, categories and annotations of the content of a file.

    Args:
        where: the file, for errors.

    Raises:
        HomologueError: a list is missing, an entry is not what it should be, an identifier or the
            name of a keypoint is there twice, or an annotation is of no image or category.
    """
    for part in PARTS:
        if not isinstance(content.get(part), list):
            raise HomologueError(
                f'{where} has no list "{part}", so it holds no COCO keypoints; a file with a pair '
                "a line is called .jsonl."
            )
    images, categories = _images(content, where), _categories(content, where)
    found: dict[Identifier, Annotation] = {}
    for entry in content["annotations"]:
        made = _annotation(entry, images, categories, where)
        if made.number in found:
            raise HomologueError(
                f"{where} has the annotation id {shown(made.number)} twice; give every annotation "
                "an id of its own."
            )
        found[made.number] = made
    return Coco(images, categories, tuple(found.values()))


def _images(content: Mapping[str, Any], where: str) -> dict[Identifier, Image]:
    found: dict[Identifier, Image] = {}
    for identifier, entry in _entries(content["images"], "file_name", where):
        name = str(entry["file_name"])
        if identifier in found:
            raise HomologueError(
                f"{where} has the image id {shown(identifier)} twice, for "
                f"{found[identifier].name} and {name}; give every image an id of its own."
            )
        found[identifier] = Image(name, _declared(entry, f"{where}, image {shown(identifier)},"))
    return found


def _declared(entry: Mapping[str, Any], where: str) -> tuple[float, float] | None:
    """Exporters that do not know the size write null or 0, or leave it out."""
    sides = [entry.get(side) for side in ("width", "height")]
    if any(side is None or side == 0 for side in sides):
        return None
    match sides:
        case [width, height] if is_number(width) and is_number(height) and min(width, height) > 0:
            return width, height
    raise HomologueError(
        f"{where} has the width {shown(sides[0])} and the height {shown(sides[1])}; give both in "
        "pixels, or neither."
    )


def _categories(content: Mapping[str, Any], where: str) -> dict[Identifier, Category]:
    found: dict[Identifier, Category] = {}
    for identifier, entry in _entries(content["categories"], "name", where):
        name = str(entry["name"])
        if identifier in found:
            raise HomologueError(
                f"{where} has the category id {shown(identifier)} twice, for "
                f"{found[identifier].name} and {name}; give every category an id of its own."
            )
        place = f"{where}, category {shown(identifier)} ({name}),"
        found[identifier] = Category(name, _skeleton(entry.get("keypoints"), place))
    return found


def _skeleton(names: Any, where: str) -> tuple[str, ...]:
    if names is None:
        return ()
    if not isinstance(names, list):
        raise HomologueError(f'{where} has {shown(names)} as "keypoints"; give a list of names.')
    for name in names:
        if not (is_number(name) or (isinstance(name, str) and name.strip())):
            raise HomologueError(
                f'{where} has the name {shown(name)} among its "keypoints"; give every keypoint a '
                "name of its own."
            )
    texts = tuple(str(name) for name in names)
    for name in texts:
        if texts.count(name) > 1:
            raise HomologueError(
                f"{where} has the name {shown(name)} {texts.count(name)} times among its "
                '"keypoints"; give every keypoint a name of its own.'
            )
    return texts


def _entries(
    entries: Sequence[Any], name: str, where: str
) -> Iterator[tuple[Identifier, Mapping[str, Any]]]:
    """Images or categories with their identifiers; `name` is the key of their names."""
    for entry in entries:
        called = entry.get(name) if isinstance(entry, dict) and "id" in entry else None
        if not (is_number(called) or (isinstance(called, str) and called)):
            raise HomologueError(
                f'{where} has an image without "id" and "file_name", or a category without "id" '
                f'and "name" ({shown(entry)}); add them.'
            )
        yield _identifier(entry["id"], f"{where}, {shown(called)},"), entry


def _identifier(value: Any, where: str) -> Identifier:
    match value:
        case bool():
            pass
        case int():
            return value
        case float() if value.is_integer() and abs(value) < _EXACT:
            return int(value)
        case float() if value.is_integer():
            raise HomologueError(
                f"{where} has the id {value!r}, a float that is not exact from 2^53 on; write it "
                "without a decimal point or exponent, or as a text."
            )
        case str() if value:
            return int(value) if _WHOLE.fullmatch(value) else value
    raise HomologueError(f"{where} has the id {shown(value)}; give a whole number or a text.")


def _annotation(
    entry: Any,
    images: Mapping[Identifier, Image],
    categories: Mapping[Identifier, Category],
    where: str,
) -> Annotation:
    given = entry.get("id") if isinstance(entry, dict) else entry
    place = f"{where}, annotation {shown(given)},"
    known = {"image": images, "category": categories}
    found: dict[str, Identifier] = {}
    for part in ("", *known):
        key = f"{part}_id" if part else "id"
        if not isinstance(entry, dict) or entry.get(key) is None:
            raise HomologueError(_incomplete(place, f'no "{key}"'))
        found[part] = _identifier(entry[key], place)
        if part and found[part] not in known[part]:
            raise HomologueError(_incomplete(place, f"no {part} {shown(entry[key])}"))
    return Annotation(
        number=found[""],
        image=found["image"],
        category=found["category"],
        points=_points(entry.get("keypoints"), categories[found["category"]].keypoints, place),
        sides=_sides(entry.get("bbox"), place),
        crowd=_crowd(entry.get("iscrowd"), place),
    )


def _incomplete(where: str, reason: str) -> str:
    return (
        f'{where} needs an "id", and the "image_id" and "category_id" of an image and a category '
        f"that are there ({reason}); mend it."
    )


def _points(flat: Any, names: Sequence[str], where: str) -> dict[str, Point]:
    """The labelled points under their names."""
    if not flat and (flat is None or isinstance(flat, list)):
        return {}
    if not isinstance(flat, list) or len(flat) != 3 * len(names):
        count = f"{len(flat)} keypoint numbers" if isinstance(flat, list) else shown(flat)
        raise HomologueError(
            f"{where} has {count}; give x, y, v for each of the {len(names)} "
            '"keypoints" that its category names.'
        )
    points = {}
    for name, x, y, v in zip(names, flat[::3], flat[1::3], flat[2::3], strict=True):
        if isinstance(v, bool) or v not in (0, 1, 2):
            raise HomologueError(
                f"{where} has {len(flat)} keypoint numbers, among them the visibility {shown(v)} "
                f"of {shown(name)}; give 0 (not labelled), 1 (hidden) or 2 (visible)."
            )
        if v == 0:
            continue  # whatever stands in its place: 0, null or NaN
        if not (is_number(x) and is_number(y)):
            raise HomologueError(
                f"{where} has {len(flat)} keypoint numbers, but {shown(name)} is at "
                f"({shown(x)}, {shown(y)}); give finite numbers, or visibility 0."
            )
        points[name] = float(x), float(y)
    return points


def _sides(box: Any, where: str) -> tuple[float, ...]:
    if box is None or box == []:
        return ()
    match box:
        case [_, _, width, height] if all(map(is_number, box)) and min(width, height) >= 0:
            return float(width), float(height)
    raise HomologueError(
        f'{where} has {shown(box)} as "bbox"; give [x, y, width, height] in pixels.'
    )


def _crowd(value: Any, where: str) -> bool:
    if value not in (None, 0, 1):
        raise HomologueError(f'{where} has {shown(value)} as "iscrowd"; give 0 or 1.')
    return bool(value)
