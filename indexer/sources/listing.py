"""Lists of procedures (code, name, agency, issuer, field, link), whatever file they come in."""

import re
from collections.abc import Iterable, Mapping, Sequence

from indexer.facts.codes import read_code
from indexer.facts.wording import clean, clean_lines, looks_damaged
from indexer.sources.finding import Finding, Findings, Reading, SourceRefused
from knowledge_base.procedure import Procedure

_COLUMNS = {
    "code": re.compile(r"^(?:mã(?: số)?(?: hồ sơ)?(?: của)?(?: thủ tục(?: hành chính)?| tthc)?|code)$"),
    "name": re.compile(r"^(?:tên(?: gọi)?(?: của)?(?: các)?(?: thủ tục(?: hành chính)?| tthc)?|name)$"),
    "issuer": re.compile(r"^cơ quan (?:ban hành|công bố)$"),
    "executing": re.compile(r"^cơ quan (?:thực hiện|giải quyết|có thẩm quyền)$"),
    "field": re.compile(r"^lĩnh vực$"),
    "source": re.compile(r"^(?:url|liên kết|đường dẫn|link)$"),
}
_ASIDE = re.compile(r"\s*\([^()]*\)")  # "Tên thủ tục hành chính (TTHC)"
_LINK = re.compile(r"https://[A-Za-z0-9.-]+/\S{0,300}")


def columns_of(row: Sequence[object]) -> dict[str, int]:
    """Which column holds what, where `row` is a header row; {} where it is none."""
    found: dict[str, int] = {}
    for position, cell in enumerate(row):
        title = _ASIDE.sub("", clean(cell).casefold()).strip(" .:*")
        for key, pattern in _COLUMNS.items():
            if pattern.match(title):
                found.setdefault(key, position)
    return found if {"code", "name"} <= found.keys() else {}


def read_rows(columns: Mapping[str, int], rows: Iterable[tuple[int, Sequence[object]]], origin: str) -> Reading:
    """The procedures of numbered rows below the header. A bad row is reported and loses no other row."""
    procedures: list[Procedure] = []
    findings: list[Finding] = []
    for number, row in rows:
        cells = {key: row[position] if position < len(row) else None for key, position in columns.items()}
        if not any(clean(str(cell)) for cell in cells.values() if cell is not None):
            continue
        code, reason = read_code(cells["code"])
        found = Findings(code or clean(str(cells["code"] or ""))[:60], f"{origin}, dòng {number}")
        name = clean(cells["name"])
        if not code:
            found.add("code", reason, "rejected")
        elif not name:
            found.add("name", "dòng không có tên thủ tục", "rejected")
        else:
            if reason:
                found.add("code", reason, "repaired")
            for cell in cells.values():
                for repair in looks_damaged(cell) if isinstance(cell, str) else ():
                    found.add("text", repair, "repaired")
            procedures.append(_procedure(code, name, cells))
        findings.extend(found.all())
    if not procedures and not findings:
        raise SourceRefused(f"{origin}: danh sách không có dòng nào. Hãy xuất lại danh sách từ Cổng Dịch vụ công.")
    return Reading(procedures=tuple(procedures), findings=tuple(findings), listing=True)


def _procedure(code: str, name: str, cells: Mapping[str, object]) -> Procedure:
    agencies = (part.strip(" ;") for line in clean_lines(cells.get("executing")) for part in line.split("; "))
    link = _LINK.fullmatch(clean(cells.get("source")))
    return Procedure(
        code=code,
        name=name,
        agency="",
        counter="province",
        field=clean(cells.get("field")),
        issuer=clean(cells.get("issuer")),
        executing=tuple(dict.fromkeys(agency for agency in agencies if agency)),
        source=link.group(0) if link else "",
    )
