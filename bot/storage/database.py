"""The engine: the only file that names a database dialect.

One `DATABASE_URL`: SQLite in WAL mode by default, PostgreSQL where several machines serve.
"""

import math
import re
import sqlite3
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, DateTime, Dialect, Engine, Table, Text, create_engine, event, inspect, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DisconnectionError, OperationalError
from sqlalchemy.pool import StaticPool
from sqlalchemy.types import TypeDecorator

MIGRATIONS: Final = Path(__file__).parent / "migrations"
NEWEST: Final = "0040"
"""The last of the migrations; a test holds it to them."""
NUL: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
"""The escaped NUL character, which PostgreSQL refuses even there; not a typed backslash before "u0000"."""
IN_MEMORY: Final = "sqlite://"
READING: Final = "motcua_reading"
CONNECTIONS: Final = 20
"""Kept open per process, as many as threads use at once. None beyond these: to open and close one costs more than a
transaction, on PostgreSQL a process."""
QUIET: Final = 5.0
"""Seconds after which an unused connection is asked whether it still lives before it is used."""


class DatabaseError(RuntimeError):
    """The database can't be used; the message says what to mend."""


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in UTC on every database: SQLite forgets zones, so they are put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive datetimes, store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a zone can't be stored: use an aware one")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class JsonText(TypeDecorator[str]):
    """JSON as text, encoded and decoded by the stores with msgspec; NUL, which PostgreSQL refuses, is dropped."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Drop the escaped NUL character."""
        return NUL.sub(r"\1", value) if value else value


def open_database(url: str) -> Engine:
    """An engine for this URL with the newest schema; raises DatabaseError with what to mend."""
    try:
        parsed = make_url(url)
        engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed)
        migrate(engine)
    except ArgumentError:
        raise DatabaseError(
            "DATABASE_URL is not a database URL, e.g. sqlite:///var/motcua.db or postgresql://user@host/db"
        ) from None
    except OperationalError as error:
        raise DatabaseError(
            f"the database can't be reached ({error.orig}): check DATABASE_URL and that the server runs"
        ) from error
    return engine


def reading(engine: Engine) -> Engine:
    """The same database for single queries that write nothing: they take no lock and open no transaction.

    Two queries on one of its connections may see different states.
    """
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="AUTOCOMMIT")
    return engine.execution_options(**{READING: True})


def serves_several_machines(engine: Engine) -> bool:
    """Whether machines that share no disk may share this database."""
    return engine.dialect.name == "postgresql"


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest version; safe to run from several processes at once."""
    if _is_newest(engine):
        return
    from alembic import command  # noqa: PLC0415 - a tenth of a second, which nearly every start can do without
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # identical processes start together: one migrates, the others wait
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7316283)")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _is_newest(engine: Engine) -> bool:
    with reading(engine).connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [NEWEST]


def insert_missing(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> int:
    """Insert the rows whose unique keys are not there yet; how many. Others, also of other processes, stay as they are.

    A refused plain INSERT would end the whole transaction on PostgreSQL.
    """
    if not rows:
        return 0
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    # counted by what comes back: the driver of PostgreSQL tells no row count here
    key = next(iter(table.primary_key.columns))
    return len(connection.execute(make(table).on_conflict_do_nothing().returning(key), rows).all())


def _sqlite(url: URL) -> Engine:
    if url.database in (None, "", ":memory:"):
        engine = create_engine(
            url, hide_parameters=True, poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
    else:
        assert url.database is not None
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            url, hide_parameters=True, connect_args={"timeout": 30}, pool_size=CONNECTIONS, max_overflow=0
        )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # transactions begin explicitly below: the driver's own legacy mode would begin them too late
        connection.isolation_level = None
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA busy_timeout=30000")

    # Within this process the transactions queue up here: SQLite's own waiting sleeps for up to 0.1 s at a time, while a
    # transaction takes less than a millisecond. Among processes it waits as before.
    alone = threading.Lock()
    holder: list[object] = []  # not in connection.info, which a broken connection refuses to show

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        if connection.get_execution_options().get(READING):
            return
        # a writer takes its place at the start: a read that turns into a write can't be refused half-way
        alone.acquire()
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except BaseException:
            alone.release()
            raise
        holder.append(connection)

    @event.listens_for(engine, "commit")
    @event.listens_for(engine, "rollback")
    def end(connection: Any) -> None:
        if holder and holder[0] is connection:
            holder.clear()
            alone.release()

    return engine


def _write_ahead(connection: Any) -> None:
    """Switch to WAL. Of processes that start together on a new file one is refused at once, whatever its time-out."""
    for attempt in range(50):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if attempt == 49:
                raise
            time.sleep(0.1)
        else:
            return


def _postgresql(url: URL) -> Engine:
    import psycopg  # noqa: PLC0415 - not needed with SQLite

    engine = create_engine(
        url.set(drivername="postgresql+psycopg"), hide_parameters=True, pool_size=CONNECTIONS, max_overflow=0
    )

    # SQLAlchemy's own pre-ping asks before every transaction, which doubles what a short one costs
    @event.listens_for(engine, "checkin")
    def put_back(_connection: Any, record: Any) -> None:
        record.info["used"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def take(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("used", math.inf) > QUIET:
            try:
                connection.execute("SELECT 1")
                connection.rollback()
            except psycopg.OperationalError as error:
                raise DisconnectionError from error  # the pool opens another one

    return engine
