"""Accounts, sessions, tries and the audit log on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from bot.staff_records import Account, Role, Stage
from bot.storage.jobs import SILENT, JobStore
from bot.storage.staff import AuditStore, StaffStore
from bot.storage.staff_tables import staff_sessions
from tests.bot.dossiers import Clock

IDLE = timedelta(minutes=45)
WINDOW = timedelta(minutes=15)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(engine: Engine, clock: Clock) -> StaffStore:
    return StaffStore(engine, clock)


def add(store: StaffStore, login: str = "lan") -> Account:
    account = store.add(login=login, name="Lan", role=Role.OFFICER, agency="", password="hash", by="test")
    assert account is not None
    return account


def test_a_login_belongs_to_one_account(store: StaffStore) -> None:
    """The second account with a login is refused; the first stays."""
    first = add(store)
    again = store.add(login="lan", name="Khác", role=Role.CLERK, agency="so-noi-vu", password="x", by="test")
    assert again is None
    assert store.find("lan") == first
    assert store.find("nobody") is None


def test_a_session_ends_by_time_by_rest_and_with_its_account(store: StaffStore, clock: Clock) -> None:
    """Idle, absolute, signed out, disabled: each ends it; a used one lives on."""
    account = add(store)
    store.open_session("a" * 64, account.id, Stage.OPEN, lasts=timedelta(hours=2))
    for _ in range(3):
        clock.passes(minutes=39)
        assert store.session("a" * 64, idle=IDLE, touch=True) is not None
    clock.passes(minutes=4)
    assert store.session("a" * 64, idle=IDLE, touch=True) is None  # two hours are over
    store.open_session("b" * 64, account.id, Stage.OPEN, lasts=timedelta(hours=12))
    clock.passes(minutes=40)
    assert store.session("b" * 64, idle=IDLE, touch=False) is not None
    clock.passes(minutes=6)
    assert store.session("b" * 64, idle=IDLE, touch=True) is None  # polling did not keep it alive
    store.open_session("c" * 64, account.id, Stage.OPEN, lasts=timedelta(hours=12))
    store.change(account.id, disabled_at=clock())
    assert store.session("c" * 64, idle=IDLE, touch=True) is None


def test_ended_sessions_are_cleared_away(store: StaffStore, engine: Engine, clock: Clock) -> None:
    """The table does not grow for ever."""
    account = add(store)
    store.open_session("a" * 64, account.id, Stage.OPEN, lasts=timedelta(hours=1))
    clock.passes(hours=2)
    store.open_session("b" * 64, account.id, Stage.OPEN, lasts=timedelta(hours=1))
    with engine.connect() as connection:
        assert connection.execute(select(staff_sessions.c.token_hash)).scalars().all() == ["b" * 64]


def test_signing_out_everywhere_spares_the_browser_that_is_named(store: StaffStore) -> None:
    """Two of three sessions end."""
    account = add(store)
    for name in "abc":
        store.open_session(name * 64, account.id, Stage.OPEN, lasts=timedelta(hours=1))
    assert store.close_sessions(account.id, but="b" * 64) == 2
    assert store.count_sessions(account.id) == 1


def test_a_message_waits_for_the_next_page(store: StaffStore) -> None:
    """What is said is read with the session until it is cleared."""
    account = add(store)
    store.open_session("a" * 64, account.id, Stage.OPEN, lasts=timedelta(hours=1))
    store.say("a" * 64, ("Đã lưu.",))
    session = store.session("a" * 64, idle=IDLE, touch=True)
    assert session is not None
    assert session.said == ("Đã lưu.",)


def test_tries_are_limited_and_the_limit_lapses(store: StaffStore, clock: Clock) -> None:
    """Five may be made, the sixth waits as long as the first counts; refused ones do not make it longer."""
    add(store)
    subjects: dict[tuple[str, str], int | None] = {("login", "lan"): 5, ("address", "x"): 30}
    for _ in range(5):
        assert store.try_(subjects, WINDOW) is None
        clock.passes(minutes=1)
    assert store.try_(subjects, WINDOW) == timedelta(minutes=10)
    clock.passes(minutes=5)
    assert store.try_(subjects, WINDOW) == timedelta(minutes=5)
    clock.passes(minutes=5)
    assert store.try_(subjects, WINDOW) is None
    assert store.failed(clock() - timedelta(days=1)) == [("lan", 8, 2, clock())]
    store.forgive(("login", "lan"))
    assert store.failed(clock() - timedelta(days=1)) == []


def test_a_watched_subject_is_not_added_to(store: StaffStore) -> None:
    """Tries under another subject are refused where the watched one is full, and never fill it."""
    for _ in range(3):
        assert store.try_({("invented", "x"): None}, WINDOW, watched={("address", "x"): 2}) is None
    for _ in range(2):
        assert store.try_({("address", "x"): 2}, WINDOW) is None
    assert store.try_({("invented", "x"): None}, WINDOW, watched={("address", "x"): 2}) is not None
    assert (store.tried("invented", "x", WINDOW), store.tried("address", "x", WINDOW)) == (3, 2)


def test_an_address_is_limited_over_many_logins(store: StaffStore) -> None:
    """Who tries one password at every login is stopped too."""
    waits = [store.try_({("login", f"person{n}"): 5, ("address", "x"): 3}, WINDOW) for n in range(5)]
    assert [wait is None for wait in waits] == [True, True, True, False, False]


def test_tries_at_the_same_moment_see_each_other(store: StaffStore) -> None:
    """Of twenty tries at once no more than five are let through."""
    with ThreadPoolExecutor(8) as threads:
        waits = list(threads.map(lambda _: store.try_({("login", "lan"): 5}, WINDOW), range(20)))
    assert sum(wait is None for wait in waits) <= 5


def test_a_code_is_used_once(store: StaffStore) -> None:
    """Neither the same step again nor an older one."""
    account = add(store)
    assert [store.use_code(account.id, step) for step in (7, 7, 6, 8)] == [True, False, False, True]


def test_the_log_is_searched(engine: Engine, clock: Clock) -> None:
    """By person, action, a part of the subject and time; newest first, page by page."""
    log = AuditStore(engine, clock)
    for number in range(5):
        log.add("lan" if number % 2 else "minh", "Đổi trạng thái", f"H05-{number}", {"after": {"số": number}})
        clock.passes(hours=1)
    log.add("", "Đăng nhập không được", "100%", {})
    assert [deed.subject for deed in log.find(login="lan")] == ["H05-3", "H05-1"]
    assert [deed.subject for deed in log.find(subject="h05", limit=2, offset=1)] == ["H05-3", "H05-2"]
    assert [deed.subject for deed in log.find(subject="%")] == ["100%"]
    begin = clock() - timedelta(hours=5)
    found = log.find(since=begin + timedelta(hours=1), until=begin + timedelta(hours=3))
    assert [deed.detail["after"]["số"] for deed in found] == [2, 1]
    assert log.actions() == ["Đăng nhập không được", "Đổi trạng thái"]


def test_a_job_tells_its_progress_and_its_death(engine: Engine, clock: Clock) -> None:
    """Only to who started it; one that is silent for two minutes has died."""
    jobs = JobStore(engine, clock)
    job_id = jobs.start("Nhập tệp", "lan")
    jobs.progress(job_id, 3, 10)
    job = jobs.get(job_id, "lan")
    assert job is not None
    assert (job.state, job.done, job.total) == ("running", 3, 10)
    assert jobs.get(job_id, "minh") is None
    clock.passes(seconds=SILENT.total_seconds() + 1)
    died = jobs.get(job_id, "lan")
    assert died is not None
    assert died.state == "died"
    jobs.finish(job_id, ["xong"])
    done = jobs.get(job_id, "lan")
    assert done is not None
    assert (done.state, done.report) == ("done", ("xong",))
