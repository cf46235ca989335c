"""Volunteers: join codes for the youth union, and the month's counts."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import Response

from bot import volunteer_reports
from bot.services.assistance import DAYS, MOST_DAYS, KeptAssistance
from bot.services.dossiers import KeptDossiers
from bot.staff_records import Role
from bot.storage.consents import ConsentStore
from bot.storage.staff import StaffStore
from bot.storage.volunteers import VolunteerStore
from bot.volunteer_records import Volunteer
from bot.web.console.page import Nav, Problem, Visit, download, require
from bot.web.console.tables import XLSX, Column, Table, listed
from bot.workbooks import Cell
from knowledge_base.centre import VIETNAM

READERS: Final = (Role.OFFICER, Role.SUPERVISOR, Role.ADMINISTRATOR)
NAV = Nav("Tình nguyện", "/staff/volunteers", READERS, 70, "Mã cho đoàn viên giúp bà con, số ca trong tháng.")
router = APIRouter()

Reader = Annotated[Visit, require(*READERS)]
Text = Annotated[str, Form()]


def _state(volunteer: Volunteer, visit: Visit) -> str:
    if volunteer.disabled_at:
        return "đã thu hồi"
    return "hết hạn" if volunteer.expires_at <= visit.console.now() else "đang dùng"


def _codes(visit: Visit, open_cases: dict[int, int]) -> Table:
    return Table(
        title="Mã tình nguyện",
        columns=(
            Column("Tên gọi", lambda each: each.nickname),
            Column("Đơn vị", lambda each: each.unit),
            Column("Hết hạn", lambda each: each.expires_at.astimezone(VIETNAM).date()),
            Column("Tình trạng", lambda each: _state(each, visit)),
            Column("Ca đang mở", lambda each: open_cases.get(each.id, 0), number=True),
            Column("Người cấp", lambda each: each.created_by),
        ),
        empty="Chưa cấp mã nào.",
    )


def _column(number: int, title: str) -> Column:
    def value(row: list[Cell]) -> Cell:
        return row[number]

    return Column(title, value, number=number > 1)


COUNTS: Final = Table(
    title="Ca trong tháng",
    columns=tuple(_column(number, name) for number, name in enumerate(volunteer_reports.HEAD)),
    empty="Chưa có ca nào trong tháng này.",
)


@router.get("/volunteers")
def show(visit: Reader) -> Response:
    """Who may help, and a form for a new code."""
    store = _store(visit)
    table = _codes(visit, store.open_cases())
    usable = {each.id for each in store.all() if _state(each, visit) == "đang dùng"}
    return visit.table(
        "volunteers.html", table, listed(store.all()), days=DAYS, most=MOST_DAYS, usable=usable, picture=_picture(visit)
    )


@router.get("/volunteers/poster")
def poster(visit: Reader) -> Response:
    """A page to print and hang up: the QR code and what to do with it."""
    return visit.show("volunteers_poster.html", picture=_picture(visit, scale=9), address=_address(visit))


@router.post("/volunteers")
def make(visit: Reader, nickname: Text = "", unit: Text = "", days: Annotated[int, Form()] = DAYS) -> Response:
    """A new join code, shown once."""
    engine = visit.console.engine
    enquiries = KeptDossiers(visit.console.dossiers, ConsentStore(engine), visit.console.hasher)
    service = KeptAssistance(_store(visit), StaffStore(engine), enquiries, visit.console.hasher, now=visit.console.now)
    try:
        volunteer, code = service.make_code(nickname, unit, days, visit.account.login)
    except ValueError as problem:
        raise Problem(422, "Chưa cấp được mã", f"Anh/chị quay lại. {problem}") from problem
    visit.audit("Cấp mã tình nguyện", str(volunteer.id), after={"đơn vị": volunteer.unit, "số ngày": days})
    return visit.go(
        "/staff/volunteers",
        f"Mã của {volunteer.nickname}: {code}. Mã chỉ hiện một lần này; anh/chị đọc hoặc gửi riêng cho bạn ấy.",
    )


@router.post("/volunteers/{volunteer}/disable")
def disable(visit: Reader, volunteer: int) -> Response:
    """Take a code back."""
    if not _store(visit).disable(volunteer):
        raise Problem(409, "Mã này không còn dùng", "Có thể người khác vừa thu hồi. Anh/chị xem lại danh sách.")
    visit.audit("Thu hồi mã tình nguyện", str(volunteer))
    return visit.go("/staff/volunteers", "Đã thu hồi mã; các ca đang mở của bạn ấy đã đóng và xóa.")


@router.get("/volunteers/report")
def report(visit: Reader) -> Response:
    """The month's counts."""
    query = visit.request.query_params
    made, by = _report(visit), query.get("nhom", "volunteers")
    by = by if by in volunteer_reports.GROUPS else "volunteers"
    rows = [line.cells for line in (made.total, *made.groups[by])] if made.total.cases else []
    groups = list(volunteer_reports.GROUPS.items())
    return visit.table(
        "volunteers_report.html", COUNTS, listed(rows), month=made.month, by=by, groups=groups,
        title=volunteer_reports.title(made.month),
    )  # fmt: skip


@router.get("/volunteers/report.xlsx")
def report_xlsx(visit: Reader) -> Response:
    """The same as a workbook, by volunteer, procedure and day."""
    made = _report(visit)
    visit.audit("Tải báo cáo tình nguyện", made.month)
    return download(volunteer_reports.xlsx(made), f"{volunteer_reports.title(made.month)}.xlsx", XLSX)


def _address(visit: Visit) -> str:
    url = visit.request.url
    return f"{url.scheme}://{url.netloc}/assist"


def _picture(visit: Visit, scale: int = 4) -> str:
    """A QR code of the volunteers' page as a data URI; it holds no join code, so it may hang on a wall."""
    import segno  # noqa: PLC0415 - only who opens this page needs it

    return segno.make(_address(visit), error="m").svg_data_uri(scale=scale, border=4, light="#fff")


def _report(visit: Visit) -> volunteer_reports.Report:
    asked = visit.request.query_params.get("thang", "")
    known = re.fullmatch(r"20\d{2}-(0[1-9]|1[0-2])", asked)
    month = asked if known else f"{visit.console.now().astimezone(VIETNAM):%Y-%m}"

    def name_of(code: str) -> str:
        found = visit.console.guide.procedure(code)
        return (found.plain_name or found.name) if found else "thủ tục đã gỡ"

    return volunteer_reports.report(_store(visit).counts(*volunteer_reports.days(month)), month, name_of)


def _store(visit: Visit) -> VolunteerStore:
    return VolunteerStore(visit.console.engine, visit.console.now)
