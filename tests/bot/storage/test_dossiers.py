"""Dossiers are kept once and in order; wrong tries are counted whoever makes them at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, insert, select

from bot.dossier_records import Dossier, Outcome, Status
from bot.messages import Contact
from bot.storage.consents import ConsentStore, is_consented
from bot.storage.dossiers import TRIES, WINDOW, DossierStore
from bot.storage.tables import transcripts
from tests.bot.dossiers import CODE, HASHER, Clock, change

ANNA = Contact("telegram", "1")


def test_a_dossier_comes_back_as_it_was_kept(engine: Engine) -> None:
    """Found by code, and by the keyed hash of its phone number."""
    kept = DossierStore(engine, now=Clock()).upsert(change())
    store = DossierStore(engine)
    assert kept.outcome is Outcome.CREATED
    assert store.get(CODE) == kept.dossier
    assert store.by_phone(HASHER.phone("+84 900 004 321").hash) == [kept.dossier]
    assert store.by_phone("") == []
    assert [step.status for step in kept.dossier.timeline] == [Status.RECEIVED, Status.PROCESSING]


def test_versions_decide(engine: Engine) -> None:
    """Sent again: unchanged. Older: stale. The same version with another content: a conflict. Newer: changed."""
    store = DossierStore(engine)
    sent = [
        store.upsert(change(status_version=3)).outcome,
        store.upsert(change(status_version=3)).outcome,
        store.upsert(change(status=Status.DONE, status_version=2)).outcome,
        store.upsert(change(status=Status.DONE, status_version=3)).outcome,
        store.upsert(change(status=Status.DONE, status_version=4)).outcome,
    ]
    assert sent == ["created", "unchanged", "stale", "conflict", "changed"]


def test_sources_without_versions_are_counted_here(engine: Engine) -> None:
    """What changes raises the version; what a source does not speak of stays; an older export changes nothing."""
    clock = Clock()
    store = DossierStore(engine, now=clock)
    store.upsert(change(updated_at=clock.at))
    assert store.upsert(change(updated_at=clock.at)).outcome is Outcome.UNCHANGED
    clock.passes(hours=1)
    done = store.upsert(change(status=Status.DONE, result="Giấy xác nhận", updated_at=clock.at))
    assert (done.outcome, done.dossier.status_version) == (Outcome.CHANGED, 2)
    older = change(updated_at=clock.at - timedelta(minutes=30))
    assert store.upsert(older).outcome is Outcome.STALE
    assert store.get(CODE) == done.dossier


def test_the_hook_shares_the_transaction(engine: Engine) -> None:
    """What the hook writes is there with the dossier, or neither is; it is not called where nothing changed."""
    called: list[tuple[Status, Status | None]] = []

    def on_change(connection: Connection, dossier: Dossier, before: Dossier | None) -> None:
        called.append((dossier.status, before.status if before else None))
        visitor = str(len(called))
        connection.execute(insert(transcripts).values(visitor=visitor, last=0, updated_at=dossier.updated_at))
        if dossier.status is Status.STOPPED:
            raise RuntimeError("the outbox is full")

    store = DossierStore(engine, on_change)
    store.upsert(change())
    store.upsert(change())
    with pytest.raises(RuntimeError):
        store.upsert(change(status=Status.STOPPED))
    kept = store.get(CODE)
    assert kept is not None
    assert kept.status is Status.PROCESSING
    assert called == [(Status.PROCESSING, None), (Status.STOPPED, Status.PROCESSING)]
    with engine.connect() as connection:
        assert connection.execute(select(transcripts.c.visitor)).scalars().all() == ["1"]


def test_the_same_new_dossiers_from_several_senders_are_created_once(engine: Engine) -> None:
    """Four threads send the same fifty."""
    store = DossierStore(engine)
    sent = [change(f"H05.12-260715-{number:04}") for number in range(50)]
    with ThreadPoolExecutor(4) as pool:
        outcomes = [kept.outcome for told in pool.map(lambda _: store.upsert_all(sent), range(4)) for kept in told]
    assert outcomes.count(Outcome.CREATED) == 50
    assert outcomes.count(Outcome.UNCHANGED) == 150


def test_tries_at_the_same_moment_are_all_counted(engine: Engine) -> None:
    """Twelve guesses at once by one person: five are looked at, the others wait."""
    store = DossierStore(engine)
    store.upsert(change())
    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(lambda _: store.check("anna", ANNA, CODE, "0000"), range(12)))
    assert told.count(False) == TRIES
    assert sum(isinstance(answer, timedelta) for answer in told) == 12 - TRIES


def test_a_dossier_guards_itself_against_many_persons(engine: Engine) -> None:
    """After five wrong tries by five persons the sixth waits, even with the right digits, until 15 minutes are over."""
    clock = Clock()
    store = DossierStore(engine, now=clock)
    store.upsert(change())
    for number in range(TRIES):
        assert store.check(f"p{number}", Contact("telegram", str(number)), CODE, "0000") is False
    clock.passes(minutes=5)
    assert store.check("sixth", ANNA, CODE, "4321") == WINDOW - timedelta(minutes=5)
    clock.passes(minutes=10)
    assert store.check("sixth", ANNA, CODE, "4321") is True


def test_right_digits_use_up_no_try(engine: Engine) -> None:
    """Somebody who looks ten times a day is never asked to wait."""
    store = DossierStore(engine)
    store.upsert(change())
    assert all(store.check("anna", ANNA, CODE, "4321") is True for _ in range(TRIES * 2))
    assert store.tries(Clock().at) == []


@pytest.mark.parametrize("digits", ["", "0000"])
def test_a_dossier_without_numbers_opens_to_nobody(engine: Engine, digits: str) -> None:
    """Exports without phone and identity number, or with zeros for them, can't be proven to be one's own."""
    store = DossierStore(engine)
    store.upsert(change(phone="0000000000"))
    assert store.check("anna", ANNA, CODE, digits) is False


def test_erasing_gives_no_new_tries(engine: Engine) -> None:
    """The count of the last minutes stays, nameless, until it lapses; then nothing is left."""
    clock = Clock()
    store = DossierStore(engine, now=clock)
    for _ in range(TRIES):
        store.check("anna", ANNA, CODE, "0000")
    assert store.erase(ANNA, "anna") == WINDOW
    assert isinstance(store.check("anna", ANNA, "H05.12-260715-0008", "0000"), timedelta)
    clock.passes(minutes=16)
    assert store.erase(ANNA, "anna") == timedelta(0)
    assert [tries.subject for tries in store.tries(clock.at - timedelta(days=1)) if tries.kind == "person"] == []


def test_consents_are_given_and_withdrawn(engine: Engine) -> None:
    """Given twice keeps the first time; a withdrawn one does not count; given again it counts from then."""
    clock = Clock()
    consents = ConsentStore(engine, now=clock)
    first = consents.give(ANNA, "dossier:x", "1")
    clock.passes(hours=1)
    assert consents.give(ANNA, "dossier:x", "1") == first
    assert consents.withdraw_all(ANNA) == 1
    with engine.connect() as connection:
        assert not is_consented(connection, ANNA, "dossier:x")
    assert consents.of(ANNA) == []
    again = consents.give(ANNA, "dossier:x", "2")
    assert (again.given_at, again.text_version) == (clock.at, "2")
    with engine.connect() as connection:
        assert is_consented(connection, ANNA, "dossier:x")
        assert not is_consented(connection, Contact("telegram", "2"), "dossier:x")


def test_numbers_of_changes_may_be_milliseconds(engine: Engine) -> None:
    """They come back as they were sent; what the staff change in between does not stand in the way of the next."""
    store = DossierStore(engine)
    first = 1_764_756_000_000
    assert store.upsert(change(status_version=first)).dossier.sender_version == first
    assert store.upsert(change(status=Status.SUPPLEMENT, after=1)).outcome is Outcome.CHANGED
    assert store.upsert(change(status=Status.DONE, status_version=first + 1)).outcome is Outcome.CHANGED
    kept = store.get(CODE)
    assert kept is not None
    assert (kept.status, kept.status_version, kept.sender_version) == (Status.DONE, 3, first + 1)


def test_a_newer_number_of_the_same_content_is_kept_and_told_nobody(engine: Engine) -> None:
    """An older one is stale from then on."""
    told: list[Status] = []
    store = DossierStore(engine, lambda _connection, dossier, _before: told.append(dossier.status))
    store.upsert(change(status_version=3))
    assert store.upsert(change(status_version=5)).outcome is Outcome.UNCHANGED
    assert store.upsert(change(status=Status.DONE, status_version=4)).outcome is Outcome.STALE
    assert told == [Status.PROCESSING]


def test_what_the_database_refuses_loses_no_other(engine: Engine) -> None:
    """A value that cannot be stored; the others of its batch are kept."""
    store = DossierStore(engine)
    codes = [f"H05.12-260715-000{number}" for number in range(3)]
    sent = [change(codes[0]), change(codes[1], agency="\ud800"), change(codes[2])]
    assert [kept.outcome for kept in store.upsert_all(sent)] == ["created", "failed", "created"]
    assert [dossier.code for dossier in store.get_all(codes)] == [codes[0], codes[2]]


def test_a_status_that_goes_back_without_a_time_is_told_nobody(engine: Engine) -> None:
    """It is kept, for it may be true."""
    told: list[Status] = []
    store = DossierStore(engine, lambda _connection, dossier, _before: told.append(dossier.status))
    store.upsert(change(status=Status.DONE))
    back = store.upsert(change(status=Status.PROCESSING))
    assert (back.outcome, back.backwards, back.dossier.status) == (Outcome.CHANGED, True, Status.PROCESSING)
    assert told == [Status.DONE]
