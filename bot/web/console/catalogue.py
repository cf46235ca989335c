"""The catalogue: find a procedure, read it as residents do, correct it with a reason, hide it, teach words, history."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Form
from fastapi.responses import Response

from bot.catalogue_fields import FIELDS, FieldError, builtin, read, written
from bot.catalogue_records import Edit
from bot.dialogue.privacy import conceal
from bot.dialogue.wording import procedure as wording
from bot.services.editing import Waiting, hides, needless, outdated, search
from bot.services.questions import FEWEST_LETTERS, LONGEST_PHRASE
from bot.staff_records import Role
from bot.storage.overrides import OverrideStore
from bot.web.console.agencies import may_edit
from bot.web.console.page import EVERYBODY, Console, Nav, Problem, Visit, require
from bot.web.console.publication import FIELDS as FIELD_NAMES
from bot.web.console.publication import changes, editing
from bot.web.console.tables import Column, Table
from knowledge_base.centre import VIETNAM
from knowledge_base.overrides import Correct, Hide, Override, Phrase, Remark, Warn, fingerprint
from knowledge_base.procedure import Flag, Procedure
from knowledge_base.text import fold, nfc

NAV = Nav("Danh mục", "/staff/catalogue", EVERYBODY, 45, "Đọc thủ tục như người dân đọc; sửa chỗ sai, có lý do.")
router = APIRouter()

Reader = Annotated[Visit, require(*EVERYBODY)]
Chief = Annotated[Visit, require(Role.SUPERVISOR, Role.ADMINISTRATOR)]
Text = Annotated[str, Form()]
LONGEST_NOTE: Final = 500
LONGEST_TOLD: Final = 1000
"""Characters of a field in the log."""
FLAGS: Final = {
    Flag.BROKEN_TEXT: "nội dung trên Cổng bị lỗi chữ",
    Flag.DISTRICT_LEVEL: "bản ghi còn nhắc cấp huyện",
    Flag.AMOUNT_EXPIRED: "mức phí ghi là đã hết hạn",
}
SHOWN: Final = (
    ("", "Tất cả"),
    ("waiting", "Chờ công bố"),
    ("edited", "Có sửa đổi"),
    ("look", "Cần xem lại"),
    ("hidden", "Đang ẩn"),
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A procedure in the list."""

    procedure: Procedure
    agency: str
    state: str
    edits: int


CATALOGUE: Final = Table(
    title="Danh mục thủ tục",
    columns=(
        Column("Mã", lambda row: row.procedure.code),
        Column("Thủ tục", lambda row: row.procedure.name, link=lambda row: f"/staff/catalogue/{row.procedure.code}"),
        Column("Tên thường gọi", lambda row: row.procedure.plain_name),
        Column("Cơ quan", lambda row: row.agency),
        Column("Sửa đổi", lambda row: row.edits or "", number=True),
        Column("Tình trạng", lambda row: row.state),
        Column("Ngày bản ghi", lambda row: _day(row.procedure.record_date)),
    ),
    empty="Không có thủ tục nào như vậy.",
)
HISTORY: Final = Table(
    title="Lịch sử sửa đổi danh mục",
    columns=(
        Column("Lúc", lambda edit: edit.at),
        Column("Thủ tục", lambda edit: edit.override.code, link=lambda edit: f"/staff/catalogue/{edit.override.code}"),
        Column("Sửa đổi", lambda edit: told(edit.override)),
        Column("Người sửa", lambda edit: edit.override.who),
        Column("Lý do", lambda edit: edit.override.why),
        Column("Rút lại lúc", lambda edit: edit.withdrawn_at),
        Column("Người rút", lambda edit: edit.withdrawn_by),
        Column("Lý do rút", lambda edit: edit.withdrawn_why),
    ),
    empty="Chưa có sửa đổi nào.",
)


@router.get("/catalogue")
def show(visit: Reader, q: str = "", agency: str = "", only: str = "") -> Response:
    """Procedures by code, name, phrase, agency and what was done to them."""
    found = search(visit.console.guide, q[:200])
    if agency:
        found = [each for each in found if each.agency == agency]
    served = visit.console.guide.catalogue
    edits: dict[str, list[Edit]] = {}
    for edit in _store(visit).active():
        edits.setdefault(edit.override.code, []).append(edit)
    waiting = {each.code for each in changes(visit).procedures}
    look = {code for code, mine in edits.items() if any(outdated(served, edit.override) for edit in mine)}
    hidden = set(served.hidden)
    kept = {"waiting": waiting, "edited": set(edits), "look": look, "hidden": hidden}.get(only)
    names = {each.id: each.name for each in visit.console.centre.agencies}
    states = ((hidden, "đang ẩn"), (waiting, "chờ công bố"), (look, "cần xem lại"))

    def row(each: Procedure) -> Row:
        state = ", ".join(name for codes, name in states if each.code in codes)
        mine = edits.get(each.code, ())
        return Row(procedure=each, agency=names.get(each.agency, each.agency), state=state, edits=len(mine))

    chosen = [each for each in found if kept is None or each.code in kept]

    def fetch(limit: int, offset: int) -> Sequence[Row]:
        return [row(each) for each in chosen[offset : offset + limit]]

    return visit.table(
        "catalogue.html", CATALOGUE, fetch, q=q, agency=agency, only=only, shown=SHOWN, count=len(chosen),
        waiting=len(waiting), look=len(look),
    )  # fmt: skip


@router.get("/catalogue/history")
def history(visit: Reader) -> Response:
    """Every override that was ever made at the console."""
    return visit.table("catalogue_history.html", HISTORY, _store(visit).latest)


@router.get("/catalogue/{code}")
def one(visit: Reader, code: str) -> Response:
    """One procedure as residents read it, what waits, what may be done, and its history."""
    recorded = _known(visit, code)
    served, centre = visit.console.guide.catalogue, visit.console.centre
    store = _store(visit)
    edits = store.of(recorded.code)
    waiting = editing(visit).waiting(served, recorded.code)
    now = served.get(recorded.code)
    file = [entry for entry in served.overrides if entry.code == recorded.code and not entry.origin]
    agency = centre.agency(recorded.agency)
    return visit.show(
        "catalogue_one.html",
        procedure=now or recorded,
        recorded=recorded,
        hidden=now is None,
        hiding=hides(edits),
        agency=agency.name if agency else recorded.agency,
        pages=read_pages(visit.console, now or recorded),
        waiting=waiting,
        differences=differences(visit.console, waiting) if waiting else [],
        edits=[(edit, told(edit.override), *_signs(visit, edit)) for edit in reversed(edits)],
        file=[(entry, told(entry)) for entry in file],
        fields=list(FIELDS.values()),
        known=visit.console.guide.snapshot.finder.known(recorded.code)[1:],
        may_edit=may_edit(visit, recorded),
        may_hide=visit.account.role in (Role.SUPERVISOR, Role.ADMINISTRATOR),
        flags=[(flag.value, name) for flag, name in FLAGS.items()],
        longest=LONGEST_NOTE,
        longest_phrase=LONGEST_PHRASE,
    )


@router.get("/catalogue/{code}/correct/{field}")
def ask(visit: Reader, code: str, field: str) -> Response:
    """The form for one field: what the record says, and what it is to say."""
    recorded = _editable(visit, code)
    if field not in FIELDS:
        raise Problem(404, "Không có mục này", "Anh/chị quay lại và chọn mục cần sửa.")
    coming = _coming(visit, recorded)
    return visit.show(
        "catalogue_field.html",
        procedure=recorded,
        field=FIELDS[field],
        record=written(recorded, field),
        value=written(coming, field),
    )


@router.post("/catalogue/{code}/correct/{field}")
def correct(visit: Reader, code: str, field: str, value: Text = "", why: Text = "") -> Response:
    """This field says something else than the record from the next publication on."""
    recorded = _editable(visit, code)
    if field not in FIELDS:
        raise Problem(404, "Không có mục này", "Anh/chị quay lại và chọn mục cần sửa.")
    coming = _coming(visit, recorded)
    try:
        meant = read(coming, field, value)
    except FieldError as refusal:
        raise Problem(
            422, f"Mục {FIELDS[field].title} chưa đọc được", f"{refusal} Anh/chị quay lại và sửa."
        ) from refusal
    if meant == getattr(coming, field):
        raise Problem(422, "Chưa có gì khác", "Anh/chị quay lại và sửa nội dung, hoặc bỏ qua.")
    override = Correct(**_signed(visit, recorded, why), field=field, value=builtin(meant))
    before = {FIELDS[field].title: _short(written(coming, field))}
    after = {FIELDS[field].title: _short(FIELDS[field].write(meant)), "lý do": override.why}
    return _kept(visit, override, "Sửa danh mục", before, after)


@router.post("/catalogue/{code}/note")
def note(visit: Reader, code: str, text: Text = "", why: Text = "") -> Response:
    """A note of the centre, shown with the procedure."""
    recorded, said = _editable(visit, code), " ".join(nfc(text).split())
    if not said or len(said) > LONGEST_NOTE:
        raise Problem(422, "Chưa ghi được", f"Anh/chị quay lại, viết từ 1 đến {LONGEST_NOTE} ký tự.")
    override = Remark(**_signed(visit, recorded, why), text=said)
    return _kept(visit, override, "Thêm ghi chú vào danh mục", {}, {"ghi chú": said, "lý do": override.why})


@router.post("/catalogue/{code}/warn")
def warn(visit: Reader, code: str, flag: Text = "", why: Text = "") -> Response:
    """Readers are warned."""
    recorded = _editable(visit, code)
    if flag not in set(Flag):
        raise Problem(422, "Chưa chọn cảnh báo", "Anh/chị quay lại và chọn một cảnh báo.")
    override = Warn(**_signed(visit, recorded, why), flag=Flag(flag))
    return _kept(
        visit, override, "Thêm cảnh báo vào danh mục", {}, {"cảnh báo": FLAGS[Flag(flag)], "lý do": override.why}
    )


@router.post("/catalogue/{code}/phrase")
def phrase(visit: Reader, code: str, text: Text = "", why: Text = "") -> Response:
    """How residents ask for it."""
    recorded, said = _editable(visit, code), " ".join(nfc(conceal(text)).split())
    if len(fold(said).replace(" ", "")) < FEWEST_LETTERS or len(said) > LONGEST_PHRASE:
        raise Problem(
            422, "Chưa ghi được", f"Anh/chị quay lại, ghi lời người dân hay nói, tối đa {LONGEST_PHRASE} ký tự."
        )
    override = Phrase(**_signed(visit, recorded, why), text=said)
    return _kept(visit, override, "Thêm lời cho thủ tục", {}, {"lời": said, "lý do": override.why})


@router.post("/catalogue/{code}/hide")
def hide(visit: Chief, code: str, why: Text = "") -> Response:
    """Residents do not find it any more."""
    recorded = _known(visit, code)
    if hides(_store(visit).of(recorded.code)):
        raise Problem(409, "Thủ tục này đã được ẩn", "Anh/chị xem phần lịch sử của thủ tục.")
    override = Hide(**_signed(visit, recorded, why))
    return _kept(visit, override, "Ẩn thủ tục", {}, {"lý do": override.why})


@router.post("/catalogue/{code}/withdraw/{number}")
def withdraw(visit: Reader, code: str, number: int, why: Text = "") -> Response:
    """Take an override back; a hidden procedure is shown again."""
    recorded = _editable(visit, code)
    edit = _store(visit).get(number)
    if edit is None or edit.override.code != recorded.code:
        raise Problem(404, "Không có sửa đổi này", "Anh/chị xem lại lịch sử của thủ tục.")
    if isinstance(edit.override, Hide) and visit.account.role not in (Role.SUPERVISOR, Role.ADMINISTRATOR):
        raise Problem(403, "Chỉ phụ trách hoặc quản trị hiện lại thủ tục", "Anh/chị báo phụ trách.")
    if not why.strip():
        raise Problem(422, "Chưa ghi lý do", "Anh/chị quay lại và ghi lý do bằng vài chữ.")
    if not _store(visit).withdraw(number, by=visit.account.name, why=why.strip()):
        raise Problem(409, "Sửa đổi này đã được rút lại", "Anh/chị xem lịch sử của thủ tục.")
    visit.audit(
        "Rút lại sửa đổi danh mục", _subject(recorded), {"sửa đổi": told(edit.override)}, {"lý do": why.strip()}
    )
    return visit.go(f"/staff/catalogue/{recorded.code}", "Đã rút lại. Công bố thì người dân mới thấy.")


def read_pages(console: Console, procedure: Procedure) -> list[tuple[str, list[str]]]:
    """Every page of a procedure as residents read it: title and paragraphs."""
    today = console.now().astimezone(VIETNAM).date()
    pages = [("Trả lời đầu tiên", [wording.heading(procedure), *wording.overview(procedure, console.centre, today)])]
    for facet, title in wording.TITLES.items():
        said = [
            paragraph.removeprefix(f"# {title}\n")
            for paragraph in wording.facet(procedure, facet, console.centre, today)
        ]
        pages.append((title, said))
    pages.append(
        ("Lưu ý và nguồn", [*wording.warnings(procedure), *wording.remarks(procedure), wording.source(procedure)])
    )
    return [(title, [paragraph.removeprefix("# ") for paragraph in said]) for title, said in pages]


def differences(console: Console, waiting: Waiting) -> list[tuple[str, list[str], list[str]]]:
    """The pages that residents will read differently: title, now, then. Hidden is a page of its own."""
    if waiting.served is None or waiting.coming is None:
        now, then = ("đang ẩn", "hiện với người dân") if waiting.served is None else ("hiện với người dân", "ẩn")
        return [("Hiển thị", [now], [then])]
    return compared(console, waiting.served, waiting.coming)


def compared(console: Console, before: Procedure, after: Procedure) -> list[tuple[str, list[str], list[str]]]:
    """The pages that read differently; where none does, the fields that differ."""
    pairs = zip(read_pages(console, before), read_pages(console, after), strict=True)
    different = [(title, old, new) for (title, old), (_, new) in pairs if old != new]
    if different:
        return different
    return [
        (FIELD_NAMES.get(name, name), [_short(getattr(before, name))], [_short(getattr(after, name))])
        for name in Procedure.__struct_fields__
        if getattr(before, name) != getattr(after, name)
    ]


def told(override: Override) -> str:
    """An override in words."""
    match override:
        case Hide():
            return "ẩn thủ tục"
        case Phrase():
            return f"thêm lời “{override.text}”"
        case Remark():
            return f"ghi chú: {override.text}"
        case Warn():
            return f"cảnh báo: {FLAGS[override.flag]}"
        case Correct():
            return f"sửa {FIELD_NAMES.get(override.field, override.field)}"


def _signs(visit: Visit, edit: Edit) -> tuple[bool, bool]:
    """Whether an editor must look at an override again, and whether the record says the same by now."""
    served = visit.console.guide.catalogue
    return edit.active and outdated(served, edit.override), edit.active and needless(served, edit.override)


def _store(visit: Visit) -> OverrideStore:
    return OverrideStore(visit.console.engine, visit.console.now)


def _known(visit: Visit, code: str) -> Procedure:
    found = visit.console.guide.catalogue.recorded(code)
    if found is None:
        raise Problem(404, "Không có thủ tục này", "Anh/chị tìm lại ở trang “Danh mục”.")
    return found


def _editable(visit: Visit, code: str) -> Procedure:
    found = _known(visit, code)
    if not may_edit(visit, found):
        raise Problem(403, "Thủ tục của cơ quan khác", "Anh/chị báo cán bộ một cửa hoặc phụ trách sửa.")
    return found


def _coming(visit: Visit, recorded: Procedure) -> Procedure:
    """The procedure with everything that waits."""
    served = visit.console.guide.catalogue
    waiting = editing(visit).waiting(served, recorded.code)
    return (waiting.coming if waiting else served.get(recorded.code)) or recorded


def _signed(visit: Visit, recorded: Procedure, why: str) -> dict[str, Any]:
    if not why.strip():
        raise Problem(422, "Chưa ghi lý do", "Anh/chị quay lại và ghi lý do, ví dụ số văn bản mới.")
    return {
        "code": recorded.code,
        "who": visit.account.name,
        "when": "",
        "why": " ".join(nfc(why).split())[:500],
        "seen": fingerprint(recorded),
    }


def _kept(visit: Visit, override: Override, action: str, before: dict[str, Any], after: dict[str, Any]) -> Response:
    _store(visit).add(override)
    visit.audit(action, _subject(_known(visit, override.code)), before, after)
    return visit.go(f"/staff/catalogue/{override.code}", "Đã ghi. Công bố thì người dân mới thấy.")


def _subject(procedure: Procedure) -> str:
    return f"{procedure.code} {procedure.name}"


def _short(value: Any) -> str:
    said = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return said if len(said) <= LONGEST_TOLD else said[:LONGEST_TOLD] + "…"


def _day(iso: str) -> str:
    return "/".join(reversed(iso.split("-"))) if iso else ""
