"""The JSON shapes: the DVCQG synchronisation, iGate's search answer, iGate's flat export, the public look-up."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from bot.dossier_sources.fields import Bad, Made, Problem, Repeated, Row, Unreadable, change
from bot.dossier_sources.values import named
from bot.personal import Hasher

DVCQG: Final = {
    "code": "MaHoSo",
    "procedure_code": "MaTTHC",
    "procedure_name": "TenTTHC",
    "name": "ChuHoSo",
    "phone": "SoDienThoai",
    "identity": "SoDinhDanh",
    "status": "TrangThaiHoSo",
    "received_at": "NgayTiepNhan",
    "due_at": "NgayHenTra",
    "due_moved_to": "NgayHenTraMoi",
    "returned_at": "NgayTra",
    "result": "ThongTinTra",
    "agency": "DonViXuLy",
}
"""Our field → its name in the DVCQG synchronisation, and in the province's public look-up where they agree."""
FLAT: Final = {
    "code": "dossierNo",
    "status": "dossierStatusName",
    "procedure_name": "procedureName",
    "procedure_code": "procedureCode",
    "agency": "agencyName",
    "name": "applicantName",
    "phone": "phoneNumber",
    "identity": "identityNumber",
    "received_at": "acceptedDate",
    "due_at": "appointmentDate",
    "returned_at": "completedDate",
    "updated_at": "lastModifiedDate",
}
_PATHS: Final = {
    "code": "code",
    "name": "applicant.data.fullname",
    "phone": "applicant.data.phoneNumber",
    "identity": "applicant.data.identityNumber",
    "procedure_code": "procedure.code",
    "status": "dossierStatus",
    "received_at": "acceptedDate",
    "due_at": "appointmentDate",
    "due_moved_to": "dueDate",
    "returned_at": "completedDate",
    "agency": "agency.name",
}
_STATUS_NAMES: Final = (
    *("dossierStatus.name", "dossierStatus"),
    *("dossierTaskStatus.name", "dossierTaskStatus", "statusCurrentTask", "dossierStatusName"),
)
"""Where iGate may name the status; what stands there may also be the name of a task."""
VIETNAMESE: Final = 228
"""iGate's number of the language."""
WRAPPERS: Final = ("content", "data", "result", "results", "items", "records", "rows", "list")
"""Names under which systems put the list of records."""
WRAPPED: Final = 3
"""How deep."""


def read_json(text: str, hasher: Hasher, now: datetime) -> Iterator[Row]:
    """One record, a list, an object that wraps one (`content`, `data`, ...), or one record a line."""
    return _rows(_records(text), hasher, now)


def _rows(records: list[Any], hasher: Hasher, now: datetime) -> Iterator[Row]:
    seen = Repeated()
    for number, record in enumerate(records, 1):
        made = from_record(record, hasher, now)
        yield seen.row(number, made, "code" if isinstance(record, dict) and "code" in record else "MaHoSo/dossierNo")


def _records(text: str) -> list[Any]:
    try:
        whole = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > 1 and all(line.lstrip()[:1] == "{" for line in lines):
            return [_line(line) for line in lines]
        raise Unreadable(f"this is no JSON ({error}): export the file anew") from None
    for _ in range(WRAPPED):
        if not isinstance(whole, dict) or _shape(whole):
            break
        inner = next((whole[name] for name in WRAPPERS if isinstance(whole.get(name), dict | list)), None)
        if inner is None:
            break
        whole = inner
    return whole if isinstance(whole, list) else [whole]


def _line(line: str) -> Any:
    try:
        return msgspec.json.decode(line)
    except msgspec.DecodeError:
        return None


def _shape(record: Mapping[str, Any]) -> str:
    """The field that holds the code and tells the shape; "" for none."""
    if "MaHoSo" in record or "dossierNo" in record:
        return "MaHoSo" if "MaHoSo" in record else "dossierNo"
    return "code" if "code" in record and {"dossierStatus", "applicant", "procedure"} & record.keys() else ""


def from_record(record: Any, hasher: Hasher, now: datetime) -> Made:
    """The Change of one record of any of the shapes."""
    if not isinstance(record, dict):
        return Bad(0, (Problem("", "is no record of a dossier"),))
    match _shape(record):
        case "MaHoSo":
            names = DVCQG | ({"procedure_name": "TenThuTuc"} if "TenThuTuc" in record else {})
            return _mapped(record, names, hasher, now)
        case "dossierNo":
            return _mapped(record, FLAT, hasher, now)
        case "code":
            return _igate(record, hasher, now)
    return Bad(0, (Problem("", "has none of the fields MaHoSo, dossierNo, code with dossierStatus: unknown shape"),))


def _mapped(record: Mapping[str, Any], columns: Mapping[str, str], hasher: Hasher, now: datetime) -> Made:
    raw = {field: record[column] for field, column in columns.items() if column in record}
    raw.setdefault("status", None)  # these shapes always state it
    return change(raw, columns, hasher, now)


def _igate(record: Mapping[str, Any], hasher: Hasher, now: datetime) -> Made:
    raw = {field: found for field, path in _PATHS.items() if (found := _at(record, path)) is not None}
    # iGate's own numbers are not the national ones, its names are
    names = [name for path in _STATUS_NAMES if isinstance(name := _at(record, path), str) and name.strip()]
    names = [name for name in names if not name.strip().isdecimal()]
    raw["status"] = next(filter(named, names), names[0] if names else None)
    if name := _translated(record.get("procedure")):
        raw["procedure_name"] = name
    if "received_at" not in raw and (applied := record.get("appliedDate")):
        raw["received_at"] = applied
    made = change(raw, _PATHS, hasher, now)
    stated = record.get("dossierStatus")
    worded = isinstance(stated, str) and not stated.strip().isdecimal()
    worded = worded or (isinstance(stated, dict) and isinstance(stated.get("name"), str))
    if any(map(named, names)) or not isinstance(made, Bad) or worded or stated in (None, "", {}, []):
        return made
    numbered = Problem(
        "dossierStatus", "is a number of iGate's own list, which is not the national one: send the name of the status"
    )
    others = tuple(problem for problem in made.problems if problem.column != _PATHS["status"])
    return Bad(0, (numbered, *others))


def _translated(procedure: Any) -> str | None:
    """`translate` is an object in search answers and a list in stored dossiers."""
    translate = procedure.get("translate") if isinstance(procedure, dict) else None
    options = translate if isinstance(translate, list) else [translate]
    named = [option for option in options if isinstance(option, dict) and isinstance(option.get("name"), str)]
    vietnamese = [option for option in named if option.get("languageId") == VIETNAMESE]
    return str((vietnamese or named)[0]["name"]) if named else None


def _at(record: Any, path: str) -> Any:
    for part in path.split("."):
        if not isinstance(record, dict):
            return None
        record = record.get(part)
    return record
