"""Notices: what is to reach whom, and what became of it. Frozen records; storage hands these out."""

from datetime import datetime
from enum import StrEnum
from typing import Final, Literal

import msgspec

from bot.messages import Contact

UNASKED: Final = frozenset({"terminal"})
"""Channels on which nobody can be told anything unasked."""


class NoticeState(StrEnum):
    """What became of a notice. All but the first two are final, until a person resends one."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    """Refused for good, or every try was in vain; nothing was delivered."""
    UNREACHABLE = "unreachable"
    """This contact has blocked us or is gone."""
    UNKNOWN = "unknown"
    """It left and no answer came: it may have been delivered, so only a person may send it again."""
    SUPPRESSED = "suppressed"
    """Not sent on purpose: no consent any more, replaced by a newer one, stopped by staff, contact unreachable."""


class Why(StrEnum):
    """Why a notice did not arrive, for clerks; what the supplier said of it is for those who mend machines."""

    NONE = ""
    GONE = "gone"
    """The contact has blocked us, left the channel, or ended the visit."""
    SILENT = "silent"
    """Wrote too long ago for what the channel can still send."""
    IN_VAIN = "in_vain"
    """Refused again and again, or the channel was out of order for days."""
    SPENT = "spent"
    """The channel's number of messages for this month is used up."""
    MISTAKE = "mistake"
    """The channel does not take this message: our own mistake."""


class Kind(StrEnum):
    """What a notice is about; each has its template."""

    RECEIVED = "received"
    SUPPLEMENT = "supplement"
    FEE_DUE = "fee_due"
    DELAYED = "delayed"
    READY = "ready"
    RETURNED = "returned"
    CHANGED = "changed"
    ANNOUNCEMENT = "announcement"
    ANSWER = "answer"
    HANDOVER = "handover"
    HANDOVER_END = "handover_end"


class NewNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice on its way into the outbox; its template and fields have been checked.

    key: makes it exist once: "dossier:version:contact" or "bulk:contact".
    scope: what the contact must have consented to at the moment of sending, e.g. "dossier:H02.15-261123-0001".
    """

    key: str
    contact: Contact
    kind: str
    template: str
    template_version: int
    fields: dict[str, str]
    scope: str
    dossier_code: str | None = None
    dossier_version: int | None = None
    bulk_id: int | None = None


class Notice(NewNotice, frozen=True, kw_only=True):
    """A notice in the outbox. `claim` names the claim under which it is being sent, "" where it is not."""

    id: int
    state: NoticeState
    attempts: int
    not_before: datetime
    lease_until: datetime | None
    claim: str
    provider_id: str
    reason: str
    created_at: datetime
    updated_at: datetime
    why: Why = Why.NONE
    delivered_at: datetime | None = None
    """When the supplier says that it arrived on the telephone; only Zalo does."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How fast a channel may be used, over all senders together; None and 0 switch a limit off.

    per_second: notices a second, with bursts of `burst`. per_person: seconds between two notices to one person.
    per_day: notices to one person on one day in Vietnam; the rest waits for the next morning.
    """

    per_second: float | None = None
    burst: int = 5
    per_person: float = 0
    per_day: int | None = None


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """Notices that are now ours to send; without any, `wait_until` may say when to ask again."""

    notices: tuple[Notice, ...] = ()
    wait_until: datetime | None = None


class TemplateData(msgspec.Struct, frozen=True):
    """A notice for suppliers that send only templates registered with them: ours by id, with the named parameters.

    reference: ours for this notice, the same at every try; suppliers hand it back with their receipts.
    unfit: the parameters whose values a supplier would refuse (a code that is too long).
    """

    template: str
    version: int
    data: dict[str, str]
    reference: str = ""
    unfit: tuple[str, ...] = ()


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one try to send a notice came to. `later` (a moment) puts it back into the queue."""

    notice: Notice
    state: Literal[
        NoticeState.SENT, NoticeState.FAILED, NoticeState.UNREACHABLE, NoticeState.UNKNOWN, NoticeState.PENDING
    ]
    reason: str = ""
    provider_id: str = ""
    later: datetime | None = None
    tried: bool = True
    """False where it was not this notice that was refused; it does not count as a try of it."""
    why: Why = Why.NONE


class BulkState(StrEnum):
    """An announcement from its draft to its end."""

    DRAFT = "draft"
    APPROVED = "approved"
    QUEUED = "queued"
    """All its notices are in the outbox."""
    STOPPED = "stopped"


class Bulk(msgspec.Struct, frozen=True, kw_only=True):
    """An announcement to the followers of a procedure or an agency.

    made_by and approved_by are two different members of the staff.
    """

    id: int
    scope: str
    template: str
    template_version: int
    fields: dict[str, str]
    state: BulkState
    made_by: str
    made_at: datetime
    approved_by: str = ""
    approved_at: datetime | None = None
    stopped_by: str = ""
    stopped_at: datetime | None = None
    queued: int = 0
    cursor: str = ""
    """The last contact whose notice was queued: queueing goes on from there after a crash."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A dossier whose people no channel reached: somebody has to ring them up."""

    dossier_code: str
    kind: str
    reason: str
    """As the supplier put it."""
    since: datetime
    why: Why = Why.NONE


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a contact. `last_seen_at`: when the person last wrote; Zalo answers freely only soon after."""

    contact: Contact
    reachable: bool = True
    reason: str = ""
    last_seen_at: datetime | None = None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The fate of a dossier's notice, for the system that the dossier came from. Names no contact."""

    id: int
    notice_id: int
    body: str
    attempts: int
