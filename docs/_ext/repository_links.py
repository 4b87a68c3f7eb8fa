"""Links of Markdown files that people also read in the repository.

A page may include a file from elsewhere in the repository, such as the model card. Its relative
links are rewritten for the page that shows them; a link to a file that has no page becomes its
text.
"""

import os
import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

DOCS = Path(__file__).parent.parent
ROOT = DOCS.parent

# File of the repository -> page that includes it.
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "src/homologue/diffusion/builtin/README.md": "model-card.md",
    "src/homologue/datasets/emoji/README.md": "data-card.md",
    "recipes/builtin/README.md": "builtin-recipe.md",
    "recipes/emoji_benchmark/README.md": "emoji-recipe.md",
}
# Headings of README.md that the site has on another page.
ANCHORS = {
    "README.md#parity-with-the-paper": "paper.md#parity",
    "README.md#stable-diffusion": "stable-diffusion.md",
}

_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")


def rewrite(text: str, origin: Path, page: Path) -> str:
    """Rewrite the links of Markdown that lies in the file `origin` and is shown on `page`."""

    def replace(found: re.Match[str]) -> str:
        mark, label, target = found.groups()
        if re.match(r"[a-z]+:|#", target):
            return found[0]
        path, _, anchor = target.partition("#")
        file = (origin.parent / path).resolve()
        if not file.is_relative_to(ROOT):
            return label
        name = file.relative_to(ROOT).as_posix()
        if f"{name}#{anchor}" in ANCHORS:
            path, _, anchor = ANCHORS[f"{name}#{anchor}"].partition("#")
            file = DOCS / path
        elif name in PAGES:
            file = DOCS / PAGES[name]
            anchor = "" if name == "README.md" else anchor
        elif not file.is_relative_to(DOCS):
            return label
        relative = os.path.relpath(file, page.parent).replace(os.sep, "/")
        return f"{mark}[{label}]({relative}{'#' if anchor else ''}{anchor})"

    blocks = re.split(r"(^```.*?^```)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(
        block if index % 2 else _LINK.sub(replace, block) for index, block in enumerate(blocks)
    )


def _on_page(app: Sphinx, docname: str, content: list[str]) -> None:
    page = Path(app.env.doc2path(docname))
    content[0] = rewrite(content[0], page, page)


def _on_include(app: Sphinx, relative_path: Path, parent_docname: str, content: list[str]) -> None:
    page = Path(app.env.doc2path(parent_docname))
    content[0] = rewrite(content[0], (DOCS / relative_path).resolve(), page)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("source-read", _on_page)
    app.connect("include-read", _on_include)
    return {"parallel_read_safe": True}
