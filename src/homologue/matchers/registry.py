"""Create matchers by name."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from homologue.errors import HomologueError
from homologue.matchers.base import MapMatcher, Matcher
from homologue.presets import Preset

# Importing diffusers takes seconds, and not every matcher needs it.
if TYPE_CHECKING:
    from homologue.diffusion.model import LatentDiffusion
    from homologue.vision.backbone import Backbone


def _load_backbone(name: str) -> "Backbone":
    from homologue.vision.loading import load_backbone

    return load_backbone(name)


@dataclass(frozen=True)
class Ingredients:
    """Arguments of the matchers.

    Attributes:
        model: returns the model, which is loaded by the first call.
        preset: settings of the matchers.
        seed: seed of all random numbers.
        memory: memory budget in GiB (None: half of the free memory).
        keep: names of the requested artifacts, see `homologue.artifacts`.
        backbone: loads a vision backbone by name.
        probability: whether scores are probabilities, see `homologue.matchers.confidence`.
    """

    model: "Callable[[], LatentDiffusion]"
    preset: Preset
    seed: int = 0
    memory: float | None = None
    keep: tuple[str, ...] = ()
    backbone: "Callable[[str], Backbone]" = _load_backbone
    probability: bool = False


def _attention(options: Ingredients) -> Matcher:
    from homologue.matchers.attention_matcher import Attention

    return Attention(options.model(), options.preset, options.seed, options.memory, options.keep)


def _features(options: Ingredients) -> Matcher:
    from homologue.matchers.features import Features

    return Features(options.model(), options.preset.features, options.seed)


def _features_and_latents(options: Ingredients) -> Matcher:
    from homologue.matchers.features import Features

    features = options.preset.features
    return Features(options.model(), features, options.seed, with_latents=True)


def _fused(options: Ingredients) -> Matcher:
    from homologue.matchers.fused import Fused

    config = options.preset.fused
    shared = replace(options, model=cache(options.model))
    members = []
    for name in config.members:
        if name == "fused":
            raise HomologueError("The matcher fused cannot be a member of itself: leave it out.")
        member = make_matcher(name, shared)
        if not isinstance(member, MapMatcher):
            raise HomologueError(
                f"The matcher {name} has no similarity maps to average: leave it out of fused."
            )
        members.append(member)
    return Fused(members, config)


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


def _vision(options: Ingredients) -> Matcher:
    from homologue.matchers.vision import Vision

    config = options.preset.vision
    return Vision(options.backbone(config.backbone), config)


MATCHERS: dict[str, Callable[[Ingredients], Matcher]] = {
    "attention": _attention,
    "features": _features,
    "features+latents": _features_and_latents,
    "fused": _fused,
    "hog": _hog,
    "identity": _identity,
    "latents": _latents,
    "random": _random,
    "vision": _vision,
}


JUDGE = "features+latents"
"""The matcher that finds the way back for probabilities."""

SECTIONS_READ: dict[str, tuple[str, ...]] = {
    "attention": ("fit", "locate"),
    "features": ("features",),
    "features+latents": ("features",),
    "vision": ("vision",),
}
"""The parts of a preset that a matcher reads, for those that read any."""


def sections_read(name: str, preset: Preset) -> set[str]:
    """Return the parts of a preset that a matcher reads, with those of the members of `fused`."""
    if name != "fused":
        return set(SECTIONS_READ.get(name, ()))
    members = preset.fused.members
    return {"fused"}.union(*(SECTIONS_READ.get(member, ()) for member in members))


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
    if not options.probability:
        return MATCHERS[name](options)
    if options.keep:
        raise HomologueError(
            "Artifacts are kept without probabilities: leave out --scores probability or --keep."
        )
    return _confident(name, replace(options, probability=False, model=cache(options.model)))


def _confident(name: str, options: Ingredients) -> Matcher:
    from homologue.matchers.confidence import Confident, calibration_of

    matcher = make_matcher(name, options)
    calibration = calibration_of(matcher.settings.get("fingerprint"), name)
    # The judge of itself remembers the features that it has computed.
    judge = matcher if name == JUDGE else make_matcher(JUDGE, options)
    assert isinstance(matcher, MapMatcher)  # as it has a calibration
    assert isinstance(judge, MapMatcher)
    return Confident(matcher, judge, calibration)
