"""Serving, and looking whether everything is in place to serve."""

import logging
import sys
from pathlib import Path

import click

log = logging.getLogger(__name__)

MEANINGS = {
    "address": "địa chỉ của Trung tâm (đang để trống)",
    "hotline": "số điện thoại (đang dùng tổng đài Cổng Dịch vụ công quốc gia 18001096)",
    "hours": "giờ làm việc (đang dùng giờ hành chính thông thường)",
    "dossier_prefixes": "tiền tố mã hồ sơ (đang giả định H02, H05)",
}


@click.command()
@click.option("--host", help="Address to listen on; default MOTCUA_HOST or 127.0.0.1.")
@click.option("--port", type=int, help="Port to listen on; default MOTCUA_PORT or 8000.")
def serve(host: str | None, port: int | None) -> None:
    """Serve the web chat, and Telegram if TELEGRAM_TOKEN is set."""
    import uvicorn

    from bot.app import build_app, build_core
    from bot.settings import read_settings

    settings = read_settings()
    core = build_core(settings)
    host, port = host or settings.host, port or settings.port
    app = build_app(settings, core)
    click.echo(f"motcua: {len(core.guide.catalogue)} thủ tục. Mở http://{host}:{port} để trò chuyện.")
    click.echo(
        "Telegram: " + ("đang chạy." if settings.telegram_token else "chưa bật (đặt TELEGRAM_TOKEN trong .env).")
    )
    _tell_defaults(core.centre.to_confirm)
    # behind a proxy every visitor would share its address; ours identify themselves by cookie, so that is harmless
    uvicorn.run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=5)


def _tell_defaults(to_confirm: tuple[str, ...]) -> None:
    if to_confirm:
        click.echo("Người dân đang thấy các giá trị mặc định, Trung tâm cần xác nhận (MOTCUA_CENTRE_FILE):")
        for name in to_confirm:
            click.echo(f"  - {name}: {MEANINGS.get(name, 'xem tệp centre.toml')}")


@click.command()
def doctor() -> None:
    """Check what serving needs, one line each; exits with 1 where something must be mended."""
    from bot.personal import KEY_FILE
    from bot.settings import SettingsError, read_settings
    from bot.storage.database import DatabaseError, open_database
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
        _tell_defaults(centre.to_confirm)
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
    try:
        open_database(settings.database_url).dispose()
        click.echo("[ok]   database reachable, schema current")
    except DatabaseError as error:
        broken += 1
        click.echo(f"[fix]  database: {error}")
    click.echo(
        "[ok]   hash key set"
        if settings.hash_key
        else f"[note] MOTCUA_HASH_KEY is not set: the key is in {KEY_FILE} (made at the first start); keep a copy of it"
    )
    click.echo(
        "[ok]   Telegram token set" if settings.telegram_token else "[note] Telegram off: TELEGRAM_TOKEN is not set"
    )
    sys.exit(1 if broken else 0)


@click.command()
@click.argument("code")
@click.option("--bot", help="Name of the Telegram bot, without @; default TELEGRAM_BOT_NAME.")
@click.option(
    "--web", help="Public address of the web chat, e.g. https://motcua.example.vn; makes the code for it instead."
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("var/qr"), show_default=True)
def qr(code: str, bot: str | None, web: str | None, out: Path) -> None:
    """Make a QR code (PNG and SVG) that opens a procedure, for posters and counters."""
    import segno

    from bot.services.guide import Guide
    from bot.settings import read_settings

    settings = read_settings()
    procedure = Guide(settings.index_dir).procedure(code)
    if procedure is None:
        raise click.ClickException(f"the catalogue has no procedure {code}: check the code, e.g. with motcua ask")
    bot = bot or settings.telegram_bot_name
    if web:
        target = f"{web.rstrip('/')}/?p={procedure.code}"
    elif bot:
        target = f"https://t.me/{bot.removeprefix('@')}?start=p_{procedure.code.replace('.', '_')}"
    else:
        raise click.ClickException("say where the QR code leads: --bot NAME (or TELEGRAM_BOT_NAME), or --web https://…")
    out.mkdir(parents=True, exist_ok=True)
    picture = segno.make(target, error="m", micro=False)
    for kind in ("png", "svg"):
        path = out / f"{procedure.code}.{kind}"
        picture.save(str(path), scale=10, border=4)
        click.echo(f"{path}: {target}  ({procedure.name})")
