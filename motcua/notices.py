"""Notices for staff: announcements with a second person's word, what became of notices, and whom to ring up."""

import asyncio
import csv
import io
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from motcua.logged import write_down

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from bot.services.notices import Announcements, Preview
    from bot.storage.notices import Outbox

CALL_LIST_COLUMNS = (
    "Người nộp",
    "Mã hồ sơ",
    "4 số cuối điện thoại",
    "Việc cần báo",
    "Vì sao phải gọi",
    "Từ lúc",
    "Kênh báo lại",
)


@click.group()
def notices() -> None:
    """Announcements, delivery and the call list."""


def _desk() -> "tuple[Announcements, Outbox, Engine]":
    from bot.office import announcements, open_office
    from bot.services.guide import Guide
    from bot.settings import read_settings

    settings = read_settings()
    office = open_office(settings)
    click.get_current_context().call_on_close(office.engine.dispose)
    return announcements(office, lambda code: Guide(settings.index_dir).procedure(code)), office.outbox, office.engine


@notices.command()
def deliver() -> None:
    """Send notices and receipts until stopped (SIGTERM, Ctrl-C), as a process beside those that serve.

    Any number of processes may do so at once. With MOTCUA_DELIVERY=off those that serve leave it to this one.
    """
    from bot.sending import deliver as deliver_until
    from bot.settings import read_settings

    async def until_stopped() -> None:
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        await deliver_until(settings, stopping)

    settings = read_settings()
    asyncio.run(until_stopped())


@notices.command()
@click.argument("scope")
@click.option("--title", required=True, help="First line, at most 120 characters.")
@click.option("--text", required=True, help="What to announce, at most 1,400 characters; - reads it from the input.")
@click.option("--by", required=True, help="Your name.")
def preview(scope: str, title: str, text: str, by: str) -> None:
    """Draft an announcement to the followers of SCOPE (procedure:CODE or agency:ID) and show it; sends nothing."""
    desk, _, engine = _desk()
    text = sys.stdin.read() if text == "-" else text
    with _refusals():
        shown = desk.draft(scope, title=title, text=text, by=by)
    write_down(engine, "Soạn thông báo", f"đợt {shown.bulk.id}", by=by, về=scope)
    _show(shown)
    click.echo(f"Bản nháp số {shown.bulk.id}. Người khác duyệt: motcua notices approve {shown.bulk.id} --by TÊN")


def _show(shown: "Preview") -> None:
    for paragraph in shown.reply.paragraphs:
        click.echo(f"  | {paragraph.removeprefix('# ')}".replace("\n", "\n  | "))
    for channel, (everyone, lost) in shown.audience.items():
        click.echo(f"{channel}: {everyone} người theo dõi" + (f", {lost} không liên lạc được" if lost else ""))
    click.echo(f"Tổng cộng: {sum(everyone for everyone, _ in shown.audience.values())} người")


@notices.command()
@click.argument("bulk", type=int)
@click.option("--by", required=True, help="Your name; not the one who made the draft.")
def approve(bulk: int, by: str) -> None:
    """Approve the draft BULK, which somebody else made."""
    desk, _, engine = _desk()
    with _refusals():
        approved = desk.approve(bulk, by)
    write_down(engine, "Duyệt thông báo", f"đợt {bulk}", by=by)
    _show(desk.preview(bulk))
    click.echo(f"{approved.approved_by} đã duyệt, máy đang phục vụ sẽ gửi. Theo dõi: motcua notices run {bulk}")


@notices.command()
@click.argument("bulk", type=int)
@click.option("--wait/--no-wait", default=True, help="Show the progress until everything is sent.")
def run(bulk: int, wait: bool) -> None:
    """Queue the approved announcement BULK now and show its progress; without it the serving processes do it."""
    desk, _, engine = _desk()
    queued = 0
    with _refusals():
        for size in desk.queue(bulk):
            queued += size
            click.echo(f"đã xếp hàng {queued}")
    write_down(engine, "Gửi thông báo", f"đợt {bulk}", tin=queued)
    while True:
        progress = desk.progress(bulk)
        states = ", ".join(f"{state}: {count}" for state, count in sorted(progress.states.items()))
        click.echo(f"{progress.bulk.state}: {states or 'không có ai theo dõi'}")
        if progress.finished or not wait:
            return
        time.sleep(2)


@notices.command()
@click.argument("bulk", type=int)
@click.option("--by", required=True, help="Your name.")
def stop(bulk: int, by: str) -> None:
    """Stop BULK at once; what has left can't be called back."""
    desk, _, engine = _desk()
    with _refusals():
        stopped = desk.stop(bulk, by)
    write_down(engine, "Dừng thông báo", f"đợt {bulk}", by=by, tin=stopped)
    click.echo(f"Đã dừng; {stopped} tin chưa gửi được lấy khỏi hàng.")


@notices.command(name="list")
@click.option("--state", help="Only notices in this state, e.g. unknown or failed.")
@click.option("--limit", type=int, default=30, show_default=True)
def list_(state: str | None, limit: int) -> None:
    """How many notices are in each state, then the newest of them."""
    from bot.notice_records import NoticeState

    if state and state not in set(NoticeState):
        raise click.ClickException(f"there is no state {state}: use one of {', '.join(NoticeState)}")
    _, outbox, _ = _desk()
    click.echo(", ".join(f"{name}: {count}" for name, count in sorted(outbox.counts().items())) or "chưa có tin nào")
    for one in outbox.list(NoticeState(state) if state else None, limit=limit):
        what = one.dossier_code or f"đợt {one.bulk_id}"
        # the channel without the person's number there: this may be read over the shoulder
        click.echo(f"{one.id:>8}  {one.state:<11} {one.contact.channel:<9} {one.kind:<13} {what}  {one.reason}")


@notices.command()
@click.argument("notice", type=int)
@click.option("--by", required=True, help="Your name.")
def resend(notice: int, by: str) -> None:
    """Send NOTICE again whose fate is unknown, or that failed. The person may get it a second time."""
    _, outbox, engine = _desk()
    if not outbox.resend(notice, by):
        raise click.ClickException(f"notice {notice} is neither unknown nor failed: see motcua notices list")
    write_down(engine, "Gửi lại tin", f"tin {notice}", by=by)
    click.echo(f"Tin {notice} sẽ được gửi lại.")


@notices.command(name="call-list")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write a file instead of printing.")
@click.option("--done", metavar="CODE", help="Somebody rang these people up: take the dossier off the list.")
def call_list(out: Path | None, done: str | None) -> None:
    """The dossiers whose people no channel reached, as CSV for the clerk who rings them up."""
    from bot.dialogue.wording.notices import REASONS, WHYS
    from bot.office import open_office
    from bot.settings import read_settings
    from bot.storage.calls import CallList
    from knowledge_base.centre import VIETNAM

    office = open_office(read_settings())
    click.get_current_context().call_on_close(office.engine.dispose)
    calls, dossiers = CallList(office.engine), office.dossiers
    if done:
        if not calls.done(done):
            raise click.ClickException(f"{done} is not on the call list")
        write_down(office.engine, "Đã gọi điện báo", done)
        click.echo(f"Đã gọi: {done}")
        return
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(CALL_LIST_COLUMNS)
    for call in calls.all():
        dossier = dossiers.get(call.dossier_code)
        row = (
            dossier.applicant if dossier else "",
            call.dossier_code,
            dossier.phone_last4 if dossier else "",
            REASONS.get(call.kind, call.kind),
            WHYS[call.why],
            f"{call.since.astimezone(VIETNAM):%d/%m/%Y %H:%M}",
            call.reason,
        )
        table.writerow([_harmless(value) for value in row])
    if out:
        out.write_text(text.getvalue(), "utf-8-sig")  # the mark makes Excel read it as UTF-8
        click.echo(f"{out}: {len(calls.all())} hồ sơ")
    else:
        click.echo(text.getvalue(), nl=False)


def _harmless(value: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


@contextmanager
def _refusals() -> Iterator[None]:
    """Shows a refusal as its sentence."""
    from bot.services.notice_templates import TemplateError
    from bot.services.notices import RefusedError

    try:
        yield
    except (RefusedError, TemplateError) as error:
        raise click.ClickException(str(error)) from error
