"""Fields of a procedure as lines of text that staff can read and change, and back again.

A line that was left as it was keeps everything that it stood for, also what the text does not show; only changed lines
are read anew. What can't be read raises FieldError with a sentence in Vietnamese that names the line.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from knowledge_base.procedure import (
    Case,
    CaseKind,
    Channel,
    Duration,
    DurationKind,
    DurationUnit,
    FeeKind,
    FeeLine,
    LegalDocument,
    Paper,
    Procedure,
)
from knowledge_base.text import fold, nfc

T = TypeVar("T")
LONGEST: Final = 60_000
"""Characters of a field, papers of many cases among them."""
_WAYS: Final = {Channel.DIRECT: "trực tiếp", Channel.ONLINE: "trực tuyến", Channel.POSTAL: "bưu chính"}
_FEES: Final = {
    FeeKind.FREE: "miễn phí",
    FeeKind.ZERO: "Cổng ghi 0 đồng",
    FeeKind.COUNCIL: "tỉnh quy định",
    FeeKind.REGULATION: "theo quy định",
    FeeKind.NOT_STATED: "chưa nêu",
}
_UNITS: Final = {
    DurationUnit.WORKING_DAY: "ngày làm việc",
    DurationUnit.DAY: "ngày",
    DurationUnit.HOUR: "giờ",
    DurationUnit.MONTH: "tháng",
}
_NO_TIME: Final = {
    DurationKind.PLACEHOLDER: "chưa nêu số ngày",
    DurationKind.NOT_STATED: "chưa nêu",
}
_MONEY: Final = re.compile(r"(\d{1,3}(?:[.\s]\d{3})+|\d+)\s*(đồng|đ|vnđ|vnd|usd|eur)?", re.IGNORECASE)
_TIME: Final = re.compile(r"(\d+(?:[.,]\d+)?)\s*(.*)")
_NUMBERED: Final = re.compile(r"\d+/\S*")


class FieldError(ValueError):
    """What was written can't be read; the message says which line and how to write it."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field that staff may correct. hint: how it is written. rows: lines of the box; 1: a single line."""

    name: str
    title: str
    write: Callable[[Any], str]
    read: Callable[[str, Any], Any]
    hint: str = ""
    rows: int = 1


def builtin(value: Any) -> Any:
    """A value as an override keeps it."""
    return msgspec.to_builtins(value)


def _tidy(text: str) -> str:
    return " ".join(nfc(text).split())


def _lines(text: str) -> list[str]:
    return [line for line in map(_tidy, text.splitlines()) if line]


def _text(text: str, _old: object) -> str:
    return _tidy(text)


def _required(text: str, _old: object) -> str:
    said = _tidy(text)
    if not said:
        raise FieldError("Ô này không được để trống.")
    return said


def _prose(text: str, _old: object) -> str:
    return "\n".join(_lines(text))


def _list(text: str, _old: object) -> tuple[str, ...]:
    return tuple(_lines(text))


def _write_list(values: Sequence[str]) -> str:
    return "\n".join(map(_tidy, values))


def _by_line(
    write: Callable[[T], str], read: Callable[[str], T]
) -> tuple[Callable[[Sequence[T]], str], Callable[[str, Sequence[T]], tuple[T, ...]]]:
    def write_all(values: Sequence[T]) -> str:
        return "\n".join(_tidy(write(value)) for value in values)

    def read_all(text: str, old: Sequence[T]) -> tuple[T, ...]:
        kept: dict[str, list[T]] = {}
        for value in old:
            kept.setdefault(_tidy(write(value)), []).append(value)
        return tuple(_kept(kept, line) or read(line) for line in _lines(text))

    return write_all, read_all


def _kept(kept: dict[str, list[T]], line: str) -> T | None:
    """What this very line stood for; of equal lines one after the other, the last one again and again."""
    values = kept.get(line)
    if not values:
        return None
    return values.pop(0) if len(values) > 1 else values[0]


# --- ways to hand in, fees, times ---


def _way(line: str, without: str) -> tuple[Channel | None, str]:
    """The way that a line begins with, and the rest of the line."""
    head, colon, rest = line.partition(":")
    named = fold(head.strip())
    for channel, name in _WAYS.items():
        if colon and named == fold(name):
            return channel, rest.strip()
    if colon and named == fold(without):
        return None, rest.strip()
    return None, line


def _write_ways(channels: Sequence[Channel]) -> str:
    return "\n".join(_WAYS[channel] for channel in channels)


def _read_ways(text: str, _old: object) -> tuple[Channel, ...]:
    known = {fold(name): channel for channel, name in _WAYS.items()}
    found = []
    for line in _lines(text):
        if fold(line) not in known:
            raise FieldError(f"Dòng “{line}”: chỉ ghi trực tiếp, trực tuyến hoặc bưu chính.")
        found.append(known[fold(line)])
    return tuple(dict.fromkeys(found))


_EVERY_WAY: Final = "mọi cách"


def _write_fee(fee: FeeLine) -> str:
    if fee.kind is FeeKind.AMOUNT:
        unit = {"VND": " đồng", "": ""}.get(fee.currency, f" {fee.currency}")
        said = "; ".join(f"{amount:,}{unit}".replace(",", ".") for amount in fee.amounts)
    else:
        said = _FEES[fee.kind]
    until = f" | đến {datetime.fromisoformat(fee.valid_until):%d/%m/%Y}" if fee.valid_until else ""
    way = _WAYS[fee.channel] if fee.channel else _EVERY_WAY
    return f"{way}: {said}" + (f" | {fee.text}" if fee.text else "") + until


def _read_fee(line: str) -> FeeLine:
    channel, rest = _way(line, _EVERY_WAY)
    first, *others = (part.strip() for part in rest.split("|"))
    until = ""
    if others and (ends := re.fullmatch(r"đến (\d{1,2}/\d{1,2}/\d{4})", others[-1])):
        until = _day(ends[1], line)
        others.pop()
    text = " | ".join(others)
    for kind, name in _FEES.items():
        if fold(first) == fold(name):
            return FeeLine(kind=kind, channel=channel, text=text, valid_until=until)
    amounts, currency = _money(first, line)
    return FeeLine(
        kind=FeeKind.AMOUNT, channel=channel, amounts=amounts, currency=currency, text=text, valid_until=until
    )


def _money(said: str, line: str) -> tuple[tuple[int, ...], Any]:
    amounts, currency = [], ""
    for part in said.split(";"):
        found = _MONEY.fullmatch(part.strip())
        if not found:
            raise FieldError(
                f"Dòng “{line}”: ghi như “trực tiếp: 15.000 đồng”, nhiều mức thì cách nhau dấu chấm phẩy;"
                f" không có số tiền thì ghi {', '.join(_FEES.values())}."
            )
        amounts.append(int(re.sub(r"\D", "", found[1])))
        unit = (found[2] or "").upper()
        currency = unit if unit in ("USD", "EUR") else "VND"
    return tuple(amounts), currency


def _day(text: str, line: str) -> str:
    try:
        return datetime.strptime(text, "%d/%m/%Y").date().isoformat()  # noqa: DTZ007 - a day, no moment
    except ValueError:
        raise FieldError(f"Dòng “{line}”: ngày ghi như 31/12/2026.") from None


_BY_CASE: Final = "theo quy trình"


def _write_duration(time: Duration) -> str:
    way = _WAYS[time.channel] if time.channel else _BY_CASE
    value = f"{time.value:g}".replace(".", ",") if time.value is not None else ""
    match time.kind:
        case DurationKind.STATED:
            said = f"{value} {_UNITS[time.unit] if time.unit else ''}"
        case DurationKind.UNIT_UNKNOWN:
            said = f"{value} (không rõ đơn vị)"
        case DurationKind.TEXT:
            return f"{way}: {time.text}"
        case _:
            said = _NO_TIME[time.kind]
    return f"{way}: {said}" + (f" | {time.text}" if time.text else "")


def _read_duration(line: str) -> Duration:
    channel, rest = _way(line, _BY_CASE)
    first, _, text = (part.strip() for part in rest.partition("|"))
    if not first:
        raise FieldError(f"Dòng “{line}”: ghi như “trực tiếp: 5 ngày làm việc”.")
    for kind, name in _NO_TIME.items():
        if fold(first) == fold(name):
            return Duration(kind=kind, channel=channel, text=text)
    if (found := _TIME.fullmatch(first)) and (unit := _unit(found[2])):
        value = float(found[1].replace(",", "."))
        return Duration(kind=DurationKind.STATED, channel=channel, value=value, unit=unit, text=text)
    return Duration(kind=DurationKind.TEXT, channel=channel, text=rest)


def _unit(said: str) -> DurationUnit | None:
    return next((unit for unit, name in _UNITS.items() if fold(said.strip()) == fold(name)), None)


# --- papers ---

_KINDS: Final = {CaseKind.ALL: "# luôn cần", CaseKind.PART: "# nhóm", CaseKind.CASE: "# khi"}


def _heading(case: Case) -> str:
    label = _tidy(case.label)
    return f"{_KINDS[case.kind]}: {label}" if label else _KINDS[case.kind]


def _write_paper(paper: Paper) -> str:
    counts = [f"{paper.originals} chính"] * bool(paper.originals) + [f"{paper.copies} sao"] * bool(paper.copies)
    parts = [_tidy(paper.name)]
    parts += [", ".join(counts)] * bool(counts)
    parts += [f"mẫu {'; '.join(map(_tidy, paper.forms))}"] * bool(paper.forms)
    return " | ".join(parts)


def _read_paper(line: str) -> Paper:
    name, *parts = (part.strip() for part in line.split("|"))
    if not name or len(name) > 300:
        raise FieldError(f"Dòng “{line[:60]}”: tên giấy tờ dài từ 1 đến 300 ký tự.")
    numbers, forms = {"chinh": 0, "sao": 0}, tuple[str, ...]()
    for part in parts:
        if fold(part).startswith("mau "):
            forms = tuple(filter(None, (form.strip() for form in part[4:].split(";"))))
            continue
        for count in part.split(","):
            found = re.fullmatch(r"(\d{1,3}) (?:ban )?(chinh|sao)", fold(count.strip()))
            if not found:
                raise FieldError(f"Dòng “{line[:60]}”: ghi như “Tờ khai | 1 chính, 2 sao | mẫu CT01”.")
            numbers[found[2]] = int(found[1])
    return Paper(name=name, originals=numbers["chinh"], copies=numbers["sao"], forms=forms)


def _write_cases(cases: Sequence[Case]) -> str:
    return "\n".join(line for case in cases for line in (_heading(case), *map(_write_paper, case.papers)))


def _read_cases(text: str, old: Sequence[Case]) -> tuple[Case, ...]:
    kept: dict[str, list[Case]] = {}
    for case in old:
        kept.setdefault(_heading(case), []).append(case)
    groups: list[tuple[str, list[str]]] = []
    for line in _lines(text):
        if line.startswith("#"):
            groups.append((line, []))
        elif groups:
            groups[-1][1].append(line)
        else:
            groups.append((_KINDS[CaseKind.ALL], [line]))
    read = []
    for heading, lines in groups:
        same = kept.get(heading)
        case = same.pop(0) if same else _read_heading(heading)
        papers = _papers[1]("\n".join(lines), case.papers)
        read.append(msgspec.structs.replace(case, papers=papers))
    return tuple(read)


def _read_heading(line: str) -> Case:
    start, _, label = line.partition(":")
    for kind, name in _KINDS.items():
        if fold(start.strip()) == fold(name) and (label.strip() or kind is CaseKind.ALL):
            return Case(kind=kind, label=label.strip())
    raise FieldError(f"Dòng “{line[:60]}”: ghi “# luôn cần”, “# nhóm: tên nhóm” hoặc “# khi: trường hợp nào”.")


# --- legal documents ---


def _write_legal(document: LegalDocument) -> str:
    return " – ".join(part for part in (_tidy(document.number), _tidy(document.name)) if part)


def _read_legal(line: str) -> LegalDocument:
    number, dash, name = (part.strip() for part in line.partition(" – "))
    if dash:
        return LegalDocument(number=number, name=name)
    return LegalDocument(number=line) if _NUMBERED.fullmatch(line) else LegalDocument(name=line)


_papers = _by_line(_write_paper, _read_paper)
_fees = _by_line(_write_fee, _read_fee)
_durations = _by_line(_write_duration, _read_duration)
_legal = _by_line(_write_legal, _read_legal)

_EACH: Final = "Mỗi dòng một."

FIELDS: Final = {
    field.name: field
    for field in (
        Field(name="name", title="Tên", write=_tidy, read=_required),
        Field(name="plain_name", title="Tên thường gọi", write=_tidy, read=_text, hint="Ngắn, đúng lời ở quầy."),
        Field(
            name="cases", title="Giấy tờ cần nộp", write=_write_cases, read=_read_cases, rows=14,
            hint="Mỗi giấy một dòng: Tờ khai | 1 chính, 2 sao | mẫu CT01. Đầu nhóm ghi # luôn cần, # nhóm: …, # khi: …",
        ),
        Field(
            name="fees", title="Phí, lệ phí", write=_fees[0], read=_fees[1], rows=6,
            hint=(
                "Mỗi mức một dòng: trực tiếp: 15.000 đồng | cho ai, việc gì | đến 31/12/2026. "
                "Không có số tiền thì ghi: " + ", ".join(_FEES.values()) + "."
            ),
        ),
        Field(
            name="durations", title="Thời gian giải quyết", write=_durations[0], read=_durations[1], rows=4,
            hint="Mỗi cách nộp một dòng: trực tiếp: 5 ngày làm việc",
        ),
        Field(
            name="channels", title="Cách nộp", write=_write_ways, read=_read_ways, rows=3,
            hint="Mỗi dòng một cách: trực tiếp, trực tuyến, bưu chính",
        ),
        Field(name="address", title="Nơi tiếp nhận", write=_tidy, read=_text),
        Field(name="executing", title="Cơ quan giải quyết", write=_write_list, read=_list, rows=2, hint=_EACH),
        Field(name="results", title="Kết quả nhận được", write=_write_list, read=_list, rows=3, hint=_EACH),
        Field(name="audience", title="Ai được làm", write=_write_list, read=_list, rows=3, hint=_EACH),
        Field(name="steps", title="Cách làm", write=_write_list, read=_list, rows=8, hint="Mỗi bước một dòng."),
        Field(name="conditions", title="Điều kiện", write=str.strip, read=_prose, rows=6),
        Field(
            name="legal", title="Căn cứ pháp lý", write=_legal[0], read=_legal[1], rows=5,
            hint="Mỗi văn bản một dòng, ghi số hiệu: 154/2024/NĐ-CP",
        ),
        Field(name="field", title="Lĩnh vực", write=_tidy, read=_required),
        Field(name="decision", title="Quyết định công bố", write=_tidy, read=_text),
        Field(name="topics", title="Sự kiện trong đời", write=_write_list, read=_list, rows=2, hint=_EACH),
    )
}  # fmt: skip
"""Fields that staff may correct, in the order in which residents read them."""


def written(procedure: Procedure, field: str) -> str:
    """A field as lines."""
    return FIELDS[field].write(getattr(procedure, field))


def read(procedure: Procedure, field: str, text: str) -> Any:
    """The value that the lines mean; raises FieldError."""
    if len(text) > LONGEST:
        raise FieldError(f"Dài quá {LONGEST} ký tự.")
    return FIELDS[field].read(text, getattr(procedure, field))
