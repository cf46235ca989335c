"""From the provincial system's `PUT` to the resident's telephone: the whole application against fake suppliers."""

import asyncio
import hashlib
import hmac
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn
from click.testing import CliRunner
from sqlalchemy import Engine, update

from bot.app import build_app
from bot.notice_records import NoticeState
from bot.settings import read_settings
from bot.storage.notices import Outbox
from bot.storage.tables import notices
from motcua.__main__ import cli
from tests.bot.people import Background
from tests.fakes import zalo as fake_zalo
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.fakes.zalo import FakeZalo

CODE, DIGITS = "H05.12-260715-0007", "4321"
API_TOKEN, RECEIPT_KEY = "t" * 24, "0123456789abcdef0123"
CHAT, USER = 4711, "2512523625412515"
FOLLOW = "Báo tôi khi có thay đổi"


class Listener(HTTPServer):
    """The provincial system, which hears what became of its notices."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.heard: list[dict[str, Any]] = []
        self.changed = threading.Condition()

    def wait_for(self, state: str) -> dict[str, Any]:
        """The first receipt of this state."""

        def found() -> dict[str, Any] | None:
            return next((receipt for receipt in self.heard if receipt["state"] == state), None)

        with self.changed:
            receipt = self.changed.wait_for(found, 30)
        assert receipt, self.heard
        return receipt


class _Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = self.headers["X-Motcua-Timestamp"].encode() + b"." + body
        expected = "sha256=" + hmac.new(RECEIPT_KEY.encode(), signed, hashlib.sha256).hexdigest()
        genuine = hmac.compare_digest(expected, self.headers["X-Motcua-Signature"])
        with self.server.changed:
            if genuine:
                self.server.heard.append(msgspec.json.decode(body))
            self.server.changed.notify_all()
        self.send_response(204 if genuine else 403)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Listens for receipts."""
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    """The Bot API."""
    with FakeTelegram() as fake:
        yield fake


@pytest.fixture
def zalo() -> Iterator[FakeZalo]:
    """The Official Account."""
    with FakeZalo() as fake:
        yield fake


@pytest.fixture
def environment(
    database_url: str, index_dir: Path, tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """The settings of an installation whose people may be written to at night as well."""
    monkeypatch.chdir(tmp_path)
    settings = {
        "DATABASE_URL": database_url,
        "MOTCUA_INDEX_DIR": str(index_dir),
        "MOTCUA_API_TOKENS": f"province:{API_TOKEN}",
        "MOTCUA_HASH_KEY": "a key of the tests only",
        "MOTCUA_QUIET_HOURS": "off",
        "MOTCUA_RECEIPT_URL": f"http://127.0.0.1:{listener.server_port}/receipts",
        "MOTCUA_RECEIPT_KEY": RECEIPT_KEY,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return settings


@pytest.fixture
def on_telegram(telegram: FakeTelegram, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Telegram is switched on."""
    for name, value in {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_BASE_URL": telegram.base_url}.items():
        environment[name] = value
        monkeypatch.setenv(name, value)


@pytest.fixture
def on_zalo(zalo: FakeZalo, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The Official Account is set up, and its administrator has consented."""
    settings = {
        "ZALO_APP_ID": fake_zalo.APP_ID,
        "ZALO_APP_SECRET": fake_zalo.APP_SECRET,
        "ZALO_OA_ID": fake_zalo.OA_ID,
        "ZALO_OA_SECRET_KEY": fake_zalo.WEBHOOK_KEY,
        "ZALO_OPENAPI_URL": zalo.url,
        "ZALO_BUSINESS_URL": zalo.url,
        "ZALO_OAUTH_URL": zalo.url,
        "ZALO_TEMPLATES": "ready:4711",
    }
    for name, value in settings.items():
        environment[name] = value
        monkeypatch.setenv(name, value)
    address = f"https://motcua.example.vn/?oa_id={fake_zalo.OA_ID}&code=code-1"
    given = CliRunner().invoke(cli, ["zalo", "consent", address, "--verifier", "verifier-1"], catch_exceptions=False)
    assert given.exit_code == 0, given.output


class Served:
    """The application on a port of its own, in this process."""

    def __init__(self) -> None:
        self._background = Background()
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(build_app(read_settings()), log_level="critical", lifespan="on", ws="none")
        config.timeout_graceful_shutdown = 1
        self._server = uvicorn.Server(config)
        self._done: Future[None] = Future()

        async def serve() -> None:
            await self._server.serve([listening])

        self._done = asyncio.run_coroutine_threadsafe(serve(), self._background.loop)
        wait_until_up(self.url)

    def stop(self) -> None:
        """As after SIGTERM."""
        self._server.should_exit = True
        self._done.result(30)
        self._background.stop()


def wait_until_up(url: str) -> None:
    """Until the server answers; it is asked, because it tells nobody."""
    until = time.monotonic() + 60
    while True:
        try:
            assert httpx.get(url + "/healthz", trust_env=False).status_code == 200
        except httpx.TransportError:
            assert time.monotonic() < until, "the application did not come up"
        else:
            return


@pytest.fixture
def serve(environment: dict[str, str]) -> Iterator[Callable[[], Served]]:
    """Starts the application; whatever runs at the end is stopped."""
    running: list[Served] = []

    def start() -> Served:
        running.append(Served())
        return running[-1]

    yield start
    for served in running:
        served.stop()


def put(url: str, version: int, status: int, **said: Any) -> str:
    """The provincial system hands over a state of the dossier; what became of it."""
    body = {
        "status": status,
        "status_version": version,
        "procedure_code": "1.004194",
        "procedure_name": "Đăng ký tạm trú",
        "applicant": "NGUYỄN VĂN AN",
        "phone": "0900 00 4321",
        **said,
    }
    answer = httpx.put(
        f"{url}/api/v1/dossiers/{CODE}",
        content=msgspec.json.encode(body),
        headers={"Authorization": f"Bearer {API_TOKEN}"},
        trust_env=False,
        timeout=30,
    )
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["outcome"])


def telegram_says(telegram: FakeTelegram, text: str) -> str:
    """A resident writes; the next message."""
    before = len(telegram.messages(CHAT))
    telegram.user_sends(CHAT, text)
    return telegram.wait_for_messages(CHAT, before + 1)[-1].text


def follow_on_telegram(telegram: FakeTelegram) -> None:
    """From the code to the consent."""
    assert "số cuối" in telegram_says(telegram, CODE)
    assert "đang được xử lý" in telegram_says(telegram, DIGITS)
    before = len(telegram.messages(CHAT))
    telegram.user_taps(CHAT, FOLLOW)
    telegram.wait_for_messages(CHAT, before + 1)


@pytest.mark.usefixtures("on_telegram")
def test_a_change_reaches_the_follower_on_telegram_once(
    serve: Callable[[], Served], telegram: FakeTelegram, listener: Listener, engine: Engine
) -> None:
    """The same version again tells nobody; the fate goes back signed; after "dừng" nothing comes any more."""
    url = serve().url
    assert put(url, 1, 4) == "created"
    follow_on_telegram(telegram)
    assert put(url, 2, 9, result="Giấy xác nhận", place="Quầy 5") == "changed"
    receipt = listener.wait_for("sent")
    assert (receipt["dossier"], receipt["version"], receipt["kind"]) == (CODE, 2, "ready")
    assert str(CHAT) not in str(receipt)
    assert put(url, 2, 9, result="Giấy xác nhận", place="Quầy 5") == "unchanged"
    notice = telegram.messages(CHAT)[-1]
    assert "Hồ sơ đã có kết quả" in notice.text
    assert "Quầy 5" in notice.text
    assert sum("Hồ sơ đã có kết quả" in message.text for message in telegram.messages(CHAT)) == 1
    telegram_says(telegram, "dừng")
    assert put(url, 3, 10) == "changed"
    assert Outbox(engine).counts() == {NoticeState.SENT: 1}
    assert not any("đã trả kết quả" in message.text for message in telegram.messages(CHAT))


@pytest.mark.usefixtures("on_telegram")
def test_who_blocks_the_bot_comes_onto_the_call_list_until_he_writes_again(
    serve: Callable[[], Served], telegram: FakeTelegram, listener: Listener
) -> None:
    """Nothing is sent to somebody who has blocked us; whoever writes can be reached again."""
    url = serve().url
    put(url, 1, 4)
    follow_on_telegram(telegram)
    telegram.blocks(CHAT)
    telegram.wait_until(lambda: telegram.pending() == 0)
    sent = len(telegram.called("sendMessage"))
    put(url, 2, 9)
    assert listener.wait_for("suppressed")["kind"] == "ready"
    assert len(telegram.called("sendMessage")) == sent
    assert CODE in CliRunner().invoke(cli, ["notices", "call-list"], catch_exceptions=False).output
    telegram.unblocks(CHAT)
    telegram_says(telegram, "xin chào")
    put(url, 3, 10)
    assert listener.wait_for("sent")["version"] == 3
    assert CODE not in CliRunner().invoke(cli, ["notices", "call-list"], catch_exceptions=False).output


@pytest.mark.usefixtures("on_telegram")
def test_erasing_one_s_data_ends_everything(
    serve: Callable[[], Served], telegram: FakeTelegram, listener: Listener, engine: Engine
) -> None:
    """What was erased is said; no notice, no contact and no consent is left, and no notice comes."""
    url = serve().url
    put(url, 1, 4)
    follow_on_telegram(telegram)
    put(url, 2, 9)
    listener.wait_for("sent")
    telegram_says(telegram, "xóa dữ liệu của tôi")
    before = len(telegram.messages(CHAT))
    telegram.user_taps(CHAT, "Đồng ý xóa")
    assert "Đã xóa" in telegram.wait_for_messages(CHAT, before + 1)[-1].text
    put(url, 3, 10)
    assert Outbox(engine).list() == []
    with engine.connect() as connection:
        for table in ("contacts", "consents", "openings"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() == 0, table


@pytest.mark.usefixtures("on_zalo")
def test_a_change_reaches_the_follower_on_zalo_once(
    serve: Callable[[], Served], zalo: FakeZalo, listener: Listener, engine: Engine
) -> None:
    """The webhook is signed, the notice comes as text with a menu whose numbers work, "dừng" ends it."""
    url = serve().url
    assert zalo.save_webhook(f"{url}/zalo/webhook") == 200
    put(url, 1, 4)

    def says(text: str) -> str:
        before = len(zalo.messages(USER))
        zalo.user_sends(USER, text)
        return zalo.wait_for_messages(USER, before + 1)[-1].text

    says(CODE)
    page = says(DIGITS)
    number = next(line.split("]")[0][1:] for line in page.splitlines() if line.endswith(FOLLOW))
    says(number)
    assert put(url, 2, 5, missing=["Bản sao giấy khai sinh"]) == "changed"
    assert listener.wait_for("sent")["channel"] == "zalo"
    notice = zalo.messages(USER)[-1].text
    assert "Bản sao giấy khai sinh" in notice
    number = next(line.split("]")[0][1:] for line in notice.splitlines() if line.endswith("Danh sách giấy tờ"))
    assert "Đăng ký tạm trú" in says(number)
    says("dừng")
    put(url, 3, 9)
    assert Outbox(engine).counts() == {NoticeState.SENT: 1}


@pytest.mark.usefixtures("on_zalo")
def test_outside_the_window_zalo_gets_the_template(
    serve: Callable[[], Served], zalo: FakeZalo, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Free text only soon after somebody wrote; a kind without template goes to the call list."""
    zalo.templates["4711"] = {"ma_ho_so", "thu_tuc"}
    monkeypatch.setenv("ZALO_FREE_HOURS", "0")
    url = serve().url
    zalo.save_webhook(f"{url}/zalo/webhook")
    put(url, 1, 4)
    for number, text in enumerate((CODE, DIGITS, FOLLOW), 1):
        zalo.user_sends(USER, text)
        zalo.wait_for_messages(USER, number)
    put(url, 2, 9)
    listener.wait_for("sent")
    seen = zalo.messages(USER)[-1]
    assert (seen.template, seen.data["ma_ho_so"]) == ("4711", CODE)
    put(url, 3, 10)
    assert "template" in listener.wait_for("failed")["reason"]
    assert CODE in CliRunner().invoke(cli, ["notices", "call-list"], catch_exceptions=False).output


def test_the_web_chat_s_follower_sees_it_live(serve: Callable[[], Served], listener: Listener) -> None:
    """An open page hears of the notice by its event stream, which was open before the change."""
    url = serve().url
    put(url, 1, 4)
    with httpx.Client(base_url=url, trust_env=False, timeout=30, headers={"Origin": url}) as page:
        page.get("/").raise_for_status()

        def says(**what: Any) -> dict[str, Any]:
            answer = page.post("/chat/messages", json={"id": uuid.uuid4().hex, **what})
            answer.raise_for_status()
            found: dict[str, Any] = answer.json()["exchanges"][-1]
            return found

        for text in (CODE, DIGITS, FOLLOW):
            last = says(text=text)
        with page.stream("GET", "/chat/events", params={"after": str(last["number"])}) as events:
            lines = events.iter_lines()
            put(url, 2, 9, place="Quầy 5")
            heard = next(line for line in lines if line.startswith("data:") and "Quầy 5" in line)
        assert "Hồ sơ đã có kết quả" in heard
        assert listener.wait_for("sent")["channel"] == "web"


@pytest.mark.usefixtures("on_telegram")
def test_killed_between_sending_and_closing_nobody_is_told_twice(
    environment: dict[str, str], telegram: FakeTelegram, listener: Listener, engine: Engine
) -> None:
    """Telegram has the notice, its answer never came, kill -9: the next process sends nothing and says "unknown"."""
    processes = []

    def start() -> str:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "motcua", "serve"],
            env=os.environ | environment | {"MOTCUA_PORT": str(port)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        processes.append(process)
        wait_until_up(f"http://127.0.0.1:{port}")
        return f"http://127.0.0.1:{port}"

    try:
        url = start()
        put(url, 1, 4)
        follow_on_telegram(telegram)
        before = len(telegram.messages(CHAT))
        telegram.fault("sendMessage", hang=True, accept=True)
        put(url, 2, 9)
        telegram.wait_for_messages(CHAT, before + 1)
        processes[0].send_signal(signal.SIGKILL)
        processes[0].wait()
        telegram.release()
        with engine.begin() as connection:  # the dead sender's lease runs out
            connection.execute(update(notices).values(lease_until=datetime.now(UTC) - timedelta(seconds=1)))
        start()
        assert listener.wait_for("unknown")["version"] == 2
        assert "Xin chào" in telegram_says(telegram, "xin chào")
        assert sum("Hồ sơ đã có kết quả" in message.text for message in telegram.messages(CHAT)) == 1
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.mark.usefixtures("on_telegram")
def test_delivery_can_be_a_process_of_its_own(
    environment: dict[str, str],
    telegram: FakeTelegram,
    listener: Listener,
    serve: Callable[[], Served],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`motcua notices deliver` sends what the serving process only queues; SIGTERM ends it in order."""
    monkeypatch.setenv("MOTCUA_DELIVERY", "off")
    url = serve().url
    put(url, 1, 4)
    follow_on_telegram(telegram)
    put(url, 2, 9)
    process = subprocess.Popen([sys.executable, "-m", "motcua", "notices", "deliver"], env=os.environ | environment)
    try:
        assert listener.wait_for("sent")["version"] == 2
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
    assert "Hồ sơ đã có kết quả" in telegram.messages(CHAT)[-1].text
