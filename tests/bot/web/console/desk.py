"""The console for tests: an application over an empty database, and people who sign in to it."""

import re
from typing import Any, Final

import pyotp
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from bot.catalogue_records import Publish
from bot.dialogue.wording.notices import TEMPLATES, WORDS, counter
from bot.messages import Contact
from bot.services.guide import Guide
from bot.services.notices import Announcements, Notices
from bot.services.staff import Staff
from bot.staff_records import Account, Role
from bot.storage.bulks import BulkStore
from bot.storage.consents import consenting
from bot.storage.dossiers import DossierStore
from bot.storage.notices import Outbox
from bot.storage.staff import StaffStore
from bot.web.console.app import console_app
from bot.web.console.page import Console
from knowledge_base.centre import SHIPPED, load_centre
from tests.bot.dossiers import HASHER, Clock

PASSWORD: Final = "con trâu gặm cỏ 47"
AGENCY: Final = "so-tu-phap"


def build(engine: Engine, guide: Guide, now: Clock | None = None, publish: Publish | None = None) -> FastAPI:
    """The console at /staff, wired as the composition root does."""
    clock: dict[str, Any] = {"now": now} if now else {}
    centre = load_centre(SHIPPED)
    outbox = Outbox(engine, **clock)
    notices = Notices(outbox, followers, TEMPLATES, words=WORDS, counter=counter(centre))

    def about(scope: str) -> str | None:
        agency = centre.agency(scope.removeprefix("agency:"))
        return agency.name if agency else None

    bulks = BulkStore(engine, outbox, **clock)
    console = Console(
        engine=engine,
        guide=guide,
        centre=centre,
        centre_file=SHIPPED,
        hasher=HASHER,
        dossiers=DossierStore(engine, notices.on_change, **clock),
        outbox=outbox,
        announcements=Announcements(bulks, TEMPLATES, about=about, counts=outbox.counts),
        staff=Staff(StaffStore(engine, **clock), HASHER, passwords=PasswordHasher.from_parameters(CHEAPEST), **clock),
        publish=publish,
        **clock,
    )
    app = FastAPI()
    app.mount("/staff", console_app(console))
    return app


def followers(connection: Any, scope: str) -> list[Contact]:
    return [consent.contact for consent in consenting(connection, [scope])]


class Desk:
    """A browser of somebody who may be signed in."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.client = TestClient(app, base_url="http://localhost", follow_redirects=False)

    @property
    def console(self) -> Console:
        """What the pages stand on."""
        mounted = next(route for route in self.app.routes if getattr(route, "path", "") == "/staff")
        console: Console = mounted.app.state.console  # type: ignore[attr-defined]
        return console

    def get(self, path: str, **options: Any) -> Any:
        """Open a page."""
        return self.client.get(path, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
        """Send a form with the session's CSRF token."""
        return self.client.post(path, data={"csrf": self.csrf(), **(data or {})}, **options)

    def csrf(self) -> str:
        """What every form of this session holds."""
        from bot.services.staff import csrf_of

        return csrf_of(self.client.cookies.get("motcua_staff") or "")


def add(desk: Desk, role: Role, login: str = "", agency: str = AGENCY) -> Account:
    """An account with the password of the tests, past its first sign-in."""
    login = login or f"{role.value}.an"
    account, _ = desk.console.staff.add(login=login, name=f"Người {role.value}", role=role, agency=agency, by="test")
    store = StaffStore(desk.console.engine)
    hashed = PasswordHasher.from_parameters(CHEAPEST).hash(PASSWORD)
    store.change(account.id, password=hashed, must_change=False)
    found = store.find(login)
    assert found is not None
    return found


def code_of(desk: Desk, account: Account) -> str:
    """What the person's telephone shows."""
    salt = StaffStore(desk.console.engine).secret(account.id).code_salt
    return pyotp.TOTP(desk.console.staff._secret(account, salt)).at(desk.console.now())


def sign_in(app: FastAPI, role: Role, login: str = "", agency: str = AGENCY) -> Desk:
    """A new account of this role in a browser of its own, signed in as people do it."""
    desk = Desk(app)
    account = add(desk, role, login, agency)
    desk.get("/staff/sign-in")
    answer = desk.post("/staff/sign-in", {"login": account.login, "password": PASSWORD})
    assert answer.status_code == 303, answer.text
    if role is Role.ADMINISTRATOR:
        assert answer.headers["location"] == "/staff/enrol"
        secret = re.search(r"<code>([A-Z2-7 ]+)</code>", desk.get("/staff/enrol").text)
        assert secret is not None
        code = pyotp.TOTP(secret.group(1).replace(" ", "")).at(desk.console.now())
        answer = desk.post("/staff/enrol", {"code": code})
        assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == "/staff/"
    return desk
