"""The Telegram channel connected to its fake, with a conversation that echoes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest

from bot.channels import Receive
from bot.channels.telegram import OnReachable, Telegram, TelegramSettings
from bot.messages import Choice, Incoming, Reply
from tests.fakes.telegram import FakeTelegram

LAN, MINH = 101, 202
Result = TypeVar("Result")


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        yield fake


def settings(fake: FakeTelegram, **changes: Any) -> TelegramSettings:
    """Settings for the fake that wait for nothing; typing is never shown unless a test asks for it."""
    usual: dict[str, Any] = {
        "token": fake.token,
        "base_url": fake.base_url,
        "retry_pause": 0.01,
        "chat_interval": 0.001,
        "typing_after": 3600,
    }
    return TelegramSettings(**{**usual, **changes})


@asynccontextmanager
async def connected(
    fake: FakeTelegram, receive: Receive | None = None, *, on_reachable: OnReachable | None = None, **changes: Any
) -> AsyncIterator[Telegram]:
    channel = Telegram(settings(fake, **changes), receive or echo, on_reachable=on_reachable)
    await channel.start()
    try:
        yield channel
    finally:
        await channel.stop()


async def echo(incoming: Incoming) -> Reply:
    said = incoming.text or incoming.pressed or incoming.other or ""
    return Reply(paragraphs=(said,), choices=(Choice("Tiếp tục", "next"),))


async def wait(method: Callable[..., Result], *arguments: Any) -> Result:
    """Wait for the fake without holding up the channel, which runs in this thread."""
    return await asyncio.to_thread(method, *arguments)
