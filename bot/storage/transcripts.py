"""What was said on the web chat, kept while the visit lasts."""

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import Connection, Engine, delete, insert, select, update

from bot.messages import Reply
from bot.storage.database import reading
from bot.storage.tables import exchanges, sessions, transcripts

CHANNEL: Final = "web"
"""The channel whose sessions end with the transcript."""
PIECE: Final = 500
"""Visitors asked for in one statement; databases limit the number of parameters."""


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One thing said by the visitor (None: nothing to show) together with its answer (None: silence).

    `number` counts from 1 without gaps within the visitor. `replaces` is the number of the exchange in whose place
    this one is shown; that one was itself not a replacement, and what was said with it stays.
    """

    number: int
    message_id: str
    said: str | None = None
    reply: Reply | None = None
    replaces: int | None = None


class TranscriptStore:
    """Transcripts by visitor, a hash of 64 hexadecimal digits. Numbers are given in the order of the commits: whoever
    has read up to a number has missed nothing before it, whichever processes write.
    """

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._reading = reading(engine)
        self._now = now

    def open(self, visitor: str) -> None:
        """Begin the transcript of a new visitor."""
        with self._engine.begin() as connection:
            connection.execute(insert(transcripts).values(visitor=visitor, last=0, updated_at=self._now()))

    def history(self, visitor: str, *, after: int = 0, latest: int = 1_000_000) -> list[Exchange] | None:
        """The latest exchanges after a number, in order; None for an unknown or forgotten visitor."""
        query = (
            select(exchanges.c.body)
            .where(exchanges.c.visitor == visitor, exchanges.c.number > after)
            .order_by(exchanges.c.number.desc())
            .limit(latest)
        )
        with self._reading.connect() as connection:
            if connection.execute(select(transcripts.c.last).where(transcripts.c.visitor == visitor)).first() is None:
                return None
            found = connection.execute(query).scalars().all()
        return [_exchange(body) for body in reversed(found)]

    def find(self, visitor: str, message_id: str) -> Exchange | None:
        """What was stored for a message."""
        with self._reading.connect() as connection:
            return _find(connection, visitor, message_id)

    def add(
        self,
        visitor: str,
        message_id: str,
        *,
        said: str | None,
        reply: Reply | None,
        on: int | None = None,
        unasked: bool = False,
    ) -> Exchange | None:
        """Store an exchange; None if the visitor is gone. A message id already stored gives what was stored then.

        `on` is the number of the exchange whose button was pressed. `unasked`: it does not make the visit last longer.
        """
        used = {} if unasked else {"updated_at": self._now()}
        mine = update(transcripts).where(transcripts.c.visitor == visitor)
        taken = mine.values(last=transcripts.c.last + 1, **used)
        # the update locks the visitor's row, so the numbers of two processes never cross
        with self._engine.connect() as connection:
            if connection.execute(taken).rowcount != 1:
                return None
            if stored := _find(connection, visitor, message_id):
                return stored  # without a commit: the number is not used up
            number = connection.execute(select(transcripts.c.last).where(transcripts.c.visitor == visitor)).scalar_one()
            replaces = None
            if on is not None and reply and reply.replaces and (pressed := _numbered(connection, visitor, on)):
                replaces, said = pressed.replaces or pressed.number, pressed.said
            exchange = Exchange(
                number=number,
                message_id=message_id,
                said=said and said.replace("\0", ""),  # as the database keeps it
                reply=reply,
                replaces=replaces,
            )
            body = msgspec.json.encode(exchange).decode()
            connection.execute(
                insert(exchanges).values(visitor=visitor, number=number, message_id=message_id, body=body)
            )
            connection.commit()
        return _exchange(body)

    def show(self, visitor: str, number: int) -> None:
        """A page of the visitor has fetched what was told unasked, up to this number."""
        mine = update(transcripts).where(transcripts.c.visitor == visitor, transcripts.c.shown < number)
        with self._engine.begin() as connection:
            connection.execute(mine.values(shown=number))

    def shown(self, visitor: str) -> int:
        """Up to which number what was told unasked was fetched."""
        with self._reading.connect() as connection:
            found = connection.execute(select(transcripts.c.shown).where(transcripts.c.visitor == visitor)).scalar()
        return found or 0

    def last(self, visitors: Collection[str]) -> dict[str, int]:
        """The newest number of each visitor; those who are gone are missing."""
        everyone = list(visitors)
        newest: dict[str, int] = {}
        with self._reading.connect() as connection:
            for start in range(0, len(everyone), PIECE):
                query = select(transcripts.c.visitor, transcripts.c.last).where(
                    transcripts.c.visitor.in_(everyone[start : start + PIECE])
                )
                newest.update((row.visitor, row.last) for row in connection.execute(query))
        return newest

    def erase(self, visitor: str) -> None:
        """Erase a transcript, and the conversation's session with it."""
        with self._engine.begin() as connection:
            _erase(connection, [visitor])

    def clear(self, visitor: str) -> None:
        """Erase what was said; the visit goes on."""
        with self._engine.begin() as connection:
            connection.execute(delete(exchanges).where(exchanges.c.visitor == visitor))

    def purge(self, unused_for: timedelta) -> int:
        """Erase the transcripts of those who have not written for so long, with their sessions; how many."""
        before = self._now() - unused_for
        with self._engine.begin() as connection:
            old = connection.execute(select(transcripts.c.visitor).where(transcripts.c.updated_at < before))
            visitors = list(old.scalars())
            for start in range(0, len(visitors), PIECE):
                _erase(connection, visitors[start : start + PIECE])
            # an answer that was under way while its visitor erased everything may have left a session behind
            connection.execute(delete(sessions).where(sessions.c.channel == CHANNEL, sessions.c.updated_at < before))
        return len(visitors)


def _exchange(body: str) -> Exchange:
    return msgspec.json.decode(body, type=Exchange)


def _find(connection: Connection, visitor: str, message_id: str) -> Exchange | None:
    query = select(exchanges.c.body).where(exchanges.c.visitor == visitor, exchanges.c.message_id == message_id)
    body = connection.execute(query).scalar_one_or_none()
    return None if body is None else _exchange(body)


def _numbered(connection: Connection, visitor: str, number: int) -> Exchange | None:
    query = select(exchanges.c.body).where(exchanges.c.visitor == visitor, exchanges.c.number == number)
    body = connection.execute(query).scalar_one_or_none()
    return None if body is None else _exchange(body)


def _erase(connection: Connection, visitors: list[str]) -> None:
    connection.execute(delete(transcripts).where(transcripts.c.visitor.in_(visitors)))
    connection.execute(delete(sessions).where(sessions.c.channel == CHANNEL, sessions.c.contact_id.in_(visitors)))
