"""The interface of a store of records, and a store in memory."""

from typing import Protocol

from homologue.evaluation.record import Record


class RecordStore(Protocol):
    """A store of records: `MemoryStore`, or `homologue.evaluation.storage.store.Store`."""

    def add(self, record: Record) -> None:
        """Add a record, in the place of a failed one of the same pair."""
        ...

    def done(self, failed_too: bool = True) -> set[str]:
        """Return the names of stored pairs.

        Args:
            failed_too: whether to include pairs that failed.
        """
        ...

    def records(self) -> list[Record]:
        """Return all records, by position."""
        ...


class MemoryStore:
    """Stores records until the process ends."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}

    def add(self, record: Record) -> None:
        self._records[record.pair] = record

    def done(self, failed_too: bool = True) -> set[str]:
        return {r.pair for r in self._records.values() if failed_too or r.error is None}

    def records(self) -> list[Record]:
        return sorted(self._records.values(), key=lambda record: record.position)
