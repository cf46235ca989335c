"""Browsers of the staff: a server with people and dossiers, and signing in to it as people do."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pyotp
from playwright.sync_api import Page

from bot.services.staff import Staff
from bot.staff_records import Role
from bot.storage.database import open_database
from bot.storage.staff import StaffStore
from tests.bot.dossiers import HASHER
from tests.bot.web.console.desk import PASSWORD
from tests.browser.console_server import ADMIN_SALT
from tests.browser.server import reachable

ROOT = Path(__file__).parents[2]


class Signed(Protocol):
    """A process that has a console."""

    url: str
    database: str


class Office:
    """A process of the console; `url` is its address, `database` its database."""

    def __init__(self, folder: Path, index: Path, *switches: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.database = f"sqlite:///{folder / 'console.db'}"
        command = [sys.executable, "-m", "tests.browser.console_server", str(port), self.database, str(index)]
        command += switches
        self._process = subprocess.Popen(command, cwd=ROOT)
        reachable(port, within=120)

    def stop(self) -> None:
        """Stop and wait for the end."""
        self._process.terminate()
        self._process.wait(timeout=20)


@contextmanager
def running(folder: Path, index: Path, *switches: str) -> Iterator[Office]:
    """A server that stays up meanwhile."""
    office = Office(folder, index, *switches)
    yield office
    office.stop()


def sign_in(page: Page, office: Signed, role: Role) -> None:
    """Type login and password, and the telephone's code where the role needs one."""
    page.goto(f"{office.url}/staff/sign-in")
    page.get_by_label("Tên đăng nhập").fill(f"{role.value}.an")
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    if role is Role.ADMINISTRATOR:
        engine = open_database(office.database)
        store = StaffStore(engine)
        account = store.find("administrator.an")
        assert account is not None
        store.change(account.id, code_step=0)  # a test may sign in twice within half a minute
        secret = Staff(store, HASHER)._secret(account, ADMIN_SALT)
        engine.dispose()
        page.get_by_label("Mã 6 số").fill(pyotp.TOTP(secret).at(datetime.now(UTC)))
        page.get_by_role("button", name="Tiếp tục").click()
    page.wait_for_url(f"{office.url}/staff/")
