"""The monthly review: draw a month's list, write the report."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from knowledge_base.centre import VIETNAM

if TYPE_CHECKING:
    from bot.office import Office
    from bot.services.review import ReviewDesk
    from bot.storage.reviews import ReviewStore

MATTERS = ("supplement", "late")


def _open() -> "tuple[Office, ReviewDesk, ReviewStore]":
    from bot.dialogue.privacy import conceal_people
    from bot.office import open_office
    from bot.services.review import ReviewDesk
    from bot.settings import read_settings
    from bot.storage.reviews import ReviewStore

    office = open_office(read_settings())
    click.get_current_context().call_on_close(office.engine.dispose)
    store = ReviewStore(office.engine)
    return office, ReviewDesk(store, mask=conceal_people), store


def _month(_context: click.Context, _option: click.Parameter, month: str) -> str:
    try:
        return f"{datetime.strptime(month, '%Y-%m'):%Y-%m}"  # noqa: DTZ007 - only its form is looked at
    except ValueError:
        raise click.BadParameter("write a month as 2026-10") from None


@click.group()
def review() -> None:
    """Rà soát tháng: dossiers that were asked for more, handed back, or late."""


@review.command()
@click.option("--month", callback=_month, required=True, help="A month that is over, e.g. 2026-10.")
@click.option("--list", "matter", type=click.Choice(MATTERS), default="supplement", show_default=True)
@click.option("--size", type=click.IntRange(1), help="How many to draw at random; default: all.")
@click.option("--seed", default="", help="What the sample follows from; default: a new one, which is kept.")
@click.option("--officer", "officers", multiple=True, help="Login of who reviews; repeat it. Default: all officers.")
@click.option("--again", "why", default="", help="Replace the open draw, for this reason, which the report tells.")
@click.option("--by", required=True, help="Your name.")
def draw(  # noqa: PLR0917 - click hands them over by name
    month: str, matter: str, size: int | None, seed: str, officers: tuple[str, ...], why: str, by: str
) -> None:
    """Draw a month's list and share it out."""
    from bot.review_records import Matter
    from bot.services.review import RefusedError
    from bot.staff_records import Role
    from bot.storage.staff import AuditStore, StaffStore

    office, desk, store = _open()
    known = [a.login for a in StaffStore(office.engine).all() if a.role is Role.OFFICER and not a.disabled_at]
    if strangers := set(officers) - set(known):
        raise click.ClickException(
            f"no officers: {', '.join(sorted(strangers))}; there are {', '.join(known) or 'none'}"
        )
    who = list(officers) or known
    try:
        old = desk.current(month, Matter(matter)) if why else None
        if old:
            made = desk.redraw(old, officers=who, by=by, why=why, size=size, seed=seed)
        else:
            made = desk.draw(month, Matter(matter), officers=who, by=by, size=size, seed=seed)
    except RefusedError as refusal:
        raise click.ClickException(str(refusal)) from None
    seed_by = "người rút gõ" if made.seed_typed else "máy chọn"
    said = {"lần rút": made.number, "số": size or "tất cả", "hạt giống": made.seed, "hạt giống do": seed_by}
    detail = {"after": said | {"lý do": made.why}}
    AuditStore(office.engine).add(f"motcua review: {by}", "Rút danh sách rà soát", f"{month} {matter}", detail)
    items = store.items(made.id, drawn=False)
    click.echo(f"{month} {matter}: {sum(i.drawn for i in items)} of {len(items)} drawn, seed {made.seed}")
    if made.seed_typed:
        click.echo("The seed was typed: the report says so.")
    for login in who:
        click.echo(f"  {login}: {sum(item.officer == login for item in items)}")


@review.command()
@click.option("--month", callback=_month, required=True, help="2026-10")
@click.option("--docx", type=click.Path(path_type=Path, dir_okay=False), help="The letter to the Chairman.")
@click.option("--xlsx", type=click.Path(path_type=Path, dir_okay=False), help="The workbook.")
def report(month: str, docx: Path | None, xlsx: Path | None) -> None:
    """The month's figures, findings and trend; without a file, the figures by agency."""
    from bot import review_files, review_letter
    from bot.review_reports import of_month

    office, desk, store = _open()
    result = of_month(desk, store, month)
    if docx:
        docx.write_bytes(review_letter.docx(result, office.centre, datetime.now(VIETNAM).date()))
    if xlsx:
        xlsx.write_bytes(review_files.xlsx(result))
    if docx or xlsx:
        click.echo("written: " + ", ".join(str(path) for path in (docx, xlsx) if path))
        return
    click.echo("\t".join(("", *review_files.FIGURES)))
    for figure in (result.total, *result.agencies):
        name = "toàn Trung tâm" if figure is result.total else figure.agency
        click.echo("\t".join("" if cell is None else str(cell) for cell in (name, *review_files.figure_row(figure))))
