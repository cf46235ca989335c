"""What a fee line honestly says.

The portal's form demands a number, so clerks type 0 and write the amount, the rule or nothing into the text. Hence:
an amount may stand in the number, in the text or in both; 0 is never read as free; "Không" and "Không có" stay the
record's own words (`NOT_STATED` with the text), because only "miễn phí" or "không thu phí" proves that it is free.
"""

import re
from datetime import date
from typing import Literal, NamedTuple

import msgspec

from indexer.facts.legal import NUMBER
from indexer.facts.wording import clean, sentences, whole_sentences, within, without_bullet
from knowledge_base.procedure import Channel, FeeKind, FeeLine

Currency = Literal["VND", "USD", "EUR", ""]
SHORT, LONG = 300, 600

_NOT_MONEY = re.compile(
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
_APPLIED = re.compile(r"áp dụng mức (?:phí|thu|lệ phí)", re.IGNORECASE)
_IN_FORCE = re.compile(r"áp dụng (?:mức|đến hết)|kể từ ngày", re.IGNORECASE)
_FURTHER_LINE = re.compile(r"[\w)][\s,;.]*\b(?:Phí|Lệ phí)\s?:\s?(?=\d)")  # the next line of the fee table, run on
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
_PERCENT = re.compile(r"\d\s?%|‰|phần (?:trăm|nghìn|ngàn)")
_PERIOD = re.compile(
    r"(?:đến|tới|hết)\s+(?:hết\s+)?(?:ngày\s+)?(?:(?P<d>\d{1,2})\s?[/.-]\s?(?P<m>\d{1,2})\s?[/.-]\s?(?P<y>\d{4})"
    r"|(?P<d2>\d{1,2})\s+tháng\s+(?P<m2>\d{1,2})\s+năm\s+(?P<y2>\d{4})|(?:hết\s+)?năm\s+(?P<y3>\d{4}))",
    re.IGNORECASE,
)
_FREE = re.compile(
    r"(?:(?:được\s+)?miễn(?:\s+thu)?\s+(?:phí|lệ phí)(?:\s*(?:,|và|/)\s*(?:phí|lệ phí))?"
    r"|không\s+(?:thu|mất|tốn|phải nộp|phải đóng|phải trả|nộp)\s+(?:phí|lệ phí|tiền)(?:\s*(?:,|và|"
    r"/)\s*(?:phí|lệ phí))?"
    r"|free)(?:\s+(?:đăng ký doanh nghiệp|thủ tục|thực hiện|thực hiện thủ tục)(?:\s+hành chính)?(?:\s+này)?)?",
    re.IGNORECASE,
)
_COUNCIL = re.compile(
    r"hội đồng nhân dân|h[đd]nd|(?<!văn phòng )(?:ủy|uỷ) ban nhân dân\s+(?:cấp\s+)?(?:tỉnh|các tỉnh|thành phố)|"
    r"ubnd\s+(?:cấp\s+)?tỉnh"
    r"|(?:chính quyền )?địa phương\s+(?:quy định|quyết định|ban hành)|"
    r"quy định của (?:chính quyền )?(?:địa phương|tỉnh)",
    re.IGNORECASE,
)
_REGULATION = re.compile(
    r"thông tư|nghị định|nghị quyết|\bluật\b|quyết định|pháp luật|bộ tài chính|biểu (?:mức|phí|thu|giá)|văn bản giá"
    r"|(?:theo|tại|của|được|áp dụng|có)\s+(?:mức\s+)?(?:quy định|quy đinh|hướng dẫn|biểu)|mức thu|"
    r"quy định (?:tại|của)|phụ lục",
    re.IGNORECASE,
)
_NO_RULE = re.compile(
    r"(?:không|chưa)(?:\s+(?:có|được))?\s+quy định(?:\s+(?:mức\s+)?(?:phí|lệ phí|thu))*", re.IGNORECASE
)
_EDGE = ' .,;:()[]-–+*/…"“”'
_TELLING = re.compile(
    r"\d{1,3}[.,]\d{3}|\d\s?(?:đồng|usd|vnđ|%|triệu|nghìn)|miễn|không thu|hội đồng nhân dân|tối đa|tối thiểu|giảm|"
    r"quy định tại|đối với|trường hợp|áp dụng mức",
    re.IGNORECASE,
)


_REFERENCE = re.compile(  # "(Thông tư số 47/2019/TT-BTC)", but not "(đối với hộ nghèo theo Nghị định …)"
    r"\((?:theo\s+)?(?:quy định\s+(?:tại|của)\s+)?(?:(?:điểm|khoản|điều)\s+\S+\s+){0,3}"
    r"(?:thông tư|nghị định|nghị quyết|luật|quyết định)\b(?:(?!trường hợp|đối với|thuộc|\bcho\b|\bnếu\b)[^()])*\)",
    re.IGNORECASE,
)
_COPY_FEE = re.compile(r"(?<=[.;])\s*phí cấp bản sao(?:[^.]|\.(?=\S))*\.?", re.IGNORECASE)  # for a copy, if asked for
_WRAPPED = re.compile(r"(?:(?:phí|lệ phí)\s*:\s*)?đồng\s*\((.*?)\)?\.?", re.IGNORECASE)


_UNREADABLE = re.compile(r"\d[\d.,]{4,}\s?(?:đồng|đ\b|vnđ|vnd)", re.IGNORECASE)
_GARBLED = "mức tiền viết sai, không đọc được"
_NO_UNIT, _TINY = "mức tiền không có đơn vị", "mức tiền nhỏ bất thường"
_OPEN_DOUBTS = frozenset({_NO_UNIT, _TINY, _GARBLED})


class Reading(NamedTuple):
    """A fee line and what had to be repaired or could not be understood in it (a sentence, or "")."""

    line: FeeLine
    doubt: str = ""

    @property
    def action(self) -> Literal["repaired", "reported"]:
        """Whether the doubt was resolved, or an editor must look."""
        return "reported" if self.line.conflict or self.doubt in _OPEN_DOUBTS else "repaired"


class _Money(NamedTuple):
    amount: int
    currency: Currency


def _number(text: str) -> float:
    text = re.sub(r"\s", "", text)
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", text):
        return float(re.sub(r"[.,]", "", text))
    return float(text.replace(",", "."))


def _currency(unit: str) -> Currency:
    unit = unit.casefold()
    if unit.startswith(("usd", "us", "đô", "$")):
        return "USD"
    if unit.startswith("eur"):
        return "EUR"
    return "VND" if unit else ""


def amounts_in(text: str) -> tuple[_Money, ...]:
    """The amounts of money that cleaned `text` names as a fee, in order, each once.

    Dates, numbers of documents, percentages and the limits of a bracket ("vốn dưới 10 tỷ đồng") are not amounts.
    """
    text = _NOT_MONEY.sub(lambda found: "§" * len(found.group(0)), text)
    found: dict[_Money, None] = {}
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
                found.setdefault(_Money(int(value), _currency(unit) or "VND"))
    return tuple(found)


def periods_in(text: str) -> tuple[date, ...]:
    """The days on which a period named in `text` ends ("đến hết ngày 31/12/2026")."""
    ends = []
    for found in _PERIOD.finditer(text):
        year = int(found["y"] or found["y2"] or found["y3"])
        month = int(found["m"] or found["m2"] or 12)
        try:
            ends.append(date(year, month, int(found["d"] or found["d2"] or 31)))
        except ValueError:
            continue
    return tuple(ends)


def says_free(text: str) -> bool:
    """Whether free is all that `text` says: "Miễn lệ phí (Thông tư …)", but not "miễn lệ phí cho hộ nghèo"."""
    bare = _REFERENCE.sub(" ", _COPY_FEE.sub(" ", text))
    bare = re.sub(r"^\s*(?:phí|lệ phí|phí, lệ phí)\s*:\s*", "", bare.strip(_EDGE), flags=re.IGNORECASE)
    bare = re.sub(r"\s*(?:\bđồng|\bvnđ|\bvnd)$", "", bare.strip(_EDGE), flags=re.IGNORECASE)
    return _FREE.fullmatch(" ".join(bare.strip(_EDGE).split())) is not None


def fee_text(raw: object) -> tuple[str, bool]:
    """The wording shown to residents (see `FeeLine.text`) and whether it was abridged."""
    text = clean(raw)
    wrapped = _WRAPPED.fullmatch(text)
    text = without_bullet(wrapped[1] if wrapped else text).lstrip(") :;.,")
    if text.casefold().strip(_EDGE) in {"", "đồng", "vnđ", "vnd", "0", "0 đồng", "0 vnđ", "đ"}:
        return "", False
    if len(text) <= SHORT:
        return text, False
    # Whole sentences: a list of exempted people must not lose a member at its semicolons.
    telling = [part for part in whole_sentences(text) if _TELLING.search(part)]
    short, _ = within(" ".join(telling) or text, LONG)
    return short, short != text


def with_method(value: object, text: object, method: object) -> str:
    """A fee's wording with what the method's description adds to it.

    Clerks leave the fee line bare (a number, "/hồ sơ") and write into the description for whom it is, its ceiling and
    the amount in force now ("áp dụng mức phí 400.000 đồng … đến hết ngày 31/12/2026"). Without that only the number
    would be told, which is the wrong amount.
    """
    own, told, number = clean(text), clean(method), _value(value)
    if not number or len(own) > 20:
        return own
    named = number in {money.amount for money in amounts_in(told)}
    if not named and not _APPLIED.search(told):
        return own
    kept = " ".join(part for part in sentences(told) if amounts_in(part))
    if not kept:
        return own
    if named:
        return kept
    unit = own if own.startswith("/") else ""
    return f"{number:,}".replace(",", ".") + f" đồng{unit} {kept}"


def _named_currency(name: object) -> Currency:
    text = clean(name).casefold()
    if not text:
        return ""
    return (
        "VND" if "đồng" in text or text in {"vnd", "vnđ"} else _currency(text) if text[:2] in {"us", "eu", "đô"} else ""
    )


def _value(raw: object) -> int | None:
    if isinstance(raw, bool) or raw is None:
        return None
    if isinstance(raw, str):
        text = clean(raw)
        if not re.fullmatch(r"\d{1,12}|\d{1,3}(?:[.,]\d{3})+", text):
            return None
        return int(re.sub(r"\D", "", text))
    if isinstance(raw, int | float) and 0 <= raw < 10**12 and raw == int(raw):
        return int(raw)
    return None


def is_amount(raw: object) -> bool:
    """Whether a record's number for a fee can be read; none at all can."""
    return raw in (None, "") or _value(raw) is not None


def read_fee(value: object, currency: object, description: object, channel: Channel | None) -> Reading:
    """One fee line out of the portal's number, currency name and text. Never raises."""
    number = _value(value)
    whole = clean(description)
    text, abridged = fee_text(description)
    stated = amounts_in(whole)
    named = _named_currency(currency)
    ends = periods_in(whole) if stated or number else ()
    until = max(ends).isoformat() if ends else ""

    def line(kind: FeeKind, amounts: tuple[int, ...] = (), unit: Currency = "", *, conflict: bool = False) -> FeeLine:
        return FeeLine(
            kind=kind,
            channel=channel,
            amounts=amounts,
            currency=unit,
            text=text,
            abridged=abridged,
            conflict=conflict,
            valid_until=until if amounts else "",
        )

    if number:
        amounts, unit, conflict, doubt = _priced(number, named, stated, whole)
        return Reading(line(FeeKind.AMOUNT, amounts, unit, conflict=conflict), doubt)
    if stated:
        unit = stated[0].currency
        same = tuple(money.amount for money in stated if money.currency == unit)
        return Reading(line(FeeKind.AMOUNT, same, unit), "số ghi 0, mức tiền nằm trong lời văn" if number == 0 else "")
    if not text:
        return Reading(line(FeeKind.ZERO if number == 0 else FeeKind.NOT_STATED))
    if says_free(whole):
        return Reading(line(FeeKind.FREE))
    if _COUNCIL.search(whole):
        return Reading(line(FeeKind.COUNCIL))
    pointing = _NO_RULE.sub("", whole)
    if _UNREADABLE.search(_NOT_MONEY.sub("§", whole)):  # there is an amount, so nobody may say that there is none
        return Reading(line(FeeKind.NOT_STATED), _GARBLED)
    if _REGULATION.search(pointing) or _PERCENT.search(pointing):
        return Reading(line(FeeKind.REGULATION))
    return Reading(line(FeeKind.NOT_STATED))


def _priced(
    number: int, named: Currency, stated: tuple[_Money, ...], whole: str
) -> tuple[tuple[int, ...], Currency, bool, str]:
    """Amounts, currency, conflict and doubt where the portal's number is not 0."""
    texts = {money.currency: [m.amount for m in stated if m.currency == money.currency] for money in stated}
    for unit, amounts in texts.items():  # a number without its currency: the text knows it
        if number in amounts and unit != named:
            rest = tuple(amount for amount in amounts if amount != number)
            return (number, *rest), unit, False, "" if not named else f"đơn vị tiền ghi {named}, lời văn ghi {unit}"
    unit = named or next(iter(texts), "VND" if number >= 1000 else "")
    amounts = texts.get(unit, [])
    if number * 1000 in amounts and number < 1000 and unit == "VND":
        return tuple(amounts), unit, False, "số bị mất ba chữ số 0, đã lấy mức tiền trong lời văn"
    rest = tuple(amount for amount in amounts if amount != number)
    if amounts and number not in amounts and _is_no_contradiction(number, amounts, whole):
        return (number, *rest), unit, False, ""
    if amounts and number not in amounts:
        return (number, *rest), unit, True, "số và lời văn nêu mức tiền khác nhau"
    if says_free(whole):
        return (number,), unit, True, "số nêu mức tiền nhưng lời văn ghi miễn phí"
    doubt = _NO_UNIT if not unit else _TINY if unit == "VND" and number < 1000 else ""
    return (number, *rest), unit, False, doubt


def _is_no_contradiction(number: int, amounts: list[int], whole: str) -> bool:
    """Whether a text that does not name the number explains it: a lower amount for a period, or further fee lines."""
    if number < 1000:
        return False
    lowered = number > max(amounts) >= number / 10 and bool(periods_in(whole)) and bool(_IN_FORCE.search(whole))
    further = _FURTHER_LINE.search(whole)
    return lowered or bool(further and not amounts_in(whole[: further.end()]))


def complete_from_siblings(readings: list[Reading]) -> list[Reading]:
    """Where one line says "20" and another of the same procedure "20.000 đ/tờ khai", both mean 20.000."""
    full = {
        amount: reading.line.currency
        for reading in readings
        if reading.line.kind is FeeKind.AMOUNT and reading.line.currency == "VND"
        for amount in reading.line.amounts
    }
    done = []
    for reading in readings:
        line = reading.line
        lost = len(line.amounts) == 1 and line.amounts[0] < 1000 and line.currency in {"", "VND"} and not line.conflict
        if lost and line.kind is FeeKind.AMOUNT and line.amounts[0] * 1000 in full:
            line = msgspec.structs.replace(line, amounts=(line.amounts[0] * 1000,), currency="VND")
            done.append(Reading(line, "số bị mất ba chữ số 0, đã lấy theo dòng khác của cùng thủ tục"))
        else:
            done.append(reading)
    return done
