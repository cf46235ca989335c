"""Overrides, imports and publications in the database."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, func, select

from bot.catalogue_records import Built, ImportSummary, Outcome, Publication, RecordChange, Shares
from bot.storage.overrides import KEPT_IMPORTS, REPLACED, ImportStore, OverrideStore, PublicationStore
from bot.storage.overrides_tables import catalogue_changes
from knowledge_base.overrides import Correct, Hide, Override, Phrase, Remark
from tests.bot.dossiers import Clock
from tests.fakes.small_index import catalogue

CODE = "1.000001"
SIGNED = {"code": CODE, "who": "Trần Thị B", "when": "", "why": "Nghị quyết mới"}


def test_an_override_comes_back_with_day_and_origin(engine: Engine) -> None:
    """Whoever asks, on whichever machine, gets what was written; the day is that of Bắc Giang."""
    clock = Clock()
    clock.at = clock.at.replace(hour=18)  # already the next day there
    value = [{"kind": "amount", "amounts": [5000], "currency": "VND"}]
    edit = OverrideStore(engine, clock).add(Correct(**SIGNED, field="fees", value=value, seen="abc"))
    (again,) = OverrideStore(engine, clock).active()
    assert again == edit
    assert again.override == Correct(
        code=CODE, who="Trần Thị B", when="2026-11-24", why="Nghị quyết mới", seen="abc", origin=f"staff:{edit.id}",
        field="fees", value=value,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        (Correct(**SIGNED, field="name", value="A"), Correct(**SIGNED, field="name", value="B"), 1),
        (Correct(**SIGNED, field="name", value="A"), Correct(**SIGNED, field="address", value="B"), 2),
        (Phrase(**SIGNED, text="Đẻ con"), Phrase(**SIGNED, text="de con"), 1),
        (Phrase(**SIGNED, text="đẻ con"), Phrase(**SIGNED, text="sinh con"), 2),
        (Remark(**SIGNED, text="Một"), Remark(**SIGNED, text="Một"), 2),
        (Hide(**SIGNED), Hide(**SIGNED), 1),
    ],
)
def test_a_newer_word_about_the_same_thing_takes_the_place_of_the_older(
    engine: Engine, first: Override, second: Override, left: int
) -> None:
    """The older one stays in the history, withdrawn."""
    store = OverrideStore(engine)
    old, new = store.add(first), store.add(second)
    assert [edit.id for edit in store.active()][-1] == new.id
    assert len(store.active()) == left
    history = {edit.id: edit for edit in store.of(CODE)}
    assert len(history) == 2
    assert history[old.id].withdrawn_why == (REPLACED if left == 1 else "")


def test_withdrawing_happens_once_and_stays_written_down(engine: Engine) -> None:
    """Who and why; a second time is told."""
    store = OverrideStore(engine)
    edit = store.add(Hide(**SIGNED))
    assert store.withdraw(edit.id, by="Phụ trách", why="làm lại được rồi")
    assert not store.withdraw(edit.id, by="Người khác", why="x")
    (kept,) = store.latest(10)
    assert (kept.active, kept.withdrawn_by, kept.withdrawn_why) == (False, "Phụ trách", "làm lại được rồi")
    assert store.active() == []
    assert store.codes() == {CODE}


def test_the_last_imports_can_be_compared(engine: Engine) -> None:
    """Before and after of each changed procedure; those of old imports go, their figures stay."""
    store, procedures = ImportStore(engine), list(catalogue())
    assert store.last() is None
    changes = [
        RecordChange(code=procedures[0].code, before=procedures[0], after=procedures[1]),
        RecordChange(code=procedures[2].code, before=None, after=procedures[2]),
    ]
    for number in range(KEPT_IMPORTS + 2):
        store.add(f"content {number}", ImportSummary(records=number, changed=1), changes)
    last = store.last()
    assert last is not None
    assert (last.content, last.summary.records) == (f"content {KEPT_IMPORTS + 1}", KEPT_IMPORTS + 1)
    assert store.changes(last.id) == changes
    assert store.changes(last.id, code=procedures[2].code) == changes[1:]
    assert len(store.all()) == KEPT_IMPORTS + 2
    with engine.connect() as connection:
        kept = connection.execute(select(func.count(catalogue_changes.c.import_id.distinct()))).scalar_one()
    assert kept == KEPT_IMPORTS


def test_one_publication_at_a_time_whoever_asks(engine: Engine) -> None:
    """Of eight that begin together one runs; when it has ended the next may, also after its machine died."""
    clock = Clock()
    store = PublicationStore(engine, clock)

    def start(number: int) -> Publication | None:
        return store.start(by=f"B{number}", only_words=True, why="", changes=["thêm lời"])

    with ThreadPoolExecutor(8) as threads:
        begun = [each for each in threads.map(start, range(8)) if each]
    (running,) = begun
    built = Built(outcome=Outcome.REFUSED, worse="x", after=Shares(questions=5, hit1=0.5), notes=("n",))
    store.finish(running.id, built)
    ended = store.get(running.id)
    assert ended is not None
    assert (ended.outcome, ended.result, ended.changes) == (Outcome.REFUSED, built, ("thêm lời",))
    second = start(9)
    assert second is not None
    clock.passes(minutes=1)
    store.hear(second.id)
    clock.passes(minutes=1.5)
    assert start(10) is None
    clock.passes(minutes=1)
    assert [each.outcome for each in store.latest(1)] == [Outcome.DIED]
    assert start(11) is not None
