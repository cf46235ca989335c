"""The director's page: what people asked this week, what went unanswered, satisfaction, late and supplemented dossiers,
delivery of notices, volunteers' work. It prints on one A4 page.
"""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter
from fastapi.responses import Response

from bot.dialogue.wording import rating as rating_words
from bot.dialogue.wording import review as review_words
from bot.notice_records import NoticeState
from bot.question_records import Ending
from bot.rating_files import VERDICTS, percent
from bot.services.overview import overview
from bot.services.review import month_of
from bot.staff_records import Role
from bot.web.console.notices import STATES
from bot.web.console.page import Nav, Visit, require
from bot.web.figures import FACETS, counted
from knowledge_base.centre import VIETNAM

READERS: Final = (Role.SUPERVISOR, Role.ADMINISTRATOR)
NAV = Nav("Tổng quan", "/staff/overview", READERS, 5, "Tuần này bà con hỏi gì, hồ sơ trễ, mức hài lòng.")
router = APIRouter()
WEEK: Final = timedelta(days=6)

ENDINGS: Final = {
    Ending.NOTHING: "Không tìm thấy thủ tục",
    Ending.NONE_OF_THESE: "Không đúng thủ tục nào đã nêu",
    Ending.NOT_THIS: "Bảo câu trả lời không đúng",
    Ending.WRONG_PICK: "Mở nhầm thủ tục",
    Ending.ASKED_AGAIN: "Phải hỏi lại",
}


@router.get("/overview")
def show(visit: Annotated[Visit, require(*READERS)]) -> Response:
    """The last seven days, and this month so far."""
    console = visit.console
    now = console.now()
    last = now.astimezone(VIETNAM).date()
    first, month = last - WEEK, month_of(now)
    parts = counted(console.engine, console.now, (first, last), month, (last.replace(day=1), last))

    def name(code: str) -> str:
        known = console.guide.procedure(code)
        return known.name if known else code

    return visit.show(
        "overview.html",
        page=overview(parts, first, last, month, name=name),
        month=review_words.month(month),
        facets={facet.value: text for facet, text in FACETS.items()},
        endings={ending.value: text for ending, text in ENDINGS.items()},
        states={state.value: STATES[state] for state in NoticeState},
        criteria=rating_words.NAMES,
        percent=percent,
        verdicts=VERDICTS,
        no_agency=review_words.NO_AGENCY,
    )
