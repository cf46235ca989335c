"""What each role does in a day, in a real browser. With SCREENSHOTS=folder the pages are pictured on the way."""

import os
import re
from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from bot.staff_records import Role
from knowledge_base.centre import load_centre
from tests.browser.conftest import Visit
from tests.browser.console_people import Office, running, sign_in

CODE = "H05.12-260715-0001"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, index_dir: Path) -> Iterator[Office]:
    with running(tmp_path_factory.mktemp("console"), index_dir) as office:
        yield office


def seat(visitor: Visit, office: Office, role: Role, width: int = 1280) -> Page:
    page = visitor(viewport={"width": width, "height": 800}, reduced_motion="reduce").new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    sign_in(page, office, role)
    return page


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def test_a_clerk_asks_for_a_paper_on_a_telephone(visitor: Visit, office: Office) -> None:
    """From the first page to the dossier, picks a paper from the procedure's list, and reads that it is done."""
    page = seat(visitor, office, Role.CLERK, 360)
    page.get_by_role("link", name="Hồ sơ quá hẹn").click()
    page.get_by_label("Mã hồ sơ hoặc tên").fill("0001")
    page.get_by_role("button", name="Tìm").click()
    page.get_by_role("link", name=CODE).click()
    page.get_by_text("Yêu cầu bổ sung", exact=True).click()
    paper = page.get_by_role("checkbox").first
    name = paper.get_attribute("value") or ""
    paper.check()
    page.get_by_label("Lý do:").fill("Bản chụp mờ, không đọc được ngày sinh")
    page.get_by_label("Hạn bổ sung").fill(str(date.today() + timedelta(days=10)))  # noqa: DTZ011
    picture(page, "supplement-360")
    page.get_by_role("button", name="Gửi yêu cầu bổ sung").click()
    expect(page.get_by_role("status")).to_contain_text("Tin báo gửi tới 1 người theo dõi")
    expect(page.get_by_role("main")).to_contain_text(name)
    expect(page.locator(".steps")).to_contain_text("Chờ bổ sung")


def test_an_announcement_takes_two_people(visitor: Visit, office: Office) -> None:
    """An officer writes it, a supervisor reads the preview and approves, and watches it being queued, then stops it."""
    officer = seat(visitor, office, Role.OFFICER)
    officer.get_by_role("navigation").get_by_role("link", name="Tin báo").click()
    officer.get_by_role("button", name="Soạn thông báo").click()
    officer.get_by_label("Gửi người theo dõi cơ quan").select_option(label="Sở Tư pháp")
    officer.get_by_label("Tiêu đề").fill("Tạm ngừng nhận hồ sơ")
    officer.get_by_label("Nội dung").fill("Sáng 01/12 quầy số 3 tạm ngừng nhận hồ sơ, chiều làm việc bình thường.")
    officer.get_by_role("button", name="Lưu bản nháp").click()
    expect(officer.get_by_text("phải duyệt")).to_be_visible()
    supervisor = seat(visitor, office, Role.SUPERVISOR)
    supervisor.goto(officer.url)
    expect(supervisor.get_by_text("60 người theo dõi")).to_be_visible()
    picture(supervisor, "announcement-1280")
    supervisor.get_by_role("button", name="Duyệt và gửi").click()
    expect(supervisor.get_by_text("Chờ gửi: 60")).to_be_visible()  # the page asks again by itself
    picture(supervisor, "progress-1280")
    supervisor.get_by_role("button", name="Dừng gửi").click()
    expect(supervisor.get_by_role("status").first).to_contain_text("60 tin chưa gửi được lấy khỏi hàng")


def test_an_officer_imports_a_file_and_rings_up(visitor: Visit, office: Office, tmp_path: Path) -> None:
    """The report names the bad row; the call list gets shorter; a table comes as a spreadsheet."""
    page = seat(visitor, office, Role.OFFICER)
    file = tmp_path / "hồ sơ.csv"
    rows = ("Mã hồ sơ,Trạng thái,Ngày tiếp nhận,Ngày hẹn trả", "H05.12-260720-0001,Đang xử lý,20/07/2026,", "sai,,,")
    file.write_text("\n".join(rows), "utf-8")
    page.goto(f"{office.url}/staff/dossiers/import")
    page.get_by_label("Tệp hồ sơ").set_input_files(file)
    page.get_by_label("Chỉ kiểm tra").uncheck()
    page.get_by_role("button", name="Gửi tệp").click()
    expect(page.get_by_text("2 dòng: 1 mới; 1 dòng bị bỏ.")).to_be_visible()
    expect(page.get_by_text("Dòng 3")).to_be_visible()
    page.get_by_role("navigation").get_by_role("link", name="Gọi điện báo").click()
    picture(page, "calls-1280")
    with page.expect_download() as download:
        page.get_by_role("button", name="Tải Excel").click()
    assert download.value.suggested_filename == "Danh sách gọi điện báo.xlsx"
    before = page.get_by_role("button", name="Đã gọi").count()
    page.get_by_role("button", name="Đã gọi").first.click()
    expect(page.get_by_role("status")).to_contain_text("Đã ghi nhận")
    assert page.get_by_role("button", name="Đã gọi").count() == before - 1


def test_a_volunteer_joins_by_a_code_until_it_is_taken_back(visitor: Visit, office: Office) -> None:
    """An officer makes a code; a volunteer joins with it on a telephone of their own, and is out once it is stopped."""
    officer = seat(visitor, office, Role.OFFICER)
    officer.goto(f"{office.url}/staff/volunteers")
    officer.get_by_text("Mã QR mở trang").click()
    assert officer.get_by_alt_text("Mã QR").evaluate("picture => picture.naturalWidth") > 0
    picture(officer, "volunteers-1280")
    officer.get_by_label("Tên gọi").fill("Lan")
    officer.get_by_label("Đơn vị").fill("Đoàn phường Thử")
    officer.get_by_role("button", name="Cấp mã").click()
    code = re.search(r"TN-\w{3}-\w{3}-\w{3}", officer.get_by_role("status").first.inner_text())
    assert code is not None
    phone = visitor(viewport={"width": 360, "height": 740}).new_page()
    phone.goto(f"{office.url}/assist")
    phone.get_by_label("Mã tình nguyện").fill(code.group())
    phone.get_by_role("button", name="Vào").click()
    expect(phone.locator("#who")).to_have_text("Lan · Đoàn phường Thử")
    officer.get_by_role("button", name="Thu hồi").click()
    expect(officer.get_by_role("status").first).to_contain_text("Đã thu hồi mã")
    phone.goto(f"{office.url}/assist")
    phone.wait_for_url("**/assist/join")


def test_the_director_prints_one_page(visitor: Visit, office: Office, tmp_path: Path) -> None:
    """All agencies of the centre on one sheet of A4, as the browser prints it; the same as a workbook."""
    page = seat(visitor, office, Role.SUPERVISOR)
    page.goto(f"{office.url}/staff/overview")
    for agency in load_centre().agencies:
        expect(page.get_by_role("cell", name=agency.name, exact=True)).to_have_count(1)
    sheet = page.pdf(path=tmp_path / "overview.pdf", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1
    picture(page, "overview-1280")
    with page.expect_download() as download:
        page.get_by_role("button", name="Tải Excel").click()
    book = load_workbook(BytesIO(download.value.path().read_bytes()))
    agencies = [row[0] for row in book["Hồ sơ theo cơ quan"].iter_rows(min_row=3, values_only=True)]
    assert {agency.name for agency in load_centre().agencies} <= set(agencies)
    page.evaluate("window.print = () => { window.printed = true }")
    page.get_by_role("button", name="In trang này").click()
    assert page.evaluate("window.printed")


def test_the_poster_of_the_volunteers_is_one_page(visitor: Visit, office: Office, tmp_path: Path) -> None:
    """With the address in words for who has no camera."""
    page = seat(visitor, office, Role.OFFICER)
    page.goto(f"{office.url}/staff/volunteers")
    page.get_by_text("Mã QR mở trang").click()
    page.get_by_role("button", name="Trang để in").click()
    expect(page.get_by_text(f"{office.url}/assist")).to_be_visible()
    sheet = page.pdf(path=tmp_path / "poster.pdf", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1


def test_two_officers_never_answer_one_person(visitor: Visit, office: Office) -> None:
    """Both see who waits; one takes it, the other is told so, reads along and has no field to write in."""
    first, second = seat(visitor, office, Role.OFFICER), seat(visitor, office, Role.SUPERVISOR)
    for page in (first, second):
        page.goto(f"{office.url}/staff/handover")
        page.get_by_role("link", name="Cuộc trao đổi 1").click()
        expect(page.get_by_text("Cháu hỏi lệ phí")).to_be_visible()
    first.get_by_role("button", name="Nhận trả lời").click()
    expect(first.get_by_label("Câu trả lời")).to_be_visible()
    second.get_by_role("button", name="Nhận trả lời").click()
    expect(second.get_by_role("heading", name="Người khác vừa nhận cuộc trao đổi này")).to_be_visible()
    first.get_by_label("Câu trả lời").fill("Lệ phí ghi ở quầy số 2 ạ.")
    first.get_by_role("button", name="Gửi").click()
    picture(first, "handover-1280")
    second.goto(f"{office.url}/staff/handover/1")
    expect(second.get_by_text("Lệ phí ghi ở quầy số 2 ạ.")).to_be_visible()
    expect(second.get_by_label("Câu trả lời")).to_have_count(0)
    first.get_by_role("button", name="Kết thúc trao đổi").click()
    expect(first.get_by_role("status").first).to_contain_text("Đã kết thúc")
    expect(second.get_by_text("Cuộc trao đổi đã kết thúc.")).to_be_visible()  # the page asks again by itself


def test_an_administrator_makes_an_account_and_reads_the_log(visitor: Visit, office: Office) -> None:
    """The new clerk signs in, changes the password, and the log tells of both."""
    page = seat(visitor, office, Role.ADMINISTRATOR)
    page.get_by_role("navigation").get_by_role("link", name="Tài khoản").click()
    page.get_by_role("button", name="Thêm tài khoản").click()
    page.get_by_label("Họ tên").fill("Trần Thị Thử")
    page.get_by_label("Tên đăng nhập").fill("tran.thu")
    page.locator("select[name=agency]").select_option(label="Sở Nội vụ")
    page.get_by_role("button", name="Tạo tài khoản").click()
    password = page.locator("code").nth(1).inner_text()
    clerk = visitor(viewport={"width": 360, "height": 740}).new_page()
    clerk.goto(f"{office.url}/staff/dossiers")
    clerk.get_by_label("Tên đăng nhập").fill("tran.thu")
    clerk.get_by_label("Mật khẩu").fill(password)
    clerk.get_by_role("button", name="Đăng nhập").click()
    clerk.get_by_label("Mật khẩu đang dùng").fill(password)
    clerk.get_by_label("Mật khẩu mới", exact=False).first.fill("mèo con trèo cau")
    clerk.get_by_label("Gõ lại mật khẩu mới").fill("mèo con trèo cau")
    clerk.get_by_role("button", name="Đổi mật khẩu").click()
    expect(clerk.get_by_role("heading", name="Hồ sơ")).to_be_visible()  # where the clerk wanted to go
    expect(clerk.get_by_text("21 hồ sơ")).to_be_visible()
    page.goto(f"{office.url}/staff/audit")
    page.locator("select[name=who]").select_option("tran.thu")
    page.get_by_role("button", name="Lọc").click()
    expect(page.get_by_role("cell", name="Đổi mật khẩu của mình")).to_be_visible()
    picture(page, "audit-1280")


def test_everything_is_done_by_keyboard(visitor: Visit, office: Office) -> None:
    """The skip link comes first and leads to the content; focus can be seen."""
    page = seat(visitor, office, Role.OFFICER)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Đến nội dung chính")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    focused = page.locator("main :focus")
    expect(focused).to_be_visible()
    assert focused.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
