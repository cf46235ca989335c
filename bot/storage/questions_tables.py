"""Tables of questions that were not answered well. No column says who asked."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from bot.storage.database import JsonText, UtcDateTime
from bot.storage.tables import metadata

# one row a question, however often and by whomever it was asked
questions = Table(
    "questions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("key", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("times", Integer, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("code", String(32), nullable=False),
    Column("phrase", Text, nullable=False),
    Column("decided_by", String(100), nullable=False),
    Column("decided_at", UtcDateTime),
    Column("why", String(500), nullable=False),
    Index("questions_state", "state", "last_at"),
)

# each time that one ended badly; `message` is a keyed hash, so that a page that runs twice counts once
question_occurrences = Table(
    "question_occurrences",
    metadata,
    Column("message", String(64), primary_key=True),
    Column("question_id", Integer, ForeignKey("questions.id", ondelete="CASCADE"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("channel", String(32), nullable=False),
    Column("offered", JsonText, nullable=False),
    Column("ending", String(16), nullable=False),
    Index("question_occurrences_question", "question_id", "at"),
    Index("question_occurrences_at", "at"),
)

# what staff did with a question
question_decisions = Table(
    "question_decisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("question_id", Integer, ForeignKey("questions.id", ondelete="CASCADE"), nullable=False),
    Column("action", String(16), nullable=False),
    Column("decided_by", String(100), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("why", String(500), nullable=False),
    Column("code", String(32), nullable=False),
    Column("phrase", Text, nullable=False),
    Index("question_decisions_question", "question_id", "id"),
)
