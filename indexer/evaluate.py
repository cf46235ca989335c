"""How well a file of labelled questions is answered, by a finder alone or by whoever is asked, by style and overall."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from knowledge_base.facets import asked
from knowledge_base.finder import Finder, Found
from knowledge_base.json_lines import json_lines, whole

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
    """What is asked, "" where the file does not say: then it is not judged."""
    question: str = ""
    turns: tuple[str, ...] = ()
    topic: str = ""
    """The procedure that the turns before the last are about, where the file says so."""
    accepts: tuple[str, ...] = ()
    """All that `asks` may be read as, where the file gives several."""


class _Row(msgspec.Struct, frozen=True):
    """A question as people and programs write it: numbers as ids, one code without brackets, `asks` left out."""

    codes: tuple[str, ...] | str
    id: str | int = ""
    style: str | None = "all styles"
    asks: str | tuple[str, ...] | None = ""
    question: str | None = ""
    turns: tuple[str, ...] | None = ()
    topic: str | None = ""


class BadQuestions(Exception):  # noqa: N818 - says what is the matter
    """A question file cannot be read; the message names the line."""


class Answered(NamedTuple):
    """How an input was answered: decision, codes best first, and what was understood to be asked."""

    decision: str
    codes: tuple[str, ...]
    asks: str

    @property
    def procedure(self) -> bool:
        """Whether it was answered with procedures at all."""
        return self.decision in ("sure", "several") and bool(self.codes)


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


def read_lines(file: Path) -> tuple[list[Question], list[str]]:
    """The questions of a JSONL file, and a sentence for each line that is none."""
    questions, problems = [], []
    for line in json_lines(file):
        question, problem = (None, line.problem) if line.problem else _question(line.value, line.number)
        if question is None:
            problems.append(f"{file}, line {line.number}: {problem}")
        else:
            questions.append(question)
    return questions, problems


def read_questions(file: Path) -> list[Question]:
    """All questions of a JSONL file; BadQuestions names the first line that is not one."""
    questions, problems = read_lines(file)
    if problems:
        raise BadQuestions(problems[0])
    return questions


def _question(value: object, number: int) -> tuple[Question | None, str]:
    """The question that a line holds, or what to correct in it."""
    try:
        row = msgspec.convert(value, _Row)
    except msgspec.ValidationError as error:
        return None, f"not a labelled question; correct it ({error})"
    if bool(row.question) == bool(row.turns):
        return None, "give either a question or its turns"
    asks = (row.asks,) if isinstance(row.asks, str) else row.asks or ()
    accepts = tuple(each for each in asks if each)
    return Question(
        id=str(row.id) or f"line {number}",
        style=row.style or "all styles",
        codes=(row.codes,) if isinstance(row.codes, str) else row.codes,
        asks=accepts[0] if accepts else "",
        question=whole(row.question or ""),
        turns=tuple(map(whole, row.turns or ())),
        topic=row.topic or "",
        accepts=accepts,
    ), ""


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
    """Ask `finder` alone every question of the file: for calibrating and publishing, where no dialogue is there."""

    def ask(question: Question) -> Answered:
        found, last = answer(finder, question)
        return Answered(found.decision, tuple(match.code for match in found.matches), asked(last)[0])

    return judge(read_questions(questions_file), ask)


def judge(questions: Iterable[Question], ask: Callable[[Question], Answered]) -> Report:
    """Ask every question and count."""
    rows: dict[str, list[tuple[Question, Answered]]] = {"all": []}
    for question in questions:
        row = (question, ask(question))
        rows.setdefault(question.style, []).append(row)
        rows["all"].append(row)
    return Report({style: _score(rows[style]) for style in sorted(rows, key=lambda style: (style == "all", style))})


def _share(values: Iterable[bool]) -> float | None:
    counted = list(values)
    return round(sum(counted) / len(counted), 4) if counted else None


def _score(rows: list[tuple[Question, Answered]]) -> Score:
    ours = [row for row in rows if row[0].codes]
    aside = [row for row in rows if not row[0].codes]

    def hit(limit: int) -> float | None:
        return _share(bool(set(said.codes[:limit]) & set(question.codes)) for question, said in ours)

    sure = [row for row in rows if row[1].decision == "sure" and row[1].codes]
    return Score(
        questions=len(rows),
        hit1=hit(1),
        hit3=hit(3),
        hit10=hit(10),
        false_abstention=_share(not said.procedure for _, said in ours),
        abstention=_share(not said.procedure for _, said in aside),
        sure=_share(said.decision == "sure" for _, said in ours),
        wrong_sure=_share(said.codes[0] not in question.codes for question, said in sure),
        facet=_share(said.asks in (question.accepts or (question.asks,)) for question, said in ours if question.asks),
    )
