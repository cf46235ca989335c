"""The call list: whom no channel reached, for the clerk who rings them up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter
from fastapi.responses import Response

from bot.dialogue.wording.notices import REASONS, WHYS
from bot.staff_records import Role
from bot.storage.calls import CallList
from bot.storage.dossiers import DossierStore
from bot.web.console.page import Nav, Problem, Visit, require
from bot.web.console.tables import Column, Table

NAV = Nav("Gọi điện báo", "/staff/calls", (Role.OFFICER, Role.SUPERVISOR), 40, "Người không nhận được tin: gọi điện.")
router = APIRouter()

Desk = Annotated[Visit, require(Role.OFFICER, Role.SUPERVISOR)]


class ToRing(msgspec.Struct, frozen=True):
    """A line of the list: the dossier's masked name and last digits; the whole number is in the centre's own system."""

    code: str
    applicant: str
    last4: str
    what: str
    why: str
    since: datetime
    reason: str


CALLS = Table(
    title="Danh sách gọi điện báo",
    columns=(
        Column("Người nộp", lambda call: call.applicant),
        Column("Mã hồ sơ", lambda call: call.code, link=lambda call: f"/staff/dossiers/{call.code}"),
        Column("4 số cuối điện thoại", lambda call: call.last4),
        Column("Việc cần báo", lambda call: call.what),
        Column("Vì sao phải gọi", lambda call: call.why),
        Column("Từ lúc", lambda call: call.since),
        Column("Kênh báo lại (cho người quản trị)", lambda call: call.reason),
    ),
    empty="Không có ai cần gọi điện. Mọi tin đều đã đến hoặc đang gửi.",
)


@router.get("/calls")
def show(visit: Desk) -> Response:
    """The list, longest waiting first."""
    visit.audit("Xem danh sách gọi điện báo")
    calls = CallList(visit.console.engine).all()
    dossiers = DossierStore(visit.console.engine)

    def fetch(limit: int, offset: int) -> Sequence[ToRing]:
        piece = calls[offset : offset + limit]
        known = {dossier.code: dossier for dossier in dossiers.get_all([call.dossier_code for call in piece])}
        return [
            ToRing(
                call.dossier_code,
                known[call.dossier_code].applicant if call.dossier_code in known else "",
                known[call.dossier_code].phone_last4 if call.dossier_code in known else "",
                REASONS.get(call.kind, call.kind),
                WHYS[call.why],
                call.since,
                call.reason,
            )
            for call in piece
        ]

    return visit.table("calls.html", CALLS, fetch)


@router.post("/calls/{code}/done")
def done(visit: Desk, code: str) -> Response:
    """Somebody rang them up."""
    if not CallList(visit.console.engine).done(code):
        raise Problem(
            409, "Hồ sơ này không còn trong danh sách", "Có thể người khác vừa gọi xong. Anh/chị xem lại danh sách."
        )
    visit.audit("Đã gọi điện báo", code)
    return visit.go("/staff/calls", f"Đã ghi nhận: đã gọi báo hồ sơ {code}.")
