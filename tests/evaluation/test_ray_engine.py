"""Many processes: the same rows as one makes, whatever happens to a worker."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import psutil
import pytest
from helpers.made_up import pair
from helpers.processes import ALONE, done, finished, rows, started, wait_for

from homologue.errors import HomologueError
from homologue.evaluation import ray_cluster
from homologue.evaluation.ray_cluster import cluster
from homologue.evaluation.ray_engine import RayWorker, allocate_workers
from homologue.evaluation.scheduling import IndexedPair
from homologue.matchers.identity import Identity
from homologue.matchers.registry import Ingredients, make_matcher
from homologue.presets import DEFAULT

pytest.importorskip("ray")
RAY = ("--engine", "ray", "--workers", "2")


@pytest.mark.linux
@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "pairs"),
    [
        (("--matcher", "hog", "--limit", "20"), 60),
        (("--matcher", "attention", "--limit", "3", "--set", "fit.steps=20"), 9),
    ],
)
def test_two_workers_of_which_one_is_killed_make_the_same_rows_as_one_process(
    tmp_path: Path, arguments: tuple[str, ...], pairs: int
) -> None:
    finished(*arguments, "--run", str(tmp_path / "whole"))
    process = started(*arguments, *RAY, "--run", str(tmp_path / "ray"), "--json")
    wait_for(tmp_path / "ray", pairs // 4, process)
    victim, other = workers_of(process.pid)
    before = done(tmp_path / "ray")
    victim.kill()
    assert before < pairs
    out, err = process.communicate(timeout=400)
    assert process.returncode == 0, err
    assert psutil.wait_procs([other], timeout=120)[0], "a worker outlives its driver"
    result = json.loads(out)
    assert (result["pairs"], result["failed"]) == (pairs, 0)
    assert rows(tmp_path / "ray") == rows(tmp_path / "whole")


def workers_of(pid: int) -> list[psutil.Process]:
    """Ray calls the processes of actors after their class."""
    below = psutil.Process(pid).children(recursive=True)
    return [one for one in below if one.cmdline()[:1] and "Worker" in one.cmdline()[0]]


@pytest.mark.slow
def test_what_a_worker_refuses_is_one_sentence(tmp_path: Path) -> None:
    process = started("--matcher", "attention", "--model", str(tmp_path / "none"), *RAY)
    out, err = process.communicate(timeout=200)
    assert (process.returncode, out) == (2, "")
    assert err.count("\n") == 1, err
    assert err.startswith("homologue: ")
    assert str(tmp_path / "none") in err


@pytest.mark.linux
@pytest.mark.slow
def test_a_pair_that_kills_every_worker_fails_and_the_others_go_on() -> None:
    program = Path(__file__).parents[1] / "helpers" / "killing_matcher.py"
    ended = subprocess.run(
        [sys.executable, program], capture_output=True, text=True, env=ALONE, timeout=400
    )
    assert ended.returncode == 0, ended.stderr
    about, records = json.loads(ended.stdout)
    assert about == ["deadly", {"bad": 13}]
    killed = "its worker died 4 times, perhaps for lack of memory"
    assert records == [
        [0, "x 10", [[11, 12]], None],
        [1, "x 13", None, killed],
        [2, "x 20", [[21, 22]], None],
        [3, "y 10", [[11, 12]], None],
        [4, "y 20", [[21, 22]], None],
    ]


@pytest.mark.linux
@pytest.mark.slow
def test_an_interrupt_ends_the_workers_and_says_how_to_go_on(tmp_path: Path) -> None:
    process = started("--matcher", "hog", *RAY, "--run", str(tmp_path))
    wait_for(tmp_path, 3, process)
    workers = workers_of(process.pid)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (143, "")
    assert f"homologue: interrupted: {done(tmp_path)} of" in err
    assert len(psutil.wait_procs(workers, timeout=120)[0]) == 2


def test_workers_take_a_gpu_each_or_as_many_cores_as_this_process_computes_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("torch.get_num_threads", lambda: 4)
    cpus, both = {"CPU": 16.0}, {"CPU": 16.0, "GPU": 3.0}
    on_cpu, on_gpu = {"num_gpus": 0, "num_cpus": 4}, {"num_gpus": 1, "num_cpus": 1}
    assert allocate_workers(cpus, None, gpus=True) == (4, on_cpu)
    assert allocate_workers(cpus, 2, gpus=True) == (2, on_cpu)
    assert allocate_workers(both, None, gpus=True) == (3, on_gpu)
    assert allocate_workers(both, 1, gpus=True) == (1, on_gpu)
    assert allocate_workers(both, None, gpus=False) == (4, on_cpu)
    for resources, wanted, words in (
        (cpus, 5, "room for 4 workers of 4 CPU each, not for 5"),
        (both, 4, "room for 3 workers of 1 GPU each, not for 4"),
        (cpus, 0, "not for 0"),
        ({"CPU": 3.0}, None, "room for 0 workers"),
    ):
        with pytest.raises(HomologueError, match=words):
            allocate_workers(resources, wanted, gpus=True)


def test_a_worker_makes_its_matcher_once_and_when_it_is_needed() -> None:
    made = []

    def recipe() -> Identity:
        made.append(Identity())
        return made[-1]

    worker = RayWorker(recipe, None)
    assert made == []
    assert worker.describe() == ("identity", {})
    record = worker.predict(IndexedPair(7, pair("a", "b")))
    assert (record.position, record.error, len(made)) == (7, None, 1)


def test_recipes_can_be_sent_to_workers() -> None:
    import pickle

    recipe = partial(make_matcher, "random", Ingredients(dict, DEFAULT, seed=5))  # type: ignore[arg-type]
    assert pickle.loads(pickle.dumps(recipe))().settings == {"seed": 5}


def test_without_ray_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(HomologueError, match=r"pip install 'homologue\[ray\]'"), cluster(None):
        pass


@pytest.mark.parametrize(
    "address",
    [
        "nonsense",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:six",
        "a b:6379",
        "me@host:6379",
        "::1:6379",
        "",
        ":6379",
        "http://127.0.0.1:8265",
    ],
)
def test_what_is_no_address_of_a_cluster_is_refused_at_once(address: str) -> None:
    with (
        pytest.raises(HomologueError, match=r"--address .* give HOST:PORT"),
        cluster(address),
    ):
        pass


def test_addresses_of_clusters() -> None:
    for address in ("auto", "10.0.0.5:6379", "head.example.org:6379", "[::1]:6379", "ray://a:1"):
        ray_cluster._check_syntax(address)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["nobody", "silent"])
def test_an_address_that_nobody_answers_is_given_up(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Where nothing listens, and where something listens that is no cluster."""
    monkeypatch.setattr(ray_cluster, "TIMEOUT", 4.0)
    below = {child.pid for child in psutil.Process().children(recursive=True)}
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        if kind == "nobody":
            listening.close()
        start = time.monotonic()
        address = f"127.0.0.1:{port}"
        with (
            pytest.raises(HomologueError, match=rf"no Ray cluster at '{address}'") as refused,
            cluster(address),
        ):
            pass
        assert time.monotonic() - start < 60  # the machine may be busy
    assert "within 4 s" in str(refused.value)
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= below


def ray_in(folder: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """An evaluation on Ray whose temporary files go into a folder."""
    arguments = ["--limit", "1", "--kind", "plain", "--matcher", "identity", "--engine", "ray"]
    return subprocess.run(
        [sys.executable, "-m", "homologue", "evaluate", "emoji", *arguments],
        capture_output=True, text=True, timeout=200,
        env={**os.environ, "OMP_NUM_THREADS": "1", "TMPDIR": folder, **environment},
    )  # fmt: skip


@pytest.mark.slow
def test_a_folder_that_ray_cannot_use_is_one_sentence(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 90)
    long.mkdir()
    (tmp_path / "file").touch()
    for folder, words in ((long, "set RAY_TMPDIR to a shorter folder"), (tmp_path / "file", "set")):
        ended = ray_in(str(folder))
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.startswith("homologue: Ray cannot ")
        assert ended.stderr.count("\n") == 1
        assert str(folder) in ended.stderr
        assert words in ended.stderr
    assert list(long.iterdir()) in ([], [long / "ray"])


@pytest.mark.slow
def test_ray_tmpdir_mends_a_long_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    import tempfile

    long = tmp_path_factory.mktemp("y" * 80)
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        ended = ray_in(str(long), RAY_TMPDIR=short)
    assert ended.returncode == 0, ended.stderr
    assert "identity" in ended.stdout
