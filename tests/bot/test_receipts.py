"""Delivery receipts: signed, told until taken, never naming the contact."""

import hashlib
import hmac
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import msgspec
import pytest
from sqlalchemy import Engine

from bot.messages import Contact
from bot.notice_records import NewNotice, NoticeState, Outcome, Pace
from bot.receipts import ReceiptSettings, Teller
from bot.storage.consents import ConsentStore
from bot.storage.notices import Outbox
from bot.storage.receipts import ReceiptStore

KEY = "0123456789abcdef0123"
CODE = "H02.15-261123-0001"


class Listener(HTTPServer):
    """The system that the dossiers come from; `answers` are its next status codes."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[int] = []
        self.heard: list[tuple[dict[str, str], bytes]] = []


class Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((dict(self.headers), body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


def sent_notice(engine: Engine, clock: Clock) -> None:
    anna = Contact("telegram", "4711")
    ConsentStore(engine).give(anna, f"dossier:{CODE}", "1")
    outbox = Outbox(engine, clock, receipts=True)
    notice = NewNotice(
        key="k", contact=anna, kind="ready", template="ready", template_version=1, fields={},
        scope=f"dossier:{CODE}", dossier_code=CODE, dossier_version=3,
    )  # fmt: skip
    with engine.begin() as connection:
        outbox.add(connection, [notice])
    (claimed,) = outbox.claim("telegram", limit=1, lease=timedelta(minutes=1), pace=Pace()).notices
    outbox.finish([Outcome(notice=claimed, state=NoticeState.SENT)])


async def test_a_receipt_is_signed_and_told_until_it_is_taken(engine: Engine, listener: Listener) -> None:
    """503, then 204: told twice with the same id, then never again. The other side can check who says so."""
    clock = Clock()
    sent_notice(engine, clock)
    store = ReceiptStore(engine, clock)
    settings = ReceiptSettings(url=f"http://127.0.0.1:{listener.server_port}/receipts", key=KEY)
    teller = Teller(settings, store, now=clock)
    listener.answers = [503, 204]
    assert await teller.tell_due() == 1
    assert await teller.tell_due() == 0, "not at once"
    clock.at += timedelta(minutes=1)
    assert await teller.tell_due() == 1
    assert store.waiting() == 0
    (first, body), (second, _) = listener.heard
    assert first["X-Motcua-Receipt"] == second["X-Motcua-Receipt"]
    signed = first["X-Motcua-Timestamp"].encode() + b"." + body
    assert first["X-Motcua-Signature"] == "sha256=" + hmac.new(KEY.encode(), signed, hashlib.sha256).hexdigest()
    told = msgspec.json.decode(body)
    assert (told["dossier"], told["version"], told["kind"], told["state"]) == (CODE, 3, "ready", "sent")
    assert b"4711" not in body


async def test_a_receipt_that_nobody_wants_is_not_told_for_ever(engine: Engine, listener: Listener) -> None:
    """422 ends it; a listener that is away does not."""
    clock = Clock()
    sent_notice(engine, clock)
    store = ReceiptStore(engine, clock)
    away = Teller(ReceiptSettings(url="http://127.0.0.1:1/receipts", key=KEY), store, now=clock)
    assert await away.tell_due() == 1
    assert store.waiting() == 1
    clock.at += timedelta(minutes=1)
    listener.answers = [422]
    url = f"http://127.0.0.1:{listener.server_port}/receipts"
    assert await Teller(ReceiptSettings(url=url, key=KEY), store, now=clock).tell_due() == 1
    assert store.waiting() == 0


@pytest.mark.parametrize(("url", "key"), [("http://example.vn/receipts", KEY), ("https://example.vn", "short")])
def test_open_lines_and_weak_keys_are_refused(url: str, key: str) -> None:
    """https beyond this machine, and a key that cannot be guessed."""
    with pytest.raises(ValueError, match="receipts"):
        ReceiptSettings(url=url, key=key)
