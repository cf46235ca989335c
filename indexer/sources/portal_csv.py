"""The catalogue as CSV: UTF-8 with or without a byte order mark, comma, semicolon or tab, quoted commas."""

import csv
import io

from indexer.sources.finding import Reading, SourceRefused
from indexer.sources.listing import columns_of, read_rows

_DELIMITERS = (",", ";", "\t")


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    return data.decode("utf-8-sig", errors="replace")


def _header(text: str) -> tuple[str, dict[str, int], int] | None:
    """Delimiter, columns and number of lines up to the header, where one of the first lines is a header."""
    for number, line in enumerate(text.splitlines()[:60], 1):
        for delimiter in _DELIMITERS:
            columns = columns_of(next(csv.reader([line], delimiter=delimiter), []))
            if columns:
                return delimiter, columns, number
    return None


def looks_like_catalogue_csv(data: bytes) -> bool:
    """Whether one of the first lines names a column for the code and one for the name."""
    return b"\x00\x00\x00" not in data[:4096] and _header(_decoded(data[:65_536])) is not None


def read_portal_csv(data: bytes, origin: str) -> Reading:
    """The procedures of a catalogue CSV."""
    text = _decoded(data)
    found = _header(text)
    if found is None:
        raise SourceRefused(
            f"{origin}: không có dòng tiêu đề với cột “Mã số” và “Tên”. Hãy dùng danh sách xuất từ Cổng."
        )
    delimiter, columns, header = found
    csv.field_size_limit(1_000_000)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise SourceRefused(f"{origin}: tệp CSV bị hỏng ở dòng {reader.line_num}. Hãy xuất lại danh sách.") from error
    return read_rows(columns, [(number, row) for number, row in rows if number > header], origin)
