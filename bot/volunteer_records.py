"""Volunteers who help people on the spot: join codes, cases without names, and the counts that remain of them."""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

CASE_LASTS: Final = 24
"""Hours after which a case that was left open is closed."""


class Outcome(StrEnum):
    """How helping somebody ended."""

    DONE = "done"
    PAPERS = "papers"
    COUNTER = "counter"
    OTHER = "other"
    LEFT = "left"
    """Nobody closed it: it was left behind for a day."""


class Volunteer(msgspec.Struct, frozen=True, kw_only=True):
    """Who may help, by a join code: a nickname and a unit, no more. The code itself is kept only as a keyed hash."""

    id: int
    nickname: str
    unit: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    disabled_at: datetime | None = None


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """One place where a volunteer works: a browser, or a chat. Its cases are seen nowhere else.

    last: the number of the newest case; a number is never given twice.
    """

    id: int
    volunteer: Volunteer
    last: int
    lasts_until: datetime


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """One tick: whether the paper is there, as said by a client with its rising counter. The highest counter wins,
    and of two clients with the same counter the greater name: in whatever order marks arrive, the end is the same.
    """

    paper: int
    has: bool
    counter: int
    client: str


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One person who is being helped.

    id: nobody can guess it. nonce: of the request that opened it. procedure, position: whose papers these are ("" for
    not chosen yet; the position of the record's case as the checklist's links have it). chosen: rises whenever the
    list is changed, so that a late tick never lands on another list.
    """

    id: str
    number: int
    nonce: str
    procedure: str = ""
    position: str = ""
    chosen: int = 0
    marks: tuple[Mark, ...] = ()
    opened_at: datetime
    stirred_at: datetime

    @property
    def ticks(self) -> tuple[int, ...]:
        """The papers that are there, in order."""
        return tuple(sorted(mark.paper for mark in self.marks if mark.has))


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """What remains: how many cases of one volunteer ended so on a day (in Vietnam, ISO), and their minutes."""

    nickname: str
    unit: str
    procedure: str
    day: str
    outcome: Outcome
    cases: int
    minutes: int


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """A checklist on its way to the person's own phone; everything stands in the link, nothing in the database."""

    procedure: str
    position: str
    ticks: tuple[int, ...]
    expires_at: datetime
