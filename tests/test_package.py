"""The source distribution, the wheel that is built from it, and the files around the library that
other programs read."""

import json
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest
import yaml
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

import homologue
from homologue.viewer.samples import PHOTOGRAPHS

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LARGEST = 30_000_000  # bytes
LICENCES = "Apache-2.0 AND CC-BY-2.0 AND CC-BY-4.0 AND CC-BY-SA-4.0 AND CC0-1.0 AND MIT"


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    (path,) = SdistBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("sdist")))
    return Path(path)


@pytest.fixture(scope="module")
def wheel(sdist: Path) -> Path:
    """Built from the unpacked source distribution, as `python -m build` does."""
    with tarfile.open(sdist) as archive:
        archive.extractall(sdist.parent, filter="data")
    source = sdist.parent / sdist.name.removesuffix(".tar.gz")
    (path,) = WheelBuilder(str(source)).build(directory=str(sdist.parent), versions=["standard"])
    return Path(path)


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        return archive.namelist()


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def read_yaml(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text("utf-8"))


def test_the_wheel_has_every_file_of_the_package_and_none_else(names: list[str]) -> None:
    package = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src" / "homologue").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    photographs = {f"homologue/viewer/photographs/{subject}.jpg" for subject in PHOTOGRAPHS}
    shipped = {name for name in names if ".dist-info/" not in name}
    assert shipped == package | photographs


def test_the_wheel_has_what_the_library_reads(names: list[str]) -> None:
    for name in (
        "homologue/py.typed",
        "homologue/viewer/static/index.html",
        "homologue/viewer/static/main.js",
        "homologue/viewer/static/style/base.css",
        "homologue/diffusion/builtin/unet/diffusion_pytorch_model.safetensors",
        "homologue/diffusion/builtin/vae/diffusion_pytorch_model.safetensors",
        "homologue/diffusion/builtin/text_encoder/model.safetensors",
        "homologue/diffusion/builtin/tokenizer/vocab.json",
        "homologue/diffusion/loading/configs/sd1/unet/config.json",
        "homologue/diffusion/loading/configs/sdxl/unet/config.json",
        "homologue/datasets/emoji/pairs.json",
        "homologue/datasets/emoji/licences.json",
    ):
        assert name in names
    assert sum(name.endswith(".webp") for name in names) == 333
    licences = [name.rpartition("/")[2] for name in names if ".dist-info/licenses/" in name]
    assert sorted(licences) == ["LICENSE", "NOTICE"]


def test_the_wheel_has_neither_tests_nor_recipes_nor_pictures_of_the_documentation(
    names: list[str],
) -> None:
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"homologue", f"homologue-{homologue.__version__}.dist-info"}
    assert {Path(name).suffix for name in names} <= {
        "", ".py", ".pyi", ".typed", ".md", ".json", ".txt", ".safetensors", ".webp", ".jpg",
        ".html", ".js", ".css", ".svg",
    }  # fmt: skip


def test_the_source_distribution_can_be_tested_and_has_no_pictures_of_the_documentation(
    sdist: Path,
) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    tops = {name.partition("/")[0] for name in names}
    assert {
        "CHANGELOG.md", "CITATION.cff", "LICENSE", "Makefile", "NOTICE", "PKG-INFO", "README.md",
        "benchmarks", "constraints.txt", "examples", "pyproject.toml", "recipes", "src", "tests",
    } <= tops  # fmt: skip
    assert "tests/test_package.py" in names
    assert [name for name in names if name.startswith("docs/") and name.endswith(".png")] == []
    forbidden = {".ci", ".git", ".venv", "demo-output", "dist"}
    assert not tops & forbidden


def test_both_are_small_enough(sdist: Path, wheel: Path) -> None:
    for path in (sdist, wheel):
        assert 10_000_000 < path.stat().st_size < LARGEST


def test_twine_accepts_both(sdist: Path, wheel: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "twine", "--no-color", "check", "--strict", sdist, wheel],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("PASSED") == 2


def test_the_metadata(metadata: Message) -> None:
    assert metadata["Name"] == "homologue"
    assert metadata["Version"] == homologue.__version__
    assert metadata["Author"] == "The homologue authors"
    assert metadata["License-Expression"] == LICENCES
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    assert not [one for one in metadata.get_all("Classifier", []) if one.startswith("License ::")]


def test_the_licence_expression_covers_the_drawings() -> None:
    text = (ROOT / "src/homologue/datasets/emoji/licences.json").read_text("utf-8")
    sets = json.loads(text)["sets"]
    assert {one["licence"] for one in sets.values()} <= set(PROJECT["license"].split(" AND "))
    notice = (ROOT / "NOTICE").read_text("utf-8")
    assert [name for name in sets if not re.search(rf"^{name}\b|, {name}\b", notice, re.M)] == []


def test_the_version_is_in_one_place() -> None:
    assert PROJECT["dynamic"] == ["version"]
    assert "version" not in PROJECT
    assert "version" not in read_yaml("CITATION.cff")
    line = f'__version__ = "{homologue.__version__}"'
    assert line in (ROOT / "src/homologue/__init__.py").read_text("utf-8").splitlines()


def test_importing_the_package_imports_nothing_large() -> None:
    code = "import sys, homologue; homologue.__version__; print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(ended.stdout.split()) & {"torch", "numpy", "PIL", "diffusers", "typer", "rich"}


# With -I only the unpacked wheel has the package, not the working tree.
UNPACKED = """
import sys
sys.path.insert(0, sys.argv[1])
import homologue
from homologue.datasets.base import get_benchmark
assert homologue.__file__.startswith(sys.argv[1]), homologue.__file__
assert homologue.load("builtin", device="cpu").side == 320
pairs = get_benchmark("emoji").pairs("test")
assert pairs[0].source.read().width == 256
print(len(pairs))
"""


@pytest.mark.slow
def test_the_model_and_the_drawings_are_read_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    ended = subprocess.run(
        [sys.executable, "-I", "-c", UNPACKED, tmp_path],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "1042\n"


def test_the_citation_names_the_software_and_the_paper() -> None:
    citation = read_yaml("CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= set(citation)  # what the schema asks
    (paper,) = citation["references"]
    names = [author["family-names"] for author in paper["authors"]]
    assert (paper["year"], names[0], len(names)) == (2023, "Hedlin", 7)
    cite = (ROOT / "docs/cite.md").read_text("utf-8")
    assert [name for name in names if name not in cite] == []
    assert paper["title"] in cite


@pytest.mark.parametrize("name", ["bug_report.yml", "feature_request.yml"])
def test_issue_templates_are_forms(name: str) -> None:
    form = read_yaml(f".github/ISSUE_TEMPLATE/{name}")
    assert {"name", "description", "body"} <= set(form)
    identifiers = [item["id"] for item in form["body"] if item["type"] != "markdown"]
    assert len(identifiers) == len(set(identifiers)) >= 3


def test_a_bug_report_asks_for_the_output_of_the_check() -> None:
    form = read_yaml(".github/ISSUE_TEMPLATE/bug_report.yml")
    (field,) = (item for item in form["body"] if item.get("id") == "check")
    assert "homologue check --json" in field["attributes"]["label"]
    assert field["validations"]["required"] is True


def test_continuous_integration_runs_the_versions_that_the_classifiers_name() -> None:
    jobs = read_yaml(".github/workflows/ci.yml")["jobs"]
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert jobs["linux"]["strategy"]["matrix"]["python"] == named
    elsewhere = jobs["elsewhere"]["strategy"]["matrix"]
    assert set(elsewhere["python"]) <= set(named)
    assert {one.partition("-")[0] for one in elsewhere["os"]} == {"macos", "windows"}


def test_what_workflows_make_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    jobs = read_yaml(".github/workflows/ci.yml")["jobs"]
    made = {
        target
        for job in jobs.values()
        for step in job["steps"]
        if step.get("run", "").startswith("make ")
        for target in step["run"].split()[1:]
    }
    assert {"test", "package"} <= made <= targets


def test_a_release_uploads_what_was_checked_without_a_token() -> None:
    jobs = read_yaml(".github/workflows/release.yml")["jobs"]
    assert jobs["check"]["uses"] == "./.github/workflows/ci.yml"
    publish = jobs["publish"]
    assert set(publish["needs"]) == {"check", "version"}
    assert publish["permissions"] == {"id-token": "write"}
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text("utf-8")


def test_pre_commit_runs_ruff_and_mypy_of_the_environment() -> None:
    (local,) = read_yaml(".pre-commit-config.yaml")["repos"]
    assert local["repo"] == "local"
    assert {hook["entry"].split()[0] for hook in local["hooks"]} == {
        ".venv/bin/ruff", ".venv/bin/mypy"
    }  # fmt: skip


def test_what_the_development_extra_names_has_a_tested_version() -> None:
    text = (ROOT / "constraints.txt").read_text("utf-8")
    pinned = {normal(line.partition("==")[0]) for line in text.split()}
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *(one for extra in extras.values() for one in extra)]
    names = {normal(re.split(r"[<>=;\[ ]", one, maxsplit=1)[0]) for one in wanted}
    assert names <= pinned


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
