"""What waits for somebody, counted for the first page. Pages add theirs to COUNTERS."""

from collections.abc import Callable
from typing import Final

import msgspec
from sqlalchemy import func, select

from bot.notice_records import NoticeState
from bot.question_records import State
from bot.staff_records import Role
from bot.storage.dossier_search import DossierSearch
from bot.storage.handovers import HandoverStore
from bot.storage.questions import QuestionStore
from bot.storage.ratings_tables import rating_calls
from bot.storage.reviews_tables import review_draws, review_items
from bot.storage.staff_tables import staff_tries
from bot.storage.tables import calls, notices
from bot.web.console.agencies import seen_by
from bot.web.console.page import WAITING_FOR, Visit


class Counter(msgspec.Struct, frozen=True):
    """One number on the first page. link: where the work behind it is done."""

    title: str
    roles: tuple[Role, ...]
    count: Callable[[Visit], int]
    link: str


class Counted(msgspec.Struct, frozen=True):
    """A counter with its number."""

    title: str
    count: int
    link: str


DESK: Final = (Role.CLERK, Role.OFFICER, Role.SUPERVISOR)


def counters(visit: Visit) -> list[Counted]:
    """The numbers of this person's role."""
    return [
        Counted(counter.title, counter.count(visit), counter.link)
        for counter in COUNTERS
        if visit.account.role in counter.roles
    ]


def _late(visit: Visit) -> int:
    return _search(visit).count(late=True, seen_by=seen_by(visit))


def _waiting(visit: Visit) -> int:
    return _search(visit).count(under_way=True, seen_by=seen_by(visit))


def _search(visit: Visit) -> DossierSearch:
    return DossierSearch(visit.console.engine, visit.console.now)


def _calls(visit: Visit) -> int:
    with visit.console.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(calls)).scalar_one()


def _unknown(visit: Visit) -> int:
    undecided = notices.c.state == NoticeState.UNKNOWN.value
    with visit.console.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(notices).where(undecided)).scalar_one()


def _unanswered(visit: Visit) -> int:
    return QuestionStore(visit.console.engine).counts()[State.OPEN]


def _residents(visit: Visit) -> int:
    return HandoverStore(visit.console.engine).waiting(visit.own_agency)[0]


def _residents_later(visit: Visit) -> int:
    return HandoverStore(visit.console.engine).waiting(visit.own_agency)[1]


def _callbacks(visit: Visit) -> int:
    lasting = rating_calls.c.erase_at > visit.console.now()
    with visit.console.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(rating_calls).where(lasting)).scalar_one()


def _to_review(visit: Visit) -> int:
    """One's own items of the month's review without a finding; a supervisor's are everybody's."""
    query = select(func.count()).select_from(review_items.join(review_draws)).where(
        review_items.c.drawn, review_items.c.reviewed_at.is_(None),
        review_draws.c.closed_at.is_(None), review_draws.c.replaced_at.is_(None),
    )  # fmt: skip
    if visit.account.role is not Role.SUPERVISOR:
        query = query.where(review_items.c.officer == visit.account.login)
    with visit.console.engine.connect() as connection:
        return connection.execute(query).scalar_one()


def _failed_sign_ins(visit: Visit) -> int:
    with visit.console.engine.connect() as connection:
        return connection.execute(
            select(func.count()).select_from(staff_tries).where(staff_tries.c.kind == "login")
        ).scalar_one()


COUNTERS: Final[tuple[Counter, ...]] = (
    Counter("Người dân đang chờ cán bộ", DESK, _residents, WAITING_FOR),
    Counter("Câu hỏi chờ trả lời sau", DESK, _residents_later, WAITING_FOR),
    Counter("Hồ sơ đang giải quyết", DESK, _waiting, "/staff/dossiers?status=under_way"),
    Counter("Hồ sơ quá hẹn", DESK, _late, "/staff/dossiers?status=late"),
    Counter("Cần gọi điện báo", (Role.OFFICER, Role.SUPERVISOR), _calls, "/staff/calls"),
    Counter("Người muốn được gọi lại", (Role.SUPERVISOR,), _callbacks, "/staff/ratings/calls"),
    Counter("Hồ sơ chờ rà soát", (Role.OFFICER, Role.SUPERVISOR), _to_review, "/staff/review"),
    Counter("Tin chưa rõ đã đến chưa", (Role.OFFICER, Role.SUPERVISOR), _unknown, "/staff/notices/undecided"),
    Counter("Câu chưa trả lời được", DESK, _unanswered, "/staff/questions"),
    Counter("Lần đăng nhập sai (30 ngày)", (Role.ADMINISTRATOR,), _failed_sign_ins, "/staff/health"),
)
