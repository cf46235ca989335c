"""Tables of volunteers."""

import sqlalchemy as sa
from alembic import op

from bot.storage.database import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "volunteers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("nickname", sa.String(40), nullable=False),
        sa.Column("unit", sa.String(80), nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("disabled_at", UtcDateTime),
    )
    op.create_table(
        "volunteer_seats",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
        sa.Column("volunteer_id", sa.Integer, sa.ForeignKey("volunteers.id", ondelete="CASCADE"), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("contact_id", sa.String(128), nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.Column("joined_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "volunteer_cases",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("seat_id", sa.Integer, sa.ForeignKey("volunteer_seats.id", ondelete="CASCADE"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("procedure", sa.String(32), nullable=False),
        sa.Column("position", sa.String(8), nullable=False),
        sa.Column("chosen", sa.Integer, nullable=False),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        sa.Column("stirred_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("seat_id", "number", name="volunteer_cases_number"),
    )
    op.create_index("volunteer_cases_opened_at", "volunteer_cases", ["opened_at"])
    op.create_table(
        "volunteer_ticks",
        sa.Column("case_id", sa.String(32), sa.ForeignKey("volunteer_cases.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("paper", sa.Integer, primary_key=True),
        sa.Column("has", sa.Boolean, nullable=False),
        sa.Column("counter", sa.Integer, nullable=False),
        sa.Column("client", sa.String(32), nullable=False),
    )
    op.create_table(
        "volunteer_counts",
        sa.Column("volunteer_id", sa.Integer, sa.ForeignKey("volunteers.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("procedure", sa.String(32), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("outcome", sa.String(16), primary_key=True),
        sa.Column("cases", sa.Integer, nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
    )
    op.create_index("volunteer_counts_day", "volunteer_counts", ["day"])


def downgrade() -> None:
    for name in ("volunteer_counts", "volunteer_ticks", "volunteer_cases", "volunteer_seats", "volunteers"):
        op.drop_table(name)
