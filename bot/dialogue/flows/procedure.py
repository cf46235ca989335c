"""One procedure: the short answer to what was asked, buttons for the rest, and the checklist of its papers."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

import msgspec

from bot.dialogue.flow import Answer, Flow, OutdatedError, Trace, Turn, item, link, parse_link, tell, to
from bot.dialogue.recognise import asks_what_is_missing
from bot.dialogue.wording import checklist as checklist_wording
from bot.dialogue.wording import news as news_wording
from bot.dialogue.wording import places
from bot.dialogue.wording import procedure as wording
from bot.messages import Choice
from knowledge_base.facets import Facet
from knowledge_base.procedure import Case, CaseKind, Paper, Procedure
from knowledge_base.text import fold

flow = Flow("procedure")

WHOLE_LIST_LIMIT: Final = 3500
"""Characters up to which the papers of all cases are sent at once; above, the person picks the case first."""

_FIRST_BUTTONS: Final = (Facet.DOCUMENTS, Facet.FEE, Facet.DURATION, Facet.WHERE, Facet.ONLINE, Facet.FORM)
_REST_BUTTONS: Final = (Facet.STEPS, Facet.CONDITIONS, Facet.RESULT, Facet.AUDIENCE, Facet.LEGAL)


@flow.page
def show(turn: Turn, code: str, asked: str = "") -> Answer:
    """The answer to what was asked ("fee-duration"; nothing: the overview) about one procedure."""
    procedure = _known(turn, code)
    facets = facets_in(asked)
    paragraphs: list[str] = [wording.heading(procedure)]
    choices: list[Choice] = []
    for facet in facets:
        if facet is Facet.DOCUMENTS and long_list(procedure):
            paragraphs.append(wording.choose_case(procedure))
            choices += case_choices(procedure)
        else:
            paragraphs += wording.facet(procedure, facet, turn.centre, turn.now.date())
    paragraphs += (*_notes(turn, procedure), wording.source(procedure))
    return tell(
        paragraphs,
        *choices,
        *next_steps(procedure, facets),
        topic=procedure.code,
        trace=Trace(decision="sure", codes=(procedure.code,), asks=tuple(facets)),
    )


@flow.page
def case(turn: Turn, code: str, position: str) -> Answer:
    """The papers of one case, complete, with those that every case needs."""
    procedure = _known(turn, code)
    if not position.isdecimal() or int(position) >= len(procedure.cases):
        return show(turn, code, Facet.DOCUMENTS)
    chosen = procedure.cases[int(position)]
    groups = [
        group for group in procedure.cases if group.papers and (group is chosen or group.kind is not CaseKind.CASE)
    ]
    papers = [paragraph for group in groups for paragraph in wording.case_documents(group)]
    return tell(
        (
            wording.heading(procedure),
            f"# {wording.TITLES[Facet.DOCUMENTS]}",
            *papers,
            *wording.notes(procedure),
            wording.source(procedure),
        ),
        to(wording.CHECKLIST_BUTTON, checklist, procedure.code, position),
        *next_steps(procedure, (Facet.DOCUMENTS,)),
        topic=procedure.code,
        trace=_papers(procedure.code),
    )


@flow.page
def documents(turn: Turn, code: str) -> Answer:
    """Every paper of every case, however long."""
    procedure = _known(turn, code)
    body = wording.facet(procedure, Facet.DOCUMENTS, turn.centre, turn.now.date())
    return tell(
        (wording.heading(procedure), *body, *_notes(turn, procedure), wording.source(procedure)),
        *next_steps(procedure, (Facet.DOCUMENTS,)),
        topic=procedure.code,
        trace=_papers(procedure.code),
    )


@flow.page
def more(turn: Turn, code: str) -> Answer:
    """The buttons that the first row has no room for."""
    procedure = _known(turn, code)
    choices = [to(wording.BUTTONS[facet], show, code, facet.value) for facet in (*_FIRST_BUTTONS, *_REST_BUTTONS)]
    # by name: the pages of news lead back to these, and modules can't import each other
    choices.append(Choice(news_wording.FOLLOW_BUTTON, f"news.about:procedure:{procedure.code}"))
    return tell(wording.heading(procedure), *choices, topic=procedure.code, trace=Trace(decision="sure", codes=(code,)))


class PaperList(msgspec.Struct, frozen=True):
    """The papers that one person needs: those always needed, and those of the chosen case ("" for none)."""

    procedure: Procedure
    position: str
    groups: tuple[Case, ...]

    @property
    def key(self) -> str:
        """Under which its ticks are remembered."""
        return f"{self.procedure.code}:{self.position}"

    @property
    def papers(self) -> tuple[Paper, ...]:
        """All papers; ticks name their places."""
        return tuple(paper for group in self.groups for paper in group.papers)

    @property
    def order(self) -> tuple[int, ...]:
        """The places of the papers as they are read: as the record has them, what everybody needs first."""
        read, first = list[int](), 0
        for group in self.groups:
            read += [first + place for place in wording.reading_order(group.papers)]
            first += len(group.papers)
        return tuple(read)

    @property
    def label(self) -> str:
        """Of the chosen case."""
        return self.procedure.cases[int(self.position)].label if self.position.isdecimal() else ""


def paper_list(procedure: Procedure, position: str) -> PaperList | None:
    """The list for a case; None where the case must be chosen first (or the link names one that is gone)."""
    always = [group for group in procedure.cases if group.papers and group.kind is not CaseKind.CASE]
    own = {str(n): c for n, c in enumerate(procedure.cases) if c.papers and c.kind is CaseKind.CASE}
    if position in own:
        chosen = own[position]
        return PaperList(procedure, position, tuple(g for g in procedure.cases if g in always or g is chosen))
    if not own or (position == COMMON and always):
        return PaperList(procedure, position, tuple(always))
    return None


COMMON: Final = "c"
LIST_PAGE: Final = 8
"""Papers on one page of the checklist: as many as a phone shows with their buttons."""


@flow.page
def checklist(turn: Turn, code: str, position: str = "", page: str = "") -> Answer:
    """The papers with what the person already has; first which case, where papers differ."""
    procedure = _known(turn, code)
    if not procedure.papers:
        return tell(
            (wording.heading(procedure), checklist_wording.NO_PAPERS, wording.source(procedure)),
            topic=code,
            trace=_papers(code),
        )
    papers = paper_list(procedure, position)
    if papers is None:
        choices = [item(label, checklist, code, number) for number, label in list_choices(procedure)]
        return tell(
            (wording.heading(procedure), checklist_wording.CHOOSE_CASE), *choices, topic=code, trace=_papers(code)
        )
    number = int(page) if page.isdecimal() else 0
    return _shown(turn, papers, number, turn.ticks.get(papers.key, ()), replaces=page != "")


@flow.page
def tick(turn: Turn, code: str, position: str, paper: str, state: str) -> Answer:
    """Mark one paper as there ("1") or not ("0"); said twice it changes nothing."""
    procedure = _known(turn, code)
    papers = paper_list(procedure, position)
    if papers is None or not paper.isdecimal() or int(paper) >= len(papers.papers):
        return checklist(turn, code)
    number = int(paper)
    ticked = set(turn.ticks.get(papers.key, ())) - {number} | ({number} if state == "1" else set())
    return _shown(turn, papers, papers.order.index(number) // LIST_PAGE, tuple(sorted(ticked)))


@flow.page
def still_needed(turn: Turn, code: str, position: str = "") -> Answer:
    """The papers that are not marked yet."""
    procedure = _known(turn, code)
    papers = paper_list(procedure, position)
    if papers is None:
        return checklist(turn, code)
    ticked = turn.ticks.get(papers.key, ())
    unticked = [papers.papers[n] for n in papers.order if n not in ticked]
    always = [wording.paper_line(paper) for paper in unticked if not wording.conditional(paper)]
    missing = always + [wording.paper_line(paper) for paper in unticked if wording.conditional(paper)]
    back = to(checklist_wording.BACK_TO_LIST, checklist, code, position)
    if not missing:
        said = checklist_wording.complete(procedure.name, len(papers.papers), places.short(procedure, turn.centre))
        where = to(wording.BUTTONS[Facet.WHERE], show, code, Facet.WHERE.value)
        return tell((*said, wording.source(procedure)), where, back, topic=code, trace=_papers(code))
    numbered = [f"{n}. {line}" for n, line in enumerate(missing, 1)]
    said = checklist_wording.missing(procedure.name, numbered, len(always))
    ways = next_steps(procedure, (Facet.DOCUMENTS,))[1:4]
    return tell((*said, wording.source(procedure)), back, *ways, topic=code, trace=_papers(code))


def _papers(code: str) -> Trace:
    """Of the pages of papers: about this procedure, and no question of its own."""
    return Trace(decision="sure", codes=(code,), asks=(Facet.DOCUMENTS.value,), quiet=True)


def papers_asked(turn: Turn, shown: str) -> str:
    """The link to the list that a text asks to tick, or to what is missing from the list that `shown`, the link last
    followed, leads to; "" where it asks for neither."""
    if turn.topic and fold(turn.text).strip(" .!?") == fold(wording.CHECKLIST_BUTTON):
        return link(checklist, turn.topic)
    if not asks_what_is_missing(turn.text):
        return ""
    name, args = parse_link(shown)
    if name in (checklist.name, tick.name, still_needed.name, untick.name) and args:
        return link(still_needed, *args[:2])
    return link(still_needed, turn.topic) if turn.topic else ""


@flow.page
def untick(turn: Turn, code: str, position: str) -> Answer:
    """Take all marks off."""
    procedure = _known(turn, code)
    papers = paper_list(procedure, position)
    return _shown(turn, papers, 0, ()) if papers else checklist(turn, code)


def _shown(turn: Turn, papers: PaperList, page: int, ticked: tuple[int, ...], *, replaces: bool = True) -> Answer:
    """One page of the list; ticking and turning pages replaces the message whose button was pressed."""
    code, position, total = papers.procedure.code, papers.position, len(papers.papers)
    first = min(page, (total - 1) // LIST_PAGE) * LIST_PAGE
    shown = [(number, n, papers.papers[n]) for number, n in enumerate(papers.order, 1)][first : first + LIST_PAGE]
    lines = [checklist_wording.line(number, wording.paper_line(paper), has=n in ticked) for number, n, paper in shown]
    choices = [
        item(
            checklist_wording.button(number, paper.name, has=n in ticked),
            tick,
            code,
            position,
            str(n),
            "0" if n in ticked else "1",
        )
        for number, n, paper in shown
    ]
    if first + LIST_PAGE < total:
        choices.append(to(checklist_wording.NEXT, checklist, code, position, str(page + 1)))
    if first:
        choices.append(to(checklist_wording.PREVIOUS, checklist, code, position, str(page - 1)))
    choices.append(to(checklist_wording.STILL_NEEDED, still_needed, code, position))
    if ticked:
        choices.append(to(checklist_wording.CLEAR, untick, code, position))
    done = sum(1 for n in ticked if n < total)
    some = any(map(wording.conditional, papers.papers))
    heading = checklist_wording.heading(papers.procedure.name, papers.label, done, total, conditional=some)
    return tell(
        (heading, *lines, wording.source(papers.procedure)),
        *choices,
        topic=code,
        trace=_papers(code),
        replaces=replaces,
        ticks={papers.key: ticked},
        here=link(checklist, code, position, str(page)),
    )


def _notes(turn: Turn, procedure: Procedure) -> tuple[str, ...]:
    """The warnings, and what editors remarked: once, when the talk comes to this procedure."""
    new = turn.topic != procedure.code
    return (*wording.warnings(procedure), *(wording.remarks(procedure) if new else ()))


def _known(turn: Turn, code: str) -> Procedure:
    """The procedure that a link names; raises OutdatedError where the centre no longer has it."""
    procedure = turn.guide.procedure(code)
    if procedure is None:
        raise OutdatedError(f"no procedure {code[:20]!r}")
    return procedure


def facets_in(asked: str) -> tuple[Facet, ...]:
    """The facets named in a link's argument; what is unknown there is ignored, nothing left means the overview."""
    known = {facet.value: facet for facet in Facet}
    named = tuple(dict.fromkeys(known[name] for name in asked.split("-") if name in known and name != Facet.GENERAL))
    return named or (Facet.GENERAL,)


def told(shown: str) -> tuple[Facet, ...]:
    """What the page of a procedure behind a link told; (GENERAL,) for any other page."""
    name, args = parse_link(shown)
    return facets_in(args[1]) if name == show.name and len(args) > 1 else (Facet.GENERAL,)


NAMED_LIMIT: Final = 36
"""Characters of facets that fit into a link beside a procedure's code."""


def named(asked: Iterable[Facet], limit: int = NAMED_LIMIT) -> str:
    """Facets as the argument of a link, which `facets_in` reads: the first ones, as many as `limit` has room for."""
    argument = ""
    for facet in asked:
        longer = f"{argument}-{facet.value}".removeprefix("-")
        if facet is not Facet.GENERAL and len(longer) <= limit:
            argument = longer
    return argument


def long_list(procedure: Procedure) -> bool:
    """Whether the papers are so many that the person should pick a case first."""
    cases = [case for case in procedure.cases if case.papers and case.kind is CaseKind.CASE]
    return len(cases) > 1 and sum(map(len, wording.documents(procedure))) > WHOLE_LIST_LIMIT


def case_choices(procedure: Procedure) -> list[Choice]:
    """A choice for each case that has papers of its own, then one for everything."""
    choices = [item(label, case, procedure.code, position) for position, label in own_cases(procedure)]
    return [*choices, item(wording.ALL_DOCUMENTS_BUTTON, documents, procedure.code)]


def list_choices(procedure: Procedure) -> list[tuple[str, str]]:
    """Position and label of every list that a person may need, where the record has several."""
    choices = own_cases(procedure)
    if any(group.papers and group.kind is not CaseKind.CASE for group in procedure.cases):
        choices.append((COMMON, checklist_wording.COMMON_ONLY))
    return choices


def own_cases(procedure: Procedure) -> list[tuple[str, str]]:
    """Position and label of each case with papers of its own; records repeat labels, so the same ones are counted."""
    cases = [(n, case) for n, case in enumerate(procedure.cases) if case.kind is CaseKind.CASE and case.papers]
    labels = Counter(case.label for _, case in cases)
    return [(str(n), wording.case_choice(case, among_same=labels[case.label] > 1)) for n, case in cases]


def next_steps(procedure: Procedure, shown: tuple[Facet, ...]) -> list[Choice]:
    """Buttons for what was not shown yet."""
    choices = [to(wording.BUTTONS[f], show, procedure.code, f.value) for f in _FIRST_BUTTONS if f not in shown]
    if Facet.DOCUMENTS in shown and procedure.papers:
        choices.insert(0, to(wording.CHECKLIST_BUTTON, checklist, procedure.code))
    return [*choices, to(wording.MORE_BUTTON, more, procedure.code)]
