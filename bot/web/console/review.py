"""The monthly review: drawing a month's lists, what officers find, the interviews, the report to the Chairman."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from bot import review_files, review_letter
from bot.dialogue.privacy import conceal_people
from bot.dialogue.wording import review as words
from bot.review_records import (
    MOST_TRIES,
    QUESTIONS,
    SCRIPT,
    Apology,
    Draw,
    Ended,
    Finding,
    Item,
    Line,
    Matter,
    Question,
    Verdict,
)
from bot.review_reports import of_month
from bot.services.review import RefusedError, ReviewDesk, before, month_of
from bot.staff_records import Account, Role
from bot.storage.reviews import ReviewStore
from bot.storage.staff import StaffStore
from bot.web.console.page import Nav, Problem, Visit, download, require
from bot.web.console.tables import XLSX, Column, Table, listed, shown
from knowledge_base.centre import VIETNAM

READERS: Final = (Role.OFFICER, Role.SUPERVISOR)
NAV = Nav("Rà soát tháng", "/staff/review", READERS, 70, "Hồ sơ phải bổ sung, trễ hẹn: rút, rà soát, phỏng vấn.")
router = APIRouter()

Reader = Annotated[Visit, require(*READERS)]
Supervisor = Annotated[Visit, require(Role.SUPERVISOR)]
Text = Annotated[str, Form()]
MOST: Final = 1_000_000
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def _state(draw: Draw) -> str:
    if draw.replaced_at:
        return "đã rút lại"
    return "đã chốt" if draw.closed_at else "đang rà soát"


def _found(item: Item) -> str:
    if not item.reviewed:
        return "chưa"
    return "có sai sót" if any(f.verdict is Verdict.NO for f in item.findings.values()) else "xong"


def _called(item: Item) -> str:
    if item.interview:
        return words.ENDED[item.interview]
    return f"gọi {len(item.tries)} lần, chưa gặp" if item.tries else "chưa gọi"


DRAWS: Final = Table(
    title="Các danh sách đã rút",
    columns=(
        Column("Tháng", lambda draw: words.month(draw.month), link=lambda draw: f"/staff/review/{draw.id}"),
        Column("Danh sách", lambda draw: words.MATTERS[draw.matter]),
        Column("Lần rút", lambda draw: draw.number, number=True),
        Column("Số muốn rút", lambda draw: "tất cả" if draw.size is None else draw.size, number=True),
        Column("Người rút", lambda draw: draw.drawn_by),
        Column("Lúc", lambda draw: draw.drawn_at),
        Column("Tình trạng", _state),
    ),
    empty="Chưa rút danh sách nào.",
)
ITEMS: Final = Table(
    title="Hồ sơ rà soát",
    columns=(
        Column("Mã hồ sơ", lambda item: item.case.code, link=lambda item: f"/staff/review/items/{item.id}"),
        Column("Cơ quan", lambda item: item.case.agency or words.NO_AGENCY),
        Column("Thủ tục", lambda item: item.case.procedure_name),
        Column("Việc", lambda item: words.WHAT[item.case.what]),
        Column("Cán bộ rà soát", lambda item: item.officer),
        Column("Rà soát", _found),
        Column("Phỏng vấn", _called),
    ),
    empty="Anh/chị không có hồ sơ nào trong danh sách này.",
)


LATE: Final = Table(
    title="Hồ sơ trễ hẹn và thư xin lỗi",
    columns=(
        Column("Mã hồ sơ", lambda case: case.code),
        Column("Cơ quan", lambda case: case.agency or words.NO_AGENCY),
        Column("Việc", lambda case: words.WHAT[case.what]),
        Column("Hẹn trả", lambda case: case.due.astimezone(VIETNAM).date()),
        Column("Số ngày trễ", lambda case: case.days, number=True),
        Column("Thư xin lỗi", lambda case: ": ".join(filter(None, (words.APOLOGIES[case.apology], case.letter)))),
    ),
    empty="Không có hồ sơ nào trễ hẹn trong tháng này.",
)


@router.get("/review")
def show(visit: Reader) -> Response:
    """The draws, and drawing one."""
    store, last = _store(visit), before(month_of(visit.console.now()))
    return visit.table(
        "review.html",
        DRAWS,
        listed(store.draws()),
        last=last,
        matters=[(matter.value, text) for matter, text in words.MATTERS.items()],
        officers=_officers(visit),
        left=store.left(visit.account.login),
    )


@router.post("/review/draw")
def draw(
    visit: Supervisor,
    month: Text = "",
    matter: Text = "",
    size: Text = "",
    seed: Text = "",
    officers: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Draw a list once."""
    who = _chosen(visit, officers)
    try:
        made = _desk(visit).draw(
            _month(month), Matter(matter), officers=who, by=visit.account.login, size=_size(size), seed=seed
        )
    except ValueError as refusal:
        raise _refused(refusal) from refusal
    visit.audit("Rút danh sách rà soát", _named(made), after=_drawn(made, who))
    return visit.go(f"/staff/review/{made.id}", "Đã rút danh sách và chia đều cho cán bộ.")


@router.get("/review/report.docx")
def report_docx(visit: Supervisor, thang: str = "") -> Response:
    """The report as a letter."""
    report = of_month(_desk(visit), _store(visit), _asked_month(visit, thang))
    visit.audit("Tải báo cáo rà soát", report.month, after={"tệp": "docx"})
    return download(
        review_letter.docx(report, visit.console.centre, _today(visit)), f"{review_files.title(report)}.docx", DOCX
    )


@router.get("/review/report.xlsx")
def report_xlsx(visit: Supervisor, thang: str = "") -> Response:
    """The report as a workbook."""
    report = of_month(_desk(visit), _store(visit), _asked_month(visit, thang))
    visit.audit("Tải báo cáo rà soát", report.month, after={"tệp": "xlsx"})
    return download(review_files.xlsx(report), f"{review_files.title(report)}.xlsx", XLSX)


@router.get("/review/apologies")
def apologies(visit: Reader, thang: str = "") -> Response:
    """The late dossiers of a month and their letters of apology, this month's too: no draw is needed to write one."""
    month = _asked_month(visit, thang, month_of(visit.console.now()))
    cases = _desk(visit).lists(month, month).cases.get((month, Matter.LATE), [])
    first = sorted(cases, key=lambda case: (case.apology is Apology.LETTER, case.agency, case.code))
    return visit.table("review_apologies.html", LATE, listed(first), month=month, today=_today(visit), cases=len(cases))


@router.post("/review/apologies/{code}")
def apologise(visit: Reader, code: str, number: Text = "", sent_on: Text = "", back: Text = "") -> Response:
    """Keep number and day of a letter that was sent."""
    dossier = visit.console.dossiers.get(code)
    if dossier is None or dossier.due is None:
        raise Problem(404, "Không có hồ sơ trễ hẹn này", "Anh/chị chọn trong danh sách hồ sơ trễ hẹn.")
    try:
        day = date.fromisoformat(sent_on)
    except ValueError:
        raise Problem(422, "Chưa ghi được", "Anh/chị chọn ngày gửi thư.") from None
    try:
        before_ = _desk(visit).record_letter(code, number, day, by=visit.account.login)
    except RefusedError as refusal:
        raise _refused(refusal) from refusal
    old = {"số": before_.number, "ngày gửi": shown(before_.sent_on)} if before_ else None
    visit.audit("Ghi thư xin lỗi", code, before=old, after={"số": number.strip(), "ngày gửi": shown(day)})
    known = re.fullmatch(r"/staff/review/(items/\d+|apologies\?thang=\d{4}-\d{2})", back)
    return visit.go(back if known else "/staff/review/apologies", f"Đã ghi thư xin lỗi của hồ sơ {code}.")


@router.get("/review/{draw_id}")
def look(visit: Reader, draw_id: int, cua: str = "") -> Response:
    """A draw with its dossiers; an officer begins with the own ones."""
    known = _known(visit, draw_id)
    mine = visit.account.login if cua == "toi" or (not cua and visit.account.role is Role.OFFICER) else ""
    items = _store(visit).items(draw_id)
    return visit.table(
        "review_draw.html",
        ITEMS,
        listed([item for item in items if mine in ("", item.officer)]),
        draw=known,
        matter=words.MATTERS[known.matter],
        month=words.month(known.month),
        state=_state(known),
        mine=bool(mine),
        drawn=len(items),
        reviewed=sum(item.reviewed for item in items),
        called=sum(item.interview is not None for item in items),
        officers=_officers(visit),
    )


@router.post("/review/{draw_id}/redraw")
def redraw(
    visit: Supervisor,
    draw_id: int,
    why: Text = "",
    size: Text = "",
    officers: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Replace an open draw; the old one and what was found in it stay."""
    old, who = _known(visit, draw_id), _chosen(visit, officers)
    try:
        made = _desk(visit).redraw(old, officers=who, by=visit.account.login, why=why, size=_size(size))
    except ValueError as refusal:
        raise _refused(refusal) from refusal
    visit.audit("Rút lại danh sách rà soát", _named(made), before=_drawn(old, []), after=_drawn(made, who))
    return visit.go(f"/staff/review/{made.id}", "Đã rút lại. Danh sách cũ vẫn được giữ, báo cáo nêu lý do rút lại.")


@router.post("/review/{draw_id}/close")
def close(visit: Supervisor, draw_id: int) -> Response:
    """Nothing of it changes any more."""
    known = _known(visit, draw_id)
    try:
        _desk(visit).close(known, by=visit.account.login)
    except RefusedError as refusal:
        raise _refused(refusal) from refusal
    visit.audit("Chốt danh sách rà soát", _named(known))
    return visit.go(f"/staff/review/{draw_id}", "Đã chốt. Báo cáo không còn là bản nháp.")


@router.get("/review/items/{item_id}")
def item(visit: Reader, item_id: int) -> Response:
    """One dossier: what is known, the questions, the interview."""
    known, draw_ = _item(visit, item_id)
    case = known.case
    about = {
        "centre": visit.console.centre.name,
        "month": words.month(draw_.month),
        "procedure": f"“{case.procedure_name}”" if case.procedure_name else "",
        "code": case.code,
    }
    return visit.show(
        "review_item.html",
        item=known,
        draw=draw_,
        case=case,
        words=words,
        questions=[(question, known.findings.get(question)) for question in QUESTIONS[draw_.matter]],
        lines=SCRIPT[draw_.matter],
        verdicts=[(verdict.value, text) for verdict, text in words.VERDICTS.items()],
        greeting=words.GREETING[draw_.matter].format(**about),
        goodbye=words.GOODBYE.format(hotline=visit.console.centre.hotline),
        most=MOST_TRIES,
        may_write=draw_.open and _mine(visit, known),
        late=draw_.matter is Matter.LATE,
        letter=_store(visit).letters().get(case.code),
        today=_today(visit),
        officers=_officers(visit),
    )


@router.post("/review/items/{item_id}/findings")
async def record(visit: Reader, item_id: int, request: Request) -> Response:
    """Keep what was found."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    return await run_in_threadpool(_record, visit, item_id, form)


def _record(visit: Visit, item_id: int, form: Mapping[str, str]) -> Response:
    known, draw_ = _mine_of(visit, item_id, form.get("version", ""))
    findings = {
        question: Finding(Verdict(given), form.get(f"why_{question}", ""))
        for question in Question
        if (given := form.get(question, "")) in set(Verdict)
    }
    try:
        kept = _desk(visit).record(known, draw_.matter, findings, by=visit.account.login)
    except RefusedError as refusal:
        raise _refused(refusal) from refusal
    told = {words.SHORT[question]: words.VERDICTS[finding.verdict] for question, finding in kept.findings.items()}
    visit.audit("Ghi kết quả rà soát", known.case.code, after=told)
    return visit.go(f"/staff/review/items/{item_id}", "Đã ghi kết quả rà soát.")


@router.post("/review/items/{item_id}/call")
async def call(visit: Reader, item_id: int, request: Request) -> Response:
    """Keep a call."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    return await run_in_threadpool(_call, visit, item_id, form)


def _call(visit: Visit, item_id: int, form: Mapping[str, str]) -> Response:
    known, draw_ = _mine_of(visit, item_id, form.get("version", ""))
    answers = {line: Verdict(given) for line in Line if (given := form.get(line, "")) in set(Verdict)}
    try:
        ended = Ended(form.get("ended", ""))
    except ValueError:
        raise Problem(422, "Chưa ghi được", "Anh/chị chọn cuộc gọi kết thúc thế nào.") from None
    try:
        _desk(visit).call(known, draw_.matter, ended, answers, by=visit.account.login, note=form.get("note", ""))
    except RefusedError as refusal:
        raise _refused(refusal) from refusal
    visit.audit("Ghi cuộc gọi phỏng vấn", known.case.code, after={"kết thúc": words.ENDED[ended]})
    return visit.go(f"/staff/review/items/{item_id}", f"Đã ghi: {words.ENDED[ended].lower()}.")


@router.post("/review/items/{item_id}/call/take-back")
def take_back(visit: Reader, item_id: int, version: Text = "") -> Response:
    """Take the last call out again, which somebody mis-tapped."""
    known, _ = _mine_of(visit, item_id, version)
    supervisor = visit.account.role is Role.SUPERVISOR
    try:
        left = _desk(visit).take_back_call(known, by=visit.account.login, always=supervisor)
    except RefusedError as refusal:
        raise _refused(refusal) from refusal
    visit.audit("Bỏ cuộc gọi ghi nhầm", known.case.code, before=_called_so_far(known), after=_called_so_far(left))
    return visit.go(f"/staff/review/items/{item_id}", "Đã bỏ cuộc gọi ghi nhầm, anh/chị ghi lại.")


def _called_so_far(known: Item) -> dict[str, object]:
    answers = {words.SHORT_LINES[line]: words.VERDICTS[verdict] for line, verdict in known.answers.items()}
    return {"các cuộc gọi": [words.ENDED[each.ended] for each in known.tries], "trả lời": answers}


@router.post("/review/items/{item_id}/assign")
def assign(visit: Supervisor, item_id: int, officer: Text = "") -> Response:
    """Give a dossier to another officer."""
    known, _ = _item(visit, item_id)
    (who,) = _chosen(visit, [officer])
    try:
        _desk(visit).assign(known, who)
    except RefusedError as refusal:
        raise _refused(refusal) from refusal
    visit.audit("Đổi cán bộ rà soát", known.case.code, before={"cán bộ": known.officer}, after={"cán bộ": who})
    return visit.go(f"/staff/review/items/{item_id}", "Đã đổi cán bộ rà soát.")


def _store(visit: Visit) -> ReviewStore:
    return ReviewStore(visit.console.engine, visit.console.now)


def _desk(visit: Visit) -> ReviewDesk:
    return ReviewDesk(_store(visit), mask=conceal_people, now=visit.console.now)


def _officers(visit: Visit) -> list[Account]:
    """Who may review: nobody of the agencies themselves."""
    accounts = StaffStore(visit.console.engine).all()
    return [account for account in accounts if account.role in READERS and not account.disabled_at]


def _chosen(visit: Visit, logins: list[str] | None) -> list[str]:
    known = {account.login for account in _officers(visit)}
    if not logins or not known.issuperset(logins):
        raise Problem(422, "Chưa chọn cán bộ", "Anh/chị quay lại, chọn ít nhất một cán bộ một cửa hoặc phụ trách.")
    return sorted(set(logins))


def _known(visit: Visit, draw_id: int) -> Draw:
    found = _store(visit).draw(draw_id)
    if found is None:
        raise Problem(404, "Không có danh sách này", "Anh/chị chọn trong danh sách các lần rút.")
    return found


def _item(visit: Visit, item_id: int) -> tuple[Item, Draw]:
    found = _store(visit).item(item_id)
    if found is None or not found.drawn:
        raise Problem(404, "Hồ sơ này không được rút để rà soát", "Anh/chị chọn trong danh sách hồ sơ rà soát.")
    return found, _known(visit, found.draw_id)


def _mine(visit: Visit, known: Item) -> bool:
    return visit.account.role is Role.SUPERVISOR or known.officer == visit.account.login


def _mine_of(visit: Visit, item_id: int, version: str) -> tuple[Item, Draw]:
    """The item that this person may write into, as it was on the screen."""
    known, draw_ = _item(visit, item_id)
    if not _mine(visit, known):
        raise Problem(409, "Hồ sơ này do người khác rà soát", "Cần đổi người, anh/chị nhờ phụ trách.")
    if version != str(known.version):
        raise Problem(409, "Hồ sơ này vừa có người ghi", "Anh/chị tải lại trang, xem rồi ghi lại.")
    return known, draw_


def _refused(refusal: ValueError) -> Problem:
    said = str(refusal) if isinstance(refusal, RefusedError) else "Anh/chị quay lại, xem lại tháng, danh sách và số."
    return Problem(409, "Chưa làm được", said)


def _month(text: str) -> str:
    if not re.fullmatch(r"20\d{2}-(0[1-9]|1[0-2])", text):
        raise ValueError("no month")
    return text


def _asked_month(visit: Visit, text: str, otherwise: str = "") -> str:
    try:
        return _month(text)
    except ValueError:
        return otherwise or before(month_of(visit.console.now()))


def _today(visit: Visit) -> date:
    return visit.console.now().astimezone(VIETNAM).date()


def _size(text: str) -> int | None:
    size = int(text) if text.strip() else None
    if size is not None and size > MOST:
        raise ValueError("too many")
    return size


def _named(draw_: Draw) -> str:
    return f"{words.month(draw_.month)} {words.MATTERS[draw_.matter]}"


def _drawn(draw_: Draw, who: list[str]) -> dict[str, object]:
    said: dict[str, object] = {"lần rút": draw_.number, "số": draw_.size or "tất cả", "hạt giống": draw_.seed}
    said["hạt giống do"] = "người rút gõ" if draw_.seed_typed else "máy chọn"
    return said | ({"cán bộ": who} if who else {}) | ({"lý do": draw_.why} if draw_.why else {})
