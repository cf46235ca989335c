"""Importing a file of dossiers: checked row by row, first without writing if one likes, with its progress shown."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import Response

from bot.dossier_import import BadRow
from bot.dossier_import import import_file as import_rows
from bot.dossier_sources import Unreadable
from bot.staff_records import Role
from bot.storage.dossiers import DossierStore
from bot.storage.staff import AuditStore
from bot.web.console.import_words import reason, unreadable
from bot.web.console.jobs import Progress, found, start
from bot.web.console.page import Console, Problem, Visit, require

router = APIRouter()

Desk = Annotated[Visit, require(Role.OFFICER, Role.SUPERVISOR)]
Watcher = Annotated[Visit, require(Role.OFFICER, Role.SUPERVISOR, live=True)]

LARGEST: Final = 20_000_000
MOST_TOLD: Final = 500
"""Bad rows told one by one."""
OUTCOMES: Final = {
    "created": "mới",
    "changed": "thay đổi",
    "unchanged": "giữ nguyên",
    "stale": "cũ hơn bản đang có (bỏ qua)",
    "conflict": "khác nội dung nhưng cùng số lần thay đổi (bỏ qua)",
    "failed": "không ghi được",
}


@router.get("/dossiers/import")
def ask(visit: Desk) -> Response:
    """The form."""
    return visit.show("dossier_import.html")


@router.post("/dossiers/import")
def begin(visit: Desk, file: Annotated[UploadFile, File()], only_check: Annotated[str, Form()] = "") -> Response:
    """Take the file and begin."""
    data = file.file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Problem(413, "Tệp lớn quá 20 MB", "Anh/chị chia tệp ra rồi nhập từng phần; nhập lại không bị trùng.")
    if not data:
        raise Problem(422, "Chưa có tệp, hoặc tệp trống", "Anh/chị chọn tệp .xlsx, .csv hoặc .json rồi gửi lại.")
    name = Path(file.filename or "tệp").name[:120]
    console, login, write = visit.console, visit.account.login, not only_check
    title = f"{'Nhập' if write else 'Kiểm tra'} tệp {name}"

    def work(progress: Progress) -> list[str]:
        lines = import_file(console, name, data, progress, write=write)
        log = AuditStore(console.engine, console.now)
        log.add(login, "Nhập hồ sơ từ tệp" if write else "Kiểm tra tệp hồ sơ", name, {"after": {"kết quả": lines[0]}})
        return lines

    return start(visit, title, work, "/staff/dossiers/import/")


@router.get("/dossiers/import/{job_id}")
def show(visit: Desk, job_id: str) -> Response:
    """How far it is; then the report."""
    return visit.show("job.html", job=found(visit, job_id), back="/staff/dossiers/import")


@router.get("/dossiers/import/{job_id}/live")
def live(visit: Watcher, job_id: str) -> Response:
    """The progress alone."""
    return visit.part("job_part.html", job=found(visit, job_id), back="/staff/dossiers/import")


def import_file(
    console: Console, name: str, data: bytes, progress: Callable[[int, int], None], *, write: bool
) -> list[str]:
    """Keep every usable row; the first line of the report counts, the others say what is wrong row by row."""
    store = DossierStore(console.engine, console.dossiers.on_change, console.now)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"  # never under the name that was sent
        path.write_bytes(data)
        try:
            done = import_rows(path, name, store, console.hasher, console.now(), write=write, progress=progress)
        except Unreadable as refusal:
            return [f"Không đọc được tệp {name}: {unreadable(str(refusal).replace(str(path), name))}."]
    outcomes = done.outcomes
    counted = ", ".join(f"{outcomes[key]} {text}" for key, text in OUTCOMES.items() if outcomes[key]) or "0 hồ sơ"
    unwritten = "" if write else " (mới kiểm tra, chưa ghi)"
    warned = f"; {len(done.warnings)} dòng cần xem lại" if done.warnings else ""
    said = [f"{done.rows} dòng: {counted}; {len(done.bad)} dòng bị bỏ{warned}{unwritten}."]
    said += [f"{_where(row) or 'Tệp'}: {_reasons(row)}" for row in done.skipped]
    for rows, kind in ((done.bad, ""), (done.warnings, " (đã nhập, cần xem lại)")):
        said += [f"{_where(row)}{kind}: {_reasons(row)}" for row in rows[:MOST_TOLD]]
        if len(rows) > MOST_TOLD:
            said.append(f"… và {len(rows) - MOST_TOLD} dòng nữa.")
    return said


def _where(row: BadRow) -> str:
    sheet = f"Trang tính “{row.sheet}”" if row.sheet else ""
    return ", ".join(filter(None, (sheet, f"{'dòng' if sheet else 'Dòng'} {row.row}" if row.row else "")))


def _reasons(row: BadRow) -> str:
    return "; ".join(f"{each.column}: {reason(each.reason)}".removeprefix(": ") for each in row.problems)
