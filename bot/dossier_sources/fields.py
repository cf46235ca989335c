"""From the raw values of any source to a Change, or to the reasons why not."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET

from bot.dossier_records import Change, Status, day_of
from bot.dossier_sources import values
from bot.dossier_sources.values import moment
from bot.personal import Hasher, Number, mask_name
from knowledge_base.text import nfc

Value = TypeVar("Value")


class Unreadable(ValueError):  # noqa: N818 - it says what the file is
    """A file has no known shape; the message says what to do."""


class Problem(msgspec.Struct, frozen=True):
    """Why a value can't be used; `column` is named as in the source. The value itself may be personal: never here."""

    column: str
    reason: str


class Good(msgspec.Struct, frozen=True):
    """A row that can be kept; `number` is the line or the position in the file, from 1. warnings: what was left out
    of it or mended. sheet: of a workbook with several.
    """

    number: int
    change: Change
    warnings: tuple[Problem, ...] = ()
    sheet: str = ""


class Bad(msgspec.Struct, frozen=True):
    """A row that can't."""

    number: int
    problems: tuple[Problem, ...]
    sheet: str = ""


class Skipped(msgspec.Struct, frozen=True):
    """A part of a file that was not read, or read in another way than it seems, and why."""

    part: str
    reason: str


class Doubtful(msgspec.Struct, frozen=True):
    """A Change that can be kept though something of its source could not be used."""

    change: Change
    warnings: tuple[Problem, ...]


Row = Good | Bad | Skipped
Made = Change | Doubtful | Bad


def change(raw: Mapping[str, Any], columns: Mapping[str, str], hasher: Hasher, now: datetime) -> Made:
    """The Change of one row, or every reason why there is none (numbered 0).

    `raw` holds values under our field names (besides those of Change: phone, identity, name, returned_at), only those
    of which the source speaks; `columns` the source's own names of them.
    """
    problems: list[Problem] = []
    warnings: list[Problem] = []

    def get(field: str, read: Callable[[Any], Value], otherwise: Value, problems: list[Problem] = problems) -> Value:
        try:
            return read(raw.get(field))
        except ValueError as problem:
            problems.append(Problem(columns.get(field, field), str(problem)))
            return otherwise

    code = get("code", values.code, "")
    returned = get("returned_at", lambda value: moment(value, end_of_day=True), None)
    said = _texts(raw)
    if "status" in raw:
        said["status"] = get("status", values.status, Status.PROCESSING)
    elif returned:  # the list print-out has no status: who has the result has it, of the others it says nothing
        said["status"] = Status.RETURNED
    for field, numbered in (("phone", values.phone), ("identity", values.identity)):
        # a dossier is worth more than the number on it: without the number it is kept all the same
        number = get(field, lambda value, read=numbered: read(value, hasher), Number(), warnings)  # type: ignore[misc]
        if number.hash:  # what a source leaves empty it does not know
            said |= {f"{field}_hash": number.hash, f"{field}_last4": number.last4}
    said["procedure_code"] = get("procedure_code", values.procedure_code, None) or UNSET
    received = get("received_at", moment, None)
    said["received_at"] = received or UNSET
    said |= _dates(raw, get)
    for field, read in (("supplement_by", lambda value: moment(value, end_of_day=True)), ("fee_due", _amount)):
        if (found := get(field, read, None)) is not None:
            said[field] = found
    said["updated_at"] = get("updated_at", values.exact_moment, None) or UNSET
    if returned and said.get("status") is Status.RETURNED:
        said["status_at"] = returned
    for field, at in (("received_at", received), ("returned_at", returned)):
        if at and at > now + timedelta(days=1):
            problems.append(Problem(columns.get(field, field), "lies in the future"))
    if received and (due := said.get("due_at")) and day_of(due) < day_of(received):
        problems.append(Problem(columns.get("due_at", "due_at"), "lies before the day of receipt"))
    if problems:
        return Bad(0, tuple(problems))
    made = Change(code=code, **said)
    return Doubtful(made, tuple(warnings)) if warnings else made


def _dates(raw: Mapping[str, Any], get: Callable[[str, Any, Any], Any]) -> dict[str, Any]:
    """The date of the slip, and the one it was moved to where that is a later day."""
    said = {}
    for field in ("due_at", "due_moved_to"):
        if field in raw:
            said[field] = get(field, lambda value: moment(value, end_of_day=True), None)
    moved, due = said.pop("due_moved_to", None), said.get("due_at")
    if moved and not due:
        said["due_at"] = moved
    elif moved and due and day_of(moved) > day_of(due):
        said["due_moved_to"] = moved
    return said


def _amount(raw: object) -> int | None:
    return values.whole_number(raw)


def _texts(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of plain text that are not empty; the name masked."""
    fields = ("procedure_name", "agency", "result", "place", "apology", "supplement_reason")
    said: dict[str, Any] = {field: text for field in fields if (text := values.text(raw.get(field)))}
    if name := values.text(raw.get("name")):
        said["applicant"] = mask_name(name)
    missing = tuple(text for part in re.split(r"[;\n]", str(raw.get("missing") or "")) if (text := nfc(part)))
    if missing:
        said["missing"] = missing
    return said


class Repeated:
    """Finds codes that come twice in one file."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[int, str]] = {}

    def row(self, number: int, made: Made, column: str, sheet: str = "", told: tuple[Problem, ...] = ()) -> Row:
        """The row with its number; bad where its code has come before. told: warnings about the row as a whole."""
        if isinstance(made, Bad):
            return Bad(number, made.problems, sheet)
        found, warnings = (made.change, made.warnings) if isinstance(made, Doubtful) else (made, ())
        first = self._first.setdefault(found.code, (number, sheet))
        if first != (number, sheet):
            elsewhere = f" of sheet {first[1]}" if first[1] != sheet else ""
            problem = Problem(column, f"is the code of row {first[0]}{elsewhere} again: keep one of the two")
            return Bad(number, (problem,), sheet)
        return Good(number, found, (*told, *warnings), sheet)
