"""The console's application: all pages, their navigation, headers and error pages. Mounted at /staff."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from types import ModuleType
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.staticfiles import StaticFiles

from bot.failures import where
from bot.web.console import (
    accounts,
    audit,
    calls,
    catalogue,
    catalogue_import,
    dossier_import,
    dossiers,
    handover,
    health,
    home,
    notices,
    overview,
    publication,
    questions,
    ratings,
    review,
    settings,
    sign_in,
    volunteers,
)
from bot.web.console.page import STATIC, Console, Elsewhere, Expired, Nav, Problem, Visit, page, safe, signing_in

log: Final = logging.getLogger(__name__)

PAGES: Final[tuple[ModuleType, ...]] = (
    home,
    overview,
    dossier_import,  # before dossiers: its address looks like a code's
    dossiers,
    notices,
    calls,
    health,
    review,
    settings,
    accounts,
    audit,
    sign_in,
    ratings,
    handover,
    volunteers,
    questions,
    publication,
    catalogue,
    catalogue_import,
)
"""Every module of pages; one with a NAV stands in the navigation, by its order."""

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def console_app(console: Console) -> FastAPI:
    """All pages over what the composition root gives."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.console = console
    entries: list[Nav] = [module.NAV for module in PAGES if hasattr(module, "NAV")]
    app.state.navigation = sorted(entries, key=lambda entry: entry.order)
    app.mount("/static", StaticFiles(directory=STATIC))
    for module in PAGES:
        app.include_router(module.router)
    app.middleware("http")(_headers)
    app.add_exception_handler(Elsewhere, _elsewhere)
    app.add_exception_handler(Expired, _expired)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    for refusal in (DataError, OverflowError):
        app.add_exception_handler(refusal, _unstorable)
    return app


async def _headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    length = request.headers.get("Content-Length", "")
    if request.method in ("POST", "PUT", "PATCH") and not (length.isdecimal() and int(length) <= LARGEST_BODY):
        return _error(request, 413 if length else 411, *_TOO_LARGE)  # before anything is read
    try:
        response = await call_next(request)
    except Exception as error:  # noqa: BLE001
        log.error("a page of the console failed: %s", where(error))  # its address may name a dossier
        response = _error(request, 500, "Trang này đang gặp trục trặc", _LATER)
    response.headers.update(HEADERS)
    if "/static/" in request.url.path and request.query_params.get("v"):
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    elif "/static/" not in request.url.path:
        response.headers["Cache-Control"] = "no-store"
    return response


LARGEST_BODY: Final = 25_000_000
_TOO_LARGE: Final = ("Tệp quá lớn", "Anh/chị chia tệp nhỏ ra rồi gửi từng phần.")
_LATER: Final = "Anh/chị thử lại sau ít phút. Nếu vẫn vậy, báo quản trị viên kèm giờ xảy ra."


async def _elsewhere(request: Request, refusal: Any) -> Response:
    if "HX-Request" in request.headers:
        return Response(status_code=204, headers={"HX-Redirect": refusal.path})
    return RedirectResponse(refusal.path, 303)


async def _expired(request: Request, _refusal: Any) -> Response:
    """A notice beside what somebody is writing; where a form was sent, what it held, to be copied."""
    url = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer") or "")
    back = url.path + (f"?{url.query}" if url.query else "")
    address = signing_in(back if safe(back) else "/staff/")
    if "HX-Request" in request.headers:
        response: Response = page(request, "expired_part.html", status=STOP_POLLING, address=address)
        response.headers.update({"HX-Retarget": "#problem", "HX-Reswap": "innerHTML"})
        return response
    return page(request, "expired.html", status=401, address=address, typed=await _typed(request))


async def _typed(request: Request) -> list[str]:
    """The sentences of a form that was sent in vain."""
    if request.method != "POST":
        return []
    try:
        sent = (await request.form()).multi_items()
    except (HTTPException, ClientDisconnect):
        return []
    texts = [value for name, value in sent if name not in _NOT_TEXT and isinstance(value, str)]
    return [text for text in texts if " " in text.strip()]


STOP_POLLING: Final = 286
"""htmx takes the answer and asks no more."""
_NOT_TEXT: Final = frozenset({"csrf", "nonce", "login", "password", "old", "new", "again", "code"})


async def _problem(request: Request, problem: Any) -> Response:
    return _error(request, problem.status, problem.title, problem.what_to_do, await _typed(request))


async def _http(request: Request, error: Any) -> Response:
    said = {
        404: ("Không có trang này", "Anh/chị kiểm tra lại địa chỉ, hoặc chọn trang ở menu."),
        405: ("Không mở trực tiếp được trang này", "Anh/chị quay lại và bấm nút trên trang."),
        413: _TOO_LARGE,
    }
    return _error(request, error.status_code, *said.get(error.status_code, ("Yêu cầu không đúng", _LATER)))


async def _invalid(request: Request, error: Any) -> Response:
    fields = ", ".join(str(problem["loc"][-1]) for problem in error.errors())
    return _error(request, 422, "Có ô chưa đúng", f"Anh/chị quay lại và kiểm tra: {fields}.", await _typed(request))


async def _unstorable(request: Request, _refusal: Any) -> Response:
    return _error(request, 422, "Có ô chưa đúng", "Anh/chị quay lại, gõ lại các ô; không dán ký tự lạ hay số quá dài.")


def _error(request: Request, status: int, title: str, what_to_do: str, typed: Sequence[str] = ()) -> Response:
    """typed: what a refused form held, to be copied."""
    context = {"title": title, "what_to_do": what_to_do, "typed": typed}
    if "HX-Request" in request.headers:
        return page(request, "problem.html", status=status, **context)
    visit: Visit | None = getattr(request.state, "visit", None)
    if visit:
        return visit.show("error.html", status=status, **context)
    return page(request, "error.html", status=status, **context)
