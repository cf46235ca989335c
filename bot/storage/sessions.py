"""Sessions by compare-and-set."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.messages import Contact
from bot.records import Session
from bot.storage.database import reading
from bot.storage.tables import sessions


class SessionStore:
    """Loads and saves sessions; several processes may serve one person."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._now = now

    def load(self, contact: Contact) -> Session:
        """The saved session, or a fresh one with version 0."""
        query = select(sessions.c.state, sessions.c.version).where(
            sessions.c.channel == contact.channel, sessions.c.contact_id == contact.id
        )
        with self._reading.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return Session(contact=contact)
        return msgspec.structs.replace(msgspec.json.decode(row.state, type=Session), version=row.version)

    def save(self, session: Session) -> bool:
        """Save if the stored version is still `session.version`; False where somebody else was first."""
        state = msgspec.json.encode(session).decode()
        contact, version, now = session.contact, session.version, self._now()
        with self._engine.connect() as connection:
            if version == 0:
                try:
                    connection.execute(
                        insert(sessions).values(
                            channel=contact.channel, contact_id=contact.id, version=1, state=state, updated_at=now
                        )
                    )
                except IntegrityError:
                    return False
            else:
                changed = connection.execute(
                    update(sessions)
                    .where(
                        sessions.c.channel == contact.channel,
                        sessions.c.contact_id == contact.id,
                        sessions.c.version == version,
                    )
                    .values(version=version + 1, state=state, updated_at=now)
                )
                if changed.rowcount != 1:
                    return False
            connection.commit()
        return True

    def forget(self, contact: Contact) -> bool:
        """Erase a person's session; whether there was one."""
        with self._engine.begin() as connection:
            erased = connection.execute(
                delete(sessions).where(sessions.c.channel == contact.channel, sessions.c.contact_id == contact.id)
            )
        return erased.rowcount > 0

    def forget_unused(self, older_than: timedelta) -> int:
        """Erase the sessions of people who have not written for so long; how many."""
        with self._engine.begin() as connection:
            erased = connection.execute(delete(sessions).where(sessions.c.updated_at < self._now() - older_than))
        return erased.rowcount
