"""A volunteer's web chat: when a case ends by itself, what the page has shown of it goes too."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from bot.messages import Contact, Reply
from bot.services.assistance import Joined, KeptAssistance
from bot.storage.transcripts import TranscriptStore
from bot.volunteer_records import Seat
from tests.bot.dossiers import Clock
from tests.bot.volunteers import assisting, holding

VISITOR, OTHER = "a" * 64, "b" * 64
SECRET = "Tờ khai của người đang được giúp"


def told(engine: Engine, clock: Clock) -> TranscriptStore:
    """Two visitors whose pages show a list of papers."""
    store = TranscriptStore(engine, clock)
    for visitor, said in ((VISITOR, SECRET), (OTHER, "Giờ làm việc")):
        store.open(visitor)
        store.add(visitor, "m1", said=None, reply=Reply(paragraphs=(said,)))
    return store


def left_behind(desk: KeptAssistance, clock: Clock, _seat: Seat) -> None:
    clock.passes(hours=25)
    desk.tidy()


def code_ended(desk: KeptAssistance, clock: Clock, _seat: Seat) -> None:
    clock.passes(days=31)
    desk.tidy()


def code_taken_back(desk: KeptAssistance, _clock: Clock, seat: Seat) -> None:
    assert desk.store.disable(seat.volunteer.id)


@pytest.mark.parametrize("end", [left_behind, code_ended, code_taken_back])
def test_nothing_of_the_case_stays(engine: Engine, end: Callable[[KeptAssistance, Clock, Seat], None]) -> None:
    """Searched for in every table; another visitor's page is left alone, and the visit itself goes on."""
    clock = Clock()
    desk, store, who = assisting(engine, clock), told(engine, clock), Contact("web", VISITOR)
    _, code = desk.make_code("Lan", "Đoàn phường Thử", 30, "an")
    joined = desk.join(who, code)
    assert isinstance(joined, Joined)
    assert desk.open(joined.seat, 1, "1.004194", "")
    assert holding(engine, SECRET) == ["exchanges"]
    end(desk, clock, joined.seat)
    assert holding(engine, SECRET) == []
    assert store.history(VISITOR) == []
    assert len(store.history(OTHER) or ()) == 1
