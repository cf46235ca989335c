"""Notices: contacts, the outbox, the pace of the channels, announcements, the call list, receipts."""

import sqlalchemy as sa
from alembic import op

from bot.storage.database import JsonText, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contacts",
        sa.Column("channel", sa.String(32), primary_key=True),
        sa.Column("contact_id", sa.String(128), primary_key=True),
        sa.Column("reachable", sa.Boolean, nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("last_seen_at", UtcDateTime),
        sa.Column("next_at", UtcDateTime),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("day_count", sa.Integer, nullable=False),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("contact_id", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("template", sa.String(64), nullable=False),
        sa.Column("template_version", sa.Integer, nullable=False),
        sa.Column("fields", JsonText, nullable=False),
        sa.Column("scope", sa.String(160), nullable=False),
        sa.Column("dossier_code", sa.String(64)),
        sa.Column("dossier_version", sa.Integer),
        sa.Column("bulk_id", sa.Integer),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", UtcDateTime, nullable=False),
        sa.Column("lease_until", UtcDateTime),
        sa.Column("claim", sa.String(32), nullable=False),
        sa.Column("provider_id", sa.String(128), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("key", name="notices_key"),
    )
    op.create_index("notices_queue", "notices", ["channel", "state", "not_before", "id"])
    op.create_index("notices_contact", "notices", ["channel", "contact_id"])
    op.create_index("notices_dossier", "notices", ["dossier_code"])
    op.create_index("notices_bulk", "notices", ["bulk_id", "state"])
    op.create_table(
        "lanes",
        sa.Column("channel", sa.String(32), primary_key=True),
        sa.Column("paused_until", UtcDateTime),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("free_at", UtcDateTime),
    )
    op.create_table(
        "bulks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("scope", sa.String(160), nullable=False),
        sa.Column("template", sa.String(64), nullable=False),
        sa.Column("template_version", sa.Integer, nullable=False),
        sa.Column("fields", JsonText, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("made_by", sa.String(100), nullable=False),
        sa.Column("made_at", UtcDateTime, nullable=False),
        sa.Column("approved_by", sa.String(100), nullable=False),
        sa.Column("approved_at", UtcDateTime),
        sa.Column("stopped_by", sa.String(100), nullable=False),
        sa.Column("stopped_at", UtcDateTime),
        sa.Column("queued", sa.Integer, nullable=False),
        sa.Column("cursor", sa.String(255), nullable=False),
    )
    op.create_table(
        "calls",
        sa.Column("dossier_code", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
    )
    op.create_table(
        "receipts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("notice_id", sa.Integer, nullable=False),
        sa.Column("body", JsonText, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", UtcDateTime, nullable=False),
    )
    op.create_index("receipts_not_before", "receipts", ["not_before"])


def downgrade() -> None:
    for table in ("receipts", "calls", "bulks", "lanes", "notices", "contacts"):
        op.drop_table(table)
