"""Looking through the catalogue: by life event, or by agency and field, down to a procedure."""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from bot.dialogue.flow import Answer, Flow, Turn, item, tell, to
from bot.dialogue.flows import procedure as procedure_flow
from bot.dialogue.wording import browse as wording
from bot.dialogue.wording import news as news_wording
from bot.messages import Choice
from bot.services.guide import field_key
from knowledge_base.procedure import Procedure

flow = Flow("browse")

PAGE: Final = 8
"""Rows on one page of a list."""


@flow.entry("/sukien", "việc trong đời", "sự kiện cuộc đời")
def topics(turn: Turn) -> Answer:
    """The life events under which the national portal lists procedures."""
    known = {topic for procedure in turn.guide.catalogue for topic in procedure.topics}
    return tell(
        wording.CHOOSE_TOPIC,
        *(item(name, topic, key, "0") for key, name in wording.TOPICS.items() if key in known),
        topic=None,
    )


@flow.page
def topic(turn: Turn, key: str, page: str = "0") -> Answer:
    """The procedures of one life event; those that most people need come first: the commune's, the shortest names."""
    found = [procedure for procedure in turn.guide.catalogue if key in procedure.topics]
    if not found:
        return topics(turn)
    found.sort(key=lambda procedure: (procedure.counter != "commune", len(procedure.name), procedure.code))
    return _procedures(wording.TOPICS.get(key, key), found, page, lambda label, other: to(label, topic, key, other))


@flow.entry("/coquan", "cơ quan", "danh sách cơ quan")
def agencies(turn: Turn) -> Answer:
    """The agencies that have procedures here, the commune counter first."""
    present = {procedure.agency for procedure in turn.guide.catalogue}
    shown = sorted((a for a in turn.centre.agencies if a.id in present), key=lambda a: a.kind != "commune")
    return tell(wording.CHOOSE_AGENCY, *(item(a.name, agency, a.id) for a in shown), topic=None)


@flow.page
def agency(turn: Turn, agency_id: str, page: str = "0") -> Answer:
    """The fields of one agency."""
    known = turn.centre.agency(agency_id)
    fields = turn.guide.fields(agency_id)
    if known is None or not fields:
        return agencies(turn)
    news = Choice(news_wording.FOLLOW_BUTTON, f"news.about:agency:{agency_id}")
    if len(fields) == 1:
        return _with(field(turn, agency_id, field_key(fields[0])), news)
    first, around = _paging(page, len(fields), lambda label, other: to(label, agency, agency_id, other))
    rows = [item(name, field, agency_id, field_key(name)) for name in fields[first : first + PAGE]]
    heading = wording.choose_field(known.name, len(turn.guide.catalogue.by_agency(agency_id)))
    return tell(heading, *rows, *around, news, topic=None)


def _with(answer: Answer, choice: Choice) -> Answer:
    reply = replace(answer.reply, choices=(*answer.reply.choices, choice))
    return replace(answer, reply=reply)


@flow.page
def field(turn: Turn, agency_id: str, key: str, page: str = "0") -> Answer:
    """The procedures of one field of an agency."""
    name = turn.guide.field(agency_id, key)
    if name is None:
        return agency(turn, agency_id)
    found = turn.guide.in_field(agency_id, name)
    return _procedures(name, found, page, lambda label, other: to(label, field, agency_id, key, other))


ToPage = Callable[[str, str], Choice]


def _procedures(heading: str, found: list[Procedure], page: str, to_page: ToPage) -> Answer:
    first, around = _paging(page, len(found), to_page)
    shown = found[first : first + PAGE]
    rows = [item(p.plain_name or p.name, procedure_flow.show, p.code) for p in shown]
    return tell(wording.procedures(heading, first + 1, first + len(shown), len(found)), *rows, *around, topic=None)


def _paging(page: str, total: int, to_page: ToPage) -> tuple[int, list[Choice]]:
    """Where a page of a list begins, and the buttons to the pages before and after it."""
    last = (total - 1) // PAGE
    number = min(int(page), last) if page.isdecimal() else 0
    around = [to_page(wording.NEXT, str(number + 1))] if number < last else []
    around += [to_page(wording.PREVIOUS, str(number - 1))] if number else []
    return number * PAGE, around
