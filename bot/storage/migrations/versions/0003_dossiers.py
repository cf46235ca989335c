"""Dossiers, consents, openings, wrong tries."""

import sqlalchemy as sa
from alembic import op

from bot.storage.database import JsonText, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dossiers",
        sa.Column("code", sa.String(48), primary_key=True),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("status_version", sa.Integer, nullable=False),
        sa.Column("phone_hash", sa.String(64), nullable=False),
        sa.Column("phone_last4", sa.String(4), nullable=False),
        sa.Column("identity_hash", sa.String(64), nullable=False),
        sa.Column("identity_last4", sa.String(4), nullable=False),
        sa.Column("body", JsonText, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
    )
    op.create_index("dossiers_phone_hash", "dossiers", ["phone_hash"])
    op.create_index("dossiers_identity_hash", "dossiers", ["identity_hash"])
    op.create_index("dossiers_status", "dossiers", ["status"])
    op.create_table(
        "consents",
        sa.Column("channel", sa.String(32), primary_key=True),
        sa.Column("contact_id", sa.String(128), primary_key=True),
        sa.Column("scope", sa.String(96), primary_key=True),
        sa.Column("text_version", sa.String(16), nullable=False),
        sa.Column("given_at", UtcDateTime, nullable=False),
        sa.Column("withdrawn_at", UtcDateTime, nullable=True),
    )
    op.create_index("consents_scope", "consents", ["scope"])
    op.create_table(
        "openings",
        sa.Column("channel", sa.String(32), primary_key=True),
        sa.Column("contact_id", sa.String(128), primary_key=True),
        sa.Column("code", sa.String(48), primary_key=True),
        sa.Column("opened_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "attempts",
        sa.Column("kind", sa.String(8), primary_key=True),
        sa.Column("subject", sa.String(80), primary_key=True),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("recent", JsonText, nullable=False),
        sa.Column("wrong", sa.Integer, nullable=False),
        sa.Column("refused", sa.Integer, nullable=False),
        sa.Column("last_at", UtcDateTime, nullable=False),
        sa.Column("forget_at", UtcDateTime, nullable=False),
    )
    op.create_index("attempts_forget_at", "attempts", ["forget_at"])


def downgrade() -> None:
    for table in ("attempts", "openings", "consents", "dossiers"):
        op.drop_table(table)
