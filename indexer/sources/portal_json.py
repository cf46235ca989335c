"""The national portal's own records as JSON: one record, a list, a wrapped list or one record a line."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Literal

from indexer.facts.codes import read_code
from indexer.facts.durations import read_case_durations, read_duration
from indexer.facts.fees import complete_from_siblings, is_amount, read_fee, with_method
from indexer.facts.headings import Line
from indexer.facts.legal import read_decision, read_legal
from indexer.facts.papers import read_papers
from indexer.facts.wording import clean, clean_lines, looks_damaged, without_bullet
from indexer.sources.finding import Finding, Findings, Reading, SourceRefused
from indexer.sources.portal_page import is_page, read_page
from indexer.sources.sections import EVERYTHING, ONLY_A_NAME, has_detail, unread_fields
from knowledge_base.procedure import Case, Channel, Duration, FeeLine, Flag, LegalDocument, Procedure

SOURCE = "https://dichvucong.gov.vn/thu-tuc-hanh-chinh/"
VIETNAM = timezone(timedelta(hours=7))  # no daylight saving since 1975; needs no zone data on the machine
_CHANNELS = {"DIRECT": Channel.DIRECT, "ONLINE": Channel.ONLINE, "POSTAL": Channel.POSTAL}
_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
_NEXT_RECORD = re.compile(r'\}\s*,\s*\{\s*"(?:id|code|ma_thu_tuc)"\s*:\s*"[^"]{1,80}"\s*,\s*"(?:code|name|detail\w*)"')
_WRAPPERS = ("content", "data", "items", "procedures", "records", "result", "results", "rows", "list", "payload")
_DEEPEST = 3
_NO_CONDITIONS = re.compile(r"(?:không|không có|không quy định|không yêu cầu|chưa quy định)[\s.;]*", re.IGNORECASE)
_DISTRICT = re.compile(
    r"cấp huyện|\bhuyện, (?:quận|thị xã)|\bquận, huyện|(?:ubnd|[uủ][yỷ] ban nhân dân|công an|"
    r"tòa án nhân dân|toà án nhân dân)\s+"
    r"(?:các\s+)?(?:huyện|quận)\b|(?:phòng|chi cục)\s[^.;,]{0,40}\bhuyện\b",
    re.IGNORECASE,
)


class _Part:
    """A JSON object read without trust: a value of the wrong type is reported and counts as missing."""

    def __init__(self, value: object, findings: Findings, path: str = "") -> None:
        self._value: dict[str, Any] = value if isinstance(value, dict) else {}
        self._findings = findings
        self._path = path
        if value is not None and not isinstance(value, dict):
            findings.add(path or "record", "sai kiểu dữ liệu, bỏ qua phần này", "reported")

    def raw(self, key: str) -> object:
        return self._value.get(key)

    def has(self, *keys: str) -> bool:
        return any(key in self._value for key in keys)

    def text(self, key: str) -> str:
        return clean(self.plain(key))

    def plain(self, key: str) -> str:
        """The text as it stands in the record, line breaks kept."""
        value = self._value.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            self._wrong(key)
            return str(value)
        if value is not None and not isinstance(value, str):
            self._wrong(key)
            return ""
        return value or ""

    def part(self, key: str) -> "_Part":
        return _Part(self._value.get(key), self._findings, key)

    def parts(self, key: str) -> "list[_Part]":
        return [_Part(item, self._findings, key) for item in self.items(key) if item is not None]

    def items(self, key: str) -> list[Any]:
        value = self._value.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self._wrong(key)
            return [value] if isinstance(value, dict) else []
        if any(item is None for item in value):
            self._findings.add(key, "danh sách có phần tử rỗng (null)", "repaired")
        return value

    def count(self, key: str) -> int:
        value = self._value.get(key)
        if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
            self._wrong(key)
            value = int(value.strip()[:6])
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 10_000:
            if value not in (None, ""):
                self._wrong(key)
            return 0
        return int(value)

    def flag(self, key: str) -> bool:
        return self._value.get(key) is True

    def _wrong(self, key: str) -> None:
        self._findings.add(key, "sai kiểu dữ liệu", "reported")


def read_portal_json(data: bytes, origin: str) -> Reading:
    """All records of a JSON or JSON Lines document; `origin` is the file's name for the findings."""
    procedures: list[Procedure] = []
    findings: list[Finding] = []
    unread: dict[int, tuple[str, ...]] = {}
    seen = False
    for row, record, problem in _records(data):
        where = f"{origin}, bản ghi {row}"
        if problem:
            findings.append(Finding(code="", field="record", reason=problem, action="rejected", row=where))
            continue
        seen = True
        if is_page(record):  # too little to replace what the catalogue has
            procedure, found = read_page(record, where)
            untold: tuple[str, ...] = EVERYTHING
        else:
            procedure, found, untold = read_whole(record, where)
        findings.extend(found)
        if procedure is not None:
            unread |= {len(procedures): untold} if untold else {}
            procedures.append(procedure)
    if not seen:
        raise SourceRefused(f"{origin}: không đọc được bản ghi JSON nào. Hãy xuất lại dữ liệu từ Cổng Dịch vụ công.")
    listing = bool(procedures) and all(unread.get(at) == EVERYTHING for at in range(len(procedures)))
    return Reading(procedures=tuple(procedures), findings=tuple(findings), listing=listing, unread=unread)


def _records(data: bytes) -> Iterator[tuple[int, object, str]]:
    text = data.decode("utf-8-sig", errors="replace")
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        whole = None
    if whole is not None:
        for number, record in enumerate(_unwrapped(whole), 1):
            yield number, record, ""
        return
    if text.lstrip().startswith("["):
        yield from _one_by_one(text)
        return
    first = text.lstrip().split("\n", 1)[0]
    if not _glued(first):  # records over several lines, one behind the other
        found = _glued(text)
        if found:
            yield from ((number, record, "") for number, record in enumerate(found, 1))
            return
    number = 0
    for line in text.split("\n"):
        if not line.strip():
            continue
        records = _glued(line)
        for record in records:
            number += 1
            yield number, record, ""
        if not records:
            number += 1
            yield number, None, "dòng này không phải là JSON trọn vẹn"


def _glued(text: str) -> list[object]:
    """The records of JSON values that follow each other; [] where one of them is broken."""
    decoder, found = json.JSONDecoder(), list[object]()
    position = _behind_gap(text, 0)
    try:
        while position < len(text):
            value, end = decoder.raw_decode(text, position)
            found += _unwrapped(value)
            position = _behind_gap(text, end)
    except (ValueError, RecursionError):
        return []
    return found


def _behind_gap(text: str, position: int) -> int:
    while position < len(text) and (text[position].isspace() or text[position] == ","):
        position += 1
    return position


def _one_by_one(text: str) -> Iterator[tuple[int, object, str]]:
    """The whole records of a list that is cut off or broken somewhere, and where one could not be read."""
    decoder, number = json.JSONDecoder(), 0
    position = text.find("{")
    while position >= 0:
        number += 1
        try:
            record, end = decoder.raw_decode(text, position)
            yield number, record, ""
        except (ValueError, RecursionError):
            yield number, None, "bản ghi này bị hỏng hoặc bị cắt, không phải là JSON trọn vẹn"
            found = _NEXT_RECORD.search(text, position + 1)
            end = found.start() + 1 if found else len(text)
        position = text.find("{", end)


def _unwrapped(whole: object, depth: int = 0) -> list[object]:
    """The records of a JSON value: a list, or one inside the wrappers of an API ({"result": {"content": [...]}})."""
    if isinstance(whole, list):
        return whole
    if isinstance(whole, dict) and not ({"code", "detail"} & whole.keys() and isinstance(whole.get("code"), str)):
        inside = [whole[key] for key in _WRAPPERS if isinstance(whole.get(key), list)]
        if inside:
            return list(inside[0])
        for key in _WRAPPERS if depth < _DEEPEST else ():
            found = _unwrapped(whole[key], depth + 1) if isinstance(whole.get(key), dict) else []
            if found and found != [whole[key]]:
                return found
        if whole and all(isinstance(item, dict) and "code" in item for item in whole.values()):
            return list(whole.values())
    return [whole]


def read_record(record: object, row: str = "") -> tuple[Procedure | None, tuple[Finding, ...]]:
    """One portal record as a procedure without agency (the centre's list assigns it); None where it is rejected.

    Never raises: whatever is malformed becomes a finding.
    """
    return read_whole(record, row)[:2]


def read_whole(record: object, row: str = "") -> tuple[Procedure | None, tuple[Finding, ...], tuple[str, ...]]:
    """The same, with the fields of which the record tells nothing."""
    outer = record if isinstance(record, dict) else {}
    bare = outer.get("detail") is None and has_detail(outer)
    inner: Any = outer if bare else outer.get("detail")
    raw_code = outer.get("code")
    if raw_code is None and isinstance(inner, dict):
        raw_code = inner.get("code")
    code, reason = read_code(raw_code)
    findings = Findings(code or clean(str(raw_code) if raw_code is not None else "")[:60], row)
    if not isinstance(record, dict):
        findings.add("record", "bản ghi không phải là một đối tượng JSON", "rejected")
        return None, findings.all(), ()
    if not code:
        findings.add("code", reason, "rejected")
        return None, findings.all(), ()
    if reason:
        findings.add("code", reason, "repaired")
    top, detail = _Part(outer, findings), _Part(inner, findings, "detail")
    name = top.text("name") or detail.text("name")
    if not name:
        findings.add("name", "thủ tục không có tên", "rejected")
        return None, findings.all(), ()
    whole = json.dumps(record, ensure_ascii=False)
    for repair in looks_damaged(whole):
        findings.add("text", repair, "repaired")
    unread: tuple[str, ...] = EVERYTHING
    if has_detail(inner):
        unread = unread_fields(inner, findings)
    else:
        findings.add("record", ONLY_A_NAME, "reported")
    procedure = _procedure(code, name, top, detail, findings)
    return procedure, findings.all(), unread


def _procedure(code: str, name: str, top: _Part, detail: _Part, findings: Findings) -> Procedure:
    fees, by_method, notes, channels = _methods(detail, findings)
    named_cases = [
        (part.text("name"), part.part("processingDay").raw("qty"), part.part("processingDay").raw("type"))
        for part in detail.parts("cases")
    ]
    papers = read_papers(_groups(detail))
    if papers.nameless:
        findings.add("papers", "giấy tờ không có tên, chỉ có tệp biểu mẫu", "repaired")
    steps = _steps(detail)
    if steps and all(step.casefold().strip(" .") in {"test", "thử", "abc", "aaa"} for step in steps):
        findings.add("steps", "bản ghi thử nghiệm: các bước chỉ ghi “test”", "reported")
    conditions = _conditions(detail)
    identifier = top.text("id") or detail.text("id")
    return Procedure(
        code=code,
        name=name,
        agency="",
        counter=_counter(detail),
        field=next((part.text("name") for part in detail.parts("categoriesDetails") if part.text("name")), "")
        or detail.part("category").text("name"),
        levels=_levels(detail),
        audience=_names(detail, "subjectTypesDetails"),
        issuer=detail.text("departmentPromulgateName"),
        executing=_executing(detail),
        address=detail.text("dossierReceivingAddresses"),
        channels=channels,
        cases=papers.cases,
        fees=fees,
        durations=by_method + read_case_durations(named_cases, by_method),
        results=tuple(filter(None, (without_bullet(name).rstrip(" ;.,") for name in _names(detail, "resultsDetails")))),
        legal=_legal(detail),
        decision=read_decision(detail.part("procedureProposal").raw("proposalNumber") or detail.raw("decisionNo")),
        topics=(top.text("_topic"),) if top.text("_topic") else (),
        steps=steps,
        conditions=conditions,
        has_conditions=bool(conditions),
        method_notes=notes,
        flags=(Flag.DISTRICT_LEVEL,) if _speaks_of_districts(detail, papers.cases, steps, notes) else (),
        source=SOURCE + identifier if _ID.fullmatch(identifier) else "",
        record_date=_record_date(detail.raw("updatedAt"), findings),
    )


def _methods(
    detail: _Part, findings: Findings
) -> tuple[tuple[FeeLine, ...], tuple[Duration, ...], tuple[tuple[Channel, str], ...], tuple[Channel, ...]]:
    readings = []
    durations: dict[Duration, None] = {}
    notes: dict[tuple[Channel, str], None] = {}
    channels: dict[Channel, None] = {}
    methods = detail.parts("executionMethods")
    for method in methods:
        channel = _CHANNELS.get(method.text("submissionMethod").upper())
        if channel is None:
            findings.add("channels", "hình thức nộp không rõ", "reported")
        else:
            channels.setdefault(channel)
            note = "\n".join(clean_lines(method.plain("description")))
            if note:
                notes.setdefault((channel, note))
        duration = read_duration(
            method.raw("processingTime"),
            method.raw("processingTimeUnit"),
            method.raw("description"),
            channel,
            among_others=_is_one_of_several_times(method, methods),
        )
        durations.setdefault(duration)
        _report_time(method, findings)
        for fee in method.parts("fees"):
            currency = fee.text("currencyName") or fee.part("currency").text("name")
            text = fee.raw("description")
            if text is None or isinstance(text, str):
                text = with_method(fee.raw("value"), text, method.raw("description"))
            else:
                findings.add("fees", "lời văn của phí sai kiểu dữ liệu", "reported")
            readings.append(read_fee(fee.raw("value"), currency, text, channel))
            if not is_amount(fee.raw("value")):
                findings.add("fees", "số tiền không đọc được", "reported")
    completed = complete_from_siblings(readings)
    for reading in completed:
        if reading.doubt:
            findings.add("fees", reading.doubt, reading.action)
    lines = dict.fromkeys(reading.line for reading in completed)
    return tuple(lines), tuple(durations), tuple(notes), tuple(channels)


def _is_one_of_several_times(method: _Part, methods: list[_Part]) -> bool:
    """Whether other methods of the same channel state another time, and their descriptions may tell whose it is."""
    same = [other for other in methods if other.text("submissionMethod") == method.text("submissionMethod")]
    times = {(str(other.raw("processingTime")), str(other.raw("processingTimeUnit"))) for other in same}
    return len(times) > 1 and len({other.text("description") for other in same}) > 1


def _report_time(method: _Part, findings: Findings) -> None:
    unit = method.text("processingTimeUnit").upper()
    if unit and unit not in {"WORKING_DAY", "DAY", "HOUR", "MONTH", "YEAR", "OTHER"}:
        findings.add("durations", f"đơn vị thời gian “{unit[:20]}” không rõ", "reported")
    value = method.raw("processingTime")
    if isinstance(value, bool | list | dict) or (isinstance(value, int | float) and not 0 <= value < 100_000):
        findings.add("durations", "số chỉ thời gian không đọc được", "reported")


def _groups(detail: _Part) -> list[tuple[object, list[Line]]]:
    groups = [(case.plain("name"), case.parts("profileComponents")) for case in detail.parts("executionCases")]
    if not any(lines for _, lines in groups):
        groups = [("", detail.parts("profileComponents"))]
    return [(label, [_line(part) for part in lines]) for label, lines in groups]


def _line(part: _Part) -> Line:
    files = dict.fromkeys(name for file in part.parts("attachments") if (name := file.text("fileName")))
    return Line(part.plain("name"), part.count("originalQty"), part.count("copyQty"), tuple(files))


def _steps(detail: _Part) -> tuple[str, ...]:
    steps: list[str] = []
    for step in detail.parts("executionSteps"):
        title, lines = step.text("name"), clean_lines(step.plain("description"))
        steps.extend([title] if title and title not in lines else [])
        steps.extend(lines)
    return tuple(steps)


def _speaks_of_districts(
    detail: _Part, cases: tuple[Case, ...], steps: tuple[str, ...], notes: tuple[tuple[Channel, str], ...]
) -> bool:
    """Whether the district level acts anywhere in the record; titles of old laws do not count."""
    texts = [*steps, *_executing(detail), *(note for _, note in notes)]
    texts += [
        detail.text(key)
        for key in ("name", "dossierReceivingAddresses", "executingAgencies", "requirementsAndConditions")
    ]
    texts += [
        clean(fee.plain("description")) for method in detail.parts("executionMethods") for fee in method.parts("fees")
    ]
    for case in cases:
        texts += [case.label, *case.notes, *(paper.detail or paper.name for paper in case.papers)]
        texts += [name for paper in case.papers for name in (*paper.alternatives, *paper.mentions)]
    return any(_DISTRICT.search(text) for text in texts)


def _conditions(detail: _Part) -> str:
    texts: list[str] = []
    for key in ("requirementsAndConditions", "description"):
        text = "\n".join(clean_lines(detail.plain(key)))
        if text and not _NO_CONDITIONS.fullmatch(text) and text not in texts:
            texts.append(text)
    return "\n".join(texts)


def _names(detail: _Part, key: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for part in detail.parts(key) if (name := part.text("name"))))


def _executing(detail: _Part) -> tuple[str, ...]:
    named = dict.fromkeys(_names(detail, "departmentsExecuting") + _names(detail, "unitGroupsExecuting"))
    if not named:
        named = dict.fromkeys(
            name for line in clean_lines(detail.plain("executingAgencies")) if (name := line.strip(" ;,"))
        )
    return tuple(named or dict.fromkeys(_names(detail, "departmentsAuthority") + _names(detail, "unitGroupsAuthority")))


def _levels(detail: _Part) -> tuple[Literal["ministry", "province", "commune"], ...]:
    levels: list[Literal["ministry", "province", "commune"]] = []
    if detail.flag("isMinistry"):
        levels.append("ministry")
    if detail.flag("isProvince"):
        levels.append("province")
    if detail.flag("isWard"):
        levels.append("commune")
    return tuple(levels)


def _counter(detail: _Part) -> Literal["province", "commune"]:
    return "commune" if detail.flag("isWard") and not detail.flag("isProvince") else "province"


def _legal(detail: _Part) -> tuple[LegalDocument, ...]:
    found: dict[str, LegalDocument] = {}
    for part in detail.parts("legalBasisesDetails"):
        document = read_legal(part.plain("code"), part.plain("name"))
        if document is not None:
            found.setdefault(document.number or document.name, document)
    return tuple(found.values())


def _record_date(raw: object, findings: Findings) -> str:
    if isinstance(raw, int | float) and not isinstance(raw, bool) and 0 < raw < 32_503_680_000_000:
        return datetime.fromtimestamp(raw / 1000, UTC).astimezone(VIETNAM).date().isoformat()
    if raw is not None:
        findings.add("record_date", "ngày cập nhật không đọc được", "reported")
    return ""
