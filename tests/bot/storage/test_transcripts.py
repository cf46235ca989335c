"""Transcripts: the same promises on SQLite and on PostgreSQL."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from bot.messages import Choice, Contact, Reply
from bot.records import Session
from bot.storage.sessions import SessionStore
from bot.storage.transcripts import Exchange, TranscriptStore

ANNA, BINH = "a" * 64, "b" * 64
LIST = Reply(paragraphs=("# Giấy tờ", "⬜ Tờ khai"), choices=(Choice("⬜ Tờ khai", "list.tick:0:1", "item"),))
TICKED = Reply(paragraphs=("# Giấy tờ", "✅ Tờ khai"), replaces=True)


def say(
    store: TranscriptStore, message_id: str, said: str = "hỏi", reply: Reply = LIST, on: int | None = None
) -> Exchange:
    stored = store.add(ANNA, message_id, said=said, reply=reply, on=on)
    assert stored is not None
    return stored


@pytest.fixture
def store(engine: Engine) -> TranscriptStore:
    transcripts = TranscriptStore(engine)
    transcripts.open(ANNA)
    return transcripts


def test_exchanges_come_back_in_order_and_whole(store: TranscriptStore) -> None:
    """Numbers count from 1; what was said, the answer and its buttons are as they were."""
    say(store, "m1", "làm khai sinh")
    say(store, "m2", "hết bao nhiêu?", Reply(paragraphs=("8.000 đồng",)))
    assert store.history(ANNA) == [
        Exchange(number=1, message_id="m1", said="làm khai sinh", reply=LIST),
        Exchange(number=2, message_id="m2", said="hết bao nhiêu?", reply=Reply(paragraphs=("8.000 đồng",))),
    ]
    assert [e.number for e in store.history(ANNA, after=1) or ()] == [2]
    assert [e.number for e in store.history(ANNA, latest=1) or ()] == [2]


def test_a_redelivery_is_stored_once(store: TranscriptStore) -> None:
    """The same message id gives back what is there, and uses up no number."""
    first = say(store, "m1")
    assert say(store, "m1", reply=TICKED) == first == store.find(ANNA, "m1")
    assert say(store, "m2").number == 2
    assert store.find(ANNA, "m3") is None


def test_a_ticked_list_stands_where_the_list_stood(store: TranscriptStore) -> None:
    """However often it is ticked, whichever of its versions the button was on; the question above it stays."""
    say(store, "m1", "cần giấy tờ gì?")
    say(store, "m2")
    first = say(store, "m3", "✅ Tờ khai", TICKED, on=1)
    assert (first.replaces, first.said) == (1, "cần giấy tờ gì?")
    second = say(store, "m4", "x", TICKED, on=first.number)
    assert (second.replaces, second.said) == (1, "cần giấy tờ gì?")
    assert say(store, "m5", "x", TICKED, on=99).replaces is None
    assert say(store, "m6", "x", TICKED).said == "x"


def test_a_visitor_who_is_gone_gets_nothing(store: TranscriptStore) -> None:
    """An answer that arrives after everything was erased makes no new transcript."""
    assert store.history(BINH) is None
    assert store.add(BINH, "m1", said="a", reply=None) is None
    assert store.history(BINH) is None


def test_a_visitor_begins_once(store: TranscriptStore) -> None:
    """Two visitors never share a transcript."""
    with pytest.raises(IntegrityError):
        store.open(ANNA)


def test_erasing_takes_the_session_along(store: TranscriptStore, engine: Engine) -> None:
    """Nothing of the conversation stays; other people's stays, and so do sessions of other channels."""
    sessions = SessionStore(engine)
    store.open(BINH)
    for contact in (Contact("web", ANNA), Contact("web", BINH), Contact("telegram", ANNA)):
        sessions.save(Session(contact=contact))
    say(store, "m1")
    store.erase(ANNA)
    assert store.history(ANNA) is None
    assert store.find(ANNA, "m1") is None
    assert sessions.load(Contact("web", ANNA)).version == 0
    assert sessions.load(Contact("telegram", ANNA)).version == 1
    assert sessions.load(Contact("web", BINH)).version == 1
    assert store.history(BINH) == []


def test_transcripts_end_with_the_visit(engine: Engine) -> None:
    """12 hours after the last message the transcript goes, with its session and with sessions left over."""
    clock = [datetime(2026, 1, 1, tzinfo=UTC)]
    store = TranscriptStore(engine, lambda: clock[0])
    sessions = SessionStore(engine, lambda: clock[0])
    store.open(ANNA)
    store.open(BINH)
    for contact in (Contact("web", ANNA), Contact("web", "left over"), Contact("telegram", "1")):
        sessions.save(Session(contact=contact))
    clock[0] += timedelta(hours=11)
    store.add(BINH, "m1", said="a", reply=None)
    clock[0] += timedelta(hours=2)
    assert store.purge(timedelta(hours=12)) == 1
    assert store.history(ANNA) is None
    assert [e.said for e in store.history(BINH) or ()] == ["a"]
    assert [sessions.load(Contact(*c)).version for c in (("web", ANNA), ("web", "left over"), ("telegram", "1"))] == [
        0,
        0,
        1,
    ]


def test_many_visitors_are_looked_up_at_once(store: TranscriptStore) -> None:
    """More than fit into one statement; the gone are missing."""
    say(store, "m1")
    assert store.last([ANNA, *(f"{n:064x}" for n in range(1200))]) == {ANNA: 1}


def test_numbers_have_no_gap_between_writers(store: TranscriptStore) -> None:
    """8 threads say 10 things each, every second one twice: 80 exchanges, numbered 1 to 80."""

    def talk(thread: int) -> None:
        for number in range(10):
            for _ in range(1 + number % 2):
                say(store, f"{thread}-{number}")

    threads = [threading.Thread(target=talk, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [e.number for e in store.history(ANNA) or ()] == list(range(1, 81))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(said=st.text(st.characters(exclude_categories=["Cs"]), max_size=100))
@example("a\\u0000b")
@example("\\\0\0\\\\u0000")
def test_any_text_survives(engine: Engine, said: str) -> None:
    """NUL, which PostgreSQL refuses, is dropped; everything else comes back."""
    store = TranscriptStore(engine)
    if store.history(BINH) is None:
        store.open(BINH)
    number = len(store.history(BINH) or ())
    stored = store.add(BINH, str(number), said=said, reply=None)
    assert stored is not None
    assert stored.said == said.replace("\x00", "")
    assert store.find(BINH, str(number)) == stored
