"""From the raw values of any source to a Change, or to the reasons why not."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET

from bot.dossier_codes import normal
from bot.dossier_records import Change, Status
from bot.personal import Hasher, Number, mask_name
from knowledge_base.centre import VIETNAM
from knowledge_base.text import fold, nfc

Value = TypeVar("Value")


class Unreadable(ValueError):  # noqa: N818 - it says what the file is
    """A file has no known shape; the message says what to do."""


class Problem(msgspec.Struct, frozen=True):
    """Why a value can't be used; `column` is named as in the source. The value itself may be personal: never here."""

    column: str
    reason: str


class Good(msgspec.Struct, frozen=True):
    """A row that can be kept; `number` is the line or the position in the file, from 1."""

    number: int
    change: Change


class Bad(msgspec.Struct, frozen=True):
    """A row that can't."""

    number: int
    problems: tuple[Problem, ...]


Row = Good | Bad

STATUS_NAMES: Final[dict[str, Status]] = {
    "moi dang ky": Status.REGISTERED,
    "cho tiep nhan": Status.REGISTERED,
    "duoc tiep nhan": Status.RECEIVED,
    "da tiep nhan": Status.RECEIVED,
    "khong duoc tiep nhan": Status.REFUSED,
    "tu choi tiep nhan": Status.REFUSED,
    "dang xu ly": Status.PROCESSING,
    "mot cua dang kiem duyet": Status.REGISTERED,
    "yeu cau mot cua bo sung": Status.PROCESSING,  # the desk's task, not the resident's
    "cong dan da gui bo sung": Status.PROCESSING,
    "hoan thanh bo sung": Status.PROCESSING,
    "yeu cau bo sung giay to": Status.SUPPLEMENT,
    "yeu cau bo sung": Status.SUPPLEMENT,
    "yeu cau cong dan bo sung": Status.SUPPLEMENT,
    "cho bo sung tiep nhan": Status.SUPPLEMENT,
    "yeu cau thuc hien nghia vu tai chinh": Status.FEE_DUE,
    "cong dan yeu cau rut ho so": Status.WITHDRAWN,
    "da rut": Status.WITHDRAWN,
    "dung xu ly": Status.STOPPED,
    "da xu ly xong": Status.DONE,
    "da co ket qua": Status.DONE,
    "da tra ket qua": Status.RETURNED,
}
_COMPACT: Final = re.compile(r"(?P<Y>\d{4})(?P<m>\d\d)(?P<d>\d\d)(?:(?P<H>\d\d)(?P<M>\d\d)(?P<S>\d\d)?)?")
_WRITTEN: Final = re.compile(
    r"(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<Y>\d{4})(?:\s+(?P<H>\d{1,2}):(?P<M>\d\d)(?::(?P<S>\d\d))?)?"
)
_END_OF_DAY: Final = time(23, 59)


def moment(raw: object, *, end_of_day: bool = False) -> datetime | None:
    """A moment in any of the forms seen; None for an empty one; raises ValueError.

    yyyyMMddHHmmss and dd/MM/yyyy are local; ISO says its zone, and iGate's "+0000" is UTC. A day without an hour
    means its end where something is due then.
    """
    if isinstance(raw, datetime):
        return _local(raw, end_of_day=False)
    if isinstance(raw, date):
        return _local(datetime.combine(raw, time(0)), end_of_day=end_of_day)
    text = "" if raw is None else str(raw).strip()
    if not text:
        return None
    try:
        if match := _COMPACT.fullmatch(text) or _WRITTEN.fullmatch(text):
            # far quicker than strptime form by form, which counts with ten thousand rows
            parts = [int(match[part] or 0) for part in "YmdHMS"]
            return _local(datetime(*parts), end_of_day=end_of_day and match["H"] is None)  # type: ignore[arg-type]  # noqa: DTZ001
        return _local(datetime.fromisoformat(text), end_of_day=end_of_day and len(text) == len("2026-07-15"))
    except ValueError:
        raise ValueError("is no date: write dd/MM/yyyy, dd/MM/yyyy HH:mm:ss, yyyyMMddHHmmss or ISO 8601") from None


def _local(read: datetime, *, end_of_day: bool) -> datetime:
    if end_of_day:
        read = datetime.combine(read.date(), _END_OF_DAY)
    read = read.replace(tzinfo=VIETNAM) if read.tzinfo is None else read.astimezone(VIETNAM)
    if not 1990 <= read.year <= 2100:
        raise ValueError("is no date of a dossier: check the year")
    return read


def status(raw: object) -> Status:
    """A status by its national number or any name seen; raises ValueError."""
    text = nfc(str(raw if raw is not None else ""))
    if not text:
        raise ValueError("is empty: every dossier has a status")
    if text.isdecimal():
        if int(text) in set(Status):
            return Status(int(text))
        raise ValueError("is no status: the national list has 1 to 10")
    known = STATUS_NAMES.get(fold(text))
    if known is None:
        raise ValueError("is no known status: use a name or number of the national list of ten")
    return known


def procedure_code(raw: object) -> str | None:
    """1.001612.000.00.00.H05 and 1.001193.02 are the procedures 1.001612 and 1.001193; raises ValueError."""
    text = str(raw or "").strip()
    if not text:
        return None
    match = re.match(r"\d\.\d{6}(?![\d])", text)
    if match is None:
        raise ValueError("is no procedure code: it begins like 1.001193")
    return match.group()


def whole_number(raw: object) -> int | None:
    """An amount in đồng: 150000, "150.000", "150.000 đồng"; raises ValueError."""
    text = re.sub(r"\s|đồng|đ|vnd", "", str(raw if raw is not None else "").lower())
    if not text:
        return None
    if not re.fullmatch(r"\d{1,12}|\d{1,3}(?:[.,]\d{3}){1,3}", text):
        raise ValueError("is no amount in đồng")
    return int(re.sub(r"\D", "", text))


def change(raw: Mapping[str, Any], columns: Mapping[str, str], hasher: Hasher, now: datetime) -> Change | Bad:
    """The Change of one row, or every reason why there is none (numbered 0).

    `raw` holds values under our field names (besides those of Change: phone, identity, name, returned_at), only those
    of which the source speaks; `columns` the source's own names of them.
    """
    problems: list[Problem] = []

    def get(field: str, read: Callable[[Any], Value], otherwise: Value) -> Value:
        try:
            return read(raw.get(field))
        except ValueError as problem:
            problems.append(Problem(columns.get(field, field), str(problem)))
            return otherwise

    code = get("code", _code, "")
    returned = get("returned_at", moment, None)
    if "status" in raw:
        state = get("status", status, Status.PROCESSING)
    else:  # the list print-out has no status: who has the result has it, the others wait
        state = Status.RETURNED if returned else Status.PROCESSING
    said = _texts(raw)
    for field, numbered in (("phone", hasher.phone), ("identity", hasher.identity)):
        number = get(field, lambda value, read=numbered: read(_text(value)), Number())  # type: ignore[misc]
        if number.hash:  # what a source leaves empty it does not know
            said |= {f"{field}_hash": number.hash, f"{field}_last4": number.last4}
    said["procedure_code"] = get("procedure_code", procedure_code, None) or UNSET
    received = get("received_at", moment, None)
    said["received_at"] = received or UNSET
    for field in ("due_at", "due_moved_to", "supplement_by"):
        if field in raw:
            said[field] = get(field, lambda value: moment(value, end_of_day=True), None)
    if "fee_due" in raw:
        said["fee_due"] = get("fee_due", whole_number, None)
    said["updated_at"] = get("updated_at", moment, None) or returned or UNSET
    if received and received > now + timedelta(days=1):
        problems.append(Problem(columns.get("received_at", "received_at"), "lies in the future"))
    if received and (said.get("due_at") or received) < received:
        problems.append(Problem(columns.get("due_at", "due_at"), "lies before the day of receipt"))
    if problems:
        return Bad(0, tuple(problems))
    return Change(code=code, status=state, **said)


def _texts(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of plain text that are not empty; the name masked."""
    fields = ("procedure_name", "agency", "result", "place", "apology", "supplement_reason")
    said: dict[str, Any] = {field: text for field in fields if (text := _text(raw.get(field)))}
    if name := _text(raw.get("name")):
        said["applicant"] = mask_name(name)
    if "missing" in raw:
        said["missing"] = tuple(text for part in re.split(r"[;\n]", str(raw["missing"] or "")) if (text := nfc(part)))
    return said


def _code(raw: object) -> str:
    text = _text(raw)
    if not text:
        raise ValueError("is empty: every dossier has a code")
    code = normal(text)
    if code is None:
        raise ValueError("is no dossier code: it reads like H05.12-260715-0007 or BG.TNH01A.150622.39558")
    return code


def _text(raw: object) -> str:
    if isinstance(raw, float) and raw.is_integer():  # a spreadsheet makes numbers of codes
        raw = int(raw)
    return nfc(str(raw)) if raw is not None else ""


class Repeated:
    """Finds codes that come twice in one file."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}

    def row(self, number: int, made: Change | Bad, column: str) -> Row:
        """The row with its number; bad where its code has come before."""
        if isinstance(made, Bad):
            return Bad(number, made.problems)
        first = self._first.setdefault(made.code, number)
        if first != number:
            return Bad(number, (Problem(column, f"is the code of row {first} again: keep one of the two"),))
        return Good(number, made)
