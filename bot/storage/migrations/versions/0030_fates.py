"""Fates of notices, what web visitors have seen, when people followed, message ids, counts of the month."""

import sqlalchemy as sa
from alembic import op

from bot.storage.database import UtcDateTime

revision = "0030"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("notices", sa.Column("why", sa.String(16), nullable=False, server_default=""))
    op.add_column("notices", sa.Column("delivered_at", UtcDateTime))
    op.create_index("notices_provider", "notices", ["provider_id"])
    op.add_column("calls", sa.Column("why", sa.String(16), nullable=False, server_default=""))
    op.add_column("transcripts", sa.Column("shown", sa.Integer, nullable=False, server_default="0"))
    op.add_column("contacts", sa.Column("told_at", UtcDateTime))
    op.add_column("lanes", sa.Column("month", sa.String(7), nullable=False, server_default=""))
    op.add_column("lanes", sa.Column("month_count", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "taken_messages",
        sa.Column("channel", sa.String(32), primary_key=True),
        sa.Column("message_id", sa.String(128), primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    op.create_index("taken_messages_at", "taken_messages", ["at"])


def downgrade() -> None:
    op.drop_table("taken_messages")
    op.drop_column("lanes", "month_count")
    op.drop_column("lanes", "month")
    op.drop_column("contacts", "told_at")
    op.drop_column("transcripts", "shown")
    op.drop_column("calls", "why")
    op.drop_index("notices_provider", "notices")
    op.drop_column("notices", "delivered_at")
    op.drop_column("notices", "why")
