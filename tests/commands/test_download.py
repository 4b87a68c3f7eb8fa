"""`homologue download`."""

import zipfile
from pathlib import Path

import pytest

from homologue.commands.download import download
from homologue.errors import HomologueError


def test_what_is_there_is_not_fetched_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "PF-dataset/car(G)").mkdir(parents=True)
    download("pf-willow", tmp_path)
    out = capsys.readouterr().out
    assert out == f"pf-willow is in {tmp_path}: homologue evaluate pf-willow --root {tmp_path}\n"


def test_an_archive_that_was_fetched_by_hand_is_unpacked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "PF-dataset.zip", "w") as archive:
        archive.writestr("PF-dataset/car(G)/Cars_006a.png", b"")
    download("pf-willow", tmp_path)
    assert (tmp_path / "PF-dataset/car(G)/Cars_006a.png").exists()
    assert capsys.readouterr().out.startswith("pf-willow is in")


def test_what_is_still_missing_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "PF-dataset-PASCAL.zip", "w") as archive:
        archive.writestr("PF-dataset-PASCAL/JPEGImages/2011_001407.jpg", b"")
    with pytest.raises(HomologueError, match=r"test_pairs_pf_pascal\.csv is missing"):
        download("pf-pascal", tmp_path)
    with pytest.raises(HomologueError, match=r"; add test_pairs_pf_pascal\.csv from http"):
        download("pf-pascal", tmp_path)


@pytest.mark.parametrize("name", ["pf-pascal", "pf-willow", "spair-71k"])
def test_one_sentence_says_what_to_put_where(name: str, tmp_path: Path) -> None:
    with pytest.raises(HomologueError) as error:
        download(name, tmp_path)
    told = str(error.value)
    assert told.startswith(f"No checksum of {name} is known")
    assert "https://" in told
    assert str(tmp_path) in told
    assert ". " not in told


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("emoji", "emoji comes with the package"),
        ("pairs", "pairs are your own data"),
        ("spair", "There is no benchmark 'spair': choose one of cub, emoji"),
    ],
)
def test_what_cannot_be_fetched_is_said(name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(HomologueError, match=words):
        download(name, tmp_path)
    assert not list(tmp_path.iterdir())
