"""Announcements: compose, preview, a second person's word, watch, stop; and what became of single notices."""

import logging
import threading
from typing import Annotated, Final

from fastapi import APIRouter, Form
from fastapi.responses import Response

from bot.dialogue.wording.notices import TEMPLATES, WHYS
from bot.failures import where
from bot.notice_records import Bulk, BulkState, Kind, Notice, NoticeState, Why
from bot.services.notice_templates import TemplateError, newest
from bot.services.notices import Announcements, Progress, RefusedError
from bot.staff_records import Role
from bot.storage.bulks import BulkStore
from bot.web.console.page import Nav, Problem, Visit, require
from bot.web.console.tables import Column, Table, listed

log: Final = logging.getLogger(__name__)

NAV = Nav("Tin báo", "/staff/notices", (Role.OFFICER, Role.SUPERVISOR), 30, "Soạn, duyệt, theo dõi, dừng thông báo.")
router = APIRouter()

Desk = Annotated[Visit, require(Role.OFFICER, Role.SUPERVISOR)]
Watcher = Annotated[Visit, require(Role.OFFICER, Role.SUPERVISOR, live=True)]
Supervisor = Annotated[Visit, require(Role.SUPERVISOR)]
Text = Annotated[str, Form()]

BULK_STATES: Final = {
    BulkState.DRAFT: "bản nháp, chờ người khác duyệt",
    BulkState.APPROVED: "đã duyệt, đang xếp hàng",
    BulkState.QUEUED: "đã xếp hàng gửi",
    BulkState.STOPPED: "đã dừng",
}
STATES: Final = {
    NoticeState.PENDING: "chờ gửi",
    NoticeState.SENDING: "đang gửi",
    NoticeState.SENT: "đã gửi",
    NoticeState.FAILED: "không gửi được",
    NoticeState.UNREACHABLE: "không liên lạc được",
    NoticeState.UNKNOWN: "chưa rõ đã đến chưa",
    NoticeState.SUPPRESSED: "không gửi nữa",
}
CHANNELS: Final = {"telegram": "Telegram", "zalo": "Zalo OA", "zalobot": "Zalo Bot", "web": "Trang web"}
KINDS: Final = {
    "received": "đã tiếp nhận",
    "supplement": "yêu cầu bổ sung",
    "fee_due": "phải nộp phí",
    "delayed": "dời hẹn trả",
    "ready": "có kết quả",
    "returned": "đã trả kết quả",
    "changed": "có thay đổi",
    "announcement": "thông báo",
}
LATEST: Final = 500

BULKS = Table(
    title="Các đợt thông báo",
    columns=(
        Column("Đợt", lambda bulk: str(bulk.id), link=lambda bulk: f"/staff/notices/{bulk.id}"),
        Column("Tiêu đề", lambda bulk: bulk.fields.get("title", ""), link=lambda bulk: f"/staff/notices/{bulk.id}"),
        Column("Về", lambda bulk: bulk.fields.get("about", "")),
        Column("Tình trạng", lambda bulk: BULK_STATES[bulk.state]),
        Column("Người soạn", lambda bulk: bulk.made_by),
        Column("Người duyệt", lambda bulk: bulk.approved_by),
        Column("Soạn lúc", lambda bulk: bulk.made_at),
    ),
    empty="Chưa có đợt thông báo nào.",
)


def _about(notice: Notice) -> str | None:
    return f"/staff/dossiers/{notice.dossier_code}" if notice.dossier_code else f"/staff/notices/{notice.bulk_id}"


def _why(notice: Notice) -> str:
    """In a clerk's words."""
    if notice.state is NoticeState.UNKNOWN:
        return "tin đã đi mà kênh không trả lời"
    return WHYS[notice.why if notice.state is NoticeState.FAILED else Why.NONE]


UNDECIDED = Table(
    title="Tin chưa rõ hoặc không gửi được",
    columns=(
        Column("Tin", lambda notice: str(notice.id)),
        Column("Về", lambda notice: notice.dossier_code or f"đợt {notice.bulk_id}", link=_about),
        Column("Loại tin", lambda notice: KINDS.get(notice.kind, notice.kind)),
        Column("Kênh", lambda notice: CHANNELS.get(notice.contact.channel, notice.contact.channel)),
        Column("Tình trạng", lambda notice: STATES[notice.state]),
        Column("Vì sao", _why),
        Column("Lúc", lambda notice: notice.updated_at),
        Column("Kênh báo lại (cho người quản trị)", lambda notice: notice.reason),
    ),
    empty="Không có tin nào cần quyết định.",
)


@router.get("/notices")
def show(visit: Desk) -> Response:
    """All announcements, and how all notices stand."""
    bulks = BulkStore(visit.console.engine, visit.console.outbox).list(LATEST)
    counts = visit.console.outbox.counts()
    return visit.table("notices.html", BULKS, listed(bulks), counts=[(STATES[s], counts.get(s, 0)) for s in STATES])


@router.get("/notices/new")
def ask(visit: Desk) -> Response:
    """The form of an announcement."""
    return _compose(visit)


def _compose(visit: Visit, problem: str = "", **typed: str) -> Response:
    given = {"agency": "", "procedure": "", "title": "", "text": ""} | typed
    return visit.show("notice_new.html", status=422 if problem else 200, problem=problem, typed=given)


@router.post("/notices/new")
def draft(visit: Desk, agency: Text = "", procedure: Text = "", title: Text = "", text: Text = "") -> Response:
    """Keep a draft; nothing is sent."""
    typed = {"agency": agency, "procedure": procedure, "title": title, "text": text}
    if bool(agency) == bool(procedure.strip()):
        return _compose(visit, "Anh/chị chọn một cơ quan, hoặc gõ mã một thủ tục: chỉ một trong hai.", **typed)
    scope = f"agency:{agency}" if agency else f"procedure:{procedure.strip()}"
    if not title.strip() or not text.strip():
        return _compose(visit, "Anh/chị gõ tiêu đề và nội dung thông báo.", **typed)
    try:
        made = visit.console.announcements.draft(scope, title=title, text=text.replace("\r\n", "\n"), by=_name(visit))
    except RefusedError:
        return _compose(visit, "Không có cơ quan hoặc thủ tục này. Anh/chị kiểm tra lại mã thủ tục.", **typed)
    except TemplateError:
        limits = newest(TEMPLATES, Kind.ANNOUNCEMENT).fields
        said = f"Tiêu đề dài nhất {limits['title'].limit} ký tự, nội dung dài nhất {limits['text'].limit} ký tự."
        return _compose(visit, f"{said} Anh/chị rút ngắn lại.", **typed)
    visit.audit("Soạn thông báo", f"đợt {made.bulk.id}", after={"về": scope, "tiêu đề": title, "nội dung": text})
    return visit.go(f"/staff/notices/{made.bulk.id}", "Đã lưu bản nháp. Người khác duyệt thì thông báo mới được gửi.")


@router.get("/notices/undecided")
def undecided(visit: Desk) -> Response:
    """Notices of which nobody knows whether they arrived, and those that failed."""
    outbox = visit.console.outbox
    both = [*outbox.list(NoticeState.UNKNOWN, limit=LATEST), *outbox.list(NoticeState.FAILED, limit=LATEST)]
    return visit.table("notices_undecided.html", UNDECIDED, listed(both))


@router.post("/notices/undecided/{notice_id}/resend")
def resend(visit: Desk, notice_id: int) -> Response:
    """A person decides to send it again."""
    if not visit.console.outbox.resend(notice_id, _name(visit)):
        raise Problem(409, "Tin này đã được quyết định", "Có thể người khác vừa làm. Anh/chị xem lại danh sách.")
    visit.audit("Gửi lại tin", f"tin {notice_id}")
    return visit.go("/staff/notices/undecided", f"Tin {notice_id} sẽ được gửi lại.")


@router.post("/notices/undecided/{notice_id}/settle")
def settle(visit: Desk, notice_id: int) -> Response:
    """A person decides that it is not sent again: it arrived, or is of no use any more."""
    if not visit.console.outbox.settle(notice_id, _name(visit)):
        raise Problem(409, "Tin này đã được quyết định", "Có thể người khác vừa làm. Anh/chị xem lại danh sách.")
    visit.audit("Không gửi lại tin", f"tin {notice_id}")
    return visit.go("/staff/notices/undecided", f"Tin {notice_id} không gửi lại nữa.")


@router.get("/notices/{bulk_id}")
def one(visit: Desk, bulk_id: int) -> Response:
    """One announcement: how it looks, whom it reaches, how far it is."""
    return _one(visit, bulk_id)


def _one(visit: Visit, bulk_id: int, problem: str = "") -> Response:
    try:
        preview = visit.console.announcements.preview(bulk_id)
    except RefusedError:
        raise Problem(404, "Không có đợt thông báo này", "Anh/chị chọn trong danh sách các đợt.") from None
    bulk = preview.bulk
    audience = [(CHANNELS.get(name, name), *counts) for name, counts in preview.audience.items()]
    own = bulk.made_by == _name(visit)
    return visit.show(
        "notice.html",
        status=409 if problem else 200,
        problem=problem,
        paragraphs=[paragraph.removeprefix("# ") for paragraph in preview.reply.paragraphs],
        audience=audience,
        total=sum(count for _, count, _ in audience),
        lost=sum(lost for _, _, lost in audience),
        may_approve=visit.account.role is Role.SUPERVISOR and bulk.state is BulkState.DRAFT and not own,
        own=own,
        **_progress(visit.console.announcements.progress(bulk_id)),
    )


def _progress(progress: Progress) -> dict[str, object]:
    states = progress.states
    ended = sum(n for s, n in states.items() if s not in (NoticeState.PENDING, NoticeState.SENDING))
    return {
        "progress": progress,
        "bulk": progress.bulk,
        "state": BULK_STATES[progress.bulk.state],
        "states": [(STATES[each], states[each]) for each in STATES if states.get(each)],
        "ended": ended,
        "queued": sum(states.values()),
    }


@router.get("/notices/{bulk_id}/live")
def live(visit: Watcher, bulk_id: int) -> Response:
    """The progress alone."""
    try:
        return visit.part("notice_progress.html", **_progress(visit.console.announcements.progress(bulk_id)))
    except RefusedError:
        raise Problem(404, "Không có đợt thông báo này", "Anh/chị chọn trong danh sách các đợt.") from None


@router.post("/notices/{bulk_id}/approve")
def approve(visit: Supervisor, bulk_id: int) -> Response:
    """The second person's word; from then on it is sent."""
    announcements = visit.console.announcements
    before = _bulk(visit, bulk_id)
    if before.made_by == _name(visit):
        return _one(visit, bulk_id, "Anh/chị soạn thông báo này: phải có người khác duyệt.")
    try:
        announcements.approve(bulk_id, _name(visit))
    except RefusedError:
        return _one(visit, bulk_id, "Thông báo này không còn là bản nháp: có thể người khác vừa duyệt hoặc dừng.")
    visit.audit("Duyệt thông báo", f"đợt {bulk_id}", after={"tiêu đề": before.fields.get("title", "")})
    _queue(announcements, bulk_id)
    return visit.go(f"/staff/notices/{bulk_id}", "Đã duyệt. Thông báo đang được gửi.")


@router.post("/notices/{bulk_id}/queue")
def queue_again(visit: Supervisor, bulk_id: int) -> Response:
    """Go on queueing where the machine that did it has stopped."""
    if _bulk(visit, bulk_id).state is not BulkState.APPROVED:
        return _one(visit, bulk_id, "Thông báo này không còn chờ xếp hàng.")
    _queue(visit.console.announcements, bulk_id)
    visit.audit("Xếp hàng tiếp thông báo", f"đợt {bulk_id}")
    return visit.go(f"/staff/notices/{bulk_id}", "Đang xếp hàng tiếp.")


def _queue(announcements: Announcements, bulk_id: int) -> None:
    def run() -> None:
        try:
            for _ in announcements.queue(bulk_id):
                pass
        except RefusedError:
            log.info("announcement %s was stopped before it was queued", bulk_id)
        except Exception as error:  # noqa: BLE001
            log.error("announcement %s could not be queued whole: it can be taken up again: %s", bulk_id, where(error))

    threading.Thread(target=run, name=f"queue-{bulk_id}", daemon=True).start()


@router.post("/notices/{bulk_id}/stop")
def stop(visit: Desk, bulk_id: int) -> Response:
    """Nothing more is sent."""
    _bulk(visit, bulk_id)
    try:
        taken = visit.console.announcements.stop(bulk_id, _name(visit))
    except RefusedError:
        return _one(visit, bulk_id, "Thông báo này đã dừng từ trước.")
    visit.audit("Dừng thông báo", f"đợt {bulk_id}", after={"tin lấy khỏi hàng": taken})
    return visit.go(f"/staff/notices/{bulk_id}", f"Đã dừng. {taken} tin chưa gửi được lấy khỏi hàng.")


def _bulk(visit: Visit, bulk_id: int) -> Bulk:
    bulk = BulkStore(visit.console.engine, visit.console.outbox).get(bulk_id)
    if bulk is None:
        raise Problem(404, "Không có đợt thông báo này", "Anh/chị chọn trong danh sách các đợt.")
    return bulk


def _name(visit: Visit) -> str:
    """Who, for announcements: the name, and the login that makes it one person's."""
    return f"{visit.account.name[:50]} ({visit.account.login})"
