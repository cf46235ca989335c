"""Slips, taps and tablets of the counters: what lets a visitor rate without a chat."""

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from fastapi.responses import Response

from bot import dossier_codes, rating_files
from bot.dialogue.privacy import conceal_people
from bot.dossier_records import Dossier, Status
from bot.services.dossiers import NoDossiers
from bot.services.ratings import MOST_CODES, KeptRatings
from bot.staff_records import Role
from bot.storage.ratings import RatingStore
from bot.web.console.page import Problem, Visit, download, require
from bot.web.console.tables import Column, Table, listed

router = APIRouter()

Desk = Annotated[Visit, require(Role.OFFICER, Role.SUPERVISOR, Role.ADMINISTRATOR)]
Text = Annotated[str, Form()]
LONGEST_COUNTER: Final = 40
NO_AGENCY: Final = "-"
"""Chosen for a counter of several agencies; nothing chosen means the counter's own, as it was said the last time."""

BATCHES: Final = Table(
    title="Phiếu đã in",
    columns=(
        Column("Quầy", lambda batch: batch.counter),
        Column("Cơ quan", lambda batch: batch.agency),
        Column("Tháng", lambda batch: f"{batch.month[5:]}/{batch.month[:4]}"),
        Column("Số phiếu", lambda batch: batch.codes, number=True),
        Column("Đã hủy", lambda batch: batch.void, number=True),
    ),
    empty="Chưa in phiếu nào.",
)


@router.get("/ratings/codes")
def codes(visit: Desk) -> Response:
    """Slips, taps and the tablet's address of a counter."""
    store = _store(visit)
    known, counter = store.counters(), _counter(visit.request.query_params.get("quay", ""))
    agencies = {agency.name: agency.id for agency in visit.console.centre.agencies}
    return visit.table(
        "ratings_codes.html",
        BATCHES,
        listed(store.batches()),
        kiosk=_site(visit) + _service(visit).kiosk_path(counter) if counter else "",
        counter=counter,
        counters=sorted({*known, *(batch.counter for batch in store.batches())}),
        chosen=agencies.get(known.get(counter, ""), ""),
        none=NO_AGENCY,
        most=MOST_CODES,
    )


@router.post("/ratings/codes")
def print_codes(
    visit: Desk, counter: Text = "", agency: Text = "", dossier: Text = "", count: Annotated[int, Form()] = 0
) -> Response:
    """A page of slips to print; only this file holds the codes. For one dossier it is one slip."""
    counter, about = _counter(counter), _dossier(visit, dossier)
    name = _agency(visit, counter, agency)
    try:
        batch, fresh = _service(visit).print_codes(counter, 1 if about else count, agency=name, dossier=about)
    except ValueError as problem:
        raise Problem(
            422, "Chưa in được phiếu", f"Anh/chị quay lại, ghi tên quầy và số phiếu từ 1 đến {MOST_CODES}."
        ) from problem
    said = {"quầy": counter, "cơ quan": about.agency if about else name, "số phiếu": len(fresh)}
    visit.audit("In phiếu đánh giá", batch, after=said | ({"hồ sơ": about.code} if about else {}))
    sheet = rating_files.slips(fresh, counter, f"{_site(visit)}/danhgia/", visit.console.centre.name)
    return download(sheet.encode(), f"phieu-danh-gia-{batch}.html", "text/html; charset=utf-8")


@router.post("/ratings/codes/{batch}/void")
def void(visit: Desk, batch: str) -> Response:
    """What was not handed out counts no longer as visits."""
    count = _store(visit).void(batch)
    visit.audit("Hủy phiếu đánh giá chưa dùng", batch, after={"số phiếu": count})
    return visit.go("/staff/ratings/codes", f"Đã hủy {count} phiếu chưa dùng.")


@router.post("/ratings/tap")
def tap(visit: Desk, counter: Text = "", agency: Text = "", dossier: Text = "") -> Response:
    """A visit at this counter is over: its tablet asks."""
    counter, about = _counter(counter), _dossier(visit, dossier)
    name = _agency(visit, counter, agency)
    try:
        _service(visit).tap(counter, name, about)
    except ValueError as problem:
        raise Problem(422, "Chưa mời được", "Anh/chị quay lại và ghi tên quầy.") from problem
    said = {"cơ quan": about.agency if about else name} | ({"hồ sơ": about.code} if about else {})
    visit.audit("Mời chấm điểm ở quầy", counter, after=said)
    return visit.go(f"/staff/ratings/codes?{urlencode({'quay': counter})}", "Máy tính bảng đang mời chấm điểm.")


def _counter(text: str) -> str:
    return " ".join(text.split())[:LONGEST_COUNTER]


def _agency(visit: Visit, counter: str, chosen: str) -> str:
    """The name of the chosen agency, which is the counter's own from now on."""
    if not counter:
        return ""
    if not chosen:
        return _store(visit).counters().get(counter, "")
    agency = None if chosen == NO_AGENCY else visit.console.centre.agency(chosen)
    if agency is None and chosen != NO_AGENCY:
        raise Problem(422, "Không có cơ quan này", "Anh/chị quay lại và chọn cơ quan trong danh sách.")
    name = agency.name if agency else ""
    _store(visit).seat(counter, name)
    return name


def _dossier(visit: Visit, text: str) -> Dossier | None:
    if not text.strip():
        return None
    code = dossier_codes.normal(text)
    found = visit.console.dossiers.get(code) if code else None
    if found is None:
        raise Problem(422, "Không có hồ sơ này", "Anh/chị quay lại, xem lại mã hồ sơ, hoặc để trống ô này.")
    if found.status is not Status.RETURNED:
        raise Problem(422, "Hồ sơ này chưa trả kết quả", "Anh/chị ghi trả kết quả trước, rồi mời bà con chấm điểm.")
    return found


def _store(visit: Visit) -> RatingStore:
    return RatingStore(visit.console.engine, visit.console.now)


def _service(visit: Visit) -> KeptRatings:
    return KeptRatings(_store(visit), NoDossiers(), visit.console.hasher, mask=conceal_people, now=visit.console.now)


def _site(visit: Visit) -> str:
    return f"{visit.request.url.scheme}://{visit.request.url.netloc}"
