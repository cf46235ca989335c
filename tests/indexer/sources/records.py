"""Small invented records in the shape of the portal's."""

from typing import Any


def method(
    channel: str = "DIRECT", time: Any = 3, unit: str = "WORKING_DAY", note: str = "", *fees: Any
) -> dict[str, Any]:
    return {
        "submissionMethod": channel,
        "processingTime": time,
        "processingTimeUnit": unit,
        "description": note,
        "fees": list(fees),
    }


def fee(value: Any, text: str = "", currency: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "FEE", "value": value, "description": text, "attachment": None}
    return found if currency is None else found | {"currencyName": currency}


def paper(name: str, originals: Any = 1, copies: Any = 0, *files: str) -> dict[str, Any]:
    attachments = [{"id": "0", "fileName": file} for file in files]
    return {"name": name, "originalQty": originals, "copyQty": copies, "required": False, "attachments": attachments}


def record(code: Any = "1.234567", **detail: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "id": "019d2bfd-0000-0000-0000-000000000001",
        "code": code,
        "name": "Cấp thẻ thử nghiệm",
        "executionSteps": [{"name": "", "description": "Bước 1: Nộp.\nBước 2: Nhận."}],
        "executionMethods": [
            method("DIRECT", 3, "WORKING_DAY", "Nộp tại quầy.", fee(20000, "20.000 đồng/thẻ", "Việt Nam Đồng"))
        ],
        "executionCases": [
            {"name": "", "profileComponents": [paper("- Đơn đề nghị (Mẫu số 01/ĐĐN).", 1, 0, "1.n.doc")]}
        ],
        "cases": [{"name": "Cấp thẻ", "code": "1.234567.01", "processingDay": {"qty": 3, "type": "WORKING_DAY"}}],
        "categoriesDetails": [{"name": "Thử nghiệm"}],
        "subjectTypesDetails": [{"name": "Công dân Việt Nam"}],
        "departmentPromulgateName": "Bộ Thử nghiệm",
        "departmentsExecuting": [{"name": "Sở Thử nghiệm"}],
        "departmentsAuthority": [None],
        "legalBasisesDetails": [{"code": "57/2018/NÐ-CP", "name": "Nghị định"}],
        "resultsDetails": [{"name": "Thẻ thử nghiệm."}],
        "requirementsAndConditions": "Không",
        "description": "",
        "dossierReceivingAddresses": "Không có thông tin",
        "isWard": False,
        "isProvince": True,
        "isMinistry": False,
        "procedureProposal": {"proposalNumber": "163/QĐ-BTN"},
        "updatedAt": 1768496400000,
    }
    whole.update(detail)
    return {"id": whole["id"], "code": code, "name": whole["name"], "_topic": "viec-lam", "detail": whole}
