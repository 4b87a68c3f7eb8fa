"""Records of a matcher without a store."""

from collections.abc import Sequence

from homologue.datasets.base import Pair
from homologue.evaluation.record import Record
from homologue.evaluation.runner import Memory, predict
from homologue.evaluation.work import outstanding
from homologue.matchers.base import Matcher


def evaluate(matcher: Matcher, pairs: Sequence[Pair]) -> list[Record]:
    """A record for each pair, in the order of the pairs."""
    keeper = Memory()
    for one in predict(matcher, outstanding(pairs)):
        keeper.add(one)
    return keeper.records()
