"""Measure the distances between two annotations of the same drawings.

    python disagreement.py FIRST... --second SECOND... [--out disagreement.json]

The files are those of `build.py`. Each common keypoint is compared: its distance relative to the
side of the image, and relative to the longest side of the box of the first annotation's keypoints,
which is the length of the PCK thresholds.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

ALPHAS = (0.05, 0.1)

Drawings = dict[tuple[str, str], dict[str, list[float]]]


def read(paths: list[Path]) -> Drawings:
    """Read the keypoints of each drawing, by subject and set."""
    return {
        (subject, style): {name: xy for name, xy in keypoints.items() if name != "_icon"}
        for path in paths
        for subject, styles in json.loads(path.read_text()).items()
        for style, keypoints in styles.items()
    }


def compare(first: Drawings, second: Drawings) -> dict[str, Any]:
    """Return statistics of the distances, as stored in disagreement.json."""
    rows = []
    for drawing in sorted(first.keys() & second.keys()):
        keypoints, others = first[drawing], second[drawing]
        if not keypoints:
            continue
        box = np.ptp(np.array(list(keypoints.values())), axis=0).max()
        for name in keypoints:
            if name in others:
                distance = float(np.hypot(*np.subtract(keypoints[name], others[name])))
                rows.append((distance, distance / box, ".".join((*drawing, name))))
    if not rows:
        raise SystemExit("the two annotations share no keypoint")
    distances, shares = (np.array([row[i] for row in rows]) for i in range(2))
    both = [drawing for drawing in first if drawing in second]
    return {
        "subjects": len({subject for subject, _ in both}),
        "drawings": len(both),
        "points": len(rows),
        "only_in_first": sum(len(first[d].keys() - second[d].keys()) for d in both),
        "only_in_second": sum(len(second[d].keys() - first[d].keys()) for d in both),
        "shares_of_side": quantiles(distances),
        "shares_of_box": quantiles(shares),
        "percent_beyond": {str(a): round(float(100 * (shares > a).mean()), 2) for a in ALPHAS},
        "largest": [
            {"keypoint": name, "share_of_side": round(d, 4), "share_of_box": round(s, 4)}
            for d, s, name in sorted(rows, key=lambda row: -row[1])[:20]
        ],
    }


def quantiles(values: np.ndarray) -> dict[str, float]:
    named = {"median": 0.5, "90%": 0.9, "largest": 1.0}
    return {name: round(float(np.quantile(values, share)), 4) for name, share in named.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=Path, nargs="+")
    parser.add_argument("--second", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("disagreement.json"))
    args = parser.parse_args()
    statistics = compare(read(args.first), read(args.second))
    args.out.write_text(json.dumps(statistics, indent=1) + "\n")
    del statistics["largest"]
    print(json.dumps(statistics, indent=1))


if __name__ == "__main__":
    main()
