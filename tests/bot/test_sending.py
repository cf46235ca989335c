"""What is tended while delivery runs, without anybody asking for it."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.connect import connect
from bot.office import Office, open_office
from bot.rating_records import CHANGEABLE, Criterion, Source, Visit
from bot.sending import delivering
from bot.settings import Settings
from bot.storage.ratings import RatingStore
from bot.storage.ratings_tables import ratings
from tests.bot.dossiers import Clock


class Noticed:
    """A store's work as it is, and an event when it was done."""

    def __init__(self, store: RatingStore) -> None:
        self._seal, self._loop, self.done = store.seal, asyncio.get_running_loop(), asyncio.Event()
        store.seal = self  # type: ignore[method-assign]

    def __call__(self) -> None:
        try:
            self._seal()
        finally:
            self._loop.call_soon_threadsafe(self.done.set)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return open_office(Settings(_env_file=None), f"sqlite:///{tmp_path / 'office.db'}")


def rate(office: Office, at: datetime) -> None:
    """Somebody has rated a slip at this time."""
    store = RatingStore(office.engine, now=Clock(at))
    visit = Visit(key="slip", source=Source.SLIP, counter="5", month="2026-11")
    store.issue([visit], "batch")
    assert store.give(visit, "somebody", Criterion.ATTITUDE, 4)


async def tended(office: Office) -> tuple[str | None, str | None]:
    """Which visit and person the rating is joined to once the loop has gone round."""
    settings, noticed = Settings(_env_file=None), Noticed(office.rating_store)
    channels = connect(settings, office)
    async with delivering(settings, office, channels):
        await asyncio.wait_for(noticed.done.wait(), 20)
    await channels.close()
    with office.engine.connect() as connection:
        row = connection.execute(select(ratings.c.visit_key, ratings.c.person)).one()
    office.engine.dispose()
    return row.visit_key, row.person


async def test_a_rating_is_cut_loose_though_nobody_rates_again(office: Office) -> None:
    """After 24 hours the loop alone takes visit and person out of it."""
    rate(office, datetime.now(UTC) - CHANGEABLE)
    assert await tended(office) == (None, None)


async def test_a_rating_that_may_be_changed_stays_joined(office: Office) -> None:
    """Within 24 hours the loop leaves it alone."""
    rate(office, datetime.now(UTC))
    assert await tended(office) == ("slip", "somebody")


async def test_a_talk_that_cannot_be_tended_stops_no_rating(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part of the loop's work stands for itself."""

    def broken() -> int:
        raise RuntimeError("the table is locked")

    monkeypatch.setattr(office.handovers, "tidy", broken)
    rate(office, datetime.now(UTC) - CHANGEABLE)
    assert await tended(office) == (None, None)
