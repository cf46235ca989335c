"""The composition root: settings → office (`bot.office`) → dialogue → channels (`bot.connect`) → application."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Final

import msgspec
from fastapi import FastAPI
from sqlalchemy import Engine

from bot.catalogue_records import Publish
from bot.connect import connect
from bot.dialogue.core import Dialogue
from bot.messages import Contact, Incoming, Reply
from bot.office import Office, announcements, open_office
from bot.receive import LEASE, InHand, Receiver
from bot.sending import delivering
from bot.services.guide import Guide
from bot.services.staff import Staff
from bot.settings import Settings
from bot.storage.asked import AskedStore
from bot.storage.database import serves_several_machines
from bot.storage.sessions import SessionStore
from bot.storage.snapshots import SnapshotStore, watch
from bot.storage.staff import AuditStore, StaffStore
from bot.storage.taken import TakenMessages
from bot.storage.transcripts import CHANNEL as WEB
from bot.web.app import web_app
from bot.web.assist import AssistPages
from bot.web.console.app import console_app
from bot.web.console.page import Console
from bot.web.public_figures import PublicFigures
from bot.web.rating_pages import RatingPages
from bot.web.staff_api import StaffApi, read_tokens
from knowledge_base.index import StaleOrDamaged

log: Final = logging.getLogger(__name__)

ASK_AGAIN: Final = 1.0
"""Seconds after which to look again whether another process has sent an answer."""


class Core(Office, frozen=True, kw_only=True):
    """What every channel stands on: the office, and the conversation in front of it."""

    guide: Guide
    receiver: Receiver


def build_core(settings: Settings, database_url: str | None = None) -> Core:
    """The conversation with its storage; raises StaleOrDamaged, DatabaseError or CentreError with what to do."""
    office = open_office(settings, database_url)
    if serves_several_machines(office.engine):
        _fetch_index(office.engine, settings.index_dir)
    guide = Guide(settings.index_dir)
    dialogue = Dialogue(
        guide,
        office.centre,
        office.enquiries,
        follows=office.follows,
        questions=office.questions,
        ratings=office.ratings,
        handovers=office.handovers,
        assistance=office.assistance,
        bot_name=settings.telegram_bot_name,
    )
    receiver = Receiver(
        dialogue,
        SessionStore(office.engine),
        questions=office.questions,
        asked=AskedStore(office.engine),
        taken=TakenMessages(office.engine),
    )
    return Core(guide=guide, receiver=receiver, **msgspec.structs.asdict(office))


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
    """Hands turns to threads: the core is plain synchronous code, the channels are not.

    `seen` hears of everybody who writes, before the answer: erasing one's data is the last word.
    """

    def __init__(self, receiver: Receiver, workers: int = 8, *, seen: Callable[[Contact], None] | None = None) -> None:
        self._receiver = receiver
        self._seen = seen
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="turn")

    async def receive(self, incoming: Incoming) -> Reply | None:
        """`Receiver.receive` in a thread. Waits while another process is about to send the same answer."""
        while True:
            try:
                return await asyncio.get_running_loop().run_in_executor(self._threads, self._turn, incoming)
            except InHand as held:
                await asyncio.sleep(min(held.seconds + 0.05, ASK_AGAIN))

    def _turn(self, incoming: Incoming) -> Reply | None:
        if self._seen:
            try:
                self._seen(incoming.contact)
            except Exception as error:  # noqa: BLE001 - the answer matters more
                log.error("that somebody wrote on %s is not noted (%s)", incoming.contact.channel, type(error).__name__)
        return self._receiver.receive(incoming)

    async def sent(self, incoming: Incoming) -> None:
        """`Receiver.sent` in a thread."""
        if self._receiver.confirms(incoming):
            await asyncio.get_running_loop().run_in_executor(self._threads, self._receiver.sent, incoming)

    @asynccontextmanager
    async def alive(self) -> AsyncIterator[None]:
        """While this lasts, other processes hear that this one still sends what it has decided to say."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(LEASE.total_seconds() / 3)
                try:
                    await asyncio.get_running_loop().run_in_executor(self._threads, self._receiver.renew)
                except Exception as error:  # noqa: BLE001 - the next time may go well
                    log.error("the answers that are being sent could not be held (%s)", type(error).__name__)

        renewing = asyncio.create_task(renew())
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)


def build_app(settings: Settings, core: Core | None = None, publish: Publish | None = None) -> FastAPI:
    """The ASGI application: every channel that is switched on, delivery, the staff API, health.

    `publish`: how the console has the index built, where it may.
    """
    own, core = core is None, core or build_core(settings)

    def seen(contact: Contact) -> None:
        if contact.channel != WEB:  # whose visitors can be reached while their visit lasts, and no longer
            core.contacts.seen(contact)

    threaded = Threaded(core.receiver, seen=seen)
    channels = connect(settings, core, threaded.receive, threaded.sent)
    tokens = read_tokens(settings.api_tokens.get_secret_value() if settings.api_tokens else None)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with _watching_index(core.engine, settings.index_dir):
            sending = delivering(settings, core, channels) if settings.delivery else nullcontext()
            async with threaded.alive(), channels.running(), sending:
                yield
        if own:
            core.engine.dispose()

    app = web_app(lifespan, channels.webchat, channels.hooks(), guide=core.guide, engine=core.engine)
    if tokens:
        name, note = settings.telegram_bot_name or "", AuditStore(core.engine).add
        api = StaffApi(core.dossiers, core.hasher, tokens, note, links=core.links, bot_name=name)
        app.include_router(api.router)
    app.include_router(RatingPages(core.ratings, core.centre).router)
    app.include_router(PublicFigures(core.engine, core.guide, core.centre).router)
    app.include_router(AssistPages(core.assistance, core.guide, core.centre, settings.telegram_bot_name or "").router)
    app.mount("/staff", console_app(_console(settings, core, publish)))
    return app


def _console(settings: Settings, core: Core, publish: Publish | None) -> Console:
    """What the pages of the staff stand on."""
    return Console(
        engine=core.engine,
        guide=core.guide,
        centre=core.centre,
        centre_file=settings.centre_file,
        hasher=core.hasher,
        dossiers=core.dossiers,
        outbox=core.outbox,
        announcements=announcements(core, core.guide.procedure),
        staff=Staff(StaffStore(core.engine), core.hasher),
        publish=publish,
        monthly={"zalobot": settings.zalobot_monthly} if settings.zalobot_token else {},
        switches=lambda: [
            ("Telegram", "bật" if settings.telegram_token else "tắt"),
            ("Nhận hồ sơ từ phần mềm khác", "bật" if settings.api_tokens else "tắt"),
            ("Gửi tin ở máy này", "bật" if settings.delivery else "tắt"),
        ],
    )
