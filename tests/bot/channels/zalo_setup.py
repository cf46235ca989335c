"""The Zalo channels connected to their fakes, with a conversation that echoes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine

from bot.channels import Receive
from bot.channels.zalo import Zalo, ZaloSettings
from bot.channels.zalobot import ZaloBot, ZaloBotSettings
from bot.messages import Choice, Contact, Incoming, Reply
from bot.storage.database import open_database
from bot.storage.tokens import SqlTokens
from tests.fakes import zalo as fakes
from tests.fakes.zalo import FakeZalo
from tests.fakes.zalobot import TOKEN, FakeZaloBot

LAN, MINH = "2512523625412515", "2512523625412516"
CONTACT = Contact("zalo", LAN)
NOTICE = Reply(paragraphs=("Hồ sơ của bạn đã có kết quả.",))
MENU = Reply(paragraphs=("Mời bạn chọn.",), choices=(Choice("Lệ phí", "procedure.show:1.004194:fee"),))
DATA = {"ma_ho_so": "H02.1", "trang_thai": "Đã có kết quả"}
Result = TypeVar("Result")


@pytest.fixture
def zalo() -> Iterator[FakeZalo]:
    with FakeZalo() as fake:
        yield fake


@pytest.fixture
def zalobot() -> Iterator[FakeZaloBot]:
    with FakeZaloBot() as fake:
        yield fake


@pytest.fixture
def store(tmp_path: Path, zalo: FakeZalo) -> Iterator[SqlTokens]:
    """The fake's first pair, in a database of its own."""
    engine = open_database(f"sqlite:///{tmp_path / 'tokens.db'}")
    yield stored(engine, zalo)
    engine.dispose()


def stored(engine: Engine, fake: FakeZalo) -> SqlTokens:
    store = SqlTokens(engine, "zalo", lambda: fake.now)
    ends = fake.now + timedelta(hours=25)
    store.save(access=fake.access, refresh=fake.refresh, obtained_at=fake.now, expires_at=ends, version=1)
    return store


def settings(fake: FakeZalo, **changes: Any) -> ZaloSettings:
    """Settings for the fake that wait for nothing."""
    usual: dict[str, Any] = {
        "app_id": fakes.APP_ID, "app_secret": fakes.APP_SECRET, "oa_id": fakes.OA_ID,
        "oa_secret_key": fakes.WEBHOOK_KEY, "openapi_url": fake.url, "business_url": fake.url, "oauth_url": fake.url,
        "templates": {"result": "4711"}, "retry_pause": 0.01, "rate_pause": 0.2, "per_second": 10_000,
        "read_timeout": 5,
    }  # fmt: skip
    return ZaloSettings(**{**usual, **changes})


@asynccontextmanager
async def connected(
    fake: FakeZalo,
    store: SqlTokens,
    receive: Receive | None = None,
    *,
    hooks: dict[str, Any] | None = None,
    **changes: Any,
) -> AsyncIterator[Zalo]:
    channel = Zalo(settings(fake, **changes), receive or echo, tokens=store, now=lambda: fake.now, **(hooks or {}))
    await channel.start()
    try:
        yield channel
    finally:
        await channel.stop()


@asynccontextmanager
async def bot_connected(
    fake: FakeZaloBot, receive: Receive | None = None, *, hooks: dict[str, Any] | None = None, **changes: Any
) -> AsyncIterator[ZaloBot]:
    usual: dict[str, Any] = {
        "token": TOKEN, "base_url": fake.url, "retry_pause": 0.01, "per_second": 10_000, "poll_timeout": 1,
        "typing_after": 3600, "read_timeout": 5,
    }  # fmt: skip
    channel = ZaloBot(ZaloBotSettings(**{**usual, **changes}), receive or echo, **(hooks or {}))
    await channel.start()
    try:
        yield channel
    finally:
        await channel.stop()


async def echo(incoming: Incoming) -> Reply:
    return Reply(paragraphs=(incoming.text or incoming.pressed or incoming.other or "",))


async def wait(method: Callable[..., Result], *arguments: Any) -> Result:
    """Wait for the fake without holding up the channel, which runs in this thread."""
    return await asyncio.to_thread(method, *arguments)


def week_ago(fake: FakeZalo) -> Callable[[Contact], Any]:
    async def last_seen(contact: Contact) -> datetime:
        return fake.now - timedelta(days=6)

    return last_seen
