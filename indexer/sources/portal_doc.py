"""The portal's "doc": really a DOCX, written without `w:tblGrid`, so tables are read row by row."""

import io
import re
import zipfile
from collections.abc import Iterator

import docx
from docx.document import Document
from docx.oxml.ns import qn
from lxml.etree import LxmlError  # type: ignore[import-untyped]

from indexer.facts.codes import read_code
from indexer.facts.durations import read_duration
from indexer.facts.fees import Reading as FeeReading
from indexer.facts.fees import complete_from_siblings, read_fee
from indexer.facts.headings import Line
from indexer.facts.legal import read_decision, read_legal
from indexer.facts.papers import read_papers
from indexer.facts.wording import clean, clean_lines
from indexer.sources.finding import Findings, Reading, SourceRefused
from indexer.sources.levels import audience_in, levels_in
from knowledge_base.procedure import Channel, Duration, LegalDocument, Procedure

_LABEL = re.compile(r"^([^:]{3,45}):\s*(.*)$", re.DOTALL)
_CHANNELS = {
    "trực tiếp": Channel.DIRECT,
    "trực tuyến": Channel.ONLINE,
    "dịch vụ bưu chính": Channel.POSTAL,
    "bưu chính": Channel.POSTAL,
}
_SECTIONS = {
    "mã thủ tục",
    "số quyết định",
    "tên thủ tục",
    "cấp thực hiện",
    "loại thủ tục",
    "lĩnh vực",
    "trình tự thực hiện",
    "cách thức thực hiện",
    "thành phần hồ sơ",
    "đối tượng thực hiện",
    "cơ quan thực hiện",
    "cơ quan có thẩm quyền",
    "địa chỉ tiếp nhận hs",
    "cơ quan được ủy quyền",
    "cơ quan phối hợp",
    "kết quả thực hiện",
    "căn cứ pháp lý",
    "yêu cầu, điều kiện thực hiện",
    "từ khóa",
    "mô tả",
}
_FEE = re.compile(r"(?:^|\n)\s*(?:Phí|Lệ phí)\s*:\s*")
_PRICE = re.compile(r"^(\d{1,3}(?:[.,]\d{3})*|\d+)?\s*(Đồng|USD|EUR)?\s*(?:\((.*)\))?\s*$", re.DOTALL | re.IGNORECASE)
_QUANTITY = re.compile(r"Bản chính\s*:\s*(\d{1,4})|Bản sao\s*:\s*(\d{1,4})", re.IGNORECASE)
_TIME = re.compile(r"(\d{1,4}(?:[.,]\d{1,2})?)\s*(ngày làm việc|ngày|giờ|tháng|khác)?", re.IGNORECASE)
_UNITS = {"ngày làm việc": "WORKING_DAY", "ngày": "DAY", "giờ": "HOUR", "tháng": "MONTH"}
_METHOD_TITLES = (("hình thức",), ("thời",), ("phí", "lệ phí"), ("mô tả",))
_PAPER_TITLES = ("tên giấy tờ", "tên các giấy tờ", "tên loại giấy tờ", "giấy tờ", "thành phần hồ sơ", "tên thành phần")
_UNREAD = "không thấy phần này trong tệp Word: giữ điều đã biết trước đây"
_Row = list[str]


def read_portal_doc(data: bytes, origin: str) -> Reading:
    """The one procedure of a portal export; refuses any other Word file (an application form, a letter)."""
    try:
        document = docx.Document(io.BytesIO(data))
        texts, tables = _sections(document)
    except (KeyError, ValueError, TypeError, AttributeError, LxmlError, OSError, zipfile.BadZipFile) as error:
        raise SourceRefused(
            f"{origin}: tệp Word bị hỏng. Hãy mở bằng Word, lưu lại thành .docx rồi gửi lại."
        ) from error
    if "mã thủ tục" not in texts:
        raise SourceRefused(
            f"{origin}: tệp Word này không phải bản chi tiết thủ tục (không có dòng “Mã thủ tục”), có thể là biểu mẫu."
            " Hãy dùng nút Xuất Word ở trang chi tiết thủ tục trên Cổng."
        )
    code, reason = read_code(" ".join(texts["mã thủ tục"]))
    findings = Findings(code, origin)
    name = clean("\n".join(texts.get("tên thủ tục", [])))
    if not code or not name:
        findings.add("name" if code else "code", reason or "thủ tục không có tên", "rejected")
        return Reading(findings=findings.all())
    procedure = _procedure(code, name, texts, tables, findings)
    unread = _unread(procedure, texts, tables, findings)
    return Reading(procedures=(procedure,), findings=findings.all(), unread={0: unread} if unread else {})


def _column(titles: list[str], *starts: str) -> int | None:
    return next((at for at, title in enumerate(titles) if title.startswith(starts)), None)


def _titles(rows: list[_Row]) -> list[str]:
    return [clean(cell).casefold() for cell in rows[0]]


def _is_methods(rows: list[_Row]) -> bool:
    return _column(_titles(rows), "hình thức") is not None


def _is_papers(rows: list[_Row]) -> bool:
    return _column(_titles(rows), *_PAPER_TITLES) is not None


def _unread(
    procedure: Procedure, texts: dict[str, list[str]], tables: list[tuple[str, str, list[_Row]]], findings: Findings
) -> tuple[str, ...]:
    """The fields whose table or section is missing or was not recognised: what was known of them stays."""
    methods = next((_titles(rows) for _, _, rows in tables if _is_methods(rows)), None)
    unread: list[str] = []
    if methods is None or not procedure.channels:
        unread += ["channels", "method_notes", "durations", "fees"]
    else:
        unread += ["fees"] if _column(methods, "phí", "lệ phí") is None else []
        unread += ["durations"] if _column(methods, "thời") is None else []
    if not procedure.papers:
        unread.append("cases")
    if not procedure.legal:
        unread.append("legal")
    for field, section in (
        ("results", "kết quả thực hiện"),
        ("audience", "đối tượng thực hiện"),
        ("steps", "trình tự thực hiện"),
        ("conditions", "yêu cầu, điều kiện thực hiện"),
    ):
        if section not in texts:
            unread += ["conditions", "has_conditions"] if field == "conditions" else [field]
    for field in unread:
        findings.add("papers" if field == "cases" else field, _UNREAD, "reported")
    return tuple(unread)


def _procedure(
    code: str, name: str, texts: dict[str, list[str]], tables: list[tuple[str, str, list[_Row]]], findings: Findings
) -> Procedure:
    fees: list[FeeReading] = []
    durations: dict[Duration, None] = {}
    notes: dict[tuple[Channel, str], None] = {}
    groups: list[tuple[object, list[Line]]] = []
    legal: list[LegalDocument] = []
    for section, heading, rows in tables:
        titles, body = _titles(rows), rows[1:]
        if _is_methods(rows):
            columns = [_column(titles, *starts) for starts in _METHOD_TITLES]
            for way, time, price, told in (_picked(row, columns) for row in body):
                channel = _CHANNELS.get(clean(way).casefold())
                if channel is None:
                    findings.add("channels", "hình thức nộp không rõ", "reported")
                durations.setdefault(_duration(time, told, channel))
                fees.extend(_fees(price, channel))
                if channel and clean(told):
                    notes.setdefault((channel, "\n".join(clean_lines(told))))
        elif _is_papers(rows):
            columns = [_column(titles, *starts) for starts in (_PAPER_TITLES, ("mẫu",), ("số lượng",))]
            groups.append((heading, [_paper(*_picked(row, columns)) for row in body]))
        elif section == "căn cứ pháp lý" or "số ký hiệu" in titles:
            legal.extend(found for row in body if (found := read_legal(*_padded(row, 2))))
    completed = complete_from_siblings(fees)
    for fee in completed:
        if fee.doubt:
            findings.add("fees", fee.doubt, fee.action)
    papers = read_papers(groups)
    if papers.nameless:
        findings.add("papers", "giấy tờ không có tên, chỉ có tệp biểu mẫu", "repaired")
    levels = levels_in(clean("\n".join(texts.get("cấp thực hiện", []))))
    conditions = "\n".join(line for part in texts.get("yêu cầu, điều kiện thực hiện", []) for line in clean_lines(part))
    conditions = "" if conditions.casefold().strip(" .") in {"không", "không có", "không quy định"} else conditions

    def listed(key: str) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(part.strip() for part in clean("\n".join(texts.get(key, []))).split(", ") if part.strip())
        )

    channels = [duration.channel for duration in durations if duration.channel]
    return Procedure(
        code=code,
        name=name,
        agency="",
        counter="commune" if levels == ("commune",) else "province",
        field=clean("\n".join(texts.get("lĩnh vực", []))),
        levels=levels,
        audience=audience_in(clean("\n".join(texts.get("đối tượng thực hiện", [])))),
        executing=listed("cơ quan thực hiện") or listed("cơ quan có thẩm quyền"),
        address=clean("\n".join(texts.get("địa chỉ tiếp nhận hs", []))),
        channels=tuple(dict.fromkeys(channels)),
        cases=papers.cases,
        fees=tuple(dict.fromkeys(fee.line for fee in completed)),
        durations=tuple(durations),
        results=tuple(filter(None, [clean("\n".join(texts.get("kết quả thực hiện", [])))])),
        legal=tuple(dict.fromkeys(legal)),
        decision=read_decision(" ".join(texts.get("số quyết định", []))),
        steps=tuple(line for part in texts.get("trình tự thực hiện", []) for line in clean_lines(part)),
        conditions=conditions,
        has_conditions=bool(conditions),
        method_notes=tuple(notes),
    )


def _blocks(document: Document) -> Iterator[str | list[_Row]]:
    """Paragraphs as text and tables as rows of cells, in the order of the document."""
    for element in document.element.body:
        if element.tag == qn("w:p"):
            yield _text(element)
        elif element.tag == qn("w:tbl"):
            rows = [[_cell(cell) for cell in row.iter(qn("w:tc"))] for row in element.iter(qn("w:tr"))]
            yield [row for row in rows if row]


def _text(element: object) -> str:
    nodes = element.iter(qn("w:t"), qn("w:br"), qn("w:cr"), qn("w:tab"))  # type: ignore[attr-defined]
    return "".join(node.text or "" if node.tag == qn("w:t") else "\n" for node in nodes)


def _cell(cell: object) -> str:
    return "\n".join(_text(paragraph) for paragraph in cell.iter(qn("w:p")))  # type: ignore[attr-defined]


def _sections(document: Document) -> tuple[dict[str, list[str]], list[tuple[str, str, list[_Row]]]]:
    """Texts by section title, and the tables with their section and the paragraph before them."""
    texts: dict[str, list[str]] = {}
    tables: list[tuple[str, str, list[_Row]]] = []
    section, heading = "", ""
    for block in _blocks(document):
        if isinstance(block, list):
            if block:
                tables.append((section, heading, block))
            heading = ""
            continue
        labelled = _LABEL.match(block.strip())
        title = clean(labelled[1]).casefold() if labelled else ""
        if labelled and title in _SECTIONS:
            section, heading = title, ""
            texts.setdefault(section, [])
            if clean(labelled[2]):
                texts[section].append(labelled[2])
        elif clean(block):
            heading = clean(block)
            if section:
                texts[section].append(block)
    return texts, tables


def _padded(row: _Row, width: int) -> _Row:
    return (row + [""] * width)[:width]


def _picked(row: _Row, columns: list[int | None]) -> _Row:
    return [row[at] if at is not None and at < len(row) else "" for at in columns]


def _paper(name: str, form: str, quantity: str) -> Line:
    originals = copies = 0
    for found in _QUANTITY.finditer(quantity):
        originals = int(found[1]) if found[1] else originals
        copies = int(found[2]) if found[2] else copies
    return Line(name, originals, copies, tuple(clean_lines(form)))


def _duration(time: str, told: str, channel: Channel | None) -> Duration:
    text = clean(time)
    found = _TIME.fullmatch(text)
    if not found:
        return read_duration(text, "OTHER", told, channel)
    unit = _UNITS.get((found[2] or "").casefold(), "OTHER")
    return read_duration(found[1], unit, told, channel)


def _fees(price: str, channel: Channel | None) -> list[FeeReading]:
    lines = [part.strip() for part in _FEE.split("\n" + price.strip()) if part.strip()]
    readings = []
    for line in lines:
        found = _PRICE.match(line)
        if found:
            number = found[1].replace(".", "").replace(",", "") if found[1] else None
            readings.append(read_fee(int(number) if number else None, found[2] or "", found[3] or "", channel))
        else:
            readings.append(read_fee(None, "", line, channel))
    return readings
