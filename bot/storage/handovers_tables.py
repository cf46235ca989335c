"""Tables of handovers to a person."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from bot.storage.database import UtcDateTime
from bot.storage.tables import metadata

# `slot` is unique while a talk is under way, so that one person has one; closed ones have none
handovers = Table(
    "handovers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("slot", String(300), unique=True),
    Column("channel", String(32), nullable=False),
    Column("contact_id", String(128), nullable=False),
    Column("agency", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("later", Boolean, nullable=False),
    Column("topic", String(64), nullable=False),
    Column("page", String(64), nullable=False),
    Column("phone", String(20), nullable=False),
    Column("officer", String(100), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("stirred_at", UtcDateTime, nullable=False),
    Column("last", Integer, nullable=False),
    Index("handovers_state", "state", "created_at"),
    Index("handovers_contact", "channel", "contact_id"),
)

handover_messages = Table(
    "handover_messages",
    metadata,
    Column("handover_id", Integer, ForeignKey("handovers.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("key", String(128), nullable=False),
    Column("by", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("handover_messages_key", "handover_id", "key", unique=True),
)
