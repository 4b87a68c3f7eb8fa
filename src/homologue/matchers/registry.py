"""Matchers by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from homologue.errors import HomologueError
from homologue.matchers.base import Matcher
from homologue.presets import Preset

# Matchers without a model have no use for diffusers, which takes seconds to import.
if TYPE_CHECKING:
    from homologue.diffusion.model import LatentDiffusion


@dataclass(frozen=True)
class Ingredients:
    """What a matcher can be made with.

    Attributes:
        model: loads it when it is first asked for.
        keep: what else to keep, see `homologue.artifacts`.
    """

    model: "Callable[[], LatentDiffusion]"
    preset: Preset
    seed: int = 0
    memory: float | None = None
    keep: tuple[str, ...] = ()


def _attention(given: Ingredients) -> Matcher:
    from homologue.matchers.attention_matcher import Attention

    return Attention(given.model(), given.preset, given.seed, given.memory, given.keep)


def _features(given: Ingredients) -> Matcher:
    from homologue.matchers.features import Features

    return Features(given.model(), given.seed)


def _hog(given: Ingredients) -> Matcher:
    from homologue.matchers.hog import Hog

    return Hog()


def _identity(given: Ingredients) -> Matcher:
    from homologue.matchers.identity import Identity

    return Identity()


def _random(given: Ingredients) -> Matcher:
    from homologue.matchers.random import Random

    return Random(given.seed)


MATCHERS: dict[str, Callable[[Ingredients], Matcher]] = {
    "attention": _attention,
    "features": _features,
    "hog": _hog,
    "identity": _identity,
    "random": _random,
}


def make_matcher(name: str, given: Ingredients) -> Matcher:
    """The matcher of that name.

    Raises:
        HomologueError: there is none, what it needs is not installed, or it has nothing to keep.
    """
    if name not in MATCHERS:
        raise HomologueError(f"There is no matcher {name!r}: choose one of {', '.join(MATCHERS)}.")
    if given.keep and name != "attention":
        raise HomologueError(
            f"The matcher {name} has no {' and no '.join(given.keep)} to keep: give --keep with "
            "--matcher attention alone."
        )
    return MATCHERS[name](given)
