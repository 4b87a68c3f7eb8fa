"""The values that a backbone was trained on."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from homologue.errors import HomologueError
from homologue.vision.preprocessing import FILES, Preprocessing, read_preprocessing

STORED = {"rescale_factor": 1 / 255, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.5, 0.2, 0.1]}


def read(folder: Path, stored: Any, file: str = FILES[0]) -> Preprocessing:
    (folder / file).write_text(json.dumps(stored))
    return read_preprocessing(folder, "owner/name")


def test_pixels_are_scaled_and_normalised(tmp_path: Path) -> None:
    found = read(tmp_path, STORED)
    assert found == Preprocessing(1.0, (0.5, 0.4, 0.3), (0.5, 0.2, 0.1))
    values = found(torch.ones(3, 2, 2))
    torch.testing.assert_close(values[:, 0, 0], torch.tensor([1.0, 3, 7]))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"rescale_factor": 1 / 127.5}, 2.0),
        ({"do_rescale": False}, 255.0),
        ({"rescale_factor": 0.5, "do_rescale": False}, 255.0),
    ],
)
def test_scales(tmp_path: Path, change: dict[str, Any], expected: float) -> None:
    assert read(tmp_path, STORED | change).scale == pytest.approx(expected)


def test_without_normalisation(tmp_path: Path) -> None:
    found = read(tmp_path, STORED | {"do_normalize": False})
    pixels = torch.rand(3, 4, 4)
    torch.testing.assert_close(found(pixels), pixels)


def test_the_file_of_a_processor_of_images_and_text(tmp_path: Path) -> None:
    stored = {"image_processor": STORED, "processor_class": "SiglipProcessor"}
    assert read(tmp_path, stored, FILES[1]).mean == (0.5, 0.4, 0.3)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"image_mean": None}, "NoneType"),
        ({"image_mean": [1, 2]}, "not enough values"),
        ({"image_std": ["a", 1, 1]}, "could not convert"),
        ({"image_std": [0.5, 0, 0.5]}, "image_std must be above 0"),
    ],
)
def test_invalid_values(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    sentence = rf"preprocessor_config\.json has invalid values \(.*{reason}.*\): download"
    with pytest.raises(HomologueError, match=sentence):
        read(tmp_path, STORED | change)


def test_missing_values_and_files(tmp_path: Path) -> None:
    with pytest.raises(HomologueError, match=r"owner/name lacks preprocessor_config\.json"):
        read_preprocessing(tmp_path, "owner/name")
    with pytest.raises(HomologueError, match=r"image_mean is missing"):
        read(tmp_path, {"image_std": [1, 1, 1]})
    (tmp_path / FILES[0]).write_text("{")
    with pytest.raises(HomologueError, match="is not valid JSON"):
        read_preprocessing(tmp_path, "owner/name")
