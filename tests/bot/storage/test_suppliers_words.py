"""What is kept of a supplier's words: who follows, which messages came, how many left this month."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select

from bot.messages import Contact
from bot.storage.contacts import ContactStore
from bot.storage.months import MonthCount
from bot.storage.tables import taken_messages
from bot.storage.taken import KEPT, TakenMessages
from tests.bot.dossiers import Clock

ANNA = Contact("zalo", "1")
AT = datetime(2026, 11, 23, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> Clock:
    return Clock(AT)


def test_an_old_event_does_not_undo_a_newer_one(engine: Engine, clock: Clock) -> None:
    """Followed at ten, unfollowed at nine, told in this order: reachable."""
    contacts = ContactStore(engine, clock)
    contacts.reachable(ANNA, True, at=AT)
    contacts.reachable(ANNA, False, at=AT - HOUR)
    assert contacts.get(ANNA).reachable
    contacts.reachable(ANNA, False, at=AT + HOUR)
    assert not contacts.get(ANNA).reachable
    contacts.reachable(ANNA, True, at=AT)
    assert not contacts.get(ANNA).reachable


def test_whoever_wrote_after_leaving_is_there(engine: Engine, clock: Clock) -> None:
    """An unfollow that comes again after the person wrote changes nothing."""
    contacts = ContactStore(engine, clock)
    contacts.reachable(ANNA, False, at=AT - HOUR)
    contacts.seen(ANNA)
    contacts.reachable(ANNA, False, at=AT - HOUR)
    assert contacts.get(ANNA).reachable


def test_what_came_is_known_for_a_week(engine: Engine, clock: Clock) -> None:
    """On every machine; then it is forgotten."""
    TakenMessages(engine, clock).keep(ANNA, ["a", "b"])
    other = TakenMessages(engine, clock)
    assert other.known(ANNA, "a")
    assert not other.known(ANNA, "c")
    assert not other.known(Contact("telegram", "1"), "a")
    clock.at += timedelta(days=7)
    assert other.known(ANNA, "a")
    clock.at += KEPT
    other.keep(ANNA, ["c", "c"])
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(taken_messages)).scalar_one() == 1


def test_the_count_of_a_month_begins_anew(engine: Engine, clock: Clock) -> None:
    """Vietnam's month, over all processes."""
    clock.at = datetime(2026, 11, 30, 16, 59, tzinfo=UTC)  # 23:59
    MonthCount(engine, "zalobot", clock).add(2)
    MonthCount(engine, "zalobot", clock).add(1)
    assert MonthCount(engine, "zalobot", clock).count() == 3
    assert MonthCount(engine, "zalo", clock).count() == 0
    clock.at += timedelta(minutes=1)
    assert MonthCount(engine, "zalobot", clock).count() == 0
    MonthCount(engine, "zalobot", clock).add(1)
    assert MonthCount(engine, "zalobot", clock).count() == 1
