"""Arguments, options and groups of options that several commands share."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from homologue.commands.values import named_preset
from homologue.errors import HomologueError

# torch takes seconds to import.
if TYPE_CHECKING:
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
        return named_preset(self.preset, self.strategy, self.set_)


@dataclass(frozen=True)
class FitOptions(MethodOptions):
    """`MethodOptions`, a memory budget and a prompt."""

    memory: Annotated[
        float | None,
        typer.Option(
            metavar="GIB",
            callback=_check_memory,
            help="Memory budget in GiB (default: half of the free memory).",
        ),
    ] = None
    prompt: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Text under which the model reads images, for example 'a fox'; '' is the model's "
            "empty prompt (default: the preset's context).",
        ),
    ] = None

    def resolve(self) -> "Preset":
        """Return the preset with the strategy, the settings and the prompt applied to `fit`."""
        return self.with_prompt(self.preset_without_prompt(), ["fit"])

    def preset_without_prompt(self) -> "Preset":
        """Return the preset with the strategy and the settings applied."""
        return super().resolve()

    def with_prompt(self, preset: "Preset", sections: Sequence[str]) -> "Preset":
        """Return a preset with the prompt.

        Args:
            sections: parts of the preset that the prompt applies to, among `fit` and `features`.

        Raises:
            HomologueError: There is a prompt and it has no effect.
        """
        if self.prompt is None:
            return preset
        if not sections:
            raise HomologueError(
                "--prompt changes the matchers attention and features only: add one of them or "
                "leave out --prompt."
            )
        from homologue.presets import with_prompt

        return with_prompt(preset, self.prompt, sections)


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
