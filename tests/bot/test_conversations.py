"""Every conversation of `tests/conversations` passes on every channel, on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bot.dialogue.core import Dialogue
from bot.receive import Receiver
from bot.services.guide import Guide
from bot.storage.database import open_database
from bot.storage.sessions import SessionStore
from knowledge_base.centre import load_centre
from tests.bot.dossiers import arrange, rated, service
from tests.bot.people import AtTerminal, InWebChat, NewProcess, OnTelegram, Resident
from tests.bot.talk import CONVERSATIONS, play
from tests.bot.zalo_people import OnZalo, OnZaloBot

CHANNELS: dict[str, Callable[[NewProcess], Resident]] = {
    "terminal": AtTerminal,
    "telegram": OnTelegram,
    "webchat": InWebChat,
    "zalo": OnZalo,
    "zalobot": OnZaloBot,
}


@pytest.fixture
def engines(database_url: str) -> Iterator[list[Engine]]:
    """Engines opened on the conversation's database, one a process."""
    opened: list[Engine] = []
    yield opened
    for engine in opened:
        engine.dispose()


@pytest.fixture(params=CHANNELS)
def resident(
    request: pytest.FixtureRequest, database_url: str, engines: list[Engine], guide: Guide
) -> Iterator[Resident]:
    """A person on one of the channels, served from one of the databases."""

    def new_process() -> tuple[Receiver, Engine]:
        engine = open_database(database_url)
        engines.append(engine)
        dossiers = service(engine)
        dialogue = Dialogue(guide, load_centre(), dossiers, ratings=rated(engine, dossiers))
        return Receiver(dialogue, SessionStore(engine)), engine

    person = CHANNELS[request.param](new_process)
    yield person
    person.leave()


@pytest.mark.parametrize("path", CONVERSATIONS, ids=lambda path: path.stem)
def test_conversation(path: Path, resident: Resident, engines: list[Engine]) -> None:
    """The text file passes line by line."""
    play(path, resident, resident.restart, lambda line: arrange(engines[-1], line))
