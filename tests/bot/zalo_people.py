"""Residents in front of Zalo: they type, tap (by typing the number of the menu) and read."""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from datetime import timedelta

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.app import Threaded
from bot.channels.plain import CHOOSE
from bot.channels.zalo import Zalo, ZaloSettings
from bot.channels.zalobot import ZaloBot, ZaloBotSettings
from bot.messages import Contact, Reply
from bot.notice_records import TemplateData
from bot.storage.tokens import SqlTokens
from tests.bot.people import Background, Deliver, NewProcess
from tests.fakes import zalo as fake_zalo
from tests.fakes.zalo import FakeZalo
from tests.fakes.zalobot import TOKEN, FakeZaloBot

Handle = Callable[[bytes, dict[str, str]], Awaitable[int]]


class Webhook:
    """A web server in a background loop that hands each request to a channel."""

    def __init__(self, background: Background, handle: Handle) -> None:
        async def answer(request: Request) -> Response:
            return Response(status_code=await handle(await request.body(), dict(request.headers)))

        app = Starlette(routes=[Route("/", answer, methods=["POST"])])
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", ws="none"))
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        self._serving = asyncio.run_coroutine_threadsafe(self._server.serve([listening]), background.loop)

    def stop(self) -> None:
        self._server.should_exit = True
        self._serving.result(30)


class _ByNumber:
    """What is the same on both: a menu in the text, answered with numbers."""

    _new: list[str]

    def types(self, text: str) -> None:
        raise NotImplementedError

    def presses(self, label: str) -> None:
        number = next(n for n, button in enumerate(self.buttons(), 1) if button.startswith(label))
        self.types(str(number))

    def reads(self) -> str:
        return "\n".join(self._new).split(CHOOSE)[0]

    def buttons(self) -> list[str]:
        _, _, listed = "\n".join(self._new).partition(CHOOSE)
        return re.findall(r"^\[\d+\] (.*)$", listed, re.MULTILINE)


class OnZalo(_ByNumber):
    """Writes to the Official Account; the account's webhook reaches the bot over HTTP."""

    USER = "2512523625412515"

    def __init__(self, new_process: NewProcess) -> None:
        self._new_process = new_process
        self.contact = Contact("zalo", self.USER)
        self._new: list[str] = []
        self._zalo = FakeZalo()
        self._zalo.__enter__()
        self._start()
        assert self._zalo.save_webhook(self._webhook.url) == 200

    def _start(self) -> None:
        self._background = Background()
        receiver, engine = self._new_process()
        threaded, now = Threaded(receiver, workers=2), self._zalo.now
        tokens = SqlTokens(engine, "zalo")
        tokens.save(
            access=self._zalo.access,
            refresh=self._zalo.refresh,
            obtained_at=now,
            expires_at=now + timedelta(hours=25),
            version=1,
        )
        settings = ZaloSettings(
            app_id=fake_zalo.APP_ID,
            app_secret=fake_zalo.APP_SECRET,
            oa_id=fake_zalo.OA_ID,
            oa_secret_key=fake_zalo.WEBHOOK_KEY,
            openapi_url=self._zalo.url,
            business_url=self._zalo.url,
            oauth_url=self._zalo.url,
            per_second=1000,
        )

        async def start() -> None:
            self._channel = Zalo(settings, threaded.receive, tokens=tokens, sent=threaded.sent, now=lambda: now)
            await self._channel.start()

        self._background.run(start())

        async def handle(body: bytes, headers: dict[str, str]) -> int:
            return await self._channel.handle_webhook(body, headers.get("x-zevent-signature"))

        self._webhook = Webhook(self._background, handle)

    def types(self, text: str) -> None:
        before = len(self._zalo.messages(self.USER))
        self._zalo.user_sends(self.USER, text)
        # the event is acknowledged once its answer has left
        self._zalo.wait_until(lambda: self._zalo.pending() == 0 and len(self._zalo.messages(self.USER)) > before)
        self._new = [seen.text for seen in self._zalo.messages(self.USER)[before:]]

    def tells(self, text: str) -> None:
        before = len(self._zalo.messages(self.USER))
        self._zalo.user_sends(self.USER, text)
        self._zalo.wait_until(lambda: self._zalo.pending() == 0)
        self._new = [seen.text for seen in self._zalo.messages(self.USER)[before:]]

    def hears(self, deliver: Deliver) -> None:
        async def send(contact: Contact, reply: Reply, _data: TemplateData) -> str:
            return await self._channel.send(contact, reply)

        before = len(self._zalo.messages(self.USER))
        self._background.run(deliver(self.contact, send))
        self._new = [seen.text for seen in self._zalo.messages(self.USER)[before:]]

    def restart(self) -> None:
        self._stop()
        self._start()
        self._zalo.webhook_url = self._webhook.url

    def leave(self) -> None:
        self._stop()
        self._zalo.__exit__()

    def _stop(self) -> None:
        self._webhook.stop()
        self._background.run(self._channel.stop())
        self._background.stop()


class OnZaloBot(_ByNumber):
    """Writes to the bot of the Bot Platform, which fetches its messages."""

    CHAT = "abc123"

    def __init__(self, new_process: NewProcess) -> None:
        self._new_process = new_process
        self.contact = Contact("zalobot", self.CHAT)
        self._new: list[str] = []
        self._zalo = FakeZaloBot()
        self._zalo.__enter__()
        self._start()

    def _start(self) -> None:
        self._background = Background()
        threaded = Threaded(self._new_process()[0], workers=2)
        settings = ZaloBotSettings(token=TOKEN, base_url=self._zalo.url, poll_timeout=1, per_second=1000)

        async def start() -> None:
            self._channel = ZaloBot(settings, threaded.receive, sent=threaded.sent)
            await self._channel.start()

        polls = len(self._zalo.called("getUpdates"))
        self._background.run(start())
        # what is written while nobody fetches may go to the old process's last request, and is lost
        self._zalo.wait_until(lambda: len(self._zalo.called("getUpdates")) > polls)

    def types(self, text: str) -> None:
        before = len(self._zalo.messages(self.CHAT))
        self._zalo.user_sends(self.CHAT, text)
        self._zalo.wait_for_messages(self.CHAT, before + 1)
        self._background.run(self._finished())
        self._new = [seen.text for seen in self._zalo.messages(self.CHAT)[before:]]

    def tells(self, text: str) -> None:
        before, polls = len(self._zalo.messages(self.CHAT)), len(self._zalo.called("getUpdates"))
        self._zalo.user_sends(self.CHAT, text)
        # a message is gone from the platform before the bot has begun with it: wait until it fetches again
        self._zalo.wait_until(lambda: self._zalo.pending() == 0 and len(self._zalo.called("getUpdates")) > polls)
        self._background.run(self._finished())
        self._new = [seen.text for seen in self._zalo.messages(self.CHAT)[before:]]

    async def _finished(self) -> None:
        while len(self._channel._turns):
            await self._channel._turns.wait(1)

    def hears(self, deliver: Deliver) -> None:
        async def send(contact: Contact, reply: Reply, _data: TemplateData) -> str:
            return await self._channel.send(contact, reply)

        before = len(self._zalo.messages(self.CHAT))
        self._background.run(deliver(self.contact, send))
        self._new = [seen.text for seen in self._zalo.messages(self.CHAT)[before:]]

    def restart(self) -> None:
        self._stop()
        self._start()

    def leave(self) -> None:
        self._stop()
        self._zalo.__exit__()

    def _stop(self) -> None:
        self._background.run(self._channel.stop())
        self._background.stop()
