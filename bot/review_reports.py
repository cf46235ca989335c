"""The month's report from the draws, their findings and the counts of earlier months; no names, no phone numbers."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from bot.rating_reports import wilson
from bot.review_records import (
    QUESTIONS,
    SCRIPT,
    Apology,
    Case,
    Draw,
    Ended,
    Figure,
    Item,
    Letter,
    Line,
    Matter,
    Question,
    Verdict,
)
from bot.services.review import NO_LETTERS, ReviewDesk, Store, before, summed, with_letter

EARLIER: Final = 5
"""Months before the reported one that the trend shows."""
Answers = dict[Verdict, int]
FIELDS: Final = {
    Matter.SUPPLEMENT: ("received", "handled", "supplemented", "refused", "stopped", "again"),
    Matter.LATE: ("returned", "late", "still_open", "letters", "notices", "no_apology"),
}
"""Which counts a draw keeps as they were: those of its list, and what they are shares of."""
COUNTED: Final = tuple(field for fields in FIELDS.values() for field in fields)


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
    """One list's draw with what came out of it. replaced: the draws before it, oldest first."""

    draw: Draw
    total: Group
    agencies: tuple[Group, ...]
    items: tuple[Item, ...]
    replaced: tuple[Draw, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the Chairman is told of a month. months: this one and those before, oldest first."""

    month: str
    total: Figure
    agencies: tuple[Figure, ...]
    procedures: tuple[Figure, ...]
    months: tuple[Figure, ...]
    parts: dict[Matter, Part]

    @property
    def undrawn(self) -> tuple[Matter, ...]:
        """Lists with dossiers that nobody has drawn yet."""
        listed = {Matter.SUPPLEMENT: self.total.asked, Matter.LATE: self.total.late + self.total.still_open}
        return tuple(matter for matter, count in listed.items() if count and matter not in self.parts)

    @property
    def unclosed(self) -> tuple[Matter, ...]:
        """Lists that officers may still write into."""
        return tuple(matter for matter, part in self.parts.items() if part.draw.closed_at is None)

    @property
    def draft(self) -> bool:
        """Whether something may still change."""
        return not self.parts or bool(self.undrawn or self.unclosed)


class Drawn(msgspec.Struct, frozen=True):
    """A draw with all items of its list, drawn or not, and the draws that it replaced."""

    draw: Draw
    items: Sequence[Item]
    replaced: tuple[Draw, ...] = ()


def report(
    month: str, figures: Iterable[Figure], draws: Iterable[Drawn], letters: Mapping[str, Letter] = NO_LETTERS
) -> Report:
    """figures: of this month and those before, as the dossiers tell them now; of what a draw kept, its numbers count
    instead. draws: of these months. letters: of apology; those recorded before a list was closed count in it.
    """
    known = [_lettered(each, letters) for each in draws]
    counts = {(f.month, f.agency, f.procedure_code): f for f in figures}
    for drawn, sent in known:
        _freeze(counts, drawn.draw, sent)
    told = [counts[place] for place in sorted(counts) if any(getattr(counts[place], field) for field in COUNTED)]
    mine = [figure for figure in told if figure.month == month]
    parts = [drawn for drawn, _ in known if drawn.draw.month == month]
    return Report(
        month=month,
        total=summed(mine).get("", Figure(month=month, agency="")),
        agencies=tuple(summed(mine, lambda figure: figure.agency).values()),
        procedures=tuple(summed(mine, lambda figure: f"{figure.procedure_code}\n{figure.agency}").values()),
        months=tuple(summed(told, lambda figure: figure.month).values()),
        parts={
            drawn.draw.matter: _part(drawn)
            for drawn in sorted(parts, key=lambda each: list(Matter).index(each.draw.matter))
        },
    )


def _lettered(drawn: Drawn, letters: Mapping[str, Letter]) -> tuple[Drawn, list[Case]]:
    """The same with the letters that count, and the cases, as they were at the draw, that got one since."""
    end, items, sent = drawn.draw.closed_at, [], []
    for item in drawn.items:
        letter = letters.get(item.case.code) if drawn.draw.matter is Matter.LATE else None
        if letter is None or (end is not None and letter.at > end):
            items.append(item)
            continue
        if item.case.apology is not Apology.LETTER:
            sent.append(item.case)
        items.append(msgspec.structs.replace(item, case=with_letter(item.case, letter)))
    return msgspec.structs.replace(drawn, items=items), sent


def _freeze(counts: dict[tuple[str, str, str], Figure], draw: Draw, sent: Iterable[Case]) -> None:
    """Put the numbers that this draw kept in the place of today's."""
    fields = FIELDS[draw.matter]
    kept = {(f.month, f.agency, f.procedure_code): f for f in draw.figures}
    for place in [place for place in counts if place[0] == draw.month] + list(kept):
        then = kept.get(place, Figure(month=place[0], agency=place[1], procedure_code=place[2]))
        now = counts.get(place, msgspec.structs.replace(then, **dict.fromkeys(COUNTED, 0)))
        counts[place] = msgspec.structs.replace(now, **{field: getattr(then, field) for field in fields})
    for case in sent:
        place = (draw.month, case.agency, case.procedure_code)
        before = "notices" if case.apology is Apology.NOTICE else "no_apology"
        if figure := counts.get(place):
            moved = {"letters": figure.letters + 1, before: getattr(figure, before) - 1}
            counts[place] = msgspec.structs.replace(figure, **moved)


def of_month(desk: ReviewDesk, store: Store, month: str) -> Report:
    """The report of a month, with those before it for the trend."""
    first = before(month, EARLIER)
    draws = sorted((draw for draw in store.draws() if first <= draw.month <= month), key=lambda draw: draw.number)
    drawn = [
        Drawn(
            draw,
            store.items(draw.id, drawn=False),
            tuple(old for old in draws if _same_list(old, draw) and old.number < draw.number),
        )
        for draw in draws
        if draw.replaced_at is None
    ]
    return report(month, desk.lists(first, month).figures, drawn, store.letters())


def _same_list(one: Draw, other: Draw) -> bool:
    return (one.month, one.matter) == (other.month, other.matter)


def _part(drawn: Drawn) -> Part:
    draw, items = drawn.draw, drawn.items
    agencies = sorted({item.case.agency for item in items})
    return Part(
        draw=draw,
        total=_group("", draw.matter, items),
        agencies=tuple(
            _group(agency, draw.matter, [item for item in items if item.case.agency == agency]) for agency in agencies
        ),
        items=tuple(item for item in items if item.drawn),
        replaced=drawn.replaced,
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
