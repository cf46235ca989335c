"""A volunteer helps several people at once: a case per person, without names, gone when it is closed."""

import re
from collections.abc import Callable

import msgspec

from bot.checklist_links import PREFIX
from bot.dialogue.flow import Answer, Flow, Turn, ask, item, link, tell, to
from bot.dialogue.flows import procedure
from bot.dialogue.wording import assist as wording
from bot.dialogue.wording import checklist as checklist_wording
from bot.dialogue.wording import dossier as dossier_wording
from bot.dialogue.wording import procedure as procedure_wording
from bot.dossier_codes import as_sent as dossier_code
from bot.dossier_codes import find_or_part as dossier_code_in
from bot.messages import Choice
from bot.services.assistance import Joined
from bot.services.dossiers import Shown, Wait
from bot.volunteer_records import Case, Outcome, Seat

flow = Flow("assist")

OFFERED = 5
CHOSEN = tuple(each.value for each in Outcome if each != Outcome.LEFT)
"""What a volunteer may say; the other outcome comes by itself."""
PAGE = 8
"""Papers shown at a time, with their buttons."""


@flow.entry("/tinhnguyen", "tình nguyện viên")
def start(turn: Turn) -> Answer:
    """Join with the code typed along, or show the open cases."""
    _, _, typed = turn.text.partition(" ")
    if turn.text.startswith("/") and typed.strip():
        return _joined(turn, typed)
    seat = turn.assistance.seat(turn.contact)
    return _menu(turn, seat) if seat else ask(wording.ASK_CODE, then=join)


@flow.page
def join(turn: Turn) -> Answer:
    """Reads the join code."""
    return _joined(turn, turn.text)


@flow.page
def cases(turn: Turn) -> Answer:
    """The open cases."""
    return _seated(turn, lambda seat: _menu(turn, seat))


@flow.page
def new(turn: Turn) -> Answer:
    """The next person: what do they need?"""
    return _seated(turn, lambda seat: _searching(str(seat.last + 1)))


@flow.page
def other(turn: Turn, case_id: str) -> Answer:
    """Another procedure for the same person."""
    return _with(turn, case_id, lambda _seat, case: _searching(case.id))


@flow.page
def look(turn: Turn, where: str) -> Answer:
    """Reads what the person needs; `where`: the number of a case to open, or the id of an open one."""

    def found(_seat: Seat) -> Answer:
        matches = turn.guide.find(turn.text).matches[:OFFERED]
        known = [turn.guide.procedure(match.code) for match in matches]
        rows = [item(each.plain_name or each.name, take, where, each.code) for each in known if each]
        said = (wording.FOUND if rows else wording.NOT_FOUND, wording.ASK_ERRAND)
        return msgspec.structs.replace(tell(said, *rows, to(wording.ALL_CASES, cases)), then=link(look, where))

    return _seated(turn, found)


@flow.page
def take(turn: Turn, where: str, code: str, position: str = "") -> Answer:
    """Open a case for a procedure, or give an open one another."""

    def taken(seat: Seat) -> Answer:
        if turn.guide.procedure(code) is None:
            return tell(wording.NOT_FOUND, to(wording.ALL_CASES, cases))
        if where.isdecimal() and len(where) < 9:
            case = turn.assistance.open(seat, int(where), code, position)
        else:
            mine = _case(turn, seat, where)
            case = turn.assistance.choose(seat, mine, code, position) if mine else None
        return _shown(turn, case) if case else _gone(turn, seat)

    return _seated(turn, taken)


@flow.page
def show(turn: Turn, case_id: str, page: str = "") -> Answer:
    """The papers of a case."""
    number = int(page) if page.isdecimal() and len(page) < 4 else 0
    return _with(turn, case_id, lambda _seat, case: _shown(turn, case, number, replaces=page != ""))


@flow.page
def tick(turn: Turn, case_id: str, chosen: str, paper: str, state: str) -> Answer:
    """Mark one paper of a case; said twice it changes nothing, and another list stays untouched."""

    def ticked(seat: Seat, case: Case) -> Answer:
        total = _total(turn, case)
        if not (paper.isdecimal() and chosen.isdecimal() and len(paper + chosen) < 9 and int(paper) < total):
            return _shown(turn, case)
        after = turn.assistance.tick(seat, case, int(chosen), int(paper), has=state == "1")
        return _shown(turn, after, int(paper) // PAGE, replaces=True) if after else _gone(turn, seat)

    return _with(turn, case_id, ticked)


@flow.page
def dossier(turn: Turn, case_id: str) -> Answer:
    """Asks for the code of the person's dossier."""
    return _with(turn, case_id, lambda _seat, _case: _asking_code(wording.ASK_DOSSIER))


@flow.page
def code(turn: Turn) -> Answer:
    """Reads the code."""

    def read(_seat: Seat) -> Answer:
        found = dossier_code_in(turn.text)
        if found is None:
            return _asking_code(dossier_wording.NO_CODE)
        return _asking_digits(found, wording.ASK_DIGITS.format(code=found))

    return _seated(turn, read)


@flow.page
def digits(turn: Turn, code_text: str) -> Answer:
    """Reads the four digits, which the person says; the dossier is shown once and kept nowhere."""

    def read(seat: Seat) -> Answer:
        found, typed = dossier_code(code_text), re.sub(r"\D", "", turn.text)
        if found is None:
            return _asking_code(dossier_wording.NO_CODE)
        if len(typed) != 4:
            return _asking_digits(found, dossier_wording.NO_DIGITS)
        result = turn.assistance.look_up(seat, found, typed)
        if isinstance(result, Shown):
            said = dossier_wording.page(result.dossier, turn.centre, turn.now)
            return tell((*said, wording.DOSSIER_NOT_KEPT), to(wording.ALL_CASES, cases), remember=False)
        if isinstance(result, Wait):
            wait = dossier_wording.wait(result.seconds, turn.centre)
            return tell(wait, to(wording.ALL_CASES, cases), remember=False)
        return _asking_digits(found, dossier_wording.WRONG)

    return _seated(turn, read)


@flow.page
def hand(turn: Turn, case_id: str) -> Answer:
    """Give the checklist to the person's own phone."""

    def handed(_seat: Seat, case: Case) -> Answer:
        payload = PREFIX + turn.assistance.link(case)
        back = to(wording.SHOW_CASE, show, case.id)
        if turn.bot_name and turn.contact.channel == "telegram":
            return tell((wording.HANDED, f"https://t.me/{turn.bot_name}?start={payload}"), back, remember=False)
        return tell((wording.HANDED_NO_ADDRESS, f"/start {payload}"), back, remember=False)

    return _with(turn, case_id, handed)


@flow.page
def close(turn: Turn, case_id: str) -> Answer:
    """Asks how it ended."""
    return _with(
        turn,
        case_id,
        lambda _seat, case: tell(
            (f"# Ca {case.number}", wording.HOW_CLOSED),
            *(to(wording.OUTCOMES[each], closed, case.id, each.value) for each in Outcome if each != Outcome.LEFT),
            to(wording.SHOW_CASE, show, case.id),
            remember=False,
        ),
    )


@flow.page
def closed(turn: Turn, case_id: str, outcome: str) -> Answer:
    """Close it: nothing of it remains, here neither."""
    if outcome not in CHOSEN:
        return close(turn, case_id)

    def done(seat: Seat, case: Case) -> Answer:
        turn.assistance.close(turn.contact, seat, case.number, Outcome(outcome))
        return _forgotten(tell(wording.CLOSED, to(wording.ALL_CASES, cases)))

    # redelivered: it is closed already, and the chat must not remember it either
    answer = _with(turn, case_id, done)
    return answer if answer.forget else _forgotten(answer)


@flow.page
def leave(turn: Turn) -> Answer:
    """Get up; open cases are closed."""
    turn.assistance.leave(turn.contact)
    return _forgotten(tell(wording.LEFT))


def theirs(turn: Turn, payload: str) -> Answer | None:
    """A checklist that a volunteer handed over, on the person's own phone; None where this is no such payload."""
    if not payload.startswith(PREFIX):
        return None
    handed = turn.assistance.read(payload)
    if handed is None or turn.guide.procedure(handed.procedure) is None:
        return tell(wording.EXPIRED)
    key = f"{handed.procedure}:{handed.position}"
    ticks = tuple(sorted({*turn.ticks.get(key, ()), *handed.ticks}))  # opened again, nothing ticked since is lost
    turn = msgspec.structs.replace(turn, ticks={**turn.ticks, key: ticks})
    answer = procedure.checklist(turn, handed.procedure, handed.position, "")
    reply = msgspec.structs.replace(answer.reply, paragraphs=(wording.TAKEN, *answer.reply.paragraphs))
    return msgspec.structs.replace(answer, reply=reply)


def waits_in_vain(expects: str, text: str) -> bool:
    """Whether a form of this flow waits for something that this text surely is not: the number of a choice."""
    return flow.owns(expects) and re.fullmatch(r"\s*\d{1,2}\s*", text) is not None


def _joined(turn: Turn, typed: str) -> Answer:
    result = turn.assistance.join(turn.contact, typed)
    if isinstance(result, Joined):
        return _menu(turn, result.seat, welcome=True)
    if isinstance(result, Wait):
        return tell(dossier_wording.wait(result.seconds, turn.centre), remember=False)
    return ask(wording.REFUSED, then=join)


def _menu(turn: Turn, seat: Seat, *, welcome: bool = False) -> Answer:
    """The open cases, each one tap away."""
    opened = turn.assistance.cases(seat)
    said = [wording.WELCOME.format(nickname=seat.volunteer.nickname, unit=seat.volunteer.unit)] if welcome else []
    said.append(wording.CASES.format(count=len(opened)) if opened else wording.NO_CASES)
    rows = [item(_label(turn, case), show, case.id) for case in opened]
    return tell(said, *rows, to(wording.NEW, new), to(wording.LEAVE, leave), topic=None, here=link(cases))


def _searching(where: str) -> Answer:
    return msgspec.structs.replace(tell(wording.ASK_ERRAND, remember=False), then=link(look, where))


def _asking_code(said: str) -> Answer:
    return msgspec.structs.replace(tell(said, to(wording.ALL_CASES, cases), remember=False), then=link(code))


def _asking_digits(found: str, said: str) -> Answer:
    return msgspec.structs.replace(tell(said, to(wording.ALL_CASES, cases), remember=False), then=link(digits, found))


def _shown(turn: Turn, case: Case, page: int = 0, *, replaces: bool = False) -> Answer:
    """A case: which list, then its papers with marks."""
    ways: list[Choice] = [
        to(wording.OTHER_PROCEDURE, other, case.id),
        to(wording.DOSSIER, dossier, case.id),
        to(wording.HAND_OVER, hand, case.id),
        to(wording.CLOSE, close, case.id),
        to(wording.ALL_CASES, cases),
    ]
    found = turn.guide.procedure(case.procedure)
    if found is None:
        return tell(wording.NOT_FOUND, *ways)
    source = procedure_wording.source(found)
    papers = procedure.paper_list(found, case.position)
    if papers is None:
        rows = [item(text, take, case.id, found.code, position) for position, text in procedure.list_choices(found)]
        return tell((procedure_wording.heading(found), wording.CHOOSE_CASE), *rows, *ways[3:])
    total = len(papers.papers)
    if not total:
        return tell((procedure_wording.heading(found), wording.NO_PAPERS, source), *ways)
    first = min(page, (total - 1) // PAGE) * PAGE
    shown = list(enumerate(papers.papers))[first : first + PAGE]
    has = set(case.ticks)
    lines = [checklist_wording.line(n + 1, procedure_wording.paper_line(paper), has=n in has) for n, paper in shown]
    rows = [
        item(
            checklist_wording.button(n + 1, paper.name, has=n in has),
            tick,
            case.id,
            str(case.chosen),
            str(n),
            "0" if n in has else "1",
        )
        for n, paper in shown
    ]
    if first + PAGE < total:
        rows.append(to(checklist_wording.NEXT, show, case.id, str(first // PAGE + 1)))
    if first:
        rows.append(to(checklist_wording.PREVIOUS, show, case.id, str(first // PAGE - 1)))
    heading = wording.heading(case, found, papers.label, total)
    return tell((heading, *lines, source), *rows, *ways, replaces=replaces, here=link(show, case.id))


def _seated(turn: Turn, answer: Callable[[Seat], Answer]) -> Answer:
    seat = turn.assistance.seat(turn.contact)
    return answer(seat) if seat else ask(wording.NO_SEAT, then=join)


def _with(turn: Turn, case_id: str, answer: Callable[[Seat, Case], Answer]) -> Answer:
    def found(seat: Seat) -> Answer:
        case = _case(turn, seat, case_id)
        return answer(seat, case) if case else _gone(turn, seat)

    return _seated(turn, found)


def _case(turn: Turn, seat: Seat, case_id: str) -> Case | None:
    return next((case for case in turn.assistance.cases(seat) if case.id == case_id), None)


def _gone(turn: Turn, seat: Seat) -> Answer:
    menu = _menu(turn, seat)
    reply = msgspec.structs.replace(menu.reply, paragraphs=(wording.GONE, *menu.reply.paragraphs))
    return msgspec.structs.replace(menu, reply=reply)


def _label(turn: Turn, case: Case) -> str:
    return wording.label(case, turn.guide.procedure(case.procedure), _total(turn, case))


def _total(turn: Turn, case: Case) -> int:
    found = turn.guide.procedure(case.procedure)
    papers = procedure.paper_list(found, case.position) if found else None
    return len(papers.papers) if papers else 0


def _forgotten(answer: Answer) -> Answer:
    return msgspec.structs.replace(answer, forget=True)
