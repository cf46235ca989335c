"""Delivery on the channels: inside the processes that serve, or as a process of its own."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

from bot.connect import Channels, connect
from bot.deliver import Deliverer, DeliverySettings
from bot.dialogue.wording.notices import TEMPLATES
from bot.office import Office, open_office
from bot.receipts import ReceiptSettings, Teller
from bot.services.assistance import KeptAssistance
from bot.services.handover import KeptHandovers
from bot.settings import Settings
from bot.storage.bulks import BulkStore
from bot.storage.ratings import RatingStore
from bot.storage.receipts import ReceiptStore

log: Final = logging.getLogger(__name__)


@asynccontextmanager
async def delivering(settings: Settings, office: Office, channels: Channels) -> AsyncIterator[None]:
    """While this lasts, notices leave and receipts are told; at the end what is out is waited for and closed."""
    how = DeliverySettings(quiet_hours=settings.quiet_hours)
    loops = [Deliverer(office.outbox, channels.senders(), TEMPLATES, how).run]
    if settings.receipt_url and settings.receipt_key:
        where = ReceiptSettings(url=settings.receipt_url, key=settings.receipt_key.get_secret_value())
        loops.append(Teller(where, ReceiptStore(office.engine)).run)
    loops.append(partial(_tend, office.handovers, office.rating_store))
    loops.append(partial(_tend_cases, office.assistance))
    loops.append(partial(_take_up, BulkStore(office.engine, office.outbox)))
    stopping = asyncio.Event()
    tasks = [asyncio.create_task(loop(stopping)) for loop in loops]
    try:
        yield
    finally:
        stopping.set()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, BaseException):
                log.error("delivery had ended (%s)", type(result).__name__)


async def _tend(handovers: KeptHandovers, ratings: RatingStore, stopping: asyncio.Event) -> None:
    """Until `stopping` is set, every half minute: end the talks that no officer tends, and cut ratings whose 24 hours
    are over loose from their visits, which must not wait until somebody rates again.
    """
    work = (("talks with officers", handovers.tidy), ("ratings", ratings.seal))
    while not stopping.is_set():
        for what, tend in work:
            try:
                await asyncio.to_thread(tend)
            except Exception as error:  # noqa: BLE001 - the next time may go well
                log.error("%s could not be tended (%s)", what, type(error).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), 30)


async def _tend_cases(assistance: KeptAssistance, stopping: asyncio.Event) -> None:
    """Until `stopping` is set, close every five minutes the cases that volunteers left behind."""
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), 300)
            return
        try:
            await asyncio.to_thread(assistance.tidy)
        except Exception as error:  # noqa: BLE001 - the next time may go well
            log.error("cases of volunteers could not be tended (%s)", type(error).__name__)


async def _take_up(bulks: BulkStore, stopping: asyncio.Event) -> None:
    """Until `stopping` is set, every half minute: queue what is left of approved announcements, of which the process
    that began with them may have been killed.
    """
    while not stopping.is_set():
        try:
            await asyncio.to_thread(bulks.take_up)
        except Exception as error:  # noqa: BLE001 - the next time may go well
            log.error("announcements could not be queued (%s)", type(error).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), 30)


async def deliver(settings: Settings, stopping: asyncio.Event) -> None:
    """Delivery as a process of its own: the same channels, which only send, until `stopping` is set."""
    office = open_office(settings)
    channels = connect(settings, office)
    try:
        async with delivering(settings, office, channels):
            await stopping.wait()
    finally:
        await channels.close()
        office.engine.dispose()
