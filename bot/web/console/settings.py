"""The centre's settings: what residents are told, which of it is still an unconfirmed default, and changing it.

They live in a file (MOTCUA_CENTRE_FILE). The shipped one is only shown; a copy of the centre's own is changed here and
read at the next start of the service.
"""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Final

import tomlkit
from fastapi import APIRouter, Form
from fastapi.responses import Response

from bot.staff_records import Role
from bot.storage.asked import PUBLIC_PAGE, SwitchStore
from bot.web.console.page import Console, Nav, Problem, Visit, require
from knowledge_base.centre import SHIPPED, Centre, CentreError, Hours, load_centre

NAV = Nav(
    "Thiết lập", "/staff/settings", (Role.SUPERVISOR, Role.ADMINISTRATOR), 920, "Địa chỉ, giờ làm việc, ngày nghỉ."
)
router = APIRouter()

Text = Annotated[str, Form()]

NAMES: Final = {
    "name": "Tên trung tâm",
    "address": "Địa chỉ",
    "hotline": "Số điện thoại hỏi đáp",
    "hotline_name": "Tên của số điện thoại",
    "notice": "Lưu ý chung",
    "hours": "Giờ làm việc",
    "closed_on": "Ngày nghỉ thêm",
    "open_on": "Ngày làm bù",
    "dossier_prefixes": "Đầu mã hồ sơ",
}
PLAIN: Final = ("name", "address", "hotline", "hotline_name", "notice")
_DAY: Final = r"(?:thứ )?([2-7]|cn)"
_TIME: Final = r"(\d{1,2})[:hg](\d{2})"
LINE: Final = re.compile(rf"{_DAY}(?:\s*(?:-|đến)\s*{_DAY})?\s*:\s*{_TIME}\s*-\s*{_TIME}")


class FieldError(ValueError):
    """A field does not say what it should; the message tells how to write it."""


@router.get("/settings")
def show(visit: Annotated[Visit, require(Role.SUPERVISOR, Role.ADMINISTRATOR)]) -> Response:
    """What is set now, in the file."""
    return _show(visit)


def _show(visit: Visit, problem: str = "", typed: dict[str, Any] | None = None) -> Response:
    console = visit.console
    kept = _kept(console)
    return visit.show(
        "settings.html",
        status=422 if problem else 200,
        problem=problem,
        kept=kept,
        values=typed or _values(kept),
        names=NAMES,
        confirm=kept.to_confirm,
        hours=[_said(stretch) for stretch in kept.hours],
        may_edit=_editable(console) and visit.account.role is Role.ADMINISTRATOR,
        own_file=_editable(console),
        stale=kept != console.centre,
        agencies=kept.agencies,
        public_page=SwitchStore(console.engine).is_on(PUBLIC_PAGE),
        may_switch=visit.account.role is Role.ADMINISTRATOR,
    )


@router.post("/settings")
def change(
    visit: Annotated[Visit, require(Role.ADMINISTRATOR)],
    name: Text = "",
    address: Text = "",
    hotline: Text = "",
    hotline_name: Text = "",
    notice: Text = "",
    hours: Text = "",
    closed_on: Text = "",
    open_on: Text = "",
    confirmed: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Write the centre's own file, checked before it replaces the old one."""
    console = visit.console
    if not _editable(console):
        raise Problem(
            409,
            "Tệp thiết lập này không sửa ở đây được",
            "Người cài máy chép tệp mẫu ra, đặt MOTCUA_CENTRE_FILE trỏ tới bản chép rồi khởi động lại.",
        )
    before = _kept(console)
    typed: dict[str, Any] = {
        "name": name, "address": address, "hotline": hotline, "hotline_name": hotline_name, "notice": notice,
        "hours": hours, "closed_on": closed_on, "open_on": open_on,
    }  # fmt: skip
    if not name.strip():
        return _show(visit, "Tên trung tâm không để trống được.", typed)
    try:
        stretches = [_stretch(line) for line in hours.splitlines() if line.strip()]
        document = tomlkit.parse(console.centre_file.read_text("utf-8"))
        for field in PLAIN:
            document[field] = " ".join(typed[field].split())
        document["closed_on"], document["open_on"] = _days(closed_on), _days(open_on)
        document["to_confirm"] = [each for each in before.to_confirm if each not in (confirmed or [])]
        _set_hours(document, stretches)
        _replace(console.centre_file, tomlkit.dumps(document))
    except (FieldError, CentreError) as refusal:
        return _show(visit, str(refusal), typed)
    after = _kept(console)
    visit.audit(
        "Sửa thiết lập",
        console.centre_file.name,
        before=_values(before) | {"chưa xác nhận": list(before.to_confirm)},
        after=_values(after) | {"chưa xác nhận": list(after.to_confirm)},
    )
    return visit.go("/staff/settings", "Đã lưu. Thiết lập mới có hiệu lực khi khởi động lại dịch vụ.")


@router.post("/settings/public")
def switch_public(visit: Annotated[Visit, require(Role.ADMINISTRATOR)], on: Annotated[bool, Form()]) -> Response:
    """Show the figures at /congkhai to everybody, or no longer."""
    console = visit.console
    SwitchStore(console.engine, console.now).turn(PUBLIC_PAGE, on=on, by=visit.account.login)
    visit.audit("Bật trang công khai" if on else "Tắt trang công khai", "/congkhai")
    said = "Đã bật. Ai cũng xem được ở /congkhai." if on else "Đã tắt trang công khai."
    return visit.go("/staff/settings", said)


def _kept(console: Console) -> Centre:
    try:
        return load_centre(console.centre_file)
    except CentreError as error:
        raise Problem(409, "Tệp thiết lập đang bị sai", f"Người cài máy sửa tệp rồi tải lại trang: {error}") from error


def _editable(console: Console) -> bool:
    path = console.centre_file.resolve()
    return path != SHIPPED.resolve() and os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _values(centre: Centre) -> dict[str, Any]:
    return {name: getattr(centre, name) for name in PLAIN} | {
        "hours": "\n".join(map(_said, centre.hours)),
        "closed_on": ", ".join(f"{day:%d/%m/%Y}" for day in centre.closed_on),
        "open_on": ", ".join(f"{day:%d/%m/%Y}" for day in centre.open_on),
    }


def _said(stretch: Hours) -> str:
    """Thứ 2-6: 07:30-11:30."""
    days = sorted(stretch.days)
    names = ["CN" if day == 7 else str(day + 1) for day in (days[0], days[-1])]
    if days != list(range(days[0], days[-1] + 1)):
        named = ", ".join("CN" if day == 7 else str(day + 1) for day in days)
    else:
        named = names[0] if names[0] == names[1] else f"{names[0]}-{names[1]}"
    return f"Thứ {named}: {stretch.opens:%H:%M}-{stretch.closes:%H:%M}"


def _stretch(line: str) -> Hours:
    """One line of opening hours, as `_said` writes it; lists of single days are written line by line."""
    found = LINE.fullmatch(" ".join(line.lower().split()))
    wrong = f"Giờ làm việc “{line.strip()}” chưa đọc được. Mỗi dòng viết như: Thứ 2-6: 07:30-11:30"
    if found is None:
        raise FieldError(wrong)
    first, last = (7 if day == "cn" else int(day) - 1 for day in (found[1], found[2] or found[1]))
    try:
        opens, closes = time(int(found[3]), int(found[4])), time(int(found[5]), int(found[6]))
    except ValueError:
        raise FieldError(wrong) from None
    if first > last or opens >= closes:
        raise FieldError(wrong)
    return Hours(tuple(range(first, last + 1)), opens, closes)


def _days(text: str) -> list[date]:
    days = []
    for part in filter(None, re.split(r"[,;\s]+", text)):
        try:
            day, month, year = map(int, part.split("/"))
            days.append(date(year, month, day))
        except ValueError:
            raise FieldError(f"Ngày “{part}” chưa đọc được. Viết như 02/09/2026, cách nhau bằng dấu phẩy.") from None
    return days


def _set_hours(document: tomlkit.TOMLDocument, stretches: list[Hours]) -> None:
    tables = tomlkit.aot()
    for stretch in stretches:
        table = tomlkit.table()
        table.update({"days": list(stretch.days), "opens": stretch.opens, "closes": stretch.closes})
        tables.append(table)
    document["hours"] = tables


def _replace(path: Path, text: str) -> None:
    """The whole file at once, and only where the service could start with it."""
    with _draft(path) as draft:
        draft.write_text(text, "utf-8")
        load_centre(draft)
        draft.chmod(path.stat().st_mode)
        draft.replace(path)


@contextlib.contextmanager
def _draft(path: Path) -> Iterator[Path]:
    descriptor, name = tempfile.mkstemp(suffix=".toml", prefix=f".{path.stem}-", dir=path.parent)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
