"""Guesses at codes and digits reveal nothing, and staff see them."""

import random
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, event

from bot.dialogue.core import Dialogue
from bot.dossier_records import Status
from bot.messages import Contact, Incoming
from bot.records import Session
from bot.services.dossiers import Shown, Wait, Wrong
from bot.services.guide import Guide
from bot.storage.dossiers import TRIES, DossierStore
from knowledge_base.centre import load_centre
from tests.bot.dossiers import Clock, change, service

CONTACTS = 50
GUESSES = 1_000
EXISTING = [f"H05.12-260715-{number:04}" for number in range(0, 1000, 2)]
MISSING = [f"H05.12-260715-{number:04}" for number in range(1, 1000, 2)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_guesses_reveal_nothing(engine: Engine, clock: Clock) -> None:
    """Of 1,000 guesses from 50 contacts within a quarter of an hour at most 250 are looked at; codes
    that exist and codes that do not are answered alike, turn by turn, and staff see every guess.
    """
    store = DossierStore(engine, now=clock)
    store.upsert_all(change(code) for code in EXISTING)
    dossiers = service(engine, clock)
    chance = random.Random(7)
    told: dict[bool, list[type]] = {True: [], False: []}
    contacts = [Contact("web", str(number)) for number in range(CONTACTS)]
    for number in range(GUESSES // 2):
        # the same person guesses at an existing code and at a missing one: one try each, in turn first and second
        contact = contacts[number % CONTACTS]
        digits = f"{chance.randrange(4000):04}"  # never 4321: what luck finds is no leak
        pair = [(True, chance.choice(EXISTING)), (False, chance.choice(MISSING))]
        for exists, code in pair if number % 2 else reversed(pair):
            answer = dossiers.look_up(contact, code, digits)
            assert not isinstance(answer, Shown)
            told[exists].append(type(answer))
    looked_at = told[True].count(Wrong) + told[False].count(Wrong)
    assert looked_at <= CONTACTS * TRIES
    assert told[True].count(Wrong) == pytest.approx(told[False].count(Wrong), rel=0.1)
    assert told[True].count(Wait) + told[False].count(Wait) == GUESSES - looked_at
    seen = [tries for tries in store.tries(clock.at) if tries.kind == "person"]
    assert len(seen) == CONTACTS
    assert sum(tries.wrong + tries.refused for tries in seen) == GUESSES


@pytest.mark.parametrize("before", [0, TRIES])
def test_the_same_statements_run_for_any_guess(engine: Engine, clock: Clock, before: int) -> None:
    """A missing code costs the database the same statements as wrong digits, looked at or refused."""
    DossierStore(engine).upsert(change(EXISTING[0]))
    dossiers = service(engine, clock)
    statements: list[str] = []

    def work(code: str, name: str) -> list[str]:
        contact = Contact("web", name)
        for _ in range(before):
            dossiers.look_up(contact, code, "0000")
        statements.clear()
        event.listen(engine, "before_cursor_execute", note)
        dossiers.look_up(contact, code, "0000")
        event.remove(engine, "before_cursor_execute", note)
        return list(statements)

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    wrong_digits = work(EXISTING[0], "a")
    assert len(wrong_digits) > 5
    assert work(MISSING[0], "b") == wrong_digits
    # nor does a code without its prefix tell whether one of those it may be exists
    assert work(EXISTING[0].partition(".")[2], "c") == work(MISSING[0].partition(".")[2], "d")


def test_answers_are_the_same_in_text_and_buttons(guide: Guide, engine: Engine, clock: Clock) -> None:
    """From the code to the wait: word for word, button for button, but for the code that was typed."""
    DossierStore(engine).upsert_all([change(EXISTING[0]), change(EXISTING[1], Status.DONE)])
    dialogue = Dialogue(guide, load_centre(), service(engine, clock), now=clock)

    def talk(code: str, name: str) -> list[str]:
        session = Session(contact=Contact("web", name))
        said = []
        for number, text in enumerate([f"hồ sơ {code} đến đâu", *["0000"] * (TRIES + 2)]):
            message = Incoming(contact=session.contact, message_id=str(number), text=text)
            answer, session = dialogue.answer(session, message)
            said.append(repr((answer.reply, answer.then, answer.trace, session.offered)).replace(code, "CODE"))
        return said

    existing = talk(EXISTING[0], "a")
    assert talk(MISSING[0], "b") == existing
    assert len(set(existing)) == 3 or len(set(existing)) == 4


def test_links_open_nothing(guide: Guide, engine: Engine, clock: Clock) -> None:
    """Whoever makes up links to a dossier's pages is asked for the digits, whether it exists or not."""
    DossierStore(engine).upsert(change(EXISTING[0]))
    dialogue = Dialogue(guide, load_centre(), service(engine, clock), now=clock)
    pages: list[Callable[[str], str]] = [
        lambda code: f"dossier.show:{code}",
        lambda code: f"dossier.timeline:{code}",
        lambda code: f"dossier.follow:{code}:1",
        lambda code: f"dossier.digits:{code}",
        lambda code: f"dossier.unfollow:{code}",
    ]
    for page in pages:
        replies = []
        for code in (EXISTING[0], MISSING[0]):
            contact = Contact("web", code)
            message = Incoming(contact=contact, message_id="1", pressed=page(code))
            answer, _ = dialogue.answer(Session(contact=contact), message)
            replies.append(repr(answer).replace(code, "CODE"))
        assert replies[0] == replies[1]
        assert "đang được xử lý" not in replies[0]
