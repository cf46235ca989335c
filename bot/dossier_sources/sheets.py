"""Spreadsheets: a flat export, the columns of any of the JSON shapes, or the list print-out with its two-row header."""

import csv
import io
import warnings
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

from bot.dossier_sources.fields import Repeated, Row, Unreadable, change
from bot.dossier_sources.json_shapes import DVCQG, FLAT
from bot.personal import Hasher
from knowledge_base.text import fold

HEADER_WITHIN: Final = 20
"""Rows at the top of a sheet among which the heading is looked for."""
_HEADINGS: Final[dict[str, str]] = (
    {fold(column): field for columns in (DVCQG, FLAT) for field, column in columns.items()}
    | {"tenthutuc": "procedure_name"}
    | {
        heading: field
        for field, headings in {
            "code": ("ma ho so", "so ho so", "ma so ho so", "so bien nhan"),
            "procedure_code": ("ma thu tuc", "ma tthc", "ma thu tuc hanh chinh"),
            "procedure_name": ("ten thu tuc", "ten tthc", "thu tuc", "ten thu tuc hanh chinh", "thu tuc hanh chinh"),
            "agency": ("co quan", "co quan giai quyet", "co quan chu tri giai quyet", "don vi xu ly"),
            "name": ("ten ca nhan, to chuc", "ten to chuc, ca nhan", "chu ho so", "nguoi nop", "ho va ten", "ho ten"),
            "phone": ("so dien thoai", "dien thoai", "sdt"),
            "address_phone": ("dia chi, so dien thoai", "dia chi, dien thoai"),
            "identity": ("so dinh danh", "so can cuoc", "cccd", "so cccd", "so cmnd/cccd", "cmnd/cccd"),
            "status": ("trang thai", "tinh trang", "trang thai ho so"),
            "received_at": ("nhan ho so", "ngay nhan", "ngay tiep nhan", "ngay nhan ho so"),
            "due_at": ("hen tra ket qua", "hen tra", "ngay hen tra", "ngay hen tra ket qua"),
            "due_moved_to": ("ngay hen tra moi", "hen tra lai"),
            "returned_at": ("tra ket qua", "ngay tra", "ngay tra ket qua"),
            "fee_due": ("phi phai nop", "le phi phai nop", "so tien phai nop"),
            "supplement_reason": ("ly do bo sung", "ly do"),
            "missing": ("giay to can bo sung", "giay to con thieu"),
            "place": ("noi tra ket qua",),
            "updated_at": ("ngay cap nhat", "cap nhat luc"),
        }.items()
        for heading in headings
    }
)
_DELIMITERS: Final = ",;\t|"


def read_xlsx(path: Path, hasher: Hasher, now: datetime) -> Iterator[Row]:
    """The first sheet with a known heading."""
    # half a second and 20 MB, which serving need not spend
    from openpyxl import load_workbook  # noqa: PLC0415
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles that openpyxl does not know are of no interest
            # from the bytes: openpyxl refuses a name that does not end in .xlsx
            book = load_workbook(io.BytesIO(path.read_bytes()), read_only=True, data_only=True)
    except (InvalidFileException, BadZipFile, KeyError, ValueError, OSError) as error:
        raise Unreadable(f"{path} is no readable workbook: save it anew as .xlsx") from error
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # some exports declare one cell
        rows = sheet.iter_rows(values_only=True)
        top = list(islice(rows, HEADER_WITHIN))
        if (found := _heading(top)) is not None:
            return _rows(chain(top, rows), *found, hasher, now)
    raise _no_heading(path)


def read_csv(data: bytes, path: Path, hasher: Hasher, now: datetime) -> Iterator[Row]:
    """Comma, semicolon, tab or bar; UTF-8 or UTF-16."""
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable(f"{path} is neither UTF-8 nor UTF-16: save it as CSV UTF-8") from None
    top = text[:20_000]
    for delimiter in sorted(_DELIMITERS, key=top.count, reverse=True):
        rows = list(islice(csv.reader(io.StringIO(top, newline=""), delimiter=delimiter), HEADER_WITHIN))
        if (found := _heading(rows)) is not None:
            return _rows(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), *found, hasher, now)
    raise _no_heading(path)


def _no_heading(path: Path) -> Unreadable:
    return Unreadable(
        f"{path} has no row of headings with a dossier's code and two more known columns: "
        'name them e.g. "Mã hồ sơ", "Trạng thái", "Ngày tiếp nhận", "Ngày hẹn trả"'
    )


def _heading(top: Sequence[Sequence[Any]]) -> tuple[int, list[str]] | None:
    """How many rows to skip, and the heading of each column; a heading may stand in two rows, the upper one merged."""
    best: tuple[int, int, list[str]] | None = None
    for position, row in enumerate(top):
        single = [_cell(cell) for cell in row]
        options = [(position + 1, single)]
        if position + 1 < len(top):
            lower = [_cell(cell) for cell in top[position + 1]]
            options.append((position + 2, [low or up for up, low in zip_longest(single, lower, fillvalue="")]))
        for skip, headings in options:
            known = [_HEADINGS[fold(heading)] for heading in headings if fold(heading) in _HEADINGS]
            if "code" in known and len(set(known)) >= 3 and (best is None or len(set(known)) > best[0]):
                best = (len(set(known)), skip, headings)
    return None if best is None else (best[1], best[2])


def _rows(rows: Any, skip: int, headings: list[str], hasher: Hasher, now: datetime) -> Iterator[Row]:
    fields = {index: _HEADINGS[fold(name)] for index, name in enumerate(headings) if fold(name) in _HEADINGS}
    columns = {field: headings[index] for index, field in fields.items()}
    columns["phone"] = columns.get("phone") or columns.get("address_phone", "phone")
    seen = Repeated()
    for number, row in enumerate(rows, 1):
        if number <= skip or not any(_cell(cell) for cell in row) or _numbers_columns(row):
            continue
        raw = {field: row[index] if index < len(row) else None for index, field in fields.items()}
        if "address_phone" in raw:
            raw["phone"] = _phone_at_end(_cell(raw.pop("address_phone")))
        yield seen.row(number, change(raw, columns, hasher, now), columns["code"])


def _numbers_columns(row: Sequence[Any]) -> bool:
    """The row 1, 2, 3, ... under the heading of a print-out."""
    cells = [_cell(cell).strip("()") for cell in row if _cell(cell)]
    return len(cells) >= 3 and cells == [str(number) for number in range(1, len(cells) + 1)]


def _phone_at_end(text: str) -> str:
    """The phone number that follows an address; an address without one gives none."""
    last = text.replace(";", ",").rsplit(",", 1)[-1].strip()
    return last if sum(char.isdigit() for char in last) >= 9 else ""


def _cell(cell: object) -> str:
    return " ".join(str(cell).split()) if cell is not None else ""
