"""What people asked, counted a day at a time, and what of it went unanswered. Nothing here says who asked."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

from sqlalchemy import Engine, func, select, update

from bot.overview_records import Asked
from bot.storage.database import insert_missing, reading
from bot.storage.questions_tables import question_occurrences
from bot.storage.reviews_tables import asked_counts, switches
from bot.storage.tables import notices
from knowledge_base.centre import VIETNAM

PUBLIC_PAGE: Final = "public_page"
"""The switch of the public page of figures."""


class AskedStore:
    """One row for each day, procedure, facet, decision and channel, with a number."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now

    def count(self, *, procedure: str, facet: str, decision: str, channel: str) -> None:
        """One more."""
        day = self._now().astimezone(VIETNAM).date().isoformat()
        row = {
            "day": day,
            "procedure_code": procedure[:48],
            "facet": facet[:16],
            "decision": decision[:16],
            "channel": channel[:32],
        }
        which = [asked_counts.c[name] == value for name, value in row.items()]
        more = update(asked_counts).where(*which).values(count=asked_counts.c.count + 1)
        with self._engine.begin() as connection:
            if connection.execute(more).rowcount == 0 and not insert_missing(
                connection, asked_counts, [row | {"count": 1}]
            ):
                connection.execute(more)  # another process has just made the row

    def between(self, first: date, last: date) -> list[Asked]:
        """What was asked on these days, both included, added up over days and channels."""
        columns = (asked_counts.c.procedure_code, asked_counts.c.facet, asked_counts.c.decision)
        query = (
            select(*columns, func.sum(asked_counts.c.count))
            .where(asked_counts.c.day.between(first.isoformat(), last.isoformat()))
            .group_by(*columns)
            .order_by(*columns)
        )
        with reading(self._engine).connect() as connection:
            return [Asked(row[0], row[1], row[2], int(row[3])) for row in connection.execute(query)]

    def endings(self, first: date, last: date) -> dict[str, int]:
        """How often a question ended badly on these days, by how."""
        at = question_occurrences.c.at
        query = (
            select(question_occurrences.c.ending, func.count())
            .where(at >= _begin(first), at < _begin(last + timedelta(days=1)))
            .group_by(question_occurrences.c.ending)
        )
        with reading(self._engine).connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def delivery(self, first: date, last: date) -> dict[str, int]:
        """Notices made on these days, by what became of them."""
        at = notices.c.created_at
        query = (
            select(notices.c.state, func.count())
            .where(at >= _begin(first), at < _begin(last + timedelta(days=1)))
            .group_by(notices.c.state)
        )
        with reading(self._engine).connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}


class SwitchStore:
    """What the centre has switched on; everything is off until somebody turns it on."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now

    def is_on(self, name: str) -> bool:
        """Whether it is on."""
        with reading(self._engine).connect() as connection:
            return bool(connection.execute(select(switches.c.on).where(switches.c.name == name)).scalar())

    def turn(self, name: str, *, on: bool, by: str) -> None:
        """Turn it on or off."""
        new = {"on": on, "turned_by": by, "turned_at": self._now()}
        with self._engine.begin() as connection:
            if not insert_missing(connection, switches, [{"name": name, **new}]):
                connection.execute(update(switches).where(switches.c.name == name).values(**new))


def _begin(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=VIETNAM)
