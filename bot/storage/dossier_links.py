"""Links that open the look-up of one dossier without naming it: random tokens, kept as hashes, that end."""

import hashlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Engine, delete, insert, or_, select, update

from bot.storage.tables import dossier_links

DAYS: Final = 90
"""How long a link opens: as long as most dossiers take, and some more."""


class DossierLinkStore:
    """A link serves whoever first shows the right digits, and nobody else from then on."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now

    def make(self, code: str, days: int = DAYS) -> tuple[str, datetime]:
        """A new token for a dossier and when it ends; links that have ended are forgotten."""
        now, token = self._now(), secrets.token_urlsafe(16)
        ends = now + timedelta(days=days)
        with self._engine.begin() as connection:
            connection.execute(delete(dossier_links).where(dossier_links.c.expires_at <= now))
            connection.execute(
                insert(dossier_links).values(token_hash=_hash(token), code=code, expires_at=ends, used_by="")
            )
        return token, ends

    def find(self, token: str, person: str) -> str | None:
        """The code behind a token, for who has used it (a keyed hash) or while nobody has."""
        query = select(dossier_links.c.code).where(self._open(token, person))
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none()

    def use(self, token: str, person: str) -> None:
        """From now on it is this person's alone."""
        with self._engine.begin() as connection:
            connection.execute(update(dossier_links).where(self._open(token, person)).values(used_by=person))

    def erase(self, person: str) -> None:
        """Forget the links that a person has used."""
        with self._engine.begin() as connection:
            connection.execute(delete(dossier_links).where(dossier_links.c.used_by == person))

    def _open(self, token: str, person: str) -> ColumnElement[bool]:
        mine = or_(dossier_links.c.used_by == "", dossier_links.c.used_by == person)
        return (dossier_links.c.token_hash == _hash(token)) & (dossier_links.c.expires_at > self._now()) & mine


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
