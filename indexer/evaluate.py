"""How well a finder answers a file of labelled questions, by style and overall."""

import json
from collections.abc import Iterable
from pathlib import Path

import msgspec

from knowledge_base.facets import asked
from knowledge_base.finder import Finder, Found

_QUESTIONS = Path(__file__).parent.parent / "knowledge_base" / "data" / "questions"
DEVELOPMENT = _QUESTIONS / "development.jsonl"
FOLLOW_UPS = _QUESTIONS / "follow_ups.jsonl"
"""Pairs of turns, to learn whether the second goes on about the first one's procedure."""
LATER = _QUESTIONS / "later_turns.jsonl"
"""More pairs, by other authors, from which the encoder learns how a turn sounds behind what was said before."""


class Question(msgspec.Struct, frozen=True):
    """One labelled input. `turns` (first, follow-up) in place of `question` where the label belongs to the last turn;
    `codes` are all accepted answers, best first, and empty where no procedure answers."""

    id: str
    style: str
    codes: tuple[str, ...]
    asks: str
    question: str = ""
    turns: tuple[str, ...] = ()
    topic: str = ""
    """The procedure that the turns before the last are about, where the file says so."""


class BadQuestions(Exception):  # noqa: N818 - says what is the matter
    """A question file cannot be read; the message names the line."""


class Score(msgspec.Struct, frozen=True):
    """Shares from 0 to 1 over `questions` inputs; a share without anything to count is None.

    hit1, hit3, hit10: an accepted code among the first k. false_abstention: in scope but answered nothing.
    abstention: out of scope and answered nothing. sure: answered with one procedure. wrong_sure: of those, wrong.
    facet: the first facet is the asked one.
    """

    questions: int
    hit1: float | None
    hit3: float | None
    hit10: float | None
    false_abstention: float | None
    abstention: float | None
    sure: float | None
    wrong_sure: float | None
    facet: float | None


class Report(msgspec.Struct, frozen=True):
    """Scores by style; "all" holds every input in or out of scope."""

    styles: dict[str, Score]

    @property
    def overall(self) -> Score:
        """The score of all inputs together."""
        return self.styles["all"]

    def json(self) -> str:
        """The report for machines."""
        return msgspec.json.encode(self).decode()

    def __str__(self) -> str:
        names = [field for field in Score.__struct_fields__ if field != "questions"]
        short = {"false_abstention": "false_abst", "abstention": "abstain"}
        lines = [f"{'style':<10}{'n':>5}" + "".join(f"{short.get(name, name):>12}" for name in names)]
        for style, score in self.styles.items():
            shares = [getattr(score, name) for name in names]
            lines.append(
                f"{style:<10}{score.questions:>5}"
                + "".join("           -" if s is None else f"{s:12.3f}" for s in shares)
            )
        return "\n".join(lines)


def read_questions(file: Path) -> list[Question]:
    """All questions of a JSONL file; BadQuestions names the first line that is not one."""
    questions = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            question = msgspec.json.decode(line, type=Question)
        except (msgspec.DecodeError, json.JSONDecodeError) as error:
            raise BadQuestions(f"{file}, line {number}: not a labelled question; correct it ({error})") from error
        if bool(question.question) == bool(question.turns):
            raise BadQuestions(f"{file}, line {number}: give either a question or its turns")
        questions.append(question)
    return questions


def answer(finder: Finder, question: Question) -> tuple[Found, str]:
    """What the finder answers, and the words whose facet counts (those of the last turn)."""
    if not question.turns:
        return finder.find(question.question), question.question
    found, before = finder.find(question.turns[0]), question.turns[0]
    for turn in question.turns[1:]:
        if found.decision == "nothing" or not found.matches:
            found, before = finder.find(turn), turn
            continue
        moved = finder.in_context(turn, found.matches[0].code, before)
        found, before = (found, before) if moved is None else (moved, turn)
    return found, question.turns[-1]


def evaluate(finder: Finder, questions_file: Path = DEVELOPMENT) -> Report:
    """Ask `finder` every question of the file."""
    rows: dict[str, list[tuple[Question, Found, bool]]] = {"all": []}
    for question in read_questions(questions_file):
        found, last = answer(finder, question)
        row = (question, found, asked(last)[0] == question.asks)
        rows.setdefault(question.style, []).append(row)
        rows["all"].append(row)
    return Report({style: _score(rows[style]) for style in sorted(rows, key=lambda style: (style == "all", style))})


def _share(values: Iterable[bool]) -> float | None:
    counted = list(values)
    return round(sum(counted) / len(counted), 4) if counted else None


def _score(rows: list[tuple[Question, Found, bool]]) -> Score:
    ours = [row for row in rows if row[0].codes]
    aside = [row for row in rows if not row[0].codes]

    def hit(limit: int) -> float | None:
        return _share(
            bool({m.code for m in found.matches[:limit]} & set(question.codes)) for question, found, _ in ours
        )

    sure = [row for row in rows if row[1].decision == "sure"]
    return Score(
        questions=len(rows),
        hit1=hit(1),
        hit3=hit(3),
        hit10=hit(10),
        false_abstention=_share(found.decision == "nothing" for _, found, _ in ours),
        abstention=_share(found.decision == "nothing" for _, found, _ in aside),
        sure=_share(row[1].decision == "sure" for row in ours),
        wrong_sure=_share(found.matches[0].code not in question.codes for question, found, _ in sure),
        facet=_share(right for _, _, right in ours),
    )
