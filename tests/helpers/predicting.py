"""Evaluate a matcher in memory."""

from collections.abc import Sequence

from homologue.datasets.base import Pair
from homologue.evaluation.prediction import predict
from homologue.evaluation.record import Record
from homologue.evaluation.scheduling import remaining_pairs
from homologue.evaluation.storage.memory import MemoryStore
from homologue.matchers.base import Matcher


def evaluate(matcher: Matcher, pairs: Sequence[Pair]) -> list[Record]:
    """Return a record for each pair, in the order of the pairs."""
    store = MemoryStore()
    for one in predict(matcher, remaining_pairs(pairs)):
        store.add(one)
    return store.records()
