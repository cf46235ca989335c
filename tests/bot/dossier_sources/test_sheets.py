"""Spreadsheets as people leave them: stray quotation marks, several sheets, hidden ones, damage."""

import io
import unicodedata
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from bot.dossier_sources import Bad, Good, Row, Skipped, Unreadable, read
from tests.bot.dossiers import HASHER

NOW = datetime(2026, 11, 30, 2, tzinfo=UTC)
HEAD = "Mã hồ sơ;Trạng thái;Ngày tiếp nhận;Ngày hẹn trả;Chủ hồ sơ\n"
ROW = "H05.12-261125-{0:04};Đang xử lý;25/11/2026;03/12/2026;Nguyễn Văn An\n"


def rows_of(tmp_path: Path, content: str | bytes) -> list[Row]:
    """The rows of a file with this content."""
    path = tmp_path / "x"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read(path, HASHER, NOW))


def book(*sheets: tuple[str, Sequence[Sequence[Any]], str]) -> bytes:
    """A workbook: title, rows and state of each sheet."""
    made = Workbook()
    assert made.active is not None
    made.remove(made.active)
    for title, rows, state in sheets:
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
        sheet.sheet_state = state
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def filled(*numbers: int) -> list[list[str]]:
    """A heading and dossiers with these numbers."""
    return [HEAD.strip().split(";"), *(ROW.format(number).strip().split(";") for number in numbers)]


@pytest.mark.parametrize("count", [5, 3000])
def test_a_stray_quotation_mark_swallows_no_other_row(tmp_path: Path, count: int) -> None:
    """Its own row is read without it and told; short files and long ones."""
    stray = ROW.format(0).replace("Nguyễn", '"Nguyễn')
    rows = rows_of(tmp_path, HEAD + stray + "".join(ROW.format(number) for number in range(1, count)))
    assert [type(row) for row in rows] == [Good] * count
    assert [row.number for row in rows if isinstance(row, Good) and row.warnings] == [2]


def test_a_row_that_its_quotation_mark_breaks_is_told(tmp_path: Path) -> None:
    """Where the marks can't just be left out the row is bad; the next ones are read."""
    broken = 'H05.12-261125-0000;"Đang; xử lý;25/11/2026;03/12/2026;Nguyễn Văn An\n'
    rows = rows_of(tmp_path, HEAD + broken + ROW.format(1) + ROW.format(2))
    assert [(type(row), row.number) for row in rows if not isinstance(row, Skipped)] == [(Bad, 2), (Good, 3), (Good, 4)]


def test_quoted_cells_may_hold_lines_and_separators(tmp_path: Path) -> None:
    """As spreadsheets write them."""
    quoted = ROW.format(1).replace("Nguyễn Văn An", '"Nguyễn ""Văn""\nAn; Bình"')
    rows = rows_of(tmp_path, HEAD + quoted + ROW.format(2))
    assert [(type(row), row.warnings) for row in rows if isinstance(row, Good)] == [(Good, ())] * 2


def test_a_cell_without_end_is_told(tmp_path: Path) -> None:
    """Longer than any cell may be."""
    rows = rows_of(tmp_path, HEAD + ROW.format(1) + "x" * 200_000 + "\n" + ROW.format(2))
    assert [type(row) for row in rows] == [Good, Bad, Good]


def test_every_visible_sheet_is_read_and_the_others_are_told(tmp_path: Path) -> None:
    """Hidden sheets hold old lists; a sheet of notes is no list. Empty ones are nothing to speak of."""
    content = book(
        ("cũ", filled(9), "hidden"),
        ("Phường 1", filled(1), "visible"),
        ("Phường 2", filled(2, 1), "visible"),
        ("ghi chú", [["Kính gửi"]], "visible"),
        ("Sheet3", [], "visible"),
    )
    hidden, notes, first, second, again = rows_of(tmp_path, content)
    assert isinstance(hidden, Skipped)
    assert isinstance(notes, Skipped)
    assert (hidden.part, notes.part) == ("cũ", "ghi chú")
    assert isinstance(first, Good)
    assert isinstance(second, Good)
    assert (first.sheet, second.sheet, second.number) == ("Phường 1", "Phường 2", 2)
    assert isinstance(again, Bad)
    assert "row 2 of sheet Phường 1" in again.problems[0].reason


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "[Content_Types].xml"])
def test_a_damaged_workbook_is_refused_in_one_sentence(tmp_path: Path, part: str) -> None:
    """Wherever the damage is; nothing of it is kept."""
    whole = zipfile.ZipFile(io.BytesIO(book(("x", filled(*range(50)), "visible"))))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as damaged:
        for name in whole.namelist():
            damaged.writestr(name, whole.read(name)[: -30 if name == part else None])
    with pytest.raises(Unreadable, match="no readable workbook"):
        rows_of(tmp_path, out.getvalue())


def test_headings_may_be_decorated(tmp_path: Path) -> None:
    """A star for "required", the form of a date."""
    head = HEAD.replace("Mã hồ sơ", "Mã hồ sơ (*)").replace("Trạng thái", "Trạng thái *")
    (row,) = rows_of(tmp_path, head.replace("hẹn trả", "hẹn trả (dd/MM/yyyy):") + ROW.format(1))
    assert isinstance(row, Good)
    assert row.change.due_at


def test_windows_own_vietnamese_is_read_and_told(tmp_path: Path) -> None:
    """Marks that follow their letters; the names are to be looked at."""
    taken_apart = "".join(
        unicodedata.normalize("NFC", "".join(letter for letter in parts if letter not in tones))
        + "".join(letter for letter in parts if letter in tones)
        for parts in (unicodedata.normalize("NFD", char) for char in HEAD + ROW.format(1))
        for tones in ("\u0300\u0301\u0303\u0309\u0323",)
    )
    told, row = rows_of(tmp_path, taken_apart.encode("cp1258"))
    assert isinstance(told, Skipped)
    assert isinstance(row, Good)
    assert row.change.applicant == "Nguyễn V. A."


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_its_mark(tmp_path: Path, encoding: str) -> None:
    (row,) = rows_of(tmp_path, (HEAD + ROW.format(1)).encode(encoding))
    assert isinstance(row, Good)


def test_numbers_of_a_spreadsheet_s_dates(tmp_path: Path) -> None:
    """Days since the end of 1899, where a column lost its format."""
    heading = ["Mã hồ sơ", "Trạng thái", "Ngày tiếp nhận", "Ngày hẹn trả"]
    (row,) = rows_of(tmp_path, book(("x", [heading, ["H05.12-261125-0001", 4, 46351, 46359]], "visible")))
    assert isinstance(row, Good)
    assert f"{row.change.due_at:%d/%m/%Y %H:%M}" == "03/12/2026 23:59"
