"""`homologue relocate`: locate the points of a stored run again, with its embeddings."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from homologue.commands.interrupts import interruptible
from homologue.commands.model_options import FittedModelOptions
from homologue.commands.option_groups import with_option_groups
from homologue.commands.options import DataRoot, LocateSetOption, ReportOptions, StoreOptions
from homologue.commands.values import checked_alphas, reading_preset
from homologue.errors import HomologueError

if TYPE_CHECKING:
    from homologue.diffusion.model import LatentDiffusion
    from homologue.evaluation.storage.store import Store
    from homologue.presets import Preset


@dataclass(frozen=True)
class TargetOptions:
    """Where the targets are and how they are read."""

    panel: ClassVar[str] = "Targets"

    root: DataRoot = None
    crops: Annotated[
        int | None, typer.Option(metavar="N", help="Number of crops that are averaged.")
    ] = None
    crop: Annotated[
        float | None,
        typer.Option(metavar="S", help="Side of a crop, as a fraction of the image's side."),
    ] = None
    read_out: Annotated[
        str | None,
        typer.Option(
            metavar="mean|softmax|log-mean",
            help="How the maps of the layers are combined (docs/settings.md).",
        ),
    ] = None
    window: Annotated[
        float | None,
        typer.Option(
            metavar="R",
            help="Radius of the soft-argmax window, as a fraction of the side; 0 for the argmax.",
        ),
    ] = None
    timestep: Annotated[
        int | None, typer.Option(metavar="T", help="Time step of the noise, from 0 to 999.")
    ] = None
    set_: LocateSetOption = None

    def changes(self) -> dict[str, Any]:
        """Return the fields of `LocateConfig` that options change.

        Raises:
            HomologueError: `--set` changes one of them, too.
        """
        names = ("crops", "crop", "read_out", "window", "timestep")
        changed = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        settings = {text.partition("=")[0].strip() for text in self.set_ or []}
        for name in changed:
            if f"locate.{name}" in settings:
                option = f"--{name.replace('_', '-')}"
                raise HomologueError(
                    f"{option} and --set locate.{name} both set {name}: use only one of them."
                )
        return changed


@with_option_groups
def relocate(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="RUN", help="Folder that `homologue evaluate --run --keep embeddings` wrote."
        ),
    ],
    run: Annotated[
        Path,
        typer.Option(metavar="NEW", help="Store predictions in this folder; rerun to resume."),
    ],
    target: TargetOptions,
    model: FittedModelOptions,
    storage: StoreOptions,
    report: ReportOptions,
) -> None:
    """Locate the points of a stored run again with other settings, without fitting."""
    alphas, artifacts = checked_alphas(report.alpha), storage.artifacts()
    from homologue.commands.run_reports import print_notes, show, watch
    from homologue.evaluation.prediction import LocalEngine
    from homologue.evaluation.run import Plan, carry_out
    from homologue.evaluation.scheduling import Shard
    from homologue.evaluation.selection import select_again
    from homologue.evaluation.storage.store import Store
    from homologue.matchers.relocating import Relocating

    shard = Shard.parse(storage.shard)
    with Store.read(folder) as origin:
        preset = _preset(origin, target)
        selection = select_again(origin, target.root)
        print_notes(selection)
        settings = {**origin.configuration["settings"], "preset": preset.name}
        loaded = _load(folder, origin, model)
        # Pairs of an unfinished run have no embeddings yet.
        missing = {pair.name for pair in selection.pairs} - origin.done()
        matcher = Relocating(
            loaded, settings, origin.hash, origin.embeddings, preset.locate, artifacts
        )
        seed = origin.configuration["seed"]
        plan = Plan(run, seed, shard, storage.retry_failed, artifacts, frozenset(missing))
        with interruptible():
            relocated = carry_out(LocalEngine(matcher), selection, plan, watch(max(alphas)))
    show([relocated], alphas, seed, report.json, None)


def _preset(origin: "Store", target: TargetOptions) -> "Preset":
    """Return the preset of a run with the changed settings; its name lists those of `--set`.

    Raises:
        HomologueError: the run stored no embeddings, or a setting is invalid.
    """
    from homologue.artifacts import EMBEDDINGS
    from homologue.config import FitConfig, LocateConfig, from_stored
    from homologue.presets import Preset, current_preset_name

    if EMBEDDINGS not in origin.keep:
        raise HomologueError(
            f"{origin.folder} has no embeddings: make a run with `homologue evaluate --matcher "
            "attention --keep embeddings --run DIR`."
        )
    stored = origin.configuration["settings"]
    locate = from_stored(LocateConfig, {**stored["locate"], **target.changes()})
    fit = from_stored(FitConfig, stored["fit"])
    preset = Preset(current_preset_name(stored["preset"]), fit, locate)
    return reading_preset(preset, target.set_, f"the run {origin.folder}")


def _load(folder: Path, origin: "Store", model: FittedModelOptions) -> "LatentDiffusion":
    """Load the model of a run.

    Raises:
        HomologueError: the model differs from that of the run, so its embeddings are meaningless.
    """
    from homologue.evaluation.resume import describe_differences, differences
    from homologue.matchers.model_settings import model_settings

    settings = origin.configuration["settings"]
    options = replace(model, dtype=model.dtype or settings["dtype"])
    loaded = options.load(model.model or settings["model"])
    here = model_settings(loaded)
    there = {name: settings.get(name) for name in here}
    # The same model may have another name.
    different = differences({**there, "model": ""}, {**here, "model": ""})
    if different:
        raise HomologueError(
            f"{folder} was made {describe_differences(different)}: its embeddings need the model "
            "that they were fitted with."
        )
    return loaded
