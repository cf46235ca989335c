"""Tokens of suppliers."""

import sqlalchemy as sa
from alembic import op

from bot.storage.database import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "supplier_tokens",
        sa.Column("account", sa.String(128), primary_key=True),
        sa.Column("access", sa.Text, nullable=False),
        sa.Column("refresh", sa.Text, nullable=False),
        sa.Column("obtained_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("holder", sa.String(64)),
        sa.Column("held_until", UtcDateTime),
    )


def downgrade() -> None:
    op.drop_table("supplier_tokens")
