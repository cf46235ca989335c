"""Single raw values of any source: moments, statuses, codes, amounts, telephone and identity numbers."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from bot.dossier_codes import normal
from bot.dossier_records import Status
from bot.personal import Hasher, Number
from knowledge_base.centre import VIETNAM
from knowledge_base.text import fold, nfc

STATUS_NAMES: Final[dict[str, Status]] = {
    "moi dang ky": Status.REGISTERED,
    "cho tiep nhan": Status.REGISTERED,
    "mot cua dang kiem duyet": Status.REGISTERED,
    "new": Status.REGISTERED,
    "collecting": Status.REGISTERED,
    "receiving": Status.REGISTERED,
    "duoc tiep nhan": Status.RECEIVED,
    "da tiep nhan": Status.RECEIVED,
    "khong duoc tiep nhan": Status.REFUSED,
    "khong tiep nhan": Status.REFUSED,
    "tu choi tiep nhan": Status.REFUSED,
    "tu choi": Status.REFUSED,
    "denied": Status.REFUSED,
    "dang xu ly": Status.PROCESSING,
    "dang giai quyet": Status.PROCESSING,
    "yeu cau mot cua bo sung": Status.PROCESSING,  # the desk's task, not the resident's
    "cong dan da gui bo sung": Status.PROCESSING,
    "hoan thanh bo sung": Status.PROCESSING,
    "processing": Status.PROCESSING,
    "handover": Status.PROCESSING,
    "correcting": Status.PROCESSING,
    "yeu cau bo sung giay to": Status.SUPPLEMENT,
    "yeu cau bo sung": Status.SUPPLEMENT,
    "yeu cau cong dan bo sung": Status.SUPPLEMENT,
    "cho bo sung tiep nhan": Status.SUPPLEMENT,
    "cho bo sung": Status.SUPPLEMENT,
    "waiting": Status.SUPPLEMENT,
    "yeu cau thuc hien nghia vu tai chinh": Status.FEE_DUE,
    "yeu cau thuc hien nvtc": Status.FEE_DUE,
    "yeu cau nop phi": Status.FEE_DUE,
    "yeu cau nop le phi": Status.FEE_DUE,
    "cho nop phi": Status.FEE_DUE,
    "paying": Status.FEE_DUE,
    "cong dan yeu cau rut ho so": Status.WITHDRAWN,
    "cong dan rut": Status.WITHDRAWN,
    "cong dan rut ho so": Status.WITHDRAWN,
    "nguoi nop rut": Status.WITHDRAWN,
    "da rut": Status.WITHDRAWN,
    "cancelled": Status.WITHDRAWN,
    "dung xu ly": Status.STOPPED,
    "da xu ly xong": Status.DONE,
    "da co ket qua": Status.DONE,
    "co ket qua": Status.DONE,
    "cho tra ket qua": Status.DONE,
    "releasing": Status.DONE,
    "posting": Status.DONE,
    "da tra ket qua": Status.RETURNED,
    "done": Status.RETURNED,
}
"""The national names, the console's, and those of provincial systems, without marks."""
FIRST_YEAR, LAST_YEAR = 1990, 2100
"""Years of a dossier's dates: what lies outside is a placeholder or a slip of the hand."""
_END_OF_DAY: Final = time(23, 59)
_COMPACT: Final = re.compile(r"(?P<Y>\d{4})(?P<m>\d\d)(?P<d>\d\d)(?:(?P<H>\d\d)(?P<M>\d\d)(?P<S>\d\d)?)?")
_CLOCK: Final = r"(?P<H>\d{1,2}):(?P<M>\d\d)(?::(?P<S>\d\d)(?:\.\d+)?)?"
_DAY: Final = r"(?P<d>\d{1,2})(?P<sign>[/.-])(?P<m>\d{1,2})(?P=sign)(?P<Y>\d{4})"
_WRITTEN: Final = re.compile(rf"{_DAY}(?:,?\s+{_CLOCK}(?:\s*(?P<half>[AaPp][Mm]))?)?")
_CLOCK_FIRST: Final = re.compile(rf"{_CLOCK},?\s+(?:ngày\s+)?{_DAY}")
_SERIAL: Final = re.compile(r"[3-7]\d{4}(?:\.\d+)?")
_MILLISECONDS: Final = re.compile(r"\d{12,13}")
_SPREADSHEET_BEGINS: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - spreadsheets know no zones
_NUMBERED: Final = re.compile(r"0?(\d{1,2})(?:\.0)?(?:\s*[-–—.:)]\s*(\D.*))?")
_NONE: Final = frozenset({"khong", "khong co", "chua co", "ko", "ko co", "k co", "none", "null", "n/a", "na", "-", "x"})
_SEVERAL: Final = re.compile(r"[;,/\n|&]|\s-\s|\bhoặc\b|\bvà\b")


def moment(raw: object, *, end_of_day: bool = False) -> datetime | None:
    """A moment in any of the forms seen; None for an empty one; raises ValueError.

    yyyyMMddHHmmss and dd/MM/yyyy are local; ISO says its zone, and iGate's "+0000" is UTC. With `end_of_day` a day
    without an hour, or with midnight for its hour as spreadsheets have it, means its end: something is due then.
    """
    read, dated = _read(raw)
    if read is None:
        return None
    try:
        local = read.replace(tzinfo=VIETNAM) if read.tzinfo is None else read.astimezone(VIETNAM)
    except OverflowError:
        raise ValueError("is no date of a dossier: check the year") from None
    if not FIRST_YEAR <= local.year <= LAST_YEAR:
        raise ValueError("is no date of a dossier: check the year")
    return to_end_of_day(local) if end_of_day and (dated or local.time() == time(0)) else local


def exact_moment(raw: object) -> datetime | None:
    """Like `moment`; None also where only a day is said: it can't be compared with moments."""
    at = moment(raw)
    return None if at is None or at.time() == time(0) else at


def to_end_of_day(at: datetime) -> datetime:
    """The end of a local moment's day."""
    return datetime.combine(at.date(), _END_OF_DAY, VIETNAM)


def _read(raw: object) -> tuple[datetime | None, bool]:
    """The moment as written, and whether it is a day without an hour."""
    if isinstance(raw, datetime):
        return raw, False
    if isinstance(raw, date):
        return datetime.combine(raw, time(0)), True
    whole = isinstance(raw, float) and raw.is_integer()
    written = "" if raw is None else str(int(raw) if whole else raw).strip()  # type: ignore[call-overload]
    if not written:
        return None, False
    written = re.sub(r"(?<=\d{12})\.0$", "", written)
    try:
        if match := _COMPACT.fullmatch(written) or _WRITTEN.fullmatch(written) or _CLOCK_FIRST.fullmatch(written):
            return _from_parts(match.groupdict()), match["H"] is None
        if _SERIAL.fullmatch(written):  # what a spreadsheet keeps of a date: days since the end of 1899
            read = _SPREADSHEET_BEGINS + timedelta(seconds=round(float(written) * 86400))
            return read, read.time() == time(0)
        if _MILLISECONDS.fullmatch(written):
            return datetime.fromtimestamp(int(written) / 1000, UTC), False
        return datetime.fromisoformat(written), len(written) == len("2026-07-15")
    except (ValueError, OverflowError):
        raise ValueError("is no date: write dd/MM/yyyy, dd/MM/yyyy HH:mm:ss, yyyyMMddHHmmss or ISO 8601") from None


def _from_parts(parts: dict[str, str | None]) -> datetime:
    # far quicker than strptime form by form, which counts with ten thousand rows
    numbers = [int(parts.get(part) or 0) for part in "YmdHMS"]
    if half := (parts.get("half") or "").lower():
        if not 1 <= numbers[3] <= 12:
            raise ValueError("no hour of a half day")
        numbers[3] = numbers[3] % 12 + (12 if half == "pm" else 0)
    return datetime(*numbers)  # type: ignore[arg-type]  # noqa: DTZ001


def status(raw: object) -> Status:
    """A status by its national number, any name seen, or both ("4 - Đang xử lý"); raises ValueError."""
    written = text(raw)
    if not written:
        raise ValueError("is empty: every dossier has a status")
    match = _NUMBERED.fullmatch(written)
    if match and match[2] is None:
        if int(match[1]) not in set(Status):
            raise ValueError("is no status: the national list has 1 to 10")
        return Status(int(match[1]))
    # beside a name a number may be of any list: the name counts
    found = named(match[2] if match else written)
    if found is None:
        raise ValueError("is no known status: use a name or number of the national list of ten")
    return found


def named(name: str) -> Status | None:
    """The status of a name; None for a name that is not known."""
    return STATUS_NAMES.get(fold(name).strip(" .*"))


def procedure_code(raw: object) -> str | None:
    """1.001612.000.00.00.H05 and 1.001193.02 are the procedures 1.001612 and 1.001193; raises ValueError."""
    written = str(raw or "").strip()
    if not written:
        return None
    match = re.match(r"\d\.\d{6}(?![\d])", written)
    if match is None:
        raise ValueError("is no procedure code: it begins like 1.001193")
    return match.group()


def whole_number(raw: object) -> int | None:
    """An amount in đồng: 150000, "150.000", "150.000 đồng"; raises ValueError."""
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    written = re.sub(r"\s|đồng|đ|vnd", "", str(raw if raw is not None else "").lower())
    if not written:
        return None
    if not re.fullmatch(r"\d{1,12}|\d{1,3}(?:[.,]\d{3}){1,3}", written):
        raise ValueError("is no amount in đồng")
    return int(re.sub(r"\D", "", written))


def code(raw: object) -> str:
    """A dossier's code, normalised; raises ValueError."""
    written = text(raw)
    if not written:
        raise ValueError("is empty: every dossier has a code")
    found = normal(written)
    if found is None:
        raise ValueError("is no dossier code: it reads like H05.12-260715-0007 or BG.TNH01A.150622.39558")
    return found


def phone(raw: object, hasher: Hasher) -> Number:
    """A telephone number; of two the first. A spreadsheet takes the leading zero off; raises ValueError."""
    written = _first(text(raw))
    digits = re.sub(r"[\s.()-]", "", written)
    if re.fullmatch(r"[235789]\d{8}|2\d{9}", digits):
        written = f"0{digits}"
    return hasher.phone(written)


def identity(raw: object, hasher: Hasher) -> Number:
    """An identity number; a spreadsheet takes the leading zero off; raises ValueError."""
    written = _first(text(raw))
    # a citizen's number has 12 digits and begins with the number of a province, of which most begin with 0
    if re.fullmatch(r"\d{11}", written):
        written = f"0{written}"
    return hasher.identity(written)


def text(raw: object) -> str:
    """A value as text; "" for none."""
    if isinstance(raw, float) and raw.is_integer():  # a spreadsheet makes numbers of codes
        raw = int(raw)
    return nfc(str(raw).replace("\0", "")) if raw is not None else ""


def _first(written: str) -> str:
    """The first of several numbers in one cell; "" where the cell says that there is none."""
    if fold(written).strip(" .") in _NONE:
        return ""
    written = re.sub(r"(?<=\d)\.0$", "", written.lstrip("'"))
    parts = [part.strip() for part in _SEVERAL.split(written)]
    return next((part for part in parts if sum(map(str.isdigit, part)) >= 7), written)
