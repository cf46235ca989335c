"""Tables of the monthly review, of what people ask, and of switches."""

import sqlalchemy as sa
from alembic import op

from bot.storage.database import JsonText, UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "review_draws",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("matter", sa.String(16), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("seed", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer),
        sa.Column("figures", JsonText, nullable=False),
        sa.Column("drawn_by", sa.String(100), nullable=False),
        sa.Column("drawn_at", UtcDateTime, nullable=False),
        sa.Column("closed_by", sa.String(100), nullable=False),
        sa.Column("closed_at", UtcDateTime),
        sa.Column("replaced_by", sa.String(100), nullable=False),
        sa.Column("replaced_at", UtcDateTime),
        sa.Column("why", sa.String(300), nullable=False),
        sa.UniqueConstraint("month", "matter", "number", name="review_draws_number"),
    )
    op.create_table(
        "review_items",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("draw_id", sa.Integer, sa.ForeignKey("review_draws.id", ondelete="CASCADE"), nullable=False),
        sa.Column("dossier_code", sa.String(48), nullable=False),
        sa.Column("case", JsonText, nullable=False),
        sa.Column("drawn", sa.Boolean, nullable=False),
        sa.Column("officer", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("findings", JsonText, nullable=False),
        sa.Column("reviewed_by", sa.String(100), nullable=False),
        sa.Column("reviewed_at", UtcDateTime),
        sa.Column("tries", JsonText, nullable=False),
        sa.Column("answers", JsonText, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.UniqueConstraint("draw_id", "dossier_code", name="review_items_dossier"),
    )
    op.create_index("review_items_officer", "review_items", ["officer", "draw_id"])
    op.create_table(
        "asked_counts",
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("procedure_code", sa.String(48), primary_key=True),
        sa.Column("facet", sa.String(16), primary_key=True),
        sa.Column("decision", sa.String(16), primary_key=True),
        sa.Column("channel", sa.String(32), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )
    op.create_table(
        "switches",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("on", sa.Boolean, nullable=False),
        sa.Column("turned_by", sa.String(100), nullable=False),
        sa.Column("turned_at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    for table in ("switches", "asked_counts", "review_items", "review_draws"):
        op.drop_table(table)
