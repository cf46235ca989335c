"""Tables of volunteers: join codes, the places where they work, open cases with ticks, and counts of closed ones."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from bot.storage.database import UtcDateTime
from bot.storage.tables import metadata

volunteers = Table(
    "volunteers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code_hash", String(64), nullable=False, unique=True),
    Column("nickname", String(40), nullable=False),
    Column("unit", String(80), nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),
)

# `key` is the hash of a browser's cookie, or the keyed hash of a contact, whose channel and id stand beside it so that
# what its chat remembers can be forgotten with a case.
volunteer_seats = Table(
    "volunteer_seats",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("volunteer_id", Integer, ForeignKey("volunteers.id", ondelete="CASCADE"), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("contact_id", String(128), nullable=False),
    Column("last", Integer, nullable=False),
    Column("joined_at", UtcDateTime, nullable=False),
)

# only open cases: a closed one is deleted with its ticks
volunteer_cases = Table(
    "volunteer_cases",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("seat_id", Integer, ForeignKey("volunteer_seats.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("nonce", String(64), nullable=False),
    Column("procedure", String(32), nullable=False),
    Column("position", String(8), nullable=False),
    Column("chosen", Integer, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("stirred_at", UtcDateTime, nullable=False),
    UniqueConstraint("seat_id", "number", name="volunteer_cases_number"),
    Index("volunteer_cases_opened_at", "opened_at"),
)

volunteer_ticks = Table(
    "volunteer_ticks",
    metadata,
    Column("case_id", String(32), ForeignKey("volunteer_cases.id", ondelete="CASCADE"), primary_key=True),
    Column("paper", Integer, primary_key=True),
    Column("has", Boolean, nullable=False),
    Column("counter", Integer, nullable=False),
    Column("client", String(32), nullable=False),
)

volunteer_counts = Table(
    "volunteer_counts",
    metadata,
    Column("volunteer_id", Integer, ForeignKey("volunteers.id", ondelete="CASCADE"), primary_key=True),
    Column("procedure", String(32), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("outcome", String(16), primary_key=True),
    Column("cases", Integer, nullable=False),
    Column("minutes", Integer, nullable=False),
    Index("volunteer_counts_day", "day"),
)
