"""Dossiers for tests: all numbers and names are invented."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from bot.dialogue.privacy import conceal_people
from bot.dossier_records import Change, Status
from bot.messages import Contact
from bot.personal import Hasher
from bot.rating_records import Source, Visit
from bot.services.dossiers import Dossiers, KeptDossiers, NoDossiers
from bot.services.ratings import KeptRatings
from bot.storage.consents import ConsentStore
from bot.storage.dossier_links import DossierLinkStore
from bot.storage.dossiers import DossierStore
from bot.storage.ratings import RatingStore
from bot.storage.transcripts import TranscriptStore

KEY = b"a key of the tests only"
HASHER = Hasher(KEY)
CODE = "H05.12-260715-0007"
RECEIVED = datetime(2026, 11, 16, 1, 30, tzinfo=UTC)


class Clock:
    """A clock that tests set."""

    def __init__(self, at: datetime = datetime(2026, 11, 23, 2, tzinfo=UTC)) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def passes(self, **time: float) -> None:
        """Let time pass."""
        self.at += timedelta(**time)


def change(code: str = CODE, status: Status = Status.PROCESSING, *, phone: str = "0900004321", **said: Any) -> Change:
    """A dossier as a source reports it."""
    number = HASHER.phone(phone)
    usual: dict[str, Any] = {
        "procedure_code": "1.004194",
        "procedure_name": "Đăng ký tạm trú",
        "agency": "Công an phường Thử",
        "applicant": "Nguyễn V. A.",
        "phone_hash": number.hash,
        "phone_last4": number.last4,
        "received_at": RECEIVED,
    }
    return Change(code=code, status=status, **usual | said)


def service(engine: Engine, now: Clock | None = None) -> KeptDossiers:
    """The service as the application builds it."""
    clock = now or (lambda: datetime.now(UTC))
    transcripts = TranscriptStore(engine)

    def erase_transcript(contact: Contact) -> None:
        if contact.channel == "web":
            transcripts.clear(contact.id)

    store, consents = DossierStore(engine, now=clock), ConsentStore(engine, now=clock)

    def erase_ratings(contact: Contact) -> None:
        rated(engine, NoDossiers(), now).erase(contact)

    erasers = (erase_transcript, erase_ratings)
    links = DossierLinkStore(engine, now=clock)
    return KeptDossiers(store, consents, HASHER, links=links, prefixes=("H02", "H05"), erasers=erasers, now=clock)


def rated(engine: Engine, dossiers: Dossiers, now: Clock | None = None) -> KeptRatings:
    """The ratings as the application builds them."""
    clock = now or (lambda: datetime.now(UTC))
    return KeptRatings(RatingStore(engine, now=clock), dossiers, HASHER, mask=conceal_people, now=clock)


def arrange(engine: Engine, line: str) -> None:
    """What a conversation's "!" line says has happened in the office; ValueError for what nobody knows."""
    match line.split():
        case ["dossier", code, digits, status]:
            DossierStore(engine).upsert(change(code, Status[status], phone="090000" + digits))
        case ["slip", slip, counter]:
            key = HASHER.hash("visit-slip", slip)
            RatingStore(engine).issue([Visit(key=key, source=Source.SLIP, counter=counter, month="2026-11")], "batch")
        case _:
            raise ValueError(f"!{line}: nothing that can happen, see tests/conversations/README.md")
