"""Set the two images once, then fit and locate one point after the other, as an editor does.

python examples/05_encode_once_query_often.py [MODEL]
"""

import sys
import time
from pathlib import Path

import homologue

IMAGES = Path(__file__).parent / "images"
PARTS = {"left eye": [216, 197], "right eye": [299, 193], "nose": [261, 247]}


def main() -> None:
    model = homologue.load(sys.argv[1] if len(sys.argv) > 1 else "builtin")
    source = homologue.Locator(model).set_image(IMAGES / "kitten.jpg")
    target = homologue.Locator(model).set_image(IMAGES / "raccoon.jpg")
    for part, point in PARTS.items():
        start = time.perf_counter()
        found = target.locate(source.fit([point]))
        ((x, y),), (score,) = found.points.tolist(), found.scores
        seconds = time.perf_counter() - start
        print(f"{part}: ({x:.1f}, {y:.1f}), score {score:.2f}, {seconds:.2f} s")


if __name__ == "__main__":
    main()
