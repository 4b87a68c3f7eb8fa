"""Fetch the emoji sets from npm and render them.

    python icons.py RUN        # RUN is a work folder outside the repository

writes `RUN/icons/SET.npy`, (icons, SIDE, SIDE, 4) uint8 straight-alpha RGBA, beside
`RUN/icons/SET.json` (names, licence, attribution); and for the sets that are trained on
`RUN/icons/SET-outlined.npy`, the same with a black line around every shape: an eye for outlines is
what the five styles alone would not teach.
"""

import argparse
import io
import json
import re
import subprocess
import tarfile
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIDE = 128  # pixels of a rendered icon, and of the images the model sees
TRAINING_SETS = {
    "noto": "1.2.9",
    "noto-v1": "1.2.5",
    "twemoji": "1.2.5",
    "fluent-emoji": "1.2.7",
    "fluent-emoji-flat": "1.2.6",
}
EVALUATION_SETS = {"openmoji": "1.2.29", "emojione": "1.2.3"}  # never trained on
OUTLINED = "-outlined"
LINE = 0.022  # width of its lines, as a share of the side
LEFT_OUT = re.compile(
    r"skin-tone|flag|keycap|clock|thirty|button|letter|digit|ideograph|squared-|circled-"
    r"|^regional-|^tag-|^[0-9a-z]$"
)


@dataclass(frozen=True)
class IconSet:
    """Rendered icons of one artist: `pixels` (icons, SIDE, SIDE, 4) uint8 RGBA."""

    name: str
    names: list[str]
    pixels: np.ndarray


def caption(name: str) -> str:
    """The words an icon is trained with.

    >>> caption("cat-face")
    'cat face'
    """
    return name.replace("-", " ")


def fetch(name: str, version: str, folder: Path) -> Path:
    """The npm tarball of an icon set, packed into `folder` unless it is there."""
    tarball = folder / f"iconify-json-{name}-{version}.tgz"
    if not tarball.exists():
        folder.mkdir(parents=True, exist_ok=True)
        package = f"@iconify-json/{name}@{version}"
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True)
    return tarball


def read_json(tarball: Path, member: str) -> dict[str, Any]:
    with tarfile.open(tarball) as archive:
        file = archive.extractfile(f"package/{member}")
        if file is None:
            raise FileNotFoundError(f"{member} is not in {tarball}")
        content: dict[str, Any] = json.load(file)
        return content


def svg(icon: dict[str, Any], defaults: dict[str, Any], side: int = SIDE) -> str:
    """A whole SVG document from an icon's body and its (or the set's) view box."""

    def number(key: str, fallback: float) -> float:
        return float(icon.get(key, defaults.get(key, fallback)))

    box = [number("left", 0), number("top", 0), number("width", 16), number("height", 16)]
    view_box = " ".join(map(str, box))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{side}" height="{side}" viewBox="{view_box}">{icon["body"]}</svg>'
    )


def render(document: str, side: int = SIDE) -> np.ndarray:
    """(side, side, 4) uint8 straight-alpha RGBA."""
    import resvg_py  # here alone: what reads rendered icons does not need it

    png = resvg_py.svg_to_bytes(
        svg_string=document, width=side, height=side, skip_system_fonts=True
    )
    with Image.open(io.BytesIO(bytes(png))) as image:
        return np.asarray(image.convert("RGBA"))


def outlined(document: str) -> str:
    """The SVG document with a black line around every shape, straight on its view box's scale."""
    width = LINE * float(re.search(r'viewBox="\S+ \S+ (\S+)', document)[1])  # type: ignore[index]
    shapes = "path,circle,ellipse,rect,polygon"
    style = f"stroke:#000;stroke-width:{width:.3f};stroke-linejoin:round;stroke-linecap:round"
    return document.replace(">", f"><style>{shapes}{{{style}}}</style>", 1)


def render_set(name: str, version: str, tarballs: Path, folder: Path, pool: Any) -> None:
    tarball = fetch(name, version, tarballs)
    content = read_json(tarball, "icons.json")
    info = read_json(tarball, "info.json")
    icons = {key: icon for key, icon in content["icons"].items() if not LEFT_OUT.search(key)}
    documents = [svg(icon, content) for icon in icons.values()]
    np.save(folder / f"{name}.npy", np.stack(pool.map(render, documents, chunksize=16)))
    if name in TRAINING_SETS:
        lines = pool.map(render, map(outlined, documents), chunksize=16)
        np.save(folder / f"{name}{OUTLINED}.npy", np.stack(lines))
    manifest = {
        "package": f"@iconify-json/{name}@{version}",
        "author": info["author"],
        "license": info["license"],
        "names": list(icons),
    }
    (folder / f"{name}.json").write_text(json.dumps(manifest, indent=1))
    print(f"{name}: {len(icons)} icons, {info['license']['spdx']}")


def load_set(run: Path, name: str, variant: str = "") -> IconSet:
    """A set as drawn, or OUTLINED."""
    names = json.loads((run / "icons" / f"{name}.json").read_text())["names"]
    return IconSet(name, names, np.load(run / "icons" / f"{name}{variant}.npy", mmap_mode="r"))


def shared_names(sets: list[IconSet], at_least: int) -> list[str]:
    """Names that at least that many of the sets draw, sorted."""
    counts: dict[str, int] = {}
    for icon_set in sets:
        for name in icon_set.names:
            counts[name] = counts.get(name, 0) + 1
    return sorted(name for name, count in counts.items() if count >= at_least)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="work folder outside the repository")
    parser.add_argument("--tarballs", type=Path, help="npm tarballs; default RUN/tarballs")
    args = parser.parse_args()
    folder = args.run / "icons"
    folder.mkdir(parents=True, exist_ok=True)
    with Pool() as pool:
        for name, version in {**TRAINING_SETS, **EVALUATION_SETS}.items():
            if not (folder / f"{name}.json").exists():
                render_set(name, version, args.tarballs or args.run / "tarballs", folder, pool)


if __name__ == "__main__":
    main()
