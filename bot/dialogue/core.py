"""Which page does this message lead to?

The order in which a message is read: buttons; numbers that identify people (taken out first); forms that wait for
text; commands and fixed phrases; a number or label that picks a choice; what is no question (greetings, an
emergency, "gặp cán bộ", ...); a procedure's code; a question, about the topic or a new one.
"""

import inspect
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from bot.dialogue.flow import Answer, Flow, OutdatedError, Page, Trace, Turn, link, parse_link, tell
from bot.dialogue.flows import browse, desk, find, procedure
from bot.dialogue.privacy import mask, says_only_number
from bot.dialogue.recognise import HINTS, Kind, code_in, kind_of, picked_number
from bot.dialogue.wording import desk as wording
from bot.messages import Incoming
from bot.records import Session
from bot.services.guide import Guide
from knowledge_base.centre import VIETNAM, Centre
from knowledge_base.facets import Facet
from knowledge_base.text import fold, nfc

log: Final = logging.getLogger(__name__)

FORM_LAPSES_AFTER: Final = timedelta(minutes=30)
LONGEST_TEXT: Final = 2000
"""Characters of a message that are read; nobody asks in more, and a flood of text costs everybody time."""
TRAIL: Final = 12
KEPT_LISTS: Final = 5
"""Checklists whose ticks are remembered per person, the latest."""

FLOWS: Final[tuple[Flow, ...]] = (desk.flow, browse.flow, find.flow, procedure.flow)
BACK: Final = frozenset({"quay lai", "tro lai", "back", "lui lai", "quay ve", "quay lai trang truoc", "/back"})


class Dialogue:
    """The whole conversation as one function: a session and a message in, an answer and the next session out."""

    def __init__(self, guide: Guide, centre: Centre, now: Callable[[], datetime] | None = None) -> None:
        self._guide = guide
        self._centre = centre
        self._now = now or (lambda: datetime.now(VIETNAM))
        self._pages: dict[str, Page[...]] = {name: page for flow in FLOWS for name, page in flow.pages.items()}
        self._phrases = {fold(phrase): page for flow in FLOWS for phrase, page in flow.phrases.items()}

    def answer(self, session: Session, incoming: Incoming) -> tuple[Answer, Session]:
        """Answer one message; the returned session is what must be saved together with having answered."""
        now = self._now()
        turn = Turn(
            contact=session.contact,
            text=nfc(incoming.text or "")[:LONGEST_TEXT].strip(),
            guide=self._guide,
            centre=self._centre,
            now=now,
            topic=session.topic,
            ticks=session.ticks,
        )
        if incoming.pressed is not None:
            answer = self._follow(turn, incoming.pressed)
        elif incoming.other is not None:
            answer = desk.unreadable(turn)
        else:
            answer = self._read(turn, session)
        return answer, _after(session, answer, now)

    def _follow(self, turn: Turn, target: str) -> Answer:
        """The page behind a link. Links are user input: what leads nowhere leads to the welcome page."""
        name, args = parse_link(target)
        page = self._pages.get(name)
        if page is None or not _fits(page, turn, args):
            log.info("a link to %r with %d arguments leads nowhere", name[:32], len(args))
            return desk.outdated(turn)
        try:
            answer = page(turn, *args)
        except OutdatedError as gone:
            log.info("a link to %s leads nowhere: %s", name, gone)
            return desk.outdated(turn)
        return answer if answer.here else msgspec.structs.replace(answer, here=target)

    def _read(self, turn: Turn, session: Session) -> Answer:
        """The page for typed text."""
        masked, found = mask(turn.text)
        if not found:
            return self._understand(turn, session)
        notice = wording.privacy(found)
        turn = msgspec.structs.replace(turn, text=masked)
        if says_only_number(masked):
            return tell(notice, *desk.ways_on(), remember=False, trace=Trace(decision="privacy"))
        answer = self._understand(turn, session)
        if answer.trace.decision in ("nothing", "smalltalk"):
            answer = msgspec.structs.replace(answer, trace=msgspec.structs.replace(answer.trace, decision="privacy"))
        return _preceded(notice, answer)

    def _understand(self, turn: Turn, session: Session) -> Answer:
        folded = fold(turn.text).strip(" .!?")
        if page := self._phrases.get(folded):
            return self._follow(turn, link(page))
        if folded in BACK:
            return self._back(turn, session)
        if turn.text.startswith("/"):
            return self._command(turn)
        if session.expects and not _lapsed(session, turn.now):
            return self._follow(turn, session.expects)
        if picked := self._picked(turn, session, folded):
            return picked
        kind = kind_of(turn.text)
        if kind is not None and kind not in HINTS:
            return self._desk(turn, kind)
        answer = self._question(turn)
        if kind is Kind.DANGER and answer.trace.decision == "nothing":
            return desk.emergency(turn)
        if kind is Kind.DANGER and answer.trace.decision == "several":
            return _preceded(wording.EMERGENCY[0], answer)
        if kind is Kind.INSULT and answer.trace.decision == "nothing":
            return desk.remark(turn, kind)
        return answer

    def _back(self, turn: Turn, session: Session) -> Answer:
        if len(session.trail) < 2:
            return desk.start(turn)
        return self._follow(turn, session.trail[-2])

    def _command(self, turn: Turn) -> Answer:
        """`/start p_1_004194` opens a procedure; an unknown command leads to the welcome page."""
        command, _, payload = turn.text.partition(" ")
        if (code := code_in(payload or command.removeprefix("/"))) and turn.guide.procedure(code):
            return self._follow(turn, link(procedure.show, code))
        page = self._phrases.get(fold(command.partition("@")[0]))
        return self._follow(turn, link(page)) if page else desk.start(turn)

    def _picked(self, turn: Turn, session: Session, folded: str) -> Answer | None:
        """A number or a button's words, typed."""
        number = picked_number(turn.text)
        if number is None:
            match = next((choice for choice in session.offered if fold(choice.label) == folded), None)
            return self._follow(turn, match.link) if match else None
        if 1 <= number <= len(session.offered):
            return self._follow(turn, session.offered[number - 1].link)
        if session.offered:
            said = wording.NO_SUCH_CHOICE.format(number=number, last=len(session.offered))
            # the same list stays on offer
            return tell(said, *session.offered, remember=False)
        return tell(wording.NO_CHOICES, *desk.ways_on(), remember=False)

    def _desk(self, turn: Turn, kind: Kind) -> Answer:
        match kind:
            case Kind.GREETING:
                return desk.greeting(turn)
            case Kind.EMERGENCY:
                return desk.emergency(turn)
            case Kind.HUMAN:
                return self._follow(turn, link(desk.person))
            case Kind.STATUS:
                return self._follow(turn, link(desk.status))
            case Kind.HOURS:
                return self._follow(turn, link(desk.hours))
            case Kind.CONTACT:
                return self._follow(turn, link(desk.contact))
            case _:
                return desk.remark(turn, kind)

    def _question(self, turn: Turn) -> Answer:
        """A procedure by code, the topic's next question, or a new question."""
        asked = turn.guide.asked(turn.text)
        code = code_in(turn.text)
        if code is not None:
            if turn.guide.procedure(code) is None:
                said = wording.UNKNOWN_CODE.format(code=code)
                return tell(said, *desk.ways_on(), topic=None, trace=Trace(decision="nothing"))
            return self._about(turn, code, asked)
        if turn.topic and turn.guide.procedure(turn.topic):
            found = turn.guide.new_topic(turn.text, turn.topic)
            if found is None:
                return self._about(turn, turn.topic, asked)
            return find.answer(turn, found, asked)
        return find.answer(turn, turn.guide.find(turn.text), asked)

    def _about(self, turn: Turn, code: str, asked: tuple[Facet, ...]) -> Answer:
        """The asked things of a known procedure."""
        wanted = "-".join(facet.value for facet in asked if facet is not Facet.GENERAL)
        answer = self._follow(turn, link(procedure.show, code, wanted))
        trace = msgspec.structs.replace(answer.trace, asks=tuple(asked))
        return msgspec.structs.replace(answer, trace=trace)


def _preceded(paragraph: str, answer: Answer) -> Answer:
    reply = msgspec.structs.replace(answer.reply, paragraphs=(paragraph, *answer.reply.paragraphs))
    return msgspec.structs.replace(answer, reply=reply)


def _fits(page: Page[...], turn: Turn, args: tuple[str, ...]) -> bool:
    try:
        inspect.signature(page.answer).bind(turn, *args)
    except TypeError:
        return False
    return True


def _lapsed(session: Session, now: datetime) -> bool:
    return session.expects_since is None or now - session.expects_since > FORM_LAPSES_AFTER


def _after(session: Session, answer: Answer, now: datetime) -> Session:
    """What is remembered once this was said."""
    trail = session.trail
    if answer.remember and answer.here:
        # going back shows the page before the last one: it becomes the last one again
        if len(trail) > 1 and trail[-2] == answer.here:
            trail = trail[:-1]
        elif not trail or trail[-1] != answer.here:
            trail = (*trail, answer.here)[-TRAIL:]
    ticks = {key: marks for key, marks in session.ticks.items() if key not in answer.ticks} | answer.ticks
    return msgspec.structs.replace(
        session,
        expects=answer.then,
        expects_since=now if answer.then else None,
        offered=answer.reply.choices or (session.offered if not answer.remember else ()),
        topic=session.topic if answer.topic == "keep" else answer.topic,
        trail=trail,
        ticks=dict(list(ticks.items())[-KEPT_LISTS:]),
    )
