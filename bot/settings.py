"""Settings from the environment or `.env`, frozen; whatever is wrong is listed at once."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.notice_records import Kind
from knowledge_base import centre


class SettingsError(ValueError):
    """Some settings can't be used; the message lists every one with what to do."""


class Settings(BaseSettings):
    """Everything that differs between two installations. See README, "Settings"."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", frozen=True, extra="ignore", env_ignore_empty=True
    )

    database_url: str = Field("sqlite:///var/motcua.db", validation_alias="DATABASE_URL")
    index_dir: Path = Field(Path("var/index"), validation_alias="MOTCUA_INDEX_DIR")
    catalogue_dir: Path | None = Field(None, validation_alias="MOTCUA_CATALOGUE_DIR")
    overrides_file: Path | None = Field(None, validation_alias="MOTCUA_OVERRIDES_FILE")
    centre_file: Path = Field(centre.SHIPPED, validation_alias="MOTCUA_CENTRE_FILE")
    encoder: str | None = Field(None, validation_alias="MOTCUA_ENCODER")
    host: str = Field("127.0.0.1", validation_alias="MOTCUA_HOST")
    trusted_proxies: str | None = Field(None, validation_alias="MOTCUA_TRUSTED_PROXIES")
    """Whose word is taken for where a request came from: addresses and networks, with commas between."""
    port: int = Field(8000, ge=1, le=65535, validation_alias="MOTCUA_PORT")
    hash_key: SecretStr | None = Field(None, validation_alias="MOTCUA_HASH_KEY")
    api_tokens: SecretStr | None = Field(None, validation_alias="MOTCUA_API_TOKENS")
    questions_days: int = Field(180, ge=0, le=3650, validation_alias="MOTCUA_QUESTIONS_DAYS")
    handover: bool = Field(default=False, validation_alias="MOTCUA_HANDOVER")
    """Whether officers watch the queue at the console; without them nobody is promised an officer's answer."""
    handover_minutes: int = Field(15, ge=1, le=240, validation_alias="MOTCUA_HANDOVER_MINUTES")
    handover_days: int = Field(30, ge=1, le=365, validation_alias="MOTCUA_HANDOVER_DAYS")
    igate_url: str | None = Field(None, validation_alias="MOTCUA_IGATE_URL")
    igate_token: SecretStr | None = Field(None, validation_alias="MOTCUA_IGATE_TOKEN")
    igate_path: str = Field("/pa/dossier-search/dvc", validation_alias="MOTCUA_IGATE_PATH")
    igate_timeout: float = Field(8.0, gt=0, le=60, validation_alias="MOTCUA_IGATE_TIMEOUT")
    telegram_token: SecretStr | None = Field(None, validation_alias="TELEGRAM_TOKEN")
    telegram_base_url: str = Field("https://api.telegram.org/bot", validation_alias="TELEGRAM_BASE_URL")
    telegram_bot_name: str | None = Field(None, validation_alias="TELEGRAM_BOT_NAME")
    telegram_webhook_url: str | None = Field(None, validation_alias="TELEGRAM_WEBHOOK_URL")
    telegram_webhook_secret: SecretStr | None = Field(None, validation_alias="TELEGRAM_WEBHOOK_SECRET")
    telegram_per_second: float = Field(25, gt=0, le=1000, validation_alias="TELEGRAM_PER_SECOND")
    delivery: bool = Field(default=True, validation_alias="MOTCUA_DELIVERY")
    quiet_hours: bool = Field(default=True, validation_alias="MOTCUA_QUIET_HOURS")
    receipt_url: str | None = Field(None, validation_alias="MOTCUA_RECEIPT_URL")
    receipt_key: SecretStr | None = Field(None, validation_alias="MOTCUA_RECEIPT_KEY")
    zalo_app_id: str | None = Field(None, validation_alias="ZALO_APP_ID")
    zalo_app_secret: SecretStr | None = Field(None, validation_alias="ZALO_APP_SECRET")
    zalo_oa_id: str | None = Field(None, validation_alias="ZALO_OA_ID")
    zalo_oa_secret_key: SecretStr | None = Field(None, validation_alias="ZALO_OA_SECRET_KEY")
    zalo_templates: str | None = Field(None, validation_alias="ZALO_TEMPLATES")
    zalo_template_mode: Literal["", "development"] = Field("", validation_alias="ZALO_TEMPLATE_MODE")
    zalo_buttons: bool = Field(default=False, validation_alias="ZALO_BUTTONS")
    zalo_button_shape: Literal["attachment", "template"] = Field("attachment", validation_alias="ZALO_BUTTON_SHAPE")
    zalo_signing_id: Literal["app", "oa"] = Field("app", validation_alias="ZALO_SIGNING_ID")
    zalo_signing_key: Literal["webhook", "app"] = Field("webhook", validation_alias="ZALO_SIGNING_KEY")
    zalo_free_hours: float = Field(48, ge=0, le=168, validation_alias="ZALO_FREE_HOURS")
    zalo_per_second: float = Field(50, gt=0, le=1000, validation_alias="ZALO_PER_SECOND")
    zalo_openapi_url: str = Field("https://openapi.zalo.me", validation_alias="ZALO_OPENAPI_URL")
    zalo_business_url: str = Field("https://business.openapi.zalo.me", validation_alias="ZALO_BUSINESS_URL")
    zalo_oauth_url: str = Field("https://oauth.zaloapp.com", validation_alias="ZALO_OAUTH_URL")
    zalobot_token: SecretStr | None = Field(None, validation_alias="ZALOBOT_TOKEN")
    zalobot_base_url: str = Field("https://bot-api.zaloplatforms.com", validation_alias="ZALOBOT_BASE_URL")
    zalobot_webhook_url: str | None = Field(None, validation_alias="ZALOBOT_WEBHOOK_URL")
    zalobot_webhook_secret: SecretStr | None = Field(None, validation_alias="ZALOBOT_WEBHOOK_SECRET")
    zalobot_pause: float = Field(60, gt=0, le=86400, validation_alias="ZALOBOT_PAUSE")
    zalobot_longest_pause: float = Field(900, gt=0, le=86400, validation_alias="ZALOBOT_LONGEST_PAUSE")
    zalobot_monthly: int | None = Field(None, ge=1, validation_alias="ZALOBOT_MONTHLY")

    @field_validator("telegram_token", "zalobot_token")
    @classmethod
    def _like_a_token(cls, token: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        form, whence = TOKENS[info.field_name or ""]
        if token and not re.fullmatch(form, token.get_secret_value()):
            raise ValueError(f"this is no token: {whence}")
        return token

    @field_validator(
        "telegram_base_url", "zalo_openapi_url", "zalo_business_url", "zalo_oauth_url", "zalobot_base_url", "igate_url"
    )
    @classmethod
    def _address(cls, url: str | None) -> str | None:
        return url and _check_address(url, "http", "https")

    @field_validator("telegram_webhook_url", "zalobot_webhook_url")
    @classmethod
    def _public_address(cls, url: str | None) -> str | None:
        # a Bot API server on the same machine delivers to it without encryption
        return url and _check_address(url, *(("http", "https") if _is_local(url) else ("https",)))

    @field_validator("igate_path")
    @classmethod
    def _path(cls, path: str) -> str:
        if not re.fullmatch(r"/[!-~]*", path) or "?" in path or "#" in path:
            raise ValueError("write the part of the address after the name of the server, e.g. /pa/dossier-search/dvc")
        return path

    @field_validator("zalo_templates")
    @classmethod
    def _known_kinds(cls, written: str | None) -> str | None:
        read_templates(written)
        return written

    @field_validator("zalobot_webhook_secret")
    @classmethod
    def _zalobot_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret and not re.fullmatch(r"[!-~]{8,256}", secret.get_secret_value()):
            raise ValueError("use 8 to 256 letters, digits and signs without blanks, which is all that Zalo accepts")
        return secret

    @field_validator("telegram_webhook_secret")
    @classmethod
    def _header_safe(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret.get_secret_value()):
            raise ValueError("use 1 to 256 letters, digits, _ and -, which is all that Telegram accepts")
        return secret

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, written: str | None) -> str | None:
        for each in (written or "").split(","):
            try:
                ip_network(each.strip() or "127.0.0.1")
            except ValueError:
                raise ValueError(
                    f"{each.strip()} is no address and no network: write the proxy's, e.g. 10.0.0.5,172.16.0.0/12"
                ) from None
        return written

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        problems: list[str] = []
        if self.telegram_webhook_url and not self.telegram_webhook_secret:
            problems.append("TELEGRAM_WEBHOOK_URL is set: set TELEGRAM_WEBHOOK_SECRET too (letters, digits, _ and -)")
        if self.telegram_webhook_url and not self.telegram_token:
            problems.append("TELEGRAM_WEBHOOK_URL is set: set TELEGRAM_TOKEN too")
        if self.zalobot_webhook_url and not (self.zalobot_webhook_secret and self.zalobot_token):
            problems.append("ZALOBOT_WEBHOOK_URL is set: set ZALOBOT_TOKEN and ZALOBOT_WEBHOOK_SECRET too")
        if 0 < len(self.zalo_missing) < len(ZALO_NEEDS):
            missing = ", ".join(self.zalo_missing)
            problems.append(f"Zalo is set up by half: set {missing} too (docs/operating.md, Zalo)")
        if bool(self.receipt_url) != bool(self.receipt_key):
            problems.append("MOTCUA_RECEIPT_URL and MOTCUA_RECEIPT_KEY belong together: set both or none")
        elif self.receipt_url and self.receipt_key:
            problems += _receipt_problems(self.receipt_url, self.receipt_key.get_secret_value())
        if problems:
            raise ValueError("\n- ".join(problems))
        return self

    @property
    def zalo_missing(self) -> list[str]:
        """The names of the settings without which there is no Official Account."""
        return [name for field, name in ZALO_NEEDS.items() if not getattr(self, field)]


ZALO_NEEDS: Final = {
    "zalo_app_id": "ZALO_APP_ID",
    "zalo_app_secret": "ZALO_APP_SECRET",
    "zalo_oa_id": "ZALO_OA_ID",
    "zalo_oa_secret_key": "ZALO_OA_SECRET_KEY",
}
TOKENS: Final = {
    "telegram_token": (
        r"[0-9]+:[A-Za-z0-9_-]+",
        "ask @BotFather for it (/mybots, the bot, API Token) and write it as it stands there, like 123456:ABC-DEF",
    ),
    "zalobot_token": (
        r"[A-Za-z0-9:_-]{8,256}",
        "make the bot in Zalo (Zalo Bot Manager) and write its token as it stands there",
    ),
}
"""How a token looks, and where it comes from."""


def read_templates(written: str | None) -> dict[str, str]:
    """Kind of notice → id of the template approved by Zalo, from "kind:id,kind:id"; ValueError where it is not."""
    templates: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in (written or "").split(","))):
        kind, _, number = (piece.strip() for piece in entry.partition(":"))
        if kind not in set(Kind) or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", number):
            raise ValueError(f"{entry!r}: write kind:id,kind:id with the kinds {', '.join(Kind)}")
        templates[kind] = number
    return templates


def _receipt_problems(url: str, key: str) -> list[str]:
    parts = urlsplit(url)
    problems = []
    if not (_is_local(url) or (parts.scheme == "https" and parts.hostname)):
        problems.append("MOTCUA_RECEIPT_URL: the address for delivery receipts must begin with https://")
    if len(key) < 16:
        problems.append("MOTCUA_RECEIPT_KEY is too short: use 32 random letters (openssl rand -hex 16)")
    return problems


def _is_local(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")


def _check_address(url: str, *schemes: str) -> str:
    """The address without a slash at its end; ValueError where it is none with one of these schemes."""
    wanted = " or ".join(f"{scheme}://" for scheme in schemes)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError(f"this is no address: write one that begins with {wanted}") from None
    if parts.scheme not in schemes or not parts.hostname or re.search(r"\s", url):
        raise ValueError(f"this is no address: write one that begins with {wanted}")
    return url.rstrip("/")


def read_settings() -> Settings:
    """The settings; raises SettingsError listing everything that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [_said(problem["loc"], problem["type"], problem["msg"]) for problem in error.errors()]
        raise SettingsError("These settings (environment or .env) can't be used:\n" + "\n".join(lines)) from None


def _said(where: tuple[int | str, ...], kind: str, message: str) -> str:
    """One line about a setting."""
    message = "write on or off" if kind.startswith("bool") else message.removeprefix("Value error, ")
    return f"- {'.'.join(map(str, where))}: {message}" if where else f"- {message}"


TELEGRAM_WEBHOOK_PATH: Final = "/telegram/webhook"
ZALO_WEBHOOK_PATH: Final = "/zalo/webhook"
ZALOBOT_WEBHOOK_PATH: Final = "/zalobot/webhook"
