"""What may be told to everybody, whatever the numbers are."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.overview_records import AgencyLine, Named, Overview, UnitLine
from bot.rating_records import Criterion, Rating, Source
from bot.rating_reports import LEAST, report
from bot.services.overview import hidden, large_shares, last_week, public, rated_month

COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 12), max_size=8)


@given(COUNTS)
def test_hidden_numbers_cannot_be_found_by_subtraction(counts: dict[str, int]) -> None:
    """Who knows the total, the shown numbers, and that a dash is one at least, still has five to share out."""
    secret = hidden(counts)
    if secret is None:
        whole = [count for count in counts.values() if count]
        assert sum(whole) - len(whole) < LEAST
        return
    assert all(counts[name] == 0 or counts[name] >= LEAST for name in counts if name not in secret)
    if secret:
        assert all(counts[name] for name in secret), "nothing is told as nothing"
        assert sum(counts[name] for name in secret) - len(secret) >= LEAST
        assert len(secret) > 1, "one hidden number is the total less the others"


def test_five_ones_are_not_given_away_by_their_total() -> None:
    assert hidden(dict.fromkeys("abcde", 1)) is None
    assert hidden({"a": 1, "b": 9, "c": 50}) == frozenset("ab")


def test_a_criterion_that_one_person_answered_is_left_out() -> None:
    scores = [{Criterion.FACILITIES: 5} for _ in range(6)]
    scores[0][Criterion.ATTITUDE] = 1
    given = [Rating(source=Source.SLIP, month="2026-10", week="2026-W41", scores=each) for each in scores]
    line = report(given, {}, "2026-10", "2026-10", datetime(2026, 11, 30, tzinfo=UTC)).total
    assert Criterion.ATTITUDE in line.shares
    assert set(large_shares(line).shares) == {Criterion.FACILITIES}


def test_ratings_are_told_once_nobody_can_rate_any_more() -> None:
    """A slip lasts 40 days: October's last one until 10 December."""
    assert rated_month(date(2026, 12, 10)) == "2026-09"
    assert rated_month(date(2026, 12, 11)) == "2026-10"


@given(COUNTS, COUNTS)
def test_no_small_number_is_on_the_public_page(received: dict[str, int], helped: dict[str, int]) -> None:
    lines = tuple(AgencyLine(name, count, 0, count, 0, 0, 0) for name, count in received.items())
    page = public(
        Overview(
            first=date(2026, 11, 9), last=date(2026, 11, 15), month="2026-10",
            questions=sum(received.values()), answered=sum(received.values()), several=0, nothing=0,
            procedures=tuple(Named(name, count) for name, count in received.items()), facets=(), endings=(),
            ratings=report([], {}, "2026-10", "2026-10", datetime(2026, 11, 30, tzinfo=UTC)).total,
            agencies=lines,
            total=AgencyLine("", sum(received.values()), 0, sum(received.values()), 0, 0, 0),
            delivery=(Named("failed", 1),),
            units=tuple(UnitLine(name, count, count * 7) for name, count in helped.items()),
            helped=sum(helped.values()), minutes=7 * sum(helped.values()),
        )
    )  # fmt: skip
    told = [line.received for line in page.agencies] + [line.helped for line in page.units]
    told += [line.count for line in page.procedures] + [page.questions, page.total.received, page.helped]
    assert all(count in (None, 0) or count >= LEAST for count in told if count is not None)
    assert not page.delivery


def test_a_week_is_told_when_it_is_over() -> None:
    assert last_week(date(2026, 11, 23)) == (date(2026, 11, 16), date(2026, 11, 22))
    assert last_week(date(2026, 11, 22)) == (date(2026, 11, 9), date(2026, 11, 15))
