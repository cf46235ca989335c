"""What editors of the centre lay over the record: hide, correct, remark, warn, add a phrase.

An override never changes the catalogue files, so it survives every import. Each names who, when and why. Where
`seen` holds the record's fingerprint and the record has changed since, the override still applies but is reported,
so that an editor looks again.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

import msgspec

from knowledge_base.procedure import Flag, Note, Procedure

_HINTS = get_type_hints(Procedure)
CORRECTABLE = frozenset(_HINTS) - {"code", "notes", "source", "record_date", "papers"}
_NOT_PART_OF_THE_RECORD = ("agency", "counter", "flags", "notes", "steps", "conditions", "method_notes", "plain_name")


class _Signed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    code: str
    who: str
    when: str
    """ISO date."""
    why: str
    seen: str = ""
    """`fingerprint` of the record when the override was written; empty: not watched."""
    origin: str = ""
    """Where it was written: "staff:<id>" at the console, "question:<id>" by linking a question, "" in a file."""


class Hide(_Signed, frozen=True, kw_only=True, tag="hide"):
    """The procedure is not shown at all."""


class Correct(_Signed, frozen=True, kw_only=True, tag="correct"):
    """`field` of the procedure has this value instead of the record's."""

    field: str
    value: Any


class Remark(_Signed, frozen=True, kw_only=True, tag="note"):
    """A note shown with the procedure, signed with who and when."""

    text: str


class Warn(_Signed, frozen=True, kw_only=True, tag="flag"):
    """Readers are warned by this flag."""

    flag: Flag


class Phrase(_Signed, frozen=True, kw_only=True, tag="phrase"):
    """How residents ask for the procedure."""

    text: str


Override = Hide | Correct | Remark | Warn | Phrase


class OverrideProblem(msgspec.Struct, frozen=True, kw_only=True):
    """An override that was not applied, or (`applied`) that should be looked at again; `reason` says what to do."""

    code: str
    kind: str
    reason: str
    applied: bool = False


class OverridesError(ValueError):
    """The overrides file as a whole cannot be read; the message names the file and what to do."""


class Overlay(NamedTuple):
    """The procedures with overrides applied, phrases by code, and what an editor must look at."""

    procedures: tuple[Procedure, ...]
    phrases: Mapping[str, tuple[str, ...]]
    problems: tuple[OverrideProblem, ...]


def fingerprint(procedure: Procedure) -> str:
    """16 hex digits that change when the record's facts change (not its assignment, flags, notes or prose)."""
    facts = msgspec.to_builtins(procedure)
    for name in (*_NOT_PART_OF_THE_RECORD, "record_date"):
        facts.pop(name, None)
    for case in facts.get("cases", ()):
        case.pop("notes", None)
        for paper in case.get("papers", ()):
            paper.pop("detail", None)
    for document in facts.get("legal", ()):
        if document.get("number"):
            document.pop("name", None)
    packed = msgspec.json.encode(facts, order="deterministic")
    return hashlib.sha256(packed).hexdigest()[:16]


def read_overrides(path: Path) -> tuple[Override | OverrideProblem, ...]:
    """The entries of a JSON or TOML file with a list `overrides`; a malformed entry becomes an OverrideProblem."""
    try:
        text = path.read_text("utf-8-sig")
        document = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except FileNotFoundError as error:
        raise OverridesError(f"There is no file {path}. Create it, or remove it from the settings.") from error
    except (OSError, ValueError) as error:
        raise OverridesError(f"{path} cannot be read: {error}. Correct the file.") from error
    entries = document.get("overrides") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise OverridesError(f'{path} needs a list named "overrides".')
    return tuple(_entry(entry, number) for number, entry in enumerate(entries, 1))


def _entry(entry: object, number: int) -> Override | OverrideProblem:
    raw = entry if isinstance(entry, dict) else {}
    if isinstance(raw.get("when"), date):  # TOML writes dates without quotes
        raw = {**raw, "when": raw["when"].isoformat()}
    code, kind = str(raw.get("code", "")), str(raw.get("kind", ""))
    try:
        override: Override = msgspec.convert(raw, Override)
        date.fromisoformat(override.when)
    except (msgspec.ValidationError, ValueError) as error:
        return OverrideProblem(code=code, kind=kind, reason=f"Entry {number} is malformed: {error}. Correct it.")
    if not (override.who.strip() and override.why.strip()):
        return OverrideProblem(code=code, kind=kind, reason=f"Entry {number} lacks who or why. Fill them in.")
    return msgspec.structs.replace(override, origin="")


def lay_over(procedures: Iterable[Procedure], overrides: Iterable[Override | OverrideProblem]) -> Overlay:
    """The procedures with the overrides applied in their order; a problem with one never stops the others."""
    known = {procedure.code: procedure for procedure in procedures}
    as_recorded: dict[str, str] = {}
    hidden: set[str] = set()
    phrases: dict[str, list[str]] = {}
    problems: list[OverrideProblem] = []
    for entry in overrides:
        if isinstance(entry, OverrideProblem):
            problems.append(entry)
            continue
        kind = str(entry.__struct_config__.tag)
        procedure = known.get(entry.code)
        if procedure is None:
            reason = "The catalogue has no procedure with this code. Correct the code or delete the entry."
            problems.append(OverrideProblem(code=entry.code, kind=kind, reason=reason))
            continue
        if entry.seen:
            print_ = as_recorded.setdefault(entry.code, fingerprint(procedure))
            if print_ != entry.seen:
                reason = f'The record has changed since {entry.when}. Look at it again, then set "seen" to {print_}.'
                problems.append(OverrideProblem(code=entry.code, kind=kind, reason=reason, applied=True))
        match entry:
            case Hide():
                hidden.add(entry.code)
            case Phrase():
                phrases.setdefault(entry.code, []).append(entry.text)
            case Remark():
                staff = entry.origin.startswith("staff:")
                note = Note(text=entry.text, who=entry.who, when=entry.when, staff=staff)
                known[entry.code] = msgspec.structs.replace(procedure, notes=(*procedure.notes, note))
            case Warn():
                if entry.flag not in procedure.flags:
                    known[entry.code] = msgspec.structs.replace(procedure, flags=(*procedure.flags, entry.flag))
            case Correct():
                corrected, problem = _corrected(procedure, entry)
                known[entry.code] = corrected
                problems.extend([problem] if problem else [])
    return Overlay(
        procedures=tuple(procedure for code, procedure in known.items() if code not in hidden),
        phrases={code: tuple(dict.fromkeys(texts)) for code, texts in phrases.items() if code not in hidden},
        problems=tuple(problems),
    )


def _corrected(procedure: Procedure, entry: Correct) -> tuple[Procedure, OverrideProblem | None]:
    if entry.field not in CORRECTABLE:
        reason = f"There is no field {entry.field!r} to correct. Use one of: {', '.join(sorted(CORRECTABLE))}."
        return procedure, OverrideProblem(code=entry.code, kind="correct", reason=reason)
    try:
        value = msgspec.convert(entry.value, _HINTS[entry.field])
    except msgspec.ValidationError as error:
        reason = f"The value for {entry.field} does not fit: {error}. Correct it."
        return procedure, OverrideProblem(code=entry.code, kind="correct", reason=reason)
    if getattr(procedure, entry.field) == value:
        reason = f"The record itself now has this {entry.field}. Delete the entry if it is no longer needed."
        return procedure, OverrideProblem(code=entry.code, kind="correct", reason=reason, applied=True)
    return msgspec.structs.replace(procedure, **{entry.field: value}), None
