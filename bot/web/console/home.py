"""The first page: what waits for me, and where to go."""

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response

from bot.staff_records import Role
from bot.web.console.counters import counters
from bot.web.console.page import EVERYBODY, Nav, Visit, require

NAV = Nav("Trang đầu", "/staff/", tuple(Role), 0)
router = APIRouter()


@router.get("/")
def home(visit: Annotated[Visit, require(*EVERYBODY)]) -> Response:
    """Counters and the pages of this role."""
    return visit.show("home.html", counters=counters(visit))


@router.get("/counters")
def live(visit: Annotated[Visit, require(*EVERYBODY, live=True)]) -> Response:
    """The counters alone, asked for every few seconds."""
    return visit.part("counters.html", counters=counters(visit))
