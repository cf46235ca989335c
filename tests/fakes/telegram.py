"""The Bot API of Telegram on loopback, with the people on its other side as plain methods.

It behaves like the real one where that can hurt a bot: offsets confirm, two pollers conflict, text is counted after
parsing its entities, a button longer than 64 bytes costs the message, callback queries are answered once, people
block, suppliers stumble. Use `with FakeTelegram() as telegram:`; the methods are safe to call from any thread, the
`wait_` ones block (in a coroutine: `await asyncio.to_thread(telegram.wait_for_messages, ...)`).
"""

import asyncio
import html
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

TOKEN = "123456:TEST-token"
TAGS = [
    "b",
    "strong",
    "i",
    "em",
    "u",
    "ins",
    "s",
    "strike",
    "del",
    "span",
    "tg-spoiler",
    "a",
    "code",
    "pre",
    "blockquote",
]
EDITABLE = ("text", "bold", "keyboard")


class RefusedError(Exception):
    """An answer with ok=false."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status, self.description, self.parameters = status, description, parameters


@dataclass
class Seen:
    """A message as a person sees it: text without mark-up, what is bold, buttons as rows of (label, link)."""

    message_id: int
    text: str
    from_bot: bool
    bold: list[str] = field(default_factory=list)
    keyboard: list[list[tuple[str, str]]] = field(default_factory=list)
    edited: bool = False

    @property
    def labels(self) -> list[str]:
        return [label for row in self.keyboard for label, _ in row]


@dataclass
class Fault:
    """What happens to the next `times` calls of a method instead of (or, with `accept`, after) doing them.

    The first `after` calls that would match are spared.
    """

    method: str
    status: int = 0
    description: str = ""
    retry_after: int = 0
    hang: bool = False
    reset: bool = False
    accept: bool = False
    chat: int | None = None
    times: int = 1
    after: int = 0


@dataclass
class Call:
    method: str
    params: dict[str, Any]


class FakeTelegram:
    """One bot's world. `base_url` is for the client, `calls` holds every request in order of arrival."""

    def __init__(self, token: str = TOKEN) -> None:
        self.token = token
        self.calls: list[Call] = []
        self.typing: list[int] = []
        self.commands: list[dict[str, str]] = []
        self.webhook_answers: list[int] = []
        self._changed = threading.Condition(threading.RLock())
        self._messages: dict[int, list[Seen]] = {}
        self._blocked: dict[int, str] = {}
        self._updates: list[dict[str, Any]] = []
        self._allowed: list[str] = []
        self._open_presses: set[str] = set()
        self._frozen: set[int] = set()
        self._faults: list[Fault] = []
        self._webhook: dict[str, Any] = {}
        self._poller = 0
        self._numbers = {"update": 1000, "message": 0, "press": 0}
        # With the protocol named, asyncio switches Nagle's algorithm off: 40 ms less for every call.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(100)
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/bot"

    # --- life ---

    def __enter__(self) -> Self:
        self._server = uvicorn.Server(uvicorn.Config(self, log_level="critical", lifespan="off", http="h11", ws="none"))
        self._server.config.timeout_graceful_shutdown = 1
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(20), "the fake did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        for event in (self._released, self._news):
            self._loop.call_soon_threadsafe(event.set)
        self._thread.join(20)
        self._socket.close()

    async def _serve(self) -> None:
        self._loop, self._hooked = asyncio.get_running_loop(), asyncio.Event()
        self._released, self._news = asyncio.Event(), asyncio.Event()
        pusher = asyncio.create_task(self._push_updates())
        self._loop.call_soon(self._ready.set)  # the socket listens already: the kernel keeps early connections
        await self._server.serve(sockets=[self._socket])
        pusher.cancel()
        await asyncio.wait([pusher])

    # --- the people ---

    def user_sends(self, chat: int, text: str | None = None, **other: Any) -> int:
        """A person writes (or sends `photo=[...]`, `sticker={...}`); in a group with `chat_type="group"`."""
        chat_type = other.pop("chat_type", "private")
        with self._changed:
            message = self._message(chat, chat_type=chat_type, by_bot=False)
            if text is not None:
                other["text"] = text
            self._messages.setdefault(chat, []).append(Seen(message["message_id"], text or "", from_bot=False))
            self._happens("message", {**message, **other})
            return int(message["message_id"])

    def user_edits(self, chat: int, message_id: int, text: str, *, after: int = 5) -> None:
        """A person corrects what was written, so many seconds `after` it was."""
        with self._changed:
            self._seen(chat, message_id).text = text
            message = self._message(chat, by_bot=False)
            edited = {"message_id": message_id, "edit_date": message["date"] + after, "text": text}
            self._happens("edited_message", {**message, **edited})

    def user_taps(self, chat: int, button: str, message_id: int | None = None) -> str:
        """A person taps a button, named by its label or link; on the latest message that has it. Returns the query."""
        with self._changed:
            for seen in reversed(self._messages.get(chat, [])):
                for label, link in [found for row in seen.keyboard for found in row]:
                    if button in (label, link) and message_id in (None, seen.message_id):
                        return self._taps(chat, seen.message_id, link)
            raise AssertionError(f"no button {button!r} in chat {chat}: {self.messages(chat)}")

    def _taps(self, chat: int, message_id: int, link: str) -> str:
        self._numbers["press"] += 1
        query = str(4_000_000_000_000 + self._numbers["press"])
        self._open_presses.add(query)
        message = {**self._message(chat), "message_id": message_id, "text": self._seen(chat, message_id).text}
        press = {"id": query, "from": _person(chat), "message": message, "chat_instance": "1", "data": link}
        self._happens("callback_query", press)
        return query

    def presses_grow_old(self) -> None:
        """From now on, the taps so far can't be answered."""
        with self._changed:
            self._open_presses.clear()

    def too_old_to_edit(self, message_id: int) -> None:
        with self._changed:
            self._frozen.add(message_id)

    def blocks(self, chat: int) -> None:
        self._member(chat, "Forbidden: bot was blocked by the user", "member", "kicked")

    def unblocks(self, chat: int) -> None:
        self._member(chat, "", "kicked", "member")

    def joins_group(self, chat: int) -> None:
        """Somebody adds the bot to a group."""
        self._member(chat, "", "left", "member", "group")

    def deactivates(self, chat: int) -> None:
        """A person deletes the account; the bot isn't told."""
        with self._changed:
            self._blocked[chat] = "Forbidden: user is deactivated"

    def _member(self, chat: int, refusal: str, old: str, new: str, chat_type: str = "private") -> None:
        with self._changed:
            self._messages.setdefault(chat, [])
            self._blocked.pop(chat, None)
            if refusal:
                self._blocked[chat] = refusal
            bot = {"user": {"id": 123456, "is_bot": True, "first_name": "bot"}, "until_date": 0}
            self._happens("my_chat_member", {
                "chat": {"id": chat, "type": chat_type}, "from": _person(chat), "date": int(time.time()),
                "old_chat_member": {"status": old, **bot}, "new_chat_member": {"status": new, **bot},
            })  # fmt: skip

    def raw_update(self, **update: Any) -> int:
        """An update of any shape; returns its number."""
        with self._changed:
            ((kind, value),) = update.items()
            return self._happens(kind, value)

    # --- what people and tests see ---

    def messages(self, chat: int, *, from_bot: bool = True) -> list[Seen]:
        """The messages of the bot in a chat, edits applied; with `from_bot=False` everything."""
        with self._changed:
            return [seen for seen in self._messages.get(chat, []) if seen.from_bot or not from_bot]

    def pending(self) -> int:
        """How many updates are not confirmed."""
        with self._changed:
            return len(self._updates)

    def called(self, method: str) -> list[dict[str, Any]]:
        """The parameters of the calls of a method so far."""
        with self._changed:
            return [call.params for call in self.calls if call.method == method]

    def wait_until(self, what: Callable[[], object], timeout: float = 20) -> None:
        """Block until `what` holds; it's asked again after everything that happens here."""
        with self._changed:
            assert self._changed.wait_for(lambda: bool(what()), timeout), f"waited {timeout} s; calls: {self.calls}"

    def wait_for_messages(self, chat: int, count: int, timeout: float = 20) -> list[Seen]:
        """Block until the bot has sent `count` messages to the chat; returns them."""
        self.wait_until(lambda: len(self.messages(chat)) >= count, timeout)
        return self.messages(chat)

    def wait_for_calls(self, method: str, count: int, timeout: float = 20) -> list[dict[str, Any]]:
        self.wait_until(lambda: len(self.called(method)) >= count, timeout)
        return self.called(method)

    def fault(self, method: str, **what: Any) -> None:
        """The next call(s) of `method` go wrong, see `Fault`: `status=429, retry_after=2`; `hang=True, accept=True` (a
        time-out although it was delivered, until `release`); `reset=True` (connection lost)."""
        with self._changed:
            self._faults.append(Fault(method, **what))

    def release(self) -> None:
        """Let the hanging calls end."""
        self._loop.call_soon_threadsafe(self._released.set)

    # --- inside ---

    def _message(self, chat: int, *, chat_type: str = "private", by_bot: bool = True) -> dict[str, Any]:
        self._numbers["message"] += 1
        sender = {"id": 123456, "is_bot": True, "first_name": "bot"} if by_bot else _person(abs(chat))
        place = {"id": chat, "type": chat_type, "first_name" if chat_type == "private" else "title": "Lan"}
        return {"message_id": self._numbers["message"], "date": int(time.time()), "chat": place, "from": sender}

    def _happens(self, kind: str, value: Any) -> int:
        self._numbers["update"] += 1
        if not self._allowed or kind in self._allowed:
            self._updates.append({"update_id": self._numbers["update"], kind: value})
        self._changed.notify_all()
        self._loop.call_soon_threadsafe(self._news.set)
        return self._numbers["update"]

    def _seen(self, chat: int, message_id: int) -> Seen:
        for seen in self._messages.get(chat, []):
            if seen.message_id == message_id:
                return seen
        raise RefusedError(400, "Bad Request: message to edit not found")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The ASGI application, bare so that `send` still leads to the connection that a fault resets."""
        request = Request(scope, receive)
        _, _, rest = request.url.path.partition("/bot")
        token, _, name = rest.partition("/")
        params = await _parameters(request)
        method = next((known for known in METHODS if known.lower() == name.lower()), name)
        with self._changed:
            self.calls.append(Call(method, params))
            self._changed.notify_all()
            faults = [fault for fault in self._faults if fault.method == method and fault.times > 0]
            fault = next((found for found in faults if found.chat in (None, params.get("chat_id"))), None)
            if fault and fault.after:
                fault.after -= 1
                fault = None
            elif fault:
                fault.times -= 1
        try:
            if token != self.token:
                raise (
                    RefusedError(401, "Unauthorized")
                    if re.fullmatch(r"\d+:[\w-]+", token)
                    else RefusedError(404, "Not Found")
                )
            if method not in METHODS:
                raise RefusedError(404, "Not Found")
            result = None if fault and not fault.accept else await self._do(method, params)
            if fault:
                if fault.hang:
                    await self._released.wait()
                if fault.reset or fault.hang:
                    send.__self__.transport.abort()
                    return
                more = {"retry_after": fault.retry_after} if fault.retry_after else {}
                raise RefusedError(
                    fault.status, fault.description or STATUS[fault.status].format(fault.retry_after), **more
                )
            answer: dict[str, Any] = {"ok": True, "result": result}
            status = 200
        except RefusedError as refusal:
            status = refusal.status
            answer = {"ok": False, "error_code": status, "description": refusal.description}
            if refusal.parameters:
                answer["parameters"] = refusal.parameters
        response: Response = JSONResponse(answer, status)
        if status == 502:
            response = Response("<html><h1>502 Bad Gateway</h1></html>", 502)  # comes from the gateway, not as JSON
        await response(scope, receive, send)

    async def _do(self, method: str, params: dict[str, Any]) -> Any:
        if method == "getUpdates":
            return await self._get_updates(**params)
        with self._changed:
            try:
                return METHODS[method](self, **params)
            finally:
                self._changed.notify_all()

    async def _get_updates(
        self, offset: int = 0, limit: int = 100, timeout: int = 0, allowed_updates: list[str] | None = None, **_: Any  # noqa: ASYNC109
    ) -> list[dict[str, Any]]:  # fmt: skip
        if self._webhook:
            raise RefusedError(
                409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook first"
            )
        self._poller += 1
        poller, end = self._poller, time.monotonic() + timeout
        self._news.set()  # wakes an older poller, which is told to go
        with self._changed:
            if allowed_updates is not None:
                self._allowed = allowed_updates
            if offset > 0:
                self._updates = [update for update in self._updates if update["update_id"] >= offset]
            elif offset < 0:
                self._updates = self._updates[offset:]
            self._changed.notify_all()
        while True:
            self._news.clear()
            if poller != self._poller:
                raise RefusedError(
                    409,
                    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
                )
            with self._changed:
                if self._updates or time.monotonic() >= end or self._server.should_exit:
                    return self._updates[:limit]
            try:
                await asyncio.wait_for(self._news.wait(), min(1, max(0, end - time.monotonic())))
            except TimeoutError:
                continue

    def _chat(self, chat_id: Any) -> int:
        if not isinstance(chat_id, int) or chat_id not in self._messages:
            raise RefusedError(400, "Bad Request: chat not found")
        if chat_id in self._blocked:
            raise RefusedError(403, self._blocked[chat_id])
        return chat_id

    def _get_me(self, **_: Any) -> dict[str, Any]:
        return {
            "id": 123456, "is_bot": True, "first_name": "Một cửa", "username": "motcua_bot",
            "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False,
        }  # fmt: skip

    def _send_message(
        self, chat_id: Any = None, text: str = "", parse_mode: str = "", reply_markup: Any = None, **_: Any
    ) -> dict[str, Any]:
        chat = self._chat(chat_id)
        visible, bold = parse_text(str(text), parse_mode)
        return self._add(chat, Seen(0, visible, True, bold, _check_keyboard(reply_markup)))

    def _add(self, chat: int, seen: Seen) -> dict[str, Any]:
        message = self._message(chat)
        seen.message_id = message["message_id"]
        self._messages[chat].append(seen)
        return {**message, "text": seen.text}

    def _send_photo(
        self, chat_id: Any = None, photo: Any = None, caption: str = "", parse_mode: str = "", reply_markup: Any = None,
        **_: Any,
    ) -> dict[str, Any]:  # fmt: skip
        chat = self._chat(chat_id)
        if not photo:
            raise RefusedError(400, "Bad Request: there is no photo in the request")
        text, bold = parse_text(caption, parse_mode, 1024, "message caption is too long") if caption else ("", [])
        message = self._add(chat, Seen(0, text, True, bold, _check_keyboard(reply_markup)))
        del message["text"]
        size = {"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}
        return {**message, "photo": [size], "caption": text}

    def _edit(self, chat_id: Any = None, message_id: int = 0, **new: Any) -> dict[str, Any]:
        seen = self._seen(self._chat(chat_id), message_id)
        if not seen.from_bot or message_id in self._frozen:
            raise RefusedError(400, "Bad Request: message can't be edited")
        before = [getattr(seen, name) for name in EDITABLE]
        if "text" in new:
            visible, bold = parse_text(str(new["text"]), new.get("parse_mode", ""))
        else:
            visible, bold = seen.text, seen.bold
        after = [visible, bold, _check_keyboard(new.get("reply_markup"))]
        if before == after:
            raise RefusedError(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the "
                "same as a current content and reply markup of the message",
            )
        for name, value in zip(EDITABLE, after, strict=True):
            setattr(seen, name, value)
        seen.edited = True
        return {**self._message(chat_id), "message_id": message_id, "text": visible}

    def _edit_text(self, text: str = "", **rest: Any) -> dict[str, Any]:
        return self._edit(text=text, **rest)

    def _edit_markup(self, **rest: Any) -> dict[str, Any]:
        return self._edit(**{name: rest[name] for name in rest if name not in ("text", "parse_mode")})

    def _delete(self, chat_id: Any = None, message_id: int = 0, **_: Any) -> bool:
        chat = self._chat(chat_id)
        kept = [seen for seen in self._messages[chat] if seen.message_id != message_id]
        if len(kept) == len(self._messages[chat]):
            raise RefusedError(400, "Bad Request: message to delete not found")
        self._messages[chat] = kept
        return True

    def _answer_press(self, callback_query_id: Any = "", text: str = "", **_: Any) -> bool:
        query = str(callback_query_id)
        if query not in self._open_presses:
            raise RefusedError(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        if len(text) > 200:
            raise RefusedError(400, "Bad Request: MESSAGE_TOO_LONG")
        self._open_presses.discard(query)
        return True

    def _chat_action(self, chat_id: Any = None, action: str = "", **_: Any) -> bool:
        chat = self._chat(chat_id)
        if action != "typing" and not re.fullmatch(r"(upload|record)_\w+|choose_sticker|find_location", action):
            raise RefusedError(400, "Bad Request: wrong parameter action in request")
        self.typing.append(chat)
        return True

    def _set_commands(self, commands: Any = None, **_: Any) -> bool:
        for command in commands or []:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
                raise RefusedError(400, "Bad Request: BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= 256:
                raise RefusedError(400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
        if len(commands or []) > 100:
            raise RefusedError(400, "Bad Request: BOT_COMMANDS_TOO_MUCH")
        self.commands = commands or []
        return True

    # --- webhook ---

    def _set_webhook(self, url: str = "", secret_token: str = "", **rest: Any) -> bool:
        if url and not re.match(r"https://|http://(127\.0\.0\.1|localhost)[:/]", url):
            raise RefusedError(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        if secret_token and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret_token):
            raise RefusedError(400, "Bad Request: secret token contains unallowed characters")
        if rest.get("drop_pending_updates"):
            self._updates.clear()
        if rest.get("allowed_updates") is not None:
            self._allowed = rest["allowed_updates"]
        self._webhook = {"url": url, "secret": secret_token} if url else {}
        if url:
            self._loop.call_soon_threadsafe(self._hooked.set)
        self._loop.call_soon_threadsafe(self._news.set)
        return True

    def _delete_webhook(self, **rest: Any) -> bool:
        return self._set_webhook(drop_pending_updates=rest.get("drop_pending_updates"))

    def _webhook_info(self, **_: Any) -> dict[str, Any]:
        info: dict[str, Any] = {
            "url": self._webhook.get("url", ""), "has_custom_certificate": False,
            "pending_update_count": len(self._updates), "allowed_updates": self._allowed,
        }  # fmt: skip
        return info

    async def _push_updates(self) -> None:
        """Deliver the oldest update again and again until it gets a 2xx."""
        await self._hooked.wait()  # most worlds never have a webhook, and a client takes a tenth of a second to make
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
            while True:
                with self._changed:
                    target, update = dict(self._webhook), next(iter(self._updates), None)
                if not target or update is None:
                    await asyncio.sleep(0.02)
                    continue
                secret = {"X-Telegram-Bot-Api-Secret-Token": target["secret"]} if target["secret"] else {}
                try:
                    status = (await client.post(target["url"], json=update, headers=secret)).status_code
                except httpx.HTTPError:
                    status = 0
                with self._changed:
                    self.webhook_answers.append(status)
                    if 200 <= status < 300:
                        self._updates = [kept for kept in self._updates if kept["update_id"] != update["update_id"]]
                    self._changed.notify_all()
                if not 200 <= status < 300:
                    await asyncio.sleep(0.05)


METHODS: dict[str, Callable[..., Any]] = {
    "getMe": FakeTelegram._get_me, "getUpdates": FakeTelegram._get_updates,
    "setWebhook": FakeTelegram._set_webhook, "deleteWebhook": FakeTelegram._delete_webhook,
    "getWebhookInfo": FakeTelegram._webhook_info, "sendMessage": FakeTelegram._send_message,
    "sendPhoto": FakeTelegram._send_photo, "editMessageText": FakeTelegram._edit_text,
    "editMessageReplyMarkup": FakeTelegram._edit_markup, "deleteMessage": FakeTelegram._delete,
    "answerCallbackQuery": FakeTelegram._answer_press, "sendChatAction": FakeTelegram._chat_action,
    "setMyCommands": FakeTelegram._set_commands, "getMyCommands": lambda self, **_: self.commands,
}  # fmt: skip
STATUS = {
    429: "Too Many Requests: retry after {}", 500: "Internal Server Error", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout", 400: "Bad Request", 403: "Forbidden", 401: "Unauthorized",
}  # fmt: skip
TEXTUAL = ("text", "caption", "parse_mode", "callback_query_id", "url", "secret_token", "action")


def _person(chat: int) -> dict[str, Any]:
    return {"id": chat, "is_bot": False, "first_name": "Lan", "language_code": "vi"}


async def _parameters(request: Request) -> dict[str, Any]:
    """Query, JSON, form or multipart, as the real API takes them; in forms everything but text is JSON."""
    found: dict[str, Any] = dict(request.query_params)
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        given = json.loads(await request.body() or b"{}")
        return {**found, **given} if isinstance(given, dict) else found
    if kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        async with request.form() as form:
            for name, value in form.items():
                found[name] = value if isinstance(value, str) else await value.read()
    for name, value in found.items():
        if isinstance(value, str) and name not in TEXTUAL:
            try:
                found[name] = json.loads(value)
            except ValueError:
                continue
    return found


def parse_text(text: str, parse_mode: str, limit: int = 4096, too_long: str = "message is too long") -> Any:
    """The visible text and its bold pieces; refuses as Telegram does. Lengths in UTF-16 units."""
    if parse_mode and parse_mode.lower() != "html":
        raise RefusedError(400, "Bad Request: unsupported parse_mode")
    text = re.sub(r"[\u2028-\u202e\r]", "", text)
    text = re.sub(r"[\x00-\x09\x0b-\x1f]", " ", text)
    visible, bold = _parse_html(text) if parse_mode else (text, [])
    visible = visible.strip()
    if not visible:
        raise RefusedError(400, "Bad Request: message text is empty")
    if len(visible.encode("utf-16-le")) // 2 > limit:
        raise RefusedError(400, f"Bad Request: {too_long}")
    return visible, bold


def _parse_html(text: str) -> tuple[str, list[str]]:
    visible, bold, position = "", [], 0
    opened: list[tuple[str, int]] = []
    complaint = "Bad Request: can't parse entities: "
    for tag in re.finditer(r"<", text):
        if tag.start() < position:
            continue
        visible += _entities(text[position : tag.start()])
        offset = len(text[: tag.start()].encode())
        found = re.compile(r"<(/?)([a-zA-Z-]+)((?:\s+[\w-]+(?:=\"[^\"<>]*\"|='[^'<>]*')?)*)\s*>").match(
            text, tag.start()
        )
        if not found or found[2].lower() not in TAGS:
            name = found[2] if found else re.split(r"[\s>]", text[tag.start() + 1 :])[0][:20]
            raise RefusedError(400, f'{complaint}Unsupported start tag "{name}" at byte offset {offset}')
        name, position = found[2].lower(), found.end()
        if not found[1]:
            opened.append((name, len(visible)))
        elif not opened:
            raise RefusedError(400, f"{complaint}Unexpected end tag at byte offset {offset}")
        else:
            start_name, start = opened.pop()
            if start_name != name:
                raise RefusedError(
                    400, f'{complaint}Unmatched end tag at byte offset {offset}, expected "</{start_name}>"'
                )
            if name in ("b", "strong"):
                bold.append(visible[start:])
    if opened:
        raise RefusedError(400, f'{complaint}Can\'t find end tag corresponding to start tag "{opened[-1][0]}"')
    return visible + _entities(text[position:]), bold


def _entities(text: str) -> str:
    """Telegram knows four named entities and the numeric ones; "&nbsp;" stays as it is."""
    return re.sub(r"&(lt|gt|amp|quot|#\d{1,7}|#x[0-9a-fA-F]{1,6});", lambda found: html.unescape(found[0]), text)


def _check_keyboard(markup: Any) -> list[list[tuple[str, str]]]:
    if markup is None:
        return []
    if not isinstance(markup, dict) or not isinstance(markup.get("inline_keyboard"), list):
        raise RefusedError(400, "Bad Request: object expected as reply markup")
    rows = []
    for row in markup["inline_keyboard"]:
        buttons = []
        for button in row:
            label, link = button.get("text", ""), button.get("callback_data")
            if not label.strip():
                raise RefusedError(400, "Bad Request: inline keyboard button text must be non-empty")
            if link is None and not button.get("url"):
                raise RefusedError(400, "Bad Request: Text buttons are unallowed in the inline keyboard")
            if link is not None and not 1 <= len(link.encode()) <= 64:
                raise RefusedError(400, "Bad Request: BUTTON_DATA_INVALID")
            buttons.append((label, link or button["url"]))
        if buttons:
            rows.append(buttons)
    if sum(map(len, rows)) > 100 or any(len(row) > 8 for row in rows):
        raise RefusedError(400, "Bad Request: reply markup is too long")
    return rows
