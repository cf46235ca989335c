"""The assembled application: its routes, its health, Telegram's webhook inside it."""

import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from bot.app import Core, build_app, build_core
from bot.messages import Contact
from bot.settings import Settings, SettingsError, read_settings
from bot.storage.consents import ConsentStore
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.fakes.zalobot import TOKEN as ZALOBOT_TOKEN
from tests.fakes.zalobot import FakeZaloBot

SECRET = "s3cret-of-the-webhook"


@pytest.fixture
def settings(index_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a fresh installation with the shipped index."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOTCUA_INDEX_DIR", str(index_dir))
    return read_settings()


@pytest.fixture
def core(settings: Settings, tmp_path: Path) -> Iterator[Core]:
    """The conversation on an empty database: a file, as in service, for delivery writes from threads of its own."""
    core = build_core(settings, f"sqlite:///{tmp_path / 'app.db'}")
    yield core
    core.engine.dispose()


def test_health_tells_what_is_served(settings: Settings, core: Core) -> None:
    """200 with the number of procedures and the snapshot while the process can answer."""
    with TestClient(build_app(settings, core)) as client:
        health = client.get("/healthz")
    assert health.status_code == 200
    assert health.json()["procedures"] == 2040
    assert health.json()["index"] == core.guide.snapshot.manifest.snapshot


def test_an_unreachable_database_is_not_healthy(
    settings: Settings, core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503: a load balancer sends nobody here."""
    with TestClient(build_app(settings, core)) as client:

        def refuse(_: Engine) -> None:
            raise OperationalError("SELECT 1", {}, Exception("gone"))

        monkeypatch.setattr("bot.web.app._reach", refuse)
        assert client.get("/healthz").status_code == 503


def test_the_page_and_its_files_are_guarded(settings: Settings, core: Core) -> None:
    """Strict content policy on the page, no type guessing on the files."""
    with TestClient(build_app(settings, core)) as client:
        page = client.get("/")
        script = client.get("/static/chat.js")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert script.headers["x-content-type-options"] == "nosniff"


def test_telegram_s_webhook_is_served_by_the_same_application(
    index_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, core: Core
) -> None:
    """With the right secret a message is answered; without it 403, malformed 400, nothing else happens."""
    with FakeTelegram() as telegram:
        telegram._messages[4711] = []  # the resident has opened the chat; the update below comes by our own hand
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("MOTCUA_INDEX_DIR", str(index_dir))
        monkeypatch.setenv("TELEGRAM_TOKEN", TOKEN)
        monkeypatch.setenv("TELEGRAM_BASE_URL", telegram.base_url)
        monkeypatch.setenv("TELEGRAM_WEBHOOK_URL", "https://motcua.example.vn")
        monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET", SECRET)
        update = {
            "update_id": 1,
            "message": {
                "message_id": 7,
                "date": 1,
                "chat": {"id": 4711, "type": "private"},
                "from": {"id": 4711, "is_bot": False, "first_name": "A"},
                "text": "1.004194",
            },
        }
        header = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        with TestClient(build_app(read_settings(), core)) as client:
            assert client.post("/telegram/webhook", json=update).status_code == 403
            assert client.post("/telegram/webhook", content=b"{", headers=header).status_code == 400
            assert telegram.messages(4711) == []
            assert client.post("/telegram/webhook", json=update, headers=header).status_code == 200
            assert "Đăng ký tạm trú" in telegram.wait_for_messages(4711, 1)[0].text
        hook = telegram.called("setWebhook")[0]
        assert hook["url"] == "https://motcua.example.vn/telegram/webhook"
        assert hook["secret_token"] == SECRET


def test_a_webhook_without_secret_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The setting that is missing is named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TELEGRAM_TOKEN", TOKEN)
    monkeypatch.setenv("TELEGRAM_WEBHOOK_URL", "https://motcua.example.vn")
    with pytest.raises(SettingsError, match="TELEGRAM_WEBHOOK_SECRET"):
        read_settings()


def test_the_zalo_bot_s_webhook_is_served_too(
    index_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, core: Core
) -> None:
    """With the secret it is answered; without it 403; what is too large is not read to its end."""
    with FakeZaloBot() as zalobot:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("MOTCUA_INDEX_DIR", str(index_dir))
        monkeypatch.setenv("ZALOBOT_TOKEN", ZALOBOT_TOKEN)
        monkeypatch.setenv("ZALOBOT_BASE_URL", zalobot.url)
        monkeypatch.setenv("ZALOBOT_WEBHOOK_URL", "https://motcua.example.vn")
        monkeypatch.setenv("ZALOBOT_WEBHOOK_SECRET", SECRET)
        message = {"message_id": "1", "text": "1.004194", "from": {"id": "lan"}, "chat": {"id": "lan"}}
        push = {"ok": True, "result": {"event_name": "message.text.received", "message": message}}
        header = {"X-Bot-Api-Secret-Token": SECRET}
        with TestClient(build_app(read_settings(), core)) as client:
            zalobot.webhook = {}  # the fake shall not push by itself: its address is none
            assert client.post("/zalobot/webhook", json=push).status_code == 403
            assert client.post("/zalobot/webhook", content=b"x" * 1_000_001, headers=header).status_code == 413
            assert client.post("/zalo/webhook", json=push).status_code == 404, "the Official Account is off"
            assert client.post("/zalobot/webhook", json=push, headers=header).status_code == 200
            zalobot.wait_until(lambda: zalobot.called("sendMessage"))
        assert "Đăng ký tạm trú" in zalobot.called("sendMessage")[0]["text"]
        assert zalobot.called("setWebhook")[0]["url"] == "https://motcua.example.vn/zalobot/webhook"


def test_erasing_the_web_conversation_ends_its_consents(settings: Settings, core: Core) -> None:
    """The visitor never comes back under the same name, so nothing may be kept for it."""
    consents = ConsentStore(core.engine)
    with TestClient(build_app(settings, core), base_url="https://testserver") as client:
        page = client.get("/").text
        visitor = Contact("web", hashlib.sha256(client.cookies["motcua_visitor"].encode()).hexdigest())
        consents.give(visitor, "dossier:H05.12-260715-0007", "1")
        token = re.search(r'name="token" value="(\w+)"', page)
        assert token
        erased = client.post(
            "/chat/erase",
            data={"token": token[1]},
            headers={"Origin": "https://testserver"},
            follow_redirects=False,
        )
        assert erased.status_code == 303
    assert consents.of(visitor) == []


def test_a_token_that_telegram_refuses_is_told_in_one_sentence(index_dir: Path, tmp_path: Path) -> None:
    """`motcua serve` ends with what to do, without a traceback."""
    with FakeTelegram() as telegram:
        env = {
            "MOTCUA_INDEX_DIR": str(index_dir),
            "TELEGRAM_TOKEN": "1:wrong",
            "TELEGRAM_BASE_URL": telegram.base_url,
            "PATH": "",
            "HOME": str(tmp_path),
        }
        command = [sys.executable, "-m", "motcua", "serve", "--port", "0"]
        done = subprocess.run(command, check=False, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    assert "@BotFather" in done.stderr
    assert "Traceback" not in done.stderr
