"""Satisfaction in the console: figures, chart, workbook, slips, notes, and who is to be called back."""

import struct
import zlib
from io import BytesIO
from xml.etree import ElementTree

import pytest
from fastapi import FastAPI
from openpyxl import load_workbook

from bot.messages import Contact
from bot.rating_records import Criterion
from bot.services.guide import Guide
from bot.staff_records import Role
from bot.storage.database import open_database
from bot.storage.ratings import RatingStore
from tests.bot.dossiers import rated, service
from tests.bot.web.console.desk import Desk, build, sign_in


@pytest.fixture(scope="module")
def app(guide: Guide) -> FastAPI:
    """A console over eight ratings of a counter, all with an unhappy word."""
    engine = open_database("sqlite://")
    desk = rated(engine, service(engine))
    for number, code in enumerate(desk.print_codes("5", 8, agency="Sở Tư pháp")[1]):
        person = Contact("web", str(number))
        for criterion in Criterion:
            desk.give(person, code, criterion, 2 if number == 0 else 5)
        desk.comment(person, code, "ghế ít")
        desk.ask_call(person, code, "0900004321")
    return build(engine, guide)


@pytest.fixture(scope="module")
def supervisor(app: FastAPI) -> Desk:
    return sign_in(app, Role.SUPERVISOR)


def test_the_page_shows_rates_chart_and_comments(supervisor: Desk) -> None:
    page = supervisor.get("/staff/ratings?nhom=counters").text
    assert "87,5" in page
    assert "ghế ít" in page
    assert "/staff/ratings/chart.svg?" in page
    assert supervisor.get("/staff/ratings?thang=9999-99&quay=%00").status_code == 200


def test_the_workbooks_open_with_the_figures(supervisor: Desk) -> None:
    """Eight visits, eight ratings, seven of them content: 87.5 %, in the report and in the table of the page."""
    book = load_workbook(BytesIO(supervisor.get("/staff/ratings/report.xlsx").content))
    assert book.sheetnames == ["Chung", "Theo cơ quan", "Theo quầy", "Theo tháng", "Góp ý"]
    for sheet, name in (("Chung", "Toàn Trung tâm"), ("Theo cơ quan", "Sở Tư pháp"), ("Theo quầy", "Quầy 5")):
        assert [cell.value for cell in book[sheet][3]][:5] == [name, 8, 8, 100, 87.5]
    assert [row[1] for row in book["Góp ý"].iter_rows(min_row=3, values_only=True)] == ["ghế ít"] * 8
    table = load_workbook(BytesIO(supervisor.get("/staff/ratings?nhom=counters&tai=xlsx").content)).active
    assert table is not None
    assert ["Toàn Trung tâm", 8, 8, 100, 87.5] in [list(row[:5]) for row in table.iter_rows(values_only=True)]


def test_the_chart_opens_as_drawing_and_as_picture(supervisor: Desk) -> None:
    """The drawing is well-formed and says the figures; the picture is as large and not blank."""
    drawing = ElementTree.fromstring(supervisor.get("/staff/ratings/chart.svg?nhom=counters").content)
    said = "".join(drawing.itertext())
    assert all(text in said for text in ("87,5", "mục tiêu 95", "Thái độ"))
    assert not list(drawing.iter("{http://www.w3.org/2000/svg}script"))
    size, pixels = unpacked(supervisor.get("/staff/ratings/chart.png?nhom=counters").content)
    assert size == (2 * int(drawing.attrib["width"]), 2 * int(drawing.attrib["height"]))
    assert len(set(pixels)) > 10


def unpacked(png: bytes) -> tuple[tuple[int, int], bytes]:
    """Width and height of a PNG, and its unpacked pixels; each part must carry the right check sum."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    parts: dict[bytes, bytes] = {}
    at = 8
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        body = png[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack_from(">I", png, at + 8 + length)[0]
        parts[kind] = parts.get(kind, b"") + body
        at += 12 + length
    return struct.unpack_from(">II", parts[b"IHDR"]), zlib.decompress(parts[b"IDAT"])


def test_a_number_is_erased_once_it_was_called(supervisor: Desk) -> None:
    store = RatingStore(supervisor.console.engine)
    (call,) = store.calls()
    assert "0900004321" in supervisor.get("/staff/ratings/calls").text
    assert supervisor.post(f"/staff/ratings/calls/{call.id}/done").status_code == 303
    assert store.calls() == []


def test_a_note_is_drafted_then_published(supervisor: Desk) -> None:
    supervisor.post("/staff/ratings/changes", {"text": "Thêm 20 ghế"})
    store = RatingStore(supervisor.console.engine)
    assert store.changes() == []
    (note,) = store.changes(published=False)
    supervisor.post(f"/staff/ratings/changes/{note.id}/publish")
    assert [each.text for each in store.changes()] == ["Thêm 20 ghế"]
    assert supervisor.post("/staff/ratings/changes", {"text": " "}).status_code == 422


def test_slips_are_a_file_and_what_is_left_over_is_taken_back(app: FastAPI) -> None:
    officer = sign_in(app, Role.OFFICER)
    sheet = officer.post("/staff/ratings/codes", {"counter": "7", "count": "3"})
    assert sheet.text.count("<svg") == 3
    assert "attachment" in sheet.headers["Content-Disposition"]
    store = RatingStore(officer.console.engine)
    (batch,) = [batch for batch in store.batches() if batch.counter == "7"]
    assert officer.post(f"/staff/ratings/codes/{batch.id}/void").status_code == 303
    assert [each.void for each in store.batches() if each.counter == "7"] == [3]
    assert officer.post("/staff/ratings/tap", {"counter": "7"}).status_code == 303
    assert store.waiting("7") is not None
    assert "/kiosk/7/" in officer.get("/staff/ratings/codes?quay=7").text
