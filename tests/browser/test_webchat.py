"""What a visitor of the web chat lives through, in a real browser."""

import re
import signal
import unicodedata
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, Visit

QUESTION = "làm khai sinh cho con cần giấy tờ gì?"


def ask(page: Page, text: str) -> None:
    page.get_by_label("Câu hỏi của bạn").fill(text)
    page.get_by_label("Câu hỏi của bạn").press("Enter")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def said(page: Page) -> list[str]:
    return [text.removeprefix("Bạn: ") for text in page.locator(".said").all_text_contents()]


def expect_said(page: Page, *texts: str) -> None:
    expect(page.locator(".said")).to_have_text([f"Bạn: {text}" for text in texts])


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def test_a_first_visit_is_welcomed(page: Page) -> None:
    """The assistant speaks first; nothing that the visitor never said stands there."""
    expect(page.locator(".answer")).to_contain_text("Xin chào bạn!")
    expect_said(page)
    expect(page.get_by_role("button", name="Giờ làm việc")).to_be_visible()


def test_a_question_gets_an_answer_with_buttons(page: Page) -> None:
    """Bold first line, paragraphs, a clickable source; the buttons of the answer before are gone."""
    ask(page, QUESTION)
    answer = page.locator(".answer").last
    expect(answer.get_by_role("heading")).to_have_text("Đăng ký khai sinh (1.001193)")
    expect(answer.locator("p")).to_have_count(3)
    link = answer.get_by_role("link")
    expect(link).to_have_attribute("href", "https://dichvucong.gov.vn/thu-tuc/1.001193")
    expect(link).to_have_attribute("rel", "noopener")
    expect(page.get_by_role("button", name="Giờ làm việc")).to_be_hidden()
    press(page, "Lệ phí")
    expect(page.locator(".answer").last).to_contain_text("8.000 đồng")
    expect_said(page, QUESTION, "Lệ phí")


def test_ticking_changes_the_list_in_place(page: Page) -> None:
    """Two ticks, one list; the question above it and the answers around it stay; so it is after a reload."""
    ask(page, QUESTION)
    press(page, "Giấy tờ cần nộp")
    press(page, "⬜ 2.")
    press(page, "⬜ 3.")
    expect(page.get_by_text("Đã có 2 trên 3 giấy tờ")).to_be_visible()
    for _ in range(2):
        expect(page.locator(".answer")).to_have_count(3)
        expect_said(page, QUESTION, "Giấy tờ cần nộp")
        expect(page.get_by_role("button", name="✅")).to_have_count(2)
        page.reload()
    press(page, "✅ 2.")
    expect(page.get_by_text("Đã có 1 trên 3 giấy tờ")).to_be_visible()
    expect(page.locator(".answer")).to_have_count(3)


def test_a_second_tick_before_the_first_is_answered_loses_nothing(page: Page, server: Server) -> None:
    """On a slow line people go on ticking the list that they see."""
    ask(page, QUESTION)
    press(page, "Giấy tờ cần nộp")
    expect(page.get_by_role("button", name="⬜ 3.")).to_be_visible()
    with server.held():
        press(page, "⬜ 2.")
        press(page, "⬜ 3.")
    expect(page.get_by_text("Đã có 2 trên 3 giấy tờ")).to_be_visible()
    expect(page.locator(".answer")).to_have_count(3)


def test_waiting_is_shown(page: Page, server: Server) -> None:
    """While the answer is being looked for, the page says so, also to a screen reader."""
    with server.held():
        ask(page, QUESTION)
        expect(page.get_by_role("status").filter(has_text="Đang tìm…")).to_be_visible()
        expect_said(page, QUESTION)
    expect(page.get_by_text("Đăng ký khai sinh (1.001193)")).to_be_visible()
    expect(page.get_by_text("Đang tìm…")).to_have_count(0)


def test_a_reload_while_waiting_loses_nothing(page: Page, server: Server) -> None:
    """The question is sent again with the same id and answered once."""
    with server.held():
        ask(page, QUESTION)
        expect(page.get_by_text("Đang tìm…")).to_be_visible()
        page.reload(wait_until="commit")
        expect_said(page, QUESTION)
    expect(page.get_by_text("Đăng ký khai sinh (1.001193)")).to_be_visible()
    expect_said(page, QUESTION)


def test_tabs_show_one_conversation(page: Page, server: Server, other_server: Server) -> None:
    """Also where another process serves the other tab."""
    second, third = page.context.new_page(), page.context.new_page()
    second.goto(server.url)
    third.goto(other_server.url)
    ask(page, QUESTION)
    for tab in (second, third):
        expect(tab.get_by_role("heading", name="Đăng ký khai sinh")).to_be_visible()
        expect_said(tab, QUESTION)
    press(third, "Lệ phí")
    for tab in (page, second, third):
        expect_said(tab, QUESTION, "Lệ phí")
        expect(tab.locator(".answer")).to_have_count(3)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_of_the_server_loses_nothing(
    visitor: Visit, server: Server, other_server: Server, how: signal.Signals
) -> None:
    """What is asked while the server is down is answered when it is back, and what came meanwhile is shown."""
    context = visitor()
    page, elsewhere = context.new_page(), context.new_page()
    page.goto(other_server.url)
    elsewhere.goto(server.url)
    ask(page, "câu đầu")
    expect(page.get_by_text("Bạn hỏi: câu đầu")).to_be_visible()
    other_server.stop(how)
    expect(page.get_by_text("Đang kết nối lại…")).to_be_visible()
    ask(page, "hỏi khi mất kết nối")
    ask(elsewhere, "hỏi ở trang khác")
    expect(elsewhere.get_by_text("Bạn hỏi: hỏi ở trang khác")).to_be_visible()
    other_server.start()
    expect(page.get_by_text("Bạn hỏi: hỏi khi mất kết nối")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Bạn hỏi: hỏi ở trang khác")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Đang kết nối lại…")).to_have_count(0, timeout=30_000)
    everything = ["câu đầu", "hỏi ở trang khác", "hỏi khi mất kết nối"]
    for tab in (page, elsewhere):
        expect_said(tab, *everything)
        expect(tab.locator(".answer")).to_have_count(4)


def test_a_restart_while_an_answer_is_looked_for_loses_nothing(visitor: Visit, other_server: Server) -> None:
    """The process dies in the middle of a turn; the next one answers, once."""
    page = visitor().new_page()
    page.goto(other_server.url)
    with other_server.held():
        ask(page, QUESTION)
        expect(page.get_by_text("Đang tìm…")).to_be_visible()
        other_server.stop(signal.SIGKILL)
    other_server.start()
    expect(page.get_by_text("Đăng ký khai sinh (1.001193)")).to_be_visible(timeout=30_000)
    expect_said(page, QUESTION)


def test_a_refused_message_is_given_back(page: Page) -> None:
    """The sentence is read out, and the text stands in the field again, to be sent later."""
    page.route("**/chat/messages", lambda route: route.fulfill(status=429, json={"error": "Bạn gửi hơi nhanh."}))
    ask(page, QUESTION)
    expect(page.get_by_role("alert")).to_have_text("Bạn gửi hơi nhanh.")
    expect(page.get_by_label("Câu hỏi của bạn")).to_have_value(QUESTION)
    expect_said(page)
    page.unroute("**/chat/messages")
    page.get_by_label("Câu hỏi của bạn").press("Enter")
    expect(page.get_by_text("Đăng ký khai sinh (1.001193)")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_text("")


def test_erasing_begins_anew_in_every_tab(page: Page, server: Server) -> None:
    """After a question back; the other tab follows by itself."""
    second = page.context.new_page()
    second.goto(server.url)
    ask(page, QUESTION)
    expect_said(second, QUESTION)
    before = page.context.cookies()[0]["value"]
    page.once("dialog", lambda dialog: dialog.dismiss())
    press(page, "Xóa cuộc trò chuyện")
    expect_said(page, QUESTION)
    page.once("dialog", lambda dialog: dialog.accept())
    press(page, "Xóa cuộc trò chuyện")
    for tab in (page, second):
        expect_said(tab)
        expect(tab.locator(".answer")).to_have_count(1)
        expect(tab.get_by_role("alert")).to_have_text("")
    assert page.context.cookies()[0]["value"] != before
    ask(page, "câu mới")
    expect_said(second, "câu mới")


def test_what_is_asked_after_the_end_begins_anew(page: Page, server: Server) -> None:
    """The cookie is gone, the page still open: the question is asked in a new conversation, never in circles."""
    page.context.clear_cookies()
    ask(page, QUESTION)
    expect(page.get_by_text("Đăng ký khai sinh (1.001193)")).to_be_visible()
    expect_said(page, QUESTION)
    page.context.clear_cookies()
    ask(page, "gửi lần nữa")
    expect(page.get_by_role("alert")).to_contain_text("Bạn vui lòng tải lại trang.")
    expect(page.get_by_label("Câu hỏi của bạn")).to_have_value("gửi lần nữa")


def test_the_cookie_is_out_of_reach(page: Page) -> None:
    """No script reads it, no other site sends it, and it ends with the browser."""
    (cookie,) = page.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"], cookie["expires"]) == (
        "motcua_visitor",
        True,
        "Lax",
        -1,
    )


def test_a_code_on_a_poster_opens_its_procedure(visitor: Visit, server: Server) -> None:
    """Once: a reload shows the conversation."""
    page = visitor().new_page()
    page.goto(f"{server.url}/?p=1.004194")
    expect(page.get_by_role("heading", name="Thủ tục 1.004194")).to_be_visible()
    assert page.url == f"{server.url}/"
    page.reload()
    expect(page.locator(".answer")).to_have_count(1)
    page.goto(f"{server.url}/?p=1.000001")
    expect(page.locator(".answer")).to_have_count(2)
    expect(page.get_by_role("heading", name="Thủ tục 1.000001")).to_be_in_viewport()


def test_text_is_never_mark_up(page: Page) -> None:
    """HTML is shown as it was typed, in the question, in the answer, at once and after a reload."""
    text = '<img src=x onerror="document.title=1"><b>&amp; {{ 7*7 }}</b>'
    ask(page, text)
    for _ in range(2):
        expect(page.locator(".answer").last).to_contain_text(f"Bạn hỏi: {text}")
        expect_said(page, text)
        expect(page.locator("#log img, #log b")).to_have_count(0)
        page.reload()


def test_decomposed_letters_are_understood(page: Page) -> None:
    """Some telephones send tone marks as characters of their own; the page shows whole letters."""
    ask(page, unicodedata.normalize("NFD", "đường Nguyễn Huệ"))
    expect_said(page, "đường Nguyễn Huệ")
    page.reload()
    assert said(page) == ["đường Nguyễn Huệ"]


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_nothing_scrolls_sideways(visitor: Visit, server: Server, width: int) -> None:
    """Not even a word without spaces, or a long address."""
    page = visitor(viewport={"width": width, "height": 640}).new_page()
    page.goto(server.url)
    ask(page, QUESTION)
    press(page, "Giấy tờ cần nộp")
    ask(page, "x" * 300 + " https://dichvucong.gov.vn/" + "y" * 300)
    expect(page.get_by_text("Bạn hỏi: xxx")).to_be_visible()
    assert not scrolls_sideways(page)


@pytest.mark.parametrize("width", [360, 1280])
def test_the_end_of_an_answer_is_in_view(visitor: Visit, server: Server, width: int) -> None:
    """Nothing of a short answer is hidden behind the field; a long one is read from its beginning."""
    page = visitor(viewport={"width": width, "height": 740}, reduced_motion="reduce").new_page()
    page.goto(server.url)
    for number in range(6):
        ask(page, f"câu số {number}")
        expect(page.get_by_text(f"Bạn hỏi: câu số {number}")).to_be_in_viewport(ratio=1)
    assert page.evaluate(
        "document.querySelector('.turn:last-child').getBoundingClientRect().bottom"
        " <= document.querySelector('footer').getBoundingClientRect().top"
    )


def test_the_keyboard_is_enough(visitor: Visit, server: Server) -> None:
    """Ask, choose, tick and ask again without a mouse; the focus is always seen and never lost."""
    page = visitor().new_page()
    page.goto(server.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Đến ô nhập câu hỏi")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Câu hỏi của bạn")).to_be_focused()
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Đăng ký khai sinh")).to_be_visible()
    expect(page.get_by_label("Câu hỏi của bạn")).to_be_focused()
    wanted = page.get_by_role("button", name="Giấy tờ cần nộp")
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
    expect(wanted).to_be_focused()
    assert wanted.evaluate("b => getComputedStyle(b).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator(".answer").last).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="⬜ 1.")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="✅ 1.")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="⬜ 1.")).to_be_focused()


def test_it_works_without_javascript(visitor: Visit, server: Server) -> None:
    """Questions, buttons, the list that is replaced, and erasing."""
    page = visitor(java_script_enabled=False).new_page()
    page.goto(server.url)
    expect(page.locator(".answer")).to_contain_text("Xin chào bạn!")
    ask(page, QUESTION)
    press(page, "Giấy tờ cần nộp")
    press(page, "⬜ 1.")
    expect(page.get_by_text("Đã có 1 trên 3 giấy tờ")).to_be_visible()
    expect(page.locator(".answer")).to_have_count(3)
    expect_said(page, QUESTION, "Giấy tờ cần nộp")
    page.reload()
    expect_said(page, QUESTION, "Giấy tờ cần nộp")
    ask(page, "ễ" * 2000)
    expect(page.get_by_text("Bạn hỏi: ễễễ")).to_be_visible()
    press(page, "Xóa cuộc trò chuyện")
    expect_said(page)


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visitor: Visit, server: Server, width: int, scheme: Literal["light", "dark"]) -> None:
    """No violation: in the welcome, in a conversation, with a notice; nothing is smaller than 16 pixels."""
    page = visitor(viewport={"width": width, "height": 740}, color_scheme=scheme, reduced_motion="reduce").new_page()
    page.goto(server.url)
    axe = Axe()
    assert axe.run(page).violations_count == 0
    ask(page, QUESTION)
    press(page, "Giấy tờ cần nộp")
    press(page, "⬜ 1.")
    expect(page.get_by_role("button", name="✅ 1.")).to_be_visible()
    page.route("**/chat/messages", lambda route: route.fulfill(status=429, json={"error": "Bạn gửi hơi nhanh."}))
    ask(page, "nữa")
    expect(page.get_by_role("alert")).to_be_visible()
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()
    sizes = page.eval_on_selector_all(
        "body *", "all => all.filter(e => e.innerText).map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 16


def test_motion_can_be_declined(visitor: Visit, server: Server) -> None:
    """Whoever asked for reduced motion sees no animation."""
    page = visitor(reduced_motion="reduce").new_page()
    page.goto(server.url)
    with server.held():
        ask(page, QUESTION)
        expect(page.get_by_text("Đang tìm…")).to_be_visible()
        assert page.evaluate("getComputedStyle(document.getElementById('typing'), '::after').animationName") == "none"
    expect(page.get_by_text("Đang tìm…")).to_have_count(0)


def test_a_page_in_the_background_holds_no_connection(page: Page) -> None:
    """Browsers allow six per site; many tabs must not block the one in use."""
    with page.expect_request(re.compile("/chat/events")) as reconnected:
        page.evaluate(
            """() => {
              Object.defineProperty(document, "hidden", { value: true, configurable: true });
              document.dispatchEvent(new Event("visibilitychange"));
            }"""
        )
        assert page.evaluate("source.readyState") == 2
        page.evaluate("() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); }")
    assert "after=1" in reconnected.value.url
