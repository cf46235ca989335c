"""Looking whether everything is in place to serve."""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from bot.office import Office
    from bot.settings import Settings

MEANINGS = {
    "address": "địa chỉ của Trung tâm (đang để trống)",
    "hotline": "số điện thoại (đang dùng tổng đài Cổng Dịch vụ công quốc gia 18001096)",
    "hours": "giờ làm việc (đang dùng giờ hành chính thông thường)",
    "dossier_prefixes": "tiền tố mã hồ sơ (đang giả định H02, H05)",
}


@click.command()
def doctor() -> None:
    """Check what serving needs, one line each; exits with 1 where something must be mended."""
    from bot.personal import KEY_FILE
    from bot.settings import SettingsError, read_settings
    from knowledge_base.centre import CentreError, load_centre
    from knowledge_base.index import StaleOrDamaged, open_snapshot

    broken = 0
    try:
        settings = read_settings()
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"[ok]   Python {sys.version.split()[0]}")
    try:
        centre = load_centre(settings.centre_file)
        click.echo(f"[ok]   centre: {centre.name}, {len(centre.agencies)} agencies ({settings.centre_file})")
        tell_defaults(centre.to_confirm)
    except CentreError as error:
        broken += 1
        click.echo(f"[fix]  centre: {error}")
    try:
        snapshot = open_snapshot(settings.index_dir)
        manifest = snapshot.manifest
        click.echo(
            f"[ok]   index: {len(snapshot.catalogue)} procedures, model {manifest.model}, built {manifest.built}"
        )
    except StaleOrDamaged as error:
        broken += 1
        click.echo(f"[fix]  index: {error}")
    click.echo(
        "[ok]   hash key set"
        if settings.hash_key
        else f"[note] MOTCUA_HASH_KEY is not set: the key is in {KEY_FILE} (made at the first start); keep a copy of it"
    )
    click.echo(
        "[ok]   Telegram token set" if settings.telegram_token else "[note] Telegram off: TELEGRAM_TOKEN is not set"
    )
    broken += _office(settings)
    sys.exit(1 if broken else 0)


def tell_defaults(to_confirm: tuple[str, ...]) -> None:
    """Say which defaults people see until the centre confirms them."""
    if to_confirm:
        click.echo("Người dân đang thấy các giá trị mặc định, Trung tâm cần xác nhận (MOTCUA_CENTRE_FILE):")
        for name in to_confirm:
            click.echo(f"  - {name}: {MEANINGS.get(name, 'xem tệp centre.toml')}")


def _office(settings: "Settings") -> int:
    """The database, and what is sent from it; how much must be mended."""
    from bot.office import open_office
    from bot.personal import KeyFileError
    from bot.settings import SettingsError
    from bot.storage.database import DatabaseError
    from bot.web.staff_api import read_tokens
    from knowledge_base.centre import CentreError

    broken = 0
    try:
        tokens = read_tokens(settings.api_tokens.get_secret_value() if settings.api_tokens else None)
        click.echo(
            f"[ok]   dossiers may be handed over by: {', '.join(tokens)}"
            if tokens
            else "[note] staff API off: MOTCUA_API_TOKENS is not set"
        )
    except SettingsError as error:
        broken += 1
        click.echo(f"[fix]  {error}")
    click.echo(
        f"[ok]   delivery receipts go to {settings.receipt_url}"
        if settings.receipt_url
        else "[note] delivery receipts off: MOTCUA_RECEIPT_URL is not set"
    )
    try:
        office = open_office(settings)
    except (DatabaseError, KeyFileError, CentreError) as error:
        click.echo(f"[fix]  database: {error}")
        return broken + 1
    click.echo("[ok]   database reachable, schema current")
    try:
        return broken + _zalo(settings, office) + _waiting(settings, office)
    finally:
        office.engine.dispose()


def _zalo(settings: "Settings", office: "Office") -> int:
    """The Official Account and the bot."""
    from bot.connect import zalo_settings, zalo_tokens
    from bot.notice_records import Kind
    from bot.settings import read_templates

    click.echo(
        "[ok]   Zalo Bot token set" if settings.zalobot_token else "[note] Zalo Bot off: ZALOBOT_TOKEN is not set"
    )
    if settings.zalobot_token and not settings.zalobot_webhook_url:
        click.echo("[note] Zalo Bot polls: a message may be lost when the process is killed; set ZALOBOT_WEBHOOK_URL")
    zalo = zalo_settings(settings)
    if zalo is None:
        click.echo(f"[note] Zalo Official Account off: {', '.join(settings.zalo_missing)} not set")
        return 0
    missing = [kind for kind in Kind if kind not in read_templates(settings.zalo_templates)]
    if missing:
        hours = f"{settings.zalo_free_hours:g} hours"
        click.echo(f"[note] ZALO_TEMPLATES has none for {', '.join(missing)}: not sent {hours} after people last wrote")
    tokens = zalo_tokens(zalo, office).load()
    if tokens is None:
        click.echo("[fix]  Zalo: nobody has given consent yet; run motcua zalo challenge, then motcua zalo consent")
        return 1
    if tokens.expires_at < datetime.now(UTC):
        click.echo(
            f"[note] Zalo: the access token ended on {tokens.expires_at:%Y-%m-%d %H:%M} UTC; serving renews it by "
            "itself, unless the refresh token is older than three months: then motcua zalo consent"
        )
    else:
        click.echo(f"[ok]   Zalo: access token until {tokens.expires_at:%Y-%m-%d %H:%M} UTC, renewed by itself")
    return 0


def _waiting(settings: "Settings", office: "Office") -> int:
    """Notices that nobody will send."""
    from bot.connect import connect

    off = {
        channel: count
        for channel, count in office.outbox.waiting().items()
        if channel not in connect(settings, office).senders()
    }
    for channel, count in off.items():
        click.echo(f"[fix]  {count} notices wait for the channel {channel}, which is switched off")
    if not settings.delivery:
        click.echo("[note] MOTCUA_DELIVERY is off: notices leave only where motcua notices deliver runs")
    if not settings.quiet_hours:
        click.echo("[note] MOTCUA_QUIET_HOURS is off: people are written to at night too")
    return len(off)
