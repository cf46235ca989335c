"""Tables of handovers."""

import sqlalchemy as sa
from alembic import op

from bot.storage.database import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "handovers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("slot", sa.String(300), unique=True),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("contact_id", sa.String(128), nullable=False),
        sa.Column("agency", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("later", sa.Boolean, nullable=False),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("page", sa.String(64), nullable=False),
        sa.Column("phone", sa.String(20), nullable=False),
        sa.Column("officer", sa.String(100), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("stirred_at", UtcDateTime, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
    )
    op.create_index("handovers_state", "handovers", ["state", "created_at"])
    op.create_index("handovers_contact", "handovers", ["channel", "contact_id"])
    op.create_table(
        "handover_messages",
        sa.Column("handover_id", sa.Integer, sa.ForeignKey("handovers.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("by", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    op.create_index("handover_messages_key", "handover_messages", ["handover_id", "key"], unique=True)


def downgrade() -> None:
    op.drop_table("handover_messages")
    op.drop_table("handovers")
