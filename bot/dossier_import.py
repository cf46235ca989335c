"""Importing files of dossiers with a report row by row."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from bot.dossier_records import Change, Kept, Outcome
from bot.dossier_sources import Bad, Good, Unreadable, read
from bot.dossier_sources.fields import Problem
from bot.personal import Hasher
from bot.storage.dossiers import DossierStore


class BadRow(msgspec.Struct, frozen=True):
    """A row that was left out, in one line for people."""

    file: str
    row: int
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        reasons = "; ".join(f"{problem.column}: {problem.reason}" for problem in self.problems)
        return f"{self.file}, row {self.row}: {reasons}"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did: rows read, rows by outcome, rows left out with reasons, files that could not be read."""

    written: bool
    rows: int
    outcomes: dict[str, int]
    bad: tuple[BadRow, ...]
    unreadable: tuple[str, ...]

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self.outcomes.items()) or "nothing kept"
        lines = [f"{self.rows} rows: {counts}, {len(self.bad)} left out" + ("" if self.written else " (dry run)")]
        return "\n".join([*lines, *map(str, self.bad), *self.unreadable])


def import_files(
    paths: Sequence[Path], store: DossierStore, hasher: Hasher, now: datetime, *, write: bool = True
) -> Report:
    """Keep every usable row of the files; importing the same files again changes nothing."""
    rows, bad, unreadable = 0, [], []
    outcomes: dict[str, int] = {}
    for path in paths:
        changes: list[Change] = []
        try:
            for row in read(path, hasher, now):
                rows += 1
                match row:
                    case Good():
                        changes.append(row.change)
                    case Bad():
                        bad.append(BadRow(path.name, row.number, row.problems))
        except Unreadable as refusal:
            unreadable.append(str(refusal))
            continue
        for kept in store.upsert_all(changes, write=write):
            outcome = _told(kept)
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
    return Report(written=write, rows=rows, outcomes=outcomes, bad=tuple(bad), unreadable=tuple(unreadable))


def _told(kept: Kept) -> str:
    return Outcome(kept.outcome).value
