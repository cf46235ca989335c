"""The outbox: notices are written in the transaction of the change they tell of, claimed by a lease, and closed."""

import random
import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Row, Update, bindparam, case, delete, false, func, or_, select, update

from bot.messages import Contact
from bot.notice_hours import next_morning
from bot.notice_records import Claimed, Kind, NewNotice, Notice, NoticeState, Outcome, Pace, Why
from bot.storage.calls import fallen_through, reached
from bot.storage.contacts import fresh, is_contact, mark
from bot.storage.database import insert_missing
from bot.storage.notice_rows import new_row, read_row
from bot.storage.receipts import note
from bot.storage.tables import bulks, consents, contacts, lanes, notices
from knowledge_base.centre import VIETNAM

NO_CONSENT: Final = "không còn đồng ý nhận tin"
REPLACED: Final = "đã có tin mới hơn về hồ sơ này"
STOPPED: Final = "cán bộ đã dừng đợt gửi"
DIED: Final = "máy gửi dừng giữa chừng, có thể đã đến"
PENDING, SENDING, UNKNOWN = NoticeState.PENDING.value, NoticeState.SENDING.value, NoticeState.UNKNOWN.value


class Outbox:
    """Any number of senders may share it. The clocks of their machines must agree within a second or two.

    receipts: whether the fates of dossiers' notices are written down for the sending system.
    """

    def __init__(
        self,
        engine: Engine,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        receipts: bool = False,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._engine = engine
        self._now = now
        self._receipts = receipts
        self._chance = chance

    # --- putting in ---

    def add(self, connection: Connection, new: Sequence[NewNotice]) -> int:
        """Put notices in, within the caller's transaction; how many were new. An older notice of the same dossier
        that still waits for the same contact is not sent any more.
        """
        people = sorted({notice.contact for notice in new}, key=str)
        insert_missing(connection, contacts, [fresh(contact) for contact in people])
        added = insert_missing(connection, notices, [new_row(notice, self._now()) for notice in new])
        for notice in new:
            if notice.dossier_code is not None:
                self._collapse(connection, notice)
        return added

    def _collapse(self, connection: Connection, new: NewNotice) -> None:
        of_dossier = (
            (notices.c.channel == new.contact.channel)
            & (notices.c.contact_id == new.contact.id)
            & (notices.c.dossier_code == new.dossier_code)
        )
        newest = select(func.max(notices.c.dossier_version)).where(of_dossier).scalar_subquery()
        older = of_dossier & (notices.c.state == PENDING) & (notices.c.dossier_version < newest)
        ids = connection.execute(select(notices.c.id).where(older).with_for_update()).scalars().all()
        if ids:
            self._suppress(connection, ids, REPLACED)

    # --- taking out ---

    def claim(self, channel: str, *, limit: int, lease: timedelta, pace: Pace) -> Claimed:
        """Take up to `limit` due notices of a channel, at most one a person, to send them at once.

        Consent is checked here, in the moment of sending. Whatever is not closed when the lease ends is `unknown`.
        """
        now, token = self._now(), uuid.uuid4().hex
        with self._engine.begin() as connection:
            lane = self._lane(connection, channel, pace)
            if lane.paused_until is not None and lane.paused_until > now:
                return Claimed(wait_until=lane.paused_until)
            limit, wait_until = _allowed(pace, lane.free_at, now, limit)
            if limit < 1:
                return Claimed(wait_until=wait_until)
            rows = connection.execute(_due(channel, now, limit * 2 if pace.per_person else limit)).all()
            chosen = self._choose(connection, rows, limit, pace, now)
            if not chosen:
                return Claimed()
            if pace.per_second:
                used = max(lane.free_at or now, now) + timedelta(seconds=len(chosen) / pace.per_second)
                connection.execute(update(lanes).where(lanes.c.channel == channel).values(free_at=used))
            ids = [row.id for row in chosen]
            changes = {"state": SENDING, "claim": token, "lease_until": now + lease, "updated_at": now}
            taken = connection.execute(
                update(notices)
                .where(notices.c.id.in_(ids), notices.c.state == PENDING)
                .values(**changes, attempts=notices.c.attempts + 1)
            )
            if taken.rowcount != len(ids):  # somebody was faster: nothing is ours
                connection.rollback()
                return Claimed()
            self._used(connection, channel, chosen, now + timedelta(seconds=pace.per_person))
        mine = (read_row(row) for row in chosen)
        return Claimed(
            notices=tuple(
                msgspec.structs.replace(
                    notice,
                    state=NoticeState.SENDING,
                    claim=token,
                    lease_until=now + lease,
                    attempts=notice.attempts + 1,
                )
                for notice in mine
            )
        )

    def _lane(self, connection: Connection, channel: str, pace: Pace) -> Any:
        query = select(lanes).where(lanes.c.channel == channel)
        if pace.per_second:
            query = query.with_for_update()  # the senders share one pace, so they take their turns
        row = connection.execute(query).one_or_none()
        if row is None:
            insert_missing(connection, lanes, [{"channel": channel, "reason": ""}])
            row = connection.execute(query).one()
        return row

    def _choose(
        self, connection: Connection, rows: Iterable[Row[Any]], limit: int, pace: Pace, now: datetime
    ) -> list[Row[Any]]:
        chosen: list[Row[Any]] = []
        people: set[str] = set()
        withdrawn: list[int] = []
        today = self._today()
        for row in rows:
            if not row.consented:
                withdrawn.append(row.id)
            elif not row.reachable:
                self._lost(connection, [row], row.unreachable_because)
            elif pace.per_day and row.kind != Kind.HANDOVER and row.day == today and row.day_count >= pace.per_day:
                later = next_morning(now, self._chance())
                connection.execute(update(notices).where(notices.c.id == row.id).values(not_before=later))
            elif row.contact_id not in people and len(chosen) < limit:
                people.add(row.contact_id)
                chosen.append(row)
        if withdrawn:
            self._suppress(connection, withdrawn, NO_CONSENT)
        return chosen

    def _used(self, connection: Connection, channel: str, rows: list[Row[Any]], next_at: datetime) -> None:
        """Count what is on its way to these people today; what does not leave is taken off again (`_not_sent`)."""
        today = self._today()
        count = case((contacts.c.day == today, contacts.c.day_count + 1), else_=1)
        # what an officer says in a talk is not held back, and holds nothing back
        for people, counted in (
            ([row.contact_id for row in rows if row.kind != Kind.HANDOVER], {"day": today, "day_count": count}),
            ([row.contact_id for row in rows if row.kind == Kind.HANDOVER], {}),
        ):
            if people:
                these = update(contacts).where(contacts.c.channel == channel, contacts.c.contact_id.in_(people))
                connection.execute(these.values(next_at=next_at, **counted))

    def _not_sent(self, connection: Connection, notice: Notice) -> None:
        """It did not leave: it is none of the notices that this person may get today."""
        if notice.kind != Kind.HANDOVER:
            counted = (contacts.c.day == self._today()) & (contacts.c.day_count > 0)
            less = update(contacts).where(is_contact(notice.contact), counted)
            connection.execute(less.values(day_count=contacts.c.day_count - 1))

    def _today(self) -> str:
        return self._now().astimezone(VIETNAM).date().isoformat()

    # --- closing ---

    def finish(self, outcomes: Sequence[Outcome]) -> None:
        """Close notices under their claim, or put them back. An outcome that comes after the lease still counts."""
        now = self._now()
        with self._engine.begin() as connection:
            sent = sorted((o for o in outcomes if o.state == NoticeState.SENT), key=lambda o: o.notice.id)
            if sent:
                connection.execute(_CLOSE, [_closing(outcome, now) for outcome in sent])
                reached(connection, {o.notice.dossier_code for o in sent if o.notice.dossier_code})
                self._note(connection, [o.notice.id for o in sent])
            for outcome in sorted((o for o in outcomes if o.state != NoticeState.SENT), key=lambda o: o.notice.id):
                if outcome.state == NoticeState.PENDING:
                    self._put_back(connection, outcome)
                elif connection.execute(_CLOSE, _closing(outcome, now)).rowcount == 1:
                    self._closed(connection, outcome)

    def _closed(self, connection: Connection, outcome: Outcome) -> None:
        notice = outcome.notice
        self._note(connection, [notice.id])
        if outcome.state in (NoticeState.UNREACHABLE, NoticeState.FAILED):
            self._not_sent(connection, notice)
            fallen_through(connection, notice, outcome.reason, outcome.why, self._now())
        if outcome.state == NoticeState.UNREACHABLE:
            mark(connection, notice.contact, reachable=False, reason=outcome.reason)
            waiting = _waiting(notice.contact)
            others = connection.execute(select(notices).where(waiting).with_for_update(skip_locked=True)).all()
            self._lost(connection, others, outcome.reason)

    def _put_back(self, connection: Connection, outcome: Outcome) -> None:
        notice = outcome.notice
        assert outcome.later is not None, "what is put back needs a time"
        back = connection.execute(
            update(notices)
            .where(notices.c.id == notice.id, notices.c.claim == notice.claim)
            .where(notices.c.state.in_((SENDING, UNKNOWN)))
            .values(
                state=PENDING,
                claim="",
                lease_until=None,
                not_before=outcome.later,
                attempts=notices.c.attempts - (0 if outcome.tried else 1),
                reason=outcome.reason[:300],
                updated_at=self._now(),
            )
        )
        if back.rowcount != 1:
            return
        self._not_sent(connection, notice)
        if notice.dossier_code is not None:
            self._collapse(connection, notice)  # a newer one may have come while this one was out
        elif notice.bulk_id is not None:
            stopped = select(bulks.c.id).where(bulks.c.id == notice.bulk_id, bulks.c.state == "stopped")
            if connection.execute(stopped).first():
                self._suppress(connection, [notice.id], STOPPED)

    def _lost(self, connection: Connection, rows: Iterable[Row[Any]], because: str) -> None:
        """Notices that wait for a contact who can't be reached."""
        for row in rows:
            self._suppress(connection, [row.id], f"không liên lạc được: {because}")
            fallen_through(connection, read_row(row), because, Why.GONE, self._now())

    def _suppress(self, connection: Connection, ids: Sequence[int], reason: str) -> None:
        connection.execute(
            update(notices)
            .where(notices.c.id.in_(ids), notices.c.state == PENDING)
            .values(state=NoticeState.SUPPRESSED.value, reason=reason[:300], updated_at=self._now())
        )
        self._note(connection, ids)

    def _note(self, connection: Connection, ids: Sequence[int]) -> None:
        if self._receipts:
            note(connection, ids, self._now())

    def expire(self, channel: str) -> int:
        """Leases that ran out: the sender died in the middle, so nobody knows whether these arrived; how many."""
        late = (
            select(notices.c.id)
            .where(notices.c.channel == channel, notices.c.state == SENDING, notices.c.lease_until < self._now())
            .limit(500)
            .with_for_update(skip_locked=True)
        )
        with self._engine.begin() as connection:
            ids = connection.execute(late).scalars().all()
            if ids:
                connection.execute(
                    update(notices)
                    .where(notices.c.id.in_(ids), notices.c.state == SENDING)
                    .values(state=UNKNOWN, reason=DIED, updated_at=self._now())
                )
                self._note(connection, ids)
        return len(ids)

    def pause(self, channel: str, until: datetime, reason: str) -> None:
        """Nothing more leaves on this channel before `until`, whichever process sends."""
        later = or_(lanes.c.paused_until.is_(None), lanes.c.paused_until < until)
        with self._engine.begin() as connection:
            insert_missing(connection, lanes, [{"channel": channel, "reason": ""}])
            connection.execute(
                update(lanes).where(lanes.c.channel == channel, later).values(paused_until=until, reason=reason[:300])
            )

    def defer(self, channel: str, limit: int = 500) -> int:
        """In the quiet hours: put due notices off until the morning, spread over its first minutes; how many."""
        now = self._now()
        due = (
            select(notices.c.id)
            .where(notices.c.channel == channel, notices.c.state == PENDING, notices.c.not_before <= now)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        with self._engine.begin() as connection:
            ids = connection.execute(due).scalars().all()
            if ids:
                off = update(notices).where(notices.c.id == bindparam("one")).values(not_before=bindparam("morning"))
                mornings = [{"one": id_, "morning": next_morning(now, self._chance())} for id_ in ids]
                connection.execute(off, mornings)
        return len(ids)

    # --- for staff, and for the person ---

    def get(self, notice_id: int) -> Notice | None:
        """One notice."""
        with self._engine.connect() as connection:
            row = connection.execute(select(notices).where(notices.c.id == notice_id)).one_or_none()
        return None if row is None else read_row(row)

    def list(self, state: NoticeState | None = None, *, limit: int = 100) -> list[Notice]:
        """Notices, newest first."""
        query = select(notices).order_by(notices.c.id.desc()).limit(limit)
        if state:
            query = query.where(notices.c.state == state.value)
        with self._engine.connect() as connection:
            return [read_row(row) for row in connection.execute(query)]

    def counts(self, bulk_id: int | None = None) -> dict[NoticeState, int]:
        """How many notices are in each state, of one announcement or of all."""
        query = select(notices.c.state, func.count()).group_by(notices.c.state)
        if bulk_id is not None:
            query = query.where(notices.c.bulk_id == bulk_id)
        with self._engine.connect() as connection:
            return {NoticeState(state): count for state, count in connection.execute(query)}

    def waiting(self) -> dict[str, int]:
        """How many notices wait on each channel."""
        query = select(notices.c.channel, func.count()).where(notices.c.state == PENDING).group_by(notices.c.channel)
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def resend(self, notice_id: int, by: str) -> bool:
        """A person takes the decision to send an `unknown` or failed notice again; whether it could be taken."""
        again = (
            update(notices)
            .where(notices.c.id == notice_id, notices.c.state.in_((UNKNOWN, NoticeState.FAILED.value)))
            .values(state=PENDING, claim="", lease_until=None, attempts=0, not_before=self._now())
            .values(reason=f"gửi lại theo quyết định của {by}"[:300], why=Why.NONE.value, updated_at=self._now())
        )
        return self._decided(notice_id, again)

    def settle(self, notice_id: int, by: str) -> bool:
        """A person decides that an `unknown` or failed notice is not sent again; whether it could be decided."""
        closed = (
            update(notices)
            .where(notices.c.id == notice_id, notices.c.state.in_((UNKNOWN, NoticeState.FAILED.value)))
            .values(state=NoticeState.SUPPRESSED.value, claim="", updated_at=self._now())
            .values(reason=f"không gửi lại theo quyết định của {by}"[:300])
        )
        return self._decided(notice_id, closed)

    def _decided(self, notice_id: int, decision: Update) -> bool:
        with self._engine.begin() as connection:
            if connection.execute(decision).rowcount != 1:
                return False
            self._note(connection, [notice_id])
        return True

    def arrived(self, channel: str, provider_id: str, reference: str = "") -> bool:
        """The supplier says that a message is on the telephone; whether it was a notice of which that was not known.

        A notice of which nobody knew whether it had left has then arrived.
        """
        mine = notices.c.provider_id == provider_id if provider_id else false()
        if found := re.fullmatch(r"motcua-(\d{1,9})", reference):
            mine = or_(mine, notices.c.id == int(found[1]))
        which = (notices.c.channel == channel) & mine & notices.c.delivered_at.is_(None)
        left = notices.c.state.in_((SENDING, UNKNOWN, NoticeState.SENT.value))
        now = self._now()
        with self._engine.begin() as connection:
            rows = connection.execute(select(notices).where(which, left).with_for_update()).all()
            for row in rows:
                there = {"state": NoticeState.SENT.value, "delivered_at": now, "updated_at": now}
                connection.execute(
                    update(notices).where(notices.c.id == row.id).values(there | {"provider_id": provider_id[:128]})
                )
            if rows:
                reached(connection, {row.dossier_code for row in rows if row.dossier_code})
                self._note(connection, [row.id for row in rows])
        return bool(rows)

    def erase(self, contact: Contact) -> int:
        """Erase a person's notices and whatever else is known of the contact; how many notices."""
        mine = (notices.c.channel == contact.channel) & (notices.c.contact_id == contact.id)
        with self._engine.begin() as connection:
            count = connection.execute(delete(notices).where(mine)).rowcount
            connection.execute(delete(contacts).where(is_contact(contact)))
        return count


_CLOSE: Final = (
    update(notices)
    .where(
        notices.c.id == bindparam("its_id"),
        notices.c.claim == bindparam("its_claim"),
        or_(notices.c.state == SENDING, notices.c.state == UNKNOWN),  # IN would not do with many rows at once
    )
    .values(
        state=bindparam("state"),
        reason=bindparam("reason"),
        why=bindparam("why"),
        provider_id=bindparam("provider_id"),
        updated_at=bindparam("updated_at"),
    )
)


def _closing(outcome: Outcome, now: datetime) -> dict[str, Any]:
    return {
        "its_id": outcome.notice.id,
        "its_claim": outcome.notice.claim,
        "state": outcome.state.value,
        "reason": outcome.reason[:300],
        "why": outcome.why.value,
        "provider_id": outcome.provider_id[:128],
        "updated_at": now,
    }


def _due(channel: str, now: datetime, limit: int) -> Any:
    consented = (
        select(consents.c.scope)
        .where(
            consents.c.channel == notices.c.channel,
            consents.c.contact_id == notices.c.contact_id,
            consents.c.scope == notices.c.scope,
            consents.c.withdrawn_at.is_(None),
        )
        .exists()
    )
    same = (contacts.c.channel == notices.c.channel) & (contacts.c.contact_id == notices.c.contact_id)
    return (
        select(
            notices,
            contacts.c.reachable,
            contacts.c.reason.label("unreachable_because"),
            contacts.c.day,
            contacts.c.day_count,
            consented.label("consented"),
        )
        .join(contacts, same)
        .where(notices.c.channel == channel, notices.c.state == PENDING, notices.c.not_before <= now)
        .where(or_(contacts.c.next_at.is_(None), contacts.c.next_at <= now))
        .order_by(notices.c.not_before, notices.c.id)
        .limit(limit)
        .with_for_update(of=[notices, contacts], skip_locked=True)  # rows of other senders are passed over
    )


def _waiting(contact: Contact) -> Any:
    return (notices.c.channel == contact.channel) & (notices.c.contact_id == contact.id) & (notices.c.state == PENDING)


def _allowed(pace: Pace, free_at: datetime | None, now: datetime, limit: int) -> tuple[int, datetime | None]:
    """How many may leave now, and when the next one may; a token bucket that is kept as one moment."""
    if not pace.per_second:
        return limit, None
    behind = max((free_at or now) - now, timedelta()).total_seconds()
    free = int(pace.burst - behind * pace.per_second + 1e-6)
    return min(limit, free), now + timedelta(seconds=1 / pace.per_second)
