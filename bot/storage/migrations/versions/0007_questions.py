"""Questions that were not answered well, each time that one ended badly, and what staff decided."""

import sqlalchemy as sa
from alembic import op

from bot.storage.database import JsonText, UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "questions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("first_at", UtcDateTime, nullable=False),
        sa.Column("last_at", UtcDateTime, nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("phrase", sa.Text, nullable=False),
        sa.Column("decided_by", sa.String(100), nullable=False),
        sa.Column("decided_at", UtcDateTime),
        sa.Column("why", sa.String(500), nullable=False),
    )
    op.create_index("questions_state", "questions", ["state", "last_at"])
    op.create_table(
        "question_occurrences",
        sa.Column("message", sa.String(64), primary_key=True),
        sa.Column("question_id", sa.Integer, sa.ForeignKey("questions.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("offered", JsonText, nullable=False),
        sa.Column("ending", sa.String(16), nullable=False),
    )
    op.create_index("question_occurrences_question", "question_occurrences", ["question_id", "at"])
    op.create_index("question_occurrences_at", "question_occurrences", ["at"])
    op.create_table(
        "question_decisions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("question_id", sa.Integer, sa.ForeignKey("questions.id", ondelete="CASCADE"), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.String(100), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("why", sa.String(500), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("phrase", sa.Text, nullable=False),
    )
    op.create_index("question_decisions_question", "question_decisions", ["question_id", "id"])


def downgrade() -> None:
    op.drop_table("question_decisions")
    op.drop_table("question_occurrences")
    op.drop_table("questions")
