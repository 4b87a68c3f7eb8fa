"""Evaluate a matcher on a benchmark, and engines that run matchers by name."""

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

# diffusers takes seconds to import, and matchers without a model do not need it.
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
    an error. A pair that fails does not stop the others; it is in `Run.failed`, with a warning.

    Args:
        benchmark: `emoji`, `spair-71k`, `pf-willow`, `pf-pascal`, `cub` or `pairs`.
        matcher: `attention`, `features`, `features+latents`, `fused`, `hog`, `identity`,
            `latents`, `random`, `vision`, or an object with the members of `homologue.Matcher`.
        root: folder of the data set or its parent; for `pairs` the file; None for `emoji`.
        run: folder to store the run in (default: store nothing).
        split: split of the benchmark (default: `test` if it has one, else its first).
        kinds, categories: kinds and categories of pairs (default: all).
        limit: maximum number of pairs of each kind, evenly spaced.
        pair: index, from 0, of the only pair to run among the selected pairs.
        shard: part `i/n` of the pairs, counted from 1; see `homologue merge`.
        retry_failed: whether to retry pairs that failed before; needs `run`.
        model: for a matcher by name: an argument of `homologue.load` or a loaded model (default:
            `builtin`).
        preset: for a matcher by name: see `homologue.get_preset` (default: `default`).
        seed: for a matcher by name: random seed (default: 0). The same seed gives the same
            predictions.
        memory: for the matcher `attention`: memory budget in GiB (default: half of the free
            memory).
        keep: artifacts to store, too: `embeddings`, `parts`, `maps`; needs `run`.
        progress: called after each pair with the name of the matcher, the number of pairs done and
            the total, including pairs done before.

    Raises:
        HomologueError: an argument is invalid, the data are not at `root`, or `run` holds another
            run or cannot be written.
        KeyboardInterrupt: on Ctrl-C; with `run`, the message has the number of stored pairs.
    """
    folder = None if run is None else Path(run)
    items = parse_items([keep] if isinstance(keep, str) else keep)
    if retry_failed and folder is None:
        raise HomologueError("retry_failed needs run, the run with the failed pairs.")
    if items and folder is None:
        raise HomologueError("keep needs run, the folder to store the artifacts in.")
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
    """Raise HomologueError unless a matcher object has the artifacts and takes no arguments."""
    if not isinstance(matcher, Matcher):
        raise HomologueError(
            f"{matcher!r} is not a matcher: give a name, or an object with name, settings and fit."
        )
    if given:
        raise HomologueError(
            f"The matcher {matcher.name} is an object: leave out {', '.join(given)}, which apply "
            "to a matcher by name."
        )
    missing = [item for item in items if item not in kept_by(matcher)]
    if missing:
        raise HomologueError(
            f"The matcher {matcher.name} has no {' and no '.join(missing)} to store."
        )


def _loader(model: "str | LatentDiffusion | None") -> "Callable[[], LatentDiffusion]":
    def load_model() -> "LatentDiffusion":
        if model is not None and not isinstance(model, str):
            return model
        from homologue.diffusion.loading.load import load

        return load(model or "builtin")

    return load_model


@contextmanager
def _reported(
    progress: Progress, matcher: str, total: int, before: Sequence[Record]
) -> Iterator[Callable[[Record], None]]:
    """Count pairs for a progress callback."""
    done, planned = len(before), len(before) + total

    def count(record: Record) -> None:
        nonlocal done
        done += 1
        progress(matcher, done, planned)

    yield count


def local_engines(
    matchers: Sequence[str], given: Ingredients
) -> list[AbstractContextManager[Engine]]:
    """Return engines for matchers in this process, which share a model."""
    shared = replace(given, model=cache(given.model))
    return [nullcontext(LocalEngine(make_matcher(name, shared))) for name in matchers]


def ray_engines(
    matchers: Sequence[str], given: Ingredients, workers: int | None, gpus: bool
) -> list[AbstractContextManager[Engine]]:
    """Return engines for matchers on a Ray cluster; each worker makes the matcher."""
    from homologue.evaluation.ray_engine import RayEngine

    return [RayEngine(partial(make_matcher, name, given), workers, gpus) for name in matchers]
