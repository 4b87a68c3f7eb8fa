"""`homologue check`: is a model sound on this machine?"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from homologue.commands.options import (
    DEFAULT_MODEL_OPTIONS,
    Json,
    Memory,
    Model,
    ModelOptions,
    OptimiseOption,
    PresetOption,
    Seed,
    SetOption,
    with_model_options,
)
from homologue.commands.values import named_preset, read_picture, timed_model


@with_model_options
def check(
    images: Annotated[
        list[Path] | None,
        typer.Argument(metavar="IMAGE...", help="Default: drawings of the package."),
    ] = None,
    model: Model = "builtin",
    preset: PresetOption = "default",
    optimise: OptimiseOption = None,
    set_: SetOption = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=A,B,...",
            help="Compare settings, as fit.timestep=40,140,261; of several, all combinations.",
        ),
    ] = None,
    seed: Seed = 0,
    loading: ModelOptions = DEFAULT_MODEL_OPTIONS,
    memory: Memory = None,
    json: Json = False,
) -> None:
    """Check a model on this machine, without annotation. Exit code 0 if it is sound, else 1."""
    from homologue.self_check.pictures import given_subjects
    from homologue.self_check.varying import varied_presets

    settings = named_preset(preset, optimise, set_)
    varied_presets(settings, vary or [])
    pictures = [read_picture(path) for path in images or []]
    if pictures:
        given_subjects(pictures)
    loaded, seconds = timed_model(model, loading)
    from homologue.console import print_json, print_table, progress_bars
    from homologue.self_check.check import check as check_model
    from homologue.self_check.rendering import rendered

    with progress_bars() as progress:
        report = check_model(
            loaded, pictures or None, preset=settings, vary=vary or [], seed=seed,
            memory=memory, progress=progress,
        )  # fmt: skip
    report = replace(report, seconds={"load": seconds, **report.seconds})
    if json:
        print_json(report.to_dict())
    else:
        print_table(rendered(report), width=80)
    if report.verdict != "sound":
        raise typer.Exit(1)
