"""Announcements in the console: two people, progress, stopping, and notices that a person decides on."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, update

from bot.messages import Contact
from bot.notice_records import NoticeState, Pace
from bot.services.guide import Guide
from bot.staff_records import Role
from bot.storage.consents import ConsentStore
from bot.storage.contacts import ContactStore
from bot.storage.months import MonthCount
from bot.storage.staff import AuditStore
from bot.storage.tables import notices
from bot.web.console.health import _months
from tests.bot.web.console.desk import Desk, build, sign_in

DRAFT = {"agency": "so-tu-phap", "title": "Nghỉ lễ", "text": "Trung tâm nghỉ ngày 02/9."}


@pytest.fixture
def app(engine: Engine, guide: Guide) -> FastAPI:
    consents = ConsentStore(engine)
    for number in range(30):
        consents.give(Contact("web" if number < 20 else "telegram", str(number)), "agency:so-tu-phap", "1")
    ContactStore(engine).reachable(Contact("telegram", "25"), False)
    return build(engine, guide)


def draft(desk: Desk, **changes: str) -> Any:
    return desk.post("/staff/notices/new", DRAFT | changes)


def queued(desk: Desk, count: int) -> None:
    """Wait until the background thread of the approval is done, connections and all."""
    for thread in threading.enumerate():
        if thread.name.startswith("queue-"):
            thread.join(10)
    assert sum(desk.console.outbox.counts(1).values()) == count


def test_two_people_send_an_announcement(app: FastAPI, engine: Engine) -> None:
    """Drafted by one, previewed with counts per channel, approved by another; then it is queued, once."""
    officer, supervisor = sign_in(app, Role.OFFICER), sign_in(app, Role.SUPERVISOR)
    assert draft(officer).headers["location"] == "/staff/notices/1"
    page = officer.get("/staff/notices/1").text
    assert "Trang web: 20 người" in page
    assert "Telegram: 10 người, 1 không liên lạc được" in page
    assert "Trung tâm nghỉ ngày 02/9." in page
    assert officer.console.outbox.counts() == {}
    assert officer.post("/staff/notices/1/approve").status_code == 403
    assert supervisor.post("/staff/notices/1/approve").status_code == 303
    queued(supervisor, 30)
    assert supervisor.post("/staff/notices/1/approve").status_code == 409
    actions = [(deed.login, deed.action) for deed in AuditStore(engine).find(subject="đợt 1")]
    assert actions == [("supervisor.an", "Duyệt thông báo"), ("officer.an", "Soạn thông báo")]


def test_nobody_approves_their_own(app: FastAPI) -> None:
    """A supervisor who drafted it needs another supervisor; two people of one name are two."""
    author = sign_in(app, Role.SUPERVISOR)
    other = sign_in(app, Role.SUPERVISOR, login="supervisor.binh")
    draft(author)
    assert "người phụ trách khác phải duyệt" in author.get("/staff/notices/1").text
    assert author.post("/staff/notices/1/approve").status_code == 409
    assert author.console.outbox.counts() == {}
    assert other.post("/staff/notices/1/approve").status_code == 303
    queued(other, 30)


@pytest.mark.parametrize(
    "changes",
    [
        {"agency": ""}, {"procedure": "1.001193"}, {"agency": "", "procedure": "9.999999"}, {"agency": "no-such"},
        {"title": " "}, {"text": ""}, {"text": "x" * 5000}, {"title": "t" * 300},
    ],
)  # fmt: skip
def test_an_announcement_is_complete(app: FastAPI, changes: dict[str, str]) -> None:
    """One audience that exists, a title, a text that fits; what was typed stays in the form."""
    desk = sign_in(app, Role.OFFICER)
    answer = draft(desk, **changes)
    assert answer.status_code == 422
    assert 'class="problem"' in answer.text
    assert desk.get("/staff/notices/1").status_code == 404


def test_stopping_takes_the_rest_out_of_the_queue(app: FastAPI) -> None:
    """What has left stays sent; the page tells how many were taken."""
    officer, supervisor = sign_in(app, Role.OFFICER), sign_in(app, Role.SUPERVISOR)
    draft(officer)
    supervisor.post("/staff/notices/1/approve")
    queued(officer, 30)
    officer.console.outbox.claim("web", limit=5, lease=timedelta(minutes=1), pace=Pace())
    assert officer.post("/staff/notices/1/stop").status_code == 303
    page = officer.get("/staff/notices/1").text
    assert "25 tin chưa gửi được lấy khỏi hàng" in page
    assert "Đang gửi: 5" in page
    assert officer.post("/staff/notices/1/stop").status_code == 409


def test_a_person_decides_on_what_nobody_knows(app: FastAPI, engine: Engine) -> None:
    """One is sent again, one is left; nothing is decided twice."""
    officer, supervisor = sign_in(app, Role.OFFICER), sign_in(app, Role.SUPERVISOR)
    draft(officer)
    supervisor.post("/staff/notices/1/approve")
    queued(officer, 30)
    with engine.begin() as connection:
        two = update(notices).where(notices.c.id.in_([1, 2]))
        connection.execute(two.values(state="unknown", updated_at=datetime.now(UTC)))
    page = officer.get("/staff/notices/undecided")
    assert page.text.count("chưa rõ đã đến chưa") >= 2
    assert officer.post("/staff/notices/undecided/1/resend").status_code == 303
    assert officer.post("/staff/notices/undecided/1/resend").status_code == 409
    assert officer.post("/staff/notices/undecided/2/settle").status_code == 303
    assert officer.post("/staff/notices/undecided/2/resend").status_code == 409
    states = [officer.console.outbox.get(number) for number in (1, 2)]
    assert [notice.state for notice in states if notice] == [NoticeState.PENDING, NoticeState.SUPPRESSED]
    assert "Không có tin nào cần quyết định" in officer.get("/staff/notices/undecided").text


@pytest.mark.parametrize(("used", "bad", "over"), [(7, False, False), (8, True, False), (10, True, True)])
def test_the_month_s_number_is_shown_and_warned_of(
    app: FastAPI, engine: Engine, used: int, bad: bool, over: bool
) -> None:
    """From four fifths on somebody should look; at the end it is said what happens to notices."""
    console = msgspec.structs.replace(Desk(app).console, monthly={"zalobot": 10})
    MonthCount(engine, "zalobot").add(used)
    (sign,) = _months(console)
    assert (sign.bad, "gọi điện" in sign.state) == (bad, over)
    assert f"{used} trong 10" in sign.state
