"""Ratings of a visit: what is kept of them, and what is not. No contact and no time of day stands in a record."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from bot.dossier_records import Dossier, Status
from knowledge_base.centre import VIETNAM

LOWEST: Final = 1
HIGHEST: Final = 5
LOW: Final = 2
"""Up to this score the centre apologises and offers to call back."""
CHANGEABLE: Final = timedelta(hours=24)
"""For so long a rating belongs to its person, who may change it, and is told to nobody."""
SATISFIED: Final = 4
"""From this score on a resident counts as satisfied (the shares of the centre's annual survey)."""


class Criterion(StrEnum):
    """The three criteria of the centre's annual survey; the letter stands in links."""

    FACILITIES = "f"
    CONVENIENCE = "c"
    ATTITUDE = "a"


class Source(StrEnum):
    """What proves a visit: a dossier that was returned, a printed one-time code, an officer's tap for the tablet."""

    DOSSIER = "dossier"
    SLIP = "slip"
    TAP = "tap"


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One visit that may be rated once.

    key: a keyed hash of the dossier's or the slip's code. month: "2026-11". counter: "" where unknown.
    stands_for: the key of the dossier's visit that this slip or tap was made for.
    """

    key: str
    source: Source
    agency: str = ""
    counter: str = ""
    month: str
    expires_at: datetime | None = None
    stands_for: str = ""


class Rating(msgspec.Struct, frozen=True, kw_only=True):
    """What one visit was worth; a score that was not given is missing. `comment` is masked. week: "2026-W48"."""

    source: Source
    agency: str = ""
    counter: str = ""
    month: str
    week: str
    scores: dict[Criterion, int] = msgspec.field(default_factory=dict)
    comment: str = ""

    @property
    def low(self) -> bool:
        """Whether the centre owes an apology."""
        return any(score <= LOW for score in self.scores.values())


class Callback(msgspec.Struct, frozen=True):
    """Somebody asked to be called back; kept apart from the rating and erased after the call or `erase_at`."""

    id: str
    phone: str
    agency: str
    counter: str
    asked_on: str
    erase_at: datetime


class ChangeNote(msgspec.Struct, frozen=True):
    """What the centre has changed, written by staff; residents see it once published."""

    id: int
    text: str
    drafted_by: str
    drafted_at: datetime
    published_by: str = ""
    published_at: datetime | None = None


class Batch(msgspec.Struct, frozen=True):
    """Slips that were printed together, and how many of them are rated or void."""

    id: str
    agency: str
    counter: str
    month: str
    codes: int
    rated: int
    void: int


def returned_month(dossier: Dossier) -> str:
    """The month, in Vietnam, in which the result was handed over."""
    steps = [step.at for step in dossier.timeline if step.status is Status.RETURNED]
    return f"{(steps[-1] if steps else dossier.updated_at).astimezone(VIETNAM):%Y-%m}"
