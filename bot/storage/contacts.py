"""Who can be reached on which channel, and when each person was last heard."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, or_, select, update

from bot.messages import Contact
from bot.notice_records import Reached
from bot.storage.database import insert_missing, reading
from bot.storage.tables import contacts

SEEN_AGAIN_AFTER: Final = timedelta(minutes=10)
"""How exactly `last_seen_at` is kept: the suppliers' windows last days, and most messages need no write for it."""


class ContactStore:
    """Contacts come into being with the first thing known of them; an unknown one counts as reachable."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._now = now

    def get(self, contact: Contact) -> Reached:
        """What is known of a contact."""
        with self._reading.connect() as connection:
            row = connection.execute(select(contacts).where(is_contact(contact))).one_or_none()
        return Reached(contact=contact) if row is None else _reached(row)

    def reachable(self, contact: Contact, reachable: bool, reason: str = "", *, at: datetime | None = None) -> None:  # noqa: FBT001
        """Note that a person blocked (False) or unblocked (True) us: the channels' `on_reachable`.

        at: when it happened, where the supplier says so; what happened before the last thing known is not noted.
        """
        changes: dict[str, Any] = {"reachable": reachable, "reason": reason or ("" if reachable else "blocked")}
        with self._engine.begin() as connection:
            if at is None:
                mark(connection, contact, **changes)
                return
            mark(connection, contact)
            newer = or_(contacts.c.told_at.is_(None), contacts.c.told_at <= at)
            if not reachable:  # whoever wrote afterwards is there
                newer &= or_(contacts.c.last_seen_at.is_(None), contacts.c.last_seen_at <= at)
            connection.execute(update(contacts).where(is_contact(contact), newer).values(told_at=at, **changes))

    def seen(self, contact: Contact) -> None:
        """Note that a person wrote just now, to within SEEN_AGAIN_AFTER; whoever writes can be reached again."""
        known, now = self.get(contact), self._now()
        if known.reachable and known.last_seen_at and now - known.last_seen_at < SEEN_AGAIN_AFTER:
            return
        with self._engine.begin() as connection:
            mark(connection, contact, reachable=True, reason="", last_seen_at=now)

    def last_seen(self, contact: Contact) -> datetime | None:
        """When the person last wrote; None if never."""
        return self.get(contact).last_seen_at


def is_contact(contact: Contact) -> ColumnElement[bool]:
    """The row of a contact."""
    return (contacts.c.channel == contact.channel) & (contacts.c.contact_id == contact.id)


def fresh(contact: Contact) -> dict[str, Any]:
    """The row of a contact of whom nothing is known."""
    return {
        "channel": contact.channel, "contact_id": contact.id, "reachable": True, "reason": "", "day": "",
        "day_count": 0,
    }  # fmt: skip


def mark(connection: Connection, contact: Contact, **changes: Any) -> None:
    """Change the row of a contact, which is made if it is not there."""
    if "reason" in changes:
        changes["reason"] = changes["reason"][:300]
    if not changes:
        insert_missing(connection, contacts, [fresh(contact)])
        return
    change = update(contacts).where(is_contact(contact)).values(**changes)
    if connection.execute(change).rowcount == 0:
        insert_missing(connection, contacts, [fresh(contact)])
        connection.execute(change)


def _reached(row: Any) -> Reached:
    return Reached(
        contact=Contact(row.channel, row.contact_id),
        reachable=row.reachable,
        reason=row.reason,
        last_seen_at=row.last_seen_at,
    )
