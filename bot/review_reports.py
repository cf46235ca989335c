"""The month's report from the draws, their findings and the counts of earlier months; no names, no phone numbers."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from bot.rating_reports import wilson
from bot.review_records import QUESTIONS, SCRIPT, Draw, Ended, Figure, Item, Line, Matter, Question, Verdict
from bot.services.review import ReviewDesk, Store, before, summed

EARLIER: Final = 5
"""Months before the reported one that the trend shows."""
Answers = dict[Verdict, int]


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in one agency's dossiers, or in all."""

    name: str
    listed: int
    drawn: int
    reviewed: int
    findings: dict[Question, Answers]
    faults: int
    """Dossiers with at least one "no"."""
    answers: dict[Line, Answers]
    interviews: dict[Ended, int]
    calls: int
    to_call: int

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share of dossiers with a fault, where the reviewed ones are a sample of the list."""
        return wilson(self.faults, self.reviewed)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One list's draw with what came out of it. replaced: draws before it, with the reasons of the later ones."""

    draw: Draw
    total: Group
    agencies: tuple[Group, ...]
    items: tuple[Item, ...]
    replaced: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the Chairman is told of a month. months: this one and those before, oldest first."""

    month: str
    total: Figure
    agencies: tuple[Figure, ...]
    procedures: tuple[Figure, ...]
    months: tuple[Figure, ...]
    parts: dict[Matter, Part]

    @property
    def draft(self) -> bool:
        """Whether something may still change."""
        return not self.parts or any(part.draw.closed_at is None for part in self.parts.values())


def report(
    month: str,
    figures: Iterable[Figure],
    drawn: Sequence[tuple[Draw, Sequence[Item], int]],
    earlier: Sequence[Draw] = (),
) -> Report:
    """figures: of this month and those before, as the dossiers tell them now; what a draw kept counts instead.

    drawn: this month's draws with all their items (drawn or not) and how many draws they replace. earlier: draws of the
    other months.
    """
    kept: dict[str, tuple[Figure, ...]] = {}
    for draw in sorted([*earlier, *(draw for draw, _, _ in drawn)], key=lambda draw: draw.drawn_at):
        kept[draw.month] = draw.figures  # of a month's two lists, as it was at the later draw
    told = [figure for figure in figures if figure.month not in kept]
    told += [figure for month_figures in kept.values() for figure in month_figures]
    mine = [figure for figure in told if figure.month == month]
    empty = Figure(month=month, agency="")
    return Report(
        month=month,
        total=summed(mine).get("", empty),
        agencies=tuple(summed(mine, lambda figure: figure.agency).values()),
        procedures=tuple(summed(mine, lambda figure: f"{figure.procedure_code}\n{figure.agency}").values()),
        months=tuple(summed(told, lambda figure: figure.month).values()),
        parts={draw.matter: _part(draw, items, replaced) for draw, items, replaced in drawn},
    )


def of_month(desk: ReviewDesk, store: Store, month: str) -> Report:
    """The report of a month, with those before it for the trend."""
    first = before(month, EARLIER)
    draws = [draw for draw in store.draws() if draw.replaced_at is None and first <= draw.month <= month]
    mine = sorted((draw for draw in draws if draw.month == month), key=lambda draw: list(Matter).index(draw.matter))
    drawn = [(draw, store.items(draw.id, drawn=False), draw.number - 1) for draw in mine]
    earlier = [draw for draw in draws if draw.month < month]
    return report(month, desk.lists(first, month).figures, drawn, earlier)


def _part(draw: Draw, items: Sequence[Item], replaced: int) -> Part:
    agencies = sorted({item.case.agency for item in items})
    return Part(
        draw=draw,
        total=_group("", draw.matter, items),
        agencies=tuple(
            _group(agency, draw.matter, [item for item in items if item.case.agency == agency]) for agency in agencies
        ),
        items=tuple(item for item in items if item.drawn),
        replaced=replaced,
    )


def _group(name: str, matter: Matter, items: Sequence[Item]) -> Group:
    drawn = [item for item in items if item.drawn]
    reviewed = [item for item in drawn if item.reviewed]
    ended = Counter(item.interview for item in drawn if item.interview is not None)
    return Group(
        name=name,
        listed=len(items),
        drawn=len(drawn),
        reviewed=len(reviewed),
        findings={q: _verdicts(reviewed, lambda i, q=q: i.findings[q].verdict) for q in QUESTIONS[matter]},  # type: ignore[misc]
        faults=sum(any(f.verdict is Verdict.NO for f in item.findings.values()) for item in reviewed),
        answers={
            line: _verdicts([i for i in drawn if line in i.answers], lambda i, line=line: i.answers[line])  # type: ignore[misc]
            for line in SCRIPT[matter]
        },
        interviews={how: ended[how] for how in Ended if how in ended},
        calls=sum(len(item.tries) for item in drawn),
        to_call=sum(item.interview is None for item in drawn),
    )


def _verdicts(items: Iterable[Item], of: Callable[[Item], Verdict]) -> Answers:
    counts = Counter(of(item) for item in items)
    return {verdict: counts[verdict] for verdict in Verdict}
