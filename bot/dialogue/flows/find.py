"""From a question to a procedure: sure, one of several, or none."""

from typing import Final

import msgspec

from bot.dialogue.flow import Answer, Flow, Trace, Turn, item, link, parse_link, tell, to
from bot.dialogue.flows import desk, procedure
from bot.dialogue.wording import find as wording
from bot.dialogue.wording import procedure as procedure_wording
from bot.messages import Choice
from knowledge_base.facets import Facet
from knowledge_base.finder import Found

flow = Flow("find")

OFFERED: Final = 4
"""Candidates offered in one question: more nobody compares on a phone, and their codes still fit into a link."""
WORTH_OFFERING: Final = 0.12
"""A candidate is offered while its probability is at least this share of the best one's."""


def answer(turn: Turn, found: Found, asked: tuple[Facet, ...]) -> Answer:
    """What to say to a question that was read this way."""
    trace = Trace(
        decision=found.decision,
        # "nothing" answers with no procedure, whatever came nearest
        codes=() if found.decision == "nothing" else tuple(match.code for match in found.matches),
        asks=tuple(asked),
        scores={match.code: round(match.probability, 4) for match in found.matches},
    )
    codes = _worth_offering(turn, found)
    wanted = "-".join(facet.value for facet in asked if facet is not Facet.GENERAL)
    if found.decision == "sure":
        said = procedure.show(turn, codes[0], wanted)
        others = [to(procedure_wording.OTHER_BUTTON, others_than, *codes[1:OFFERED])]
        return msgspec.structs.replace(
            _with_choices(said, others), here=link(procedure.show, codes[0], wanted), trace=trace
        )
    if found.decision == "several":
        return msgspec.structs.replace(which(turn, wanted, *codes), here=link(which, wanted, *codes), trace=trace)
    return msgspec.structs.replace(nothing(turn), trace=trace)


def again(turn: Turn, shown: str, asked: tuple[Facet, ...]) -> str | None:
    """The same question back with what is asked now, where `shown`, the link last followed, was one; else None."""
    name, args = parse_link(shown)
    if name != which.name or not args:
        return None
    return link(which, "-".join(facet.value for facet in asked), *args[1:])


@flow.page
def which(turn: Turn, asked: str, *codes: str) -> Answer:
    """One question that tells the candidates apart, a choice for each."""
    candidates = list({found.code: found for code in codes if (found := turn.guide.procedure(code))}.values())
    asked = "-".join(facet.value for facet in procedure.facets_in(asked) if facet is not Facet.GENERAL)
    if not candidates:
        return nothing(turn)
    rows = [
        item(label, procedure.show, candidate.code, asked)
        for label, candidate in zip(wording.labels(candidates), candidates, strict=True)
    ]
    trace = Trace(decision="several", codes=tuple(candidate.code for candidate in candidates))
    return tell(wording.which(candidates), *rows, to(wording.NONE_OF_THESE, nothing), topic=None, trace=trace)


@flow.page
def others_than(turn: Turn, *codes: str) -> Answer:
    """The procedure shown was not the one: what else the question may have meant."""
    known = [code for code in codes if turn.guide.procedure(code)]
    if not known:
        return tell(wording.OTHER_WORDS, *desk.ways_on(), topic=None)
    return which(turn, "", *known)


@flow.page
def nothing(turn: Turn) -> Answer:
    """No procedure fits; never a guess."""
    return tell(wording.nothing(turn.centre), *desk.ways_on(), topic=None, trace=Trace(decision="nothing"))


def _worth_offering(turn: Turn, found: Found) -> tuple[str, ...]:
    """The candidates that compare with the best one; a question back offers two at least."""
    known = [match for match in found.matches if turn.guide.procedure(match.code)]
    least = known[0].probability * WORTH_OFFERING if known else 0.0
    return tuple(match.code for rank, match in enumerate(known) if match.probability >= least or rank < 2)[:OFFERED]


def _with_choices(said: Answer, choices: list[Choice]) -> Answer:
    reply = msgspec.structs.replace(said.reply, choices=(*said.reply.choices, *choices))
    return msgspec.structs.replace(said, reply=reply)
