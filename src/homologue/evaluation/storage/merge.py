"""Merge runs that are shards of one run."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from homologue.errors import HomologueError
from homologue.evaluation.record import Record
from homologue.evaluation.resume import describe_differences, differences
from homologue.evaluation.storage.rows import identical
from homologue.evaluation.storage.store import Store

Folder = str | os.PathLike[str]


def merge(out: Folder, folders: Sequence[Folder]) -> Store:
    """Merge runs of one configuration into a run, in one transaction.

    The result does not depend on the order of the folders.

    Args:
        out: folder of the merged run; pairs that it already has are kept.

    Returns:
        The merged run, open.

    Raises:
        HomologueError: the configurations differ, or two runs have different results for a pair.
    """
    with ExitStack() as stack:
        first, *others = [stack.enter_context(Store.read(folder)) for folder in folders]
        for other in others:
            _check_alike(first, other)
        merged = Store.open(out, first.configuration, first.root, first.planned, first.keep)
        try:
            _add_shards(merged, [first, *others])
        except BaseException:
            merged.close()
            raise
    return merged


def _add_shards(merged: Store, shards: Sequence[Store]) -> None:
    done = merged.done()
    collected: dict[str, tuple[Store, Record]] = {}
    for shard in (merged, *shards):
        _collect(collected, shard)
    new = [(shard, record) for shard, record in collected.values() if record.pair not in done]
    new.sort(key=lambda item: item[1].position)
    # Artifacts are read pair by pair: together they may not fit into memory.
    merged.add_all(replace(record, artifacts=shard.artifacts(record)) for shard, record in new)


def _check_alike(one: Store, other: Store) -> None:
    """Raise HomologueError if two runs are not shards of one run."""
    different = differences(one.configuration, other.configuration)
    if different:
        raise HomologueError(
            f"{one.folder} holds a run {describe_differences(different)} than {other.folder}: only "
            "shards of one run can be merged."
        )
    if one.keep != other.keep:
        raise HomologueError(
            f"{one.folder} and {other.folder} were not started with the same --keep: only "
            "shards of one run can be merged."
        )


def _collect(collected: dict[str, tuple[Store, Record]], shard: Store) -> None:
    for record in shard.records():
        first, known = collected.setdefault(record.pair, (shard, record))
        if not identical(known, record):
            raise HomologueError(
                f"The pair {record.pair} has different results in {first.folder} and in "
                f"{shard.folder}: delete one of these runs, and run its shard again on the "
                "machine of the others."
            )
