"""The monthly review: its lists, a draw that anybody can check, what officers record; on SQLite and PostgreSQL."""

import hashlib
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import msgspec
import pytest
from docx import Document
from openpyxl import load_workbook
from sqlalchemy import Engine, select

from bot import review_files, review_letter
from bot.dialogue.privacy import conceal_people
from bot.dossier_records import Change, Status, Step
from bot.review_records import (
    MOST_TRIES,
    QUESTIONS,
    SCRIPT,
    Apology,
    Ended,
    Figure,
    Finding,
    Item,
    Line,
    Matter,
    Question,
    Verdict,
    What,
)
from bot.review_reports import Report, of_month
from bot.services.review import RefusedError, ReviewDesk, before, events, month_of, shared, summed
from bot.storage.dossiers import DossierStore
from bot.storage.reviews import ReviewStore
from bot.storage.reviews_tables import review_draws, review_items
from knowledge_base.centre import load_centre
from tests.bot.dossiers import Clock, change

OCTOBER = "2026-10"
OFFICERS = ["an", "binh", "chi"]
YES = Finding(Verdict.YES)
AGENCIES = ("Sở Tư pháp", "Sở Xây dựng")


def at(day: int, hour: int = 2, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def dossier(number: int, *steps: tuple[Status, datetime], **said: Any) -> Change:
    """A dossier with this timeline."""
    timeline = tuple(Step(status, moment) for status, moment in steps)
    usual: dict[str, Any] = {"agency": AGENCIES[number % 2], "received_at": at(1), "updated_at": steps[-1][1]}
    return change(f"H05.12-261001-{number:04}", steps[-1][0], timeline=timeline, **usual | said)


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 11, 2, 2, tzinfo=UTC))


@pytest.fixture
def store(engine: Engine, clock: Clock) -> ReviewStore:
    """October: twelve asked for more (one twice), one refused, one late with an apology, one late without, one open."""
    dossiers = DossierStore(engine, now=clock)
    asked = [dossier(n, (Status.RECEIVED, at(1)), (Status.SUPPLEMENT, at(3 + n))) for n in range(11)]
    twice = dossier(11, (Status.SUPPLEMENT, at(3)), (Status.PROCESSING, at(4)), (Status.SUPPLEMENT, at(6)))
    refused = dossier(12, (Status.RECEIVED, at(2)), (Status.REFUSED, at(5)))
    late = dossier(
        13, (Status.DONE, at(20)), (Status.RETURNED, at(25)), due_at=at(19), due_moved_to=at(21), apology="Xin lỗi"
    )
    silent = dossier(14, (Status.PROCESSING, at(2)), (Status.RETURNED, at(20)), due_at=at(12))
    waiting = dossier(15, (Status.PROCESSING, at(2)), due_at=at(28))
    in_time = dossier(16, (Status.DONE, at(9)), (Status.RETURNED, at(25)), due_at=at(9, 1))
    dossiers.upsert_all([*asked, twice, refused, late, silent, waiting, in_time])
    return ReviewStore(engine, now=clock)


@pytest.fixture
def desk(store: ReviewStore, clock: Clock) -> ReviewDesk:
    return ReviewDesk(store, mask=conceal_people, now=clock)


def reviewed(desk: ReviewDesk, store: ReviewStore, draw_id: int, matter: Matter, no: Question | None = None) -> None:
    """Every dossier of a draw gets its findings; those of one officer get a "no"."""
    for item in store.items(draw_id):
        findings = dict.fromkeys(QUESTIONS[matter], YES)
        if no and item.officer == "an":
            findings[no] = Finding(Verdict.NO, "giấy này không có trong danh mục")
        desk.record(item, matter, findings, by=item.officer)


def test_the_lists_of_a_month_follow_from_the_timelines(desk: ReviewDesk) -> None:
    """Late is a result after the day on the slip, whatever was promised later; handing over does not count."""
    found = desk.lists(OCTOBER, OCTOBER)
    asked = found.cases[OCTOBER, Matter.SUPPLEMENT]
    assert [case.what for case in asked].count(What.SUPPLEMENT) == 12
    assert [case.code[-4:] for case in asked if case.times > 1] == ["0011"]
    assert [case.code[-4:] for case in asked if case.what is What.REFUSED] == ["0012"]
    late = {case.code[-4:]: (case.what, case.apology, case.days) for case in found.cases[OCTOBER, Matter.LATE]}
    assert late == {
        "0013": (What.RETURNED_LATE, Apology.LETTER, 1),
        "0014": (What.RETURNED_LATE, Apology.MISSING, 8),
        "0015": (What.STILL_OPEN, Apology.MISSING, 3),
    }
    total = summed(found.figures)[""]
    assert (total.received, total.asked, total.again, total.returned, total.late) == (17, 13, 1, 3, 2)
    assert (total.still_open, total.letters, total.no_apology) == (1, 1, 2)


def test_months_are_those_of_vietnam() -> None:
    """31 October, 17:30 in London is 1 November here."""
    assert month_of(datetime(2026, 10, 31, 17, 30, tzinfo=UTC)) == "2026-11"
    assert before("2026-01") == "2025-12"
    assert before("2026-11", 13) == "2025-10"


def test_a_dossier_still_open_in_one_month_is_late_in_the_next(engine: Engine, desk: ReviewDesk, clock: Clock) -> None:
    dossiers = DossierStore(engine, now=clock)
    dossiers.upsert(dossier(15, (Status.PROCESSING, at(2)), (Status.DONE, at(2, month=11)), due_at=at(28)))
    (kept,) = dossiers.get_all(["H05.12-261001-0015"])
    cases = events(kept, clock()).cases
    assert {month: case.what for (month, _), case in cases.items()} == {
        OCTOBER: What.STILL_OPEN, "2026-11": What.RETURNED_LATE,
    }  # fmt: skip


def test_a_draw_can_be_checked_by_anybody_and_is_shared_evenly(desk: ReviewDesk, store: ReviewStore) -> None:
    """The sample is the codes with the least SHA-256 of "seed|code"; officers' numbers differ by one at most."""
    made = desk.draw(OCTOBER, Matter.SUPPLEMENT, officers=OFFICERS, by="mai", size=7, seed="42")
    everything, drawn = store.items(made.id, drawn=False), store.items(made.id)
    codes = [item.case.code for item in everything]
    assert len(codes) == 13
    by_hand = sorted(codes, key=lambda code: hashlib.sha256(f"42|{code}".encode()).hexdigest())[:7]
    assert sorted(item.case.code for item in drawn) == sorted(by_hand)
    each = [sum(item.officer == officer for item in drawn) for officer in OFFICERS]
    assert sorted(each) == [2, 2, 3]
    assert [store.left(officer) for officer in OFFICERS] == each
    assert shared([item.case for item in drawn], OFFICERS, "42") == {item.case.code: item.officer for item in drawn}


def test_a_list_is_drawn_once_and_replaced_only_with_a_reason(desk: ReviewDesk, store: ReviewStore) -> None:
    """The replaced draw stays with what was found in it; a closed one stays for good; a running month has none."""
    first = desk.draw(OCTOBER, Matter.SUPPLEMENT, officers=OFFICERS, by="mai", size=3)
    with pytest.raises(RefusedError, match="đã rút rồi"):
        desk.draw(OCTOBER, Matter.SUPPLEMENT, officers=OFFICERS, by="mai")
    with pytest.raises(RefusedError, match="lý do"):
        desk.redraw(first, officers=OFFICERS, by="mai", why=" ")
    item = store.items(first.id)[0]
    desk.record(item, Matter.SUPPLEMENT, dict.fromkeys(Question, YES), by="an")
    second = desk.redraw(first, officers=OFFICERS, by="mai", why="thiếu cơ quan", size=5)
    assert (second.number, second.why) == (2, "thiếu cơ quan")
    old = store.draw(first.id)
    assert old is not None
    assert (old.replaced_by, old.open) == ("mai", False)
    assert store.items(first.id)[0].reviewed
    with pytest.raises(RefusedError, match="chốt"):  # the old one can't be written into
        desk.record(store.items(first.id)[1], Matter.SUPPLEMENT, dict.fromkeys(Question, YES), by="an")
    with pytest.raises(RefusedError, match="vừa rút"):  # nor replaced once more
        desk.redraw(first, officers=OFFICERS, by="mai", why="lần nữa")
    with pytest.raises(RefusedError, match="chưa hết"):
        desk.draw("2026-11", Matter.SUPPLEMENT, officers=OFFICERS, by="mai")
    reviewed(desk, store, second.id, Matter.SUPPLEMENT)
    desk.close(second, by="mai")
    closed = store.draw(second.id)
    assert closed is not None
    with pytest.raises(RefusedError, match="đã chốt"):
        desk.redraw(closed, officers=OFFICERS, by="mai", why="muộn")
    with pytest.raises(RefusedError, match="vừa rút hoặc chốt"):  # whoever still has the open one on the screen
        desk.redraw(second, officers=OFFICERS, by="mai", why="muộn")
    assert desk.current(OCTOBER, Matter.SUPPLEMENT) == closed


def test_two_who_draw_at_once_make_one_draw(desk: ReviewDesk, store: ReviewStore, engine: Engine) -> None:
    made = desk.draw(OCTOBER, Matter.LATE, officers=OFFICERS, by="mai")
    items = [Item(id=0, draw_id=0, case=item.case, drawn=True, officer="an") for item in store.items(made.id)]
    assert store.add(msgspec.structs.replace(made, id=0), items) is None
    with engine.connect() as connection:
        assert len(connection.execute(select(review_draws.c.id)).all()) == 1
        assert len(connection.execute(select(review_items.c.id)).all()) == 3


def test_a_finding_needs_its_reason_and_the_version_that_was_seen(desk: ReviewDesk, store: ReviewStore) -> None:
    made = desk.draw(OCTOBER, Matter.SUPPLEMENT, officers=OFFICERS, by="mai", size=2)
    item = store.items(made.id)[0]
    with pytest.raises(RefusedError, match="đủ các câu"):
        desk.record(item, Matter.SUPPLEMENT, {Question.ONCE: YES}, by="an")
    all_yes = dict.fromkeys(QUESTIONS[Matter.SUPPLEMENT], YES)
    with pytest.raises(RefusedError, match="lý do"):
        desk.record(item, Matter.SUPPLEMENT, all_yes | {Question.ONCE: Finding(Verdict.UNKNOWN)}, by="an")
    no = {Question.LAWFUL: Finding(Verdict.NO, "gọi 0912345678 không được")}
    kept = desk.record(item, Matter.SUPPLEMENT, all_yes | no, by="an")
    assert "0912345678" not in kept.findings[Question.LAWFUL].why
    assert store.item(item.id) == kept
    with pytest.raises(RefusedError, match="Người khác vừa ghi"):
        desk.record(item, Matter.SUPPLEMENT, all_yes, by="binh")
    with pytest.raises(RefusedError, match="Còn 1 hồ sơ"):
        desk.close(made, by="mai")


def test_an_interview_ends_with_an_answer_or_after_three_calls(desk: ReviewDesk, store: ReviewStore) -> None:
    """Nothing personal stays of what the sender said."""
    made = desk.draw(OCTOBER, Matter.SUPPLEMENT, officers=OFFICERS, by="mai", size=2)
    one, other = store.items(made.id)
    for number in range(1, MOST_TRIES + 1):
        assert one.interview is None
        one = desk.call(one, Matter.SUPPLEMENT, Ended.NO_ANSWER, {}, by="an")
        assert len(one.tries) == number
    assert one.interview is Ended.NO_ANSWER
    with pytest.raises(RefusedError, match="đã kết thúc"):
        desk.call(one, Matter.SUPPLEMENT, Ended.ANSWERED, {}, by="an")
    with pytest.raises(RefusedError, match="đủ câu trả lời"):
        desk.call(other, Matter.SUPPLEMENT, Ended.ANSWERED, {Line.TOLD: Verdict.YES}, by="an")
    answers = dict.fromkeys(SCRIPT[Matter.SUPPLEMENT], Verdict.YES)
    said = "Tôi là Nguyễn Văn Tý, số 0912 345 678, phải đi hai lần"
    other = desk.call(other, Matter.SUPPLEMENT, Ended.ANSWERED, answers, by="an", note=said)
    assert other.interview is Ended.ANSWERED
    kept = store.item(other.id)
    assert kept == other
    assert "Tý" not in kept.note
    assert "345 678" not in kept.note
    assert "hai lần" in kept.note


def test_the_report_tells_rates_findings_and_the_trend(desk: ReviewDesk, store: ReviewStore, clock: Clock) -> None:
    """Figures are those of the draw: a dossier that comes in later with an old date does not change a closed month."""
    for matter, no in ((Matter.SUPPLEMENT, Question.LAWFUL), (Matter.LATE, None)):
        made = desk.draw(OCTOBER, matter, officers=OFFICERS, by="mai", size=6 if no else None)
        reviewed(desk, store, made.id, matter, no)
        assert of_month(desk, store, OCTOBER).draft
        desk.close(made, by="mai")
    DossierStore(store._engine, now=clock).upsert(dossier(99, (Status.RECEIVED, at(1)), (Status.SUPPLEMENT, at(4))))
    DossierStore(store._engine, now=clock).upsert(
        dossier(98, (Status.RECEIVED, at(1, month=9)), (Status.SUPPLEMENT, at(4, month=9)), received_at=at(1, month=9))
    )
    report = of_month(desk, store, OCTOBER)
    assert not report.draft
    assert (report.total.received, report.total.asked, report.total.late) == (17, 13, 2)
    assert [(figure.month, figure.asked) for figure in report.months] == [("2026-09", 1), (OCTOBER, 13)]
    part = report.parts[Matter.SUPPLEMENT]
    assert (part.total.listed, part.total.drawn, part.total.reviewed, part.total.faults) == (13, 6, 6, 2)
    assert part.total.findings[Question.LAWFUL] == {Verdict.YES: 4, Verdict.NO: 2, Verdict.UNKNOWN: 0}
    assert sum(group.listed for group in part.agencies) == 13

    letter = Document(BytesIO(review_letter.docx(report, load_centre(), at(3, month=11).date())))
    text = "\n".join(paragraph.text for paragraph in letter.paragraphs)
    cells = [cell.text for table in letter.tables for row in table.rows for cell in row.cells]
    assert "Chủ tịch Ủy ban nhân dân tỉnh" in text
    assert "Tiếp nhận 17 hồ sơ. Phải sửa, bổ sung hoặc trả lại 13 hồ sơ (76,5%)" in text
    assert "1 có thư xin lỗi, 0 chỉ có tin báo dời hẹn, 2 chưa có thư xin lỗi" in text
    assert "Có sai sót: 2/6 hồ sơ (33,3%); khoảng tin cậy 95%" in text
    assert any("không có trong danh mục" in cell for cell in cells)
    assert "Nguyễn V. A." not in text + "".join(cells)
    book = load_workbook(BytesIO(review_files.xlsx(report)))
    by_agency = {row[0]: row for row in book["Theo cơ quan"].iter_rows(min_row=3, values_only=True)}
    assert by_agency["Toàn Trung tâm"][1:7] == (17, 12, 1, 1, 0, 76.5)
    assert set(by_agency) == {"Toàn Trung tâm", *AGENCIES}
    assert len(list(book["Bổ sung - hồ sơ"].iter_rows(min_row=3))) == 6


def test_a_month_without_draws_has_figures_too(desk: ReviewDesk, store: ReviewStore) -> None:
    report = of_month(desk, store, "2026-08")
    assert report.total == Figure(month="2026-08", agency="")
    assert "BẢN NHÁP" in written(report)[0]


def written(report: Report) -> tuple[str, list[list[list[str]]]]:
    """The words of the letter, and its tables."""
    letter = Document(BytesIO(review_letter.docx(report, load_centre(), at(3, month=11).date())))
    tables = [[[cell.text for cell in row.cells] for row in table.rows] for table in letter.tables]
    return "\n".join(paragraph.text for paragraph in letter.paragraphs), tables


def test_the_letter_has_the_form_of_one_and_says_what_is_missing(desk: ReviewDesk, store: ReviewStore) -> None:
    """Number, place, day, who gets it; every late column; a list that nobody drew, one that nobody closed; no trend."""
    made = desk.draw(OCTOBER, Matter.SUPPLEMENT, officers=OFFICERS, by="mai")
    reviewed(desk, store, made.id, Matter.SUPPLEMENT)
    report = of_month(desk, store, OCTOBER)
    text, tables = written(report)
    assert report.undrawn == (Matter.LATE,)
    assert "Bản nháp: chưa rút hồ sơ trả kết quả trễ hẹn." in text
    assert "Bản nháp: chưa chốt hồ sơ phải sửa, bổ sung, trả lại." in text
    desk.close(made, by="mai")
    assert of_month(desk, store, OCTOBER).draft, "the other list was never drawn"
    assert text.count("Chưa có số liệu của tháng nào trước để so sánh.") == 2
    head, foot = "\n".join(tables[0][0]), "\n".join(tables[-1][0])
    assert "/BC-PVHCC" in head
    assert "Bắc Giang, ngày" in head
    assert "Nơi nhận" in foot
    assert "GIÁM ĐỐC" in foot
    late = next(table for table in tables if table[0][1:] == list(review_files.FIGURES[6:]))
    assert late[1] == ["Toàn Trung tâm", "3", "2", "66,7", "1", "1", "0", "2"]


def test_a_rate_has_a_whole_that_holds_its_part(engine: Engine, desk: ReviewDesk, clock: Clock) -> None:
    """Ten received earlier and asked for more in September, one received then: 10 of 11, and no 1000 %."""
    old = [
        dossier(n, (Status.RECEIVED, at(9, month=8)), (Status.SUPPLEMENT, at(4, month=9)), received_at=at(9, month=8))
        for n in range(50, 60)
    ]
    fresh = dossier(60, (Status.RECEIVED, at(2, month=9)), received_at=at(2, month=9))
    DossierStore(engine, now=clock).upsert_all([*old, fresh])
    total = summed(desk.lists("2026-09", "2026-09").figures)[""]
    assert (total.received, total.asked, total.base) == (1, 10, 11)
    assert review_files.figure_row(total)[5] == 90.9


def test_a_letter_sent_after_the_late_result_counts(desk: ReviewDesk, store: ReviewStore, clock: Clock) -> None:
    """Recorded with number and day before or after the draw; not any more in a list that was closed before."""
    desk.record_letter("H05.12-261001-0014", "  12/TXL ", at(1, month=11).date(), by="an")
    figures = summed(desk.lists(OCTOBER, OCTOBER).figures)[""]
    assert (figures.letters, figures.no_apology) == (2, 1)
    made = desk.draw(OCTOBER, Matter.LATE, officers=OFFICERS, by="mai")
    assert desk.record_letter("H05.12-261001-0015", "13", at(2, month=11).date(), by="an") is None
    total = of_month(desk, store, OCTOBER).total
    assert (total.letters, total.notices, total.no_apology, total.late) == (3, 0, 0, 2)
    assert "13 02/11/2026" in str(
        [review_files.item_row(i) for i in of_month(desk, store, OCTOBER).parts[Matter.LATE].items]
    )
    before_ = desk.record_letter("H05.12-261001-0015", "14", at(2, month=11).date(), by="an")
    assert before_ is not None
    assert before_.number == "13"
    for number, day in ((" ", at(1)), ("15", at(9, month=11))):
        with pytest.raises(RefusedError):
            desk.record_letter("H05.12-261001-0013", number, day.date(), by="an")
    reviewed(desk, store, made.id, Matter.LATE)
    desk.close(made, by="mai")
    clock.passes(days=1)
    desk.record_letter("H05.12-261001-0015", "15", at(3, month=11).date(), by="an")
    assert of_month(desk, store, OCTOBER).total.letters == 3, "a correction takes nothing away"


def test_a_letter_recorded_after_closing_does_not_change_the_report(
    desk: ReviewDesk, store: ReviewStore, clock: Clock
) -> None:
    made = desk.draw(OCTOBER, Matter.LATE, officers=OFFICERS, by="mai")
    reviewed(desk, store, made.id, Matter.LATE)
    desk.close(made, by="mai")
    clock.passes(days=1)
    desk.record_letter("H05.12-261001-0015", "15", at(3, month=11).date(), by="an")
    assert of_month(desk, store, OCTOBER).total.letters == 1


def test_a_mistapped_call_is_taken_back(desk: ReviewDesk, store: ReviewStore, clock: Clock) -> None:
    """By who made it on the same day, by a supervisor always; then it can be recorded anew."""
    made = desk.draw(OCTOBER, Matter.SUPPLEMENT, officers=["an"], by="mai", size=1)
    (item,) = store.items(made.id)
    with pytest.raises(RefusedError, match="chưa ghi"):
        desk.take_back_call(item, by="an")
    item = desk.call(item, Matter.SUPPLEMENT, Ended.DECLINED, {}, by="an")
    with pytest.raises(RefusedError, match="phụ trách"):
        desk.take_back_call(item, by="binh")
    item = desk.take_back_call(item, by="an")
    assert (item.interview, item.tries) == (None, ())
    answers = dict.fromkeys(SCRIPT[Matter.SUPPLEMENT], Verdict.NO)
    item = desk.call(item, Matter.SUPPLEMENT, Ended.ANSWERED, answers, by="an", note="nhầm người")
    clock.passes(days=1)
    with pytest.raises(RefusedError, match="trong ngày"):
        desk.take_back_call(item, by="an")
    item = desk.take_back_call(item, by="mai", always=True)
    assert (item.answers, item.note, item.interview) == ({}, "", None)


def test_the_report_tells_how_every_draw_was_made(desk: ReviewDesk, store: ReviewStore) -> None:
    """Seeds of the machine are as random as the system's; typed ones and earlier draws are told with their reasons."""
    first = desk.draw(OCTOBER, Matter.SUPPLEMENT, officers=OFFICERS, by="mai", size=3)
    assert (len(first.seed), first.seed_typed) == (16, False)
    second = desk.redraw(first, officers=OFFICERS, by="mai", why="nhầm số", size=4, seed="may mắn")
    assert second.seed_typed
    third = desk.redraw(second, officers=OFFICERS, by="mai", why="thêm người", size=4)
    text, _ = written(of_month(desk, store, OCTOBER))
    for said in (first.seed, "“may mắn” do người rút tự gõ", third.seed, "nhầm số", "thêm người", "đã rút 3 lần"):
        assert said in text


def test_nothing_is_drawn_where_nothing_is_listed(desk: ReviewDesk, clock: Clock) -> None:
    clock.passes(days=-31)
    with pytest.raises(RefusedError, match="không có hồ sơ"):
        desk.draw("2026-08", Matter.LATE, officers=OFFICERS, by="mai")
    with pytest.raises(RefusedError, match="ít nhất một cán bộ"):
        desk.draw("2026-08", Matter.LATE, officers=[], by="mai")
    assert before(month_of(clock() - timedelta(days=1))) == "2026-09"
