"""Settings: how embeddings are fitted, how a target is read with them, how words are looked for."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from math import isfinite
from typing import Any, Literal, TypeVar, cast, get_args

from homologue.errors import HomologueError
from homologue.renamed import current_settings, renamed_fields

T = TypeVar("T", bound=str)
Stored = TypeVar("Stored", "FitConfig", "LocateConfig")

Objective = Literal["mse", "cross-entropy"]
Strategy = Literal["exact", "joint", "cached"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
Heads = Literal["all", "second-half"]
Noise = Literal["gaussian", "uniform"]
SoftmaxOver = Literal["tokens", "positions"]
Start = Literal["random", "queries"]
ReadOut = Literal["mean", "softmax", "log-mean"]

_ADDED = {"added": True}
"""Marks fields that files of earlier versions lack, see `as_stored`."""


TRAIN_TIMESTEPS = 1000
"""Steps of the schedule that time steps in settings refer to, whatever the model was trained with.
"""


MOST = 10**6
"""Of anything that settings count, such as steps: more is a slip of the pen."""


@renamed_fields
@dataclass(frozen=True)
class FitConfig:
    """Settings of `fit`. Lengths are shares of the model's side, so they hold at any resolution.

    Attributes:
        strategy: `exact` optimises a whole context for each point through the UNet; `joint` gives
            each point one token of a context that many share; `cached` optimises a context for each
            point against queries that were computed once under a fixed context.
        layers: cross-attention layers that are read, see `select_layers`.
        heads: all heads of a layer or the second half of them.
        timestep: noise level, from 0 (least) to 999 (all noise) of `TRAIN_TIMESTEPS`; a model
            trained with another number of steps gets the step at the same fraction of its schedule.
        noise: distribution of what is added.
        softmax_over: axis of the softmax of the attention that is read: `tokens`, as inside the
            model, where the context's other tokens compete for a position; or `positions`, where
            the positions compete for a token. What the model itself computes stays as it is.
        objective: see `homologue.method.losses`.
        sigma: of the Gaussian around the point.
        pixel_centre: see `homologue.heatmaps.gaussian`.
        steps: of Adam.
        learning_rate: of Adam.
        embeddings: fitted for each point from different starts; their heat maps are averaged.
        tokens: length of a context.
        start: a context's first value: `random`, from N(0, 1); or `queries`, the context whose keys
            are, by least squares, the directions of the point's own queries in `views` crops.
        crop: least side of the random crops.
        max_crop: greatest side of the random crops, `crop` if it is 0; above 1 they show ground
            beyond the image's edge, which continues the edge.
        max_rotation: greatest rotation of the random crops in degrees, in either direction.
        views: crops, each with its own noise, whose queries are cached.
        views_per_step: how many of them a step looks at.
        flip: probability that a random crop is mirrored left to right, its points with it.
        upsample: side in pixels to which maps are resized before `mse` compares them with the
            Gaussian; 0 is the model's side.
    """

    strategy: Strategy
    layers: str
    heads: Heads
    timestep: int
    noise: Noise
    objective: Objective
    sigma: float
    pixel_centre: float
    steps: int
    learning_rate: float
    embeddings: int
    tokens: int
    crop: float
    softmax_over: SoftmaxOver = "tokens"
    start: Start = "random"
    max_crop: float = 0.0
    max_rotation: float = 0.0
    views: int = 16
    views_per_step: int = 4
    flip: float = field(default=0.0, metadata=_ADDED)
    upsample: int = field(default=0, metadata=_ADDED)

    def __post_init__(self) -> None:
        one_of("strategy", self.strategy, get_args(Strategy))
        one_of("heads", self.heads, get_args(Heads))
        one_of("noise", self.noise, get_args(Noise))
        one_of("objective", self.objective, get_args(Objective))
        one_of("softmax_over", self.softmax_over, get_args(SoftmaxOver))
        one_of("start", self.start, get_args(Start))
        for name in ("steps", "embeddings", "views", "views_per_step"):
            _check_count(name, getattr(self, name))
        if not self.sigma > 0:
            raise HomologueError(f"sigma must be above 0, not {self.sigma}.")
        if not self.learning_rate >= 0:
            raise HomologueError(f"learning_rate must be at least 0, not {self.learning_rate}.")
        if self.start == "queries" and self.embeddings > 1 and self.strategy == "cached":
            raise HomologueError(
                f"{self.embeddings} embeddings that start from the same queries would all become "
                "the same: take one, or start at random."
            )
        check_timestep(self.timestep)
        _check_count("tokens", self.tokens, least=2)
        if not 0 < self.crop <= 1:
            raise HomologueError(f"crop must be above 0 and at most 1, not {self.crop}.")
        if self.max_crop != 0 and not self.crop <= self.max_crop <= 4:
            raise HomologueError(
                f"max_crop must be 0 or from crop, {self.crop}, to 4, not {self.max_crop}."
            )
        if not 0 <= self.max_rotation <= 180:
            raise HomologueError(
                f"max_rotation must be from 0 to 180 degrees, not {self.max_rotation}."
            )
        if not 0 <= self.flip <= 1:
            raise HomologueError(f"flip must be from 0 to 1, not {self.flip}.")
        if self.upsample != 0 and not 8 <= self.upsample <= 4096:
            raise HomologueError(f"upsample must be 0 or from 8 to 4096, not {self.upsample}.")
        if self.upsample and self.objective != "mse":
            raise HomologueError(
                f"upsample is a setting of the objective mse, and the objective is {self.objective}"
                ", which compares each map at its own resolution: leave upsample at 0."
            )
        _check_numbers(self)

    @property
    def unused(self) -> Mapping[str, str]:
        """Fields that change nothing with the other settings as they are, and why."""
        found: dict[str, str] = {}
        if self.strategy != "cached":
            found["views_per_step"] = f"strategy is {self.strategy}, not cached"
            if self.start != "queries":
                found["views"] = f"{found['views_per_step']}, and start is random, not queries"
        elif self.views == 1:
            reason = "views is 1, and the first view is the whole image"
            found |= dict.fromkeys(("crop", "max_crop", "max_rotation", "views_per_step"), reason)
        return found

    @property
    def upright(self) -> bool:
        """Whether all crops have the same size and none is turned."""
        return self.max_rotation == 0 and self.max_crop in (0, self.crop)


@dataclass(frozen=True)
class LocateConfig:
    """Settings of `locate`. Lengths are shares of the model's side.

    Attributes:
        timestep: noise level, see `FitConfig`.
        noise: distribution of what is added.
        crops: how many crops of the target are averaged; 1 is the whole image.
        crop: side of the crops.
        follow: whether crops after the four corners keep the highest point so far inside; else the
            first is the whole image and the others lie anywhere.
        read_out: `mean` averages the layers' maps; `softmax` applies a spatial softmax to each
            layer's map before; `log-mean` normalises each map over the image and averages their
            logarithms, so that a place must be likely in all of them.
        window: radius of the window soft-argmax around the highest pixel; 0 takes the pixel itself.
    """

    timestep: int
    noise: Noise
    crops: int
    crop: float
    follow: bool
    read_out: ReadOut
    window: float

    def __post_init__(self) -> None:
        one_of("noise", self.noise, get_args(Noise))
        one_of("read_out", self.read_out, get_args(ReadOut))
        check_timestep(self.timestep)
        if not self.window >= 0:
            raise HomologueError(f"window must be at least 0, not {self.window}.")
        _check_count("crops", self.crops)
        if not 0 < self.crop <= 1:
            raise HomologueError(f"crop must be above 0 and at most 1, not {self.crop}.")
        _check_numbers(self)

    @property
    def unused(self) -> Mapping[str, str]:
        """Fields that change nothing with the other settings as they are, and why."""
        if self.crops == 1 and not self.follow:
            return {"crop": "crops is 1, and the first crop is the whole image"}
        return {}


@renamed_fields
@dataclass(frozen=True)
class WordsConfig:
    """Settings of `attend`.

    Attributes:
        layers: cross-attention layers that are read, see `select_layers`.
        timesteps: noise levels that are averaged, see `FitConfig`.
        noise_samples: number of noises that are averaged at each of them.
        softmax_over: axis of the softmax of the maps: `tokens`, as inside the model, where words
            compete for a position; or `positions`, where the positions compete for a word.
        threshold: what belongs to a word, see `WordMaps`.
    """

    layers: str = "up-modules[:4]"
    timesteps: tuple[int, ...] = (50, 200, 400)
    noise_samples: int = 2
    softmax_over: SoftmaxOver = "tokens"
    threshold: float = 0.5

    def __post_init__(self) -> None:
        one_of("softmax_over", self.softmax_over, get_args(SoftmaxOver))
        if not self.timesteps:
            raise HomologueError("timesteps must name at least one noise level.")
        for timestep in self.timesteps:
            check_timestep(timestep)
        _check_count("noise_samples", self.noise_samples)
        if not 0 < self.threshold <= 1:
            raise HomologueError(f"threshold must be above 0 and at most 1, not {self.threshold}.")


def as_stored(config: FitConfig | LocateConfig) -> dict[str, Any]:
    """The settings for a file: what `from_stored` reads again.

    A field that was added later is left out at its default, so that a file of an earlier version,
    which lacks it, says the same.
    """
    later = added_defaults(type(config))
    return {
        name: value
        for name, value in asdict(config).items()
        if name not in later or value != later[name]
    }


def from_stored(kind: type[Stored], stored: Mapping[str, Any]) -> Stored:
    """The settings that `as_stored` wrote, in this version or in one with other names.

    Raises:
        TypeError: a setting is missing or unknown.
        HomologueError: a setting cannot have its value.
    """
    return kind(**current_settings(stored))


def added_defaults(kind: type[FitConfig | LocateConfig]) -> dict[str, Any]:
    """The fields that were added later, and the defaults that files without them mean."""
    return {one.name: one.default for one in fields(kind) if one.metadata.get("added")}


def _check_numbers(config: FitConfig | LocateConfig) -> None:
    """Raises HomologueError if a number of the settings is infinite or not a number."""
    for name, value in asdict(config).items():
        if isinstance(value, float) and not isfinite(value):
            raise HomologueError(f"{name} must be a finite number, not {value}.")


def _check_count(name: str, value: int, least: int = 1) -> None:
    """Raises HomologueError if a count is below `least` or above `MOST`."""
    if value < least:
        raise HomologueError(f"{name} must be at least {least}, not {value}.")
    if value > MOST:
        raise HomologueError(f"{name} must be at most {MOST}, not {value}.")


def check_timestep(timestep: int) -> None:
    """Raises HomologueError unless a schedule of `TRAIN_TIMESTEPS` steps has this one."""
    if not 0 <= timestep < TRAIN_TIMESTEPS:
        raise HomologueError(f"timestep must be from 0 to {TRAIN_TIMESTEPS - 1}, not {timestep}.")


def one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raises HomologueError if `value` is none of `choices`."""
    if value not in choices:
        raise HomologueError(f"{name} must be one of {', '.join(choices)}, not {value!r}.")


def choice(name: str, value: str, choices: tuple[T, ...]) -> T:
    """The one of `choices` that equals `value`; raises HomologueError if there is none."""
    one_of(name, value, choices)
    return choices[choices.index(cast(T, value))]
