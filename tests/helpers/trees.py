"""Small data sets in their true formats, with pictures that are drawn here."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Points = Sequence[tuple[float, float]]


def picture(path: Path, width: int, height: int, turned: bool = False) -> Path:
    """A picture that is `width` x `height` once its EXIF says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = (height, width) if turned else (width, height)
    image = Image.new("RGB", stored, (width % 256, height % 256, 90))
    exif = Image.Exif()
    if turned:
        exif[0x0112] = 6
    image.save(path, exif=exif)
    return path


def text(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def spair(folder: Path, colon: str = ":") -> Path:
    """Two test pairs of one source, as in the data set: one annotation is the published example."""
    pairs: list[dict[str, Any]] = [
        {
            "pair_id": 1, "filename": "000001-2008_002719-2008_004100:aeroplane",
            "src_imname": "2008_002719.jpg", "trg_imname": "2008_004100.jpg",
            "src_imsize": [500, 333, 3], "trg_imsize": [500, 332, 3],
            "src_bndbox": [210, 34, 475, 250], "trg_bndbox": [36, 92, 500, 200],
            "category": "aeroplane", "src_pose": "Left", "trg_pose": "Left",
            "src_kps": [[212, 153], [300, 130], [330, 127]],
            "trg_kps": [[39, 145], [364, 171], [416, 173]], "kps_ids": ["0", "7", "11"],
            "mirror": 0, "viewpoint_variation": 0, "scale_variation": 0, "truncation": 2,
            "occlusion": 2,
        },
        {
            "pair_id": 2, "filename": "000002-2008_002719-2008_004630:aeroplane",
            "src_imname": "2008_002719.jpg", "trg_imname": "2008_004630.jpg",
            "src_imsize": [500, 333, 3], "trg_imsize": [300, 400, 3],
            "src_bndbox": [210, 34, 475, 250], "trg_bndbox": [10, 20, 110, 320],
            "category": "aeroplane", "src_pose": "Left", "trg_pose": "Right",
            "src_kps": [[212, 153], [400, 140]], "trg_kps": [[20, 30], [90, 250]],
            "kps_ids": ["0", "3"], "mirror": 1, "viewpoint_variation": 2, "scale_variation": 1,
            "truncation": 0, "occlusion": 3,
        },
    ]  # fmt: skip
    names = [pair["filename"] for pair in pairs]
    text(folder / "Layout/large/test.txt", "\n".join(names) + "\n")
    for pair in pairs:
        name = pair["filename"].replace(":", colon)
        text(folder / f"PairAnnotation/test/{name}.json", json.dumps(pair))
        for end in ("src", "trg"):
            width, height, _ = pair[f"{end}_imsize"]
            picture(folder / "JPEGImages/aeroplane" / pair[f"{end}_imname"], width, height)
    keypoints = {"0": [212, 153], "3": [400, 140], "5": None, "7": [300, 130], "11": [330, 127]}
    annotation = {
        "filename": "2008_002719.jpg", "image_width": 500, "image_height": 333,
        "category": "aeroplane", "bndbox": [210, 34, 475, 250], "kps": keypoints,
    }  # fmt: skip
    text(folder / "ImageAnnotation/aeroplane/2008_002719.json", json.dumps(annotation))
    return folder


WILLOW = {
    "car(G)/Cars_006a": (300, 200),
    "car(G)/Cars_007a": (300, 225),
    "car(G)/Cars_008b": (150, 300),
    "duck(S)/060_0004": (120, 90),
    "duck(S)/060_0006": (90, 120),
}
"""Sizes of five of the hundred pictures."""


def willow_points(name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """(10, 2), within the picture; exact in binary, so that text gives them back."""
    width, height = WILLOW[name]
    steps = np.arange(10, dtype=np.float64)
    x = width * (steps + 1 + list(WILLOW).index(name) / 4) / 16
    y = height * ((3 * steps) % 10 + 2) / 16
    return np.stack([x, y], axis=1)


def willow(folder: Path) -> Path:
    """Five pictures of two sub-classes with their points, so 3 * 2 + 2 * 1 pairs."""
    from scipy.io import savemat

    for name, (width, height) in WILLOW.items():
        picture(folder / f"{name}.png", width, height)
        savemat(folder / f"{name}.mat", {"pts_coord": willow_points(name).T})
    return folder


def willow_list(file: Path, pairs: Sequence[tuple[str, str]]) -> Path:
    """The official list, of the pairs that are given."""
    axes = [f"{axis}{end}{n}" for end in "AB" for axis in "XY" for n in range(1, 11)]
    lines = [",".join(["imageA", "imageB", *axes])]
    for source, target in pairs:
        numbers = [*willow_points(source).T.flatten(), *willow_points(target).T.flatten()]
        names = [f"PF-dataset/{name}.png" for name in (source, target)]
        lines.append(",".join([*names, *map(repr, map(float, numbers))]))
    return text(file, "\n".join(lines) + "\n")


PASCAL_HEADER = "source_image,target_image,class,XA,YA,XB,YB"
PASCAL_ROWS = (
    "PF-dataset-PASCAL/JPEGImages/2011_001407.jpg,PF-dataset-PASCAL/JPEGImages/2010_004184.jpg,1,"
    "253.631662222222;234.369475555556;288.39216,58.1813333333333;89.168;61.28,"
    "272.801888;263.5592;285.3264,65.2755428571429;99.8622857142857;62.3262857142857",
    "PF-dataset-PASCAL/JPEGImages/2011_001407.jpg,PF-dataset-PASCAL/JPEGImages/2009_002432.jpg,8,"
    "234.369475555556;20.5,89.168;30.25,10;70,20;35",
)
"""In the format of the official list, the first with points of its first row."""
PASCAL = {"2011_001407": (500, 333), "2010_004184": (400, 300), "2009_002432": (200, 500)}


def pascal(folder: Path, name: str = "test_pairs_pf_pascal.csv") -> Path:
    """Two pairs of one source."""
    text(folder / name, "\n".join([PASCAL_HEADER, *PASCAL_ROWS]) + "\n")
    for stem, (width, height) in PASCAL.items():
        picture(folder / f"JPEGImages/{stem}.jpg", width, height)
    return folder


CUB_PARTS = ("back", "beak", "belly", "left eye")
Bird = tuple[int, bool, tuple[int, int], tuple[float, ...], Mapping[int, tuple[float, float]]]
"""Class, whether it is for training, size, bounding box (x, y, width, height), visible parts."""
CUB: tuple[Bird, ...] = (
    (1, False, (500, 335), (60.0, 27.0, 325.0, 304.0), {2: (312, 182), 3: (100, 221)}),
    (1, True, (300, 200), (1.0, 1.0, 50.0, 60.0), {2: (10, 10), 3: (20, 20)}),
    (1, False, (200, 400), (14.0, 112.0, 88.0, 186.0), {1: (27, 213), 2: (76, 160), 3: (9, 9)}),
    (1, False, (240, 240), (5.0, 5.0, 100.0, 90.0), {3: (50.5, 60), 4: (55, 65)}),
    (2, False, (200, 300), (20.0, 30.0, 100.0, 200.0), {1: (40, 50)}),
    (2, False, (200, 300), (20.0, 30.0, 110.0, 100.0), {1: (45, 55), 2: (60, 70)}),
    (2, False, (200, 300), (20.0, 30.0, 110.0, 100.0), {4: (60, 70)}),
    (4, False, (100, 100), (1.0, 1.0, 90.0, 80.0), {1: (40, 50), 2: (50, 50)}),
    (4, False, (100, 100), (1.0, 1.0, 90.0, 80.0), {1: (40, 50), 2: (50, 50)}),
)


def cub(folder: Path, birds: Sequence[Bird] = CUB) -> Path:
    """The tables of the birds, and their pictures."""
    tables: dict[str, list[str]] = {
        name: []
        for name in ("images", "image_class_labels", "train_test_split", "bounding_boxes",
                     "parts/part_locs")
    }  # fmt: skip
    for number, (label, training, size, box, parts) in enumerate(birds, start=1):
        name = f"{label:03}.Bird_{label}/Bird_{label}_{number:04}.jpg"
        picture(folder / "images" / name, *size)
        tables["images"].append(f"{number} {name}")
        tables["image_class_labels"].append(f"{number} {label}")
        tables["train_test_split"].append(f"{number} {int(training)}")
        tables["bounding_boxes"].append(f"{number} {' '.join(map(str, box))}")
        for part in range(1, len(CUB_PARTS) + 1):
            x, y = parts.get(part, (0.0, 0.0))
            tables["parts/part_locs"].append(
                f"{number} {part} {float(x)} {float(y)} {int(part in parts)}"
            )
    for name, lines in tables.items():
        text(folder / f"{name}.txt", "\n".join(lines) + "\n")
    parts_list = "".join(f"{n} {name}\n" for n, name in enumerate(CUB_PARTS, start=1))
    text(folder / "parts/parts.txt", parts_list)
    return folder
