"""What the director's page and the public page are made of: the same counts, and the same words for them."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Final

from sqlalchemy import Engine

from bot.dialogue.privacy import conceal_people
from bot.overview_records import Parts
from bot.rating_reports import report
from bot.services.review import ReviewDesk
from bot.storage.asked import AskedStore
from bot.storage.ratings import RatingStore
from bot.storage.reviews import ReviewStore
from bot.storage.volunteers import VolunteerStore
from knowledge_base.facets import Facet

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


def counted(
    engine: Engine,
    now: Callable[[], datetime],
    week: tuple[date, date],
    month: str,
    days: tuple[date, date],
    *,
    rated: str = "",
    agency_name: Callable[[str], str] = str,
) -> Parts:
    """Questions and notices of a week; dossiers of a month ("2026-11"); ratings of the month `rated`, the same by
    default; volunteers' work on `days`."""
    rated = rated or month
    asked, ratings = AskedStore(engine, now), RatingStore(engine, now)
    desk = ReviewDesk(ReviewStore(engine, now), mask=conceal_people, now=now)
    return Parts(
        asked=asked.between(*week),
        endings=asked.endings(*week),
        delivery=asked.delivery(*week),
        figures=desk.lists(month, month).figures,
        ratings=report(
            ratings.ratings(rated, rated), ratings.visits(rated, rated), rated, rated, now(), agency_name=agency_name
        ).total,
        helped=VolunteerStore(engine, now).counts(days[0].isoformat(), days[1].isoformat()),
    )
