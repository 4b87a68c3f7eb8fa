"""Sphinx configuration. `make docs` builds the site into docs/_build/html, without a network."""

import inspect
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import homologue

project = "homologue"
author = "The homologue authors"
copyright = author
version = release = homologue.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "command_help",
    "repository_links",
]
# The figures' scripts and the local extensions are no pages.
exclude_patterns = ["_build", "_ext", "_static"]

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = f"homologue {version}"

# Docstrings mark code with single backticks.
default_role = "code"
nitpicky = True
# Other projects' types: their documentation cannot be looked up offline.
nitpick_ignore_regex = [
    ("py:.*", rf"({name})(\..*)?")
    for name in ("torch", "Tensor", "PIL", "Image", "numpy", "np", "matplotlib", "os", "pathlib",
                 "Path", "typing", "collections", "Callable", "safetensors", "diffusers")
]  # fmt: skip

myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

# A class is defined in one module and documented as `homologue.NAME`.
_PUBLIC = {
    f"{value.__module__}.{name}": name
    for name in homologue.__all__
    if inspect.isclass(value := getattr(homologue, name))
}
# Types that the public signatures name and that are explained in the text of docs/api.md.
_EXPLAINED = re.compile(
    r"^(homologue\.)?([\w.]+\.)?(Progress|ImageLike|Strategy|Finder|Observer|Noise|Heads|ReadOut"
    r"|SoftmaxOver|Start|Objective|Level|Verdict|FitTask|ImageViews|SourceImage|PointArtifacts"
    r"|Profile|Origin|[a-z][\w.]*|Any|Self|Figure)$"
)


def _resolve(app: Any, env: Any, node: Any, content: Any) -> Any:
    """Link a class by its public name; leave a type that the page explains as plain text."""
    target = str(node.get("reftarget", ""))
    if node.get("refdomain") != "py":
        return None
    name = _PUBLIC.get(target) or target.rpartition(".")[2]
    if name in homologue.__all__ and target != f"homologue.{name}":
        return env.domains["py"].resolve_xref(
            env, node["refdoc"], app.builder, "obj", f"homologue.{name}", node, content
        )
    return content if _EXPLAINED.match(target) else None


def _plain_property(
    app: Any, what: str, name: str, value: Any, options: Any, lines: list[str]
) -> None:
    """Keep napoleon from reading "Words: more words." of a property as "type: description"."""
    if what in ("property", "attribute") and lines:
        lines[0] = lines[0].replace(": ", " \N{EN DASH} ", 1)


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", _plain_property, priority=400)
    app.connect("missing-reference", _resolve)
