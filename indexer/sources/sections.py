"""Which sections of a portal record can be read. One that cannot must not erase what is known of the procedure.

An export from a list of the portal holds code and name only, and another program may drop or rename a section. Such a
record says nothing about papers or fees; it does not say that there are none.
"""

from typing import Any, Final

from indexer.facts.fees import is_amount
from indexer.sources.finding import Findings

EVERYTHING: Final = (
    "audience", "executing", "address", "channels", "cases", "fees", "durations", "results", "legal", "steps",
    "conditions", "has_conditions", "method_notes", "levels", "issuer", "decision", "topics", "source", "record_date",
)  # fmt: skip
"""What a record without detail leaves as it was: all but the name and the field."""
ONLY_A_NAME: Final = "bản ghi chỉ có mã và tên, không có phần chi tiết: chỉ cập nhật tên, giữ mọi điều đã biết"
_MISSING: Final = "bản ghi thiếu phần này: giữ điều đã biết trước đây"
_EMPTY: Final = "phần này trống: giữ điều đã biết trước đây"
_WRONG: Final = "phần này sai kiểu dữ liệu: giữ điều đã biết trước đây"

_FIELDS: Final = {
    "executionCases": ("cases",),
    "executionMethods": ("channels", "fees", "durations", "method_notes"),
    "cases": ("durations",),
    "resultsDetails": ("results",),
    "legalBasisesDetails": ("legal",),
    "subjectTypesDetails": ("audience",),
    "executionSteps": ("steps",),
}
_NEVER_EMPTY: Final = frozenset({"executionCases", "executionMethods", "executionSteps", "subjectTypesDetails"})
_TEXTS: Final = ("requirementsAndConditions", "description")
SECTIONS: Final = frozenset(_FIELDS)


def has_detail(value: object) -> bool:
    """Whether a JSON value holds any section of a procedure's detail."""
    return isinstance(value, dict) and any(key in value for key in SECTIONS)


def unread_fields(detail: dict[str, Any], findings: Findings) -> tuple[str, ...]:
    """The fields of a procedure that this detail tells nothing of, each with a finding that says why."""
    unread: dict[str, None] = {}

    def note(fields: tuple[str, ...], reason: str) -> None:
        for field in fields:
            unread.setdefault(field)
        findings.add("papers" if fields[0] == "cases" else fields[0], reason, "reported")

    for key, fields in _FIELDS.items():
        if key == "executionCases" and detail.get("profileComponents"):
            continue  # the older form of a record: one list of papers without cases
        reason = _list_unread(detail.get(key), may_be_empty=key not in _NEVER_EMPTY)
        if reason:
            note(fields, reason)
    if "cases" not in unread and not all(map(_group_is_whole, _objects(detail.get("executionCases")))):
        note(("cases",), _WRONG)
    for method in _objects(detail.get("executionMethods")):
        if "fees" not in unread and not _fees_are_whole(method.get("fees")):
            note(("fees",), _WRONG)
        if "durations" not in unread and isinstance(method.get("processingTime"), list | dict | bool):
            note(("durations",), _WRONG)
    texts = [detail.get(key) for key in _TEXTS]
    if not any(isinstance(text, str) for text in texts):
        note(("conditions", "has_conditions"), _MISSING if texts == [None, None] else _WRONG)
    return tuple(unread)


def _list_unread(value: object, *, may_be_empty: bool) -> str:
    """Why a section that should be a list of objects cannot be read; "" where it can."""
    if value is None:
        return _MISSING
    if not isinstance(value, list) or not all(item is None or isinstance(item, dict) for item in value):
        return _WRONG
    return "" if may_be_empty or any(value) else _EMPTY


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _group_is_whole(group: dict[str, Any]) -> bool:
    lines = group.get("profileComponents")
    if _list_unread(lines, may_be_empty=True):
        return False
    return all(isinstance(line.get("name"), str | None) for line in _objects(lines))


def _fees_are_whole(fees: object) -> bool:
    if _list_unread(fees, may_be_empty=True):
        return False
    return all(is_amount(fee.get("value")) and isinstance(fee.get("description"), str | None) for fee in _objects(fees))
