"""Amounts, durations, channels and dates as residents read them."""

import re
from collections.abc import Iterable
from datetime import date

from knowledge_base.procedure import Channel, Duration, DurationKind, DurationUnit, FeeKind, FeeLine

LONG_TEXT = 200
"""A time told in more characters is introduced as the record's own words."""

CHANNELS = {
    Channel.DIRECT: "Nộp trực tiếp",
    Channel.ONLINE: "Nộp trực tuyến (qua mạng)",
    Channel.POSTAL: "Nộp qua bưu điện",
}


def channel_names(channels: Iterable[Channel | None]) -> str:
    """The ways to hand in before what holds for them ("Nộp trực tiếp: "); empty for none."""
    named = set(channels)
    return ", ".join(name for channel, name in CHANNELS.items() if channel in named) + ": " if named else ""


_UNITS = {
    DurationUnit.WORKING_DAY: "ngày làm việc",
    DurationUnit.DAY: "ngày",
    DurationUnit.HOUR: "giờ",
    DurationUnit.MONTH: "tháng",
}


def day(iso: str) -> str:
    """2026-07-17 → 17/07/2026."""
    return date.fromisoformat(iso).strftime("%d/%m/%Y")


def money(amount: int, currency: str) -> str:
    """135000, VND → 135.000 đồng; without a currency the record names none, and that is said."""
    number = f"{amount:,}".replace(",", ".")
    match currency:
        case "VND":
            return f"{number} đồng"
        case "":
            return f"{number} (bản ghi không nêu đơn vị tiền)"
        case _:
            return f"{number} {currency}"


def number(value: float) -> str:
    """3.5 → 3,5; whole numbers without decimals."""
    return f"{value:g}".replace(".", ",")


def duration(time: Duration) -> str:
    """One processing time in words; a placeholder is never shown as a number."""
    match time.kind:
        case DurationKind.STATED:
            said = stated(time)
            if time.text and time.channel:
                return _with_description(said, time)
            return f"{said} – {time.text}" if time.text else said
        case DurationKind.TEXT:
            if len(time.text) < 30 and not any(character.isdigit() for character in time.text):
                return f"bản ghi viết “{time.text.rstrip(' .')}”"
            said = _marked(time.text, abridged=time.abridged)
            return f"bản ghi viết: {said}" if len(said) > LONG_TEXT else said
        case DurationKind.UNIT_UNKNOWN:
            assert time.value is not None
            return f"bản ghi chỉ ghi số {number(time.value)}, không rõ ngày hay giờ"
        case DurationKind.PLACEHOLDER | DurationKind.NOT_STATED:
            return "bản ghi chưa nêu thời gian cụ thể"


def _marked(text: str, *, abridged: bool) -> str:
    return f"{text.rstrip(' …')} …" if abridged else text


def stated(time: Duration) -> str:
    """The number and unit of a stated time alone."""
    assert time.value is not None
    assert time.unit is not None
    return f"{number(time.value)} {_UNITS[time.unit]}"


def _with_description(stated: str, time: Duration) -> str:
    """A time whose channel's description states others: they are told too, and where they contradict it.

    One other time stands in brackets; several are the description's own sentences, which say for whom each holds.
    """
    if not re.fullmatch(r"[\d.,]+ ?[^\W\d]+(?: [^\W\d]+){0,2}", time.text):
        return f"{stated}. Phần mô tả ghi: {_marked(time.text, abridged=time.abridged)}"
    said = f"{stated} (phần mô tả ghi {time.text}"
    same = re.match(r"[\d.,]+", time.text)
    if same and float(same[0].replace(",", ".")) == time.value:
        return f"{said})"
    return f"{said}; các chỗ trong bản ghi ghi khác nhau)"


def fee(line: FeeLine, today: date) -> str:
    """One fee line in words: the record's own wording, with its number where the wording has none."""
    text = _marked(line.text.rstrip(" ;:,"), abridged=line.abridged)
    match line.kind:
        case FeeKind.AMOUNT:
            said = _amount(line, text)
        case FeeKind.FREE:
            said = text or "Miễn phí"
        case FeeKind.ZERO:
            said = "Cổng Dịch vụ công ghi 0 đồng"
        case FeeKind.COUNCIL:
            said = f"Mức thu do tỉnh quy định, bản ghi không nêu số tiền. Bản ghi viết: {text}"
        case FeeKind.REGULATION:
            said = f"Bản ghi không nêu số tiền, chỉ viết: {text}"
        case FeeKind.NOT_STATED if line.unclear:
            said = f"Cổng chỉ ghi số {line.unclear}, không rõ là bao nhiêu tiền, bạn hỏi lại cán bộ"
            said += f". Bản ghi viết: {text}" if text else ""
        case FeeKind.NOT_STATED:
            said = f"Bản ghi viết: {text}" if text else "Chưa có thông tin"
    if line.valid_until and date.fromisoformat(line.valid_until) < today:
        said += f" (Mức ghi đến hết {day(line.valid_until)} nay đã hết hạn, bạn hỏi cán bộ mức đang thu.)"
    return said


def _amount(line: FeeLine, text: str) -> str:
    amounts = " hoặc ".join(money(amount, line.currency) for amount in line.amounts)
    if line.unclear:
        amounts = f"số {line.unclear} (không rõ là bao nhiêu tiền) và {amounts}"
    if not text:
        return amounts
    if line.conflict:
        return f"Cổng ghi {amounts}; hai chỗ trong bản ghi không khớp, bạn hỏi lại cán bộ. Bản ghi viết: {text}"
    if text.startswith("/"):
        return f"{amounts}{text}"
    named = [amount in _numbers(text) for amount in line.amounts]
    if all(named):
        return text
    if not named[0] and all(named[1:]) and line.valid_until:  # the text tells what holds for a period instead
        amounts = money(line.amounts[0], line.currency)
    return f"{amounts} – {text}"


def _numbers(text: str) -> set[int]:
    """The whole numbers written in `text`, with their thousands separated or not."""
    return {int(re.sub(r"\D", "", found)) for found in re.findall(r"\d{1,3}(?:[.,]\s?\d{3})+(?!\d)|\d+", text)}


def cut(text: str, limit: int) -> str:
    """`text` in about `limit` characters, ended between words and marked where it goes on."""
    return text if len(text) <= limit else text[: text.rfind(" ", 0, limit)].rstrip(" ,;:(–-") + " …"
