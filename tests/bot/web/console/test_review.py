"""The monthly review and the director's page in the console."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from fastapi import FastAPI
from openpyxl import load_workbook

from bot.dossier_records import Status, Step
from bot.review_records import QUESTIONS, Matter
from bot.services.guide import Guide
from bot.staff_records import Role
from bot.storage.asked import AskedStore
from bot.storage.database import open_database
from bot.storage.dossiers import DossierStore
from bot.storage.reviews import ReviewStore
from bot.storage.staff import AuditStore
from tests.bot.dossiers import Clock, change
from tests.bot.web.console.desk import build, sign_in

MONTH = "2026-10"


@pytest.fixture(scope="module")
def app(guide: Guide) -> FastAPI:
    """October with four dossiers that were asked for more."""
    clock = Clock(datetime(2026, 11, 2, 2, tzinfo=UTC))
    engine = open_database("sqlite://")
    at = datetime(2026, 10, 5, 2, tzinfo=UTC)
    for number in range(4):
        said: dict[str, Any] = {"timeline": (Step(Status.SUPPLEMENT, at),), "received_at": at, "updated_at": at}
        DossierStore(engine, now=clock).upsert(change(f"H05.12-261001-000{number}", Status.SUPPLEMENT, **said))
    for _ in range(3):
        AskedStore(engine, now=clock).count(procedure="1.004194", facet="fee", decision="sure", channel="web")
    return build(engine, guide, clock)


def test_a_list_is_drawn_reviewed_closed_and_reported(app: FastAPI) -> None:
    """The log tells the story."""
    officer, supervisor = sign_in(app, Role.OFFICER), sign_in(app, Role.SUPERVISOR)
    said = {"month": MONTH, "matter": "supplement", "officers": ["officer.an"], "size": "2"}
    answer = supervisor.post("/staff/review/draw", said)
    assert answer.status_code == 303, answer.text
    address = answer.headers["location"]
    assert supervisor.post("/staff/review/draw", said).status_code == 409
    store = ReviewStore(officer.console.engine, officer.console.now)
    items = store.items(int(address.rsplit("/", 1)[1]))
    assert len(items) == 2
    for item in items:
        assert item.case.code in officer.get(address).text
        path = f"/staff/review/items/{item.id}"
        page = officer.get(path).text
        assert "cháu gọi từ" in page
        found = dict.fromkeys((question.value for question in QUESTIONS[Matter.SUPPLEMENT]), "yes")
        assert officer.post(f"{path}/findings", {"version": "9", **found}).status_code == 409
        assert officer.post(f"{path}/findings", {"version": str(item.version), **found}).status_code == 303
        called = {"version": str(item.version + 1), "ended": "no_answer"}
        assert officer.post(f"{path}/call", called).status_code == 303
        assert "Không nghe máy" in officer.get(path).text
    assert supervisor.post(f"{address}/close").status_code == 303
    assert supervisor.post(f"{address}/redraw", {"why": "x", "officers": ["officer.an"]}).status_code == 409
    for kind in ("docx", "xlsx"):
        assert supervisor.get(f"/staff/review/report.{kind}?thang={MONTH}").content.startswith(b"PK")
    deeds = [deed.action for deed in AuditStore(officer.console.engine).find()]
    assert {"Rút danh sách rà soát", "Ghi kết quả rà soát", "Chốt danh sách rà soát"} <= set(deeds)


def test_no_month_breaks_the_report(app: FastAPI) -> None:
    supervisor = sign_in(app, Role.SUPERVISOR, "phu.trach.hai")
    for month in ("1000-01", "9999-12", "x"):
        assert supervisor.get(f"/staff/review/report.docx?thang={month}").status_code == 200
        assert supervisor.get(f"/staff/review/apologies?thang={month}").status_code == 200
    asked = {"month": MONTH, "matter": "supplement", "officers": ["phu.trach.hai"], "size": "9" * 30}
    assert supervisor.post("/staff/review/draw", asked).status_code == 409


def test_a_letter_of_apology_and_a_mistapped_call_are_in_the_log(app: FastAPI) -> None:
    """An officer records the letter of a late dossier without a draw, and takes back a call on the same day."""
    officer, supervisor = sign_in(app, Role.OFFICER, "mot.cua"), sign_in(app, Role.SUPERVISOR, "phu.trach.ba")
    due = datetime(2026, 10, 20, 2, tzinfo=UTC)
    late: dict[str, Any] = {"received_at": due, "due_at": due, "updated_at": due}
    officer.console.dossiers.upsert(change("H05.12-261001-0100", Status.PROCESSING, **late))
    path = "/staff/review/apologies"
    assert "chưa có thư xin lỗi" in officer.get(f"{path}?thang={MONTH}").text
    sent = {"number": "7/TXL", "sent_on": "2026-10-30", "back": f"{path}?thang={MONTH}"}
    assert officer.post(f"{path}/H05.12-261001-0100", sent | {"sent_on": "hôm qua"}).status_code == 422
    assert officer.post(f"{path}/H05.12-261001-0100", sent | {"back": "//evil"}).headers["location"] == path
    assert "7/TXL 30/10/2026" in officer.get(f"{path}?thang={MONTH}").text
    said = {"month": MONTH, "matter": "late", "officers": ["mot.cua"]}
    address = supervisor.post("/staff/review/draw", said).headers["location"]
    (item,) = ReviewStore(officer.console.engine, officer.console.now).items(int(address.rsplit("/", 1)[1]))
    one = f"/staff/review/items/{item.id}"
    assert "7/TXL" in officer.get(one).text
    officer.post(f"{one}/call", {"version": "1", "ended": "declined"})
    assert officer.post(f"{one}/call/take-back", {"version": "1"}).status_code == 409, "seen before"
    assert officer.post(f"{one}/call/take-back", {"version": "2"}).status_code == 303
    assert "Ghi nhầm cuộc gọi" not in officer.get(one).text
    deeds = [deed.action for deed in AuditStore(officer.console.engine).find()]
    assert {"Ghi thư xin lỗi", "Bỏ cuộc gọi ghi nhầm"} <= set(deeds)


def test_the_director_sees_what_was_asked(app: FastAPI) -> None:
    """And how it was before: five dossiers were received in October, none in November so far."""
    supervisor = sign_in(app, Role.SUPERVISOR, "phu.trach")
    page = supervisor.get("/staff/overview").text
    assert "<strong>3</strong> câu hỏi: trả lời được 3" in page
    assert "Bảy ngày trước đó: 0 câu" in page
    book = load_workbook(BytesIO(supervisor.get("/staff/overview?tai=xlsx").content))
    rows = [row[:3] for row in book["Hồ sơ theo cơ quan"].iter_rows(min_row=3, values_only=True)]
    assert ("Toàn Trung tâm, cả tháng trước", 5, 4) in rows
    assert "Phí, lệ phí" in page
