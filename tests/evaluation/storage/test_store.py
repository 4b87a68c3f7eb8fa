"""A run on the disk: what is written comes back, whatever happens; what is no run is refused."""

import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers.made_up import CONFIGURATION, assert_same, failed, pair, record

from homologue.errors import HomologueError
from homologue.evaluation.storage.schema import SCHEMA
from homologue.evaluation.storage.store import Store


def opened(folder: Path, planned: int = 9, **changed: Any) -> Store:
    return Store.open(folder, {**CONFIGURATION, **changed}, "/data", planned)


def refusal(folder: Path, way: str, **changed: Any) -> str:
    """The sentence with which a folder is refused; nothing is left open."""
    with pytest.raises(HomologueError) as error:
        (opened(folder, **changed) if way == "open" else Store.read(folder)).close()
    sentence = str(error.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert str(folder) in sentence
    return sentence


def test_what_is_added_comes_back_by_position(tmp_path: Path) -> None:
    made = [
        record("b", 1), record("a", 2, scores=None, aspects={}), failed("c", 0, thresholds={}),
        record("d:é 'x'", 3, category="", tags={}),
    ]  # fmt: skip
    with opened(tmp_path / "a" / "run") as store:
        for one in made:
            store.add(one)
        before = store.records()
    with Store.read(tmp_path / "a" / "run") as store:
        after = store.records()
        assert store.configuration == CONFIGURATION
        assert (store.root, store.planned) == ("/data", 9)
    for listed in (before, after):
        for one, other in zip(sorted(made, key=lambda r: r.position), listed, strict=True):
            assert_same(one, other)


def test_done_tells_sound_pairs_from_failed_ones(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.add(record("a"))
        store.add(failed("b", 1))
        assert store.done() == {"a", "b"}
        assert store.done(failed_too=False) == {"a"}


def test_a_failed_pair_is_replaced_and_no_other(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.add(failed("a"))
        store.add(failed("a", error="again"))
        assert [one.error for one in store.records()] == ["again"]
        store.add(record("a"))
        with pytest.raises(ValueError, match="'a' is already done"):
            store.add(record("a", seconds=9.0))
        with pytest.raises(ValueError, match="'a' is already done"):
            store.add(failed("a"))
        assert_same(store.records()[0], record("a"))


def test_records_get_the_thresholds_that_pairs_have_by_now(tmp_path: Path) -> None:
    since = pair("a", "b", thresholds={"bbox": 100.0, "legacy-image": 7.0}, aspects={"bbox": 2.0})
    with opened(tmp_path) as store:
        store.add_all([record("a.png-b.png"), record("other", 1)])
        store.update_thresholds([replace(since, name="a.png-b.png"), replace(since, name="none")])
        changed, other = store.records()
    assert_same(changed, record("a.png-b.png", thresholds=since.thresholds, aspects=since.aspects))
    assert list(changed.thresholds) == ["bbox", "legacy-image"]
    assert_same(other, record("other", 1))


def test_of_several_records_all_are_written_or_none(tmp_path: Path) -> None:
    def interrupted() -> Iterator[Any]:
        yield record("a")
        raise KeyboardInterrupt

    with opened(tmp_path) as store:
        with pytest.raises(KeyboardInterrupt):
            store.add_all(interrupted())
        assert store.records() == []
        store.add_all([record("a"), record("b", 1)])
        assert store.done() == {"a", "b"}


def test_the_file_has_the_documented_rows(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.add(record("a"))
    connection = sqlite3.connect(tmp_path / "run.sqlite")
    meta = dict(connection.execute("SELECT key, value FROM meta"))
    points = connection.execute("SELECT * FROM points ORDER BY point").fetchall()
    connection.close()
    assert set(meta) == {"schema", "configuration", "hash", "root", "planned"}
    assert json.loads(meta["configuration"]) == CONFIGURATION
    assert points == [
        ("a", 0, "nose", 0.1, 2, 5, 6, 1 / 3, -8, 0.25),
        ("a", 1, "left ear", 3, 4, None, None, 9, 10, None),
    ]


def test_a_run_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    with opened(tmp_path) as writer:
        writer.add(record("a"))
        with Store.read(tmp_path) as reader:
            assert reader.done() == {"a"}
            writer.add(record("b", 1))
            assert len(reader.records()) == 2


def test_what_another_run_of_the_same_began_is_gone_on_with(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.add(record("a"))
    shuffled = dict(reversed(CONFIGURATION.items()))
    with Store.open(tmp_path, shuffled, "/elsewhere", 9) as store:
        assert store.done() == {"a"}
        assert store.root == "/data"


def test_two_do_not_write_at_once(tmp_path: Path) -> None:
    with opened(tmp_path):
        assert "another process is writing" in refusal(tmp_path, "open")
    opened(tmp_path).close()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"seed": 1}, "another seed (0, not 1):"),
        ({"matcher": "random"}, 'another matcher ("identity", not "random"):'),
        ({"limit": 5, "selection": "1"}, "another limit (null, not 5):"),
        ({"settings": {"seed": 3, "fit": {"steps": 99}}}, "settings.fit.steps (100, not 99):"),
        ({"settings": {"seed": 3, "fit": {}}}, "settings.fit.steps (100, not none)"),
        ({"split": "x" * 99, "seed": 1}, "another seed (0, not 1), another split:"),
        ({"selection": "1" * 32}, "on other pairs or points"),
        ({"planned": 10}, "on other pairs or points"),
    ],
)
def test_another_configuration_is_refused(
    tmp_path: Path, changed: dict[str, Any], words: str
) -> None:
    with opened(tmp_path) as store:
        store.add(record("a"))
    assert words in refusal(tmp_path, "open", **changed)
    with Store.read(tmp_path) as store:
        assert store.done() == {"a"}
        assert store.configuration == CONFIGURATION


def test_no_run_to_read(tmp_path: Path) -> None:
    assert "holds no run" in refusal(tmp_path / "none", "read")
    assert not (tmp_path / "none").exists()
    for name in ("b", "a"):
        opened(tmp_path / "several" / name).close()
    inside = tmp_path / "several"
    assert f"give one of its subfolders {inside / 'a'}, {inside / 'b'}." in refusal(inside, "read")


@pytest.mark.parametrize("way", ["open", "read"])
def test_files_that_are_no_run(tmp_path: Path, way: str) -> None:
    (tmp_path / "run.sqlite").write_bytes(b"not a database " * 300)
    assert "is not a run of homologue" in refusal(tmp_path, way)
    (tmp_path / "run.sqlite").unlink()
    connection = sqlite3.connect(tmp_path / "run.sqlite")
    connection.execute("CREATE TABLE meta (key, value)")
    connection.close()
    assert "is not a run of homologue" in refusal(tmp_path, way)


@pytest.mark.parametrize("way", ["open", "read"])
def test_a_newer_run(tmp_path: Path, way: str) -> None:
    opened(tmp_path).close()
    change(tmp_path, f"UPDATE meta SET value = {SCHEMA + 1} WHERE key = 'schema'")
    assert "newer homologue" in refusal(tmp_path, way)


@pytest.mark.parametrize("way", ["open", "read"])
@pytest.mark.parametrize("damage", ["cut", "overwritten", "meta", "lost meta"])
def test_a_damaged_run(tmp_path: Path, way: str, damage: str) -> None:
    with opened(tmp_path) as store:
        store.add_all(record(f"pair {index}", index) for index in range(300))
    file = tmp_path / "run.sqlite"
    whole = file.read_bytes()
    match damage:
        case "cut":
            file.write_bytes(whole[: len(whole) // 2])
        case "overwritten":
            middle = len(whole) // 2
            file.write_bytes(whole[:middle] + b"\xff" * 5000 + whole[middle + 5000 :])
        case "meta":
            change(tmp_path, "UPDATE meta SET value = '{}' WHERE key = 'configuration'")
        case "lost meta":
            change(tmp_path, "DELETE FROM meta WHERE key = 'planned'")
    assert "is damaged" in refusal(tmp_path, way)


def change(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / "run.sqlite", isolation_level=None)
    connection.execute(statement)
    connection.close()


def test_an_empty_file_is_what_an_interrupted_beginning_leaves(tmp_path: Path) -> None:
    (tmp_path / "run.sqlite").touch()
    assert "is not a run of homologue" in refusal(tmp_path, "read")
    opened(tmp_path).close()
    Store.read(tmp_path).close()


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert "is a file; give a folder" in refusal(file, "open")
    assert "is a file; check the path" in refusal(file / "run", "open")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("file systems can be mounted by root only")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.linux
def test_a_read_only_file_system(disk: Path) -> None:
    run = disk / "run"
    with opened(run) as store:
        store.add(record("a"))
    remount(disk, "ro")
    assert "read-only file system" in refusal(run, "open")
    assert "read-only file system" in refusal(disk / "new", "open")
    with Store.read(run) as store:
        assert_same(store.records()[0], record("a"))


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


@pytest.mark.linux
def test_a_disk_that_fills_up_leaves_what_was_written(disk: Path) -> None:
    written = 0
    with opened(disk) as store, pytest.raises(HomologueError, match="the disk is full") as error:
        for index in range(10_000):
            store.add(record(f"pair {index}", index, category="x" * 1000))
            written += 1
    assert str(disk / "run.sqlite") in str(error.value)
    assert 10 < written < 1000
    with Store.read(disk) as store:
        assert len(store.records()) == written


@pytest.mark.linux
def test_a_folder_of_somebody_else(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("another user can be had by root only")
    opened(tmp_path / "run").close()
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_uid == 0 and path != Path("/tmp"):
            path.chmod(path.stat().st_mode | 0o055)
    nobody = 65534
    os.setresuid(nobody, nobody, 0)
    try:
        sentence = refusal(tmp_path / "run", "open")
        Store.read(tmp_path / "run").close()
        new = refusal(tmp_path / "new", "open")
    finally:
        os.setresuid(0, 0, 0)
    assert "permission denied" in sentence
    assert "permission denied" in new
