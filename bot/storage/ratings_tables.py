"""Tables of ratings. Nothing here joins a rating that can no longer be changed to a person or a visit."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from bot.storage.database import UtcDateTime
from bot.storage.tables import metadata

# Visits that may be rated, or were: slips and taps from the moment they are made, dossiers when they are rated.
rating_visits = Table(
    "rating_visits",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("source", String(8), nullable=False),
    Column("agency", String(200), nullable=False),
    Column("counter", String(40), nullable=False),
    Column("month", String(7), nullable=False),
    Column("batch", String(32), nullable=False),
    Column("expires_at", UtcDateTime, nullable=True),
    Column("rated", Boolean, nullable=False),
    Column("void", Boolean, nullable=False),
    Column("stands_for", String(64), nullable=False, server_default=""),
    Index("rating_visits_month", "month", "source"),
    Index("rating_visits_batch", "batch"),
    Index("rating_visits_stands_for", "stands_for"),
    Index("rating_visits_waiting", "source", "counter", "expires_at"),
)

# Which agency sits at a counter, as it was said the last time.
rating_counters = Table(
    "rating_counters",
    metadata,
    Column("counter", String(40), primary_key=True),
    Column("agency", String(200), nullable=False),
)

# visit_key, person (a keyed hash) and seal_at are emptied when the 24 hours in which it may be changed are over.
ratings = Table(
    "ratings",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("visit_key", String(64), nullable=True, unique=True),
    Column("person", String(64), nullable=True),
    Column("seal_at", UtcDateTime, nullable=True),
    Column("source", String(8), nullable=False),
    Column("agency", String(200), nullable=False),
    Column("counter", String(40), nullable=False),
    Column("month", String(7), nullable=False),
    Column("week", String(8), nullable=False),
    Column("facilities", Integer, nullable=True),
    Column("convenience", Integer, nullable=True),
    Column("attitude", Integer, nullable=True),
    Column("comment", Text, nullable=False),
    Index("ratings_month", "month"),
    Index("ratings_seal_at", "seal_at"),
    Index("ratings_person", "person"),
)

# Wrong tries at visit codes: per person (a keyed hash) or page, within the window that ends at `until`.
rating_tries = Table(
    "rating_tries",
    metadata,
    Column("subject", String(80), primary_key=True),
    Column("wrong", Integer, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)

# Who wants to be called back; has no way to the rating.
rating_calls = Table(
    "rating_calls",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("caller", String(64), nullable=False),
    Column("phone", String(20), nullable=False),
    Column("agency", String(200), nullable=False),
    Column("counter", String(40), nullable=False),
    Column("asked_on", String(10), nullable=False),
    Column("erase_at", UtcDateTime, nullable=False),
    Index("rating_calls_caller", "caller"),
    Index("rating_calls_erase_at", "erase_at"),
)

# "What we changed": notes of staff, seen by residents once published.
rating_changes = Table(
    "rating_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("drafted_by", String(100), nullable=False),
    Column("drafted_at", UtcDateTime, nullable=False),
    Column("published_by", String(100), nullable=False),
    Column("published_at", UtcDateTime, nullable=True),
)
