"""What waits for somebody, counted for the first page. Pages add theirs to COUNTERS."""

from collections.abc import Callable
from typing import Final

import msgspec
from sqlalchemy import func, select

from bot.notice_records import NoticeState
from bot.question_records import State
from bot.staff_records import Role
from bot.storage.dossier_search import DossierSearch
from bot.storage.questions import QuestionStore
from bot.storage.staff_tables import staff_tries
from bot.storage.tables import calls, notices
from bot.web.console.agencies import seen_by
from bot.web.console.page import Visit


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


def _failed_sign_ins(visit: Visit) -> int:
    with visit.console.engine.connect() as connection:
        return connection.execute(
            select(func.count()).select_from(staff_tries).where(staff_tries.c.kind == "login")
        ).scalar_one()


COUNTERS: Final[tuple[Counter, ...]] = (
    Counter("Hồ sơ đang giải quyết", DESK, _waiting, "/staff/dossiers?status=under_way"),
    Counter("Hồ sơ quá hẹn", DESK, _late, "/staff/dossiers?status=late"),
    Counter("Cần gọi điện báo", (Role.OFFICER, Role.SUPERVISOR), _calls, "/staff/calls"),
    Counter("Tin chưa rõ đã đến chưa", (Role.OFFICER, Role.SUPERVISOR), _unknown, "/staff/notices/undecided"),
    Counter("Câu chưa trả lời được", DESK, _unanswered, "/staff/questions"),
    Counter("Lần đăng nhập sai (30 ngày)", (Role.ADMINISTRATOR,), _failed_sign_ins, "/staff/health"),
)
