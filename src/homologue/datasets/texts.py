"""Text files of data sets, refused by name and line where they are not what they should be."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from homologue.errors import HomologueError
from homologue.files import open_for_reading
from homologue.formats.json_text import parse_json
from homologue.formats.point_files import parse_number


def read_text(path: Path) -> str:
    """The text of a file in UTF-8.

    Raises:
        HomologueError: it is not there, or not UTF-8.
    """
    with open_for_reading(path) as file:
        data = file.read()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise HomologueError(f"{path} is not UTF-8 text; save it as UTF-8.") from error


def read_json_object(path: Path) -> dict[str, Any]:
    """
    Raises:
        HomologueError: the file is not there, or not JSON of one object.
    """
    return json_object(read_text(path), str(path))


def json_object(text: str, where: str) -> dict[str, Any]:
    """The JSON object of a text; `where` says in errors which text it is."""
    try:
        value = parse_json(text)
    except ValueError as error:
        raise HomologueError(
            f"{where} is not valid JSON ({error}); write or fetch it again."
        ) from error
    if not isinstance(value, dict):
        raise HomologueError(f"{where} holds no JSON object; write {{...}}.")
    return value


def read_columns(path: Path, columns: int) -> Iterator[list[str]]:
    """The lines of a file as that many words each; the last word is the rest of its line.

    Raises:
        HomologueError: a line has fewer.
    """
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        words = line.split(maxsplit=columns - 1)
        if len(words) != columns:
            raise HomologueError(
                f"{path}, line {number}, has {len(words)} words and not {columns}; fetch the file "
                "again."
            )
        yield words


def read_table(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file with the numbers of their lines, the header first.

    Raises:
        HomologueError: it is empty, or not CSV.
    """
    rows = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    empty = True
    try:
        for row in rows:
            if any(cell.strip() for cell in row):
                empty = False
                yield rows.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        raise HomologueError(
            f"{path}, line {rows.line_num}, is not CSV ({error}); separate cells with commas."
        ) from error
    if empty:
        raise HomologueError(f"{path} is empty; write a header and rows.")


def numbers(texts: Sequence[str], where: str) -> list[float]:
    """Finite numbers; `where` says in errors which texts they are."""
    found = []
    for text in texts:
        number = parse_number(text)
        if number is None:
            raise HomologueError(f"{where} has {text!r} where a number should be; mend it.")
        found.append(number)
    return found
