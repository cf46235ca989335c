"""Links that open the look-up of a dossier without naming it."""

import sqlalchemy as sa
from alembic import op

from bot.storage.database import UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dossier_links",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("code", sa.String(48), nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("used_by", sa.String(64), nullable=False),
    )
    op.create_index("dossier_links_expires_at", "dossier_links", ["expires_at"])
    op.create_index("dossier_links_used_by", "dossier_links", ["used_by"])


def downgrade() -> None:
    op.drop_table("dossier_links")
