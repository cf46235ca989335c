"""Residents' telephones are old: the pages work without what newer browsers brought, and a form always sends."""

import re

import pytest
from playwright.sync_api import Page, expect

from bot.channels.webchat import STATIC
from tests.browser.conftest import OLD, Server, Visit
from tests.browser.test_assist import PHONE, Desk, desk, helped  # noqa: F401 - a fixture
from tests.browser.test_webchat import QUESTION, ask, expect_said, press

TOO_NEW = re.compile(
    r"\?\.[\w(\[]|\?\?|\|\|=|&&=|\bcatch \{|\d_\d|\.at\(|\.replaceChildren\(|\.replaceAll\(|AbortSignal\.|"
    r"structuredClone|randomUUID|\.findLast|Object\.hasOwn|CSS\.escape|showModal|\bstatic \{|#\w+ ?="
)


@pytest.mark.parametrize("name", ["chat.js", "rating.js", "assist/assist.js", "assist/join.js", "assist/sw.js"])
def test_no_script_for_residents_is_written_in_words_that_old_browsers_cannot_read(name: str) -> None:
    found = TOO_NEW.findall((STATIC / name).read_text("utf-8"))
    assert found == []


@pytest.fixture
def old(visitor: Visit, server: Server) -> Page:
    """A visitor with an old telephone."""
    context = visitor(viewport={"width": 360, "height": 740})
    context.add_init_script(OLD)
    page = context.new_page()
    page.goto(server.url)
    return page


def test_the_web_chat_works_on_an_old_telephone(old: Page) -> None:
    ask(old, QUESTION)
    expect(old.locator(".answer").last).to_contain_text("1.001193")
    press(old, "Lệ phí")
    expect(old.locator(".answer").last).to_contain_text("8.000 đồng")
    expect_said(old, QUESTION, "Lệ phí")
    ask(old, QUESTION)
    press(old, "Giấy tờ cần nộp")
    press(old, "⬜ 2.")
    expect(old.get_by_text("Đã có 1 trên 3 giấy tờ")).to_be_visible()
    expect(old.get_by_text("Đang kết nối lại")).to_have_count(0)


@pytest.mark.parametrize("broken", ["delete window.crypto; Object.defineProperty(window, 'crypto', {value: {}})"])
def test_where_the_script_fails_the_form_sends(visitor: Visit, server: Server, broken: str) -> None:
    context = visitor(viewport={"width": 360, "height": 740})
    context.add_init_script(broken)
    page = context.new_page()
    page.goto(server.url)
    ask(page, QUESTION)
    expect(page.locator(".answer").last).to_contain_text("1.001193")
    press(page, "Lệ phí")
    expect(page.locator(".answer").last).to_contain_text("8.000 đồng")


def test_a_server_that_never_answers_is_given_up_and_asked_again(visitor: Visit, server: Server) -> None:
    """Without AbortSignal.timeout too: the same message goes again, and is answered once."""
    context = visitor(viewport={"width": 360, "height": 740})
    context.add_init_script(OLD)
    source = (STATIC / "chat.js").read_text("utf-8").replace("const PATIENCE = 30;", "const PATIENCE = 0.5;")
    context.route("**/static/chat.js*", lambda route: route.fulfill(body=source, content_type="text/javascript"))
    page = context.new_page()
    page.goto(server.url)
    with server.held():
        ask(page, QUESTION)
        expect(page.get_by_text("Đang kết nối lại")).to_be_visible()
    expect(page.locator(".answer").last).to_contain_text("1.001193")
    expect_said(page, QUESTION)


def test_the_volunteers_page_works_on_an_old_telephone(visitor: Visit, desk: Desk) -> None:  # noqa: F811
    context = visitor(**PHONE)
    context.add_init_script(OLD)
    page = context.new_page()
    desk.join(page)
    helped(page)
    expect(page.locator("#work")).to_be_visible()
    page.locator("#papers input").first.check()
    expect(page.locator("#sync")).to_have_text("Đã lưu.")
