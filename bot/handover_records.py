"""Handovers to a person: one talk between a resident and an officer, and what was said in it. Frozen records."""

from datetime import datetime
from enum import StrEnum

import msgspec

from bot.messages import Contact


class State(StrEnum):
    """How far a handover has come."""

    WAITING = "waiting"
    """In the queue; nobody has taken it."""
    TALKING = "talking"
    CLOSED = "closed"


class By(StrEnum):
    """Who said something."""

    RESIDENT = "resident"
    OFFICER = "officer"


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """A talk with a person.

    agency: id of the agency whose queue it stands in, "" for the one-stop desk. topic, page: the procedure's code and
    the last page that the assistant had shown. later: the question came outside hours, or waited too long: the
    assistant answers meanwhile and one reply is pushed. phone: left by the resident for a call back. last: number of
    the newest message.
    """

    id: int
    contact: Contact
    agency: str
    state: State
    later: bool
    topic: str
    page: str
    phone: str
    officer: str
    created_at: datetime
    stirred_at: datetime
    last: int


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One message of a handover, without numbers that identify people."""

    number: int
    by: By
    text: str
    at: datetime
