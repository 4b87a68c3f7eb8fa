"""The presets say what the tables of the paper and of the design say."""

from dataclasses import asdict, replace

import pytest

from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.presets import DEFAULT, PAPER, PRESETS, get_preset


def test_the_paper_preset_fits_as_the_released_code_does() -> None:
    fit = asdict(PAPER.fit)
    # Only `cached` looks at these two.
    del fit["views"], fit["views_per_step"]
    sigma, crop = fit.pop("sigma"), fit.pop("crop")
    assert fit == {
        "optimise": "exact",
        "layers": "up-modules[:4]",
        "heads": "second-half",
        "timestep": 140,
        "noise": "uniform",
        "objective": "mse",
        "pixel_centre": 0.0,
        "steps": 129,
        "learning_rate": 0.0023755632081200314,
        "embeddings": 5,
        "tokens": 77,
        "over": "tokens",
        "start": "random",
        "largest_crop": 0.0,
        "turn": 0.0,
    }
    assert sigma * 512 == 27.97853316316864
    assert crop * 100 == pytest.approx(93.16549294381423, rel=1e-15)
    assert int(512 * crop) == 477


def test_the_paper_preset_reads_as_the_released_code_does() -> None:
    read = asdict(PAPER.locate)
    crop = read.pop("crop")
    assert read == {
        "timestep": 40,
        "noise": "uniform",
        "crops": 20,
        "follow": True,
        "read_out": "softmax",
        "window": 0,
    }
    assert int(512 * crop) == 477


def test_the_paper_layers_are_those_of_the_released_code(model: LatentDiffusion) -> None:
    assert model.layers(PAPER.fit.layers) == tuple(
        f"up_blocks.{place}.transformer_blocks.0.attn2"
        for place in ("1.attentions.0", "1.attentions.1", "1.attentions.2", "2.attentions.0")
    )


def test_the_time_steps_are_those_of_50_ddim_steps() -> None:
    # `timesteps[-8]` and `timesteps[-3]` of 0, 20, ..., 980 counted down, steps_offset 0.
    timesteps = list(range(0, 1000, 20))[::-1]
    assert timesteps[-8] == PAPER.fit.timestep
    assert timesteps[-3] == PAPER.locate.timestep


def test_every_preset_is_found_by_its_own_name() -> None:
    assert set(PRESETS) == {"default", "paper"}
    for name, preset in PRESETS.items():
        assert preset.name == name
        assert get_preset(name) is preset


def test_default_fits_and_reads_at_one_time_step() -> None:
    assert DEFAULT.fit.timestep == DEFAULT.locate.timestep
    assert DEFAULT.fit.noise == DEFAULT.locate.noise == "gaussian"
    assert DEFAULT.fit.heads == "all"
    assert DEFAULT.fit.pixel_centre == 0.5


def test_optimise_replaces_only_the_way() -> None:
    changed = get_preset("paper", "joint")
    assert changed == replace(PAPER, fit=replace(PAPER.fit, optimise="joint"))
    assert PAPER.fit.optimise == "exact"


def test_a_preset_of_ones_own_is_taken_as_it_is() -> None:
    own = replace(DEFAULT, name="own")
    assert get_preset(own) is own
    assert get_preset(own, "exact").name == "own"


def test_unknown_names_are_refused_in_a_sentence() -> None:
    with pytest.raises(HomologueError) as caught:
        get_preset("papr")
    assert str(caught.value) == "There is no preset 'papr': choose one of default, paper."
    with pytest.raises(HomologueError, match=r"^optimise must be one of exact, joint, cached"):
        get_preset("paper", "quick")  # type: ignore[arg-type]
