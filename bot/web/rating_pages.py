"""Rating without a chat: the page behind a slip's QR code, and the tablet at a counter.

/danhgia asks for a code and tells what the centre has changed; /danhgia/CODE rates that visit. With the first score
the browser gets a random cookie: for 24 hours it alone sees and changes this rating, whoever else holds the slip.
/kiosk/COUNTER/TOKEN is a tablet's page: it asks when an officer has said that a visit is over, or takes the code of a
slip, and returns to its beginning by itself after 30 seconds; what was given there is never shown again. All of it
works without scripts and by keyboard.
"""

import re
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot import visit_codes
from bot.dialogue.wording import rating as wording
from bot.messages import Contact
from bot.rating_records import CHANGEABLE, ChangeNote, Criterion
from bot.services.ratings import KIOSK, PAGE, Closed, Found, KeptRatings, Later, Mine, Unproven
from bot.web.addresses import address_of, is_secure
from knowledge_base.centre import VIETNAM, Centre

TEMPLATES: Final = Path(__file__).parent / "templates" / "rating"
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
LISTED: Final = 10
RESETS_AFTER: Final = 30
"""Seconds after which a tablet forgets who stood before it."""
COOKIE: Final = "motcua_rating"
COOKIE_LASTS: Final = CHANGEABLE + timedelta(hours=1)
"""The browser forgets who it was soon after nothing can be changed any more."""
TAP_LENGTH: Final = 64
Score = Annotated[str, Form(pattern="^[1-5]?$")]
Words = Annotated[str, Form(max_length=4000)]
Short = Annotated[str, Form(max_length=100)]


class _Place(msgspec.Struct, frozen=True):
    """One form of one visit. who: the browser, or at the tablet this very form. home: where its page begins."""

    who: Contact
    ref: str
    home: str
    address: str

    @property
    def kiosk(self) -> bool:
        """Whether it stands on a counter's tablet."""
        return self.who.channel == KIOSK

    @property
    def action(self) -> str:
        """Where the form is sent."""
        return f"{self.home}/{quote(self.ref, safe='')}"


def _at_home(request: Request, code: str) -> _Place:
    who = Contact(PAGE, _random(request.cookies.get(COOKIE, "")))
    return _Place(who, code, "/danhgia", address_of(request))


def _known_again(response: Response, request: Request, place: _Place) -> Response:
    """The same with the cookie, from the form on: sent twice it must be one person's."""
    response.set_cookie(
        COOKIE,
        place.who.id,
        max_age=int(COOKIE_LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
        path="/danhgia",
    )
    return response


def _at_tablet(request: Request, home: str, ref: str, once: str = "") -> _Place:
    return _Place(Contact(KIOSK, _random(once)), ref, home, address_of(request))


def _random(given: str) -> str:
    """What this browser or form was given before, else something that nobody can guess."""
    return given if re.fullmatch(r"[A-Za-z0-9_-]{32}", given) else secrets.token_urlsafe(24)


class RatingPages:
    """The routes over the ratings of the composition root."""

    def __init__(self, ratings: KeptRatings, centre: Centre) -> None:
        self._ratings, self._centre = ratings, centre
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._templates.filters["day"] = _day
        self.router = APIRouter()
        add = self.router.add_api_route
        add("/danhgia", self.start, methods=["GET"])
        add("/danhgia", self.enter, methods=["POST"])
        add("/danhgia/{code}", self.form, methods=["GET"])
        add("/danhgia/{code}", self.rate, methods=["POST"])
        add("/danhgia/{code}/goi", self.call, methods=["POST"])
        add("/kiosk/{counter}/{token}", self.kiosk, methods=["GET"])
        add("/kiosk/{counter}/{token}", self.kiosk_enter, methods=["POST"])
        add("/kiosk/{counter}/{token}/waiting", self.kiosk_waiting, methods=["GET"])
        add("/kiosk/{counter}/{token}/gone", self.kiosk_gone, methods=["POST"])
        add("/kiosk/{counter}/{token}/{ref}", self.kiosk_rate, methods=["POST"])
        add("/kiosk/{counter}/{token}/{ref}/goi", self.kiosk_call, methods=["POST"])

    # --- at home ---

    def start(self) -> Response:
        """Asks for a code; tells what has changed."""
        return self._start("/danhgia")

    def enter(self, code: Short = "") -> Response:
        """Reads a typed code."""
        known = visit_codes.normal(code)
        if known is None:
            return self._start("/danhgia", wording.NO_VISIT_CODE, 422)
        return RedirectResponse(f"/danhgia/{visit_codes.bare(known)}", 303)

    def form(self, request: Request, code: str) -> Response:
        """The three criteria of one visit."""
        place = _at_home(request, code)
        return _known_again(self._form(place), request, place)

    def rate(  # noqa: PLR0917 - the fields of a form, handed over by name
        self, request: Request, code: str, f: Score = "", c: Score = "", a: Score = "", words: Words = ""
    ) -> Response:
        """Keeps what was chosen; from now on the visit is rated by this browser."""
        place = _at_home(request, code)
        return _known_again(self._rate(place, {"f": f, "c": c, "a": a}, words), request, place)

    def call(self, request: Request, code: str, phone: Short = "") -> Response:
        """Keeps a number to call."""
        return self._call(_at_home(request, code), phone)

    # --- at the counter ---

    def kiosk(self, request: Request, counter: str, token: str) -> Response:
        """What the tablet shows: the visit that is over, else a word of welcome and a field for a code."""
        home = self._home(counter, token)
        if home is None:
            return self._no_kiosk()
        waiting = self._ratings.waiting(self._ratings.counter_of(counter))
        if waiting is None:
            return self._start(home, kiosk=True)
        return self._form(_at_tablet(request, home, waiting))

    def kiosk_enter(self, request: Request, counter: str, token: str, code: Short = "") -> Response:
        """Reads the code of a slip at the tablet."""
        home = self._home(counter, token)
        if home is None:
            return self._no_kiosk()
        known = visit_codes.normal(code)
        if known is None:
            return self._start(home, wording.NO_VISIT_CODE, 422, kiosk=True)
        return self._form(_at_tablet(request, home, visit_codes.bare(known)))

    def kiosk_waiting(self, counter: str, token: str) -> Response:
        """Whether there is a visit to ask about; the tablet's page looks every few seconds."""
        known = self._home(counter, token) is not None
        waits = known and self._ratings.waiting(self._ratings.counter_of(counter)) is not None
        return JSONResponse({"waiting": waits}, headers=HEADERS)

    def kiosk_gone(self, counter: str, token: str, ref: Short = "") -> Response:
        """Nobody touched the form for 30 seconds: the next person must not rate the visit of the one before."""
        home = self._home(counter, token)
        if home is not None and ref:
            self._ratings.gone(self._ratings.counter_of(counter), ref)
        return RedirectResponse(home or "/danhgia", 303)

    def kiosk_rate(  # noqa: PLR0917 - the fields of a form, handed over by name
        self,
        request: Request,
        counter: str,
        token: str,
        ref: str,
        f: Score = "",
        c: Score = "",
        a: Score = "",
        words: Words = "",
        once: Short = "",
    ) -> Response:
        """Keeps what was chosen at the tablet; nothing of it is changed or shown there again."""
        home = self._home(counter, token)
        if home is None:
            return self._no_kiosk()
        place = _at_tablet(request, home, ref, once)
        found = self._found(place)
        if isinstance(found, Mine) and found.rating.scores:  # sent twice by a trembling finger
            return self._thanks(place, found)
        if isinstance(found, Mine) and not self._stands_here(found, counter):
            return self._refused(place, Unproven())
        return self._rate(place, {"f": f, "c": c, "a": a}, words)

    def kiosk_call(  # noqa: PLR0917 - see above
        self, request: Request, counter: str, token: str, ref: str, phone: Short = "", once: Short = ""
    ) -> Response:
        """Keeps a number to call, typed at the tablet."""
        home = self._home(counter, token)
        if home is None:
            return self._no_kiosk()
        return self._call(_at_tablet(request, home, ref, once), phone)

    # --- what both share ---

    def _home(self, part: str, token: str) -> str | None:
        counter = self._ratings.counter_of(part)
        return self._ratings.kiosk_path(counter) if self._ratings.is_kiosk(counter, token) else None

    def _stands_here(self, found: Mine, part: str) -> bool:
        """A tablet speaks for the taps of its own counter; a slip may be rated at any."""
        return len(found.ref) < TAP_LENGTH or found.visit.counter == self._ratings.counter_of(part)

    def _no_kiosk(self) -> Response:
        return self._page("stop.html", 404, home="/danhgia", said=_NO_KIOSK)

    def _found(self, place: _Place) -> Found:
        return self._ratings.find(place.who, place.ref, place.address)

    def _start(self, home: str, problem: str = "", status: int = 200, *, kiosk: bool = False) -> Response:
        notes = self._ratings.changes(LISTED)
        return self._page("start.html", status, home=home, problem=problem, notes=notes, kiosk=kiosk)

    def _form(self, place: _Place, problem: str = "") -> Response:
        found = self._found(place)
        if not isinstance(found, Mine):
            return self._refused(place, found)
        return self._page(
            "form.html",
            422 if problem else 200,
            place=place,
            home=place.home,
            kiosk=place.kiosk,
            problem=problem,
            questions=[(each.value, wording.QUESTIONS[each], found.rating.scores.get(each)) for each in Criterion],
            scores=wording.SCORES,
            comment=found.rating.comment,
            ref=found.ref,
        )

    def _rate(self, place: _Place, scores: dict[str, str], words: str) -> Response:
        found = self._found(place)
        given = {Criterion(letter): int(score) for letter, score in scores.items() if score}
        if not isinstance(found, Mine):
            return self._refused(place, found)
        if not given:
            return self._form(place, _NOTHING_CHOSEN)
        for criterion, score in given.items():
            found = self._ratings.give(place.who, place.ref, criterion, score)
        if isinstance(found, Mine) and words.strip() != found.rating.comment:
            found = self._ratings.comment(place.who, place.ref, words)
        return self._thanks(place, found)

    def _call(self, place: _Place, phone: str) -> Response:
        try:
            kept = self._ratings.ask_call(place.who, place.ref, phone)
        except ValueError:
            return self._thanks(place, self._found(place), wording.NO_PHONE)
        if not kept:
            return self._refused(place, self._found(place))
        return self._page("stop.html", home=place.home, said=wording.CALLED_WEB, kiosk=place.kiosk)

    def _thanks(self, place: _Place, found: Found, problem: str = "") -> Response:
        if not isinstance(found, Mine) or not found.rating.scores:
            return self._refused(place, found)
        return self._page(
            "thanks.html",
            422 if problem else 200,
            place=place,
            home=place.home,
            kiosk=place.kiosk,
            problem=problem,
            low=found.rating.low,
            notes=self._ratings.changes(LISTED),
        )

    def _refused(self, place: _Place, found: Found) -> Response:
        status, said = 404, wording.UNKNOWN
        match found:
            case Closed():
                status, said = 409, wording.CLOSED
            case Later(seconds):
                status, said = 429, wording.later(seconds, self._centre)
        return self._page("stop.html", status, home=place.home, said=said, kiosk=place.kiosk)

    def _page(self, template: str, status: int = 200, **said: object) -> HTMLResponse:
        given = {"centre": self._centre, "w": wording, "kiosk": False, "seconds": RESETS_AFTER} | said
        return HTMLResponse(self._templates.get_template(template).render(**given), status, headers=HEADERS)


_NO_KIOSK: Final = "Địa chỉ của máy tính bảng này không đúng. Cán bộ mở lại đường dẫn do quản trị viên cấp."
_NOTHING_CHOSEN: Final = "Bạn chọn giúp ít nhất một ô điểm, từ 1 đến 5."


def _day(note: ChangeNote) -> str:
    return f"{note.published_at.astimezone(VIETNAM):%d/%m/%Y}" if note.published_at else ""
