"""Signing in and out, the code of the telephone, and one's own password."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from bot.services.staff import DEVICE_LASTS, SignedIn, StaffError, WrongError, csrf_of, new_token, read_login
from bot.staff_records import Stage
from bot.storage.staff import AuditStore, StaffStore
from bot.web.console.page import (
    COOKIE,
    EVERYBODY,
    STEPS,
    Console,
    Visit,
    check_csrf,
    page,
    require,
    safe,
    secure,
    set_token,
)

router = APIRouter()

Anybody = Annotated[Visit, require(*EVERYBODY)]
Half = Annotated[Visit, require(*EVERYBODY, stages=(Stage.CODE,))]
Enrolling = Annotated[Visit, require(*EVERYBODY, stages=(Stage.ENROL,))]
WithPassword = Annotated[Visit, require(*EVERYBODY, stages=(Stage.PASSWORD, Stage.OPEN))]
Text = Annotated[str, Form()]
NEXT: Final = "motcua_next"
DEVICE: Final = "motcua_device"
NO_LOGIN: Final = "(tên không có)"


@router.get("/sign-in")
def ask(request: Request, next: str = "") -> Response:  # noqa: A002 - it is the name in the address
    """The form; it gets a token of its own, so that no other site can send it."""
    token = request.cookies.get(COOKIE) or new_token()
    response = _form(request, token)
    set_token(response, request, token)
    if safe(next):
        response.set_cookie(
            NEXT, next, max_age=600, httponly=True, samesite="lax", secure=secure(request), path="/staff"
        )
    return response


@router.post("/sign-in")
async def sign_in(request: Request, login: Text = "", password: Text = "") -> Response:
    """The first step."""
    token = request.cookies.get(COOKIE, "")
    await check_csrf(request, token)
    return await run_in_threadpool(_sign_in, request, token, login, password)


def _sign_in(request: Request, token: str, login: str, password: str) -> Response:
    console: Console = request.app.state.console
    try:
        done = console.staff.sign_in(login, password, _address(request), _device(request))
    except StaffError as refusal:
        _note_failure(console, login)
        return _form(request, token, login=login, problem=str(refusal))
    return _onward(request, done)


@router.get("/token")
def token(visit: Annotated[Visit, require(*EVERYBODY, live=True)]) -> Response:
    """What forms of a page that outlived its session must hold, once the same person has signed in again."""
    return JSONResponse({"csrf": csrf_of(visit.token), "login": visit.account.login})


@router.get("/code")
def ask_code(visit: Half) -> Response:
    """The second step."""
    return visit.show("code.html", problem="")


@router.post("/code")
def read_code(visit: Half, code: Text = "") -> Response:
    """The code of the telephone."""
    try:
        done = visit.console.staff.code(visit.token, code, _address(visit.request), _device(visit.request))
    except StaffError as refusal:
        visit.audit("Mã xác thực không đúng")
        return visit.show("code.html", status=422, problem=str(refusal))
    return _onward(visit.request, done)


@router.get("/enrol")
def enrol(visit: Enrolling) -> Response:
    """Setting up the codes: a QR for the telephone's app."""
    return _enrolment(visit)


@router.post("/enrol")
def enrolled(visit: Enrolling, code: Text = "") -> Response:
    """The first code proves that the telephone is set up."""
    try:
        done = visit.console.staff.code(visit.token, code, _address(visit.request), _device(visit.request))
    except StaffError as refusal:
        return _enrolment(visit, str(refusal))
    visit.audit("Cài mã xác thực")
    return _onward(visit.request, done)


def _enrolment(visit: Visit, problem: str = "") -> Response:
    import segno  # noqa: PLC0415 - only who sets up a telephone needs it

    secret, address = visit.console.staff.enrolment(visit.account)
    picture = segno.make(address, error="m").svg_data_uri(scale=5, border=4, light="#fff")
    groups = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return visit.show("enrol.html", status=422 if problem else 200, problem=problem, picture=picture, secret=groups)


@router.get("/password")
def ask_password(visit: WithPassword) -> Response:
    """One's own password, sessions and codes."""
    return _password(visit)


def _password(visit: Visit, problem: str = "") -> Response:
    sessions = StaffStore(visit.console.engine).count_sessions(visit.account.id)
    must = visit.session.stage is Stage.PASSWORD
    return visit.show("password.html", status=422 if problem else 200, problem=problem, must=must, sessions=sessions)


@router.post("/password")
def change_password(visit: WithPassword, old: Text = "", new: Text = "", again: Text = "") -> Response:
    """A new password; all other browsers are signed out."""
    try:
        done = visit.console.staff.change_password(
            visit.token, old, new, again, address=_address(visit.request), device=_device(visit.request)
        )
    except WrongError as refusal:
        visit.audit("Đổi mật khẩu không được")
        return _password(visit, str(refusal))
    except StaffError as refusal:
        return _password(visit, str(refusal))
    visit.audit("Đổi mật khẩu của mình")
    return _onward(visit.request, done)


@router.post("/sign-out")
def sign_out(visit: Annotated[Visit, require(*EVERYBODY, stages=tuple(Stage))]) -> Response:
    """End this session."""
    visit.console.staff.sign_out(visit.token)
    visit.audit("Đăng xuất")
    return _to_sign_in()


@router.post("/sign-out-everywhere")
def sign_out_everywhere(visit: Anybody) -> Response:
    """End all sessions of this person, in every browser."""
    count = visit.console.staff.sign_out_everywhere(visit.account)
    visit.audit("Đăng xuất mọi nơi", after={"số phiên": count})
    return _to_sign_in()


def _to_sign_in() -> Response:
    response = RedirectResponse("/staff/sign-in", 303)
    response.delete_cookie(COOKIE, path="/staff")
    return response


def _onward(request: Request, done: SignedIn) -> Response:
    to, console = STEPS[done.stage], request.app.state.console
    if done.stage is Stage.OPEN:
        AuditStore(console.engine, console.now).add(done.account.login, "Đăng nhập", done.account.login, {})
        wanted = request.cookies.get(NEXT, "")
        to = wanted if safe(wanted) else to
    response = RedirectResponse(to, 303)
    set_token(response, request, done.token)
    if done.stage is Stage.OPEN:
        response.delete_cookie(NEXT, path="/staff")
        response.set_cookie(
            DEVICE, console.staff.device(done.account, _device(request)), max_age=int(DEVICE_LASTS.total_seconds()),
            httponly=True, samesite="lax", secure=secure(request), path="/staff",
        )  # fmt: skip
    return response


def _form(request: Request, token: str, login: str = "", problem: str = "") -> Response:
    status = 422 if problem else 200
    return page(request, "sign_in.html", status=status, csrf=csrf_of(token), login=login, problem=problem)


def _note_failure(console: Console, login: str) -> None:
    """One line an hour for each login that exists, one for all that do not: anybody can make any number of tries."""
    store = StaffStore(console.engine, console.now)
    try:
        known = store.find(read_login(login))
    except StaffError:
        known = None  # perhaps a password in the wrong field: not kept
    name = known.login if known else None
    log = AuditStore(console.engine, console.now)
    log.add_hourly("Đăng nhập không được", name or NO_LOGIN, lambda since: store.failed_since(since, name))


def _device(request: Request) -> str:
    return request.cookies.get(DEVICE, "")[:1000]


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
