"""Which page does this message lead to?

The order in which a message is read: buttons; numbers that identify people (taken out first); forms that wait for
text; commands and fixed phrases; a number or label that picks a choice; what is no question (greetings, an
emergency, "gặp cán bộ", ...); a procedure's code; a question, about the topic or a new one.
"""

import inspect
import logging
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from bot.dialogue.days import asked_day
from bot.dialogue.flow import Answer, Flow, OutdatedError, Page, Trace, Turn, link, parse_link, tell
from bot.dialogue.flows import assist, browse, desk, dossier, find, handover, news, procedure, rating, unanswered
from bot.dialogue.privacy import mask, says_only_number
from bot.dialogue.recognise import (
    HINTS,
    LAST,
    Kind,
    Request,
    cleaned,
    code_in,
    codes_in,
    corrects,
    kind_of,
    means_other_than_stop,
    only_insults,
    picked_number,
    picked_numbers,
    question_in,
    request_in,
    without_names,
)
from bot.dialogue.wording import desk as wording
from bot.dialogue.wording import handover as handover_wording
from bot.dossier_codes import find as dossier_code_in
from bot.dossier_codes import is_part as is_part_of_dossier_code
from bot.messages import Incoming
from bot.records import Session
from bot.services.assistance import Assistance, NoAssistance
from bot.services.dossiers import Dossiers, NoDossiers
from bot.services.follows import Follows, NoFollows
from bot.services.guide import Guide
from bot.services.handover import Handovers, NoHandovers
from bot.services.questions import NoQuestions, Questions
from bot.services.ratings import NoRatings, Ratings
from bot.visit_codes import find as visit_code_in
from knowledge_base.centre import VIETNAM, Centre
from knowledge_base.conversation import own_words
from knowledge_base.facets import Facet
from knowledge_base.finder import Found
from knowledge_base.text import fold, nfc

log: Final = logging.getLogger(__name__)

FORM_LAPSES_AFTER: Final = timedelta(minutes=30)
LONGEST_TEXT: Final = 2000
"""Characters of a message that are read; nobody asks in more, and a flood of text costs everybody time."""
LONGEST_RAW: Final = 4 * LONGEST_TEXT
"""Characters of which a message is cleaned; what nobody sees (HTML, marks without width) may be most of it."""
TRAIL: Final = 12
WORDS_OF_ANGER: Final = 4
"""A swearing message up to so many words asks nothing about the topic."""
WORDS_OF_A_FORM, DIGITS_OF_A_FORM = 4, 4
"""Forms wait for a code or for four digits: more words with fewer digits are something else."""
THIN: Final = 3
"""A message of so few own words that finds nothing is read behind the one before; more are a question of their own."""
KEPT_LISTS: Final = 5
"""Checklists whose ticks are remembered per person, the latest."""

FLOWS: Final[tuple[Flow, ...]] = (
    *(desk.flow, browse.flow, find.flow, procedure.flow),
    *(dossier.flow, news.flow, unanswered.flow, rating.flow, handover.flow, assist.flow),
)
_BACK: Final = re.compile(
    r"(cho |xin )?(toi |em |minh )?(muon )?"
    r"(/?back|quay lai|tro lai|lui lai|quay ve|quay lai (trang|muc|phan) truoc|tro ve)( di| nhe| a| cai| voi| giup)*"
)


class Dialogue:
    """The whole conversation as one function: a session and a message in, an answer and the next session out."""

    def __init__(
        self,
        guide: Guide,
        centre: Centre,
        dossiers: Dossiers | None = None,
        now: Callable[[], datetime] | None = None,
        *,
        follows: Follows | None = None,
        questions: Questions | None = None,
        ratings: Ratings | None = None,
        handovers: Handovers | None = None,
        assistance: Assistance | None = None,
        bot_name: str | None = None,
    ) -> None:
        self._guide = guide
        self._centre = centre
        self._dossiers = dossiers or NoDossiers()
        self._follows = follows or NoFollows()
        self._questions = questions or NoQuestions()
        self._ratings = ratings or NoRatings()
        self._handovers = handovers or NoHandovers()
        self._assistance = assistance or NoAssistance()
        self._bot_name = (bot_name or "").removeprefix("@")
        self._now = now or (lambda: datetime.now(VIETNAM))
        self._pages: dict[str, Page[...]] = {name: page for flow in FLOWS for name, page in flow.pages.items()}
        self._phrases = {fold(phrase): page for flow in FLOWS for phrase, page in flow.phrases.items()}

    def answer(self, session: Session, incoming: Incoming) -> tuple[Answer, Session]:
        """Answer one message; the returned session is what must be saved together with having answered."""
        now = self._now()
        turn = Turn(
            contact=session.contact,
            text=nfc(cleaned((incoming.text or "")[:LONGEST_RAW]))[:LONGEST_TEXT].strip(),
            guide=self._guide,
            centre=self._centre,
            now=now,
            topic=session.topic,
            ticks=session.ticks,
            dossiers=self._dossiers,
            follows=self._follows,
            questions=self._questions,
            ratings=self._ratings,
            handovers=self._handovers,
            assistance=self._assistance,
            bot_name=self._bot_name,
            page=session.trail[-1] if session.trail else "",
            question=session.asked.text if session.asked else "",
        )
        answer = self._with_officer(turn, session, incoming) or self._by_itself(turn, session, incoming)
        return answer, _after(session, answer, now)

    def _by_itself(self, turn: Turn, session: Session, incoming: Incoming) -> Answer:
        """The assistant's own answer."""
        if incoming.pressed is not None:
            return self._follow(turn, incoming.pressed)
        if incoming.other is not None:
            return desk.contact_card(turn) if incoming.other == "contact" else desk.unreadable(turn)
        return self._read(turn, session)

    def _with_officer(self, turn: Turn, session: Session, incoming: Incoming) -> Answer | None:
        """While an officer has the talk, what comes is the officer's; None where the assistant answers."""
        if turn.handovers.current(turn.contact) is None:
            return None
        if turn.handovers.lapsed(turn.contact):
            return _preceded(handover_wording.LAPSED, self._by_itself(turn, session, incoming))
        if incoming.text is None:
            return handover.beside(turn, incoming, session.offered)
        return handover.meanwhile(turn, incoming.message_id, session.expects)

    def _follow(self, turn: Turn, target: str) -> Answer:
        """The page behind a link. Links are user input: what leads nowhere leads to the welcome page."""
        name, args = parse_link(target)
        page = self._pages.get(name)
        if page is None or not _fits(page, turn, args):
            log.info("a link with %d arguments leads nowhere", len(args))  # what anybody may have typed is not quoted
            return desk.outdated(turn)
        try:
            answer = page(turn, *args)
        except OutdatedError:
            log.info("a link to %s leads to what is gone", name)
            return desk.outdated(turn)
        return answer if answer.here else msgspec.structs.replace(answer, here=target)

    def _read(self, turn: Turn, session: Session) -> Answer:
        """The page for typed text."""
        masked, found = mask(turn.text)
        # whoever was asked for the number on the slip is not told that it was not needed
        form = _form(session, turn) or ""
        numbers = dossier.flow.owns(form) or assist.flow.owns(form)
        if not found or numbers or handover.flow.owns(form) or rating.reads_numbers(form):
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
        folded = _bare(turn.text)
        page = self._phrases.get(folded)
        if page and not (page is desk.stop and means_other_than_stop(turn.text)):
            return self._follow(turn, link(page))
        if request := request_in(turn.text):
            return self._follow(turn, link(desk.stop if request is Request.STOP else dossier.erase))
        if _BACK.fullmatch(folded):
            return self._back(turn, session)
        if turn.text.startswith("/"):
            return self._command(turn)
        form = _form(session, turn)
        # while a visit is rated, a code is part of what somebody says
        named = (
            None
            if form and (rating.flow.owns(form) or handover.flow.owns(form) or assist.flow.owns(form))
            else _named(turn.text)
        )
        if named:
            return self._follow(turn, named)
        if form:
            return self._follow(turn, form)
        if picked := self._picked(turn, session, folded):
            return picked
        kind = kind_of(turn.text)
        if kind is not None and kind not in HINTS:
            other = find.rejected(turn, session.offered, session.trail) if kind is Kind.WRONG else None
            return self._follow(turn, other) if other else self._desk(turn, kind)
        if kind is Kind.INSULT and only_insults(turn.text):
            return desk.remark(turn, kind)
        return self._hinted(msgspec.structs.replace(turn, text=question_in(turn.text)), session, kind)

    def _hinted(self, turn: Turn, session: Session, kind: Kind | None) -> Answer:
        """The answer to a question that may be a cry for help or an insult instead."""
        answer = self._question(turn, session)
        found = answer.trace.decision
        doubtful = turn.topic is not None and turn.guide.find(turn.text).decision == "nothing"
        if kind is Kind.DANGER and found == "nothing":
            return desk.emergency(turn)
        if kind is Kind.DANGER and (found == "several" or doubtful):
            return _preceded(wording.EMERGENCY[0], answer)
        angry = doubtful and len(turn.text.split()) <= WORDS_OF_ANGER
        if kind is Kind.INSULT and (found == "nothing" or angry):
            return desk.remark(turn, kind)
        return answer

    def _back(self, turn: Turn, session: Session) -> Answer:
        # after a passing remark ("113", thanks) one goes back to what was shown before it
        steps = 1 if session.passing else 2
        if len(session.trail) < steps:
            return self._follow(turn, link(desk.start))
        return self._follow(turn, session.trail[-steps])

    def _command(self, turn: Turn) -> Answer:
        """`/start p_1_004194` opens a procedure; an unknown command leads to the welcome page."""
        command, _, payload = turn.text.partition(" ")
        if handed := assist.theirs(turn, payload.strip()):
            return handed
        if target := dossier.token(payload.strip()) or rating.token(payload.strip()):
            return self._follow(turn, target)
        page = self._phrases.get(fold(command.partition("@")[0]))
        if page is dossier.start and payload.strip():
            return self._follow(msgspec.structs.replace(turn, text=payload.strip()), link(dossier.code))
        if code := code_in(payload or command.removeprefix("/")):
            if turn.guide.procedure(code):
                return self._follow(turn, link(procedure.show, code))
            return tell(wording.REMOVED.format(code=code), *desk.ways_on(), topic=None)
        return self._follow(turn, link(page)) if page else desk.start(turn)

    def _picked(self, turn: Turn, session: Session, folded: str) -> Answer | None:
        """A number or a button's words, typed."""
        number = picked_number(turn.text)
        if number is None:
            match = next((choice for choice in session.offered if _bare(choice.label) == folded), None)
            shown = session.trail[-1] if session.trail else ""
            if match is None and (papers := procedure.papers_asked(turn, shown)):
                return self._follow(turn, papers)
            return self._follow(turn, match.link) if match else self._picked_several(turn, session)
        number = len(session.offered) if number == LAST else number
        if 1 <= number <= len(session.offered):
            return self._follow(turn, session.offered[number - 1].link)
        if session.offered:
            said = wording.NO_SUCH_CHOICE.format(number=number, last=len(session.offered))
            # the same list stays on offer
            return tell(said, *session.offered, remember=False)
        return tell(wording.NO_CHOICES, *desk.ways_on(), remember=False)

    def _picked_several(self, turn: Turn, session: Session) -> Answer | None:
        """The first of several numbers ("1 và 3"), with buttons to the others."""
        numbers = [len(session.offered) if number == LAST else number for number in picked_numbers(turn.text)]
        known = [number for number in numbers if 1 <= number <= len(session.offered)]
        if len(numbers) < 2 or not known:
            return None
        answer = self._follow(turn, session.offered[known[0] - 1].link)
        if len(known) == 1:
            return answer
        others = tuple(session.offered[number - 1] for number in known[1:])
        said = wording.FIRST_OF_SEVERAL.format(first=known[0], others=", ".join(map(str, known[1:])))
        reply = msgspec.structs.replace(answer.reply, choices=(*answer.reply.choices, *others))
        return _preceded(said, msgspec.structs.replace(answer, reply=reply))

    def _desk(self, turn: Turn, kind: Kind) -> Answer:
        match kind:
            case Kind.GREETING:
                return desk.greeting(turn)
            case Kind.EMERGENCY:
                return desk.emergency(turn)
            case Kind.HUMAN:
                return self._follow(turn, link(desk.person))
            case Kind.STATUS:
                return self._follow(turn, link(dossier.start))
            case Kind.HOURS:
                day = asked_day(turn.text, turn.now.astimezone(VIETNAM).date())
                return self._follow(turn, link(desk.hours_on, day.isoformat()) if day else link(desk.hours))
            case Kind.COMPLAINT:
                return self._follow(turn, link(desk.complaint))
            case Kind.CONTACT:
                return self._follow(turn, link(desk.contact))
            case _:
                return desk.remark(turn, kind)

    def _question(self, turn: Turn, session: Session) -> Answer:
        """A procedure by code, the topic's next question, or a new question."""
        asked = turn.guide.asked(turn.text)
        several = [code for code in codes_in(turn.text) if turn.guide.procedure(code)]
        if len(several) > 1:
            return self._follow(turn, find.which_link(asked, several))
        code = code_in(turn.text)
        if code is not None:
            if turn.guide.procedure(code) is None:
                said = wording.UNKNOWN_CODE.format(code=code)
                return tell(said, *desk.ways_on(), topic=None, trace=Trace(decision="nothing"))
            return self._about(turn, code, asked)
        if turn.topic and turn.guide.procedure(turn.topic):
            found = turn.guide.new_topic(turn.text, turn.topic, session.before)
            if found is None:
                return self._about(turn, turn.topic, asked)
            if asked[0] is Facet.GENERAL and corrects(turn.text):
                asked = procedure.told(turn.page)
            goes_on = _first(found) == turn.topic  # probably: asked back
            if found.decision != "sure" and not goes_on:  # what is clear by itself needs no help of the topic
                alone = turn.guide.find(turn.text)
                agreed = alone.decision == "sure" and _first(alone) == _first(found)
                found = alone if agreed or found.decision == "nothing" else found
            return find.answer(turn, found, asked)
        return self._new_question(turn, session, asked)

    def _new_question(self, turn: Turn, session: Session, asked: tuple[Facet, ...]) -> Answer:
        """A question while no procedure is talked about."""
        shown = session.trail[-1] if session.trail else ""
        if asked[0] is not Facet.GENERAL and not own_words(turn.text):
            # "lệ phí" after a question back is about the same candidates; after nothing it asks of which procedure
            return self._follow(turn, find.again(turn, shown, asked) or link(find.of_what, procedure.named(asked)))
        if asked[0] is Facet.GENERAL:
            asked = find.asked_before(shown) or asked
        found = turn.guide.find(turn.text)
        if found.decision == "nothing" and (shorter := without_names(turn.text)) != turn.text:
            rest = turn.guide.find(shorter)  # names of people and places hide what the rest says
            found = rest if rest.decision == "sure" else found
        if found.decision == "nothing" and session.unanswered and len(own_words(turn.text)) <= THIN:
            both = turn.guide.find(f"{session.unanswered}, {turn.text}")  # told in two messages
            found = both if both.decision != "nothing" else found
        if found.decision == "nothing" and (open_ones := find.asked_about(shown)):
            # not about what the question back offers, but about something near it, or nothing of ours
            moved = turn.guide.new_topic(turn.text, open_ones[0], session.unanswered)
            if moved is not None and _first(moved) not in open_ones:
                return find.answer(turn, moved, asked)
        if found.decision == "nothing" and asked[0] is not Facet.GENERAL and shown:
            same = find.again(turn, shown, asked)  # "hồ sơ gồm gì" after a question back is about the same
            if same is not None:
                return self._follow(turn, same)
        return find.answer(turn, found, asked)

    def _about(self, turn: Turn, code: str, asked: tuple[Facet, ...]) -> Answer:
        """The asked things of a known procedure."""
        answer = self._follow(turn, link(procedure.show, code, procedure.named(asked)))
        trace = msgspec.structs.replace(answer.trace, asks=tuple(asked))
        return msgspec.structs.replace(answer, trace=trace)


def _first(found: Found) -> str | None:
    return found.matches[0].code if found.matches else None


def _bare(text: str) -> str:
    """A text to compare with a label or a fixed phrase: how it ends does not count."""
    return fold(text).strip(" .!?,")


def _preceded(paragraph: str, answer: Answer) -> Answer:
    reply = msgspec.structs.replace(answer.reply, paragraphs=(paragraph, *answer.reply.paragraphs))
    return msgspec.structs.replace(answer, reply=reply)


def _fits(page: Page[...], turn: Turn, args: tuple[str, ...]) -> bool:
    try:
        inspect.signature(page.answer).bind(turn, *args)
    except TypeError:
        return False
    return True


def _named(text: str) -> str | None:
    """The link to the visit or the dossier that a text names by its code."""
    if visit_code := visit_code_in(text):
        return link(rating.visit, visit_code)
    return link(dossier.code) if dossier_code_in(text) or is_part_of_dossier_code(text) else None


def _form(session: Session, turn: Turn) -> str | None:
    """The link of the form that reads this text, if one is waiting."""
    since = session.expects_since
    if session.expects is None or since is None or turn.now - since > FORM_LAPSES_AFTER:
        return None
    in_vain = dossier.waits_in_vain(session.expects, turn.text) or rating.waits_in_vain(session.expects, turn.text)
    in_vain = in_vain or handover.waits_in_vain(session.expects, turn.text)
    in_vain = in_vain or assist.waits_in_vain(session.expects, turn.text)
    asked = dossier.flow.owns(session.expects) and _asks(turn.text)
    return None if in_vain or asked else session.expects


def _asks(text: str) -> bool:
    """Whether a text is a question of its own rather than what a form waits for: some words, and hardly a digit."""
    return len(text.split()) > WORDS_OF_A_FORM and sum(map(str.isdigit, text)) < DIGITS_OF_A_FORM


def _after(session: Session, answer: Answer, now: datetime) -> Session:
    """What is remembered once this was said."""
    if answer.forget:
        return Session(contact=session.contact, version=session.version)
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
        passing=not answer.remember,
        ticks=dict(list(ticks.items())[-KEPT_LISTS:]),
    )
