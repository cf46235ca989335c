"""Tables of ratings."""

import sqlalchemy as sa
from alembic import op

from bot.storage.database import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rating_visits",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("agency", sa.String(200), nullable=False),
        sa.Column("counter", sa.String(40), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("batch", sa.String(32), nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=True),
        sa.Column("rated", sa.Boolean, nullable=False),
        sa.Column("void", sa.Boolean, nullable=False),
    )
    op.create_table(
        "ratings",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("visit_key", sa.String(64), nullable=True),
        sa.Column("person", sa.String(64), nullable=True),
        sa.Column("seal_at", UtcDateTime, nullable=True),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("agency", sa.String(200), nullable=False),
        sa.Column("counter", sa.String(40), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("week", sa.String(8), nullable=False),
        sa.Column("facilities", sa.Integer, nullable=True),
        sa.Column("convenience", sa.Integer, nullable=True),
        sa.Column("attitude", sa.Integer, nullable=True),
        sa.Column("comment", sa.Text, nullable=False),
        sa.UniqueConstraint("visit_key"),
    )
    op.create_table(
        "rating_tries",
        sa.Column("subject", sa.String(80), primary_key=True),
        sa.Column("wrong", sa.Integer, nullable=False),
        sa.Column("until", UtcDateTime, nullable=False),
    )
    op.create_table(
        "rating_calls",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("caller", sa.String(64), nullable=False),
        sa.Column("phone", sa.String(20), nullable=False),
        sa.Column("agency", sa.String(200), nullable=False),
        sa.Column("counter", sa.String(40), nullable=False),
        sa.Column("asked_on", sa.String(10), nullable=False),
        sa.Column("erase_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("key"),
    )
    op.create_table(
        "rating_changes",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("drafted_by", sa.String(100), nullable=False),
        sa.Column("drafted_at", UtcDateTime, nullable=False),
        sa.Column("published_by", sa.String(100), nullable=False),
        sa.Column("published_at", UtcDateTime, nullable=True),
    )
    op.create_index("rating_visits_month", "rating_visits", ["month", "source"])
    op.create_index("rating_visits_batch", "rating_visits", ["batch"])
    op.create_index("rating_visits_waiting", "rating_visits", ["source", "counter", "expires_at"])
    op.create_index("ratings_month", "ratings", ["month"])
    op.create_index("ratings_seal_at", "ratings", ["seal_at"])
    op.create_index("ratings_person", "ratings", ["person"])
    op.create_index("rating_calls_caller", "rating_calls", ["caller"])
    op.create_index("rating_calls_erase_at", "rating_calls", ["erase_at"])


def downgrade() -> None:
    for table in ("rating_changes", "rating_calls", "rating_tries", "ratings", "rating_visits"):
        op.drop_table(table)
