"""Announcements: drafted by one member of the staff, approved by another, queued in pieces, stopped at any time."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Engine, Row, func, insert, select, update

from bot.messages import Contact
from bot.notice_records import UNASKED, Bulk, BulkState, Kind, NewNotice, NoticeState
from bot.storage.consents import consenting
from bot.storage.notices import STOPPED, Outbox
from bot.storage.tables import bulks, consents, contacts, notices

PIECE: Final = 1000
"""Notices queued in one transaction."""


class BulkStore:
    """Bulks and their audiences. Every change of state is conditional on the state before."""

    def __init__(self, engine: Engine, outbox: Outbox, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._outbox = outbox
        self._now = now

    def draft(self, *, scope: str, template: str, template_version: int, fields: dict[str, str], by: str) -> Bulk:
        """Keep a draft; nothing is sent."""
        values = {
            "scope": scope,
            "template": template,
            "template_version": template_version,
            "fields": msgspec.json.encode(fields).decode(),
            "state": BulkState.DRAFT.value,
            "made_by": by,
            "made_at": self._now(),
            "approved_by": "",
            "stopped_by": "",
            "queued": 0,
            "cursor": "",
        }
        with self._engine.begin() as connection:
            row = connection.execute(insert(bulks).values(**values).returning(bulks)).one()
        return _bulk(row)

    def get(self, bulk_id: int) -> Bulk | None:
        """One announcement."""
        with self._engine.connect() as connection:
            row = connection.execute(select(bulks).where(bulks.c.id == bulk_id)).one_or_none()
        return None if row is None else _bulk(row)

    def list(self, limit: int = 50) -> list[Bulk]:
        """Announcements, newest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(bulks).order_by(bulks.c.id.desc()).limit(limit)).all()
        return [_bulk(row) for row in rows]

    def audience(self, scope: str) -> dict[str, tuple[int, int]]:
        """Per channel: how many consent now, and how many of them can't be reached."""
        gone = (
            select(contacts.c.channel)
            .where(
                contacts.c.channel == consents.c.channel,
                contacts.c.contact_id == consents.c.contact_id,
                contacts.c.reachable.is_(False),
            )
            .exists()
        )
        agreeing = consents.c.withdrawn_at.is_(None) & (consents.c.scope == scope)
        agreeing &= consents.c.channel.not_in(UNASKED)
        everyone = select(consents.c.channel, func.count()).where(agreeing).group_by(consents.c.channel)
        with self._engine.connect() as connection:
            total = {row[0]: row[1] for row in connection.execute(everyone)}
            lost = {row[0]: row[1] for row in connection.execute(everyone.where(gone))}
        return {channel: (count, lost.get(channel, 0)) for channel, count in sorted(total.items())}

    def approve(self, bulk_id: int, by: str) -> bool:
        """The second person's word; False where it is no draft (any more)."""
        approval = update(bulks).where(bulks.c.id == bulk_id, bulks.c.state == BulkState.DRAFT.value)
        with self._engine.begin() as connection:
            done = connection.execute(
                approval.values(state=BulkState.APPROVED.value, approved_by=by, approved_at=self._now())
            )
        return done.rowcount == 1

    def queue_some(self, bulk_id: int) -> int:
        """Queue the next notices of an approved announcement; 0 where there are none, or it was stopped."""
        held = update(bulks).where(bulks.c.id == bulk_id, bulks.c.state == BulkState.APPROVED.value)
        with self._engine.begin() as connection:
            # holds the row until the commit: a stop comes either before this piece or after all of it
            if connection.execute(held.values(queued=bulks.c.queued)).rowcount != 1:
                return 0
            bulk = _bulk(connection.execute(select(bulks).where(bulks.c.id == bulk_id)).one())
            people = (consent.contact for consent in consenting(connection, [bulk.scope]))
            everyone = {str(contact): contact for contact in people if contact.channel not in UNASKED}
            piece = sorted(key for key in everyone if key > bulk.cursor)[:PIECE]
            if not piece:
                connection.execute(held.values(state=BulkState.QUEUED.value))
                return 0
            added = self._outbox.add(connection, [_notice(bulk, everyone[key]) for key in piece])
            connection.execute(held.values(cursor=piece[-1], queued=bulks.c.queued + added))
        return len(piece)

    def take_up(self) -> int:
        """Queue what is left of all approved announcements, whoever began with them; how many notices.

        Any number of processes may do so at once: each piece is queued under its announcement's row.
        """
        approved = select(bulks.c.id).where(bulks.c.state == BulkState.APPROVED.value).order_by(bulks.c.id)
        with self._engine.connect() as connection:
            waiting = list(connection.execute(approved).scalars())
        queued = 0
        for bulk_id in waiting:
            while size := self.queue_some(bulk_id):
                queued += size
        return queued

    def stop(self, bulk_id: int, by: str) -> int | None:
        """Send nothing more; how many were taken out of the queue, None where there was nothing to stop."""
        running = (BulkState.DRAFT.value, BulkState.APPROVED.value, BulkState.QUEUED.value)
        now = self._now()
        with self._engine.begin() as connection:
            end = update(bulks).where(bulks.c.id == bulk_id, bulks.c.state.in_(running))
            ended = connection.execute(end.values(state=BulkState.STOPPED.value, stopped_by=by, stopped_at=now))
            if ended.rowcount != 1:
                return None
            out = update(notices).where(notices.c.bulk_id == bulk_id, notices.c.state == NoticeState.PENDING.value)
            taken = connection.execute(out.values(state=NoticeState.SUPPRESSED.value, reason=STOPPED, updated_at=now))
        return taken.rowcount


def _notice(bulk: Bulk, contact: Contact) -> NewNotice:
    return NewNotice(
        key=f"bulk-{bulk.id}:{contact}",
        contact=contact,
        kind=Kind.ANNOUNCEMENT,
        template=bulk.template,
        template_version=bulk.template_version,
        fields=bulk.fields,
        scope=bulk.scope,
        bulk_id=bulk.id,
    )


def _bulk(row: Row[Any]) -> Bulk:
    return Bulk(
        id=row.id,
        scope=row.scope,
        template=row.template,
        template_version=row.template_version,
        fields=msgspec.json.decode(row.fields, type=dict[str, str]),
        state=BulkState(row.state),
        made_by=row.made_by,
        made_at=row.made_at,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        stopped_by=row.stopped_by,
        stopped_at=row.stopped_at,
        queued=row.queued,
        cursor=row.cursor,
    )
