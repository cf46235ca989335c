"""Fees that hold for a period only: which amounts, or what share of the usual ones, until when."""

import re
from datetime import date
from typing import NamedTuple

from indexer.facts.money import amounts_in

_PERIOD = re.compile(
    r"(?:đến|tới|hết)\s+(?:hết\s+)?(?:ngày\s+)?(?:(?P<d>\d{1,2})\s?[/.-]\s?(?P<m>\d{1,2})\s?[/.-]\s?(?P<y>\d{4})"
    r"|(?P<d2>\d{1,2})\s+tháng\s+(?P<m2>\d{1,2})\s+năm\s+(?P<y2>\d{4})|(?:hết\s+)?năm\s+(?P<y3>\d{4}))",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"(?P<cut>giảm\s+)?(?:bằng\s+|còn\s+)?(?P<share>\d{1,3})\s?%", re.IGNORECASE)
_SEGMENT = re.compile(r";\s*|(?<=[.])\s+|\s(?=[-+]\s)")
_BRACKETS = re.compile(r"\((?:[^()]|\([^()]*\))*\)?")
_ONLINE = re.compile(r"trực tuyến|trực tuyển|trên môi trường điện tử|qua mạng", re.IGNORECASE)
_RELIEF = re.compile(r"miễn|không thu", re.IGNORECASE)


class Level(NamedTuple):
    """What is in force until a day: `amounts` of the text, or `percent` of the usual ones; `whole`: the line itself."""

    until: str = ""
    amounts: tuple[int, ...] = ()
    percent: int = 0
    whole: bool = False


def periods_in(text: str) -> tuple[date, ...]:
    """The days on which a period named in `text` ends ("đến hết ngày 31/12/2026")."""
    ends = []
    for found in _PERIOD.finditer(text):
        year = int(found["y"] or found["y2"] or found["y3"])
        month = int(found["m"] or found["m2"] or 12)
        try:
            ends.append(date(year, month, int(found["d"] or found["d2"] or 31)))
        except ValueError:
            continue
    return tuple(ends)


def level_in(text: str, *, online: bool) -> Level:
    """The level that cleaned `text` limits to a period; of several periods the one that ends last.

    A bracket or a sentence with the period says what the period is of: the amounts in it, or a share of the usual ones.
    One with neither speaks of the whole line, unless it only exempts somebody. `online`: the line is of that channel.
    """
    ends = periods_in(text)
    if not ends:
        return Level()
    last = max(ends)
    told = ""
    for segment in _segments(text):
        if last in periods_in(segment):
            told = segment
            break
    bare = _BRACKETS.sub(" ", told)
    for bracket in _BRACKETS.findall(told):
        if last in periods_in(bracket) and amounts_in(bracket):
            bare = told = bracket
    amounts = tuple(money.amount for money in amounts_in(told))
    until = last.isoformat()
    if amounts:
        return Level(until, amounts)
    share = _PERCENT.search(bare) or _PERCENT.search(told)
    if share and 0 < int(share["share"]) < 100 and (online or not _ONLINE.search(told)):
        percent = int(share["share"])
        return Level(until, percent=100 - percent if share["cut"] else percent)
    return Level(until, whole=not share and not _RELIEF.search(told))


def _segments(text: str) -> list[str]:
    """`text` cut at sentences and items, brackets kept whole."""
    cuts, depth_at = [0], 0
    for found in _SEGMENT.finditer(text):
        depth_at = text.count("(", 0, found.start()) - text.count(")", 0, found.start())
        if depth_at <= 0:
            cuts.append(found.end())
    return [text[start:end] for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True)]
