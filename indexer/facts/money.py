"""Amounts of money in the wording of a fee, told from dates, numbers of documents and the limits of brackets."""

import re
from typing import Literal, NamedTuple

from indexer.facts.legal import NUMBER

Currency = Literal["VND", "USD", "EUR", ""]

NOT_MONEY = re.compile(
    "|".join(
        (
            NUMBER.pattern,
            r"\d{1,4}/\d{4}[-/][A-ZĐ][\w-]*",
            r"\d{1,2}\s?[/.-]\s?\d{1,2}\s?[/.-]\s?\d{4}",
            r"\d{1,2}/\d{4}(?!\d)",
            r"ngày\s+\d{1,2}\s+tháng\s+\d{1,2}(?:\s+năm\s+\d{4})?",
            r"(?:năm|tháng)\s+\d{1,4}(?![.,]\d{3})",
            r"(?:[Đđ]iều|[Kk]hoản|[Đđ]iểm|[Mm]ục|[Pp]hụ lục|[Mm]ẫu số|STT)\s+[\dIVX]+(?:[.,]\d{1,2})*",
        )
    )
)
_GROUPED = r"\d{1,3}(?:[.,]\s?\d{3})+(?!\d)"
_NUM = rf"(?:{_GROUPED}|\d+(?:[.,]\d{{1,2}})?(?![\d]))"
_UNIT = r"(?:đồng|vnđ|vnd|việt nam đồng|đ(?![\w])|usd|đô la(?: mỹ)?|đôla|us\$|\$|eur|euro)"
_SPELT = r"(?:\s?\([^\d()]{2,60}\))?"
_AMOUNT = re.compile(
    rf"(?<![\d/.,])(?:(?<!\w)|(?<=\bx))(?:(?P<dollar>\$|US\$)\s?)?(?P<first>{_NUM})(?:\s?(?:-|–|đến|~)\s?(?P<second>{_NUM}))?{_SPELT}"
    rf"\s?(?P<scale>tỷ|tỉ|triệu|nghìn|ngàn)?{_SPELT}\s?(?P<unit>{_UNIT})?(?P<per>\s?/)?",
    re.IGNORECASE,
)
_TOLD_AS_FEE = re.compile(r"(?:(?:phí|mức thu)\s?:\s?|[x×]\s?)$", re.IGNORECASE)
_TABLE_IN_DONG = re.compile(r"\((?:đơn vị(?: tính)?\s?:\s?)?(?:đồng|vnđ|vnd)\)", re.IGNORECASE)
_MEASURE = re.compile(r"\s?(?:m2|m3|m²|m³|kg|gt|tấn|lần|số|bản|người|học sinh)\b", re.IGNORECASE)
_SCALE = {"triệu": 1_000_000, "nghìn": 1_000, "ngàn": 1_000}
_THRESHOLD_BEFORE = re.compile(
    r"(?:vốn|giá trị|trị giá|doanh thu|mức đầu tư|dự toán|quyết toán|thu nhập|công suất|sản lượng)[^.;:)]{0,60}$"
    r"|(?<!không )(?<!không quá )\b(?:trên|dưới|lớn hơn|nhỏ hơn|hơn|vượt)\s+$",
    re.IGNORECASE,
)
_FEE_BEFORE = re.compile(
    r"(?:phí|thu|tối đa|tối thiểu|không quá|không dưới|là|nộp)\s+(?:bằng\s+|là\s+)?$", re.IGNORECASE
)
_THRESHOLD_AFTER = re.compile(r"^\s*(?:trở (?:lên|xuống)|/?\s?(?:lần mức|Bq))", re.IGNORECASE)


class Money(NamedTuple):
    """An amount in whole units of its currency."""

    amount: int
    currency: Currency


def _number(text: str) -> float:
    text = re.sub(r"\s", "", text)
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", text):
        return float(re.sub(r"[.,]", "", text))
    return float(text.replace(",", "."))


def currency_of(unit: str) -> Currency:
    """The currency that a unit names ("đồng", "USD"), or ""."""
    unit = unit.casefold()
    if unit.startswith(("usd", "us", "đô", "$")):
        return "USD"
    if unit.startswith("eur"):
        return "EUR"
    return "VND" if unit else ""


def amounts_in(text: str) -> tuple[Money, ...]:
    """The amounts of money that cleaned `text` names as a fee, in order, each once.

    Dates, numbers of documents, percentages and the limits of a bracket ("vốn dưới 10 tỷ đồng") are not amounts.
    """
    text = NOT_MONEY.sub(lambda found: "§" * len(found.group(0)), text)
    found: dict[Money, None] = {}
    table = max((heading.end() for heading in _TABLE_IN_DONG.finditer(text)), default=-1)
    for match in _AMOUNT.finditer(text):
        scale = (match["scale"] or "").casefold()
        unit = match["unit"] or match["dollar"] or ""
        numbers = [part for part in (match["first"], match["second"]) if part]
        if scale in {"tỷ", "tỉ"}:  # no fee is counted in thousands of millions: it is the limit of a bracket
            continue
        grouped = re.fullmatch(_GROUPED, numbers[0]) is not None
        millions = grouped and len(re.findall(r"[.,]", numbers[0])) > 1
        ranged = len(numbers) == 2 and all(_number(part) >= 1000 for part in numbers)
        before, after = text[: match.start()], text[match.end() :]
        plain = grouped or (numbers[0].isdigit() and 5 <= len(numbers[0]) <= 9)
        counted = plain and (match["per"] or (_TOLD_AS_FEE.search(before) and not _MEASURE.match(after)))
        in_table = grouped and 0 <= table < match.start() and not _MEASURE.match(after)
        bare_money = not unit and not scale and (counted or millions or ranged or in_table)
        if not (unit or scale or bare_money):
            continue
        if grouped and scale in {"nghìn", "ngàn"}:  # "100.000 nghìn đồng" has its thousands already
            scale = ""
        if (_THRESHOLD_BEFORE.search(before) and not _FEE_BEFORE.search(before)) or _THRESHOLD_AFTER.match(after):
            continue
        if after.lstrip().startswith("%"):
            continue
        for part in numbers:
            value = _number(part) * _SCALE.get(scale, 1)
            if value and value == int(value) and value < 10**12:
                found.setdefault(Money(int(value), currency_of(unit) or "VND"))
    return tuple(found)
