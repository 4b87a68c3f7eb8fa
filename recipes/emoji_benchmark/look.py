"""Draw an enlarged emoji with a grid and its keypoints, for annotation.

    python look.py RUN SUBJECT [--sets noto twemoji] [--keypoints FILE] --out FOLDER

Writes `FOLDER/SUBJECT-SET.png`, and all sets side by side to `FOLDER/SUBJECT-all.png`. To annotate,
read positions from the grid, write them to FILE, and check them with `--keypoints`. FILE is JSON,
subject -> set -> keypoint -> [x, y], as fractions of the side, x to the right and y down.
"""

import argparse
import json
import sys
from pathlib import Path

from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).parents[1] / "builtin"))
from icons import EVALUATION_SETS, TRAINING_SETS, fetch, read_json, render, svg

VERSIONS = {**TRAINING_SETS, **EVALUATION_SETS}
SIDE = 880
COLOURS = ("#d00000", "#0050d0", "#008a20", "#b000b0", "#c06000", "#007a8a", "#000000", "#7a5a00")


def draw_icon(run: Path, style: str, icon: str, side: int) -> Image.Image | None:
    """Render an icon on white, `side` pixels wide and high; None if the set lacks it."""
    content = read_json(fetch(style, VERSIONS[style], run / "tarballs"), "icons.json")
    if icon not in content["icons"]:
        return None
    picture = Image.fromarray(render(svg(content["icons"][icon], content, side), side))
    background = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(background, picture).convert("RGB")


def draw_grid(picture: Image.Image) -> None:
    """Draw lines at every twentieth of the side; those at tenths are darker and numbered."""
    draw = ImageDraw.Draw(picture, "RGBA")
    side = picture.width
    for line in range(1, 20):
        at = line * side / 20
        colour = (90, 90, 90, 120) if line % 2 == 0 else (90, 90, 90, 50)
        draw.line([(at, 0), (at, side)], colour)
        draw.line([(0, at), (side, at)], colour)
        if line % 2 == 0:
            for position in ((at + 2, 0), (at + 2, side - 12), (0, at + 1), (side - 18, at + 1)):
                draw.text(position, f"{line / 20:.1f}", "black")


def draw_keypoints(picture: Image.Image, keypoints: dict[str, list[float]]) -> None:
    """Draw keypoints, given as fractions of the side, with their names."""
    draw = ImageDraw.Draw(picture)
    for number, (name, (x, y)) in enumerate(keypoints.items()):
        colour = COLOURS[number % len(COLOURS)]
        x, y = x * picture.width, y * picture.height
        draw.ellipse([x - 5, y - 5, x + 5, y + 5], outline="white", fill=colour)
        draw.text((x + 7, y - 6), name, colour, stroke_width=2, stroke_fill="white", font_size=15)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="work folder of recipes/builtin")
    parser.add_argument("subject")
    parser.add_argument("--sets", nargs="*", default=list(VERSIONS))
    parser.add_argument("--keypoints", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    styles = json.loads(args.keypoints.read_text())[args.subject] if args.keypoints else {}
    args.out.mkdir(parents=True, exist_ok=True)
    pictures = []
    for style in args.sets:
        keypoints = dict(styles.get(style, {}))
        picture = draw_icon(args.run, style, keypoints.pop("_icon", args.subject), SIDE)
        if picture is None:
            print(f"{style} has no {args.subject}")
            continue
        draw_grid(picture)
        draw_keypoints(picture, keypoints)
        ImageDraw.Draw(picture).text((30, 14), style, "black", font_size=20)
        picture.save(args.out / f"{args.subject}-{style}.png")
        pictures.append(picture)
    columns = 4
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * SIDE // 2, rows * SIDE // 2), "white")
    for index, picture in enumerate(pictures):
        half = picture.resize((SIDE // 2, SIDE // 2), Image.Resampling.LANCZOS)
        sheet.paste(half, (index % columns * SIDE // 2, index // columns * SIDE // 2))
    sheet.save(args.out / f"{args.subject}-all.png")


if __name__ == "__main__":
    main()
