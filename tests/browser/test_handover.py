"""A resident in the web chat and an officer at the console, each in a browser of their own."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete

from bot.messages import Contact
from bot.staff_records import Role
from bot.storage.database import open_database
from bot.storage.handovers import HandoverStore
from bot.storage.staff_tables import staff_sessions
from tests.bot.web.console.desk import PASSWORD
from tests.browser.conftest import Visit
from tests.browser.console_people import Office, running, sign_in
from tests.browser.test_console_paths import picture


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, index_dir: Path) -> Iterator[Office]:
    with running(tmp_path_factory.mktemp("handover"), index_dir, "deliver") as office:
        yield office


def says(page: Page, text: str) -> None:
    page.get_by_role("textbox").fill(text)
    page.get_by_role("textbox").press("Enter")


def test_a_resident_and_an_officer_talk(visitor: Visit, office: Office) -> None:
    """Asked for, taken, answered both ways without a reload, the assistant silent meanwhile, and back at the end."""
    resident = visitor(viewport={"width": 360, "height": 740}).new_page()
    resident.goto(office.url)
    says(resident, "đăng ký khai sinh")
    expect(resident.get_by_text("1.001193").first).to_be_visible()
    says(resident, "gặp cán bộ")
    expect(resident.get_by_text("trợ lý chuyển ngay cho cán bộ")).to_be_visible()
    says(resident, "con tôi sinh ở Lào thì làm ở đâu")
    expect(resident.get_by_text("vị trí thứ 1")).to_be_visible()

    page = visitor(viewport={"width": 1280, "height": 800}).new_page()
    sign_in(page, office, Role.OFFICER)
    page.goto(f"{office.url}/staff/handover")
    page.get_by_role("link", name="Cuộc trao đổi 2").click()  # the first one is somebody else's
    expect(page.get_by_text("con tôi sinh ở Lào thì làm ở đâu")).to_be_visible()
    page.get_by_role("button", name="Nhận trả lời").click()
    page.get_by_label("Câu trả lời").fill("Bác mang giấy chứng sinh ra Ủy ban nhân dân xã ạ.")
    page.get_by_role("button", name="Gửi").click()
    expect(resident.get_by_text("Bác mang giấy chứng sinh ra Ủy ban nhân dân xã ạ.")).to_be_visible()

    answers = resident.locator("article").count()
    says(resident, "giấy phải dịch không ạ")
    page.get_by_label("Câu trả lời").fill("Có ạ, dịch ra tiếng Việt")  # while the officer types the list renews itself
    expect(page.get_by_text("giấy phải dịch không ạ")).to_be_visible()
    expect(page.get_by_label("Câu trả lời")).to_have_value("Có ạ, dịch ra tiếng Việt")
    page.get_by_role("button", name="Gửi").click()
    expect(resident.get_by_text("Có ạ, dịch ra tiếng Việt")).to_be_visible()
    assert resident.locator("article").count() == answers + 1  # the officer's, and none of the assistant's
    picture(resident, "handover-resident-360")
    picture(page, "handover-officer-1280")

    page.get_by_role("button", name="Kết thúc trao đổi").click()
    expect(page.get_by_role("status").first).to_contain_text("Đã kết thúc")
    expect(resident.locator("article").last).to_contain_text("Trợ lý tự động")
    says(resident, "lệ phí bao nhiêu")
    expect(resident.locator("article").last).to_contain_text("Phí, lệ phí")


def test_the_keyboard_stays_where_it_is(visitor: Visit, office: Office) -> None:
    """Parts that renew themselves leave the focus on the link it was on: the list, the counters, the menu."""
    page = visitor(viewport={"width": 1280, "height": 800}).new_page()
    sign_in(page, office, Role.OFFICER)
    for path, part, link in (
        ("/staff/handover", "#handovers", "Cuộc trao đổi 1"),
        ("/staff/", "#counters", "Hồ sơ quá hẹn"),
        ("/staff/calls", "#waiting", "Trao đổi với người dân"),
    ):
        page.goto(office.url + path)
        page.get_by_role("link", name=link).first.focus()
        page.evaluate("part => { document.querySelector(part).dataset.old = 'yes' }", part)
        address = page.locator(part).get_attribute("hx-get")
        page.evaluate(f"htmx.ajax('GET', '{address}', {{target: '{part}', swap: 'outerHTML'}})")
        expect(page.locator(f"{part}[data-old]")).to_have_count(0)
        expect(page.get_by_role("link", name=link).first).to_be_focused()


def test_who_waits_is_in_the_title_of_every_page(visitor: Visit, office: Office) -> None:
    """A page that is open already says so by itself."""
    page = visitor(viewport={"width": 360, "height": 740}).new_page()
    sign_in(page, office, Role.OFFICER)
    page.goto(f"{office.url}/staff/calls")
    before = int(page.locator("#waiting").get_attribute("data-count") or 0)
    engine = open_database(office.database)
    who = Contact("web", "visitor-title")
    HandoverStore(engine).open(who, agency="", topic="", page="", text="Cho hỏi", later=False)
    page.evaluate("htmx.ajax('GET', '/staff/handover/waiting', {target: '#waiting', swap: 'outerHTML'})")
    expect(page).to_have_title(re.compile(rf"^\({before + 1}\) Gọi điện báo"))
    expect(page.locator("[data-waiting]")).to_have_text(str(before + 1))  # beside the folded menu
    HandoverStore(engine).erase(who)
    engine.dispose()


def test_an_answer_outlives_the_session(visitor: Visit, office: Office) -> None:
    """The notice replaces nothing; after signing in again in another tab the half-written answer can be sent."""
    browser = visitor(viewport={"width": 1280, "height": 800})
    page = browser.new_page()
    sign_in(page, office, Role.OFFICER)
    engine = open_database(office.database)
    who = Contact("web", "visitor-late")
    opened = HandoverStore(engine).open(who, agency="", topic="", page="", text="Cho hỏi lệ phí", later=False)
    page.goto(f"{office.url}/staff/handover/{opened.id}")
    page.get_by_role("button", name="Nhận trả lời").click()
    page.get_by_label("Câu trả lời").fill("Lệ phí 8.000 đồng ạ")
    with engine.begin() as connection:
        connection.execute(delete(staff_sessions))
    expect(page.get_by_text("Phiên làm việc đã hết hạn.")).to_be_visible()
    expect(page.get_by_label("Câu trả lời")).to_have_value("Lệ phí 8.000 đồng ạ")
    with browser.expect_page() as opening:
        page.get_by_role("link", name="Đăng nhập lại").click()
    other = opening.value
    other.get_by_label("Tên đăng nhập").fill("officer.an")
    other.get_by_label("Mật khẩu").fill(PASSWORD)
    other.get_by_role("button", name="Đăng nhập").click()
    other.wait_for_url(f"{office.url}/staff/handover/{opened.id}")
    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.get_by_text("Phiên làm việc đã hết hạn.")).to_have_count(0)
    page.get_by_role("button", name="Gửi").click()
    expect(page.locator("#talk")).to_contain_text("Lệ phí 8.000 đồng ạ")
    HandoverStore(engine).erase(who)
    engine.dispose()


def test_a_message_while_the_officer_ends_it(visitor: Visit, office: Office) -> None:
    """What was written after the officer last looked keeps the talk open, and the officer is told."""
    resident = visitor(viewport={"width": 360, "height": 740}).new_page()
    resident.goto(office.url)
    says(resident, "gặp cán bộ")
    says(resident, "tôi hỏi việc đất đai")
    expect(resident.get_by_text("vị trí thứ")).to_be_visible()
    page = visitor(viewport={"width": 1280, "height": 800}).new_page()
    sign_in(page, office, Role.OFFICER)
    page.goto(f"{office.url}/staff/handover")
    page.get_by_role("row").filter(has_text="tôi hỏi việc đất đai").get_by_role("link").click()
    page.get_by_role("button", name="Nhận trả lời").click()
    page.route("**/live", lambda route: route.abort())  # the officer's line is gone for a moment
    says(resident, "còn nữa ạ")
    expect(resident.get_by_text("còn nữa ạ")).to_be_visible()
    page.get_by_role("button", name="Kết thúc trao đổi").click()
    expect(page.get_by_role("heading", name="Chưa kết thúc được")).to_be_visible()
