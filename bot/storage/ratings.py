"""Visits, their ratings, wishes to be called back, and what the centre has changed since.

A rating is joined to its visit and to a keyed hash of its person for 24 hours, so that it can be changed. Then both are
emptied (`seal`), at every reading and writing and by whoever calls `seal`.
"""

import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Engine, Row, case, delete, func, insert, select, update

from bot.dossier_records import Dossier, Status
from bot.rating_records import (
    CHANGEABLE,
    Batch,
    Callback,
    ChangeNote,
    Criterion,
    Rating,
    Source,
    Visit,
    returned_month,
)
from bot.storage.database import insert_missing
from bot.storage.ratings_tables import (
    rating_calls,
    rating_changes,
    rating_counters,
    rating_tries,
    rating_visits,
    ratings,
)
from bot.storage.tables import dossiers
from knowledge_base.centre import VIETNAM

CALL_KEPT: Final = timedelta(days=30)
TRIES: Final = 5
WINDOW: Final = timedelta(minutes=15)
COLUMNS: Final = {
    Criterion.FACILITIES: ratings.c.facilities,
    Criterion.CONVENIENCE: ratings.c.convenience,
    Criterion.ATTITUDE: ratings.c.attitude,
}


class RatingStore:
    """Any number of processes may share it."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now

    # --- visits ---

    def issue(self, visits: Sequence[Visit], batch: str = "") -> None:
        """Keep new slips or taps."""
        with self._engine.begin() as connection:
            connection.execute(insert(rating_visits), [_visit_row(visit, batch) for visit in visits])

    def visit(self, key: str) -> Visit | None:
        """A visit that may be rated or was; None where it is unknown, void, or lapsed without a rating."""
        with self._engine.connect() as connection:
            row = connection.execute(select(rating_visits).where(rating_visits.c.key == key)).one_or_none()
        if row is None or row.void or (not row.rated and row.expires_at and row.expires_at <= self._now()):
            return None
        return _visit(row)

    def waiting(self, counter: str) -> Visit | None:
        """The oldest tap of a counter that nobody has answered yet."""
        query = (
            select(rating_visits)
            .where(rating_visits.c.source == Source.TAP, rating_visits.c.counter == counter, _open(self._now()))
            .order_by(rating_visits.c.expires_at)
            .limit(1)
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _visit(row)

    def batches(self) -> list[Batch]:
        """The printed slips, newest month first."""
        columns = (rating_visits.c.batch, rating_visits.c.agency, rating_visits.c.counter, rating_visits.c.month)
        query = (
            select(
                *columns,
                func.count().label("codes"),
                func.sum(case((rating_visits.c.rated, 1), else_=0)).label("rated"),
                func.sum(case((rating_visits.c.void, 1), else_=0)).label("void"),
            )
            .where(rating_visits.c.source == Source.SLIP)
            .group_by(*columns)
            .order_by(rating_visits.c.month.desc(), rating_visits.c.batch)
        )
        with self._engine.connect() as connection:
            return [Batch(*row) for row in connection.execute(query)]

    def void(self, batch: str) -> int:
        """Slips of a batch that were not rated count no longer as visits and can't be used; how many."""
        which = (rating_visits.c.batch == batch) & rating_visits.c.rated.is_(False) & rating_visits.c.void.is_(False)
        with self._engine.begin() as connection:
            return connection.execute(update(rating_visits).where(which).values(void=True)).rowcount

    def lapse(self, counter: str, key: str = "") -> None:
        """A counter's tablet asks no longer about its taps (or about one): the visitor has gone. They stay visits."""
        which = (rating_visits.c.source == Source.TAP) & (rating_visits.c.counter == counter) & _open(self._now())
        if key:
            which &= rating_visits.c.key == key
        with self._engine.begin() as connection:
            connection.execute(update(rating_visits).where(which).values(expires_at=self._now()))

    # --- counters ---

    def counters(self) -> dict[str, str]:
        """The agency of each counter, "" for a counter of several."""
        with self._engine.connect() as connection:
            return {row.counter: row.agency for row in connection.execute(select(rating_counters))}

    def seat(self, counter: str, agency: str) -> None:
        """This agency sits at the counter from now on."""
        with self._engine.begin() as connection:
            if not insert_missing(connection, rating_counters, [{"counter": counter, "agency": agency}]):
                mine = update(rating_counters).where(rating_counters.c.counter == counter)
                connection.execute(mine.values(agency=agency))

    # --- rating ---

    def rating(self, key: str, person: str) -> Rating | bool:
        """The rating that this person may still change; else whether the visit is rated."""
        self.seal()
        rated = select(rating_visits.c.rated).where(rating_visits.c.key == key)
        with self._engine.connect() as connection:
            row = connection.execute(select(ratings).where(_mine(key, person))).one_or_none()
            return _rating(row) if row is not None else bool(connection.execute(rated).scalar())

    def give(self, visit: Visit, person: str, criterion: Criterion, score: int) -> bool:
        """Keep a score; False where the visit is void or lapsed, somebody else's, or its 24 hours are over."""
        now = self._now()
        self.seal()
        with self._engine.begin() as connection:
            if visit.source is Source.DOSSIER:
                insert_missing(connection, rating_visits, [_visit_row(visit, "")])
            unrated = update(rating_visits).where(rating_visits.c.key == visit.key, _open(now)).values(rated=True)
            if connection.execute(unrated).rowcount:
                connection.execute(insert(ratings).values(**_fresh(visit, person, now)))
                same = rating_visits.c.stands_for == visit.key
                connection.execute(update(rating_visits).where(same).values(rated=True))
            change = update(ratings).where(_mine(visit.key, person)).values({COLUMNS[criterion]: score})
            return connection.execute(change).rowcount == 1

    def comment(self, key: str, person: str, words: str) -> bool:
        """Keep the words, already masked; False where there is no rating of this person to change."""
        self.seal()
        with self._engine.begin() as connection:
            change = update(ratings).where(_mine(key, person)).values(comment=words)
            return connection.execute(change).rowcount == 1

    def seal(self) -> None:
        """Cut the last tie of ratings whose 24 hours are over; erase what is kept only for a time."""
        now = self._now()
        due = select(ratings.c.id).where(ratings.c.seal_at <= now).limit(1)
        lapsed = select(rating_calls.c.id).where(rating_calls.c.erase_at <= now).limit(1)
        with self._engine.connect() as connection:
            if connection.execute(due).first() is None and connection.execute(lapsed).first() is None:
                return
        loose = {"visit_key": None, "person": None, "seal_at": None}
        with self._engine.begin() as connection:
            connection.execute(update(ratings).where(ratings.c.seal_at <= now).values(**loose))
            connection.execute(delete(rating_calls).where(rating_calls.c.erase_at <= now))
            connection.execute(delete(rating_tries).where(rating_tries.c.until <= now))

    def erase(self, person: str, caller: str) -> None:
        """Erase what can still be joined to a person. Visits stay rated: one rating a visit."""
        with self._engine.begin() as connection:
            connection.execute(delete(ratings).where(ratings.c.person == person))
            connection.execute(delete(rating_calls).where(rating_calls.c.caller == caller))

    # --- wrong tries ---

    def tried(self, subject: str, most: int = TRIES) -> timedelta | None:
        """Count a wrong try; how long to wait where there were too many already."""
        now = self._now()
        mine = rating_tries.c.subject == subject
        fresh = {"subject": subject, "wrong": 0, "until": now + WINDOW}
        with self._engine.begin() as connection:
            connection.execute(delete(rating_tries).where(rating_tries.c.until <= now))
            insert_missing(connection, rating_tries, [fresh])
            once_more = update(rating_tries).where(mine, rating_tries.c.wrong < most)
            if connection.execute(once_more.values(wrong=rating_tries.c.wrong + 1)).rowcount:
                return None
            until: datetime = connection.execute(select(rating_tries.c.until).where(mine)).scalar_one()
        return until - now

    def untried(self, subject: str) -> None:
        """The try was right after all."""
        less = update(rating_tries).where(rating_tries.c.subject == subject, rating_tries.c.wrong > 0)
        with self._engine.begin() as connection:
            connection.execute(less.values(wrong=rating_tries.c.wrong - 1))

    # --- calling back ---

    def ask_call(self, key: str, caller: str, phone: str, visit: Visit) -> None:
        """Keep a number to call; asked again for the same visit, the newer number stays."""
        now = self._now()
        day = f"{now.astimezone(VIETNAM):%Y-%m-%d}"
        row = {"key": key, "caller": caller, "phone": phone, "agency": visit.agency, "counter": visit.counter}
        with self._engine.begin() as connection:
            fresh = {"id": uuid.uuid4().hex, **row, "asked_on": day, "erase_at": now + CALL_KEPT}
            if not insert_missing(connection, rating_calls, [fresh]):
                connection.execute(update(rating_calls).where(rating_calls.c.key == key).values(phone=phone))

    def calls(self) -> list[Callback]:
        """Whom to call, longest waiting first."""
        self.seal()
        columns = [rating_calls.c[name] for name in Callback.__struct_fields__]
        with self._engine.connect() as connection:
            rows = connection.execute(select(*columns).order_by(rating_calls.c.erase_at))
            return [Callback(*row) for row in rows]

    def called(self, call_id: str) -> bool:
        """Erase a number that was called; False where it is gone already."""
        with self._engine.begin() as connection:
            return connection.execute(delete(rating_calls).where(rating_calls.c.id == call_id)).rowcount == 1

    # --- what we changed ---

    def draft_change(self, text: str, by: str) -> ChangeNote:
        """Keep a note that residents do not see yet."""
        new = insert(rating_changes).values(text=text, drafted_by=by, drafted_at=self._now(), published_by="")
        with self._engine.begin() as connection:
            made = connection.execute(new).inserted_primary_key
            assert made is not None
            row = connection.execute(select(rating_changes).where(rating_changes.c.id == made[0])).one()
        return ChangeNote(*row)

    def publish_change(self, note: int, by: str) -> bool:
        """Show a note to residents from now on; False where it is gone or published already."""
        which = (rating_changes.c.id == note) & rating_changes.c.published_at.is_(None)
        with self._engine.begin() as connection:
            change = update(rating_changes).where(which).values(published_by=by, published_at=self._now())
            return connection.execute(change).rowcount == 1

    def withdraw_change(self, note: int) -> bool:
        """Delete a note, published or not."""
        with self._engine.begin() as connection:
            return connection.execute(delete(rating_changes).where(rating_changes.c.id == note)).rowcount == 1

    def changes(self, *, published: bool = True, most: int = 100) -> list[ChangeNote]:
        """The notes, newest first; drafts too where `published` is False."""
        query = select(rating_changes).order_by(rating_changes.c.published_at.desc(), rating_changes.c.id.desc())
        if published:
            query = query.where(rating_changes.c.published_at.is_not(None))
        with self._engine.connect() as connection:
            return [ChangeNote(*row) for row in connection.execute(query.limit(most))]

    # --- for reports ---

    def ratings(self, first: str, last: str) -> list[Rating]:
        """The ratings with at least one score of visits of these months ("2026-11", both included)."""
        self.seal()
        scored = (
            ratings.c.facilities.is_not(None) | ratings.c.convenience.is_not(None) | ratings.c.attitude.is_not(None)
        )
        # by the random id, so that neither order tells who came when
        query = select(ratings).where(ratings.c.month.between(first, last), scored).order_by(ratings.c.id)
        with self._engine.connect() as connection:
            return [_rating(row) for row in connection.execute(query)]

    def visits(self, first: str, last: str) -> dict[tuple[str, str, str], int]:
        """How many visits could have been rated, by (month, agency, counter): returned dossiers, slips, taps."""
        counted: dict[tuple[str, str, str], int] = {}
        columns = (rating_visits.c.month, rating_visits.c.agency, rating_visits.c.counter)
        known = (
            select(*columns, func.count())
            .where(
                rating_visits.c.month.between(first, last),
                rating_visits.c.source != Source.DOSSIER,
                rating_visits.c.void.is_(False),
                rating_visits.c.stands_for == "",
            )
            .group_by(*columns)
        )
        # of a returned dossier we know the counter where a slip or a tap was made for it
        at_counter = (
            select(*columns, func.count(rating_visits.c.stands_for.distinct()))
            .where(
                rating_visits.c.month.between(first, last),
                rating_visits.c.stands_for != "",
                rating_visits.c.void.is_(False),
            )
            .group_by(*columns)
        )
        begins = datetime.strptime(first, "%Y-%m").replace(tzinfo=VIETNAM)
        returned = select(dossiers.c.body).where(
            dossiers.c.status == int(Status.RETURNED), dossiers.c.updated_at >= begins
        )
        with self._engine.connect() as connection:
            for month, agency, counter, count in connection.execute(known):
                counted[month, agency, counter] = count
            for body in connection.execute(returned).scalars():
                dossier = msgspec.json.decode(body, type=Dossier)
                month = returned_month(dossier)
                if first <= month <= last:
                    place = (month, dossier.agency, "")
                    counted[place] = counted.get(place, 0) + 1
            for month, agency, counter, count in connection.execute(at_counter):
                moved = min(count, counted.get((month, agency, ""), 0))
                if moved:
                    counted[month, agency, ""] -= moved
                    counted[month, agency, counter] = counted.get((month, agency, counter), 0) + moved
        return counted


def _open(now: datetime) -> ColumnElement[bool]:
    lasts = rating_visits.c.expires_at.is_(None) | (rating_visits.c.expires_at > now)
    return rating_visits.c.rated.is_(False) & rating_visits.c.void.is_(False) & lasts


def _mine(key: str, person: str) -> ColumnElement[bool]:
    return (ratings.c.visit_key == key) & (ratings.c.person == person)


def _fresh(visit: Visit, person: str, now: datetime) -> dict[str, Any]:
    year, week, _ = now.astimezone(VIETNAM).isocalendar()
    return {
        "id": uuid.uuid4().hex,
        "visit_key": visit.key,
        "person": person,
        "seal_at": now + CHANGEABLE,
        "source": visit.source.value,
        "agency": visit.agency,
        "counter": visit.counter,
        "month": visit.month,
        "week": f"{year}-W{week:02}",
        "comment": "",
    }


def _visit_row(visit: Visit, batch: str) -> dict[str, Any]:
    state = {"source": visit.source.value, "batch": batch, "rated": False, "void": False}
    return msgspec.structs.asdict(visit) | state


def _visit(row: Row[Any]) -> Visit:
    said = {name: getattr(row, name) for name in Visit.__struct_fields__}
    return Visit(**said | {"source": Source(row.source)})


def _rating(row: Row[Any]) -> Rating:
    scores = {criterion: getattr(row, column.name) for criterion, column in COLUMNS.items()}
    given = {criterion: score for criterion, score in scores.items() if score is not None}
    said = {name: getattr(row, name) for name in ("agency", "counter", "month", "week", "comment")}
    return Rating(**said, source=Source(row.source), scores=given)
