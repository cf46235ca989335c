"""Which messages of residents were taken, on whichever machine: suppliers deliver some again, for hours or days."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Engine, delete, select

from bot.messages import Contact
from bot.storage.database import insert_missing, reading
from bot.storage.tables import taken_messages

KEPT: Final = timedelta(days=8)
"""Zalo asks to keep ids for seven days."""


class TakenMessages:
    """Ids without whoever wrote them or what. A session remembers a person's latest ids itself, and decides in a race;
    here are those that it had no room for.
    """

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine, self._reading, self._now = engine, reading(engine), now

    def known(self, contact: Contact, message_id: str) -> bool:
        """Whether the answer to this message has left before."""
        mine = (taken_messages.c.channel == contact.channel) & (taken_messages.c.message_id == message_id[:128])
        with self._reading.connect() as connection:
            return connection.execute(select(taken_messages.c.at).where(mine)).first() is not None

    def keep(self, contact: Contact, message_ids: Sequence[str]) -> None:
        """Remember ids that a session has no room for any more, and forget the oldest."""
        now = self._now()
        rows = [{"channel": contact.channel, "message_id": one[:128], "at": now} for one in message_ids]
        with self._engine.begin() as connection:
            connection.execute(delete(taken_messages).where(taken_messages.c.at < now - KEPT))
            insert_missing(connection, taken_messages, rows)
