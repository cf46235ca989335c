"""Snapshots travel through the database: whole, checked, or not at all."""

import logging
import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, event, func, select, update

from bot.storage import snapshots
from bot.storage.snapshots import SnapshotStore, watch
from bot.storage.tables import published_snapshot, snapshot_pieces, snapshot_uploads
from knowledge_base.index import StaleOrDamaged, current_id, open_snapshot
from tests.fakes.small_index import NAMES, build_small, catalogue, save_encoder


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small encoder on disk."""
    return save_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture
def here(tmp_path: Path, encoder_folder: Path) -> Path:
    """The disk of the machine that builds."""
    build_small(tmp_path / "here", encoder_folder)
    return tmp_path / "here"


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """The empty disk of another machine."""
    return tmp_path / "there"


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of the small index take several pieces too."""
    monkeypatch.setattr(snapshots, "PIECE", 1000)


def build_next(index_dir: Path, encoder_folder: Path, number: int) -> str:
    """Build a snapshot that differs from those before; its name."""
    names = NAMES | {f"9.{number:06d}": f"Thủ tục số {number}"}
    assert build_small(index_dir, encoder_folder, catalogue=catalogue(names)).outcome == "published"
    name = current_id(index_dir)
    assert name is not None
    return name


def uploads(engine: Engine) -> list[str]:
    """The names of the snapshots in the database, oldest first."""
    with engine.connect() as connection:
        query = select(snapshot_uploads.c.snapshot).order_by(snapshot_uploads.c.begun_at)
        return list(connection.execute(query).scalars())


def test_another_machine_gets_what_was_published(engine: Engine, here: Path, there: Path) -> None:
    """Every file arrives as it was; a second look changes nothing."""
    store = SnapshotStore(engine)
    assert not store.fetch(there)
    assert store.publish(here)
    assert store.fetch(there)
    name = current_id(there)
    assert name == current_id(here)
    assert len(open_snapshot(there).catalogue) == len(NAMES)
    for file in (here / "snapshots" / str(name)).rglob("*"):
        if file.is_file():
            assert (there / file.relative_to(here)).read_bytes() == file.read_bytes()
    assert not store.fetch(there)
    assert not store.publish(here)


def test_no_piece_is_larger_than_agreed(engine: Engine, here: Path) -> None:
    """Rows stay small, whatever the size of a file."""
    SnapshotStore(engine).publish(here)
    with engine.connect() as connection:
        longest = connection.execute(select(func.max(func.length(snapshot_pieces.c.data)))).scalar_one()
        several = connection.execute(select(func.max(snapshot_pieces.c.number))).scalar_one()
    assert longest == 1000
    assert several > 1


class Killed(BaseException):
    """The process ends here."""


def test_a_half_upload_is_never_seen(engine: Engine, here: Path, there: Path, encoder_folder: Path) -> None:
    """Killed at any piece of the upload, the others see nothing of it, and the next upload succeeds."""
    store = SnapshotStore(engine)
    store.publish(here)
    store.fetch(there)
    old, new = current_id(there), build_next(here, encoder_folder, 1)
    pieces = 0

    def kill(_c: object, _u: object, statement: str, *_: object) -> None:
        nonlocal pieces
        if statement.startswith("INSERT INTO snapshot_pieces"):
            pieces += 1
            if pieces in (1, 5, 9):
                raise Killed

    event.listen(engine, "before_cursor_execute", kill)
    for _ in range(3):
        with pytest.raises(Killed):
            store.publish(here)
        assert not store.fetch(there)
        assert current_id(there) == old
    event.remove(engine, "before_cursor_execute", kill)
    assert store.publish(here)
    assert store.fetch(there)
    assert current_id(there) == new


def test_a_killed_download_leaves_the_old_one(
    engine: Engine, here: Path, there: Path, encoder_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever file it was at, the old snapshot serves on and the next try begins anew."""
    store = SnapshotStore(engine)
    store.publish(here)
    store.fetch(there)
    old, new = current_id(there), build_next(here, encoder_folder, 1)
    store.publish(here)
    whole = SnapshotStore._write
    for left in range(4):
        done = 0

        def write(self: SnapshotStore, upload: str, aside: Path, file: str, left: int = left) -> None:
            nonlocal done
            if done == left:
                raise Killed
            done += 1
            whole(self, upload, aside, file)

        monkeypatch.setattr(SnapshotStore, "_write", write)
        # a killed process cleans nothing up either
        monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(Killed):
            store.fetch(there)
        monkeypatch.undo()
        monkeypatch.setattr(snapshots, "PIECE", 1000)
        assert current_id(there) == old
        open_snapshot(there)
    assert store.fetch(there)
    assert current_id(there) == new
    assert not list((there / "snapshots").glob(".*"))


@pytest.mark.parametrize("how", ["changed", "missing", "exchanged"])
def test_damage_on_the_way_is_noticed(engine: Engine, here: Path, there: Path, how: str) -> None:
    """A changed, missing or exchanged piece is refused; nothing is published from it."""
    store = SnapshotStore(engine)
    store.publish(here)
    pieces = snapshot_pieces.c
    one = (pieces.file == "texts.json", pieces.number == 0)
    with engine.begin() as connection:
        if how == "changed":
            connection.execute(update(snapshot_pieces).where(*one).values(data=b"x"))
        elif how == "missing":
            connection.execute(delete(snapshot_pieces).where(*one))
        else:  # each piece is whole, the file is not: the manifest knows
            other = connection.execute(
                select(pieces.data, pieces.sha256).where(pieces.file == "catalogue.json")
            ).first()
            assert other is not None
            connection.execute(update(snapshot_pieces).where(*one).values(data=other[0], sha256=other[1]))
    with pytest.raises(StaleOrDamaged):
        store.fetch(there)
    assert current_id(there) is None
    assert not list((there / "snapshots").iterdir())


@pytest.mark.parametrize("name", ["../../evil", "/tmp/evil", ""])
def test_names_from_the_database_stay_in_the_folder(engine: Engine, here: Path, there: Path, name: str) -> None:
    """Whoever can write into the database can't write elsewhere on the disk of a machine."""
    store = SnapshotStore(engine)
    store.publish(here)
    with engine.begin() as connection:
        connection.execute(update(published_snapshot).values(snapshot=name))
    with pytest.raises(StaleOrDamaged):
        store.fetch(there)
    with pytest.raises(StaleOrDamaged, match="tên tệp"):
        store._write("upload", there, name)


def test_a_broken_snapshot_is_not_given_to_others(engine: Engine, here: Path) -> None:
    """Publishing checks every file first."""
    (here / "snapshots" / str(current_id(here)) / "texts.json").write_bytes(b"{}")
    with pytest.raises(StaleOrDamaged):
        SnapshotStore(engine).publish(here)
    assert SnapshotStore(engine).published() is None


def test_the_last_three_are_kept(engine: Engine, here: Path, there: Path, encoder_folder: Path) -> None:
    """In the database and on the other disk; what goes takes its pieces along."""
    store = SnapshotStore(engine)
    names = []
    for number in range(5):
        names.append(build_next(here, encoder_folder, number))
        store.publish(here)
        store.fetch(there)
    assert uploads(engine) == names[-3:]
    assert {folder.name for folder in (there / "snapshots").iterdir()} == set(names[-3:])
    with engine.connect() as connection:
        assert connection.execute(select(func.count(snapshot_pieces.c.upload.distinct()))).scalar_one() == 3


def test_an_upload_given_up_is_dropped_after_an_hour(engine: Engine, here: Path, encoder_folder: Path) -> None:
    """A killed upload leaves pieces; a running one on another machine is left alone."""
    begun = datetime(2026, 11, 23, 12, tzinfo=UTC)
    for minutes in (0, 90):
        row = {"id": f"dead{minutes}", "snapshot": f"dead{minutes}", "begun_at": begun + timedelta(minutes=minutes)}
        with engine.begin() as connection:
            connection.execute(snapshot_uploads.insert().values(**row))
    SnapshotStore(engine, now=lambda: begun + timedelta(minutes=100)).publish(here)
    assert sorted(uploads(engine)) == sorted(["dead90", str(current_id(here))])


def test_going_back_needs_no_download(
    engine: Engine, here: Path, there: Path, encoder_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snapshot that the disk still has is switched to as it is."""
    store = SnapshotStore(engine)
    first = build_next(here, encoder_folder, 1)
    store.publish(here)
    store.fetch(there)
    build_next(here, encoder_folder, 2)
    store.publish(here)
    store.fetch(there)
    build_next(here, encoder_folder, 1)
    store.publish(here)
    monkeypatch.setattr(store, "_download", None)
    assert store.fetch(there)
    assert current_id(there) == first


def test_a_running_machine_takes_it_up_by_itself(engine: Engine, here: Path, there: Path) -> None:
    """The watching thread fetches what appears, and ends when told."""
    stop = threading.Event()
    watching = threading.Thread(target=watch, args=(engine, there, 0.01, stop))
    watching.start()
    SnapshotStore(engine).publish(here)
    try:
        for _ in range(500):
            if current_id(there) or stop.wait(0.02):
                break
        assert current_id(there) == current_id(here)
    finally:
        stop.set()
        watching.join(10)
    assert not watching.is_alive()


def test_a_snapshot_of_another_version_is_refused_once(
    engine: Engine, here: Path, there: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """During an upgrade old machines keep their snapshot: they say so once, and fetch no more than the manifest."""
    SnapshotStore(engine).publish(here)
    monkeypatch.setattr("knowledge_base.index.vocabulary_hash", lambda: "another")
    written: list[str] = []
    whole = SnapshotStore._write

    def write(self: SnapshotStore, upload: str, aside: Path, file: str) -> None:
        written.append(file)
        whole(self, upload, aside, file)

    monkeypatch.setattr(SnapshotStore, "_write", write)
    rounds = 0

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            nonlocal rounds
            rounds += 1
            return rounds > 4

    with caplog.at_level(logging.WARNING):
        watch(engine, there, 20, Stop())
    assert len(caplog.records) == 1
    assert written == ["manifest.json"]
    assert current_id(there) is None


def test_an_absent_database_is_waited_for(
    engine: Engine, there: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The watching thread survives whatever the database does."""
    with engine.begin() as connection:
        published_snapshot.drop(connection)
    rounds = 0

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            nonlocal rounds
            rounds += 1
            return rounds > 2

    watch(engine, there, 20, Stop())
    assert rounds == 3
    assert "trying on" in caplog.text
