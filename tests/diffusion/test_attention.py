"""Layers have one order, and reading them changes nothing."""

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention, AttnProcessor
from helpers.tiny_models import BUILDERS
from torch import Tensor

from homologue.diffusion.attention import ReadMaps, ReadQueries, processors, project, token_scores
from homologue.diffusion.layers import cross_attention_layers, select_layers
from homologue.diffusion.loading.load import load
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.presets import DEFAULT

FAMILIES = ("sd1", "sd2", "sdxl")


def sd1_layers() -> list[str]:
    places = [f"down_blocks.{b}.attentions.{a}" for b in range(3) for a in range(2)]
    places += ["mid_block.attentions.0"]
    places += [f"up_blocks.{b}.attentions.{a}" for b in range(1, 4) for a in range(3)]
    return [f"{place}.transformer_blocks.0.attn2" for place in places]


@pytest.fixture(scope="module")
def plain(tiny: dict[str, LatentDiffusion]) -> Iterator[dict[str, UNet2DConditionModel]]:
    """Copies whose every processor is the one that computes scores explicitly."""
    unets = {family: copy.deepcopy(model.unet) for family, model in tiny.items()}
    for unet in unets.values():
        unet.set_attn_processor(AttnProcessor())
    yield unets


def inputs(unet: UNet2DConditionModel, batch: int = 2, tokens: int = 9) -> dict[str, Tensor]:
    """Arguments of the whole forward pass."""
    stream = torch.Generator().manual_seed(0)
    side = unet.config.sample_size
    arguments = {
        "sample": torch.randn(batch, 4, side, side, generator=stream),
        "timestep": torch.tensor(140),
        "encoder_hidden_states": torch.randn(
            batch, tokens, unet.config.cross_attention_dim, generator=stream
        ),
    }
    if unet.config.addition_embed_type == "text_time":
        text = unet.config.projection_class_embeddings_input_dim - 48
        arguments["added_cond_kwargs"] = {  # type: ignore[assignment]
            "text_embeds": torch.randn(batch, text, generator=stream),
            "time_ids": torch.rand(batch, 6, generator=stream) * 64,
        }
    return arguments


class Recorder:
    """Stores what diffusers' own `get_attention_scores` computes, then goes on as usual."""

    def __init__(self, path: str, store: dict[str, Tensor], before: AttnProcessor) -> None:
        self.path, self.store, self.before = path, store, before

    def __call__(
        self, attn: Attention, hidden_states: Tensor, encoder_hidden_states: Tensor,
        attention_mask: Tensor | None = None, temb: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        query = attn.head_to_batch_dim(attn.to_q(hidden_states))
        key = attn.head_to_batch_dim(attn.to_k(encoder_hidden_states))
        self.store[self.path] = attn.get_attention_scores(query, key)
        return self.before(attn, hidden_states, encoder_hidden_states, attention_mask, temb)


def test_layers_go_down_mid_up(tiny: dict[str, LatentDiffusion]) -> None:
    assert cross_attention_layers(tiny["sd1"].unet) == sd1_layers()
    assert cross_attention_layers(tiny["sd2"].unet) == sd1_layers()


def test_sdxl_has_seventy_layers_in_order(tiny: dict[str, LatentDiffusion]) -> None:
    layers = cross_attention_layers(tiny["sdxl"].unet)
    assert len(layers) == 70
    assert len(select_layers(tiny["sdxl"].unet, "down")) == 24
    assert select_layers(tiny["sdxl"].unet, "mid") == tuple(layers[24:34])
    assert layers[24] == "mid_block.attentions.0.transformer_blocks.0.attn2"
    # Ten transformer blocks an attention: the tenth comes after the second.
    assert [layer.split(".")[4] for layer in layers[24:34]] == [str(i) for i in range(10)]


@pytest.mark.parametrize("family", FAMILIES)
def test_layers_are_called_in_the_order_of_the_list(
    plain: dict[str, UNet2DConditionModel], family: str
) -> None:
    unet, store = plain[family], {}
    layers = cross_attention_layers(unet)
    with torch.no_grad(), processors(unet, {p: ReadQueries(p, store) for p in layers}):
        unet(**inputs(unet))
    assert list(store) == layers


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("down", slice(0, 6)),
        ("mid", slice(6, 7)),
        ("up", slice(7, 16)),
        ("up[:4]", slice(7, 11)),
        ("up-modules[:4]", slice(7, 11)),
        ("down-modules", slice(0, 6)),
        ("mid-modules,up-modules[-2:-1]", [6, 14]),
        ("up[2:4]", slice(9, 11)),
        ("up[-2:]", slice(14, 16)),
        ("down[:-4]", slice(0, 2)),
        ("up[:]", slice(7, 16)),
        ("up[7:99]", slice(14, 16)),
        ("mid,down", slice(0, 7)),
        (" up[:2] , up[1:3],mid ", slice(6, 10)),
        ("up_blocks.1.attentions.0.transformer_blocks.0.attn2", slice(7, 8)),
        ("up_blocks.1.attentions.0.transformer_blocks.0.attn2,mid", slice(6, 8)),
    ],
)
def test_selections(model: LatentDiffusion, selection: str, expected: slice | list[int]) -> None:
    layers = sd1_layers()
    indices = range(len(layers))[expected] if isinstance(expected, slice) else expected
    wanted = tuple(layers[index] for index in indices)
    assert select_layers(model.unet, selection) == model.layers(selection) == wanted


XL_MODULES = ("0.attentions.0", "0.attentions.1", "0.attentions.2", "1.attentions.0")
FOUR_MODULES = {
    "sdxl": XL_MODULES,
    "sdxl-turbo": XL_MODULES,
    "ssd1b": XL_MODULES,
    "vega": XL_MODULES,
    "sd-turbo": ("1.attentions.0", "1.attentions.1", "1.attentions.2", "2.attentions.0"),
    "smallsd": ("1.attentions.0", "1.attentions.1", "2.attentions.0", "2.attentions.1"),
    "tinysd": ("0.attentions.0", "0.attentions.1", "1.attentions.0", "1.attentions.1"),
}


@pytest.mark.parametrize("topology", FOUR_MODULES)
def test_modules_span_two_sizes_in_every_topology(topology: str, tmp_path: Path) -> None:
    """One map of each of four modules: those of one level, then the first of the next."""
    model = load(BUILDERS[topology](tmp_path, sample_size=16), device="cpu")
    layers = model.layers(DEFAULT.fit.layers)
    assert layers == tuple(
        f"up_blocks.{module}.transformer_blocks.0.attn2" for module in FOUR_MODULES[topology]
    )
    context = torch.zeros(1, 6, model.context_width)
    maps = model.attention(torch.zeros(1, 4, 16, 16), 40, context, layers, [1])
    sides = [maps[layer].shape[-2] for layer in layers]
    assert sides == sorted(sides) and len(set(sides)) == 2 and sides[-1] == 2 * sides[0]


def test_a_slice_of_layers_stays_in_one_module_of_sdxl(tiny: dict[str, LatentDiffusion]) -> None:
    layers = tiny["sdxl"].layers("up[:4]")
    assert {layer.partition(".transformer_blocks")[0] for layer in layers} == {
        "up_blocks.0.attentions.0"
    }


@pytest.mark.parametrize("selection", ["up-module", "modules", "up-modules[9:]", "UP-modules"])
def test_modules_that_are_not_there(model: LatentDiffusion, selection: str) -> None:
    with pytest.raises(HomologueError, match="up-modules") as caught:
        model.layers(selection)
    assert repr(selection) in str(caught.value)


@pytest.mark.parametrize(
    "selection", ["", "side", "up[4]", "up[9:]", "up[3:1]", "up,", "up[:4", "up_blocks.1", "UP"]
)
def test_a_selection_of_nothing_is_refused(model: LatentDiffusion, selection: str) -> None:
    with pytest.raises(HomologueError) as caught:
        select_layers(model.unet, selection)
    item = "" if selection == "up," else selection
    assert str(caught.value).startswith(
        f"Layer selection {item!r} names no cross-attention layer of this model: use down, mid, "
        "up, a slice such as up[:4], or one of down_blocks.0.attentions.0."
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_probabilities_are_those_of_diffusers(
    plain: dict[str, UNet2DConditionModel], family: str
) -> None:
    unet = plain[family]
    layers = cross_attention_layers(unet)
    theirs: dict[str, Tensor] = {}
    ours: dict[str, Tensor] = {}
    recorders = {p: Recorder(p, theirs, AttnProcessor()) for p in layers}
    with torch.no_grad(), processors(unet, recorders):
        unet(**inputs(unet))
    readers = {p: ReadMaps(p, ours, [1, 5, 0]) for p in layers}
    with torch.no_grad(), processors(unet, readers):
        unet(**inputs(unet))
    for path in layers:
        attn = unet.get_submodule(path)
        batch, heads, height, width, tokens = ours[path].shape
        assert (batch, heads, height, tokens) == (2, attn.heads, width, 3)
        expected = theirs[path].unflatten(0, (2, attn.heads))[..., [1, 5, 0]]
        torch.testing.assert_close(ours[path].flatten(2, 3), expected, atol=1e-6, rtol=1e-5)


def test_probabilities_of_all_tokens_sum_to_one(plain: dict[str, UNet2DConditionModel]) -> None:
    unet, store = plain["sd1"], {}
    path = sd1_layers()[8]
    with torch.no_grad(), processors(unet, {path: ReadMaps(path, store, range(9))}):
        unet(**inputs(unet))
    assert store[path].shape == (2, 8, 2, 2, 9)
    torch.testing.assert_close(store[path].sum(-1), torch.ones(2, 8, 2, 2))


def test_places_are_stored_row_by_row(model: LatentDiffusion) -> None:
    attn = model.attention_layer(sd1_layers()[10])
    states = torch.randn(1, 16, attn.to_q.in_features, generator=torch.Generator().manual_seed(1))
    context = torch.randn(1, 3, 768, generator=torch.Generator().manual_seed(2))
    store: dict[str, Tensor] = {}
    ReadMaps("here", store, [2])(attn, states, context)
    moved = states.clone()
    moved[0, 6] += 1  # row 1, column 2 of 4 x 4
    changed: dict[str, Tensor] = {}
    ReadMaps("here", changed, [2])(attn, moved, context)
    differs = (changed["here"] != store["here"]).any(dim=1)[0, ..., 0]
    assert differs.nonzero().tolist() == [[1, 2]]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("reader", ["probabilities", "queries"])
def test_the_output_of_the_unet_is_unchanged(
    plain: dict[str, UNet2DConditionModel], family: str, reader: str
) -> None:
    unet = plain[family]
    arguments = inputs(unet)
    store: dict[str, Tensor] = {}
    readers = {
        path: ReadMaps(path, store, [1]) if reader == "probabilities" else ReadQueries(path, store)
        for path in cross_attention_layers(unet)
    }
    with torch.no_grad():
        expected = unet(**arguments).sample
        with processors(unet, readers):
            captured = unet(**arguments).sample
    assert len(store) == len(readers)
    torch.testing.assert_close(captured, expected, atol=1e-5, rtol=1e-5)


def test_queries_are_projections_of_the_hidden_states(
    plain: dict[str, UNet2DConditionModel],
) -> None:
    unet, path = plain["sd2"], sd1_layers()[3]
    attn = unet.get_submodule(path)
    seen: list[Tensor] = []
    hook = attn.to_q.register_forward_hook(lambda _module, _args, out: seen.append(out))
    store: dict[str, Tensor] = {}
    with torch.no_grad(), processors(unet, {path: ReadQueries(path, store)}):
        unet(**inputs(unet))
    hook.remove()
    expected = attn.head_to_batch_dim(seen[0]).unflatten(0, (2, attn.heads))
    assert torch.equal(store[path], expected)


def test_project_splits_heads_as_diffusers_does(model: LatentDiffusion) -> None:
    attn = model.attention_layer(sd1_layers()[0])
    context = torch.randn(3, 5, 768, generator=torch.Generator().manual_seed(2))
    for projection in ("to_k", "to_v"):
        whole = getattr(attn, projection)(context)
        expected = attn.head_to_batch_dim(whole).unflatten(0, (3, 8))
        assert torch.equal(project(attn, context, projection), expected)


def test_scores_are_float32_whatever_the_model_says(plain: dict[str, UNet2DConditionModel]) -> None:
    query, key = torch.full((1, 2, 3, 4), 0.1).half(), torch.full((1, 2, 5, 4), 0.1).half()
    for family, upcast in (("sd1", False), ("sd2", True)):
        attn = plain[family].get_submodule(sd1_layers()[0])
        assert bool(attn.upcast_attention) is upcast
        assert token_scores(attn, query, key).dtype == torch.float32


def test_processors_are_put_back(model: LatentDiffusion) -> None:
    unet = model.unet
    before = dict(unet.attn_processors)
    layers = sd1_layers()[:3]
    readers = {path: ReadQueries(path, {}) for path in layers}
    with processors(unet, readers):
        during = unet.attn_processors
        assert [during[f"{path}.processor"] for path in layers] == list(readers.values())
        changed = {name for name in before if during[name] is not before[name]}
        assert changed == {f"{path}.processor" for path in layers}
    assert unet.attn_processors == before


def test_processors_are_put_back_after_an_exception(model: LatentDiffusion) -> None:
    before = dict(model.unet.attn_processors)
    with (
        pytest.raises(KeyboardInterrupt),
        processors(model.unet, {path: ReadQueries(path, {}) for path in sd1_layers()}),
    ):
        raise KeyboardInterrupt
    assert model.unet.attn_processors == before
    with pytest.raises(RuntimeError):
        model.attention(torch.zeros(1, 4, 8, 8), 40, torch.zeros(1, 5, 3), sd1_layers()[:2], [1])
    assert model.unet.attn_processors == before
