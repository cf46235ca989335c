"""Settings from the environment or `.env`, frozen; whatever is wrong is listed at once."""

import re
from pathlib import Path
from typing import Final, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

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
    port: int = Field(8000, ge=1, le=65535, validation_alias="MOTCUA_PORT")
    hash_key: SecretStr | None = Field(None, validation_alias="MOTCUA_HASH_KEY")
    api_tokens: SecretStr | None = Field(None, validation_alias="MOTCUA_API_TOKENS")
    igate_url: str | None = Field(None, validation_alias="MOTCUA_IGATE_URL")
    igate_token: SecretStr | None = Field(None, validation_alias="MOTCUA_IGATE_TOKEN")
    igate_timeout: float = Field(8.0, gt=0, le=60, validation_alias="MOTCUA_IGATE_TIMEOUT")
    telegram_token: SecretStr | None = Field(None, validation_alias="TELEGRAM_TOKEN")
    telegram_base_url: str = Field("https://api.telegram.org/bot", validation_alias="TELEGRAM_BASE_URL")
    telegram_bot_name: str | None = Field(None, validation_alias="TELEGRAM_BOT_NAME")
    telegram_webhook_url: str | None = Field(None, validation_alias="TELEGRAM_WEBHOOK_URL")
    telegram_webhook_secret: SecretStr | None = Field(None, validation_alias="TELEGRAM_WEBHOOK_SECRET")

    @field_validator("telegram_webhook_secret")
    @classmethod
    def _header_safe(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret.get_secret_value()):
            raise ValueError("use 1 to 256 letters, digits, _ and -, which is all that Telegram accepts")
        return secret

    @model_validator(mode="after")
    def _webhook_needs_secret(self) -> Self:
        if self.telegram_webhook_url and not self.telegram_webhook_secret:
            raise ValueError("TELEGRAM_WEBHOOK_URL is set: set TELEGRAM_WEBHOOK_SECRET too (letters, digits, _ and -)")
        if self.telegram_webhook_url and not self.telegram_token:
            raise ValueError("TELEGRAM_WEBHOOK_URL is set: set TELEGRAM_TOKEN too")
        return self


def read_settings() -> Settings:
    """The settings; raises SettingsError listing everything that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [
            f"- {'.'.join(map(str, problem['loc'])) or 'settings'}: {problem['msg']}" for problem in error.errors()
        ]
        raise SettingsError("These settings (environment or .env) can't be used:\n" + "\n".join(lines)) from None


TELEGRAM_WEBHOOK_PATH: Final = "/telegram/webhook"
