"""Logs quote nobody: neither contact, nor code, nor what was written, whatever breaks."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from bot.dialogue.core import Dialogue
from bot.failures import where
from bot.messages import Contact, Incoming
from bot.receive import Receiver
from bot.services.guide import Guide
from bot.storage.asked import AskedStore
from bot.storage.consents import ConsentStore
from bot.storage.dossiers import DossierStore
from bot.storage.sessions import SessionStore
from knowledge_base.centre import load_centre
from tests.bot.dossiers import CODE, change, service

ANNA = Contact("zalo", "4711000815")
SECRET = ("4711000815", "Trần Phú", CODE, "4321", "090000")


def say(receiver: Receiver, said: str, number: int) -> None:
    assert receiver.receive(Incoming(contact=ANNA, message_id=f"m-{number}", text=said)) is not None


@pytest.mark.parametrize("table", ["attempts", "openings", "consents", "sessions", "asked_counts"])
def test_a_broken_database_is_logged_without_the_person(
    engine: Engine, guide: Guide, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Class and place, which is enough to mend it."""
    DossierStore(engine).upsert(change())
    dialogue = Dialogue(guide, load_centre(), service(engine))
    receiver = Receiver(dialogue, SessionStore(engine), asked=AskedStore(engine))
    say(receiver, "/hoso", 1)
    with engine.begin() as connection:
        connection.execute(text(f"DROP TABLE {table}"))
    for number, said in enumerate([CODE, "4321", f"12 Trần Phú hỏi hồ sơ {CODE}", "đăng ký tạm trú"], 2):
        say(receiver, said, number)
    assert "Error at " in caplog.text
    for secret in SECRET:
        assert secret not in caplog.text


def test_an_error_of_the_database_hides_what_was_to_be_written(engine: Engine) -> None:
    """Also where somebody logs the whole error after all."""
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE consents"))
    with pytest.raises(DBAPIError) as refusal:
        ConsentStore(engine).give(ANNA, f"dossier:{CODE}", "1")
    assert ANNA.id not in str(refusal.value)
    assert CODE not in str(refusal.value)


def test_a_place_is_told_and_no_message() -> None:
    """With the class of what caused it."""
    try:
        try:
            raise KeyError("4711000815")
        except KeyError as error:
            raise RuntimeError(CODE) from error
    except RuntimeError as error:
        told = where(error)
    assert told.startswith("RuntimeError at ")
    assert "test_logs.py" in told
    assert "KeyError" in told
    assert "4711000815" not in told
    assert CODE not in told
