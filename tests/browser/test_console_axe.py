"""No page of the console has a barrier that axe can find: small and wide screens, light and dark."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from bot.staff_records import Role
from tests.browser.conftest import Visit
from tests.browser.console_people import Office, running, sign_in

PATHS: tuple[tuple[Role, str], ...] = (
    (Role.CLERK, "/staff/"),
    (Role.CLERK, "/staff/accounts"),  # refused
    (Role.CLERK, "/staff/dossiers"),
    (Role.CLERK, "/staff/dossiers/H05.12-260715-0001"),
    (Role.OFFICER, "/staff/dossiers?q=nguyen&status=late"),
    (Role.OFFICER, "/staff/dossiers/import"),
    (Role.OFFICER, "/staff/notices"),
    (Role.OFFICER, "/staff/notices/new"),
    (Role.OFFICER, "/staff/notices/1"),
    (Role.OFFICER, "/staff/notices/undecided"),
    (Role.OFFICER, "/staff/calls"),
    (Role.OFFICER, "/staff/handover"),
    (Role.OFFICER, "/staff/handover/1"),
    (Role.OFFICER, "/staff/handover?xem=closed"),
    (Role.OFFICER, "/staff/ratings"),
    (Role.OFFICER, "/staff/ratings/codes"),
    (Role.OFFICER, "/staff/questions/1"),
    (Role.OFFICER, "/staff/catalogue/history"),
    (Role.OFFICER, "/staff/dossiers/H05.12-260715-0004"),  # returned: no usual next step
    (Role.SUPERVISOR, "/staff/"),
    (Role.SUPERVISOR, "/staff/handover"),
    (Role.SUPERVISOR, "/staff/ratings"),
    (Role.SUPERVISOR, "/staff/ratings/calls"),
    (Role.SUPERVISOR, "/staff/ratings/changes"),
    (Role.SUPERVISOR, "/staff/settings"),
    (Role.SUPERVISOR, "/staff/notices"),
    (Role.OFFICER, "/staff/password"),
    (Role.OFFICER, "/staff/volunteers"),
    (Role.OFFICER, "/staff/volunteers/poster"),
    (Role.OFFICER, "/staff/review/1"),
    (Role.OFFICER, "/staff/review/items/1"),
    (Role.OFFICER, "/staff/review/apologies"),
    (Role.OFFICER, "/staff/volunteers/report"),
    (Role.CLERK, "/staff/ratings"),
    (Role.OFFICER, "/staff/ratings"),
    (Role.OFFICER, "/staff/ratings?xem=chi-tiet&nhom=counters"),
    (Role.OFFICER, "/staff/ratings/comments"),
    (Role.OFFICER, "/staff/ratings/codes?quay=Quầy 2"),
    (Role.SUPERVISOR, "/staff/notices/1"),
    (Role.SUPERVISOR, "/staff/audit"),
    (Role.SUPERVISOR, "/staff/health"),
    (Role.CLERK, "/staff/questions"),
    (Role.CLERK, "/staff/questions/1"),
    (Role.CLERK, "/staff/publish"),
    (Role.OFFICER, "/staff/catalogue?q=khai+sinh"),
    (Role.OFFICER, "/staff/catalogue/1.001193"),
    (Role.OFFICER, "/staff/catalogue/1.001193/correct/cases"),
    (Role.SUPERVISOR, "/staff/catalogue-import"),
    (Role.SUPERVISOR, "/staff/catalogue-import/1.001193"),
    (Role.ADMINISTRATOR, "/staff/publish/1"),
    (Role.SUPERVISOR, "/staff/overview"),
    (Role.SUPERVISOR, "/staff/review"),
    (Role.SUPERVISOR, "/staff/review/1"),
    (Role.ADMINISTRATOR, "/staff/settings"),
    (Role.ADMINISTRATOR, "/congkhai"),
    (Role.ADMINISTRATOR, "/staff/"),
    (Role.ADMINISTRATOR, "/staff/accounts"),
    (Role.ADMINISTRATOR, "/staff/accounts/new"),
    (Role.ADMINISTRATOR, "/staff/accounts/clerk.an"),
    (Role.ADMINISTRATOR, "/staff/nowhere"),
)
"""A page author adds a line: who opens what."""

LOOKS: tuple[tuple[int, Literal["light", "dark"]], ...] = (
    (360, "light"),
    (360, "dark"),
    (1280, "light"),
    (1280, "dark"),
)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, index_dir: Path) -> Iterator[Office]:
    with running(tmp_path_factory.mktemp("console"), index_dir) as office:
        yield office


@pytest.mark.parametrize("role", list(Role))
def test_no_barriers(visitor: Visit, office: Office, role: Role) -> None:
    """0 violations, and nothing to scroll sideways for."""
    page = visitor().new_page()
    page.goto(f"{office.url}/staff/sign-in")
    said = judged(page)
    sign_in(page, office, role)
    for who, path in PATHS:
        if who is role:
            page.goto(office.url + path)
            said += judged(page)
    assert said == []


def test_pages_that_come_of_a_deed(visitor: Visit, office: Office) -> None:
    """Refused forms, a first password, long work and its end, a session that is over."""
    page = visitor().new_page()
    page.goto(f"{office.url}/staff/sign-in")
    page.get_by_label("Tên đăng nhập").fill("khong.co")
    page.get_by_label("Mật khẩu").fill("sai")
    page.get_by_role("button", name="Đăng nhập").click()
    said = judged(page)
    sign_in(page, office, Role.SUPERVISOR)
    page.goto(f"{office.url}/staff/dossiers/H05.12-260715-0001")
    page.get_by_text("Yêu cầu bổ sung", exact=True).click()
    page.locator('textarea[name="reason"]').fill("Bản sao mờ")
    page.locator('input[name="by"]').fill(f"{datetime.now(UTC).date() + timedelta(days=9)}")
    page.locator('form[action$="/supplement"]').evaluate("form => { form.noValidate = true }")
    page.locator('input[name="papers"]').evaluate_all("boxes => boxes.forEach(box => { box.checked = false })")
    page.get_by_role("button", name="Gửi yêu cầu bổ sung").click()
    expect(page.get_by_role("alert").last).to_contain_text("ít nhất một giấy tờ")
    said += judged(page)
    page.goto(f"{office.url}/staff/publish")
    page.get_by_role("button", name="Công bố", exact=True).click()
    page.wait_for_url("**/progress/**")
    expect(page.get_by_text("Không có gì mới")).to_be_visible()
    said += judged(page)
    page.goto(f"{office.url}/staff/publish")
    page.context.clear_cookies()
    page.get_by_role("button", name="Công bố", exact=True).click()
    expect(page.get_by_role("heading", name="Phiên làm việc đã hết hạn")).to_be_visible()
    said += judged(page)
    sign_in(page, office, Role.ADMINISTRATOR)
    page.goto(f"{office.url}/staff/accounts/new")
    page.get_by_label("Họ tên").fill("Trần Lan")
    page.get_by_label("Tên đăng nhập").fill("tran.lan")
    page.get_by_label("Vai trò").select_option("officer")
    page.get_by_role("button", name="Tạo tài khoản").click()
    expect(page.get_by_role("heading", name="Mật khẩu lần đầu")).to_be_visible()
    said += judged(page)
    assert said == []


def judged(page: Page) -> list[str]:
    """What axe finds on the page in each look."""
    said = []
    axe = Axe()
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        report = axe.run(page)
        if report.violations_count:
            said.append(f"{page.url} {width} {scheme}\n{report.generate_report()}")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            said.append(f"{page.url} {width} {scheme} scrolls sideways")
        axe = Axe(axe_script="")  # it is in the page now
    return said
