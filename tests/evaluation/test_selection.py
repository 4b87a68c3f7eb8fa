"""The digest of selected pairs."""

from dataclasses import replace

import torch
from helpers.made_up import POINTS, pair

from homologue.evaluation.selection import selection_digest


def test_other_data_have_another_digest() -> None:
    pairs = [pair("a1", "a2"), pair("b1", "b2")]
    unknown = torch.full((2, 2), torch.nan, dtype=torch.float64)
    others = [
        pairs[:1],
        pairs[::-1],
        [pairs[0], replace(pairs[1], thresholds={"bbox-kp": 20.0})],
        [pairs[0], replace(pairs[1], aspects={"image": 2.0})],
        [pairs[0], replace(pairs[1], target_points=pairs[1].target_points + 1e-9)],
        [pairs[0], replace(pairs[1], target_points=unknown)],
        [pairs[0], replace(pairs[1], fit_points=POINTS[[2, 0]])],
    ]
    digests = {selection_digest(some) for some in [pairs, *others]}
    assert len(digests) == 1 + len(others)
    assert selection_digest([pair("a1", "a2"), pair("b1", "b2")]) == selection_digest(pairs)


def test_derived_thresholds_do_not_change_the_digest() -> None:
    """Runs of versions without them can be resumed."""
    before = pair("a1", "a2", thresholds={"image": 40.0, "legacy": 9.0}, aspects={"legacy": 2.0})
    since = replace(
        before,
        thresholds={**before.thresholds, "legacy-image": 30.0, "legacy-bbox-kp": 8.0},
        aspects=dict.fromkeys(("legacy", "legacy-image", "legacy-bbox-kp"), 2.0),
    )
    assert selection_digest([since]) == selection_digest([before])
    without = replace(since, thresholds={"image": 40.0, "legacy-image": 30.0})
    assert selection_digest([without]) != selection_digest([before])
