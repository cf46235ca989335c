"""Reports: figures against a plain recount, intervals against published values, and nobody to be told from a group."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from bot import rating_files
from bot.dossier_records import Status
from bot.messages import Contact
from bot.rating_records import Criterion, Rating, Source
from bot.rating_reports import LEAST, Share, report, told, wilson
from bot.services.ratings import Mine
from bot.storage.database import open_database
from bot.storage.dossiers import DossierStore
from bot.storage.ratings import RatingStore
from tests.bot.dossiers import Clock, change, rated, service

F, C, A = Criterion
AGENCIES = ("Sở Tư pháp", "Sở Xây dựng", "Công an phường Thử")
MONTH = "2026-11"


LATER = datetime(2027, 2, 1, tzinfo=UTC)
"""When nobody can give or change any of these ratings."""


def rating(agency: str = AGENCIES[0], counter: str = "1", score: int = 5, comment: str = "", **more: str) -> Rating:
    scores = dict.fromkeys(Criterion, score)
    said = {"agency": agency, "counter": counter, "comment": comment, "month": MONTH, "week": "2026-W47"} | more
    return Rating(source=Source.SLIP, scores=scores, **said)


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
    made = report(store.ratings(MONTH, MONTH), store.visits(MONTH, MONTH), MONTH, MONTH, clock())

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


def test_a_counter_with_few_ratings_goes_under_in_its_agency() -> None:
    given_ = [rating(counter="1")] * 9 + [rating(counter="2", score=1)] * 4 + [rating(counter="3")] * 7
    made = report([*given_, rating(counter="4")], {}, MONTH, MONTH, LATER)
    assert {line.name: line.ratings for line in made.counters} == {"1": 9, "3": 7}
    assert [(line.name, line.ratings) for line in made.agencies] == [(AGENCIES[0], 21)]
    assert made.total.ratings == 21
    alone = report([rating(score=1)] * 4, {(MONTH, AGENCIES[0], "1"): 9}, MONTH, MONTH, LATER)
    assert (alone.total.ratings, alone.total.hidden, alone.total.visits) == (0, True, 9)


def test_a_week_is_told_once_it_can_not_change_any_more() -> None:
    """Sunday's last rating can be changed until Monday night: on Tuesday (in Vietnam) the week is told."""
    given_ = [rating()] * 6
    sunday = datetime(2026, 11, 22, 16, 59, tzinfo=UTC)
    for at, count in ((sunday, 0), (sunday + timedelta(hours=24), 0), (sunday + timedelta(hours=24, minutes=1), 6)):
        assert report(given_, {}, MONTH, MONTH, at).total.ratings == count


def test_fewer_than_five_wait_for_others_of_their_place_until_the_month_is_over() -> None:
    weeks = [rating(week="2026-W46")] * 3 + [rating(week="2026-W47")] * 3 + [rating(week="2026-W48")] * 2
    late = [rating(week="2026-W50")] * 3
    told_by = {
        datetime(2026, 11, 17, tzinfo=UTC): 0,
        datetime(2026, 11, 24, tzinfo=UTC): 6,
        datetime(2026, 12, 1, tzinfo=UTC): 6,
        datetime(2026, 12, 15, tzinfo=UTC): 11,
    }
    for at, count in told_by.items():
        assert len(told([*weeks, *late], at)) == count, at


PLACES = st.tuples(
    st.sampled_from("ab"), st.sampled_from("12"), st.sampled_from(["2026-10", "2026-11"]), st.integers(40, 50),
    st.integers(1, 5),
)  # fmt: skip
CHOICES = st.tuples(
    st.sampled_from([("2026-10", "2026-10"), ("2026-11", "2026-11"), ("2026-10", "2026-11")]),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(["", "1", "2"]),
    st.integers(0, 90),
)


@given(st.lists(PLACES, max_size=60), CHOICES, CHOICES)
def test_nothing_small_can_be_found_by_subtraction(
    given_: list[tuple[str, str, str, int, int]], one: Any, other: Any
) -> None:
    """Whatever two reports somebody takes, of any days and filters: what only one of them holds are five or none."""
    known = [
        rating(agency, counter, score, month=month, week=f"2026-W{week}", comment=str(number))
        for number, (agency, counter, month, week, score) in enumerate(given_)
    ]

    def held(choice: Any) -> set[str]:
        (first, last), agency, counter, days = choice
        at = datetime(2026, 10, 1, tzinfo=UTC) + timedelta(days=days)
        mine = [each for each in known if first <= each.month <= last]
        packs = [each for each in told(mine, at) if agency in ("", each.agency) and counter in ("", each.counter)]
        assert report(mine, {}, first, last, at, agency=agency, counter=counter).total.ratings == len(packs)
        return {each.comment for each in packs}

    assert not 0 < len(held(one) - held(other)) < LEAST


def test_comments_name_no_counter_and_no_small_agency() -> None:
    many = [rating(AGENCIES[0], comment="ghế ít")] * 6 + [rating(AGENCIES[1], comment="chờ lâu")] * 6
    few = [rating("Nhỏ", comment="riêng")] * 3 + [rating("Bé", comment="riêng")] * 2
    made = report([*many, *few], {}, MONTH, MONTH, LATER)
    assert {comment.agency for comment in made.comments if comment.text == "riêng"} == {""}
    assert {comment.agency for comment in made.comments if comment.text == "ghế ít"} == {AGENCIES[0]}
    assert report(many, {}, MONTH, MONTH, LATER, counter="1").comments == ()
    assert report([rating(comment="một mình")], {}, MONTH, MONTH, LATER).comments == ()


def test_a_criterion_that_few_answered_is_not_told() -> None:
    given_ = [rating()] * 6 + [Rating(source=Source.TAP, month=MONTH, week="2026-W47", scores={F: 5}, counter="9")] * 5
    shares = report(given_, {}, MONTH, MONTH, LATER).counters
    assert [(line.shares[F].answered, line.shares[A].answered) for line in shares] == [(6, 6), (5, 0)]


def test_the_charts_show_every_group_and_run_no_script() -> None:
    made = report([rating(agency) for agency in AGENCIES for _ in range(6)], {}, MONTH, MONTH, LATER)
    drawn = rating_files.svg(made)
    assert "<script" not in drawn
    for name in (*AGENCIES[:2], "mục tiêu 95"):
        assert name in drawn
    assert rating_files.png(drawn).startswith(b"\x89PNG\r\n")


def test_a_comment_is_no_formula() -> None:
    made = report([rating(comment="=HYPERLINK(1)")] * 6, {}, MONTH, MONTH, LATER)
    book = load_workbook(BytesIO(rating_files.xlsx(made)))
    assert book["Góp ý"]["B3"].value == "'=HYPERLINK(1)"


def test_a_slip_says_its_code_and_nothing_of_the_person() -> None:
    page = rating_files.slips(["DG-7K4-9XQ-2PT"], "<5>", "https://motcua.example.vn/danhgia/", "Trung tâm")
    assert page.count("<svg") == 1
    assert "DG-7K4-9XQ-2PT" in page
    assert "&lt;5&gt;" in page
