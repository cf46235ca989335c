"""Health: database, index, channels, queues, failed sign-ins, and tries to guess dossiers."""

import time
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import func, select

from bot.notice_records import NoticeState
from bot.staff_records import Role
from bot.storage.months import MonthCount
from bot.storage.staff import StaffStore
from bot.storage.tables import lanes, notices, receipts
from bot.web.console.notices import CHANNELS, STATES
from bot.web.console.page import Console, Nav, Visit, require
from bot.web.console.tables import Column, Table, listed, shown

NAV = Nav("Tình trạng máy", "/staff/health", (Role.SUPERVISOR, Role.ADMINISTRATOR), 910, "Máy, kênh, hàng đợi, dò mã.")
router = APIRouter()

SINCE: Final = timedelta(days=7)
MOST: Final = 50
NEARLY: Final = 0.8
"""Of a month's messages: from there on somebody should look."""
WAITING_TOO_LONG: Final = timedelta(minutes=30)


class Sign(msgspec.Struct, frozen=True):
    """One line: what, how it is, and whether somebody should look at it."""

    what: str
    state: str
    bad: bool = False


HEALTH: Final = Table(
    title="Tình trạng máy",
    columns=(
        Column("Phần", lambda line: line[0]),
        Column("Mục", lambda line: line[1].what),
        Column("Tình trạng", lambda line: line[1].state),
        Column("Cần xem", lambda line: "cần xem" if line[1].bad else ""),
    ),
)


@router.get("/health")
def show(visit: Annotated[Visit, require(Role.SUPERVISOR, Role.ADMINISTRATOR)]) -> Response:
    """Everything at a glance."""
    if visit.wants_xlsx():
        return visit.exported(HEALTH, listed(_lines(_looked(visit.console))))
    return visit.show("health.html", **_looked(visit.console))


@router.get("/health/live")
def live(visit: Annotated[Visit, require(Role.SUPERVISOR, Role.ADMINISTRATOR, live=True)]) -> Response:
    """The same without the page around it."""
    return visit.part("health_part.html", **_looked(visit.console))


def _lines(looked: dict[str, Any]) -> list[tuple[str, Sign]]:
    """All that the page says, a row each."""
    lines = [("Máy và kênh", sign) for sign in looked["machine"]] + [
        ("Hàng đợi tin báo", sign) for sign in looked["queues"]
    ]
    lines += [
        ("Đăng nhập sai", Sign(login, f"{count} lần, {refused} lần bị chặn, gần nhất {shown(last)}"))
        for login, count, refused, last in looked["failed"]
    ]
    if looked["invented"]:
        lines.append(("Đăng nhập sai", Sign("tên không có", f"{looked['invented']} lần")))
    for each in looked["tries"]:
        channel = CHANNELS.get(each.channel, each.channel)
        what = (
            f"Một người trên {channel} (dấu {each.subject[:8]})" if each.kind == "person" else f"Hồ sơ {each.subject}"
        )
        said = f"{each.wrong} lần sai, {each.refused} lần bị chặn, gần nhất {shown(each.last_at)}"
        lines.append(("Dò mã hồ sơ", Sign(what, said)))
    return lines


def _looked(console: Console) -> dict[str, Any]:
    since, staff = console.now() - SINCE, StaffStore(console.engine)
    tries = console.dossiers.tries(since)
    return {
        "machine": [*_machine(console), *(Sign(what, state) for what, state in console.switches())],
        "queues": [*_queues(console), *_months(console)],
        "failed": staff.failed(since)[:MOST],
        "invented": staff.failed_since(since, None),
        "tries": tries[:MOST],
        "tries_count": len(tries),
        "tries_total": sum(each.wrong + each.refused for each in tries if each.kind == "person"),
        "channels": CHANNELS,
        "days": SINCE.days,
    }


def _machine(console: Console) -> list[Sign]:
    began = time.perf_counter()
    with console.engine.connect() as connection:
        connection.execute(select(func.count()).select_from(lanes)).scalar_one()
    took = (time.perf_counter() - began) * 1000
    manifest = console.guide.snapshot.manifest
    return [
        Sign("Cơ sở dữ liệu", f"{console.engine.dialect.name}, trả lời trong {took:.0f} ms", bad=took > 500),
        Sign("Bộ tra cứu", f"{manifest.snapshot}, dựng lúc {manifest.built}"),
        Sign("Thủ tục", f"{len(console.guide.catalogue)}", bad=not len(console.guide.catalogue)),
    ]


def _months(console: Console) -> list[Sign]:
    """How much of a month's messages is used, where the supplier allows only so many."""
    signs = []
    for channel, allowed in console.monthly.items():
        used = MonthCount(console.engine, channel, console.now).count()
        said = f"tháng này đã gửi {shown(used)}" + (f" trong {shown(allowed)} tin được phép" if allowed else " tin")
        bad = allowed is not None and used >= allowed * NEARLY
        if allowed is not None and used >= allowed:
            said += "; tin báo không gửi trên kênh này nữa, chuyển kênh khác hoặc gọi điện"
        signs.append(Sign(CHANNELS.get(channel, channel), said, bad=bad))
    return signs


def _queues(console: Console) -> list[Sign]:
    """The outbox by channel, pauses that suppliers asked for, receipts that wait."""
    now = console.now()
    counted = select(notices.c.channel, notices.c.state, func.count()).group_by(notices.c.channel, notices.c.state)
    due = notices.c.state == NoticeState.PENDING.value
    oldest = select(notices.c.channel, func.min(notices.c.not_before)).where(due).group_by(notices.c.channel)
    with console.engine.connect() as connection:
        states: dict[str, list[str]] = {}
        for channel, state, count in connection.execute(counted):
            states.setdefault(channel, []).append(f"{STATES[NoticeState(state)]} {shown(count)}")
        waits: dict[str, datetime] = {row[0]: row[1] for row in connection.execute(oldest)}
        pauses = connection.execute(select(lanes).where(lanes.c.paused_until > now)).all()
        told = connection.execute(select(func.count()).select_from(receipts)).scalar_one()
    signs = []
    for channel, parts in sorted(states.items()):
        at = waits.get(channel)
        late = at is not None and now - at > WAITING_TOO_LONG
        said = ", ".join(parts) + (f"; tin chờ lâu nhất từ {shown(at)}" if late else "")
        signs.append(Sign(CHANNELS.get(channel, channel), said, bad=late))
    signs += [
        Sign(CHANNELS.get(row.channel, row.channel), f"tạm ngừng tới {shown(row.paused_until)}: {row.reason}", bad=True)
        for row in pauses
    ]
    if told:
        signs.append(Sign("Báo lại cho phần mềm một cửa", f"{shown(told)} tin chờ báo"))
    return signs
