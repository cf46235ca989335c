"""Webhooks that carry a shared secret: 1,000 mutations of it are refused, and nothing happens."""

import json
import random

from bot.channels.telegram import Telegram
from bot.messages import Incoming, Reply
from tests.bot.channels.telegram_setup import settings, telegram
from tests.bot.channels.zalo_setup import bot_connected, zalobot
from tests.fakes.telegram import FakeTelegram
from tests.fakes.zalobot import FakeZaloBot

__all__ = ["telegram", "zalobot"]

SECRET = "s3cret_of-the-hook-of-the-office"
SIGNS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
MUTATIONS = 1000


def mutated(chance: random.Random, number: int) -> str | None:
    """The secret with one thing changed, or none at all."""
    place = chance.randrange(len(SECRET))
    other = chance.choice([sign for sign in SIGNS if sign != SECRET[place]])
    match number % 8:
        case 0:
            return SECRET[:place] + other + SECRET[place + 1 :]
        case 1:
            return SECRET[:place] + SECRET[place + 1 :]
        case 2:
            return SECRET[:place] + other + SECRET[place:]
        case 3:
            return SECRET[:place]
        case 4:
            return SECRET[:place] + SECRET[place].swapcase() + SECRET[place + 1 :] + other
        case 5:
            return chance.choice([None, "", " ", SECRET + " ", " " + SECRET, SECRET * 2, SECRET.upper(), "ộ", "\0"])
        case 6:
            return SECRET[:place] + chr(chance.randrange(0x80, 0x2000)) + SECRET[place + 1 :]
        case _:
            return "".join(chance.choices(SIGNS, k=len(SECRET)))


async def test_telegram_refuses_them(telegram: FakeTelegram) -> None:
    """403, counted, and no conversation hears of it; with the secret itself the same body is let in."""
    heard: list[Incoming] = []

    async def receive(incoming: Incoming) -> Reply | None:
        heard.append(incoming)
        return None

    message = {"message_id": 1, "date": 1, "chat": {"id": 101, "type": "private"}, "text": "chào"}
    body = json.dumps({"update_id": 1, "message": message}).encode()
    channel = Telegram(settings(telegram, webhook_url="https://example.org/h", webhook_secret=SECRET), receive)
    await channel.start()
    chance = random.Random(5)
    for number in range(MUTATIONS):
        assert await channel.handle_webhook(body, mutated(chance, number)) == 403
    assert channel.counts["wrong secret"] == MUTATIONS
    assert heard == []
    assert await channel.handle_webhook(body, SECRET) == 200
    assert [incoming.text for incoming in heard] == ["chào"]
    await channel.stop()


async def test_zalo_bot_refuses_them(zalobot: FakeZaloBot) -> None:
    """403, counted, and nobody is answered."""
    sender = {"id": "abc123", "display_name": "Lan"}
    message = {"from": sender, "chat": {"id": "abc123", "chat_type": "PRIVATE"}, "text": "chào", "message_id": "1"}
    body = json.dumps({"event_name": "message.text.received", "message": message}).encode()
    async with bot_connected(zalobot, webhook_url="https://example.org/h", webhook_secret=SECRET) as channel:
        chance = random.Random(6)
        for number in range(MUTATIONS):
            assert await channel.handle_webhook(body, mutated(chance, number)) == 403
        assert channel.counts["wrong secret"] == MUTATIONS
        assert zalobot.called("sendMessage") == []
        assert await channel.handle_webhook(body, SECRET) == 200
