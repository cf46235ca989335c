"""Delivery receipts that wait to be told to the system that the dossiers come from."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import Connection, Engine, delete, insert, select, update

from bot.notice_records import Receipt
from bot.storage.tables import notices, receipts


class ReceiptStore:
    """A receipt may be told twice after a crash; its id lets the other side notice."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now

    def claim(self, limit: int, lease: timedelta) -> list[Receipt]:
        """Take due receipts; they come again after the lease unless they are told or given up."""
        now = self._now()
        due = (
            select(receipts)
            .where(receipts.c.not_before <= now)
            .order_by(receipts.c.not_before, receipts.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        with self._engine.begin() as connection:
            rows = connection.execute(due).all()
            ids = [row.id for row in rows]
            later = update(receipts).where(receipts.c.id.in_(ids))
            connection.execute(later.values(not_before=now + lease, attempts=receipts.c.attempts + 1))
        return [Receipt(id=row.id, notice_id=row.notice_id, body=row.body, attempts=row.attempts + 1) for row in rows]

    def close(self, receipt: Receipt) -> None:
        """It was told, or nobody wants it."""
        with self._engine.begin() as connection:
            connection.execute(delete(receipts).where(receipts.c.id == receipt.id))

    def again(self, receipt: Receipt, at: datetime) -> None:
        """Try once more, not before this moment."""
        with self._engine.begin() as connection:
            connection.execute(update(receipts).where(receipts.c.id == receipt.id).values(not_before=at))

    def waiting(self) -> int:
        """How many are still to be told."""
        with self._engine.connect() as connection:
            return len(connection.execute(select(receipts.c.id)).all())


def note(connection: Connection, notice_ids: Sequence[int], now: datetime) -> None:
    """Write receipts of the present states of dossiers' notices. They name the dossier, never the contact."""
    query = select(notices).where(notices.c.id.in_(notice_ids), notices.c.dossier_code.is_not(None))
    rows = [
        {
            "notice_id": row.id,
            "body": msgspec.json.encode(
                {
                    "notice": row.id,
                    "dossier": row.dossier_code,
                    "version": row.dossier_version,
                    "kind": row.kind,
                    "channel": row.channel,
                    "state": row.state,
                    "reason": row.reason,
                    "at": row.updated_at,
                    "delivered_at": row.delivered_at,
                }
            ).decode(),
            "attempts": 0,
            "not_before": now,
        }
        for row in connection.execute(query)
    ]
    if rows:
        connection.execute(insert(receipts), rows)
