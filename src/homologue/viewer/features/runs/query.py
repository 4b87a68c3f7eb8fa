"""What somebody asks of a run: which pairs, in which order, by which measure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from homologue.errors import HomologueError
from homologue.viewer.features.runs.columns import ALPHAS, VERDICTS

SORTS = ("position", "name", "worst", "mean", "score", "pck")
MOST_LETTERS = 200
_DEFAULT_ALPHA = 0.1
_BY = "by."


@dataclass(frozen=True)
class Query:
    """Attributes:
    threshold: that errors are shares of; "" for the run's first.
    alpha: which of `ALPHAS`, as an index.
    labels: that pairs have to have, by what they are of: `category`, `group` or a tag.
    verdict: that they have to have, see `VERDICTS`; "" for any.
    error: from and to, of a pair's worst point. score: from and to, of the mean of its points.
    text: that its name has to hold.
    sort, down: by what, and whether the highest comes first.
    """

    threshold: str = ""
    alpha: int = ALPHAS.index(_DEFAULT_ALPHA)
    labels: tuple[tuple[str, str], ...] = ()
    verdict: str = ""
    error: tuple[float, float] = (-math.inf, math.inf)
    score: tuple[float, float] = (-math.inf, math.inf)
    text: str = ""
    sort: str = "position"
    down: bool = False


def parse_query(given: Mapping[str, str]) -> Query:
    """Of the parameters of an address; others are not looked at.

    Raises:
        HomologueError: one makes no sense.
    """
    labels = {name[len(_BY) :]: value for name, value in given.items() if name.startswith(_BY)}
    return Query(
        threshold=_text(given, "threshold"),
        alpha=_alpha(given),
        labels=tuple(sorted(labels.items())),
        verdict=_one_of(given, "verdict", ("", *VERDICTS)),
        error=(_number(given, "error_from", -math.inf), _number(given, "error_to", math.inf)),
        score=(_number(given, "score_from", -math.inf), _number(given, "score_to", math.inf)),
        text=_text(given, "text").lower(),
        sort=_one_of(given, "sort", SORTS),
        down=given.get("order") == "down",
    )


def parse_whole(given: Mapping[str, str], name: str, default: int, most: int) -> int:
    """From 0 to `most`."""
    text = given.get(name, str(default))
    if not (text.isdecimal() and text.isascii() and len(text) < 10 and int(text) <= most):
        raise HomologueError(f"{name!r} must be a whole number from 0 to {most}.")
    return int(text)


def _alpha(given: Mapping[str, str]) -> int:
    alpha = _number(given, "alpha", _DEFAULT_ALPHA)
    if alpha not in ALPHAS:
        raise HomologueError(
            f"'alpha' must be one of {ALPHAS[0]:g}, {ALPHAS[1]:g}, ..., {ALPHAS[-1]:g}."
        )
    return ALPHAS.index(alpha)


def _number(given: Mapping[str, str], name: str, default: float) -> float:
    if not given.get(name):
        return default
    try:
        number = float(given[name])
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise HomologueError(f"{name!r} must be a number.")
    return number


def _text(given: Mapping[str, str], name: str) -> str:
    text = given.get(name, "")
    if len(text) > MOST_LETTERS:
        raise HomologueError(f"{name!r} must be a text of up to {MOST_LETTERS} characters.")
    return text


def _one_of(given: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    chosen = given.get(name) or choices[0]
    if chosen not in choices:
        raise HomologueError(
            f"{name!r} must be one of {', '.join(filter(None, choices))}, not {chosen!r}."
        )
    return chosen
