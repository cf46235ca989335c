"""Zalo Official Account on loopback: OAuth, messages, templates and webhooks, with the residents as plain methods.

It behaves like the real one where that can hurt: errors come with HTTP 200, refresh tokens work once, texts over
2,000 characters and silence of 7 days are refused, webhooks are signed over the raw bytes and come again with
`num_retry` until they get a 200 within 2 s, and saving the address of the webhook sends an unsigned probe.
"""

import asyncio
import hashlib
import json
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from starlette.requests import Request

from tests.fakes.loopback import Call, Loopback

APP_ID, APP_SECRET, OA_ID, WEBHOOK_KEY = "360846524940903967", "app-secret", "388613280878808645", "webhook-key"
PATHS = {
    "/v4/oa/access_token": "token",
    "/v3.0/oa/message/cs": "cs",
    "/v3.0/oa/message/template": "user_template",
    "/message/template": "phone_template",
}
KINDS = ("image", "file", "audio", "video", "link", "location", "sticker", "gif", "business_card")


class ZaloError(Exception):
    """An answer with an error code."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


@dataclass
class Seen:
    """A message as a person sees it; `buttons` as (title, payload), `template` its id with `data`."""

    message_id: str
    text: str
    buttons: list[tuple[str, str]] = field(default_factory=list)
    template: str | None = None
    data: dict[str, str] = field(default_factory=dict)
    tracking_id: str | None = None


class FakeZalo(Loopback):
    """One Official Account's world. `url` is the base of all three hosts."""

    def __init__(self) -> None:
        super().__init__()
        self.access, self.refresh = "access-1", "refresh-1"
        self.now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
        self.expires_at = self.now + timedelta(hours=25)
        self.refreshes = 0
        self.templates: dict[str, set[str]] = {"4711": {"ma_ho_so", "trang_thai"}}
        self.phones: dict[str, str] = {}
        self.button_shape: str | None = "attachment"
        self.limit, self.remain = 4000, 4000
        self.retry_pauses = [0.05] * 5
        self.webhook_patience = 2.0
        self.webhook_url: str | None = None
        self.webhook_answers: list[tuple[int, int]] = []
        """(HTTP status or 0, num_retry) of each delivery."""
        self._used: set[str] = set()
        self._seen: dict[str, list[Seen]] = {}
        self._interaction: dict[str, datetime] = {}
        self._gone: set[str] = set()
        self._events: list[tuple[bytes, str]] = []
        self._number = 0

    # --- the people ---

    def user_sends(self, user: str, text: str, *, msg_id: str | None = None, times: int = 1) -> str:
        """A person writes; `times` deliveries of the same event. Returns the id of the message."""
        return self._user_event(user, "user_send_text", {"text": text}, msg_id, times)

    def user_sends_other(self, user: str, kind: str, text: str | None = None, payload: Any = None) -> str:
        """A person sends an image, a file, ... (`KINDS`)."""
        assert kind in KINDS
        attachments = [{"type": kind, "payload": payload or {"url": "https://zalo.example/x"}}]
        message = {"attachments": attachments} | ({"text": text} if text else {})
        return self._user_event(user, f"user_send_{kind}", message)

    def user_taps(self, user: str, title: str) -> str:
        """A person taps a button; the account receives its payload as if it had been typed."""
        for seen in reversed(self.messages(user)):
            for shown, payload in seen.buttons:
                if shown == title:
                    return self.user_sends(user, payload)
        raise AssertionError(f"no button {title!r}: {self.messages(user)}")

    def follows(self, user: str) -> None:
        self._gone.discard(user)
        self._seen.setdefault(user, [])
        self._follower_event("follow", user)

    def unfollows(self, user: str) -> None:
        self._gone.add(user)
        self._follower_event("unfollow", user)

    def silent_for(self, user: str, silence: timedelta) -> None:
        """The person is known, and wrote last so long ago."""
        self._seen.setdefault(user, [])
        self._interaction[user] = self.now - silence

    def reads_phone(self, phone: str, user: str) -> None:
        """This telephone number has a Zalo account."""
        self.phones[phone] = user

    def token_ages(self, by: timedelta) -> None:
        """Time passes for everybody."""
        with self._changed:
            self.now += by

    def token_is_revoked(self) -> None:
        """The access token does not work any more, though it is young."""
        with self._changed:
            self.access = "nobody-has-this"

    def messages(self, user: str) -> list[Seen]:
        """What a person got."""
        with self._changed:
            return list(self._seen.get(user, []))

    def wait_for_messages(self, user: str, count: int, timeout: float = 20) -> list[Seen]:
        """Block until a person got so many messages."""
        self.wait_until(lambda: len(self.messages(user)) >= count, timeout)
        return self.messages(user)

    def pending(self) -> int:
        """Events that were not acknowledged."""
        with self._changed:
            return len(self._events)

    # --- webhooks ---

    def save_webhook(self, url: str) -> int:
        """An operator saves the address in the console: an unsigned probe must get a 200."""
        probe = httpx.post(url, json={"event_name": "test", "app_id": APP_ID}, timeout=5, trust_env=False)
        if probe.status_code == 200:
            self.webhook_url = url
        return probe.status_code

    def event(self, body: dict[str, Any] | bytes, *, times: int = 1) -> None:
        """An event of any shape, signed."""
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        stamp = str(json.loads(raw)["timestamp"]) if not isinstance(body, bytes) else "1"
        with self._changed:
            self._events += [(raw, mac(raw, stamp))] * times

    def _user_event(
        self, user: str, name: str, message: dict[str, Any], msg_id: str | None = None, times: int = 1
    ) -> str:
        with self._changed:
            self._number += 1
            self._seen.setdefault(user, [])
            self._interaction[user] = self.now
            msg_id = msg_id or f"in{self._number:08d}"
            self.event(
                {
                    "app_id": APP_ID, "user_id_by_app": f"by-app-{user}", "event_name": name, "sender": {"id": user},
                    "recipient": {"id": OA_ID}, "message": {**message, "msg_id": msg_id}, "timestamp": self._stamp(),
                },
                times=times,
            )  # fmt: skip
        return msg_id

    def _follower_event(self, name: str, user: str) -> None:
        self.event(
            {
                "oa_id": OA_ID, "follower": {"id": user}, "user_id_by_app": "1", "event_name": name,
                "source": "oa_profile", "app_id": APP_ID, "timestamp": self._stamp(),
            }
        )  # fmt: skip

    def _stamp(self) -> str:
        self._number += 1
        return str(1_790_000_000_000 + self._number * 10_000)

    async def beside(self) -> None:
        """Deliver the events in order, each until it gets its 200 or all retries are used up."""
        async with httpx.AsyncClient(trust_env=False) as client:
            while True:
                with self._changed:
                    url, event = self.webhook_url, next(iter(self._events), None)
                if url is None or event is None:
                    await asyncio.sleep(0.01)
                    continue
                for number, pause in enumerate([0, *self.retry_pauses]):
                    await asyncio.sleep(pause)
                    if await self._deliver(client, *event, number) == 200:
                        break
                with self._changed:
                    self._events.pop(0)
                    self._changed.notify_all()

    async def _deliver(self, client: httpx.AsyncClient, body: bytes, signed: str, number: int) -> int:
        headers = {"X-ZEvent-Signature": f"mac={signed}", "Content-Type": "application/json"}
        if number:
            headers["num_retry"] = str(number)
        try:
            answer = await client.post(
                str(self.webhook_url), content=body, headers=headers, timeout=self.webhook_patience
            )
            status = answer.status_code
        except httpx.HTTPError:
            status = 0
        with self._changed:
            self.webhook_answers.append((status, number))
            self._changed.notify_all()
        return status

    # --- inside ---

    async def read(self, request: Request) -> Call:
        method, headers = PATHS.get(request.url.path, request.url.path), dict(request.headers)
        if method == "token":
            async with request.form() as form:
                return Call(method, {name: str(value) for name, value in form.items()}, headers)
        try:
            given = json.loads(await request.body() or b"{}")
        except ValueError:
            given = {}
        return Call(method, given, headers)

    def recipient(self, call: Call) -> str | None:
        found = call.params.get("recipient", {}).get("user_id") or call.params.get("user_id")
        return found or call.params.get("phone")

    def failure(self, error: int) -> tuple[int, dict[str, Any]]:
        return 200, {"error": error, "message": f"error {error}"}

    async def answer(self, call: Call) -> tuple[int, dict[str, Any], dict[str, str]]:
        handlers = {
            "token": self._token, "cs": self._cs, "user_template": self._user_template,
            "phone_template": self._phone_template,
        }  # fmt: skip
        if call.method not in handlers:
            return 404, {"message": "Not Found"}, {}
        with self._changed:
            try:
                if call.method != "token":
                    self._authorise(call)
                answer = handlers[call.method](call)
            except ZaloError as error:
                answer = self.failure(error.code)[1]
            headers = {"X-RateLimit-Limit": str(self.limit), "X-RateLimit-Remain": str(max(0, self.remain))}
        return 200, answer, {} if call.method == "token" else headers

    def _authorise(self, call: Call) -> None:
        if call.headers.get("access_token") != self.access:
            raise ZaloError(-124 if call.method == "phone_template" else -216)
        if self.now >= self.expires_at:
            raise ZaloError(-124 if call.method == "phone_template" else -220)
        self.remain -= 1
        if self.remain < 0:
            raise ZaloError(-32)

    def _token(self, call: Call) -> dict[str, Any]:
        form = call.params
        if call.headers.get("secret_key") != APP_SECRET or form.get("app_id") != APP_ID:
            raise ZaloError(-14004)
        if form.get("grant_type") == "authorization_code":
            if form.get("code") != "code-1" or form.get("code_verifier") != "verifier-1":
                raise ZaloError(-14004)
        elif form.get("refresh_token") != self.refresh or self.refresh in self._used:
            raise ZaloError(-14014)
        self._used.add(self.refresh)
        self.refreshes += 1
        self.access, self.refresh = f"access-{self.refreshes + 1}", f"refresh-{self.refreshes + 1}"
        self.expires_at = self.now + timedelta(hours=25)
        return {"access_token": self.access, "refresh_token": self.refresh, "expires_in": "90000"}

    def _cs(self, call: Call) -> dict[str, Any]:
        user, message = call.params["recipient"]["user_id"], call.params["message"]
        self._reachable(user)
        if self.now - self._interaction.get(user, datetime.min.replace(tzinfo=UTC)) > timedelta(days=7):
            raise ZaloError(-230)
        payload = message.get("attachment", {}).get("payload", {})
        text = message.get("text", "") or payload.get("text", "")
        if not text.strip():
            raise ZaloError(-201)
        if len(text.encode("utf-16-le")) // 2 > 2000:
            raise ZaloError(-210)
        return self._show(user, Seen(self._id(), text, self._buttons(message, payload)))

    def _buttons(self, message: dict[str, Any], payload: dict[str, Any]) -> list[tuple[str, str]]:
        buttons = payload.get("buttons", [])
        if not buttons:
            return []
        shape = "template" if payload.get("template_type") == "button" else "attachment"
        if shape != self.button_shape:
            raise ZaloError(-233 if self.button_shape else -201)
        if len(buttons) > 5 or any(len(button["payload"]) > 1000 or not button["title"] for button in buttons):
            raise ZaloError(-201)
        assert shape == "template" or message["text"]
        return [(button["title"], button["payload"]) for button in buttons]

    def _user_template(self, call: Call) -> dict[str, Any]:
        user = call.params["user_id"]
        self._reachable(user)
        self._check_template(call.params)
        seen = Seen(self._id(), "", template=call.params["template_id"], data=call.params["template_data"])
        return self._show(user, seen)

    def _phone_template(self, call: Call) -> dict[str, Any]:
        phone, tracking = str(call.params.get("phone", "")), call.params.get("tracking_id")
        if not re.fullmatch(r"84[0-9]{9,10}", phone):
            raise ZaloError(-108)
        if not tracking or len(tracking) > 48:
            raise ZaloError(-132)
        self._check_template(call.params)
        if phone not in self.phones:
            raise ZaloError(-118)
        user = self.phones[phone]
        seen = Seen(self._id(), "", template=call.params["template_id"], data=call.params["template_data"])
        seen.tracking_id = tracking
        shown = self._show(user, seen)
        self.event(
            {
                "event_name": "user_received_message", "sender": {"id": OA_ID}, "recipient": {"id": phone},
                "message": {"delivery_time": "1", "msg_id": seen.message_id, "tracking_id": tracking},
                "app_id": APP_ID, "timestamp": self._stamp(),
            }
        )  # fmt: skip
        mode = call.params.get("mode", "")
        sending = {"msg_id": seen.message_id, "sent_time": "1626926349402", "sending_mode": "1", "mode": mode}
        return shown | {"data": sending | {"quota": {"dailyQuota": "500", "remainingQuota": "499"}}}

    def _check_template(self, params: dict[str, Any]) -> None:
        fields = self.templates.get(params.get("template_id", ""))
        if fields is None:
            raise ZaloError(-109)
        if not params.get("template_data"):
            raise ZaloError(-111)
        if fields - set(params["template_data"]):
            raise ZaloError(-1122)
        if not all(str(value).strip() for value in params["template_data"].values()):
            raise ZaloError(-1124)

    def _reachable(self, user: str) -> None:
        if user not in self._seen:
            raise ZaloError(-201)
        if user in self._gone:
            raise ZaloError(-213)

    def _show(self, user: str, seen: Seen) -> dict[str, Any]:
        self._seen.setdefault(user, []).append(seen)
        if seen.template is None:  # Zalo echoes what the account says
            self.event(
                {
                    "event_name": "oa_send_text", "sender": {"id": OA_ID}, "recipient": {"id": user},
                    "message": {"text": seen.text, "msg_id": seen.message_id}, "app_id": APP_ID,
                    "timestamp": self._stamp(),
                }
            )  # fmt: skip
        data = {"message_id": seen.message_id, "user_id": user, "sent_time": str(int(time.time() * 1000))}
        return {"data": data | {"quota": {"quota_type": "reply"}}, "error": 0, "message": "Success"}

    def _id(self) -> str:
        self._number += 1
        return f"out{self._number:08d}"


def mac(body: bytes, timestamp: str, *, app_id: str = APP_ID, key: str = WEBHOOK_KEY) -> str:
    """Zalo's signature: SHA-256 of app id, raw body, timestamp and key, one after the other."""
    digest = hashlib.sha256()
    for part in (app_id.encode(), body, timestamp.encode(), key.encode()):
        digest.update(part)
    return digest.hexdigest()
