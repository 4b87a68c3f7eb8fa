"""Find the parts of one cat in a photograph of another, and write a picture of it.

python examples/01_match.py [MODEL]
"""

import sys
from pathlib import Path

import homologue
from homologue.points import read_point_list

IMAGES = Path(__file__).parent / "images"


def main() -> None:
    model = homologue.load(sys.argv[1] if len(sys.argv) > 1 else "builtin")
    source, target = IMAGES / "tabby.jpg", IMAGES / "kitten.jpg"
    parts = read_point_list(IMAGES / "tabby-points.json")
    found = homologue.match(model, source, target, parts.points, heatmaps=True)
    for name, (x, y), score in zip(parts.names, found.points.tolist(), found.scores, strict=True):
        print(f"{name} -> ({x:.1f}, {y:.1f})  score {score:.2f}")
    homologue.plot_match(found, "match.png")
    print("match.png")


if __name__ == "__main__":
    main()
