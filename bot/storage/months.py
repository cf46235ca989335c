"""How many messages left on a channel in this month, where its supplier allows only so many."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Engine, case, select, update

from bot.storage.database import insert_missing
from bot.storage.tables import lanes
from knowledge_base.centre import VIETNAM


class MonthCount:
    """Counted in the channel's lane, over all processes; the month is Vietnam's."""

    def __init__(self, engine: Engine, channel: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine, self._channel, self._now = engine, channel, now

    def add(self, count: int) -> None:
        """So many more have left."""
        month = self._month()
        more = case((lanes.c.month == month, lanes.c.month_count + count), else_=count)
        with self._engine.begin() as connection:
            insert_missing(connection, lanes, [{"channel": self._channel, "reason": ""}])
            mine = update(lanes).where(lanes.c.channel == self._channel)
            connection.execute(mine.values(month=month, month_count=more))

    def count(self) -> int:
        """How many have left this month."""
        mine = select(lanes.c.month_count).where(lanes.c.channel == self._channel, lanes.c.month == self._month())
        with self._engine.connect() as connection:
            return connection.execute(mine).scalar() or 0

    def _month(self) -> str:
        return f"{self._now().astimezone(VIETNAM):%Y-%m}"
