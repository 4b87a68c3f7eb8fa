"""`homologue check`: test a model on this machine."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from homologue.commands.model_options import ModelOptions, timed_model
from homologue.commands.option_groups import with_option_groups
from homologue.commands.options import FitOptions, Json
from homologue.commands.values import read_picture


@with_option_groups
def check(
    images: Annotated[
        list[Path] | None,
        typer.Argument(metavar="IMAGE", help="Images (default: drawings of the package)."),
    ] = None,
    *,
    model: ModelOptions,
    method: FitOptions,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=A,B,...",
            help="Compare values of a setting, for example fit.timestep=40,140,261; repeatable "
            "for all combinations.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Check without annotations that a model works on this machine.

    The exit code is 0 if the model is sound and 1 if not.
    """
    from homologue.self_check.pictures import given_subjects
    from homologue.self_check.varying import varied_presets

    preset = method.resolve()
    varied_presets(preset, vary or [])
    pictures = [read_picture(path) for path in images or []]
    if pictures:
        given_subjects(pictures)
    loaded, seconds = timed_model(model.model, model)
    from homologue.console import print_json, print_table, progress_bars
    from homologue.self_check.check import check as check_model

    with progress_bars() as progress:
        report = check_model(
            loaded, pictures or None, preset=preset, vary=vary or [], seed=method.seed,
            memory=method.memory, progress=progress,
        )  # fmt: skip
    report = replace(report, seconds={"load": seconds, **report.seconds})
    if json:
        print_json(report.to_dict())
    else:
        print_table(report, width=80)
    if report.verdict != "sound":
        raise typer.Exit(1)
