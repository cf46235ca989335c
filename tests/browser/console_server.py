"""The office as a process: `python -m tests.browser.console_server PORT DATABASE INDEX [deliver]`.

The console with people and dossiers, and the web chat with an office that is always open; notices leave with "deliver".

Everybody signs in with the login of the role ("clerk.an", ...) and the password of the tests; the administrator's codes
are already set up, with the salt ADMIN_SALT.
"""

import asyncio
import contextlib
import random
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine, insert
from starlette.staticfiles import StaticFiles

from bot.app import Threaded
from bot.catalogue_records import Built, ImportSummary, Outcome, RecordChange, Shares
from bot.channels.webchat import STATIC, WebChat
from bot.deliver import Deliverer, DeliverySettings
from bot.dialogue.anonymous import key_of
from bot.dialogue.core import Dialogue
from bot.dialogue.privacy import conceal_people
from bot.dialogue.wording.notices import TEMPLATES
from bot.dossier_records import Status, Step
from bot.messages import Contact, Reply
from bot.notice_records import TemplateData
from bot.question_records import Ending
from bot.rating_records import Criterion
from bot.receive import Receiver
from bot.review_records import Matter
from bot.services.guide import Guide
from bot.services.handover import KeptHandovers
from bot.services.review import ReviewDesk
from bot.staff_records import Role
from bot.storage.asked import PUBLIC_PAGE, AskedStore, SwitchStore
from bot.storage.consents import ConsentStore
from bot.storage.database import open_database
from bot.storage.dossiers import DossierStore
from bot.storage.handovers import HandoverStore
from bot.storage.notices import Outbox
from bot.storage.overrides import ImportStore, OverrideStore, PublicationStore
from bot.storage.questions import QuestionStore
from bot.storage.ratings import RatingStore
from bot.storage.reviews import ReviewStore
from bot.storage.sessions import SessionStore
from bot.storage.staff import StaffStore
from bot.storage.tables import calls
from bot.storage.transcripts import TranscriptStore
from bot.web.assist import AssistPages
from bot.web.public_figures import PublicFigures
from knowledge_base.catalogue import Catalogue
from knowledge_base.centre import VIETNAM, Hours, load_centre
from knowledge_base.facets import Facet
from knowledge_base.overrides import Correct, Phrase, Remark
from tests.bot.dossiers import Clock, change, rated, service
from tests.bot.volunteers import assisting
from tests.bot.web.console.desk import Desk, add, build

ADMIN_SALT: Final = "5a" * 16
AGENCY_NAME: Final = "Sở Tư pháp"
NAMES: Final = ("Nguyễn V. A.", "Trần T. B.", "Lê H. C.", "Phạm Đ. D.", "Hoàng T. E.", "Vũ M. G.")


def fill(app: FastAPI, engine: Engine) -> None:
    """Accounts of all roles, forty dossiers, one that is late, followers, a call list."""
    desk = Desk(app)
    for role in Role:
        account = add(desk, role)
        if role is Role.ADMINISTRATOR:
            StaffStore(engine).change(account.id, enrolled=True, code_salt=ADMIN_SALT)
    now = datetime.now(UTC)
    statuses = [Status.RECEIVED, Status.PROCESSING, Status.PROCESSING, Status.DONE, Status.RETURNED, Status.SUPPLEMENT]
    for number in range(40):
        said = change(
            f"H05.12-260715-{number:04}",
            statuses[number % len(statuses)],
            phone=f"09000{number:05}",
            applicant=NAMES[number % len(NAMES)],
            agency=AGENCY_NAME if number % 2 else "Sở Nội vụ",
            procedure_code="2.000635" if number % 2 else "1.004194",
            procedure_name="Cấp bản sao Trích lục hộ tịch" if number % 2 else "Đăng ký tạm trú",
            received_at=now - timedelta(days=12),
            due_at=now + timedelta(days=number - 8),
        )
        desk.console.dossiers.upsert(said)
    consents = ConsentStore(engine)
    for number in range(60):
        consents.give(Contact("web", f"visitor-{number}"), "agency:so-tu-phap", "1")
    desk.console.announcements.draft("agency:so-tu-phap", title="Nghỉ lễ", text="Nghỉ ngày 2/9.", by="An (an)")
    consents.give(Contact("web", "visitor-1"), "dossier:H05.12-260715-0001", "1")
    HandoverStore(engine).open(
        Contact("web", "visitor-2"), agency="so-tu-phap", topic="2.000635", page="", text="Cháu hỏi lệ phí", later=False
    )
    fill_catalogue(engine)
    fill_month(engine)
    fill_ratings(engine)
    with engine.begin() as connection:
        row = {"kind": "ready", "reason": "người nhận đã chặn", "since": now - timedelta(hours=5)}
        connection.execute(insert(calls), [row | {"dossier_code": f"H05.12-260715-{n:04}"} for n in (3, 9)])


def fill_catalogue(engine: Engine) -> None:
    """Questions in every state, corrections that wait, an import, a publication that was refused."""
    store, birth = QuestionStore(engine), "1.001193"
    for text, offered in (("thằng cu vừa chào đời hôm kia", (birth, "1.000894")), ("cụ nhà em vừa mãn phần", ())):
        store.keep(
            key=key_of(text), text=text, message=text, channel="zalo", offered=offered, ending=Ending.NONE_OF_THESE
        )
    ConsentStore(engine).give(Contact("web", "visitor-9"), "question:1", "1")
    signed = {"code": birth, "who": "Người officer", "when": "", "why": "Nghị quyết 12/2026/NQ-HĐND"}
    edits = OverrideStore(engine)
    edits.add(Correct(**signed, field="fees", value=[{"kind": "amount", "amounts": [5000], "currency": "VND"}]))
    edits.add(Remark(**signed, text="Thứ bảy quầy nghỉ.", seen="0" * 16))
    edits.add(Phrase(**signed, text="bé mới đẻ làm giấy"))
    procedure = Catalogue.shipped().recorded(birth)
    assert procedure is not None
    older = msgspec.structs.replace(procedure, results=("Bản sao Giấy khai sinh",))
    summary = ImportSummary(sources=("portal.json",), records=2040, in_catalogue=2040, changed=1)
    ImportStore(engine).add("content", summary, [RecordChange(code=birth, before=older, after=procedure)])
    publications = PublicationStore(engine)
    publication = publications.start(by="Người clerk", only_words=True, why="", changes=("thêm lời “bé mới đẻ”",))
    assert publication is not None
    before = Shares(questions=530, hit1=0.957, hit3=0.998, false_abstention=0.011, abstention=0.917, wrong_sure=0.025)
    after = Shares(questions=530, hit1=0.91, hit3=0.975, false_abstention=0.011, abstention=0.917, wrong_sure=0.061)
    built = Built(outcome=Outcome.REFUSED, worse="trả lời đúng 91.0%", before=before, after=after)
    publications.finish(publication.id, built)


def chat(app: FastAPI, engine: Engine, guide: Guide, *, deliver: bool) -> None:
    """The web chat beside the console."""
    always = Hours(days=(1, 2, 3, 4, 5, 6, 7), opens=time.min, closes=time.max)
    centre = msgspec.structs.replace(load_centre(), hours=(always,), open_on=(datetime.now(VIETNAM).date(),))
    outbox = Outbox(engine)
    desk = KeptHandovers(HandoverStore(engine), outbox, TEMPLATES)
    threaded = Threaded(Receiver(Dialogue(guide, centre, handovers=desk), SessionStore(engine)))
    webchat = WebChat(threaded.receive, TranscriptStore(engine), sent=threaded.sent, centre_name=centre.name)
    app.router.routes.extend(webchat.routes())

    async def send(contact: Contact, reply: Reply, data: TemplateData) -> str:
        await webchat.send(contact, reply, data.reference)
        return ""

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        stopping = asyncio.Event()
        settings = DeliverySettings(quiet_hours=False, idle=0.2)
        sending = Deliverer(outbox, {"web": send} if deliver else {}, TEMPLATES, settings).run(stopping)
        async with webchat.running(), asyncio.TaskGroup() as tasks:
            tasks.create_task(sending)
            yield
            stopping.set()

    app.router.lifespan_context = lifespan


def fill_month(engine: Engine) -> None:
    """Last month's requests for more papers, drawn and shared out; this month's dossiers of every agency, questions of
    every kind, and two units of volunteers.
    """
    now = datetime.now(UTC)
    at = (now.astimezone(VIETNAM).replace(day=1) - timedelta(days=10)).astimezone(UTC)
    store = DossierStore(engine)
    for number in range(3):
        asked: dict[str, Any] = {"timeline": (Step(Status.SUPPLEMENT, at),), "received_at": at, "updated_at": at}
        store.upsert(change(f"H05.12-260601-{number:04}", Status.SUPPLEMENT, agency=AGENCY_NAME, **asked))
    for number, agency in enumerate(load_centre().agencies):
        code, arrived = f"H05.30-260701-{number:04}", now - timedelta(hours=1)
        store.upsert(change(code, Status.RECEIVED, agency=agency.name, received_at=arrived))
    counts = AskedStore(engine)
    longest = sorted(Catalogue.shipped(), key=lambda procedure: -len(procedure.name))[:10]
    for procedure, facet in zip(longest * 2, Facet, strict=False):
        for decision in ("sure", "sure", "several", "nothing"):
            counts.count(procedure=procedure.code, facet=facet, decision=decision, channel="web")
    desk = ReviewDesk(ReviewStore(engine), mask=conceal_people)
    desk.draw(f"{at.astimezone(VIETNAM):%Y-%m}", Matter.SUPPLEMENT, officers=["officer.an"], by="supervisor.an")


def fill_ratings(engine: Engine) -> None:
    """Ratings of the last months at the counters of all agencies, with words; some agencies have few."""
    chance, clock = random.Random(7), Clock(datetime.now(UTC) - timedelta(days=70))
    desk = rated(engine, service(engine, clock), clock)
    for week in range(9):
        for number, agency in enumerate(load_centre().agencies):
            counter = f"Quầy {number // 2 + 1}" if number % 3 else f"{number}"
            for visit, code in enumerate(desk.print_codes(counter, 9, agency=agency.name)[1]):
                if visit < 6 - number % 5:
                    who = Contact("web", f"{week}-{number}-{visit}")
                    for criterion in Criterion:
                        desk.give(who, code, criterion, chance.choice((2, 4, 4, 5, 5, 5)))
                    if visit == 0:
                        desk.comment(who, code, "Ghế chờ ít, quạt không chạy. Cán bộ hướng dẫn rõ ràng.")
        clock.passes(days=7)
    RatingStore(engine).seat("Quầy 2", AGENCY_NAME)


def main() -> None:
    """Serve until SIGTERM."""
    port, database, index = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    engine = open_database(database)
    app = build(engine, Guide(index), publish=lambda _wish, _progress: Built(outcome=Outcome.SKIPPED))
    app.mount("/static", StaticFiles(directory=STATIC))
    app.include_router(AssistPages(assisting(engine), Guide(index), load_centre(), "motcua_bot").router)
    app.include_router(PublicFigures(engine, Guide(index), load_centre()).router)
    SwitchStore(engine).turn(PUBLIC_PAGE, on=True, by="admin")
    fill(app, engine)
    chat(app, engine, Guide(index), deliver="deliver" in sys.argv[4:])
    uvicorn.run(app, port=port, log_level="warning", timeout_graceful_shutdown=2)


if __name__ == "__main__":
    main()
