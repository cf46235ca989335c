"""From a question to a procedure: sure, one of several, or none."""

from collections.abc import Iterable
from typing import Final

import msgspec

from bot.dialogue.anonymous import key_of
from bot.dialogue.flow import Answer, Flow, Trace, Turn, item, link, parse_link, tell, to
from bot.dialogue.flows import desk, procedure, unanswered
from bot.dialogue.wording import find as wording
from bot.dialogue.wording import procedure as procedure_wording
from bot.messages import Choice
from knowledge_base.facets import Facet
from knowledge_base.finder import Found

flow = Flow("find")

OFFERED: Final = 4
"""Candidates offered in one question: more nobody compares on a phone, and their codes still fit into a link."""
ASKED_LIMIT: Final = 17
"""Characters of facets that fit into a link beside so many codes."""
WORTH_OFFERING: Final = 0.12
"""A candidate is offered while its probability is at least this share of the best one's."""


def answer(turn: Turn, found: Found, asked: tuple[Facet, ...]) -> Answer:
    """What to say to a question that was read this way."""
    if found.decision != "nothing" and turn.questions.is_out_of_scope(key_of(turn.text)):
        found = msgspec.structs.replace(found, decision="nothing")  # staff said that no procedure answers this
    trace = Trace(
        decision=found.decision,
        # "nothing" answers with no procedure, whatever came nearest
        codes=() if found.decision == "nothing" else tuple(match.code for match in found.matches),
        asks=tuple(asked),
        scores={match.code: round(match.probability, 4) for match in found.matches},
    )
    codes = _worth_offering(turn, found)
    wanted = procedure.named(asked)
    if found.decision == "sure":
        said = procedure.show(turn, codes[0], wanted)
        known = [match.code for match in found.matches if turn.guide.procedure(match.code)]
        others = [to(procedure_wording.OTHER_BUTTON, others_than, *known[1:OFFERED])]
        return msgspec.structs.replace(
            _with_choices(said, others), here=link(procedure.show, codes[0], wanted), trace=trace
        )
    if found.decision == "several":
        said = which(turn, wanted, *codes)
        return msgspec.structs.replace(said, here=which_link(asked, codes), trace=trace)
    return msgspec.structs.replace(_nothing(turn, turn.text), trace=trace)


def again(turn: Turn, shown: str, asked: tuple[Facet, ...]) -> str | None:
    """The same question back with what is asked now, where `shown`, the link last followed, was one; else None."""
    codes = asked_about(shown)
    return which_link(asked, codes) if codes else None


def asked_about(shown: str) -> tuple[str, ...]:
    """The procedures among which `shown`, the link last followed, asked back; none where it was no question back."""
    name, args = parse_link(shown)
    return tuple(args[1:]) if name == which.name else ()


@flow.page
def of_what(turn: Turn, asked: str) -> Answer:
    """Only what is wanted was said ("lệ phí"), and nothing before it: of which procedure?"""
    facets = procedure.facets_in(asked)
    return tell(wording.of_what(facets), *desk.ways_on(), here=link(of_what, procedure.named(facets)))


def asked_before(shown: str) -> tuple[Facet, ...]:
    """What was asked where `shown`, the link last followed, asked of which procedure; else nothing."""
    name, args = parse_link(shown)
    return procedure.facets_in(args[0]) if name == of_what.name and args else ()


def which_link(asked: Iterable[Facet], codes: Iterable[str]) -> str:
    """The link to a question back, with as much of what is asked as it has room for."""
    return link(which, procedure.named(asked, ASKED_LIMIT), *tuple(codes)[:OFFERED])


@flow.page
def which(turn: Turn, asked: str, *codes: str) -> Answer:
    """One question that tells the candidates apart, a choice for each."""
    candidates = list({found.code: found for code in codes if (found := turn.guide.procedure(code))}.values())
    facets = procedure.facets_in(asked)
    asked = procedure.named(facets)
    if not candidates:
        return nothing(turn)
    rows = [
        item(label, procedure.show, candidate.code, asked)
        for label, candidate in zip(wording.labels(candidates), candidates, strict=True)
    ]
    trace = Trace(decision="several", codes=tuple(candidate.code for candidate in candidates), asks=tuple(facets))
    return tell(wording.which(candidates), *rows, to(wording.NONE_OF_THESE, nothing), topic=None, trace=trace)


@flow.page
def others_than(turn: Turn, *codes: str) -> Answer:
    """The procedure shown was not the one: what else the question may have meant."""
    known = [code for code in codes if turn.guide.procedure(code)]
    if not known:
        return tell(wording.OTHER_WORDS, *desk.ways_on(), topic=None)
    return which(turn, "", *known)


def rejected(turn: Turn, offered: tuple[Choice, ...], shown: tuple[str, ...]) -> str | None:
    """Where "không phải" leads: what else was offered, or the other candidates of the question back before; else None.

    `offered` are the choices of the last answer, `shown` the links followed before, the last one last. The procedure
    that was refused is never offered again.
    """
    for page in (others_than, nothing):
        for choice in offered:
            if parse_link(choice.link)[0] == page.name:
                return choice.link
    if len(shown) < 2 or parse_link(shown[-1])[0] != procedure.show.name:
        return None
    name, args = parse_link(shown[-2])
    rest = [code for code in args[1:] if code != turn.topic]
    return link(others_than, *rest) if name == which.name and rest else None


@flow.page
def nothing(turn: Turn) -> Answer:
    """No procedure fits; never a guess."""
    return _nothing(turn, turn.question)


def _nothing(turn: Turn, question: str) -> Answer:
    said, choices = unanswered.offer(turn, question)
    trace = Trace(decision="nothing")
    known = turn.topic and turn.guide.procedure(turn.topic)
    if known:  # a passing question does not end what was talked about
        choices = [to(wording.go_on(known), procedure.show, known.code), *choices]
    return tell((*wording.nothing(turn.centre), *said), *choices, *desk.ways_on(), trace=trace)


def _worth_offering(turn: Turn, found: Found) -> tuple[str, ...]:
    """The candidates that compare with the best one; a question back offers two at least."""
    known = [match for match in found.matches if turn.guide.procedure(match.code)]
    least = known[0].probability * WORTH_OFFERING if known else 0.0
    return tuple(match.code for rank, match in enumerate(known) if match.probability >= least or rank < 2)[:OFFERED]


def _with_choices(said: Answer, choices: list[Choice]) -> Answer:
    reply = msgspec.structs.replace(said.reply, choices=(*said.reply.choices, *choices))
    return msgspec.structs.replace(said, reply=reply)
