"""Ratings: one a visit, changeable for 24 hours, then joined to nobody; the same on SQLite and PostgreSQL."""

import threading
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import Engine, select, text

from bot.dossier_records import Status
from bot.messages import Contact
from bot.rating_records import Criterion, Rating, Source
from bot.services.ratings import KIOSK, Closed, KeptRatings, Later, Mine, Unproven
from bot.storage.dossiers import DossierStore
from bot.storage.ratings import RatingStore
from bot.storage.ratings_tables import rating_calls, rating_visits, ratings
from bot.storage.tables import metadata
from tests.bot.dossiers import CODE, Clock, change, rated, service

ANNA, BINH = Contact("telegram", "4711"), Contact("web", "binh")
F, C, A = Criterion


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 11, 23, 2, tzinfo=UTC))


@pytest.fixture
def desk(engine: Engine, clock: Clock) -> KeptRatings:
    """Ratings over a dossier that is returned and open to Anna and Bình."""
    dossiers = service(engine, clock)
    store = DossierStore(engine, now=clock)
    store.upsert(change(status=Status.PROCESSING, updated_at=clock() - timedelta(days=1)))
    store.upsert(change(status=Status.RETURNED, updated_at=clock()))
    for person in (ANNA, BINH):
        dossiers.look_up(person, CODE, "4321")
    return rated(engine, dossiers, clock)


def slip(desk: KeptRatings) -> str:
    _, codes = desk.print_codes("5", 1)
    return codes[0]


def test_a_visit_has_one_rating_and_its_person_may_change_it(desk: KeptRatings) -> None:
    """Given twice, the later score stays; somebody else who opened the same dossier can't rate it again."""
    for score in (2, 5, 5):
        desk.give(ANNA, CODE, F, score)
    found = desk.find(ANNA, CODE)
    assert isinstance(found, Mine)
    assert found.rating.scores == {F: 5}
    assert found.rating.agency == "Công an phường Thử"
    assert desk.give(BINH, CODE, F, 1) == Closed()
    assert desk.find(BINH, CODE) == Closed()


def test_after_24_hours_it_stays_as_it_is_and_belongs_to_nobody(
    desk: KeptRatings, engine: Engine, clock: Clock
) -> None:
    desk.give(ANNA, CODE, F, 2)
    clock.passes(hours=23, minutes=59)
    service(engine, clock).look_up(ANNA, CODE, "4321")
    assert isinstance(desk.give(ANNA, CODE, F, 4), Mine)
    clock.passes(minutes=1)
    assert desk.give(ANNA, CODE, F, 1) == Closed()
    assert desk.comment(ANNA, CODE, "muộn rồi") == Closed()
    with engine.connect() as connection:
        row = connection.execute(select(ratings)).one()
    assert (row.visit_key, row.person, row.seal_at, row.facilities) == (None, None, None, 4)


def test_no_rating_without_a_visit(desk: KeptRatings, engine: Engine, clock: Clock) -> None:
    """A dossier that is not returned, not open to the person, or unknown; a code that nobody printed."""
    stranger = Contact("telegram", "1")
    assert desk.give(stranger, CODE, F, 5) == Unproven()
    DossierStore(engine, now=clock).upsert(change("H05.12-260715-0008", Status.DONE))
    service(engine, clock).look_up(ANNA, "H05.12-260715-0008", "4321")
    assert desk.give(ANNA, "H05.12-260715-0008", F, 5) == Unproven()
    assert desk.give(ANNA, "H05.12-260715-0999", F, 5) == Unproven()
    assert desk.give(ANNA, "DG-123-456-789", F, 5) == Unproven()
    assert desk.give(ANNA, "nothing", F, 5) == Unproven()
    with engine.connect() as connection:
        assert connection.execute(select(ratings)).all() == []


def test_a_slip_is_used_once_lapses_and_can_be_taken_back(desk: KeptRatings, engine: Engine, clock: Clock) -> None:
    code = slip(desk)
    assert isinstance(desk.give(ANNA, code, F, 5), Mine)
    assert desk.give(BINH, code, F, 1) == Closed()
    batch, (second, third) = desk.print_codes("5", 2)
    assert isinstance(desk.give(ANNA, second, F, 3), Mine)
    assert RatingStore(engine, clock).void(batch) == 1, "the rated one stays"
    assert desk.find(BINH, third) == Unproven()
    late = slip(desk)
    clock.passes(days=41)
    assert desk.give(ANNA, late, F, 5) == Unproven()


def test_the_codes_themselves_are_not_kept(desk: KeptRatings, engine: Engine) -> None:
    """Nobody who reads the database can rate with what stands there."""
    code = slip(desk)
    with engine.connect() as connection:
        kept = str(connection.execute(select(rating_visits)).all())
    assert code not in kept
    assert code.replace("-", "") not in kept


def test_wrong_codes_are_limited(desk: KeptRatings, clock: Clock) -> None:
    """Five in a quarter of an hour; a right one does not count; the next person is not kept waiting."""
    code = slip(desk)
    for _ in range(20):
        assert isinstance(desk.find(ANNA, code), Mine)
    for number in range(5):
        assert desk.find(ANNA, f"DG-123-456-78{number}") == Unproven()
    waits = desk.find(ANNA, code)
    assert isinstance(waits, Later)
    assert 0 < waits.seconds <= 15 * 60
    assert isinstance(desk.find(BINH, code), Mine)
    clock.passes(minutes=15)
    assert isinstance(desk.find(ANNA, code), Mine)


def test_a_tablet_asks_about_one_visit_at_a_time(desk: KeptRatings, clock: Clock) -> None:
    """An officer's word opens one rating for ten minutes; the next visitor's ends it; another counter hears nothing."""
    first = desk.tap("5")
    assert desk.waiting("5") == first
    assert desk.waiting("6") is None
    second = desk.tap("5")
    assert desk.waiting("5") == second
    tablet = Contact(KIOSK, second)
    assert isinstance(desk.give(tablet, second, A, 4), Mine)
    assert desk.waiting("5") is None
    assert desk.find(ANNA, second) == Unproven(), "a tap is nothing outside the tablet"
    third = desk.tap("5")
    clock.passes(minutes=10)
    assert desk.waiting("5") is None
    assert desk.give(Contact(KIOSK, third), third, A, 4) == Unproven()


def test_a_tablet_speaks_for_its_own_counter(desk: KeptRatings) -> None:
    assert desk.is_kiosk("5", desk.kiosk_token("5"))
    assert not desk.is_kiosk("6", desk.kiosk_token("5"))


def test_comments_are_masked_before_they_are_kept(desk: KeptRatings, engine: Engine) -> None:
    desk.give(ANNA, CODE, F, 2)
    desk.comment(ANNA, CODE, "chị Lan bắt gọi 0912345678 " + "x" * 3000)
    with engine.connect() as connection:
        kept = connection.execute(select(ratings.c.comment)).scalar_one()
    assert kept.startswith("chị ••• bắt gọi •••")
    assert len(kept) <= 1000


def test_a_call_back_is_kept_apart_and_not_for_ever(desk: KeptRatings, engine: Engine, clock: Clock) -> None:
    """Only after a low score; nothing in the row leads to the rating; gone after the call or 30 days."""
    store = RatingStore(engine, clock)
    desk.give(ANNA, CODE, F, 4)
    assert not desk.ask_call(ANNA, CODE, "0900004321")
    desk.give(ANNA, CODE, A, 1)
    for phone in ("0900004321", "0900 004 322"):
        assert desk.ask_call(ANNA, CODE, phone)
    (call,) = store.calls()
    assert call.phone == "0900004322"
    with engine.connect() as connection:
        rating, row = connection.execute(select(ratings)).one(), connection.execute(select(rating_calls)).one()
    assert not {value for value in rating if value} & {value for value in row if value} - {"Công an phường Thử"}
    assert store.called(call.id)
    assert not store.called(call.id)
    assert store.calls() == []
    assert desk.ask_call(ANNA, CODE, "0900004321")
    clock.passes(days=30)
    assert store.calls() == []
    with pytest.raises(ValueError, match="phone"):
        desk.ask_call(ANNA, CODE, "số của tôi")


def test_nobody_is_named_anywhere(desk: KeptRatings, engine: Engine) -> None:
    """No contact id and no time of day of the rating stands in any table of ratings, but for when it is sealed."""
    desk.give(ANNA, CODE, F, 1)
    desk.comment(ANNA, CODE, "ghế ít")
    desk.ask_call(ANNA, CODE, "0900004321")
    for table in metadata.sorted_tables:
        if table.name.startswith("rating"):
            with engine.connect() as connection:
                assert "4711" not in str(connection.execute(select(table)).all()), table.name
    assert not [column.name for column in ratings.c if column.name.endswith("_at") and column.name != "seal_at"]


def test_erasing_takes_what_can_still_be_joined_to_the_person(desk: KeptRatings, engine: Engine, clock: Clock) -> None:
    """The rating of the last 24 hours and the number to call; the visit stays rated, an older rating stays a number."""
    old = slip(desk)
    desk.give(ANNA, old, F, 5)
    clock.passes(hours=24)
    service(engine, clock).look_up(ANNA, CODE, "4321")
    desk.give(ANNA, CODE, F, 1)
    desk.ask_call(ANNA, CODE, "0900004321")
    service(engine, clock).erase(ANNA)
    with engine.connect() as connection:
        assert [row.facilities for row in connection.execute(select(ratings))] == [5]
        assert connection.execute(select(rating_calls)).all() == []
    service(engine, clock).look_up(ANNA, CODE, "4321")
    assert desk.find(ANNA, CODE) == Closed()


def test_many_at_once_leave_one_rating(desk: KeptRatings, engine: Engine, clock: Clock) -> None:
    """Eight threads rate one visit for two people: one rating stays, of one of them."""
    code = slip(desk)
    outcomes: list[object] = []

    def rate(person: Contact) -> None:
        outcomes.append(desk.give(person, code, F, 4))

    threads = [threading.Thread(target=rate, args=(person,)) for person in (ANNA, BINH) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(isinstance(outcome, Mine) for outcome in outcomes) == [False] * 4 + [True] * 4
    assert len(RatingStore(engine, clock).ratings("2026-11", "2026-11")) == 1


def test_visits_are_returned_dossiers_slips_and_taps_of_the_month(
    desk: KeptRatings, engine: Engine, clock: Clock
) -> None:
    """A voided slip is no visit, another month's return is none of this month, in Vietnam's time."""
    store = DossierStore(engine, now=clock)
    last_moment = datetime(2026, 10, 31, 16, 59, tzinfo=UTC)
    for number, at in ((1, last_moment), (2, last_moment + timedelta(minutes=1))):
        store.upsert(change(f"H05.12-260715-010{number}", Status.PROCESSING, updated_at=at - timedelta(days=1)))
        store.upsert(change(f"H05.12-260715-010{number}", Status.RETURNED, updated_at=at))
    batch, _ = desk.print_codes("5", 3, agency="Sở Tư pháp")
    RatingStore(engine, clock).void(batch)
    desk.print_codes("5", 4, agency="Sở Tư pháp")
    desk.tap("6")
    assert RatingStore(engine, clock).visits("2026-11", "2026-11") == {
        ("2026-11", "Công an phường Thử", ""): 2,
        ("2026-11", "Sở Tư pháp", "5"): 4,
        ("2026-11", "", "6"): 1,
    }


def test_a_slip_and_a_tap_made_for_a_dossier_are_its_one_visit(desk: KeptRatings, engine: Engine, clock: Clock) -> None:
    """Rated on the slip, the visit is rated in the chat and at the tablet too; it counts once, at its counter."""
    dossier = DossierStore(engine, now=clock).get(CODE)
    assert dossier is not None
    _, (code,) = desk.print_codes("5", 1, dossier=dossier)
    tap = desk.tap("5", dossier=dossier)
    assert isinstance(desk.give(BINH, code, F, 4), Mine)
    assert isinstance(desk.give(BINH, CODE, F, 5), Mine), "the same visit by the same person"
    assert desk.give(ANNA, CODE, F, 1) == Closed()
    assert desk.give(Contact(KIOSK, "x"), tap, F, 1) == Closed()
    assert desk.waiting("5") is None
    (kept,) = RatingStore(engine, clock).ratings("2026-11", "2026-11")
    assert (kept.scores, kept.counter, kept.source) == ({F: 5}, "5", Source.DOSSIER)
    assert RatingStore(engine, clock).visits("2026-11", "2026-11") == {
        ("2026-11", "Công an phường Thử", ""): 0,
        ("2026-11", "Công an phường Thử", "5"): 1,
    }
    waits = msgspec.structs.replace(dossier, status=Status.DONE)
    with pytest.raises(ValueError, match="returned"):
        desk.tap("5", dossier=waits)


def test_notes_are_seen_once_published(desk: KeptRatings, engine: Engine, clock: Clock) -> None:
    store = RatingStore(engine, clock)
    first, second = store.draft_change("Thêm 20 ghế", "Hoa"), store.draft_change("Mở quầy 7 giờ", "Hoa")
    assert desk.changes(10) == []
    assert store.publish_change(first.id, "Bình")
    assert not store.publish_change(first.id, "Bình")
    clock.passes(days=1)
    assert store.publish_change(second.id, "Bình")
    assert [note.text for note in desk.changes(10)] == ["Mở quầy 7 giờ", "Thêm 20 ghế"]
    assert store.withdraw_change(second.id)
    assert [note.text for note in desk.changes(10)] == ["Thêm 20 ghế"]


def test_an_unscored_rating_is_none(engine: Engine, desk: KeptRatings, clock: Clock) -> None:
    """Words without a score are not kept: no rating exists yet."""
    assert desk.comment(ANNA, CODE, "tốt") == Closed()
    assert RatingStore(engine, clock).ratings("2026-01", "2026-12") == []
    assert isinstance(desk.give(ANNA, CODE, F, 5), Mine)
    kept = RatingStore(engine, clock).ratings("2026-11", "2026-11")
    assert [type(rating) for rating in kept] == [Rating]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM ratings")).scalar_one() == 1
