"""Delivery receipts: the fate of each dossier's notice, told to the system that the dossier came from.

A POST of JSON, signed: `X-Motcua-Signature: sha256=<hex>` is the HMAC-SHA256 of "<X-Motcua-Timestamp>.<body>" with the
shared key. `X-Motcua-Receipt` stays the same when a receipt is told again, so that the other side can drop doubles.
"""

import asyncio
import hashlib
import hmac
import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from urllib.parse import urlsplit

import httpx
import msgspec

from bot.notice_records import Receipt

log: Final = logging.getLogger(__name__)

TRIES: Final = 12
"""With the pauses below they cover about a day."""
LONGEST: Final = timedelta(hours=4)
WORTH_ANOTHER_TRY: Final = frozenset({401, 403, 404, 408, 409, 425, 429})
"""Refusals that the other side mends by itself or by its staff; any other 4xx will refuse this receipt for ever."""


class ReceiptSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where to tell receipts, and the shared key; times in seconds. ValueError where they can't be used."""

    url: str
    key: str
    timeout: float = 10
    lease: float = 120
    at_once: int = 8
    idle: float = 5
    first_pause: float = 10

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("the address for delivery receipts must begin with https://")
        if len(self.key) < 16:
            raise ValueError("the key for delivery receipts is too short: use 32 random letters")

    def __repr__(self) -> str:
        return f"ReceiptSettings(url={self.url!r})"


class Receipts(Protocol):
    """Where receipts wait; see bot.storage.receipts."""

    def claim(self, limit: int, lease: timedelta) -> list[Receipt]:
        """Take due receipts."""

    def close(self, receipt: Receipt) -> None:
        """It was told, or nobody wants it."""

    def again(self, receipt: Receipt, at: datetime) -> None:
        """Try once more, not before this moment."""


def signature(key: str, timestamp: str, body: bytes) -> str:
    """What stands in `X-Motcua-Signature`."""
    return "sha256=" + hmac.new(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class Teller:
    """Tells receipts until each is taken or refused for good."""

    def __init__(
        self,
        settings: ReceiptSettings,
        receipts: Receipts,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._settings, self._receipts = settings, receipts
        self._now, self._chance = now, chance

    async def run(self, stopping: asyncio.Event) -> None:
        """Tell what is due until `stopping` is set."""
        while not stopping.is_set():
            try:
                told = await self.tell_due()
            except Exception as error:  # noqa: BLE001  # the database may be away; receipts wait there
                log.error("receipts are held up (%s); trying on", type(error).__name__)
                told = 0
            if not told:
                try:
                    async with asyncio.timeout(self._settings.idle):
                        await stopping.wait()
                except TimeoutError:
                    continue

    async def tell_due(self) -> int:
        """Tell what is due now; how many were tried."""
        lease = timedelta(seconds=self._settings.lease)
        due = await asyncio.to_thread(self._receipts.claim, self._settings.at_once, lease)
        if due:
            async with httpx.AsyncClient(timeout=self._settings.timeout, follow_redirects=False) as client:
                await asyncio.gather(*(self._tell(client, receipt) for receipt in due))
        return len(due)

    async def _tell(self, client: httpx.AsyncClient, receipt: Receipt) -> None:
        body, timestamp = receipt.body.encode(), str(int(self._now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "X-Motcua-Receipt": str(receipt.id),
            "X-Motcua-Timestamp": timestamp,
            "X-Motcua-Signature": signature(self._settings.key, timestamp, body),
        }
        try:
            status = (await client.post(self._settings.url, content=body, headers=headers)).status_code
        except httpx.HTTPError as error:
            problem = type(error).__name__
        else:
            if 200 <= status < 300:
                await asyncio.to_thread(self._receipts.close, receipt)
                return
            problem = f"HTTP {status}"
            if 400 <= status < 500 and status not in WORTH_ANOTHER_TRY:
                log.error("receipt %d was refused for good (%s)", receipt.id, problem)
                await asyncio.to_thread(self._receipts.close, receipt)
                return
        if receipt.attempts >= TRIES:
            log.error("receipt %d was given up after %d tries (%s)", receipt.id, TRIES, problem)
            await asyncio.to_thread(self._receipts.close, receipt)
            return
        pause = min(timedelta(seconds=self._settings.first_pause) * 2 ** (2 * receipt.attempts - 2), LONGEST)
        await asyncio.to_thread(self._receipts.again, receipt, self._now() + pause * (0.5 + self._chance() / 2))
