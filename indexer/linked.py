"""What the questions that staff linked did: how many are answered rightly now, and were when they were asked."""

import random
from collections.abc import Callable, Sequence

import msgspec

from indexer.noise import noisy, unmarked
from knowledge_base.finder import Finder

NEAR = 4
"""Candidates that a question back offers."""


class Linked(msgspec.Struct, frozen=True):
    """A question as it was asked, the procedure that staff linked it to, and what was offered then, best first."""

    text: str
    code: str
    offered: tuple[str, ...] = ()


class Answered(msgspec.Struct, frozen=True):
    """How many of `questions` were answered with the right procedure, offered it among others, got another one as
    certain or only others to choose from, or nothing."""

    questions: int
    right: int
    among: int
    wrong: int
    nothing: int

    def __str__(self) -> str:
        return (
            f"{self.right} of {self.questions} answered rightly, {self.among} more among the candidates, "
            f"{self.wrong} with others only, {self.nothing} with nothing"
        )


class LinkedReport(msgspec.Struct, frozen=True):
    """`when_asked`: as staff found them in the list. `now`: the same words; `unmarked` and `noisy`: the same typed
    without marks, and badly, which the index has not seen. `elsewhere`, `silenced`: how many questions were marked as
    out of scope, and how many of those are answered with nothing."""

    when_asked: Answered
    now: Answered
    unmarked: Answered
    noisy: Answered
    elsewhere: int
    silenced: int

    def __str__(self) -> str:
        return "\n".join(
            [
                "questions linked by staff",
                f"  when asked     {self.when_asked}",
                f"  now            {self.now}",
                f"  without marks  {self.unmarked}",
                f"  typed badly    {self.noisy}",
                f"  out of scope   {self.silenced} of {self.elsewhere} answered with nothing by the index alone",
            ]
        )


def ask_linked(finder: Finder, linked: Sequence[Linked], typed: Callable[[str], str] = lambda text: text) -> Answered:
    """Ask every linked question as `typed` writes it."""
    outcomes = []
    for question in linked:
        found = finder.find(typed(question.text))
        codes = [match.code for match in found.matches]
        if found.decision == "sure":
            outcomes.append("right" if codes[0] == question.code else "wrong")
        elif found.decision == "several":
            outcomes.append("among" if question.code in codes[:NEAR] else "wrong")
        else:
            outcomes.append("nothing")
    return _counted(outcomes)


def report_linked(finder: Finder, linked: Sequence[Linked], elsewhere: Sequence[str], seed: int = 7) -> LinkedReport:
    """Before and after for all linked questions, and what marking out of scope did."""
    rng = random.Random(seed)  # noqa: S311 - typing errors are no cryptography
    return LinkedReport(
        when_asked=_counted([_then(question) for question in linked]),
        now=ask_linked(finder, linked),
        unmarked=ask_linked(finder, linked, unmarked),
        noisy=ask_linked(finder, linked, lambda text: noisy(text, rng)),
        elsewhere=len(elsewhere),
        silenced=sum(finder.find(text).decision == "nothing" for text in elsewhere),
    )


def _then(question: Linked) -> str:
    """A question in the list was answered wrongly, even where the right procedure was among what was offered."""
    if not question.offered:
        return "nothing"
    return "among" if question.code in question.offered else "wrong"


def _counted(outcomes: Sequence[str]) -> Answered:
    return Answered(len(outcomes), *(outcomes.count(name) for name in ("right", "among", "wrong", "nothing")))
