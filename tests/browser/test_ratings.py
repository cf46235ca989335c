"""Rating in a browser: the tablet at a counter, by touch and by keyboard, and the page behind a slip's code."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Page, expect
from sqlalchemy import Engine
from starlette.staticfiles import StaticFiles

from bot.channels.webchat import STATIC
from bot.rating_records import Criterion
from bot.services.ratings import KeptRatings
from bot.storage.database import open_database
from bot.storage.ratings import RatingStore
from bot.web.rating_pages import RatingPages
from knowledge_base.centre import load_centre
from tests.bot.dossiers import Clock, rated, service
from tests.browser.conftest import Visit
from tests.browser.server import reachable
from tests.browser.test_console_axe import judged

TABLET = {"viewport": {"width": 1024, "height": 768}, "has_touch": True}


class Desk:
    """The pages in a thread, with a clock that tests set."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock(datetime.now(UTC))
        self.engine: Engine = open_database(f"sqlite:///{folder / 'ratings.db'}")
        self.ratings: KeptRatings = rated(self.engine, service(self.engine, self.clock), self.clock)
        app = FastAPI()
        app.mount("/static", StaticFiles(directory=STATIC))
        app.include_router(RatingPages(self.ratings, load_centre()).router)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.kiosk = f"{self.url}/kiosk/5/{self.ratings.kiosk_token('5')}"
        self._server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", ws="none"))
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        reachable(port)

    def scores(self) -> Counter[str]:
        """What is kept, as "f c a"; ratings have no order, so that nobody can be told by it."""
        kept = RatingStore(self.engine, self.clock).ratings("2000-01", "2999-12")
        return Counter(" ".join(str(each.scores.get(criterion)) for criterion in Criterion) for each in kept)

    def stop(self) -> None:
        """Stop and wait for the end."""
        self._server.should_exit = True
        self._thread.join(20)
        self.engine.dispose()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk(tmp_path_factory.mktemp("ratings"))
    yield desk
    desk.stop()


def at_tablet(visitor: Visit, desk: Desk) -> Page:
    """The counter's tablet, with a clock that the test moves."""
    page = visitor(**TABLET).new_page()
    page.clock.install()
    page.goto(desk.kiosk)
    expect(page.get_by_label("Mã trên phiếu")).to_be_visible()
    return page


def test_at_the_tablet_by_touch(visitor: Visit, desk: Desk) -> None:
    """The form comes by itself when a visit is over, goes back by itself after thanks, and asks once."""
    page = at_tablet(visitor, desk)
    before = desk.scores()
    desk.ratings.tap("5")
    page.clock.run_for(3_500)
    for criterion in "fca":
        page.locator(f"input[name={criterion}][value='5']").tap()
    page.get_by_role("button", name="Gửi").tap()
    expect(page.get_by_role("heading", name="Cảm ơn bạn đã chấm điểm")).to_be_visible()
    assert desk.scores() - before == {"5 5 5": 1}
    page.clock.run_for(34_000)
    expect(page.get_by_label("Mã trên phiếu")).to_be_visible()
    page.clock.run_for(3_500)
    expect(page.get_by_role("radio")).to_have_count(0)  # one rating a visit
    assert desk.scores().total() == before.total() + 1


def test_at_the_tablet_nobody_rates_the_visit_of_the_one_before(visitor: Visit, desk: Desk) -> None:
    """A form that nobody touches for half a minute goes, and the visit is asked about no more."""
    page = at_tablet(visitor, desk)
    before = desk.scores()
    desk.ratings.tap("5")
    page.clock.run_for(3_500)
    expect(page.get_by_role("radio")).to_have_count(15)
    page.clock.run_for(34_000)
    expect(page.get_by_label("Mã trên phiếu")).to_be_visible()
    assert desk.ratings.waiting("5") is None
    assert desk.scores() == before


def test_at_the_tablet_by_keyboard(visitor: Visit, desk: Desk) -> None:
    """A slip's code and three scores without a finger on the screen."""
    _, (code,) = desk.ratings.print_codes("5", 1)
    page = at_tablet(visitor, desk)
    before = desk.scores()
    page.get_by_label("Mã trên phiếu").focus()
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio")).to_have_count(15)
    for presses in (1, 2, 3):
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        for _ in range(presses):
            page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Cảm ơn bạn đã chấm điểm")).to_be_visible()
    assert desk.scores() - before == {"2 3 4": 1}


def test_a_slip_is_changed_for_a_day(visitor: Visit, desk: Desk) -> None:
    """Rated at home, changed within 24 hours, then closed; still one rating."""
    _, (code,) = desk.ratings.print_codes("5", 1)
    page = visitor(viewport={"width": 360, "height": 740}).new_page()
    before = desk.scores()
    page.goto(f"{desk.url}/danhgia")
    page.get_by_label("Mã trên phiếu").fill(code.lower().replace("-", " "))
    page.get_by_role("button", name="Tiếp tục").click()
    address = page.url
    for criterion in "fca":
        page.locator(f"input[name={criterion}][value='2']").check()
    page.get_by_role("button", name="Gửi").click()
    expect(page.get_by_role("heading", name="Trung tâm xin lỗi bạn")).to_be_visible()
    page.get_by_role("link", name="Xem, sửa điểm").click()
    page.locator("input[name=a][value='4']").check()
    page.get_by_role("button", name="Gửi").click()
    expect(page.get_by_role("heading", name="Cảm ơn bạn đã chấm điểm")).to_be_visible()
    assert desk.scores() - before == {"2 2 4": 1}
    desk.clock.passes(hours=24)
    page.goto(address)
    expect(page.get_by_role("radio")).to_have_count(0)
    assert desk.scores().total() == before.total() + 1


def test_without_a_visit_nothing_is_rated(visitor: Visit, desk: Desk) -> None:
    """A code that was never printed opens no form."""
    page = visitor(viewport={"width": 360, "height": 740}).new_page()
    page.goto(f"{desk.url}/danhgia")
    page.get_by_label("Mã trên phiếu").fill("DG-777-777-777")
    page.get_by_role("button", name="Tiếp tục").click()
    expect(page.get_by_role("radio")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("mã")


def test_no_barriers(visitor: Visit, desk: Desk) -> None:
    """axe finds nothing on the pages at home: the start, the form, an apology, an unknown code, a closed visit."""
    _, (code,) = desk.ratings.print_codes("5", 1)
    page = visitor().new_page()
    page.goto(f"{desk.url}/danhgia")
    said = judged(page)
    page.get_by_label("Mã trên phiếu").fill(code)
    page.get_by_role("button", name="Tiếp tục").click()
    address = page.url
    said += judged(page)
    page.locator("input[name=a][value='1']").check()
    page.get_by_role("button", name="Gửi").click()
    said += judged(page)
    page.goto(f"{desk.url}/danhgia/777777777")
    expect(page.get_by_role("status")).to_contain_text("không đúng")
    said += judged(page)
    desk.clock.passes(hours=24)
    page.goto(address)
    expect(page.get_by_role("radio")).to_have_count(0)
    assert said + judged(page) == []


def test_no_barriers_at_the_tablet(visitor: Visit, desk: Desk) -> None:
    """Nor at the counter: the welcome, the form of a visit that is over, thanks, a wrong code, a wrong address."""
    page = visitor(**TABLET).new_page()
    page.route("**/rating.js", lambda route: route.fulfill(body=""))  # nothing goes back while axe looks
    page.goto(desk.kiosk)
    said = judged(page)
    page.get_by_label("Mã trên phiếu").fill("DG-777-777-777")
    page.get_by_role("button", name="Tiếp tục").click()
    expect(page.get_by_role("alert").or_(page.get_by_role("status"))).to_contain_text("không đúng")
    said += judged(page)
    desk.ratings.tap("5")
    page.goto(desk.kiosk)
    expect(page.get_by_role("radio")).to_have_count(15)
    said += judged(page)
    page.locator("input[name=a][value='5']").check()
    page.get_by_role("button", name="Gửi").click()
    said += judged(page)
    page.goto(f"{desk.url}/kiosk/5/wrong")
    assert said + judged(page) == []
