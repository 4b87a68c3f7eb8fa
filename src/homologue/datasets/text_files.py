"""Read text files of data sets; errors name the file and line."""

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
    """Read a file as UTF-8, with or without byte-order mark.

    Raises:
        HomologueError: the file cannot be read or is not UTF-8.
    """
    with open_for_reading(path) as file:
        data = file.read()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise HomologueError(f"{path} is not UTF-8 text; save it as UTF-8.") from error


def read_json_object(path: Path) -> dict[str, Any]:
    """Read a file that holds a JSON object.

    Raises:
        HomologueError: the file cannot be read or does not hold a JSON object.
    """
    return parse_json_object(read_text(path), str(path))


def parse_json_object(text: str, where: str) -> dict[str, Any]:
    """Parse a JSON object.

    Args:
        text: JSON.
        where: file and line of the text, for errors.

    Raises:
        HomologueError: the text is not a JSON object.
    """
    try:
        value = parse_json(text)
    except ValueError as error:
        raise HomologueError(
            f"{where} is not valid JSON ({error}); correct it or download it again."
        ) from error
    if not isinstance(value, dict):
        raise HomologueError(f"{where} does not hold a JSON object; write {{...}}.")
    return value


def read_columns(path: Path, columns: int) -> Iterator[list[str]]:
    """Split the lines of a file at whitespace into `columns` words; the last takes the rest.

    Empty lines are skipped.

    Raises:
        HomologueError: a line has fewer words.
    """
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        words = line.split(maxsplit=columns - 1)
        if len(words) != columns:
            raise HomologueError(
                f"{path}, line {number}, has {len(words)} words, not {columns}; download the file "
                "again."
            )
        yield words


def read_csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of each row of a CSV file, the header first.

    Empty rows are skipped.

    Raises:
        HomologueError: the file is empty or not CSV.
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
            f"{path}, line {rows.line_num}, is not valid CSV ({error}); separate cells with commas."
        ) from error
    if empty:
        raise HomologueError(f"{path} is empty; write a header and rows.")


def parse_numbers(texts: Sequence[str], where: str) -> list[float]:
    """Parse finite numbers.

    Args:
        texts: one number each.
        where: file and line of the texts, for errors.

    Raises:
        HomologueError: a text is not a finite number.
    """
    numbers = []
    for text in texts:
        number = parse_number(text)
        if number is None:
            raise HomologueError(f"{where} has {text!r} instead of a number; correct it.")
        numbers.append(number)
    return numbers
