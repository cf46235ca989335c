"""Tables of what staff change in the catalogue: overrides, what imports changed, publications of the index."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from bot.storage.database import JsonText, UtcDateTime
from bot.storage.tables import metadata

# never deleted: what was withdrawn stays as the history. `slot` says what a newer one takes the place of
catalogue_overrides = Table(
    "catalogue_overrides",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code", String(32), nullable=False),
    Column("slot", String(64), nullable=False),
    Column("override", JsonText, nullable=False),
    Column("made_by", String(100), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("why", String(500), nullable=False),
    Column("withdrawn_by", String(100), nullable=False),
    Column("withdrawn_at", UtcDateTime),
    Column("withdrawn_why", String(500), nullable=False),
    Index("catalogue_overrides_code", "code", "id"),
)

# `content` names the records that the import left behind: a machine knows by it whether its folder holds them
catalogue_imports = Table(
    "catalogue_imports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("content", String(64), nullable=False),
    Column("summary", JsonText, nullable=False),
)

# the record before and after; empty where the procedure was new, or has gone
catalogue_changes = Table(
    "catalogue_changes",
    metadata,
    Column("import_id", Integer, ForeignKey("catalogue_imports.id", ondelete="CASCADE"), primary_key=True),
    Column("code", String(32), primary_key=True),
    Column("before", JsonText, nullable=False),
    Column("after", JsonText, nullable=False),
)

# `slot` is unique while a build runs, so that there is one at a time; ended ones have none
publications = Table(
    "publications",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("slot", String(16), unique=True),
    Column("by", String(100), nullable=False),
    Column("only_words", Boolean, nullable=False),
    Column("why", String(500), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("heard_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("outcome", String(16), nullable=False),
    Column("changes", JsonText, nullable=False),
    Column("result", JsonText, nullable=False),
    Column("message", Text, nullable=False),
)
