"""The console with people and dossiers, as a process: `python -m tests.browser.console_server PORT DATABASE INDEX`.

Everybody signs in with the login of the role ("clerk.an", ...) and the password of the tests; the administrator's codes
are already set up, with the salt ADMIN_SALT.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine, insert
from starlette.staticfiles import StaticFiles

from bot.channels.webchat import STATIC
from bot.dossier_records import Status
from bot.messages import Contact
from bot.services.guide import Guide
from bot.staff_records import Role
from bot.storage.consents import ConsentStore
from bot.storage.database import open_database
from bot.storage.handovers import HandoverStore
from bot.storage.staff import StaffStore
from bot.storage.tables import calls
from tests.bot.dossiers import change
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
    with engine.begin() as connection:
        row = {"kind": "ready", "reason": "người nhận đã chặn", "since": now - timedelta(hours=5)}
        connection.execute(insert(calls), [row | {"dossier_code": f"H05.12-260715-{n:04}"} for n in (3, 9)])


def main() -> None:
    """Serve until SIGTERM."""
    port, database, index = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    engine = open_database(database)
    app = build(engine, Guide(index))
    app.mount("/static", StaticFiles(directory=STATIC))
    fill(app, engine)
    uvicorn.run(app, port=port, log_level="warning", timeout_graceful_shutdown=2)


if __name__ == "__main__":
    main()
