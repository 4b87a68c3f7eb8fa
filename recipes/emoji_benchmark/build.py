"""Make the `emoji` benchmark that comes with the package, from annotations and the icon sets.

    python build.py RUN ANNOTATIONS...     # RUN is the work folder of recipes/builtin

ANNOTATIONS are JSON files, subject -> set -> keypoint -> [x, y] in shares of the side, beside
`"_icon": NAME` where a set has the subject under another name. Renders the annotated icons, draws
the pairs, and writes both with licences and the data card into src/homologue/datasets/emoji. The
same input gives the same bytes.
"""

import argparse
import io
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "builtin"))
from card import data_card
from draw_pairs import draw_pairs
from icons import EVALUATION_SETS, TRAINING_SETS, fetch, read_json, render, svg

SIDE = 256
LEAST_KEYPOINTS = 3  # of a drawing
# The first twelve subjects were looked at while settings were chosen: they can only be `val`.
VAL = (
    *("cat-face", "fox", "panda", "cat", "automobile", "guitar", "elephant", "turtle", "bicycle"),
    *("man", "scissors", "teapot", "wolf", "bus", "santa-claus", "umbrella"),
)
VERSIONS = {**TRAINING_SETS, **EVALUATION_SETS}
OUT = Path(__file__).parents[2] / "src" / "homologue" / "datasets" / "emoji"

Annotations = dict[str, dict[str, dict[str, Any]]]


def merged(paths: list[Path]) -> Annotations:
    """One file of all; a subject may be in one of them only."""
    subjects: Annotations = {}
    for path in paths:
        for subject, styles in json.loads(path.read_text()).items():
            if subject in subjects:
                raise SystemExit(f"{path}: {subject} has been annotated before")
            subjects[subject] = styles
    return subjects


def checked(subject: str, style: str, given: dict[str, Any]) -> dict[str, list[float]] | None:
    """The keypoints of a drawing, rounded; None if they are too few to be used."""
    keypoints = {name: xy for name, xy in given.items() if name != "_icon"}
    for name, xy in keypoints.items():
        if len(xy) != 2 or not all(0 <= value <= 1 for value in xy):
            raise SystemExit(f"{subject}, {style}, {name}: {xy} lies outside the picture")
    if len(keypoints) < LEAST_KEYPOINTS:
        print(f"left out: {subject} of {style}, which has {len(keypoints)} keypoints")
        return None
    return {name: [round(value, 4) for value in xy] for name, xy in keypoints.items()}


def benchmark(annotations: Annotations) -> dict[str, Any]:
    """subject -> split and drawings; in the order of the splits, then by name."""
    subjects: dict[str, Any] = {}
    for subject in sorted(annotations, key=lambda name: (name not in VAL, name)):
        drawings = {}
        for style in VERSIONS:
            given = annotations[subject].get(style)
            keypoints = checked(subject, style, given) if given else None
            if given and keypoints:
                drawings[style] = {"icon": given.get("_icon", subject), "keypoints": keypoints}
        if unknown := annotations[subject].keys() - VERSIONS.keys():
            raise SystemExit(f"{subject}: there is no set {', '.join(sorted(unknown))}")
        split = "val" if subject in VAL else "test"
        subjects[subject] = {"split": split, "drawings": drawings}
    return subjects


def write_images(subjects: dict[str, Any], tarballs: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for style, version in VERSIONS.items():
        content = read_json(fetch(style, version, tarballs), "icons.json")
        (folder / style).mkdir(parents=True)
        for subject, facts in subjects.items():
            if style in facts["drawings"]:
                icon = facts["drawings"][style]["icon"]
                if icon not in content["icons"]:
                    raise SystemExit(f"{subject}: {style} has no icon {icon!r}")
                document = svg(content["icons"][icon], content, SIDE)
                picture = Image.fromarray(render(document, SIDE))
                (folder / style / f"{subject}.webp").write_bytes(encoded(picture))


def encoded(picture: Image.Image) -> bytes:
    """Lossless WebP: every pixel as it was, hidden colours too."""
    stream = io.BytesIO()
    picture.save(stream, "WEBP", lossless=True, exact=True, quality=75, method=4)
    with Image.open(stream) as again:
        if again.convert("RGBA").tobytes() != picture.tobytes():
            raise SystemExit("WebP has changed pixels")
    return stream.getvalue()


def licences(subjects: dict[str, Any], tarballs: Path) -> dict[str, Any]:
    """Of each set, and the set of each image."""
    sets = {}
    for style, version in VERSIONS.items():
        info = read_json(fetch(style, version, tarballs), "info.json")
        sets[style] = {
            "package": f"@iconify-json/{style}",
            "version": version,
            "author": info["author"]["name"],
            "author_url": info["author"]["url"],
            "licence": info["license"]["spdx"],
            "licence_url": info["license"]["url"],
        }
    images = {
        f"images/{style}/{subject}.webp": {"set": style, "icon": drawing["icon"]}
        for subject, facts in subjects.items()
        for style, drawing in facts["drawings"].items()
    }
    return {"sets": sets, "images": dict(sorted(images.items()))}


def write_json(path: Path, entries: dict[str, Any]) -> None:
    """A line for each entry, or for each part of an entry that is a list."""

    def lines(value: Any) -> str:
        if isinstance(value, list):
            return "[\n" + ",\n".join(json.dumps(one) for one in value) + "\n]"
        return json.dumps(value)

    body = ",\n".join(f"{json.dumps(name)}: {lines(value)}" for name, value in entries.items())
    path.write_text("{\n" + body + "\n}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("annotations", type=Path, nargs="+")
    parser.add_argument("--disagreement", type=Path, help="what disagreement.py wrote")
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    tarballs = args.run / "tarballs"
    subjects = benchmark(merged(args.annotations))
    pairs = draw_pairs(subjects)
    rights = licences(subjects, tarballs)
    write_images(subjects, tarballs, args.out / "images")
    write_json(args.out / "annotations.json", subjects)
    write_json(args.out / "pairs.json", pairs)
    write_json(args.out / "licences.json", rights)
    second = json.loads(args.disagreement.read_text()) if args.disagreement else None
    (args.out / "README.md").write_text(data_card(subjects, pairs, rights["sets"], second))
    size = sum(file.stat().st_size for file in args.out.rglob("*") if file.is_file())
    counts = {split: len(some) for split, some in pairs.items()}
    print(f"{len(subjects)} subjects, {len(rights['images'])} images, pairs {counts}, {size:,} B")


if __name__ == "__main__":
    main()
