"""Overrides of the catalogue, what imports changed, and publications of the index."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Engine, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot.catalogue_records import Built, Edit, Imported, ImportSummary, Outcome, Publication, RecordChange
from bot.storage.overrides_tables import catalogue_changes, catalogue_imports, catalogue_overrides, publications
from knowledge_base.centre import VIETNAM
from knowledge_base.overrides import Correct, Hide, Override, Phrase, Remark, Warn
from knowledge_base.procedure import Procedure
from knowledge_base.text import fold

KEPT_IMPORTS: Final = 3
"""Of how many imports every change is kept."""
KEPT_PUBLICATIONS: Final = 200
SILENT: Final = timedelta(minutes=2)
"""A build that says nothing for so long has died with its process."""
REPLACED: Final = "thay bằng nội dung mới"
_SLOT: Final = "building"
_ROWS_AT_ONCE: Final = 200


class OverrideStore:
    """What staff lay over the records; any machine's console writes here, every build reads it."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine, self._now = engine, now

    def add(self, override: Override) -> Edit:
        """Keep an override; an active one for the same thing (field, phrase, hiding) is withdrawn in its favour."""
        now = self._now()
        dated = msgspec.structs.replace(override, when=now.astimezone(VIETNAM).date().isoformat(), origin="")
        row = {
            "code": dated.code, "slot": slot_of(dated), "override": msgspec.json.encode(dated).decode(),
            "made_by": dated.who, "made_at": now, "why": dated.why,
            "withdrawn_by": "", "withdrawn_why": "",
        }  # fmt: skip
        with self._engine.begin() as connection:
            if row["slot"]:
                connection.execute(
                    update(catalogue_overrides)
                    .where(
                        catalogue_overrides.c.code == dated.code,
                        catalogue_overrides.c.slot == row["slot"],
                        catalogue_overrides.c.withdrawn_at.is_(None),
                    )
                    .values(withdrawn_by=dated.who, withdrawn_at=now, withdrawn_why=REPLACED)
                )
            made = insert(catalogue_overrides).values(**row).returning(catalogue_overrides)
            return _edit(connection.execute(made).one())

    def withdraw(self, number: int, *, by: str, why: str) -> bool:
        """Take an override back; False where it is not there or was withdrawn before."""
        change = (
            update(catalogue_overrides)
            .where(catalogue_overrides.c.id == number, catalogue_overrides.c.withdrawn_at.is_(None))
            .values(withdrawn_by=by[:100], withdrawn_at=self._now(), withdrawn_why=why[:500])
        )
        with self._engine.begin() as connection:
            return connection.execute(change).rowcount == 1

    def get(self, number: int) -> Edit | None:
        """One override."""
        found = self._find(catalogue_overrides.c.id == number)
        return found[0] if found else None

    def active(self) -> list[Edit]:
        """Every override that the next index takes, in the order in which they are laid."""
        return self._find(catalogue_overrides.c.withdrawn_at.is_(None))

    def of(self, code: str) -> list[Edit]:
        """The history of one procedure, oldest first."""
        return self._find(catalogue_overrides.c.code == code)

    def codes(self) -> set[str]:
        """Every procedure that was ever overridden at the console."""
        with self._engine.connect() as connection:
            return set(connection.execute(select(catalogue_overrides.c.code).distinct()).scalars())

    def latest(self, limit: int, offset: int = 0) -> list[Edit]:
        """The history of all procedures, newest first."""
        query = select(catalogue_overrides).order_by(catalogue_overrides.c.id.desc()).limit(limit).offset(offset)
        with self._engine.connect() as connection:
            return [_edit(row) for row in connection.execute(query)]

    def _find(self, condition: Any) -> list[Edit]:
        query = select(catalogue_overrides).where(condition).order_by(catalogue_overrides.c.id)
        with self._engine.connect() as connection:
            return [_edit(row) for row in connection.execute(query)]


class ImportStore:
    """What the last imports changed, for whoever compares."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine, self._now = engine, now

    def add(self, content: str, summary: ImportSummary, changes: Iterable[RecordChange]) -> Imported:
        """Keep what an import did; older ones keep no more than their place is worth."""
        row = {"at": self._now(), "content": content, "summary": msgspec.json.encode(summary).decode()}
        lines = [
            {"code": change.code, "before": _packed(change.before), "after": _packed(change.after)}
            for change in changes
        ]
        with self._engine.begin() as connection:
            made = connection.execute(insert(catalogue_imports).values(**row).returning(catalogue_imports)).one()
            for begin in range(0, len(lines), _ROWS_AT_ONCE):
                piece = [{"import_id": made.id, **line} for line in lines[begin : begin + _ROWS_AT_ONCE]]
                connection.execute(insert(catalogue_changes), piece)
            kept = select(catalogue_imports.c.id).order_by(catalogue_imports.c.id.desc()).limit(KEPT_IMPORTS)
            numbers = connection.execute(kept).scalars().all()
            connection.execute(delete(catalogue_changes).where(catalogue_changes.c.import_id.not_in(numbers)))
        return _imported(made)

    def last(self) -> Imported | None:
        """The newest import; None where the shipped catalogue serves as it came."""
        found = self.all(limit=1)
        return found[0] if found else None

    def all(self, limit: int = 50) -> list[Imported]:
        """Imports, newest first."""
        query = select(catalogue_imports).order_by(catalogue_imports.c.id.desc()).limit(limit)
        with self._engine.connect() as connection:
            return [_imported(row) for row in connection.execute(query)]

    def changes(self, number: int, *, code: str = "", limit: int = 50, offset: int = 0) -> list[RecordChange]:
        """What an import changed, by code."""
        query = select(catalogue_changes).where(catalogue_changes.c.import_id == number)
        if code:
            query = query.where(catalogue_changes.c.code == code)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(catalogue_changes.c.code).limit(limit).offset(offset)).all()
        return [RecordChange(code=row.code, before=_unpacked(row.before), after=_unpacked(row.after)) for row in rows]


class PublicationStore:
    """Builds that were started at a console: one at a time, on whichever machine."""

    def __init__(self, engine: Engine, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine, self._now = engine, now

    def start(self, *, by: str, only_words: bool, why: str, changes: Sequence[str]) -> Publication | None:
        """Begin; None while another one runs."""
        now = self._now()
        row = {
            "slot": _SLOT, "by": by[:100], "only_words": only_words, "why": why[:500], "started_at": now,
            "heard_at": now, "outcome": Outcome.RUNNING.value, "changes": msgspec.json.encode(list(changes)).decode(),
            "result": "", "message": "",
        }  # fmt: skip
        dead = (publications.c.slot == _SLOT) & (publications.c.heard_at < now - SILENT)
        newest = select(publications.c.id).order_by(publications.c.id.desc()).limit(KEPT_PUBLICATIONS)
        try:
            with self._engine.begin() as connection:
                connection.execute(
                    update(publications).where(dead).values(slot=None, outcome=Outcome.DIED.value, ended_at=now)
                )
                made = connection.execute(insert(publications).values(**row).returning(publications)).one()
                kept = connection.execute(newest).scalars().all()
                connection.execute(delete(publications).where(publications.c.id.not_in(kept)))
        except IntegrityError:
            return None
        return self._publication(made)

    def hear(self, number: int) -> None:
        """The build lives."""
        self._set(number, heard_at=self._now())

    def finish(self, number: int, built: Built) -> None:
        """How it ended."""
        self._set(
            number, slot=None, ended_at=self._now(), heard_at=self._now(), outcome=built.outcome.value,
            result=msgspec.json.encode(built).decode(), message=built.message,
        )  # fmt: skip

    def get(self, number: int) -> Publication | None:
        """One publication."""
        with self._engine.connect() as connection:
            row = connection.execute(select(publications).where(publications.c.id == number)).one_or_none()
        return None if row is None else self._publication(row)

    def latest(self, limit: int = 25, offset: int = 0) -> list[Publication]:
        """Publications, newest first."""
        query = select(publications).order_by(publications.c.id.desc()).limit(limit).offset(offset)
        with self._engine.connect() as connection:
            return [self._publication(row) for row in connection.execute(query)]

    def count(self) -> int:
        """How many there are."""
        with self._engine.connect() as connection:
            return connection.execute(select(func.count()).select_from(publications)).scalar_one()

    def _set(self, number: int, **values: object) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(publications).where(publications.c.id == number).values(**values))

    def _publication(self, row: Row[Any]) -> Publication:
        outcome = Outcome(row.outcome)
        if outcome is Outcome.RUNNING and row.heard_at < self._now() - SILENT:
            outcome = Outcome.DIED
        return Publication(
            id=row.id, by=row.by, only_words=row.only_words, why=row.why, started_at=row.started_at,
            ended_at=row.ended_at, outcome=outcome, changes=msgspec.json.decode(row.changes, type=tuple[str, ...]),
            result=msgspec.json.decode(row.result, type=Built) if row.result else None, message=row.message,
        )  # fmt: skip


def slot_of(override: Override) -> str:
    """What a newer override of the same code and slot replaces; "" where any number may stand side by side."""
    match override:
        case Hide():
            return "hide"
        case Correct():
            return f"correct:{override.field}"
        case Phrase():
            return f"phrase:{hashlib.sha256(fold(override.text).encode()).hexdigest()[:16]}"
        case Warn():
            return f"flag:{override.flag}"
        case Remark():
            return ""


def _edit(row: Row[Any]) -> Edit:
    override: Override = msgspec.json.decode(row.override, type=Override)
    return Edit(
        id=row.id, override=msgspec.structs.replace(override, origin=f"staff:{row.id}"), at=row.made_at,
        withdrawn_by=row.withdrawn_by, withdrawn_at=row.withdrawn_at, withdrawn_why=row.withdrawn_why,
    )  # fmt: skip


def _imported(row: Row[Any]) -> Imported:
    summary = msgspec.json.decode(row.summary, type=ImportSummary)
    return Imported(id=row.id, at=row.at, content=row.content, summary=summary)


def _packed(procedure: Procedure | None) -> str:
    return "" if procedure is None else msgspec.json.encode(procedure).decode()


def _unpacked(text: str) -> Procedure | None:
    return msgspec.json.decode(text, type=Procedure) if text else None
