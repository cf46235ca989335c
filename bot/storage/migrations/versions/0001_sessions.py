"""Sessions of the conversation."""

import sqlalchemy as sa
from alembic import op

from bot.storage.database import JsonText, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("channel", sa.String(32), primary_key=True),
        sa.Column("contact_id", sa.String(128), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", JsonText, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
    )
    op.create_index("sessions_updated_at", "sessions", ["updated_at"])


def downgrade() -> None:
    op.drop_table("sessions")
