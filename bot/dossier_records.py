"""Dossiers: what a resident handed in and where it is. Frozen records; no name, phone or identity number in full."""

from datetime import date, datetime
from enum import IntEnum, StrEnum
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from bot.messages import Contact
from knowledge_base.centre import VIETNAM

CONSENT_VERSION: Final = "1"
CONSENT_VERSION_WEB: Final = "1w"
"""Versions of the sentences with which residents agree to notices about a dossier (wording.dossier.CONSENT, and
CONSENT_ON_WEB on the web page, where nobody can be reached once it is closed).
"""


class Status(IntEnum):
    """The national list of ten, with the numbers of the DVCQG synchronisation."""

    REGISTERED = 1
    RECEIVED = 2
    REFUSED = 3
    PROCESSING = 4
    SUPPLEMENT = 5
    FEE_DUE = 6
    WITHDRAWN = 7
    STOPPED = 8
    DONE = 9
    RETURNED = 10


UNDER_WAY: Final = frozenset({Status.REGISTERED, Status.RECEIVED, Status.PROCESSING, Status.SUPPLEMENT, Status.FEE_DUE})
"""Statuses in which a result is still awaited."""


def in_vietnam(at: datetime) -> datetime:
    """The moment on Vietnam's clock; one at the very edge of the calendar, which no zone can hold, as it stands."""
    try:
        return at.astimezone(VIETNAM)
    except OverflowError:
        return at.replace(tzinfo=VIETNAM)


def day_of(at: datetime) -> date:
    """The day in Vietnam."""
    return in_vietnam(at).date()


class Step(msgspec.Struct, frozen=True):
    """One line of the timeline."""

    status: Status
    at: datetime
    note: str = ""


class Dossier(msgspec.Struct, frozen=True, kw_only=True):
    """One dossier as it is known here.

    code: as normalised by `bot.dossier_codes`. applicant: masked ("Nguyễn V. A."). *_hash: keyed hashes of the whole
    numbers, *_last4: their last four digits, "" where unknown. status_version: our own count of the changes kept.
    due_moved_to: the new date after an apology slip. missing: papers in plain words. fee_due: VND.
    place: where the result is handed out, "" for the centre. All datetimes are aware.
    sender_version, sent: the last number of a sender that counts its changes, and a digest of what came with it.
    source_at: when the source, by its own clock, last changed it; None where no source ever said.
    """

    code: str
    procedure_code: str | None = None
    procedure_name: str = ""
    agency: str = ""
    applicant: str = ""
    phone_hash: str = ""
    phone_last4: str = ""
    identity_hash: str = ""
    identity_last4: str = ""
    status: Status
    status_version: int = 1
    timeline: tuple[Step, ...] = ()
    received_at: datetime | None = None
    due_at: datetime | None = None
    due_moved_to: datetime | None = None
    apology: str = ""
    missing: tuple[str, ...] = ()
    supplement_reason: str = ""
    supplement_by: datetime | None = None
    fee_due: int | None = None
    result: str = ""
    place: str = ""
    updated_at: datetime
    sender_version: int | None = None
    sent: str = ""
    source_at: datetime | None = None

    @property
    def due(self) -> datetime | None:
        """The date that counts now."""
        return self.due_moved_to or self.due_at


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a source says about a dossier; UNSET is what it does not speak of, and stays as it was.

    status: UNSET where a source has none; a dossier that is new is then being processed.
    status_version: given by senders that count their own changes. updated_at: when the source last changed it, by its
    own clock; UNSET: unknown. status_at: since when the status is so. after: our own version that this changes, for
    people who change what they see; another one kept by now is a conflict.
    """

    code: str
    status: Status | UnsetType = UNSET
    procedure_code: str | UnsetType | None = UNSET
    procedure_name: str | UnsetType = UNSET
    agency: str | UnsetType = UNSET
    applicant: str | UnsetType = UNSET
    phone_hash: str | UnsetType = UNSET
    phone_last4: str | UnsetType = UNSET
    identity_hash: str | UnsetType = UNSET
    identity_last4: str | UnsetType = UNSET
    status_version: int | UnsetType = UNSET
    timeline: tuple[Step, ...] | UnsetType = UNSET
    received_at: datetime | UnsetType | None = UNSET
    due_at: datetime | UnsetType | None = UNSET
    due_moved_to: datetime | UnsetType | None = UNSET
    apology: str | UnsetType = UNSET
    missing: tuple[str, ...] | UnsetType = UNSET
    supplement_reason: str | UnsetType = UNSET
    supplement_by: datetime | UnsetType | None = UNSET
    fee_due: int | UnsetType | None = UNSET
    result: str | UnsetType = UNSET
    place: str | UnsetType = UNSET
    updated_at: datetime | UnsetType = UNSET
    status_at: datetime | UnsetType = UNSET
    after: int | UnsetType = UNSET


class Outcome(StrEnum):
    """What became of a change: stale is older than what is kept; conflict is another content under the same version;
    failed is what the database refused.
    """

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    STALE = "stale"
    CONFLICT = "conflict"
    FAILED = "failed"


class Kept(msgspec.Struct, frozen=True):
    """The outcome of a change and the dossier as it is kept now.

    backwards: the status went back, and nothing says that the source is newer than what was known. It is kept, but
    nobody is written to: an old file imported by mistake reads the same.
    """

    outcome: Outcome
    dossier: Dossier
    backwards: bool = False


class Consent(msgspec.Struct, frozen=True):
    """A person agreed to be written to about something.

    scope: "dossier:<code>", "procedure:<code>" or "agency:<id>".
    """

    contact: Contact
    scope: str
    text_version: str
    given_at: datetime
    withdrawn_at: datetime | None = None


class Follower(msgspec.Struct, frozen=True):
    """A person who is told when a dossier changes."""

    contact: Contact
    dossier_code: str
    since: datetime
    consent_version: str


class Tries(msgspec.Struct, frozen=True):
    """What staff see of wrong tries: of a person (`subject` is a keyed hash) or at a dossier (its code as typed)."""

    kind: str
    channel: str
    subject: str
    wrong: int
    refused: int
    last_at: datetime


def dossier_scope(code: str) -> str:
    """The consent scope of a dossier."""
    return f"dossier:{code}"
