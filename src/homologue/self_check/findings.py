"""Findings from measurements of weights, attention maps, known maps and precision.

Each limit states the measurement that it rests on, or that it is a guess; see docs/check.md. All
measurements were taken with the built-in model. Where possible a limit compares a model with
itself, so that it holds for other models, too.
"""

from collections.abc import Mapping

import torch

from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError, NotFiniteError, dtype_name
from homologue.self_check.attention_maps import LayerFacts
from homologue.self_check.precision import Agreement
from homologue.self_check.results import Finding, Level, MapShares
from homologue.self_check.weights import RandomLooking

FOUND, HARDLY_FOUND = 70.0, 40.0
"""Percent of points found within 0.1 below which a model is doubtful, and faulty.

Guesses; 100 was measured."""
FOUND_UNCHANGED, HARDLY_FOUND_UNCHANGED = 90.0, 60.0
"""The same limits for the unchanged image, in which only noise and crops differ."""
FLAT = 0.01
"""Contrast below which maps are flat."""
SAME = 1e-3
"""Change between two images below which maps do not depend on the image."""
MAP_ERROR = {torch.float32: 1e-3, torch.float16: 0.02, torch.bfloat16: 0.1}
"""Maximum relative error of maps, compared with a softmax in float64, by precision.

Measured: 7e-7, 1.3e-3 and 1.0e-2."""
CORRELATION = {torch.float16: 0.99, torch.bfloat16: 0.95}
"""Minimum correlation of maps with those in float32. Measured: 0.9999994 and 0.99995."""
MEDIAN_APART, FAR_APART = 0.01, 0.05
"""Median distance from the points of float32 above which a model is doubtful, and faulty.

Fractions of the longest side; guesses."""

_MAX_NAMES = 3  # names in a message
RELOAD = "get the model's weights again"


def not_finite_values(model: LatentDiffusion, error: NotFiniteError, where: str | None) -> Finding:
    """Make the finding for values that are not finite.

    Args:
        where: path of the first module that output such a value, if known.
    """
    message, _, mend = str(error).rstrip(".").partition("; ")
    first = f" ({where} is the first to make one)" if where else ""
    return Finding("faulty", "not finite", f"{message}{first}", mend)


def not_finite_finding(model: LatentDiffusion, counts: dict[str, int]) -> Finding:
    """Make the finding for weights that are not finite; `counts` is the result of `not_finite`."""
    names = [f"{name} ({count})" for name, count in list(counts.items())[:_MAX_NAMES]]
    more = f" and {len(counts) - _MAX_NAMES} more" if len(counts) > _MAX_NAMES else ""
    mend = "get the model's weights again"
    if model.dtype == torch.float16:
        mend = "try --dtype bfloat16 or float32, and if that fails too, " + mend
    return Finding(
        "faulty",
        "weights",
        f"In {dtype_name(model.dtype)}, {sum(counts.values())} values of the weights are not "
        f"finite: {', '.join(names)}{more}",
        mend,
    )


def judge_weights(unet: RandomLooking, parts: Mapping[str, RandomLooking]) -> list[Finding]:
    """Judge how many matrices look like random numbers.

    Args:
        unet: counts of the whole UNet.
        parts: result of `suspicious_parts`.
    """
    if unet.all_in_all:
        return [
            Finding(
                "faulty",
                "weights",
                f"{unet} matrices of the UNet look like random numbers: they are not trained, not "
                "loaded, or shuffled",
                RELOAD,
            )
        ]
    if not parts:
        return []
    counts = ", ".join(f"{name} ({looks})" for name, looks in list(parts.items())[:_MAX_NAMES])
    more = f" and {len(parts) - _MAX_NAMES} more" if len(parts) > _MAX_NAMES else ""
    return [
        Finding(
            "doubtful",
            "weights",
            f"Matrices of {counts}{more} look like random numbers: not trained, not loaded, or "
            "shuffled",
            RELOAD,
        )
    ]


def judge_attention(model: LatentDiffusion, layers: Mapping[str, LayerFacts]) -> list[Finding]:
    """Judge the attention maps: finite, a softmax of their scores, and dependent on the image."""
    dtype = dtype_name(model.dtype)
    mend = (
        "update PyTorch and the driver" if model.dtype == torch.float32 else "try --dtype float32"
    )
    tolerance = MAP_ERROR[model.dtype]
    broken = [name for name, one in layers.items() if one.error is None]
    if broken:
        return [
            not_finite_values(
                model, NotFiniteError(f"the attention maps of {broken[0]}", dtype), None
            )
        ]
    wrong = {name: one for name, one in layers.items() if (one.error or 0) > tolerance}
    if wrong:
        name, worst = max(wrong.items(), key=lambda item: item[1].error or 0)
        flat = ", and are flat" if (worst.contrast or 0) < FLAT else ""
        return [
            Finding(
                "faulty",
                "softmax",
                f"In {dtype}, the attention maps of {len(wrong)} of {len(layers)} layers are not "
                f"the softmax of their scores (relative error {worst.error:.2g} in {name}, "
                f"{tolerance:g} allowed{flat})",
                mend,
            )
        ]
    return _dead_layers(layers)


def _dead_layers(layers: Mapping[str, LayerFacts]) -> list[Finding]:
    """Make findings for layers whose maps are flat or do not depend on the image."""
    found = []
    for problem, attribute, limit in (
        ("are flat", "contrast", FLAT),
        ("do not depend on the image", "change", SAME),
    ):
        dead = [name for name, one in layers.items() if getattr(one, attribute) < limit]
        if dead:
            level: Level = "faulty" if len(dead) == len(layers) else "doubtful"
            found.append(
                Finding(
                    level,
                    "attention",
                    f"The attention maps of {len(dead)} of {len(layers)} layers {problem}, such as "
                    f"{dead[0]}",
                    RELOAD + ", or leave these layers out with --set fit.layers=...",
                )
            )
    return found


def judge_maps(overall: MapShares, unchanged: MapShares) -> list[Finding]:
    """Judge the percentages of points found in all known maps and in the unchanged images."""
    for shares, enough, least in (
        (unchanged, FOUND_UNCHANGED, HARDLY_FOUND_UNCHANGED),
        (overall, FOUND, HARDLY_FOUND),
    ):
        share = shares.within_01
        if share is None or share >= enough:
            continue
        where = "the unchanged images" if shares is unchanged else "images changed by known maps"
        return [
            Finding(
                "faulty" if share < least else "doubtful",
                "known maps",
                f"Only {share:.0f} % of the points are found again within 0.1 in {where}",
                "give images that suit the model, or compare settings with --vary",
            )
        ]
    return []


def judge_agreement(model: LatentDiffusion, agreement: Agreement) -> list[Finding]:
    """Judge the agreement of a model in half precision with its copy in float32."""
    dtype = dtype_name(model.dtype)
    mend = "try --dtype bfloat16 or float32" if dtype == "float16" else "try --dtype float32"
    limit = CORRELATION[model.dtype]
    low = {n: c for n, c in agreement.correlations.items() if c is None or c < limit}
    found = []
    if low:
        name, value = min(low.items(), key=lambda item: -2.0 if item[1] is None else item[1])
        correlation = "not finite" if value is None else f"{value:.3f}"
        found.append(
            Finding(
                "faulty",
                "precision",
                f"In {dtype}, the attention maps of {len(low)} of {len(agreement.correlations)} "
                f"layers differ from those in float32 (correlation {correlation} in {name}, at "
                f"least {limit:g} expected)",
                mend,
            )
        )
    elif agreement.median > MEDIAN_APART:
        found.append(
            Finding(
                "faulty" if agreement.median > FAR_APART else "doubtful",
                "precision",
                f"In {dtype}, points are found {agreement.median:.3f} of the longest side from "
                "where float32 finds them (median)",
                mend,
            )
        )
    return found


def failure(part: str, error: Exception) -> Finding:
    """Make the finding for an error that stopped a part of the check, such as full memory."""
    kind = "" if isinstance(error, HomologueError) else f"{type(error).__name__}: "
    text = " ".join(str(error).split()).rstrip(".")
    return Finding("faulty", part, f"It failed: {kind}{text}")
