"""The consent of an administrator, without which Zalo lets nobody send for an Official Account."""

import asyncio
import base64
import hashlib
import re
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import click

if TYPE_CHECKING:
    from bot.channels.zalo import ZaloSettings
    from bot.office import Office


@click.group()
def zalo() -> None:
    """Zalo Official Account: consent and tokens (docs/operating.md, Zalo)."""


def _account() -> "tuple[ZaloSettings, Office]":
    from bot.connect import zalo_settings
    from bot.office import open_office
    from bot.settings import read_settings

    settings = read_settings()
    account = zalo_settings(settings)
    if account is None:
        raise click.ClickException(f"set {', '.join(settings.zalo_missing)} in .env first (docs/operating.md, Zalo)")
    office = open_office(settings)
    click.get_current_context().call_on_close(office.engine.dispose)
    return account, office


@zalo.command()
def challenge() -> None:
    """Make a code verifier and its challenge, for the page of the application where Zalo makes the consent link."""
    verifier = secrets.token_urlsafe(32)  # 43 characters, as RFC 7636 wants at least
    digest = hashlib.sha256(verifier.encode()).digest()
    click.echo(f"code challenge: {base64.urlsafe_b64encode(digest).decode().rstrip('=')}")
    click.echo(f"code verifier:  {verifier}")
    click.echo("Put the challenge into the application's page at developers.zalo.me, keep the verifier for yourself,")
    click.echo("open the consent link as an administrator of the account, then: motcua zalo consent ADDRESS")


@zalo.command()
@click.argument("code")
@click.option("--verifier", prompt="Code verifier", help="Belongs to the challenge of the consent link.")
def consent(code: str, verifier: str) -> None:
    """Turn CODE into the first tokens, within 10 minutes. CODE is the code, or the whole address to which Zalo led."""
    from bot.channels import TryLater
    from bot.channels.zalo import Zalo
    from bot.connect import nobody_listens, zalo_tokens

    account, office = _account()
    tokens = zalo_tokens(account, office)

    async def exchange() -> None:
        channel = Zalo(account, nobody_listens, tokens=tokens)
        try:
            await channel.consent(_code(code, account.oa_id), verifier.strip())
        finally:
            await channel.stop()

    try:
        asyncio.run(exchange())
    except TryLater as refusal:
        raise click.ClickException(
            f"{refusal.reason}. A code works once, for 10 minutes, and only with its own verifier: open the link again."
        ) from None
    click.echo("Zalo: đã nhận quyền. Các máy đang chạy tự dùng mã mới.")
    _show(account, office)


@zalo.command()
def status() -> None:
    """When the tokens end; they are renewed by whatever process serves."""
    _show(*_account())


def _show(account: "ZaloSettings", office: "Office") -> None:
    from bot.connect import zalo_tokens

    tokens = zalo_tokens(account, office).load()
    if tokens is None:
        raise click.ClickException("there are no tokens yet: run motcua zalo challenge, then motcua zalo consent")
    left = (tokens.expires_at - datetime.now(UTC)).total_seconds() / 3600
    click.echo(
        f"Official Account {account.oa_id}: pair {tokens.version}, since {tokens.obtained_at:%Y-%m-%d %H:%M} UTC"
    )
    click.echo(f"access token: {f'{left:.1f} hours left' if left > 0 else 'ended; it is renewed when next needed'}")


def _code(given: str, oa_id: str) -> str:
    """The code, also out of the address to which Zalo led the administrator's browser."""
    given = given.strip()
    if "?" not in given:
        return given
    asked = parse_qs(urlsplit(given).query)
    code, account = asked.get("code", [""])[0], asked.get("oa_id", [oa_id])[0]
    if not re.fullmatch(r"\S+", code):
        raise click.ClickException(
            "this address has no code=… in it: copy the one that the browser shows after consent"
        )
    if account != oa_id:
        raise click.ClickException(f"consent was given for the account {account}, ZALO_OA_ID is {oa_id}")
    return code
