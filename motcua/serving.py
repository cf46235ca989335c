"""Serving, and codes that lead people to it."""

import gc
from pathlib import Path
from typing import Any

import click

from motcua.doctor import tell_defaults


@click.command()
@click.option("--host", help="Address to listen on; default MOTCUA_HOST or 127.0.0.1.")
@click.option("--port", type=int, help="Port to listen on; default MOTCUA_PORT or 8000.")
def serve(host: str | None, port: int | None) -> None:
    """Serve the web chat, and Telegram and Zalo if they are set up; notices leave from here too."""
    # what is made while starting stays to the end: to look through it again and again for rubbish only delays
    gc.disable()
    import uvicorn

    from bot.app import build_app, build_core
    from bot.settings import read_settings
    from motcua.publishing import in_a_process

    settings = read_settings()
    core = build_core(settings)
    host, port = host or settings.host, port or settings.port
    app = build_app(settings, core, in_a_process)
    gc.freeze()
    gc.enable()
    click.echo(f"motcua: {len(core.guide.catalogue)} thủ tục. Mở http://{host}:{port} để trò chuyện.")
    for name, running, setting in (
        ("Telegram", settings.telegram_token, "TELEGRAM_TOKEN"),
        ("Zalo", not settings.zalo_missing, "ZALO_APP_ID, …"),
        ("Zalo Bot", settings.zalobot_token, "ZALOBOT_TOKEN"),
    ):
        click.echo(f"{name}: " + ("đang chạy." if running else f"chưa bật (đặt {setting} trong .env)."))
    tell_defaults(core.centre.to_confirm)
    # behind a proxy everybody would share its address, and one guesser's failed sign-ins would count for all
    uvicorn.run(
        _in_words(app), host=host, port=port, log_level="warning", timeout_graceful_shutdown=5,
        proxy_headers=True, forwarded_allow_ips=settings.trusted_proxies or "127.0.0.1",
    )  # fmt: skip


def _in_words(app: Any) -> Any:
    """The application whose start, where a setting is refused, fails with that sentence and not with a traceback."""
    from bot.settings import SettingsError

    async def told(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return

        tracebacks: list[Any] = []

        async def send_or_keep(message: Any) -> None:
            if message["type"].endswith(".failed"):
                tracebacks.append(message)
            else:
                await send(message)

        try:
            await app(scope, receive, send_or_keep)
        except SettingsError as refusal:
            await send({"type": "lifespan.startup.failed", "message": str(refusal)})
        except BaseException:
            for message in tracebacks:
                await send(message)
            raise

    return told


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
