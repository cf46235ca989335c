"""A question without an answer: telling the person later, by one tap, and what is kept."""

import hashlib
from typing import Final

from bot.dialogue.anonymous import key_of
from bot.dialogue.flow import Answer, Flow, Turn, tell, to
from bot.dialogue.flows import desk
from bot.dialogue.wording import desk as desk_wording
from bot.dialogue.wording import unanswered as wording
from bot.messages import Choice
from bot.services.questions import CONSENT_VERSION

flow = Flow("unanswered")

REFERENCE: Final = 16
"""Hexadecimal digits of a question's hash in a button."""


@flow.page
def tell_me(turn: Turn, reference: str, text_version: str) -> Answer:
    """Agree to a reply; a button with an older sentence shows what is kept first."""
    if text_version != CONSENT_VERSION:
        return privacy(turn)
    noted = turn.questions.want_reply(turn.contact, reference, text_version)
    said = wording.NOTED_ON_WEB if turn.contact.channel == "web" else wording.NOTED
    return tell(said if noted else wording.NOT_KEPT, *desk.ways_on(), remember=False)


@flow.entry("/riengtu", "quyền riêng tư", "bảo vệ thông tin", "trợ lý giữ những gì", "bạn lưu những gì")
def privacy(turn: Turn) -> Answer:
    """What is kept, for how long, and how to have it erased."""
    said = wording.privacy(turn.centre, turn.questions.days())
    return tell(said, to(desk_wording.START_BUTTON, desk.start), remember=False)


def offer(turn: Turn, question: str) -> tuple[list[str], list[Choice]]:
    """The sentence and the button by which the person agrees to a reply; nothing where none can be sent."""
    key = key_of(question)
    if not key or not turn.questions.can_reply(turn.contact):
        return [], []
    reference = hashlib.sha256(key.encode()).hexdigest()[:REFERENCE]
    return [wording.TELL_ME], [to(wording.TELL_ME_BUTTON, tell_me, reference, CONSENT_VERSION)]
