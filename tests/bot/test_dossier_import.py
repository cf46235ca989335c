"""A large spreadsheet is imported with a report row by row; the second time nothing changes."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from openpyxl import Workbook
from sqlalchemy import Connection, Engine

from bot.dossier_import import import_files
from bot.dossier_records import Dossier
from bot.storage.dossiers import DossierStore
from tests.bot.dossiers import HASHER

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
HEADINGS = [
    *("Mã hồ sơ", "Mã thủ tục", "Tên thủ tục", "Trạng thái", "Ngày tiếp nhận", "Ngày hẹn trả"),
    *("Chủ hồ sơ", "Số điện thoại", "Số căn cước", "Phí phải nộp"),
]
Spoil = Callable[[list[str]], list[str]]


def _with(column: str, value: str) -> Spoil:
    return lambda row: [value if name == column else cell for name, cell in zip(HEADINGS, row, strict=True)]


BAD: dict[str, tuple[str, Spoil]] = {
    "no code": ("Mã hồ sơ", _with("Mã hồ sơ", "")),
    "no such code": ("Mã hồ sơ", _with("Mã hồ sơ", "03706/2026/07906")),
    "a code again": ("Mã hồ sơ", _with("Mã hồ sơ", "H05.12-260901-00000")),
    "no such procedure code": ("Mã thủ tục", _with("Mã thủ tục", "TP01")),
    "unknown status": ("Trạng thái", _with("Trạng thái", "đang xem")),
    "no date": ("Ngày tiếp nhận", _with("Ngày tiếp nhận", "31/02/2026")),
    "received in the future": ("Ngày tiếp nhận", _with("Ngày tiếp nhận", "01/01/2030")),
    "due before received": ("Ngày hẹn trả", _with("Ngày hẹn trả", "01/01/2026")),
    "a placeholder for a date": ("Ngày hẹn trả", _with("Ngày hẹn trả", "31/12/9999")),
    "no amount": ("Phí phải nộp", _with("Phí phải nộp", "năm chục")),
}
"""Ten kinds of bad rows: the column that is at fault and how to spoil a row."""


def rows(count: int, bad: int) -> list[list[str]]:
    """Synthetic dossiers; the last `bad` of them spoilt in turn."""
    made = []
    for number in range(count):
        received = datetime(2026, 9, 1) + timedelta(minutes=number)  # noqa: DTZ001
        row = [
            f"H05.12-260901-{number:05}",
            "1.004194",
            "Đăng ký tạm trú",
            ("Đang xử lý", "Đã trả kết quả", "Yêu cầu bổ sung giấy tờ")[number % 3],
            f"{received:%d/%m/%Y %H:%M}",
            f"{received + timedelta(days=3):%d/%m/%Y}",
            "NGUYỄN VĂN AN",
            f"09{number:08}",
            f"{number + 1:012}",
            "50.000" if number % 3 == 0 else "",
        ]
        if number >= count - bad:
            row = list(BAD.values())[number % len(BAD)][1](row)
        made.append(row)
    return made


def as_xlsx(path: Path, content: list[list[str]]) -> Path:
    """A workbook as an office program saves it."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in [HEADINGS, *content]:
        sheet.append(row)
    book.save(path)
    return path


def test_ten_thousand_dossiers_with_fifty_bad_rows(engine: Engine, tmp_path: Path) -> None:
    """9,950 are created, 50 reported with row, column and reason; the second import changes nothing, tells nobody."""
    told: list[str] = []

    def on_change(_connection: Connection, dossier: Dossier, _before: Dossier | None) -> None:
        told.append(dossier.code)

    path = as_xlsx(tmp_path / "ten thousand.xlsx", rows(10_000, 50))
    store = DossierStore(engine, on_change)

    first = import_files([path], store, HASHER, NOW)
    assert (first.rows, first.outcomes) == (10_000, {"created": 9_950})
    assert len(told) == 9_950
    assert [row.row for row in first.bad] == list(range(9_952, 10_002))
    columns = [column for column, _ in BAD.values()]
    assert [row.problems[0].column for row in first.bad] == columns * 5
    assert len({row.problems[0].reason for row in first.bad[:10]}) == 10
    told.clear()

    second = import_files([path], store, HASHER, NOW)
    assert second.outcomes == {"unchanged": 9_950}
    assert second.bad == first.bad
    assert told == []


def test_a_dry_run_reports_the_same_and_stores_nothing(engine: Engine, tmp_path: Path) -> None:
    path = as_xlsx(tmp_path / "twenty.xlsx", rows(20, 5))
    store = DossierStore(engine)
    dry = import_files([path], store, HASHER, NOW, write=False)
    assert not store.any()
    first = import_files([path], store, HASHER, NOW)
    assert (dry.outcomes, dry.bad) == (first.outcomes, first.bad) == ({"created": 15}, first.bad)


def test_an_unreadable_file_stops_no_other(engine: Engine, tmp_path: Path) -> None:
    """It is named with what to do; the others are imported."""
    (tmp_path / "letter.txt").write_text("Kính gửi", "utf-8")
    with (tmp_path / "list.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADINGS, *rows(3, 0)])
    store = DossierStore(engine)
    report = import_files([tmp_path / "letter.txt", tmp_path / "list.csv"], store, HASHER, NOW)
    assert report.outcomes == {"created": 3}
    assert [("letter.txt" in refusal, "Mã hồ sơ" in refusal) for refusal in report.unreadable] == [(True, True)]


def test_what_was_kept_with_a_doubt_is_told(engine: Engine, tmp_path: Path) -> None:
    """A bad telephone number costs no dossier; an older file is found out and tells nobody."""
    told: list[str] = []
    store = DossierStore(engine, lambda _connection, dossier, _before: told.append(dossier.status.name))
    old, new = rows(2, 0)[:1], rows(2, 0)[:1]
    old[0][7] = "0900 ABC"
    new[0][3] = "Đã xử lý xong"
    first = import_files([as_xlsx(tmp_path / "old.xlsx", old)], store, HASHER, NOW)
    assert [row.problems[0].column for row in first.warnings] == ["Số điện thoại"]
    assert "0900 ABC" not in str(first)
    assert import_files([as_xlsx(tmp_path / "new.xlsx", new)], store, HASHER, NOW).warnings == ()
    again = import_files([tmp_path / "old.xlsx"], store, HASHER, NOW)
    assert "old.xlsx, row 2: goes back to an earlier status" in str(again)
    assert told == ["PROCESSING", "DONE"]
