"""The volunteers' page on a phone, and the checklist that a person takes along.

/assist is one page for all cases of a seat, held together by a script: ticks are kept on the phone and sent when there
is a connection (each with the client's name and a rising counter, see bot.volunteer_records.Mark). The requests of the
script are JSON and change only what belongs to the cookie's seat. /giayto/TOKEN opens a checklist without scripts.
"""

import hashlib
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool

from bot.checklist_links import PREFIX
from bot.dialogue.flows.procedure import list_choices, paper_list
from bot.dialogue.wording import assist as wording
from bot.dialogue.wording import dossier as dossier_wording
from bot.dialogue.wording import places
from bot.dialogue.wording import procedure as procedure_wording
from bot.dossier_codes import find_or_part as dossier_code_in
from bot.services.assistance import Joined, KeptAssistance
from bot.services.dossiers import Shown, Wait
from bot.services.guide import Guide
from bot.services.staff import new_token, token_hash
from bot.volunteer_records import Case, Handed, Mark, Outcome, Seat
from bot.web.addresses import address_of, is_secure
from knowledge_base.centre import Centre

WEB: Final = Path(__file__).parent
TEMPLATES: Final = WEB / "templates" / "assist"
STATIC: Final = WEB / "static" / "assist"
SHARED: Final = WEB / "static" / "console" / "pico.min.css"
COOKIE: Final = "motcua_assist"
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # with "no-referrer" browsers would send "Origin: null" with our own forms
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
LARGEST_BODY: Final = 64_000
FOUND: Final = 6
T = TypeVar("T", bound=msgspec.Struct)
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
Whole = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class _Open(msgspec.Struct):
    number: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    nonce: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{16,64}$")]


class _Choose(msgspec.Struct):
    chosen: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    procedure: Annotated[str, msgspec.Meta(max_length=32)]
    position: Annotated[str, msgspec.Meta(max_length=8)] = ""


class _Op(msgspec.Struct):
    paper: Whole
    has: bool
    counter: Whole


class _Ticks(msgspec.Struct):
    client: Name
    chosen: Whole
    ops: Annotated[list[_Op], msgspec.Meta(max_length=500)]


class _Close(msgspec.Struct):
    outcome: Outcome
    ago: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 0
    """Seconds since it was closed on the phone, which had no connection."""


class _Find(msgspec.Struct):
    text: Annotated[str, msgspec.Meta(max_length=300)]


class _Dossier(msgspec.Struct):
    code: Annotated[str, msgspec.Meta(max_length=200)]
    digits: Annotated[str, msgspec.Meta(max_length=20)]


class _Stop(Exception):  # noqa: N818 - it is an answer
    """A request that is answered with a status and a sentence instead."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status, self.said = status, said


class AssistPages:
    """The routes over the volunteers of the composition root; bot_name: of the Telegram bot, "" for none."""

    def __init__(self, assistance: KeptAssistance, guide: Guide, centre: Centre, bot_name: str = "") -> None:
        self._assistance, self._guide, self._centre = assistance, guide, centre
        self._bot_name = bot_name.removeprefix("@")
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        files = [*sorted(STATIC.iterdir()), *sorted(TEMPLATES.iterdir()), SHARED]
        self._version = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
        self.router = APIRouter()
        add = self.router.add_api_route
        add("/assist", self.page, methods=["GET"])
        add("/assist/join", self.join_page, methods=["GET"])
        add("/assist/join", self.join, methods=["POST"])
        add("/assist/sw.js", self.worker, methods=["GET"])
        add("/assist/manifest.webmanifest", self.manifest, methods=["GET"])
        for path, method in (
            ("/assist/api/state", self._state),
            ("/assist/api/leave", self._leave),
            ("/assist/api/find", self._find),
            ("/assist/api/dossier", self._dossier),
            ("/assist/api/cases", self._open),
            ("/assist/api/cases/{case}/choose", self._choose),
            ("/assist/api/cases/{case}/ticks", self._ticks),
            ("/assist/api/cases/{case}/link", self._link),
            ("/assist/api/cases/{case}/close", self._close),
        ):
            add(path, self._guarded(method), methods=["POST"])
        add("/giayto/{token}", self.theirs, methods=["GET"])
        add("/giayto/{token}", self.their_tick, methods=["POST"])

    # --- pages ---

    def page(self, request: Request) -> Response:
        """The page of a volunteer; it holds nothing of a case, so that a phone may keep it for when it is offline."""
        seat = self._assistance.seat_of(_key(request))
        if seat is None:
            return RedirectResponse("/assist/join", 303, headers=HEADERS)
        outcomes = [(each.value, wording.OUTCOMES[each]) for each in Outcome if each != Outcome.LEFT]
        return self._page("app.html", outcomes=outcomes)

    def join_page(self, request: Request) -> Response:
        """Asks for the code."""
        if self._assistance.seat_of(_key(request)):
            return RedirectResponse("/assist", 303, headers=HEADERS)
        return self._page("join.html", problem="")

    async def join(self, request: Request) -> Response:
        """Reads the code; wrong ones are limited by address."""
        if not _same_origin(request):
            return self._page("join.html", 403, problem="Bạn tải lại trang rồi gõ lại mã.")
        typed = (await request.form(max_files=0, max_fields=4)).get("code", "")
        token = new_token()
        code = typed if isinstance(typed, str) else ""
        result = await run_in_threadpool(self._assistance.sit, token_hash(token), code[:100], address_of(request))
        if isinstance(result, Wait):
            said = dossier_wording.wait(result.seconds, self._centre)[0]
            return self._page("join.html", 429, problem=said)
        if not isinstance(result, Joined):
            return self._page("join.html", 422, problem=wording.REFUSED)
        before = await run_in_threadpool(self._assistance.seat_of, _key(request))
        if before and before.volunteer.id == result.seat.volunteer.id:  # still here: the open cases stay
            await run_in_threadpool(self._assistance.get_up, token_hash(token))
            return RedirectResponse("/assist", 303, headers=HEADERS)
        await run_in_threadpool(self._assistance.get_up, _key(request))
        response = RedirectResponse("/assist", 303, headers=HEADERS)
        response.set_cookie(
            COOKIE,
            token,
            httponly=True,
            samesite="strict",
            secure=is_secure(request),
            path="/assist",
            expires=result.seat.lasts_until,
        )
        return response

    def worker(self) -> Response:
        """The service worker; it may serve /assist itself, not only what is below."""
        script = (STATIC / "sw.js").read_text("utf-8").replace("{{version}}", self._version)
        more = {"Service-Worker-Allowed": "/assist", "Cache-Control": "no-cache"}
        return Response(script, media_type="text/javascript", headers=HEADERS | more)

    def manifest(self) -> Response:
        """What makes the page an app on the home screen."""
        return FileResponse(STATIC / "manifest.json", media_type="application/manifest+json", headers=HEADERS)

    # --- what the script asks ---

    def _guarded(self, answer: Any) -> Any:
        """A route for the script: JSON of our own page, from somebody with a seat."""

        async def route(request: Request) -> Response:
            try:
                kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
                if kind != "application/json" or not _same_origin(request):
                    raise _Stop(403, "Bạn tải lại trang rồi làm lại.")
                body = await _body(request)
                seat = await run_in_threadpool(self._assistance.seat_of, _key(request))
                if seat is None:
                    raise _Stop(401, wording.NO_SEAT)
                said = await run_in_threadpool(answer, request, seat, body)
            except _Stop as stop:
                return JSONResponse({"said": stop.said}, stop.status, headers=HEADERS)
            return JSONResponse(said, headers=HEADERS)

        return route

    def _state(self, _request: Request, seat: Seat, _body: bytes) -> Any:
        cases = self._assistance.cases(seat)
        volunteer = {"nickname": seat.volunteer.nickname, "unit": seat.volunteer.unit}
        return {"seat": seat.id, "volunteer": volunteer, "last": seat.last, "cases": [self._told(c) for c in cases]}

    def _leave(self, request: Request, _seat: Seat, _body: bytes) -> Any:
        self._assistance.get_up(_key(request))
        return {}

    def _find(self, _request: Request, _seat: Seat, body: bytes) -> Any:
        found = self._guide.find(_read(body, _Find).text)
        known = (self._guide.procedure(match.code) for match in found.matches[:FOUND])
        return {
            "found": [
                {
                    "code": each.code,
                    "name": each.plain_name or each.name,
                    "official": each.name,
                    "agency": self._centre.agency_name(each.agency),
                }
                for each in known
                if each
            ]
        }

    def _dossier(self, _request: Request, seat: Seat, body: bytes) -> Any:
        asked = _read(body, _Dossier)
        code, digits = dossier_code_in(asked.code), re.sub(r"\D", "", asked.digits)
        if code is None:
            raise _Stop(422, dossier_wording.NO_CODE)
        if len(digits) != 4:
            raise _Stop(422, dossier_wording.NO_DIGITS)
        result = self._assistance.look_up(seat, code, digits)
        if isinstance(result, Wait):
            raise _Stop(429, " ".join(dossier_wording.wait(result.seconds, self._centre)))
        if not isinstance(result, Shown):
            raise _Stop(422, dossier_wording.WRONG)
        said = dossier_wording.page(result.dossier, self._centre, self._assistance.now())
        return {"said": [paragraph.removeprefix("# ") for paragraph in said]}

    def _open(self, _request: Request, seat: Seat, body: bytes) -> Any:
        asked = _read(body, _Open)
        case = self._assistance.store.open(seat.id, asked.number, asked.nonce)
        if case is None:
            raise _Stop(409, wording.GONE)
        return self._told(case)

    def _choose(self, request: Request, seat: Seat, body: bytes) -> Any:
        asked = _read(body, _Choose)
        if self._guide.procedure(asked.procedure) is None:
            raise _Stop(422, wording.NOT_FOUND)
        case = self._assistance.store.choose(
            seat.id, request.path_params["case"], asked.chosen, asked.procedure, asked.position
        )
        return self._told(_there(case))

    def _ticks(self, request: Request, seat: Seat, body: bytes) -> Any:
        asked = _read(body, _Ticks)
        case = _there(self._assistance.store.case(seat.id, request.path_params["case"]))
        total = self._total(case)
        marks = [
            Mark(paper=op.paper, has=op.has, counter=op.counter, client=asked.client)
            for op in asked.ops
            if op.paper < total
        ]
        return self._told(_there(self._assistance.marked(seat, case.id, asked.chosen, marks)))

    def _link(self, request: Request, seat: Seat, _body: bytes) -> Any:
        import segno  # noqa: PLC0415 - only when somebody asks

        case = _there(self._assistance.store.case(seat.id, request.path_params["case"]))
        token = self._assistance.link(case)
        address = f"{'https' if is_secure(request) else 'http'}://{request.url.netloc}/giayto/{token}"
        picture = segno.make(address, error="m").svg_data_uri(scale=4, border=4, light="#fff", dark="#000")
        bot = f"https://t.me/{self._bot_name}?start={PREFIX}{token}" if self._bot_name else ""
        return {"address": address, "picture": picture, "bot": bot, "said": wording.HANDED_HERE}

    def _close(self, request: Request, seat: Seat, body: bytes) -> Any:
        # closed already (the answer did not arrive): that is what was wanted
        asked = _read(body, _Close)
        if asked.outcome is Outcome.LEFT:
            raise _Stop(400, wording.HOW_CLOSED)
        self._assistance.store.close(seat.id, request.path_params["case"], asked.outcome, timedelta(seconds=asked.ago))
        return {}

    def _told(self, case: Case) -> dict[str, Any]:
        """A case as the script keeps it on the phone."""
        found = self._guide.procedure(case.procedure)
        papers = paper_list(found, case.position) if found else None
        choices = list_choices(found) if found and papers is None else []
        return {
            "id": case.id,
            "number": case.number,
            "chosen": case.chosen,
            "procedure": case.procedure,
            "name": (found.plain_name or found.name) if found else "",
            "of": papers.label if papers else "",
            "source": procedure_wording.source(found) if found else "",
            "choices": [{"position": position, "label": label} for position, label in choices],
            "papers": [procedure_wording.paper_line(paper) for paper in papers.papers] if papers else [],
            "marks": [[mark.paper, mark.has, mark.counter, mark.client] for mark in case.marks],
        }

    def _total(self, case: Case) -> int:
        found = self._guide.procedure(case.procedure)
        papers = paper_list(found, case.position) if found else None
        return len(papers.papers) if papers else 0

    # --- the person's own phone ---

    def theirs(self, token: str) -> Response:
        """A checklist that was handed over; its ticks stand in the address."""
        handed = self._assistance.read(token)
        found = self._guide.procedure(handed.procedure) if handed else None
        papers = paper_list(found, handed.position) if found and handed else None
        if handed is None or found is None or papers is None:
            return self._page("theirs.html", 404, found=None, said=wording.EXPIRED)
        lines = [(n, procedure_wording.paper_line(paper), n in handed.ticks) for n, paper in enumerate(papers.papers)]
        return self._page(
            "theirs.html",
            found=found,
            of=papers.label,
            lines=lines,
            done=sum(has for _, _, has in lines),
            token=token,
            source=procedure_wording.source(found),
            where=places.short(found, self._centre),
            bot=f"https://t.me/{self._bot_name}?start={PREFIX}{token}" if self._bot_name else "",
        )

    async def their_tick(self, request: Request, token: str) -> Response:
        """Tick or untick one paper: the page goes on under another address."""
        handed = self._assistance.read(token)
        if handed is None or not _same_origin(request):
            return self._page("theirs.html", 404, found=None, said=wording.EXPIRED)
        paper = (await request.form(max_files=0, max_fields=4)).get("paper", "")
        if isinstance(paper, str) and paper.isdecimal() and len(paper) < 4:
            token = self._assistance.sealed(handed, _toggled(handed, int(paper)))
        return RedirectResponse(f"/giayto/{token}#p{paper if isinstance(paper, str) else ''}", 303, headers=HEADERS)

    def _page(self, template: str, status: int = 200, **said: object) -> HTMLResponse:
        given = {"centre": self._centre, "w": wording, "version": self._version} | said
        return HTMLResponse(self._templates.get_template(template).render(**given), status, headers=HEADERS)


def _toggled(handed: Handed, paper: int) -> tuple[int, ...]:
    return tuple(sorted(set(handed.ticks) ^ {paper}))


def _there(case: Case | None) -> Case:
    if case is None:
        raise _Stop(410, wording.GONE)
    return case


def _read(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _Stop(400, "Bạn tải lại trang rồi làm lại.") from None


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_BODY:
            raise _Stop(413, "Bạn tải lại trang rồi làm lại.")
    return bytes(body)


def _key(request: Request) -> str:
    return token_hash(request.cookies.get(COOKIE, ""))


def _same_origin(request: Request) -> bool:
    """Another site's page may not write in a volunteer's name."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
