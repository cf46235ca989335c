"""Slips and taps that stand for a dossier's visit, the agency of a counter, and apologies of the monthly review."""

import sqlalchemy as sa
from alembic import op

from bot.storage.database import UtcDateTime

revision = "0040"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rating_visits", sa.Column("stands_for", sa.String(64), nullable=False, server_default=""))
    op.create_index("rating_visits_stands_for", "rating_visits", ["stands_for"])
    op.create_table(
        "rating_counters",
        sa.Column("counter", sa.String(40), primary_key=True),
        sa.Column("agency", sa.String(200), nullable=False),
    )
    op.create_table(
        "apologies",
        sa.Column("dossier_code", sa.String(48), primary_key=True),
        sa.Column("number", sa.String(60), nullable=False),
        sa.Column("sent_on", sa.String(10), nullable=False),
        sa.Column("recorded_by", sa.String(100), nullable=False),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
    )
    op.add_column("review_draws", sa.Column("seed_typed", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("review_draws", "seed_typed")
    op.drop_table("apologies")
    op.drop_table("rating_counters")
    op.drop_index("rating_visits_stands_for", "rating_visits")
    op.drop_column("rating_visits", "stands_for")
