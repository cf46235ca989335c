"""The button under a notice leads to the dossier: at once for who follows it, by the four digits for anybody else."""

import pytest
from sqlalchemy import Engine

from bot.dialogue.core import Dialogue
from bot.dialogue.wording.notices import TEMPLATES
from bot.dossier_records import CONSENT_VERSION
from bot.messages import Contact, Incoming, Reply
from bot.records import Session
from bot.services.guide import Guide
from bot.services.notice_templates import newest, render
from bot.storage.dossiers import DossierStore
from knowledge_base.centre import load_centre
from tests.bot.dossiers import CODE, change, service

ANNA, BINH = Contact("telegram", "1"), Contact("telegram", "2")


@pytest.fixture
def dialogue(engine: Engine, guide: Guide) -> Dialogue:
    DossierStore(engine).upsert(change())
    dossiers = service(engine)
    dossiers.follow(ANNA, CODE, CONSENT_VERSION)
    return Dialogue(guide, load_centre(), dossiers)


def pressed(dialogue: Dialogue, contact: Contact, link: str) -> Reply:
    answer, _ = dialogue.answer(Session(contact=contact), Incoming(contact=contact, message_id="1", pressed=link))
    return answer.reply


def test_the_follower_sees_the_dossier_and_nobody_else_does(dialogue: Dialogue) -> None:
    """A notice may be forwarded: to others the dossier looks like one that does not exist."""
    ready = newest(TEMPLATES, "ready")
    fields = dict.fromkeys(ready.fields, "x") | {"code": CODE}
    (button,) = render(ready, fields).choices
    assert "Công an phường Thử" in " ".join(pressed(dialogue, ANNA, button.link).paragraphs)
    asked = pressed(dialogue, BINH, button.link)
    missing = pressed(dialogue, BINH, button.link.replace("0007", "9999"))
    assert "4 số cuối" in " ".join(asked.paragraphs)
    assert "Thử" not in " ".join(asked.paragraphs)
    assert [text.replace("0007", "9999") for text in asked.paragraphs] == list(missing.paragraphs)
    assert len(asked.choices) == len(missing.choices)
