"""Evaluate a matcher by name or a matcher object, and the engines that run matchers by name."""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from homologue.artifacts import parse_items
from homologue.errors import HomologueError, HomologueWarning
from homologue.evaluation.prediction import Engine, LocalEngine
from homologue.evaluation.record import Record
from homologue.evaluation.run import Plan, Watch, carry_out, run_folders
from homologue.evaluation.runs import Run
from homologue.evaluation.scheduling import Shard
from homologue.evaluation.selection import PairFilter, select
from homologue.matchers.base import Matcher, kept_by
from homologue.matchers.registry import Ingredients, make_matcher
from homologue.presets import Preset, get_preset
from homologue.progress import Progress, silent

# Matchers without a model have no use for diffusers, which takes seconds to import.
if TYPE_CHECKING:
    from homologue.diffusion.model import LatentDiffusion


def evaluate(
    benchmark: str,
    matcher: str | Matcher = "attention",
    *,
    root: str | os.PathLike[str] | None = None,
    run: str | os.PathLike[str] | None = None,
    split: str | None = None,
    kinds: Sequence[str] = (),
    categories: Sequence[str] = (),
    limit: int | None = None,
    pair: int | None = None,
    shard: str = "1/1",
    retry_failed: bool = False,
    model: "str | LatentDiffusion | None" = None,
    preset: str | Preset | None = None,
    seed: int | None = None,
    memory: float | None = None,
    keep: str | Sequence[str] = (),
    progress: Progress = silent,
) -> Run:
    """Run a matcher on a benchmark's pairs, as `homologue evaluate` does.

    With `run`, each pair is stored when it is done, and the same call resumes after an interrupt or
    an error. A pair that fails stops nothing: it is in `Run.failed` and is warned of.

    Args:
        benchmark: `emoji`, `spair-71k`, `pf-willow`, `pf-pascal`, `cub` or `pairs`.
        matcher: `attention`, `features`, `hog`, `identity`, `random`, or an object with the methods
            of `homologue.Matcher`.
        root: the data set's folder or its parent; for `pairs` the file; None for `emoji`.
        run: folder in which the run is stored; None to store nothing.
        split: `test` by default, where the benchmark has one.
        kinds, categories: only pairs of these; all by default.
        limit: at most so many pairs of each kind, evenly spread.
        pair: index, from 0, of the only pair to run, of those selected.
        shard: part `i/n` of the pairs, counted from 1; see `homologue merge`.
        retry_failed: whether to try pairs again that failed before; needs `run`.
        model: for a matcher by name, what `homologue.load` takes, or a loaded model; default
            `builtin`.
        preset: for the matcher `attention`, see `homologue.get_preset`; default `default`.
        seed: for a matcher by name; default 0. The same seed gives the same predictions.
        memory: for the matcher `attention`: GiB that may be used at once; by default half of what
            is free.
        keep: of `embeddings`, `parts` and `maps`, what else to store; needs `run`.
        progress: called after each pair with the matcher's name, the pairs done and their total,
            pairs done before included.

    Raises:
        HomologueError: an argument cannot be used, the data are not at `root`, or `run` holds
            another run or cannot be written.
        KeyboardInterrupt: on Ctrl-C; with `run` its text says how many pairs are stored.
    """
    folder = None if run is None else Path(run)
    items = parse_items([keep] if isinstance(keep, str) else keep)
    if retry_failed and folder is None:
        raise HomologueError("retry_failed needs the run whose pairs failed.")
    if items and folder is None:
        raise HomologueError("keep needs a run to keep it in.")
    if not isinstance(matcher, str):
        given = {"model": model, "preset": preset, "seed": seed, "memory": memory}
        _check_own(matcher, [name for name, value in given.items() if value is not None], items)
    part = Shard.parse(shard)
    settings = get_preset("default" if preset is None else preset)
    name = matcher if isinstance(matcher, str) else matcher.name
    (place,) = run_folders(folder, [name])
    selection = select(benchmark, root, split, PairFilter(kinds, categories, limit, pair))
    if isinstance(matcher, str):
        ingredients = Ingredients(_loader(model), settings, seed or 0, memory, items)
        matcher = make_matcher(matcher, ingredients)
    for note in selection.notes:
        warnings.warn(note, HomologueWarning, stacklevel=2)
    plan = Plan(place, seed or 0, part, retry_failed, items)
    made = carry_out(LocalEngine(matcher), selection, plan, Watch(partial(_reported, progress)))
    if made.failed:
        warnings.warn(
            f"{len(made.failed)} pairs failed; the first: {made.failed[0].error}",
            HomologueWarning,
            stacklevel=2,
        )
    return made


def _check_own(matcher: object, given: Sequence[str], items: Sequence[str]) -> None:
    """Raise HomologueError unless it is a matcher, which keeps the items and is given no others."""
    if not isinstance(matcher, Matcher):
        raise HomologueError(
            f"{matcher!r} is no matcher: give a name, or an object with name, settings and fit."
        )
    if given:
        raise HomologueError(
            f"The matcher {matcher.name} is made already: leave out {', '.join(given)}, which "
            "make a matcher by name."
        )
    missing = [item for item in items if item not in kept_by(matcher)]
    if missing:
        raise HomologueError(
            f"The matcher {matcher.name} has no {' and no '.join(missing)} to keep."
        )


def _loader(model: "str | LatentDiffusion | None") -> "Callable[[], LatentDiffusion]":
    def load_it() -> "LatentDiffusion":
        if model is not None and not isinstance(model, str):
            return model
        from homologue.diffusion.loading.load import load

        return load(model or "builtin")

    return load_it


@contextmanager
def _reported(
    progress: Progress, matcher: str, total: int, before: Sequence[Record]
) -> Iterator[Callable[[Record], None]]:
    """Pairs counted for a progress."""
    done, planned = len(before), len(before) + total

    def count(record: Record) -> None:
        nonlocal done
        done += 1
        progress(matcher, done, planned)

    yield count


def local_engines(
    matchers: Sequence[str], given: Ingredients
) -> list[AbstractContextManager[Engine]]:
    """Matchers that run here and share a model, all of them made now."""
    shared = replace(given, model=cache(given.model))
    return [nullcontext(LocalEngine(make_matcher(name, shared))) for name in matchers]


def ray_engines(
    matchers: Sequence[str], given: Ingredients, workers: int | None, gpus: bool
) -> list[AbstractContextManager[Engine]]:
    """Matchers that run on a cluster, each made on every worker when its turn comes."""
    from homologue.evaluation.ray_engine import RayEngine

    return [RayEngine(partial(make_matcher, name, given), workers, gpus) for name in matchers]
