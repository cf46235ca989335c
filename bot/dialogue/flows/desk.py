"""The centre's front desk: welcome, hours, a human being, emergencies, and the passing moments of a talk."""

from datetime import date

import msgspec

from bot.dialogue.flow import Answer, Decision, Flow, Trace, Turn, tell, to
from bot.dialogue.flows import browse
from bot.dialogue.privacy import Found
from bot.dialogue.recognise import Kind
from bot.dialogue.wording import desk as wording
from bot.dialogue.wording import unanswered as unanswered_wording
from bot.messages import Choice
from knowledge_base.procedure import Procedure

flow = Flow("desk")


@flow.entry("/start", "/help", "/menu", "menu", "bắt đầu", "trang đầu", "về đầu trang", "trợ giúp", "hướng dẫn")
def start(turn: Turn) -> Answer:
    """The first page."""
    kept = (unanswered_wording.KEPT,) if turn.questions.days() else ()
    return tell((*wording.welcome(turn.centre), *kept), *ways_on(), topic=None)


@flow.page
def outdated(turn: Turn) -> Answer:
    """Where a broken or outdated button leads."""
    return tell(wording.outdated(turn.centre), *ways_on(), topic=None)


@flow.page
def greeting(turn: Turn) -> Answer:
    """A greeting and nothing else."""
    return tell(wording.GREETING, *ways_on(), remember=False)


@flow.page
def remark(turn: Turn, kind: str) -> Answer:
    """Thanks, goodbye, a nod, an insult, or nothing readable: a short answer that leaves the topic where it was."""
    said = {
        Kind.THANKS: wording.THANKS,
        Kind.GOODBYE: wording.GOODBYE,
        Kind.YES: wording.YES,
        Kind.WRONG: wording.WRONG,
        Kind.EMPTY: wording.EMPTY,
        Kind.INSULT: wording.INSULT,
        Kind.WHO: wording.WHO,
    }.get(Kind(kind) if kind in set(Kind) else Kind.EMPTY, wording.EMPTY)
    choices = [] if kind in (Kind.THANKS, Kind.GOODBYE, Kind.YES) else ways_on()
    return tell(said, *choices, remember=False)


@flow.page
def unreadable(turn: Turn) -> Answer:
    """A photo, a voice message, a sticker."""
    return tell(wording.UNREADABLE, *ways_on(), remember=False)


@flow.page
def contact_card(turn: Turn) -> Answer:
    """Somebody's telephone number, sent as a card: not needed, and not kept."""
    return tell(wording.privacy(frozenset({Found.PHONE})), *ways_on(), remember=False, trace=_decided("privacy"))


@flow.entry("/giolamviec", "giờ làm việc", "mấy giờ làm việc")
def hours(turn: Turn) -> Answer:
    """When the counter is open, today and in the week."""
    return tell(wording.opening(turn.centre, turn.now), to(wording.PERSON_BUTTON, person))


@flow.page
def hours_on(turn: Turn, day: str) -> Answer:
    """When the counter is open on one day."""
    try:
        asked = date.fromisoformat(day)
    except ValueError:
        return hours(turn)
    return tell(wording.opening_on(turn.centre, asked, turn.now), to(wording.PERSON_BUTTON, person))


@flow.page
def complaint(turn: Turn) -> Answer:
    """Who complains of an official: regret, whom to tell, and the procedures that the catalogue has for it."""
    # by name: the pages of procedures stand on this one
    found = [Choice(p.plain_name or p.name, f"procedure.show:{p.code}", "item") for p in _of_complaints(turn)]
    said = wording.complaint(turn.centre, turn.now, police=bool(found))
    return tell(said, *found, *ways_on()[2:], trace=_decided("human"))


def _of_complaints(turn: Turn) -> list[Procedure]:
    names = ("giải quyết khiếu nại về quyết định", "giải quyết tố cáo")
    found = [each for each in turn.guide.catalogue if each.name.casefold().startswith(names)]
    return sorted(found, key=lambda each: each.code)[:4]


@flow.page
def contact(turn: Turn) -> Answer:
    """Name, address, telephone, hours."""
    return tell(wording.contact(turn.centre, turn.now), to(wording.PERSON_BUTTON, person))


@flow.entry("/canbo", "gặp cán bộ", "gặp người thật", "gặp nhân viên")
def person(turn: Turn) -> Answer:
    """How to reach a human being: by telephone, and here where officers answer."""
    if turn.handovers.offered(turn.contact):
        from bot.dialogue.flows import handover  # noqa: PLC0415 - which stands on this page

        return msgspec.structs.replace(handover.offer(turn), trace=_decided("human"))
    return tell(wording.person(turn.centre, turn.now), *ways_on()[:2], trace=_decided("human"))


@flow.page
def emergency(turn: Turn) -> Answer:
    """113, 114, 115."""
    return tell(wording.EMERGENCY, to(wording.START_BUTTON, start), remember=False)


@flow.entry(
    *("/stop", "/dung", "dừng", "dừng lại", "stop", "ngừng", "kết thúc", "hủy nhận tin", "hủy đăng ký nhận tin"),
    *("không nhận tin nữa", "ngừng nhắn tin", "đừng nhắn nữa", "đừng gửi tin nữa", "tắt thông báo"),
)
def stop(turn: Turn) -> Answer:
    """The person wants no more messages."""
    turn.dossiers.stop(turn.contact)
    return tell(wording.STOP, to(wording.START_BUTTON, start), topic=None, trace=_decided("stop"))


def ways_on() -> list[Choice]:
    """Where one can go from anywhere."""
    return [
        to(wording.TOPICS_BUTTON, browse.topics),
        to(wording.AGENCIES_BUTTON, browse.agencies),
        to(wording.HOURS_BUTTON, hours),
        to(wording.PERSON_BUTTON, person),
    ]


def _decided(decision: Decision) -> Trace:
    return Trace(decision=decision)
