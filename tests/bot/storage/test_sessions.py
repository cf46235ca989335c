"""Sessions: the same promises on SQLite and on PostgreSQL."""

import threading
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from bot.messages import Choice, Contact, Reply
from bot.records import Session, Unsent
from bot.storage.sessions import SessionStore

ANNA = Contact("telegram", "1")


def test_a_new_person_has_a_fresh_session(engine: Engine) -> None:
    """Nothing was saved: version 0, nothing remembered."""
    assert SessionStore(engine).load(ANNA) == Session(contact=ANNA)


def test_everything_comes_back_as_it_was_saved(engine: Engine) -> None:
    """Every field survives the database, Vietnamese and aware datetimes included."""
    session = Session(
        contact=ANNA,
        expects="desk.status",
        expects_since=datetime(2026, 11, 23, 7, 30, tzinfo=UTC),
        offered=(Choice("Giấy tờ cần nộp", "procedure.show:1.004194:documents"),),
        topic="1.004194",
        trail=("desk.start",),
        ticks={"1.004194:0": (0, 3)},
        seen=("m1", "m2"),
        unsent=(Unsent("m2", "worker", Reply(paragraphs=("Xin chào",))),),
    )
    store = SessionStore(engine)
    assert store.save(session)
    assert store.load(ANNA) == msgspec.structs.replace(session, version=1)


def test_the_second_of_two_writers_is_refused(engine: Engine) -> None:
    """Both read version 1; only one of them may save, the other must read again."""
    store = SessionStore(engine)
    store.save(Session(contact=ANNA))
    first, second = store.load(ANNA), store.load(ANNA)
    assert store.save(msgspec.structs.replace(first, topic="1.000001"))
    assert not store.save(msgspec.structs.replace(second, topic="1.000002"))
    assert store.load(ANNA).topic == "1.000001"


def test_two_first_messages_at_once_make_one_session(engine: Engine) -> None:
    """The insert of the second one is refused, not raised."""
    store = SessionStore(engine)
    assert store.save(Session(contact=ANNA, topic="a"))
    assert not store.save(Session(contact=ANNA, topic="b"))


def test_no_update_is_lost_between_threads(engine: Engine) -> None:
    """8 threads add 10 message ids each by compare-and-set; all 80 are there."""
    store = SessionStore(engine)
    store.save(Session(contact=ANNA))

    def add(thread: int) -> None:
        for number in range(10):
            while True:
                session = store.load(ANNA)
                if store.save(msgspec.structs.replace(session, seen=(*session.seen, f"{thread}-{number}"))):
                    break

    threads = [threading.Thread(target=add, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(store.load(ANNA).seen)) == 80


def test_people_are_kept_apart(engine: Engine) -> None:
    """The same id on two channels is two people."""
    store = SessionStore(engine)
    store.save(Session(contact=ANNA, topic="a"))
    assert store.load(Contact("web", "1")).topic is None


def test_a_person_can_be_forgotten(engine: Engine) -> None:
    """Erasing tells whether there was anything, and leaves nothing."""
    store = SessionStore(engine)
    store.save(Session(contact=ANNA, topic="a"))
    assert store.forget(ANNA)
    assert not store.forget(ANNA)
    assert store.load(ANNA).version == 0


def test_sessions_long_unused_are_erased(engine: Engine) -> None:
    """Only those older than the limit go."""
    clock = [datetime(2026, 1, 1, tzinfo=UTC)]
    store = SessionStore(engine, lambda: clock[0])
    store.save(Session(contact=ANNA))
    clock[0] += timedelta(days=100)
    store.save(Session(contact=Contact("web", "2")))
    assert store.forget_unused(timedelta(days=90)) == 1
    assert store.load(ANNA).version == 0
    assert store.load(Contact("web", "2")).version == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(text=st.text(max_size=200))
def test_any_text_survives(engine: Engine, text: str) -> None:
    """Whatever a resident's phone sends can be remembered: emoji, combining marks, NUL is dropped, nothing raises."""
    store = SessionStore(engine)
    contact = Contact("web", "hostile")
    session = store.load(contact)
    encodable = text.encode("utf-8", "ignore").decode()
    assert store.save(msgspec.structs.replace(session, unsent=(Unsent("m", "w", Reply(paragraphs=(encodable,))),)))
    assert store.load(contact).unsent[0].reply.paragraphs == (encodable.replace("\x00", ""),)
