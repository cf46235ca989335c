"""Databases of single tests on a PostgreSQL server."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import URL, Connection, create_engine, text

EMPTY: Final = "template1"
"""The server's own empty database."""


@contextmanager
def administered(server: URL) -> Iterator[Connection]:
    """A connection of the server's administrator, outside any transaction."""
    admin = create_engine(server.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        yield connection
    admin.dispose()


@contextmanager
def on_postgresql(server: URL, template: str) -> Iterator[str]:
    """URL of a database of its own, copied from `template` and dropped at the end."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with administered(server) as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield server.set(database=name).render_as_string(hide_password=False)
    with administered(server) as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
