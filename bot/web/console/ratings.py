"""Satisfaction: shares with charts, comments, whom to call back, what has changed; slips and taps: rating_counters."""

import re
from typing import Annotated, Final
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Form
from fastapi.responses import Response

from bot import rating_files
from bot.dialogue.wording import rating as rating_words
from bot.rating_reports import LEAST, Line, Report
from bot.rating_reports import report as made
from bot.services.review import month_of
from bot.staff_records import Role
from bot.storage.ratings import RatingStore
from bot.web.console import rating_counters
from bot.web.console.page import Nav, Problem, Visit, download, require
from bot.web.console.tables import XLSX, Column, Table, listed
from bot.workbooks import Cell
from knowledge_base.centre import VIETNAM

READERS: Final = tuple(Role)
NAV = Nav("Hài lòng", "/staff/ratings", READERS, 60, "Điểm bà con chấm, góp ý, phiếu đánh giá cho quầy.")
router = APIRouter()
router.routes.extend(rating_counters.router.routes)

Reader = Annotated[Visit, require(*READERS)]
Supervisor = Annotated[Visit, require(Role.SUPERVISOR)]
Publisher = Annotated[Visit, require(Role.SUPERVISOR, Role.ADMINISTRATOR)]
Text = Annotated[str, Form()]
GROUPS: Final = {"agencies": "Theo cơ quan", "counters": "Theo quầy", "months": "Theo tháng"}
LONGEST_CHANGE: Final = 500


class Asked(msgspec.Struct, frozen=True):
    """What the page was asked for. agency, counter: as the ratings name them, "" for all."""

    first: str
    last: str
    by: str
    agency: str
    counter: str

    @property
    def query(self) -> str:
        """The same as a query."""
        said = {"thang": self.first, "den": self.last, "nhom": self.by, "co_quan": self.agency, "quay": self.counter}
        return urlencode({name: value for name, value in said.items() if value})


def _column(number: int, title: str) -> Column:
    def value(row: list[Cell]) -> Cell:
        return row[number]

    return Column(title, value, number=number > 0 and "so với" not in title)


WHOLE: Final = Table(
    title="Mức độ hài lòng",
    columns=tuple(_column(number, name) for number, name in enumerate(rating_files.HEAD)),
    empty="Chưa có lượt chấm nào trong thời gian này.",
)
"""Every figure in its column: for a spreadsheet. The page shows few of them, see its template."""
DETAILS: Final = Table(
    title="Chi tiết từng tiêu chí",
    columns=tuple(
        _column(number, name)
        for number, name in enumerate(("Nhóm", "Tiêu chí", "Tỷ lệ (%)", "Từ", "Đến", "Số người chấm", "So với 95%"))
    ),
    empty=WHOLE.empty,
)
COMMENTS: Final = Table(
    title="Góp ý",
    columns=(
        Column("Cơ quan", lambda comment: comment.agency or "(gộp nhiều nơi)"),
        Column("Góp ý", lambda comment: comment.text),
        Column("Có điểm 1–2", lambda comment: "có" if comment.low else ""),
    ),
    empty="Chưa có góp ý nào trong thời gian này.",
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


@router.get("/ratings")
def show(visit: Reader) -> Response:
    """Shares by agency, counter or month, with the chart and the spreadsheet; every interval on demand."""
    query = visit.request.query_params
    asked, report = _asked(visit), _report(visit)
    details = query.get("xem") == "chi-tiet"
    lines = [
        ("Toàn bộ", report.total),
        *((rating_files.name(line, asked.by), line) for line in _lines(report)[asked.by]),
    ]
    many = [(name, line) for name, line in lines if not line.hidden]
    if details:
        table, rows = DETAILS, [row for name, line in many for row in rating_files.details(line, name)]
    else:
        table, rows = WHOLE, [rating_files.row(line, name) for name, line in lines]
    places = _places(visit)
    return visit.table(
        "ratings.html",
        table,
        listed(rows),
        report=report,
        asked=asked,
        details=details,
        lines=many,
        names=rating_words.NAMES,
        rate=rating_files.rate,
        between=rating_files.between,
        verdicts=rating_files.BRIEFLY,
        title=rating_files.title(report),
        groups=list(GROUPS.items()),
        agencies=sorted({agency for _, agency, _ in places if agency}),
        counters=sorted({counter for _, _, counter in places if counter}),
        few=[name for name, line in lines[1:] if line.hidden],
        least=LEAST,
        comments=len(report.comments),
        clerk=visit.account.role is Role.CLERK,
        calls=len(_store(visit).calls()) if visit.account.role is Role.SUPERVISOR else 0,
    )


@router.get("/ratings/comments")
def comments(visit: Reader) -> Response:
    """What people wrote, without a counter and in no order of time; who reads it is written down."""
    asked, report = _asked(visit), _report(visit)
    visit.audit("Đọc góp ý", rating_files.span(report), after={"cơ quan": asked.agency or "tất cả"})
    return visit.table("ratings_comments.html", COMMENTS, listed(report.comments), report=report, asked=asked)


@router.get("/ratings/chart.svg")
def chart_svg(visit: Reader, tai: str = "") -> Response:
    """The chart in the page, or the drawing to keep."""
    report, asked = _report(visit), _asked(visit)
    drawn = rating_files.svg(report, asked.by)
    if not tai:
        return Response(drawn, media_type="image/svg+xml")
    _audit_chart(visit, report, "svg")
    return download(drawn.encode(), f"{rating_files.title(report)}.svg", "image/svg+xml")


@router.get("/ratings/chart.png")
def chart_png(visit: Reader) -> Response:
    """The chart as a picture to keep."""
    report, asked = _report(visit), _asked(visit)
    _audit_chart(visit, report, "png")
    body = rating_files.png(rating_files.svg(report, asked.by))
    return download(body, f"{rating_files.title(report)}.png", "image/png")


def _audit_chart(visit: Visit, report: Report, kind: str) -> None:
    visit.audit("Tải biểu đồ hài lòng", rating_files.span(report), after={"tệp": kind})


@router.get("/ratings/report.xlsx")
def report_xlsx(visit: Reader) -> Response:
    """Everything as a workbook."""
    report = _report(visit)
    visit.audit("Tải báo cáo hài lòng", rating_files.span(report), after={"góp ý": len(report.comments)})
    return download(rating_files.xlsx(report), f"{rating_files.title(report)}.xlsx", XLSX)


@router.get("/ratings/calls")
def calls(visit: Supervisor) -> Response:
    """Who wants to be called back."""
    store = _store(visit)
    return visit.table("ratings_calls.html", CALLBACKS, listed(store.calls()))


@router.post("/ratings/calls/{call}/done")
def called(visit: Supervisor, call: str) -> Response:
    """Somebody called: the number is erased."""
    if not _store(visit).called(call):
        raise Problem(409, "Số này không còn trong danh sách", "Có thể người khác vừa gọi xong, hoặc đã quá 30 ngày.")
    visit.audit("Đã gọi lại người chấm điểm")
    return visit.go("/staff/ratings/calls", "Đã ghi nhận, số điện thoại đã được xóa.")


@router.get("/ratings/changes")
def changes(visit: Publisher) -> Response:
    """What has changed: drafts and what residents see."""
    store = _store(visit)
    return visit.table("ratings_changes.html", CHANGES, listed(store.changes(published=False)), longest=LONGEST_CHANGE)


@router.post("/ratings/changes")
def draft(visit: Publisher, text: Text = "") -> Response:
    """Keep a draft."""
    words = " ".join(text.split())
    if not words or len(words) > LONGEST_CHANGE:
        raise Problem(422, "Chưa ghi được", f"Anh/chị quay lại, viết từ 1 đến {LONGEST_CHANGE} chữ cái.")
    note = _store(visit).draft_change(words, visit.account.name)
    visit.audit("Soạn điều đã thay đổi", str(note.id), after={"nội dung": words})
    return visit.go("/staff/ratings/changes", "Đã ghi bản nháp. Bấm Công bố thì bà con mới thấy.")


@router.post("/ratings/changes/{note}/publish")
def publish(visit: Publisher, note: int) -> Response:
    """Residents see it from now on."""
    if not _store(visit).publish_change(note, visit.account.name):
        raise Problem(409, "Bản nháp này không còn", "Có thể đã công bố hoặc đã xóa. Anh/chị xem lại danh sách.")
    visit.audit("Công bố điều đã thay đổi", str(note))
    return visit.go("/staff/ratings/changes", "Đã công bố.")


@router.post("/ratings/changes/{note}/withdraw")
def withdraw(visit: Publisher, note: int) -> Response:
    """Take it back."""
    if not _store(visit).withdraw_change(note):
        raise Problem(409, "Thông báo này không còn", "Có thể người khác vừa xóa. Anh/chị xem lại danh sách.")
    visit.audit("Xóa điều đã thay đổi", str(note))
    return visit.go("/staff/ratings/changes", "Đã xóa.")


def _store(visit: Visit) -> RatingStore:
    return RatingStore(visit.console.engine, visit.console.now)


def _lines(report: Report) -> dict[str, tuple[Line, ...]]:
    return {"agencies": report.agencies, "counters": report.counters, "months": report.months}


def _asked(visit: Visit) -> Asked:
    query = visit.request.query_params
    first = _month(query.get("thang", ""), month_of(visit.console.now()))
    by, agency = query.get("nhom", "agencies"), " ".join(query.get("co_quan", "").split())
    if visit.account.role is Role.CLERK:
        own = visit.console.centre.agency(visit.account.agency)
        agency = own.name if own else visit.account.agency or "-"
    return Asked(
        first=first,
        last=max(first, _month(query.get("den", ""), first)),
        by=by if by in GROUPS else "agencies",
        agency=agency,
        counter=query.get("quay", "").strip(),
    )


def _report(visit: Visit) -> Report:
    asked, store = _asked(visit), _store(visit)
    return made(
        store.ratings(asked.first, asked.last),
        store.visits(asked.first, asked.last),
        asked.first,
        asked.last,
        visit.console.now(),
        agency=asked.agency,
        counter=asked.counter,
        agency_name=visit.console.centre.agency_name,
    )


def _places(visit: Visit) -> list[tuple[str, str, str]]:
    """Where visits were, by month, agency and counter: what may be chosen."""
    asked, name = _asked(visit), visit.console.centre.agency_name
    known = [(month, name(agency), counter) for month, agency, counter in _store(visit).visits(asked.first, asked.last)]
    mine = [place for place in known if asked.agency == place[1]] if visit.account.role is Role.CLERK else known
    return [*mine, ("", asked.agency, asked.counter)]


def _month(text: str, otherwise: str) -> str:
    return text if re.fullmatch(r"20\d{2}-(0[1-9]|1[0-2])", text) else otherwise
