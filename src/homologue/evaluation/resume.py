"""The rule of resuming a run.

A stored run is resumed by the same call: pairs that are in the store are skipped, those that failed
too unless they are retried (`RecordStore.done`). The call must have the same configuration, number
of pairs and artifacts as the stored run (`Store.open`). After an interrupt or an error the message
says how to resume (`resumable`).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homologue.config import FitConfig, LocateConfig, added_defaults
from homologue.errors import HomologueError
from homologue.presets import current_preset_name
from homologue.renamed import current_settings

if TYPE_CHECKING:
    from homologue.evaluation.storage.memory import RecordStore

_LONGEST_VALUE = 40  # characters of a value that an error message repeats


class Interrupted(KeyboardInterrupt):
    """Raised when a stored run is interrupted; the text says how to resume it."""


@contextmanager
def resumable(folder: Path | None, store: "RecordStore", planned: int) -> Iterator[None]:
    """Add how to resume the run to the text of an interrupt or an error, such as a full disk.

    Args:
        folder: folder of the run; None if it is not stored.
        planned: number of pairs of the whole run.
    """
    try:
        yield
    except HomologueError as error:
        if folder is None or not store.done():
            raise
        raise HomologueError(
            f"{str(error).removesuffix('.')}; {_progress(folder, store, planned)}."
        ) from error
    except KeyboardInterrupt as interrupt:
        if folder is None:
            raise
        raise Interrupted(f"interrupted: {_progress(folder, store, planned)}.") from interrupt


def _progress(folder: Path, store: "RecordStore", planned: int) -> str:
    done = len(store.done())
    return f"{done} of {planned} pairs are in {folder}; run the same command again to resume"


def differences(stored: Any, asked: Any) -> list[str]:
    """List the settings in which two configurations differ, with both values if they are short.

    >>> differences({"limit": 2, "settings": {"seed": 0}}, {"limit": 2, "settings": {"seed": 1}})
    ['settings.seed (0, not 1)']
    """
    first, second = dict(_leaves(_completed(stored))), dict(_leaves(_completed(asked)))
    names = [name for name in {**first, **second} if first.get(name) != second.get(name)]
    return [_difference(name, first.get(name), second.get(name)) for name in names]


def describe_differences(different: Sequence[str]) -> str:
    """Return the result of `differences` as a phrase that follows "a run"."""
    # Another limit or category implies another selection; then only the cause is named.
    named = [text for text in different if not text.startswith("selection")]
    if not named:
        return "on other pairs or points of the benchmark"
    return "with another " + ", another ".join(named)


def _completed(configuration: Any) -> Any:
    """Return the configuration of an earlier version as this version would write it.

    Settings that it did not have get their defaults; renamed settings get their new names.

    >>> fit = _completed({"settings": {"fit": {"turn": 3.0}}})["settings"]["fit"]
    >>> fit["flip"], fit["upsample"], fit["context"], fit["max_rotation"]
    (0.0, 0, 'noise', 3.0)
    """
    settings = configuration.get("settings") if isinstance(configuration, Mapping) else None
    if not isinstance(settings, Mapping):
        return configuration
    updated: dict[str, Any] = {
        section: {**added_defaults(kind), **current_settings(settings[section])}
        for section, kind in (("fit", FitConfig), ("locate", LocateConfig))
        if isinstance(settings.get(section), Mapping)
    }
    if isinstance(settings.get("preset"), str):
        updated["preset"] = current_preset_name(settings["preset"])
    return {**configuration, "settings": {**settings, **updated}}


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield the dotted name and the JSON text of each value that is not a mapping."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{name}.{key}" if name else str(key))
    else:
        yield name, json.dumps(value)


def _difference(name: str, stored: str | None, asked: str | None) -> str:
    values = [value or "none" for value in (stored, asked)]
    if max(map(len, values)) > _LONGEST_VALUE:
        return name
    return f"{name} ({values[0]}, not {values[1]})"
