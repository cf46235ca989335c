"""Long work that staff started: how far it is, and its report. Any machine can tell."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import msgspec
from sqlalchemy import Engine, delete, insert, select, update

from bot.storage.staff_tables import jobs

KEPT: Final = timedelta(days=7)
SILENT: Final = timedelta(minutes=2)
"""Running work that says nothing for so long has died with its process."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """done of total, in whatever the work counts (total 0: not known yet). report: lines for people."""

    id: str
    title: str
    login: str
    state: Literal["running", "done", "failed", "died"]
    done: int
    total: int
    report: tuple[str, ...]
    started_at: datetime


class JobStore:
    """One row a piece of work; rows older than a week are cleared away."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now

    def start(self, title: str, login: str) -> str:
        """The id of a new job, which nobody can guess."""
        now, job_id = self._now(), uuid.uuid4().hex
        row = {"id": job_id, "title": title[:200], "login": login, "state": "running", "done": 0, "total": 0}
        with self._engine.begin() as connection:
            connection.execute(delete(jobs).where(jobs.c.started_at < now - KEPT))
            connection.execute(insert(jobs).values(**row, report="[]", started_at=now, updated_at=now))
        return job_id

    def progress(self, job_id: str, done: int, total: int) -> None:
        """How far it is."""
        self._set(job_id, done=done, total=total)

    def finish(self, job_id: str, report: list[str], *, failed: bool = False) -> None:
        """It has ended; what it says to people."""
        self._set(job_id, state="failed" if failed else "done", report=msgspec.json.encode(report).decode())

    def _set(self, job_id: str, **values: object) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(**values, updated_at=self._now()))

    def get(self, job_id: str, login: str) -> Job | None:
        """The job, for who started it."""
        query = select(jobs).where(jobs.c.id == job_id, jobs.c.login == login)
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        died = row.state == "running" and row.updated_at < self._now() - SILENT
        return Job(
            id=row.id,
            title=row.title,
            login=row.login,
            state="died" if died else row.state,
            done=row.done,
            total=row.total,
            report=msgspec.json.decode(row.report, type=tuple[str, ...]),
            started_at=row.started_at,
        )
