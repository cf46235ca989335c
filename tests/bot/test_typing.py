"""However a question is typed, the answer is the same: measured on the project's own questions."""

import unicodedata
from collections.abc import Callable

import pytest

from bot.dialogue.core import Dialogue
from bot.messages import Contact, Incoming
from bot.records import Session
from bot.services.guide import Guide
from indexer.evaluate import DEVELOPMENT, read_questions
from knowledge_base.centre import load_centre

QUESTIONS = [question.question for question in read_questions(DEVELOPMENT) if question.question][::6]

TYPED: dict[str, Callable[[str], str]] = {
    "decomposed Unicode": lambda text: unicodedata.normalize("NFD", text),
    "upper case": str.upper,
    "doubled spaces": lambda text: text.replace(" ", "  "),
    "emoji": lambda text: f"😊 {text} 🙏🙏",
    "closing marks": lambda text: text.rstrip("?.! ") + " ???",
    "line breaks before and after": lambda text: f"\n\n{text}\n",
    "no-break spaces": lambda text: text.replace(" ", "\u00a0"),
    "marks without width": lambda text: text.replace("a", "a\u200b"),
    "a greeting before": lambda text: f"Alo, chào ad ạ. {text}",
    "a call before": lambda text: f"Bác ơi, {text}",
    "thanks behind": lambda text: f"{text}, cảm ơn ad nhiều",
    "HTML": lambda text: f"<p>{text}</p>",
}


@pytest.mark.parametrize("typed", TYPED)
def test_the_answer_does_not_depend_on_typing(guide: Guide, typed: str) -> None:
    """Same decision, same procedures in the same order, same facets, same words."""
    dialogue = Dialogue(guide, load_centre())

    def said(text: str) -> tuple[object, ...]:
        session = Session(contact=Contact("test", "1"))
        answer, _ = dialogue.answer(session, Incoming(contact=session.contact, message_id="1", text=text))
        return answer.trace.decision, answer.trace.codes, answer.trace.asks, answer.reply.paragraphs

    other = [text for text in QUESTIONS if said(text) != said(TYPED[typed](text))]
    assert not other


def test_politeness_alone_is_still_politeness(guide: Guide) -> None:
    """Where nothing is left behind the greeting, the greeting is answered."""
    session = Session(contact=Contact("test", "1"))
    message = Incoming(contact=session.contact, message_id="1", text="Alo ad ơi")
    answer, _ = Dialogue(guide, load_centre()).answer(session, message)
    assert answer.trace.decision == "smalltalk"
