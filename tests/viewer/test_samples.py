"""The viewer's samples: photographs first, drawings second."""

import io

import pytest
from helpers.running import running
from PIL import Image

from homologue.diffusion.model import LatentDiffusion
from homologue.viewer.samples import (
    FIRST_PAIR,
    PHOTOGRAPHS,
    photograph_folder,
    read_sample,
    sample_names,
)


def test_the_photographs_come_first() -> None:
    names = list(sample_names())
    assert names[: len(PHOTOGRAPHS)] == list(PHOTOGRAPHS)
    assert names[len(PHOTOGRAPHS) :] == sorted(names[len(PHOTOGRAPHS) :])
    assert sample_names()["fox"][0] == "emojione"
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("subject", PHOTOGRAPHS)
def test_a_photograph_is_small(subject: str) -> None:
    data = read_sample(f"{subject}/photograph")
    assert data is not None
    assert len(data) < 70_000
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "JPEG"
        assert max(image.size) <= 512


@pytest.mark.parametrize("name", ["fox/photograph", "tabby/noto", "tabby", "tabby/photograph/x"])
def test_there_is_no_other_sample(name: str) -> None:
    assert read_sample(name) is None


def test_a_file_for_each_photograph() -> None:
    assert {path.stem for path in photograph_folder().glob("*.jpg")} == set(PHOTOGRAPHS)


def test_a_new_session_opens_with_two_photographs(builtin: LatentDiffusion) -> None:
    with running(lambda name: builtin, first_pair=FIRST_PAIR) as server:
        scene = server.state(server.session())["scene"]
        assert [scene[end]["name"] for end in ("source", "target")] == [
            "tabby, photograph", "kitten, photograph"
        ]  # fmt: skip
        assert (scene["source"]["width"], scene["source"]["height"]) == (451, 300)
        answer = server.client.get("/api/samples/tabby/photograph")
        assert answer.headers["content-type"] == "image/jpeg"
        assert server.client.get("/api/samples/fox/noto").headers["content-type"] == "image/png"
