"""Telegram: turns updates of the Bot API into `Incoming`, and a `Reply` into messages with buttons.

python-telegram-bot carries the requests. Its Application and Updater are not used: the Updater tells Telegram that
a batch arrived while that batch still waits in memory, so a kill would lose it (see `_poll`), and one unreadable
update would stop it for ever.
"""

import asyncio
import hmac
import html
import logging
import re
import time
import unicodedata
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
from aiolimiter import AsyncLimiter
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, TelegramError

from bot.channels import OutcomeUnknown, Receive, Refused, Sent, TryLater, Unreachable
from bot.channels.telegram_requests import FloodError, NothingSentError, Requests
from bot.channels.telegram_updates import ALLOWED, Membership, Message, Update, calls, message_of
from bot.channels.telegram_updates import incoming as incoming_of
from bot.failures import where
from bot.messages import Choice, Contact, Incoming, Reply, split

log = logging.getLogger(__name__)
Result = TypeVar("Result")
OnReachable = Callable[[Contact, bool], Awaitable[None]]

TEXT_LIMIT = 4096  # after entity parsing, so mark-up does not count
LABEL_LIMIT = 64  # ours: what a telephone shows of a button
SHORT_LABEL = 18  # two of these fit side by side
LINK_LIMIT = 64  # bytes of callback_data
BUTTON_LIMIT = 100
CONNECTIONS = 16
"""To Telegram at once; at 0.2 s a request they carry three times what it permits."""
KEPT_LATER = 5
"""Answers of one chat that are kept to be sent later, the newest."""
GROUP_PAUSE = 600
"""Seconds in which a group is told once that the bot talks in private."""
HEADING = "\ufdd0"  # a Unicode noncharacter, ours within `render` only
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class TelegramSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the Bot API; times in seconds. Without `webhook_url` the bot polls and needs no public address."""

    token: str
    base_url: str = "https://api.telegram.org/bot"
    webhook_url: str | None = None
    webhook_secret: str | None = None
    commands: tuple[tuple[str, str], ...] = ()
    sorry: str = "Xin lỗi, hệ thống đang trục trặc nên chưa trả lời được. Bạn vui lòng nhắn lại sau ít phút."
    private_only: str = "Tôi chỉ trả lời trong cuộc trò chuyện riêng. Bạn vui lòng nhắn riêng cho tôi."
    choose: str = "Mời bạn chọn:"
    """Stands above the buttons of a reply without text: Telegram refuses empty messages."""
    connect_timeout: float = 10
    read_timeout: float = 20
    poll_timeout: int = 30
    webhook_patience: float = 25
    """How long a webhook request is held until the update is handled; then 503, and Telegram delivers it again."""
    stop_patience: float = 10
    typing_after: float = 0.5
    longest_pause: float = 60
    """How long in total an answer holds up its chat for Telegram's flood control; then it is sent later."""
    longest_wait: float = 1800
    """How long an answer is kept to be sent later: after that nobody waits for it any more."""
    without_buttons: str = "(Các nút không hiện được lúc này. Bạn gõ điều mình cần.)"
    retry_pause: float = 1
    concurrent: int = 32
    chat_burst: int = 3
    chat_interval: float = 1
    per_second: float = 25

    def __repr__(self) -> str:
        return f"TelegramSettings(base_url={self.base_url!r}, webhook_url={self.webhook_url!r})"


# --- what we send ---


def render(reply: Reply, choose: str = "Mời bạn chọn:") -> list[tuple[str, InlineKeyboardMarkup | None]]:
    """The messages of a reply: Telegram HTML of at most 4,096 visible UTF-16 units; the last one has the buttons."""
    marked = []
    for paragraph in reply.paragraphs:
        clean = paragraph.replace(HEADING, "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        marked.append(HEADING + clean[2:] if clean.startswith("# ") else clean)
    texts = [text for text in split(tuple(marked), TEXT_LIMIT) if _has_visible(text)]
    keyboard = _keyboard(reply.choices)
    if keyboard and not texts:
        texts = [choose]
    messages: list[tuple[str, InlineKeyboardMarkup | None]] = [(_html(text), None) for text in texts]
    if messages:
        messages[-1] = (messages[-1][0], keyboard)
    return messages


def _has_visible(text: str) -> bool:
    """Whether Telegram sees a text at all: one of blanks and control characters only, it refuses as empty."""
    return any(
        unicodedata.category(sign)[0] != "Z" and unicodedata.category(sign) not in ("Cc", "Cf")
        for sign in text
        if sign != HEADING
    )


def _html(text: str) -> str:
    escaped = html.escape(text, quote=False)
    return re.sub(HEADING + r"([^\n]*)", lambda found: f"<b>{found[1]}</b>" if found[1].strip() else "", escaped)


def _plain(markup: str) -> str:
    """The visible text of what `_html` made."""
    return html.unescape(markup.replace("<b>", "").replace("</b>", ""))


def _keyboard(choices: tuple[Choice, ...]) -> InlineKeyboardMarkup | None:
    rows: list[list[InlineKeyboardButton]] = []
    open_row = False  # does the last row take one more short action?
    sendable = [choice for choice in choices if choice.label.strip() and 1 <= _bytes(choice.link) <= LINK_LIMIT]
    if len(sendable) < len(choices) or len(sendable) > BUTTON_LIMIT:
        # One wrong button makes Telegram refuse the whole message: lose the button, keep the message.
        log.error("Of %d buttons some were dropped: a link must be 1-64 bytes, 100 a message.", len(choices))
    for choice in sendable[:BUTTON_LIMIT]:
        label = _cut(choice.label.strip())
        button = InlineKeyboardButton(label, callback_data=choice.link)
        short = choice.style == "action" and len(label) <= SHORT_LABEL
        if short and open_row:
            rows[-1].append(button)
            open_row = False
        else:
            rows.append([button])
            open_row = short
    return InlineKeyboardMarkup(rows) if rows else None


def _bytes(link: str) -> int:
    return len(link.encode("utf-8", "replace"))


def _cut(label: str) -> str:
    if len(label) <= LABEL_LIMIT:
        return label
    head = label[:LABEL_LIMIT]  # one more than may stay beside the "…": a word that just fits is kept
    words = head.rsplit(None, 1)[0] if " " in head.strip() else head[:-1]
    return words.rstrip(" ,;:-–(") + "…"


# --- Telegram's errors, and what they mean to us ---


# First match wins, so subclasses stand before their bases (BadRequest and TimedOut are NetworkErrors).
ERRORS: tuple[tuple[type[TelegramError], str, Callable[[TelegramError], Exception]], ...] = (
    (FloodError, "", lambda error: TryLater(getattr(error, "seconds", 30), "Telegram flood control")),
    (NothingSentError, "", lambda error: TryLater(30, f"Telegram cannot be reached ({error.message})")),
    # blocked by the user, deactivated, "can't initiate conversation", kicked: no way to tell this person anything
    (Forbidden, "", lambda error: Unreachable(error.message)),
    (BadRequest, "chat not found", lambda error: Unreachable(error.message)),
    (BadRequest, "peer_id_invalid", lambda error: Unreachable(error.message)),
    (BadRequest, "user not found", lambda error: Unreachable(error.message)),
    (BadRequest, "user is deactivated", lambda error: Unreachable(error.message)),
    (BadRequest, "", lambda error: Refused(f"Telegram refused the message: {error.message}")),  # our own mistake
    (InvalidToken, "", lambda _: TryLater(300, "Telegram refuses the token; set a valid one and restart")),
    # TimedOut, connection lost after the request left, 504, unreadable answer: perhaps delivered
    (TelegramError, "", lambda error: OutcomeUnknown(f"no answer from Telegram ({type(error).__name__})")),
)


def _translate(error: Exception) -> Exception:
    message = str(error).lower()
    for kind, fragment, ours in ERRORS:
        if isinstance(error, kind) and fragment in message:
            assert isinstance(error, TelegramError)
            return ours(error)
    return OutcomeUnknown(f"the answer of Telegram could not be read ({type(error).__name__})")


class _Talk:
    """What is kept of one chat while it is active: nothing that a restart would miss."""

    def __init__(self, settings: TelegramSettings) -> None:
        self.turn = asyncio.Lock()  # one question after the other
        self.speaking = asyncio.Lock()  # the parts of one message stay together, also when a push comes in between
        self.pace = AsyncLimiter(settings.chat_burst, settings.chat_burst * settings.chat_interval)
        self.album: str | None = None
        self.last: tuple[int, str | None] | None = None  # number and text of the last message

    def idle(self) -> bool:
        return not self.turn.locked() and not self.speaking.locked() and self.pace.has_capacity(self.pace.max_rate)


class Telegram:
    """The channel. `receive` gets every message once or, after a crash, again with the same message_id; `sent` hears
    of each message whose answer has left.

    `on_reachable` hears when a person blocks (False) or unblocks (True) the bot. `counts` is for the metrics:
    "malformed", "wrong secret", "failed" (`receive` raised), "later" (an answer waits for Telegram's flood control) and
    "unanswered" (the answer could not be delivered).
    """

    def __init__(
        self,
        settings: TelegramSettings,
        receive: Receive,
        *,
        sent: Sent | None = None,
        on_reachable: OnReachable | None = None,
    ) -> None:
        if not re.fullmatch(r"[0-9]+:[A-Za-z0-9_-]+", settings.token):
            raise ValueError(_ASK_BOTFATHER)
        if settings.webhook_url and not settings.webhook_secret:
            raise ValueError("A Telegram webhook needs a secret: set webhook_secret to 32 or more random letters.")
        # at INFO and DEBUG they log addresses, of which the token is part
        for library in ("aiohttp", "httpx", "telegram"):
            logging.getLogger(library).setLevel(logging.WARNING)
        self.counts: Counter[str] = Counter()
        self._settings, self._receive, self._on_reachable = settings, receive, on_reachable
        self._sent = sent
        timeouts = {"connect_timeout": settings.connect_timeout, "read_timeout": settings.read_timeout}
        self._polling = Requests(2, **timeouts)
        sending = Requests(CONNECTIONS, **timeouts)
        self._requests = (sending, self._polling)
        self._bot = Bot(settings.token, settings.base_url, request=sending, get_updates_request=self._polling)
        self._slots = asyncio.Semaphore(settings.concurrent)
        self._pace = AsyncLimiter(max(1, settings.per_second / 5), 0.2)  # small bursts: never 2 x 25 in a second
        self._talks: dict[int, _Talk] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}  # updates in hand, by update_id
        self._handled: deque[int] = deque(maxlen=1000)  # spares the conversation most redeliveries of a webhook
        self._asides: set[asyncio.Task[None]] = set()
        self._later: dict[int, deque[tuple[Incoming, Reply]]] = {}  # answers that Telegram does not take now, by chat
        self._waiting: set[asyncio.Task[None]] = set()
        self._name = ""  # of the bot, once Telegram has told it
        self._told: dict[int, float] = {}  # when a group was told that the bot talks in private
        self._runner: asyncio.Task[None] | None = None
        self._next = 0  # the first update_id that was never fetched

    # --- life ---

    async def start(self) -> None:
        """Begin to listen. ValueError where the settings are wrong; an absent network is waited for."""
        registered = False
        try:
            await self._register()
            registered = True
        except (InvalidToken, BadRequest) as error:
            await self._bot.shutdown()
            reason = (
                _ASK_BOTFATHER if isinstance(error, InvalidToken) else f"Telegram refused the set-up: {error.message}"
            )
            raise ValueError(reason) from None  # PTB's own message quotes the token
        except TelegramError as error:
            log.warning("Telegram cannot be reached at the start (%s); trying on.", type(error).__name__)
        self._runner = asyncio.create_task(self._run(registered=registered))

    async def stop(self) -> None:
        """Finish what is in hand (for at most `stop_patience`), and stop listening."""
        if self._runner is None:
            await self._close()
            return
        self._runner.cancel()
        await asyncio.wait([self._runner])
        self._runner = None
        await self._give_up_later()
        waiting = {*self._tasks.values(), *self._asides}
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=self._settings.stop_patience)
            held = min((number for number, task in self._tasks.items() if task in late), default=self._next)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        else:
            held = self._next
        if not self._settings.webhook_url and held:
            try:
                await self._updates(held, 0, limit=1)  # confirms what was handled; saves redelivery at the next start
            except Exception as error:  # noqa: BLE001
                log.warning("The last updates were not confirmed (%s); they will come again.", type(error).__name__)
        await self._close()

    async def _close(self) -> None:
        await self._bot.shutdown()
        for request in self._requests:  # the bot leaves them open that only sent, and was never set up
            await request.shutdown()

    async def _register(self) -> None:
        await self._bot.initialize()
        self._name = self._bot.bot.username or ""
        if self._settings.commands:
            await self._bot.set_my_commands(self._settings.commands)
        if self._settings.webhook_url:
            await self._bot.set_webhook(
                self._settings.webhook_url,
                secret_token=self._settings.webhook_secret,
                allowed_updates=ALLOWED,
            )
        else:
            await self._bot.delete_webhook()  # the two exclude each other; waiting updates are kept

    async def _run(self, *, registered: bool) -> None:
        pause = 0.0
        while True:
            await asyncio.sleep(pause)
            pause = min(max(pause * 2, self._settings.retry_pause), 30)
            try:
                if not registered:
                    await self._register()
                    registered, pause = True, 0.0
                elif self._settings.webhook_url:
                    return
                else:
                    await self._poll()
                    pause = 0.0
            except Conflict as error:
                log.error(
                    "Another instance polls Telegram with the same token, or a webhook is set (%s). "
                    "Stop the other one; trying on.",
                    error.message,
                )
            except FloodError as error:
                pause = error.seconds
            except InvalidToken:
                pause = 60
                log.error(_ASK_BOTFATHER)
            except TelegramError as error:
                log.warning("Telegram cannot be reached (%s); trying on.", type(error).__name__)
            except Exception as error:  # noqa: BLE001
                log.error("Listening to Telegram failed: %s; trying on.", where(error))

    async def _poll(self) -> None:
        """Fetch once, and wait a little for the handling.

        An offset tells Telegram to forget everything below it. So the offset never passes an update that is still
        in hand: after a kill Telegram delivers that one again, and its message_id lets the conversation answer it
        once. Updates above a slow one come again with every fetch and are skipped; while there is a slow one, the
        fetches are short, so that one chat that waits never holds up the others.
        """
        held = min(self._tasks, default=self._next)
        for item in await self._updates(held, 0 if self._tasks else self._settings.poll_timeout):
            number = int(item["update_id"])
            if held <= number < self._next:
                continue
            self._next = number + 1  # not max(): after a quiet week Telegram starts from a random number
            try:
                update = msgspec.convert(item, Update)
            except (msgspec.ValidationError, RecursionError):
                self.counts["malformed"] += 1
                log.error("An update of Telegram could not be read and was skipped.")
            else:
                self._take(update)
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=0.5)

    async def _updates(self, offset: int, wait: int, limit: int = 100) -> list[dict[str, Any]]:
        # Not Bot.get_updates: it fails as a whole, and logs what people wrote, when it can't read one update.
        query = {"offset": offset, "timeout": wait, "limit": limit}
        allowed = msgspec.json.encode(ALLOWED).decode()
        address = f"{self._settings.base_url}{self._settings.token}/getUpdates?"
        read_timeout = wait + self._settings.read_timeout
        result: Any = await self._polling.post(
            address + urlencode({**query, "allowed_updates": allowed}), read_timeout=read_timeout
        )
        return [item for item in result if isinstance(item, dict) and isinstance(item.get("update_id"), int)]

    async def handle_webhook(self, body: bytes, secret_header: str | None) -> int:
        """The HTTP status for a request to the webhook; 200 only when the update was handled. Never raises."""
        secret = self._settings.webhook_secret or ""
        if not secret or not hmac.compare_digest(secret.encode(), (secret_header or "").encode("utf-8", "replace")):
            self.counts["wrong secret"] += 1
            return 403
        try:
            update = msgspec.json.decode(body, type=Update)
        except (ValueError, RecursionError):  # msgspec's errors and UnicodeDecodeError are ValueErrors
            self.counts["malformed"] += 1
            return 400
        if update.update_id in self._handled:  # it was, after the 503 for being slow
            return 200
        if self._runner is None:
            return 503
        done, _ = await asyncio.wait([self._take(update)], timeout=self._settings.webhook_patience)
        return 200 if done and not any(task.cancelled() for task in done) else 503

    # --- a message comes in ---

    def _take(self, update: Update) -> asyncio.Task[None]:
        task = self._tasks.get(update.update_id)
        if task is None:  # else: delivered again while we are at it
            task = self._tasks[update.update_id] = asyncio.create_task(self._handle(update))
            task.add_done_callback(lambda done: self._finished(update.update_id, done))
        return task

    def _finished(self, update_id: int, task: asyncio.Task[None]) -> None:
        self._tasks.pop(update_id, None)
        if not task.cancelled():
            self._handled.append(update_id)

    async def _handle(self, update: Update) -> None:
        try:
            if update.callback_query:
                # At once, not after the answer: until then the button shows a clock, and soon the query is too old.
                self._aside(self._bot.answer_callback_query(update.callback_query.id))
            if update.my_chat_member:
                await self._membership(update.my_chat_member)
            elif (message := message_of(update)) and message.chat.type == "private":
                await self._turn(message, update)
            elif message and message.chat.type in ("group", "supergroup") and update.message:
                self._tell_group(message)
        except Exception as error:  # noqa: BLE001
            self.counts["failed"] += 1
            log.error("Update %d was not handled: %s", update.update_id, where(error))

    def _aside(self, request: Coroutine[Any, Any, Any]) -> None:
        async def run() -> None:
            try:
                await request
            except Exception as error:  # noqa: BLE001 - "query is too old" after a redelivery: nothing to be done
                log.debug("A courtesy to Telegram failed: %s", type(error).__name__)

        task = asyncio.create_task(run())
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    async def _membership(self, change: Membership) -> None:
        status = change.new_chat_member.status
        if change.chat.type != "private":
            if status in ("member", "administrator"):  # this update comes once, so we say it once
                self._aside(self._bot.send_message(change.chat.id, self._settings.private_only))
        elif status in ("kicked", "member"):
            await self._tell_reachable(change.chat.id, reachable=status == "member")

    def _tell_group(self, message: Message) -> None:
        """Whoever calls the bot in a group hears where it talks; once in a while, however often it is called."""
        now, chat_id = time.monotonic(), message.chat.id
        if not calls(message, self._name) or now - self._told.get(chat_id, -GROUP_PAUSE) < GROUP_PAUSE:
            return
        self._told = {chat: at for chat, at in self._told.items() if now - at < GROUP_PAUSE} | {chat_id: now}
        self._aside(self._bot.send_message(chat_id, self._settings.private_only))

    async def _tell_reachable(self, chat_id: int, *, reachable: bool) -> None:
        if self._on_reachable:
            try:
                await self._on_reachable(Contact("telegram", str(chat_id)), reachable)
            except Exception as error:  # noqa: BLE001
                log.error("on_reachable failed: %s", where(error))

    async def _turn(self, message: Message, update: Update) -> None:
        chat_id, talk = message.chat.id, self._talk(message.chat.id)
        async with talk.turn:
            incoming = incoming_of(message, update)
            in_album = message.media_group_id and message.media_group_id == talk.album
            if incoming is None or (in_album and not message.caption):
                return  # an album arrives as one message for each picture: one answer is enough
            talk.album = message.media_group_id
            written = (message.message_id, incoming.text)
            if update.edited_message and written == talk.last:
                return  # only its looks were changed
            talk.last = written if incoming.text else talk.last
            try:
                async with self._slots:
                    reply = await self._answer(incoming)
            except Exception as error:  # noqa: BLE001
                self.counts["failed"] += 1
                log.error("Update %d got no answer: %s", update.update_id, where(error))
                reply = Reply(paragraphs=(self._settings.sorry,))
            if reply is None:
                return
            edits = message.message_id if update.callback_query and reply.replaces else None
            if chat_id in self._later:  # in order
                self._keep(chat_id, incoming, reply)
                return
            try:
                await self._say(chat_id, reply, patient=True, edits=edits)
            except TryLater as error:
                # Nothing has left, so it isn't confirmed, and is sent once Telegram takes it.
                self._postpone(chat_id, incoming, reply, error)
                return
            except (Unreachable, OutcomeUnknown) as error:
                # After a time-out it may have arrived, so it isn't repeated: the person can ask again.
                self.counts["unanswered"] += 1
                log.warning("The answer to update %d was not delivered: %s", update.update_id, error)
            await self._confirm(incoming)

    def _keep(self, chat_id: int, incoming: Incoming, reply: Reply) -> None:
        self.counts["later"] += 1
        queue = self._later.setdefault(chat_id, deque())
        queue.append((incoming, reply))
        if len(queue) > KEPT_LATER:  # whoever goes on writing sees the newest answers
            queue.popleft()
            self.counts["unanswered"] += 1

    def _postpone(self, chat_id: int, incoming: Incoming, reply: Reply, error: TryLater) -> None:
        if error.seconds > self._settings.longest_wait or len(self._later) >= 1000:
            self.counts["unanswered"] += 1
            log.warning("An answer was not delivered: %s", error)
            return
        log.warning("An answer waits: %s", error)
        self._keep(chat_id, incoming, reply)
        task = asyncio.create_task(self._send_later(chat_id, error.seconds))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _send_later(self, chat_id: int, pause: float) -> None:
        """What is kept for one chat, in order, as soon as Telegram takes it."""
        queue, waited = self._later[chat_id], 0.0
        try:
            while queue:
                await asyncio.sleep(pause)
                waited, pause = waited + pause, 0.0
                incoming, reply = queue[0]
                try:
                    await self._say(chat_id, reply, patient=True)
                except TryLater as error:
                    pause = max(error.seconds, self._settings.retry_pause)
                    if waited + pause > self._settings.longest_wait:
                        return
                    continue
                except (Unreachable, OutcomeUnknown) as error:
                    self.counts["unanswered"] += 1
                    log.warning("An answer that had waited was not delivered: %s", error)
                queue.popleft()
                await self._confirm(incoming)
        finally:
            self._later.pop(chat_id, None)
            if queue:
                self.counts["unanswered"] += len(queue)
                log.warning("%d answers that had waited were not delivered.", len(queue))

    async def _give_up_later(self) -> None:
        for task in self._waiting:
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)

    async def _confirm(self, incoming: Incoming) -> None:
        """This process is done with the message; one that takes over after a kill need not answer it again."""
        if self._sent:
            try:
                await self._sent(incoming)
            except Exception as error:  # noqa: BLE001
                log.error("The confirmation of an answer failed: %s", where(error))

    async def _answer(self, incoming: Incoming) -> Reply | None:
        async def type_on() -> None:
            await asyncio.sleep(self._settings.typing_after)
            while True:
                self._aside(self._bot.send_chat_action(int(incoming.contact.id), "typing"))
                await asyncio.sleep(4)  # Telegram shows it for 5 s

        typing = asyncio.create_task(type_on())
        try:
            return await self._receive(incoming)
        finally:
            typing.cancel()

    def _talk(self, chat_id: int) -> _Talk:
        if chat_id not in self._talks and len(self._talks) >= 1000:
            self._talks = {key: talk for key, talk in self._talks.items() if not talk.idle()}
        return self._talks.setdefault(chat_id, _Talk(self._settings))

    # --- a message goes out ---

    async def send(self, contact: Contact, reply: Reply) -> str:
        """Push a message. Returns Telegram's message id (several with commas); raises only what the contract names."""
        if not re.fullmatch(r"-?[0-9]{1,19}", contact.id):
            raise Refused("not the number of a Telegram chat")
        return ",".join(map(str, await self._say(int(contact.id), reply, patient=False)))

    async def _say(self, chat_id: int, reply: Reply, *, patient: bool, edits: int | None = None) -> list[int]:
        talk, parts, ids = self._talk(chat_id), render(reply, self._settings.choose), list[int]()
        try:
            async with talk.speaking:
                if edits and len(parts) == 1 and await self._edit(talk, chat_id, edits, *parts[0]):
                    return [edits]
                for text, keyboard in parts:
                    # Once a part of a push has arrived, the rest waits like an answer: sending the whole push again
                    # would repeat that part.
                    ids.append(
                        await self._post(talk, self._send(chat_id, text, keyboard), patient=patient or bool(ids))
                    )
        except Unreachable as error:
            if not isinstance(error, Refused):
                await self._tell_reachable(chat_id, reachable=False)
            raise
        except TryLater as error:
            if ids:
                raise OutcomeUnknown(f"{len(ids)} of {len(parts)} parts arrived, then: {error.reason}") from None
            raise
        return ids

    async def _post(self, talk: _Talk, request: Callable[[], Awaitable[Result]], *, patient: bool) -> Result:
        """One request at the permitted pace; patient: wait out a flood pause, try twice more where nothing was sent."""
        paused, failures = 0.0, 0
        while True:
            await talk.pace.acquire()
            await self._pace.acquire()
            try:
                return await request()
            except Exception as error:  # noqa: BLE001
                ours = _translate(error)
                flood = isinstance(error, FloodError)
            if not patient or not isinstance(ours, TryLater):
                raise ours from None
            failures += not flood
            pause = ours.seconds if flood else self._settings.retry_pause * failures
            paused += pause
            if failures > 2 or paused > self._settings.longest_pause:
                raise ours
            await asyncio.sleep(pause)

    def _send(self, chat_id: int, text: str, keyboard: InlineKeyboardMarkup | None) -> Callable[[], Awaitable[int]]:
        async def request() -> int:
            try:
                sent = await self._bot.send_message(
                    chat_id, text, parse_mode="HTML", reply_markup=keyboard, link_preview_options=NO_PREVIEW
                )
            except BadRequest as error:
                plainer = self._plainer(text, keyboard, error)
                if plainer is None:
                    raise
                sent = await self._bot.send_message(
                    chat_id, plainer[0], reply_markup=plainer[1], link_preview_options=NO_PREVIEW
                )
            return sent.message_id

        return request

    def _plainer(
        self, text: str, keyboard: InlineKeyboardMarkup | None, error: BadRequest
    ) -> tuple[str, InlineKeyboardMarkup | None] | None:
        """The message without what Telegram does not take of it; None where that is not what it complains of."""
        reason = error.message.lower()
        if "can't parse entities" in reason:
            log.error("Telegram could not parse our HTML; sent without mark-up.")
            return _plain(text), keyboard
        if keyboard is None or not any(word in reason for word in ("button", "keyboard", "reply markup")):
            return None
        log.error("Telegram refused our buttons (%s); sent without.", error.message)
        plain, said = _plain(text), f"\n\n{self._settings.without_buttons}"
        return plain + said if len((plain + said).encode("utf-16-le")) // 2 <= TEXT_LIMIT else plain, None

    async def _edit(
        self, talk: _Talk, chat_id: int, message_id: int, text: str, keyboard: InlineKeyboardMarkup | None
    ) -> bool:
        """Whether the message now shows the text; False: too old or deleted, send it anew."""

        async def request() -> bool:
            try:
                await self._bot.edit_message_text(
                    text, chat_id, message_id, parse_mode="HTML", reply_markup=keyboard,
                    link_preview_options=NO_PREVIEW,
                )  # fmt: skip
            except BadRequest as error:
                return "message is not modified" in error.message.lower()
            return True

        return await self._post(talk, request, patient=True)


_ASK_BOTFATHER = (
    "Telegram does not know this token. Ask @BotFather for it (/mybots, the bot, API Token), put it into the settings "
    "as it stands there, like 123456:ABC-DEF, and start again."
)
