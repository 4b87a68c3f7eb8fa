"""How many rows fit, and what autograd keeps."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import psutil
import pytest
import torch
from helpers.command_line import refused

from homologue import memory
from homologue.errors import HomologueError, HomologueWarning
from homologue.matchers.attention_matcher import Attention
from homologue.memory import (
    BatchLimits,
    free_bytes,
    ran_out_of_memory,
    rows_that_fit,
    saved_bytes,
)
from homologue.method.fit import fit_embeddings
from homologue.presets import DEFAULT
from homologue.self_check.check import check

CPU = torch.device("cpu")
GIB = 2**30


@pytest.mark.parametrize(
    ("row_bytes", "budget", "most", "expected"),
    [
        (GIB // 4, 1.0, 100, 4),
        (GIB // 4, 1.0, 3, 3),
        (GIB // 4, 0.99, 100, 3),
        (GIB, 1.0, 100, 1),
        (0, 1.0, 7, 7),
    ],
)
def test_rows_within_a_budget(row_bytes: int, budget: float, most: int, expected: int) -> None:
    assert rows_that_fit(row_bytes, CPU, budget, most) == expected


def test_without_a_budget_half_of_what_is_free_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda device: 10 * GIB)
    assert rows_that_fit(GIB, CPU, None, 100) == 5


def test_a_row_that_does_not_fit_is_refused_in_a_sentence() -> None:
    with pytest.raises(HomologueError) as caught:
        rows_that_fit(3 * GIB, CPU, 1.5, 8)
    assert str(caught.value) == (
        "One point needs 3.00 GiB and only 1.50 GiB may be used: free memory, use --strategy "
        "cached, or load the model in float16."
    )


def test_free_bytes_of_a_cpu_is_what_the_machine_has() -> None:
    assert 0 < free_bytes(CPU) <= psutil.virtual_memory().total


def test_free_bytes_of_cuda_is_what_the_device_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (123, 456))
    assert free_bytes(torch.device("cuda")) == 123


@pytest.mark.parametrize("budget", [1e300, 10**400, 2.0**60])
def test_a_huge_budget_is_no_limit(budget: float) -> None:
    assert rows_that_fit(GIB, CPU, budget, 8) == 8


@pytest.mark.parametrize("budget", [float("nan"), float("inf"), -1.0, True, "8"])
def test_a_budget_is_checked_where_it_is_given(budget: Any) -> None:
    """Before anything is loaded or computed, whatever the number of points."""
    nothing: Any = None
    sentence = f"^The memory budget is {budget} GiB; give a finite number above 0.$"
    with pytest.raises(HomologueError, match=sentence):
        fit_embeddings(nothing, nothing, nothing, memory=budget)
    with pytest.raises(HomologueError, match=sentence):
        Attention(nothing, DEFAULT, memory=budget)
    with pytest.raises(HomologueError, match=sentence):
        check(nothing, memory=budget)


@pytest.mark.parametrize("budget", ["nan", "inf", "-1", "0"])
def test_every_command_refuses_a_budget_that_is_none(budget: str, homologue: Any) -> None:
    for command in (["match", "a", "b"], ["fit", "a", "-o", "c"], ["evaluate", "own"], ["check"]):
        outcome = homologue(*command, "--memory", budget)
        refused(outcome, "The memory budget is", "give a finite number above 0")


@pytest.mark.parametrize("budget", [0.0, -1.0, float("nan"), float("inf")])
def test_a_budget_of_nothing_is_refused(budget: float) -> None:
    with pytest.raises(HomologueError, match=rf"^The memory budget is {budget} GiB;"):
        rows_that_fit(1, CPU, budget, 8)


def leaf(*shape: int) -> torch.Tensor:
    return torch.ones(*shape, requires_grad=True)


def squared(x: torch.Tensor) -> Callable[[], torch.Tensor]:
    return lambda: (x * x).sum()


def test_saved_bytes_counts_every_tensor_once() -> None:
    # x * x saves x for both factors.
    assert saved_bytes(squared(leaf(10, 25))) == 4 * 250
    x, y = leaf(100), leaf(100)
    assert saved_bytes(lambda: (x * y * x).sum()) == 4 * 300


def test_saved_bytes_leaves_weights_out() -> None:
    weight = torch.nn.Parameter(torch.ones(50, 50), requires_grad=False)
    x = leaf(3, 50)
    assert saved_bytes(lambda: (x @ weight).sum()) == 0


def test_saved_bytes_leaves_views_of_weights_out() -> None:
    layer = torch.nn.Linear(50, 60).requires_grad_(False)  # autograd saves the transposed weight
    x = leaf(3, 50)
    assert saved_bytes(lambda: layer(x).sum()) == 0


def test_saved_bytes_without_gradients_is_nothing() -> None:
    assert saved_bytes(squared(torch.ones(1000))) == 0


OUT_OF_MEMORY = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has 8 GiB."),
    RuntimeError("MPS backend out of memory (MPS allocated: 5 GB). Tried to allocate 1 GB."),
    RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
    MemoryError(),
]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=["cuda", "mps", "cpu", "python"])
def test_errors_of_every_device_are_recognised(error: Exception) -> None:
    assert ran_out_of_memory(error)


@pytest.mark.parametrize(
    "error", [RuntimeError("shapes do not match"), ValueError("out of memory")]
)
def test_other_errors_are_not(error: Exception) -> None:
    assert not ran_out_of_memory(error)
    with pytest.raises(type(error)):
        BatchLimits().run("working", [1, 2], lambda _: raised(error))


def raised(error: Exception) -> None:
    raise error


def limited(most: int, sizes: list[int]) -> Callable[[Sequence[int]], list[int]]:
    """Return a function that squares numbers, at most so many at once, and records its calls."""

    def work(numbers: Sequence[int]) -> list[int]:
        sizes.append(len(numbers))
        if len(numbers) > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return [number**2 for number in numbers]

    return work


def test_batches_are_halved_until_they_fit_and_the_size_is_kept() -> None:
    limits, sizes = BatchLimits(), []  # type: ignore[var-annotated]
    numbers = list(range(11))
    with pytest.warns(HomologueWarning) as notes:
        results = limits.run("working", numbers, limited(3, sizes))
    assert [n for batch in results for n in batch] == [n**2 for n in numbers]
    assert sizes == [11, 5, 2, 2, 2, 2, 2, 1]
    assert [str(note.message) for note in notes] == [
        "Memory ran out while working, 11 at once; continuing with smaller batches."
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sizes.clear()
        limits.run("working", numbers[:4], limited(3, sizes))
        assert sizes == [2, 2]
        sizes.clear()
        limits.run("other work", numbers[:4], limited(3, sizes))  # no second note
        assert sizes == [4, 2, 2]


def test_enough_memory_is_one_batch() -> None:
    sizes: list[int] = []
    assert BatchLimits().run("working", range(5), limited(5, sizes)) == [[0, 1, 4, 9, 16]]
    assert sizes == [5]


def test_memory_that_does_not_suffice_for_one_is_an_error_with_the_remedy() -> None:
    limits = BatchLimits()
    with (
        pytest.warns(HomologueWarning, match="3 at once"),
        pytest.raises(HomologueError) as caught,
    ):
        limits.run("working", range(3), limited(0, []))
    assert str(caught.value) == (
        "Memory ran out while working, one at a time (CUDA out of memory): free memory, use "
        "--strategy cached, or load the model in float16 or on another device."
    )
