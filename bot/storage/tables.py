"""All tables. Migrations follow by hand; a test compares the two."""

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, String, Table, UniqueConstraint

from bot.storage.database import JsonText, UtcDateTime

metadata = MetaData()

sessions = Table(
    "sessions",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("contact_id", String(128), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", JsonText, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("sessions_updated_at", "updated_at"),
)

transcripts = Table(
    "transcripts",
    metadata,
    Column("visitor", String(64), primary_key=True),
    Column("last", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("transcripts_updated_at", "updated_at"),
)

exchanges = Table(
    "exchanges",
    metadata,
    Column("visitor", String(64), ForeignKey("transcripts.visitor", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("message_id", String(64), nullable=False),
    Column("body", JsonText, nullable=False),
    UniqueConstraint("visitor", "message_id", name="exchanges_message_id"),
)
