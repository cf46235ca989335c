"""Staff: accounts, sessions, tries, audit log; and what the console searches dossiers by."""

import msgspec
import sqlalchemy as sa
from alembic import op

from bot.storage.database import JsonText, UtcDateTime
from knowledge_base.text import fold

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("login", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("agency", sa.String(64), nullable=False),
        sa.Column("password", sa.String(255), nullable=False),
        sa.Column("must_change", sa.Boolean, nullable=False),
        sa.Column("enrolled", sa.Boolean, nullable=False),
        sa.Column("code_salt", sa.String(64), nullable=False),
        sa.Column("code_step", sa.Integer, nullable=False),
        sa.Column("disabled_at", UtcDateTime),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("last_sign_in_at", UtcDateTime),
        sa.UniqueConstraint("login", name="staff_login"),
    )
    op.create_table(
        "staff_sessions",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("staff_id", sa.Integer, sa.ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("said", JsonText, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
    )
    op.create_index("staff_sessions_staff_id", "staff_sessions", ["staff_id"])
    op.create_index("staff_sessions_expires_at", "staff_sessions", ["expires_at"])
    op.create_table(
        "staff_tries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("refused", sa.Boolean, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    op.create_index("staff_tries_subject", "staff_tries", ["kind", "subject", "at"])
    op.create_index("staff_tries_at", "staff_tries", ["at"])
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("login", sa.String(64), nullable=False),
        sa.Column("action", sa.String(100), nullable=False),
        sa.Column("subject", sa.String(160), nullable=False),
        sa.Column("detail", JsonText, nullable=False),
    )
    op.create_index("audit_at", "audit", ["at"])
    op.create_index("audit_login", "audit", ["login", "at"])
    op.create_index("audit_action", "audit", ["action", "at"])
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("login", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("report", JsonText, nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
    )
    op.create_index("jobs_started_at", "jobs", ["started_at"])
    _make_dossiers_searchable()


def _make_dossiers_searchable() -> None:
    op.add_column("dossiers", sa.Column("agency", sa.String(160), nullable=False, server_default=""))
    op.add_column("dossiers", sa.Column("applicant", sa.String(120), nullable=False, server_default=""))
    op.add_column("dossiers", sa.Column("procedure_code", sa.String(48), nullable=False, server_default=""))
    op.add_column("dossiers", sa.Column("due_at", UtcDateTime))
    op.create_index("dossiers_updated_at", "dossiers", ["updated_at"])
    op.create_index("dossiers_due_at", "dossiers", ["due_at"])
    dossiers = sa.table(
        "dossiers",
        *(sa.column(name, sa.String) for name in ("code", "body", "agency", "applicant", "procedure_code")),
        sa.column("due_at", UtcDateTime),
    )
    connection = op.get_bind()
    for row in connection.execute(sa.select(dossiers.c.code, dossiers.c.body)).all():
        body = msgspec.json.decode(row.body)
        due = body.get("due_moved_to") or body.get("due_at")
        connection.execute(
            sa.update(dossiers)
            .where(dossiers.c.code == row.code)
            .values(
                agency=fold(body.get("agency") or "")[:160],
                applicant=fold(body.get("applicant") or "")[:120],
                procedure_code=(body.get("procedure_code") or "")[:48],
                due_at=msgspec.convert(due, sa.DateTime().python_type) if due else None,
            )
        )


def downgrade() -> None:
    op.drop_index("dossiers_due_at", "dossiers")
    op.drop_index("dossiers_updated_at", "dossiers")
    for column in ("due_at", "procedure_code", "applicant", "agency"):
        op.drop_column("dossiers", column)
    op.drop_table("jobs")
    op.drop_table("audit")
    op.drop_table("staff_tries")
    op.drop_table("staff_sessions")
    op.drop_table("staff")
