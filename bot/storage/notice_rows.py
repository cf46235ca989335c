"""How a notice becomes a row of the outbox, and a row a notice."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row

from bot.messages import Contact
from bot.notice_records import NewNotice, Notice, NoticeState, Why


def new_row(notice: NewNotice, now: datetime) -> dict[str, Any]:
    """The row of a notice that is to leave from now on."""
    return {
        "key": notice.key,
        "channel": notice.contact.channel,
        "contact_id": notice.contact.id,
        "kind": notice.kind,
        "template": notice.template,
        "template_version": notice.template_version,
        "fields": msgspec.json.encode(notice.fields).decode(),
        "scope": notice.scope,
        "dossier_code": notice.dossier_code,
        "dossier_version": notice.dossier_version,
        "bulk_id": notice.bulk_id,
        "state": NoticeState.PENDING.value,
        "attempts": 0,
        "not_before": now,
        "claim": "",
        "provider_id": "",
        "reason": "",
        "created_at": now,
        "updated_at": now,
    }


def read_row(row: Row[Any]) -> Notice:
    """The notice of a row."""
    return Notice(
        id=row.id,
        key=row.key,
        contact=Contact(row.channel, row.contact_id),
        kind=row.kind,
        template=row.template,
        template_version=row.template_version,
        fields=msgspec.json.decode(row.fields, type=dict[str, str]),
        scope=row.scope,
        dossier_code=row.dossier_code,
        dossier_version=row.dossier_version,
        bulk_id=row.bulk_id,
        state=NoticeState(row.state),
        attempts=row.attempts,
        not_before=row.not_before,
        lease_until=row.lease_until,
        claim=row.claim,
        provider_id=row.provider_id,
        reason=row.reason,
        created_at=row.created_at,
        updated_at=row.updated_at,
        why=why(row.why),
        delivered_at=row.delivered_at,
    )


def why(stored: str) -> Why:
    """Why it did not arrive; NONE for what another version has written."""
    return Why(stored) if stored in set(Why) else Why.NONE
