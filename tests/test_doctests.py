"""The examples in docstrings are run, whichever module they are in."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

import homologue

PACKAGE = Path(homologue.__file__).parent
PROMPT = re.compile(r"^\s*>>> ", re.MULTILINE)


def examples_in(path: Path) -> int:
    return len(PROMPT.findall(path.read_text(encoding="utf-8")))


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path): count
    for path in sorted(PACKAGE.rglob("*.py"))
    if (count := examples_in(path))
}


def test_modules_with_examples_are_found() -> None:
    assert {"homologue.geometry", "homologue.metrics"} <= MODULES.keys()


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    result = doctest.testmod(importlib.import_module(name))
    report = capsys.readouterr().out
    assert result.failed == 0, report
    # doctest does not look inside nested functions: an example there would never run.
    assert result.attempted == MODULES[name]
