"""/congkhai: the director's figures for everybody to read, once the centre has switched the page on.

Only a week and a month that are over, no number below five, none that could be found by subtraction.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import Engine

from bot.dialogue.wording import rating as rating_words
from bot.dialogue.wording import review as review_words
from bot.overview_records import Overview
from bot.rating_files import rate
from bot.services.guide import Guide
from bot.services.overview import last_week, overview, public, rated_month
from bot.storage.asked import PUBLIC_PAGE, SwitchStore
from bot.web.figures import FACETS, counted
from knowledge_base.centre import VIETNAM, Centre

TEMPLATES: Final = Path(__file__).parent / "templates" / "public"
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "public, max-age=600",
}
KEPT: Final = timedelta(minutes=10)
"""For how long the counted page is kept: anybody may ask for it, as often as they like."""
NOT_TOLD: Final = "–"


class PublicFigures:
    """The route over the database of the composition root."""

    def __init__(
        self,
        engine: Engine,
        guide: Guide,
        centre: Centre,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine, self._guide, self._centre, self._now = engine, guide, centre, now
        self._switches = SwitchStore(engine, now)
        self._kept: tuple[datetime, Overview] | None = None
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._templates.filters["number"] = _number
        self._templates.filters["day"] = lambda day: f"{day:%d/%m/%Y}"
        self.router = APIRouter()
        self.router.add_api_route("/congkhai", self.show, methods=["GET"])

    def show(self) -> Response:
        """The figures of the last week and the last month that are over; 404 while the page is off."""
        if not self._switches.is_on(PUBLIC_PAGE):
            raise HTTPException(404)
        page = self._page()
        text = self._templates.get_template("figures.html").render(
            page=page,
            centre=self._centre,
            month=review_words.month(page.month),
            rated=review_words.month(rated_month(self._now().astimezone(VIETNAM).date())),
            facets={facet.value: said for facet, said in FACETS.items()},
            criteria=rating_words.NAMES,
            rate=rate,
            no_agency=review_words.NO_AGENCY,
            today=self._now().astimezone(VIETNAM).date(),
        )
        return HTMLResponse(text, headers=HEADERS)

    def _page(self) -> Overview:
        now = self._now()
        if self._kept is not None and timedelta() <= now - self._kept[0] < KEPT:
            return self._kept[1]
        today = now.astimezone(VIETNAM).date()
        week = last_week(today)
        month_end = today.replace(day=1) - timedelta(days=1)
        month = f"{month_end:%Y-%m}"
        days = (month_end.replace(day=1), month_end)
        parts = counted(
            self._engine, self._now, week, month, days, rated=rated_month(today), agency_name=self._centre.agency_name
        )
        page = public(overview(parts, *week, month, name=self._name))
        self._kept = (now, page)
        return page

    def _name(self, code: str) -> str:
        known = self._guide.procedure(code)
        return (known.plain_name or known.name) if known else code


def _number(count: int | None) -> str:
    return NOT_TOLD if count is None else f"{count:,}".replace(",", ".")
