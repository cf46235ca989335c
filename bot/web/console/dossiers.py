"""Dossiers: search, look, change the status, move the date, ask for what is missing."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Form
from fastapi.responses import Response
from sqlalchemy import Connection

from bot.dossier_codes import normal
from bot.dossier_records import UNDER_WAY, Change, Dossier, Outcome, Status, Step
from bot.staff_records import Role
from bot.storage.dossier_search import DossierSearch
from bot.storage.dossiers import DossierStore
from bot.storage.staff import AuditStore
from bot.web.console.agencies import dossiers_of, seen_by
from bot.web.console.page import Nav, Problem, Visit, detail, require, unnumbered
from bot.web.console.tables import Column, Table, shown
from knowledge_base.centre import VIETNAM

DESK: Final = (Role.CLERK, Role.OFFICER, Role.SUPERVISOR)
NAV = Nav("Hồ sơ", "/staff/dossiers", DESK, 10, "Tìm hồ sơ, đổi trạng thái, yêu cầu bổ sung.")
router = APIRouter()

Desk = Annotated[Visit, require(*DESK)]
Text = Annotated[str, Form()]

STATUSES: Final = {
    Status.REGISTERED: "Mới đăng ký",
    Status.RECEIVED: "Đã tiếp nhận",
    Status.REFUSED: "Không tiếp nhận",
    Status.PROCESSING: "Đang xử lý",
    Status.SUPPLEMENT: "Chờ bổ sung",
    Status.FEE_DUE: "Chờ nộp phí",
    Status.WITHDRAWN: "Người nộp rút",
    Status.STOPPED: "Dừng xử lý",
    Status.DONE: "Có kết quả",
    Status.RETURNED: "Đã trả kết quả",
}
NEXT: Final = {
    Status.REGISTERED: (Status.RECEIVED, Status.REFUSED, Status.WITHDRAWN),
    Status.RECEIVED: (Status.PROCESSING, Status.FEE_DUE, Status.DONE, Status.WITHDRAWN, Status.STOPPED),
    Status.PROCESSING: (Status.FEE_DUE, Status.DONE, Status.WITHDRAWN, Status.STOPPED),
    Status.SUPPLEMENT: (Status.PROCESSING, Status.WITHDRAWN, Status.STOPPED),
    Status.FEE_DUE: (Status.PROCESSING, Status.DONE, Status.WITHDRAWN, Status.STOPPED),
    Status.DONE: (Status.RETURNED,),
}
"""What a dossier usually becomes next; anything else is offered apart."""
RANK: Final = {
    Status.REGISTERED: 0, Status.RECEIVED: 1, Status.PROCESSING: 2, Status.SUPPLEMENT: 2, Status.FEE_DUE: 2,
    Status.DONE: 3, Status.REFUSED: 4, Status.WITHDRAWN: 4, Status.STOPPED: 4, Status.RETURNED: 4,
}  # fmt: skip
"""How far along a status is: to a lower one, or from an end to another, goes only who says so twice."""
LONGEST: Final = 500
MOST_DAYS: Final = 365
CLOSES: Final = time(17)

TABLE = Table(
    title="Hồ sơ",
    columns=(
        Column("Mã hồ sơ", lambda dossier: dossier.code, link=lambda dossier: f"/staff/dossiers/{dossier.code}"),
        Column("Người nộp", lambda dossier: dossier.applicant),
        Column("Thủ tục", lambda dossier: dossier.procedure_name),
        Column("Cơ quan", lambda dossier: dossier.agency),
        Column("Trạng thái", lambda dossier: STATUSES[dossier.status]),
        Column("Hẹn trả", lambda dossier: dossier.due),
        Column("Cập nhật", lambda dossier: dossier.updated_at),
    ),
    empty="Không có hồ sơ nào như vậy. Anh/chị thử bỏ bớt điều kiện tìm.",
)


@router.get("/dossiers")
def search(visit: Desk, q: str = "", status: str = "", agency: str = "") -> Response:
    """By code or masked name, status, agency; a clerk sees those of one agency."""
    which: dict[str, Any] = {"text": q, "seen_by": seen_by(visit)}
    if status in ("under_way", "late"):
        which[status] = True
    elif status.isdecimal() and int(status) in {int(each) for each in Status}:
        which["status"] = Status(int(status))
    if agency:
        which["agency"] = dossiers_of(visit.console, agency)
    found = DossierSearch(visit.console.engine, visit.console.now)

    def fetch(limit: int, offset: int) -> Sequence[Dossier]:
        return found.find(limit=limit, offset=offset, **which)

    statuses = [("", "Mọi trạng thái"), ("under_way", "Đang giải quyết"), ("late", "Quá hẹn")]
    statuses += [(str(int(each)), name) for each, name in STATUSES.items()]
    chosen = {"q": q, "status": status, "agency": agency}
    return visit.table("dossiers.html", TABLE, fetch, statuses=statuses, chosen=chosen, count=found.count(**which))


@router.get("/dossiers/{code}")
def view(visit: Desk, code: str) -> Response:
    """One dossier with its timeline and what can be done with it."""
    dossier = _known(visit, code)
    visit.audit("Xem hồ sơ", dossier.code)
    return _view(visit, dossier)


def _view(visit: Visit, dossier: Dossier, problem: str = "", typed: dict[str, Any] | None = None) -> Response:
    """typed: what a refused form held, with its name as "form"; it is there again."""
    procedure = visit.console.guide.procedure(dossier.procedure_code) if dossier.procedure_code else None
    papers = list(dict.fromkeys(paper.name for paper in procedure.papers)) if procedure else []
    usual = NEXT.get(dossier.status, ())
    other = [each for each in STATUSES if each not in (Status.SUPPLEMENT, dossier.status, *usual)]
    now = visit.console.now()
    typed = {"form": "", "back": False, "papers": (), **(typed or {})}
    return visit.show(
        "dossier.html",
        status=422 if problem else 200,
        problem=problem,
        dossier=dossier,
        procedure=procedure,
        papers=papers,
        statuses=STATUSES,
        usual=[(str(int(each)), STATUSES[each]) for each in usual],
        other=[(str(int(each)), STATUSES[each]) for each in other],
        typed=typed,
        more_papers=[paper for paper in typed["papers"] if paper not in papers],
        late=bool(dossier.due and dossier.due < now and dossier.status in UNDER_WAY),
        under_way=dossier.status in UNDER_WAY,
        asked_before=sum(step.status is Status.SUPPLEMENT for step in dossier.timeline),
        followers=len(visit.console.dossiers.followers(dossier.code)),
        first_day=_first_day(visit),
        first_due=_first_due(visit, dossier),
        last_day=now.astimezone(VIETNAM).date() + timedelta(days=MOST_DAYS),
    )


@router.post("/dossiers/{code}/status")
def change_status(
    visit: Desk,
    code: str,
    version: Annotated[int, Form()] = 0,
    status: Text = "",
    note: Text = "",
    fee: Text = "",
    result: Text = "",
    sure: Text = "",
) -> Response:
    """Another status, with a word to the person; a fee that is due needs its amount, a step back a second word."""
    dossier = _known(visit, code)
    typed = {"form": "status", "status": status, "note": note, "fee": fee, "result": result}
    if not (status.isdecimal() and int(status) in {int(each) for each in STATUSES}) or int(status) == Status.SUPPLEMENT:
        return _view(visit, dossier, "Anh/chị chọn trạng thái mới trong danh sách.", typed)
    new = Status(int(status))
    if _goes_back(dossier.status, new) and not sure:
        asked = f"Hồ sơ đang “{STATUSES[dossier.status]}”, chuyển sang “{STATUSES[new]}” là đi ngược. "
        return _view(
            visit, dossier, asked + "Nếu đúng vậy, anh/chị tích ô xác nhận rồi bấm lại.", typed | {"back": True}
        )
    said: dict[str, Any] = {}
    if new is Status.FEE_DUE:
        amount = fee.replace(".", "").replace(",", "").replace(" ", "")
        if not (amount.isascii() and amount.isdecimal() and 0 < int(amount) < 10**12):
            return _view(visit, dossier, "Anh/chị gõ số tiền phải nộp bằng đồng, ví dụ 20.000.", typed)
        said["fee_due"] = int(amount)
    if new in (Status.DONE, Status.RETURNED) and result.strip():
        said["result"] = _line(result)
    step = Step(new, visit.console.now(), _line(note))
    change = Change(code=dossier.code, status=new, timeline=(*dossier.timeline, step), **said)
    return _keep(visit, dossier, change, version, ("Đổi trạng thái hồ sơ", f"Đã đổi sang “{STATUSES[new]}”."), typed)


@router.post("/dossiers/{code}/due")
def move_due(
    visit: Desk, code: str, version: Annotated[int, Form()] = 0, due: Text = "", apology: Text = ""
) -> Response:
    """A later date with an apology."""
    dossier = _known(visit, code)
    typed = {"form": "due", "due": due, "apology": apology}
    if dossier.status not in UNDER_WAY:
        return _view(visit, dossier, "Hồ sơ đã xong, không dời hẹn được nữa.", typed)
    moment = _day(visit, due)
    if moment is None or (dossier.due and moment <= dossier.due):
        return _view(
            visit, dossier, "Anh/chị chọn ngày hẹn mới: sau hôm nay, sau ngày hẹn cũ và trong vòng một năm.", typed
        )
    if not _line(apology):
        return _view(visit, dossier, "Anh/chị viết lời xin lỗi và lý do; người nộp sẽ đọc đúng lời này.", typed)
    change = Change(code=dossier.code, status=dossier.status, due_moved_to=moment, apology=_line(apology))
    return _keep(visit, dossier, change, version, ("Dời ngày hẹn trả", f"Đã dời hẹn sang {moment:%d/%m/%Y}."), typed)


@router.post("/dossiers/{code}/supplement")
def ask_supplement(
    visit: Desk,
    code: str,
    version: Annotated[int, Form()] = 0,
    papers: Annotated[list[str] | None, Form()] = None,
    others: Text = "",
    reason: Text = "",
    by: Text = "",
) -> Response:
    """Which papers are missing, why, and until when; followers are told all three."""
    dossier = _known(visit, code)
    typed = {"form": "supplement", "papers": papers or [], "others": others, "reason": reason, "by": by}
    if dossier.status not in UNDER_WAY:
        return _view(visit, dossier, "Hồ sơ đã xong, không yêu cầu bổ sung được nữa.", typed)
    missing = [_line(paper) for paper in [*(papers or []), *others.splitlines()]]
    missing = list(dict.fromkeys(filter(None, missing)))[:40]
    if not missing:
        return _view(visit, dossier, "Anh/chị chọn ít nhất một giấy tờ cần bổ sung, hoặc gõ tên giấy tờ khác.", typed)
    if not _line(reason):
        return _view(visit, dossier, "Anh/chị viết lý do: giấy tờ thiếu hay sai chỗ nào, cần sửa ra sao.", typed)
    until = _day(visit, by)
    if until is None:
        return _view(visit, dossier, "Anh/chị chọn hạn bổ sung: sau hôm nay và trong vòng một năm.", typed)
    change = Change(
        code=dossier.code,
        status=Status.SUPPLEMENT,
        missing=tuple(missing),
        supplement_reason=_line(reason),
        supplement_by=until,
        timeline=(*dossier.timeline, Step(Status.SUPPLEMENT, visit.console.now(), _line(reason))),
    )
    said = f"Đã yêu cầu bổ sung {len(missing)} giấy tờ."
    return _keep(visit, dossier, change, version, ("Yêu cầu bổ sung", said), typed)


def _goes_back(old: Status, new: Status) -> bool:
    return RANK[new] < RANK[old] or (RANK[old] == RANK[Status.RETURNED] and new is not old)


def _keep(
    visit: Visit, before: Dossier, change: Change, version: int, words: tuple[str, str], typed: dict[str, Any]
) -> Response:
    """Keep a change made to what was on the screen; the log line and the notices are written with it or not at all.

    words: what the log calls it, and what is said once it is done.
    """
    action, done = words
    log = AuditStore(visit.console.engine, visit.console.now)

    def told(connection: Connection, dossier: Dossier, was: Dossier | None) -> None:
        visit.console.dossiers.on_change(connection, dossier, was)
        noted = unnumbered(detail(_told(was) if was else None, _told(dossier)))
        log.add_within(connection, visit.account.login, action, dossier.code, noted)

    store = DossierStore(visit.console.engine, told, visit.console.now)
    kept = store.upsert(msgspec.structs.replace(change, after=version))
    if kept.outcome not in (Outcome.CHANGED, Outcome.UNCHANGED):
        fresh = _known(visit, before.code)
        problem = "Hồ sơ vừa được người khác cập nhật. Anh/chị xem lại bản mới dưới đây rồi làm lại."
        return _view(visit, fresh, problem, typed)
    followers = len(store.followers(before.code))
    news = f" Tin báo gửi tới {followers} người theo dõi." if followers else ""
    return visit.go(f"/staff/dossiers/{before.code}", done + news)


def _told(dossier: Dossier) -> dict[str, Any]:
    """What the log says of a dossier; nothing about the person."""
    return {
        "trạng thái": STATUSES[dossier.status],
        "hẹn trả": shown(dossier.due),
        "xin lỗi": dossier.apology,
        "giấy tờ thiếu": list(dossier.missing),
        "lý do bổ sung": dossier.supplement_reason,
        "hạn bổ sung": shown(dossier.supplement_by),
        "phí phải nộp": dossier.fee_due,
        "kết quả": dossier.result,
        "lời nhắn": dossier.timeline[-1].note if dossier.timeline else "",
    }


def _known(visit: Visit, code: str) -> Dossier:
    """The dossier, where this person may see it; another agency's looks as if it were not there."""
    found = DossierSearch(visit.console.engine).get(normal(code) or code, seen_by=seen_by(visit))
    if found is None:
        raise Problem(404, "Không tìm thấy hồ sơ này", "Anh/chị kiểm tra mã, hoặc tìm trong danh sách hồ sơ.")
    return found


def _line(text: str) -> str:
    return " ".join(text.split())[:LONGEST]


def _first_day(visit: Visit) -> date:
    """The first day that can be chosen."""
    return visit.console.now().astimezone(VIETNAM).date() + timedelta(days=1)


def _first_due(visit: Visit, dossier: Dossier) -> date:
    """The first day to which a date can be moved: its end lies after the old one."""
    if dossier.due is None:
        return _first_day(visit)
    old = dossier.due.astimezone(VIETNAM)
    return max(_first_day(visit), old.date() + timedelta(days=old.time() >= CLOSES))


def _day(visit: Visit, text: str) -> datetime | None:
    """The end of that working day, where it lies in the year to come."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    today = visit.console.now().astimezone(VIETNAM).date()
    return datetime.combine(day, CLOSES, VIETNAM) if 0 < (day - today).days <= MOST_DAYS else None
