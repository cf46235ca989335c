"""A talk with an officer: the question first, silence of the assistant meanwhile, and the way back."""

import re
from collections.abc import Collection

import msgspec

from bot.dialogue.flow import Answer, Flow, Trace, Turn, ask, link, tell, to
from bot.dialogue.flows import desk, dossier
from bot.dialogue.privacy import Found, conceal, mask
from bot.dialogue.recognise import Kind, kind_of, picked_number
from bot.dialogue.wording import desk as desk_wording
from bot.dialogue.wording import handover as wording
from bot.handover_records import State
from bot.messages import Choice, Incoming, Reply
from knowledge_base.text import fold

flow = Flow("handover")

_BACK = re.compile(r"/?(dung|dung lai|stop|quay lai|tro lai|quay ve|back|ket thuc|thoat)( di| nhe| a| giup)*")
_ERASING = frozenset(fold(phrase) for phrase, page in dossier.flow.phrases.items() if page is dossier.erase)
_OWN_PAGES = (dossier.erase.name, dossier.erased.name, dossier.kept.name)
"""Erasing one's data is between the resident and the assistant, whoever talks."""


def offer(turn: Turn) -> Answer:
    """Asks for the question, with the telephone beside it."""
    said = desk_wording.person(turn.centre, turn.now)
    first = wording.ASK_NOW if turn.centre.is_open(turn.now) else wording.ASK_LATER
    return ask((*said, f"{first} {wording.NO_NUMBERS}"), *desk.ways_on()[:2], then=question)


@flow.page
def question(turn: Turn) -> Answer:
    """Put the typed question into the queue."""
    if not turn.text or not turn.handovers.offered(turn.contact):
        return tell(desk_wording.person(turn.centre, turn.now), *desk.ways_on()[:2])
    later = not turn.centre.is_open(turn.now)
    procedure = turn.guide.procedure(turn.topic) if turn.topic else None
    place = turn.handovers.open(
        turn.contact,
        agency=procedure.agency if procedure and turn.centre.agency(procedure.agency) else "",
        topic=turn.topic or "",
        page=turn.page,
        text=conceal(turn.text),
        later=later,
    )
    said = [wording.LATER if later else wording.WAITING.format(place=place)]
    found = mask(turn.text)[1]
    if found:
        said.append(wording.MASKED)
    said_so = _offering_phone(said, found) if not later else tell(said, remember=False)
    return msgspec.structs.replace(said_so, trace=Trace(decision="human"))


@flow.page
def phone(turn: Turn) -> Answer:
    """Choose to leave a number for a call back."""
    if turn.handovers.current(turn.contact) is None:
        return tell(wording.NO_TALK, *desk.ways_on()[:2], remember=False)
    return ask(wording.LEAVE_PHONE, then=keep_phone)


@flow.page
def keep_phone(turn: Turn) -> Answer:
    """Keep the typed number."""
    digits = re.sub(r"^(\+?84)(?=\d{9}$)", "0", re.sub(r"[\s.()-]", "", turn.text))
    if not re.fullmatch(r"0\d{9,10}", digits):
        return ask(wording.NO_PHONE, then=keep_phone)
    kept = turn.handovers.leave_phone(turn.contact, digits)
    return tell(wording.PHONE_KEPT if kept else wording.NO_TALK, remember=False)


@flow.page
def back(turn: Turn) -> Answer:
    """The assistant answers again."""
    turn.handovers.leave(turn.contact)
    return tell(wording.LEFT, *desk.ways_on(), remember=False)


def meanwhile(turn: Turn, message_id: str, expects: str | None) -> Answer | None:
    """The answer to text typed during a talk, mostly silence; None where the assistant answers it."""
    if turn.handovers.current(turn.contact) is None:
        return None
    folded = fold(turn.text).strip(" .!?")
    if _BACK.fullmatch(folded):
        return back(turn)
    if expects == keep_phone.name:
        return keep_phone(turn)
    if expects == phone.name and (picked_number(turn.text) == 1 or folded == fold(wording.LEAVE_PHONE_BUTTON)):
        return phone(turn)  # where menus are answered with numbers, and only right after the offer
    if expects == back.name and (picked_number(turn.text) == 1 or folded == fold(wording.BACK_BUTTON)):
        return back(turn)
    if folded in _ERASING or folded.startswith("xoa du lieu"):
        return None
    if folded.startswith("/"):
        # what stands behind a command may be a token: the officer sees the command alone
        return _beside(turn, message_id, turn.text.split()[0], wording.WITH_OFFICER)
    text, found = mask(turn.text, "•••")
    if not turn.handovers.add(turn.contact, message_id, text):
        return None  # the officer has just closed
    if kind_of(turn.text) in (Kind.EMERGENCY, Kind.DANGER):
        return desk.emergency(turn)
    if found:
        return _offering_phone([wording.MASKED], found)
    talk = turn.handovers.current(turn.contact)
    if talk is not None and talk.state is State.WAITING:
        return tell(wording.STILL_WAITING, remember=False)
    return Answer(reply=Reply(), remember=False)


def beside(turn: Turn, incoming: Incoming, offered: Collection[Choice]) -> Answer | None:
    """The answer to a pressed button or a photo while an officer talks; None where the assistant answers it."""
    talk = turn.handovers.current(turn.contact)
    if talk is None:
        return None
    if incoming.other is not None:
        sent = wording.PHOTO if incoming.other == "photo" else wording.OTHER
        return _beside(turn, incoming.message_id, sent, wording.NOT_READABLE, waiting=True)
    target = incoming.pressed or ""
    if flow.owns(target) or target.startswith(_OWN_PAGES):
        return None
    label = next((choice.label for choice in offered if choice.link == target), wording.OLD_BUTTON)
    return _beside(turn, incoming.message_id, wording.PRESSED.format(label=mask(label, "•••")[0]), wording.WITH_OFFICER)


def _beside(turn: Turn, message_id: str, told: str, said: str, *, waiting: bool = False) -> Answer | None:
    """Tell the officer, and the resident the way back; None where none talks. waiting: also while none has come yet."""
    talk = turn.handovers.current(turn.contact)
    if talk is None or (talk.state is State.WAITING and not waiting):
        return None
    if not turn.handovers.add(turn.contact, message_id, told):
        return None  # the officer has just closed
    return msgspec.structs.replace(tell(said, to(wording.BACK_BUTTON, back), remember=False), then=link(back))


def _offering_phone(said: list[str], found: Collection[Found]) -> Answer:
    """A telephone number was covered: the resident may leave it by choice."""
    if Found.PHONE not in found:
        return tell(said, remember=False)
    return msgspec.structs.replace(tell(said, to(wording.LEAVE_PHONE_BUTTON, phone), remember=False), then=link(phone))


def waits_in_vain(expects: str, text: str) -> bool:
    """Whether a text is no question to an officer: a number from the list, hours, another request."""
    if expects in (phone.name, back.name):  # the talk in which that was offered is over
        return True
    if expects != question.name:
        return False
    asks_for_else = kind_of(text) in (Kind.HUMAN, Kind.EMERGENCY, Kind.DANGER, Kind.HOURS, Kind.EMPTY, Kind.THANKS)
    return picked_number(text) is not None or asks_for_else
