"""Importing a file of dossiers: checked row by row, first without writing if one likes, with its progress shown."""

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import Response

from bot.dossier_import import BadRow
from bot.dossier_records import Change
from bot.dossier_sources import Bad, Good, Unreadable, read
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
PIECE: Final = 200
MOST_TOLD: Final = 500
"""Bad rows told one by one."""
OUTCOMES: Final = {
    "created": "mới",
    "changed": "thay đổi",
    "unchanged": "giữ nguyên",
    "stale": "cũ hơn bản đang có (bỏ qua)",
    "conflict": "khác nội dung nhưng cùng số lần thay đổi (bỏ qua)",
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
    changes: list[Change] = []
    bad: list[BadRow] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"  # never under the name that was sent
        path.write_bytes(data)
        try:
            for row in read(path, console.hasher, console.now()):
                match row:
                    case Good():
                        changes.append(row.change)
                    case Bad():
                        bad.append(BadRow(name, row.number, row.problems))
        except Unreadable as refusal:
            return [f"Không đọc được tệp {name}: {unreadable(str(refusal).replace(str(path), name))}."]
    outcomes: Counter[str] = Counter()
    for begin_at in range(0, len(changes), PIECE):
        piece = store.upsert_all(changes[begin_at : begin_at + PIECE], write=write)
        outcomes.update(kept.outcome.value for kept in piece)
        progress(min(begin_at + PIECE, len(changes)), len(changes))
    counted = ", ".join(f"{outcomes[key]} {text}" for key, text in OUTCOMES.items() if outcomes[key]) or "0 hồ sơ"
    unwritten = "" if write else " (mới kiểm tra, chưa ghi)"
    said = [f"{len(changes) + len(bad)} dòng: {counted}; {len(bad)} dòng bị bỏ{unwritten}."]
    for left_out in bad[:MOST_TOLD]:
        reasons = "; ".join(f"{each.column}: {reason(each.reason)}" for each in left_out.problems)
        said += [f"Dòng {left_out.row}: {reasons}"]
    if len(bad) > MOST_TOLD:
        said.append(f"… và {len(bad) - MOST_TOLD} dòng nữa.")
    return said
