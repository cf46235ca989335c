"""Once, in order, never silence: the loop between a channel and the conversation."""

import logging
import uuid
from typing import Final, Protocol

import msgspec

from bot.dialogue.core import Dialogue
from bot.dialogue.flow import Answer, Trace
from bot.dialogue.wording import desk as wording
from bot.messages import Contact, Incoming, Reply
from bot.records import Session, Unsent

log: Final = logging.getLogger(__name__)

REMEMBERED: Final = 50
"""Message ids remembered per person; suppliers redeliver within minutes."""
KEPT_UNSENT: Final = 3
TRIES: Final = 8
"""Lost compare-and-sets in a row before giving up: so many messages of one person at once are no conversation."""


class Sessions(Protocol):
    """Where sessions live; see bot.storage.sessions."""

    def load(self, contact: Contact) -> Session:
        """The saved session, or a fresh one with version 0."""

    def save(self, session: Session) -> bool:
        """Save if the stored version is still `session.version`; False where somebody else was first."""


class Receiver:
    """Answers each message once, whatever the channel redelivers and whenever a process dies.

    The answer and the fact that it was decided are saved together, before anything is sent; `sent` then confirms
    the sending. A redelivery of a message whose answer was confirmed gets nothing; one whose answer another, dead
    process was about to send gets that same answer.
    """

    def __init__(self, dialogue: Dialogue, sessions: Sessions) -> None:
        self._dialogue = dialogue
        self._sessions = sessions
        self._worker = uuid.uuid4().hex[:12]

    def receive(self, incoming: Incoming) -> Reply | None:
        """The reply to a message; None for a redelivery that needs none. Never raises for a message's content."""
        answer = self.answer(incoming)
        return answer.reply if answer else None

    def answer(self, incoming: Incoming) -> Answer | None:
        """Like `receive`, with how the message was understood."""
        try:
            for _ in range(TRIES):
                session = self._sessions.load(incoming.contact)
                if incoming.message_id in session.seen:
                    return self._again(session, incoming)
                answer, after = self._dialogue.answer(session, incoming)
                unsent = Unsent(incoming.message_id, self._worker, answer.reply)
                after = msgspec.structs.replace(
                    after,
                    seen=(*after.seen, incoming.message_id)[-REMEMBERED:],
                    unsent=(*after.unsent, unsent)[-KEPT_UNSENT:],
                )
                if self._sessions.save(after):
                    return answer
        except Exception:  # whatever breaks, the person must not be left in silence
            log.exception("a message on %s could not be answered", incoming.contact.channel)
        else:
            log.error("a message on %s lost %d compare-and-sets in a row", incoming.contact.channel, TRIES)
        return Answer(reply=Reply(paragraphs=(wording.FAILED,)), trace=Trace(decision="smalltalk"))

    def sent(self, incoming: Incoming) -> None:
        """Confirm that the reply to this message has left."""
        for _ in range(TRIES):
            session = self._sessions.load(incoming.contact)
            rest = tuple(unsent for unsent in session.unsent if unsent.message_id != incoming.message_id)
            if rest == session.unsent or self._sessions.save(msgspec.structs.replace(session, unsent=rest)):
                return

    def _again(self, session: Session, incoming: Incoming) -> Answer | None:
        """A redelivery: silence, unless the process that was to send the answer is not this one and never did."""
        for unsent in session.unsent:
            if unsent.message_id == incoming.message_id and unsent.worker != self._worker:
                mine = tuple(
                    Unsent(u.message_id, self._worker, u.reply) if u.message_id == incoming.message_id else u
                    for u in session.unsent
                )
                if self._sessions.save(msgspec.structs.replace(session, unsent=mine)):
                    return Answer(reply=unsent.reply)
        return None
