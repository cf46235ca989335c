"""Processing times. A number with the unit "OTHER" is often only there because the portal's form demands one."""

import re

from indexer.facts.wording import clean, sentences, within
from knowledge_base.procedure import Channel, Duration, DurationKind, DurationUnit

_UNITS = {
    "WORKING_DAY": DurationUnit.WORKING_DAY,
    "DAY": DurationUnit.DAY,
    "HOUR": DurationUnit.HOUR,
    "MONTH": DurationUnit.MONTH,
}
_WORDS = {
    "ngày làm việc": DurationUnit.WORKING_DAY,
    "ngày": DurationUnit.DAY,
    "giờ": DurationUnit.HOUR,
    "giờ làm việc": DurationUnit.HOUR,
    "tháng": DurationUnit.MONTH,
}
_STATEMENT = re.compile(
    r"(?<![\d/.,])(\d{1,3}(?:[.,]\d{1,2})?)\s?(?:\([^()]{1,30}\)\s?)?(ngày làm việc|ngày|giờ làm việc|giờ|"
    r"tháng)(?!\s?\d|\s?/)",
    re.IGNORECASE,
)
_SEE_DESCRIPTION = re.compile(r"(?:xem |theo )?(?:phần )?mô tả[\s.]*", re.IGNORECASE)
_EXCEPTION = re.compile(
    r"đối với|trường hợp|\bnếu\b|tăng thêm|thêm không quá|kéo dài|gia hạn|trước ngày|\bsau \d|quá \d+ ngày mà|"
    r"miền núi|tiếp nhận|thông báo|yêu cầu|bổ sung|trình\b|gửi|chuyển|kiểm tra|thẩm định|xác minh|lấy ý kiến|hết hạn|"
    r"quyết định\b(?! công nhận)|văn bản của|phê duyệt",
    re.IGNORECASE,
)
_EXTENSION = re.compile(r"tăng thêm|thêm không quá|kéo dài|gia hạn|miền núi", re.IGNORECASE)
_PROCESSING = re.compile(
    r"thời (?:hạn|gian)[^.;]{0,30}(?:giải quyết|xử lý|thực hiện)|kể từ|không quá|trong thời hạn", re.IGNORECASE
)


def _statements(text: str) -> list[tuple[float, DurationUnit]]:
    return [(float(found[1].replace(",", ".")), _WORDS[found[2].casefold()]) for found in _STATEMENT.finditer(text)]


def _number(raw: object) -> float | None:
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int | float):
        return float(raw) if 0 <= raw < 100_000 else None
    text = clean(raw)
    return float(text.replace(",", ".")) if re.fullmatch(r"\d{1,4}(?:[.,]\d{1,2})?", text) else None


def read_duration(value: object, unit: object, description: object, channel: Channel | None) -> Duration:
    """One processing time out of the portal's value, unit and the method's description. Never raises."""
    number = _number(value)
    known = _UNITS.get(clean(unit).upper())
    if number is not None and known is not None:
        other = _told_otherwise(number, known, clean(description)) if channel and number else ""
        return Duration(kind=DurationKind.STATED, channel=channel, value=number, unit=known, text=other)
    if number is not None and clean(unit).upper() == "YEAR":
        return Duration(kind=DurationKind.TEXT, channel=channel, text=f"{number:g} năm".replace(".", ","))
    told = clean(description)
    if number is not None:
        return _without_unit(number, told, channel)
    text = clean(value)
    if not text.strip(" -–._/"):
        return Duration(kind=DurationKind.NOT_STATED, channel=channel)
    if _SEE_DESCRIPTION.fullmatch(text):
        text = " ".join(part for part in sentences(told) if _STATEMENT.search(part)) or text
    whole = _STATEMENT.fullmatch(text.strip(" ."))
    if whole:
        ((amount, word),) = _statements(whole.group(0))
        return Duration(kind=DurationKind.STATED, channel=channel, value=amount, unit=word)
    short, abridged = within(text, 300)
    if abridged:
        short, abridged = within(text, 600)
    return Duration(kind=DurationKind.TEXT, channel=channel, text=short, abridged=abridged)


def _without_unit(number: float, told: str, channel: Channel | None) -> Duration:
    stated = set(_statements(told))
    if number in (0, 1):
        clause = _one_clause(told) if len(stated) == 1 else ""
        if clause:
            return Duration(kind=DurationKind.TEXT, channel=channel, text=clause)
        return Duration(kind=DurationKind.PLACEHOLDER, channel=channel, value=number)
    same = {unit for amount, unit in stated if amount == number}
    if len(same) == 1:
        return Duration(kind=DurationKind.STATED, channel=channel, value=number, unit=same.pop())
    return Duration(kind=DurationKind.UNIT_UNKNOWN, channel=channel, value=number)


def _told_otherwise(number: float, unit: DurationUnit, told: str) -> str:
    """The time in a method's description ("07 ngày làm việc") where it plainly is another one than the number's.

    Exceptions, extensions and the steps of the way through the office are no contradiction.
    """
    stated = list(_STATEMENT.finditer(told))
    if len({found[0].casefold() for found in stated}) != 1 or (number, unit) in _statements(told):
        return ""
    clause = _one_clause(told)
    ((amount, _),) = set(_statements(told))
    doubtful = _EXTENSION if amount == number else _EXCEPTION  # the same number is the same time with another unit
    return stated[0][0] if clause and not doubtful.search(clause) else ""


def _one_clause(told: str) -> str:
    """The sentence of a method's description that plainly tells the processing time, or ""."""
    telling = [part.strip(" -+*") for part in sentences(told) if _STATEMENT.search(part)]
    if len(telling) == 1 and len(telling[0]) <= 200:
        plain = _STATEMENT.fullmatch(telling[0].strip(" .;"))
        if plain or _PROCESSING.search(telling[0]):
            return telling[0].rstrip(" ;")
    return ""


def read_case_durations(
    cases: list[tuple[str, object, object]], by_method: tuple[Duration, ...]
) -> tuple[Duration, ...]:
    """The execution cases' own times (name, value, unit) where they differ from what the methods state."""
    told = {(duration.value, duration.unit) for duration in by_method if duration.kind is DurationKind.STATED}
    told |= {time for duration in by_method if duration.text for time in _statements(duration.text)}
    unknown = {duration.value for duration in by_method if duration.kind is DurationKind.UNIT_UNKNOWN}
    named = {name for name, _, _ in cases}
    found: dict[Duration, None] = {}
    for name, value, unit in cases:
        duration = read_duration(value, unit, "", None)
        differs = (
            duration.kind is DurationKind.STATED and (duration.value, duration.unit) not in told and duration.value
        )
        odd = duration.kind is DurationKind.UNIT_UNKNOWN and duration.value not in unknown and not told
        if differs or odd:
            text, abridged = within(name, 200) if len(named) > 1 else ("", False)
            found.setdefault(
                Duration(kind=duration.kind, value=duration.value, unit=duration.unit, text=text, abridged=abridged)
            )
    return tuple(found)
