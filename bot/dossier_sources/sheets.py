"""Spreadsheets: a flat export, the columns of any of the JSON shapes, or the list print-out with its two-row header."""

import io
import re
import warnings
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

from bot.dossier_sources.delimited import Line, lines, table
from bot.dossier_sources.fields import Bad, Problem, Repeated, Row, Skipped, Unreadable, change
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
_DECORATION: Final = re.compile(r"\([^()]*\)|[*:]")
"""What stands around the words of a heading: "Mã hồ sơ (*)", "Ngày hẹn trả (dd/MM/yyyy):"."""


def read_xlsx(data: bytes, path: Path, hasher: Hasher, now: datetime) -> Iterator[Row]:
    """Every visible sheet with a known heading; what else the workbook holds is told."""
    # half a second and 20 MB, which serving need not spend
    from openpyxl import load_workbook  # noqa: PLC0415
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    damage: tuple[type[Exception], ...] = (InvalidFileException, BadZipFile, zlib.error, EOFError, OSError)
    # whatever openpyxl trips over
    damage += (RuntimeError, SyntaxError, LookupError, ValueError, TypeError, AttributeError)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles that openpyxl does not know are of no interest
            # from the bytes: openpyxl refuses a name that does not end in .xlsx
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheets = [(sheet.title, sheet.sheet_state, _cells(sheet)) for sheet in book.worksheets]
    except damage as error:
        raise Unreadable(f"{path} is no readable workbook: save it anew as .xlsx") from error
    return iter(_sheets(sheets, path, hasher, now))


def _cells(sheet: Any) -> list[Sequence[Any]]:
    """All rows of a visible sheet; a damaged one is found out before anything of it is kept."""
    if sheet.sheet_state != "visible":
        return []
    sheet.reset_dimensions()  # some exports declare one cell
    return list(sheet.iter_rows(values_only=True))


def _sheets(
    sheets: Sequence[tuple[str, str, list[Sequence[Any]]]], path: Path, hasher: Hasher, now: datetime
) -> list[Row]:
    read: list[Row] = []
    skipped: list[Row] = []
    seen, found_any = Repeated(), False
    visible = sum(state == "visible" for _, state, _ in sheets)
    for title, state, rows in sheets:
        if state != "visible":
            skipped.append(Skipped(title, "is a hidden sheet, which is not read"))
        elif found := _heading(rows[:HEADER_WITHIN]):
            found_any = True
            numbered = (Line(number, list(row)) for number, row in enumerate(rows, 1))
            read += _rows(numbered, *found, hasher, now, seen=seen, sheet=title if visible > 1 else "")
        elif any(_cell(cell) for row in rows for cell in row):
            skipped.append(Skipped(title, "is a sheet without a row of known headings, which is not read"))
    if not found_any:
        raise _no_heading(path)
    return skipped + read


def read_csv(text: str, path: Path, hasher: Hasher, now: datetime, guess: str = "") -> Iterator[Row]:
    """Comma, semicolon, tab or bar. guess: how the text was read, where that is not sure."""
    written = lines(text)
    top = written[: HEADER_WITHIN * 2]
    for delimiter in sorted(_DELIMITERS, key="".join(top).count, reverse=True):
        rows = [line.cells for line in islice(table(top, delimiter, None), HEADER_WITHIN)]
        if (found := _heading(rows)) is not None:
            told: list[Row] = [Skipped("", guess)] if guess else []
            code = next(index for index, name in enumerate(found[1]) if _field(name) == "code")
            columns = (len(found[1]), code)
            return chain(told, _rows(table(written, delimiter, columns), *found, hasher, now, seen=Repeated()))
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
            known = [field for heading in headings if (field := _field(heading))]
            if "code" in known and len(set(known)) >= 3 and (best is None or len(set(known)) > best[0]):
                best = (len(set(known)), skip, headings)
    return None if best is None else (best[1], best[2])


def _field(heading: str) -> str:
    """Our field of a heading; "" for one that is not known."""
    folded = fold(heading)
    return _HEADINGS.get(folded) or _HEADINGS.get(" ".join(_DECORATION.sub(" ", folded).split()), "")


def _rows(
    rows: Iterable[Line],
    skip: int,
    headings: list[str],
    hasher: Hasher,
    now: datetime,
    *,
    seen: Repeated,
    sheet: str = "",
) -> Iterator[Row]:
    fields = {index: field for index, name in enumerate(headings) if (field := _field(name))}
    columns = {field: headings[index] for index, field in fields.items()}
    columns["phone"] = columns.get("phone") or columns.get("address_phone", "phone")
    for position, line in enumerate(rows, 1):
        row = line.cells
        if position <= skip or not (any(_cell(cell) for cell in row) or line.fault) or _numbers_columns(row):
            continue
        if line.fault:
            yield Bad(line.number, (Problem("", line.fault),), sheet)
            continue
        raw = {field: row[index] if index < len(row) else None for index, field in fields.items()}
        if "address_phone" in raw:
            raw["phone"] = _phone_at_end(_cell(raw.pop("address_phone")))
        told = (Problem("", line.mended),) if line.mended else ()
        yield seen.row(line.number, change(raw, columns, hasher, now), columns["code"], sheet, told)


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
