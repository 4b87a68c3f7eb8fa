"""The directive `command-help`: usage, arguments and options of a command, from Typer itself."""

import typer
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from homologue.cli import app as command_line


class CommandHelp(SphinxDirective):
    """`command-help NAME` shows `homologue NAME --help` without its first paragraph.

    The page begins with that paragraph; tests/test_documentation.py compares the two.
    """

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        group = typer.main.get_command(command_line)
        name = self.arguments[0]
        if name not in group.commands:
            raise self.error(f"homologue has no command {name!r}.")
        command = group.commands[name]
        context = command.context_class(command, info_name=f"homologue {name}")
        usage = command.get_usage(context).removeprefix("Usage: ")
        rows: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in command.get_params(context):
            record = parameter.get_help_record(context)
            if record is not None:
                kind = "Arguments" if parameter.param_type_name == "argument" else "Options"
                rows[kind].append(record)
        shown: list[nodes.Node] = [
            *self._text((command.help or "").partition("\n\n")[2]),
            nodes.literal_block(usage, usage, language="text"),
        ]
        for kind, records in rows.items():
            if records:
                shown += [nodes.rubric(kind, kind), self._definitions(records)]
        return shown

    def _definitions(self, records: list[tuple[str, str]]) -> nodes.definition_list:
        found = nodes.definition_list()
        for names, text in records:
            term = nodes.term("", "", nodes.literal(names, names))
            meaning = nodes.definition("", *self._text(text))
            found += nodes.definition_list_item("", term, meaning)
        return found

    def _text(self, text: str) -> list[nodes.Node]:
        """Help text, whose single backticks mark code, as paragraphs."""
        paragraphs: list[nodes.Node] = []
        for part in filter(None, text.split("\n\n")):
            paragraph = nodes.paragraph()
            for index, piece in enumerate(" ".join(part.split()).split("`")):
                paragraph += nodes.literal(piece, piece) if index % 2 else nodes.Text(piece)
            paragraphs.append(paragraph)
        return paragraphs


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True}
