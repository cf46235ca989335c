"""Reports: figures against a plain recount, intervals against published values, and nobody to be told from a group."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from bot import rating_files
from bot.dossier_records import Status
from bot.messages import Contact
from bot.rating_records import Criterion, Rating, Source
from bot.rating_reports import LEAST, Share, report, wilson
from bot.services.ratings import Mine
from bot.storage.database import open_database
from bot.storage.dossiers import DossierStore
from bot.storage.ratings import RatingStore
from tests.bot.dossiers import Clock, change, rated, service

F, C, A = Criterion
AGENCIES = ("Sở Tư pháp", "Sở Xây dựng", "Công an phường Thử")
MONTH = "2026-11"


def rating(agency: str = AGENCIES[0], counter: str = "1", score: int = 5, comment: str = "") -> Rating:
    scores = dict.fromkeys(Criterion, score)
    said = {"agency": agency, "counter": counter, "comment": comment}
    return Rating(source=Source.SLIP, month=MONTH, week="2026-W47", scores=scores, **said)


@pytest.mark.parametrize(
    ("satisfied", "answered", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_wilsons(satisfied: int, answered: int, low: float, high: float) -> None:
    assert list(wilson(satisfied, answered)) == pytest.approx([low, high], abs=5e-5)


@given(st.integers(0, 500), st.integers(0, 500))
def test_an_interval_holds_its_share(satisfied: int, others: int) -> None:
    low, high = wilson(satisfied, satisfied + others)
    assert 0 <= low <= high <= 1
    share = Share(satisfied, satisfied + others).rate
    assert share is None or low - 1e-9 <= share <= high + 1e-9


def test_the_goal_is_reached_missed_or_open() -> None:
    """20 of 20 may still be 84 %: nobody can say yet."""
    assert Share(20, 20).reached is None
    assert Share(200, 200).reached is True
    assert Share(80, 100).reached is False


def test_a_month_of_900_visits_agrees_with_a_plain_recount() -> None:
    """600 returned dossiers and 300 slips, 240 ratings by their own ways: every figure is counted again by hand."""
    chance = random.Random(20261123)
    clock = Clock(datetime(2026, 11, 2, 2, tzinfo=UTC))
    engine = open_database("sqlite://")
    store, dossiers = RatingStore(engine, clock), DossierStore(engine, now=clock)
    desk = rated(engine, service(engine, clock), clock)
    before, after = [], []
    for number in range(600):
        code = f"H05.12-261101-{number:04}"
        said = {"agency": AGENCIES[number % 3], "phone": "0900004321"}
        before.append(change(code, Status.PROCESSING, updated_at=clock() - timedelta(hours=1), **said))
        after.append(change(code, Status.RETURNED, updated_at=clock() + timedelta(minutes=number), **said))
    dossiers.upsert_all(before)
    dossiers.upsert_all(after)
    slips = {
        code: (agency, str(counter))
        for counter, agency in enumerate(AGENCIES + AGENCIES[:2], 1)
        for code in desk.print_codes(str(counter), 60, agency=agency)[1]
    }
    visits = [change_.code for change_ in after] + list(slips)
    assert len(visits) == 900
    plain: list[tuple[str, str, dict[Criterion, int]]] = []
    for number, visit in enumerate(chance.sample(visits, 240)):
        person = Contact("web", str(number))
        if visit in slips:
            agency, counter = slips[visit]
        else:
            agency, counter = AGENCIES[int(visit[-4:]) % 3], ""
            dossiers.opened(person, visit)
        scores: dict[Criterion, int] = {}
        for criterion in Criterion:
            if criterion is F or chance.random() < 0.95:
                scores[criterion] = chance.choice([1, 2, 3, 4, 4, 5, 5, 5, 5, 5])
                assert isinstance(desk.give(person, visit, criterion, scores[criterion]), Mine)
        plain.append((agency, counter, scores))

    clock.passes(days=30)
    made = report(store.ratings(MONTH, MONTH), store.visits(MONTH, MONTH), MONTH, MONTH)

    def recount(rows: list[tuple[str, str, dict[Criterion, int]]]) -> dict[Criterion, Share]:
        shares = {}
        for criterion in Criterion:
            scores = [row[2][criterion] for row in rows if criterion in row[2]]
            shares[criterion] = Share(len([score for score in scores if score in (4, 5)]), len(scores))
        return shares

    assert (made.total.visits, made.total.ratings, made.total.response) == (900, 240, 240 / 900)
    assert made.total.shares == recount(plain)
    agency_visits = Counter(change_.agency for change_ in after) + Counter(agency for agency, _ in slips.values())
    assert {line.name: line.visits for line in made.agencies} == dict(agency_visits)
    for line in made.agencies:
        rows = [row for row in plain if row[0] == line.name]
        assert (line.ratings, line.shares) == (len(rows), recount(rows))
    assert [line.name for line in made.counters] == ["1", "2", "3", "4", "5"]
    for line in made.counters:
        rows = [row for row in plain if row[1] == line.name]
        assert (line.visits, line.ratings, line.shares) == (60, len(rows), recount(rows))
    assert [line.name for line in made.months] == [MONTH]

    book = load_workbook(BytesIO(rating_files.xlsx(made)))
    whole = [cell.value for cell in book["Chung"][3]]
    shares = recount(plain)
    assert whole[:5] == ["Toàn Trung tâm", 900, 240, 26.7, round(100 * shares[F].satisfied / shares[F].answered, 1)]
    assert book["Theo quầy"].max_row == 2 + 5
    engine.dispose()


def test_a_counter_with_few_ratings_is_not_shown() -> None:
    made = report(
        [rating(counter="1")] * 9 + [rating(counter="2", score=1)] * 4 + [rating(counter="3")] * 7, {}, MONTH, MONTH
    )
    shown = {line.name: line.hidden for line in made.counters}
    assert shown == {"1": False, "2": True, "3": True}, "7 + 9 shown of 20 would tell the 4: the smallest hides too"
    hidden = next(line for line in made.counters if line.name == "2")
    assert (hidden.ratings, hidden.shares[F]) == (0, Share(0, 0))


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 5)), max_size=40))
def test_nothing_small_can_be_found_by_subtraction(given_: list[tuple[str, int]]) -> None:
    """What is left of the total after all shown groups is nothing, or at least five ratings."""
    made = report([rating(counter=counter, score=score) for counter, score in given_], {}, MONTH, MONTH)
    assert all(line.ratings >= LEAST for line in made.counters if not line.hidden)
    if not made.total.hidden:
        rest = made.total.ratings - sum(line.ratings for line in made.counters)
        assert rest == 0 or rest >= LEAST


def test_comments_name_no_counter_and_no_small_agency() -> None:
    many = [rating(AGENCIES[0], comment="ghế ít")] * 6 + [rating(AGENCIES[1], comment="chờ lâu")] * 6
    made = report([*many, *[rating(AGENCIES[2], comment="tốt")] * 5, rating("Nhỏ", comment="riêng")], {}, MONTH, MONTH)
    assert {comment.agency for comment in made.comments if comment.text == "riêng"} == {""}
    assert {comment.agency for comment in made.comments if comment.text == "ghế ít"} == {AGENCIES[0]}
    assert report([rating(comment="một mình")], {}, MONTH, MONTH).comments == ()


def test_the_charts_show_every_group_and_run_no_script() -> None:
    made = report([rating(agency) for agency in AGENCIES for _ in range(6)], {}, MONTH, MONTH)
    drawn = rating_files.svg(made)
    assert "<script" not in drawn
    for name in (*AGENCIES[:2], "mục tiêu 95"):
        assert name in drawn
    assert rating_files.png(drawn).startswith(b"\x89PNG\r\n")


def test_a_comment_is_no_formula() -> None:
    made = report([rating(comment="=HYPERLINK(1)")] * 6, {}, MONTH, MONTH)
    book = load_workbook(BytesIO(rating_files.xlsx(made)))
    assert book["Góp ý"]["B3"].value == "'=HYPERLINK(1)"


def test_a_slip_says_its_code_and_nothing_of_the_person() -> None:
    page = rating_files.slips(["DG-7K4-9XQ-2PT"], "<5>", "https://motcua.example.vn/danhgia/", "Trung tâm")
    assert page.count("<svg") == 1
    assert "DG-7K4-9XQ-2PT" in page
    assert "&lt;5&gt;" in page
