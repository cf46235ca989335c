"""Importing files of dossiers with a report row by row."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from bot.dossier_records import Outcome
from bot.dossier_sources import Bad, Good, Skipped, Unreadable, read
from bot.dossier_sources.fields import Problem
from bot.personal import Hasher
from bot.storage.dossiers import DossierStore

PIECE = 200
"""Dossiers after which the progress is told."""
BACKWARDS = "goes back to an earlier status: nobody was told of it; was this an older file?"
REFUSED = "could not be kept: the database refuses one of its values"


class BadRow(msgspec.Struct, frozen=True):
    """A row that was left out, or kept with a warning, in one line for people. row: 0 for the whole file."""

    file: str
    row: int
    problems: tuple[Problem, ...]
    sheet: str = ""

    def __str__(self) -> str:
        reasons = "; ".join(f"{problem.column}: {problem.reason}".removeprefix(": ") for problem in self.problems)
        sheet = f", sheet {self.sheet}" if self.sheet else ""
        return f"{self.file}{sheet}{f', row {self.row}' if self.row else ''}: {reasons}"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did: rows read, rows by outcome, rows left out with reasons, files that could not be read.

    warnings: rows that were kept though something of them was not, or that look like an older file's.
    skipped: parts of files that were not read.
    """

    written: bool
    rows: int
    outcomes: dict[str, int]
    bad: tuple[BadRow, ...]
    unreadable: tuple[str, ...]
    warnings: tuple[BadRow, ...] = ()
    skipped: tuple[BadRow, ...] = ()

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self.outcomes.items()) or "nothing kept"
        warned = f", {len(self.warnings)} with a warning" if self.warnings else ""
        first = f"{self.rows} rows: {counts}, {len(self.bad)} left out{warned}" + ("" if self.written else " (dry run)")
        warnings = [f"warning: {row}" for row in (*self.skipped, *self.warnings)]
        return "\n".join([first, *self.unreadable, *map(str, self.bad), *warnings])


class Imported(msgspec.Struct):
    """What became of one file's rows, while they are imported."""

    rows: int = 0
    outcomes: Counter[str] = msgspec.field(default_factory=Counter)
    bad: list[BadRow] = msgspec.field(default_factory=list)
    warnings: list[BadRow] = msgspec.field(default_factory=list)
    skipped: list[BadRow] = msgspec.field(default_factory=list)


def import_file(
    path: Path,
    name: str,
    store: DossierStore,
    hasher: Hasher,
    now: datetime,
    *,
    write: bool,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Imported:
    """Keep every usable row of a file, which the report calls `name`; raises Unreadable before anything is kept."""
    done, good = Imported(), list[Good]()
    for row in read(path, hasher, now):
        match row:
            case Good():
                good.append(row)
                if row.warnings:
                    done.warnings.append(BadRow(name, row.number, row.warnings, row.sheet))
            case Bad():
                done.bad.append(BadRow(name, row.number, row.problems, row.sheet))
            case Skipped():
                done.skipped.append(BadRow(name, 0, (Problem("", row.reason),), row.part))
    done.rows = len(good) + len(done.bad)
    for begin in range(0, len(good), PIECE):
        piece = good[begin : begin + PIECE]
        for row, kept in zip(piece, store.upsert_all([row.change for row in piece], write=write), strict=True):
            done.outcomes[kept.outcome.value] += 1
            if kept.outcome is Outcome.FAILED:
                done.bad.append(BadRow(name, row.number, (Problem("", REFUSED),), row.sheet))
            if kept.backwards:
                done.warnings.append(BadRow(name, row.number, (Problem("", BACKWARDS),), row.sheet))
        progress(min(begin + PIECE, len(good)), len(good))
    return done


def import_files(
    paths: Sequence[Path], store: DossierStore, hasher: Hasher, now: datetime, *, write: bool = True
) -> Report:
    """Keep every usable row of the files; importing the same files again changes nothing."""
    files, unreadable = [], []
    for path in paths:
        try:
            files.append(import_file(path, path.name, store, hasher, now, write=write))
        except Unreadable as refusal:
            unreadable.append(str(refusal))
    outcomes: Counter[str] = sum((file.outcomes for file in files), Counter())
    return Report(
        written=write,
        rows=sum(file.rows for file in files),
        outcomes=dict(outcomes),
        bad=tuple(row for file in files for row in file.bad),
        unreadable=tuple(unreadable),
        warnings=tuple(row for file in files for row in file.warnings),
        skipped=tuple(row for file in files for row in file.skipped),
    )
