"""Cases of volunteers: ticks in any order, cases that nobody else sees, and nothing left but counts."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from bot.messages import Contact
from bot.records import Session
from bot.services.assistance import TRIES, Joined, KeptAssistance, Refused
from bot.services.dossiers import Shown, Wait, Wrong
from bot.storage.database import open_database
from bot.storage.dossiers import DossierStore
from bot.storage.sessions import SessionStore
from bot.storage.volunteers import MOST_OPEN, VolunteerStore
from bot.volunteer_records import Case, Mark, Outcome, Seat
from tests.bot.dossiers import CODE, Clock, change
from tests.bot.volunteers import assisting, holding, seated, stored

PROCEDURE = "1.004194"
NONCE = "n" * 20


def opened(store: VolunteerStore, seat: Seat, number: int = 1) -> Case:
    case = store.open(seat.id, number, f"{NONCE}{number}")
    assert case is not None
    chosen = store.choose(seat.id, case.id, 1, PROCEDURE, "")
    assert chosen is not None
    return chosen


def mark(paper: int, counter: int, *, has: bool = True, client: str = "a") -> Mark:
    return Mark(paper=paper, has=has, counter=counter, client=client)


def test_a_code_joins_until_it_ends_or_is_taken_back(engine: Engine) -> None:
    clock = Clock()
    assistance = assisting(engine, clock)
    volunteer, code = assistance.make_code(" Lan ", "Đoàn phường Thử", 7, "an")
    assert holding(engine, code, code.replace("-", "")) == []
    joined = assistance.sit("browser", f"  {code.lower().replace('-', ' ')} ", "1.2.3.4")
    assert isinstance(joined, Joined)
    assert joined.seat.volunteer.nickname == "Lan"
    clock.passes(days=7)
    assert assistance.seat_of("browser") is None
    assert isinstance(assistance.sit("browser", code, "1.2.3.4"), Refused)
    other, code = assistance.make_code("Hoa", "Đoàn phường Thử", 7, "an")
    assert isinstance(assistance.sit("phone", code, "1.2.3.4"), Joined)
    assert assistance.store.disable(other.id)
    assert not assistance.store.disable(other.id)
    assert assistance.seat_of("phone") is None
    assert isinstance(assistance.sit("phone", code, "1.2.3.4"), Refused)
    assert assistance.store.get(volunteer.id).expires_at == volunteer.expires_at


def test_wrong_codes_are_limited(engine: Engine) -> None:
    """After so many they are told to wait; a right code is let in all the same, from any device at that address."""
    clock = Clock()
    assistance = assisting(engine, clock)
    _, code = assistance.make_code("Lan", "Đoàn phường Thử", 7, "an")
    for _ in range(TRIES):
        assert isinstance(assistance.sit("k", "TN-111-BBB-222", "9.9.9.9"), Refused)
    assert isinstance(assistance.sit("k", "TN-111-BBB-222", "9.9.9.9"), Wait)
    assert isinstance(assistance.sit("k", code, "9.9.9.9"), Joined)
    assert isinstance(assistance.sit("k", code, "8.8.8.8"), Joined)
    clock.passes(minutes=16)
    assert isinstance(assistance.sit("k", code, "9.9.9.9"), Joined)


def test_opening_twice_opens_once_and_never_again(engine: Engine) -> None:
    """A request that arrives again finds its case; after closing it finds none, and another's number none either."""
    assistance = assisting(engine)
    store, seat = assistance.store, seated(assistance)
    case = opened(store, seat)
    assert store.open(seat.id, 1, f"{NONCE}1").id == case.id
    assert store.open(seat.id, 1, "another") is None
    assert store.open(seat.id, 3, "skips") is None
    assert store.close(seat.id, case.id, Outcome.DONE)
    assert store.open(seat.id, 1, f"{NONCE}1") is None
    assert store.cases(seat.id) == []


def test_so_many_cases_and_no_more(engine: Engine) -> None:
    assistance = assisting(engine)
    seat = seated(assistance)
    for number in range(1, MOST_OPEN + 1):
        assert assistance.store.open(seat.id, number, str(number))
    assert assistance.store.open(seat.id, MOST_OPEN + 1, "one more") is None


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_marks_end_the_same_in_any_order(data: st.DataObject) -> None:
    """However marks are reordered, repeated and bundled, the newest of each paper stays."""
    marks = data.draw(
        st.lists(
            st.builds(Mark, paper=st.integers(0, 3), has=st.booleans(), counter=st.integers(1, 4), client=st.just("a")),
            max_size=8,
            unique_by=lambda each: (each.paper, each.counter),
        )
    )
    expected = {each.paper: each for each in sorted(marks, key=lambda each: each.counter)}
    engine = open_database("sqlite://")
    assistance = assisting(engine)
    store, seat = assistance.store, seated(assistance)
    case = opened(store, seat)
    sent = data.draw(st.permutations([*marks, *marks]))
    cut = data.draw(st.integers(0, len(sent)))
    store.mark(seat.id, case.id, 1, sent[:cut])
    after = store.mark(seat.id, case.id, 1, sent[cut:])
    assert after.marks == tuple(expected[paper] for paper in sorted(expected))
    engine.dispose()


def test_a_mark_never_lands_on_another_list(engine: Engine) -> None:
    """A late tick of the list before is dropped, and a late choice of the list before changes nothing."""
    assistance = assisting(engine)
    store, seat = assistance.store, seated(assistance)
    case = opened(store, seat)
    store.mark(seat.id, case.id, 1, [mark(0, 1)])
    assert store.choose(seat.id, case.id, 2, "2.000635", "").ticks == ()
    assert store.mark(seat.id, case.id, 1, [mark(1, 5)]).ticks == ()
    assert store.mark(seat.id, case.id, 2, [mark(2, 1)]).ticks == (2,)
    again = store.choose(seat.id, case.id, 1, PROCEDURE, "")
    assert (again.procedure, again.ticks) == ("2.000635", (2,))
    assert store.choose(seat.id, case.id, 2, "2.000635", "").ticks == (2,)


def test_nobody_else_reads_or_changes_a_case(engine: Engine) -> None:
    assistance = assisting(engine)
    store, mine, other = assistance.store, seated(assistance, "Lan"), seated(assistance, "Hoa")
    case = opened(store, mine)
    assert store.cases(other.id) == []
    assert store.case(other.id, case.id) is None
    assert store.mark(other.id, case.id, 1, [mark(0, 9)]) is None
    assert store.tick(other.id, case.id, 1, 0, has=True, client="b") is None
    assert store.choose(other.id, case.id, 9, "2.000635", "") is None
    assert not store.close(other.id, case.id, Outcome.DONE)
    assert store.case(mine.id, case.id) == case


def test_a_case_that_is_closed_by_many_at_once_counts_once(engine: Engine) -> None:
    """Ticks that come at the same moment leave nothing behind."""
    clock = Clock()
    assistance = assisting(engine, clock)
    store, seat = assistance.store, seated(assistance)
    case = opened(store, seat)
    clock.passes(minutes=12)
    with ThreadPoolExecutor(8) as threads:
        ticks = [threads.submit(store.mark, seat.id, case.id, 1, [mark(n, 1)]) for n in range(8)]
        closes = [threads.submit(store.close, seat.id, case.id, Outcome.PAPERS) for _ in range(4)]
        assert sum(each.result() for each in closes) == 1
        assert all(each.exception() is None for each in ticks)
    (count,) = store.counts("2026-11-01", "2026-11-30")
    assert (count.procedure, count.outcome, count.cases, count.minutes) == (PROCEDURE, Outcome.PAPERS, 1, 12)
    assert holding(engine, case.id, case.nonce) == []
    assert stored(engine)["volunteer_ticks"] == []


def test_what_is_left_behind_is_closed_after_a_day(engine: Engine) -> None:
    """With the minutes of work, not of the night; and the chat forgets it too."""
    clock = Clock()
    assistance, who = assisting(engine, clock), Contact("telegram", "77")
    _, code = assistance.make_code("Lan", "Đoàn phường Thử", 30, "an")
    joined = assistance.join(who, code)
    assert isinstance(joined, Joined)
    case = assistance.open(joined.seat, 1, PROCEDURE, "")
    assert case is not None
    clock.passes(minutes=20)
    assistance.tick(joined.seat, case, 1, 0, has=True)
    SessionStore(engine).save(Session(contact=who, trail=(f"assist.show:{case.id}",)))
    assert holding(engine, case.id) != []
    clock.passes(hours=23)
    assert assistance.tidy() == 0
    clock.passes(minutes=41)
    assert assistance.seat(who) is not None  # which tidies by the way
    assert holding(engine, case.id) == []
    (count,) = assistance.store.counts("2026-11-01", "2026-11-30")
    assert (count.outcome, count.minutes) == (Outcome.LEFT, 20)


def test_the_end_of_a_code_ends_its_seats(engine: Engine) -> None:
    clock = Clock()
    assistance = assisting(engine, clock)
    seat = seated(assistance)
    clock.passes(days=29, hours=23)
    opened(assistance.store, seat)
    clock.passes(hours=2)
    assert assistance.tidy() == 0
    assert stored(engine)["volunteer_seats"] == []
    assert stored(engine)["volunteer_cases"] == []


def test_a_dossier_beside_the_person_is_not_remembered(engine: Engine) -> None:
    """The right digits show it once; the limits on wrong ones hold as everywhere."""
    DossierStore(engine).upsert(change())
    assistance = assisting(engine)
    seat = seated(assistance)
    assert isinstance(assistance.look_up(seat, CODE, "4321"), Shown)
    assert holding(engine, CODE) == ["dossiers"]
    for _ in range(5):
        assert isinstance(assistance.look_up(seat, CODE, "0000"), Wrong)
    assert isinstance(assistance.look_up(seat, CODE, "4321"), Wait)


def test_erasing_ones_data_ends_the_seat(engine: Engine) -> None:
    assistance, who = assisting(engine), Contact("zalo", "5")
    _, code = assistance.make_code("Lan", "Đoàn phường Thử", 30, "an")
    joined = assistance.join(who, code)
    assert isinstance(joined, Joined)
    case = assistance.open(joined.seat, 1, PROCEDURE, "")
    assert case is not None
    assistance.store.erase(who)
    assert assistance.seat(who) is None
    assert holding(engine, case.id) == []


def test_counts_sum_up(engine: Engine) -> None:
    """Cases of one volunteer, procedure, day and outcome are one row."""
    clock = Clock()
    assistance: KeptAssistance = assisting(engine, clock)
    seat = seated(assistance)
    for number in range(1, 4):
        case = opened(assistance.store, seat, number)
        clock.at += timedelta(minutes=number)
        assistance.store.close(seat.id, case.id, Outcome.DONE)
    (count,) = assistance.store.counts("2026-11-23", "2026-11-23")
    assert (count.cases, count.minutes, count.day) == (3, 6, "2026-11-23")
    assert assistance.store.counts("2026-11-24", "2026-11-30") == []
