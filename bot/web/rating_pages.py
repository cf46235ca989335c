"""Rating without a chat: the page behind a slip's QR code, and the tablet at a counter.

/danhgia asks for a code and tells what the centre has changed; /danhgia/CODE rates that visit. /kiosk/COUNTER/TOKEN is
a tablet's page: it asks when an officer has said that a visit is over, or takes the code of a slip, and returns to its
beginning by itself after 30 seconds. All of it works without scripts and by keyboard.
"""

from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot import visit_codes
from bot.dialogue.wording import rating as wording
from bot.messages import Contact
from bot.rating_records import ChangeNote, Criterion
from bot.services.ratings import KIOSK, Closed, Found, KeptRatings, Later, Mine
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
Score = Annotated[str, Form(pattern="^[1-5]?$")]
Words = Annotated[str, Form(max_length=4000)]
Short = Annotated[str, Form(max_length=100)]


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

    def form(self, code: str) -> Response:
        """The three criteria of one visit."""
        return self._form("/danhgia", f"/danhgia/{quote(code)}", self._found(code))

    def rate(self, code: str, f: Score = "", c: Score = "", a: Score = "", words: Words = "") -> Response:
        """Keeps what was chosen."""
        return self._rate("/danhgia", f"/danhgia/{quote(code)}", code, {"f": f, "c": c, "a": a}, words)

    def call(self, code: str, phone: Short = "") -> Response:
        """Keeps a number to call."""
        return self._call("/danhgia", f"/danhgia/{quote(code)}", code, phone)

    # --- at the counter ---

    def kiosk(self, counter: str, token: str) -> Response:
        """What the tablet shows: the visit that is over, else a word of welcome and a field for a code."""
        home = self._home(counter, token)
        if home is None:
            return self._page("stop.html", 404, home="/danhgia", said=_NO_KIOSK)
        waiting = self._ratings.waiting(counter)
        if waiting is None:
            return self._start(home, kiosk=True)
        return self._form(home, f"{home}/{waiting}", self._found(waiting), kiosk=True)

    def kiosk_enter(self, counter: str, token: str, code: Short = "") -> Response:
        """Reads the code of a slip at the tablet."""
        home = self._home(counter, token)
        if home is None:
            return self._page("stop.html", 404, home="/danhgia", said=_NO_KIOSK)
        known = visit_codes.normal(code)
        if known is None:
            return self._start(home, wording.NO_VISIT_CODE, 422, kiosk=True)
        return self._form(home, f"{home}/{visit_codes.bare(known)}", self._found(known), kiosk=True)

    def kiosk_waiting(self, counter: str, token: str) -> Response:
        """Whether there is a visit to ask about; the tablet's page looks every few seconds."""
        waits = self._home(counter, token) is not None and self._ratings.waiting(counter) is not None
        return JSONResponse({"waiting": waits}, headers=HEADERS)

    def kiosk_gone(self, counter: str, token: str, ref: Short = "") -> Response:
        """Nobody touched the form for 30 seconds: the next person must not rate the visit of the one before."""
        home = self._home(counter, token)
        if home is not None and ref:
            self._ratings.gone(counter, ref)
        return RedirectResponse(home or "/danhgia", 303)

    def kiosk_rate(  # noqa: PLR0917 - the fields of a form, handed over by name
        self, counter: str, token: str, ref: str, f: Score = "", c: Score = "", a: Score = "", words: Words = ""
    ) -> Response:
        """Keeps what was chosen at the tablet."""
        home = self._home(counter, token)
        if home is None:
            return self._page("stop.html", 404, home="/danhgia", said=_NO_KIOSK)
        return self._rate(home, f"{home}/{quote(ref)}", ref, {"f": f, "c": c, "a": a}, words, kiosk=True)

    def kiosk_call(self, counter: str, token: str, ref: str, phone: Short = "") -> Response:
        """Keeps a number to call, typed at the tablet."""
        home = self._home(counter, token)
        if home is None:
            return self._page("stop.html", 404, home="/danhgia", said=_NO_KIOSK)
        return self._call(home, f"{home}/{quote(ref)}", ref, phone, kiosk=True)

    # --- what both share ---

    def _home(self, counter: str, token: str) -> str | None:
        known = self._ratings.is_kiosk(counter, token)
        return f"/kiosk/{quote(counter, safe='')}/{token}" if known else None

    def _found(self, ref: str) -> Found:
        return self._ratings.find(*self._who(ref))

    def _who(self, ref: str) -> tuple[Contact, str]:
        """On these pages the visit is the person: who has the code may change the rating for 24 hours."""
        named = visit_codes.normal(ref) or ref
        return Contact(KIOSK, named), named

    def _start(self, home: str, problem: str = "", status: int = 200, *, kiosk: bool = False) -> Response:
        notes = self._ratings.changes(LISTED)
        return self._page("start.html", status, home=home, problem=problem, notes=notes, kiosk=kiosk)

    def _form(self, home: str, action: str, found: Found, problem: str = "", *, kiosk: bool = False) -> Response:
        if not isinstance(found, Mine):
            return self._refused(home, found, kiosk=kiosk)
        return self._page(
            "form.html",
            422 if problem else 200,
            home=home,
            action=action,
            kiosk=kiosk,
            problem=problem,
            questions=[(each.value, wording.QUESTIONS[each], found.rating.scores.get(each)) for each in Criterion],
            scores=wording.SCORES,
            comment=found.rating.comment,
            ref=found.ref,
        )

    def _rate(
        self, home: str, action: str, ref: str, scores: dict[str, str], words: str, *, kiosk: bool = False
    ) -> Response:
        who, named = self._who(ref)
        found = self._ratings.find(who, named)
        given = {Criterion(letter): int(score) for letter, score in scores.items() if score}
        if not isinstance(found, Mine):
            return self._refused(home, found, kiosk=kiosk)
        if not given:
            return self._form(home, action, found, _NOTHING_CHOSEN, kiosk=kiosk)
        for criterion, score in given.items():
            found = self._ratings.give(who, named, criterion, score)
        if isinstance(found, Mine) and words.strip() != found.rating.comment:
            found = self._ratings.comment(who, named, words)
        return self._thanks(home, action, found, kiosk=kiosk)

    def _call(self, home: str, action: str, ref: str, phone: str, *, kiosk: bool = False) -> Response:
        who, named = self._who(ref)
        try:
            kept = self._ratings.ask_call(who, named, phone)
        except ValueError:
            return self._thanks(home, action, self._ratings.find(who, named), wording.NO_PHONE, kiosk=kiosk)
        if not kept:
            return self._refused(home, self._ratings.find(who, named), kiosk=kiosk)
        return self._page("stop.html", home=home, said=wording.CALLED_WEB, kiosk=kiosk)

    def _thanks(self, home: str, action: str, found: Found, problem: str = "", *, kiosk: bool = False) -> Response:
        if not isinstance(found, Mine):
            return self._refused(home, found, kiosk=kiosk)
        return self._page(
            "thanks.html",
            422 if problem else 200,
            home=home,
            action=action,
            kiosk=kiosk,
            problem=problem,
            low=found.rating.low,
            notes=self._ratings.changes(LISTED),
        )

    def _refused(self, home: str, found: Found, *, kiosk: bool = False) -> Response:
        match found:
            case Closed():
                return self._page("stop.html", 409, home=home, said=wording.CLOSED, kiosk=kiosk)
            case Later(seconds):
                return self._page("stop.html", 429, home=home, said=wording.later(seconds, self._centre), kiosk=kiosk)
        return self._page("stop.html", 404, home=home, said=wording.UNKNOWN, kiosk=kiosk)

    def _page(self, template: str, status: int = 200, **said: object) -> HTMLResponse:
        given = {"centre": self._centre, "w": wording, "kiosk": False, "seconds": RESETS_AFTER} | said
        return HTMLResponse(self._templates.get_template(template).render(**given), status, headers=HEADERS)


_NO_KIOSK: Final = "Địa chỉ của máy tính bảng này không đúng. Cán bộ mở lại đường dẫn do quản trị viên cấp."
_NOTHING_CHOSEN: Final = "Bạn chọn giúp ít nhất một ô điểm, từ 1 đến 5."


def _day(note: ChangeNote) -> str:
    return f"{note.published_at.astimezone(VIETNAM):%d/%m/%Y}" if note.published_at else ""
