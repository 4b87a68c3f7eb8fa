"""What a model would call a point: words are compared by what the layers that are read prefer."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from homologue.api import fit
from homologue.diffusion.loading.text_encoder import text_encoder
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.images import RGBImage
from homologue.method.embeddings import PointEmbeddings
from homologue.presets import Preset
from homologue.progress import Cancelled
from homologue.words import vocabulary
from homologue.words.nearest import nearest_words, similarities
from homologue.words.vocabulary import states_of, vocabulary_states

FAMILIES = ("sd1", "sd2", "sdxl")


@pytest.fixture(scope="module")
def fitted(
    worded: dict[str, LatentDiffusion], source: RGBImage, quick: Preset
) -> dict[str, PointEmbeddings]:
    """Two points with two embeddings each."""
    points = [[10, 20], [50, 30]]
    return {family: fit(worded[family], source, points, preset=quick) for family in FAMILIES}


def with_contexts(embeddings: PointEmbeddings, tokens: Tensor) -> PointEmbeddings:
    """The embeddings, with contexts whose tokens that stand for points are (P, E, D)."""
    contexts = embeddings.contexts.clone()
    for row, (group, token) in enumerate(zip(embeddings.groups, embeddings.tokens, strict=True)):
        contexts[group, :, token] = tokens[row].float()
    return replace(embeddings, contexts=contexts)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_embedding_that_is_a_word_is_called_by_it(
    worded: dict[str, LatentDiffusion], fitted: dict[str, PointEmbeddings], family: str
) -> None:
    model = worded[family]
    words, states = vocabulary_states(text_encoder(model))
    chosen = [words.index("hat"), words.index("dog")]
    planted = with_contexts(fitted[family], states[chosen][:, None].expand(-1, 2, -1))
    first, second = nearest_words(model, planted, top=3)
    assert [first[0].word, second[0].word] == ["hat", "dog"]
    assert first[0].similarity == pytest.approx(1, abs=1e-4)
    assert len(first) == 3
    values = [one.similarity for one in first]
    assert values == sorted(values, reverse=True)
    assert values[1] < 0.999


def test_similarity_is_how_alike_the_scores_are(
    worded: dict[str, LatentDiffusion], fitted: dict[str, PointEmbeddings]
) -> None:
    """Over features without structure: the correlation of what two keys get from the queries."""
    model, embeddings = worded["sd1"], fitted["sd1"]
    words, states = vocabulary_states(text_encoder(model))
    found = similarities(model, embeddings, states, states)
    assert found.shape == (2, len(words))
    usual = states.float().mean(dim=0)
    stream = torch.Generator().manual_seed(0)
    expected = torch.zeros(2, len(words))
    layers = model.layers("up[:4]")
    for layer in layers:
        attention = model.attention_layer(layer)
        block: Any = model.unet.get_submodule(layer.removesuffix(".attn2"))
        features = torch.randn(20_000, attention.to_q.in_features, generator=stream)
        queries = attention.to_q(block.norm2(features)).unflatten(-1, (attention.heads, -1))
        for repeat in (0, 1):
            points = embeddings.contexts[:, repeat, 1]
            keys = [attention.to_k(part.float() - usual) for part in (points, states)]
            heads = [key.unflatten(-1, (attention.heads, -1)) for key in keys]
            scores = [torch.einsum("qhd,nhd->hnq", queries, key) for key in heads]
            for head in range(attention.heads):
                both = torch.corrcoef(torch.cat([scores[0][head], scores[1][head]]))
                expected += both[:2, 2:] / attention.heads / 2 / len(layers)
    torch.testing.assert_close(found, expected.detach(), atol=0.02, rtol=0)


def test_what_no_layer_reads_does_not_count(
    worded: dict[str, LatentDiffusion], fitted: dict[str, PointEmbeddings]
) -> None:
    model, embeddings = worded["sd1"], fitted["sd1"]
    _, states = vocabulary_states(text_encoder(model))
    keys = [model.attention_layer(layer).to_k.weight for layer in model.layers("up[:4]")]
    unread = torch.linalg.svd(torch.cat(keys).detach())[2][-1]
    tokens = torch.stack([embeddings.contexts[row, :, 1] for row in (0, 1)])
    moved = with_contexts(embeddings, tokens + 5 * unread)
    before, after = (similarities(model, one, states, states) for one in (embeddings, moved))
    torch.testing.assert_close(before, after, atol=1e-4, rtol=0)
    other = with_contexts(embeddings, tokens + 5 * torch.linalg.svd(keys[0].detach())[2][0])
    assert (similarities(model, other, states, states) - before).abs().max() > 0.01


def test_points_that_share_a_context_have_their_own_tokens(
    worded: dict[str, LatentDiffusion], source: RGBImage, quick: Preset
) -> None:
    model = worded["sd1"]
    joint = fit(model, source, [[10, 20], [50, 30]], preset=quick, strategy="joint")
    assert joint.tokens.tolist() == [1, 2]
    words, states = vocabulary_states(text_encoder(model))
    rows = states[[words.index("cat"), words.index("with")]]
    planted = with_contexts(joint, rows[:, None].expand(-1, 2, -1))
    assert [one[0].word for one in nearest_words(model, planted, top=1)] == ["cat", "with"]


def test_words_to_choose_from_may_be_any(
    worded: dict[str, LatentDiffusion], fitted: dict[str, PointEmbeddings]
) -> None:
    model = worded["sd1"]
    choice = ["cats", "a red hat", "dog"]
    states = states_of(text_encoder(model), choice)
    planted = with_contexts(fitted["sd1"], states[[1, 0]][:, None].expand(-1, 2, -1))
    found = nearest_words(model, planted, words=choice)
    assert [one[0].word for one in found] == ["a red hat", "cats"]
    assert sorted(one.word for one in found[0]) == sorted(choice)
    encoder = text_encoder(model)
    encoded = encoder.encode(encoder.tokenize("cats")).states[0, 1:4].mean(dim=0)
    torch.testing.assert_close(states[0].float(), encoded, atol=2e-3, rtol=2e-3)


def test_what_cannot_be_named(
    worded: dict[str, LatentDiffusion], fitted: dict[str, PointEmbeddings]
) -> None:
    with pytest.raises(HomologueError, match="cannot be used with"):
        nearest_words(worded["sd2"], fitted["sd1"])
    with pytest.raises(HomologueError, match="top must be at least 1"):
        nearest_words(worded["sd1"], fitted["sd1"], top=0)
    with pytest.raises(HomologueError, match="The list of words is empty"):
        nearest_words(worded["sd1"], fitted["sd1"], words=[])
    with pytest.raises(HomologueError, match="has no words"):
        nearest_words(worded["sd1"], fitted["sd1"], words=["cat", "!"])


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many words were encoded, each time a vocabulary was; nothing is in memory."""
    monkeypatch.setattr(vocabulary, "_known", {})
    counts: list[int] = []
    before = vocabulary._compute

    def compute(encoder: Any, ids: Any, progress: Any) -> Tensor:
        counts.append(len(ids))
        return before(encoder, ids, progress)

    monkeypatch.setattr(vocabulary, "_compute", compute)
    return counts


def test_a_vocabulary_is_encoded_once_a_model(
    worded: dict[str, LatentDiffusion], computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = text_encoder(worded["sd1"])
    told: list[tuple[str, int, int]] = []
    monkeypatch.setattr(vocabulary, "_BATCH", 3)
    words, states = vocabulary_states(encoder, lambda *step: told.append(step))
    assert words == ("cat", "dog", "eyes", "hat", "shirt", "wear", "wearing", "with")
    assert told == [("words", 3, 8), ("words", 6, 8), ("words", 8, 8)]
    tokens = encoder.encode(encoder.tokenize("eyes")).states[0, 1]
    torch.testing.assert_close(states[2].float(), tokens, atol=2e-3, rtol=2e-3)
    assert vocabulary_states(encoder)[1] is states
    monkeypatch.setattr(vocabulary, "_known", {})
    assert torch.equal(vocabulary_states(encoder)[1], states)
    assert computed == [8]
    vocabulary_states(text_encoder(worded["sd2"]))
    assert computed == [8, 8]


def test_what_was_encoded_before_a_cancel_is_kept(
    worded: dict[str, LatentDiffusion], computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = text_encoder(worded["sd1"])
    monkeypatch.setattr(vocabulary, "_BATCH", 3)
    _, whole = vocabulary_states(encoder)
    monkeypatch.setattr(vocabulary, "_known", {})
    monkeypatch.setattr(vocabulary, "_read", lambda file, count: None)
    told: list[int] = []

    def twice(stage: str, done: int, total: int) -> None:
        told.append(done)
        if done == 6 and len(told) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        vocabulary_states(encoder, twice)
    assert torch.equal(vocabulary_states(encoder, twice)[1], whole)
    assert told == [3, 6, 8]


@pytest.mark.parametrize("damage", ["cut", "another", "none"])
def test_a_damaged_cache_is_made_again(
    worded: dict[str, LatentDiffusion], computed: list[int], assets: Path,
    monkeypatch: pytest.MonkeyPatch, damage: str,
) -> None:  # fmt: skip
    encoder = text_encoder(worded["sd1"])
    _, states = vocabulary_states(encoder)
    (file,) = assets.iterdir()
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-9])
    elif damage == "another":
        vocabulary._write(file, states[:3])
    monkeypatch.setattr(vocabulary, "_known", {})
    assert torch.equal(vocabulary_states(encoder)[1], states)
    assert len(computed) == (1 if damage == "none" else 2)


def test_a_cache_that_cannot_be_written_is_no_error(
    worded: dict[str, LatentDiffusion], computed: list[int], assets: Path
) -> None:
    assets.rmdir()
    vocabulary_states(text_encoder(worded["sd1"]))
    assert computed == [8]
    assert not assets.exists()
