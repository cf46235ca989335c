"""Satisfaction from ratings: shares with their confidence interval, response rates, and what must stay hidden.

The share of a criterion is that of its 4s and 5s among all scores given to it. Its interval is Wilson's score interval
at 95 % (E. B. Wilson, JASA 22 (1927), 209-212), which also holds for few ratings and near 100 %, where the centre's
goal lies. Visits and ratings count in the month of the visit.

Nobody can be told from a group, nor from how a figure grew since yesterday: see `told`. Comments name no counter.
"""

from collections import Counter as Tally
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import sqrt
from typing import Final

import msgspec

from bot.rating_records import CHANGEABLE, SATISFIED, Criterion, Rating
from knowledge_base.centre import VIETNAM

GOAL: Final = 0.95
"""What the centre has set itself."""
LEAST: Final = 5
"""Ratings from which on a group is shown."""
Z95: Final = 1.959963984540054
VisitCounts = Mapping[tuple[str, str, str], int]
"""Visits by (month, agency, counter)."""


class Share(msgspec.Struct, frozen=True):
    """How many of those who answered gave 4 or 5."""

    satisfied: int
    answered: int

    @property
    def rate(self) -> float | None:
        """Between 0 and 1; None where nobody answered."""
        return self.satisfied / self.answered if self.answered else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the rate."""
        return wilson(self.satisfied, self.answered)

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached: None while the interval holds it, so that nobody can say."""
        low, high = self.interval
        if low >= GOAL:
            return True
        return False if high < GOAL else None


class Line(msgspec.Struct, frozen=True):
    """One group: its visits, its ratings, its shares; a share that fewer than five answered is missing."""

    name: str
    visits: int
    ratings: int
    shares: dict[Criterion, Share]

    @property
    def hidden(self) -> bool:
        """Whether there are too few ratings to be told."""
        return self.ratings < LEAST

    @property
    def response(self) -> float | None:
        """Ratings for each visit; None where no visit was counted, or the group is hidden."""
        return self.ratings / self.visits if self.visits and not self.hidden else None


class Comment(msgspec.Struct, frozen=True):
    """Masked words; the agency only where its ratings were told as its own."""

    agency: str
    text: str
    low: bool


class Report(msgspec.Struct, frozen=True):
    """Everything about the months from `first` to `last` ("2026-11")."""

    first: str
    last: str
    total: Line
    agencies: tuple[Line, ...]
    counters: tuple[Line, ...]
    months: tuple[Line, ...]
    comments: tuple[Comment, ...]


def wilson(satisfied: int, answered: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval of a share; (0, 1) where nobody answered."""
    if not answered:
        return 0.0, 1.0
    share, bend = satisfied / answered, z * z / answered
    middle = (share + bend / 2) / (1 + bend)
    half = z / (1 + bend) * sqrt(share * (1 - share) / answered + bend / (4 * answered))
    return max(0.0, middle - half), min(1.0, middle + half)


def told(ratings: Iterable[Rating], now: datetime) -> list[Rating]:
    """The ratings that reports may hold, in packs of at least five that never come apart.

    Whoever sees the tablet, or has seen a person rate, must not find that rating by looking twice. So a week is told
    once it is over and its last rating can't be changed any more. Then the ratings of an agency's counter come as soon
    as five are there which have not come yet. In the week in which the month of the visits ends, and afterwards, those
    left over come as the agency's, without a counter, and what is still left as the whole centre's, without an agency;
    fewer than five altogether wait. Any two figures, of any day and any choice of months, agencies and counters, differ
    by whole packs.
    """
    this_week = _week(now - CHANGEABLE)
    months: dict[str, dict[str, list[Rating]]] = {}
    for rating in ratings:
        if rating.week < this_week:
            months.setdefault(rating.month, {}).setdefault(rating.week, []).append(rating)
    out: list[Rating] = []
    for month, weeks in sorted(months.items()):
        closing = _week(_last_day(month))
        if closing < this_week:
            weeks.setdefault(closing, [])
        waiting: list[Rating] = []
        for week, given in sorted(weeks.items()):
            waiting += given
            packed, waiting = _packed(waiting, lambda rating: (rating.agency, rating.counter))
            out += packed
            if week >= closing:
                nowhere = [msgspec.structs.replace(rating, counter="") for rating in waiting]
                packed, waiting = _packed(nowhere, lambda rating: rating.agency)
                out += packed
                if len(waiting) >= LEAST:
                    out += [msgspec.structs.replace(rating, agency="") for rating in waiting]
                    waiting = []
    return out


def _last_day(month: str) -> datetime:
    begins = datetime.strptime(month, "%Y-%m").replace(tzinfo=VIETNAM)
    return (begins + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _week(at: datetime) -> str:
    year, week, _ = at.astimezone(VIETNAM).isocalendar()
    return f"{year}-W{week:02}"


def _packed(ratings: Iterable[Rating], of: Callable[[Rating], Hashable]) -> tuple[list[Rating], list[Rating]]:
    """Those of large enough groups, and the others."""
    groups: dict[Hashable, list[Rating]] = {}
    for rating in ratings:
        groups.setdefault(of(rating), []).append(rating)
    packed = [rating for group in groups.values() if len(group) >= LEAST for rating in group]
    return packed, [rating for group in groups.values() if len(group) < LEAST for rating in group]


def report(
    ratings: Iterable[Rating],
    visits: VisitCounts,
    first: str,
    last: str,
    now: datetime,
    *,
    agency: str = "",
    counter: str = "",
    agency_name: Callable[[str], str] = str,
) -> Report:
    """The report of these months, of one agency or counter where they are named.

    ratings: all of these months, of every place: what may be told is decided before anything is chosen.
    agency_name: the one name of an agency that is written in several ways.
    """
    named = (msgspec.structs.replace(rating, agency=agency_name(rating.agency)) for rating in ratings)
    known = told((rating for rating in named if first <= rating.month <= last), now)
    mine = [rating for rating in known if agency in ("", rating.agency) and counter in ("", rating.counter)]
    counted: Tally[tuple[str, str, str]] = Tally()
    for (month, written, where), count in visits.items():
        place = (month, agency_name(written), where)
        if first <= month <= last and agency in ("", place[1]) and counter in ("", where):
            counted[place] += count
    comments = (Comment(rating.agency, rating.comment, rating.low) for rating in mine if rating.comment and not counter)
    return Report(
        first=first,
        last=last,
        total=_line("", sum(counted.values()), mine),
        agencies=_lines(mine, counted, lambda rating: rating.agency, lambda place: place[1]),
        counters=_lines(mine, counted, lambda rating: rating.counter, lambda place: place[2], unnamed=False),
        months=_lines(mine, counted, lambda rating: rating.month, lambda place: place[0]),
        comments=tuple(sorted(comments, key=lambda comment: (comment.agency, comment.text))),
    )


def _lines(
    ratings: Iterable[Rating],
    visits: VisitCounts,
    of: Callable[[Rating], str],
    at: Callable[[tuple[str, str, str]], str],
    *,
    unnamed: bool = True,
) -> tuple[Line, ...]:
    groups: dict[str, list[Rating]] = {}
    for rating in ratings:
        groups.setdefault(of(rating), []).append(rating)
    counted: Tally[str] = Tally()
    for place, count in visits.items():
        counted[at(place)] += count
    names = sorted(groups.keys() | counted.keys())
    return tuple(_line(name, counted[name], groups.get(name, [])) for name in names if unnamed or name)


def _line(name: str, visits: int, ratings: Sequence[Rating]) -> Line:
    shares = {}
    for criterion in Criterion:
        scores = [rating.scores[criterion] for rating in ratings if criterion in rating.scores]
        many = scores if len(scores) >= LEAST else []
        shares[criterion] = Share(sum(score >= SATISFIED for score in many), len(many))
    return Line(name, visits, len(ratings), shares)
