"""The composition root: settings → engine → services → dialogue → channels. Nothing else builds anything."""

import asyncio
import logging
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from fastapi import FastAPI
from sqlalchemy import Engine

from bot.channels.telegram import Telegram, TelegramSettings
from bot.channels.webchat import WebChat
from bot.dialogue.core import Dialogue
from bot.dialogue.privacy import conceal
from bot.messages import Incoming, Reply
from bot.receive import Receiver
from bot.services.guide import Guide
from bot.settings import TELEGRAM_WEBHOOK_PATH, Settings
from bot.storage.database import open_database
from bot.storage.sessions import SessionStore
from bot.storage.transcripts import TranscriptStore
from bot.web.app import web_app
from knowledge_base.centre import Centre, load_centre

log: Final = logging.getLogger(__name__)

COMMANDS: Final = (
    ("start", "Bắt đầu lại"),
    ("sukien", "Chọn theo việc trong đời"),
    ("coquan", "Chọn theo cơ quan"),
    ("hoso", "Tra cứu hồ sơ đã nộp"),
    ("giolamviec", "Giờ làm việc"),
    ("canbo", "Gặp người thật"),
)


class Core(msgspec.Struct, frozen=True):
    """What every channel stands on."""

    centre: Centre
    guide: Guide
    engine: Engine
    receiver: Receiver


def build_core(settings: Settings, database_url: str | None = None) -> Core:
    """The conversation with its storage; raises StaleOrDamaged, DatabaseError or CentreError with what to do."""
    centre = load_centre(settings.centre_file)
    guide = Guide(settings.index_dir)
    engine = open_database(database_url or settings.database_url)
    receiver = Receiver(Dialogue(guide, centre), SessionStore(engine))
    return Core(centre, guide, engine, receiver)


class Threaded:
    """Hands turns to threads: the core is plain synchronous code, the channels are not."""

    def __init__(self, receiver: Receiver, workers: int = 8) -> None:
        self._receiver = receiver
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="turn")

    async def receive(self, incoming: Incoming) -> Reply | None:
        """`Receiver.receive` in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._receiver.receive, incoming)

    async def sent(self, incoming: Incoming) -> None:
        """`Receiver.sent` in a thread."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self._receiver.sent, incoming)


def build_app(settings: Settings, core: Core | None = None) -> FastAPI:
    """The ASGI application: web chat, Telegram if a token is set, health."""
    core = core or build_core(settings)
    threaded = Threaded(core.receiver)
    webchat = WebChat(
        threaded.receive,
        TranscriptStore(core.engine),
        sent=threaded.sent,
        centre_name=core.centre.name,
        conceal=conceal,
    )
    telegram = _telegram(settings, threaded)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with webchat.running():
            if telegram:
                await telegram.start()
            try:
                yield
            finally:
                if telegram:
                    await telegram.stop()

    return web_app(lifespan, webchat, telegram, TELEGRAM_WEBHOOK_PATH, guide=core.guide, engine=core.engine)


def _telegram(settings: Settings, threaded: Threaded) -> Telegram | None:
    if settings.telegram_token is None:
        return None
    secret = settings.telegram_webhook_secret
    url = settings.telegram_webhook_url
    return Telegram(
        TelegramSettings(
            token=settings.telegram_token.get_secret_value(),
            base_url=settings.telegram_base_url,
            webhook_url=url.rstrip("/") + TELEGRAM_WEBHOOK_PATH
            if url and not url.endswith(TELEGRAM_WEBHOOK_PATH)
            else url,
            webhook_secret=secret.get_secret_value() if secret else None,
            commands=COMMANDS,
        ),
        threaded.receive,
        sent=threaded.sent,
    )
