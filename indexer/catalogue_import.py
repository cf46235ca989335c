"""The import run: read the sources, compare with the catalogue, write what changed, report everything.

The assignment of procedures to agencies and counters lives in the catalogue itself and is kept; a new procedure needs
a row in a mapping CSV (code, counter, agency), otherwise it is reported and kept out.
"""

import csv
import io
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from indexer.facts.periods import periods_in
from indexer.keeping import MOST_GONE, Record, loss_findings, too_much_lost
from indexer.sources import SourceRefused, read_source
from indexer.sources.finding import Finding, Reading
from indexer.sources.sections import EVERYTHING
from knowledge_base.catalogue import encode_file, read_folder
from knowledge_base.procedure import DurationKind, FeeKind, FeeLine, Flag, LegalDocument, Procedure

_LOOK_FIRST = "Hãy xem lại tệp xuất; nếu đúng là như vậy thì nhập lại với --allow-loss."
_KEPT_IF_MISSING = ("source", "record_date", "topics", "issuer", "field", "decision", "address", "executing", "levels")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One field of one procedure, before and after, as short text."""

    code: str
    field: str
    old: str
    new: str


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a run read, found and changed. `written` are names of files; none where nothing changed."""

    sources: int = 0
    records: int = 0
    in_catalogue: int = 0
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    unassigned: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    written: tuple[str, ...] = ()
    refused: str = ""
    """Why nothing was written, where a written catalogue would have lost too much."""

    def as_json(self) -> bytes:
        """The whole report, for a machine."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"

    def __str__(self) -> str:
        changed = len({change.code for change in self.changes})
        lines = [
            f"Đã đọc {self.records} bản ghi từ {self.sources} tệp. Danh mục có {self.in_catalogue} thủ tục.",
            f"Mới: {len(self.new)}. Thay đổi: {changed}. Không còn trên Cổng: {len(self.gone)}.",
            f"Chưa phân về quầy nào: {len(self.unassigned)}.",
        ]
        lines += [f"  + {code}" for code in self.new[:20]] + [f"  - {code}" for code in self.gone[:20]]
        lines += [f"  * {change.code} {change.field}: {change.old} → {change.new}" for change in self.changes[:40]]
        if len(self.changes) > 40:
            lines.append(f"  … và {len(self.changes) - 40} thay đổi khác (xem bản JSON).")
        if self.unassigned:
            more = "…" if len(self.unassigned) > 10 else "."
            lines.append(
                f"Thủ tục chưa có trong bảng phân công nên chưa đưa vào: {', '.join(self.unassigned[:10])}{more}"
                " Hãy thêm dòng (mã, quầy, cơ quan) vào tệp phân công rồi nhập lại."
            )
        titles = {"rejected": "Không nhận", "repaired": "Đã sửa", "reported": "Cần xem lại"}
        for action, title in titles.items():
            counted = Counter((found.field, found.reason) for found in self.findings if found.action == action)
            if counted:
                lines.append(f"{title}:")
            lines += [f"  {count} × {field}: {reason}" for (field, reason), count in counted.most_common(15)]
        refused = [found for found in self.findings if found.action == "rejected"][:20]
        lines += [f"  {found.row}: {found.code or '(không mã)'}: {found.reason}" for found in refused]
        lines.append(f"Đã ghi {len(self.written)} tệp." if self.written else "Không ghi tệp nào.")
        if self.refused:
            lines.append(self.refused)
        return "\n".join(lines)


class Desk(NamedTuple):
    """Which agency's desk at which counter takes a procedure."""

    agency: str
    counter: Literal["province", "commune"]


def run_import(
    paths: Sequence[Path],
    catalogue_dir: Path,
    *,
    centre: Path | None,
    keep_prose: bool,
    today: date,
    write: bool,
    complete: bool = False,
    allow_loss: bool = False,
) -> ImportReport:
    """Read `paths` and bring the catalogue in `catalogue_dir` up to date.

    `centre`: CSV (code, counter, agency) for new or moved procedures. `keep_prose`: steps, conditions and remarks are
    kept (the centre's own export) instead of facts only. `today`: the day against which periods have ended.
    `complete`: the paths are a full export, so what is missing there has left the portal. Where more than a few
    procedures would lose all their papers, fees or times, nothing is written unless `allow_loss`. Without `write`
    nothing is touched. A file that cannot be read is a finding, never an exception; a broken catalogue folder raises
    CatalogueError.
    """
    readings, findings = _read(paths)
    before = {found.code: found for found in read_folder(catalogue_dir)} if catalogue_dir.is_dir() else {}
    desks = {code: Desk(found.agency, found.counter) for code, found in before.items()}
    assigned, problems = read_centre(centre) if centre else ({}, ())
    findings += problems
    desks.update(assigned)

    full, listed, duplicates = _one_per_code(readings)
    read = full.keys() | listed.keys()
    findings += duplicates
    after = dict(before)
    unassigned = []
    for code in sorted(read):
        if code not in desks:
            unassigned.append(code)
            continue
        merged = _merged(before.get(code), full.get(code), listed.get(code))
        after[code] = finished(replace(merged, **desks[code]._asdict()), keep_prose=keep_prose, today=today)
    for code in before.keys() & assigned.keys() - read:
        after[code] = replace(before[code], **assigned[code]._asdict())
    gone: tuple[str, ...] = ()
    if complete:
        arrived = read | {found.code for found in findings if found.action == "rejected"}
        unread = any(found.action == "rejected" and not found.code for found in findings)
        gone, refused = _gone(before, arrived, unread=unread)
        findings += refused
        after = {code: found for code, found in after.items() if code not in gone}

    changes = tuple(
        change for code in sorted(before.keys() & after.keys()) for change in _changes(before[code], after[code])
    )
    findings += loss_findings(before, after)
    lost = "" if allow_loss else too_much_lost(before, after, read)
    written = _write(after.values(), catalogue_dir) if write and after and not lost else ()
    return ImportReport(
        sources=len(paths),
        records=sum(len(reading.procedures) for reading in readings),
        in_catalogue=len(after),
        new=tuple(sorted(after.keys() - before.keys())),
        gone=gone,
        changes=changes,
        unassigned=tuple(unassigned),
        findings=tuple(findings),
        written=written,
        refused=f"Không ghi gì: {lost}. {_LOOK_FIRST}" if lost else "",
    )


def _read(paths: Sequence[Path]) -> tuple[list[Reading], list[Finding]]:
    readings: list[Reading] = []
    findings: list[Finding] = []
    for path in paths:
        try:
            reading = read_source(path)
        except SourceRefused as refused:
            findings.append(Finding(code="", field="file", reason=str(refused), action="rejected", row=path.name))
            continue
        readings.append(reading)
        findings.extend(reading.findings)
    return readings, findings


def read_centre(path: Path) -> tuple[dict[str, Desk], tuple[Finding, ...]]:
    """The assignment CSV: columns code, counter (province or commune), agency."""
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = f"không đọc được tệp phân công ({error}). Hãy lưu lại thành CSV UTF-8 với cột code, counter, agency."
        return {}, (Finding(code="", field="centre", reason=reason, action="rejected", row=path.name),)
    desks: dict[str, Desk] = {}
    findings = []
    for number, row in enumerate(rows, 2):
        code, counter, agency = ((row.get(key) or "").strip() for key in ("code", "counter", "agency"))
        if code and counter in ("province", "commune") and re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", agency):
            desks[code] = Desk(agency, "commune" if counter == "commune" else "province")
        else:
            reason = "dòng phân công cần mã, quầy (province hoặc commune) và mã cơ quan"
            findings.append(
                Finding(code=code, field="centre", reason=reason, action="rejected", row=f"{path.name}, dòng {number}")
            )
    return desks, tuple(findings)


def _one_per_code(
    readings: Iterable[Reading],
) -> tuple[dict[str, Record], dict[str, Procedure], tuple[Finding, ...]]:
    """The records and the list rows, one per code: of two records the later one, of two equally old the first.

    What the one that is kept does not tell is taken from the other. A record without detail is a row of a list.
    """
    full: dict[str, Record] = {}
    listed: dict[str, Procedure] = {}
    findings: list[Finding] = []
    for reading in readings:
        for position, procedure in enumerate(reading.procedures):
            record = Record(procedure, reading.unread.get(position, ()))
            if reading.listing or record.unread == EVERYTHING:
                seen, newer = procedure.code in listed, procedure.record_date > _dated(listed.get(procedure.code))
                if newer or not seen:
                    listed[procedure.code] = procedure
            else:
                other = full.get(procedure.code)
                seen, newer = other is not None, procedure.record_date > _dated(other.procedure if other else None)
                if other is not None:
                    record = record.completed(other) if newer else other.completed(record)
                full[procedure.code] = record
            if seen:
                reason = "mã xuất hiện nhiều lần, giữ bản ghi mới nhất"
                findings.append(Finding(code=procedure.code, field="code", reason=reason, action="rejected"))
    return full, listed, tuple(findings)


def _dated(procedure: Procedure | None) -> str:
    return procedure.record_date if procedure else ""


def _merged(before: Procedure | None, full: Record | None, listed: Procedure | None) -> Procedure:
    """A record replaces a record; what it does not tell stays. A list updates name and field only."""
    if full is not None:
        if before is None:
            return full.procedure
        told = full.over(before)
        kept = {name: getattr(before, name) for name in _KEPT_IF_MISSING if not getattr(told, name)}
        return replace(told, **kept)
    assert listed is not None  # every code comes from one of the two
    if before is None:
        return listed
    return replace(before, name=listed.name, field=listed.field or before.field)


def finished(procedure: Procedure, *, keep_prose: bool, today: date) -> Procedure:
    """The procedure as the catalogue keeps it: flags against `today`, prose only where it may be shown."""
    flags: list[Flag] = [flag for flag in procedure.flags if flag is not Flag.AMOUNT_EXPIRED]
    if any(_expired(fee, today) for fee in procedure.fees):
        flags.append(Flag.AMOUNT_EXPIRED)
    procedure = replace(procedure, flags=tuple(flags))
    return procedure if keep_prose else without_prose(procedure)


def _expired(fee: FeeLine, today: date) -> bool:
    until = fee.valid_until and date.fromisoformat(fee.valid_until) < today
    return bool(until or (fee.amounts and any(end < today for end in periods_in(fee.text))))


def without_prose(procedure: Procedure) -> Procedure:
    """Facts only: no steps, conditions, remarks or whole lines; the counts of what was left out stay."""
    cases = tuple(
        replace(case, notes=(), papers=tuple(replace(paper, detail="") for paper in case.papers))
        for case in procedure.cases
    )
    legal = tuple(LegalDocument(number=found.number) if found.number else found for found in procedure.legal)
    return replace(procedure, cases=cases, legal=legal, steps=(), conditions="", method_notes=())


def _gone(
    before: dict[str, Procedure], arrived: Iterable[str], *, unread: bool
) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    """What a complete export no longer has; nothing where a part of it could not be read, or too much is missing."""
    gone = tuple(sorted(before.keys() - set(arrived)))
    if gone and unread:
        reason = f"có bản ghi hoặc tệp không đọc được nên chưa xoá {len(gone)} thủ tục vắng mặt: hãy xuất lại cho đủ"
        return (), (Finding(code="", field="file", reason=reason, action="rejected"),)
    if len(gone) > MOST_GONE * len(before):
        reason = f"thiếu {len(gone)} trên {len(before)} thủ tục: tệp xuất có lẽ bị cắt, không xoá thủ tục nào"
        return (), (Finding(code="", field="file", reason=reason, action="rejected"),)
    return gone, ()


def _changes(old: Procedure, new: Procedure) -> list[Change]:
    return [
        Change(code=new.code, field=name, old=_short(getattr(old, name)), new=_short(getattr(new, name)))
        for name in new.__struct_fields__
        if getattr(old, name) != getattr(new, name)
    ]


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= 200 else text[:199] + "…"


def _write(procedures: Iterable[Procedure], folder: Path) -> tuple[str, ...]:
    """Write the files whose bytes differ, each aside and then renamed; an agency without procedures loses its file."""
    by_agency: dict[str, list[Procedure]] = {}
    for procedure in procedures:
        by_agency.setdefault(procedure.agency, []).append(procedure)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for agency, found in sorted(by_agency.items()):
        path, data = folder / f"{agency}.json", encode_file(agency, found)
        if path.exists() and path.read_bytes() == data:
            continue
        _replace_file(path, data)
        written.append(path.name)
    for path in sorted(folder.glob("*.json")):
        if path.stem not in by_agency:
            path.unlink()
            written.append(path.name)
    return tuple(written)


def _replace_file(path: Path, data: bytes) -> None:
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).chmod(0o644)
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise


def catalogue_figures(catalogue: Iterable[Procedure], findings: Iterable[Finding] = ()) -> dict[str, dict[str, int]]:
    """Counts for the documentation: fees, durations and cases by kind, papers, notes, findings by reason."""
    procedures = list(catalogue)
    fees = [fee for procedure in procedures for fee in procedure.fees]
    durations = [duration for procedure in procedures for duration in procedure.durations]
    cases = [case for procedure in procedures for case in procedure.cases]
    papers = [paper for case in cases for paper in case.papers]
    reasons = Counter(f"{found.action}: {found.reason}" for found in findings)
    return {
        "procedures": {
            "all": len(procedures),
            "province": sum(found.counter == "province" for found in procedures),
            "commune": sum(found.counter == "commune" for found in procedures),
            "without a fee line": sum(not found.fees for found in procedures),
        },
        "fees": {kind.value: sum(fee.kind is kind for fee in fees) for kind in FeeKind}
        | {
            "in conflict": sum(fee.conflict for fee in fees),
            "limited in time": sum(bool(fee.valid_until) for fee in fees),
        },
        "durations": {kind.value: sum(found.kind is kind for found in durations) for kind in DurationKind},
        "cases": dict(sorted(Counter(case.kind.value for case in cases).items())),
        "papers": {
            "all": len(papers),
            "abridged": sum(paper.abridged for paper in papers),
            "with a form": sum(bool(paper.forms) for paper in papers),
            "notes": sum(case.note_count for case in cases),
        },
        "flags": {flag.value: sum(flag in found.flags for found in procedures) for flag in Flag},
        "findings": dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
    }
