"""All tables. Migrations follow by hand; a test compares the two."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

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
    Column("shown", Integer, nullable=False, server_default="0"),  # the newest exchange that a page has fetched
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

# What residents handed in and where it is; `body` is the whole record, the other columns are what is searched.
dossiers = Table(
    "dossiers",
    metadata,
    Column("code", String(48), primary_key=True),
    Column("status", Integer, nullable=False),
    Column("status_version", BigInteger, nullable=False),
    Column("phone_hash", String(64), nullable=False),
    Column("phone_last4", String(4), nullable=False),
    Column("identity_hash", String(64), nullable=False),
    Column("identity_last4", String(4), nullable=False),
    Column("body", JsonText, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("agency", String(160), nullable=False),  # without marks, as are ...
    Column("applicant", String(120), nullable=False),  # ... the masked names
    Column("procedure_code", String(48), nullable=False),
    Column("due_at", UtcDateTime),
    Index("dossiers_phone_hash", "phone_hash"),
    Index("dossiers_identity_hash", "identity_hash"),
    Index("dossiers_status", "status"),
    Index("dossiers_updated_at", "updated_at"),
    Index("dossiers_due_at", "due_at"),
)

# Who agreed to be written to about what; following a dossier is the consent of scope "dossier:<code>".
consents = Table(
    "consents",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("contact_id", String(128), primary_key=True),
    Column("scope", String(96), primary_key=True),
    Column("text_version", String(16), nullable=False),
    Column("given_at", UtcDateTime, nullable=False),
    Column("withdrawn_at", UtcDateTime, nullable=True),
    Index("consents_scope", "scope"),
)

# Which dossiers a person has opened with the right digits, and when last.
openings = Table(
    "openings",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("contact_id", String(128), primary_key=True),
    Column("code", String(48), primary_key=True),
    Column("opened_at", UtcDateTime, nullable=False),
)

# Wrong tries at codes and digits, per person (a keyed hash) and per dossier (its code); `recent` holds their moments.
attempts = Table(
    "attempts",
    metadata,
    Column("kind", String(8), primary_key=True),
    Column("subject", String(80), primary_key=True),
    Column("channel", String(32), nullable=False),
    Column("version", Integer, nullable=False),
    Column("recent", JsonText, nullable=False),
    Column("wrong", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("forget_at", UtcDateTime, nullable=False),
    Index("attempts_forget_at", "forget_at"),
)

# Links that open the look-up of a dossier without naming it; `used_by` is the keyed hash of who has used one.
dossier_links = Table(
    "dossier_links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("code", String(48), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_by", String(64), nullable=False),
    Index("dossier_links_expires_at", "expires_at"),
    Index("dossier_links_used_by", "used_by"),
)

# who can be reached, and when: one row for each person on each channel
contacts = Table(
    "contacts",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("contact_id", String(128), primary_key=True),
    Column("reachable", Boolean, nullable=False),
    Column("reason", String(300), nullable=False),
    Column("last_seen_at", UtcDateTime),
    Column("next_at", UtcDateTime),  # no notice before
    Column("day", String(10), nullable=False),  # on this day in Vietnam ...
    Column("day_count", Integer, nullable=False),  # ... so many notices were sent
    Column("told_at", UtcDateTime),  # when the supplier last said that this person followed us or left
)

# the outbox: every notice that was ever to reach somebody, with its fate
notices = Table(
    "notices",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(255), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("contact_id", String(128), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("template", String(64), nullable=False),
    Column("template_version", Integer, nullable=False),
    Column("fields", JsonText, nullable=False),
    Column("scope", String(160), nullable=False),
    Column("dossier_code", String(64)),
    Column("dossier_version", BigInteger),
    Column("bulk_id", Integer),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("claim", String(32), nullable=False),
    Column("provider_id", String(128), nullable=False),
    Column("reason", String(300), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("why", String(16), nullable=False, server_default=""),
    Column("delivered_at", UtcDateTime),
    UniqueConstraint("key", name="notices_key"),
    Index("notices_queue", "channel", "state", "not_before", "id"),
    Index("notices_contact", "channel", "contact_id"),
    Index("notices_dossier", "dossier_code"),
    Index("notices_bulk", "bulk_id", "state"),
    Index("notices_provider", "provider_id"),
)

# the pace of each channel, shared by all senders: a pause that its supplier asked for, and the next free moment
lanes = Table(
    "lanes",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("paused_until", UtcDateTime),
    Column("reason", String(300), nullable=False),
    Column("free_at", UtcDateTime),
    Column("month", String(7), nullable=False, server_default=""),  # in this month in Vietnam ...
    Column("month_count", Integer, nullable=False, server_default="0"),  # ... so many messages left, answers included
)

# announcements to followers, from the draft to the end
bulks = Table(
    "bulks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("scope", String(160), nullable=False),
    Column("template", String(64), nullable=False),
    Column("template_version", Integer, nullable=False),
    Column("fields", JsonText, nullable=False),
    Column("state", String(16), nullable=False),
    Column("made_by", String(100), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("approved_by", String(100), nullable=False),
    Column("approved_at", UtcDateTime),
    Column("stopped_by", String(100), nullable=False),
    Column("stopped_at", UtcDateTime),
    Column("queued", Integer, nullable=False),
    Column("cursor", String(255), nullable=False),
)

# the call list: dossiers whose people no channel reached
calls = Table(
    "calls",
    metadata,
    Column("dossier_code", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("reason", String(300), nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("why", String(16), nullable=False, server_default=""),
)

# what suppliers have delivered once: they may do so again, for days and to any machine
taken_messages = Table(
    "taken_messages",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("message_id", String(128), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Index("taken_messages_at", "at"),
)

# delivery receipts still to be told to the system that the dossiers come from
receipts = Table(
    "receipts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("notice_id", Integer, nullable=False),
    Column("body", JsonText, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", UtcDateTime, nullable=False),
    Index("receipts_not_before", "not_before"),
)

# Tokens of suppliers that rotate, with the lease of who may renew them; one row an account.
supplier_tokens = Table(
    "supplier_tokens",
    metadata,
    Column("account", String(128), primary_key=True),
    Column("access", Text, nullable=False),
    Column("refresh", Text, nullable=False),
    Column("obtained_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
    Column("holder", String(64)),
    Column("held_until", UtcDateTime),
)

# Snapshots of the search index on their way between machines: one row an upload, its files in pieces. What is not
# switched on in `published_snapshot` is invisible.
snapshot_uploads = Table(
    "snapshot_uploads",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("snapshot", String(64), nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("published_at", UtcDateTime),
)

snapshot_pieces = Table(
    "snapshot_pieces",
    metadata,
    Column("upload", String(32), ForeignKey("snapshot_uploads.id", ondelete="CASCADE"), primary_key=True),
    Column("file", String(200), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("data", LargeBinary, nullable=False),
)

# Which upload every machine serves: the one row named "current".
published_snapshot = Table(
    "published_snapshot",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("upload", String(32), nullable=False),
    Column("snapshot", String(64), nullable=False),
)
