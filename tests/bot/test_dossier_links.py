"""Links to dossiers name none, still ask for the digits, serve one person, and end."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from bot.dialogue.core import Dialogue
from bot.dossier_records import Status
from bot.messages import Contact, Incoming
from bot.records import Session
from bot.services.guide import Guide
from bot.storage.dossier_links import DAYS, DossierLinkStore
from bot.storage.dossiers import DossierStore
from knowledge_base.centre import load_centre
from tests.bot.dossiers import CODE, Clock, change, service


class Person:
    """Somebody who writes to the assistant."""

    def __init__(self, dialogue: Dialogue, name: str) -> None:
        self._dialogue, self._session, self._number = dialogue, Session(contact=Contact("telegram", name)), 0

    def says(self, text: str) -> str:
        """The answer to a message."""
        self._number += 1
        message = Incoming(contact=self._session.contact, message_id=str(self._number), text=text)
        answer, self._session = self._dialogue.answer(self._session, message)
        return "\n".join(answer.reply.paragraphs)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dialogue(guide: Guide, engine: Engine, clock: Clock) -> Dialogue:
    DossierStore(engine).upsert(change(status=Status.DONE))
    return Dialogue(guide, load_centre(), service(engine, clock), now=clock)


def test_a_link_names_no_dossier_and_asks_for_the_digits(dialogue: Dialogue, engine: Engine, clock: Clock) -> None:
    """Wrong ones are wrong as ever; the right ones show it, and make the link this person's alone."""
    token, ends = DossierLinkStore(engine, clock).make(CODE)
    assert ends == clock.at + timedelta(days=DAYS)
    anna, ben = Person(dialogue, "anna"), Person(dialogue, "ben")
    for person in (anna, ben):
        asked = person.says(f"/start l_{token}")
        assert "4 số cuối" in asked
        assert CODE not in asked
    assert "không khớp" in anna.says("0000")
    assert "đã có kết quả" in anna.says("4321")
    assert "đã có kết quả" in anna.says(f"/start l_{token}")
    assert "đã hết hạn hoặc đã có người dùng" in ben.says("4321")
    assert "4 số cuối" in ben.says(CODE)  # who has the slip can always type what stands on it
    clock.passes(hours=13)
    assert "4 số cuối" in anna.says(f"/start l_{token}")


def test_a_link_ends(dialogue: Dialogue, engine: Engine, clock: Clock) -> None:
    """Then the code on the slip is asked for, as with a token that never was."""
    token, _ = DossierLinkStore(engine, clock).make(CODE, days=1)
    clock.passes(days=1)
    ended = Person(dialogue, "anna").says(f"/start l_{token}")
    assert "đã hết hạn" in ended
    assert Person(dialogue, "ben").says("/start l_" + "a" * 22) == ended
    assert DossierLinkStore(engine, clock).find(token, "anna") is None


def test_what_is_kept_is_no_token(engine: Engine, clock: Clock) -> None:
    """Only its hash; and who asks to be erased is forgotten with the link."""
    links = DossierLinkStore(engine, clock)
    token, _ = links.make(CODE)
    with engine.connect() as connection:
        rows = repr(connection.exec_driver_sql("SELECT * FROM dossier_links").all())
    assert token not in rows
    links.use(token, "anna")
    assert (links.find(token, "anna"), links.find(token, "ben")) == (CODE, None)
    links.erase("anna")
    assert links.find(token, "anna") is None
