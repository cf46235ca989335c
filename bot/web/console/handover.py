"""Talks with residents: the queue, taking one, answering, ending it. The pages ask for news by themselves."""

from datetime import timedelta
from typing import Annotated, Any

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
from bot.web.console.page import Nav, Problem, Visit, require

ROLES = (Role.CLERK, Role.OFFICER, Role.SUPERVISOR)
NAV = Nav("Trao đổi với người dân", "/staff/handover", ROLES, 15, "Người dân đang chờ gặp cán bộ: trả lời ngay.")
router = APIRouter()

Desk = Annotated[Visit, require(*ROLES)]
Live = Annotated[Visit, require(*ROLES, live=True)]
CHANNELS = {"web": "Trang chat", "telegram": "Telegram", "zalo": "Zalo", "zalobot": "Zalo Bot"}
ZALO_FREE = timedelta(hours=48)


@router.get("/handover")
def queue(visit: Desk) -> Response:
    """Who waits, who is being answered, and questions for later."""
    return visit.show("handovers.html", **_queue(visit))


@router.get("/handover/live")
def queue_live(visit: Live) -> Response:
    """The queue again, for htmx."""
    return visit.part("handovers_part.html", **_queue(visit))


@router.get("/handover/{number}")
def talk(visit: Desk, number: int) -> Response:
    """One talk."""
    return visit.show("handover.html", **_talk(visit, number))


@router.get("/handover/{number}/live")
def talk_live(visit: Live, number: int) -> Response:
    """What was said, again, for htmx."""
    return visit.part("handover_part.html", **_talk(visit, number))


@router.post("/handover/{number}/take")
def take(visit: Desk, number: int) -> Response:
    """One officer takes it."""
    _known(visit, number)
    if not HandoverStore(visit.console.engine, visit.console.now).take(number, visit.account.login):
        raise Problem(409, "Người khác vừa nhận cuộc trao đổi này", "Anh/chị chọn cuộc khác trong danh sách.")
    visit.audit("Nhận trao đổi với người dân", str(number))
    return visit.go(f"/staff/handover/{number}")


@router.post("/handover/{number}/say")
def say(visit: Desk, number: int, text: Annotated[str, Form(max_length=4000)] = "") -> Response:
    """Write to the resident."""
    found = _known(visit, number)
    said = conceal(text).strip()
    if not said:
        raise Problem(422, "Chưa có nội dung", "Anh/chị quay lại và gõ câu trả lời.")
    try:
        sent = _service(visit).say(number, visit.account.login, said)
    except TemplateError as refusal:
        raise Problem(422, "Câu trả lời quá dài", "Anh/chị chia thành các tin dưới 1.000 chữ cái.") from refusal
    if not sent:
        raise Problem(409, "Cuộc trao đổi không còn ở chỗ anh/chị", "Có thể người dân đã kết thúc. Xem lại danh sách.")
    visit.audit("Trả lời người dân", str(number))
    if found.later:
        return visit.go("/staff/handover", "Đã trả lời. Tin được gửi đi trong giờ được phép nhắn.")
    return visit.go(f"/staff/handover/{number}")


@router.post("/handover/{number}/close")
def close(visit: Desk, number: int, seen: Annotated[int, Form()]) -> Response:
    """End it: the assistant answers again."""
    _known(visit, number)
    if not _service(visit).close(number, visit.account.login, seen):
        raise Problem(409, "Chưa kết thúc được", "Người dân vừa nhắn thêm, hoặc cuộc này không ở chỗ anh/chị. Xem lại.")
    visit.audit("Kết thúc trao đổi với người dân", str(number))
    return visit.go("/staff/handover", "Đã kết thúc. Trợ lý tự động trả lời người dân từ đây.")


def _service(visit: Visit) -> KeptHandovers:
    store = HandoverStore(visit.console.engine, visit.console.now)
    return KeptHandovers(store, visit.console.outbox, TEMPLATES, now=visit.console.now)


def _queue(visit: Visit) -> dict[str, Any]:
    agency = visit.account.agency if visit.account.role is Role.CLERK else None
    found = HandoverStore(visit.console.engine).listed(agency)
    names = {each.agency: known.name for each in found if (known := visit.console.centre.agency(each.agency))}
    return {"handovers": found, "names": names, "channels": CHANNELS}


def _known(visit: Visit, number: int) -> Handover:
    found = HandoverStore(visit.console.engine).get(number)
    foreign = visit.account.role is Role.CLERK and found is not None and found.agency != visit.account.agency
    if found is None or foreign:
        raise Problem(404, "Không có cuộc trao đổi này", "Có thể đã hết hạn lưu. Anh/chị xem lại danh sách.")
    return found


def _talk(visit: Visit, number: int) -> dict[str, Any]:
    found = _known(visit, number)
    procedure = visit.console.guide.procedure(found.topic) if found.topic else None
    free_until = None
    if found.contact.channel == "zalo":
        seen = ContactStore(visit.console.engine).last_seen(found.contact)
        free_until = seen + ZALO_FREE if seen else None
    return {
        "handover": found,
        "messages": HandoverStore(visit.console.engine).said(number),
        "procedure": procedure.name if procedure else "",
        "channel": CHANNELS.get(found.contact.channel, found.contact.channel),
        "mine": found.state is State.TALKING and found.officer == visit.account.login,
        "free_until": free_until,
    }
