"""`--set`, `--preset FILE`, `--pair` and `--maps` as they are typed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.command_line import refused
from helpers.former_names import formerly
from helpers.small_builtin import small_builtin

from homologue.diffusion.loading import sources
from homologue.evaluation.storage.database import connect_to_write
from homologue.evaluation.storage.schema import canonical, configuration_hash
from homologue.evaluation.storage.store import FILE, Store
from homologue.method.embeddings import PointEmbeddings
from homologue.presets import DEFAULT

IMAGES = Path(__file__).parents[1] / "examples" / "images"
SOURCE, TARGET = IMAGES / "fox-noto.png", IMAGES / "fox-twemoji.png"
POINT = ("--point", "96,145")
ONE = ("evaluate", "emoji", "--split", "val", "--limit", "2", "--pair", "3")
FEW = ("--set", "fit.steps=2")


@pytest.fixture(scope="module", autouse=True)
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have commands load the built-in model at 128 pixels a side, which takes less time."""
    with pytest.MonkeyPatch.context() as patch:
        folder = small_builtin(tmp_path_factory.mktemp("models") / "builtin")
        patch.setattr(sources, "BUILTIN", folder)
        yield


def test_match_says_which_settings_it_used(homologue: Any, tmp_path: Path) -> None:
    own = homologue("match", SOURCE, TARGET, *POINT, "--json").json
    typed = homologue(
        "match", SOURCE, TARGET, *POINT, "--set", "locate.crops=1", *FEW, "--json"
    ).json
    assert (own["preset"], typed["preset"]) == ("default", "default+fit.steps=2+locate.crops=1")
    assert typed["matches"][0]["target"] != own["matches"][0]["target"]
    file = tmp_path / "few.toml"
    file.write_text('base = "default"\n[fit]\nsteps = 2\n[locate]\ncrops = 1\n', encoding="utf-8")
    for preset in (file, typed["preset"]):
        again = homologue("match", SOURCE, TARGET, *POINT, "--preset", preset, "--json").json
        assert {**again, "seconds": 0} == {**typed, "seconds": 0}


def test_what_cannot_be_set_is_refused_before_anything_is_read(homologue: Any) -> None:
    for command in (
        ("match", "none.png", "none.png", *POINT),
        ("fit", "none.png", *POINT, "-o", "none.safetensors"),
        ("evaluate", "none"),
        ("view", "--no-browser"),
    ):
        for options, words in (
            (("--set", "fit.stps=2"), ("fit.stps", "did you mean fit.steps?")),
            (("--set", "fit.steps=0"), ("fit.steps=0: steps must be at least 1",)),
            (("--set", "fit.steps"), ("'fit.steps' is not a setting: write NAME=VALUE",)),
            ((*FEW, *FEW), ("fit.steps is given twice",)),
            (("--set", "fit.upsample=64"), ("upsample is a setting of the objective mse",)),
            (("--preset", "none.toml"), ("none.toml does not exist",)),
            (("--strategy", "joint", "--set", "fit.strategy=exact"), ("both set the strategy",)),
        ):
            refused(homologue(*command, *options), *words)


def test_embeddings_keep_their_settings_and_can_be_read_otherwise(
    homologue: Any, tmp_path: Path
) -> None:
    file = tmp_path / "fox.safetensors"
    fitted = homologue(
        "fit", SOURCE, *POINT, *FEW, "--set", "fit.flip=0.5", "-o", file, "--json"
    ).json
    assert fitted["preset"] == "default+fit.flip=0.5+fit.steps=2"
    kept = PointEmbeddings.load(file)
    assert (kept.preset, kept.fit.flip, kept.fit.steps) == (fitted["preset"], 0.5, 2)
    own = homologue("locate", file, TARGET, "--json").json
    once = homologue("locate", file, TARGET, "--set", "locate.crops=1", "--json").json
    assert once["preset"] == fitted["preset"] + "+locate.crops=1"
    assert once["targets"] != own["targets"]
    refused(
        homologue("locate", file, TARGET, "--set", "fit.steps=3"),
        "--set fit.steps=3 changes the fit", "set locate.* here or fit again",
    )  # fmt: skip


def test_embeddings_of_an_earlier_version_are_read(homologue: Any, tmp_path: Path) -> None:
    file = tmp_path / "fox.safetensors"
    homologue("fit", SOURCE, *POINT, *FEW, "-o", file)
    assert b"flip" not in file.read_bytes()
    assert PointEmbeddings.load(file).fit.flip == DEFAULT.fit.flip == 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


def attention(homologue: Any, run: Path, *options: object) -> Any:
    return homologue(*ONE, "--matcher", "attention", *FEW, "--run", run, "--json", *options)


def test_a_run_is_resumed_with_its_own_settings_alone(homologue: Any, folder: Path) -> None:
    run = folder / "run"
    first = attention(homologue, run, "--keep", "embeddings").json
    assert (first["pairs"], first["settings"]["fit"]["steps"]) == (1, 2)
    assert first["preset"] == "default+fit.steps=2"
    assert "flip" not in first["settings"]["fit"]
    assert attention(homologue, run, "--keep", "embeddings").json == first
    for options, words in (
        (("--set", "fit.flip=0.5"), "another settings.fit.flip (0.0, not 0.5)"),
        (("--set", "locate.window=0"), "another settings.locate.window (0.05, not 0.0)"),
        (("--pair", "2"), "another pair (3, not 2)"),
    ):
        refused(attention(homologue, run, "--keep", "embeddings", *options), words)
    # Settings that are written out are those that are left out, and old names mean the same.
    with connect_to_write(run / FILE) as connection:
        text = connection.execute("SELECT value FROM meta WHERE key = 'configuration'").fetchone()
        configuration = json.loads(text[0])
        fit = configuration["settings"]["fit"] | {"flip": 0.0, "upsample": 0}
        configuration["settings"]["fit"] = formerly(fit)
        changed = canonical(configuration)
        for key, value in (("configuration", changed), ("hash", configuration_hash(changed))):
            connection.execute("UPDATE meta SET value = ? WHERE key = ?", (value, key))
    assert attention(homologue, run, "--keep", "embeddings").code == 0


def test_a_run_is_relocated_with_other_settings(homologue: Any, folder: Path) -> None:
    run, new = folder / "relocated", folder / "new"
    assert attention(homologue, run, "--keep", "embeddings").code == 0
    again = homologue("relocate", run, "--run", new, "--set", "locate.crops=1", "--json").json
    assert again["preset"] == "default+fit.steps=2+locate.crops=1"
    assert (again["settings"]["locate"]["crops"], again["pairs"]) == (1, 1)
    refused(
        homologue("relocate", run, "--run", folder / "x", "--set", "fit.steps=3"), "changes the fit"
    )
    both = ("--crops", "2", "--set", "locate.crops=1")
    refused(homologue("relocate", run, "--run", folder / "x", *both), "both set crops")


def test_a_pair_is_chosen_by_its_index_among_those_selected(homologue: Any, tmp_path: Path) -> None:
    identity = ("evaluate", "emoji", "--split", "val", "--matcher", "identity")
    chosen = ("--kind", "posed", "--limit", "3")

    def names(*options: object) -> list[str]:
        file = tmp_path / "found.json"
        assert homologue(*identity, *options, "--save", file).code == 0
        runs = json.loads(file.read_text(encoding="utf-8"))["runs"]
        return [one["pair"] for one in runs[0]["predictions"]]

    every = names(*chosen)
    assert [names(*chosen, "--pair", n) for n in range(3)] == [[name] for name in every]
    for index in (3, -1):
        refused(
            homologue(*identity, *chosen, "--pair", index),
            f"There is no pair {index}: 3 pairs are selected, numbered from 0 to 2.",
        )
    homologue(*identity, *chosen, "--pair", 1, "--run", tmp_path / "run")
    with Store.read(tmp_path / "run") as store:
        assert store.configuration["pair"] == 1
        assert [record.pair for record in store.records()] == every[1:2]


def test_set_and_maps_are_for_the_matcher_attention(homologue: Any, tmp_path: Path) -> None:
    refused(
        homologue(*ONE, "--matcher", "identity", *FEW),
        "fit.steps=2 changes the matcher attention only",
    )
    refused(
        homologue(*ONE, "--matcher", "features", *FEW), "add --matcher attention or leave out --set"
    )
    other = ("--set", "features.timestep=20")
    refused(homologue(*ONE, *other), "features.timestep=20 changes the matcher features")
    refused(homologue(*ONE, "--with", "features,latents"), "add --matcher fused")
    refused(homologue(*ONE, "--matcher", "fused", "--with", "features"), "two different matchers")
    both = ("--matcher", "identity", "--matcher", "attention")
    refused(homologue(*ONE, *both, "--maps", tmp_path), "--matcher attention alone")


def test_members_of_fused(homologue: Any) -> None:
    found = homologue(
        *ONE, "--matcher", "fused", "--with", "features,latents", "--set", "features.timestep=20",
        "--set", "fused.confidence=1", "--json",
    )  # fmt: skip
    assert (found.json["matcher"], found.json["model"]) == ("fused", "builtin")
    settings = found.json["settings"]
    assert list(settings["members"]) == ["features", "latents"]
    assert settings["members"]["features"]["timestep"] == 20
    assert settings["confidence"] == 1


def test_match_writes_maps(homologue: Any, tmp_path: Path) -> None:
    two = (*POINT, "--point", "64,16")
    plain = homologue("match", SOURCE, TARGET, *two, "--json").json
    drawn = homologue("match", SOURCE, TARGET, *two, "--json", "--maps", tmp_path / "maps").json
    assert drawn["matches"] == plain["matches"]
    pair = tmp_path / "maps" / "fox-noto-fox-twemoji"
    content = json.loads((pair / "maps.json").read_text(encoding="utf-8"))
    assert [point["target"] for point in content["points"]] == [
        match["target"] for match in plain["matches"]
    ]
    assert content["preset"] == "default"
    files = [one["file"] for point in content["points"] for one in point["maps"]]
    assert len(files) == 2 * 2 * 5
    assert all((pair / file).is_file() for file in files)
    # Again, and not over the maps of other pictures that are called the same.
    assert homologue("match", SOURCE, TARGET, *POINT, "--maps", tmp_path / "maps").code == 0
    assert [p.name for p in pair.iterdir() if p.is_dir()] == ["point-01"]
    other = tmp_path / SOURCE.name
    other.write_bytes(TARGET.read_bytes())
    refused(
        homologue("match", other, TARGET, *POINT, "--maps", tmp_path / "maps"),
        f"holds the maps of {SOURCE} and {TARGET}", "use another folder",
    )  # fmt: skip
    (pair / "maps.json").write_text("{", encoding="utf-8")
    refused(homologue("match", SOURCE, TARGET, *POINT, "--maps", tmp_path / "maps"), "remove")
    (tmp_path / "file").write_text("", encoding="utf-8")
    for place in (tmp_path / "file", tmp_path / "file" / "maps"):
        refused(homologue("match", "none.png", TARGET, *two, "--maps", place), "file")


@pytest.mark.slow
def test_evaluate_writes_maps_whether_the_run_keeps_them_or_not(
    homologue: Any, tmp_path: Path
) -> None:
    without, keeping = tmp_path / "without", tmp_path / "keeping"
    found = attention(homologue, without, "--maps", tmp_path / "first")
    assert "keeping" not in found.err
    [pair] = (tmp_path / "first").iterdir()
    first = (pair / "maps.json").read_bytes()
    with Store.read(without) as store:
        [record] = store.records()
        assert store.maps(record.pair) is None
    assert pair.name == f"00000-{record.pair}"
    content = json.loads(first)
    assert (content["pair"], content["names"]) == (record.pair, list(record.point_names))
    assert record.predicted is not None
    assert [point["target"] for point in content["points"]] == record.predicted.tolist()
    assert content["truth"] == record.target_points.tolist()
    # What the run keeps is written when it is asked for; what it does not keep is said.
    assert "storing maps" in attention(homologue, keeping, "--keep", "maps").err
    again = attention(homologue, keeping, "--keep", "maps", "--maps", tmp_path / "again")
    assert again.json["pairs"] == found.json["pairs"] == 1
    assert (tmp_path / "again" / pair.name / "maps.json").read_bytes() == first
    later = attention(homologue, without, "--maps", tmp_path / "later")
    assert "1 pairs were done before without storing their maps" in later.err
    assert list((tmp_path / "later").iterdir()) == []


def test_maps_are_of_the_matcher_attention_by_default(homologue: Any, tmp_path: Path) -> None:
    nothing = homologue(*ONE, *FEW, "--maps", tmp_path, "--shard", "2/2", "--json").json
    assert (nothing["matcher"], nothing["pairs"], nothing["others"]) == ("attention", 0, [])
