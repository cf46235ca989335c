"""The published snapshot of the search index, carried by the database to machines that share no disk."""

import hashlib
import logging
import os
import re
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec
from sqlalchemy import Connection, Engine, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from bot.storage.tables import published_snapshot, snapshot_pieces, snapshot_uploads
from knowledge_base import index
from knowledge_base.index import StaleOrDamaged

log: Final = logging.getLogger(__name__)

PIECE: Final = 4 * 1024 * 1024
"""Bytes of a file in one row: no statement and no transaction is large."""
KEPT: Final = 3
"""How many snapshots stay in the database, the serving one among them."""
GIVEN_UP_AFTER: Final = timedelta(hours=1)
"""An upload that was never switched on is dropped after so long: its process died."""
CURRENT: Final = "current"
MANIFEST: Final = "manifest.json"


class Published(msgspec.Struct, frozen=True):
    """What every machine is to serve: the upload that holds it, and the name of the snapshot."""

    upload: str
    snapshot: str


class SnapshotStore:
    """Publishes the snapshot of this machine for all, and takes up what another machine published."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine, self._now = engine, now

    def published(self) -> Published | None:
        """What is switched on; None where nothing was ever published."""
        query = select(published_snapshot).where(published_snapshot.c.name == CURRENT)
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Published(row.upload, row.snapshot)

    def publish(self, index_dir: Path) -> bool:
        """Upload the serving snapshot of `index_dir` and switch it on for all; False if that one is on already.

        Nobody sees anything of it before the last statement. Raises StaleOrDamaged for a snapshot that can't serve.
        """
        name = index.current_id(index_dir)
        before = self.published()
        if name is not None and before is not None and before.snapshot == name:
            return False
        with index.alone(index_dir):
            snapshot = index.open_snapshot(index_dir)  # checks every file: nothing broken is given to others
            name = snapshot.manifest.snapshot
            folder = index_dir / "snapshots" / name
            upload = uuid.uuid4().hex
            with self._engine.begin() as connection:
                connection.execute(insert(snapshot_uploads).values(id=upload, snapshot=name, begun_at=self._now()))
            for file in (MANIFEST, *snapshot.manifest.files):
                self._upload(upload, folder, file)
        self._switch(Published(upload, name))
        return True

    def fetch(self, index_dir: Path) -> bool:
        """Let `index_dir` serve what is switched on; False where it does already, or nothing is.

        Raises StaleOrDamaged where the snapshot can't be used here (made by another version, or damaged on its way),
        SQLAlchemyError and OSError where it can't be had; the old snapshot then goes on serving.
        """
        wanted = self.published()
        if wanted is None or wanted.snapshot == index.current_id(index_dir):
            return False
        if not re.fullmatch(r"[0-9A-Za-z]{1,64}", wanted.snapshot):
            raise StaleOrDamaged("Tên bộ tra cứu trong cơ sở dữ liệu không hợp lệ. " + index.REBUILD)
        with index.alone(index_dir):
            if wanted.snapshot == index.current_id(index_dir):
                return False  # another process on this disk was first
            if not _serves(index_dir / "snapshots" / wanted.snapshot):
                self._download(wanted, index_dir)
            index.publish_pointer(index_dir, wanted.snapshot)
            index.forget_old(index_dir, wanted.snapshot)
        return True

    def _upload(self, upload: str, folder: Path, file: str) -> None:
        with (folder / file).open("rb") as stream:
            number = 0
            while (data := stream.read(PIECE)) or number == 0:
                row = {
                    "upload": upload,
                    "file": file,
                    "number": number,
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "data": data,
                }
                with self._engine.begin() as connection:
                    connection.execute(insert(snapshot_pieces), [row])
                number += 1

    def _switch(self, to: Published) -> None:
        """The one moment at which a snapshot becomes visible; old ones go."""
        change = update(published_snapshot).where(published_snapshot.c.name == CURRENT)
        new = {"upload": to.upload, "snapshot": to.snapshot}
        finished = update(snapshot_uploads).where(snapshot_uploads.c.id == to.upload)
        try:
            with self._engine.begin() as connection:
                connection.execute(finished.values(published_at=self._now()))
                if connection.execute(change.values(**new)).rowcount == 0:
                    connection.execute(insert(published_snapshot).values(name=CURRENT, **new))
                self._prune(connection, to)
        except IntegrityError:  # two machines publish for the first time: the later one has the say
            self._switch(to)

    def _prune(self, connection: Connection, current: Published) -> None:
        uploads = snapshot_uploads.c
        newest = select(uploads.id).where(uploads.published_at.is_not(None), uploads.id != current.upload)
        kept = connection.execute(newest.order_by(uploads.published_at.desc()).limit(KEPT - 1)).scalars().all()
        over = or_(uploads.published_at.is_not(None), uploads.begun_at < self._now() - GIVEN_UP_AFTER)
        connection.execute(delete(snapshot_uploads).where(over, uploads.id.not_in([current.upload, *kept])))

    def _download(self, wanted: Published, index_dir: Path) -> None:
        """Everything aside and checked; only then the folder gets its name."""
        snapshots = index_dir / "snapshots"
        aside, folder = snapshots / f".{wanted.snapshot}.new", snapshots / wanted.snapshot
        try:
            self._write(wanted.upload, aside, MANIFEST)
            manifest = index.read_manifest(aside)
            if manifest.vocabulary != index.vocabulary_hash():  # before 60 MB are fetched in vain
                raise StaleOrDamaged(f"Bộ tra cứu {wanted.snapshot} dựng với bảng từ vựng khác. {index.REBUILD}")
            for file in manifest.files:
                self._write(wanted.upload, aside, file)
            index.read_snapshot(aside)
            if folder.exists():  # left from before, and broken
                shutil.rmtree(folder)
            aside.replace(folder)
            index.sync_folder(snapshots)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _write(self, upload: str, aside: Path, file: str) -> None:
        parts = PurePosixPath(file).parts
        if not parts or file.startswith("/") or ".." in parts:
            raise StaleOrDamaged(f"Bộ tra cứu có tên tệp không hợp lệ: {file!r}. {index.REBUILD}")
        target = aside / file
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as stream:
            for data in self._pieces(upload, file):
                stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())

    def _pieces(self, upload: str, file: str) -> Iterator[bytes]:
        pieces = snapshot_pieces.c
        mine = (pieces.upload == upload, pieces.file == file)
        with self._engine.connect() as connection:
            numbers = connection.execute(select(pieces.number).where(*mine).order_by(pieces.number)).scalars().all()
        if not numbers or numbers != list(range(len(numbers))):
            raise StaleOrDamaged(f"Bộ tra cứu trong cơ sở dữ liệu thiếu một phần của tệp {file}. {index.REBUILD}")
        for number in numbers:
            one = select(snapshot_pieces.c.data, pieces.sha256).where(*mine, pieces.number == number)
            with self._engine.connect() as connection:
                row = connection.execute(one).one_or_none()
            if row is None or hashlib.sha256(row[0]).hexdigest() != row[1]:
                raise StaleOrDamaged(f"Tệp {file} của bộ tra cứu trong cơ sở dữ liệu bị hỏng. {index.REBUILD}")
            yield bytes(row[0])


def watch(engine: Engine, index_dir: Path, every: float = 20.0, stop: threading.Event | None = None) -> None:
    """Take up what other machines publish, every so many seconds, until `stop`; the body of a thread, never raises."""
    store, refused = SnapshotStore(engine), ""
    stop = stop or threading.Event()
    while not stop.wait(every):
        try:
            wanted = store.published()
            if wanted is None or wanted.upload == refused:
                continue
            refused = ""
            try:
                if store.fetch(index_dir):
                    log.info("index %s fetched from the database", wanted.snapshot)
            except StaleOrDamaged as refusal:
                refused = wanted.upload  # told once; the next one that is published gets its chance
                log.warning("the index published by another machine is not taken up: %s", refusal)
        except (SQLAlchemyError, OSError) as error:
            log.warning("the published index can't be fetched (%s); trying on", type(error).__name__)
        except Exception:  # the machine goes on with its old snapshot
            log.exception("the published index can't be fetched; trying on")


def _serves(folder: Path) -> bool:
    if not folder.exists():
        return False
    try:
        index.read_snapshot(folder)
    except StaleOrDamaged:
        return False
    return True
