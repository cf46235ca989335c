"""Dossiers, who has opened them, and the wrong tries at them."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, Table, delete, insert, select, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError

from bot.dossier_changes import decide
from bot.dossier_records import UNDER_WAY, Change, Dossier, Follower, Kept, Outcome, Status, Tries, dossier_scope
from bot.messages import Contact
from bot.storage.consents import consenting
from bot.storage.tables import attempts, consents, dossiers, openings
from knowledge_base.text import fold

log: Final = logging.getLogger(__name__)

OnChange = Callable[[Connection, Dossier, Dossier | None], None]
"""Called in the transaction that keeps a change: connection, the dossier now, the dossier before."""

PIECE: Final = 500
"""Dossiers kept in one transaction."""
TRIES: Final = 5
WINDOW: Final = timedelta(minutes=15)
REMEMBERED: Final = timedelta(days=30)
"""How long staff can see wrong tries."""


def nobody_to_tell(_connection: Connection, _dossier: Dossier, _before: Dossier | None) -> None:
    """The hook where nobody is told of changes."""


class DossierStore:
    """Dossiers by code; changes are kept once, in the order of their versions, whichever processes bring them."""

    def __init__(
        self,
        engine: Engine,
        on_change: OnChange = nobody_to_tell,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = engine
        self.on_change = on_change
        self._now = now

    def any(self) -> bool:
        """Whether there is any dossier at all."""
        with self._engine.connect() as connection:
            return connection.execute(select(dossiers.c.code).limit(1)).first() is not None

    def get(self, code: str) -> Dossier | None:
        """The dossier with this normalised code."""
        return next(iter(self.get_all([code])), None)

    def get_all(self, codes: Iterable[str]) -> list[Dossier]:
        """The dossiers of these codes that exist, by code."""
        wanted = list(codes)
        with self._engine.connect() as connection:
            found = [
                dossier
                for start in range(0, len(wanted), PIECE)
                for dossier in _read(connection, dossiers.c.code.in_(wanted[start : start + PIECE])).values()
            ]
        return sorted(found, key=lambda dossier: dossier.code)

    def by_phone(self, phone_hash: str) -> list[Dossier]:
        """The dossiers of a phone number, given as its keyed hash."""
        with self._engine.connect() as connection:
            return list(_read(connection, dossiers.c.phone_hash == phone_hash).values()) if phone_hash else []

    def by_identity(self, identity_hash: str) -> list[Dossier]:
        """The dossiers of an identity number, given as its keyed hash."""
        with self._engine.connect() as connection:
            return list(_read(connection, dossiers.c.identity_hash == identity_hash).values()) if identity_hash else []

    def under_way(self) -> list[str]:
        """The codes of the dossiers that still await a result."""
        query = select(dossiers.c.code).where(dossiers.c.status.in_([int(status) for status in UNDER_WAY]))
        with self._engine.connect() as connection:
            return sorted(connection.execute(query).scalars())

    def upsert(self, change: Change) -> Kept:
        """Keep a change; the hook runs in the same transaction."""
        return self.upsert_all([change])[0]

    def upsert_all(self, changes: Iterable[Change], *, write: bool = True) -> list[Kept]:
        """Keep many changes in their order, some hundred in one transaction; `write=False` only tells the outcomes.

        One that the database refuses (FAILED) loses no other.
        """
        kept: list[Kept] = []
        for piece in _pieces(changes):
            try:
                kept.extend(self._keep_piece(piece, write=write))
            except (StatementError, OverflowError, UnicodeError) as refusal:
                if not _of_a_value(refusal):
                    raise
                kept.extend(self._keep_or_fail(change, write=write) for change in piece)
        return kept

    def _keep_or_fail(self, change: Change, *, write: bool) -> Kept:
        try:
            return self._keep_piece([change], write=write)[0]
        except (StatementError, OverflowError, UnicodeError) as refusal:
            if not _of_a_value(refusal):
                raise
            log.error("a dossier could not be kept (%s)", type(refusal).__name__)  # without the values
            unkept = Dossier(code=change.code, status=Status.PROCESSING, status_version=0, updated_at=self._now())
            return Kept(Outcome.FAILED, unkept)

    def _keep_piece(self, piece: list[Change], *, write: bool) -> list[Kept]:
        while True:
            try:
                with self._engine.connect() as connection, connection.begin() as transaction:
                    outcomes = self._keep(connection, piece)
                    if not write:
                        transaction.rollback()
                    return outcomes
            except IntegrityError:  # another process has just created one of them: now it can be read
                continue

    def _keep(self, connection: Connection, piece: list[Change]) -> list[Kept]:
        stored = _read(connection, dossiers.c.code.in_([change.code for change in piece]), lock=True)
        kept = [decide(stored.get(change.code), change, self._now()) for change in piece]
        created = [result.dossier for result in kept if result.outcome is Outcome.CREATED]
        if created:
            connection.execute(insert(dossiers), [_row(dossier) for dossier in created])
        for result in kept:
            # an unchanged dossier may still have a newer number or time of its source
            if result.outcome is not Outcome.CREATED and result.dossier != stored[result.dossier.code]:
                which = dossiers.c.code == result.dossier.code
                connection.execute(update(dossiers).where(which).values(_row(result.dossier)))
        for result in kept:
            if result.outcome in (Outcome.CREATED, Outcome.CHANGED) and not result.backwards:
                self.on_change(connection, result.dossier, stored.get(result.dossier.code))
        return kept

    def followers(self, code: str) -> list[Follower]:
        """Who is told when a dossier changes."""
        with self._engine.connect() as connection:
            return followers(connection, code)

    def check(self, person: str, contact: Contact, code: str, digits: str) -> bool | timedelta:
        """Whether these are the last digits of a dossier's phone or identity number; else how long to wait."""
        checked = self.check_among(person, contact, [code], digits)
        return checked if isinstance(checked, timedelta) else checked is not None

    def check_among(self, person: str, contact: Contact, codes: Sequence[str], digits: str) -> str | timedelta | None:
        """Which of a few dossiers has these last digits of its phone or identity number, None for none; else how long
        to wait.

        `person` is the keyed hash under which the contact's tries are counted. A try is counted before it is looked
        at, for the person and for every dossier, and given back if it was right, in one transaction. The same
        statements run whether the dossiers exist, the digits are wrong, or both.
        """
        now = self._now()
        keys = [("person", person), *(("dossier", code) for code in sorted(codes))]
        for kind, subject in keys:
            self._make_room(kind, subject, contact.channel if kind == "person" else "", now)
        known = select(dossiers.c.code, dossiers.c.phone_last4, dossiers.c.identity_last4)
        known = known.where(dossiers.c.code.in_(codes)).order_by(dossiers.c.code)
        with self._engine.begin() as connection:
            recent = [_lock(connection, kind, subject, now) for kind, subject in keys]
            ends = [moments[0] + WINDOW - now for moments in recent if len(moments) >= TRIES]
            rows = connection.execute(known).all()
            right = [row.code for row in rows if digits and digits in (row.phone_last4, row.identity_last4)]
            for (kind, subject), moments in zip(keys, recent, strict=True):
                said = {"refused": attempts.c.refused + 1} if ends else {"wrong": attempts.c.wrong + int(not right)}
                after = moments if ends or right else [*moments, now]
                connection.execute(
                    update(attempts)
                    .where(_tried(kind, subject))
                    .values(recent=_encoded(after), last_at=now, forget_at=now + REMEMBERED, **said)
                )
        return max(ends) if ends else next(iter(right), None)

    def _make_room(self, kind: str, subject: str, channel: str, now: datetime) -> None:
        """A row to count in. Its own transaction: a lost race leaves a broken one on PostgreSQL."""
        fresh = {"channel": channel, "version": 0, "recent": "[]", "wrong": 0, "refused": 0, "last_at": now}
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(attempts).where(attempts.c.forget_at <= now))
                if connection.execute(select(attempts.c.kind).where(_tried(kind, subject))).first() is None:
                    row = {"kind": kind, "subject": subject, "forget_at": now + REMEMBERED, **fresh}
                    connection.execute(insert(attempts).values(**row))
        except IntegrityError:
            pass

    def forget_right(self, code: str) -> None:
        """Forget that a dossier was asked for, unless wrong tries at it are still counted or shown to staff."""
        with self._engine.begin() as connection:
            idle = (attempts.c.recent == "[]") & (attempts.c.wrong == 0) & (attempts.c.refused == 0)
            connection.execute(delete(attempts).where(_tried("dossier", code), idle))

    def opened(self, contact: Contact, code: str) -> None:
        """Remember that a person has shown the right digits."""
        row = {"channel": contact.channel, "contact_id": contact.id, "code": code}
        which = _of(openings, contact) & (openings.c.code == code)
        try:
            with self._engine.begin() as connection:
                if connection.execute(update(openings).where(which).values(opened_at=self._now())).rowcount == 0:
                    connection.execute(insert(openings).values(**row, opened_at=self._now()))
        except IntegrityError:
            pass  # the same person, twice at once: both were right

    def visible(self, contact: Contact) -> dict[str, datetime | None]:
        """The codes that a person follows (None) or has opened (when last)."""
        own = select(openings.c.code, openings.c.opened_at).where(_of(openings, contact))
        follows = select(consents.c.scope).where(
            _of(consents, contact), consents.c.withdrawn_at.is_(None), consents.c.scope.startswith(dossier_scope(""))
        )
        with self._engine.connect() as connection:
            seen: dict[str, datetime | None] = {row.code: row.opened_at for row in connection.execute(own)}
            for scope in connection.execute(follows).scalars():
                seen[scope.removeprefix(dossier_scope(""))] = None
        return seen

    def erase(self, contact: Contact, person: str) -> timedelta:
        """Erase what a person opened and tried; how long a count of wrong tries must still be kept.

        The count of the last minutes stays until it lapses, as a keyed hash: erasing must not give new tries.
        """
        now = self._now()
        with self._engine.begin() as connection:
            connection.execute(delete(openings).where(_of(openings, contact)))
            row = connection.execute(select(attempts.c.recent).where(_tried("person", person))).one_or_none()
            recent = [] if row is None else _recent(row.recent, now)
            if not recent:
                connection.execute(delete(attempts).where(_tried("person", person)))
                return timedelta(0)
            lapses = recent[-1] + WINDOW
            connection.execute(update(attempts).where(_tried("person", person)).values(forget_at=lapses))
        return lapses - now

    def tries(self, since: datetime) -> list[Tries]:
        """The persons and dossiers with wrong tries since a moment, most tries first."""
        told = attempts.c.wrong + attempts.c.refused
        query = select(attempts).where(attempts.c.last_at >= since, told > 0).order_by(told.desc(), attempts.c.subject)
        with self._engine.connect() as connection:
            return [
                Tries(row.kind, row.channel, row.subject, row.wrong, row.refused, row.last_at)
                for row in connection.execute(query)
            ]


def followers(connection: Connection, code: str) -> list[Follower]:
    """Who is told when a dossier changes, asked within a transaction."""
    agreed = consenting(connection, [dossier_scope(code)])
    return [Follower(consent.contact, code, consent.given_at, consent.text_version) for consent in agreed]


def _of_a_value(refusal: Exception) -> bool:
    """Whether a value can't be stored; a database that is away or busy is another matter."""
    return isinstance(refusal, DataError) or not isinstance(refusal, DBAPIError)


def _pieces(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Runs of changes in which no code comes twice."""
    piece: dict[str, Change] = {}
    for change in changes:
        if len(piece) >= PIECE or change.code in piece:
            yield list(piece.values())
            piece = {}
        piece[change.code] = change
    if piece:
        yield list(piece.values())


def _read(connection: Connection, which: ColumnElement[bool], *, lock: bool = False) -> dict[str, Dossier]:
    # in the order of the codes, so that two processes never wait for each other
    query = select(dossiers.c.code, dossiers.c.body).where(which).order_by(dossiers.c.code)
    rows = connection.execute(query.with_for_update() if lock else query)
    return {row.code: msgspec.json.decode(row.body, type=Dossier) for row in rows}


def _row(dossier: Dossier) -> dict[str, Any]:
    return {
        "code": dossier.code,
        "status": int(dossier.status),
        "status_version": dossier.status_version,
        "phone_hash": dossier.phone_hash,
        "phone_last4": dossier.phone_last4,
        "identity_hash": dossier.identity_hash,
        "identity_last4": dossier.identity_last4,
        "body": msgspec.json.encode(dossier).decode(),
        "updated_at": dossier.updated_at,
        "agency": fold(dossier.agency)[:160],
        "applicant": fold(dossier.applicant)[:120],
        "procedure_code": (dossier.procedure_code or "")[:48],
        "due_at": dossier.due,
    }


def _lock(connection: Connection, kind: str, subject: str, now: datetime) -> list[datetime]:
    """The moments of the wrong tries that still count; the row is locked until the transaction ends."""
    connection.execute(update(attempts).where(_tried(kind, subject)).values(version=attempts.c.version + 1))
    return _recent(connection.execute(select(attempts.c.recent).where(_tried(kind, subject))).scalar_one(), now)


def _recent(encoded: str, now: datetime) -> list[datetime]:
    return [at for at in msgspec.json.decode(encoded, type=list[datetime]) if at > now - WINDOW]


def _encoded(moments: list[datetime]) -> str:
    return msgspec.json.encode(moments).decode()


def _tried(kind: str, subject: str) -> ColumnElement[bool]:
    return (attempts.c.kind == kind) & (attempts.c.subject == subject)


def _of(table: Table, contact: Contact) -> ColumnElement[bool]:
    return (table.c.channel == contact.channel) & (table.c.contact_id == contact.id)
