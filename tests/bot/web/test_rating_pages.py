"""Rating on the web and at the tablet: without scripts, one visit each, nothing for who has no code."""

import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, select

from bot.services.ratings import KeptRatings
from bot.storage.ratings import RatingStore
from bot.storage.ratings_tables import ratings
from bot.visit_codes import bare
from bot.web.rating_pages import RatingPages
from knowledge_base.centre import load_centre
from tests.bot.dossiers import rated, service


@pytest.fixture
def desk(engine: Engine) -> KeptRatings:
    return rated(engine, service(engine))


@pytest.fixture
def client(desk: KeptRatings) -> TestClient:
    app = FastAPI()
    app.include_router(RatingPages(desk, load_centre()).router)
    return TestClient(app)


def test_a_slip_is_rated_at_home(client: TestClient, desk: KeptRatings, engine: Engine) -> None:
    """Typed code, three scores, words, an apology, a number to call, what has changed."""
    store = RatingStore(engine)
    store.publish_change(store.draft_change("Thêm 20 ghế", "Hoa").id, "Bình")
    _, (code,) = desk.print_codes("5", 1)
    assert "Thêm 20 ghế" in client.get("/danhgia").text
    page = client.post("/danhgia", data={"code": f" {code.lower()} "})
    assert page.status_code == 200
    assert page.url.path == f"/danhgia/{bare(code)}"
    assert page.text.count('type="radio"') == 15
    empty = client.post(page.url.path, data={"words": "x"})
    assert empty.status_code == 422
    thanks = client.post(page.url.path, data={"f": "5", "c": "4", "a": "2", "words": "chị Lan nói to"})
    assert "xin lỗi" in thanks.text
    assert "Thêm 20 ghế" in thanks.text
    assert client.post(f"{page.url.path}/goi", data={"phone": "số nào"}).status_code == 422
    assert client.post(f"{page.url.path}/goi", data={"phone": "0900004321"}).status_code == 200
    assert [call.phone for call in store.calls()] == ["0900004321"]
    again = client.get(page.url.path).text
    assert "chị •••" in again
    assert 'name="a" value="2" checked' in again


def test_without_a_code_nothing_is_rated(client: TestClient, engine: Engine) -> None:
    assert client.get("/danhgia/123456789").status_code == 404
    assert client.post("/danhgia/123456789", data={"f": "5"}).status_code == 404
    assert client.post("/danhgia", data={"code": "abc"}).status_code == 422
    assert client.post("/danhgia/123456789", data={"f": "9"}).status_code == 422
    for year in ("2026", "2027"):
        assert RatingStore(engine).ratings(f"{year}-01", f"{year}-12") == []


def test_the_tablet_asks_when_a_visit_is_over_and_forgets_who_went(client: TestClient, desk: KeptRatings) -> None:
    home = f"/kiosk/5/{desk.kiosk_token('5')}"
    assert "Mã trên phiếu" in client.get(home).text
    assert client.get(f"{home}/waiting").json() == {"waiting": False}
    ref = desk.tap("5")
    assert client.get(f"{home}/waiting").json() == {"waiting": True}
    assert client.get(home).text.count('type="radio"') == 15
    client.post(f"{home}/gone", data={"ref": ref})
    assert 'type="radio"' not in client.get(home).text
    assert client.post(f"{home}/{ref}", data={"f": "1"}).status_code == 404, "the next person can't rate it"
    ref = desk.tap("5")
    thanks = client.post(f"{home}/{ref}", data={"f": "5"})
    assert 'http-equiv="refresh" content="30' in thanks.text
    assert 'type="radio"' not in client.get(home).text
    assert client.get("/kiosk/6/" + desk.kiosk_token("5")).status_code == 404


def test_only_the_browser_that_rated_sees_and_changes_it(client: TestClient, desk: KeptRatings, engine: Engine) -> None:
    """An officer who kept the slip's code or saw the tablet's page learns that it is rated, and nothing more."""
    _, (code,) = desk.print_codes("5", 1)
    path = f"/danhgia/{bare(code)}"
    client.get(path)
    for words in ("ghế ít", "ghế ít"):  # sent twice
        assert "Cảm ơn" in client.post(path, data={"f": "2", "words": words}).text
    officer = TestClient(client.app)
    for answer in (officer.get(path), officer.post(path, data={"f": "5", "words": ""})):
        assert answer.status_code == 409
        assert "ghế ít" not in answer.text
    home = desk.kiosk_path("5")
    assert officer.post(home, data={"code": code}).status_code == 409
    assert officer.post(f"{home}/{bare(code)}", data={"f": "5"}).status_code == 409
    assert officer.post(f"{path}/goi", data={"phone": "0900004321"}).status_code == 409
    assert 'name="f" value="2" checked' in client.get(path).text
    assert client.post(path, data={"f": "4"}).status_code == 200
    with engine.connect() as connection:
        rows = connection.execute(select(ratings)).all()
    assert [row.facilities for row in rows] == [4]
    cookie = next(iter(client.cookies.jar))
    assert cookie.value
    assert cookie.value not in str(rows), "only a keyed hash is kept"


def test_what_was_tapped_at_the_tablet_is_shown_and_changed_nowhere(
    client: TestClient, desk: KeptRatings, engine: Engine
) -> None:
    """Not with the tap's name, not by going back; sent twice by a trembling finger it stays the first one."""
    home, ref = desk.kiosk_path("5"), desk.tap("5")
    page = client.get(home).text
    once = re.findall('name="once" value="([^"]+)"', page)[0]
    thanks = client.post(f"{home}/{ref}", data={"f": "2", "words": "ghế ít", "once": once})
    assert thanks.text.count(once) == 1, "for the number to call"
    assert "Cảm ơn" in client.post(f"{home}/{ref}", data={"f": "5", "once": once}).text
    officer = TestClient(client.app)
    assert officer.get(f"/danhgia/{ref}").status_code == 404
    assert officer.post(f"/danhgia/{ref}", data={"f": "5"}).status_code == 404
    assert officer.post(f"{home}/{ref}", data={"f": "5"}).status_code == 409
    assert client.post(f"{home}/{ref}/goi", data={"phone": "0900004321", "once": once}).status_code == 200
    other = desk.tap("6")
    assert client.post(f"{home}/{other}", data={"f": "1"}).status_code == 404, "another counter's visit"
    with engine.connect() as connection:
        assert [row.facilities for row in connection.execute(select(ratings))] == [2]


def test_wrong_codes_stop_nobody_else(client: TestClient, desk: KeptRatings) -> None:
    """A hundred wrong addresses, then a right one, from the same office; the wrong ones are told to wait."""
    _, (code,) = desk.print_codes("5", 1)
    statuses = {client.get(f"/danhgia/123456{number}").status_code for number in range(100, 200)}
    assert statuses == {404, 429}
    assert client.get(f"/danhgia/{bare(code)}").status_code == 200


@pytest.mark.parametrize("counter", ["3/4", "A.1", "..", "Quầy số 5", "~2F"])
def test_every_counter_can_have_a_tablet(client: TestClient, desk: KeptRatings, counter: str) -> None:
    home = desk.kiosk_path(counter)
    assert client.get(home).status_code == 200
    ref = desk.tap(counter)
    assert client.get(f"{home}/waiting").json() == {"waiting": True}
    assert client.post(f"{home}/{ref}", data={"f": "5"}).status_code == 200


def test_every_page_forbids_foreign_content(client: TestClient) -> None:
    answer = client.get("/danhgia")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<script" not in answer.text
