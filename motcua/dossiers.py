"""Dossiers from the console: import files, fetch from the provincial system, see wrong tries."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from motcua.logged import write_down


@click.group()
def dossiers() -> None:
    """Hồ sơ: import, fetch, and wrong tries at codes and digits."""


def _open() -> tuple[Any, Any, Any, Any]:
    """The settings, the store (which queues notices of what changes), the hasher and the database."""
    from bot.office import open_office
    from bot.settings import read_settings

    settings = read_settings()
    office = open_office(settings)
    click.get_current_context().call_on_close(office.engine.dispose)
    return settings, office.dossiers, office.hasher, office.engine


@dossiers.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only report.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def import_(files: tuple[Path, ...], *, dry_run: bool, as_json: bool) -> None:
    """Import dossiers from JSON, Excel or CSV and report row by row; exits with 1 where a row or file was left out."""
    import msgspec

    from bot.dossier_import import import_files

    _, store, hasher, engine = _open()
    report = import_files(files, store, hasher, datetime.now(UTC), write=not dry_run)
    if not dry_run:
        write_down(engine, "Nhập hồ sơ từ tệp", ", ".join(file.name for file in files))
    click.echo(msgspec.json.encode(report).decode() if as_json else str(report))
    if report.bad or report.unreadable:
        raise click.exceptions.Exit(1)


@dossiers.command()
@click.argument("codes", nargs=-1)
def fetch(codes: tuple[str, ...]) -> None:
    """Ask the provincial system (MOTCUA_IGATE_URL) for these dossiers; without codes for all that await a result."""
    from bot.dossier_codes import normal
    from bot.dossier_import import BACKWARDS
    from bot.dossier_sources.fields import Bad, Doubtful
    from bot.dossier_sources.igate import Igate, LeftAlone, SourceDown

    settings, store, hasher, engine = _open()
    if settings.igate_url is None:
        raise click.ClickException("set MOTCUA_IGATE_URL to the address of the provincial system")
    token = settings.igate_token.get_secret_value() if settings.igate_token else None
    source = Igate(settings.igate_url, hasher, token=token, path=settings.igate_path, timeout=settings.igate_timeout)
    click.get_current_context().call_on_close(source.close)
    failed = 0
    for typed in codes or store.under_way():
        code = normal(typed)
        if code is None:
            failed += 1
            click.echo(f"{typed}: is no dossier code", err=True)
            continue
        try:
            found = source.look_up(code)
        except LeftAlone as down:
            raise click.ClickException(f"{code}: {down}") from down
        except SourceDown as down:  # the others may be well
            failed += 1
            click.echo(f"{code}: {down}", err=True)
            continue
        if found is None or isinstance(found, Bad):
            failed += 1
            reason = "unknown there" if found is None else "; ".join(f"{p.column}: {p.reason}" for p in found.problems)
            click.echo(f"{code}: {reason}", err=True)
            continue
        if isinstance(found, Doubtful):
            click.echo(f"{code}: " + "; ".join(f"{p.column}: {p.reason}" for p in found.warnings), err=True)
            found = found.change
        kept = store.upsert(found)
        click.echo(f"{code}: {kept.outcome}" + (f", {BACKWARDS}" if kept.backwards else ""))
    write_down(engine, "Lấy hồ sơ từ hệ thống tỉnh", ", ".join(codes) or "mọi hồ sơ đang giải quyết")
    if failed:
        raise click.exceptions.Exit(1)


@dossiers.command()
@click.argument("codes", nargs=-1, required=True)
@click.option("--days", type=click.IntRange(1, 365), default=90, show_default=True, help="How long the links open.")
@click.option("--bot", help="Name of the Telegram bot; default TELEGRAM_BOT_NAME.")
@click.option("--web", help="Public address of the web chat instead, e.g. https://motcua.example.vn.")
def link(codes: tuple[str, ...], days: int, bot: str | None, web: str | None) -> None:
    """Make links that open the look-up of these dossiers without naming them, for slips and messages.

    The four digits are asked all the same; a link is of no use to others once somebody has shown the right ones.
    """
    from bot.dossier_codes import normal
    from bot.office import open_office
    from bot.settings import read_settings
    from bot.web.staff_api import link_to

    settings = read_settings()
    office = open_office(settings)
    click.get_current_context().call_on_close(office.engine.dispose)
    name = (bot or settings.telegram_bot_name or "").removeprefix("@")
    if not (name or web):
        raise click.ClickException("say where the links lead: --bot NAME (or TELEGRAM_BOT_NAME), or --web https://…")
    unknown = 0
    for typed in codes:
        code = normal(typed)
        if code is None or office.dossiers.get(code) is None:
            unknown += 1
            click.echo(f"{typed}: is no dossier that is kept here", err=True)
            continue
        where = link_to(office.links.make(code, days)[0], name)
        click.echo(f"{code}\t{web.rstrip('/') + where['path'] if web else where['telegram']}")
    if unknown:
        raise click.exceptions.Exit(1)


@dossiers.command()
@click.option("--days", type=click.IntRange(1, 30), default=1, show_default=True, help="How far to look back.")
@click.option("--most", type=click.IntRange(1), default=20, show_default=True, help="Lines of each kind.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def attempts(days: int, most: int, *, as_json: bool) -> None:
    """Who tried wrong codes or digits, and at which dossiers; people only as hashes."""
    import msgspec

    _, store, _, _ = _open()
    tries = store.tries(datetime.now(UTC) - timedelta(days=days))
    if as_json:
        click.echo(msgspec.json.encode(tries).decode())
        return
    for kind, title in (("person", "People"), ("dossier", "Dossiers (codes as typed, whether they exist or not)")):
        of_kind = [one for one in tries if one.kind == kind]
        wrong, refused = sum(one.wrong for one in of_kind), sum(one.refused for one in of_kind)
        click.echo(f"{title}: {len(of_kind)}, {wrong} wrong tries, {refused} more refused")
        for one in of_kind[:most]:
            who = f"{one.channel}:{one.subject[:12]}" if kind == "person" else one.subject
            click.echo(f"  {who}  {one.wrong} wrong, {one.refused} refused, last {one.last_at:%Y-%m-%d %H:%M} UTC")
