"""JSON of a match, as printed by `homologue match --json` and saved by the viewer.

`homologue match --points` reads it; see `homologue.formats.point_layouts`.
"""

from collections.abc import Iterable, Sequence
from typing import Any


def image_json(path: str | None, width: int, height: int) -> dict[str, Any]:
    """Return the path of an image and its size in pixels."""
    return {"path": path, "width": width, "height": height}


def settings_json(
    model: str, dtype: str | None, preset: str, strategy: str, seed: int
) -> dict[str, Any]:
    """Return the settings of a match.

    Args:
        model: name of the model.
        dtype: precision of the model; None if the model is not loaded.
        preset: name of the preset.
        strategy: strategy of the optimisation, also written as `optimise`, its former name.
        seed: seed of the random numbers.
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
    """Return a point and its counterpart.

    Args:
        source: `(x, y)` in pixels of the source.
        target: `(x, y)` in pixels of the target; None if the point was not located, or its score is
            too low.
        score: score of the counterpart; None if the point was not located, or the matcher has no
            scores.
        name: name of the point; omitted if empty.
        number: number of the point; omitted if None.

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
    target: Iterable[Sequence[float] | None],
    scores: Iterable[float | None],
    names: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Return the points of a match; `names` is empty if the points are unnamed."""
    points = zip(source, target, scores, strict=True)
    return [
        point_json(*point, name=names[index] if names else "") for index, point in enumerate(points)
    ]
