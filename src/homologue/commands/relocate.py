"""`homologue relocate`: the targets of a run once more, with the embeddings that it kept."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homologue.artifacts import EMBEDDINGS, parse_items
from homologue.commands.interrupts import interruptible
from homologue.commands.options import (
    DEFAULT_MODEL_OPTIONS,
    Alpha,
    Json,
    Keep,
    LocateSetOption,
    ModelOptions,
    with_model_options,
)
from homologue.commands.values import checked_alphas, reading_preset
from homologue.errors import HomologueError

if TYPE_CHECKING:
    from homologue.diffusion.model import LatentDiffusion
    from homologue.evaluation.storage.store import Store
    from homologue.presets import Preset


@with_model_options
def relocate(
    folder: Annotated[
        Path, typer.Argument(metavar="RUN", help="--run of `evaluate` with --keep embeddings.")
    ],
    run: Annotated[
        Path,
        typer.Option(metavar="NEW", help="Keep the predictions here; start again to go on."),
    ],
    crops: Annotated[
        int | None, typer.Option(metavar="N", help="Crops of a target that are averaged.")
    ] = None,
    crop: Annotated[
        float | None, typer.Option(metavar="S", help="Their side, as a share of the image's.")
    ] = None,
    read_out: Annotated[
        str | None, typer.Option(metavar="mean|softmax|log-mean", help="See docs/settings.md.")
    ] = None,
    window: Annotated[
        float | None, typer.Option(metavar="W", help="Its radius; 0 takes the highest pixel.")
    ] = None,
    timestep: Annotated[int | None, typer.Option(metavar="T", help="From 0 to 999.")] = None,
    set_: LocateSetOption = None,
    root: Annotated[
        Path | None, typer.Option(help="Where the data are; default where they were.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="The run's model, if it is called otherwise by now.")
    ] = None,
    keep: Keep = None,
    shard: Annotated[
        str, typer.Option(metavar="I/N", help="Part I of N, from 1; see `homologue merge`.")
    ] = "1/1",
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try the pairs again that failed.")
    ] = False,
    alpha: Alpha = None,
    loading: ModelOptions = DEFAULT_MODEL_OPTIONS,
    json: Json = False,
) -> None:
    """Find the points of a run again with its embeddings, reading targets in another way."""
    alphas, kept = checked_alphas(alpha), parse_items(keep or [])
    changed = {
        "crops": crops, "crop": crop, "read_out": read_out, "window": window, "timestep": timestep
    }  # fmt: skip
    from homologue.commands.run_reports import print_notes, show, watch
    from homologue.evaluation.prediction import LocalEngine
    from homologue.evaluation.run import Plan, carry_out
    from homologue.evaluation.scheduling import Shard
    from homologue.evaluation.selection import select_again
    from homologue.evaluation.storage.store import Store
    from homologue.matchers.relocating import Relocating

    part = Shard.parse(shard)
    with Store.read(folder) as origin:
        if EMBEDDINGS not in origin.keep:
            raise HomologueError(
                f"{folder} has no embeddings: make a run with `homologue evaluate --matcher "
                "attention --keep embeddings --run DIR`."
            )
        preset = _changed(origin, {k: v for k, v in changed.items() if v is not None}, set_ or [])
        selection = select_again(origin, root)
        print_notes(selection)
        settings = {**origin.configuration["settings"], "preset": preset.name}
        loading = replace(loading, dtype=loading.dtype or settings["dtype"])
        loaded = loading.load(model or settings["model"])
        _check_model(folder, origin, loaded)
        # Of a run that is not finished, what is there can be relocated.
        missing = {pair.name for pair in selection.pairs} - origin.done()
        matcher = Relocating(loaded, settings, origin.hash, origin.embeddings, preset.locate, kept)
        seed = origin.configuration["seed"]
        plan = Plan(run, seed, part, retry_failed, kept, frozenset(missing))
        with interruptible():
            made = carry_out(LocalEngine(matcher), selection, plan, watch(max(alphas)))
    show([made], alphas, seed, json, None)


def _changed(origin: "Store", changed: dict[str, object], settings: list[str]) -> "Preset":
    """The run's preset, read as the options and --set say; the name tells of --set alone."""
    from homologue.config import FitConfig, LocateConfig, from_stored
    from homologue.presets import Preset, current_preset_name

    was = origin.configuration["settings"]
    for name in changed:
        if any(one.partition("=")[0].strip() == f"locate.{name}" for one in settings):
            option = f"--{name.replace('_', '-')}"
            raise HomologueError(
                f"{option} and --set locate.{name} say the same: give one of them."
            )
    locate = from_stored(LocateConfig, {**was["locate"], **changed})
    preset = Preset(current_preset_name(was["preset"]), from_stored(FitConfig, was["fit"]), locate)
    return reading_preset(preset, settings, f"the run {origin.folder}")


def _check_model(folder: Path, origin: "Store", model: "LatentDiffusion") -> None:
    """Raises HomologueError unless the embeddings mean the same to the model."""
    from homologue.evaluation.resume import describe_differences, differences
    from homologue.matchers.model_settings import model_settings

    here = model_settings(model)
    there = {name: origin.configuration["settings"].get(name) for name in here}
    # What it is called changes nothing.
    different = differences({**there, "model": ""}, {**here, "model": ""})
    if different:
        raise HomologueError(
            f"{folder} was made {describe_differences(different)}: its embeddings need the model "
            "that they were made with."
        )
