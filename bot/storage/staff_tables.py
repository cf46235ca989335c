"""Tables of staff: accounts, signed-in browsers, tries to sign in, and the audit log."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from bot.storage.database import JsonText, UtcDateTime
from bot.storage.tables import metadata

staff = Table(
    "staff",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("login", String(64), nullable=False),
    Column("name", String(100), nullable=False),
    Column("role", String(16), nullable=False),
    Column("agency", String(64), nullable=False),
    Column("password", String(255), nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("enrolled", Boolean, nullable=False),
    Column("code_salt", String(64), nullable=False),
    Column("code_step", Integer, nullable=False),
    Column("disabled_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("last_sign_in_at", UtcDateTime),
    UniqueConstraint("login", name="staff_login"),
)

# The cookie holds a random token, this table only its hash: who reads the table can't sign in with it.
staff_sessions = Table(
    "staff_sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("staff_id", Integer, ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("said", JsonText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("staff_sessions_staff_id", "staff_id"),
    Index("staff_sessions_expires_at", "expires_at"),
)

# Failed sign-ins; `subject` is a login as typed, or the keyed hash of an address.
staff_tries = Table(
    "staff_tries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("subject", String(64), nullable=False),
    Column("refused", Boolean, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("staff_tries_subject", "kind", "subject", "at"),
    Index("staff_tries_at", "at"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("login", String(64), nullable=False),
    Column("action", String(100), nullable=False),
    Column("subject", String(160), nullable=False),
    Column("detail", JsonText, nullable=False),
    Index("audit_at", "at"),
    Index("audit_login", "login", "at"),
    Index("audit_action", "action", "at"),
)

# Long work that staff started, so that any machine can tell how far it is.
jobs = Table(
    "jobs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("title", String(200), nullable=False),
    Column("login", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("report", JsonText, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("jobs_started_at", "started_at"),
)
