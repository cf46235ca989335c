"""Zalo Bot Platform: text only, for a pilot or for staff; no Official Account, no templates, no buttons.

With a webhook nothing gets lost while a process restarts. `getUpdates` has no offset: it hands every message out once
and forgets it. So an orderly stop lets the fetch under way end; a message that a killed process had fetched is lost.
"""

import asyncio
import contextlib
import hmac
import logging
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from enum import StrEnum
from time import monotonic
from typing import Any, Final, Protocol

import httpx
import msgspec
from aiolimiter import AsyncLimiter

from bot.channels import OutcomeUnknown, Receive, Refused, Sent, Spent, TryLater, Unreachable
from bot.channels.plain import numbered
from bot.channels.turns import Turns
from bot.channels.zalo_errors import NeedsOperator
from bot.failures import where
from bot.messages import Contact, Incoming, Reply

log = logging.getLogger(__name__)
OnReachable = Callable[[Contact, bool], Awaitable[None]]


class Allowance(Protocol):
    """Counts what left this month, over all processes."""

    async def used(self) -> int:
        """How many messages have left this month."""

    async def left(self) -> None:
        """One more has left."""


CHANNEL: Final = "zalobot"
TEXT_LIMIT: Final = 2000
OTHER: Final = {
    "message.image.received": "photo",
    "message.sticker.received": "sticker",
    "message.voice.received": "voice",
    "message.unsupported.received": "file",
}


class Meaning(StrEnum):
    """What the sender does about an error."""

    QUOTA = "pause the channel, twice as long each time; the answer of a person is tried again twice"
    LATER = "try again later"
    UNREACHABLE = "this person cannot be reached: other channel or call list"
    OPERATOR = "alert; the channel waits for an operator"
    REFUSED = "give this message up and report it: our mistake"
    UNKNOWN = "perhaps delivered; never repeated without a person's word"


ERRORS: Final[dict[int, tuple[Meaning, str]]] = {
    400: (Meaning.REFUSED, "the request is wrong"),
    401: (Meaning.OPERATOR, "the token is not valid"),
    403: (Meaning.UNREACHABLE, "the person does not want messages of the bot"),
    404: (Meaning.OPERATOR, "no such bot or method"),
    408: (Meaning.UNKNOWN, "time-out"),
    429: (Meaning.QUOTA, "quota exceeded, of a moment or of the month"),
    500: (Meaning.UNKNOWN, "error of the platform"),
    502: (Meaning.UNKNOWN, "error of the gateway"),
    503: (Meaning.LATER, "the platform is down"),
    504: (Meaning.UNKNOWN, "time-out of the gateway"),
}


class ZaloBotSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the Bot Platform; times in seconds. Without `webhook_url` the bot polls."""

    token: str
    base_url: str = "https://bot-api.zaloplatforms.com"
    webhook_url: str | None = None
    webhook_secret: str | None = None
    sorry: str = "Xin lỗi, hệ thống đang trục trặc nên chưa trả lời được. Bạn vui lòng nhắn lại sau ít phút."
    connect_timeout: float = 10
    read_timeout: float = 20
    poll_timeout: int = 8
    """Shorter than `stop_patience`, so that a stop can wait for the fetch under way."""
    ack_patience: float = 1.5
    stop_patience: float = 10
    retry_pause: float = 1
    first_pause: float = 60
    longest_pause: float = 900
    """429 names no pause: notices wait `first_pause`, then twice as long each time up to `longest_pause`."""
    monthly: int | None = None
    """So many messages may leave in a month; then notices go another way and only answers are still tried."""
    typing_after: float = 0.5
    concurrent: int = 8
    per_second: float = 1

    def __repr__(self) -> str:
        return f"ZaloBotSettings(base_url={self.base_url!r}, webhook_url={self.webhook_url!r})"


class _From(msgspec.Struct):
    is_bot: bool = False


class _Chat(msgspec.Struct):
    id: str
    chat_type: str = "PRIVATE"


class _Message(msgspec.Struct):
    chat: _Chat
    message_id: str
    from_: _From = msgspec.field(default_factory=_From, name="from")
    text: str | None = None


class _Update(msgspec.Struct):
    event_name: str
    message: _Message


class _Failure(Exception):  # noqa: N818
    """An answer with ok=false, or an HTTP status without one."""

    def __init__(self, code: int) -> None:
        super().__init__(f"error {code}")
        self.code = code


class ZaloBot:
    """The channel. `receive` gets every message; `sent` hears of each message whose answer has left.

    `counts`: "malformed", "wrong secret", "ignored", "redelivered", "failed", "unanswered".
    """

    def __init__(
        self,
        settings: ZaloBotSettings,
        receive: Receive,
        *,
        sent: Sent | None = None,
        on_reachable: OnReachable | None = None,
        allowance: Allowance | None = None,
    ) -> None:
        if not re.fullmatch(r"[A-Za-z0-9:_-]{8,256}", settings.token):
            raise ValueError(_ASK_PLATFORM)
        if settings.webhook_url and not re.fullmatch(r".{8,256}", settings.webhook_secret or ""):
            raise ValueError("A Zalo Bot webhook needs a secret of 8 to 256 characters: set webhook_secret.")
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs addresses, of which the token is part
        self.counts: Counter[str] = Counter()
        self._settings, self._on_reachable, self._allowance = settings, on_reachable, allowance
        self._client = httpx.AsyncClient(timeout=httpx.Timeout(settings.read_timeout, connect=settings.connect_timeout))
        self._turns = Turns(
            receive,
            lambda contact, reply: self._say(contact, reply, patient=True),
            sent=sent,
            sorry=settings.sorry,
            concurrent=settings.concurrent,
            counts=self.counts,
            meanwhile=self._type_on,
        )
        self._pace = AsyncLimiter(1, 1 / settings.per_second)
        self._held_until = 0.0
        self._refusals = 0
        self._runner: asyncio.Task[None] | None = None
        self._stopping, self._fetching = False, False

    # --- life ---

    async def start(self) -> None:
        """Begin to listen. ValueError where the token is wrong; an absent network is waited for."""
        registered = False
        try:
            await self._register()
            registered = True
        except _Failure as failure:
            if failure.code in (401, 404):
                await self._client.aclose()
                raise ValueError(_ASK_PLATFORM) from None
            log.warning("The Zalo Bot Platform refuses the set-up (%s); trying on.", failure)
        except httpx.HTTPError as error:
            log.warning("The Zalo Bot Platform cannot be reached (%s); trying on.", type(error).__name__)
        self._runner = asyncio.create_task(self._run(registered=registered))

    async def stop(self) -> None:
        """Stop listening, and finish what is in hand; each for at most `stop_patience`."""
        if self._runner:
            self._stopping = True
            if self._fetching:  # what it brings would be lost
                await asyncio.wait([self._runner], timeout=self._settings.stop_patience)
            self._runner.cancel()
            await asyncio.wait([self._runner])
            self._runner = None
        await self._turns.stop(self._settings.stop_patience)
        await self._client.aclose()

    async def _register(self) -> None:
        await self._call("getMe", {})
        if self._settings.webhook_url:
            body = {"url": self._settings.webhook_url, "secret_token": self._settings.webhook_secret}
            await self._call("setWebhook", body)
        else:
            await self._call("deleteWebhook", {})  # the two exclude each other

    async def _run(self, *, registered: bool) -> None:
        pause = 0.0
        while not self._stopping:
            await asyncio.sleep(pause)
            pause = min(max(pause * 2, self._settings.retry_pause), 30)
            try:
                if not registered:
                    await self._register()
                    registered = True
                elif self._settings.webhook_url:
                    return
                else:
                    await self._poll()
                pause = 0.0
            except _Failure as failure:
                if failure.code in (401, 404):
                    pause = 60
                    log.critical(_ASK_PLATFORM)
                elif failure.code == 400:
                    registered = False  # somebody set a webhook: take it away again
                    log.error("getUpdates was refused: another program set a webhook for this bot. Stop it; trying on.")
                else:
                    log.warning("The Zalo Bot Platform stumbles (%s); trying on.", failure)
            except httpx.HTTPError as error:
                log.warning("The Zalo Bot Platform cannot be reached (%s); trying on.", type(error).__name__)
            except Exception as error:  # noqa: BLE001
                log.error("Listening to the Zalo Bot Platform failed: %s; trying on.", where(error))

    async def _poll(self) -> None:
        """Fetch one message. Once fetched the platform forgets it: so no more are fetched than are worked on."""
        while len(self._turns) >= self._settings.concurrent:
            await self._turns.wait(60)
        wait = self._settings.poll_timeout
        self._fetching = True
        try:
            result = await self._call("getUpdates", {"timeout": wait}, wait + self._settings.read_timeout)
        except _Failure as failure:
            if failure.code == 408:  # nothing new
                return
            raise
        finally:
            self._fetching = False
        self._take(result)

    async def handle_webhook(self, body: bytes, secret_header: str | None) -> int:
        """The HTTP status for a request to the webhook. Never raises."""
        secret = self._settings.webhook_secret or ""
        if not secret or not hmac.compare_digest(secret.encode(), (secret_header or "").encode("utf-8", "replace")):
            self.counts["wrong secret"] += 1
            return 403
        try:
            found: Any = msgspec.json.decode(body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            self.counts["malformed"] += 1
            return 400
        if self._runner is None:
            return 503
        # Some receive it wrapped as getUpdates gives it, some bare.
        task = self._take(found["result"] if isinstance(found.get("result"), dict) else found)
        if task is None:
            return 200
        await asyncio.wait([task], timeout=self._settings.ack_patience)
        return 503 if task.cancelled() else 200

    def _take(self, result: Any) -> asyncio.Task[None] | None:
        if not result:
            return None
        try:
            update = msgspec.convert(result, _Update)
        except (msgspec.ValidationError, RecursionError):
            self.counts["malformed"] += 1
            log.error("An update of the Zalo Bot Platform could not be read and was skipped.")
            return None
        incoming = _incoming(update)
        if incoming is None:
            self.counts["ignored"] += 1
            return None
        task = self._turns.take(incoming)
        if task is None:
            self.counts["redelivered"] += 1
        return task

    # --- a message goes out ---

    async def send(self, contact: Contact, reply: Reply) -> str:
        """Push a message; the ids of what was sent, with commas. Raises only what the contract names."""
        monthly = self._settings.monthly
        if monthly is not None and self._allowance and await self._allowance.used() >= monthly:
            raise Spent(f"{monthly} messages have left on the Zalo Bot Platform this month")
        return ",".join(await self._say(contact, reply, patient=False))

    async def _say(self, contact: Contact, reply: Reply, *, patient: bool) -> list[str]:
        if contact.channel != CHANNEL or not re.fullmatch(r"[0-9A-Za-z_-]{1,64}", contact.id):
            raise Refused("not the id of a Zalo Bot chat")
        parts, ids = numbered(reply, TEXT_LIMIT), list[str]()
        for text in parts:
            try:
                ids.append(await self._post(contact.id, text, patient=patient or bool(ids)))
            except (TryLater, Unreachable) as error:
                if isinstance(error, Unreachable) and not isinstance(error, Refused):
                    await self._tell_unreachable(contact)
                if ids:
                    raise OutcomeUnknown(f"{len(ids)} of {len(parts)} parts arrived, then: {error.reason}") from None
                raise
        return ids

    async def _count(self) -> None:
        if self._allowance:
            try:
                await self._allowance.left()
            except Exception as error:  # noqa: BLE001 - it has left; only the month's count misses it
                log.error("a message is missing from the month's count: %s", where(error))

    async def _tell_unreachable(self, contact: Contact) -> None:
        if self._on_reachable:
            try:
                await self._on_reachable(contact, False)  # noqa: FBT003 - as the hook is called on every channel
            except Exception as error:  # noqa: BLE001
                log.error("on_reachable failed: %s", where(error))

    async def _post(self, chat: str, text: str, *, patient: bool) -> str:
        failures = 0
        while True:
            try:
                if not patient and (wait := self._held_until - monotonic()) > 0:
                    raise TryLater(wait, "the Zalo Bot Platform asked for a pause (429)")
                await self._pace.acquire()
                result = await self._call("sendMessage", {"chat_id": chat, "text": text})
                self._refusals = 0
                await self._count()
                return str(result.get("message_id", "")) if isinstance(result, dict) else ""
            except (_Failure, httpx.HTTPError) as error:
                ours = self._translate(error)
            except TryLater as later:
                ours = later
            failures += 1
            if not patient or not isinstance(ours, TryLater) or isinstance(ours, NeedsOperator) or failures > 2:
                raise ours from None
            await asyncio.sleep(self._settings.retry_pause * failures)

    def _translate(self, error: Exception) -> Exception:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
            return TryLater(30, f"the Zalo Bot Platform cannot be reached ({type(error).__name__})")
        if not isinstance(error, _Failure):
            return OutcomeUnknown(f"no answer from the Zalo Bot Platform ({type(error).__name__})")
        meaning, words = ERRORS.get(error.code, (Meaning.REFUSED, "not in our table"))
        reason = f"Zalo Bot {error.code}: {words}"
        match meaning:
            case Meaning.QUOTA:
                pause = self._held_until - monotonic()
                if pause <= 0:  # those that left together are refused together: one refusal
                    pause = min(self._settings.first_pause * 2**self._refusals, self._settings.longest_pause)
                    self._refusals += 1
                    self._held_until = monotonic() + pause
                return TryLater(pause, reason)
            case Meaning.LATER:
                return TryLater(30, reason)
            case Meaning.UNREACHABLE:
                return Unreachable(reason)
            case Meaning.OPERATOR:
                log.critical(_ASK_PLATFORM)
                return NeedsOperator(900, reason)
            case Meaning.UNKNOWN:
                return OutcomeUnknown(reason)
            case _:
                log.error("%s. The message is given up.", reason)
                return Refused(reason)

    async def _type_on(self, contact: Contact) -> None:
        await asyncio.sleep(self._settings.typing_after)
        while True:
            with contextlib.suppress(_Failure, httpx.HTTPError):  # a courtesy
                await self._call("sendChatAction", {"chat_id": contact.id, "action": "typing"})
            await asyncio.sleep(4)

    async def _call(self, method: str, body: dict[str, Any], timeout: float | None = None) -> Any:  # noqa: ASYNC109
        """The result of a call; `ok` in the answer decides, not the HTTP status."""
        response = await self._client.post(
            f"{self._settings.base_url}/bot{self._settings.token}/{method}",
            json=body,
            timeout=httpx.Timeout(timeout or self._settings.read_timeout, connect=self._settings.connect_timeout),
        )
        try:
            answer: Any = msgspec.json.decode(response.content)
        except (ValueError, RecursionError):
            answer = None
        if isinstance(answer, dict) and answer.get("ok") is True:
            return answer.get("result")
        code = answer.get("error_code") if isinstance(answer, dict) else None
        if not isinstance(code, int):
            # An HTTP 200 without a readable answer tells as little as a broken gateway.
            code = response.status_code if response.status_code >= 400 else 502
        raise _Failure(code)


_ASK_PLATFORM: Final = (
    "The Zalo Bot Platform does not know this token. Make the bot in Zalo (Zalo Bot Manager), put its token into the "
    "settings as it stands there, and start again."
)


def _incoming(update: _Update) -> Incoming | None:
    message = update.message
    if message.chat.chat_type != "PRIVATE" or message.from_.is_bot:
        return None
    if not re.fullmatch(r"[0-9A-Za-z_-]{1,64}", message.chat.id):
        return None
    contact = Contact(CHANNEL, message.chat.id)
    if update.event_name == "message.text.received" and (message.text or "").strip():
        text = (message.text or "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return Incoming(contact=contact, message_id=message.message_id, text=text)
    other = OTHER.get(update.event_name)
    return Incoming(contact=contact, message_id=message.message_id, other=other) if other else None
