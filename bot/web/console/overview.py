"""The director's page: what people asked this week, what went unanswered, satisfaction, late and supplemented dossiers,
delivery of notices, volunteers' work. It prints on one A4 page and comes as a workbook.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Annotated, Final

from fastapi import APIRouter
from fastapi.responses import Response

from bot.dialogue.wording import rating as rating_words
from bot.dialogue.wording import review as review_words
from bot.notice_records import NoticeState
from bot.overview_records import AgencyLine, Named, Overview
from bot.question_records import Ending
from bot.rating_files import BRIEFLY, VERDICTS, percent, rate
from bot.services.overview import overview
from bot.services.review import before, month_of
from bot.staff_records import Role
from bot.web.console.notices import STATES
from bot.web.console.page import Nav, Visit, download, require
from bot.web.console.tables import XLSX, shown
from bot.web.figures import FACETS, counted
from bot.workbooks import Cell, Sheet, workbook
from knowledge_base.centre import VIETNAM

READERS: Final = (Role.SUPERVISOR, Role.ADMINISTRATOR)
NAV = Nav("Tổng quan", "/staff/overview", READERS, 5, "Tuần này bà con hỏi gì, hồ sơ trễ, mức hài lòng.")
router = APIRouter()
HEADS: Final = (
    "Cơ quan",
    "Tiếp nhận",
    "Phải sửa, bổ sung, trả lại",
    "Có kết quả",
    "Trễ hẹn",
    "Quá hẹn chưa có kết quả",
    "Trễ chưa có thư xin lỗi",
)
WEEK: Final = timedelta(days=6)

ENDINGS: Final = {
    Ending.NOTHING: "Không tìm thấy thủ tục",
    Ending.NONE_OF_THESE: "Không đúng thủ tục nào đã nêu",
    Ending.NOT_THIS: "Bảo câu trả lời không đúng",
    Ending.WRONG_PICK: "Mở nhầm thủ tục",
    Ending.ASKED_AGAIN: "Phải hỏi lại",
}

_FACETS: Final = {facet.value: text for facet, text in FACETS.items()}
_ENDINGS: Final = {ending.value: text for ending, text in ENDINGS.items()}
_STATES: Final = {state.value: STATES[state] for state in NoticeState}


@router.get("/overview")
def show(visit: Annotated[Visit, require(*READERS)]) -> Response:
    """The last seven days, and this month so far."""
    found, earlier = _found(visit)
    if visit.request.query_params.get("tai") == "xlsx":
        visit.audit("Tải bảng tính", "Tổng quan")
        body = workbook(_sheets(found, earlier))
        return download(body, f"Tổng quan đến {found.last:%d-%m-%Y}.xlsx", XLSX)
    return visit.show(
        "overview.html",
        page=found,
        before=earlier,
        month=review_words.month(found.month),
        month_before=review_words.month(earlier.month),
        facets=_FACETS,
        endings=_ENDINGS,
        states=_STATES,
        criteria=rating_words.NAMES,
        rate=rate,
        verdicts=BRIEFLY,
        heads=HEADS,
        cells=_cells,
        no_agency=review_words.NO_AGENCY,
    )


def _found(visit: Visit) -> tuple[Overview, Overview]:
    """The last seven days with this month so far, and the seven days and the whole month before."""
    console = visit.console
    now = console.now()
    last = now.astimezone(VIETNAM).date()
    month, month_end = month_of(now), last.replace(day=1) - timedelta(days=1)
    earlier = last - WEEK - timedelta(days=1)

    def name(code: str) -> str:
        known = console.guide.procedure(code)
        return (known.plain_name or known.name) if known else code

    def page(end: date, month: str, days: tuple[date, date]) -> Overview:
        week = (end - WEEK, end)
        namer = console.centre.agency_name
        parts = counted(console.engine, console.now, week, month, days, agency_name=namer)
        return overview(parts, *week, month, name=name)

    now_page = page(last, month, (last.replace(day=1), last))
    return now_page, page(earlier, before(month), (month_end.replace(day=1), month_end))


def _cells(line: AgencyLine) -> tuple[int | None, ...]:
    """The figures of an agency under HEADS, after its name."""
    return (line.received, line.asked, line.returned, line.late, line.still_open, line.no_apology)


def _sheets(page: Overview, earlier: Overview) -> list[Sheet]:
    """The same as the page, a sheet for each part, with what was before."""
    week = f"{shown(page.first)} – {shown(page.last)}"
    month = f"tháng {review_words.month(page.month)}"

    def named(
        what: str, lines: Iterable[Named], old: Iterable[Named], names: Mapping[str, str]
    ) -> list[tuple[Cell, ...]]:
        then = {line.name: line.count for line in old}
        return [(what, names.get(line.name, line.name), line.count, then.get(line.name)) for line in lines]

    asked: list[tuple[Cell, ...]] = [
        ("Câu hỏi", "Bà con gõ", page.questions, earlier.questions),
        ("Câu hỏi", "Trả lời được", page.answered, earlier.answered),
        ("Câu hỏi", "Phải hỏi lại để rõ", page.several, earlier.several),
        ("Câu hỏi", "Không trả lời được", page.nothing, earlier.nothing),
        *named("Thủ tục được hỏi nhiều", page.procedures, earlier.procedures, {}),
        *named("Hỏi về điều gì", page.facets, earlier.facets, _FACETS),
        *named("Câu chưa được trả lời tốt", page.endings, earlier.endings, _ENDINGS),
        *named("Tin báo", page.delivery, earlier.delivery, _STATES),
    ]
    rated: list[tuple[Cell, ...]] = [
        (text, percent(share.rate), share.answered, VERDICTS[share.reached] if share.answered else None, then)
        for criterion, text in rating_words.NAMES.items()
        for share, then in [(page.ratings.shares[criterion], percent(earlier.ratings.shares[criterion].rate))]
    ]
    agencies = [(line.name or review_words.NO_AGENCY, *_cells(line)) for line in page.agencies]
    whole = ("Toàn Trung tâm", *_cells(page.total))
    last_month = ("Toàn Trung tâm, cả tháng trước", *_cells(earlier.total))
    then_units = {unit.name: unit.helped for unit in earlier.units}
    units = [(unit.name, unit.helped, unit.minutes, then_units.get(unit.name, 0)) for unit in page.units]
    return [
        Sheet(
            name="Trong tuần", title=f"Tuần {week}", head=("Phần", "Nội dung", "Số", "Bảy ngày trước đó"), rows=asked
        ),
        Sheet(
            name="Hài lòng",
            title=f"Hài lòng, {month}",
            head=("Tiêu chí", "Tỷ lệ 4 và 5 điểm (%)", "Lượt chấm", "So với 95%", "Tháng trước (%)"),
            rows=rated,
        ),
        Sheet(name="Hồ sơ theo cơ quan", title=f"Hồ sơ, {month}", head=HEADS, rows=[whole, last_month, *agencies]),
        Sheet(
            name="Tình nguyện viên",
            title=f"Tình nguyện viên, {month}",
            head=("Đơn vị", "Lượt giúp", "Phút", "Lượt giúp cả tháng trước"),
            rows=units,
        ),
    ]
