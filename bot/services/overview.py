"""The director's page from what the stores count, and the same with small numbers hidden for everybody to read.

Public: a number from 1 to 4 is not told, and where it could be found by subtracting the others from a total that is
told, the next smallest is hidden too, or the total with it. Only weeks and months that are over are public, and ratings
only once nobody can rate any more: what a number grew by since yesterday would be a person.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final, Protocol

import msgspec

from bot.overview_records import AgencyLine, Named, Overview, Parts, UnitLine
from bot.rating_reports import LEAST
from bot.rating_reports import Line as RatingLine
from bot.services.ratings import SLIP_LASTS
from bot.services.review import summed

TYPED: Final = frozenset({"sure", "several", "nothing"})
TOP: Final = 10
Name = Callable[[str], str]


class Counts(Protocol):
    """Where it is counted; see bot.storage.asked."""

    def count(self, *, procedure: str, facet: str, decision: str, channel: str) -> None: ...  # noqa: D102


def overview(parts: Parts, first: date, last: date, month: str, *, name: Name = str) -> Overview:
    """The page of the week from `first` to `last` and of a month. name: of a procedure, by its code."""
    typed: Counter[str] = Counter()
    procedures: Counter[str] = Counter()
    facets: Counter[str] = Counter()
    for asked in parts.asked:
        if asked.decision in TYPED:
            typed[asked.decision] += asked.count
        if asked.procedure:
            procedures[asked.procedure] += asked.count
        if asked.facet:
            facets[asked.facet] += asked.count
    agencies = summed(parts.figures, lambda figure: figure.agency)
    total = summed(parts.figures).get("")
    units: dict[str, Counter[str]] = {}
    for helped in parts.helped:
        units.setdefault(helped.unit, Counter()).update(cases=helped.cases, minutes=helped.minutes)
    return Overview(
        first=first,
        last=last,
        month=month,
        questions=sum(typed.values()),
        answered=typed["sure"],
        several=typed["several"],
        nothing=typed["nothing"],
        procedures=tuple(Named(name(code), count) for code, count in _most(procedures)[:TOP]),
        facets=tuple(Named(facet, count) for facet, count in _most(facets)),
        endings=tuple(Named(ending, count) for ending, count in _most(parts.endings)),
        ratings=parts.ratings,
        agencies=tuple(_agency(agency, figure) for agency, figure in agencies.items()),
        total=_agency("", total) if total else AgencyLine("", 0, 0, 0, 0, 0, 0),
        delivery=tuple(Named(state, count) for state, count in sorted(parts.delivery.items())),
        units=tuple(UnitLine(unit, said["cases"], said["minutes"]) for unit, said in sorted(units.items())),
        helped=sum(helped.cases for helped in parts.helped),
        minutes=sum(helped.minutes for helped in parts.helped),
    )


def _most(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _agency(name: str, figure: object) -> AgencyLine:
    numbers = {field: getattr(figure, field) for field in AgencyLine.__struct_fields__ if field != "name"}
    return AgencyLine(name, **numbers)


def hidden(counts: Mapping[str, int], least: int = LEAST) -> frozenset[str] | None:
    """Whose numbers must not be told where their total is; None: nor may the total be told.

    Who sees a dash knows of one at least there, so the hidden ones together must be `least` more than that.
    """
    small = {name for name, count in counts.items() if 0 < count < least}
    while small and sum(counts[name] for name in small) - len(small) < least:
        rest = sorted((counts[name], name) for name in counts if name not in small and counts[name])
        if not rest:
            return None
        small.add(rest[0][1])
    return frozenset(small)


def public(page: Overview) -> Overview:
    """The page as everybody may read it: no small numbers, no notices' failures, no way to subtract."""
    agencies = {line.name: line for line in page.agencies}
    columns = [field for field in AgencyLine.__struct_fields__ if field != "name"]
    shown: dict[str, dict[str, int | None]] = {name: {} for name in agencies}
    total: dict[str, int | None] = {}
    for column in columns:
        counts = {name: getattr(line, column) or 0 for name, line in agencies.items()}
        secret = hidden(counts)
        total[column] = None if secret is None else getattr(page.total, column)
        for name, count in counts.items():
            shown[name][column] = _told(count, secret is None or name in secret)
    units = {line.name: line.helped or 0 for line in page.units}
    secret_units = hidden(units)
    typed = {"answered": page.answered or 0, "several": page.several or 0, "nothing": page.nothing or 0}
    secret_typed = hidden(typed)
    known = {field: _told(count, secret_typed is None or field in secret_typed) for field, count in typed.items()}
    return msgspec.structs.replace(
        page,
        questions=None if secret_typed is None else page.questions,
        **known,
        ratings=large_shares(page.ratings),
        procedures=_large(page.procedures),
        facets=_large(page.facets),
        endings=(),
        agencies=tuple(AgencyLine(name, **shown[name]) for name in agencies),
        total=AgencyLine("", **total),
        delivery=_large(page.delivery),
        units=tuple(
            line if secret_units is not None and line.name not in secret_units else UnitLine(line.name, None, None)
            for line in page.units
        ),
        helped=None if secret_units is None else page.helped,
        minutes=None if secret_units is None else page.minutes,
    )


def large_shares(line: RatingLine) -> RatingLine:
    """Without the criteria that fewer than five people answered: one person's verdict would be told."""
    many = {criterion: share for criterion, share in line.shares.items() if share.answered >= LEAST}
    return msgspec.structs.replace(line, shares=many)


def _told(count: int, secret: bool) -> int | None:  # noqa: FBT001 - read as a sentence where it is called
    return None if secret and count else count


def _large(lines: Iterable[Named]) -> tuple[Named, ...]:
    """Those with numbers that may be told; which ones are left out is told nowhere."""
    return tuple(line for line in lines if line.count is not None and line.count >= LEAST)


def last_week(today: date) -> tuple[date, date]:
    """Monday and Sunday of the last week that is over."""
    monday = today - timedelta(days=today.weekday() + 7)
    return monday, monday + timedelta(days=6)


def rated_month(today: date) -> str:
    """The last month of whose visits nobody can give a rating any more: the longest way is a slip."""
    end = today.replace(day=1) - timedelta(days=1)
    while end + SLIP_LASTS >= today:
        end = end.replace(day=1) - timedelta(days=1)
    return f"{end:%Y-%m}"


def counted(codes: Sequence[str], asks: Sequence[str], decision: str, *, pressed: bool) -> dict[str, str] | None:
    """What of an answer is counted: procedure, facet and decision; None where nothing was asked."""
    if decision in ("status", "human"):
        return None if pressed else {"procedure": "", "facet": "", "decision": decision}
    if decision == "privacy":
        decision = "nothing" if asks else ""
    if decision not in TYPED or (pressed and decision != "sure"):
        return None
    return {
        "procedure": codes[0] if decision == "sure" and codes else "",
        "facet": asks[0] if asks else "",
        "decision": "pressed" if pressed else decision,
    }
