"""Every error that a supplier can answer with, and what the sender did: writes `docs/suppliers.md`."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.channels import OutcomeUnknown, TryLater, Unreachable
from bot.channels.zalo import Filled
from bot.channels.zalo_errors import OA_ERRORS, TEMPLATE_ERRORS
from bot.channels.zalobot import ERRORS as BOT_ERRORS
from bot.messages import Contact, Reply
from bot.storage.tokens import SqlTokens
from tests.bot.channels import telegram_setup
from tests.bot.channels.zalo_setup import CONTACT, DATA, LAN, bot_connected, connected, store, zalo, zalobot
from tests.fakes.loopback import Loopback
from tests.fakes.telegram import FakeTelegram
from tests.fakes.zalo import FakeZalo
from tests.fakes.zalobot import FakeZaloBot

__all__ = ["store", "zalo", "zalobot"]
PAGE = Path(__file__).parents[3] / "docs" / "suppliers.md"
NOTICE = Reply(paragraphs=("Hồ sơ đã có kết quả.",))
HEAD = """# Errors of the suppliers, and what the sender does

Written by `tests/bot/channels/test_zalo_suppliers.py`, which sends a notice through each channel to a fake of the
supplier that answers with the error. Nothing here was tried against the real Telegram or Zalo.

"Again later" means that nothing was delivered and the outbox may send the same notice again: the whole channel waits,
and no notice loses one of its five tries, unless the table says that only this notice, person or template waits.
"Unknown" is never sent again without a person's word. A notice is one request unless the table says otherwise.
"""
TELEGRAM: tuple[tuple[str, dict[str, Any]], ...] = (
    ("429 flood control", {"status": 429, "retry_after": 7}),
    ("403 blocked by the user", {"status": 403, "description": "Forbidden: bot was blocked by the user"}),
    ("403 user is deactivated", {"status": 403, "description": "Forbidden: user is deactivated"}),
    ("400 chat not found", {"status": 400, "description": "Bad Request: chat not found"}),
    ("400 PEER_ID_INVALID", {"status": 400, "description": "Bad Request: PEER_ID_INVALID"}),
    ("400 user not found", {"status": 400, "description": "Bad Request: user not found"}),
    ("400 user is deactivated", {"status": 400, "description": "Bad Request: user is deactivated"}),
    ("400 entities not parsed", {"status": 400, "description": "Bad Request: can't parse entities: x"}),
    ("400 anything else", {"status": 400, "description": "Bad Request: SOMETHING_NEW"}),
    ("401 wrong token", {"status": 401}),
    ("500", {"status": 500}),
    ("502", {"status": 502}),
    ("503", {"status": 503}),
    ("504", {"status": 504}),
    ("no answer, but delivered", {"hang": True, "accept": True}),
    ("connection lost, but delivered", {"reset": True, "accept": True}),
)
NETWORK: tuple[tuple[str, dict[str, Any]], ...] = (
    ("HTTP 429", {"status": 429}),
    ("HTTP 404", {"status": 404}),
    ("HTTP 500", {"status": 500}),
    ("HTTP 502", {"status": 502}),
    ("HTTP 503", {"status": 503}),
    ("HTTP 504", {"status": 504}),
    ("an answer that is no JSON", {"garbage": True}),
    ("no answer, but delivered", {"hang": True, "accept": True}),
    ("connection lost, but delivered", {"reset": True, "accept": True}),
)


async def outcome(send: Coroutine[Any, Any, str], requests: Callable[[], int], reachable: list[bool]) -> str:
    """What became of a notice, in words."""
    try:
        await send
        did = "delivered"
    except OutcomeUnknown:
        did = "unknown"
    except TryLater as later:
        kinds = {
            "NeedsOperator": ", alert",
            "PersonLater": ", this person only",
            "NoticeLater": ", this notice only",
            "_TemplateLater": ", this template only, alert",
        }
        kind = kinds.get(type(later).__name__, "")
        wait = f"{later.seconds / 3600:.1f} h" if later.seconds > 1800 else f"{later.seconds:g} s"
        did = f"again later ({wait}{kind})"
    except Unreachable as error:
        words = {"OutsideWindow": "only a template can reach them", "Unreachable": "unreachable"}
        did = words.get(type(error).__name__, "given up, reported as our mistake")
    if False in reachable:
        did += ", told to the outbox"
    count = requests()
    return did if count == 1 else f"{did}, {count} requests"


def table(title: str, rows: list[tuple[str, str, str]]) -> str:
    lines = [f"\n## {title}\n", "| error | meaning | what the sender did |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {error} | {meaning} | {did} |" for error, meaning, did in rows)]) + "\n"


def sends(fake: Loopback) -> int:
    return sum(call.method in ("cs", "user_template", "phone_template", "sendMessage") for call in fake.calls)


async def on_zalo(fake: FakeZalo, store: SqlTokens, method: str, fault: dict[str, Any]) -> str:
    told: list[bool] = []

    async def on_reachable(contact: Contact, reachable: bool) -> None:
        told.append(reachable)

    fake.calls.clear()
    fake.fault(method, **fault)
    async with connected(fake, store, hooks={"on_reachable": on_reachable}, read_timeout=0.3, rate_pause=15) as channel:
        if method == "cs":
            sending = channel.send(CONTACT, NOTICE, Filled("result", DATA))
        elif method == "user_template":
            sending = channel.send_template(CONTACT, "result", DATA)
        else:
            sending = channel.send_template("0984123456", "result", DATA, "hs1-1")
        return await outcome(sending, lambda: sends(fake), told)


async def on_bot(fake: FakeZaloBot, fault: dict[str, Any]) -> str:
    told: list[bool] = []

    async def on_reachable(contact: Contact, reachable: bool) -> None:
        told.append(reachable)

    fake.calls.clear()
    fake.fault("sendMessage", **fault)
    async with bot_connected(fake, hooks={"on_reachable": on_reachable}, read_timeout=0.3) as channel:
        return await outcome(channel.send(Contact("zalobot", LAN), NOTICE), lambda: sends(fake), told)


async def on_telegram(fault: dict[str, Any]) -> str:
    told: list[bool] = []

    async def on_reachable(contact: Contact, reachable: bool) -> None:
        told.append(reachable)

    with FakeTelegram() as fake:
        fake.unblocks(1)
        fake.fault("sendMessage", **fault)
        async with telegram_setup.connected(fake, on_reachable=on_reachable, read_timeout=0.3) as channel:
            sending = channel.send(Contact("telegram", "1"), NOTICE)
            return await outcome(sending, lambda: len(fake.called("sendMessage")), told)


async def test_the_page_of_supplier_errors_is_what_happens(
    zalo: FakeZalo, zalobot: FakeZaloBot, store: SqlTokens
) -> None:
    """Each row was played; where the page differs it is written anew, to be looked at and committed."""
    zalo.silent_for(LAN, timedelta(hours=1))
    zalo.reads_phone("84984123456", LAN)
    zalobot._seen[LAN] = []
    page = HEAD
    page += table("Telegram", [(name, "", await on_telegram(fault)) for name, fault in TELEGRAM])
    for title, method, errors in (
        ("Zalo Official Account: text (message/cs), with a template for the same notice", "cs", OA_ERRORS),
        ("Zalo template by telephone number", "phone_template", TEMPLATE_ERRORS),
        ("Zalo template by user id", "user_template", {-249: (None, "not by user id"), -216: OA_ERRORS[-216]}),
    ):
        rows = [
            (str(code), meaning, await on_zalo(zalo, store, method, {"error": code}))
            for code, (_, meaning) in errors.items()
        ]
        rows.append(("any other", "not in our table", await on_zalo(zalo, store, method, {"error": -99999})))
        rows += [(name, "", await on_zalo(zalo, store, method, fault)) for name, fault in NETWORK]
        page += table(title, rows)
    rows = [(str(code), words, await on_bot(zalobot, {"error": code})) for code, (_, words) in BOT_ERRORS.items()]
    rows += [(name, "", await on_bot(zalobot, fault)) for name, fault in NETWORK]
    page += table("Zalo Bot Platform", rows)
    before = await asyncio.to_thread(PAGE.read_text, "utf-8") if PAGE.exists() else ""
    if before != page:
        await asyncio.to_thread(PAGE.write_text, page, "utf-8")
    assert before == page, f"{PAGE.name} was out of date and has been written anew: look at it and commit it"
