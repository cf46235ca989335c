"""The volunteers' page in a browser: ticks outlive a lost connection, nothing outlives a case, no barriers."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import APIResponse, BrowserContext, Page, Route, expect

from bot.services.assistance import KeptAssistance
from bot.storage.database import open_database
from bot.volunteer_records import Case
from tests.bot.volunteers import assisting
from tests.browser.conftest import ROOT, Visit
from tests.browser.server import reachable
from tests.browser.test_console_axe import judged

PHONE = {"viewport": {"width": 360, "height": 740}}


class Desk:
    """A server, and the service on its database."""

    def __init__(self, folder: Path, index: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        database = f"sqlite:///{folder / 'assist.db'}"
        command = [sys.executable, "-m", "tests.browser.assist_server", str(port), database, str(index)]
        self.engine = open_database(database)
        self.assistance: KeptAssistance = assisting(self.engine)
        self.process = subprocess.Popen(command, cwd=ROOT)
        reachable(port, within=120)
        self.joined = 0

    def join(self, page: Page) -> None:
        """Join with a fresh code, as people do."""
        self.joined += 1
        _, code = self.assistance.make_code(f"Lan {self.joined}", "Đoàn phường Thử", 30, "an")
        page.goto(f"{self.url}/assist")
        page.get_by_label("Mã tình nguyện").fill(code.lower().replace("-", " "))
        page.get_by_role("button", name="Vào").click()
        expect(page.locator("#who")).to_have_text(f"Lan {self.joined} · Đoàn phường Thử")

    def cases(self) -> list[Case]:
        """The open cases of whoever joined last."""
        return list(self.assistance.store.cases(self.joined))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, index_dir: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path_factory.mktemp("assist"), index_dir)
    yield desk
    desk.process.terminate()
    desk.process.wait(timeout=20)
    desk.engine.dispose()


def helped(page: Page) -> None:
    """A new person, who needs "đăng ký thường trú" or what comes first for it."""
    page.get_by_role("button", name="Người mới").click()
    page.get_by_label("Bà con cần làm việc gì?").fill("đăng ký tạm trú")
    page.get_by_role("button", name="Tìm thủ tục").click()
    page.locator("#found button").first.click()
    expect(page.locator("#work")).to_be_visible()
    while page.locator("#found button").count():
        page.locator("#found button").first.click()
        expect(page.locator("#papers input").first).to_be_visible()


def left(page: Page) -> list[str]:
    """What the page keeps on the phone about cases and ticks."""
    found: list[str] = page.evaluate("Object.keys(localStorage).filter((key) => /^assist:(case|op|current)/.test(key))")
    return found


def test_ticks_outlive_a_lost_connection(visitor: Visit, desk: Desk) -> None:
    """Ticked offline, reloaded offline, sent when back; an answer that got lost is asked for again."""
    context: BrowserContext = visitor(**PHONE)
    page = context.new_page()
    desk.join(page)
    helped(page)
    boxes = page.locator("#papers input")
    boxes.nth(0).focus()
    page.keyboard.press("Space")
    expect(page.locator("#sync")).to_have_text("Đã lưu.")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("navigator.serviceWorker.controller && caches.match('/assist').then((kept) => !!kept)")
    context.set_offline(True)
    boxes.nth(1).check()
    boxes.nth(0).uncheck()
    expect(page.locator("#sync")).to_contain_text("Còn 2 dấu chưa gửi")
    page.reload()
    expect(boxes.nth(1)).to_be_checked()
    expect(boxes.nth(0)).not_to_be_checked()
    assert [case.ticks for case in desk.cases()] == [(0,)]
    context.set_offline(False)
    expect(page.locator("#sync")).to_have_text("Đã lưu.")
    assert [case.ticks for case in desk.cases()] == [(1,)]

    dropped: list[APIResponse] = []

    def swallow(route: Route) -> None:
        if not dropped:
            dropped.append(route.fetch())
            route.abort()
        else:
            route.continue_()

    page.route("**/ticks", swallow)
    boxes.nth(0).check()
    page.wait_for_function("document.querySelector('#sync').textContent.startsWith('Còn')")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#sync")).to_have_text("Đã lưu.")
    assert len(dropped) == 1
    assert [case.ticks for case in desk.cases()] == [(0, 1)]


def test_a_case_is_closed_without_a_connection(visitor: Visit, desk: Desk) -> None:
    """Gone from the phone at once, also after a reload; the centre hears of it when there is a connection again. A new
    case needs one: that is said, and nothing of the request stays on the phone."""
    context = visitor(**PHONE)
    page = context.new_page()
    desk.join(page)
    helped(page)
    page.locator("#papers input").first.check()
    expect(page.locator("#sync")).to_have_text("Đã lưu.")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("navigator.serviceWorker.controller && caches.match('/assist').then((kept) => !!kept)")
    before = len(desk.cases())
    context.set_offline(True)
    # what a page asks through its service worker is held back neither by this nor by a route
    away = "window.fetched = window.fetch; window.fetch = () => Promise.reject(new TypeError('offline'))"
    page.evaluate(f"() => {{ {away} }}")
    page.add_init_script(away)
    page.get_by_role("button", name="Người mới").click()
    expect(page.locator("#said")).to_contain_text("Chưa mở được ca mới vì đang mất mạng")
    assert page.evaluate("localStorage.getItem('assist:opening')") is None
    page.get_by_text("Đóng ca", exact=True).click()
    page.get_by_role("button", name="Còn thiếu giấy tờ").click()
    expect(page.locator("#case")).to_be_hidden()
    assert left(page) == []
    page.reload()
    expect(page.locator("#closings")).to_contain_text("1 ca đã đóng trên máy")
    expect(page.locator("#cases button")).to_have_count(0)
    assert len(desk.cases()) == before
    page.evaluate("() => { window.fetch = window.fetched }")
    context.set_offline(False)
    expect(page.locator("#closings")).to_have_text("")
    assert len(desk.cases()) == before - 1
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('assist:closing'))") == []


def test_two_people_at_once_and_nothing_left(visitor: Visit, desk: Desk) -> None:
    """One tap between cases, the list on the person's own phone, and an empty phone after closing and leaving."""
    context = visitor(**PHONE)
    page = context.new_page()
    desk.join(page)
    helped(page)
    page.locator("#papers input").first.check()
    helped(page)
    expect(page.locator("#papers input").first).not_to_be_checked()
    page.get_by_role("button", name="Ca 1").click()
    expect(page.locator("#papers input").first).to_be_checked()
    page.get_by_role("button", name="Chuyển sang máy bà con").click()
    expect(page.locator("#qr")).to_be_visible()
    assert page.evaluate("document.querySelector('#qr').naturalWidth") > 0
    address = page.locator("#address").get_attribute("href")
    page.get_by_text("Đóng ca", exact=True).click()
    page.get_by_role("button", name="Còn thiếu giấy tờ").click()
    expect(page.locator("#cases button")).to_have_count(1)
    # hidden at once; the server hears of it a moment later
    expect(page.locator("#closings")).to_have_text("")
    assert [case.number for case in desk.cases()] == [2]
    assert len([key for key in left(page) if key.startswith("assist:case")]) == 1
    assert page.locator("#qr").get_attribute("src") is None
    person = visitor(**PHONE).new_page()
    person.goto(str(address))
    expect(person.get_by_text("Đã có 1 trên")).to_be_visible()
    person.locator("button[aria-pressed=false]").first.click()
    expect(person.get_by_text("Đã có 2 trên")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Nghỉ").click()
    page.wait_for_url("**/assist/join")
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('assist:'))") == []
    assert page.evaluate("caches.keys()") == []
    assert desk.cases() == []
    page.goto(f"{desk.url}/assist")
    page.wait_for_url("**/assist/join")


def test_no_barriers(visitor: Visit, desk: Desk) -> None:
    """0 violations: joining, before the first case, a case with everything open, the person's own page."""
    page = visitor(reduced_motion="reduce").new_page()
    page.goto(f"{desk.url}/assist/join")
    said = judged(page)
    desk.join(page)
    said += judged(page)
    helped(page)
    page.locator("#papers input").first.check()
    page.get_by_role("button", name="Chuyển sang máy bà con").click()
    expect(page.locator("#qr")).to_be_visible()
    for summary in page.locator("summary").all():
        summary.click()
    expect(page.get_by_label("4 số cuối")).to_be_visible()
    said += judged(page)
    page.goto(str(page.locator("#address").get_attribute("href")))
    said += judged(page)
    assert said == []
