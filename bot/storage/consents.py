"""Who agreed to be written to, about what, when, and with which sentence."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.dossier_records import Consent
from bot.messages import Contact
from bot.storage.tables import consents


class ConsentStore:
    """Consents; one row a person and scope, given again after a withdrawal."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now

    def give(self, contact: Contact, scope: str, text_version: str) -> Consent:
        """Agree; an agreement to the same text that still stands keeps its time."""
        fresh = {"text_version": text_version, "given_at": self._now(), "withdrawn_at": None}
        stands = (consents.c.withdrawn_at.is_(None)) & (consents.c.text_version == text_version)
        renew = update(consents).where(_is(contact, scope), ~stands).values(**fresh)
        new = insert(consents).values(channel=contact.channel, contact_id=contact.id, scope=scope, **fresh)
        try:
            with self._engine.begin() as connection:
                connection.execute(renew)
                found = _find(connection, contact, scope)
                if found is None:
                    connection.execute(new)
                    found = _find(connection, contact, scope)
        except IntegrityError:  # another process was first
            return self.give(contact, scope, text_version)
        assert found is not None
        return found

    def withdraw(self, contact: Contact, scope: str) -> bool:
        """Take an agreement back; whether there was one."""
        return self._withdraw(_is(contact, scope)) > 0

    def withdraw_all(self, contact: Contact) -> int:
        """Take every agreement of a person back; how many stood."""
        return self._withdraw(_of(contact))

    def _withdraw(self, which: ColumnElement[bool]) -> int:
        end = update(consents).where(which, consents.c.withdrawn_at.is_(None)).values(withdrawn_at=self._now())
        with self._engine.begin() as connection:
            return connection.execute(end).rowcount

    def of(self, contact: Contact) -> list[Consent]:
        """What a person agrees to now, oldest first."""
        query = select(consents).where(_of(contact), consents.c.withdrawn_at.is_(None)).order_by(consents.c.given_at)
        with self._engine.connect() as connection:
            return [_consent(row) for row in connection.execute(query)]

    def erase(self, contact: Contact) -> int:
        """Erase a person's consents, withdrawn ones included; how many."""
        with self._engine.begin() as connection:
            return connection.execute(delete(consents).where(_of(contact))).rowcount


def is_consented(connection: Connection, contact: Contact, scope: str) -> bool:
    """Whether a person agrees at this moment; to be asked in the transaction that acts on it."""
    query = select(consents.c.scope).where(_is(contact, scope), consents.c.withdrawn_at.is_(None))
    return connection.execute(query).first() is not None


def consenting(connection: Connection, scopes: Iterable[str]) -> list[Consent]:
    """Everybody who agrees to one of these scopes now."""
    query = select(consents).where(consents.c.scope.in_(list(scopes)), consents.c.withdrawn_at.is_(None))
    return [_consent(row) for row in connection.execute(query)]


def _of(contact: Contact) -> ColumnElement[bool]:
    return (consents.c.channel == contact.channel) & (consents.c.contact_id == contact.id)


def _is(contact: Contact, scope: str) -> ColumnElement[bool]:
    return _of(contact) & (consents.c.scope == scope)


def _find(connection: Connection, contact: Contact, scope: str) -> Consent | None:
    row = connection.execute(select(consents).where(_is(contact, scope))).one_or_none()
    return None if row is None else _consent(row)


def _consent(row: Row[Any]) -> Consent:
    contact = Contact(row.channel, row.contact_id)
    return Consent(contact, row.scope, row.text_version, row.given_at, row.withdrawn_at)
