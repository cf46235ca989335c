"""Reading delimited text so that one stray quotation mark costs no more than its own line.

A quotation mark that nobody closes makes everything up to the next one a single cell. Here such a line is read without
its marks where that gives all its columns, else left out with a reason; the lines after it are read for themselves.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from bot.dossier_codes import normal

LONGEST: Final = 30
"""Lines of one row: a quoted cell may hold an address in several lines, not a whole file."""
STRAY: Final = "has a quotation mark that is not closed: this line was read without it"
UNCLOSED: Final = "has a quotation mark that is not closed: take it out"
UNREADABLE: Final = "is no row of a table: look at this line in a text editor"


class Line(msgspec.Struct, frozen=True):
    """A row with the number of its first line. mended: how it was made readable; fault: why it could not be."""

    number: int
    cells: list[Any]
    mended: str = ""
    fault: str = ""


def lines(text: str) -> list[str]:
    """The lines with their ends; other signs that count as line ends elsewhere are text here."""
    return re.findall(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+", text)


def table(written: Sequence[str], delimiter: str, columns: tuple[int, int] | None) -> Iterator[Line]:
    """The rows. columns: how many there are and which holds the code, where that is known already."""
    begin = 0
    while begin < len(written):
        number, some = begin + 1, written[begin : begin + LONGEST]
        quoted = columns is not None and '"' in some[0]
        reader = csv.reader(iter(some), delimiter=delimiter)
        try:
            cells, used = next(reader, []), max(reader.line_num, 1)
        except csv.Error:  # a cell without end
            cells, used = [], LONGEST if quoted else 1
            if not quoted:
                yield Line(number, [], fault=UNREADABLE)
                begin += used
                continue
        if not quoted or columns is None:
            yield Line(number, cells)
        else:
            plain, swallowed = _plain(some[0], delimiter), some[1:used]
            stray = bool(swallowed) and (not cells or _endless(some[:used], delimiter))
            if stray or _holds_rows(swallowed, delimiter, columns[1]):
                used = 1  # the lines after it stand for themselves
                yield Line(number, plain, STRAY) if len(plain) == columns[0] else Line(number, [], fault=UNCLOSED)
            elif len(cells) < columns[0] == len(plain):
                yield Line(number, plain, STRAY)
            else:
                yield Line(number, cells)
        begin += used


def _plain(line: str, delimiter: str) -> list[str]:
    """The cells of a line, quotation marks taken for plain signs and then left out."""
    return [cell.strip().strip('"').replace('""', '"') for cell in line.rstrip("\r\n").split(delimiter)]


def _endless(some: Sequence[str], delimiter: str) -> bool:
    """Whether the row ends only because the lines do, inside a quoted cell."""
    try:
        next(csv.reader(iter(some), delimiter=delimiter, strict=True), None)
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False


def _holds_rows(swallowed: Sequence[str], delimiter: str, code: int) -> bool:
    """Whether what a quoted cell holds are other dossiers' rows."""
    return any(len(cells) > code and normal(cells[code]) for cells in (_plain(line, delimiter) for line in swallowed))
