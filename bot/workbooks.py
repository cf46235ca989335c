"""XLSX workbooks, the same for every list and report. No text becomes a formula when somebody opens it."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any, Final

import msgspec

from knowledge_base.centre import VIETNAM

Cell = str | int | float | datetime | date | None
UNWRITABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML can't hold."""
LONGEST: Final = 32_767
"""Characters that a cell may hold."""
WIDE, USUAL, LEAST = 40, 18, 14


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """name: on the tab. head: of the columns. title: a line above the head; "" for none. Rows may be an iterator."""

    name: str
    head: Sequence[str]
    rows: Iterable[Sequence[Cell]]
    title: str = ""


def workbook(sheets: Iterable[Sheet]) -> bytes:
    """The file, written row by row; the first column is wide, the head stays in view."""
    from openpyxl import Workbook  # noqa: PLC0415 - serving does not load it before somebody asks
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.styles import Alignment, Font  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    book = Workbook(write_only=True)
    for each in sheets:
        sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\']", "-", UNWRITABLE.sub("", each.name))[:31].strip() or "Bảng")
        sheet.freeze_panes = "B3" if each.title else "A2"
        for number, name in enumerate(each.head, 1):
            width = (
                WIDE if number == 1 and each.title else max(LEAST, min(len(name) + 4, USUAL if each.title else WIDE))
            )
            sheet.column_dimensions[get_column_letter(number)].width = width

        def heading(text: str) -> Any:
            cell = WriteOnlyCell(sheet, _written(text))  # noqa: B023 - used at once
            cell.font = Font(bold=True)
            cell.alignment = Alignment(wrap_text=text != each.title, vertical="top")  # noqa: B023
            return cell

        if each.title:
            sheet.append([heading(each.title)])
        sheet.append([heading(name) for name in each.head])
        for row in each.rows:
            sheet.append([_written(value) for value in row])
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _written(value: Cell) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(VIETNAM).replace(tzinfo=None, microsecond=0)  # Excel knows no zones
    if isinstance(value, bool):
        return "có" if value else "không"
    return harmless(UNWRITABLE.sub("", value))[:LONGEST] if isinstance(value, str) else value
