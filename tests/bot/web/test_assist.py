"""The volunteers' page: who may ask for what, and forty cases at once on connections that drop, repeat and reorder."""

import asyncio
import random
import re
import secrets
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from bot.dialogue.flows.procedure import paper_list
from bot.services.assistance import KeptAssistance
from bot.services.guide import Guide
from bot.storage.dossiers import DossierStore
from bot.volunteer_records import Outcome
from bot.web.assist import COOKIE, AssistPages
from knowledge_base.centre import load_centre
from tests.bot.dossiers import CODE, change
from tests.bot.volunteers import assisting, holding, stored

PROCEDURES = ("1.004194", "1.001193", "2.000635")
VOLUNTEERS, CASES_EACH, CHANGES = 5, 8, 4
ORIGIN = "http://testserver"


@pytest.fixture
def assistance(engine: Engine) -> KeptAssistance:
    return assisting(engine)


@pytest.fixture
def app(assistance: KeptAssistance, guide: Guide) -> FastAPI:
    app = FastAPI()
    app.include_router(AssistPages(assistance, guide, load_centre(), "@motcua_bot").router)
    return app


def listed(guide: Guide, code: str) -> tuple[str, int]:
    """The position of a list of this procedure, and how many papers it has."""
    procedure = guide.procedure(code)
    assert procedure is not None
    for position in ("", *(str(n) for n in range(len(procedure.cases)))):
        papers = paper_list(procedure, position)
        if papers and papers.papers:
            return position, len(papers.papers)
    raise AssertionError(code)


def joined(app: FastAPI, assistance: KeptAssistance, nickname: str = "Lan") -> TestClient:
    client = TestClient(app)
    _, code = assistance.make_code(nickname, "Đoàn phường Thử", 30, "an")
    page = client.post("/assist/join", data={"code": code})
    assert page.url.path == "/assist"
    return client


def test_the_way_of_a_case(app: FastAPI, assistance: KeptAssistance, guide: Guide, engine: Engine) -> None:
    """Join, open, find, choose, tick, hand over, close; the handed page lives on without anything stored."""
    client = joined(app, assistance)
    one = client.post("/assist/api/cases", json={"number": 1, "nonce": "n" * 20}).json()
    found = client.post("/assist/api/find", json={"text": "đăng ký tạm trú"}).json()["found"]
    assert PROCEDURES[0] in [each["code"] for each in found]
    position, papers = listed(guide, PROCEDURES[0])
    api = f"/assist/api/cases/{one['id']}"
    one = client.post(f"{api}/choose", json={"chosen": 1, "procedure": PROCEDURES[0], "position": position}).json()
    assert len(one["papers"]) == papers
    assert one["source"].startswith("Nguồn: ")
    ops = [{"paper": 0, "has": True, "counter": 1}, {"paper": papers, "has": True, "counter": 1}]
    told = client.post(f"{api}/ticks", json={"client": "a", "chosen": 1, "ops": ops}).json()
    assert told["marks"] == [[0, True, 1, "a"]]
    handed = client.post(f"{api}/link", json={}).json()
    assert handed["picture"].startswith("data:image/svg+xml")
    assert handed["bot"].startswith("https://t.me/motcua_bot?start=v_")
    assert client.post(f"{api}/close", json={"outcome": "papers"}).status_code == 200
    assert client.post(f"{api}/close", json={"outcome": "papers"}).status_code == 200
    assert client.post(f"{api}/ticks", json={"client": "a", "chosen": 1, "ops": ops}).status_code == 410
    token = handed["address"].rpartition("/")[2]
    assert holding(engine, one["id"], "n" * 20, token) == []
    person = TestClient(app)
    page = person.get(f"/giayto/{token}")
    assert f"Đã có 1 trên {papers}" in page.text
    assert COOKIE not in person.cookies
    if papers > 1:
        page = person.post(f"/giayto/{token}", data={"paper": "1"})
        assert f"Đã có 2 trên {papers}" in page.text
    assert person.get(f"/giayto/{token[:-6]}AAAAAA").status_code == 404
    assert client.post("/assist/api/leave", json={}).status_code == 200
    assert client.post("/assist/api/state", json={}).status_code == 401


def test_nobody_asks_without_a_seat_or_from_elsewhere(app: FastAPI, assistance: KeptAssistance) -> None:
    """Every request of the script: no seat 401, another site 403, a form 403, no JSON 400."""
    paths = {re.sub(r"\{\w+\}", "x", path) for path in app.openapi()["paths"] if path.startswith("/assist/api")}
    assert len(paths) == 9
    client = joined(app, assistance)
    for path in paths:
        assert TestClient(app).post(path, json={}).status_code == 401, path
        assert client.post(path, json={}, headers={"Origin": "https://evil.example"}).status_code == 403, path
        assert client.post(path, json={}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403, path
        assert client.post(path, data={"a": "b"}).status_code == 403, path
        assert client.post(path, content=b"x" * 70_000, headers={"Content-Type": "application/json"}).status_code == 413
    for number, nonce in ((0, "n" * 20), (1, "n"), (2**31, "n" * 20), ("1", "n" * 20), (1, None)):
        wrong = {"number": number, "nonce": nonce}
        assert client.post("/assist/api/cases", json=wrong).status_code == 400
    assert client.get("/assist").status_code == 200
    assert TestClient(app, follow_redirects=False).get("/assist").headers["location"] == "/assist/join"


def test_the_pages_allow_no_foreign_or_inline_code(app: FastAPI, assistance: KeptAssistance) -> None:
    client = joined(app, assistance)
    for path in ("/assist", "/assist/sw.js", "/assist/manifest.webmanifest", "/giayto/x"):
        answer = client.get(path)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert not re.search(r"<script(?![^>]* src=\"/static/)|<style| style=| on[a-z]+=\"", answer.text), path
    assert "{{" not in client.get("/assist/sw.js").text
    cookie = client.cookies.jar
    assert [each.path for each in cookie] == ["/assist"]


def test_wrong_codes_are_refused_and_limited(app: FastAPI, assistance: KeptAssistance) -> None:
    """And a wrong one does not end the seat that a phone has."""
    client = TestClient(app)
    statuses = [client.post("/assist/join", data={"code": "TN-111-BBB-222"}).status_code for _ in range(8)]
    assert statuses == [422] * 6 + [429] * 2


def test_a_right_code_is_let_in_whatever_others_at_the_address_typed(app: FastAPI, assistance: KeptAssistance) -> None:
    """A whole youth union sits behind one address; a neighbour's wrong codes keep nobody from starting."""
    for number in range(9):
        TestClient(app).post("/assist/join", data={"code": f"TN-111-BBB-22{number}"})
    assert joined(app, assistance).get("/assist").status_code == 200
    assert TestClient(app).post("/assist/join", data={"code": "TN-111-BBB-333"}).status_code == 429


def test_agencies_have_names_and_offline_minutes_do_not_count(
    app: FastAPI, assistance: KeptAssistance, engine: Engine
) -> None:
    client = joined(app, assistance)
    found = client.post("/assist/api/find", json={"text": "đăng ký tạm trú"}).json()["found"]
    assert found
    assert not [each for each in found if re.fullmatch(r"[a-z0-9-]+", each["agency"])]
    case = client.post("/assist/api/cases", json={"number": 1, "nonce": "n" * 20}).json()["id"]
    close = f"/assist/api/cases/{case}/close"
    assert client.post(close, json={"outcome": "done", "ago": 3600}).status_code == 200
    counts = assistance.store.counts("2000-01-01", "2999-12-31")
    assert [count.minutes for count in counts] == [1]
    assert client.post(close, json={"outcome": "done", "ago": -1}).status_code == 400


def test_joining_again_with_the_same_code_keeps_the_cases(app: FastAPI, assistance: KeptAssistance) -> None:
    _, code = assistance.make_code("Lan", "Đoàn phường Thử", 30, "an")
    client = TestClient(app)
    client.post("/assist/join", data={"code": code})
    client.post("/assist/api/cases", json={"number": 1, "nonce": "n" * 20})
    client.post("/assist/join", data={"code": code})
    assert len(client.post("/assist/api/state", json={}).json()["cases"]) == 1
    _, code = assistance.make_code("Hoa", "Đoàn phường Thử", 30, "an")
    client.post("/assist/join", data={"code": code})
    assert client.post("/assist/api/state", json={}).json()["cases"] == []


class Lost(Exception):  # noqa: N818
    """No answer came."""


class Line:
    """A connection on which requests get lost before or after they arrive, arrive twice, or again much later."""

    def __init__(self, client: httpx.AsyncClient, chance: random.Random) -> None:
        self.client, self.chance = client, chance
        self.late: list[tuple[str, Any]] = []
        self.lost = 0

    async def ask(self, path: str, body: Any) -> httpx.Response:
        """One try."""
        fate = self.chance.random()
        if fate < 0.15:
            self.lost += 1
            raise Lost
        await asyncio.sleep(0)
        answer = await self.client.post(f"/assist/api/{path}", json=body)
        if fate < 0.3:
            self.lost += 1
            raise Lost
        if fate < 0.4:
            await self.client.post(f"/assist/api/{path}", json=body)
        elif fate < 0.6:
            self.late.append((path, body))
        if self.late and self.chance.random() < 0.2:
            again = self.late.pop(self.chance.randrange(len(self.late)))
            await self.client.post(f"/assist/api/{again[0]}", json=again[1])
            self.late.append(again)
        return answer

    async def until(self, path: str, body: Any) -> httpx.Response:
        """As the page does: the same request until there is an answer."""
        while True:
            try:
                return await self.ask(path, body)
            except Lost:
                continue


class Helper:
    """A volunteer with eight people at once; `expected` is what was ticked last on each paper of each case."""

    def __init__(self, line: Line, guide: Guide, number: int) -> None:
        self.line, self.guide, self.name = line, guide, f"phone{number}"
        self.expected: dict[str, dict[int, bool]] = {}
        self.nonces: list[str] = []

    async def works(self) -> None:
        """Opens all cases one after the other, then ticks in all of them at the same time."""
        cases = []
        for number in range(1, CASES_EACH + 1):
            nonce = secrets.token_hex(16)
            self.nonces.append(nonce)
            case = (await self.line.until("cases", {"number": number, "nonce": nonce})).json()
            code = self.line.chance.choice(PROCEDURES)
            position, papers = listed(self.guide, code)
            body = {"chosen": 1, "procedure": code, "position": position}
            case = (await self.line.until(f"cases/{case['id']}/choose", body)).json()
            assert case["chosen"] == 1
            cases.append((case["id"], papers))
        await asyncio.gather(*(self._ticks(case, papers) for case, papers in cases))

    async def _ticks(self, case: str, papers: int) -> None:
        """Each change is sent at once, so several of one case are on their way together."""
        said = self.expected.setdefault(case, {})
        sent = []
        for counter in range(1, CHANGES + 1):
            paper, has = self.line.chance.randrange(papers), self.line.chance.random() < 0.7
            said[paper] = has
            op = {"paper": paper, "has": has, "counter": counter}
            sent.append(self.line.until(f"cases/{case}/ticks", {"client": self.name, "chosen": 1, "ops": [op]}))
        self.line.chance.shuffle(sent)
        answers = await asyncio.gather(*sent)
        assert {answer.status_code for answer in answers} == {200}

    async def closes(self) -> None:
        """All at once."""
        outcomes = [Outcome.DONE, Outcome.PAPERS, Outcome.COUNTER, Outcome.OTHER]
        closing = (
            self.line.until(f"cases/{case}/close", {"outcome": outcomes[n % 4].value})
            for n, case in enumerate(self.expected)
        )
        await asyncio.gather(*closing)


async def test_forty_cases_on_bad_lines(app: FastAPI, assistance: KeptAssistance, guide: Guide, engine: Engine) -> None:
    """No tick is lost, no case is seen by another, and after closing the database holds nothing but counts."""
    DossierStore(engine).upsert(change())
    helpers, codes = [], []
    clients = [httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) for _ in range(VOLUNTEERS)]
    for number, client in enumerate(clients):
        _, code = assistance.make_code(f"Bạn {number}", "Đoàn phường Thử", 30, "an")
        codes.append(code)
        assert (await client.post("/assist/join", data={"code": code})).status_code == 303
        helpers.append(Helper(Line(client, random.Random(number)), guide, number))
    await asyncio.gather(*(helper.works() for helper in helpers))
    tokens = []
    for helper in helpers:
        state = (await helper.line.until("state", {})).json()
        assert {case["id"] for case in state["cases"]} == set(helper.expected)
        for case in state["cases"]:
            assert {paper: has for paper, has, _, _ in case["marks"]} == helper.expected[case["id"]]
            stranger = helpers[(helpers.index(helper) + 1) % VOLUNTEERS].line.client
            for what, body in (("ticks", {"client": "x", "chosen": 1, "ops": []}), ("link", {})):
                assert (await stranger.post(f"/assist/api/cases/{case['id']}/{what}", json=body)).status_code == 410
        handed = (await helper.line.until(f"cases/{next(iter(helper.expected))}/link", {})).json()
        tokens.append(handed["address"].rpartition("/")[2])
        asked = {"code": CODE, "digits": "4321"}
        assert (await helper.line.until("dossier", asked)).status_code == 200
    ids = [case for helper in helpers for case in helper.expected]
    assert len(ids) == VOLUNTEERS * CASES_EACH
    assert sorted(set(holding(engine, *ids))) == ["volunteer_cases", "volunteer_ticks"]
    await asyncio.gather(*(helper.closes() for helper in helpers))
    for helper in helpers:
        assert helper.line.lost > 0
        for path, body in helper.line.late:  # what was on its way for long arrives after the end
            await helper.line.client.post(f"/assist/api/{path}", json=body)
        assert (await helper.line.until("state", {})).json()["cases"] == []
        await helper.line.client.aclose()
    nonces = [nonce for helper in helpers for nonce in helper.nonces]
    assert holding(engine, *ids, *nonces, *tokens, *codes, *(helper.name for helper in helpers)) == []
    assert holding(engine, CODE) == ["dossiers"]
    assert stored(engine)["volunteer_ticks"] == stored(engine)["volunteer_cases"] == []
    counts = assistance.store.counts("2000-01-01", "2100-01-01")
    assert sum(count.cases for count in counts) == VOLUNTEERS * CASES_EACH
