"""The schema and the refusals of the database."""

import importlib
import pkgutil
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import StatementError

from bot import storage
from bot.storage.database import MIGRATIONS, NEWEST, DatabaseError, open_database
from bot.storage.tables import metadata, sessions


def test_the_migrations_make_exactly_the_tables(empty_database_url: str) -> None:
    """What the migrations build is what the stores declare."""
    engine = open_database(empty_database_url)
    for module in pkgutil.iter_modules(storage.__path__, "bot.storage."):
        importlib.import_module(module.name)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_the_newest_migration_is_known_by_name() -> None:
    """A start that finds it in the database looks no further; there is one line of migrations."""
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [NEWEST]


def test_opening_twice_changes_nothing(empty_database_url: str) -> None:
    """A second start finds the schema current."""
    open_database(empty_database_url).dispose()
    open_database(empty_database_url).dispose()


def test_identical_processes_may_start_together(empty_database_url: str) -> None:
    """Four processes migrate the same empty database at once; none fails."""
    program = f"from bot.storage.database import open_database; open_database({empty_database_url!r})"
    started = [subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True) for _ in range(4)]
    errors = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0, 0], errors


def test_moments_keep_their_zone(engine: Engine) -> None:
    """14:30 in Bắc Giang comes back as the same moment; a datetime without a zone is refused."""
    moment = datetime(2026, 11, 23, 14, 30, tzinfo=timezone(timedelta(hours=7)))
    row = {"channel": "web", "contact_id": "1", "version": 1, "state": "{}"}
    with engine.begin() as connection:
        connection.execute(insert(sessions).values(**row, updated_at=moment))
        read = connection.execute(select(sessions.c.updated_at)).scalar_one()
    assert read == moment
    assert read.tzinfo is not None
    with pytest.raises(StatementError, match="without a zone"), engine.begin() as connection:
        connection.execute(insert(sessions).values(**(row | {"contact_id": "2"}), updated_at=datetime(2026, 1, 1)))  # noqa: DTZ001


@pytest.mark.parametrize("url", ["not a url", "postgresql://nobody@127.0.0.1:1/none"])
def test_an_unusable_database_says_what_to_mend(url: str) -> None:
    """The message names DATABASE_URL."""
    with pytest.raises(DatabaseError, match="DATABASE_URL"):
        open_database(url)


def test_the_folder_of_a_sqlite_file_is_made(tmp_path: Path) -> None:
    """A fresh clone has no var/ yet."""
    open_database(f"sqlite:///{tmp_path / 'a' / 'b' / 'motcua.db'}").dispose()
    assert (tmp_path / "a" / "b" / "motcua.db").exists()
