"""What a fee line honestly says.

The portal's form demands a number, so clerks type 0 and write the amount, the rule or nothing into the text. Hence:
an amount may stand in the number, in the text or in both; 0 is never read as free; "Không" and "Không có" stay the
record's own words (`NOT_STATED` with the text), because only "miễn phí" or "không thu phí" proves that it is free.
"""

import re
from typing import Literal, NamedTuple

import msgspec

from indexer.facts.money import NOT_MONEY, Currency, Money, amounts_in, currency_of
from indexer.facts.periods import level_in, periods_in
from indexer.facts.wording import clean, sentences, whole_sentences, within, without_bullet
from knowledge_base.procedure import Channel, FeeKind, FeeLine

SHORT, LONG = 300, 600

_APPLIED = re.compile(r"áp dụng mức (?:phí|thu|lệ phí)", re.IGNORECASE)
_IN_FORCE = re.compile(r"áp dụng (?:mức|đến hết)|kể từ ngày", re.IGNORECASE)
_FURTHER_LINE = re.compile(r"[\w)][\s,;.]*\b(?:Phí|Lệ phí)\s?:\s?(?=\d)")  # the next line of the fee table, run on
_PERCENT = re.compile(r"\d\s?%|‰|phần (?:trăm|nghìn|ngàn)")
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
_UNCLEAR = "số tiền quá nhỏ, không rõ là bao nhiêu"
_OPEN_DOUBTS = frozenset({_UNCLEAR, _GARBLED})
LEAST, LEAST_IN_TEXT = 1000, 500
"""A number of đồng below this is no fee: a placeholder, or one that lost its zeros. Words are believed a bit more."""
_UNIT_ALONE = re.compile(r"^(?:đồng|vnđ|vnd|đ)\s?(?=/)", re.IGNORECASE)  # "đồng/lần" behind a number of its own


class Reading(NamedTuple):
    """A fee line and what had to be repaired or could not be understood in it (a sentence, or "")."""

    line: FeeLine
    doubt: str = ""

    @property
    def action(self) -> Literal["repaired", "reported"]:
        """Whether the doubt was resolved, or an editor must look."""
        return "reported" if self.line.conflict or self.doubt in _OPEN_DOUBTS else "repaired"


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
    text = _UNIT_ALONE.sub("", without_bullet(wrapped[1] if wrapped else text).lstrip(") :;.,"))
    if text.casefold().strip(_EDGE) in {"", "đồng", "vnđ", "vnd", "0", "0 đồng", "0 vnđ", "đ"}:
        return "", False
    if len(text) <= SHORT:
        return text, False
    # Whole sentences: a list of exempted people must not lose a member at its semicolons.
    telling = [part for part in whole_sentences(text) if _TELLING.search(part)]
    short, _ = within(without_bullet(" ".join(telling)) or text, LONG)
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
        "VND"
        if "đồng" in text or text in {"vnd", "vnđ"}
        else currency_of(text)
        if text[:2] in {"us", "eu", "đô"}
        else ""
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
    """Whether a record's number for a fee can be read; none at all can, and so can words that state a fee."""
    words = _in_words(raw)
    return raw in (None, "") or _value(raw) is not None or bool(amounts_in(words) or says_free(words))


def _in_words(raw: object) -> str:
    """Words that stand where the number should ("15.000 đồng", "Miễn phí")."""
    text = clean(raw)
    return text if any(letter.isalpha() for letter in text) else ""


def read_fee(value: object, currency: object, description: object, channel: Channel | None) -> Reading:
    """One fee line out of the portal's number, currency name and text. Never raises."""
    number = _value(value)
    if number == 0 and not (description is None or isinstance(description, str)):
        number = None  # something stands where the text should, so nobody may say that the portal states 0
    if words := _in_words(value):
        description = " ".join(filter(None, (words, clean(description))))
    whole = clean(description)
    text, abridged = fee_text(description)
    stated = tuple(m for m in amounts_in(whole) if m.currency != "VND" or m.amount >= LEAST_IN_TEXT)
    named = _named_currency(currency)
    level = level_in(whole, online=channel is Channel.ONLINE)

    def line(kind: FeeKind, price: _Price = _NO_PRICE) -> FeeLine:
        usual = tuple(amount for amount in price.amounts if amount not in level.amounts)
        alone = level.whole and (
            len(price.amounts) == 1 or price.amounts[:1] == tuple(a // 2 for a in price.amounts[1:])
        )
        limited = price.amounts[:1] if alone else ()
        return FeeLine(
            kind=kind,
            channel=channel,
            amounts=price.amounts,
            currency=price.currency,
            text=text,
            abridged=abridged,
            conflict=price.conflict,
            valid_until=level.until if price.amounts else "",
            limited=limited or tuple(amount for amount in price.amounts if amount not in usual),
            percent=level.percent if price.amounts else 0,
            unclear=price.unclear,
        )

    if number:
        price = _priced(number, named, stated, whole)
        return Reading(line(FeeKind.AMOUNT if price.amounts else FeeKind.NOT_STATED, price), price.doubt)
    if stated:
        unit = stated[0].currency
        same = tuple(money.amount for money in stated if money.currency == unit)
        doubt = "số ghi 0, mức tiền nằm trong lời văn" if number == 0 else ""
        return Reading(line(FeeKind.AMOUNT, _Price(same, unit)), doubt)
    if not text:
        return Reading(line(FeeKind.ZERO if number == 0 else FeeKind.NOT_STATED))
    if says_free(whole):
        return Reading(line(FeeKind.FREE))
    if _COUNCIL.search(whole):
        return Reading(line(FeeKind.COUNCIL))
    pointing = _NO_RULE.sub("", whole)
    if _UNREADABLE.search(NOT_MONEY.sub("§", whole)):  # there is an amount, so nobody may say that there is none
        return Reading(line(FeeKind.NOT_STATED), _GARBLED)
    if _REGULATION.search(pointing) or _PERCENT.search(pointing):
        return Reading(line(FeeKind.REGULATION))
    return Reading(line(FeeKind.NOT_STATED))


class _Price(NamedTuple):
    """What a line costs, and what is doubtful in it."""

    amounts: tuple[int, ...]
    currency: Currency = ""
    conflict: bool = False
    doubt: str = ""
    unclear: int = 0


_NO_PRICE = _Price(())


def _priced(number: int, named: Currency, stated: tuple[Money, ...], whole: str) -> _Price:
    """The price where the portal's number is not 0."""
    texts = {money.currency: [m.amount for m in stated if m.currency == money.currency] for money in stated}
    for unit, amounts in texts.items():  # a number without its currency: the text knows it
        if number in amounts and unit != named:
            rest = tuple(amount for amount in amounts if amount != number)
            return _Price(
                (number, *rest), unit, doubt="" if not named else f"đơn vị tiền ghi {named}, lời văn ghi {unit}"
            )
    unit = named or next(iter(texts), "VND" if number >= LEAST else "")
    amounts = texts.get(unit, [])
    if number < LEAST and unit in {"VND", ""} and number not in amounts:
        if number * 1000 in amounts:
            return _Price(tuple(amounts), unit, doubt="số bị mất ba chữ số 0, đã lấy mức tiền trong lời văn")
        if amounts:
            return _Price(tuple(amounts), unit, conflict=True, doubt=_DIFFER, unclear=number)
        return _Price((), doubt=_UNCLEAR, unclear=number)
    rest = tuple(amount for amount in amounts if amount != number)
    if amounts and number not in amounts and _is_no_contradiction(number, amounts, whole):
        return _Price((number, *rest), unit)
    if amounts and number not in amounts:
        return _Price((number, *rest), unit, conflict=True, doubt=_DIFFER)
    if says_free(whole):
        return _Price((number,), unit, conflict=True, doubt="số nêu mức tiền nhưng lời văn ghi miễn phí")
    return _Price((number, *rest), unit)


_DIFFER = "số và lời văn nêu mức tiền khác nhau"


def _is_no_contradiction(number: int, amounts: list[int], whole: str) -> bool:
    """Whether a text that does not name the number explains it: a lower amount for a period, or further fee lines."""
    if number < 1000:
        return False
    lowered = number > max(amounts) >= number / 10 and bool(periods_in(whole)) and bool(_IN_FORCE.search(whole))
    if len(amounts) == 1 and number * 2 == amounts[0] and level_in(whole, online=True).whole:
        return True  # the number is the half that a decision named in the text sets for a period
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
        if line.unclear * 1000 in full and not line.amounts:
            line = msgspec.structs.replace(
                line, kind=FeeKind.AMOUNT, amounts=(line.unclear * 1000,), currency="VND", unclear=0
            )
            done.append(Reading(line, "số bị mất ba chữ số 0, đã lấy theo dòng khác của cùng thủ tục"))
        else:
            done.append(reading)
    return done
