"""The web chat's protocol: what browsers send, what they get, what hostile clients cannot do."""

import asyncio
import hashlib
import html
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from bot.channels import NotYetSeen, OutcomeUnknown, Unreachable
from bot.channels import webchat as module
from bot.channels.webchat import COOKIE, WebChat
from bot.messages import Choice, Contact, Incoming, Reply
from bot.records import Session
from bot.storage.database import open_database
from bot.storage.sessions import SessionStore
from bot.storage.transcripts import TranscriptStore

OWN = {"Origin": "http://test"}
LIST = Reply(paragraphs=("# Giấy tờ",), choices=(Choice("⬜ Tờ khai", "list.tick:0", "item"), Choice("Lệ phí", "fee")))


class Office:
    """A web chat with a scripted conversation; `answers` decides, `heard` and `confirmed` remember."""

    def __init__(self, url: str) -> None:
        self.engine = open_database(url)
        self.store = TranscriptStore(self.engine)
        self.heard: list[Incoming] = []
        self.confirmed: list[str] = []
        self.answers: Callable[[Incoming], Reply | None] = lambda incoming: Reply(
            paragraphs=(f"Bạn hỏi: {incoming.text or incoming.pressed}",)
        )
        self.clock = 0.0
        self.webchat = self.process()
        self.app = Starlette(routes=self.webchat.routes())

    def process(self, **options: Any) -> WebChat:
        """One more process for the same visitors."""
        return WebChat(
            self.receive,
            self.store,
            sent=self.sent,
            centre_name="Trung tâm",
            now=lambda: self.clock,
            look_every=0.01,
            **options,
        )

    async def receive(self, incoming: Incoming) -> Reply | None:
        self.heard.append(incoming)
        return self.answers(incoming)

    async def sent(self, incoming: Incoming) -> None:
        assert self.store.find(incoming.contact.id, incoming.message_id) is not None
        self.confirmed.append(incoming.message_id)

    def client(self, app: Starlette | None = None, base_url: str = "http://test") -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app or self.app), base_url=base_url)


@pytest.fixture
def office(tmp_path: Path) -> Any:
    office = Office(f"sqlite:///{tmp_path / 'chat.db'}")
    yield office
    office.engine.dispose()


@pytest.fixture
async def visitor(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who has opened the page."""
    async with office.client() as client:
        await client.get("/")
        yield client


def contact(client: httpx.AsyncClient) -> Contact:
    return Contact("web", hashlib.sha256(client.cookies[COOKIE].encode()).hexdigest())


async def post(client: httpx.AsyncClient, number: int = 1, **fields: Any) -> httpx.Response:
    return await client.post("/chat/messages", json={"id": f"message-{number}", **fields}, headers=OWN)


async def form(client: httpx.AsyncClient, path: str = "/chat/form", **fields: str) -> httpx.Response:
    """Submit a form of the page."""
    page = (await client.get("/")).text
    hidden = {name: re.search(f'name="{name}" value="([^"]+)"', page) for name in ("token", "message")}
    values = {name: match.group(1) for name, match in hidden.items() if match}
    return await client.post(path, data=values | fields, headers=OWN)


@asynccontextmanager
async def stream(
    app: Starlette, client: httpx.AsyncClient, path: str = "/chat/events", headers: dict[str, str] | None = None
) -> AsyncIterator[Callable[[], Any]]:
    """Server-sent events as a browser reads them: gives a function that awaits the next one."""
    received: asyncio.Queue[bytes] = asyncio.Queue()
    closed = asyncio.Event()
    buffer = ""

    async def receive() -> dict[str, Any]:
        await closed.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        await received.put(message.get("body", b""))

    async def following() -> dict[str, str]:
        nonlocal buffer
        while True:
            while "\r\n\r\n" not in buffer:
                buffer += (await asyncio.wait_for(received.get(), 10)).decode()
            block, _, buffer = buffer.partition("\r\n\r\n")
            lines = (line.partition(": ") for line in block.split("\r\n"))
            fields = {name: value for name, _, value in lines if name}
            if "data" in fields:
                return fields

    path, _, query = path.partition("?")
    sent = {"cookie": f"{COOKIE}={client.cookies.get(COOKIE, '')}", **(headers or {})}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 1), "server": ("test", 80),
    }  # fmt: skip
    task = asyncio.create_task(app(scope, receive, send))
    try:
        yield following
    finally:
        closed.set()
        await task


# --- the page ---


async def test_the_first_visit_is_welcomed(office: Office) -> None:
    """The page itself says /start; the visitor gets a session cookie that no script and no other site can use."""
    async with office.client() as client:
        page = await client.get("/")
        assert "Bạn hỏi: /start" in page.text
        assert 'class="said"' not in page.text
        cookie = page.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Secure" not in cookie
        assert "Max-Age" not in cookie
        assert "expires" not in cookie
        assert len(office.heard) == len(office.confirmed) == 1
        assert office.heard[0].contact == contact(client)
        again = await client.get("/")
        assert "set-cookie" not in again.headers
        assert len(office.heard) == 1


@pytest.mark.parametrize(
    ("base_url", "headers"), [("https://test", {}), ("http://test", {"X-Forwarded-Proto": "https"})]
)
async def test_the_cookie_is_secure_over_https(office: Office, base_url: str, headers: dict[str, str]) -> None:
    """Also behind a proxy that ends the encryption."""
    async with office.client(base_url=base_url) as client:
        assert "Secure" in (await client.get("/", headers=headers)).headers["set-cookie"]


async def test_every_response_carries_the_policy(office: Office, visitor: httpx.AsyncClient) -> None:
    """Pages, answers and refusals: nothing from elsewhere, no script or style in the page."""
    responses = [await visitor.get("/"), await post(visitor, text="a"), await visitor.post("/chat/messages")]
    for response in responses:
        assert response.headers["content-security-policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "same-origin"
        assert response.headers["cache-control"] == "no-store"
    page = responses[0].text
    assert not re.search(r"<style|style=|\son\w+=|<script(?! src=\"/static/)", page)


async def test_looking_whether_the_page_is_there_makes_no_visitor(office: Office) -> None:
    """A monitor asks with HEAD, every minute."""
    async with office.client() as client:
        response = await client.head("/")
    assert response.status_code == 200
    assert "set-cookie" not in response.headers
    assert office.heard == []


@pytest.mark.parametrize(
    ("given", "started"),
    [
        ("1.004194", "/start p_1_004194"),
        ("2.000815.000.00.00.H02", "/start p_2_000815_000_00_00_H02"),
        ("", "/start"),
        ("<script>", "/start"),
        ("1.004194 x", "/start"),
        ("1" * 31, "/start"),
    ],
)
async def test_a_deep_link_opens_its_procedure(office: Office, given: str, started: str) -> None:
    """What is no code just opens the page; a second look at the same link opens nothing again."""
    async with office.client() as client:
        await client.get("/", params={"p": given})
        await client.get("/", params={"p": given})
    assert [incoming.text for incoming in office.heard] == [started]


@pytest.mark.parametrize(
    ("given", "started"), [("a" * 22, "/start l_" + "a" * 22), ("../x", "/start"), ("short", "/start")]
)
async def test_a_link_of_a_slip_opens_the_look_up(office: Office, given: str, started: str) -> None:
    """It names no dossier; what is no token just opens the page."""
    async with office.client() as client:
        await client.get("/", params={"d": given})
        await client.get("/", params={"d": given})
    assert [incoming.text for incoming in office.heard] == [started]


async def test_a_deep_link_goes_on_with_the_conversation(office: Office, visitor: httpx.AsyncClient) -> None:
    """Somebody who has already asked scans another code."""
    await post(visitor, text="trước")
    page = await visitor.get("/?p=1.004194")
    assert "Bạn hỏi: trước" in page.text
    assert page.text.index("Bạn hỏi: trước") < page.text.index("/start p_1_004194")


async def test_an_old_cookie_begins_anew_under_a_new_name(office: Office) -> None:
    """A transcript that was erased does not come back, and nobody can choose a visitor's secret."""
    async with office.client() as client:
        client.cookies.set(COOKIE, "A" * 22)
        page = await client.get("/")
        assert COOKIE in page.headers["set-cookie"]
        assert "A" * 22 not in page.headers["set-cookie"]


async def test_the_page_opens_although_the_conversation_fails(office: Office) -> None:
    """With a sentence; the next visit is welcomed."""

    def fail(incoming: Incoming) -> Reply:
        raise RuntimeError("broken")

    answers, office.answers = office.answers, fail
    async with office.client() as client:
        page = await client.get("/")
        assert page.status_code == 200
        assert module.SORRY in page.text
        office.answers = answers
        assert "Bạn hỏi: /start" in (await client.get("/")).text


# --- messages ---


async def test_a_message_is_answered_stored_and_confirmed(office: Office, visitor: httpx.AsyncClient) -> None:
    """The conversation gets the text as typed; the contact is a hash, the secret stays in the cookie."""
    response = await post(visitor, text="  làm khai sinh ")
    assert response.status_code == 202
    (exchange,) = response.json()["exchanges"]
    assert (exchange["number"], exchange["slot"], exchange["id"]) == (2, 2, "message-1")
    assert "làm khai sinh" in exchange["html"]
    assert office.heard[-1] == Incoming(contact=contact(visitor), message_id="message-1", text="  làm khai sinh ")
    assert office.confirmed[-1] == "message-1"


async def test_a_redelivery_is_answered_once(office: Office, visitor: httpx.AsyncClient) -> None:
    """The browser sends the same id again when it got no answer: the same exchange comes back."""
    first, second = await post(visitor, text="a"), await post(visitor, text="a")
    assert first.json() == second.json()
    assert [incoming.message_id for incoming in office.heard[1:]] == ["message-1"]


async def test_the_same_message_twice_at_once_is_answered_once(office: Office, visitor: httpx.AsyncClient) -> None:
    """The second waits for the first."""
    first, second = await asyncio.gather(post(visitor, text="a"), post(visitor, text="a"))
    assert first.json() == second.json()
    assert len(office.heard) == 2


async def test_an_answer_that_could_not_be_stored_is_kept_for_the_next_try(
    office: Office, visitor: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The conversation gives an answer once; a full disk between the two must not swallow it."""
    add = office.store.add
    said = iter([Reply(paragraphs=("Lệ phí: 8.000 đồng",))])
    office.answers = lambda incoming: next(said, None)

    def fail(*args: Any, **options: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(office.store, "add", fail)
    failed = await post(visitor, text="a")
    assert (failed.status_code, failed.json()["error"]) == (503, module.SORRY)
    monkeypatch.setattr(office.store, "add", add)
    assert "8.000 đồng" in (await post(visitor, text="a")).text
    assert office.confirmed[-1] == "message-1"


async def test_silence_is_no_answer(office: Office, visitor: httpx.AsyncClient) -> None:
    """The question stands there, nothing below it."""
    office.answers = lambda incoming: None
    (exchange,) = (await post(visitor, text="a")).json()["exchanges"]
    assert 'class="said"' in exchange["html"]
    assert "answer" not in exchange["html"]


async def test_a_pressed_button_shows_its_label(office: Office, visitor: httpx.AsyncClient) -> None:
    """The conversation gets the link; a link that stands on no button shows no words of a stranger."""
    office.answers = lambda incoming: LIST
    await post(visitor, 1, text="giấy tờ")
    shown = (await post(visitor, 2, pressed="fee", on=2)).json()["exchanges"][0]["html"]
    assert "</span>Lệ phí</p>" in shown
    assert office.heard[-1].pressed == "fee"
    assert office.heard[-1].text is None
    forged = (await post(visitor, 3, pressed="<b>", on=2)).json()["exchanges"][0]["html"]
    assert f"</span>{module.PRESSED}</p>" in forged


async def test_a_replacing_answer_takes_the_place_of_the_pressed_one(
    office: Office, visitor: httpx.AsyncClient
) -> None:
    """Only for a press; a replacing answer to typed text is added."""
    office.answers = lambda incoming: Reply(
        paragraphs=(f"Lần {incoming.message_id}",), choices=LIST.choices, replaces=True
    )
    await post(visitor, 1, text="giấy tờ")
    slots = [
        (await post(visitor, n, pressed="list.tick:0", on=on)).json()["exchanges"][0]["slot"]
        for n, on in ((2, 2), (3, 3))
    ]
    assert slots == [2, 2]
    page = (await visitor.get("/")).text
    assert "Lần message-3" in page
    assert "Lần message-1" not in page
    assert "giấy tờ" in page


async def test_messages_of_one_visitor_are_answered_one_after_the_other(
    office: Office, visitor: httpx.AsyncClient
) -> None:
    """Two tabs write at the same moment."""
    inside = 0

    async def receive(incoming: Incoming) -> Reply:
        nonlocal inside
        inside += 1
        assert inside == 1
        await asyncio.sleep(0)
        inside -= 1
        return Reply(paragraphs=("ja",))

    webchat = WebChat(receive, office.store, sent=office.sent, centre_name="Trung tâm")
    async with office.client(Starlette(routes=webchat.routes())) as client:
        client.cookies = visitor.cookies
        responses = await asyncio.gather(*(post(client, number, text="a") for number in range(5)))
    assert sorted(r.json()["exchanges"][0]["number"] for r in responses) == [2, 3, 4, 5, 6]


# --- what is refused ---


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Origin": "http://test", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_another_site_cannot_write(office: Office, visitor: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """Neither as JSON nor by a form nor erase anything."""
    responses = [
        await visitor.post("/chat/messages", json={"id": "message-1", "text": "a"}, headers=headers),
        await visitor.post("/chat/form", data={"text": "a"}, headers=headers),
        await visitor.post("/chat/erase", headers=headers),
    ]
    assert [response.status_code for response in responses] == [403, 403, 403]
    assert office.webchat.refused["foreign"] == 3
    assert len(office.heard) == 1


async def test_behind_a_proxy_that_changes_the_host_browsers_can_write(visitor: httpx.AsyncClient) -> None:
    """Newer browsers say themselves where a request comes from."""
    headers = {"Origin": "https://motcua.example.vn", "Sec-Fetch-Site": "same-origin"}
    response = await visitor.post("/chat/messages", json={"id": "message-1", "text": "a"}, headers=headers)
    assert response.status_code == 202


async def test_a_form_of_another_site_cannot_write(office: Office, visitor: httpx.AsyncClient) -> None:
    """Without the page's token nothing happens, even from a browser that sends no origin."""
    assert (await visitor.post("/chat/form", data={"text": "a", "message": "message-1"})).status_code == 403
    assert (await visitor.post("/chat/erase", data={"token": "é"})).status_code == 403
    assert len(office.heard) == 1
    assert office.store.history(contact(visitor).id)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_only_json_is_read(visitor: httpx.AsyncClient, kind: str) -> None:
    """Another site can send these without asking the browser; JSON it cannot."""
    headers = OWN | {"Content-Type": kind}
    response = await visitor.post("/chat/messages", content=b'{"id": "message-1", "text": "a"}', headers=headers)
    assert response.status_code == 415


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"a"', b"{}", b"\xff", b"[" * 5000, b'{"id": 1, "text": "a"}',
        b'{"id": "short", "text": "a"}', b'{"id": "message-1"}', b'{"id": "message-1", "text": " \\n"}',
        b'{"id": "message-1", "text": "a", "pressed": "b"}', b'{"id": "message-1\\n", "text": "a"}',
        b'{"id": "open:p:123", "text": "a"}', b'{"id": "message-1", "text": "\\ud800"}',
        b'{"id": "message-1", "pressed": "' + b"x" * 65 + b'"}', b'{"id": "message-1", "pressed": "a", "on": -1}',
        b'{"id": "message-1", "pressed": "a", "on": 99999999999}',
    ],
)  # fmt: skip
async def test_what_cannot_be_read_is_refused_with_a_sentence(
    office: Office, visitor: httpx.AsyncClient, body: bytes
) -> None:
    """400, counted; the conversation hears nothing."""
    response = await visitor.post("/chat/messages", content=body, headers=OWN | {"Content-Type": "application/json"})
    assert (response.status_code, response.json()) == (400, {"error": module.UNREADABLE})
    assert office.webchat.refused.total() == 1
    assert len(office.heard) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    body=st.binary(max_size=300)
    | st.dictionaries(
        st.sampled_from(["id", "text", "pressed", "on", "conversation"]),
        st.none() | st.text(max_size=20) | st.integers() | st.just("message-1"),
    ).map(lambda fields: json.dumps(fields).encode())
)
def test_nothing_that_is_posted_raises(office: Office, body: bytes) -> None:
    """Any bytes get an answer below 500, on both ways in."""

    async def send() -> list[int]:
        async with office.client() as client:
            await client.get("/")
            as_json = await client.post("/chat/messages", content=body, headers={"Content-Type": "application/json"})
            as_form = await client.post("/chat/form", content=body)
            return [as_json.status_code, as_form.status_code]

    assert max(asyncio.run(send())) < 500


async def test_too_long_is_refused(office: Office, visitor: httpx.AsyncClient) -> None:
    """2,000 letters pass however a telephone writes them, 2,001 do not, and a flood is not even read."""
    assert (await post(visitor, 1, text="e\u0302\u0303" * 600)).status_code == 202
    for number, text in enumerate(("a" * 2001, "a" * 9000), 2):
        response = await post(visitor, number, text=text)
        assert (response.status_code, response.json()["error"]) == (413, module.TOO_LONG)
    assert (await form(visitor, text="ễ" * 2000)).status_code == 303
    refused = await form(visitor, text="a" * 2001)
    assert refused.status_code == 413
    assert module.TOO_LONG in refused.text
    assert "a" * 2001 in refused.text


async def test_a_visitor_may_ask_twenty_times_a_minute(office: Office, visitor: httpx.AsyncClient) -> None:
    """Then a sentence asks to wait; a redelivery costs nothing; after a minute it goes on; others are not hindered."""
    for number in range(19):
        assert (await post(visitor, number, text="a")).status_code == 202
    refused = await post(visitor, 100, text="a")
    assert (refused.status_code, refused.json()["error"]) == (429, module.TOO_MANY)
    assert refused.headers["retry-after"] == "60"
    assert (await post(visitor, 18, text="a")).status_code == 202
    by_form = await form(visitor, text="câu hỏi")
    assert by_form.status_code == 429
    assert 'value="câu hỏi"' in by_form.text
    async with office.client() as other:
        await other.get("/")
        assert (await post(other, text="a")).status_code == 202
    office.clock += 60
    assert (await post(visitor, 100, text="a")).status_code == 202


async def test_a_flood_of_new_visitors_is_stopped(office: Office, visitor: httpx.AsyncClient) -> None:
    """They read a sentence; those who are talking go on."""
    app = Starlette(routes=office.process(visitors_per_minute=2).routes())
    statuses = []
    for _ in range(3):
        async with office.client(app) as client:
            page = await client.get("/")
            statuses.append(page.status_code)
    assert statuses == [200, 200, 429]
    assert module.CROWDED in page.text
    assert "set-cookie" not in page.headers
    async with office.client(app) as client:
        client.cookies = visitor.cookies
        assert (await client.get("/")).status_code == 200
        office.clock += 60
        client.cookies.clear()
        assert (await client.get("/")).status_code == 200


async def test_a_conversation_that_is_over_is_told(office: Office, visitor: httpx.AsyncClient) -> None:
    """A page whose conversation was erased, or whose cookie is another one's, is asked to load again."""
    assert (await post(visitor, text="a", conversation="another")).status_code == 409
    office.store.erase(contact(visitor).id)
    assert (await post(visitor, text="a")).status_code == 409
    visitor.cookies.clear()
    response = await post(visitor, text="a")
    assert (response.status_code, response.json()["error"]) == (409, module.GONE)
    assert len(office.heard) == 1


async def test_what_is_erased_during_an_answer_stays_erased(office: Office, visitor: httpx.AsyncClient) -> None:
    """Another process erases while this one looks for the answer: neither transcript nor session come back."""
    key = contact(visitor).id

    sessions = SessionStore(office.engine)

    def erase(incoming: Incoming) -> Reply:
        office.store.erase(key)
        assert sessions.save(Session(contact=incoming.contact))
        return LIST

    office.answers = erase
    assert (await post(visitor, text="a")).status_code == 409
    assert office.store.history(key) is None
    assert sessions.load(contact(visitor)).version == 0


# --- without JavaScript ---


async def test_forms_do_what_the_script_does(office: Office, visitor: httpx.AsyncClient) -> None:
    """Text and buttons; the same form submitted twice is one message; nothing typed is nothing said."""
    office.answers = lambda incoming: LIST
    first = await form(visitor, text="giấy tờ")
    assert (first.status_code, first.headers["location"]) == (303, "/#cuoi")
    await form(visitor, pressed="2 list.tick:0")
    assert office.heard[-1].pressed == "list.tick:0"
    before = len(office.heard)
    assert (await form(visitor, text="  ")).status_code == 303
    assert (await form(visitor, pressed="nonsense")).status_code == 303
    assert office.heard[-1].pressed == ""
    await form(visitor, text="một", message="message-1")
    await form(visitor, text="một", message="message-1")
    assert len(office.heard) == before + 2
    assert (await form(visitor, text="a", message="x")).status_code == 400


async def test_a_body_that_is_no_form_is_refused(visitor: httpx.AsyncClient) -> None:
    """Bytes that are no text, and too many fields."""
    for body in (b"\xff=\xff", urlencode([("a", "b")] * 50).encode()):
        assert (await visitor.post("/chat/form", content=body, headers=OWN)).status_code == 400


async def test_erasing_leaves_nothing(office: Office, visitor: httpx.AsyncClient) -> None:
    """Transcript and session go; a new conversation has begun under a new secret."""
    await post(visitor, text="a")
    old = contact(visitor)
    response = await form(visitor, "/chat/erase")
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert office.store.history(old.id) is None
    assert contact(visitor) != old
    assert [e.said for e in office.store.history(contact(visitor).id) or ()] == [None]
    assert office.heard[-1].text == "/start"


# --- news ---


async def test_events_replay_what_was_missed(office: Office, visitor: httpx.AsyncClient) -> None:
    """From the number after Last-Event-ID or `after`, whichever is further on; then what is new."""
    for number in range(3):
        await post(visitor, number, text=f"câu {number}")
    async with stream(office.app, visitor, "/chat/events?after=1", {"last-event-id": "2"}) as following:
        events = [await following(), await following()]
        assert [event["id"] for event in events] == ["3", "4"]
        assert "câu 1" in json.loads(events[0]["data"])["html"]
        await post(visitor, 9, text="mới")
        event = await following()
        assert (event["id"], json.loads(event["data"])["id"]) == ("5", "message-9")


@pytest.mark.parametrize("number", ["", "x", "-1", "9" * 30, "1e3", "²"])
async def test_an_unreadable_number_replays_everything(office: Office, visitor: httpx.AsyncClient, number: str) -> None:
    """Better twice than never: the page knows what it shows."""
    async with stream(office.app, visitor, headers={"last-event-id": number.encode().decode("latin-1")}) as following:
        assert (await following())["id"] == "1"


async def test_news_of_another_process_arrives(office: Office, visitor: httpx.AsyncClient) -> None:
    """An answer, a push and the end of the conversation."""
    other = office.process()
    async with office.webchat.running(), stream(office.app, visitor, "/chat/events?after=1") as following:
        async with office.client(Starlette(routes=other.routes())) as client:
            client.cookies = visitor.cookies
            await post(client, text="từ máy khác")
        assert "từ máy khác" in json.loads((await following())["data"])["html"]
        sending = asyncio.create_task(other.send(contact(visitor), Reply(paragraphs=("Hồ sơ đã xong.",)), "n1"))
        assert "Hồ sơ đã xong." in json.loads((await following())["data"])["html"]
        with suppress(NotYetSeen):
            await sending
        await other.send(contact(visitor), LIST, "n1")  # fetched: it is not stored a second time
        office.store.erase(contact(visitor).id)
        assert (await following())["event"] == "gone"


async def test_a_visit_ends_by_itself(
    office: Office, visitor: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transcripts of those who wrote nothing for long are erased while the server runs; open pages learn of it."""
    monkeypatch.setattr(module, "UNUSED_FOR", timedelta(seconds=-1))
    async with stream(office.app, visitor) as following:
        assert (await following())["id"] == "1"
        async with office.webchat.running():
            assert (await following())["event"] == "gone"


@pytest.mark.parametrize("path", ["/chat/events?c=another", "/chat/events"])
async def test_a_page_of_no_conversation_is_told_to_begin_anew(
    office: Office, visitor: httpx.AsyncClient, path: str
) -> None:
    """It would wait for ever."""
    if path == "/chat/events":
        visitor.cookies.clear()
    async with stream(office.app, visitor, path) as following:
        assert (await following())["event"] == "gone"


async def test_a_push_is_shown_and_a_visitor_who_left_is_unreachable(
    office: Office, visitor: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pushes stay in the history; the call list learns of who is gone, and of an outcome nobody knows."""
    news = Reply(paragraphs=("Hồ sơ đã xong.",))
    for _ in range(2):
        with pytest.raises(NotYetSeen):
            await office.webchat.send(contact(visitor), news, "n1")
    assert (await visitor.get("/")).text.count("Hồ sơ đã xong.") == 1
    await office.webchat.send(contact(visitor), news, "n1")
    office.store.erase(contact(visitor).id)
    with pytest.raises(Unreachable, match="over"):
        await office.webchat.send(contact(visitor), LIST)
    office.engine.dispose()
    monkeypatch.setattr(office.store, "_engine", None)
    with pytest.raises(OutcomeUnknown):
        await office.webchat.send(contact(visitor), LIST)


async def test_what_is_told_unasked_makes_no_visit_longer(office: Office, visitor: httpx.AsyncClient) -> None:
    """Else somebody who never comes back would count as there with each notice."""
    at = [datetime(2026, 11, 23, 3, tzinfo=UTC)]
    office.store._now = lambda: at[0]
    await post(visitor, text="một")
    at[0] += timedelta(hours=11)
    with pytest.raises(NotYetSeen):
        await office.webchat.send(contact(visitor), LIST, "n1")
    at[0] += timedelta(hours=2)
    assert office.store.purge(timedelta(hours=12)) == 1
    with pytest.raises(Unreachable):
        await office.webchat.send(contact(visitor), LIST, "n1")


# --- how it looks ---


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("Xem https://dichvucong.gov.vn.", ["https://dichvucong.gov.vn"]),
        ("(https://a.vn/x_(y)), https://b.vn/?q=1&r=2!", ["https://a.vn/x_(y)", "https://b.vn/?q=1&r=2"]),
        ("“https://a.vn/đường” và https://b.vn…", ["https://a.vn/đường", "https://b.vn"]),
        ('https://a.vn/"onclick="x', ["https://a.vn/"]),
        ("http://a.vn javascript:alert(1) www.a.vn", []),
    ],
)
async def test_only_secure_addresses_are_links(
    office: Office, visitor: httpx.AsyncClient, text: str, addresses: list[str]
) -> None:
    """Without the sentence's own signs around them; nothing of the text is lost."""
    office.answers = lambda incoming: Reply(paragraphs=(text,))
    shown = (await post(visitor, text="a")).json()["exchanges"][0]["html"]
    found = re.findall(r'<a href="([^"]*)" rel="noopener" target="_blank">', shown)
    assert [html.unescape(address) for address in found] == addresses
    assert text in html.unescape(re.sub(r"<[^>]*>", "", shown))


async def test_first_lines_are_headings_and_the_rest_paragraphs(office: Office, visitor: httpx.AsyncClient) -> None:
    """Only a paragraph's first line after "# "; choices of a list and next steps are told apart."""
    office.answers = lambda incoming: Reply(
        paragraphs=("# Lệ phí\n8.000 đồng", "không # đậm", " "), choices=LIST.choices
    )
    shown = (await post(visitor, text="a")).json()["exchanges"][0]["html"]
    assert "<h2>Lệ phí</h2>\n<p>8.000 đồng</p>\n<p>không # đậm</p>\n</article>" in shown
    assert (
        shown.index("choices items")
        < shown.index("⬜ Tờ khai")
        < shown.index("choices actions")
        < shown.index("Lệ phí</b")
    )
