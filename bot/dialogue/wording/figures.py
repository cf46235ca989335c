"""Amounts, durations, channels and dates as residents read them."""

import re
from datetime import date

from knowledge_base.procedure import Channel, Duration, DurationKind, DurationUnit, FeeKind, FeeLine

CHANNELS = {
    Channel.DIRECT: "Nộp trực tiếp",
    Channel.ONLINE: "Nộp trực tuyến (qua mạng)",
    Channel.POSTAL: "Nộp qua bưu điện",
}

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
            assert time.value is not None
            assert time.unit is not None
            stated = f"{number(time.value)} {_UNITS[time.unit]}"
            if time.text and time.channel:
                return _with_description(stated, time)
            return f"{stated} – {time.text}" if time.text else stated
        case DurationKind.TEXT:
            if len(time.text) < 30 and not any(character.isdigit() for character in time.text):
                return f"bản ghi viết “{time.text.rstrip(' .')}”"
            return f"{time.text} …" if time.abridged else time.text
        case DurationKind.UNIT_UNKNOWN:
            assert time.value is not None
            return f"bản ghi chỉ ghi số {number(time.value)}, không rõ ngày hay giờ"
        case DurationKind.PLACEHOLDER | DurationKind.NOT_STATED:
            return "bản ghi chưa nêu thời gian cụ thể"


def _with_description(stated: str, time: Duration) -> str:
    """A time whose channel's description states another one: both are told, and that they differ in number."""
    said = f"{stated} (phần mô tả ghi {time.text}"
    same = re.match(r"[\d.,]+", time.text)
    if same and float(same[0].replace(",", ".")) == time.value:
        return f"{said})"
    return f"{said}; các chỗ trong bản ghi ghi khác nhau)"


def fee(line: FeeLine, today: date) -> str:
    """One fee line in words: the record's own wording, with its number where the wording has none."""
    text = line.text + (" …" if line.abridged else "")
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
        case FeeKind.NOT_STATED:
            said = f"Bản ghi viết: {text}" if text else "Chưa có thông tin"
    if line.valid_until and date.fromisoformat(line.valid_until) < today:
        said += f" (Chỗ ghi áp dụng đến {day(line.valid_until)} nay đã hết hạn, bạn hỏi lại cán bộ.)"
    return said


def _amount(line: FeeLine, text: str) -> str:
    amounts = " hoặc ".join(money(amount, line.currency) for amount in line.amounts)
    if not text:
        return amounts
    if line.conflict:
        return f"Cổng ghi {amounts}; hai chỗ trong bản ghi không khớp, bạn hỏi lại cán bộ. Bản ghi viết: {text}"
    if text.startswith("/"):
        return f"{amounts}{text}"
    named = all(amount in _numbers(text) for amount in line.amounts)
    return text if named else f"{amounts} – {text}"


def _numbers(text: str) -> set[int]:
    """The whole numbers written in `text`, with their thousands separated or not."""
    return {int(re.sub(r"\D", "", found)) for found in re.findall(r"\d{1,3}(?:[.,]\s?\d{3})+(?!\d)|\d+", text)}
