"""Processors record the maps and queries of a layer without changing its output."""

import copy
from collections.abc import Iterator

import pytest
import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention, AttnProcessor
from torch import Tensor

from homologue.diffusion.attention import ReadMaps, ReadQueries, processors, project, token_scores
from homologue.diffusion.layers import cross_attention_layers
from homologue.diffusion.model import LatentDiffusion

FAMILIES = ("sd1", "sd2", "sdxl")


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


@pytest.mark.parametrize("family", FAMILIES)
def test_layers_are_called_in_the_order_of_the_list(
    plain: dict[str, UNet2DConditionModel], family: str
) -> None:
    unet, store = plain[family], {}
    layers = cross_attention_layers(unet)
    with torch.no_grad(), processors(unet, {p: ReadQueries(p, store) for p in layers}):
        unet(**inputs(unet))
    assert list(store) == layers


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
    path = cross_attention_layers(unet)[8]
    with torch.no_grad(), processors(unet, {path: ReadMaps(path, store, range(9))}):
        unet(**inputs(unet))
    assert store[path].shape == (2, 8, 2, 2, 9)
    torch.testing.assert_close(store[path].sum(-1), torch.ones(2, 8, 2, 2))


def test_places_are_stored_row_by_row(model: LatentDiffusion) -> None:
    attn = model.attention_layer(cross_attention_layers(model.unet)[10])
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
    unet = plain["sd2"]
    path = cross_attention_layers(unet)[3]
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
    attn = model.attention_layer(cross_attention_layers(model.unet)[0])
    context = torch.randn(3, 5, 768, generator=torch.Generator().manual_seed(2))
    for projection in ("to_k", "to_v"):
        whole = getattr(attn, projection)(context)
        expected = attn.head_to_batch_dim(whole).unflatten(0, (3, 8))
        assert torch.equal(project(attn, context, projection), expected)


def test_scores_are_float32_whatever_the_model_says(plain: dict[str, UNet2DConditionModel]) -> None:
    query, key = torch.full((1, 2, 3, 4), 0.1).half(), torch.full((1, 2, 5, 4), 0.1).half()
    for family, upcast in (("sd1", False), ("sd2", True)):
        attn = plain[family].get_submodule(cross_attention_layers(plain[family])[0])
        assert bool(attn.upcast_attention) is upcast
        assert token_scores(attn, query, key).dtype == torch.float32


def test_processors_are_put_back(model: LatentDiffusion) -> None:
    unet = model.unet
    before = dict(unet.attn_processors)
    layers = cross_attention_layers(model.unet)[:3]
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
        processors(
            model.unet, {path: ReadQueries(path, {}) for path in cross_attention_layers(model.unet)}
        ),
    ):
        raise KeyboardInterrupt
    assert model.unet.attn_processors == before
    with pytest.raises(RuntimeError):
        model.attention(
            torch.zeros(1, 4, 8, 8),
            40,
            torch.zeros(1, 5, 3),
            cross_attention_layers(model.unet)[:2],
            [1],
        )
    assert model.unet.attn_processors == before
