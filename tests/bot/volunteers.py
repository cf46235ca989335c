"""Volunteers for tests: the service on a database, and a search through everything that is stored."""

from typing import Any

from sqlalchemy import Engine, inspect, select, text
from sqlalchemy import Table as SqlTable

from bot.messages import Contact
from bot.services.assistance import Joined, KeptAssistance
from bot.storage.staff import StaffStore
from bot.storage.tables import metadata
from bot.storage.transcripts import TranscriptStore
from bot.storage.volunteers import VolunteerStore
from bot.volunteer_records import Seat
from tests.bot.dossiers import HASHER, Clock, service


def assisting(engine: Engine, now: Clock | None = None) -> KeptAssistance:
    """As the application builds it."""
    clock: dict[str, Any] = {"now": now} if now else {}

    def forget(contact: Contact) -> None:
        if contact.channel == "web":
            TranscriptStore(engine).clear(contact.id)

    return KeptAssistance(
        VolunteerStore(engine, **clock),
        StaffStore(engine, **clock),
        service(engine, now),
        HASHER,
        forget=forget,
        **clock,
    )


def seated(assistance: KeptAssistance, nickname: str = "Lan", key: str = "") -> Seat:
    """A volunteer who has just joined."""
    _, code = assistance.make_code(nickname, "Đoàn phường Thử", 30, "an")
    joined = assistance.sit(key or f"key-{nickname}", code, nickname)
    assert isinstance(joined, Joined)
    return joined.seat


def stored(engine: Engine) -> dict[str, list[str]]:
    """Every value of every column of every table, as text, by table."""
    found: dict[str, list[str]] = {}
    with engine.connect() as connection:
        for name in inspect(engine).get_table_names():
            table: SqlTable | None = metadata.tables.get(name)
            query: Any = select(table) if table is not None else text(f"SELECT * FROM {name}")
            found[name] = [str(value) for row in connection.execute(query) for value in row]
    return found


def holding(engine: Engine, *secrets: str) -> list[str]:
    """The tables in which any of these stands, whole or within another text."""
    everything = stored(engine)
    return [name for name, values in everything.items() if any(s in value for s in secrets for value in values)]
