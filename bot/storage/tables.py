"""All tables. Migrations follow by hand; a test compares the two."""

from sqlalchemy import Column, Index, Integer, MetaData, String, Table

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
