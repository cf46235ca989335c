"""The Zalo Bot Platform on loopback: one update at a time, 408 for nothing, no buttons, `ok` in the answer decides."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.requests import Request

from tests.fakes.loopback import Call, Loopback

TOKEN = "123456789:bot-token"


class BotError(Exception):
    """An answer with ok=false."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


@dataclass
class Seen:
    """A message as a person sees it."""

    message_id: str
    text: str


class FakeZaloBot(Loopback):
    """One bot's world. With `http_errors` failures carry their HTTP status too; the facts allow both."""

    def __init__(self, *, http_errors: bool = False, wrapped: bool = True) -> None:
        super().__init__()
        self.http_errors, self.wrapped = http_errors, wrapped
        self.typing: list[str] = []
        self.quota: int | None = None
        self.webhook: dict[str, str] = {}
        self.webhook_answers: list[int] = []
        self._seen: dict[str, list[Seen]] = {}
        self._updates: list[dict[str, Any]] = []
        self._number = self._poller = 0

    # --- the people ---

    def user_sends(self, chat: str, text: str, *, chat_type: str = "PRIVATE", times: int = 1) -> str:
        """A person writes; `times` deliveries."""
        return self._happens(chat, "message.text.received", {"text": text}, chat_type, times)

    def user_sends_other(self, chat: str, kind: str) -> str:
        """A person sends an image, sticker, voice or something unsupported."""
        return self._happens(chat, f"message.{kind}.received", {"photo_url": "https://zalo.example/x"})

    def raw_update(self, update: Any) -> None:
        with self._changed:
            self._updates.append(update)

    def messages(self, chat: str) -> list[Seen]:
        with self._changed:
            return list(self._seen.get(chat, []))

    def wait_for_messages(self, chat: str, count: int, timeout: float = 20) -> list[Seen]:
        """Block until a person got so many messages."""
        self.wait_until(lambda: len(self.messages(chat)) >= count, timeout)
        return self.messages(chat)

    def pending(self) -> int:
        with self._changed:
            return len(self._updates)

    # --- inside ---

    def _happens(self, chat: str, name: str, more: dict[str, Any], chat_type: str = "PRIVATE", times: int = 1) -> str:
        with self._changed:
            self._number += 1
            self._seen.setdefault(chat, [])
            message = {
                "from": {"id": chat, "display_name": "Lan", "is_bot": False}, "message_id": f"m{self._number}",
                "chat": {"id": chat, "chat_type": chat_type}, "date": int(time.time() * 1000), **more,
            }  # fmt: skip
            self._updates += [{"event_name": name, "message": message}] * times
            self._changed.notify_all()
            return f"m{self._number}"

    async def beside(self) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            while True:
                await asyncio.sleep(0.01)
                with self._changed:
                    hook, update = dict(self.webhook), next(iter(self._updates), None)
                if not hook or update is None:
                    continue
                body = {"ok": True, "result": update} if self.wrapped else update
                headers = {"X-Bot-Api-Secret-Token": hook["secret_token"]}
                try:
                    status = (await client.post(hook["url"], json=body, headers=headers)).status_code
                except httpx.HTTPError:
                    status = 0
                with self._changed:
                    self.webhook_answers.append(status)
                    if status == 200:
                        self._updates.pop(0)
                    self._changed.notify_all()

    async def read(self, request: Request) -> Call:
        _, _, rest = request.url.path.partition("/bot")
        token, _, method = rest.partition("/")
        try:
            given = json.loads(await request.body() or b"{}")
        except ValueError:
            given = {}
        return Call(method, given, {"token": token})

    def recipient(self, call: Call) -> str | None:
        return call.params.get("chat_id")

    def failure(self, error: int) -> tuple[int, dict[str, Any]]:
        status = error if self.http_errors else 200
        return status, {"ok": False, "error_code": error, "description": f"error {error}"}

    async def answer(self, call: Call) -> tuple[int, dict[str, Any], dict[str, str]]:
        try:
            if call.headers["token"] != TOKEN:
                raise BotError(401)
            if call.method == "getUpdates":
                result = await self._get_updates(call.params)
            else:
                with self._changed:
                    result = self._do(call)
            return 200, {"ok": True, "result": result}, {}
        except BotError as error:
            return *self.failure(error.code), {}

    async def _get_updates(self, params: dict[str, Any]) -> dict[str, Any]:
        if self.webhook:
            raise BotError(400)
        self._poller += 1
        poller, end = self._poller, time.monotonic() + int(params.get("timeout", 30))
        # a newer poller takes over: the older one may have lost its client
        while poller == self._poller and not self._server.should_exit:
            with self._changed:
                if self._updates:
                    self._changed.notify_all()
                    return self._updates.pop(0)  # handed out once, and forgotten
            if time.monotonic() >= end:
                break
            await asyncio.sleep(0.01)
        raise BotError(408)

    def _do(self, call: Call) -> Any:
        params = call.params
        match call.method:
            case "getMe":
                return {"id": "1", "account_name": "bot.motcua", "account_type": "BASIC", "can_join_groups": False}
            case "setWebhook":
                if not 8 <= len(params.get("secret_token", "")) <= 256:
                    raise BotError(400)
                self.webhook = {"url": params["url"], "secret_token": params["secret_token"]}
                return {"url": params["url"]}
            case "deleteWebhook":
                self.webhook = {}
                return True
            case "sendChatAction":
                self.typing.append(params["chat_id"])
                return True
            case "sendMessage":
                return self._send(params)
            case _:
                raise BotError(404)

    def _send(self, params: dict[str, Any]) -> dict[str, Any]:
        chat, text = params.get("chat_id"), params.get("text", "")
        if chat not in self._seen or not 1 <= len(text) <= 2000:
            raise BotError(400)
        if self.quota is not None:
            if self.quota <= 0:
                raise BotError(429)
            self.quota -= 1
        self._number += 1
        self._seen[chat].append(Seen(f"m{self._number}", text))
        return {"message_id": f"m{self._number}", "date": int(time.time() * 1000)}
