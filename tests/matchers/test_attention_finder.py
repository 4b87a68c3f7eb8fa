"""What is kept of finding points, and that keeping it changes nothing."""

from dataclasses import replace

import pytest
import torch

from homologue.artifacts import ITEMS, own_variant
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.images import RGBImage
from homologue.matchers.attention_finder import name_of
from homologue.matchers.attention_matcher import Attention
from homologue.matchers.base import Prediction, Size, kept_by
from homologue.matchers.identity import Identity
from homologue.matchers.registry import Ingredients, make_matcher
from homologue.matchers.relocating import Relocating
from homologue.method.embeddings import PointEmbeddings
from homologue.presets import Preset

POINTS = torch.tensor([[15.0, 40.0], [62.5, 12.25]], dtype=torch.float64)


@pytest.fixture(scope="module")
def found(model: LatentDiffusion, source: RGBImage, target: RGBImage, quick: Preset) -> Prediction:
    return Attention(model, quick, seed=3, keep=ITEMS).fit(source, POINTS)(target)


def test_nothing_is_kept_unless_asked_for_and_keeping_changes_nothing(
    model: LatentDiffusion, source: RGBImage, target: RGBImage, quick: Preset, found: Prediction
) -> None:
    plain = Attention(model, quick, seed=3)
    bare = plain.fit(source, POINTS)(target)
    assert bare.kept is None
    assert kept_by(plain) == {}
    assert torch.equal(bare.points, found.points)
    assert bare.scores is not None
    assert found.scores is not None
    assert torch.equal(bare.scores, found.scores)
    assert plain.settings == Attention(model, quick, seed=3, keep=ITEMS).settings


def test_all_that_is_asked_for_is_kept(quick: Preset, found: Prediction) -> None:
    kept = found.kept
    assert kept is not None
    assert kept.parts is not None
    assert torch.equal(kept.parts[own_variant(2, quick.locate)], found.points)
    assert len(kept.parts) == (2 + 2 + 4) * 3 * 2
    assert kept.maps is not None
    assert kept.source_maps is not None
    assert list(kept.maps) == list(kept.source_maps)
    assert {len(maps) for maps in (*kept.maps.values(), *kept.source_maps.values())} == {2}
    assert not torch.equal(kept.maps["all"], kept.source_maps["all"])


def test_targets_do_not_depend_on_those_before(
    model: LatentDiffusion, source: RGBImage, target: RGBImage, quick: Preset, found: Prediction
) -> None:
    finder = Attention(model, quick, seed=3, keep=ITEMS).fit(source, POINTS)
    finder(source)
    again = finder(target).kept
    assert again is not None
    assert found.kept is not None
    assert (again.fit, again.embeddings) == (found.kept.fit, found.kept.embeddings)
    for name in ("parts", "maps", "source_maps"):
        one, other = getattr(again, name), getattr(found.kept, name)
        assert all(torch.equal(one[key], value) for key, value in other.items())


def test_embeddings_are_named_by_what_they_were_fitted_to(
    source: RGBImage, target: RGBImage, found: Prediction
) -> None:
    assert found.kept is not None
    assert found.kept.embeddings is not None
    again = PointEmbeddings.from_bytes("it", found.kept.embeddings)
    assert torch.equal(again.points, POINTS)
    assert again.to_bytes() == found.kept.embeddings
    assert found.kept.fit == name_of(source.digest, POINTS)
    assert found.kept.fit != name_of(target.digest, POINTS)
    assert found.kept.fit != name_of(source.digest, POINTS.flip(0))
    with pytest.raises(HomologueError, match="it is damaged"):
        PointEmbeddings.from_bytes("it", found.kept.embeddings[:-9])


def test_relocating_with_the_same_settings_finds_the_same_to_the_bit(
    model: LatentDiffusion, source: RGBImage, target: RGBImage, quick: Preset, found: Prediction
) -> None:
    assert found.kept is not None
    shelf = {found.kept.fit: found.kept.embeddings}
    settings = Attention(model, quick, seed=3).settings
    matcher = Relocating(model, settings, "origin", shelf.get, quick.locate)
    same = matcher.fit(source, POINTS)(target)
    assert torch.equal(same.points, found.points)
    assert same.kept is None
    assert matcher.settings == {**settings, "relocated": "origin"}
    fewer = replace(quick.locate, crops=1)
    other = Relocating(model, settings, "origin", shelf.get, fewer).fit(source, POINTS)(target)
    assert found.kept.parts is not None
    assert torch.equal(other.points, found.kept.parts[own_variant(2, fewer)])
    with pytest.raises(HomologueError, match="no embeddings of this source"):
        matcher.fit(target, POINTS)


def test_sizes_are_those_of_what_is_kept(
    model: LatentDiffusion, quick: Preset, found: Prediction
) -> None:
    keeps = kept_by(Attention(model, quick, keep=ITEMS))
    assert found.kept is not None
    assert found.kept.embeddings is not None
    embeddings = PointEmbeddings.from_bytes("it", found.kept.embeddings)
    assert keeps["embeddings"] == Size(source_point=embeddings.contexts.numel() * 4 // 2)
    assert keeps["parts"] == Size(pair_point=48 * 34)
    assert found.kept.maps is not None
    each = sum(maps.numel() for maps in found.kept.maps.values()) * 2 // 2
    assert keeps["maps"] == Size(each, each)
    assert kept_by(Attention(model, quick, keep=["parts"])).keys() == {"parts"}
    assert kept_by(Identity()) == {}


def test_other_matchers_have_nothing_to_keep(quick: Preset) -> None:
    given = Ingredients(dict, quick, keep=("parts", "maps"))  # type: ignore[arg-type]
    with pytest.raises(HomologueError, match="identity has no parts and no maps to keep"):
        make_matcher("identity", given)
