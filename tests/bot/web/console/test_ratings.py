"""Satisfaction in the console: figures, chart, workbook, slips, notes, and who is to be called back."""

import struct
import zlib
from datetime import UTC, datetime
from io import BytesIO
from xml.etree import ElementTree

import pytest
from fastapi import FastAPI
from openpyxl import load_workbook

from bot.dossier_records import Status
from bot.messages import Contact
from bot.rating_records import Criterion
from bot.services.guide import Guide
from bot.staff_records import Role
from bot.storage.database import open_database
from bot.storage.ratings import RatingStore
from bot.storage.staff import AuditStore
from tests.bot.dossiers import Clock, change, rated, service
from tests.bot.web.console.desk import Desk, build, sign_in

GIVEN = datetime(2026, 11, 18, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock(GIVEN)


@pytest.fixture(scope="module")
def app(guide: Guide, clock: Clock) -> FastAPI:
    """A console a week after eight ratings of a counter, all with an unhappy word, three of them under another
    spelling of the agency; and two of a small agency."""
    engine = open_database("sqlite://")
    desk = rated(engine, service(engine, clock), clock)
    spellings = ["Sở Tư pháp"] * 5 + ["Sở  Tư Pháp"] * 3
    codes = [code for agency in spellings for code in desk.print_codes("Quầy 5", 1, agency=agency)[1]]
    for number, code in enumerate(codes):
        person = Contact("web", str(number))
        for criterion in Criterion:
            desk.give(person, code, criterion, 2 if number == 0 else 5)
        desk.comment(person, code, "ghế ít")
        desk.ask_call(person, code, "0900004321")
    for number, code in enumerate(desk.print_codes("6", 2, agency="Sở Nội vụ")[1]):
        desk.give(Contact("web", f"b{number}"), code, Criterion.FACILITIES, 1)
        desk.comment(Contact("web", f"b{number}"), code, "một mình")
    clock.passes(days=7)
    return build(engine, guide, clock)


@pytest.fixture(scope="module")
def supervisor(app: FastAPI) -> Desk:
    return sign_in(app, Role.SUPERVISOR)


def deeds(desk: Desk) -> list[str]:
    return [deed.action for deed in AuditStore(desk.console.engine).find(limit=200)]


def test_the_page_shows_rates_and_chart(supervisor: Desk) -> None:
    page = supervisor.get("/staff/ratings?nhom=counters").text
    assert "87,5%<small>53–98%</small>" in page
    assert "Quầy Quầy" not in page
    assert "/staff/ratings/chart.svg?" in page
    details = supervisor.get("/staff/ratings?nhom=counters&xem=chi-tiet").text
    assert "Số người chấm" in details
    assert "1 nơi chưa đủ 5 lượt chấm" in page


@pytest.mark.parametrize("query", ["thang=9999-99&quay=%00", "thang=0001-01&den=9999-12", "thang=2026-11&den=1000-01"])
def test_no_month_breaks_a_page(supervisor: Desk, query: str) -> None:
    for path in ("", "/comments", "/chart.svg", "/report.xlsx"):
        assert supervisor.get(f"/staff/ratings{path}?{query}").status_code == 200


def test_one_agency_however_it_is_written(supervisor: Desk) -> None:
    page = supervisor.get("/staff/ratings").text
    assert "chấm 8 / 8 lượt (100%)" in page
    assert "Sở Tư Pháp" not in page


def test_reading_comments_is_written_down_and_names_no_counter(supervisor: Desk) -> None:
    assert "ghế ít" not in supervisor.get("/staff/ratings").text
    page = supervisor.get("/staff/ratings/comments").text
    assert page.count("ghế ít") == 8
    assert "Quầy 5" not in page
    assert "một mình" not in page
    assert "Đọc góp ý" in deeds(supervisor)
    assert "ghế ít" not in supervisor.get("/staff/ratings/comments?quay=Quầy 5").text


def test_what_was_given_this_week_is_told_to_nobody(app: FastAPI, clock: Clock, supervisor: Desk) -> None:
    """Neither to an officer nor to a supervisor: six new ratings change no figure before the week is over."""
    engine = supervisor.console.engine
    desk = rated(engine, service(engine, clock), clock)
    for number, code in enumerate(desk.print_codes("9", 6)[1]):
        desk.give(Contact("web", f"c{number}"), code, Criterion.FACILITIES, 1)
        desk.comment(Contact("web", f"c{number}"), code, "vừa xong")
    for reader in (supervisor, sign_in(app, Role.OFFICER, "officer.tuan")):
        assert "0%" not in reader.get("/staff/ratings?quay=9&nhom=counters").text.replace("100%", "")
        assert "vừa xong" not in reader.get("/staff/ratings/comments").text
    RatingStore(engine, clock).void(next(b.id for b in RatingStore(engine, clock).batches() if b.counter == "9"))


def test_a_clerk_sees_the_own_agency_only(app: FastAPI) -> None:
    clerk = sign_in(app, Role.CLERK, "clerk.tu.phap")
    page = clerk.get("/staff/ratings?co_quan=Sở Nội vụ").text
    assert "chấm 8 / 8 lượt (100%)" in page
    assert "Sở Nội vụ" not in page
    assert clerk.get("/staff/ratings/codes").status_code == 403
    other = sign_in(app, Role.CLERK, "clerk.noi.vu", agency="so-noi-vu")
    assert "ghế ít" not in other.get("/staff/ratings/comments?co_quan=Sở Tư pháp").text
    assert "một mình" not in other.get("/staff/ratings/comments").text


def test_the_workbooks_open_with_the_figures(supervisor: Desk) -> None:
    """Eight ratings, seven of them content: 87.5 %, in the report and in the table of the page."""
    book = load_workbook(BytesIO(supervisor.get("/staff/ratings/report.xlsx?co_quan=Sở Tư pháp").content))
    assert book.sheetnames == ["Chung", "Theo cơ quan", "Theo quầy", "Theo tháng", "Góp ý"]
    for sheet, name in (("Chung", "Toàn Trung tâm"), ("Theo cơ quan", "Sở Tư pháp"), ("Theo quầy", "Quầy 5")):
        assert [cell.value for cell in book[sheet][3]][:5] == [name, 8, 8, 100, 87.5]
    assert [row[1] for row in book["Góp ý"].iter_rows(min_row=3, values_only=True)] == ["ghế ít"] * 8
    table = load_workbook(BytesIO(supervisor.get("/staff/ratings?nhom=counters&tai=xlsx").content)).active
    assert table is not None
    assert ["Quầy 5", 8, 8, 100, 87.5] in [list(row[:5]) for row in table.iter_rows(values_only=True)]


def test_the_chart_opens_as_drawing_and_as_picture(supervisor: Desk) -> None:
    """The drawing is well-formed and says the figures; the picture is as large and not blank; both are written down."""
    drawing = ElementTree.fromstring(supervisor.get("/staff/ratings/chart.svg?nhom=counters").content)
    said = "".join(drawing.itertext())
    assert all(text in said for text in ("87,5", "mục tiêu 95", "Thái độ"))
    assert not list(drawing.iter("{http://www.w3.org/2000/svg}script"))
    size, pixels = unpacked(supervisor.get("/staff/ratings/chart.png?nhom=counters").content)
    assert size == (2 * int(drawing.attrib["width"]), 2 * int(drawing.attrib["height"]))
    assert len(set(pixels)) > 10
    assert "attachment" in supervisor.get("/staff/ratings/chart.svg?tai=1").headers["Content-Disposition"]
    assert deeds(supervisor).count("Tải biểu đồ hài lòng") == 2


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
    store = RatingStore(supervisor.console.engine, supervisor.console.now)
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
    store = RatingStore(officer.console.engine, officer.console.now)
    (batch,) = [batch for batch in store.batches() if batch.counter == "7"]
    assert officer.post(f"/staff/ratings/codes/{batch.id}/void").status_code == 303
    assert [each.void for each in store.batches() if each.counter == "7"] == [3]
    assert officer.post("/staff/ratings/tap", {"counter": "7"}).status_code == 303
    assert store.waiting("7") is not None
    assert "/kiosk/7/" in officer.get("/staff/ratings/codes?quay=7").text
    assert "Mời chấm điểm ở quầy" in deeds(officer)


def test_a_counter_remembers_its_agency(app: FastAPI) -> None:
    """Chosen once from the centre's agencies; an agency that the centre does not have is refused."""
    officer = sign_in(app, Role.OFFICER, "officer.binh")
    store = RatingStore(officer.console.engine, officer.console.now)
    assert officer.post("/staff/ratings/tap", {"counter": "8", "agency": "so-noi-vu"}).status_code == 303
    assert officer.post("/staff/ratings/tap", {"counter": "8"}).status_code == 303
    assert store.waiting("8").agency == "Sở Nội vụ"  # type: ignore[union-attr]
    assert officer.post("/staff/ratings/tap", {"counter": "8", "agency": "-"}).status_code == 303
    assert store.waiting("8").agency == ""  # type: ignore[union-attr]
    assert officer.post("/staff/ratings/tap", {"counter": "8", "agency": "Sở Tư Pháp"}).status_code == 422
    assert "/kiosk/3~2F4/" in officer.get("/staff/ratings/codes?quay=3/4").text


def test_a_slip_is_made_for_a_dossier_that_is_returned(app: FastAPI) -> None:
    officer = sign_in(app, Role.OFFICER, "officer.chi")
    dossiers = officer.console.dossiers
    dossiers.upsert(change("H05.12-260715-0501", Status.PROCESSING))
    dossiers.upsert(change("H05.12-260715-0502", Status.RETURNED))
    for code, status in (("H05.12-260715-0501", 422), ("H05.12-260715-0599", 422), ("H05.12-260715-0502", 200)):
        sheet = officer.post("/staff/ratings/codes", {"counter": "8", "count": "9", "dossier": code})
        assert sheet.status_code == status
    assert sheet.text.count("<svg") == 1
