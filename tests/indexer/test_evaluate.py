"""Measuring a finder on labelled questions."""

import json
from pathlib import Path

import pytest

from indexer.evaluate import DEVELOPMENT, BadQuestions, evaluate, read_questions
from knowledge_base.finder import Finder, Found, Match


class Scripted(Finder):
    """Answers as told: question -> (decision, codes)."""

    def __init__(self, answers: dict[str, tuple[str, list[str]]]) -> None:
        self.answers = answers

    def find(self, question: str, *, limit: int = 10) -> Found:
        decision, codes = self.answers[question]
        return Found(decision, tuple(Match(code, 0.5) for code in codes[:limit]))  # type: ignore[arg-type]

    def in_context(self, question: str, topic: str, before: str = "") -> Found | None:
        return self.find(question) if question in self.answers else None


def written(folder: Path, *questions: dict[str, object]) -> Path:
    file = folder / "questions.jsonl"
    file.write_text("\n".join(json.dumps(question) for question in questions), encoding="utf-8")
    return file


def test_shares_are_counted_over_what_they_are_about(tmp_path: Path) -> None:
    """Hits over questions of ours, abstention over the others, wrong among those answered with one procedure."""
    file = written(
        tmp_path,
        {"id": "1", "style": "plain", "question": "a", "codes": ["1"], "asks": "general"},
        {"id": "2", "style": "plain", "question": "b", "codes": ["2"], "asks": "general"},
        {"id": "3", "style": "oos", "question": "c", "codes": [], "asks": "general"},
    )
    answers = {"a": ("sure", ["1"]), "b": ("sure", ["9", "2"]), "c": ("nothing", ["1"])}
    report = evaluate(Scripted(answers), file)
    score = report.overall
    assert (score.questions, score.hit1, score.hit3, score.abstention) == (3, 0.5, 1.0, 1.0)
    assert (score.sure, score.wrong_sure, score.false_abstention) == (1.0, 0.5, 0.0)
    assert report.styles["oos"].hit1 is None
    assert "wrong_sure" in str(report)
    assert json.loads(report.json())["styles"]["plain"]["hit1"] == 0.5


def test_a_later_turn_counts_for_the_topic_unless_it_moves(tmp_path: Path) -> None:
    """None in context means the topic goes on; a find means it has changed."""
    file = written(
        tmp_path,
        {"id": "1", "style": "followup", "turns": ["a", "goes on"], "codes": ["1"], "asks": "general"},
        {"id": "2", "style": "followup", "turns": ["a", "moves"], "codes": ["2"], "asks": "general"},
    )
    answers = {"a": ("sure", ["1"]), "moves": ("sure", ["2"])}
    assert evaluate(Scripted(answers), file).overall.hit1 == 1.0


@pytest.mark.parametrize("line", ["{", '{"id": "1"}', '{"id": "1", "style": "x", "codes": [], "asks": "fee"}'])
def test_a_line_that_is_no_question_is_named(tmp_path: Path, line: str) -> None:
    """The message says which line to correct."""
    file = tmp_path / "bad.jsonl"
    file.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(BadQuestions, match="line 2"):
        read_questions(file)


def test_own_questions_are_in_order() -> None:
    """Ids are unique and every style of the shipped questions is there."""
    questions = read_questions(DEVELOPMENT)
    assert len({question.id for question in questions}) == len(questions) > 500
    assert {"plain", "nodiac", "noisy", "story", "formal", "oos", "followup"} <= {q.style for q in questions}
