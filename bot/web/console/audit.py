"""The audit log: who did what, when, on what."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import Response

from bot.staff_records import Deed, Role
from bot.storage.staff import ANYBODY, NOBODY, AuditStore, StaffStore
from bot.web.console.agencies import named
from bot.web.console.page import Nav, Visit, require
from bot.web.console.tables import Column, Table
from knowledge_base.centre import VIETNAM, Centre

NAV = Nav("Nhật ký", "/staff/audit", (Role.SUPERVISOR, Role.ADMINISTRATOR), 930, "Ai đã làm gì, lúc nào.")
router = APIRouter()


def _said(centre: Centre, detail: dict[str, Any], side: str) -> str:
    return "; ".join(f"{name}: {_plain(centre, value)}" for name, value in detail.get(side, {}).items())


def _plain(centre: Centre, value: Any) -> str:
    match value:
        case None | "":
            return "(trống)"
        case list():
            return ", ".join(_plain(centre, each) for each in value) or "(trống)"
        case dict():
            return ", ".join(f"{name}={_plain(centre, each)}" for name, each in value.items()) or "(trống)"
    return named(centre, str(value))


def _deeds(centre: Centre) -> Table:
    return Table(
        title="Nhật ký",
        columns=(
            Column("Lúc", lambda deed: deed.at),
            Column("Ai", lambda deed: deed.login or "(chưa đăng nhập)"),
            Column("Việc", lambda deed: deed.action),
            Column("Đối tượng", lambda deed: named(centre, deed.subject)),
            Column("Trước", lambda deed: _said(centre, deed.detail, "before")),
            Column("Sau", lambda deed: _said(centre, deed.detail, "after")),
        ),
        empty="Không có dòng nào như vậy.",
    )


@router.get("/audit")
def show(
    visit: Annotated[Visit, require(Role.SUPERVISOR, Role.ADMINISTRATOR)],
    who: str = "",
    action: str = "",
    subject: str = "",
    since: str = "",
    until: str = "",
) -> Response:
    """Lines by person, action, subject and days."""
    log = AuditStore(visit.console.engine)
    first, last = _day(since), _day(until)

    def fetch(limit: int, offset: int) -> Sequence[Deed]:
        return log.find(
            login=who,
            action=action,
            subject=subject.strip(),
            since=first,
            until=last + timedelta(days=1) if last else None,
            limit=limit,
            offset=offset,
        )

    people = [(ANYBODY, "Người đã đăng nhập"), (NOBODY, "(chưa đăng nhập)")]
    people += [(each.login, f"{each.name} ({each.login})") for each in StaffStore(visit.console.engine).all()]
    chosen = {"who": who, "action": action, "subject": subject, "since": since, "until": until}
    return visit.table(
        "audit.html", _deeds(visit.console.centre), fetch, people=people, actions=log.actions(), chosen=chosen
    )


def _day(text: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text), time.min, VIETNAM)
    except ValueError:
        return None
