"""Processing times. A number with the unit "OTHER" is often only there because the portal's form demands one."""

import re

from indexer.facts.wording import clean, sentences, whole_sentences, within, without_bullet
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
_OTHER_UNITS = {"YEAR": "năm", "WEEK": "tuần", "MINUTE": "phút", "SECOND": "giây", "QUARTER": "quý"}
"""Units that are told in words: they are too rare to be reckoned with."""
_UNIT_NAMES = {"WORKING_DAY": "ngày làm việc", "DAY": "ngày", "HOUR": "giờ", "MONTH": "tháng"} | _OTHER_UNITS
_RANGE = re.compile(r"(\d{1,3})\s?(?:-|–|đến|tới|~)\s?(\d{1,3})")
_AT_ONCE = re.compile(  # a time without a number of days
    r"^(?:\w+ )?ngay(?:$|[ .,;](?!từ\b))|\b(?:giải quyết|trả(?: kết quả| lời)?|cấp|đổi|thực hiện|xử lý|chứng thực|"
    r"xác nhận|có kết quả)\b[^.;]{0,40}?\bngay\b(?! từ)|\bngay (?:khi|sau khi|trong ngày|tại chỗ|trong buổi)\b|"
    r"\btrong (?:cùng )?(?:ngày|buổi)(?: làm việc| tiếp nhận| nhận)?(?![\w])(?! thứ)|\bnửa ngày\b|"
    r"\b(?:1/2|½) ngày\b|\b\d{1,3} phút\b|\b\d{1,2} (?:tuần|năm)\b(?! (?:20|19)\d\d)",
    re.IGNORECASE,
)
_HANDED_IN = re.compile(
    r"^(?:\W*)(?:nộp|tiếp nhận|gửi|người \w+ nộp|tổ chức|cá nhân)\b(?!.*(?:trả|giải quyết|cấp|kết quả))", re.IGNORECASE
)
_SEE_DESCRIPTION = re.compile(r"(?:xem |theo )?(?:phần )?mô tả[\s.]*", re.IGNORECASE)
_EXCEPTION = re.compile(
    r"đối với|trường hợp|\bnếu\b|tăng thêm|thêm không quá|kéo dài|gia hạn|trước ngày|\bsau \d|quá \d+ ngày mà|"
    r"miền núi|tiếp nhận|thông báo|yêu cầu|bổ sung|trình\b|gửi|chuyển|kiểm tra|thẩm định|xác minh|lấy ý kiến|hết hạn|"
    r"quyết định\b(?! công nhận)|văn bản của|phê duyệt",
    re.IGNORECASE,
)
_EXTENSION = re.compile(r"tăng thêm|thêm không quá|kéo dài|gia hạn|miền núi", re.IGNORECASE)
_WHOSE = re.compile(
    r"đối với|trường hợp|thời (?:gian|hạn)|kể từ|\bcấp (?:mới|lại|đổi|giấy)|thông báo|công nhận", re.IGNORECASE
)
_NOT_WHOSE = re.compile(r"(?:nộp|trực tiếp|tiếp nhận|gửi|phí|lệ phí)\b", re.IGNORECASE)
_FOR_SOME = re.compile(r"(?:đối với (?:các )?(?:xã|vùng|địa bàn|nơi|khu vực)|riêng)\b", re.IGNORECASE)
_PROCESSING = re.compile(
    r"thời (?:hạn|gian)[^.;]{0,30}(?:giải quyết|xử lý|thực hiện)|kể từ|không quá|trong thời hạn", re.IGNORECASE
)


def _statements(text: str) -> list[tuple[float, DurationUnit]]:
    return [(float(found[1].replace(",", ".")), _WORDS[found[2].casefold()]) for found in _STATEMENT.finditer(text)]


def is_time(text: str) -> bool:
    """Whether `text` is nothing but a time ("07 ngày làm việc")."""
    return _STATEMENT.fullmatch(text) is not None


def _number(raw: object) -> float | None:
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int | float):
        return float(raw) if 0 <= raw < 100_000 else None
    text = clean(raw)
    return float(text.replace(",", ".")) if re.fullmatch(r"\d{1,4}(?:[.,]\d{1,2})?", text) else None


def read_duration(
    value: object, unit: object, description: object, channel: Channel | None, *, among_others: bool = False
) -> Duration:
    """One processing time out of the portal's value, unit and the method's description. Never raises.

    `among_others`: the channel has other times as well, so only the description tells whose this one is.
    """
    number = _number(value)
    name = clean(unit).upper()
    known = _UNITS.get(name)
    told = _without_marks(clean(description))
    if number and known is not None:
        other, abridged = _told_besides(number, known, told) if channel else ("", False)
        if among_others and not other:
            other, abridged = _short(_telling(told) or _whose(told))
        return Duration(
            kind=DurationKind.STATED, channel=channel, value=number, unit=known, text=other, abridged=abridged
        )
    if number and name in _OTHER_UNITS:
        text = f"{number:g} {_OTHER_UNITS[name]}".replace(".", ",")
        return Duration(kind=DurationKind.TEXT, channel=channel, text=text)
    if number is not None:
        return _without_unit(number, told, channel)
    text = _without_marks(clean(value))
    between = _RANGE.fullmatch(text.strip(" ."))
    if between:
        unit_said = _UNIT_NAMES.get(name, "(bản ghi không nêu là ngày hay giờ)")
        text = f"{between[1]}-{between[2]} {unit_said}"
        return Duration(kind=DurationKind.TEXT, channel=channel, text=text)
    if not any(map(str.isalnum, text)):
        at_once = _at_once(told)
        if at_once:
            return Duration(kind=DurationKind.TEXT, channel=channel, text=at_once)
        return Duration(kind=DurationKind.NOT_STATED, channel=channel)
    if _SEE_DESCRIPTION.fullmatch(text):
        text = " ".join(part for part in sentences(told) if _STATEMENT.search(part)) or text
    whole = _STATEMENT.fullmatch(text.strip(" ."))
    if whole:
        ((amount, word),) = _statements(whole.group(0))
        return Duration(kind=DurationKind.STATED, channel=channel, value=amount, unit=word)
    short, abridged = _short(text)
    return Duration(kind=DurationKind.TEXT, channel=channel, text=short, abridged=abridged)


def _without_unit(number: float, told: str, channel: Channel | None) -> Duration:
    stated = set(_statements(told))
    if number in (0, 1):
        clause = _one_clause(told) if len(stated) == 1 else ""
        if clause:
            return Duration(kind=DurationKind.TEXT, channel=channel, text=clause)
        if stated and channel:
            text, abridged = _short(_telling(told))
            return Duration(kind=DurationKind.TEXT, channel=channel, text=text, abridged=abridged)
        at_once = _at_once(told) if not stated else ""
        if at_once:
            return Duration(kind=DurationKind.TEXT, channel=channel, text=at_once)
        return Duration(kind=DurationKind.PLACEHOLDER, channel=channel, value=number)
    same = {unit for amount, unit in stated if amount == number}
    if len(same) == 1:
        return Duration(kind=DurationKind.STATED, channel=channel, value=number, unit=same.pop())
    return Duration(kind=DurationKind.UNIT_UNKNOWN, channel=channel, value=number)


def _at_once(told: str) -> str:
    """The sentence of a method's description that tells the time in words ("ngay khi nhận đủ hồ sơ"), or ""."""
    telling = [part.strip(" -+*;.") for part in sentences(told) if _AT_ONCE.search(part) and not _HANDED_IN.match(part)]
    return telling[0] if len(telling) == 1 and len(telling[0]) <= 300 else ""


def _without_marks(text: str) -> str:
    """`text` without the brackets of list marks ("+) Trong thời hạn …"), which nothing opens."""
    return re.sub(r"(?:(?<=\s)|^)[-+*•]?\)\s", "- ", text).removeprefix("- ")


def _told_besides(number: float, unit: DurationUnit, told: str) -> tuple[str, bool]:
    """What a method's description says of other times than the number's, and whether it was abridged.

    One plainly other time ("07 ngày làm việc" beside 7 DAY) is that time alone. Several times are the sentences that
    state them: only they say which holds for whom ("đối với các xã miền núi …"), and nobody may guess it.
    """
    stated = set(_statements(told))
    telling = _telling(told)
    if not stated - {(number, unit)}:  # the same time: told again only where it holds for some applicants alone
        return _short(telling) if stated and _FOR_SOME.match(telling) else ("", False)
    other = _told_otherwise(number, unit, told)
    return (other, False) if other else _short(telling)


def _telling(told: str) -> str:
    return " ".join(part for part in whole_sentences(told) if _STATEMENT.search(part)).strip(" -+*;")


def _whose(told: str) -> str:
    """The first clause of a description without a time ("Đối với hồ sơ phải bổ sung"), or ""."""
    clause = without_bullet(re.split(r"[.;:]\s|\s-\s", f"{without_bullet(told)} ", maxsplit=1)[0]).strip(" -+*.;:")
    return clause if len(clause) <= 200 and _WHOSE.search(clause) and not _NOT_WHOSE.match(clause) else ""


def _short(text: str) -> tuple[str, bool]:
    """Whole sentences, 300 characters or, where the first ones are longer, 600."""
    short, abridged = within(text, 300)
    return within(text, 600) if abridged else (short, abridged)


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
    told |= {time for duration in by_method if is_time(duration.text) for time in _statements(duration.text)}
    told |= {time for found in by_method if found.kind is DurationKind.TEXT for time in _statements(found.text)}
    unknown = {duration.value for duration in by_method if duration.kind is DurationKind.UNIT_UNKNOWN}
    alike = len({(_number(value), clean(unit)) for _, value, unit in cases}) == 1
    found: dict[Duration, None] = {}
    for name, value, unit in cases:
        duration = read_duration(value, unit, "", None)
        differs = (
            duration.kind is DurationKind.STATED and (duration.value, duration.unit) not in told and duration.value
        )
        odd = duration.kind is DurationKind.UNIT_UNKNOWN and duration.value not in unknown and not told
        if differs or odd:
            text, abridged = ("", False) if alike else within(name, 200)
            found.setdefault(
                Duration(kind=duration.kind, value=duration.value, unit=duration.unit, text=text, abridged=abridged)
            )
    return tuple(found)
