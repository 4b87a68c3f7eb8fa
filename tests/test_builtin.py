"""The model that comes with the package, loaded by the same code as any other."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import homologue
from homologue.config import Strategy
from homologue.datasets.emoji.drawings import drawings
from homologue.images import read_image

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "examples" / "images"
FOLDER = Path(homologue.__file__).parent / "diffusion" / "builtin"


@pytest.fixture(scope="module")
def builtin() -> homologue.LatentDiffusion:
    return homologue.load("builtin", device="cpu")


def annotated(subject: str, style: str) -> torch.Tensor:
    return drawings()[subject, style].keypoints


def test_it_is_a_diffusers_folder_of_at_most_25_mb() -> None:
    index = json.loads((FOLDER / "model_index.json").read_text())
    assert index["_class_name"] == "StableDiffusionPipeline"
    for part in ("unet", "vae", "scheduler", "text_encoder", "tokenizer"):
        assert (FOLDER / part).is_dir()
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) <= 25e6


@pytest.mark.parametrize("optimise", ["cached", "joint"])
def test_the_foxs_parts_are_found_in_another_artists_fox(
    builtin: homologue.LatentDiffusion, optimise: Strategy
) -> None:
    points, truth = annotated("fox", "noto"), annotated("fox", "twemoji")
    found = homologue.match(
        builtin, IMAGES / "fox-noto.png", IMAGES / "fox-twemoji.png", points, strategy=optimise
    ).located
    errors = (found.points - truth).norm(dim=-1)
    box = (truth.amax(dim=0) - truth.amin(dim=0)).max()
    assert int((errors <= 0.1 * box).sum()) >= 6, errors.tolist()


@pytest.fixture
def turned() -> tuple[Path, torch.Tensor]:
    """The twemoji fox, 0.8 times as large and turned by 20 degrees against the clock."""
    centre = torch.tensor([128.0, 128.0], dtype=torch.float64)
    angle = torch.tensor(20.0, dtype=torch.float64).deg2rad()
    turn = torch.stack([
        torch.stack([angle.cos(), angle.sin()]), torch.stack([-angle.sin(), angle.cos()])
    ])  # fmt: skip
    truth = (annotated("fox", "twemoji") - centre) * 0.8 @ turn.T + centre
    return IMAGES / "fox-twemoji-turned.png", truth


def test_a_turned_fox_is_matched(
    builtin: homologue.LatentDiffusion, turned: tuple[Path, torch.Tensor]
) -> None:
    path, truth = turned
    points = annotated("fox", "noto")
    found = homologue.match(builtin, IMAGES / "fox-noto.png", path, points).located
    errors = (found.points - truth).norm(dim=-1)
    box = (truth.amax(dim=0) - truth.amin(dim=0)).max()
    assert int((errors <= 0.1 * box).sum()) >= 6, errors.tolist()


def test_a_point_is_found_in_its_own_image(builtin: homologue.LatentDiffusion) -> None:
    image = read_image(IMAGES / "fox-noto.png")
    points = annotated("fox", "noto")
    found = homologue.match(builtin, image, image, points).located
    assert float((found.points - points).norm(dim=-1).max()) < 16
    assert float(found.scores.min()) > 0.3


def test_points_do_not_depend_on_what_else_is_asked(builtin: homologue.LatentDiffusion) -> None:
    source, target = IMAGES / "fox-noto.png", IMAGES / "fox-twemoji.png"
    points = annotated("fox", "noto")
    together = homologue.match(builtin, source, target, points).located.points
    for index in (0, 5):
        alone = homologue.match(builtin, source, target, points[[index]]).located.points
        assert torch.equal(alone[0], together[index])


def test_diffusers_loads_it_as_a_text_to_image_pipeline() -> None:
    """It runs with its own tokenizer and text encoder; what it draws is another matter."""
    pytest.importorskip("transformers")
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(FOLDER, safety_checker=None)
    pipeline.set_progress_bar_config(disable=True)
    first, again, other = (
        pipeline(
            "cat face",
            generator=torch.Generator().manual_seed(seed),
            num_inference_steps=4,
            output_type="np",
        ).images[0]
        for seed in (0, 0, 1)
    )
    assert first.shape == (320, 320, 3)
    assert (first == again).all()
    assert abs(first - other).mean() > 0.02


def run_example(name: str, folder: Path) -> str:
    """What it prints, run in a folder of its own."""
    run = subprocess.run(
        [sys.executable, str(ROOT / "examples" / name)],
        cwd=folder, env=os.environ | {"HF_HUB_OFFLINE": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", ["01_match.py", "02_fit_once_locate_often.py"])
def test_the_examples_run(name: str, tmp_path: Path) -> None:
    assert "score" in run_example(name, tmp_path)
    assert list(tmp_path.iterdir())


@pytest.mark.slow
def test_points_that_are_asked_for_one_by_one_are_those_of_one_match(tmp_path: Path) -> None:
    printed = run_example("05_encode_once_query_often.py", tmp_path)
    found = re.findall(r"\(([\d.]+), ([\d.]+)\), score ([\d.]+)", printed)
    points = [[216, 197], [299, 193], [261, 247]]
    source, target = IMAGES / "kitten.jpg", IMAGES / "raccoon.jpg"
    wanted = homologue.match(homologue.load("builtin"), source, target, points)
    expected = torch.cat([wanted.points, wanted.scores[:, None]], dim=1).tolist()
    assert [[float(part) for part in row] for row in found] == [
        [pytest.approx(x, abs=0.06), pytest.approx(y, abs=0.06), pytest.approx(score, abs=0.006)]
        for x, y, score in expected
    ]


@pytest.mark.slow
def test_the_pairs_of_the_pictures_are_right(tmp_path: Path) -> None:
    printed = run_example("03_pairs.py", tmp_path)
    rows = [(int(right), int(total)) for right, total in re.findall(r": (\d+) of (\d+)\n", printed)]
    samples, drawings = rows[:7], rows[7:]
    assert len(drawings) == 5
    for pairs, share in ((samples, 0.5), (drawings, 0.9)):
        assert sum(right for right, _ in pairs) >= share * sum(total for _, total in pairs)


@pytest.mark.slow
def test_the_example_of_an_evaluation_resumes(tmp_path: Path) -> None:
    first, again = (run_example("04_evaluate.py", tmp_path) for _ in range(2))
    assert first == again
    attention, centre = (
        float(one) for one in re.findall(r"^\w+: PCK@0.1 ([\d.]+)%", first, re.MULTILINE)
    )
    assert attention > 40 > centre


def test_every_example_is_run() -> None:
    names = [path.name for path in sorted((ROOT / "examples").glob("*.py"))]
    assert names == [
        "01_match.py",
        "02_fit_once_locate_often.py",
        "03_pairs.py",
        "04_evaluate.py",
        "05_encode_once_query_often.py",
    ]
