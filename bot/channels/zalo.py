"""Zalo Official Account: signed webhooks become `Incoming`, a `Reply` becomes text with a numbered menu.

Inside the window after somebody wrote, they get free text (message/cs); outside it only a template that Zalo approved.
Zalo has no sandbox and its documents contradict each other in places, so every address and every doubtful point is a
setting. There is no well-kept library for it.
"""

import asyncio
import contextlib
import hashlib
import hmac
import logging
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final, Literal
from weakref import WeakValueDictionary

import httpx
import msgspec
from aiolimiter import AsyncLimiter

from bot.channels import NoticeLater, OutcomeUnknown, PersonLater, Receive, Refused, Sent, TryLater, Unreachable
from bot.channels.plain import numbered
from bot.channels.turns import Turns
from bot.channels.zalo_errors import (
    OA_ERRORS,
    TEMPLATE_ERRORS,
    USER_TEMPLATE_ERRORS,
    Action,
    NeedsOperator,
    OutsideWindow,
    RateLater,
    Table,
)
from bot.channels.zalo_tokens import TokenKeeper, TokenStore
from bot.failures import where
from bot.messages import Choice, Contact, Incoming, Reply

log = logging.getLogger(__name__)
OnReachable = Callable[[Contact, bool], Awaitable[None]]
OnFollowed = Callable[[Contact, bool, datetime], Awaitable[None]]
LastSeen = Callable[[Contact], Awaitable[datetime | None]]

CHANNEL: Final = "zalo"
TEXT_LIMIT: Final = 2000
BUTTON_LIMIT: Final = 5
TITLE_LIMIT: Final = 100
TRACKING_LIMIT: Final = 48
LARGEST_WEBHOOK: Final = 1_000_000
VIETNAM: Final = timezone(timedelta(hours=7))
PRESS: Final = re.compile(r"#([a-z_]+\.[a-z_]+(?::[A-Za-z0-9._~%-]*)*)")
"""A tapped button comes back as text: "#" and the link. Anybody can type that; links are user input anyway."""

OTHER: Final = {
    "user_send_image": "photo", "user_send_gif": "sticker", "user_send_sticker": "sticker",
    "user_send_audio": "voice", "user_send_video": "file", "user_send_file": "file", "user_send_link": "file",
    "user_send_location": "location", "user_send_business_card": "contact",
}  # fmt: skip


class ZaloSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach Zalo; times in seconds. Everything that the documents leave open is a setting."""

    app_id: str
    app_secret: str
    oa_id: str
    oa_secret_key: str
    """The key on the application's webhook page; not the application's secret."""
    openapi_url: str = "https://openapi.zalo.me"
    business_url: str = "https://business.openapi.zalo.me"
    oauth_url: str = "https://oauth.zaloapp.com"
    signing_id: Literal["app", "oa"] = "app"
    """Which id stands in front of what is signed."""
    signing_key: Literal["webhook", "app"] = "webhook"
    templates: dict[str, str] = {}
    """Kind of notice → id of the template that Zalo approved for it."""
    template_mode: Literal["", "development"] = ""
    buttons: bool = False
    button_shape: Literal["attachment", "template"] = "attachment"
    free_window: float = 48 * 3600
    """How long after somebody wrote free text may be pushed to them; later it costs money, after 7 days it fails."""
    refresh_after: float = 20 * 3600
    sorry: str = "Xin lỗi, hệ thống đang trục trặc nên chưa trả lời được. Bạn vui lòng nhắn lại sau ít phút."
    connect_timeout: float = 10
    read_timeout: float = 20
    ack_patience: float = 1.5
    """How long a webhook waits for the answer to leave. What is acknowledged before is lost if this process dies;
    Zalo wants its 200 within 2 s."""
    stop_patience: float = 10
    retry_pause: float = 1
    rate_pause: float = 15
    later_pause: float = 240
    """After "sending failed", which does not tell whether Zalo or this message is at fault: it counts as a try."""
    longest_pause: float = 60
    concurrent: int = 32
    per_second: float = 50
    reserve: float = 0.05
    """This part of Zalo's rate is kept for people who wait for an answer."""
    keep_tokens_fresh: float = 600

    def __repr__(self) -> str:
        return f"ZaloSettings(app_id={self.app_id!r}, oa_id={self.oa_id!r}, openapi_url={self.openapi_url!r})"


class Filled(msgspec.Struct, frozen=True):
    """A template with its fields, for somebody whom free text can't reach."""

    template: str
    """Kind of notice as in `ZaloSettings.templates`, or the id of a template."""
    data: dict[str, str]


class Receipt(msgspec.Struct, frozen=True):
    """Zalo's word that a message arrived on a phone."""

    message_id: str
    tracking_id: str | None


OnReceipt = Callable[[Receipt], Awaitable[None]]


# --- what Zalo sends: only the fields that we read ---


class _Person(msgspec.Struct, frozen=True):
    id: str = ""


class _Message(msgspec.Struct, frozen=True):
    msg_id: str = ""
    text: str | None = None
    tracking_id: str | None = None


class _Event(msgspec.Struct, frozen=True):
    event_name: str
    timestamp: str | int = ""
    sender: _Person = _Person()
    recipient: _Person = _Person()
    follower: _Person = _Person()
    message: _Message = _Message()


class _Stamp(msgspec.Struct, frozen=True):
    timestamp: str | int = ""


def signature(settings: ZaloSettings, body: bytes, timestamp: str) -> str:
    """What Zalo writes behind "mac=": SHA-256 over id, body, timestamp and key, not an HMAC."""
    identity = settings.app_id if settings.signing_id == "app" else settings.oa_id
    secret = settings.oa_secret_key if settings.signing_key == "webhook" else settings.app_secret
    return hashlib.sha256(identity.encode() + body + timestamp.encode() + secret.encode()).hexdigest()


class Zalo:
    """The channel. `receive` gets every message once or, after a crash, again with the same message_id; `sent` hears
    of each message whose answer has left.

    `on_followed` hears who follows (True) or unfollowed (False), and when: such events may come late and out of order.
    `on_reachable` hears who can't be reached (False), and of those too where there is no `on_followed`; `on_receipt` of
    messages that arrived; `last_seen` tells when somebody last wrote (without it Zalo is asked by sending). `counts`:
    "unsigned", "malformed", "ignored", "redelivered", "failed", "unanswered".
    """

    def __init__(
        self,
        settings: ZaloSettings,
        receive: Receive,
        *,
        tokens: TokenStore,
        sent: Sent | None = None,
        on_reachable: OnReachable | None = None,
        on_followed: OnFollowed | None = None,
        on_receipt: OnReceipt | None = None,
        last_seen: LastSeen | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if not (settings.app_id and settings.app_secret and settings.oa_secret_key):
            raise ValueError("Zalo needs app_id, app_secret and oa_secret_key: see developers.zalo.me.")
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self.counts: Counter[str] = Counter()
        self._settings, self._now = settings, now
        self._on_reachable, self._on_receipt, self._last_seen = on_reachable, on_receipt, last_seen
        self._on_followed = on_followed
        self._client = httpx.AsyncClient(timeout=httpx.Timeout(settings.read_timeout, connect=settings.connect_timeout))
        self._keeper = TokenKeeper(
            tokens,
            self._client,
            url=f"{settings.oauth_url}/v4/oa/access_token",
            app_id=settings.app_id,
            app_secret=settings.app_secret,
            refresh_after=timedelta(seconds=settings.refresh_after),
            timeout=settings.read_timeout,
            now=now,
        )
        self._turns = Turns(
            receive,
            lambda contact, reply: self._say(contact, reply, patient=True),
            sent=sent,
            sorry=settings.sorry,
            concurrent=settings.concurrent,
            counts=self.counts,
        )
        self._pace = AsyncLimiter(max(1, settings.per_second / 5), 0.2)
        self._speaking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._last_other: dict[str, tuple[str, float]] = {}
        self._buttons = settings.buttons
        self._held_until = 0.0  # monotonic; pushes wait, answers use the reserve
        self._held_templates: dict[str, tuple[float, str]] = {}  # id: until when (monotonic), and why
        self._asides: set[asyncio.Task[None]] = set()
        self._fresh: asyncio.Task[None] | None = None

    # --- life ---

    async def start(self) -> None:
        """Begin to take webhooks, and keep the tokens fresh also while nobody writes."""
        self._fresh = asyncio.create_task(self._keep_fresh())

    async def stop(self) -> None:
        """Finish what is in hand, for at most `stop_patience`."""
        if self._fresh:
            self._fresh.cancel()
            await asyncio.wait([self._fresh])
            self._fresh = None
        await self._turns.stop(self._settings.stop_patience)
        if self._asides:
            await asyncio.wait(self._asides, timeout=self._settings.stop_patience)
        await self._client.aclose()

    async def consent(self, code: str, verifier: str) -> None:
        """Turn an administrator's consent into the first tokens; raises NeedsOperator or TryLater."""
        await self._keeper.consent(code, verifier)

    async def _keep_fresh(self) -> None:
        while True:
            try:
                await self._keeper.current()
            except TryLater as error:
                log.error("Zalo can't be sent to: %s", error.reason)
            except Exception as error:  # noqa: BLE001
                log.error("Zalo's tokens could not be looked after: %s", where(error))
            await asyncio.sleep(self._settings.keep_tokens_fresh)

    # --- a message comes in ---

    async def handle_webhook(
        self, body: bytes, signature_header: str | None, timestamp_header: str | None = None
    ) -> int:
        """The HTTP status for a webhook. Never raises.

        200 for what isn't signed by Zalo too (saving the address in the console sends such a probe), but nothing is
        done with it. 503 only while stopping, so that Zalo comes again.
        """
        settings = self._settings
        stamp = _decoded(body, _Stamp) if len(body) <= LARGEST_WEBHOOK else None
        if stamp is None:
            self.counts["malformed"] += 1
            return 200
        timestamp = str(stamp.timestamp or timestamp_header or "")
        given = (signature_header or "").strip().removeprefix("mac=").lower()  # either way of writing hexadecimals
        # Digits only: otherwise signs could wander between body and timestamp, which are signed without a gap.
        if not re.fullmatch(r"[0-9]{1,20}", timestamp) or not hmac.compare_digest(
            signature(settings, body, timestamp).encode(), given.encode("utf-8", "replace")
        ):
            self.counts["unsigned"] += 1
            log.warning("A webhook not signed by Zalo was let pass and not obeyed (%d bytes).", len(body))
            return 200
        event = _decoded(body, _Event)
        if event is None:
            self.counts["malformed"] += 1
            log.error("An event of Zalo could not be read and was skipped.")
            return 200
        if self._fresh is None:
            return 503
        task = self._begin(event, timestamp)
        if task is None:
            return 200
        await asyncio.wait([task], timeout=settings.ack_patience)
        return 503 if task.cancelled() else 200

    def _begin(self, event: _Event, timestamp: str) -> asyncio.Task[None] | None:
        name, sender = event.event_name, event.sender.id
        if name in ("follow", "unfollow") and event.follower.id:
            if self._on_followed is None:
                return self._aside(self._tell_reachable(event.follower.id, reachable=name == "follow"))
            contact, at = Contact(CHANNEL, event.follower.id), _moment(timestamp, self._now())
            return self._aside(self._on_followed(contact, name == "follow", at))
        if name == "user_received_message" and self._on_receipt:
            return self._aside(self._on_receipt(Receipt(event.message.msg_id, event.message.tracking_id)))
        incoming = _incoming(event, timestamp)
        if incoming is None or event.recipient.id != (self._settings.oa_id or event.recipient.id):
            self.counts["ignored"] += 1  # echoes of what we sent, "seen", events that we need not know
            return None
        if self._repeats(sender, incoming.other, timestamp):
            self.counts["ignored"] += 1
            return None
        task = self._turns.take(incoming)
        if task is None:
            self.counts["redelivered"] += 1
        return task

    def _repeats(self, sender: str, other: str | None, timestamp: str) -> bool:
        """Ten photos arrive as ten events within moments: one answer is enough."""
        if other is None:
            self._last_other.pop(sender, None)
            return False
        if len(self._last_other) > 1000:
            self._last_other.clear()
        at = int(timestamp) / 1000
        before = self._last_other.get(sender)
        self._last_other[sender] = (other, at)
        return before is not None and before[0] == other and 0 < at - before[1] < 3

    def _aside(self, work: Awaitable[None]) -> asyncio.Task[None]:
        async def run() -> None:
            try:
                await work
            except Exception as error:  # noqa: BLE001
                self.counts["failed"] += 1
                log.error("An event of Zalo was not handled: %s", where(error))

        task = asyncio.create_task(run())
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)
        return task

    async def _tell_reachable(self, user: str, *, reachable: bool) -> None:
        if self._on_reachable:
            try:
                await self._on_reachable(Contact(CHANNEL, user), reachable)
            except Exception as error:  # noqa: BLE001
                log.error("on_reachable failed: %s", where(error))

    # --- a message goes out ---

    def has_template(self, kind: str) -> bool:
        """Whether Zalo approved a template for this kind of notice."""
        return kind in self._settings.templates

    async def send(self, contact: Contact, reply: Reply, template: Filled | None = None) -> str:
        """Push a message; the ids of what was sent, with commas.

        Free text within `free_window` after the person wrote; outside it the template, or OutsideWindow where there
        is none. Raises only what the contract of channels names (see zalo_errors for the finer kinds).
        """
        user = _user(contact)
        if await self._inside_window(contact):
            try:
                return ",".join(await self._say(contact, reply, patient=False))
            except OutsideWindow:
                if template is None:
                    raise
        elif template is None:
            raise OutsideWindow("wrote too long ago for free text, and there is no template for this")
        return await self.send_template(Contact(CHANNEL, user), template.template, template.data)

    async def send_template(
        self, to: Contact | str, template: str, data: Mapping[str, str], tracking_id: str | None = None
    ) -> str:
        """Send an approved template to a user of the account, or to a telephone number ("0984…", "+84984…").

        `tracking_id` (at most 48 characters) comes back in the receipt; Zalo needs one with a telephone number, and
        does not use it against repetitions.
        """
        body: dict[str, Any] = {"template_id": self._settings.templates.get(template, template)}
        body["template_data"] = dict(data)
        if self._settings.template_mode:
            body["mode"] = self._settings.template_mode
        if isinstance(to, Contact):
            url, table = f"{self._settings.openapi_url}/v3.0/oa/message/template", USER_TEMPLATE_ERRORS
            body["user_id"] = _user(to)
        else:
            url, table = f"{self._settings.business_url}/message/template", TEMPLATE_ERRORS
            body |= {"phone": phone_number(to), "tracking_id": _tracking(tracking_id)}
        held = self._held_templates.get(body["template_id"])
        if held and (wait := held[0] - time.monotonic()) > 0:
            raise NoticeLater(wait, held[1])  # refused a moment ago: Zalo need not be asked again
        try:
            found = await self._request(url, body, table, patient=False)
        except _TemplateLater as later:
            self._held_templates[body["template_id"]] = (time.monotonic() + later.seconds, later.reason)
            raise
        except Unreachable as error:
            if isinstance(to, Contact) and not isinstance(error, Refused):
                await self._tell_reachable(to.id, reachable=False)
            raise
        return str(found.get("message_id") or found.get("msg_id") or "")

    async def _inside_window(self, contact: Contact) -> bool:
        if self._last_seen is None:
            return True
        seen = await self._last_seen(contact)
        return seen is not None and self._now() - seen < timedelta(seconds=self._settings.free_window)

    async def _say(self, contact: Contact, reply: Reply, *, patient: bool) -> list[str]:
        user, ids = _user(contact), list[str]()
        parts = numbered(reply, TEXT_LIMIT)
        # The parts of one message stay together, also when a push comes in between.
        async with self._speaking.setdefault(user, asyncio.Lock()):
            try:
                for number, text in enumerate(parts, 1):
                    choices = reply.choices if number == len(parts) else ()
                    ids.append(await self._part(user, text, choices, patient=patient or bool(ids)))
            except Unreachable as error:
                if not isinstance(error, Refused):
                    await self._tell_reachable(user, reachable=False)
                if ids:
                    raise OutcomeUnknown(f"{len(ids)} of {len(parts)} parts arrived, then: {error.reason}") from None
                raise
            except TryLater as error:
                if ids:
                    raise OutcomeUnknown(f"{len(ids)} of {len(parts)} parts arrived, then: {error.reason}") from None
                raise
        return ids

    async def _part(self, user: str, text: str, choices: tuple[Choice, ...], *, patient: bool) -> str:
        url = f"{self._settings.openapi_url}/v3.0/oa/message/cs"
        plain = {"recipient": {"user_id": user}, "message": {"text": text}}
        if self._buttons and choices:
            message = _with_buttons(text, choices, self._settings.button_shape)
            try:
                found = await self._request(url, plain | {"message": message}, OA_ERRORS, patient=patient)
                return str(found.get("message_id", ""))
            except _NotLikeThis:
                # Nothing was delivered: once more without them. The numbers in the text say the same.
                found = await self._request(url, plain, OA_ERRORS, patient=patient)
                self._buttons = False
                log.error("Zalo refuses our buttons; sent without them from now on. See ZaloSettings.button_shape.")
                return str(found.get("message_id", ""))
        return str((await self._request(url, plain, OA_ERRORS, patient=patient)).get("message_id", ""))

    async def _request(self, url: str, body: dict[str, Any], table: Table, *, patient: bool) -> dict[str, Any]:
        """One message at the permitted pace; patient: wait out a pause, try twice more where nothing was sent."""
        failures, paused, renewed = 0, 0.0, False
        while True:
            try:
                if not patient and (wait := self._held_until - time.monotonic()) > 0:
                    raise RateLater(wait, "near Zalo's rate limit")
                await self._pace.acquire()
                tokens = await self._keeper.current()
                code, data = await self._exchange(url, body, tokens.access)
                if code == 0:
                    return data
                action, meaning = table.get(code, (Action.REFUSED, "not in our table"))
                if action is not Action.RENEW or renewed:
                    raise self._error(code, action, meaning)
                renewed = True
                await self._keeper.renewed(tokens)
                continue
            except TryLater as later:
                if not patient or isinstance(later, NeedsOperator | PersonLater | _TemplateLater):
                    raise
                failures += 1
                pause = later.seconds if isinstance(later, RateLater) else self._settings.retry_pause * failures
                paused += pause
                if failures > 2 or paused > self._settings.longest_pause:
                    raise
            await asyncio.sleep(pause)

    async def _exchange(self, url: str, body: dict[str, Any], access: str) -> tuple[int, dict[str, Any]]:
        """Zalo's error code (0: accepted) and data."""
        try:
            response = await self._client.post(url, json=body, headers={"access_token": access})
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise TryLater(30, f"Zalo cannot be reached ({type(error).__name__})") from None
        except httpx.HTTPError as error:
            raise OutcomeUnknown(f"no answer from Zalo ({type(error).__name__})") from None
        self._watch_rate(response.headers)
        answer = _decoded(response.content, dict[str, Any])
        code = answer.get("error") if answer else None
        with contextlib.suppress(TypeError, ValueError):
            data = answer.get("data") if answer else None
            return int(code), data if isinstance(data, dict) else {}  # type: ignore[arg-type]  # None: suppressed
        status = response.status_code
        if status == 429:
            self._held_until = time.monotonic() + self._settings.rate_pause
            raise RateLater(self._settings.rate_pause, "Zalo wants a pause (HTTP 429)")
        if status == 503:
            raise TryLater(30, "Zalo is down (HTTP 503)")
        if 400 <= status < 500:
            raise NeedsOperator(900, f"Zalo does not know this address (HTTP {status}): check the base URLs")
        # A gateway's 500, 502 or 504 does not tell what became of the message behind it.
        raise OutcomeUnknown(f"the answer of Zalo could not be read (HTTP {status})")

    def _watch_rate(self, headers: httpx.Headers) -> None:
        limit, rest = headers.get("X-RateLimit-Limit", ""), headers.get("X-RateLimit-Remain", "")
        if limit.isdecimal() and rest.isdecimal() and int(rest) < int(limit) * self._settings.reserve:
            self._held_until = time.monotonic() + self._settings.rate_pause

    def _error(self, code: int, action: Action, meaning: str) -> Exception:
        reason = f"Zalo {code}: {meaning}"
        match action:
            case Action.UNREACHABLE:
                return Unreachable(reason)
            case Action.TEMPLATE:
                return OutsideWindow(reason)
            case Action.RATE:
                self._held_until = time.monotonic() + self._settings.rate_pause
                return RateLater(self._settings.rate_pause, reason)
            case Action.LATER:
                return NoticeLater(self._settings.later_pause, reason)
            case Action.MORNING:
                return NoticeLater(self._until_morning(tomorrow=False), reason)
            case Action.TEMPLATE_OPERATOR:
                log.critical("%s. Nothing can be sent with this template until this is mended.", reason)
                return _TemplateLater(900, reason)
            case Action.TEMPLATE_TOMORROW:
                log.error("%s; nothing is sent with it until tomorrow.", reason)
                return _TemplateLater(self._until_morning(tomorrow=True), reason)
            case Action.TOMORROW:
                log.error("%s; nothing is sent until tomorrow.", reason)
                return TryLater(self._until_morning(tomorrow=True), reason)
            case Action.PERSON_TOMORROW:
                return PersonLater(self._until_morning(tomorrow=True), reason)
            case Action.RENEW | Action.OPERATOR:
                log.critical("%s. Nothing can be sent on Zalo until this is mended.", reason)
                return NeedsOperator(900, reason)
            case _:
                log.error("%s. The message is given up.", reason)
                return _NotLikeThis(reason) if code in (-201, -233) else Refused(reason)

    def _until_morning(self, *, tomorrow: bool) -> float:
        now = self._now().astimezone(VIETNAM)
        morning = now.replace(hour=7, minute=5, second=0, microsecond=0)
        if tomorrow or morning <= now:
            morning += timedelta(days=1)
        return (morning - now).total_seconds()


class _TemplateLater(NoticeLater):
    """Nothing can be sent with this template for now; other templates and free text go on."""


class _NotLikeThis(Refused):
    """A parameter or message type that Zalo doesn't take: perhaps the buttons."""


def phone_number(text: str) -> str:
    """A Vietnamese telephone number as Zalo wants it: "84" and nine or ten digits."""
    digits = re.sub(r"[\s.()+-]", "", text)
    digits = re.sub(r"^(?:00)?(?:840?|0)", "84", digits)
    if not re.fullmatch(r"84[1-9][0-9]{8,9}", digits):
        raise Refused("not a Vietnamese telephone number")
    return digits


def _tracking(tracking_id: str | None) -> str:
    if not tracking_id or len(tracking_id) > TRACKING_LIMIT:
        raise Refused("a template to a telephone number needs a tracking id of 1 to 48 characters")
    return tracking_id


def _user(contact: Contact) -> str:
    if contact.channel != CHANNEL or not re.fullmatch(r"[0-9A-Za-z_-]{1,64}", contact.id):
        raise Refused("not the id of a Zalo user")
    return contact.id


def _with_buttons(text: str, choices: tuple[Choice, ...], shape: str) -> dict[str, Any]:
    buttons = [
        {"title": choice.label[:TITLE_LIMIT], "type": "oa.query.hide", "payload": f"#{choice.link}"}
        for choice in choices[:BUTTON_LIMIT]
    ]
    if shape == "attachment":
        return {"text": text, "attachment": {"type": "template", "payload": {"buttons": buttons}}}
    return {
        "attachment": {"type": "template", "payload": {"template_type": "button", "text": text, "buttons": buttons}}
    }


def _decoded(body: bytes, shape: Any) -> Any:
    """The body in this shape, or None."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (ValueError, RecursionError):  # msgspec's errors and UnicodeDecodeError are ValueErrors
        return None


def _moment(timestamp: str, now: datetime) -> datetime:
    """When an event happened, by Zalo's milliseconds; never later than now."""
    try:
        return min(datetime.fromtimestamp(int(timestamp) / 1000, UTC), now)
    except (ValueError, OverflowError, OSError):
        return now


def _incoming(event: _Event, timestamp: str) -> Incoming | None:
    if not re.fullmatch(r"[0-9A-Za-z_-]{1,64}", event.sender.id):
        return None
    contact, message = Contact(CHANNEL, event.sender.id), event.message
    number = message.msg_id or f"{event.event_name} {timestamp}"
    text = (message.text or "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if event.event_name in ("user_send_text", "user_send_link") and text.strip():
        if press := PRESS.fullmatch(text.strip()):
            return Incoming(contact=contact, message_id=number, pressed=press[1])
        return Incoming(contact=contact, message_id=number, text=text)
    other = OTHER.get(event.event_name)
    return Incoming(contact=contact, message_id=number, other=other) if other else None
