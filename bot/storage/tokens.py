"""Tokens of suppliers that rotate, one pair an account, and the lease of who may renew them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import Engine, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from bot.storage.tables import supplier_tokens as table


class StoredTokens(msgspec.Struct, frozen=True, kw_only=True):
    """A pair of tokens; `version` counts the pairs of this account, from 1."""

    access: str
    refresh: str
    obtained_at: datetime
    expires_at: datetime
    version: int

    def __repr__(self) -> str:
        return f"StoredTokens(version={self.version}, expires_at={self.expires_at:%Y-%m-%d %H:%M})"


class SqlTokens:
    """The pair of one account ("zalo:<app id>:<account id>"), shared by all processes."""

    def __init__(self, engine: Engine, account: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine, self._account, self._now = engine, account, now

    def load(self) -> StoredTokens | None:
        """The newest pair; None before an administrator gave consent."""
        with self._engine.connect() as connection:
            row = connection.execute(select(table).where(table.c.account == self._account)).one_or_none()
        if row is None:
            return None
        return StoredTokens(
            access=row.access,
            refresh=row.refresh,
            obtained_at=row.obtained_at,
            expires_at=row.expires_at,
            version=row.version,
        )

    def save(self, *, access: str, refresh: str, obtained_at: datetime, expires_at: datetime, version: int) -> bool:
        """Keep the successor of `version - 1`; False where that is not the newest any more."""
        pair = {
            "access": access,
            "refresh": refresh,
            "obtained_at": obtained_at,
            "expires_at": expires_at,
            "version": version,
        }
        with self._engine.connect() as connection:
            if version == 1:
                try:
                    connection.execute(insert(table).values(account=self._account, **pair))
                except IntegrityError:
                    return False
            else:
                mine = (table.c.account == self._account, table.c.version == version - 1)
                if connection.execute(update(table).where(*mine).values(**pair)).rowcount != 1:
                    return False
            connection.commit()
        return True

    def lock(self, holder: str, lease: timedelta) -> bool:
        """Whether this holder alone may renew the pair until the lease ends; an ended lease can be taken over."""
        now = self._now()
        free = or_(table.c.held_until.is_(None), table.c.held_until <= now)
        with self._engine.begin() as connection:
            taken = connection.execute(
                update(table)
                .where(table.c.account == self._account, free)
                .values(holder=holder, held_until=now + lease)
            )
        return taken.rowcount == 1

    def unlock(self, holder: str) -> None:
        """End the lease, if it is still this holder's."""
        mine = (table.c.account == self._account, table.c.holder == holder)
        with self._engine.begin() as connection:
            connection.execute(update(table).where(*mine).values(holder=None, held_until=None))
