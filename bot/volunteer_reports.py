"""The month of the volunteers as figures: cases, minutes and outcomes by volunteer, procedure and day."""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from bot.dialogue.wording.assist import OUTCOMES
from bot.volunteer_records import Count, Outcome
from bot.workbooks import Cell, Sheet, workbook

GROUPS: Final = {"volunteers": "Theo tình nguyện viên", "procedures": "Theo thủ tục", "days": "Theo ngày"}
HEAD: Final = ("Nhóm", "Đơn vị", "Số ca", "Số phút", "Phút mỗi ca", *OUTCOMES.values())
NO_PROCEDURE: Final = "(chưa chọn thủ tục)"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One group: its cases, their minutes, and how many ended how."""

    name: str
    unit: str = ""
    cases: int = 0
    minutes: int = 0
    outcomes: dict[Outcome, int] = msgspec.field(default_factory=dict)

    @property
    def cells(self) -> list[Cell]:
        """The row under HEAD."""
        mean = round(self.minutes / self.cases, 1) if self.cases else None
        ended = [self.outcomes.get(outcome, 0) for outcome in OUTCOMES]
        return [self.name, self.unit, self.cases, self.minutes, mean, *ended]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A month; `groups` are the lines under the names of GROUPS, the most cases first (days in their order)."""

    month: str
    total: Line
    groups: dict[str, tuple[Line, ...]]


def days(month: str) -> tuple[str, str]:
    """The first and the last day that a month ("2026-11") can have, to compare ISO days with."""
    return f"{month}-01", f"{month}-31"


def report(counts: Iterable[Count], month: str, name_of: Callable[[str], str]) -> Report:
    """Sums up the counts of one month. name_of: the name of a procedure's code."""
    rows = [count for count in counts if count.day.startswith(f"{month}-")]

    def grouped(key: Callable[[Count], tuple[str, str]]) -> list[Line]:
        groups: dict[tuple[str, str], list[Count]] = {}
        for count in rows:
            groups.setdefault(key(count), []).append(count)
        return [_line(name, unit, each) for (name, unit), each in groups.items()]

    def most(lines: list[Line]) -> tuple[Line, ...]:
        return tuple(sorted(lines, key=lambda line: (-line.cases, line.name, line.unit)))

    def named(code: str) -> str:
        return f"{name_of(code)} ({code})" if code else NO_PROCEDURE

    return Report(
        month=month,
        total=_line("Tất cả", "", rows),
        groups={
            "volunteers": most(grouped(lambda count: (count.nickname, count.unit))),
            "procedures": most(grouped(lambda count: (named(count.procedure), ""))),
            "days": tuple(sorted(grouped(lambda count: (count.day, "")), key=lambda line: line.name)),
        },
    )


def title(month: str) -> str:
    """What the report is about."""
    return f"Tình nguyện viên tháng {month[5:]}/{month[:4]}"


def xlsx(made: Report) -> bytes:
    """A workbook: a sheet for each grouping, the whole as the first line of each."""
    lists = [(name, (made.total, *made.groups[group])) for group, name in GROUPS.items()]
    return workbook(
        Sheet(name=name, title=title(made.month), head=HEAD, rows=[line.cells for line in lines])
        for name, lines in lists
    )


def _line(name: str, unit: str, counts: list[Count]) -> Line:
    outcomes: dict[Outcome, int] = {}
    for count in counts:
        outcomes[count.outcome] = outcomes.get(count.outcome, 0) + count.cases
    cases, minutes = sum(count.cases for count in counts), sum(count.minutes for count in counts)
    return Line(name=name, unit=unit, cases=cases, minutes=minutes, outcomes=outcomes)
