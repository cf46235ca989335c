"""The figures for everybody: off until switched on, of what is over, and nobody to be told from them."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from bot.dossier_records import Status, Step
from bot.messages import Contact
from bot.rating_records import Criterion
from bot.services.guide import Guide
from bot.staff_records import Role
from bot.storage.asked import AskedStore
from bot.storage.dossiers import DossierStore
from bot.storage.staff import AuditStore
from bot.web.public_figures import PublicFigures
from knowledge_base.centre import SHIPPED, load_centre
from tests.bot.dossiers import Clock, change, rated, service
from tests.bot.web.console.desk import build, sign_in

SEEN = datetime(2026, 11, 18, 2, tzinfo=UTC)
"""A Wednesday: the week that is over is 9 to 15 November, the month October."""


@pytest.fixture
def app(engine: Engine, guide: Guide) -> FastAPI:
    """Seven dossiers of one agency and three of another in October, questions in the last week and in this one."""
    clock = Clock(datetime(2026, 10, 5, 2, tzinfo=UTC))
    for number in range(10):
        agency = "Sở Tư pháp" if number < 7 else "Sở Xây dựng"
        said: dict[str, Any] = {"timeline": (Step(Status.RECEIVED, clock()),), "received_at": clock()}
        code = f"H05.12-261005-{number:04}"
        DossierStore(engine, now=clock).upsert(
            change(code, Status.PROCESSING, agency=agency, updated_at=clock(), **said)
        )
    asked = AskedStore(engine, now=clock)
    clock.passes(days=37)  # 11 November
    for _ in range(6):
        asked.count(procedure="1.004194", facet="fee", decision="sure", channel="web")
    for _ in range(2):
        asked.count(procedure="1.004222", facet="documents", decision="sure", channel="web")
    clock.passes(days=7)  # today, a week that is not over
    for _ in range(9):
        asked.count(procedure="1.000894", facet="fee", decision="sure", channel="web")
    app = build(engine, guide, clock)
    app.include_router(PublicFigures(engine, guide, load_centre(SHIPPED), clock).router)
    return app


def test_it_is_off_until_an_administrator_turns_it_on(app: FastAPI, engine: Engine) -> None:
    anybody = TestClient(app)
    assert anybody.get("/congkhai").status_code == 404
    assert sign_in(app, Role.SUPERVISOR).post("/staff/settings/public", {"on": "true"}).status_code == 403
    administrator = sign_in(app, Role.ADMINISTRATOR)
    assert administrator.post("/staff/settings/public", {"on": "true"}).status_code == 303
    assert "Đang bật" in administrator.get("/staff/settings").text
    assert anybody.get("/congkhai").status_code == 200
    assert administrator.post("/staff/settings/public", {"on": "false"}).status_code == 303
    assert anybody.get("/congkhai").status_code == 404
    deeds = [deed.action for deed in AuditStore(engine).find()]
    assert {"Bật trang công khai", "Tắt trang công khai"} <= set(deeds)


def test_rates_are_written_as_in_vietnam(app: FastAPI, engine: Engine) -> None:
    """Six of seven content, in a month of whose visits nobody can give a rating any more."""
    clock = Clock(datetime(2026, 9, 16, 2, tzinfo=UTC))
    desk = rated(engine, service(engine, clock), clock)
    for number, code in enumerate(desk.print_codes("5", 7)[1]):
        desk.give(Contact("web", str(number)), code, Criterion.FACILITIES, 5 if number else 1)
    sign_in(app, Role.ADMINISTRATOR).post("/staff/settings/public", {"on": "true"})
    text = TestClient(app).get("/congkhai").text
    assert "<strong>85,7%</strong> trên 7 lượt chấm" in text


def test_it_tells_what_is_over_and_no_small_numbers(app: FastAPI) -> None:
    """Eight questions last week, six of them about one procedure; seven and three dossiers, neither to be told."""
    sign_in(app, Role.ADMINISTRATOR).post("/staff/settings/public", {"on": "true"})
    answer = TestClient(app).get("/congkhai")
    text = " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())
    assert "tuần 09/11/2026 – 15/11/2026" in text
    assert "Bà con gõ 8 câu hỏi: trả lời được 8" in text
    assert ": 6 lượt" in text
    assert ": 2 lượt" not in text
    assert "9 lượt" not in text
    rows = dict(re.findall(r'<th role="rowheader" scope="row">([^<]+)</th><td[^>]*>([^<]+)', answer.text))
    assert rows == {"Sở Tư pháp": "–", "Sở Xây dựng": "–", "Toàn Trung tâm": "10"}
    assert "script" not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
