"""Volunteers: join codes for people who help on the spot, and the month's counts."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from bot.office import Office

BY = "motcua volunteers"


def _open() -> "Office":
    from bot.office import open_office
    from bot.settings import read_settings

    office = open_office(read_settings())
    click.get_current_context().call_on_close(office.engine.dispose)
    return office


def _month(_context: click.Context, _option: click.Parameter, month: str) -> str:
    try:
        return f"{datetime.strptime(month, '%Y-%m'):%Y-%m}"  # noqa: DTZ007 - only its form is looked at
    except ValueError:
        raise click.BadParameter("write a month as 2026-11") from None


@click.group()
def volunteers() -> None:
    """Join codes of volunteers, and what they did in a month."""


@volunteers.command()
@click.argument("nickname")
@click.option("--unit", required=True, help="E.g. 'Đoàn phường Ngô Quyền'.")
@click.option("--days", default=30, show_default=True, help="How long the code may be used.")
def code(nickname: str, unit: str, days: int) -> None:
    """Make a join code for NICKNAME; it is printed once."""
    from bot.storage.staff import AuditStore

    office = _open()
    try:
        volunteer, made = office.assistance.make_code(nickname, unit, days, BY)
    except ValueError as problem:
        raise click.ClickException(str(problem)) from None
    after = {"đơn vị": volunteer.unit, "số ngày": days}
    AuditStore(office.engine).add(BY, "Cấp mã tình nguyện", str(volunteer.id), {"after": after})
    click.echo(f"{volunteer.id}\t{volunteer.nickname} ({volunteer.unit}): {made}")
    click.echo("Vào trang /assist rồi gõ mã, hoặc nhắn trợ lý: /tinhnguyen " + made)


@volunteers.command(name="list")
def list_() -> None:
    """Everybody who has or had a code."""
    from datetime import UTC

    office = _open()
    found = office.assistance.store.all()
    opened = office.assistance.store.open_cases()
    for each in found:
        ended = "đã thu hồi" if each.disabled_at else "hết hạn" if each.expires_at <= datetime.now(UTC) else "đang dùng"
        until, cases = f"{each.expires_at:%Y-%m-%d}", opened.get(each.id, 0)
        click.echo(f"{each.id}\t{each.nickname}\t{each.unit}\t{until}\t{ended}\t{cases} ca đang mở")
    if not found:
        click.echo("chưa có mã nào: motcua volunteers code TÊN --unit 'ĐƠN VỊ'")


@volunteers.command()
@click.argument("volunteer", type=int)
def disable(volunteer: int) -> None:
    """Take back the code with the number VOLUNTEER of the list; its open cases are closed and erased."""
    from bot.storage.staff import AuditStore

    office = _open()
    if not office.assistance.store.disable(volunteer):
        raise click.ClickException(f"{volunteer} is no code in use: see motcua volunteers list")
    AuditStore(office.engine).add(BY, "Thu hồi mã tình nguyện", str(volunteer), {})
    click.echo(f"Đã thu hồi mã {volunteer}.")


@volunteers.command()
@click.option("--month", callback=_month, required=True, help="2026-11")
@click.option("--xlsx", type=click.Path(path_type=Path, dir_okay=False))
def report(month: str, xlsx: Path | None) -> None:
    """Cases, minutes and outcomes of a month, by volunteer; as a workbook also by procedure and day."""
    from bot import volunteer_reports
    from knowledge_base.catalogue import Catalogue

    office = _open()
    catalogue = Catalogue.shipped()

    def name_of(code: str) -> str:
        found = catalogue.get(code)
        return (found.plain_name or found.name) if found else code

    counts = office.assistance.store.counts(*volunteer_reports.days(month))
    made = volunteer_reports.report(counts, month, name_of)
    if xlsx:
        xlsx.write_bytes(volunteer_reports.xlsx(made))
        click.echo(f"written: {xlsx}")
        return
    click.echo("\t".join(volunteer_reports.HEAD))
    for line in (made.total, *made.groups["volunteers"]):
        click.echo("\t".join("" if cell is None else str(cell) for cell in line.cells))
