"""The composition root: settings → engine → services → dialogue → channels. Nothing else builds anything."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import msgspec
from fastapi import FastAPI
from sqlalchemy import Engine

from bot.channels.telegram import Telegram, TelegramSettings
from bot.channels.webchat import WebChat
from bot.dialogue.core import Dialogue
from bot.dialogue.privacy import conceal
from bot.messages import Contact, Incoming, Reply
from bot.personal import Hasher, read_key
from bot.receive import Receiver
from bot.services.dossiers import KeptDossiers
from bot.services.guide import Guide
from bot.settings import TELEGRAM_WEBHOOK_PATH, Settings
from bot.storage.consents import ConsentStore
from bot.storage.database import open_database, serves_several_machines
from bot.storage.dossiers import DossierStore
from bot.storage.sessions import SessionStore
from bot.storage.snapshots import SnapshotStore, watch
from bot.storage.transcripts import CHANNEL as WEB
from bot.storage.transcripts import TranscriptStore
from bot.web.app import web_app
from bot.web.staff_api import StaffApi, read_tokens
from knowledge_base.centre import Centre, load_centre
from knowledge_base.index import StaleOrDamaged

log: Final = logging.getLogger(__name__)

COMMANDS: Final = (
    ("start", "Bắt đầu lại"),
    ("sukien", "Chọn theo việc trong đời"),
    ("coquan", "Chọn theo cơ quan"),
    ("hoso", "Tra cứu hồ sơ đã nộp"),
    ("cuatoi", "Hồ sơ tôi theo dõi"),
    ("giolamviec", "Giờ làm việc"),
    ("canbo", "Gặp người thật"),
)


class Core(msgspec.Struct, frozen=True):
    """What every channel stands on."""

    centre: Centre
    guide: Guide
    engine: Engine
    receiver: Receiver
    dossiers: DossierStore
    hasher: Hasher


def build_core(settings: Settings, database_url: str | None = None) -> Core:
    """The conversation with its storage; raises StaleOrDamaged, DatabaseError or CentreError with what to do."""
    centre = load_centre(settings.centre_file)
    engine = open_database(database_url or settings.database_url)
    if serves_several_machines(engine):
        _fetch_index(engine, settings.index_dir)
    guide = Guide(settings.index_dir)
    key = settings.hash_key.get_secret_value() if settings.hash_key else None
    store, hasher = DossierStore(engine), Hasher(read_key(key))
    transcripts = TranscriptStore(engine)

    def erase_transcript(contact: Contact) -> None:
        if contact.channel == WEB:
            transcripts.clear(contact.id)

    dossiers = KeptDossiers(store, ConsentStore(engine), hasher, erasers=(erase_transcript,))
    receiver = Receiver(Dialogue(guide, centre, dossiers), SessionStore(engine))
    return Core(centre, guide, engine, receiver, store, hasher)


def _fetch_index(engine: Engine, index_dir: Path) -> None:
    """Begin with what another machine published; what can't be used is told, and the index on this disk serves."""
    try:
        SnapshotStore(engine).fetch(index_dir)
    except StaleOrDamaged as refusal:
        log.warning("the index published by another machine is not taken up: %s", refusal)


@contextmanager
def _watching_index(engine: Engine, index_dir: Path) -> Iterator[None]:
    """While this lasts, an index that another machine publishes is fetched within half a minute."""
    if not serves_several_machines(engine):
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=watch, args=(engine, index_dir, 20.0, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)


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
        with _watching_index(core.engine, settings.index_dir):
            async with webchat.running():
                if telegram:
                    await telegram.start()
                try:
                    yield
                finally:
                    if telegram:
                        await telegram.stop()

    tokens = read_tokens(settings.api_tokens.get_secret_value() if settings.api_tokens else None)
    app = web_app(lifespan, webchat, telegram, TELEGRAM_WEBHOOK_PATH, guide=core.guide, engine=core.engine)
    if tokens:
        app.include_router(StaffApi(core.dossiers, core.hasher, tokens).router)
    return app


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
