"""Named settings. A preset only composes the config dataclasses of `fit` and `locate`."""

from dataclasses import dataclass, replace

from homologue.config import FitConfig, LocateConfig, Optimise
from homologue.errors import HomologueError


@dataclass(frozen=True)
class Preset:
    """Settings of both halves of the method under one name."""

    name: str
    fit: FitConfig
    locate: LocateConfig


# Hedlin et al. 2023 as released, quirks included, so that its numbers can be compared.
PAPER = Preset(
    "paper",
    FitConfig(
        optimise="exact",
        layers="up-modules[:4]",
        heads="second-half",
        timestep=140,
        noise="uniform",
        objective="mse",
        sigma=27.97853316316864 / 512,
        pixel_centre=0.0,
        steps=129,
        learning_rate=0.0023755632081200314,
        embeddings=5,
        tokens=77,
        crop=0.9316549294381423,
    ),
    LocateConfig(
        timestep=40,
        noise="uniform",
        crops=20,
        crop=0.9316549294381423,
        follow=True,
        read_out="softmax",
        window=0,
    ),
)

# Chosen with the built-in model on drawings that the reported numbers do not use: docs/settings.md.
DEFAULT = Preset(
    "default",
    FitConfig(
        optimise="cached",
        layers="up-modules[:4]",
        heads="all",
        timestep=40,
        noise="gaussian",
        objective="cross-entropy",
        sigma=0.035,
        pixel_centre=0.5,
        over="places",
        steps=10,
        learning_rate=0.02,
        embeddings=1,
        tokens=16,
        start="queries",
        crop=0.75,
        largest_crop=1.5,
        turn=30.0,
        views=12,
        views_per_step=4,
    ),
    LocateConfig(
        timestep=40,
        noise="gaussian",
        crops=4,
        crop=0.93,
        follow=False,
        read_out="log-mean",
        window=0.05,
    ),
)

PRESETS = {preset.name: preset for preset in (DEFAULT, PAPER)}


def get_preset(preset: str | Preset, optimise: Optimise | None = None) -> Preset:
    """A preset by name, or as it is, with another way to optimise if one is given.

    Raises:
        HomologueError: there is no such preset or way.
    """
    if isinstance(preset, str):
        if preset not in PRESETS:
            raise HomologueError(
                f"There is no preset {preset!r}: choose one of {', '.join(sorted(PRESETS))}."
            )
        preset = PRESETS[preset]
    if optimise is None:
        return preset
    return replace(preset, fit=replace(preset.fit, optimise=optimise))
