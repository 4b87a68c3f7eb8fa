"""Runs that are parts of one, put together."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from homologue.errors import HomologueError
from homologue.evaluation.configuration import asked_otherwise, differences
from homologue.evaluation.record import Record
from homologue.evaluation.storage.rows import identical
from homologue.evaluation.storage.store import Store

Folder = str | os.PathLike[str]


def merge(out: Folder, folders: Sequence[Folder]) -> Store:
    """Writes the records of runs of one configuration into a run, all or none.

    The result is the same whatever the order of the folders. What the run `out` already has counts
    too.

    Returns:
        The run, open.

    Raises:
        HomologueError: the runs are of several configurations, or a pair came out in two ways.
    """
    with ExitStack() as held:
        first, *others = [held.enter_context(Store.read(folder)) for folder in folders]
        for other in others:
            _refuse_unlike(first, other)
        merged = Store.open(out, first.configuration, first.root, first.planned, first.keep)
        try:
            _add_parts(merged, [first, *others])
        except BaseException:
            merged.close()
            raise
    return merged


def _add_parts(merged: Store, parts: Sequence[Store]) -> None:
    there = merged.done()
    every: dict[str, tuple[Store, Record]] = {}
    for part in (merged, *parts):
        _collect(every, part, part.records())
    new = [one for one in every.values() if one[1].pair not in there]
    new.sort(key=lambda one: one[1].position)
    # What is kept is read pair by pair: all of it may be more than fits into memory.
    merged.add_all(replace(record, kept=part.kept(record)) for part, record in new)


def _refuse_unlike(one: Store, other: Store) -> None:
    different = differences(one.configuration, other.configuration)
    if different:
        raise HomologueError(
            f"{one.folder} holds a run {asked_otherwise(different)} than {other.folder}: only "
            "parts of one run can be merged."
        )
    if one.keep != other.keep:
        raise HomologueError(
            f"{one.folder} and {other.folder} were not begun with the same --keep: only parts of "
            "one run can be merged."
        )


def _collect(every: dict[str, tuple[Store, Record]], part: Store, records: list[Record]) -> None:
    for record in records:
        where, known = every.setdefault(record.pair, (part, record))
        if not identical(known, record):
            raise HomologueError(
                f"The pair {record.pair} came out in two ways, in {where.folder} and in "
                f"{part.folder}: delete one of these runs, and run its shard again where the "
                "others ran."
            )
