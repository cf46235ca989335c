"""Ratings from the console: slips for a counter, a tablet's address, the report, what has changed, whom to call."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from bot.office import Office


def _open() -> "tuple[Office, str | None]":
    from bot.office import open_office
    from bot.settings import read_settings

    settings = read_settings()
    office = open_office(settings)
    click.get_current_context().call_on_close(office.engine.dispose)
    return office, settings.telegram_bot_name


def _month(_context: click.Context, _option: click.Parameter, month: str | None) -> str | None:
    if month is None:
        return None
    try:
        return f"{datetime.strptime(month, '%Y-%m'):%Y-%m}"  # noqa: DTZ007 - only its form is looked at
    except ValueError:
        raise click.BadParameter("write a month as 2026-11") from None


@click.group()
def ratings() -> None:
    """Đánh giá: slips, tablets, reports, changes."""


@ratings.command()
@click.option("--counter", required=True, help="Name or number of the counter.")
@click.option("--agency", default="", help="Agency of the counter, as its dossiers name it.")
@click.option("--count", default=50, show_default=True, type=click.IntRange(1, 500))
@click.option("--month", callback=_month, help="Month in which they are handed out, e.g. 2026-11; default: this one.")
@click.option("--web", help="Public address, e.g. https://motcua.example.vn: the QR code opens its rating page.")
@click.option("--bot", help="Name of the Telegram bot for the QR code instead; default TELEGRAM_BOT_NAME.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Default: var/slips/<batch>.html")
def codes(  # noqa: PLR0917 - click hands them over by name
    counter: str, agency: str, count: int, month: str | None, web: str | None, bot: str | None, out: Path | None
) -> None:
    """Print one-time visit codes with QR codes, eight on an A4 page, to be printed by a browser."""
    from bot.rating_files import slips

    office, own_bot = _open()
    bot = bot or own_bot
    if web:
        address = f"{web.rstrip('/')}/danhgia/"
    elif bot:
        address = f"https://t.me/{bot.removeprefix('@')}?start=r_"
    else:
        raise click.ClickException("say where the QR code leads: --web https://…, or --bot NAME (or TELEGRAM_BOT_NAME)")
    try:
        batch, made = office.ratings.print_codes(counter, count, agency=agency, month=month or "")
    except ValueError as problem:
        raise click.ClickException(str(problem)) from problem
    path = out or Path("var/slips") / f"{batch}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(slips(made, counter, address, office.centre.name), "utf-8")
    click.echo(f"{path}: {count} slips of counter {counter}, batch {batch}. Delete the file once it is printed.")
    click.echo(f"Left over at the end of the month? motcua ratings void {batch}")


@ratings.command()
@click.argument("batch")
def void(batch: str) -> None:
    """Take the slips of BATCH that nobody has rated out of use and out of the count of visits."""
    office, _ = _open()
    click.echo(f"{office.rating_store.void(batch)} slips taken out")


@ratings.command()
@click.option("--counter", required=True)
@click.option("--web", required=True, help="Public address, e.g. https://motcua.example.vn.")
def kiosk(counter: str, web: str) -> None:
    """The address of a counter's tablet."""
    office, _ = _open()
    click.echo(web.rstrip("/") + office.ratings.kiosk_path(counter.strip()))


@ratings.command()
@click.option("--month", callback=_month, required=True, help="2026-11")
@click.option("--to", "last", callback=_month, help="Last month; default: the same.")
@click.option("--agency", default="", help="Only this agency.")
@click.option("--by", type=click.Choice(["agencies", "counters", "months"]), default="agencies", show_default=True)
@click.option("--xlsx", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--png", type=click.Path(path_type=Path, dir_okay=False))
def report(  # noqa: PLR0917 - click hands them over by name
    month: str, last: str | None, agency: str, by: str, xlsx: Path | None, svg: Path | None, png: Path | None
) -> None:
    """Shares of 4 and 5 with their 95 % interval and response rate, against the goal of 95 %."""
    from bot import rating_files
    from bot.rating_reports import report as made

    office, _ = _open()
    last = max(month, last or month)
    store = office.rating_store
    now = datetime.now(UTC)
    result = made(
        store.ratings(month, last),
        store.visits(month, last),
        month,
        last,
        now,
        agency=agency,
        agency_name=office.centre.agency_name,
    )
    if not (xlsx or svg or png):
        for line in (result.total, *result.agencies, *result.counters):
            name = line.name or ("toàn Trung tâm" if line is result.total else "")
            click.echo("\t".join("" if cell is None else str(cell) for cell in rating_files.row(line, name)))
        return
    if xlsx:
        xlsx.write_bytes(rating_files.xlsx(result))
    if svg or png:
        drawn = rating_files.svg(result, by)
        if svg:
            svg.write_text(drawn, "utf-8")
        if png:
            png.write_bytes(rating_files.png(drawn))
    click.echo("written: " + ", ".join(str(path) for path in (xlsx, svg, png) if path))


@ratings.command()
@click.argument("text", required=False)
@click.option("--by", help="Your name.")
@click.option("--publish", type=int, help="Number of the draft that residents may see from now on.")
def changes(text: str | None, by: str | None, publish: int | None) -> None:
    """Draft TEXT as "what we changed", publish a draft, or list all."""
    office, _ = _open()
    store = office.rating_store
    if (text or publish) and not by:
        raise click.ClickException("say who does it: --by NAME")
    if text:
        store.draft_change(text, by or "")
    if publish and not store.publish_change(publish, by or ""):
        raise click.ClickException(f"{publish} is no draft: see motcua ratings changes")
    for note in store.changes(published=False):
        click.echo(f"{note.id}\t{'draft' if note.published_at is None else note.published_at.date()}\t{note.text}")
