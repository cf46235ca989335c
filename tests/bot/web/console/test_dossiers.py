"""Dossiers in the console: who sees which, and what a change brings about."""

import re
import time
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from fastapi import FastAPI
from openpyxl import load_workbook
from sqlalchemy import Engine

from bot.dossier_records import Dossier, Status
from bot.messages import Contact
from bot.services.guide import Guide
from bot.staff_records import Role
from bot.storage.consents import ConsentStore
from bot.storage.staff import AuditStore
from tests.bot.dossiers import CODE, Clock, change
from tests.bot.web.console.desk import Desk, build, sign_in

PAGE = f"/staff/dossiers/{CODE}"


@pytest.fixture
def app(engine: Engine, guide: Guide) -> FastAPI:
    app = build(engine, guide, Clock())
    dossiers = Desk(app).console.dossiers
    dossiers.upsert(change(agency="Sở Tư pháp", due_at=Clock()() + timedelta(days=2)))
    dossiers.upsert(change("H05.12-260715-0008", agency="Sở Nội vụ", applicant="=cmd|' /C calc'!A1"))
    ConsentStore(engine).give(Contact("web", "visitor"), f"dossier:{CODE}", "1")
    return app


def kept(desk: Desk, code: str = CODE) -> Dossier:
    dossier = desk.console.dossiers.get(code)
    assert dossier is not None
    return dossier


def notices(desk: Desk) -> list[tuple[str, str]]:
    return [(notice.kind, str(notice.contact)) for notice in desk.console.outbox.list()]


def test_a_clerk_sees_one_agency_only(app: FastAPI) -> None:
    """In the list, its spreadsheet, by address and by form; an officer sees all."""
    clerk, officer = sign_in(app, Role.CLERK), sign_in(app, Role.OFFICER)
    other = "/staff/dossiers/H05.12-260715-0008"
    assert "1 hồ sơ" in clerk.get("/staff/dossiers").text
    assert "2 hồ sơ" in officer.get("/staff/dossiers").text
    assert clerk.get("/staff/dossiers?agency=so-noi-vu").text.count("0008") == 0
    assert b"0008" not in cells(clerk.get("/staff/dossiers?tai=xlsx").content)
    assert clerk.get(other).status_code == 404
    assert clerk.post(other + "/status", {"version": 1, "status": 9}).status_code == 404
    assert kept(clerk, "H05.12-260715-0008").status is Status.PROCESSING
    assert officer.get(other).status_code == 200


def test_a_supplement_request_reaches_its_followers(app: FastAPI, engine: Engine) -> None:
    """Papers picked from the procedure's own list and others, why, by when; one notice, one line in the log."""
    desk = sign_in(app, Role.CLERK)
    page = desk.get(PAGE).text
    papers = re.findall(r'name="papers" value="([^"]+)"', page)
    assert papers, "the procedure's own papers are there to be picked"
    form = {"version": 1, "papers": papers[:1], "others": "Ảnh 4x6\n\n", "reason": "Bản sao mờ", "by": "2026-12-02"}
    answer = desk.post(PAGE + "/supplement", form)
    assert answer.headers["location"] == PAGE
    dossier = kept(desk)
    assert (dossier.status, dossier.status_version) == (Status.SUPPLEMENT, 2)
    assert len(dossier.missing) == 2
    assert dossier.missing[1] == "Ảnh 4x6"
    assert (dossier.timeline[-1].status, dossier.timeline[-1].note) == (Status.SUPPLEMENT, "Bản sao mờ")
    assert notices(desk) == [("supplement", "web:visitor")]
    assert "Tin báo gửi tới 1 người theo dõi" in desk.get(PAGE).text
    deed = AuditStore(engine).find(action="Yêu cầu bổ sung")[0]
    assert (deed.login, deed.subject) == ("clerk.an", CODE)
    assert deed.detail["before"]["trạng thái"] == "Đang xử lý"
    assert deed.detail["after"]["lý do bổ sung"] == "Bản sao mờ"
    assert "Nguyễn" not in repr(deed)


@pytest.mark.parametrize(
    "wrong",
    [
        {"papers": [], "others": ""},
        {"reason": " "},
        {"by": ""},
        {"by": "2026-11-23"},
        {"by": "2028-01-01"},
        {"by": "mai"},
    ],
)
def test_a_supplement_request_is_complete(app: FastAPI, wrong: dict[str, Any]) -> None:
    """What, why and until when; otherwise nothing is kept and nobody is told."""
    desk = sign_in(app, Role.CLERK)
    form = {"version": 1, "papers": ["Tờ khai"], "reason": "Thiếu chữ ký", "by": "2026-12-02"} | wrong
    answer = desk.post(PAGE + "/supplement", form)
    assert answer.status_code == 422
    assert "Anh/chị" in answer.text
    assert kept(desk).status_version == 1
    assert notices(desk) == []


def test_a_status_changes_with_a_word_to_the_person(app: FastAPI) -> None:
    """The note stands in the timeline; a fee needs its amount."""
    desk = sign_in(app, Role.OFFICER)
    assert desk.post(PAGE + "/status", {"version": 1, "status": 6}).status_code == 422
    assert desk.post(PAGE + "/status", {"version": 1, "status": 6, "fee": "20.000"}).status_code == 303
    assert kept(desk).fee_due == 20_000
    done = {"version": 2, "status": 9, "note": "Mang theo phiếu hẹn", "result": "Giấy xác nhận"}
    assert desk.post(PAGE + "/status", done).status_code == 303
    assert kept(desk).status is Status.DONE
    assert kept(desk).timeline[-1].note == "Mang theo phiếu hẹn"
    for status in ("5", "0", "x", ""):
        assert desk.post(PAGE + "/status", {"version": 3, "status": status}).status_code == 422


def test_a_date_moves_only_later_and_with_an_apology(app: FastAPI) -> None:
    """Followers are told of the delay."""
    desk = sign_in(app, Role.OFFICER)
    for form in ({"due": "2026-11-24", "apology": "Xin lỗi"}, {"due": "2026-12-01", "apology": ""}, {"due": ""}):
        assert desk.post(PAGE + "/due", {"version": 1, **form}).status_code == 422
    assert desk.post(PAGE + "/due", {"version": 1, "due": "2026-12-01", "apology": "Xin lỗi ông/bà"}).status_code == 303
    assert (kept(desk).apology, notices(desk)) == ("Xin lỗi ông/bà", [("delayed", "web:visitor")])


def test_a_refused_form_keeps_what_was_typed(app: FastAPI) -> None:
    """Papers, others, reason and date are there again, and only that form is open; dates begin where they are taken."""
    desk = sign_in(app, Role.OFFICER)
    page = desk.get(PAGE).text
    assert 'name="by" min="2026-11-24"' in page
    assert 'name="due" min="2026-11-25"' in page
    papers = re.findall(r'name="papers" value="([^"]+)"', page)
    form = {"version": 1, "papers": papers[:1], "others": "Ảnh 4x6", "reason": "Bản sao mờ", "by": "2026-11-23"}
    refused = desk.post(PAGE + "/supplement", form)
    assert refused.status_code == 422
    assert f'value="{papers[0]}" checked' in refused.text
    for typed in ("Ảnh 4x6</textarea>", "Bản sao mờ</textarea>", 'value="2026-11-23"'):
        assert typed in refused.text
    assert refused.text.count("<details open>") == 1
    moved = desk.post(PAGE + "/due", {"version": 1, "due": "2026-11-23", "apology": "Trung tâm xin lỗi"})
    assert "Trung tâm xin lỗi</textarea>" in moved.text
    fee = desk.post(PAGE + "/status", {"version": 1, "status": 6, "fee": "hai mươi", "note": "Bác nộp giúp"})
    assert 'value="hai mươi"' in fee.text
    assert 'value="Bác nộp giúp"' in fee.text
    assert '<option value="6" selected>' in fee.text


def test_a_step_back_is_asked_about(app: FastAPI) -> None:
    """Nothing is chosen beforehand, the usual steps stand first, and going back or away from an end is said twice."""
    desk = sign_in(app, Role.OFFICER)
    page = desk.get(PAGE).text
    assert '<option value="">' in page
    usual = page[page.index("Bước tiếp theo") : page.index('label="Khác"')]
    assert "Có kết quả" in usual
    assert "Mới đăng ký" not in usual
    assert desk.post(PAGE + "/status", {"version": 1}).status_code == 422
    back = desk.post(PAGE + "/status", {"version": 1, "status": int(Status.REGISTERED), "note": "nhầm"})
    assert back.status_code == 422
    assert 'name="sure"' in back.text
    assert 'value="nhầm"' in back.text
    assert kept(desk).status is Status.PROCESSING
    again = {"version": 1, "status": int(Status.REGISTERED), "sure": "yes"}
    assert desk.post(PAGE + "/status", again).status_code == 303
    assert desk.post(PAGE + "/status", {"version": 2, "status": int(Status.RETURNED)}).status_code == 303
    assert desk.post(PAGE + "/status", {"version": 3, "status": int(Status.WITHDRAWN)}).status_code == 422
    assert "Bước tiếp theo" not in desk.get(PAGE).text


def test_reading_a_dossier_is_written_down(app: FastAPI, engine: Engine) -> None:
    """Who looked at whose application."""
    desk = sign_in(app, Role.CLERK)
    desk.get(PAGE)
    deed = AuditStore(engine).find(action="Xem hồ sơ")[0]
    assert (deed.login, deed.subject) == ("clerk.an", CODE)


def test_two_people_at_one_dossier(app: FastAPI, engine: Engine) -> None:
    """The second, who saw the older state, is told so; nothing of it is kept, told or logged."""
    first, second = sign_in(app, Role.OFFICER), sign_in(app, Role.CLERK)
    assert first.post(PAGE + "/status", {"version": 1, "status": 9}).status_code == 303
    answer = second.post(PAGE + "/status", {"version": 1, "status": 3})
    assert answer.status_code == 422
    assert "người khác cập nhật" in answer.text
    assert kept(first).status is Status.DONE
    assert [deed.login for deed in AuditStore(engine).find(action="Đổi trạng thái hồ sơ")] == ["officer.an"]


def cells(body: bytes) -> bytes:
    sheet = load_workbook(BytesIO(body)).active
    assert sheet is not None
    return repr(list(sheet.values)).encode()


def test_a_spreadsheet_has_the_whole_list_and_no_formula(app: FastAPI, engine: Engine) -> None:
    """Vietnamese as typed, dates as dates, a text that looks like a formula is a text; the download is logged."""
    desk = sign_in(app, Role.OFFICER)
    answer = desk.get("/staff/dossiers?tai=xlsx&status=4")
    assert "filename*=UTF-8''H%E1%BB%93%20s%C6%A1.xlsx" in answer.headers["content-disposition"]
    sheet = load_workbook(BytesIO(answer.content)).active
    assert sheet is not None
    rows = list(sheet.values)
    assert rows[0][:2] == ("Mã hồ sơ", "Người nộp")
    assert {row[1] for row in rows[1:]} == {"Nguyễn V. A.", "'=cmd|' /C calc'!A1"}
    assert {cell.data_type for row in sheet.iter_rows(min_row=2) for cell in row} <= {"s", "d", "n"}
    assert AuditStore(engine).find(action="Tải bảng tính")[0].subject == "Hồ sơ"


def finished(desk: Desk, answer: Any) -> str:
    for _ in range(200):
        page = desk.get(answer.headers["location"])
        if 'hx-trigger="every 1s"' not in page.text:
            return str(page.text)
        time.sleep(0.02)
    raise AssertionError("the import does not end")


def test_a_file_is_checked_then_imported(app: FastAPI) -> None:
    """Checking writes nothing; a bad row is told with its number and loses no other; again changes nothing."""
    desk = sign_in(app, Role.OFFICER)
    head = "Mã hồ sơ,Trạng thái,Ngày tiếp nhận,Ngày hẹn trả,Họ tên\n"
    rows = "H05.12-260716-0001,Đang xử lý,16/07/2026,30/07/2026,Trần Thị Thử\nkhông phải mã,Đang xử lý,,,\n"
    file = {"file": ("hồ sơ.csv", (head + rows).encode(), "text/csv")}
    checked = finished(desk, desk.post("/staff/dossiers/import", {"only_check": "1"}, files=file))
    assert "mới kiểm tra, chưa ghi" in checked
    assert desk.console.dossiers.get("H05.12-260716-0001") is None
    imported = finished(desk, desk.post("/staff/dossiers/import", files=file))
    assert "2 dòng: 1 mới; 1 dòng bị bỏ." in imported
    assert "Dòng 3" in imported
    assert kept(desk, "H05.12-260716-0001").applicant == "Trần T. T."
    assert "1 giữ nguyên" in finished(desk, desk.post("/staff/dossiers/import", files=file))


@pytest.mark.parametrize("body", [b"", b"PK\x03\x04 broken", b"\xd0\xcf\x11\xe0 old", b"{", b"\x00\xff" * 50])
def test_a_strange_file_is_refused_in_words(app: FastAPI, body: bytes) -> None:
    """Empty, broken, old, anything: a sentence, no fault."""
    desk = sign_in(app, Role.OFFICER)
    answer = desk.post("/staff/dossiers/import", files={"file": ("../../x.xlsx", body)})
    if answer.status_code == 303:
        assert "Không đọc được tệp" in finished(desk, answer)
    else:
        assert answer.status_code == 422


def test_doubts_of_an_import_are_told_in_words(app: FastAPI) -> None:
    """What was kept without its bad number, and what goes back to an earlier status."""
    desk = sign_in(app, Role.OFFICER)
    head = "Mã hồ sơ,Trạng thái,Ngày tiếp nhận,Ngày hẹn trả,Số điện thoại\n"
    row = "H05.12-260716-0001,{},16/07/2026,30/07/2026,{}\n"

    def imported(status: str, phone: str) -> str:
        file = {"file": ("hồ sơ.csv", (head + row.format(status, phone)).encode(), "text/csv")}
        return finished(desk, desk.post("/staff/dossiers/import", files=file))

    assert "Dòng 2 (đã nhập, cần xem lại): Số điện thoại: không phải số điện thoại" in imported("Có kết quả", "abc")
    assert "lùi về trạng thái trước" in imported("Đang xử lý", "0900004321")
    assert kept(desk, "H05.12-260716-0001").phone_last4 == "4321"
