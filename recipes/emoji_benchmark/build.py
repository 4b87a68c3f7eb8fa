"""Build the `emoji` benchmark from annotations and icon sets.

    python build.py RUN ANNOTATIONS...     # RUN is the work folder of recipes/builtin

ANNOTATIONS are JSON files, subject -> set -> keypoint -> [x, y] as fractions of the side, with
`"_icon": NAME` if the set uses another name for the subject. The script renders the annotated
icons, draws the pairs, and writes them with licences and the data card to
src/homologue/datasets/emoji. The output is reproducible byte by byte.
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
MIN_KEYPOINTS = 3  # per drawing
# The first twelve subjects were used to choose settings, so they must be in `val`.
VAL = (
    *("cat-face", "fox", "panda", "cat", "automobile", "guitar", "elephant", "turtle", "bicycle"),
    *("man", "scissors", "teapot", "wolf", "bus", "santa-claus", "umbrella"),
)
VERSIONS = {**TRAINING_SETS, **EVALUATION_SETS}
OUT = Path(__file__).parents[2] / "src" / "homologue" / "datasets" / "emoji"

Annotations = dict[str, dict[str, dict[str, Any]]]


def merge(paths: list[Path]) -> Annotations:
    """Merge annotation files; a subject must not be in two of them."""
    subjects: Annotations = {}
    for path in paths:
        for subject, styles in json.loads(path.read_text()).items():
            if subject in subjects:
                raise SystemExit(f"{path}: {subject} is annotated in another file")
            subjects[subject] = styles
    return subjects


def check_keypoints(
    subject: str, style: str, annotation: dict[str, Any]
) -> dict[str, list[float]] | None:
    """Return the keypoints of a drawing, rounded; None if there are fewer than MIN_KEYPOINTS."""
    keypoints = {name: xy for name, xy in annotation.items() if name != "_icon"}
    for name, xy in keypoints.items():
        if len(xy) != 2 or not all(0 <= value <= 1 for value in xy):
            raise SystemExit(f"{subject}, {style}, {name}: {xy} lies outside the image")
    if len(keypoints) < MIN_KEYPOINTS:
        print(f"left out: {subject} of {style}, with {len(keypoints)} keypoints")
        return None
    return {name: [round(value, 4) for value in xy] for name, xy in keypoints.items()}


def assign_splits(annotations: Annotations) -> dict[str, Any]:
    """Return split and drawings by subject, ordered by split and name."""
    subjects: dict[str, Any] = {}
    for subject in sorted(annotations, key=lambda name: (name not in VAL, name)):
        drawings = {}
        for style in VERSIONS:
            annotation = annotations[subject].get(style)
            keypoints = check_keypoints(subject, style, annotation) if annotation else None
            if annotation and keypoints:
                icon = annotation.get("_icon", subject)
                drawings[style] = {"icon": icon, "keypoints": keypoints}
        if unknown := annotations[subject].keys() - VERSIONS.keys():
            raise SystemExit(f"{subject}: there is no set {', '.join(sorted(unknown))}")
        split = "val" if subject in VAL else "test"
        subjects[subject] = {"split": split, "drawings": drawings}
    return subjects


def write_images(subjects: dict[str, Any], tarballs: Path, folder: Path) -> None:
    """Render the annotated icons to `folder`, which is replaced."""
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
    """Encode as lossless WebP, including the colours of transparent pixels."""
    stream = io.BytesIO()
    picture.save(stream, "WEBP", lossless=True, exact=True, quality=75, method=4)
    with Image.open(stream) as decoded:
        if decoded.convert("RGBA").tobytes() != picture.tobytes():
            raise SystemExit("WebP has changed pixels")
    return stream.getvalue()


def licences(subjects: dict[str, Any], tarballs: Path) -> dict[str, Any]:
    """Return the licence of each set, and set and icon of each image."""
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
    """Write JSON with one line per entry, or per element of an entry that is a list."""

    def lines(value: Any) -> str:
        if isinstance(value, list):
            return "[\n" + ",\n".join(json.dumps(element) for element in value) + "\n]"
        return json.dumps(value)

    body = ",\n".join(f"{json.dumps(name)}: {lines(value)}" for name, value in entries.items())
    path.write_text("{\n" + body + "\n}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("annotations", type=Path, nargs="+")
    parser.add_argument("--disagreement", type=Path, help="output of disagreement.py")
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    tarballs = args.run / "tarballs"
    subjects = assign_splits(merge(args.annotations))
    pairs = draw_pairs(subjects)
    licence_content = licences(subjects, tarballs)
    write_images(subjects, tarballs, args.out / "images")
    write_json(args.out / "annotations.json", subjects)
    write_json(args.out / "pairs.json", pairs)
    write_json(args.out / "licences.json", licence_content)
    second = json.loads(args.disagreement.read_text()) if args.disagreement else None
    (args.out / "README.md").write_text(data_card(subjects, pairs, licence_content["sets"], second))
    size = sum(file.stat().st_size for file in args.out.rglob("*") if file.is_file())
    counts = {split: len(split_pairs) for split, split_pairs in pairs.items()}
    images = len(licence_content["images"])
    print(f"{len(subjects)} subjects, {images} images, pairs {counts}, {size:,} B")


if __name__ == "__main__":
    main()
