"""Arguments, options and groups of options that several commands share."""

import copy
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, get_args, get_type_hints

import typer
from typer.models import OptionInfo

# torch and diffusers take seconds to import.
if TYPE_CHECKING:
    from homologue.diffusion.model import LatentDiffusion
    from homologue.presets import Preset

FLAG = ""
"""Metavar of an option without a value."""
PLOT_SUFFIXES = ".png, .jpg, .svg or .pdf"
THRESHOLDS = "bbox-kp|bbox|image|legacy|legacy-image|legacy-bbox-kp|given"

Source = Annotated[Path, typer.Argument(metavar="SOURCE", help="Image with the source points.")]
Target = Annotated[
    Path, typer.Argument(metavar="TARGET", help="Image in which to find the counterparts.")
]
LocateSetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Override a setting, for example locate.crops=8; repeatable.",
    ),
]
ModelName = Annotated[
    str,
    typer.Option(
        metavar="MODEL",
        help="builtin, a Hugging Face Hub id, a diffusers folder or a .safetensors checkpoint.",
    ),
]
Seed = Annotated[
    int, typer.Option(metavar="N", help="Random seed. The same seed gives the same result.")
]
BootstrapSeed = Annotated[
    int, typer.Option(metavar="N", help="Random seed of the bootstrap intervals.")
]
Alpha = Annotated[
    float,
    typer.Option(
        metavar="A", help="A point is correct within alpha times the threshold of the ground truth."
    ),
]
Alphas = Annotated[
    list[float] | None,
    typer.Option("--alpha", metavar="A", help="Alpha of PCK; repeatable (default: 0.05 and 0.1)."),
]
Runs = Annotated[
    list[Path],
    typer.Argument(metavar="RUN", help="Folder that `homologue evaluate --run` wrote."),
]
DataRoot = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Data folder, if it has moved since the run."),
]
Json = Annotated[
    bool, typer.Option("--json", metavar=FLAG, help="Print one JSON object on stdout.")
]
Plot = Annotated[Path | None, typer.Option(metavar="FILE", help=f"Write a plot: {PLOT_SUFFIXES}.")]
Maps = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Write the attention map of each layer for every point as PNG, in source and target.",
    ),
]


def _check_memory(budget: float | None) -> float | None:
    if budget is not None:
        from homologue.memory import check_budget

        check_budget(budget)
    return budget


@dataclass(frozen=True)
class MethodOptions:
    """Preset, settings and seed of the method."""

    panel: ClassVar[str] = "Method"

    preset: Annotated[
        str,
        typer.Option(metavar="NAME|FILE", help="default, paper or a TOML file (docs/settings.md)."),
    ] = "default"
    strategy: Annotated[
        str | None,
        typer.Option(
            metavar="exact|joint|cached", help="Optimisation strategy (default: the preset's)."
        ),
    ] = None
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Override a setting, for example fit.steps=50; repeatable.",
        ),
    ] = None
    seed: Seed = 0

    def resolve(self) -> "Preset":
        """Return the preset with the strategy and the settings applied.

        Raises:
            HomologueError: The preset, the strategy or a setting is invalid, or `--set` and
                `--strategy` both set the strategy.
        """
        from homologue.commands.values import named_preset

        return named_preset(self.preset, self.strategy, self.set_)


@dataclass(frozen=True)
class FitOptions(MethodOptions):
    """`MethodOptions` and a memory budget."""

    memory: Annotated[
        float | None,
        typer.Option(
            metavar="GIB",
            callback=_check_memory,
            help="Memory budget in GiB (default: half of the free memory).",
        ),
    ] = None


@dataclass(frozen=True)
class LoadOptions:
    """How a model is loaded."""

    panel: ClassVar[str] = "Model"

    device: Annotated[
        str | None,
        typer.Option(metavar="cuda|mps|cpu", help="Device (default: the first that is available)."),
    ] = None
    dtype: Annotated[
        str | None,
        typer.Option(
            metavar="float32|float16|bfloat16",
            help="Precision (default: float32 on a CPU, float16 elsewhere).",
        ),
    ] = None
    variant: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Variant of the weight files, for example fp16."),
    ] = None
    revision: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Branch, tag or commit of a Hub repository."),
    ] = None
    vae: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Model to load the VAE from, for example a tiny VAE."),
    ] = None
    config: Annotated[
        str | None,
        typer.Option(
            metavar="DIR|FAMILY",
            help="Configuration of a single-file model: a folder or a family such as sd2-512 "
            "(docs/models.md).",
        ),
    ] = None
    offline: Annotated[
        bool,
        typer.Option("--offline", metavar=FLAG, help="Load local files only; use no network."),
    ] = False

    def load(self, model: str) -> "LatentDiffusion":
        """Load a model. Its warnings are printed as notes."""
        from homologue.diffusion.loading.load import load

        options = {field.name: getattr(self, field.name) for field in fields(LoadOptions)}
        return load(model, local_files_only=options.pop("offline"), **options)


@dataclass(frozen=True)
class _BuiltinModel:
    model: ModelName = "builtin"


@dataclass(frozen=True)
class _FittedModel:
    model: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Model (default: the model of the embeddings)."),
    ] = None


# Fields of the last base class come first.
@dataclass(frozen=True)
class ModelOptions(LoadOptions, _BuiltinModel):
    """A model and how it is loaded."""


@dataclass(frozen=True)
class FittedModelOptions(LoadOptions, _FittedModel):
    """The model of fitted embeddings, or another name for it, and how it is loaded."""


@dataclass(frozen=True)
class StoreOptions:
    """Which pairs a run does now, and what it stores of them."""

    panel: ClassVar[str] = "Run"

    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="embeddings,parts,maps",
            help="Also store these artifacts of the attention matcher (docs/ablations.md).",
        ),
    ] = None
    shard: Annotated[
        str,
        typer.Option(metavar="I/N", help="Do part I of N, counted from 1; see `homologue merge`."),
    ] = "1/1"
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", metavar=FLAG, help="Retry the pairs that failed.")
    ] = False

    def artifacts(self) -> tuple[str, ...]:
        """Return the artifacts of `--keep`.

        Raises:
            HomologueError: An artifact is unknown.
        """
        # numpy takes as long to import as the rest of the command line.
        from homologue.artifacts import parse_items

        return parse_items(self.keep or [])


@dataclass(frozen=True)
class ReportOptions:
    """What is printed of the results of a run."""

    panel: ClassVar[str] = "Output"

    alpha: Alphas = None
    json: Json = False


@dataclass(frozen=True)
class TableOptions:
    """Files and formats for tables and plots."""

    panel: ClassVar[str] = "Output"

    json: Json = False
    csv: Annotated[
        Path | None,
        typer.Option(metavar="FILE|-", help="Write all numbers as CSV, one number a row."),
    ] = None
    plots: Annotated[Path | None, typer.Option(metavar="DIR", help="Write plots.")] = None
    suffix: Annotated[
        str, typer.Option(metavar=".png|.svg|.pdf|.jpg", help="File format of the plots.")
    ] = ".png"


def with_option_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Replace each parameter of a command that is a group of options by the group's options.

    A group is a dataclass whose fields are annotated with `typer.Option`; its `panel` is the title
    of the options in the help. Typer reads the signature of a function and cannot nest options, so
    the returned function has the fields in place of the groups and builds the groups when called.
    """
    signature = inspect.signature(command, eval_str=True)
    groups = {p.name: p.annotation for p in signature.parameters.values() if _is_group(p)}
    parameters: list[inspect.Parameter] = []
    for parameter in signature.parameters.values():
        parameters += _options(groups[parameter.name]) if _is_group(parameter) else [parameter]
    # A group has no default, but its options have, and options may follow in any order.
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]

    @wraps(command)
    def flat(**values: Any) -> None:
        for name, group in groups.items():
            given = {field.name for field in fields(group)} & values.keys()
            values[name] = group(**{field: values.pop(field) for field in given})
        command(**values)

    flat.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": None}
    flat.__dict__["__signature__"] = signature.replace(parameters=parameters)
    return flat


def _is_group(parameter: inspect.Parameter) -> bool:
    return is_dataclass(parameter.annotation)


def _options(group: Any) -> Iterator[inspect.Parameter]:
    """Yield a parameter for each option of a group."""
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        kind, option = get_args(hints[field.name])
        assert isinstance(option, OptionInfo)
        option = copy.copy(option)
        option.rich_help_panel = group.panel
        yield inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=Annotated[kind, option],
        )
