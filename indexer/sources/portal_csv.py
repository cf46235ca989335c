"""The catalogue as CSV: UTF-8 with or without a byte order mark, comma, semicolon or tab, quoted commas."""

import csv
import io
from typing import Final, NamedTuple

from msgspec.structs import replace

from indexer.facts.codes import read_code
from indexer.sources.finding import Finding, Reading, SourceRefused
from indexer.sources.listing import columns_of, read_rows

_DELIMITERS: Final = (",", ";", "\t")
_LONGEST_CELL: Final = 50
"""Lines that one quoted cell may have."""
UNCLOSED: Final = "dấu ngoặc kép không đóng: đọc riêng dòng này, hãy kiểm tra lại tên và các cột sau"


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8-sig", errors="replace")


class _Rows(NamedTuple):
    """The rows of a CSV with the number of the line on which each begins, and the lines with an unclosed quote."""

    rows: list[tuple[int, list[str]]]
    unclosed: list[int]


def _parsed(line: str, delimiter: str) -> list[str]:
    return next(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter), [])


def _rows(lines: list[str], delimiter: str, code: int | None = None, most: int | None = None) -> _Rows:
    """The rows of `lines`. A quote that is never closed, or that closes behind what is a row of its own (with a code
    in column `code`), costs no other row: its line is read without its quotes."""
    found = _Rows([], [])
    at = 0
    while at < len(lines) and (most is None or len(found.rows) < most):
        end = at + 1
        odd = lines[at].count('"') % 2 == 1
        while odd and end < len(lines) and end - at < _LONGEST_CELL:
            odd = lines[end].count('"') % 2 == 0
            end += 1
        swallows = code is not None and any(_has_code(_parsed(line, delimiter), code) for line in lines[at + 1 : end])
        if odd or swallows:
            found.rows.append((at + 1, _parsed(lines[at].replace('"', ""), delimiter)))
            found.unclosed.append(at + 1)
            end = at + 1
        else:
            found.rows.append((at + 1, _parsed("".join(lines[at:end]), delimiter)))
        at = end
    return found


def _has_code(row: list[str], column: int) -> bool:
    return column < len(row) and bool(read_code(row[column].strip(' "')).code)


def _header(lines: list[str]) -> tuple[str, dict[str, int], int] | None:
    """Delimiter, columns and number of the line on which the header begins, where one of the first rows is one."""
    for delimiter in _DELIMITERS:
        for number, row in _rows(lines, delimiter, most=60).rows:
            columns = columns_of(row)
            if columns:
                return delimiter, columns, number
    return None


def looks_like_catalogue_csv(data: bytes) -> bool:
    """Whether one of the first rows names a column for the code and one for the name."""
    if b"\x00\x00\x00" in data[:4096]:
        return False
    try:
        return _header(_lines(_decoded(data[:65_536]))) is not None
    except csv.Error:
        return False


def _lines(text: str) -> list[str]:
    return io.StringIO(text, newline=None).readlines()


def read_portal_csv(data: bytes, origin: str) -> Reading:
    """The procedures of a catalogue CSV."""
    csv.field_size_limit(1_000_000)
    lines = _lines(_decoded(data))
    try:
        found = _header(lines)
        if found is None:
            raise SourceRefused(
                f"{origin}: không có dòng tiêu đề với cột “Mã số” và “Tên”. Hãy dùng danh sách xuất từ Cổng."
            )
        delimiter, columns, header = found
        rows, unclosed = _rows(lines, delimiter, columns["code"])
    except csv.Error as error:
        raise SourceRefused(f"{origin}: tệp CSV bị hỏng. Hãy xuất lại danh sách.") from error
    reading = read_rows(columns, [(number, row) for number, row in rows if number > header], origin)
    broken = tuple(
        Finding(code="", field="row", reason=UNCLOSED, action="reported", row=f"{origin}, dòng {number}")
        for number in unclosed
    )
    return replace(reading, findings=reading.findings + broken)
