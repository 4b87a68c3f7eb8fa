"""Fit points of one image once, keep them in a file, and find them in several images.

python examples/02_fit_once_locate_often.py [MODEL]
"""

import sys
from pathlib import Path

import homologue

IMAGES = Path(__file__).parent / "images"
PARTS = {"left eye": [216, 197], "right eye": [299, 193], "nose": [261, 247]}


def main() -> None:
    model = homologue.load(sys.argv[1] if len(sys.argv) > 1 else "builtin")
    homologue.fit(model, IMAGES / "kitten.jpg", list(PARTS.values())).save("kitten.safetensors")

    embeddings = homologue.PointEmbeddings.load("kitten.safetensors")
    for name in ("tabby.jpg", "raccoon.jpg", "cat-noto.png"):
        found = homologue.locate(model, IMAGES / name, embeddings)
        for part, (x, y), score in zip(PARTS, found.points.tolist(), found.scores, strict=True):
            print(f"{name}: {part} at ({x:.0f}, {y:.0f}), score {score:.2f}")


if __name__ == "__main__":
    main()
