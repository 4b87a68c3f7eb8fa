"""The JSON of a match, as `homologue match --json` prints it and the viewer saves it.

`homologue match --points` reads it again, see `homologue.formats.point_layouts`.
"""

from collections.abc import Iterable, Sequence
from typing import Any


def image_json(path: str | None, width: int, height: int) -> dict[str, Any]:
    """An image: its path and its size in pixels."""
    return {"path": path, "width": width, "height": height}


def settings_json(
    model: str, dtype: str | None, preset: str, strategy: str, seed: int
) -> dict[str, Any]:
    """What a match depends on besides its images and points.

    Args:
        dtype: precision of the model; None if it is not loaded.
        strategy: also written as `optimise`, its name in earlier versions.
    """
    return {
        "model": model,
        "dtype": dtype,
        "preset": preset,
        "optimise": strategy,
        "strategy": strategy,
        "seed": seed,
    }


def point_json(
    source: Sequence[float],
    target: Sequence[float] | None,
    score: float | None,
    *,
    name: str = "",
    number: int | None = None,
) -> dict[str, Any]:
    """A point and its counterpart.

    Args:
        source: `(x, y)` in pixels of the source.
        target: `(x, y)` in pixels of the target; None if it was not located.
        score: None if it was not located.
        name: of the point; left out if empty.
        number: of the point; left out if None.

    >>> point_json((3.0, 4.5), (7.0, 2.0), 0.5, name="nose")
    {'source': [3.0, 4.5], 'target': [7.0, 2.0], 'score': 0.5, 'name': 'nose'}
    """
    return {
        **({} if number is None else {"number": number}),
        "source": list(source),
        "target": None if target is None else list(target),
        "score": score,
        **({"name": name} if name else {}),
    }


def matches_json(
    source: Iterable[Sequence[float]],
    target: Iterable[Sequence[float]],
    scores: Iterable[float],
    names: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """All points of a match; `names` is empty if no point has a name."""
    points = zip(source, target, scores, strict=True)
    return [
        point_json(*point, name=names[index] if names else "") for index, point in enumerate(points)
    ]
