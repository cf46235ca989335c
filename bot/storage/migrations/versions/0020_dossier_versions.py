"""Versions of dossiers that count milliseconds do not fit into four bytes."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0013"
branch_labels = None
depends_on = None

COLUMNS = (("dossiers", "status_version"), ("notices", "dossier_version"))


def upgrade() -> None:
    for table, column in COLUMNS:
        with op.batch_alter_table(table) as batch:
            batch.alter_column(column, type_=sa.BigInteger, existing_type=sa.Integer)


def downgrade() -> None:
    for table, column in COLUMNS:
        with op.batch_alter_table(table) as batch:
            batch.alter_column(column, type_=sa.Integer, existing_type=sa.BigInteger)
