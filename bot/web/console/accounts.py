"""Accounts of the staff: add, change the role, reset, disable."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from bot.services.staff import StaffError
from bot.staff_records import Account, Role
from bot.storage.staff import StaffStore
from bot.web.console.agencies import named
from bot.web.console.page import ROLES, Nav, Problem, Visit, require, secure
from bot.web.console.tables import Column, Table, listed
from knowledge_base.centre import Centre

NAV = Nav("Tài khoản", "/staff/accounts", (Role.ADMINISTRATOR,), 900, "Thêm, đổi vai trò, khóa tài khoản cán bộ.")
router = APIRouter()

Administrator = Annotated[Visit, require(Role.ADMINISTRATOR)]
Text = Annotated[str, Form()]
GIVEN = "motcua_given"


def _state(account: Account) -> str:
    if account.disabled_at:
        return "đã khóa"
    return "chưa đổi mật khẩu lần đầu" if account.must_change else "đang dùng"


def _accounts(centre: Centre) -> Table:
    login = Column("Tên đăng nhập", lambda account: account.login, lambda account: f"/staff/accounts/{account.login}")
    return Table(
        title="Tài khoản cán bộ",
        columns=(
            login,
            Column("Họ tên", lambda account: account.name),
            Column("Vai trò", lambda account: ROLES[account.role]),
            Column("Cơ quan", lambda account: named(centre, account.agency)),
            Column("Tình trạng", _state),
            Column("Mã xác thực", lambda account: "đã cài" if account.enrolled else "chưa"),
            Column("Đăng nhập gần nhất", lambda account: account.last_sign_in_at),
        ),
    )


@router.get("/accounts")
def show(visit: Administrator) -> Response:
    """Everybody."""
    return visit.table("accounts.html", _accounts(visit.console.centre), listed(StaffStore(visit.console.engine).all()))


@router.get("/accounts/new")
def ask(visit: Administrator) -> Response:
    """The form for a new account."""
    return _form(visit)


def _form(visit: Visit, problem: str = "", **given: str) -> Response:
    typed = {"login": "", "name": "", "role": "", "agency": ""} | given
    return visit.show("account_new.html", status=422 if problem else 200, problem=problem, typed=typed, roles=ROLES)


@router.post("/accounts/new")
def add(visit: Administrator, login: Text = "", name: Text = "", role: Text = "", agency: Text = "") -> Response:
    """A new account; its first password is shown once."""
    if role not in tuple(Role) or (agency and visit.console.centre.agency(agency) is None):
        return _form(
            visit, "Anh/chị chọn vai trò và cơ quan trong danh sách.", login=login, name=name, role=role, agency=agency
        )
    try:
        account, password = visit.console.staff.add(
            login=login, name=name, role=Role(role), agency=agency, by=visit.account.login
        )
    except StaffError as refusal:
        return _form(visit, str(refusal), login=login, name=name, role=role, agency=agency)
    visit.audit("Tạo tài khoản", account.login, after=_place(visit, account.role, account.agency))
    return _given(visit, account, password)


def _given(visit: Visit, account: Account, password: str) -> Response:
    """Lead to the page that shows a password once; it is in the administrator's own browser and kept nowhere else."""
    path = f"/staff/accounts/{account.login}"
    response = visit.go(f"{path}/password")
    response.set_cookie(
        GIVEN,
        password,
        max_age=120,
        httponly=True,
        samesite="strict",
        secure=secure(visit.request),
        path=f"{path}/password",
    )
    return response


@router.get("/accounts/{login}/password")
def show_password(visit: Administrator, login: str) -> Response:
    """A first password, once: loading the page again shows it no more, and makes no other."""
    person, password = _known(visit, login), visit.request.cookies.get(GIVEN, "")
    if not password:
        raise Problem(
            404, "Mật khẩu chỉ hiện một lần", "Cần mật khẩu khác: mở tài khoản này và bấm “Đặt lại mật khẩu”."
        )
    response = visit.show("account_password.html", person=person, password=password)
    response.delete_cookie(GIVEN, path=f"/staff/accounts/{login}/password")
    return response


def _place(visit: Visit, role: Role, agency: str) -> dict[str, str]:
    """What the log says of an account."""
    return {"vai trò": ROLES[role], "cơ quan": named(visit.console.centre, agency) if role is Role.CLERK else ""}


@router.get("/accounts/{login}")
def one(visit: Administrator, login: str) -> Response:
    """One account."""
    return _one(visit, _known(visit, login))


def _one(visit: Visit, person: Account, problem: str = "", chosen: tuple[str, str] | None = None) -> Response:
    """chosen: role and agency of a refused form."""
    sessions = StaffStore(visit.console.engine).count_sessions(person.id)
    context = {
        "chosen": chosen or (person.role, person.agency),
        "person": person,
        "state": _state(person),
        "roles": ROLES,
        "sessions": sessions,
        "problem": problem,
    }
    return visit.show("account.html", status=409 if problem else 200, **context)


@router.post("/accounts/{login}/role")
def assign(visit: Administrator, login: str, role: Text = "", agency: Text = "") -> Response:
    """Another role or agency."""
    person = _known(visit, login)
    if role not in tuple(Role) or (agency and visit.console.centre.agency(agency) is None):
        return _one(visit, person, "Anh/chị chọn vai trò và cơ quan trong danh sách.", (role, agency))
    try:
        visit.console.staff.assign(person, Role(role), agency)
    except StaffError as refusal:
        return _one(visit, person, str(refusal), (role, agency))
    before, after = _place(visit, person.role, person.agency), _place(visit, Role(role), agency)
    visit.audit("Đổi vai trò", person.login, before, after)
    return visit.go(f"/staff/accounts/{person.login}", "Đã đổi vai trò. Người này phải đăng nhập lại.")


@router.post("/accounts/{login}/reset")
def reset(visit: Administrator, login: str) -> Response:
    """A new first password, new codes, no sessions."""
    person = _not_self(visit, login)
    password = visit.console.staff.reset(person)
    visit.audit("Đặt lại mật khẩu", person.login)
    return _given(visit, person, password)


@router.post("/accounts/{login}/disable")
def disable(visit: Administrator, login: str) -> Response:
    """Nobody signs in with it any more, from this moment."""
    person = _not_self(visit, login)
    try:
        visit.console.staff.disable(person)
    except StaffError as refusal:
        return _one(visit, person, str(refusal))
    visit.audit("Khóa tài khoản", person.login)
    return visit.go(f"/staff/accounts/{person.login}", f"Đã khóa tài khoản {person.login}.")


@router.post("/accounts/{login}/enable")
def enable(visit: Administrator, login: str) -> Response:
    """It may be used again."""
    person = _known(visit, login)
    visit.console.staff.enable(person)
    visit.audit("Mở khóa tài khoản", person.login)
    return visit.go(f"/staff/accounts/{person.login}", f"Đã mở khóa tài khoản {person.login}.")


def _known(visit: Visit, login: str) -> Account:
    person = StaffStore(visit.console.engine).find(login)
    if person is None:
        raise Problem(404, "Không có tài khoản này", "Anh/chị chọn trong danh sách tài khoản.")
    return person


def _not_self(visit: Visit, login: str) -> Account:
    person = _known(visit, login)
    if person.id == visit.account.id:
        raise Problem(
            409, "Không làm được với tài khoản của chính mình", "Anh/chị nhờ một quản trị viên khác làm việc này."
        )
    return person
