"""What becomes of a change: whether it is news, older than what is kept, or contradicts it, and how the two merge."""

import hashlib
from datetime import datetime, time
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from bot.dossier_records import UNDER_WAY, Change, Dossier, Kept, Outcome, Status, Step, day_of, in_vietnam

DAY_BEGINS, DAY_ENDS = time(0), time(23, 59)
"""The hours of a day without an hour: of what has happened, and of what is due."""
_APART: Final = frozenset(
    {"status", "status_version", "status_at", "updated_at", "timeline", "after", "due_at", "due_moved_to"}
)
_REQUEST: Final[dict[str, Any]] = {"missing": (), "supplement_reason": "", "supplement_by": None}
"""What belongs to one request or reason, and ends with the status."""
_BACK: Final[dict[Status, frozenset[Status]]] = {
    Status.RECEIVED: frozenset({Status.REGISTERED}),
    Status.SUPPLEMENT: frozenset({Status.REGISTERED}),
    Status.FEE_DUE: frozenset({Status.REGISTERED}),
    Status.PROCESSING: frozenset({Status.REGISTERED, Status.RECEIVED}),
    Status.STOPPED: frozenset({Status.REGISTERED, Status.RECEIVED}),
    Status.REFUSED: UNDER_WAY,
    Status.WITHDRAWN: UNDER_WAY,
    Status.DONE: UNDER_WAY,
    Status.RETURNED: UNDER_WAY | {Status.DONE},
}
"""From which status to which others a dossier has gone back."""


def decide(before: Dossier | None, change: Change, now: datetime) -> Kept:
    """What becomes of a change, `before` being what is kept."""
    if before is None:
        return Kept(Outcome.CREATED, _created(change, now))
    merged = _merged(before, change)
    refusal = _refusal(before, change, same=merged == before)
    if refusal is not None:
        return Kept(refusal, before)
    noted = {"sender_version": before.sender_version, "sent": before.sent, "source_at": before.source_at}
    if change.status_version is not UNSET:
        noted |= {"sender_version": change.status_version, "sent": _digest(change)}
    if change.updated_at is not UNSET:
        noted["source_at"] = max(change.updated_at, before.source_at or change.updated_at)
    if merged == before:
        return Kept(Outcome.UNCHANGED, msgspec.structs.replace(before, **noted))
    at = change.updated_at if change.updated_at is not UNSET else now
    timeline = merged.timeline
    if change.timeline is UNSET and merged.status is not before.status:
        timeline = (*timeline, Step(merged.status, change.status_at if change.status_at is not UNSET else at))
    after = msgspec.structs.replace(
        merged,
        status_version=before.status_version + 1,
        timeline=timeline,
        updated_at=max(at, before.updated_at),
        **noted,
    )
    gone_back = after.status in _BACK.get(before.status, ())
    return Kept(Outcome.CHANGED, after, backwards=gone_back and _dateless(before, change))


def _created(change: Change, now: datetime) -> Dossier:
    due_at, due_moved_to = _dates(None, change)
    counted = change.status_version is not UNSET
    fresh = Dossier(
        **_said(change),
        status=Status.PROCESSING if change.status is UNSET else change.status,
        status_version=1,
        due_at=due_at,
        due_moved_to=due_moved_to,
        updated_at=now if change.updated_at is UNSET else change.updated_at,
        source_at=None if change.updated_at is UNSET else change.updated_at,
        sender_version=None if change.status_version is UNSET else change.status_version,
        sent=_digest(change) if counted else "",
    )
    since = fresh.updated_at if change.status_at is UNSET else change.status_at
    timeline = _first_steps(fresh, since) if change.timeline is UNSET else change.timeline
    return msgspec.structs.replace(fresh, timeline=timeline)


def _refusal(before: Dossier, change: Change, *, same: bool) -> Outcome | None:
    if change.after is not UNSET and change.after != before.status_version:
        return Outcome.CONFLICT
    if change.status_version is not UNSET:
        if before.sender_version is None or change.status_version > before.sender_version:
            return None
        if change.status_version < before.sender_version:
            return Outcome.STALE
        # compared with what was sent: the staff may have changed the dossier since
        return Outcome.UNCHANGED if _digest(change) == before.sent else Outcome.CONFLICT
    if same or change.updated_at is UNSET or before.source_at is None:
        return None  # only two times by the source's own clock can be compared
    return Outcome.STALE if change.updated_at < before.source_at else None


def _merged(before: Dossier, change: Change) -> Dossier:
    status = before.status if change.status is UNSET else change.status
    said = _said(change)
    due_at, due_moved_to = _dates(before, change)
    if _vaguer(change.received_at, before.received_at, DAY_BEGINS):
        del said["received_at"]
    if status is not before.status:
        ended = _REQUEST | ({"fee_due": None} if before.status is Status.FEE_DUE else {})
        said = ended | said
    if due_moved_to != before.due_moved_to:
        said = {"apology": ""} | said
    if change.timeline is not UNSET:
        said["timeline"] = change.timeline
    return msgspec.structs.replace(before, **said, status=status, due_at=due_at, due_moved_to=due_moved_to)


def _said(change: Change) -> dict[str, Any]:
    return {
        name: value
        for name in Change.__struct_fields__
        if name not in _APART and (value := getattr(change, name)) is not UNSET
    }


def _dates(before: Dossier | None, change: Change) -> tuple[datetime | None, datetime | None]:
    """The date of the slip and the one it was moved to. A later date than the one known has been moved, whatever the
    source calls it; "moved" to the same day or an earlier one has not.
    """
    due = (before.due_at if before else None) if change.due_at is UNSET else change.due_at
    moved = (before.due_moved_to if before else None) if change.due_moved_to is UNSET else change.due_moved_to
    if before is not None and before.due is not None and change.due_at and not change.due_moved_to:
        assert before.due_at is not None
        told = day_of(change.due_at)
        if _vaguer(change.due_at, before.due_at, DAY_ENDS):
            due = before.due_at
        slip = day_of(before.due_at)
        if told > slip:
            same = before.due_moved_to is not None and told == day_of(before.due_moved_to)
            return before.due_at, before.due_moved_to if same else change.due_at
        if told < slip:  # the slip was read wrongly before
            moved = None
    if moved is not None and due is None:
        return moved, None
    return due, moved if moved and due and day_of(moved) > day_of(due) else None


def _vaguer(told: datetime | UnsetType | None, known: datetime | None, hour: time) -> bool:
    """Whether only the day is told of a moment whose hour is known."""
    if not isinstance(told, datetime) or known is None:
        return False
    return in_vietnam(told).time() == hour and day_of(told) == day_of(known)


def _dateless(before: Dossier, change: Change) -> bool:
    """Whether nothing tells that a change is newer than what is kept."""
    if change.status_version is not UNSET or change.after is not UNSET:
        return False
    return change.updated_at is UNSET or before.source_at is None


def _first_steps(dossier: Dossier, since: datetime) -> tuple[Step, ...]:
    received = dossier.received_at
    if received is None or dossier.status in (Status.REGISTERED, Status.REFUSED):
        return (Step(dossier.status, since),)
    if dossier.status is Status.RECEIVED:
        return (Step(Status.RECEIVED, received),)
    return (Step(Status.RECEIVED, received), Step(dossier.status, max(since, received)))


def _digest(change: Change) -> str:
    """What a sender sent, without its number and time: the same once more is no contradiction."""
    content = msgspec.structs.replace(change, status_version=UNSET, updated_at=UNSET)
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()
