"""Volunteers, their seats and open cases. Every change of a case first touches the case's row, so changes of one case
queue up and a closed case takes nothing any more.
"""

import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, Row, delete, func, insert, select, update

from bot.messages import Contact
from bot.storage.database import insert_missing
from bot.storage.tables import exchanges, sessions
from bot.storage.transcripts import CHANNEL as WEB
from bot.storage.volunteers_tables import (
    volunteer_cases,
    volunteer_counts,
    volunteer_seats,
    volunteer_ticks,
    volunteers,
)
from bot.volunteer_records import CASE_LASTS, Case, Count, Mark, Outcome, Seat, Volunteer
from knowledge_base.centre import VIETNAM

MOST_OPEN: Final = 30
"""Open cases of one seat; nobody helps more people at a time."""
HIGHEST: Final = 2**31 - 1


class VolunteerStore:
    """Every table of the volunteers; `now` gives aware moments."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine, self._now = engine, now

    # --- join codes ---

    def add(self, code_hash: str, *, nickname: str, unit: str, expires_at: datetime, by: str) -> Volunteer:
        """A volunteer whose code has this keyed hash."""
        row = {
            "code_hash": code_hash, "nickname": nickname, "unit": unit, "created_by": by,
            "created_at": self._now(), "expires_at": expires_at,
        }  # fmt: skip
        with self._engine.begin() as connection:
            return _volunteer(connection.execute(insert(volunteers).values(**row).returning(volunteers)).one())

    def all(self) -> list[Volunteer]:
        """Everybody, the newest first."""
        with self._engine.connect() as connection:
            return [_volunteer(row) for row in connection.execute(select(volunteers).order_by(volunteers.c.id.desc()))]

    def get(self, volunteer_id: int) -> Volunteer | None:
        """One of them."""
        with self._engine.connect() as connection:
            row = connection.execute(select(volunteers).where(volunteers.c.id == volunteer_id)).one_or_none()
        return None if row is None else _volunteer(row)

    def disable(self, volunteer_id: int) -> bool:
        """Take a code back: its seats end at once, their open cases are closed; False where it was not open."""
        with self._engine.begin() as connection:
            valid = (volunteers.c.id == volunteer_id) & volunteers.c.disabled_at.is_(None)
            taken = update(volunteers).where(valid).values(disabled_at=self._now())
            if not connection.execute(taken).rowcount:
                return False
            self._unseat(connection, volunteer_seats.c.volunteer_id == volunteer_id)
        return True

    def open_cases(self) -> dict[int, int]:
        """How many cases each volunteer has open now."""
        query = (
            select(volunteer_seats.c.volunteer_id, func.count())
            .join(volunteer_cases, volunteer_cases.c.seat_id == volunteer_seats.c.id)
            .group_by(volunteer_seats.c.volunteer_id)
        )
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    # --- seats ---

    def join(self, code_hash: str, key: str, contact: Contact | None = None) -> Seat | None:
        """Sit down with a code; None where it is not valid (any more). The same code again keeps the open cases."""
        with self._engine.begin() as connection:
            known = select(volunteers).where(volunteers.c.code_hash == code_hash, self._valid())
            row = connection.execute(known).first()
            if row is None:
                return None
            self._unseat(
                connection, (volunteer_seats.c.key == key) & (volunteer_seats.c.volunteer_id != row.id), forget=False
            )
            insert_missing(
                connection,
                volunteer_seats,
                [
                    {
                        "key": key, "volunteer_id": row.id, "channel": contact.channel if contact else "",
                        "contact_id": contact.id if contact else "", "last": 0, "joined_at": self._now(),
                    }
                ],
            )  # fmt: skip
        return self.seat(key)

    def seat(self, key: str) -> Seat | None:
        """The seat with this key, while its code is valid."""
        query = (
            select(volunteers, volunteer_seats.c.id.label("seat"), volunteer_seats.c.last)
            .join(volunteer_seats, volunteer_seats.c.volunteer_id == volunteers.c.id)
            .where(volunteer_seats.c.key == key, self._valid())
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Seat(id=row.seat, volunteer=_volunteer(row), last=row.last, lasts_until=row.expires_at)

    def leave(self, key: str) -> bool:
        """Get up: open cases are closed; whether there was a seat."""
        with self._engine.begin() as connection:
            return self._unseat(connection, volunteer_seats.c.key == key, forget=False) > 0

    # --- cases ---

    def open(self, seat: int, number: int, nonce: str) -> Case | None:
        """Open the case with the next number; the same request again gives the same case.

        None where the number is not the next one: it was given to another request, or that case is closed already.
        """
        now = self._now()
        with self._engine.begin() as connection:
            count = select(func.count()).where(volunteer_cases.c.seat_id == seat).scalar_subquery()
            next_one = (volunteer_seats.c.id == seat) & (volunteer_seats.c.last == number - 1) & (count < MOST_OPEN)
            if connection.execute(update(volunteer_seats).where(next_one).values(last=number)).rowcount:
                row = {
                    "id": secrets.token_urlsafe(18), "seat_id": seat, "number": number, "nonce": nonce[:64],
                    "procedure": "", "position": "", "chosen": 0, "opened_at": now, "stirred_at": now,
                }  # fmt: skip
                connection.execute(insert(volunteer_cases).values(**row))
            mine = (volunteer_cases.c.seat_id == seat) & (volunteer_cases.c.number == number)
            found = _read(connection, mine & (volunteer_cases.c.nonce == nonce[:64]))
        return found[0] if found else None

    def cases(self, seat: int) -> list[Case]:
        """The open cases of a seat, by number."""
        with self._engine.connect() as connection:
            return _read(connection, volunteer_cases.c.seat_id == seat)

    def case(self, seat: int, case_id: str) -> Case | None:
        """An open case of this seat; None for anybody else's."""
        with self._engine.connect() as connection:
            found = _read(connection, _of(seat, case_id))
        return found[0] if found else None

    def choose(self, seat: int, case_id: str, chosen: int, procedure: str, position: str) -> Case | None:
        """Take this procedure's list. Said twice it changes nothing; an older choice than the present one neither.

        Ticks of another list go. None where the case is not open.
        """
        with self._engine.begin() as connection:
            if not self._touch(connection, seat, case_id):
                return None
            this = (volunteer_cases.c.id == case_id) & (volunteer_cases.c.chosen < min(chosen, HIGHEST))
            values = {"procedure": procedure[:32], "position": position[:8], "chosen": min(chosen, HIGHEST)}
            if connection.execute(update(volunteer_cases).where(this).values(**values)).rowcount:
                connection.execute(delete(volunteer_ticks).where(volunteer_ticks.c.case_id == case_id))
            return _read(connection, _of(seat, case_id))[0]

    def mark(self, seat: int, case_id: str, chosen: int, marks: Iterable[Mark]) -> Case | None:
        """Take marks for the list that was chosen as the `chosen`-th; for another list they are dropped.

        In whatever order and however often they come, the newest of each paper stays. None: the case is not open.
        """
        with self._engine.begin() as connection:
            if not self._touch(connection, seat, case_id):
                return None
            case = _read(connection, _of(seat, case_id))[0]
            if case.chosen == chosen:
                self._keep(connection, case, marks)
                case = _read(connection, _of(seat, case_id))[0]
        return case

    def tick(self, seat: int, case_id: str, chosen: int, paper: int, *, has: bool, client: str) -> Case | None:
        """Like `mark` with one mark that is newer than everything: for who has no counter of their own."""
        with self._engine.begin() as connection:
            if not self._touch(connection, seat, case_id):
                return None
            case = _read(connection, _of(seat, case_id))[0]
            if case.chosen == chosen:
                newest = max((mark.counter for mark in case.marks), default=0) + 1
                self._keep(connection, case, [Mark(paper=paper, has=has, counter=newest, client=client)])
                case = _read(connection, _of(seat, case_id))[0]
        return case

    def close(self, seat: int, case_id: str, outcome: Outcome, ago: timedelta = timedelta()) -> bool:
        """Delete a case with its ticks and count it; False where it is not open (any more), so it counts once.

        ago: for how long it is closed already, on a phone without a connection.
        """
        with self._engine.begin() as connection:
            return self._close(connection, _of(seat, case_id), outcome, ago) == 1

    def erase(self, contact: Contact) -> None:
        """Erase the seat of a person's chat with its cases; the counts stay, they name nobody."""
        mine = (volunteer_seats.c.channel == contact.channel) & (volunteer_seats.c.contact_id == contact.id)
        with self._engine.begin() as connection:
            self._unseat(connection, mine, forget=False)

    def tidy(self) -> int:
        """Close what was left open for a day, and the seats whose codes have ended; how many cases.

        What the chats of those seats remember is forgotten with them.
        """
        now = self._now()
        old = volunteer_cases.c.opened_at <= now - timedelta(hours=CASE_LASTS)
        ended = volunteer_seats.c.volunteer_id.in_(select(volunteers.c.id).where(volunteers.c.expires_at <= now))
        with self._engine.connect() as connection:
            if not (
                connection.execute(select(volunteer_cases.c.id).where(old).limit(1)).first()
                or connection.execute(select(volunteer_seats.c.id).where(ended).limit(1)).first()
            ):
                return 0
        with self._engine.begin() as connection:
            _forget_chats(connection, volunteer_seats.c.id.in_(select(volunteer_cases.c.seat_id).where(old)))
            count = self._close(connection, old, Outcome.LEFT)
            self._unseat(connection, ended)
        return count

    # --- counts ---

    def counts(self, first: str, last: str) -> list[Count]:
        """The counts of the days from `first` to `last` (ISO, both included)."""
        columns = (volunteer_counts, volunteers.c.nickname, volunteers.c.unit)
        query = (
            select(*columns)
            .join(volunteers, volunteers.c.id == volunteer_counts.c.volunteer_id)
            .where(volunteer_counts.c.day >= first, volunteer_counts.c.day <= last)
            .order_by(volunteer_counts.c.day, volunteers.c.unit, volunteers.c.nickname, volunteer_counts.c.procedure)
        )
        with self._engine.connect() as connection:
            return [
                Count(
                    nickname=row.nickname, unit=row.unit, procedure=row.procedure, day=row.day,
                    outcome=Outcome(row.outcome), cases=row.cases, minutes=row.minutes,
                )
                for row in connection.execute(query)
            ]  # fmt: skip

    # ---

    def _valid(self) -> ColumnElement[bool]:
        return volunteers.c.disabled_at.is_(None) & (volunteers.c.expires_at > self._now())

    def _touch(self, connection: Connection, seat: int, case_id: str) -> bool:
        """Lock an open case for this transaction."""
        stirred = update(volunteer_cases).where(_of(seat, case_id)).values(stirred_at=self._now())
        return connection.execute(stirred).rowcount == 1

    def _keep(self, connection: Connection, case: Case, marks: Iterable[Mark]) -> None:
        kept = {mark.paper: mark for mark in case.marks}
        for mark in marks:
            before = kept.get(mark.paper)
            if before and (before.counter, before.client) >= (mark.counter, mark.client):
                continue
            row = {"has": mark.has, "counter": mark.counter, "client": mark.client[:32]}
            this = (volunteer_ticks.c.case_id == case.id) & (volunteer_ticks.c.paper == mark.paper)
            if before:
                connection.execute(update(volunteer_ticks).where(this).values(**row))
            else:
                connection.execute(insert(volunteer_ticks).values(case_id=case.id, paper=mark.paper, **row))
            kept[mark.paper] = mark

    def _close(
        self, connection: Connection, which: ColumnElement[bool], outcome: Outcome, ago: timedelta = timedelta()
    ) -> int:
        closed = self._now() - ago
        # the case first, as everybody does; its ticks go with it
        gone = connection.execute(delete(volunteer_cases).where(which).returning(volunteer_cases)).all()
        for row in gone:
            ended = row.stirred_at if outcome is Outcome.LEFT else max(closed, row.opened_at)
            volunteer = select(volunteer_seats.c.volunteer_id).where(volunteer_seats.c.id == row.seat_id)
            key = {
                "volunteer_id": connection.execute(volunteer).scalar_one(), "procedure": row.procedure,
                "day": f"{ended.astimezone(VIETNAM):%Y-%m-%d}", "outcome": outcome.value,
            }  # fmt: skip
            insert_missing(connection, volunteer_counts, [key | {"cases": 0, "minutes": 0}])
            minutes = max(1, round((ended - row.opened_at).total_seconds() / 60))
            this = [volunteer_counts.c[name] == value for name, value in key.items()]
            more = {"cases": volunteer_counts.c.cases + 1, "minutes": volunteer_counts.c.minutes + minutes}
            connection.execute(update(volunteer_counts).where(*this).values(**more))
        return len(gone)

    def _unseat(self, connection: Connection, which: ColumnElement[bool], *, forget: bool = True) -> int:
        seats = connection.execute(select(volunteer_seats.c.id).where(which)).scalars().all()
        if not seats:
            return 0
        if forget:
            _forget_chats(connection, volunteer_seats.c.id.in_(seats))
        self._close(connection, volunteer_cases.c.seat_id.in_(seats), Outcome.LEFT)
        return connection.execute(delete(volunteer_seats).where(volunteer_seats.c.id.in_(seats))).rowcount


def _forget_chats(connection: Connection, which: ColumnElement[bool]) -> None:
    """Forget what the chats of these seats remember: the last answers still say which papers were ticked."""
    chats = select(volunteer_seats.c.channel, volunteer_seats.c.contact_id)
    for row in connection.execute(chats.where(which, volunteer_seats.c.channel != "")).all():
        connection.execute(
            delete(sessions).where(sessions.c.channel == row.channel, sessions.c.contact_id == row.contact_id)
        )
        if row.channel == WEB:  # what the page shows names papers and ticks too; the visit itself goes on
            connection.execute(delete(exchanges).where(exchanges.c.visitor == row.contact_id))


def _of(seat: int, case_id: str) -> ColumnElement[bool]:
    return (volunteer_cases.c.seat_id == seat) & (volunteer_cases.c.id == case_id)


def _read(connection: Connection, which: ColumnElement[bool]) -> list[Case]:
    rows: Sequence[Row[Any]] = connection.execute(
        select(volunteer_cases).where(which).order_by(volunteer_cases.c.number)
    ).all()
    marks: dict[str, list[Mark]] = {row.id: [] for row in rows}
    query = select(volunteer_ticks).where(volunteer_ticks.c.case_id.in_(marks)).order_by(volunteer_ticks.c.paper)
    for tick in connection.execute(query):
        mark = Mark(paper=tick.paper, has=tick.has, counter=tick.counter, client=tick.client)
        marks[tick.case_id].append(mark)
    return [
        Case(
            id=row.id, number=row.number, nonce=row.nonce, procedure=row.procedure, position=row.position,
            chosen=row.chosen, marks=tuple(marks[row.id]), opened_at=row.opened_at, stirred_at=row.stirred_at,
        )
        for row in rows
    ]  # fmt: skip


def _volunteer(row: Row[Any]) -> Volunteer:
    return Volunteer(
        id=row.id, nickname=row.nickname, unit=row.unit, created_by=row.created_by, created_at=row.created_at,
        expires_at=row.expires_at, disabled_at=row.disabled_at,
    )  # fmt: skip
