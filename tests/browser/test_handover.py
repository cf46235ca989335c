"""A resident in the web chat and an officer at the console, each in a browser of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bot.staff_records import Role
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
    page.get_by_role("link", name="Cuộc trao đổi").last.click()
    page.get_by_role("button", name="Nhận trả lời").click()
    page.route("**/live", lambda route: route.abort())  # the officer's line is gone for a moment
    says(resident, "còn nữa ạ")
    expect(resident.get_by_text("còn nữa ạ")).to_be_visible()
    page.get_by_role("button", name="Kết thúc trao đổi").click()
    expect(page.get_by_role("heading", name="Chưa kết thúc được")).to_be_visible()
