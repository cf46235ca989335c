"""Whoever follows a procedure or an agency is who an announcement reaches."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bot.connect import connect
from bot.dialogue.core import Dialogue
from bot.dialogue.flow import LINK_LIMIT
from bot.messages import Contact, Incoming, Reply
from bot.notice_records import Bulk, BulkState
from bot.office import open_office
from bot.records import Session
from bot.sending import delivering
from bot.services.follows import MOST_FOLLOWED, KeptFollows, consent_version
from bot.services.guide import Guide
from bot.settings import Settings
from bot.storage import bulks
from bot.storage.bulks import BulkStore
from bot.storage.consents import ConsentStore
from bot.storage.notices import Outbox
from knowledge_base.centre import load_centre

ANNA, BINH = Contact("telegram", "1"), Contact("zalo", "2")
CODE = "1.004194"
SCOPE = f"procedure:{CODE}"


@pytest.fixture
def follows(engine: Engine) -> KeptFollows:
    return KeptFollows(ConsentStore(engine))


def drafted(store: BulkStore, scope: str = SCOPE) -> Bulk:
    fields = {"title": "Tin", "text": "Chữ", "about": "thủ tục"}
    return store.draft(scope=scope, template="announcement", template_version=1, fields=fields, by="An")


def test_an_announcement_reaches_who_follows(engine: Engine, follows: KeptFollows) -> None:
    """Of this procedure, on channels on which one can be told; not who has stopped, not who follows something else."""
    for contact in (ANNA, BINH, Contact("terminal", "x")):
        assert follows.follow(contact, "procedure", CODE)
    follows.follow(Contact("telegram", "9"), "agency", "so-tu-phap")
    follows.unfollow(BINH, "procedure", CODE)
    store = BulkStore(engine, Outbox(engine))
    assert store.audience(SCOPE) == {"telegram": (1, 0)}
    bulk = drafted(store)
    assert store.approve(bulk.id, "Bình")
    assert store.take_up() == 1
    assert [notice.contact for notice in Outbox(engine).list()] == [ANNA]


def test_the_consent_names_its_sentence_and_time(engine: Engine, follows: KeptFollows) -> None:
    """On the web page another sentence is agreed to, which says that nobody can be reached there."""
    follows.follow(ANNA, "procedure", CODE)
    follows.follow(Contact("web", "w"), "procedure", CODE)
    (on_telegram,) = ConsentStore(engine).of(ANNA)
    (on_web,) = ConsentStore(engine).of(Contact("web", "w"))
    assert (on_telegram.scope, on_telegram.text_version, on_web.text_version) == (SCOPE, "1", "1w")
    assert on_telegram.given_at is not None


def test_nobody_follows_more_than_so_many(follows: KeptFollows) -> None:
    """What is followed already may be agreed to again."""
    for number in range(MOST_FOLLOWED):
        assert follows.follow(ANNA, "procedure", f"9.{number:06}")
    assert not follows.follow(ANNA, "procedure", CODE)
    assert follows.follow(ANNA, "procedure", "9.000000")
    assert len(follows.following(ANNA)) == MOST_FOLLOWED


class Person:
    """Presses buttons."""

    def __init__(self, guide: Guide, follows: KeptFollows, contact: Contact) -> None:
        self._dialogue = Dialogue(guide, load_centre(), follows=follows)
        self._session = Session(contact=contact)

    def presses(self, link: str) -> Reply:
        incoming = Incoming(contact=self._session.contact, message_id="1", pressed=link)
        answer, self._session = self._dialogue.answer(self._session, incoming)
        return answer.reply


def test_on_the_web_page_it_is_said_that_nobody_is_reached_there(guide: Guide, follows: KeptFollows) -> None:
    """And where one is; elsewhere nothing of it."""
    there = " ".join(Person(guide, follows, Contact("web", "w")).presses(f"news.about:procedure:{CODE}").paragraphs)
    here = " ".join(Person(guide, follows, ANNA).presses(f"news.about:procedure:{CODE}").paragraphs)
    assert "12 giờ" in there
    assert "Telegram hoặc Zalo" in there
    assert "12 giờ" not in here


def test_a_button_with_an_older_sentence_shows_the_present_one(guide: Guide, follows: KeptFollows) -> None:
    """Nobody agrees to what was not shown; nor to what is not there."""
    person = Person(guide, follows, ANNA)
    reply = person.presses(f"news.agreed:procedure:{CODE}:0")
    assert next(choice.link for choice in reply.choices) == f"news.agreed:procedure:{CODE}:1"
    for link in ("news.agreed:procedure:9.999999:1", "news.agreed:dossier:H05.12-260715-0007:1", "news.about:x:y"):
        person.presses(link)
    assert follows.following(ANNA) == []


def test_what_is_gone_can_still_be_stopped(guide: Guide, follows: KeptFollows) -> None:
    """A procedure that the centre no longer has."""
    follows.follow(ANNA, "procedure", "9.999999")
    person = Person(guide, follows, ANNA)
    (row, *_) = person.presses("dossier.mine").choices
    (end, *_) = person.presses(row.link).choices
    person.presses(end.link)
    assert follows.following(ANNA) == []


def test_every_procedure_and_agency_fits_into_a_button(guide: Guide) -> None:
    """The longest link is the one that agrees."""
    subjects = [f"procedure:{found.code}" for found in guide.catalogue]
    subjects += [f"agency:{agency.id}" for agency in load_centre().agencies]
    version = consent_version(Contact("web", "w"))
    assert max(len(f"news.agreed:{subject}:{version}") for subject in subjects) <= LINK_LIMIT


async def test_an_announcement_that_was_left_half_queued_is_taken_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine on which it was approved was killed: another one goes on, and nobody is queued twice."""
    monkeypatch.setattr(bulks, "PIECE", 2)
    settings = Settings(_env_file=None)
    office = open_office(settings, f"sqlite:///{tmp_path / 'office.db'}")
    for number in range(5):
        office.follows.follow(Contact("telegram", str(number)), "procedure", CODE)
    store = BulkStore(office.engine, office.outbox)
    bulk = drafted(store)
    store.approve(bulk.id, "Bình")
    assert store.queue_some(bulk.id) == 2  # and then the power went
    channels = connect(settings, office)
    async with delivering(settings, office, channels):
        for _ in range(200):
            found = store.get(bulk.id)
            assert found is not None
            if found.state is BulkState.QUEUED:
                break
            await asyncio.sleep(0.05)
    await channels.close()
    assert found is not None
    assert (found.state, found.queued) == (BulkState.QUEUED, 5)
    assert sum(office.outbox.counts(bulk.id).values()) == 5
    office.engine.dispose()
