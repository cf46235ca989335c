"""Talks with residents: the queue, taking one, answering, giving it back, ending it. The pages ask for news by
themselves.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Form
from fastapi.responses import Response

from bot.dialogue.privacy import conceal
from bot.dialogue.wording.notices import TEMPLATES
from bot.handover_records import Handover, State
from bot.services.handover import KeptHandovers
from bot.services.notice_templates import TemplateError
from bot.staff_records import Role
from bot.storage.contacts import ContactStore
from bot.storage.handovers import HandoverStore
from bot.storage.staff import StaffStore
from bot.web.console.page import WAITING_FOR, Nav, Problem, Visit, require
from bot.web.console.tables import Column, Table, listing

ROLES = (Role.CLERK, Role.OFFICER, Role.SUPERVISOR)
NAV = Nav("Trao đổi với người dân", WAITING_FOR, ROLES, 15, "Người dân đang chờ gặp cán bộ: trả lời ngay.")
router = APIRouter()

Desk = Annotated[Visit, require(*ROLES)]
Live = Annotated[Visit, require(*ROLES, live=True)]
Supervisor = Annotated[Visit, require(Role.SUPERVISOR)]
CHANNELS = {"web": "Trang chat", "telegram": "Telegram", "zalo": "Zalo", "zalobot": "Zalo Bot"}
ZALO_FREE = timedelta(hours=48)
BEGINNING: Final = 90
"""Characters of a question in the list."""
LONGEST: Final = 1000
GONE: Final = (
    "Cuộc trao đổi không còn ở chỗ anh/chị: người dân đã kết thúc, hoặc người khác đã nhận. Câu dưới chưa gửi."
)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A talk in the list; the question is kept without numbers."""

    handover: Handover
    asked: str
    officer: str
    agency: str
    now: datetime

    @property
    def state(self) -> str:
        """Who must do what."""
        match self.handover.state:
            case State.WAITING:
                return "câu hỏi chờ trả lời sau" if self.handover.later else "đang chờ"
            case State.TALKING:
                return f"{self.officer} đang trả lời"
        return "đã kết thúc"


_COMMON: Final = (
    Column(
        "Cuộc",
        lambda line: f"Cuộc trao đổi {line.handover.id}",
        link=lambda line: f"/staff/handover/{line.handover.id}",
    ),
    Column("Tình trạng", lambda line: line.state),
    Column("Câu hỏi", lambda line: line.asked),
)
_FROM: Final = (
    Column("Cơ quan", lambda line: line.agency),
    Column("Kênh", lambda line: CHANNELS.get(line.handover.contact.channel, line.handover.contact.channel)),
    Column("Từ lúc", lambda line: line.handover.created_at),
)
QUEUE: Final = Table(
    title="Đang chờ và đang trao đổi",
    columns=(*_COMMON, Column("Đã chờ", lambda line: _long(line.now - line.handover.created_at)), *_FROM),
    empty="Không có ai đang chờ.",
)
CLOSED: Final = Table(
    title="Đã kết thúc",
    columns=(*_COMMON, *_FROM, Column("Cán bộ", lambda line: line.officer)),
    empty="Chưa có cuộc nào đã kết thúc, hoặc đã hết hạn lưu.",
)


@router.get("/handover")
def queue(visit: Desk, xem: str = "") -> Response:
    """Who waits, who is being answered, questions for later; or those that are over, as long as they are kept."""
    closed = xem == "closed"
    return visit.table("handovers.html", CLOSED if closed else QUEUE, _fetch(visit, closed=closed), closed=closed)


@router.get("/handover/live")
def queue_live(visit: Live) -> Response:
    """The queue again, for htmx."""
    query = {"trang": visit.request.query_params.get("trang", "1")}
    return visit.part(
        "handovers_part.html", listing=listing(QUEUE, _fetch(visit, closed=False), "/staff/handover", query)
    )


@router.get("/handover/waiting")
def waiting_live(visit: Live) -> Response:
    """How many wait, for the navigation of every page."""
    return visit.part("waiting.html", residents_waiting=visit.waiting())


@router.get("/handover/{number}")
def talk(visit: Desk, number: int) -> Response:
    """One talk."""
    found = _known(visit, number)
    if found.officer != visit.account.login:
        visit.audit("Đọc trao đổi với người dân", str(number))
    return _show(visit, number)


@router.get("/handover/{number}/live")
def talk_live(visit: Live, number: int) -> Response:
    """What was said, again, for htmx."""
    return visit.part("handover_part.html", **_talk(visit, number))


@router.post("/handover/{number}/take")
def take(visit: Desk, number: int) -> Response:
    """One officer takes it."""
    _known(visit, number)
    if not _store(visit).take(number, visit.account.login):
        raise Problem(409, "Người khác vừa nhận cuộc trao đổi này", "Anh/chị chọn cuộc khác trong danh sách.")
    visit.audit("Nhận trao đổi với người dân", str(number))
    return visit.go(f"/staff/handover/{number}")


@router.post("/handover/{number}/take-over")
def take_over(visit: Supervisor, number: int) -> Response:
    """Go on with what an officer has taken and left."""
    found = _known(visit, number)
    if not _store(visit).take_over(number, visit.account.login):
        raise Problem(409, "Không nhận thay được", "Cuộc này không còn ở cán bộ nào. Anh/chị xem lại danh sách.")
    visit.audit(
        "Nhận thay trao đổi với người dân", str(number), after={"thay cho": _names(visit).get(found.officer, "")}
    )
    return visit.go(f"/staff/handover/{number}")


@router.post("/handover/{number}/put-back")
def put_back(visit: Desk, number: int) -> Response:
    """Back into the queue."""
    _known(visit, number)
    if not _store(visit).put_back(number, visit.account.login):
        raise Problem(409, "Cuộc này không ở chỗ anh/chị", "Anh/chị xem lại danh sách.")
    visit.audit("Trả trao đổi lại hàng chờ", str(number))
    return visit.go("/staff/handover", "Đã trả lại hàng chờ.")


@router.post("/handover/{number}/typing")
def typing(visit: Desk, number: int) -> Response:
    """The officer is writing: the talk does not end meanwhile."""
    _known(visit, number)
    _store(visit).stir(number, visit.account.login)
    return Response(status_code=204)


@router.post("/handover/{number}/say")
def say(
    visit: Desk,
    number: int,
    text: Annotated[str, Form(max_length=4 * LONGEST)] = "",
    nonce: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Write to the resident, word by word as it stands there; the talk keeps it without numbers."""
    found, said = _known(visit, number), text.strip()
    if not said:
        return _show(visit, number, problem="Anh/chị gõ câu trả lời.", status=422)
    try:
        sent = _service(visit).say(number, visit.account.login, said, kept=conceal(said), key=nonce)
    except TemplateError:
        return _show(
            visit, number, problem="Câu trả lời quá dài: chia thành các tin dưới 1.000 chữ cái.", typed=text, status=422
        )
    if not sent:
        return _show(visit, number, problem=GONE, typed=text, status=409)
    visit.audit("Trả lời người dân", str(number))
    if found.later:
        return visit.go("/staff/handover", "Đã trả lời. Tin được gửi đi trong giờ được phép nhắn.")
    return visit.go(f"/staff/handover/{number}")


@router.post("/handover/{number}/close")
def close(visit: Desk, number: int, seen: Annotated[int, Form()]) -> Response:
    """End it: the assistant answers again."""
    found = _known(visit, number)
    if not _service(visit).close(number, visit.account.login, seen):
        raise Problem(409, "Chưa kết thúc được", "Người dân vừa nhắn thêm, hoặc cuộc này không ở chỗ anh/chị. Xem lại.")
    visit.audit("Kết thúc trao đổi với người dân", str(number))
    over = "Đã đóng câu hỏi." if found.later else "Đã kết thúc. Trợ lý tự động trả lời người dân từ đây."
    return visit.go("/staff/handover", over)


def _store(visit: Visit) -> HandoverStore:
    return HandoverStore(visit.console.engine, visit.console.now)


def _service(visit: Visit) -> KeptHandovers:
    return KeptHandovers(_store(visit), visit.console.outbox, TEMPLATES, now=visit.console.now)


def _names(visit: Visit) -> dict[str, str]:
    return {account.login: account.name for account in StaffStore(visit.console.engine).all()}


def _fetch(visit: Visit, *, closed: bool) -> Any:
    store, names, now = _store(visit), _names(visit), visit.console.now()

    def fetch(limit: int, offset: int) -> Sequence[Line]:
        found = store.listed(visit.own_agency, closed=closed, limit=limit, offset=offset)
        asked = store.asked([each.id for each in found])
        return [
            Line(
                handover=each,
                asked=_shortened(asked.get(each.id, "")),
                officer=names.get(each.officer, each.officer),
                agency=agency.name if (agency := visit.console.centre.agency(each.agency)) else "bộ phận một cửa",
                now=now,
            )
            for each in found
        ]

    return fetch


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= BEGINNING else words[:BEGINNING].rsplit(" ", 1)[0] + "…"


def _long(waited: timedelta) -> str:
    minutes = max(0, int(waited.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} phút"
    return f"{minutes // 60} giờ {minutes % 60} phút" if minutes < 24 * 60 else f"{minutes // (24 * 60)} ngày"


def _known(visit: Visit, number: int) -> Handover:
    found = HandoverStore(visit.console.engine).get(number)
    if found is None or visit.own_agency not in (None, found.agency):
        raise Problem(404, "Không có cuộc trao đổi này", "Có thể đã hết hạn lưu. Anh/chị xem lại danh sách.")
    return found


def _show(visit: Visit, number: int, *, problem: str = "", typed: str = "", status: int = 200) -> Response:
    # a form that is sent twice says it once
    nonce = secrets.token_urlsafe(12)
    return visit.show(
        "handover.html",
        status=status,
        problem=problem,
        typed=typed,
        nonce=nonce,
        longest=LONGEST,
        **_talk(visit, number),
    )


def _talk(visit: Visit, number: int) -> dict[str, Any]:
    found = _known(visit, number)
    procedure = visit.console.guide.procedure(found.topic) if found.topic else None
    free_until = None
    if found.contact.channel == "zalo":
        seen = ContactStore(visit.console.engine).last_seen(found.contact)
        free_until = seen + ZALO_FREE if seen else None
    mine = found.state is State.TALKING and found.officer == visit.account.login
    return {
        "handover": found,
        "messages": HandoverStore(visit.console.engine).said(number),
        "procedure": procedure.name if procedure else "",
        "channel": CHANNELS.get(found.contact.channel, found.contact.channel),
        "mine": mine,
        "officer": _names(visit).get(found.officer, found.officer),
        "may_take_over": found.state is State.TALKING and not mine and visit.account.role is Role.SUPERVISOR,
        "free_until": free_until,
    }
