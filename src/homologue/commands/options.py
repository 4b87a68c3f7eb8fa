"""Options that several commands share."""

import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

# torch and diffusers take seconds to import.
if TYPE_CHECKING:
    from homologue.diffusion.model import LatentDiffusion

Source = Annotated[Path, typer.Argument(help="Image with the given points.")]
Target = Annotated[Path, typer.Argument(help="Image in which their counterparts are sought.")]
PointOption = Annotated[
    list[str] | None,
    typer.Option("--point", "-p", metavar="X,Y", help="A point of the source; repeatable."),
]
PointsOption = Annotated[
    Path | None, typer.Option("--points", metavar="FILE", help="Points as .json or .csv.")
]
Model = Annotated[
    str, typer.Option(help="builtin, a hub id, a diffusers folder or a .safetensors checkpoint.")
]
PresetOption = Annotated[
    str, typer.Option(help="Settings: default, paper or a file, see docs/settings.md.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Change a setting, such as fit.steps=50; repeatable."
    ),
]
LocateSetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Change a setting, such as locate.crops=8; repeatable."
    ),
]
OptimiseOption = Annotated[
    str | None,
    typer.Option("--strategy", metavar="exact|joint|cached", help="In place of the preset's."),
]
Seed = Annotated[int, typer.Option(help="Same seed, same result.")]


def _check_memory(budget: float | None) -> float | None:
    if budget is not None:
        from homologue.memory import check_budget

        check_budget(budget)
    return budget


Memory = Annotated[
    float | None,
    typer.Option(
        metavar="GIB",
        callback=_check_memory,
        help="Memory budget in GiB (default: half of the free memory).",
    ),
]
Alpha = Annotated[
    list[float] | None, typer.Option(help="Of PCK; repeatable; default 0.05 and 0.1.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        metavar="embeddings,parts,maps",
        help="Keep these in the run too, of the attention matcher; see docs/ablations.md.",
    ),
]
Maps = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Write where each layer looks for every point, in source and target, as PNG.",
    ),
]


@dataclass(frozen=True)
class ModelOptions:
    """How a model is loaded. A command takes all of them with `with_model_options`."""

    device: Annotated[
        str | None, typer.Option(help="cuda, mps or cpu; the best there is by default.")
    ] = None
    dtype: Annotated[str | None, typer.Option(help="float32, float16 or bfloat16.")] = None
    variant: Annotated[str | None, typer.Option(help="Variant of the weights, such as fp16.")] = (
        None
    )
    revision: Annotated[
        str | None, typer.Option(help="Branch, tag or commit of a hub repository.")
    ] = None
    vae: Annotated[str | None, typer.Option(help="Another VAE, for instance a tiny one.")] = None
    config: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="Configurations for a single-file model: a folder, or a family such as sd2-512,"
            " see docs/models.md.",
        ),
    ] = None
    offline: Annotated[
        bool, typer.Option("--offline", help="Never ask the network for a model.")
    ] = False

    def load(self, model: str) -> "LatentDiffusion":
        """Load a model; its warnings are printed as notes."""
        from homologue.diffusion.loading.load import load

        options = asdict(self)
        return load(model, local_files_only=options.pop("offline"), **options)


DEFAULT_MODEL_OPTIONS = ModelOptions()


def with_model_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `ModelOptions` in place of its parameter of that type.

    Typer makes an option of every parameter and cannot nest them. The signature that it reads has
    the fields of `ModelOptions`, in their order, where the command has the parameter.
    """
    signature = inspect.signature(command, eval_str=True)
    (name,) = [p.name for p in signature.parameters.values() if p.annotation is ModelOptions]
    options = [
        inspect.Parameter(
            field.name, inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=field.default, annotation=_HINTS[field.name],
        )
        for field in fields(ModelOptions)
    ]  # fmt: skip
    parameters: list[inspect.Parameter] = []
    for parameter in signature.parameters.values():
        parameters += options if parameter.name == name else [parameter]

    @wraps(command)
    def typed(**values: Any) -> None:
        given = {option.name for option in options} & values.keys()
        chosen = ModelOptions(**{option: values.pop(option) for option in given})
        command(**values, **{name: chosen})

    typed.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": None}
    typed.__dict__["__signature__"] = signature.replace(parameters=parameters)
    return typed


_HINTS = get_type_hints(ModelOptions, include_extras=True)
