"""Tables of overrides, imports and publications of the catalogue."""

import sqlalchemy as sa
from alembic import op

from bot.storage.database import JsonText, UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalogue_overrides",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("slot", sa.String(64), nullable=False),
        sa.Column("override", JsonText, nullable=False),
        sa.Column("made_by", sa.String(100), nullable=False),
        sa.Column("made_at", UtcDateTime, nullable=False),
        sa.Column("why", sa.String(500), nullable=False),
        sa.Column("withdrawn_by", sa.String(100), nullable=False),
        sa.Column("withdrawn_at", UtcDateTime),
        sa.Column("withdrawn_why", sa.String(500), nullable=False),
    )
    op.create_index("catalogue_overrides_code", "catalogue_overrides", ["code", "id"])
    op.create_table(
        "catalogue_imports",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("summary", JsonText, nullable=False),
    )
    op.create_table(
        "catalogue_changes",
        sa.Column("import_id", sa.Integer, sa.ForeignKey("catalogue_imports.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("code", sa.String(32), primary_key=True),
        sa.Column("before", JsonText, nullable=False),
        sa.Column("after", JsonText, nullable=False),
    )
    op.create_table(
        "publications",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("slot", sa.String(16), unique=True),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("only_words", sa.Boolean, nullable=False),
        sa.Column("why", sa.String(500), nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("heard_at", UtcDateTime, nullable=False),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("changes", JsonText, nullable=False),
        sa.Column("result", JsonText, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("publications")
    op.drop_table("catalogue_changes")
    op.drop_table("catalogue_imports")
    op.drop_table("catalogue_overrides")
