"""Settings of `fit`, `locate`, `attend` and of the matchers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from math import isfinite
from typing import Any, Literal, TypeVar, cast, get_args

from homologue.errors import HomologueError
from homologue.renamed import current_settings, renamed_fields

T = TypeVar("T", bound=str)
Stored = TypeVar("Stored", "FitConfig", "LocateConfig", "FeaturesConfig")

Objective = Literal["mse", "cross-entropy"]
Strategy = Literal["exact", "joint", "cached"]
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
Heads = Literal["all", "second-half"]
Noise = Literal["gaussian", "uniform"]
ContextKind = Literal["noise", "empty", "zeros", "prompt"]
FeatureNoise = Literal["gaussian", "none"]
EnsembleMean = Literal["similarities", "features"]
SoftmaxOver = Literal["tokens", "positions"]
Start = Literal["random", "queries"]
ReadOut = Literal["mean", "softmax", "log-mean"]

_ADDED = {"added": True}
"""Metadata of fields that files of earlier versions lack; see `as_stored`."""


TRAIN_TIMESTEPS = 1000
"""Length of the noise schedule that time steps in settings refer to, for every model."""


MAX_COUNT = 10**6
"""Maximum of settings that count something, such as steps; a larger value is a typing error."""


@renamed_fields
@dataclass(frozen=True)
class FitConfig:
    """Settings of `fit`. Lengths are fractions of the model's side.

    Attributes:
        strategy: `exact` optimises a whole context for each point through the UNet; `joint` gives
            each point one token of a shared context; `cached` optimises a context for each point
            against queries that were computed once under a fixed context.
        layers: cross-attention layers to read; see `select_layers`.
        heads: `all` heads of a layer or the `second-half` of them.
        timestep: time step of the noise, from 0 (least noise) to 999 (most noise) of
            `TRAIN_TIMESTEPS`. A model trained with another number of steps uses the step at the
            same fraction of its schedule.
        noise: distribution of the noise.
        softmax_over: axis of the softmax used for reading: `tokens`, as in the model, where the
            tokens of the context compete for a position; or `positions`, where the positions
            compete for a token. The forward pass of the model does not change.
        objective: loss; see `homologue.method.losses`.
        sigma: standard deviation of the Gaussian around the point.
        pixel_centre: offset of pixel centres in the Gaussian; see `homologue.heatmaps.gaussian`.
        steps: number of steps of Adam.
        learning_rate: learning rate of Adam.
        embeddings: number of embeddings for each point, from different initial values; their heat
            maps are averaged.
        tokens: number of tokens of a context.
        start: initial value of a context: `random`, from N(0, 1); or `queries`, the context whose
            keys are, by least squares, the directions of the point's queries in `views` crops.
        crop: minimum side of the random crops.
        max_crop: maximum side of the random crops; 0 for `crop`. Crops larger than 1 extend beyond
            the image, where its edge pixels are repeated.
        max_rotation: maximum rotation of the random crops in degrees, in either direction.
        views: number of crops, each with its own noise, whose queries are cached.
        views_per_step: number of cached crops that a step uses.
        flip: probability that a random crop and its points are mirrored left to right.
        upsample: side in pixels to which `mse` resizes maps before it compares them with the
            Gaussian; 0 for the model's side.
        context: text context under which queries are cached: `noise`, always the same numbers from
            N(0, 1); `empty`, the empty prompt of the model's text encoder; `zeros`; or `prompt`,
            the text in `prompt`.
        prompt: text of the context `prompt`, such as the name of the object.
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
    context: ContextKind = field(default="noise", metadata=_ADDED)
    prompt: str = field(default="", metadata=_ADDED)

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
                f"{self.embeddings} embeddings with start=queries and strategy=cached would be "
                "equal: set embeddings=1 or start=random."
            )
        check_timestep(self.timestep)
        _check_count("tokens", self.tokens, minimum=2)
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
                ", which compares each map at its own resolution: set upsample to 0."
            )
        _check_context(self)
        _check_numbers(self)

    @property
    def unused(self) -> Mapping[str, str]:
        """Fields without effect under the other settings, and the reason."""
        found: dict[str, str] = {}
        if self.strategy != "cached":
            found["views_per_step"] = f"strategy is {self.strategy}, not cached"
            if self.start != "queries":
                reason = f"{found['views_per_step']}, and start is random, not queries"
                found |= {"views": reason, "context": reason, "prompt": reason}
        elif self.views == 1:
            reason = "views is 1, and the first view is the whole image"
            found |= dict.fromkeys(("crop", "max_crop", "max_rotation", "views_per_step"), reason)
        return _unused_prompt(self) | found

    @property
    def upright(self) -> bool:
        """Whether all crops have the same size and no rotation."""
        return self.max_rotation == 0 and self.max_crop in (0, self.crop)


@dataclass(frozen=True)
class LocateConfig:
    """Settings of `locate`. Lengths are fractions of the model's side.

    Attributes:
        timestep: time step of the noise; see `FitConfig`.
        noise: distribution of the noise.
        crops: number of crops of the target that are averaged; 1 for the whole image.
        crop: side of the crops.
        follow: whether crops after the four corners contain the current maximum. Otherwise the
            first crop is the whole image and the positions of the others are random.
        read_out: combination of the layers' maps: `mean` averages them; `softmax` averages them
            after a spatial softmax of each map; `log-mean` normalises each map over the image and
            averages the logarithms, so that a position must be likely in every layer.
        window: radius of the soft-argmax window around the maximum; 0 for the argmax.
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
        """Fields without effect under the other settings, and the reason."""
        if self.crops == 1 and not self.follow:
            return {"crop": "crops is 1, and the first crop is the whole image"}
        return {}


@dataclass(frozen=True)
class FeaturesConfig:
    """Settings of the matcher `features`.

    Attributes:
        layers: features to compare; see `homologue.diffusion.features.select_features`.
        timestep: time step of the noise; see `FitConfig`.
        noise_samples: number of noise samples that are averaged; 0 for 8 with UNets of Stable
            Diffusion's size and 2 with small ones.
        noise: `gaussian`, or `none` for models that take images without noise.
        context, prompt: text context of the UNet; see `FitConfig`.
        side: side in pixels to which images are resized; 0 for the model's side.
        average: what is averaged over the noise samples: the `similarities`, or the `features`
            before they are compared.
        window: radius of the soft-argmax around the maximum of the similarity, as a fraction of the
            image's sides; 0 for the argmax.
    """

    layers: str = "up-modules[:4]"
    timestep: int = 40
    noise_samples: int = 0
    noise: FeatureNoise = field(default="gaussian", metadata=_ADDED)
    context: ContextKind = field(default="noise", metadata=_ADDED)
    prompt: str = field(default="", metadata=_ADDED)
    side: int = field(default=0, metadata=_ADDED)
    average: EnsembleMean = field(default="similarities", metadata=_ADDED)
    window: float = 0.0625

    def __post_init__(self) -> None:
        _check_window(self.window)
        check_timestep(self.timestep)
        _check_count("noise_samples", self.noise_samples, minimum=0)
        one_of("noise", self.noise, get_args(FeatureNoise))
        one_of("average", self.average, get_args(EnsembleMean))
        if self.side != 0 and not 8 <= self.side <= 8192:
            raise HomologueError(f"side must be 0 or from 8 to 8192, not {self.side}.")
        _check_context(self)

    @property
    def unused(self) -> Mapping[str, str]:
        """Fields without effect under the other settings, and the reason."""
        found = _unused_prompt(self)
        if self.noise == "none":
            found |= dict.fromkeys(("noise_samples", "average"), "noise is none")
        elif self.noise_samples == 1:
            found["average"] = "noise_samples is 1"
        return found


@dataclass(frozen=True)
class FusedConfig:
    """Settings of the matcher `fused`, which averages the similarity maps of other matchers.

    Each map is reduced by its mean and divided by its standard deviation before the average.

    Attributes:
        members: names of the matchers, of those that return maps.
        confidence: exponent of a map's weight. The weight is the map's maximum after the division
            to this power; 0 for equal weights.
        window: radius of the soft-argmax around the maximum of the average, as a fraction of the
            image's sides; 0 for the argmax.
    """

    members: tuple[str, ...] = ("attention", "features+latents")
    confidence: float = 0.0
    window: float = 0.0625

    def __post_init__(self) -> None:
        _check_window(self.window)
        if len(self.members) < 2 or len(set(self.members)) < len(self.members):
            raise HomologueError(
                f"members must be at least two different matchers, not {', '.join(self.members)}."
            )
        if not 0 <= self.confidence <= 10:
            raise HomologueError(f"confidence must be from 0 to 10, not {self.confidence}.")

    @property
    def unused(self) -> Mapping[str, str]:
        """Fields without effect under the other settings, and the reason."""
        return {}


@dataclass(frozen=True)
class VisionConfig:
    """Settings of the matcher `vision`.

    Attributes:
        backbone: Hub id or folder of the backbone; see `homologue.vision.loading`.
        side: side in pixels that images are resized to, a multiple of the patch size; 0 for the
            default of the backbone's family.
        layers: numbers of the layers that are compared, from 1; negative numbers count from the
            last.
        debias: number of positional components that are removed from the features; see
            `homologue.vision.positional`. -1 for 20 with a ViT of DINOv3 and 0 otherwise.
    """

    backbone: str = "facebook/dinov2-base"
    side: int = 0
    layers: tuple[int, ...] = (-1,)
    debias: int = -1

    def __post_init__(self) -> None:
        if not self.backbone.strip():
            raise HomologueError("backbone must be a Hub id or a folder, not empty.")
        if self.side != 0 and not 8 <= self.side <= 4096:
            raise HomologueError(f"side must be 0 or from 8 to 4096, not {self.side}.")
        if not self.layers or 0 in self.layers:
            raise HomologueError(
                "layers must be numbers of layers from 1, or negative numbers from the last, not"
                f" {', '.join(map(str, self.layers)) or 'empty'}."
            )
        if not -1 <= self.debias <= MAX_COUNT:
            raise HomologueError(f"debias must be from -1 to {MAX_COUNT}, not {self.debias}.")

    @property
    def unused(self) -> Mapping[str, str]:
        """Fields without effect under the other settings, and the reason."""
        return {}


@renamed_fields
@dataclass(frozen=True)
class WordsConfig:
    """Settings of `attend`.

    Attributes:
        layers: cross-attention layers to read; see `select_layers`.
        timesteps: time steps of the noise that are averaged; see `FitConfig`.
        noise_samples: number of noise samples that are averaged at each time step.
        softmax_over: axis of the softmax of the maps: `tokens`, as inside the model, where words
            compete for a position; or `positions`, where the positions compete for a word.
        threshold: threshold of a word's region, as a fraction of its map's maximum; see `WordMaps`.
    """

    layers: str = "up-modules[:4]"
    timesteps: tuple[int, ...] = (50, 200, 400)
    noise_samples: int = 2
    softmax_over: SoftmaxOver = "tokens"
    threshold: float = 0.5

    def __post_init__(self) -> None:
        one_of("softmax_over", self.softmax_over, get_args(SoftmaxOver))
        if not self.timesteps:
            raise HomologueError("timesteps must have at least one time step.")
        for timestep in self.timesteps:
            check_timestep(timestep)
        _check_count("noise_samples", self.noise_samples)
        if not 0 < self.threshold <= 1:
            raise HomologueError(f"threshold must be above 0 and at most 1, not {self.threshold}.")


def as_stored(config: FitConfig | LocateConfig | FeaturesConfig) -> dict[str, Any]:
    """Return settings for a file, which `from_stored` reads.

    Fields of later versions are left out at their defaults, so that settings are stored as in
    earlier versions.
    """
    later = added_defaults(type(config))
    return {
        name: value
        for name, value in asdict(config).items()
        if name not in later or value != later[name]
    }


def from_stored(kind: type[Stored], stored: Mapping[str, Any]) -> Stored:
    """Return the settings that `as_stored` wrote, in this or an earlier version.

    Raises:
        TypeError: a setting is missing or unknown.
        HomologueError: a setting has an invalid value.
    """
    return kind(**current_settings(stored))


def added_defaults(kind: type[FitConfig | LocateConfig | FeaturesConfig]) -> dict[str, Any]:
    """Return the defaults of fields that files of earlier versions lack."""
    return {one.name: one.default for one in fields(kind) if one.metadata.get("added")}


def _check_numbers(config: FitConfig | LocateConfig) -> None:
    """Raise HomologueError if a number of the settings is infinite or NaN."""
    for name, value in asdict(config).items():
        if isinstance(value, float) and not isfinite(value):
            raise HomologueError(f"{name} must be a finite number, not {value}.")


def _check_context(config: FitConfig | FeaturesConfig) -> None:
    """Raise HomologueError if the context is unknown or its prompt is missing."""
    one_of("context", config.context, get_args(ContextKind))
    if config.context == "prompt" and not config.prompt.strip():
        raise HomologueError(
            "The context prompt needs a text: set prompt, or context=empty for the empty prompt."
        )


def _unused_prompt(config: FitConfig | FeaturesConfig) -> dict[str, str]:
    if config.context == "prompt":
        return {}
    return {"prompt": f"context is {config.context}, not prompt"}


def _check_count(name: str, value: int, minimum: int = 1) -> None:
    """Raise HomologueError if a count is below `minimum` or above `MAX_COUNT`."""
    if value < minimum:
        raise HomologueError(f"{name} must be at least {minimum}, not {value}.")
    if value > MAX_COUNT:
        raise HomologueError(f"{name} must be at most {MAX_COUNT}, not {value}.")


def _check_window(window: float) -> None:
    """Raise HomologueError unless the radius of a soft-argmax is from 0 to 1."""
    if not 0 <= window <= 1:
        raise HomologueError(f"window must be from 0 to 1, not {window}.")


def check_timestep(timestep: int) -> None:
    """Raise HomologueError unless a time step is from 0 to `TRAIN_TIMESTEPS` - 1."""
    if not 0 <= timestep < TRAIN_TIMESTEPS:
        raise HomologueError(f"timestep must be from 0 to {TRAIN_TIMESTEPS - 1}, not {timestep}.")


def one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise HomologueError if `value` is not in `choices`."""
    if value not in choices:
        raise HomologueError(f"{name} must be one of {', '.join(choices)}, not {value!r}.")


def choice(name: str, value: str, choices: tuple[T, ...]) -> T:
    """Return the element of `choices` that equals `value`, or raise HomologueError."""
    one_of(name, value, choices)
    return choices[choices.index(cast(T, value))]
