"""Which day a question about opening hours means: "sáng mai", "thứ 7", "mồng 2 tháng 9", "tết"."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

import holidays

from knowledge_base.text import fold

_WEEKDAYS: Final = {
    "2": 1, "hai": 1, "3": 2, "ba": 2, "4": 3, "tu": 3, "5": 4, "nam": 4, "6": 5, "sau": 5, "7": 6, "bay": 6,
}  # fmt: skip
_WEEKDAY: Final = re.compile(rf"\b(?:thu |t)({'|'.join(_WEEKDAYS)})\b")
_SUNDAY: Final = re.compile(r"\b(?:chu nhat|cn)\b")
_NEXT_WEEK: Final = re.compile(r"\btuan (?:sau|toi)\b")
_DATED: Final = re.compile(
    r"\b(?:ngay |mong |mung |hom |sang |chieu )*(\d{1,2})(?: thang | ?[/.-] ?)(\d{1,2})"
    r"(?:(?: nam | ?[/.-] ?)(\d{4}))?\b"
)
_NEAR: Final = (
    (re.compile(r"\b(?:ngay kia|ngay mot)\b"), 2),
    (re.compile(r"\b(?:ngay mai|sang mai|chieu mai|trua mai|mai)\b"), 1),
    (re.compile(r"\b(?:hom nay|bay gio|gio nay|sang nay|chieu nay|trua nay|toi nay)\b"), 0),
)
_FEASTS: Final = (
    (re.compile(r"\btet (?:duong|tay)\b"), "New Year's Day"),
    (re.compile(r"\bquoc khanh\b"), "National Day"),
    (re.compile(r"\bgio to\b"), "Hung Kings"),
    (re.compile(r"\btet\b"), "Lunar New Year"),
)


def asked_day(text: str, today: date) -> date | None:
    """The day that a text names, the next such one from `today` on; None where it names none."""
    folded = fold(text)
    if found := _DATED.search(folded):
        return _dated(today, *(int(part) if part else None for part in found.groups()))
    for pattern, days in _NEAR:
        if pattern.search(folded):
            return today + timedelta(days=days)
    weekday = 7 if _SUNDAY.search(folded) else _WEEKDAYS[day[1]] if (day := _WEEKDAY.search(folded)) else 0
    if weekday:
        ahead = (weekday - today.isoweekday()) % 7
        if _NEXT_WEEK.search(folded):
            ahead = 7 - today.isoweekday() + weekday
        return today + timedelta(days=ahead)
    return next((_feast(name, today) for pattern, name in _FEASTS if pattern.search(folded)), None)


def _dated(today: date, day: int | None, month: int | None, year: int | None) -> date | None:
    assert day is not None
    assert month is not None
    for each in [year] if year else [today.year, today.year + 1]:
        try:
            named = date(each, month, day)
        except ValueError:
            continue
        if year or named >= today:
            return named
    return None


def _feast(name: str, today: date) -> date | None:
    known = holidays.country_holidays("VN", years=(today.year, today.year + 1), language="en_US")
    return min(_later((day for day, said in known.items() if name in said), today), default=None)


def _later(days: Iterable[date], today: date) -> list[date]:
    return [day for day in days if day >= today]
