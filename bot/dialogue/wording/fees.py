"""What a procedure costs: every fee line for its page, and the short answer of the overview.

The short answer is a bare amount only where the record says nothing else about it; otherwise what changes the amount
comes first and the page of fees is named.
"""

import re
from datetime import date

from bot.dialogue.wording import figures
from knowledge_base.procedure import Channel, FeeKind, FeeLine, Procedure

_PUNCTUATION = re.compile(r"[^\w.,%]+")
SEE = "xem mục Lệ phí"
_CALCULATED = re.compile(
    r"%|tối thiểu|tối đa|không quá|ít nhất|nhiều nhất|\bbằng (?:\d|một|nửa)|\bx ?\d", re.IGNORECASE
)
_RELIEVED = re.compile(r"miễn|giảm|không (?:phải )?(?:thu|nộp)|hoàn (?:trả|lại)|được hoàn", re.IGNORECASE)
_LIMITED = re.compile(r"kể từ|từ ngày|đến hết|đến ngày|trở đi", re.IGNORECASE)
_UNIT = re.compile(r"(?:đồng|đ|vnđ|usd|^|\.000) ?/ ?([^\d\W][^,;:.()\d]{1,28})[ .;)]*$", re.IGNORECASE)
_DAY = r"(\d{1,2})(?:/| tháng )(\d{1,2})(?:/| năm )(\d{4})"
_SHARE = re.compile(
    rf"từ (?:ngày )?{_DAY} đến (?:hết )?(?:ngày )?{_DAY}[^%;]{{0,160}}?bằng (\d+(?:,\d+)?) ?%", re.IGNORECASE
)
LONG = 120
"""Characters of a fee line beyond which it surely says more than the amount."""


def fees(procedure: Procedure, today: date) -> tuple[str, ...]:
    """Every fee line; lines that several channels share are said once with all of them."""
    if not procedure.fees:
        return ("Bản ghi chưa nêu phí, lệ phí. Bạn hỏi cán bộ nơi nộp.",)
    by_text: dict[str, list[Channel | None]] = {}
    first: dict[str, str] = {}  # clerks type the same fee with and without a full stop or brackets
    for line in procedure.fees:
        text = figures.fee(line, today)
        text = first.setdefault(_PUNCTUATION.sub("", text).rstrip(".,").casefold(), text)
        by_text.setdefault(text, []).append(line.channel)
    everywhere = set(procedure.channels)
    reduced = {share(line, today) for line in procedure.fees}
    said = [f"Lưu ý: {next(iter(reduced))} mức ghi dưới đây."] if len(reduced) == 1 and "" not in reduced else []
    for text, channels in by_text.items():
        named = [channel for channel in dict.fromkeys(channels) if channel]
        where_said = "" if len(by_text) == 1 and set(named) >= everywhere else figures.channel_names(named)
        said.append(f"• {where_said}{text}")
    if all(line.kind in (FeeKind.COUNCIL, FeeKind.REGULATION) for line in procedure.fees):
        said.append("Số tiền cụ thể, bạn hỏi cán bộ nơi nộp.")
    if all(line.kind is FeeKind.ZERO for line in procedure.fees):
        said.append("Bản ghi không viết rõ là miễn phí, nên bạn hỏi lại cán bộ nếu cần chắc chắn.")
    return tuple(said)


def share(line: FeeLine, today: date) -> str:
    """ "50%" and until when, where the line's text says that only this share is taken today; else empty."""
    for found in _SHARE.finditer(line.text):
        day, month, year, last_day, last_month, last_year = map(int, found.groups()[:6])
        try:
            first, last = date(year, month, day), date(last_year, last_month, last_day)
        except ValueError:
            continue
        online_only = "trực tuy" in found[0].casefold()
        if first <= today <= last and not online_only:
            return f"đến hết {figures.day(last.isoformat())} chỉ thu {found[7]}%"
    return ""


def short(procedure: Procedure, today: date) -> str:
    """What it costs, in a line."""
    kinds = {line.kind for line in procedure.fees}
    texts = {line.text for line in procedure.fees}
    if kinds == {FeeKind.NOT_STATED} and len(texts) == 1 and 0 < len(min(texts)) <= 40:
        return f"bản ghi viết “{min(texts).rstrip(' .;')}”"
    if not kinds or (kinds == {FeeKind.NOT_STATED} and texts == {""}):
        return "bản ghi chưa nêu"
    if kinds == {FeeKind.ZERO}:
        return "Cổng Dịch vụ công ghi 0 đồng"
    if kinds == {FeeKind.FREE}:
        more = any(len(text) > 60 for text in texts)
        return "bản ghi ghi không thu phí" + (f", {SEE}" if more else "")
    if FeeKind.AMOUNT in kinds:
        amounts = dict.fromkeys(
            (amount, line.currency) for line in procedure.fees if line.kind is FeeKind.AMOUNT for amount in line.amounts
        )
        if len(amounts) == 1 and kinds == {FeeKind.AMOUNT}:
            return _one_amount(procedure, *next(iter(amounts)), today)
        return f"tùy trường hợp, {SEE}"
    if any("miễn" in text.casefold() for text in texts) and kinds == {FeeKind.REGULATION}:
        return f"theo quy định, có nêu trường hợp miễn, {SEE}"
    if FeeKind.COUNCIL in kinds:
        return "do tỉnh quy định, bản ghi không nêu số tiền"
    if FeeKind.REGULATION in kinds:
        return "theo quy định, bản ghi không nêu số tiền"
    return SEE


def _one_amount(procedure: Procedure, amount: int, currency: str, today: date) -> str:
    """The only amount that the record names, preceded or followed by what the record says besides."""
    lines = procedure.fees
    said = figures.money(amount, currency)
    if any(line.conflict for line in lines):
        return f"hai chỗ trong bản ghi không khớp, {SEE}"
    if reduced := next(filter(None, (share(line, today) for line in lines)), ""):
        return f"{reduced} của {said}, {SEE}"
    texts = [line.text for line in lines if line.text]
    if any(_CALCULATED.search(text) for text in texts):
        return f"bản ghi có cách tính riêng, mức nêu ra là {said}, {SEE}"
    untils = [line.valid_until for line in lines if line.valid_until]
    if untils:
        over = all(date.fromisoformat(until) < today for until in untils) and len(untils) == len(lines)
        if over:
            return f"mức bản ghi nêu ({said}) đã hết hạn áp dụng, {SEE}"
        return f"{said}, bản ghi ghi áp dụng đến hết {figures.day(max(untils))}, {SEE}"
    if any(_RELIEVED.search(text) for text in texts):
        return f"{said}, có trường hợp được miễn hoặc giảm, {SEE}"
    several = len({_PUNCTUATION.sub("", text).rstrip(".,").casefold() for text in texts}) > 1
    if (
        several
        or any(_LIMITED.search(text) or len(text) > LONG for text in texts)
        or any(line.abridged for line in lines)
    ):
        return f"{said}, {SEE}"
    units = {re.sub(r" ?/ ?", "/", found[1].strip().casefold()) if (found := _UNIT.search(t)) else "" for t in texts}
    unit = f"/{units.pop()}" if len(units) == 1 and currency else ""
    return said + unit.removesuffix("/")
