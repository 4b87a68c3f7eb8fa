"""The presets say what the tables of the paper and of the design say."""

from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.presets import DEFAULT, PAPER, PRESETS, get_preset, read_preset, with_settings


def test_the_paper_preset_fits_as_the_released_code_does() -> None:
    fit = asdict(PAPER.fit)
    # Only `cached` looks at these two.
    del fit["views"], fit["views_per_step"]
    sigma, crop = fit.pop("sigma"), fit.pop("crop")
    assert fit == {
        "strategy": "exact",
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
        "softmax_over": "tokens",
        "start": "random",
        "max_crop": 0.0,
        "max_rotation": 0.0,
        # The released command line has these two: --flip_prob 0, --upsample_res 512.
        "flip": 0.0,
        "upsample": 0,
        # No effect on `exact`.
        "context": "noise",
        "prompt": "",
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


def test_the_released_numbers_of_layers_are_as_the_table_in_the_docs_says(
    model: LatentDiffusion,
) -> None:
    parts = ("down[2:4]", "down[4:6]", "mid", "up[0:3]", "up[3:6]")
    released = [layer for part in parts for layer in model.layers(part)]
    # All but those of 64 x 64 places: the first two and the last three.
    assert released == [*model.layers("down,mid,up")[2:-3]]
    assert len(released) == 11
    assert tuple(released[5:9]) == model.layers(PAPER.fit.layers)


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
    assert changed == replace(PAPER, fit=replace(PAPER.fit, strategy="joint"))
    assert PAPER.fit.strategy == "exact"


def test_a_preset_of_ones_own_is_taken_as_it_is() -> None:
    own = replace(DEFAULT, name="own")
    assert get_preset(own) is own
    assert get_preset(own, "exact").name == "own"


def test_unknown_names_are_refused_in_a_sentence() -> None:
    with pytest.raises(HomologueError) as caught:
        get_preset("papr")
    assert str(caught.value) == "There is no preset 'papr': choose one of default, paper."
    with pytest.raises(HomologueError, match=r"^strategy must be one of exact, joint, cached"):
        get_preset("paper", "quick")  # type: ignore[arg-type]


def test_a_changed_preset_is_found_by_its_name() -> None:
    changed = with_settings(PAPER, ["fit.steps=7", "locate.crops=3", "fit.layers=up[1]"])
    assert changed.name == "paper+fit.layers=up[1]+fit.steps=7+locate.crops=3"
    assert get_preset(changed.name) == changed
    assert get_preset(changed.name, "joint").fit == replace(changed.fit, strategy="joint")
    with pytest.raises(HomologueError, match=r"^There is no setting 'fit.stepz'"):
        get_preset("paper+fit.stepz=7")
    with pytest.raises(HomologueError, match=r"^There is no preset 'papr'"):
        get_preset("papr+fit.steps=7")


@given(st.dictionaries(
    st.sampled_from(["fit.sigma", "fit.max_rotation", "fit.flip", "locate.window"]),
    st.floats(1e-30, 1),
))  # fmt: skip
def test_the_name_of_a_preset_names_it_whatever_was_changed(changes: dict[str, float]) -> None:
    changed = with_settings(DEFAULT, [f"{name}={value}" for name, value in changes.items()])
    assert get_preset(changed.name) == changed


def test_a_setting_that_changes_nothing_is_refused() -> None:
    for preset, text, reason in (
        (PAPER, "fit.views=3", "strategy is exact, not cached, and start is random, not queries"),
        (PAPER, "fit.views_per_step=1", "strategy is exact, not cached"),
        (with_settings(DEFAULT, ["locate.crops=1"]), "locate.crop=0.5", "crops is 1, and the"),
        (
            with_settings(DEFAULT, ["fit.views=1"]),
            "fit.max_rotation=3",
            "views is 1, and the first view",
        ),
    ):
        with pytest.raises(HomologueError, match="has no effect") as caught:
            with_settings(preset, [text])
        assert reason in str(caught.value)
    assert with_settings(PAPER, ["fit.views=3", "fit.strategy=cached"]).fit.views == 3


TOML = """base = "paper"
[fit]
steps = 50
sigma = 1
layers = "up[1]"
[locate]
follow = false
"""


def test_a_preset_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(TOML, encoding="utf-8")
    fit = replace(PAPER.fit, steps=50, sigma=1.0, layers="up[1]")
    assert read_preset(file).fit == fit
    assert read_preset(file).locate == replace(PAPER.locate, follow=False)
    assert get_preset(str(file)) == get_preset(file) == read_preset(file)
    assert get_preset(read_preset(file).name) == read_preset(file)
    assert get_preset(file, "joint").fit == replace(fit, strategy="joint")
    # As some editors of Windows write it.
    file.write_bytes(b"\xef\xbb\xbf" + TOML.replace("\n", "\r\n").encode())
    assert read_preset(file).fit == fit


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[fit]\nsteps = 3", 'base is missing: write base = "default" or base = "paper".'),
        ('base = "none"', "base is 'none': write base"),
        ("base = []", "base is []: write base"),
        ('base = "paper"\nsteps = 3', "'steps' is not base, [fit] or [locate] or [features]"),
        ('base = "paper"\nfit = 3', "fit must be a table: write [fit] above its keys."),
        ('base = "paper"\n[fit]\nstps = 3', "There is no setting 'fit.stps': did you mean"),
        ('base = "paper"\n[fit]\nsteps = "3"', "fit.steps must be a whole number, not '3'."),
        ('base = "paper"\n[fit]\nsteps = 3.0', "fit.steps must be a whole number, not 3.0."),
        ('base = "paper"\n[fit]\nsteps = true', "fit.steps must be a whole number, not True."),
        ('base = "paper"\n[fit]\nsigma = true', "fit.sigma must be a number, not True."),
        ('base = "paper"\n[fit]\nsigma = nan', "fit.sigma must be a finite number, not nan."),
        ('base = "paper"\n[fit]\nlayers = 4', "fit.layers must be a string, not 4."),
        ('base = "paper"\n[fit]\nheads = "no"', "fit.heads must be one of all, second-half, not"),
        ('base = "paper"\n[fit]\nheads = []', "fit.heads must be one of all, second-half, not"),
        ('base = "paper"\n[locate]\nfollow = 1', "locate.follow must be true or false, not 1."),
        ('base = "paper"\n[locate]\ncrops = 0', "locate.crops=0: crops must be at least 1, not 0."),
        ('base = "default"\n[fit]\nupsample = 64', "upsample is a setting of the objective mse"),
        ('base = "paper"\n[fit]\nviews = 2', "fit.views=2 has no effect"),
        ('base = "paper', "not a TOML file"),
        ('base = "paper"\nbase = "paper"', "not a TOML file"),
    ],
)
def test_a_file_that_is_no_preset_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(HomologueError) as caught:
        get_preset(file)
    assert str(caught.value).startswith(str(file))
    assert sentence in str(caught.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HomologueError, match=r"none\.toml does not exist"):
        get_preset(str(tmp_path / "none.toml"))
    with pytest.raises(HomologueError, match="is a folder"):
        get_preset(tmp_path)
    many = "9" * 5000
    (tmp_path / "digits.toml").write_text(f'base = "default"\n[fit]\nsteps = {many}')
    with pytest.raises(HomologueError, match=r"digits\.toml is not a TOML file"):
        get_preset(tmp_path / "digits.toml")
    for field in ("steps", "sigma"):
        (tmp_path / "huge.toml").write_text(f'base = "default"\n[fit]\n{field} = 1{"0" * 400}')
        with pytest.raises(HomologueError, match=rf"huge\.toml: fit\.{field} is too large"):
            get_preset(tmp_path / "huge.toml")
    (tmp_path / "bytes.toml").write_bytes(b'base = "\xff"')
    with pytest.raises(HomologueError, match=r"bytes\.toml is not a TOML file"):
        get_preset(tmp_path / "bytes.toml")


def test_the_example_is_a_preset() -> None:
    example = Path(__file__).parents[1] / "examples" / "preset.toml"
    preset = read_preset(example)
    assert preset.name.startswith("paper+")
    assert (preset.fit.flip, preset.fit.upsample, preset.locate.crops) == (0.25, 256, 8)
