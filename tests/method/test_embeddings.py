"""What is saved comes back whole; anything else is refused in a sentence."""

import json
import pickle
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from homologue.errors import HomologueError
from homologue.method.embeddings import FORMAT, PointEmbeddings, SourceImage
from homologue.presets import PAPER


@pytest.fixture
def embeddings() -> PointEmbeddings:
    """Three points in two groups, as `joint` with three tokens makes them."""
    stream = torch.Generator().manual_seed(0)
    return PointEmbeddings(
        contexts=torch.randn(2, 5, 3, 7, generator=stream),
        groups=torch.tensor([0, 0, 1]),
        tokens=torch.tensor([1, 2, 1]),
        points=torch.tensor([[1 / 3, 2.5], [0.1, 4.0], [9.0, 0.0]], dtype=torch.float64),
        losses=torch.rand(3, 5, generator=stream),
        source=SourceImage("a cat \N{CAT FACE}.png", 640, 480, "0123abcd"),
        model="somebody/model",
        fingerprint="f00",
        preset="paper",
        fit=replace(PAPER.fit, strategy="joint", embeddings=5, tokens=3),
        locate=PAPER.locate,
        seed=2**40 + 1,
    )


@pytest.fixture
def saved(embeddings: PointEmbeddings, tmp_path: Path) -> Path:
    embeddings.save(tmp_path / "points.safetensors")
    return tmp_path / "points.safetensors"


def sentence(path: Path) -> str:
    """What `load` says of a file that it refuses, without the file's name."""
    with pytest.raises(HomologueError) as caught:
        PointEmbeddings.load(path)
    assert repr(str(path)) in str(caught.value)
    return str(caught.value).replace(repr(str(path)), "FILE")


def rewrite(path: Path, change: Callable[[dict[str, Tensor], dict[str, str]], None]) -> None:
    tensors = load_file(path)
    with safe_open(path, framework="pt") as file:
        metadata = dict(file.metadata())
    change(tensors, metadata)
    save_file(tensors, path, metadata)


def test_every_field_comes_back(embeddings: PointEmbeddings, saved: Path) -> None:
    loaded = PointEmbeddings.load(str(saved))
    for field in fields(PointEmbeddings):
        before, after = getattr(embeddings, field.name), getattr(loaded, field.name)
        if isinstance(before, Tensor):
            assert before.dtype == after.dtype
            assert torch.equal(before, after), field.name
        else:
            assert before == after, field.name
    assert len(loaded) == 3


def test_a_source_without_a_path_and_losses_of_nan_come_back(
    embeddings: PointEmbeddings, tmp_path: Path
) -> None:
    losses = torch.full((3, 5), torch.nan)
    odd = replace(embeddings, source=SourceImage(None, 1, 1, ""), losses=losses)
    odd.save(tmp_path / "odd")
    loaded = PointEmbeddings.load(tmp_path / "odd")
    assert loaded.source == SourceImage(None, 1, 1, "")
    assert bool(loaded.losses.isnan().all())


def test_views_are_saved_as_they_look(embeddings: PointEmbeddings, tmp_path: Path) -> None:
    turned = embeddings.contexts.transpose(2, 3).contiguous().transpose(2, 3)
    replace(embeddings, contexts=turned).save(tmp_path / "turned")
    assert torch.equal(PointEmbeddings.load(tmp_path / "turned").contexts, embeddings.contexts)


def test_saving_replaces_an_older_file_and_leaves_nothing_beside_it(
    embeddings: PointEmbeddings, saved: Path
) -> None:
    replace(embeddings, seed=5).save(saved)
    assert PointEmbeddings.load(saved).seed == 5
    assert list(saved.parent.iterdir()) == [saved]


def test_saving_into_a_missing_folder_is_refused(
    embeddings: PointEmbeddings, tmp_path: Path
) -> None:
    with pytest.raises(HomologueError, match="nowhere"):
        embeddings.save(tmp_path / "nowhere" / "points.safetensors")


def test_a_missing_file(tmp_path: Path) -> None:
    assert sentence(tmp_path / "none.safetensors") == "There is no embeddings file FILE."


@pytest.mark.parametrize("keep", [0, 4, 100, -1])
def test_a_truncated_file(saved: Path, keep: int) -> None:
    saved.write_bytes(saved.read_bytes()[:keep])
    said = sentence(saved)
    assert said.startswith("FILE is not an embeddings file or is damaged (")
    assert said.endswith("): create it again with `homologue fit`.")


def test_a_file_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "cat.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8)
    assert sentence(path).startswith("FILE is not an embeddings file or is damaged (")


def test_a_pickle_is_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "points.pt"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "sprung",)  # type: ignore[return-value]

    path.write_bytes(pickle.dumps(Trap()))
    assert sentence(path).startswith("FILE is not an embeddings file or is damaged (")
    torch.save({"contexts": torch.zeros(2)}, path)
    assert sentence(path).startswith("FILE is not an embeddings file or is damaged (")
    assert not (tmp_path / "sprung").exists()


def test_a_folder(tmp_path: Path) -> None:
    assert "FILE" in sentence(tmp_path)


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {"format": FORMAT + "0"}])
def test_a_safetensors_file_of_something_else(
    tmp_path: Path, metadata: dict[str, str] | None
) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({"weight": torch.zeros(3)}, path, metadata)
    assert sentence(path) == (
        "FILE is not an embeddings file of this version of homologue: create it again with"
        " `homologue fit`."
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors, _: tensors.pop("losses"),
        lambda tensors, _: tensors.update(more=torch.zeros(1)),
        lambda tensors, _: tensors.update(contexts=torch.zeros(2, 5, 7)),
        lambda tensors, _: tensors.update(contexts=torch.full((2, 5, 3, 7), torch.nan)),
        lambda tensors, _: tensors.update(points=torch.zeros(3, 3)),
        lambda tensors, _: tensors.update(points=torch.tensor(1.0)),
        lambda tensors, _: tensors.update(
            points=torch.zeros(0, 2), groups=torch.zeros(0).long(),
            tokens=torch.zeros(0).long(), losses=torch.zeros(0, 5),
        ),
        lambda tensors, _: tensors.update(groups=torch.tensor([0, 0])),
        lambda tensors, _: tensors.update(groups=torch.tensor([0, 1, 2])),
        lambda tensors, _: tensors.update(tokens=torch.tensor([1, 2, 3])),
        lambda tensors, _: tensors.update(losses=torch.zeros(3, 4)),
        lambda _, metadata: metadata.pop("facts"),
        lambda _, metadata: metadata.update(facts="{"),
        lambda _, metadata: metadata.update(facts="[]"),
        lambda _, metadata: metadata.update(facts="null"),
        lambda _, metadata: metadata.update(facts=metadata["facts"].replace('"steps"', '"stops"')),
        lambda _, metadata: metadata.update(facts=metadata["facts"].replace("uniform", "pink")),
        lambda _, metadata: metadata.update(facts=metadata["facts"].replace('"seed"', '"sead"')),
    ],
    ids=lambda change: None,
)  # fmt: skip
def test_a_damaged_part(
    saved: Path, change: Callable[[dict[str, Tensor], dict[str, str]], None]
) -> None:
    rewrite(saved, change)
    said = sentence(saved)
    assert said.startswith("The embeddings file FILE is damaged (")
    assert said.endswith("): create it again with `homologue fit`.")


@pytest.mark.parametrize("name", ["groups", "tokens"])
def test_a_point_cannot_refer_backwards(saved: Path, name: str) -> None:
    rewrite(saved, lambda tensors, _: tensors.update({name: torch.tensor([1, -1, 1])}))
    assert sentence(saved).startswith("The embeddings file FILE is damaged (")


def test_the_facts_can_be_read_without_this_package(saved: Path) -> None:
    with safe_open(saved, framework="pt") as file:
        facts = json.loads(file.metadata()["facts"])
    assert facts["fit"]["sigma"] == PAPER.fit.sigma
    assert facts["source"]["width"] == 640
