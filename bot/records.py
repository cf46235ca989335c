"""What is remembered. Frozen records; storage hands these out, rows never leave it."""

from datetime import datetime

import msgspec

from bot.messages import Choice, Contact, Reply
from bot.question_records import Asked


class Unsent(msgspec.Struct, frozen=True):
    """A reply that was decided and saved but not yet reported as sent, and the process that is to send it.

    until: so long nobody else may send it; a living process puts it off again and again. None: nobody holds it.
    """

    message_id: str
    worker: str
    reply: Reply
    until: datetime | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """All that must be remembered between two messages of one person on one channel.

    expects: link of the page that reads the next free text; lapses (see `Session.expected`).
    offered: the last choices, so that "2" works where there are no buttons.
    topic: code of the procedure being talked about.
    trail: links of the pages shown, newest last, for "quay lại".
    passing: whether the last answer was a passing remark that the trail leaves out.
    ticks: per checklist (code and case) the indexes of the papers that the person has.
    seen: the last message ids; a redelivery is answered once.
    unsent: replies whose sending was not confirmed; a redelivery after a crash gets them.
    asked: the question that the talk is about, without anything that says who asked it.
    version: 0 for a session never saved; saved by compare-and-set.
    """

    contact: Contact
    expects: str | None = None
    expects_since: datetime | None = None
    offered: tuple[Choice, ...] = ()
    topic: str | None = None
    trail: tuple[str, ...] = ()
    passing: bool = False
    ticks: dict[str, tuple[int, ...]] = msgspec.field(default_factory=dict)
    seen: tuple[str, ...] = ()
    unsent: tuple[Unsent, ...] = ()
    asked: Asked | None = None
    version: int = 0

    @property
    def before(self) -> str:
        """The question that led to the topic; nothing where something else did, a button or a code."""
        asked = self.asked
        return asked.text if asked and self.topic and asked.opened == self.topic else ""

    @property
    def unanswered(self) -> str:
        """The question that no procedure was opened for, where there is one: what comes next may tell more of it."""
        return self.asked.text if self.asked and not self.topic and not self.asked.opened else ""
