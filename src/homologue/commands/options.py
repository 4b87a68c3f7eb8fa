"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

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
Device = Annotated[str | None, typer.Option(help="cuda, mps or cpu; the best there is by default.")]
Dtype = Annotated[str | None, typer.Option(help="float32, float16 or bfloat16.")]
Variant = Annotated[str | None, typer.Option(help="Variant of the weights, such as fp16.")]
Revision = Annotated[str | None, typer.Option(help="Branch, tag or commit of a hub repository.")]
Vae = Annotated[str | None, typer.Option(help="Another VAE, for instance a tiny one.")]
Config = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FOLDER",
        help="Configurations for a single-file model: a folder, or a family such as sd2-512, see"
        " docs/models.md.",
    ),
]
Offline = Annotated[bool, typer.Option("--offline", help="Never ask the network for a model.")]
Memory = Annotated[
    float | None, typer.Option(metavar="GIB", help="To use at once; half of what is free else.")
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
