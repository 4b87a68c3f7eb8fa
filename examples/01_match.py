"""Find the parts of one fox in another artist's fox, and write a picture of it.

python examples/01_match.py [MODEL]
"""

import json
import sys
from pathlib import Path

import homologue

IMAGES = Path(__file__).parent / "images"


def main() -> None:
    model = homologue.load(sys.argv[1] if len(sys.argv) > 1 else "builtin")
    source, target = IMAGES / "fox-noto.png", IMAGES / "fox-twemoji-turned.png"
    points = json.loads((IMAGES / "fox-points.json").read_text())
    found = homologue.match(model, source, target, points, heatmaps=True)
    for point, (x, y), score in zip(points, found.points.tolist(), found.scores, strict=True):
        print(f"{point} -> ({x:.1f}, {y:.1f})  score {score:.2f}")
    homologue.plot_match(found, "match.png")
    print("match.png")


if __name__ == "__main__":
    main()
