"""Once, in order, never silence: the loop between a channel and the conversation."""

import logging
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import msgspec

from bot.dialogue import outcomes
from bot.dialogue.core import Dialogue
from bot.dialogue.flow import Answer, Trace
from bot.dialogue.wording import desk as wording
from bot.failures import where
from bot.messages import Contact, Incoming, Reply
from bot.question_records import Unanswered
from bot.records import Session, Unsent
from bot.services.overview import Counts, counted
from bot.services.questions import NoQuestions, Questions

log: Final = logging.getLogger(__name__)

REMEMBERED: Final = 50
"""Message ids remembered per person; suppliers redeliver within minutes."""
KEPT_UNSENT: Final = 3
TRIES: Final = 8
"""Lost compare-and-sets in a row before giving up: so many messages of one person at once are no conversation."""
LEASE: Final = timedelta(seconds=15)
"""How long after its last sign of life a process still holds the answers that it was to send."""
LONGEST: Final = timedelta(minutes=10)
"""What is not confirmed after so long will never be."""
STORING: Final = frozenset({"web"})
"""Channels that store each answer once by its message id: there a second delivery can't be said twice, so an answer
is handed out at once to whoever asks, and needs no confirmation."""


class Sessions(Protocol):
    """Where sessions live; see bot.storage.sessions."""

    def load(self, contact: Contact) -> Session:
        """The saved session, or a fresh one with version 0."""

    def save(self, session: Session) -> bool:
        """Save if the stored version is still `session.version`; False where somebody else was first."""


class Taken(Protocol):
    """Where older message ids live; see bot.storage.taken."""

    def known(self, contact: Contact, message_id: str) -> bool:
        """Whether this message was taken before."""

    def keep(self, contact: Contact, message_ids: Sequence[str]) -> None:
        """Remember ids that a session has no room for any more."""


class InHand(Exception):  # noqa: N818 - says what is, and is no error
    """Another process is about to send the answer to this message; `seconds` until it must have given a sign of life.

    Ask again then, or sooner: the answer may have left meanwhile.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"another process is sending the answer; it holds it for {seconds:.1f} s more")
        self.seconds = seconds


class _Sending(msgspec.Struct, frozen=True):
    """An answer that this process is to send."""

    session: Session
    since: datetime
    until: datetime


class Receiver:
    """Answers each message once, whatever the channel redelivers and whenever a process dies.

    The answer and the fact that it was decided are saved together, before anything is sent; `sent` then confirms
    the sending. A redelivery of a message whose answer was confirmed gets nothing; one whose answer another, dead
    process was about to send gets that same answer. Which process is dead is told by a lease: the living ones call
    `renew` a few times within its length.
    """

    def __init__(
        self,
        dialogue: Dialogue,
        sessions: Sessions,
        *,
        questions: Questions | None = None,
        asked: Counts | None = None,
        taken: Taken | None = None,
        lease: timedelta = LEASE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._dialogue = dialogue
        self._sessions = sessions
        self._questions = questions or NoQuestions()
        self._asked = asked
        self._taken = taken
        self._lease = lease
        self._now = now
        self._worker = uuid.uuid4().hex[:12]
        # What this process is sending, with the session as it was saved: `sent` need not load it again, and where
        # somebody else has saved meanwhile the compare-and-set tells.
        self._sending: dict[tuple[Contact, str], _Sending] = {}

    def receive(self, incoming: Incoming) -> Reply | None:
        """The reply to a message; None for a redelivery that needs none.

        Never raises for a message's content; raises InHand where another process is sending the answer.
        """
        answer = self.answer(incoming)
        return answer.reply if answer and answer.reply.paragraphs else None  # an officer is answering: silence

    def answer(self, incoming: Incoming) -> Answer | None:
        """Like `receive`, with how the message was understood."""
        try:
            for _ in range(TRIES):
                session = self._sessions.load(incoming.contact)
                if incoming.message_id in session.seen:
                    return self._again(session, incoming)
                full = len(session.seen) >= REMEMBERED and self._taken is not None and self.confirms(incoming)
                if full and self._taken and self._taken.known(incoming.contact, incoming.message_id):
                    return None
                answer, after = self._dialogue.answer(session, incoming)
                after, unanswered = outcomes.follow(session, incoming, answer, after)
                to_send = (Unsent(incoming.message_id, self._worker, answer.reply),) if answer.reply.paragraphs else ()
                after = msgspec.structs.replace(
                    after,
                    seen=(*after.seen, incoming.message_id)[-REMEMBERED:],
                    unsent=(*after.unsent, *to_send)[-KEPT_UNSENT if self.confirms(incoming) else -1 :],
                )
                if self._hold(after, incoming):
                    if full and self._taken:
                        self._set_aside(self._taken, incoming.contact, session.seen[: 1 - REMEMBERED])
                    self._keep(unanswered)
                    self._count(incoming, answer)
                    return answer
        except InHand:
            raise
        except Exception as error:  # noqa: BLE001 - whatever breaks, the person must not be left in silence
            log.error("a message on %s could not be answered: %s", incoming.contact.channel, where(error))
        else:
            log.error("a message on %s lost %d compare-and-sets in a row", incoming.contact.channel, TRIES)
        return Answer(reply=Reply(paragraphs=(wording.FAILED,)), trace=Trace(decision="smalltalk"))

    def _set_aside(self, taken: Taken, contact: Contact, message_ids: Sequence[str]) -> None:
        try:
            taken.keep(contact, message_ids)
        except Exception as error:  # noqa: BLE001 - the person still gets the answer
            log.error("older message ids on %s are not remembered: %s", contact.channel, where(error))

    def _keep(self, unanswered: Unanswered | None) -> None:
        """Staff learn of a question that ended badly; the answer does not depend on it."""
        if unanswered is None:
            return
        try:
            self._questions.keep(unanswered)
        except Exception as error:  # noqa: BLE001 - the person still gets the answer
            log.error("an unanswered question could not be kept: %s", where(error))

    def _count(self, incoming: Incoming, answer: Answer) -> None:
        """What was asked counts for the week's figures, never with the person."""
        trace, pressed = answer.trace, incoming.pressed is not None
        what = counted(trace.codes, trace.asks, trace.decision, pressed=pressed) if self._asked else None
        what = None if trace.quiet else what
        if self._asked is None or what is None:
            return
        try:
            self._asked.count(**what, channel=incoming.contact.channel)
        except Exception as error:  # noqa: BLE001 - the person still gets the answer
            log.error("a question could not be counted: %s", where(error))

    def confirms(self, incoming: Incoming) -> bool:
        """Whether `sent` has anything to note for this message."""
        return incoming.contact.channel not in STORING

    def sent(self, incoming: Incoming) -> None:
        """Confirm that the reply to this message has left."""
        if not self.confirms(incoming):
            return
        sending = self._sending.pop((incoming.contact, incoming.message_id), None)
        session = sending.session if sending else None
        for _ in range(TRIES):
            session = session or self._sessions.load(incoming.contact)
            rest = tuple(unsent for unsent in session.unsent if unsent.message_id != incoming.message_id)
            if rest == session.unsent or self._sessions.save(msgspec.structs.replace(session, unsent=rest)):
                return
            session = None

    def renew(self) -> None:
        """A sign of life for the answers that are still being sent; to be called every third of the lease."""
        now = self._now()
        for key, sending in list(self._sending.items()):
            if sending.since + LONGEST < now:
                self._sending.pop(key, None)  # it broke on the way out, and nobody confirmed it
            elif sending.until < now + self._lease * 2 / 3:
                self._renew(*key)

    def _renew(self, contact: Contact, message_id: str) -> None:
        for _ in range(TRIES):
            session = self._sessions.load(contact)
            mine = any(u.message_id == message_id and u.worker == self._worker for u in session.unsent)
            if (contact, message_id) not in self._sending or not mine:
                return  # it has just left, or somebody took it over
            if self._hold(session, Incoming(contact=contact, message_id=message_id)):
                return

    def _hold(self, session: Session, incoming: Incoming) -> bool:
        """Save a session in which this process is to send the answer to a message; False: somebody else was first."""
        if not self.confirms(incoming):
            return self._sessions.save(session)
        now = self._now()
        until = now + self._lease
        unsent = tuple(
            Unsent(u.message_id, self._worker, u.reply, until) if u.message_id == incoming.message_id else u
            for u in session.unsent
        )
        session = msgspec.structs.replace(session, unsent=unsent)
        if not self._sessions.save(session):
            return False
        saved = msgspec.structs.replace(session, version=session.version + 1)
        key = (incoming.contact, incoming.message_id)
        before = self._sending.get(key)
        self._sending[key] = _Sending(saved, before.since if before else now, until)
        return True

    def _again(self, session: Session, incoming: Incoming) -> Answer | None:
        """A redelivery: silence, unless another process was to send the answer and died before it did."""
        unsent = next((unsent for unsent in session.unsent if unsent.message_id == incoming.message_id), None)
        if unsent is None:
            return None
        if self.confirms(incoming):
            if unsent.worker == self._worker:
                return None
            if unsent.until and (left := (unsent.until - self._now()).total_seconds()) > 0:
                raise InHand(left)
            if not self._hold(session, incoming):
                raise InHand(0)
        return Answer(reply=unsent.reply)
