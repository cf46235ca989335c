"""The web chat: a page, messages by POST, answers by server-sent events; without JavaScript by plain forms.

A visitor is a random secret in a session cookie. Everything else (the contact, the transcript's key, the token of the
forms) is derived from it by a hash, so the database alone opens nobody's conversation.
"""

import asyncio
import hashlib
import hmac
import logging
import re
import secrets
import time
import unicodedata
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Protocol
from urllib.parse import parse_qs, urlsplit
from weakref import WeakValueDictionary

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.channels import NotYetSeen, OutcomeUnknown, Receive, Sent, Unreachable
from bot.failures import where
from bot.messages import Choice, Contact, Incoming, Reply

log: Final = logging.getLogger(__name__)

CHANNEL: Final = "web"
WEB: Final = Path(__file__).parent.parent / "web"
STATIC: Final = WEB / "static"
COOKIE: Final = "motcua_visitor"

LONGEST_TEXT: Final = 2000
JSON_LIMIT: Final = 8 * 1024
FORM_LIMIT: Final = 24 * 1024
"""A form writes each byte of a Vietnamese letter as three: the longest text needs so much."""
SHOWN: Final = 200
"""Exchanges that a page shows, the latest."""
STREAMS: Final = 12
"""Open pages per visitor that are told of news; browsers open six connections at most."""
PING: Final = 15
RECONNECT_AFTER: Final = 1000
"""Milliseconds after which a browser whose connection broke tries again."""
POLL_EVERY: Final = 0.5
TIDY_EVERY: Final = 600
UNASKED: Final = "push:"
"""How the ids of messages begin that answer nothing."""
LOOKS: Final = 10
LOOK_AGAIN: Final = 60
"""Seconds after which to ask again whether somebody has opened the page."""
UNUSED_FOR: Final = timedelta(hours=12)
KEPT: Final = 1000

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # with "no-referrer" browsers would send "Origin: null" with our own forms
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

UNREADABLE: Final = "Không đọc được tin nhắn này. Bạn vui lòng tải lại trang rồi gửi lại."
TOO_LONG: Final = "Tin nhắn dài quá 2.000 ký tự. Bạn vui lòng viết ngắn lại rồi gửi."
TOO_MANY: Final = "Bạn gửi hơi nhanh. Bạn vui lòng chờ một phút rồi gửi tiếp."
CROWDED: Final = "Hiện có rất nhiều người đang hỏi. Bạn vui lòng tải lại trang sau một phút."
FOREIGN: Final = "Tin nhắn này không được gửi từ trang trò chuyện. Bạn vui lòng tải lại trang rồi gửi lại."
GONE: Final = (
    "Cuộc trò chuyện cũ đã kết thúc. Bạn vui lòng tải lại trang. "
    "Nếu vẫn thấy dòng này, bạn hãy cho phép trang này dùng cookie."
)
SORRY: Final = "Xin lỗi, hệ thống đang trục trặc nên chưa trả lời được. Bạn vui lòng thử lại sau ít phút."
PRESSED: Final = "Đã chọn"


class Exchange(Protocol):
    """One thing said and its answer, as a transcript keeps it; see bot.storage.transcripts."""

    @property
    def number(self) -> int:
        """Counts from 1 without gaps within the visitor."""

    @property
    def message_id(self) -> str:
        """Of the visitor's message."""

    @property
    def said(self) -> str | None:
        """What the visitor is shown to have said; None: nothing."""

    @property
    def reply(self) -> Reply | None:
        """None: silence."""

    @property
    def replaces(self) -> int | None:
        """The exchange in whose place this one stands."""


class Transcripts(Protocol):
    """Where conversations are kept while the visit lasts; see bot.storage.transcripts."""

    def open(self, visitor: str) -> None:
        """Begin the transcript of a new visitor."""

    def history(self, visitor: str, *, after: int = 0, latest: int = ...) -> Sequence[Exchange] | None:
        """The latest exchanges after a number, in order; None for an unknown visitor."""

    def find(self, visitor: str, message_id: str) -> Exchange | None:
        """What was stored for a message."""

    def add(
        self,
        visitor: str,
        message_id: str,
        *,
        said: str | None,
        reply: Reply | None,
        on: int | None = None,
        unasked: bool = False,
    ) -> Exchange | None:
        """Store an exchange once per message id; None if the visitor is gone. `unasked`: the visit lasts no longer."""

    def show(self, visitor: str, number: int) -> None:
        """A page of the visitor has fetched what was told unasked, up to this number."""

    def shown(self, visitor: str) -> int:
        """Up to which number what was told unasked was fetched."""

    def last(self, visitors: Collection[str]) -> dict[str, int]:
        """The newest number of each visitor; those who are gone are missing."""

    def erase(self, visitor: str) -> None:
        """Erase a transcript, and the conversation's session with it."""

    def purge(self, unused_for: timedelta) -> int:
        """Erase the transcripts of those who have not written for so long."""


class _Visitor:
    """What is derived from the secret in the cookie."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.key = hashlib.sha256(secret.encode()).hexdigest()
        self.token = hashlib.sha256(b"form:" + secret.encode()).hexdigest()[:32]
        self.conversation = hashlib.sha256(b"conversation:" + secret.encode()).hexdigest()[:16]

    @classmethod
    def new(cls) -> "_Visitor":
        return cls(secrets.token_urlsafe(16))

    @classmethod
    def of(cls, request: Request) -> "_Visitor | None":
        secret = request.cookies.get(COOKIE, "")
        return cls(secret) if re.fullmatch(r"[A-Za-z0-9_-]{22}", secret) else None


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    """What the page posts; `on` is the number of the exchange whose button was pressed."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{8,64}\Z")]
    text: str | None = None
    pressed: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    on: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None = None
    conversation: str | None = None


class _RefusedError(Exception):
    """A request that is answered with a sentence instead."""

    def __init__(self, status: int, sentence: str, why: str, typed: str = "") -> None:
        super().__init__(why)
        self.status = status
        self.sentence = sentence
        self.why = why
        self.typed = typed


class _Rate:
    """At most `count` times in any minute, per key."""

    def __init__(self, count: int, now: Callable[[], float]) -> None:
        self._count = count
        self._now = now
        self._times: defaultdict[str, deque[float]] = defaultdict(deque)

    def allow(self, key: str = "") -> bool:
        times, now = self._times[key], self._now()
        while times and times[0] <= now - 60:
            times.popleft()
        if len(times) >= self._count:
            return False
        times.append(now)
        return True

    def forget_idle(self) -> None:
        now = self._now()
        for key in [key for key, times in self._times.items() if not times or times[-1] <= now - 60]:
            del self._times[key]


class WebChat:
    """The channel of people who open the page. Any number of processes may serve the same visitors.

    `conceal` takes out of what a visitor typed whatever must not be stored; `forget` erases what else is kept about
    a visitor, who never comes back under the same name after erasing the conversation.
    """

    def __init__(
        self,
        receive: Receive,
        transcripts: Transcripts,
        *,
        sent: Sent,
        centre_name: str,
        conceal: Callable[[str], str] = str,
        forget: Callable[[Contact], object] | None = None,
        messages_per_minute: int = 20,
        visitors_per_minute: int = 300,
        now: Callable[[], float] = time.monotonic,
        look_every: float = 0.2,
    ) -> None:
        self._receive = receive
        self._look_every = look_every
        self._transcripts = transcripts
        self._sent = sent
        self._centre_name = centre_name
        self._conceal = conceal
        self._forget = forget
        self._messages = _Rate(messages_per_minute, now)
        self._newcomers = _Rate(visitors_per_minute, now)
        self._templates = Environment(
            loader=FileSystemLoader(WEB / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        files = sorted(file for file in STATIC.iterdir() if file.is_file())
        self._version = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._unstored: dict[tuple[str, str], Reply] = {}
        self._watching: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self.refused: Counter[str] = Counter()
        """How many requests were refused, by reason."""

    # --- for the application ---

    def routes(self) -> list[BaseRoute]:
        """The routes of the page; `STATIC` is to be served under /static."""
        return [
            Route("/", self._guarded(self._page, html=True), methods=["GET"]),
            Route("/chat/messages", self._guarded(self._post), methods=["POST"]),
            Route("/chat/events", self._guarded(self._events), methods=["GET"]),
            Route("/chat/form", self._guarded(self._form, html=True), methods=["POST"]),
            Route("/chat/erase", self._guarded(self._erase, html=True), methods=["POST"]),
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While this lasts, pages hear of what other processes store, and old transcripts are erased."""
        tasks = [asyncio.create_task(self._poll()), asyncio.create_task(self._tidy())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def send(self, contact: Contact, reply: Reply, reference: str = "") -> None:
        """Lay something unasked into the conversation, once for a reference, and return when a page has fetched it.

        Raises NotYetSeen while nobody looks (the same call asks again), Unreachable once the visit is over,
        OutcomeUnknown if storing failed.
        """
        message_id = f"{UNASKED}{reference or secrets.token_hex(8)}"
        add = partial(self._transcripts.add, contact.id, message_id, said=None, reply=reply, unasked=True)
        try:
            stored = await run_in_threadpool(add)
        except Exception as error:
            raise OutcomeUnknown("the transcript could not be stored") from error
        if stored is None:
            raise Unreachable("the visit to the web chat is over")
        self._wake(contact.id)
        try:
            for _ in range(LOOKS):
                if await run_in_threadpool(self._transcripts.shown, contact.id) >= stored.number:
                    return
                await asyncio.sleep(self._look_every)
        except Exception as error:  # noqa: BLE001 - it lies there; whether it was seen is asked again
            log.error("whether a notice was seen on the web chat is not known: %s", where(error))
        raise NotYetSeen(LOOK_AGAIN, "no page of the visitor is open")

    # --- what the browser asks for ---

    async def _page(self, request: Request) -> Response:
        """The page with the conversation so far. A first visit is welcomed, a deep link opens its procedure."""
        if request.method == "HEAD":
            return HTMLResponse()
        visitor = _Visitor.of(request)
        history = await self._history(visitor) if visitor else None
        is_new = visitor is None or history is None
        if visitor is None or history is None:
            if not self._newcomers.allow():
                raise _RefusedError(429, CROWDED, "newcomers")
            visitor, history = await self._begin(), []
        notice = ""
        payload = _start_payload(request.query_params.get("p", "")) or _link(request.query_params.get("d", ""))
        if not history or (payload and not history[-1].message_id.startswith(f"open:{payload}:")):
            try:
                opened = await self._open(visitor, payload)
                history = [*history, opened] if opened else history
            except _RefusedError as refusal:
                notice = refusal.sentence
            except Exception as error:  # noqa: BLE001 - the page itself is still of use
                log.error("the web chat could not be opened: %s", where(error))
                notice = SORRY
        response = self._shown(visitor, history, notice)
        await self._fetched(visitor, history)
        if is_new:
            _set_cookie(request, response, visitor)
        return response

    async def _begin(self) -> _Visitor:
        visitor = _Visitor.new()
        await run_in_threadpool(self._transcripts.open, visitor.key)
        return visitor

    async def _open(self, visitor: _Visitor, payload: str = "") -> Exchange | None:
        """What the assistant says first."""
        start = Incoming(
            contact=Contact(CHANNEL, visitor.key),
            message_id=f"open:{payload}:{secrets.token_hex(8)}",
            text=f"/start {payload}".strip(),
        )
        return await self._turn(start, said=None)

    async def _post(self, request: Request) -> Response:
        """A message as JSON; answered with what was stored for it, which the events bring as well."""
        self._same_origin(request)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise _RefusedError(415, UNREADABLE, "not json")
        body = await _body(request, JSON_LIMIT)
        try:
            message = msgspec.json.decode(body, type=_Message)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise _RefusedError(400, UNREADABLE, "malformed") from None
        visitor = _Visitor.of(request)
        if visitor is None or (message.conversation or visitor.conversation) != visitor.conversation:
            raise _RefusedError(409, GONE, "gone")
        exchange = await self._said(visitor, message)
        if exchange is None:
            raise _RefusedError(409, GONE, "gone")
        return JSONResponse({"exchanges": [self._event(exchange)]}, status_code=202)

    async def _form(self, request: Request) -> Response:
        """A message from a page without JavaScript."""
        visitor, fields = await self._fields(request)
        pressed = fields.get("pressed")
        number, _, target = (pressed or "").partition(" ")
        text = None if pressed is not None else fields.get("text", "")
        if text is not None and not text.strip():
            return RedirectResponse("/#cuoi", status_code=303)
        try:
            raw: dict[str, Any] = {"id": fields.get("message"), "text": text}
            if pressed is not None:
                raw |= {"pressed": target, "on": int(number) if number.isdecimal() and len(number) < 10 else None}
            message = msgspec.convert(raw, type=_Message)
        except msgspec.ValidationError:
            raise _RefusedError(400, UNREADABLE, "malformed") from None
        await self._said(visitor, message)
        return RedirectResponse("/#cuoi", status_code=303)

    async def _erase(self, request: Request) -> Response:
        """Everything about the conversation goes; a new one has begun when the visitor's other pages hear of it."""
        visitor, _ = await self._fields(request)
        async with self._lock(visitor.key):
            await run_in_threadpool(self._transcripts.erase, visitor.key)
            if self._forget:
                await run_in_threadpool(self._forget, Contact(CHANNEL, visitor.key))
        response = RedirectResponse("/", status_code=303, background=BackgroundTask(self._wake_later, visitor.key))
        if self._newcomers.allow():
            fresh = await self._begin()
            await self._open(fresh)
            _set_cookie(request, response, fresh)
        else:
            response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=_is_secure(request))
        return response

    async def _events(self, request: Request) -> Response:
        """News as server-sent events, from the number after Last-Event-ID (or `after`) on."""
        visitor = _Visitor.of(request)
        if visitor is None or request.query_params.get("c", visitor.conversation) != visitor.conversation:
            return EventSourceResponse(_gone())
        if len(self._watching.get(visitor.key, ())) >= STREAMS:
            raise _RefusedError(429, TOO_MANY, "streams")
        given = (request.headers.get("last-event-id", ""), request.query_params.get("after", ""))
        after = max((int(number) for number in given if re.fullmatch(r"[0-9]{1,9}", number)), default=0)
        return EventSourceResponse(self._news(visitor, after), ping=PING)

    # --- one message ---

    async def _said(self, visitor: _Visitor, message: _Message) -> Exchange | None:
        if (message.text is None) == (message.pressed is None):
            raise _RefusedError(400, UNREADABLE, "malformed")
        text, said = message.text, message.text
        if text is not None:
            said = self._conceal(unicodedata.normalize("NFC", text).strip())
            if not said:
                raise _RefusedError(400, UNREADABLE, "empty")
            if len(said) > LONGEST_TEXT:
                raise _RefusedError(413, TOO_LONG, "too long", typed=said)
        incoming = Incoming(
            contact=Contact(CHANNEL, visitor.key), message_id=message.id, text=text, pressed=message.pressed
        )
        return await self._turn(incoming, said=said, on=message.on)

    async def _turn(self, incoming: Incoming, *, said: str | None, on: int | None = None) -> Exchange | None:
        """Have a message answered and store both; None if the visitor is gone. One at a time per visitor."""
        key, message_id = incoming.contact.id, incoming.message_id
        async with self._lock(key):
            exchange, since = await run_in_threadpool(self._look, key, message_id, on)
            if exchange is None:
                if since is None:
                    return None
                if not self._messages.allow(key):
                    raise _RefusedError(429, TOO_MANY, "messages", typed=said or "")
                if incoming.pressed is not None:
                    said = _label(since, on, incoming.pressed)
                exchange = await self._ask_and_store(incoming, said=said, on=on)
                if exchange is None:
                    # erased by another process meanwhile: so must be the session that the answer has just saved
                    await run_in_threadpool(self._transcripts.erase, key)
                    return None
                self._wake(key)
        try:
            await self._sent(incoming)
        except Exception as error:  # noqa: BLE001 - the answer is stored and shown: that is what counts
            log.error("an answer on the web chat could not be confirmed: %s", where(error))
        return exchange

    def _look(self, key: str, message_id: str, on: int | None) -> tuple[Exchange | None, Sequence[Exchange] | None]:
        """What was stored for a message; else what the label of the pressed button is to be found in."""
        if exchange := self._transcripts.find(key, message_id):
            return exchange, ()
        return None, self._transcripts.history(key, after=on - 1 if on else 0, latest=SHOWN if on else 1)

    async def _ask_and_store(self, incoming: Incoming, *, said: str | None, on: int | None) -> Exchange | None:
        key = (incoming.contact.id, incoming.message_id)
        # an answer that could not be stored is given only once: it waits here for the browser's next try
        reply = self._unstored.get(key) or await self._receive(incoming)
        if reply is not None:
            self._unstored[key] = reply
            while len(self._unstored) > KEPT:
                self._unstored.pop(next(iter(self._unstored)))
        exchange = await run_in_threadpool(partial(self._transcripts.add, *key, said=said, reply=reply, on=on))
        self._unstored.pop(key, None)
        return exchange

    def _lock(self, key: str) -> asyncio.Lock:
        return self._turns.setdefault(key, asyncio.Lock())

    # --- news ---

    async def _news(self, visitor: _Visitor, after: int) -> AsyncIterator[ServerSentEvent]:
        news = asyncio.Event()
        self._watching[visitor.key].add(news)
        try:
            yield ServerSentEvent(comment="connected", retry=RECONNECT_AFTER)
            while True:
                news.clear()
                found = await run_in_threadpool(partial(self._transcripts.history, visitor.key, after=after))
                if found is None:
                    yield ServerSentEvent(event="gone", data="")
                    return
                for exchange in found:
                    after = exchange.number
                    yield ServerSentEvent(id=str(after), data=msgspec.json.encode(self._event(exchange)).decode())
                await self._fetched(visitor, found)
                await news.wait()
        finally:
            self._watching[visitor.key].discard(news)
            if not self._watching[visitor.key]:
                del self._watching[visitor.key]

    async def _fetched(self, visitor: _Visitor, history: Sequence[Exchange]) -> None:
        """Note that a page has what was told unasked; of answers nobody needs to know that."""
        told = [exchange.number for exchange in history if exchange.message_id.startswith(UNASKED)]
        if told:
            try:
                await run_in_threadpool(self._transcripts.show, visitor.key, told[-1])
            except Exception as error:  # noqa: BLE001 - the page matters more; the notice is asked for again
                log.error("that a notice was seen on the web chat is not noted: %s", where(error))

    async def _wake_later(self, key: str) -> None:
        self._wake(key)

    def _wake(self, key: str) -> None:
        for news in self._watching.get(key, ()):
            news.set()

    async def _poll(self) -> None:
        """One small query for all open pages, however many: who has something new, from whichever process?"""
        known: dict[str, int] = {}
        while True:
            await asyncio.sleep(POLL_EVERY)
            try:
                watched = list(self._watching)
                newest = await run_in_threadpool(self._transcripts.last, watched) if watched else {}
                for key in watched:
                    if known.get(key, 0) != newest.get(key, -1):
                        self._wake(key)
                known = {key: newest.get(key, -1) for key in watched}
            except Exception as error:  # noqa: BLE001
                log.error("the web chat could not look for news: %s", where(error))

    async def _tidy(self) -> None:
        while True:
            try:
                self._messages.forget_idle()
                await run_in_threadpool(self._transcripts.purge, UNUSED_FOR)
            except Exception as error:  # noqa: BLE001
                log.error("old transcripts could not be erased: %s", where(error))
            await asyncio.sleep(TIDY_EVERY)

    # --- showing ---

    def _event(self, exchange: Exchange) -> dict[str, Any]:
        html = self._templates.get_template("exchange.html").render(exchange=_view(exchange))
        slot = exchange.replaces or exchange.number
        return {"number": exchange.number, "slot": slot, "id": exchange.message_id, "html": html}

    def _shown(
        self,
        visitor: _Visitor | None,
        history: Sequence[Exchange],
        notice: str = "",
        status: int = 200,
        typed: str = "",
    ) -> Response:
        slots: dict[int, Exchange] = {}
        for exchange in history:
            slots[exchange.replaces or exchange.number] = exchange
        html = self._templates.get_template("chat.html").render(
            centre_name=self._centre_name,
            version=self._version,
            visitor=visitor,
            exchanges=[_view(exchange) for exchange in slots.values()],
            last=history[-1].number if history else 0,
            message_id=secrets.token_hex(16),
            notice=notice,
            typed=typed,
            longest=LONGEST_TEXT,
        )
        return HTMLResponse(html, status_code=status)

    async def _history(self, visitor: _Visitor) -> Sequence[Exchange] | None:
        return await run_in_threadpool(partial(self._transcripts.history, visitor.key, latest=SHOWN))

    # --- refusing ---

    def _guarded(
        self, handler: Callable[[Request], Awaitable[Response]], *, html: bool = False
    ) -> Callable[[Request], Awaitable[Response]]:
        """Whatever goes wrong, people get a sentence; every response has the headers."""

        async def endpoint(request: Request) -> Response:
            try:
                response = await handler(request)
            except _RefusedError as refusal:
                response = await self._refusal(request, refusal, html=html)
            except ClientDisconnect:
                response = Response(status_code=400)
            except Exception as error:  # noqa: BLE001
                log.error("a request of the web chat failed: %s", where(error))
                response = await self._refusal(request, _RefusedError(503, SORRY, "failed"), html=html)
            response.headers.update(HEADERS)
            return response

        return endpoint

    async def _refusal(self, request: Request, refusal: _RefusedError, *, html: bool) -> Response:
        self.refused[refusal.why] += 1
        response: Response
        if html:
            visitor = _Visitor.of(request)
            history: Sequence[Exchange] | None = None
            with suppress(Exception):  # the database may be what is out of order
                history = await self._history(visitor) if visitor else None
            shown = visitor if history is not None else None
            response = self._shown(shown, history or (), refusal.sentence, refusal.status, refusal.typed)
        else:
            response = JSONResponse({"error": refusal.sentence}, status_code=refusal.status)
        if refusal.status == 429:
            response.headers["Retry-After"] = "60"
        return response

    def _same_origin(self, request: Request) -> None:
        """Another site's page may not write in a visitor's name."""
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        if site is not None:
            own = site == "same-origin"
        else:  # an old browser, or http without encryption; a program that is no browser sends neither
            own = origin is None or urlsplit(origin).netloc == request.headers.get("host")
        if not own:
            raise _RefusedError(403, FOREIGN, "foreign")

    async def _fields(self, request: Request) -> tuple[_Visitor, dict[str, str]]:
        """The fields of a form of ours."""
        self._same_origin(request)
        body = await _body(request, FORM_LIMIT)
        try:
            parsed = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=10)
        except ValueError:
            raise _RefusedError(400, UNREADABLE, "malformed") from None
        fields = {name: values[0] for name, values in parsed.items()}
        visitor = _Visitor.of(request)
        if visitor is None:
            raise _RefusedError(409, GONE, "gone")
        if not hmac.compare_digest(fields.get("token", "").encode(), visitor.token.encode()):
            raise _RefusedError(403, FOREIGN, "foreign")
        return visitor, fields


async def _gone() -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(event="gone", data="")


async def _body(request: Request, limit: int) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _RefusedError(413, TOO_LONG, "too long")
    return body


def _start_payload(code: str) -> str:
    """The payload of /start for a deep link: "1.004194" → "p_1_004194"; "" for none."""
    return "p_" + code.replace(".", "_") if re.fullmatch(r"[0-9A-Za-z._-]{1,30}", code) else ""


def _link(token: str) -> str:
    """The payload of /start for a link to a dossier, which names none; "" for none."""
    return f"l_{token}" if re.fullmatch(r"[A-Za-z0-9_-]{16,40}", token) else ""


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"


def _set_cookie(request: Request, response: Response, visitor: _Visitor) -> None:
    response.set_cookie(COOKIE, visitor.secret, httponly=True, samesite="lax", secure=_is_secure(request))


def _label(since: Sequence[Exchange], on: int | None, pressed: str) -> str:
    """What was written on the pressed button."""
    for exchange in since:
        if exchange.number == on and exchange.reply:
            return next((choice.label for choice in exchange.reply.choices if choice.link == pressed), PRESSED)
    return PRESSED


# --- how an exchange looks ---

LINK: Final = re.compile(r"https://[^\s<>\"“”«»]+")
Pieces = list[tuple[str, bool]]


class _View(msgspec.Struct, frozen=True, kw_only=True):
    """What the template shows; each text is a list of (piece, whether it is a link)."""

    number: int
    slot: int
    message_id: str
    said: str | None
    paragraphs: list[tuple[str, Pieces]]
    choices: tuple[Choice, ...]


def _view(exchange: Exchange) -> _View:
    reply = exchange.reply or Reply()
    return _View(
        number=exchange.number,
        slot=exchange.replaces or exchange.number,
        message_id=exchange.message_id,
        said=exchange.said,
        paragraphs=[_paragraph(paragraph) for paragraph in reply.paragraphs if paragraph.strip()],
        choices=reply.choices,
    )


def _paragraph(paragraph: str) -> tuple[str, Pieces]:
    """The bold first line ("" for none) and the rest."""
    if not paragraph.startswith("# "):
        return "", _pieces(paragraph)
    title, _, rest = paragraph.removeprefix("# ").partition("\n")
    return title, _pieces(rest)


def _pieces(text: str) -> Pieces:
    pieces: Pieces = []
    start = 0
    for match in LINK.finditer(text):
        address = match.group().rstrip(".,;:!?…’'")
        while address.endswith(")") and address.count(")") > address.count("("):
            address = address[:-1].rstrip(".,;:!?…’'")
        pieces += [(text[start : match.start()], False), (address, True)]
        start = match.start() + len(address)
    pieces.append((text[start:], False))
    return [(piece, is_link) for piece, is_link in pieces if piece]
