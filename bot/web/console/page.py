"""What a page of the console is made of; see the package's docstring for how one is written."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from bot.catalogue_records import Publish
from bot.dialogue.privacy import mask
from bot.personal import Hasher
from bot.services.guide import Guide
from bot.services.notices import Announcements
from bot.services.staff import Staff, csrf_of
from bot.staff_records import Account, Role, Session, Stage
from bot.storage.dossiers import DossierStore
from bot.storage.handovers import HandoverStore
from bot.storage.notices import Outbox
from bot.storage.staff import AuditStore, StaffStore
from bot.web.console.tables import XLSX, Fetch, Table, every, listing, shown
from bot.workbooks import Sheet, workbook
from knowledge_base.centre import Centre

WEB: Final = Path(__file__).parents[1]
STATIC: Final = WEB / "static" / "console"
SIGN_IN: Final = "/staff/sign-in"
COOKIE: Final = "motcua_staff"
WAITING_FOR: Final = "/staff/handover"
"""The page of those who wait; its entry in the navigation counts them."""
EVERYBODY: Final = tuple(Role)
R = TypeVar("R")

ROLES: Final = {
    Role.CLERK: "Cán bộ cơ quan",
    Role.OFFICER: "Cán bộ một cửa",
    Role.SUPERVISOR: "Phụ trách",
    Role.ADMINISTRATOR: "Quản trị",
}


class Nav(msgspec.Struct, frozen=True):
    """A page's entry in the navigation. order: pages stand in this order; tens, so that others fit between."""

    title: str
    path: str
    roles: tuple[Role, ...]
    order: int
    tells: str = ""
    """One short line for the home page: what one does there."""


class Console(msgspec.Struct, frozen=True, kw_only=True):
    """What the composition root gives to pages.

    dossiers: a change through it queues its notices in the same transaction. switches: how the channels and other
    parts are set, as (what, state) lines for the health page. monthly: how many messages a channel may send in a month,
    where its supplier limits that. publish: builds the index and publishes it; None where
    this process was not given the means.
    """

    engine: Engine
    guide: Guide
    centre: Centre
    centre_file: Path
    hasher: Hasher
    dossiers: DossierStore
    outbox: Outbox
    announcements: Announcements
    staff: Staff
    switches: Callable[[], Sequence[tuple[str, str]]] = tuple
    monthly: Mapping[str, int | None] = msgspec.field(default_factory=dict)
    publish: Publish | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


class Problem(Exception):  # noqa: N818 - it is told to people
    """Something can't be done: HTTP status, what happened, what to do next."""

    def __init__(self, status: int, title: str, what_to_do: str) -> None:
        super().__init__(title)
        self.status, self.title, self.what_to_do = status, title, what_to_do


class Elsewhere(Exception):  # noqa: N818
    """This request must go to another page first: signing in, a code, a new password."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Expired(Exception):  # noqa: N818
    """Nobody is signed in any more, and something may be half written: it must not be replaced by the sign-in page."""


class Visit:
    """One request of somebody who may make it."""

    def __init__(self, request: Request, token: str, session: Session) -> None:
        self.request = request
        self.console: Console = request.app.state.console
        self.token = token
        self.session = session
        self.account: Account = session.account

    @property
    def own_agency(self) -> str | None:
        """The agency beyond which a clerk sees nothing; None for everybody else."""
        return self.account.agency if self.account.role is Role.CLERK else None

    def waiting(self) -> int:
        """How many residents wait for an officer whom this person may be."""
        if self.account.role is Role.ADMINISTRATOR or self.session.stage is not Stage.OPEN:
            return 0
        return sum(HandoverStore(self.console.engine).waiting(self.own_agency))

    def show(self, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
        """A whole page."""
        said = self.session.said
        if said:
            StaffStore(self.console.engine).say(self.session.token_hash, ())
        entries: Sequence[Nav] = self.request.app.state.navigation
        return page(
            self.request,
            template,
            status=status,
            csrf=csrf_of(self.token),
            account=self.account,
            role_name=ROLES[self.account.role],
            navigation=[entry for entry in entries if self.account.role in entry.roles]
            if self.session.stage is Stage.OPEN
            else [],
            said=said,
            residents_waiting=self.waiting(),
            waiting_for=WAITING_FOR,
            **context,
        )

    def part(self, template: str, **context: Any) -> HTMLResponse:
        """A piece of a page, for htmx."""
        return page(self.request, template, csrf=csrf_of(self.token), account=self.account, **context)

    def table(self, template: str, table: Table, fetch: Fetch[R], **context: Any) -> Response:
        """A page with a list, `listing` in its template; or its spreadsheet, where the query asks for it."""
        query = dict(self.request.query_params)
        if self.wants_xlsx():
            return self.exported(table, fetch)
        return self.show(template, listing=listing(table, fetch, self.request.url.path, query), **context)

    def wants_xlsx(self) -> bool:
        """Whether the query asks for the spreadsheet."""
        return self.request.query_params.get("tai") == "xlsx"

    def exported(self, table: Table, fetch: Fetch[R]) -> Response:
        """The spreadsheet of a table, which the log tells of."""
        query = {name: value for name, value in self.request.query_params.items() if name != "tai"}
        self.audit("Tải bảng tính", table.title, after={"lọc": query})
        return self.xlsx(table, fetch)

    def xlsx(self, table: Table, fetch: Fetch[R]) -> Response:
        """The spreadsheet of a table."""
        values = ([column.value(row) for column in table.columns] for row in every(fetch))
        sheet = Sheet(name=table.title, head=[column.title for column in table.columns], rows=values)
        return download(workbook([sheet]), f"{table.title}.xlsx", XLSX)

    def go(self, path: str, said: str = "") -> Response:
        """To another page, where `said` is shown once."""
        if said:
            StaffStore(self.console.engine).say(self.session.token_hash, (*self.session.said, said))
        if "HX-Request" in self.request.headers:
            return Response(headers={"HX-Redirect": path})
        return RedirectResponse(path, 303)

    def audit(
        self, action: str, subject: str = "", before: dict[str, Any] | None = None, after: dict[str, Any] | None = None
    ) -> None:
        """Write down what this person did. Phone and identity numbers are taken out of every text."""
        AuditStore(self.console.engine, self.console.now).add(
            self.account.login, action, unnumbered(subject), detail(before, after)
        )


def detail(before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, Any]:
    """Before and after for the audit log; where both are given, only what differs."""
    before, after = unnumbered(before or {}), unnumbered(after or {})
    if before and after:
        names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        before = {name: before.get(name) for name in names}
        after = {name: after.get(name) for name in names}
    return {name: value for name, value in (("before", before), ("after", after)) if value}


def unnumbered(value: Any) -> Any:
    """The same without phone and identity numbers."""
    match value:
        case str():
            return mask(value, "…")[0]
        case dict():
            return {name: unnumbered(each) for name, each in value.items()}
        case list() | tuple():
            return [unnumbered(each) for each in value]
    return value


class Guard:
    """Lets somebody in who is signed in and has one of the roles; as a dependency it gives the Visit."""

    def __init__(self, roles: tuple[Role, ...], stages: tuple[Stage, ...], *, live: bool) -> None:
        self.roles, self.stages, self.live = roles, stages, live

    async def __call__(self, request: Request) -> Visit:
        """Raises Elsewhere or Problem."""
        token = request.cookies.get(COOKIE, "")
        console: Console = request.app.state.console
        session = await run_in_threadpool(console.staff.session, token, touch=not self.live)
        if session is None:
            if self.live or request.method != "GET" or "HX-Request" in request.headers:
                raise Expired
            raise Elsewhere(signing_in(_here(request)))
        if session.stage not in self.stages:
            raise Elsewhere(STEPS[session.stage])
        visit = Visit(request, token, session)
        request.state.visit = visit  # an error page keeps the navigation
        if session.account.role not in self.roles:
            raise Problem(
                403,
                "Trang này không thuộc phần việc của anh/chị",
                "Nếu anh/chị cần dùng, nhờ quản trị viên đổi vai trò của tài khoản.",
            )
        if request.method not in ("GET", "HEAD"):
            await check_csrf(request, token)
        return visit


def _here(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def signing_in(back: str) -> str:
    """Where somebody signs in who comes back to a page afterwards."""
    return f"{SIGN_IN}?next={quote(back, safe='/')}" if safe(back) and back != "/staff/" else SIGN_IN


def safe(path: str) -> bool:
    """Whether an address leads to a page of this console and nowhere else."""
    return path.startswith("/staff/") and not path.startswith("/staff/sign") and "\\" not in path and "//" not in path


STEPS: Final = {
    Stage.CODE: "/staff/code",
    Stage.ENROL: "/staff/enrol",
    Stage.PASSWORD: "/staff/password",
    Stage.OPEN: "/staff/",
}
"""Where a session of each stage goes on."""


def require(*roles: Role, stages: tuple[Stage, ...] = (Stage.OPEN,), live: bool = False) -> Any:
    """The dependency that lets these roles in; declared on the route itself. live: the page asks by itself."""
    return Depends(Guard(roles, stages, live=live))


async def check_csrf(request: Request, token: str) -> None:
    """Refuse a form that another site sent: it must hold what only this session's pages know."""
    sent = request.headers.get("X-CSRF-Token", "")
    if not sent:
        value = (await request.form()).get("csrf", "")
        sent = value if isinstance(value, str) else ""
    if not token or sent != csrf_of(token):
        raise Problem(
            403, "Biểu mẫu này đã cũ", "Anh/chị quay lại, tải lại trang rồi làm lại; nội dung đã gõ chưa được lưu."
        )


def secure(request: Request) -> bool:
    """Whether cookies must travel encrypted: everywhere but on this very machine."""
    return request.url.hostname not in ("localhost", "127.0.0.1", "::1")


def set_token(response: Response, request: Request, token: str) -> None:
    """Give a browser its session; it forgets it when it is closed."""
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=secure(request), path="/staff")


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A rendered template."""
    console: Console = request.app.state.console
    html = (
        templates()
        .get_template(template)
        .render(
            **{"account": None, "navigation": [], "said": (), "csrf": "", "role_name": "", "residents_waiting": 0}
            | {"path": request.url.path, "centre": console.centre, "now": console.now(), "query": request.query_params}
            | context
        )
    )
    return HTMLResponse(html, status)


_templates: list[Environment] = []


def templates() -> Environment:
    """The console's templates, read once."""
    if not _templates:
        environment = Environment(
            loader=FileSystemLoader(WEB / "templates" / "console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["shown"] = shown
        environment.filters["same"] = lambda texts: [(text, text) for text in texts]
        environment.filters["pairs"] = lambda agencies: [(agency.id, agency.name) for agency in agencies]
        environment.globals["version"] = _version()
        _templates.append(environment)
    return _templates[0]


def _version() -> str:
    import hashlib  # noqa: PLC0415

    files = sorted(path for path in STATIC.iterdir() if path.is_file())
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


def download(body: bytes, name: str, media_type: str) -> Response:
    """A file to keep; its name loses its marks for old browsers."""
    name = re.sub(r'[\\/:*?"<>|\r\n]', "-", name)
    plain = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D")).encode("ascii", "ignore").decode()
    said = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    return Response(body, media_type=media_type, headers={"Content-Disposition": said})
