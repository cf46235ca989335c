"""Volunteers in the console: a code shown once, taken back, and the month's counts."""

import re

import pytest
from fastapi import FastAPI

from bot.services.assistance import Joined
from bot.services.guide import Guide
from bot.staff_records import Role
from bot.storage.database import open_database
from bot.storage.staff import AuditStore
from bot.volunteer_records import Outcome
from tests.bot.volunteers import assisting, holding
from tests.bot.web.console.desk import Desk, build, sign_in


@pytest.fixture(scope="module")
def app(guide: Guide) -> FastAPI:
    return build(open_database("sqlite://"), guide)


@pytest.fixture(scope="module")
def officer(app: FastAPI) -> Desk:
    return sign_in(app, Role.OFFICER)


def test_from_the_code_to_the_report(officer: Desk) -> None:
    """The code is on the next page and nowhere else; it joins, works, is counted, and is taken back."""
    answer = officer.post("/staff/volunteers", {"nickname": "Lan", "unit": "Đoàn phường Thử", "days": "5"})
    assert answer.headers["location"] == "/staff/volunteers"
    page = officer.get("/staff/volunteers").text
    shown = re.search(r"TN-\w{3}-\w{3}-\w{3}", page)
    assert shown is not None
    assert shown.group() not in officer.get("/staff/volunteers").text
    engine = officer.console.engine
    assert holding(engine, shown.group()) == []
    assistance = assisting(engine)
    joined = assistance.sit("browser", shown.group(), "1.1.1.1")
    assert isinstance(joined, Joined)
    case = assistance.store.open(joined.seat.id, 1, "n" * 20)
    assistance.store.choose(joined.seat.id, case.id, 1, "1.004194", "")
    assistance.store.close(joined.seat.id, case.id, Outcome.COUNTER)
    report = officer.get("/staff/volunteers/report?nhom=procedures").text
    assert "(1.004194)" in report
    assert officer.get("/staff/volunteers/report.xlsx").content.startswith(b"PK")
    assert officer.get("/staff/volunteers/report?tai=xlsx").content.startswith(b"PK")
    assert "Chưa có ca nào" in officer.get("/staff/volunteers/report?thang=2020-01").text
    number = joined.seat.volunteer.id
    assert officer.post(f"/staff/volunteers/{number}/disable").status_code == 303
    assert officer.post(f"/staff/volunteers/{number}/disable").status_code == 409
    assert assistance.seat_of("browser") is None
    done = {deed.action for deed in AuditStore(engine).find()}
    assert {"Cấp mã tình nguyện", "Thu hồi mã tình nguyện", "Tải báo cáo tình nguyện"} <= done


def test_a_form_with_gaps_is_refused(officer: Desk) -> None:
    for wrong in ({"nickname": "", "unit": "x"}, {"nickname": "x", "unit": " "}, {"nickname": "x" * 41, "unit": "x"}):
        assert officer.post("/staff/volunteers", wrong | {"days": "5"}).status_code == 422
    assert officer.post("/staff/volunteers", {"nickname": "x", "unit": "x", "days": "999"}).status_code == 422
