"""Satisfaction from ratings: shares with their confidence interval, response rates, and what must stay hidden.

The share of a criterion is that of its 4s and 5s among all scores given to it. Its interval is Wilson's score interval
at 95 % (E. B. Wilson, JASA 22 (1927), 209-212), which also holds for few ratings and near 100 %, where the centre's
goal lies. Visits and ratings count in the month of the visit.

Nobody can be told from a group: one with fewer than 5 ratings is not shown, and where that group could be found by
subtracting the others from the total, the smallest shown one is hidden as well. Comments name no counter.
"""

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import sqrt
from typing import Final

import msgspec

from bot.rating_records import SATISFIED, Criterion, Rating

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
    """One group: its visits, its ratings, its shares. `hidden`: too few ratings; only the visits are told."""

    name: str
    visits: int
    ratings: int
    shares: dict[Criterion, Share]
    hidden: bool = False

    @property
    def response(self) -> float | None:
        """Ratings for each visit; None where no visit was counted, or the group is hidden."""
        return self.ratings / self.visits if self.visits and not self.hidden else None


class Comment(msgspec.Struct, frozen=True):
    """Masked words; the agency only where it has ratings enough."""

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


def report(
    ratings: Sequence[Rating], visits: VisitCounts, first: str, last: str, *, agency: str = "", counter: str = ""
) -> Report:
    """The report of these months, of one agency or counter where they are named."""
    mine = [r for r in ratings if first <= r.month <= last and agency in ("", r.agency) and counter in ("", r.counter)]
    counted = {
        place: count
        for place, count in visits.items()
        if first <= place[0] <= last and agency in ("", place[1]) and counter in ("", place[2])
    }
    agencies = _lines(mine, counted, lambda rating: rating.agency, lambda place: place[1])
    shown = {line.name for line in agencies if not line.hidden}
    total = _line("", sum(counted.values()), mine)
    small = total.ratings < LEAST
    comments = (
        Comment(rating.agency if rating.agency in shown else "", rating.comment, rating.low)
        for rating in mine
        if rating.comment and not small
    )
    return Report(
        first=first,
        last=last,
        total=_hide(total) if small else total,
        agencies=agencies,
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
    lines = [_line(name, counted[name], groups.get(name, [])) for name in sorted(groups.keys() | counted.keys())]
    hidden = {line.name for line in lines if 0 < line.ratings < LEAST}
    if 0 < sum(line.ratings for line in lines if line.name in hidden) < LEAST:
        # what is left of the total after subtracting the others would be this small group
        rest = sorted((line.ratings, line.name) for line in lines if line.ratings >= LEAST)
        hidden |= {name for _, name in rest[:1]}
    told = (_hide(line) if line.name in hidden else line for line in lines)
    return tuple(line for line in told if unnamed or line.name)


def _line(name: str, visits: int, ratings: Sequence[Rating]) -> Line:
    shares = {}
    for criterion in Criterion:
        scores = [rating.scores[criterion] for rating in ratings if criterion in rating.scores]
        shares[criterion] = Share(sum(score >= SATISFIED for score in scores), len(scores))
    return Line(name, visits, len(ratings), shares)


def _hide(line: Line) -> Line:
    return Line(line.name, line.visits, 0, {criterion: Share(0, 0) for criterion in Criterion}, hidden=True)
