"""Snapshots of the search index on their way between machines."""

import sqlalchemy as sa
from alembic import op

from bot.storage.database import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "snapshot_uploads",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("snapshot", sa.String(64), nullable=False),
        sa.Column("begun_at", UtcDateTime, nullable=False),
        sa.Column("published_at", UtcDateTime),
    )
    op.create_table(
        "snapshot_pieces",
        sa.Column("upload", sa.String(32), sa.ForeignKey("snapshot_uploads.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("file", sa.String(200), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "published_snapshot",
        sa.Column("name", sa.String(16), primary_key=True),
        sa.Column("upload", sa.String(32), nullable=False),
        sa.Column("snapshot", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("published_snapshot")
    op.drop_table("snapshot_pieces")
    op.drop_table("snapshot_uploads")
