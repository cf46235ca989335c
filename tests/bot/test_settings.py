"""Settings: whatever is wrong is listed at once, each with what to do."""

from pathlib import Path

import pytest

from bot.notice_records import Kind
from bot.settings import Settings, SettingsError, read_settings, read_templates


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No `.env` of somebody else's."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TELEGRAM_TOKEN", "rubbish", "@BotFather"),
        ("ZALOBOT_TOKEN", "a b", "Zalo Bot Manager"),
        ("TELEGRAM_BASE_URL", "api.telegram.org", "https://"),
        ("TELEGRAM_WEBHOOK_URL", "http://motcua.example.vn", "https://"),
        ("ZALO_OPENAPI_URL", "ftp://x", "https://"),
        ("ZALO_OAUTH_URL", "https://x:port", "https://"),
        ("ZALOBOT_WEBHOOK_URL", "https://", "https://"),
        ("MOTCUA_IGATE_URL", "province", "https://"),
        ("ZALO_TEMPLATES", "ready", "kind:id"),
        ("ZALO_TEMPLATES", "finished:1", "supplement"),
        ("ZALO_SIGNING_KEY", "both", "'webhook' or 'app'"),
        ("MOTCUA_DELIVERY", "perhaps", "on or off"),
        ("MOTCUA_TRUSTED_PROXIES", "10.0.0.5,proxy", "10.0.0.5,172.16.0.0/12"),
        ("MOTCUA_RECEIPT_URL", "https://province.vn", "MOTCUA_RECEIPT_KEY"),
        ("ZALO_OA_ID", "1", "set ZALO_APP_ID, ZALO_APP_SECRET, ZALO_OA_SECRET_KEY too"),
        ("ZALOBOT_WEBHOOK_URL", "https://motcua.example.vn", "ZALOBOT_WEBHOOK_SECRET"),
    ],
)
def test_each_mistake_says_what_to_do(name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is to be set, and how it is to look, in one line."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refusal:
        read_settings()
    (line,) = str(refusal.value).splitlines()[1:]
    assert name.removesuffix("_ID") in line
    assert said in line
    assert "Value error" not in line


def test_mistakes_are_listed_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Receipts over an open line with a weak key, and half of Zalo: three lines."""
    monkeypatch.setenv("MOTCUA_RECEIPT_URL", "http://province.vn/receipts")
    monkeypatch.setenv("MOTCUA_RECEIPT_KEY", "short")
    monkeypatch.setenv("ZALO_APP_ID", "1")
    with pytest.raises(SettingsError) as refusal:
        read_settings()
    lines = str(refusal.value).splitlines()[1:]
    assert len(lines) == 3
    assert all(line.startswith("- ") for line in lines)


def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by the settings' own text nor by a refusal."""
    monkeypatch.setenv("MOTCUA_RECEIPT_KEY", "very-secret")
    monkeypatch.setenv("TELEGRAM_TOKEN", "very-secret")
    with pytest.raises(SettingsError) as refusal:
        read_settings()
    assert "very-secret" not in str(refusal.value)
    monkeypatch.setenv("TELEGRAM_TOKEN", "1:very-secret")
    monkeypatch.delenv("MOTCUA_RECEIPT_KEY")
    assert "very-secret" not in repr(read_settings())


def test_empty_lines_of_env_keep_the_defaults(tmp_path: Path) -> None:
    """The example copied as it is works."""
    example = Path(__file__).parents[2] / ".env.example"
    (tmp_path / ".env").write_text(example.read_text("utf-8"), "utf-8")
    assert read_settings() == Settings(_env_file=None)


def test_templates_are_read_by_kind() -> None:
    """Blanks do not matter; every kind of notice may have one."""
    assert read_templates(" ready:1 , supplement: 2,") == {"ready": "1", "supplement": "2"}
    assert set(read_templates(",".join(f"{kind}:9" for kind in Kind))) == set(Kind)
    assert read_templates(None) == {}
