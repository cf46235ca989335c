"""Every conversation of `tests/conversations` passes on every channel, on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from bot.dialogue.core import Dialogue
from bot.receive import Receiver
from bot.services.follows import KeptFollows
from bot.services.guide import Guide
from bot.services.handover import REPLIES_ON
from bot.storage.consents import ConsentStore
from bot.storage.database import open_database
from bot.storage.sessions import SessionStore
from knowledge_base.centre import load_centre
from tests.bot.dossiers import Clock, arrange, rated, service
from tests.bot.officer import attend, desk
from tests.bot.people import AtTerminal, InWebChat, NewProcess, OnTelegram, Resident
from tests.bot.talk import CONVERSATIONS, WITH_OFFICER, play
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


@pytest.fixture
def clock() -> Clock:
    """What the time is for the assistant and the office."""
    return Clock(datetime.now(UTC))


@pytest.fixture(params=CHANNELS)
def resident(
    request: pytest.FixtureRequest, database_url: str, engines: list[Engine], guide: Guide, clock: Clock
) -> Iterator[Resident]:
    """A person on one of the channels, served from one of the databases."""

    def new_process() -> tuple[Receiver, Engine]:
        engine = open_database(database_url)
        engines.append(engine)
        dossiers = service(engine)
        talks = desk(engine, clock)
        dialogue = Dialogue(
            guide,
            load_centre(),
            dossiers,
            now=clock,
            follows=KeptFollows(ConsentStore(engine)),
            ratings=rated(engine, dossiers),
            handovers=talks,
        )
        return Receiver(dialogue, SessionStore(engine), now=clock), engine

    person = CHANNELS[request.param](new_process)
    yield person
    person.leave()


@pytest.mark.parametrize("path", CONVERSATIONS, ids=lambda path: path.stem)
def test_conversation(path: Path, resident: Resident, engines: list[Engine]) -> None:
    """The text file passes line by line."""
    play(path, resident, resident.restart, lambda line: arrange(engines[-1], line))


@pytest.mark.parametrize("resident", sorted(CHANNELS.keys() & REPLIES_ON | {"webchat"}), indirect=True)
@pytest.mark.parametrize("path", WITH_OFFICER, ids=lambda path: path.stem)
def test_conversation_with_an_officer(path: Path, resident: Resident, engines: list[Engine], clock: Clock) -> None:
    """The same with somebody at the console: wherever people can be written to unasked."""

    def happens(line: str) -> None:
        if not attend(engines[-1], clock, resident, line):
            arrange(engines[-1], line)

    play(path, resident, resident.restart, happens)
