"""A query of a run: threshold, filters and sort order, parsed from the parameters of a URL."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from homologue.errors import HomologueError
from homologue.viewer.features.runs.columns import ALPHAS, VERDICTS

SORTS = ("position", "name", "worst", "mean", "score", "pck")
MAX_TEXT_LENGTH = 200
_DEFAULT_ALPHA = 0.1
_LABEL_PREFIX = "by."


@dataclass(frozen=True)
class Query:
    """Threshold, filters and sort order.

    Attributes:
        threshold: name of the threshold; "" for the run's first.
        alpha: index into `ALPHAS`.
        labels: required labels as (kind, value); the kind is `category`, `group` or a tag.
        verdict: required verdict, see `VERDICTS`; "" for any.
        error: range of the error of a pair's worst point.
        score: range of the mean score of a pair's points.
        text: required substring of the pair's name, in lower case.
        sort: one of `SORTS`.
        descending: whether the highest value comes first.
    """

    threshold: str = ""
    alpha: int = ALPHAS.index(_DEFAULT_ALPHA)
    labels: tuple[tuple[str, str], ...] = ()
    verdict: str = ""
    error: tuple[float, float] = (-math.inf, math.inf)
    score: tuple[float, float] = (-math.inf, math.inf)
    text: str = ""
    sort: str = "position"
    descending: bool = False


def parse_query(parameters: Mapping[str, str]) -> Query:
    """Parse the parameters of a URL; unknown parameters are ignored.

    Raises:
        HomologueError: a parameter is invalid.
    """
    labels = {
        name.removeprefix(_LABEL_PREFIX): value
        for name, value in parameters.items()
        if name.startswith(_LABEL_PREFIX)
    }
    return Query(
        threshold=_text(parameters, "threshold"),
        alpha=_alpha(parameters),
        labels=tuple(sorted(labels.items())),
        verdict=_one_of(parameters, "verdict", ("", *VERDICTS)),
        error=_range(parameters, "error"),
        score=_range(parameters, "score"),
        text=_text(parameters, "text").lower(),
        sort=_one_of(parameters, "sort", SORTS),
        descending=parameters.get("order") == "down",
    )


def parse_integer(parameters: Mapping[str, str], name: str, default: int, maximum: int) -> int:
    """Return a parameter from 0 to `maximum`.

    Raises:
        HomologueError: the parameter is not such a number.
    """
    text = parameters.get(name, str(default))
    if not (text.isdecimal() and text.isascii() and len(text) < 10 and int(text) <= maximum):
        raise HomologueError(f"{name!r} must be a whole number from 0 to {maximum}.")
    return int(text)


def _alpha(parameters: Mapping[str, str]) -> int:
    alpha = _number(parameters, "alpha", _DEFAULT_ALPHA)
    if alpha not in ALPHAS:
        raise HomologueError(
            f"'alpha' must be one of {ALPHAS[0]:g}, {ALPHAS[1]:g}, ..., {ALPHAS[-1]:g}."
        )
    return ALPHAS.index(alpha)


def _range(parameters: Mapping[str, str], name: str) -> tuple[float, float]:
    low = _number(parameters, f"{name}_from", -math.inf)
    return low, _number(parameters, f"{name}_to", math.inf)


def _number(parameters: Mapping[str, str], name: str, default: float) -> float:
    if not parameters.get(name):
        return default
    try:
        number = float(parameters[name])
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise HomologueError(f"{name!r} must be a number.")
    return number


def _text(parameters: Mapping[str, str], name: str) -> str:
    text = parameters.get(name, "")
    if len(text) > MAX_TEXT_LENGTH:
        raise HomologueError(f"{name!r} must be a text of up to {MAX_TEXT_LENGTH} characters.")
    return text


def _one_of(parameters: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    chosen = parameters.get(name) or choices[0]
    if chosen not in choices:
        raise HomologueError(
            f"{name!r} must be one of {', '.join(filter(None, choices))}, not {chosen!r}."
        )
    return chosen
