"""How questions ended: nothing found, none of the candidates, not this one, a wrong pick, asked again.

The session remembers the question that the talk is about; what the person does next says whether it was answered.
"""

from typing import Final

import msgspec

from bot.dialogue.anonymous import anonymous, key_of
from bot.dialogue.flow import Answer, parse_link
from bot.dialogue.flows import find, procedure
from bot.dialogue.recognise import Kind, kind_of
from bot.messages import Incoming
from bot.question_records import Asked, Ending, Unanswered
from bot.records import Session
from knowledge_base.text import nfc

OFFERED: Final = 4
ALIKE: Final = 0.5
"""Share of common words from which a question counts as the one before, asked again."""


def follow(before: Session, incoming: Incoming, answer: Answer, after: Session) -> tuple[Session, Unanswered | None]:
    """The session with the question that the talk is about now, and the question that has just ended badly."""
    if answer.forget:
        return after, None
    asked, ended, ending = before.asked, None, None
    if _is_question(incoming, answer):
        asked, ended, ending = _asked(before.asked, incoming, answer)
    elif asked is not None and not asked.ended:
        asked, ending = _followed(asked, incoming, answer)
        ended = asked
    if ended is None or ending is None:
        return msgspec.structs.replace(after, asked=asked), None
    found = Unanswered(incoming.contact, ended.message_id, ended.text, ended.offered, ending)
    return msgspec.structs.replace(after, asked=asked), found


def _is_question(incoming: Incoming, answer: Answer) -> bool:
    """Whether the message was read as a new question; one about the topic alone would say nothing by itself."""
    trace = answer.trace
    silent = trace.decision in ("nothing", "privacy") and bool(trace.asks)
    return bool(incoming.text) and incoming.pressed is None and (bool(trace.scores) or silent)


def _asked(before: Asked | None, incoming: Incoming, answer: Answer) -> tuple[Asked, Asked | None, Ending | None]:
    trace = answer.trace
    asked = Asked(
        text=anonymous(incoming.text or ""),
        message_id=incoming.message_id,
        offered=trace.codes[:OFFERED],
        opened=trace.codes[0] if trace.decision == "sure" and trace.codes else None,
    )
    if trace.decision in ("nothing", "privacy"):
        asked = msgspec.structs.replace(asked, offered=(), ended=True)
        return asked, asked, Ending.NOTHING
    other = before is not None and before.opened is not None and before.opened != next(iter(asked.offered), None)
    if before is not None and not before.ended and other and _alike(before.text, asked.text):
        return asked, before, Ending.ASKED_AGAIN
    return asked, None, None


def _followed(asked: Asked, incoming: Incoming, answer: Answer) -> tuple[Asked, Ending | None]:
    """What the person did after the question."""
    done = msgspec.structs.replace(asked, ended=True)
    name, args = parse_link(answer.here or "")
    if name == find.nothing.name:
        return done, Ending.NONE_OF_THESE
    if name == find.others_than.name or (incoming.text and kind_of(nfc(incoming.text)) is Kind.WRONG):
        return done, Ending.NOT_THIS
    if name == find.which.name and asked.opened is not None:
        return done, Ending.WRONG_PICK
    if name == procedure.show.name and args and args[0] in asked.offered:
        if asked.opened not in (None, args[0]):
            return done, Ending.WRONG_PICK
        return msgspec.structs.replace(asked, opened=args[0]), None
    return asked, None


def _alike(one: str, other: str) -> bool:
    words, others = set(key_of(one).split()), set(key_of(other).split())
    return len(words & others) >= ALIKE * max(len(words | others), 1)
