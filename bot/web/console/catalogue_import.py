"""What the last import changed in the records, for comparing; and which corrections must be looked at after it."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter
from fastapi.responses import Response

from bot.catalogue_records import RecordChange
from bot.services.editing import outdated
from bot.storage.overrides import ImportStore, OverrideStore
from bot.web.console.catalogue import compared, read_pages, told
from bot.web.console.page import EVERYBODY, Problem, Visit, require
from bot.web.console.publication import FIELDS
from bot.web.console.tables import Column, Table

router = APIRouter()
Reader = Annotated[Visit, require(*EVERYBODY)]


def _what(change: RecordChange) -> str:
    if change.before is None:
        return "mới"
    if change.after is None:
        return "không còn trên Cổng"
    names = [
        name for name in change.after.__struct_fields__ if getattr(change.before, name) != getattr(change.after, name)
    ]
    return "sửa " + ", ".join(FIELDS.get(name, name) for name in names)


def _name(change: RecordChange) -> str:
    either = change.after or change.before
    return either.name if either else ""


CHANGES: Final = Table(
    title="Lần nhập gần nhất đã thay đổi",
    columns=(
        Column("Mã", lambda change: change.code),
        Column("Thủ tục", _name, link=lambda change: f"/staff/catalogue-import/{change.code}"),
        Column("Thay đổi", _what),
    ),
    empty="Lần nhập này không thay đổi thủ tục nào.",
)


@router.get("/catalogue-import")
def show(visit: Reader) -> Response:
    """Figures of the last import, every changed procedure, corrections to look at again."""
    store = ImportStore(visit.console.engine, visit.console.now)
    last = store.last()
    served = visit.console.guide.catalogue
    edits = OverrideStore(visit.console.engine, visit.console.now).active()
    look = [(edit, told(edit.override)) for edit in edits if outdated(served, edit.override)]

    def fetch(limit: int, offset: int) -> Sequence[RecordChange]:
        return store.changes(last.id, limit=limit, offset=offset) if last else ()

    dates = [each.record_date for each in served.all_recorded() if each.record_date]
    return visit.table(
        "catalogue_import.html", CHANGES, fetch, last=last, look=look, newest=max(dates, default=""),
        procedures=len(served), earlier=store.all(limit=10)[1:],
    )  # fmt: skip


@router.get("/catalogue-import/{code}")
def one(visit: Reader, code: str) -> Response:
    """One procedure before and after the last import, as residents read it."""
    store = ImportStore(visit.console.engine, visit.console.now)
    last = store.last()
    found = store.changes(last.id, code=code) if last else []
    if not found:
        raise Problem(404, "Lần nhập gần nhất không thay đổi thủ tục này", "Anh/chị xem lại danh sách.")
    change = found[0]
    if change.before and change.after:
        pages = compared(visit.console, change.before, change.after)
    else:
        only = change.after or change.before
        assert only is not None
        read = read_pages(visit.console, only)
        pages = [(title, [], said) if change.after else (title, said, []) for title, said in read]
    return visit.show("catalogue_change.html", code=code, name=_name(change), what=_what(change), pages=pages)
