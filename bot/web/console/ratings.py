"""Satisfaction: shares with charts, comments, whom to call back, what has changed, slips and taps for counters."""

import re
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form
from fastapi.responses import Response

from bot import rating_files
from bot.dialogue.privacy import conceal_people
from bot.rating_reports import LEAST, Line, Report
from bot.rating_reports import report as made
from bot.services.dossiers import NoDossiers
from bot.services.ratings import MOST_CODES, KeptRatings
from bot.staff_records import Role
from bot.storage.ratings import RatingStore
from bot.web.console.page import Nav, Problem, Visit, download, require
from bot.web.console.tables import XLSX, Column, Table, listed
from bot.workbooks import Cell
from knowledge_base.centre import VIETNAM

READERS: Final = (Role.OFFICER, Role.SUPERVISOR, Role.ADMINISTRATOR)
NAV = Nav("Hài lòng", "/staff/ratings", READERS, 60, "Điểm bà con chấm, góp ý, phiếu đánh giá cho quầy.")
router = APIRouter()

Reader = Annotated[Visit, require(*READERS)]
Supervisor = Annotated[Visit, require(Role.SUPERVISOR)]
Publisher = Annotated[Visit, require(Role.SUPERVISOR, Role.ADMINISTRATOR)]
Text = Annotated[str, Form()]
GROUPS: Final = {"agencies": "Theo cơ quan", "counters": "Theo quầy", "months": "Theo tháng"}
LONGEST_CHANGE: Final = 500


def _column(number: int, title: str) -> Column:
    def value(row: list[Cell]) -> Cell:
        return row[number]

    return Column(title, value, number=number > 0 and "so với" not in title)


RATES: Final = Table(
    title="Mức độ hài lòng",
    columns=tuple(_column(number, name) for number, name in enumerate(rating_files.HEAD)),
    empty="Chưa có lượt chấm nào trong thời gian này.",
)
CALLBACKS: Final = Table(
    title="Người muốn được gọi lại",
    columns=(
        Column("Số điện thoại", lambda call: call.phone),
        Column("Cơ quan", lambda call: call.agency),
        Column("Quầy", lambda call: call.counter),
        Column("Ngày yêu cầu", lambda call: f"{call.asked_on[8:]}/{call.asked_on[5:7]}/{call.asked_on[:4]}"),
        Column("Tự xóa ngày", lambda call: call.erase_at.astimezone(VIETNAM).date()),
    ),
    empty="Không có ai chờ gọi lại.",
)
CHANGES: Final = Table(
    title="Điều chúng tôi đã thay đổi",
    columns=(
        Column("Nội dung", lambda note: note.text),
        Column("Người soạn", lambda note: note.drafted_by),
        Column(
            "Công bố", lambda note: note.published_at.astimezone(VIETNAM).date() if note.published_at else "bản nháp"
        ),
        Column("Người công bố", lambda note: note.published_by),
    ),
    empty="Chưa có thông báo nào.",
)
BATCHES: Final = Table(
    title="Phiếu đã in",
    columns=(
        Column("Quầy", lambda batch: batch.counter),
        Column("Cơ quan", lambda batch: batch.agency),
        Column("Tháng", lambda batch: f"{batch.month[5:]}/{batch.month[:4]}"),
        Column("Số phiếu", lambda batch: batch.codes, number=True),
        Column("Đã hủy", lambda batch: batch.void, number=True),
    ),
    empty="Chưa in phiếu nào.",
)


@router.get("/ratings")
def show(visit: Reader) -> Response:
    """Shares by agency, counter or month, with the chart, the spreadsheet and the comments."""
    report, by = _report(visit)
    lines: dict[str, tuple[Line, ...]] = {
        "agencies": report.agencies,
        "counters": report.counters,
        "months": report.months,
    }
    rows = [rating_files.row(report.total, "Toàn Trung tâm"), *(rating_files.row(line) for line in lines[by])]
    query = dict(visit.request.query_params)
    store = RatingStore(visit.console.engine, visit.console.now)
    return visit.table(
        "ratings.html",
        RATES,
        listed(rows),
        report=report,
        title=rating_files.title(report),
        by=by,
        groups=list(GROUPS.items()),
        agencies=[line.name for line in report.agencies if line.name],
        chart=urlencode({name: value for name, value in query.items() if value and name != "trang"}),
        least=LEAST,
        calls=len(store.calls()) if visit.account.role is Role.SUPERVISOR else 0,
    )


@router.get("/ratings/chart.svg")
def chart_svg(visit: Reader) -> Response:
    """The chart in the page."""
    report, by = _report(visit)
    return Response(rating_files.svg(report, by), media_type="image/svg+xml")


@router.get("/ratings/chart.png")
def chart_png(visit: Reader) -> Response:
    """The chart as a picture to keep."""
    report, by = _report(visit)
    return download(rating_files.png(rating_files.svg(report, by)), f"{rating_files.title(report)}.png", "image/png")


@router.get("/ratings/report.xlsx")
def report_xlsx(visit: Reader) -> Response:
    """Everything as a workbook."""
    report, _ = _report(visit)
    visit.audit("Tải báo cáo hài lòng", rating_files.span(report))
    return download(rating_files.xlsx(report), f"{rating_files.title(report)}.xlsx", XLSX)


@router.get("/ratings/calls")
def calls(visit: Supervisor) -> Response:
    """Who wants to be called back."""
    store = RatingStore(visit.console.engine, visit.console.now)
    return visit.table("ratings_calls.html", CALLBACKS, listed(store.calls()))


@router.post("/ratings/calls/{call}/done")
def called(visit: Supervisor, call: str) -> Response:
    """Somebody called: the number is erased."""
    if not RatingStore(visit.console.engine, visit.console.now).called(call):
        raise Problem(409, "Số này không còn trong danh sách", "Có thể người khác vừa gọi xong, hoặc đã quá 30 ngày.")
    visit.audit("Đã gọi lại người chấm điểm")
    return visit.go("/staff/ratings/calls", "Đã ghi nhận, số điện thoại đã được xóa.")


@router.get("/ratings/changes")
def changes(visit: Publisher) -> Response:
    """What has changed: drafts and what residents see."""
    store = RatingStore(visit.console.engine, visit.console.now)
    return visit.table("ratings_changes.html", CHANGES, listed(store.changes(published=False)), longest=LONGEST_CHANGE)


@router.post("/ratings/changes")
def draft(visit: Publisher, text: Text = "") -> Response:
    """Keep a draft."""
    words = " ".join(text.split())
    if not words or len(words) > LONGEST_CHANGE:
        raise Problem(422, "Chưa ghi được", f"Anh/chị quay lại, viết từ 1 đến {LONGEST_CHANGE} chữ cái.")
    note = RatingStore(visit.console.engine, visit.console.now).draft_change(words, visit.account.name)
    visit.audit("Soạn điều đã thay đổi", str(note.id), after={"nội dung": words})
    return visit.go("/staff/ratings/changes", "Đã ghi bản nháp. Bấm Công bố thì bà con mới thấy.")


@router.post("/ratings/changes/{note}/publish")
def publish(visit: Publisher, note: int) -> Response:
    """Residents see it from now on."""
    if not RatingStore(visit.console.engine, visit.console.now).publish_change(note, visit.account.name):
        raise Problem(409, "Bản nháp này không còn", "Có thể đã công bố hoặc đã xóa. Anh/chị xem lại danh sách.")
    visit.audit("Công bố điều đã thay đổi", str(note))
    return visit.go("/staff/ratings/changes", "Đã công bố.")


@router.post("/ratings/changes/{note}/withdraw")
def withdraw(visit: Publisher, note: int) -> Response:
    """Take it back."""
    if not RatingStore(visit.console.engine, visit.console.now).withdraw_change(note):
        raise Problem(409, "Thông báo này không còn", "Có thể người khác vừa xóa. Anh/chị xem lại danh sách.")
    visit.audit("Xóa điều đã thay đổi", str(note))
    return visit.go("/staff/ratings/changes", "Đã xóa.")


@router.get("/ratings/codes")
def codes(visit: Reader) -> Response:
    """Slips, taps and the tablet's address of a counter."""
    counter = visit.request.query_params.get("quay", "").strip()[:40]
    kiosk = f"{_site(visit)}/kiosk/{quote(counter, safe='')}/{_service(visit).kiosk_token(counter)}" if counter else ""
    store = RatingStore(visit.console.engine, visit.console.now)
    return visit.table(
        "ratings_codes.html", BATCHES, listed(store.batches()), kiosk=kiosk, counter=counter, most=MOST_CODES
    )


@router.post("/ratings/codes")
def print_codes(visit: Reader, counter: Text = "", agency: Text = "", count: Annotated[int, Form()] = 0) -> Response:
    """A page of slips to print; only this file holds the codes."""
    try:
        batch, fresh = _service(visit).print_codes(counter[:40], count, agency=agency.strip()[:200])
    except ValueError as problem:
        raise Problem(
            422, "Chưa in được phiếu", f"Anh/chị quay lại, ghi tên quầy và số phiếu từ 1 đến {MOST_CODES}."
        ) from problem
    visit.audit("In phiếu đánh giá", batch, after={"quầy": counter, "số phiếu": count})
    sheet = rating_files.slips(fresh, counter, f"{_site(visit)}/danhgia/", visit.console.centre.name)
    return download(sheet.encode(), f"phieu-danh-gia-{batch}.html", "text/html; charset=utf-8")


@router.post("/ratings/codes/{batch}/void")
def void(visit: Reader, batch: str) -> Response:
    """What was not handed out counts no longer as visits."""
    count = RatingStore(visit.console.engine, visit.console.now).void(batch)
    visit.audit("Hủy phiếu đánh giá chưa dùng", batch, after={"số phiếu": count})
    return visit.go("/staff/ratings/codes", f"Đã hủy {count} phiếu chưa dùng.")


@router.post("/ratings/tap")
def tap(visit: Reader, counter: Text = "", agency: Text = "") -> Response:
    """A visit at this counter is over: its tablet asks."""
    try:
        _service(visit).tap(counter[:40], agency.strip()[:200])
    except ValueError as problem:
        raise Problem(422, "Chưa mời được", "Anh/chị quay lại và ghi tên quầy.") from problem
    return visit.go(f"/staff/ratings/codes?{urlencode({'quay': counter})}", "Máy tính bảng đang mời chấm điểm.")


def _service(visit: Visit) -> KeptRatings:
    store = RatingStore(visit.console.engine, visit.console.now)
    return KeptRatings(store, NoDossiers(), visit.console.hasher, mask=conceal_people, now=visit.console.now)


def _report(visit: Visit) -> tuple[Report, str]:
    query: Any = visit.request.query_params
    this = f"{visit.console.now().astimezone(VIETNAM):%Y-%m}"
    first = _month(query.get("thang", ""), this)
    last = max(first, _month(query.get("den", ""), first))
    by = query.get("nhom", "agencies")
    store = RatingStore(visit.console.engine, visit.console.now)
    result = made(
        store.ratings(first, last),
        store.visits(first, last),
        first,
        last,
        visit.console.now(),
        agency=query.get("co_quan", ""),
        counter=query.get("quay", "").strip(),
    )
    return result, by if by in GROUPS else "agencies"


def _month(text: str, otherwise: str) -> str:
    if not re.fullmatch(r"\d{4}-\d{2}", text):
        return otherwise
    try:
        return f"{datetime.strptime(text, '%Y-%m').replace(tzinfo=VIETNAM):%Y-%m}"
    except ValueError:
        return otherwise


def _site(visit: Visit) -> str:
    return f"{visit.request.url.scheme}://{visit.request.url.netloc}"
