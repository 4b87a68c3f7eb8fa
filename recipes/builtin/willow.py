"""How the model does on photographs, which it has never seen: PF-Willow.

    python willow.py PF-dataset [--model builtin] [--limit 90]

PCK per point in percent on so many of the 900 pairs, evenly spread, threshold: the longest side of
the box of the target's ten points (`bbox-kp`).
"""

import argparse
from pathlib import Path

import homologue
from homologue.datasets.base import get_benchmark, select_pairs
from homologue.evaluation.runner import evaluate
from homologue.evaluation.scores import Scores
from homologue.matchers.attention_matcher import Attention
from homologue.matchers.base import Matcher
from homologue.matchers.features import Features
from homologue.matchers.identity import Identity
from homologue.presets import DEFAULT

ALPHAS = (0.05, 0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--model", default="builtin")
    parser.add_argument("--limit", type=int, default=90)
    args = parser.parse_args()
    benchmark = get_benchmark("pf-willow", args.root)
    pairs = select_pairs(benchmark, "test", limit=args.limit)
    print(f"{len(pairs)} pairs", *benchmark.notes("test"))
    model = homologue.load(args.model)
    matchers: list[Matcher] = [Identity(), Features(model), Attention(model, DEFAULT)]
    for matcher in matchers:
        score = Scores(evaluate(matcher, pairs)).score("bbox-kp", ALPHAS)
        shares = zip(ALPHAS, score.pck["per_point"], strict=True)
        print(matcher.name, *(f"@{alpha}: {100 * share:.1f}" for alpha, share in shares))


if __name__ == "__main__":
    main()
