"""Create matchers by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from homologue.errors import HomologueError
from homologue.matchers.base import Matcher
from homologue.presets import Preset

# Importing diffusers takes seconds, and not every matcher needs it.
if TYPE_CHECKING:
    from homologue.diffusion.model import LatentDiffusion


@dataclass(frozen=True)
class Ingredients:
    """Arguments of the matchers.

    Attributes:
        model: returns the model, which is loaded by the first call.
        preset: settings of the matcher `attention`.
        seed: seed of all random numbers.
        memory: memory budget in GiB (None: half of the free memory).
        keep: names of the requested artifacts, see `homologue.artifacts`.
    """

    model: "Callable[[], LatentDiffusion]"
    preset: Preset
    seed: int = 0
    memory: float | None = None
    keep: tuple[str, ...] = ()


def _attention(options: Ingredients) -> Matcher:
    from homologue.matchers.attention_matcher import Attention

    return Attention(options.model(), options.preset, options.seed, options.memory, options.keep)


def _features(options: Ingredients) -> Matcher:
    from homologue.matchers.features import Features

    return Features(options.model(), options.seed)


def _features_and_latents(options: Ingredients) -> Matcher:
    from homologue.matchers.features import Features

    return Features(options.model(), options.seed, with_latents=True)


def _hog(options: Ingredients) -> Matcher:
    from homologue.matchers.hog import Hog

    return Hog()


def _identity(options: Ingredients) -> Matcher:
    from homologue.matchers.identity import Identity

    return Identity()


def _latents(options: Ingredients) -> Matcher:
    from homologue.matchers.latents import Latents

    return Latents(options.model())


def _random(options: Ingredients) -> Matcher:
    from homologue.matchers.random import Random

    return Random(options.seed)


MATCHERS: dict[str, Callable[[Ingredients], Matcher]] = {
    "attention": _attention,
    "features": _features,
    "features+latents": _features_and_latents,
    "hog": _hog,
    "identity": _identity,
    "latents": _latents,
    "random": _random,
}


def make_matcher(name: str, options: Ingredients) -> Matcher:
    """Create the matcher with this name.

    Raises:
        HomologueError: the name is unknown, a package is not installed, or the matcher has no
            artifacts.
    """
    if name not in MATCHERS:
        raise HomologueError(f"There is no matcher {name!r}: choose one of {', '.join(MATCHERS)}.")
    if options.keep and name != "attention":
        raise HomologueError(
            f"The matcher {name} has no {' and no '.join(options.keep)} to keep: give --keep with "
            "--matcher attention alone."
        )
    return MATCHERS[name](options)
