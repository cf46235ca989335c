"""Transcripts of the web chat."""

import sqlalchemy as sa
from alembic import op

from bot.storage.database import JsonText, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "transcripts",
        sa.Column("visitor", sa.String(64), primary_key=True),
        sa.Column("last", sa.Integer, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
    )
    op.create_index("transcripts_updated_at", "transcripts", ["updated_at"])
    op.create_table(
        "exchanges",
        sa.Column("visitor", sa.String(64), sa.ForeignKey("transcripts.visitor", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("body", JsonText, nullable=False),
        sa.UniqueConstraint("visitor", "message_id", name="exchanges_message_id"),
    )


def downgrade() -> None:
    op.drop_table("exchanges")
    op.drop_table("transcripts")
