"""Handing a conversation to an officer: what the conversation asks, what staff do, and when it ends by itself."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from bot.handover_records import Handover
from bot.messages import Contact
from bot.notice_records import Kind, NewNotice
from bot.services.notice_templates import Templates, checked, newest, shorten

MINUTES: Final = 15
DAYS: Final = 30
PATIENCE: Final = 3
"""Times the set minutes after which the assistant comes back to whoever writes and writes without an answer."""
REPLIES_ON: Final = frozenset({"telegram", "zalo", "zalobot", "web"})
"""Channels on which an officer's words can reach somebody unasked."""


class Handovers(Protocol):
    """What the conversation asks."""

    def offered(self, contact: Contact) -> bool:
        """Whether officers can write to this person."""

    def open(self, contact: Contact, *, agency: str, topic: str, page: str, text: str, later: bool) -> int:
        """Put a question (without identifying numbers) into the queue; its place, 0 where it is for later."""

    def current(self, contact: Contact) -> Handover | None:
        """The talk with an officer that is under way."""

    def lapsed(self, contact: Contact) -> bool:
        """End the talk if no officer has stirred for the set time; whether this call ended it."""

    def add(self, contact: Contact, message_id: str, text: str) -> bool:
        """Hand a message to the officer; False: the assistant answers it. The same id again: the same outcome."""

    def leave(self, contact: Contact) -> bool:
        """The resident wants the assistant back; whether a talk was under way."""

    def leave_phone(self, contact: Contact, phone: str) -> bool:
        """Leave a number for a call back; False where no talk is under way."""


class NoHandovers:
    """Where nobody sits at the console."""

    def offered(self, _contact: Contact) -> bool:
        """See Handovers."""
        return False

    def open(self, *_what: Any, **_question: Any) -> int:
        """See Handovers."""
        return 0

    def current(self, _contact: Contact) -> Handover | None:
        """See Handovers."""
        return None

    def lapsed(self, _contact: Contact) -> bool:
        """See Handovers."""
        return False

    def add(self, _contact: Contact, _message_id: str, _text: str) -> bool:
        """See Handovers."""
        return False

    def leave(self, _contact: Contact) -> bool:
        """See Handovers."""
        return False

    def leave_phone(self, _contact: Contact, _phone: str) -> bool:
        """See Handovers."""
        return False


class KeptHandovers:
    """Handovers of the database. store: see bot.storage.handovers. minutes: after so long without a sign of life (words
    of either, the officer's typing) the assistant comes back. days: closed talks are kept so long.
    """

    def __init__(
        self,
        store: Any,
        outbox: Any,
        templates: Templates,
        *,
        minutes: int = MINUTES,
        days: int = DAYS,
        replies_on: Collection[str] = REPLIES_ON,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.store, self._outbox, self._templates = store, outbox, templates
        self._idle, self._kept, self._now = timedelta(minutes=minutes), timedelta(days=days), now
        self._replies_on = frozenset(replies_on)

    def offered(self, contact: Contact) -> bool:
        """See Handovers."""
        return contact.channel in self._replies_on

    def open(self, contact: Contact, *, agency: str, topic: str, page: str, text: str, later: bool) -> int:
        """See Handovers."""
        opened = self.store.open(contact, agency=agency, topic=topic, page=page, text=text, later=later)
        return 0 if later else self.store.place(opened)

    def current(self, contact: Contact) -> Handover | None:
        """See Handovers."""
        found: Handover | None = self.store.current(contact) if self.offered(contact) else None
        return found

    def lapsed(self, contact: Contact) -> bool:
        """See Handovers."""
        now = self._now()
        return bool(self.store.lapse(now - self._idle, contact, unanswered=now - self._idle * PATIENCE))

    def add(self, contact: Contact, message_id: str, text: str) -> bool:
        """See Handovers."""
        return bool(self.store.add(contact, message_id[:128], text))

    def leave(self, contact: Contact) -> bool:
        """See Handovers."""
        return bool(self.store.leave(contact))

    def leave_phone(self, contact: Contact, phone: str) -> bool:
        """See Handovers."""
        return bool(self.store.leave_phone(contact, phone))

    # --- staff ---

    def say(self, handover_id: int, officer: str, text: str, *, kept: str | None = None, key: str = "") -> bool:
        """An officer's words to the resident; raises TemplateError where they are too long.

        kept: the words as they stay in the talk, where that is not as they are sent. key: of the form, so that one
        that is sent twice says it once.
        """
        said = self.store.said(handover_id)
        question = shorten(" ".join(said[0].text.split()), 200) if said else ""

        def make(handover: Handover, number: int) -> NewNotice:
            asked = question if handover.later else ""
            return self._notice(handover, number, Kind.HANDOVER, {"text": text, "question": asked})

        key = f"officer|{key}"[:128] if key else ""
        return bool(self.store.say(handover_id, officer, text if kept is None else kept, self._outbox, make, key=key))

    def close(self, handover_id: int, officer: str, seen: int) -> bool:
        """End a talk; False where the resident has written after `seen`, or it is not theirs."""
        return bool(self.store.close(handover_id, officer, seen, self._outbox, self._over))

    def tidy(self) -> int:
        """End what nobody tends, telling the residents, put back the questions that an officer took and left, and
        forget what was kept long enough; how many ended.
        """

        def tell(connection: Any, handover: Handover) -> None:
            self._outbox.add(connection, [self._over(handover, handover.last + 1)])

        now = self._now()
        ended: int = self.store.lapse(now - self._idle, unanswered=now - self._idle * PATIENCE, tell=tell)
        self.store.release(now - self._idle)
        self.store.purge(self._now() - self._kept)
        return ended

    def _over(self, handover: Handover, number: int) -> NewNotice:
        return self._notice(handover, number, Kind.HANDOVER_END, {})

    def _notice(self, handover: Handover, number: int, kind: Kind, fields: dict[str, str]) -> NewNotice:
        template = newest(self._templates, kind)
        scope = f"handover:{handover.id}"
        return NewNotice(
            key=f"{scope}:{number}:{kind}", contact=handover.contact, kind=kind, template=template.id,
            template_version=template.version, fields=checked(template, fields), scope=scope,
        )  # fmt: skip
