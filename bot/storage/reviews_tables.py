"""Tables of the monthly review, of what people ask (counts only), and of switches that staff turn."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, false

from bot.storage.database import JsonText, UtcDateTime
from bot.storage.tables import metadata

# One row a draw; a draw is never changed, only replaced by the next number, with a reason. `figures` are the month's
# counts as they were when it was drawn.
review_draws = Table(
    "review_draws",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("month", String(7), nullable=False),
    Column("matter", String(16), nullable=False),
    Column("number", Integer, nullable=False),
    Column("seed", String(64), nullable=False),
    Column("seed_typed", Boolean, nullable=False, server_default=false()),
    Column("size", Integer),
    Column("figures", JsonText, nullable=False),
    Column("drawn_by", String(100), nullable=False),
    Column("drawn_at", UtcDateTime, nullable=False),
    Column("closed_by", String(100), nullable=False),
    Column("closed_at", UtcDateTime),
    Column("replaced_by", String(100), nullable=False),
    Column("replaced_at", UtcDateTime),
    Column("why", String(300), nullable=False),
    UniqueConstraint("month", "matter", "number", name="review_draws_number"),
)

# Every dossier of the month's list, drawn or not, with what was known of it at the draw; officers fill in the rest.
review_items = Table(
    "review_items",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("draw_id", Integer, ForeignKey("review_draws.id", ondelete="CASCADE"), nullable=False),
    Column("dossier_code", String(48), nullable=False),
    Column("case", JsonText, nullable=False),
    Column("drawn", Boolean, nullable=False),
    Column("officer", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("findings", JsonText, nullable=False),
    Column("reviewed_by", String(100), nullable=False),
    Column("reviewed_at", UtcDateTime),
    Column("tries", JsonText, nullable=False),
    Column("answers", JsonText, nullable=False),
    Column("note", Text, nullable=False),
    UniqueConstraint("draw_id", "dossier_code", name="review_items_dossier"),
    Index("review_items_officer", "officer", "draw_id"),
)

# Letters of apology for late results that somebody recorded here; the province's system knows of others.
apologies = Table(
    "apologies",
    metadata,
    Column("dossier_code", String(48), primary_key=True),
    Column("number", String(60), nullable=False),
    Column("sent_on", String(10), nullable=False),
    Column("recorded_by", String(100), nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
)

# What people asked, a day at a time. Nothing here says who.
asked_counts = Table(
    "asked_counts",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("procedure_code", String(48), primary_key=True),
    Column("facet", String(16), primary_key=True),
    Column("decision", String(16), primary_key=True),
    Column("channel", String(32), primary_key=True),
    Column("count", Integer, nullable=False),
)

# What the centre has switched on.
switches = Table(
    "switches",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("on", Boolean, nullable=False),
    Column("turned_by", String(100), nullable=False),
    Column("turned_at", UtcDateTime, nullable=False),
)
