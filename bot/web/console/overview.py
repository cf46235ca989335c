"""The director's page: what people asked this week, what went unanswered, satisfaction, late and supplemented dossiers,
delivery of notices, volunteers' work. It prints on one A4 page.
"""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter
from fastapi.responses import Response

from bot.dialogue.privacy import conceal_people
from bot.dialogue.wording import rating as rating_words
from bot.dialogue.wording import review as review_words
from bot.notice_records import NoticeState
from bot.overview_records import Parts
from bot.question_records import Ending
from bot.rating_files import VERDICTS, percent
from bot.rating_reports import report
from bot.services.overview import overview
from bot.services.review import ReviewDesk, month_of
from bot.staff_records import Role
from bot.storage.asked import AskedStore
from bot.storage.ratings import RatingStore
from bot.storage.reviews import ReviewStore
from bot.storage.volunteers import VolunteerStore
from bot.web.console.notices import STATES
from bot.web.console.page import Nav, Visit, require
from knowledge_base.centre import VIETNAM
from knowledge_base.facets import Facet

READERS: Final = (Role.SUPERVISOR, Role.ADMINISTRATOR)
NAV = Nav("Tổng quan", "/staff/overview", READERS, 5, "Tuần này bà con hỏi gì, hồ sơ trễ, mức hài lòng.")
router = APIRouter()
WEEK: Final = timedelta(days=6)

FACETS: Final = {
    Facet.DOCUMENTS: "Giấy tờ",
    Facet.FEE: "Phí, lệ phí",
    Facet.DURATION: "Thời gian",
    Facet.WHERE: "Nơi nộp",
    Facet.ONLINE: "Nộp qua mạng",
    Facet.CONDITIONS: "Điều kiện",
    Facet.FORM: "Mẫu đơn",
    Facet.STEPS: "Các bước",
    Facet.RESULT: "Kết quả",
    Facet.LEGAL: "Căn cứ pháp lý",
    Facet.AUDIENCE: "Ai được làm",
    Facet.GENERAL: "Hỏi chung",
}
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
    asked, ratings = AskedStore(console.engine, console.now), RatingStore(console.engine, console.now)
    volunteers = VolunteerStore(console.engine, console.now)
    desk = ReviewDesk(ReviewStore(console.engine, console.now), mask=conceal_people, now=console.now)
    parts = Parts(
        asked=asked.between(first, last),
        endings=asked.endings(first, last),
        delivery=asked.delivery(first, last),
        figures=desk.lists(month, month).figures,
        ratings=report(ratings.ratings(month, month), ratings.visits(month, month), month, month).total,
        helped=volunteers.counts(last.replace(day=1).isoformat(), last.isoformat()),
    )

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
