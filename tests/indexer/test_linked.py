"""What linked questions did."""

import msgspec

from indexer.linked import Answered, Linked, ask_linked, report_linked
from indexer.phrases import with_linked
from knowledge_base.finder import Finder, Found, Match
from knowledge_base.overrides import Phrase
from tests.fakes.small_index import catalogue


class Saying(Finder):
    """Answers as told, and remembers what it was asked."""

    def __init__(self, answers: dict[str, Found]) -> None:
        self._answers, self.asked = answers, list[str]()

    def find(self, question: str, *, limit: int = 10) -> Found:
        self.asked.append(question)
        return self._answers.get(question, Found("nothing", ()))


def found(decision: str, *codes: str) -> Found:
    return msgspec.structs.replace(
        Found("nothing", ()), decision=decision, matches=tuple(Match(code, 0.5) for code in codes)
    )


def test_each_linked_question_counts_by_what_it_gets() -> None:
    """Sure and right; among the candidates; sure but wrong, or only others offered; nothing."""
    answers = {
        "một": found("sure", "1.000001"),
        "hai": found("several", "1.000003", "1.000002"),
        "ba": found("sure", "1.000001"),
        "bốn": found("several", "1.000001"),
    }
    linked = [Linked(text, f"1.00000{number}") for number, text in enumerate([*answers, "năm"], 1)]
    assert ask_linked(Saying(answers), linked) == Answered(5, right=1, among=1, wrong=2, nothing=1)


def test_the_report_compares_with_the_day_of_asking_and_with_words_the_index_has_not_seen() -> None:
    """Before: nothing, or what was offered then. After: as asked, without marks, typed badly; and what is not ours."""
    linked = [Linked("mất sổ", "1.000001"), Linked("mất thẻ", "1.000002", ("1.000004", "1.000002"))]
    finder = Saying({"mất sổ": found("sure", "1.000001"), "mat so": found("sure", "1.000001")})
    report = report_linked(finder, linked, ["giá vàng"])
    assert report.when_asked == Answered(2, right=0, among=1, wrong=0, nothing=1)
    assert (report.now.right, report.unmarked.right) == (1, 1)
    assert (report.elsewhere, report.silenced) == (1, 1)
    assert len(finder.asked) == 7
    assert "1 of 2 answered rightly" in str(report)


def test_linked_phrases_join_the_others_and_dead_links_are_told() -> None:
    """A link to a procedure that has left the catalogue stops nothing and is named with what to do."""
    signed = {"who": "B", "when": "2026-11-23", "why": "dân hỏi"}
    phrases, lost = with_linked(
        {"1.000001": ["khai sinh"]},
        catalogue(),
        [
            Phrase(code="1.000001", text="làm giấy cho bé", **signed),
            Phrase(code="1.000002", text="sang Lào", **signed),
            Phrase(code="9.000000", text="đã bỏ", **signed),
        ],
    )
    assert phrases == {"1.000001": ["khai sinh", "làm giấy cho bé"], "1.000002": ["sang Lào"]}
    assert [problem.code for problem in lost] == ["9.000000"]
