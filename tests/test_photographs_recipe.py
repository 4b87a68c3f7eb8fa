"""How the recipe folds classifiers, and how it keeps encoded views of pictures for training."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.tiny_representations import NETWORKS
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

sys.path.append(str(Path(__file__).parents[1] / "recipes" / "builtin"))

import bank
import encoder
import neighbours
import portable
from export import set_side
from kept_views import KeptSample, KeptViews, already_encoded
from losses import likeness, sample_map
from model import Model, averaged_model, tokenizer_of
from objective import WEIGHTS, Objective
from photographs import list_photographs, read_square
from progress import save

from homologue.diffusion.representation import FoldedBlock, RepresentationAutoencoder


def random_norm(width: int) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(width, eps=1e-3)
    for tensor in (norm.weight, norm.bias, norm.running_mean):
        nn.init.normal_(tensor)
    nn.init.uniform_(norm.running_var, 0.5, 2)
    return norm.eval()


@torch.no_grad()
@pytest.mark.parametrize("expansion", [1, 3])
def test_a_folded_block_equals_convolutions_and_batch_norms(expansion: int) -> None:
    torch.manual_seed(0)
    inner = 8 * expansion
    depthwise = nn.Conv2d(inner, inner, 5, stride=2, groups=inner, bias=False)
    depthwise.static_padding = nn.ZeroPad2d((1, 2, 1, 2))
    block = SimpleNamespace(
        _expand_conv=nn.Conv2d(8, inner, 1, bias=False), _bn0=random_norm(inner),
        _depthwise_conv=depthwise, _bn1=random_norm(inner),
        _project_conv=nn.Conv2d(inner, 6, 1, bias=False), _bn2=random_norm(6),
        _block_args=SimpleNamespace(expand_ratio=expansion, output_filters=6),
    )  # fmt: skip
    network = SimpleNamespace(_blocks=[block], _conv_stem=depthwise)
    described = encoder.described(network, [0])
    assert described["blocks"] == ((5, 2, expansion, 6, 1),)
    kernel, stride, _, out, before = described["blocks"][0]
    folded = FoldedBlock(8, out, expansion, (kernel, stride, before))
    encoder.fold_block(folded, block)
    images = torch.randn(2, 8, 12, 12)
    found = images
    if expansion != 1:
        found = nn.functional.relu6(block._bn0(block._expand_conv(found)))
    found = nn.functional.relu6(block._bn1(depthwise(depthwise.static_padding(found))))
    torch.testing.assert_close(folded(images), block._bn2(block._project_conv(found)))


@torch.no_grad()
def test_scaled_latents_have_unit_power_on_the_pictures_they_are_measured_on() -> None:
    torch.manual_seed(0)
    vae = RepresentationAutoencoder(NETWORKS, 6, (4,) * 5).eval()
    pictures = torch.rand(5, 3, 64, 64) * 2 - 1
    axes = encoder.measure(vae, pictures)
    latents = vae.encode(pictures).latents * vae.config.scaling_factor
    assert latents.square().mean() == pytest.approx(1, abs=1e-3)
    rows = latents.movedim(1, -1).flatten(0, -2)
    moments = rows.T @ rows / len(rows)
    off_diagonal = moments - moments.diagonal().diag()
    torch.testing.assert_close(off_diagonal, torch.zeros(6, 6), atol=1e-3, rtol=0)
    assert moments.diagonal().diff().max() < 0, "the largest component is first"
    torch.testing.assert_close(axes @ axes.T, torch.eye(len(axes)), atol=1e-4, rtol=0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for category, count in (("Motorbikes", 2), ("cougar_face", 3), ("ant", 1)):
        (tmp_path / category).mkdir()
        for number in range(count):
            image = Image.new("RGB", (30 + number, 20), (255, 40 * number, 0))
            image.save(tmp_path / category / f"image_{number}.png")
    return tmp_path


def test_photographs_of_a_folder_per_category(folder: Path) -> None:
    found = list_photographs(folder)
    assert [photograph.caption for photograph in found] == ["ant", *["cougar face"] * 3]
    assert [p.file.name for p in list_photographs(folder, 2)] == [
        "image_0.png", "image_0.png", "image_1.png",
    ]  # fmt: skip
    square = read_square(found[1].file, 16)
    assert square.shape == (3, 16, 16)
    torch.testing.assert_close(square[:, 0, 0], torch.tensor([1.0, -1, -1]))


def test_a_photograph_is_an_opaque_picture(folder: Path) -> None:
    picture = bank.photograph(list_photographs(folder)[1], 16)
    assert (picture.name, picture.style) == ("cougar-face", "photograph")
    assert bool((picture.pixels[..., 3] == 255).all())


@torch.no_grad()
def test_kept_views_of_a_picture() -> None:
    torch.manual_seed(0)
    vae = RepresentationAutoencoder(NETWORKS, 6, (4,) * 5, scaling_factor=3.0).eval()
    pixels = torch.randint(0, 256, (64, 64, 4), dtype=torch.uint8)
    axes = torch.linalg.qr(torch.randn(48, 5)).Q.T
    kept = bank.encode_picture(bank.Picture("fox", "noto", pixels), vae, axes)
    views = 1 + bank.POSED
    assert kept["latents"].shape == (views, 6, 4, 4)
    assert kept["alpha"].shape == (views, 1, bank.ALPHA_SIDE, bank.ALPHA_SIDE)
    assert kept["full"].shape == (5, 4, 4)
    torch.testing.assert_close(kept["maps"][0], torch.eye(2, 3))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A bank of 3 names of photographs and 4 of icons in two styles; features tell the names."""
    (tmp_path / "bank").mkdir()
    names = ["ant", "ant", "emu", "emu", "cup", "cup"] + ["fox", "cat", "bus", "key"] * 2
    styles = ["photograph"] * 6 + ["noto"] * 4 + ["twemoji"] * 4
    count = len(names)
    random = torch.Generator().manual_seed(0)
    of_name = {name: torch.randn(16, 16, 16, generator=random) for name in names}
    state = {
        "names": names,
        "styles": styles,
        "latents": torch.randn(count, 4, 3, 16, 16, generator=random).half(),
        "alpha": torch.full((count, 4, 1, 32, 32), 255, dtype=torch.uint8),
        "maps": torch.eye(2, 3).expand(count, 4, 2, 3).clone(),
        "full": torch.stack([of_name[name] for name in names]).half(),
    }
    torch.save(state, tmp_path / "bank" / "000.pt")
    return tmp_path


def test_a_batch_has_names_in_two_styles_and_two_views_of_each_picture(run: Path) -> None:
    views = KeptViews(run)
    torch.manual_seed(0)
    batch = views.batch(np.random.default_rng(0), 4)
    assert len(batch.sample.names) == 8
    assert batch.sample.names[:4] == batch.sample.names[4:]
    assert len(set(batch.sample.names)) == 4
    assert batch.a.images.shape == batch.b.images.shape == (8, 3, 16, 16)
    rows = batch.sample.rows  # type: ignore[attr-defined]
    assert [views.names[row] for row in rows] == batch.sample.names
    assert len(set(rows.tolist())) == 8


def test_features_of_kept_views_have_unit_length(run: Path) -> None:
    views = KeptViews(run)
    batch = views.batch(np.random.default_rng(1), 4)
    found = views.features(batch.sample, torch.rand(8, 5, 2) * 2 - 1)  # type: ignore[arg-type]
    torch.testing.assert_close(found.norm(dim=-1), torch.ones(8, 5))


def test_icons_are_aligned_and_photographs_are_not(run: Path) -> None:
    views = KeptViews(run)
    torch.manual_seed(0)
    for seed in range(6):
        sample = views.batch(np.random.default_rng(seed), 4).sample
        swap = torch.arange(8).roll(4).tolist()
        here, there, weights = views.points(sample, swap)  # type: ignore[arg-type]
        drawn = ~views.is_photograph[sample.rows]  # type: ignore[attr-defined]
        assert bool((weights[~drawn] == 0).all())
        # icons of one name have the same features here: each point is aligned with itself
        sure = drawn[:, None] & (weights > 0.5)
        assert bool(((here - there).norm(dim=-1)[sure] < 0.1).all())
        assert bool(sure.any()) == bool(drawn.any())


def keep_earlier_features(run: Path) -> None:
    (run / "earlier").mkdir()
    features = torch.randn(8, 5, 16, 16, generator=torch.Generator().manual_seed(1))
    torch.save({"features": features.half()}, run / "earlier" / "000.pt")


def test_features_in_an_earlier_model_are_of_icons_alone(run: Path) -> None:
    before = KeptViews(run)
    keep_earlier_features(run)
    views = KeptViews(run)
    rows = torch.tensor([0, 5, 6, 13])  # two photographs, the first and the last icon
    points = torch.rand(4, 3, 2) * 2 - 1
    sample = KeptSample(["ant", "cup", "fox", "key"], rows)
    found = views.features(sample, points)  # type: ignore[arg-type]
    assert found.shape == (4, 3, 16 + 5)
    torch.testing.assert_close(found[..., :16], before.features(sample, points))  # type: ignore[arg-type]
    lengths = found[..., 16:].norm(dim=-1)
    torch.testing.assert_close(lengths, torch.tensor([0.0, 0, 1, 1])[:, None].expand(4, 3))
    kept = torch.load(run / "earlier" / "000.pt")["features"].float()
    wanted = functional.normalize(sample_map(kept[[0, 7]], points[2:]), dim=-1)
    torch.testing.assert_close(found[2:, :, 16:], wanted)


def test_rounds_without_features_in_the_earlier_model_are_named(run: Path) -> None:
    (run / "earlier").mkdir()
    with pytest.raises(SystemExit, match=r"lacks 000\.pt: run earlier\.py"):
        KeptViews(run)


def test_two_points_are_compared_by_the_teachers_that_know_both() -> None:
    """Against the same loss with the similarity of a single teacher."""
    random = torch.Generator().manual_seed(0)
    a, b, first, second = functional.normalize(torch.randn(4, 3, 6, 8, generator=random), dim=-1)
    usable = torch.ones(3, dtype=torch.bool)
    alone = likeness(a, b, first, usable)
    torch.testing.assert_close(likeness(a, b, torch.cat([first, first], -1), usable), alone)
    unknown = torch.cat([first, torch.zeros_like(second)], -1)
    torch.testing.assert_close(likeness(a, b, unknown, usable), alone)
    # the second teacher knows the first picture alone, which is not compared with itself
    unknown[0, :, 8:] = second[0]
    torch.testing.assert_close(likeness(a, b, unknown, usable), alone)
    unknown[1, :, 8:] = second[1]
    assert (likeness(a, b, unknown, usable) - alone).abs().max() > 0.01


@pytest.mark.parametrize("with_earlier", [False, True])
def test_the_losses_of_a_batch_of_kept_views(run: Path, with_earlier: bool) -> None:
    if with_earlier:
        keep_earlier_features(run)
    views = KeptViews(run)
    torch.manual_seed(0)
    tokenizer = tokenizer_of(run, views.names)
    model = Model(tokenizer, (16, 32), views.channels)
    objective = Objective(model, already_encoded, tokenizer, views, views)  # type: ignore[arg-type]
    losses = objective.losses(views.batch(np.random.default_rng(0), 4))
    assert losses.keys() == WEIGHTS.keys()
    torch.stack(list(losses.values())).sum().backward()
    assert model.unet.conv_in.weight.shape[1] == 3
    assert all(bool(p.grad.isfinite().all()) for p in model.unet.parameters() if p.grad is not None)
    assert losses["cross_style"].item() > 0


def test_stored_weights_are_restored_in_parts(run: Path, tmp_path: Path) -> None:
    views = KeptViews(run)
    tokenizer = tokenizer_of(run, views.names)
    model = Model(tokenizer, (16, 32), views.channels)
    average = model.state_dict()
    save({"average": average, "step": 7, "minutes": 1.5}, run / "model.pt")
    portable.store(run, tmp_path / "stored")
    again = tmp_path / "again"
    again.mkdir()
    portable.restore(tmp_path / "stored", again)
    restored, step, minutes = averaged_model(again / "before.pt", tokenizer_of(again, []))
    assert (step, minutes) == (7, 1.5)
    for name, tensor in restored.state_dict().items():
        torch.testing.assert_close(tensor, average[name], atol=1e-3, rtol=1e-3)
    assert len(portable.parts_of(average, 100_000)) > 2


def test_nearest_neighbours_of_the_same_image_are_right() -> None:
    points = torch.tensor([[20.0, 30.0], [100.0, 90.0]], dtype=torch.float64)
    pair = SimpleNamespace(
        source=SimpleNamespace(key="a"), target=SimpleNamespace(key="b"),
        source_points=points, target_points=torch.cat([points[:1], points[1:] * torch.nan]),
        thresholds={"bbox-kp": 80.0},
    )  # fmt: skip
    latents: Tensor = torch.randn(8, 16, 16, generator=torch.Generator().manual_seed(0))
    benchmarked = neighbours.Benchmarked(
        {"same": [pair]},  # type: ignore[list-item]
        {"a": (120, 100), "b": (120, 100)},
        {"a": latents, "b": latents},
    )
    found = neighbours.scores(benchmarked, neighbours.latents_themselves)
    assert found == {"same@0.05": 100.0, "same@0.1": 100.0}


def test_a_model_is_exported_for_images_of_another_side(run: Path) -> None:
    model = Model(tokenizer_of(run, ["fox"]), (16, 32), 3)
    vae = RepresentationAutoencoder(NETWORKS, 3, (4,) * 5, sample_size=256)
    set_side(model, vae, 320)
    assert (vae.config.sample_size, model.unet.config.sample_size) == (320, 20)
    with pytest.raises(SystemExit, match="The side 300 is not a multiple of 32"):
        set_side(model, vae, 300)
