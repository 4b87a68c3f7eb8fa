"""Matchers by name."""

from collections.abc import Callable
from dataclasses import dataclass

from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.matchers.base import Matcher
from homologue.presets import Preset


@dataclass(frozen=True)
class Ingredients:
    """What a matcher can be made with; `model` loads it when it is first asked for."""

    model: Callable[[], LatentDiffusion]
    preset: Preset
    seed: int = 0
    memory: float | None = None


def _attention(given: Ingredients) -> Matcher:
    from homologue.matchers.attention_matcher import Attention

    return Attention(given.model(), given.preset, given.seed, given.memory)


def _features(given: Ingredients) -> Matcher:
    from homologue.matchers.features import Features

    return Features(given.model(), given.seed)


def _hog(given: Ingredients) -> Matcher:
    from homologue.matchers.descriptors import Hog

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
        HomologueError: there is none, or what it needs is not installed.
    """
    if name not in MATCHERS:
        raise HomologueError(f"There is no matcher {name!r}: choose one of {', '.join(MATCHERS)}.")
    return MATCHERS[name](given)
