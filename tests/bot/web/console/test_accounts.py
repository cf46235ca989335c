"""Accounts and the centre's settings in the console, and the command that makes the first administrator."""

import re
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from fastapi import FastAPI
from sqlalchemy import Engine

from bot.services.guide import Guide
from bot.staff_records import Role
from bot.storage.database import open_database
from bot.storage.staff import AuditStore, StaffStore
from bot.web.console.settings import FieldError, _said, _stretch
from knowledge_base.centre import SHIPPED, load_centre
from motcua.staff import staff
from tests.bot.web.console.desk import Desk, add, build, sign_in


@pytest.fixture
def app(engine: Engine, guide: Guide) -> FastAPI:
    return build(engine, guide)


def first_password(page: str) -> str:
    found = re.search(r"Mật khẩu: <code>([^<]+)</code>", page)
    assert found is not None
    return found.group(1)


def once(desk: Desk, answer: Any) -> str:
    """The page with the password, which is there once: loaded again it shows none, and makes no other."""
    page = desk.get(answer.headers["location"])
    hashed = [str(StaffStore(desk.console.engine).secret(each.id)) for each in StaffStore(desk.console.engine).all()]
    assert desk.get(answer.headers["location"]).status_code == 404
    assert hashed == [
        str(StaffStore(desk.console.engine).secret(each.id)) for each in StaffStore(desk.console.engine).all()
    ]
    text: str = page.text
    return text


def test_an_administrator_makes_accounts(app: FastAPI, engine: Engine) -> None:
    """The first password is shown once and works; a clerk needs an agency; a login is taken once."""
    desk = sign_in(app, Role.ADMINISTRATOR)
    form = {"name": "Trần Lan", "login": "Tran.Lan", "role": "clerk", "agency": "so-noi-vu"}
    page = once(desk, desk.post("/staff/accounts/new", form))
    assert "Sở Nội vụ" in desk.get("/staff/accounts").text
    assert "so-noi-vu" not in desk.get("/staff/accounts").text
    assert "cơ quan: Sở Nội vụ" in desk.get("/staff/audit").text
    new = Desk(app)
    new.get("/staff/sign-in")
    answer = new.post("/staff/sign-in", {"login": "tran.lan", "password": first_password(page)})
    assert answer.headers["location"] == "/staff/password"
    for wrong in ({}, {"login": "x"}, {"login": "khac.nua", "agency": ""}, {"login": "khac.nua", "role": "boss"}):
        assert desk.post("/staff/accounts/new", form | wrong).status_code == 422
    assert {account.login for account in StaffStore(engine).all()} == {"administrator.an", "tran.lan"}
    deed = AuditStore(engine).find(action="Tạo tài khoản")[0]
    assert (deed.login, deed.subject) == ("administrator.an", "tran.lan")


def test_another_role_counts_from_this_moment(app: FastAPI) -> None:
    """The open session of the old role ends."""
    desk, clerk = sign_in(app, Role.ADMINISTRATOR), sign_in(app, Role.CLERK)
    assert clerk.get("/staff/").status_code == 200
    form = {"role": "officer", "agency": ""}
    assert desk.post("/staff/accounts/clerk.an/role", form).status_code == 303
    assert clerk.get("/staff/").status_code == 303
    account = StaffStore(desk.console.engine).find("clerk.an")
    assert account is not None
    assert (account.role, account.agency) == (Role.OFFICER, "")


def test_a_blocked_account_is_out_at_once(app: FastAPI) -> None:
    """Disabling ends its sessions; a reset gives a new first password."""
    desk, officer = sign_in(app, Role.ADMINISTRATOR), sign_in(app, Role.OFFICER)
    assert desk.post("/staff/accounts/officer.an/disable").status_code == 303
    assert officer.get("/staff/").status_code == 303
    assert desk.post("/staff/accounts/officer.an/enable").status_code == 303
    assert first_password(once(desk, desk.post("/staff/accounts/officer.an/reset")))


def test_the_last_administrator_stays(app: FastAPI) -> None:
    """Nobody locks the door from outside: not themselves, not the last one."""
    desk = sign_in(app, Role.ADMINISTRATOR)
    for deed in ("disable", "reset"):
        assert desk.post(f"/staff/accounts/administrator.an/{deed}").status_code == 409
    assert desk.post("/staff/accounts/administrator.an/role", {"role": "officer"}).status_code == 409
    other = add(desk, Role.ADMINISTRATOR, login="quan.tri")
    assert desk.post(f"/staff/accounts/{other.login}/disable").status_code == 303


def test_the_command_makes_the_first_administrator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """add, list, disable, reset; what can't be done is said."""
    url = f"sqlite:///{tmp_path / 'staff.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("MOTCUA_HASH_KEY", "a key of the tests only")

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(staff, arguments)
        return result.exit_code, result.output

    assert "motcua staff add" in run("list")[1]
    status, said = run("add", "quan.tri", "--name", "Quản Trị", "--role", "administrator")
    assert (status, "Mật khẩu lần đầu:" in said) == (0, True)
    assert run("add", "quan.tri", "--name", "Khác", "--role", "officer")[0] == 1
    assert "so-tu-phap" in run("add", "can.bo", "--name", "Cán Bộ", "--role", "clerk")[1]
    assert run("disable", "quan.tri")[0] == 1  # the last administrator
    run("add", "quan.tri2", "--name", "Hai", "--role", "administrator")
    assert run("disable", "quan.tri")[0] == 0
    assert "đã khóa" in run("list")[1]
    assert "mật khẩu lần đầu mới" in run("reset", "quan.tri")[1]
    assert "đã khóa" not in run("list")[1]
    assert run("reset", "khong.co")[0] == 1
    engine = open_database(url)
    assert {deed.login for deed in AuditStore(engine).find()} == {"motcua staff"}
    engine.dispose()


# --- the centre's settings ---

FORM = {
    "name": "Trung tâm Thử",
    "address": "Số 1, phố Thử",
    "hotline": "1900 0000",
    "hotline_name": "Tổng đài",
    "notice": "",
    "hours": "Thứ 2-6: 07:30-11:30\nThứ 2-6: 13:30-17:00\nThứ 7: 7h30 - 11h00",
    "closed_on": "24/12/2026, 31/12/2026",
    "open_on": "",
    "confirmed": ["address", "hours"],
}


@pytest.fixture
def own(engine: Engine, guide: Guide, tmp_path: Path) -> Desk:
    """An administrator where the centre has a file of its own."""
    path = tmp_path / "centre.toml"
    shutil.copy(SHIPPED, path)
    app = build(engine, guide)
    mounted = Desk(app)
    state = next(route for route in app.routes if getattr(route, "path", "") == "/staff").app.state  # type: ignore[attr-defined]
    state.console = msgspec.structs.replace(mounted.console, centre_file=path)
    return sign_in(app, Role.ADMINISTRATOR)


def test_the_centres_own_file_is_changed(own: Desk) -> None:
    """Checked, written whole, comments kept, logged with before and after; in force after the next start."""
    assert own.post("/staff/settings", FORM).headers["location"] == "/staff/settings"
    centre = load_centre(own.console.centre_file)
    assert (centre.name, centre.address) == ("Trung tâm Thử", "Số 1, phố Thử")
    assert [_said(stretch) for stretch in centre.hours] == [
        "Thứ 2-6: 07:30-11:30",
        "Thứ 2-6: 13:30-17:00",
        "Thứ 7: 07:30-11:00",
    ]
    assert len(centre.closed_on) == 2
    assert "address" not in centre.to_confirm
    assert "hotline" in centre.to_confirm
    assert len(centre.agencies) == len(load_centre(SHIPPED).agencies)
    assert own.console.centre_file.read_text("utf-8").startswith("# The centre.")
    assert "chưa khởi động lại" in own.get("/staff/settings").text
    after = AuditStore(own.console.engine).find(action="Sửa thiết lập")[0].detail["after"]
    assert after["name"] == "Trung tâm Thử"


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"hours": "sáng"}, {"hours": "Thứ 2-6: 25:00-26:00"}, {"closed_on": "30/2/2026"}]
)
def test_a_wrong_field_changes_nothing(own: Desk, wrong: dict[str, str]) -> None:
    """The file stays as it was; what was typed stays in the form."""
    before = own.console.centre_file.read_bytes()
    answer = own.post("/staff/settings", FORM | wrong)
    assert answer.status_code == 422
    assert "Số 1, phố Thử" in answer.text
    assert own.console.centre_file.read_bytes() == before
    assert [path.name for path in own.console.centre_file.parent.glob("*.toml")] == ["centre.toml"]


def test_the_shipped_file_is_only_shown(app: FastAPI) -> None:
    """With what to do to have one's own; a supervisor reads, too."""
    desk = sign_in(app, Role.ADMINISTRATOR)
    assert "MOTCUA_CENTRE_FILE" in desk.get("/staff/settings").text
    before = SHIPPED.read_bytes()
    assert desk.post("/staff/settings", FORM).status_code == 409
    assert SHIPPED.read_bytes() == before


@pytest.mark.parametrize(
    "line", ["", "07:30-11:30", "Thứ 8: 07:30-11:30", "Thứ 6-2: 07:30-11:30", "Thứ 2: 11:30-07:30"]
)
def test_unreadable_hours_are_said(line: str) -> None:
    """With an example of how to write them."""
    with pytest.raises(FieldError, match="Thứ 2-6: 07:30-11:30"):
        _stretch(line)
