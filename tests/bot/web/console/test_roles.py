"""Who may open what: every route tried as every role and as nobody. Writes docs/roles.md."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from starlette.routing import Route

from bot.app import build_app, build_core
from bot.services.guide import Guide
from bot.settings import read_settings
from bot.staff_records import Role, Stage
from bot.storage.database import open_database
from bot.web.console.app import PAGES
from bot.web.console.page import ROLES, Guard, Nav
from tests.bot.dossiers import change
from tests.bot.web.console.desk import Desk, build, sign_in

DOCS = Path(__file__).parents[4] / "docs" / "roles.md"
PUBLIC = {("GET", "/sign-in"), ("POST", "/sign-in")}
"""Routes for whoever is not signed in."""
ENDS_THE_SESSION = {"/sign-out", "/sign-out-everywhere"}
HEAD = """# Who may do what in the staff console

Written by `tests/bot/web/console/test_roles.py`, which tries every route as every role and as nobody; run it with
`WRITE_DOCS=1` after a change. ✓: may; empty: is refused (403). Nobody who is not signed in gets anything but the
sign-in page. A clerk sees the dossiers of one agency only. Steps of the sign-in itself (code, enrolment, password) are
open to whoever is at that step.

"""


OUTSIDE = """
# What nobody in particular gets outside the console

Written by the same test: every other route of the application, without cookie, token, code or form.

"""


def routes() -> Iterator[tuple[APIRoute, Guard | None]]:
    """Every route of every page with its declared permission."""
    for module in PAGES:
        for route in module.router.routes:
            assert isinstance(route, APIRoute)
            yield route, next(_guards(route.dependant), None)


def _guards(dependant: Dependant) -> Iterator[Guard]:
    for each in dependant.dependencies:
        if isinstance(each.call, Guard):
            yield each.call
        yield from _guards(each)


def methods(route: APIRoute) -> str:
    return min(route.methods or ())


@pytest.fixture(scope="module")
def app(guide: Guide) -> FastAPI:
    engine: Engine = open_database("sqlite://")
    app = build(engine, guide)
    desk = Desk(app)
    desk.console.dossiers.upsert(change(agency="Sở Tư pháp"))
    return app


@pytest.fixture(scope="module")
def desks(app: FastAPI) -> dict[Role, Desk]:
    return {role: sign_in(app, role) for role in Role}


def test_every_route_declares_who_may_use_it() -> None:
    """Only the sign-in page is open to everybody."""
    without = {(methods(route), route.path) for route, guard in routes() if guard is None}
    assert without == PUBLIC


def test_nobody_gets_nothing(app: FastAPI) -> None:
    """Without a session every route but the sign-in page leads to the sign-in page, or says that it is needed."""
    for route, guard in routes():
        if guard is None:
            continue
        answer = Desk(app).client.request(methods(route), "/staff" + path(route))
        if answer.status_code == 303:
            assert answer.headers["location"].startswith("/staff/sign-in"), route.path
        else:
            assert answer.status_code == 401, route.path
            assert 'href="/staff/sign-in' in answer.text, route.path
            assert "<nav" not in answer.text, route.path


def test_every_role_is_let_in_or_refused_as_declared(desks: dict[Role, Desk]) -> None:
    """Refused is 403, whatever the address names; let in is anything else (the tried things do not exist)."""
    for route, guard in routes():
        if guard is None or route.path in ENDS_THE_SESSION or Stage.OPEN not in guard.stages:
            continue
        for role, desk in desks.items():
            answer = tried(desk, methods(route), "/staff" + path(route))
            refused = answer.status_code == 403
            assert refused == (role not in guard.roles), (methods(route), route.path, role, answer.status_code)
            assert answer.status_code != 500, (methods(route), route.path, role)


def test_no_form_is_taken_without_its_token(desks: dict[Role, Desk]) -> None:
    """A POST that another site could send is refused, whoever is signed in."""
    for route, guard in routes():
        if guard is None or methods(route) != "POST" or Stage.OPEN not in guard.stages:
            continue
        for sent in ({}, {"csrf": "0" * 64}):
            answer = desks[guard.roles[0]].client.post("/staff" + path(route), data=sent)
            assert answer.status_code == 403, route.path
            assert "đã cũ" in answer.text, route.path


def test_the_navigation_shows_what_the_role_may_open(desks: dict[Role, Desk]) -> None:
    """Every entry opens; no entry of another role is there."""
    entries: list[Nav] = [module.NAV for module in PAGES if hasattr(module, "NAV")]
    for role, desk in desks.items():
        page = desk.get("/staff/").text
        pages = page[page.index("<nav") : page.index("</nav>")]
        shown = set(re.findall(r'<li><a href="([^"]+)"', pages))
        assert shown == {entry.path for entry in entries if role in entry.roles}
        for address in shown:
            assert desk.get(address).status_code == 200, address


STREAM = "/chat/events"
"""Never ends; what it tells whom is tested with the web chat."""
SAID = {
    **dict.fromkeys((200, 204), "open"),
    **dict.fromkeys((400, 409, 411, 415, 422), "open, with a form"),
    **dict.fromkeys((401, 403), "refused"),
    303: "leads elsewhere",
    404: "nothing: needs a code or a link, or is switched off",
}


@pytest.fixture(scope="module")
def outside(index_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], int]:
    """What nobody in particular gets at every route of the application that is not the console's."""
    folder = tmp_path_factory.mktemp("outside")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MOTCUA_INDEX_DIR", str(index_dir))
        patch.setenv("MOTCUA_API_TOKENS", f"province:{'t' * 32}")
        settings = read_settings()
        core = build_core(settings, f"sqlite:///{folder / 'app.db'}")
        app = build_app(settings, core)
        got = {}
        for address, method in _addresses(app):
            if address != STREAM:
                client = TestClient(app, base_url="http://localhost", follow_redirects=False)
                got[address, method] = client.request(method, re.sub(r"\{\w+(:\w+)?\}", "1", address)).status_code
        core.engine.dispose()
    return got


def _addresses(app: FastAPI) -> Iterator[tuple[str, str]]:
    included = [getattr(route, "original_router", None) for route in app.routes]
    for route in [*app.routes, *(route for router in included if router for route in router.routes)]:
        if isinstance(route, Route):
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield route.path, method


def test_nobody_gets_other_peoples_things(outside: dict[tuple[str, str], int]) -> None:
    """The API and a volunteer's cases are refused; nothing fails; no answer is unforeseen."""
    for page in ("/assist", "/giayto/{token}", "/danhgia", "/congkhai", "/api/v1/dossiers/{code}", "/chat/messages"):
        assert any(address == page for address, _ in outside), page
    for (address, method), status in outside.items():
        assert status in SAID, (method, address, status)
        if address.startswith(("/api/", "/assist/api/")):
            assert status in (401, 403), (method, address, status)


def test_the_table_in_the_docs_is_current(outside: dict[tuple[str, str], int]) -> None:
    """docs/roles.md says what the routes declare."""
    written = HEAD + table() + OUTSIDE + _outside_table(outside)
    if os.environ.get("WRITE_DOCS"):
        DOCS.write_text(written, "utf-8")
    assert DOCS.read_text("utf-8") == written, "run this test with WRITE_DOCS=1 and read the change of docs/roles.md"


def table() -> str:
    lines = ["| route | " + " | ".join(ROLES.values()) + " |", "|---|" + "---|" * len(ROLES)]
    listed = [(route.path, methods(route), guard) for route, guard in routes() if guard is not None]
    for address, method, guard in sorted(listed, key=lambda line: line[:2]):
        marks = " | ".join("✓" if role in guard.roles else "" for role in ROLES)
        lines.append(f"| `{method} /staff{address}` | {marks} |")
    return "\n".join(lines) + "\n"


def _outside_table(outside: dict[tuple[str, str], int]) -> str:
    lines = ["| route | nobody in particular |", "|---|---|"]
    lines += [f"| `{method} {address}` | {SAID[status]} |" for (address, method), status in sorted(outside.items())]
    return "\n".join(lines) + "\n"


def path(route: APIRoute) -> str:
    """The route's address with something in place of its parameters."""
    return re.sub(r"\{\w+(:\w+)?\}", "1", route.path)


def tried(desk: Desk, method: str, address: str) -> Any:
    """The answer to a request of somebody signed in; a stream is left at once."""
    return desk.get(address) if method == "GET" else desk.post(address)
