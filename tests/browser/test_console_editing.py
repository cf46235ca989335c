"""A clerk's morning with ten questions that nobody could answer: linked, published, answered; and the log tells it.

The server is `motcua serve` itself, the build `motcua index`, on a few dozen procedures; on all 2,040 with
FULL_CATALOGUE=1.
"""

import itertools
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from playwright.sync_api import Page, expect

from bot.catalogue_records import Outcome
from bot.services.staff import Staff
from bot.staff_records import Role
from bot.storage.database import open_database
from bot.storage.overrides import PublicationStore
from bot.storage.staff import StaffStore
from indexer.build import build
from indexer.phrases import read_phrases
from knowledge_base.catalogue import PLAIN_NAMES, SHIPPED, SHIPPED_OVERRIDES, Catalogue, encode_file, read_folder
from knowledge_base.encoder import SHIPPED as ENCODER
from knowledge_base.encoder import StaticEncoder
from tests.bot.dossiers import HASHER
from tests.bot.web.console.desk import PASSWORD
from tests.browser.conftest import Visit
from tests.browser.console_people import ROOT, sign_in
from tests.browser.server import reachable

MARRIAGE, BIRTH, DEATH, LICENCE, STAY = "1.000894", "1.001193", "1.000656", "3.000348", "1.004194"
TEN: Final = {
    "chú rể cô dâu ra ủy ban ký tên vào sổ": MARRIAGE,
    "hai đứa chính thức về chung một nhà": MARRIAGE,
    "rước nàng về dinh rồi thì ký sổ ở đâu": MARRIAGE,
    "mẹ tròn con vuông rồi, ghi sổ ở đâu": BIRTH,
    "đặt tên cho thằng cu mới chào đời": BIRTH,
    "cụ nhà em vừa mãn phần": DEATH,
    "ông nội đi xa rồi báo xã thế nào": DEATH,
    "cụ ông đầu ngõ vừa quy tiên": DEATH,
    "cái thẻ cầm vô lăng rơi đâu mất": LICENCE,
    "sang tỉnh khác thuê phòng ở vài tháng": STAY,
}
EVERY: Final = 60
"""Of the shipped catalogue every so many-th procedure is taken along."""
SEARCHED: Final = {
    MARRIAGE: "dang ky ket hon",
    BIRTH: "đăng ký khai sinh",
    DEATH: "khai tử",
    LICENCE: LICENCE,
    STAY: "đăng ký tạm trú",
}


class Serving:
    """`motcua serve` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.database = f"sqlite:///{folder / 'motcua.db'}"
        records = folder / "catalogue"
        records.mkdir()
        kept = [
            procedure
            for number, procedure in enumerate(read_folder(SHIPPED))
            if "FULL_CATALOGUE" in os.environ or procedure.code in SEARCHED or number % EVERY == 0
        ]
        for agency, of_agency in itertools.groupby(sorted(kept, key=lambda one: one.agency), lambda one: one.agency):
            (records / f"{agency}.json").write_bytes(encode_file(agency, of_agency))
        catalogue = Catalogue.load(records, SHIPPED_OVERRIDES, PLAIN_NAMES)
        build(folder / "index", catalogue=catalogue, phrases=read_phrases(), encoder=StaticEncoder(ENCODER))
        engine = open_database(self.database)
        store = StaffStore(engine)
        for role in (Role.CLERK, Role.SUPERVISOR):
            account, _ = Staff(store, HASHER).add(
                login=f"{role.value}.an", name=f"Người {role.value}", role=role, agency="ubnd-cap-xa", by="test"
            )
            hashed = PasswordHasher.from_parameters(CHEAPEST).hash(PASSWORD)
            store.change(account.id, password=hashed, must_change=False)
        engine.dispose()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        settings = {
            "DATABASE_URL": self.database,
            "MOTCUA_INDEX_DIR": str(folder / "index"),
            "MOTCUA_CATALOGUE_DIR": str(records),
            "MOTCUA_HASH_KEY": "a key of the tests only",
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "-m", "motcua", "serve", "--port", str(port)]
        self._process = subprocess.Popen(
            command, cwd=folder, env=os.environ | settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        reachable(port, within=60)

    def stop(self) -> None:
        """Stop and wait for the end."""
        self._process.terminate()
        self._process.wait(timeout=20)


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    serving = Serving(tmp_path_factory.mktemp("serving"))
    yield serving
    serving.stop()


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def ask_all(page: Page, serving: Serving) -> dict[str, str]:
    """What a new visitor of the web chat reads to each of the ten."""
    page.goto(serving.url)
    expect(page.locator(".answer")).to_have_count(1)
    read = {}
    for number, question in enumerate(TEN, 2):
        page.get_by_label("Câu hỏi của bạn").fill(question)
        page.get_by_label("Câu hỏi của bạn").press("Enter")
        expect(page.locator(".answer")).to_have_count(number)
        read[question] = page.locator(".answer").last.inner_text()
    return read


def link_quickly(clerk: Page, serving: Serving, question: str, code: str) -> None:
    """The form of the question's page, sent by the browser without drawing anything."""
    page = clerk.request.get(f"{serving.url}/staff/questions?q={question}").text()
    number = re.findall(r'href="/staff/questions/(\d+)"', page)[0]
    token = re.findall(r'name="csrf" value="(\w+)"', page)[0]
    form = {"csrf": token, "code": code, "phrase": question, "why": "dân hỏi"}
    assert clerk.request.post(f"{serving.url}/staff/questions/{number}/link", form=form).ok


def test_ten_questions_are_linked_published_and_answered(visitor: Visit, serving: Serving) -> None:
    """Nobody is answered in the morning; all ten are after the clerk has published, by the server that ran on."""
    before = ask_all(visitor().new_page(), serving)
    assert not any(code in read for read in before.values() for code in SEARCHED), before

    clerk = visitor(viewport={"width": 1280, "height": 800}, reduced_motion="reduce").new_page()
    clerk.on("dialog", lambda dialog: dialog.accept())
    sign_in(clerk, serving, Role.CLERK)
    supervisor = visitor().new_page()  # for the one that is the police's
    sign_in(supervisor, serving, Role.SUPERVISOR)
    clerk.get_by_role("link", name="10 Câu chưa trả lời được").click()
    picture(clerk, "questions-1280")
    for left, (question, code) in zip(range(9, -1, -1), TEN.items(), strict=True):
        if 0 < left < 7:  # three with the hand, and the last; the others send the same form, which takes a tenth
            link_quickly(supervisor if code == LICENCE else clerk, serving, question, code)
            continue
        clerk.get_by_role("link", name=question).click()
        clerk.get_by_label("Tìm thủ tục").fill(SEARCHED[code])
        clerk.get_by_role("button", name="Tìm").click()
        clerk.locator(f"input[name=code][value='{code}']").check()
        if left == 0:
            clerk.get_by_label("Lời để trợ lý học").fill("sang tỉnh khác thuê phòng ở vài tháng")
            picture(clerk, "question-1280")
        clerk.get_by_role("button", name="Gắn với thủ tục này").click()
        expect(clerk.get_by_role("status")).to_contain_text(f"với thủ tục {code}")
    clerk.get_by_role("navigation").get_by_role("link", name="Công bố").click()
    expect(clerk.get_by_role("heading", name="Lời của người dân (10)")).to_be_visible()
    picture(clerk, "publish-1280")
    clerk.get_by_role("button", name="Công bố lời mới").click()
    expect(clerk.get_by_text("Đã công bố.")).to_be_visible(timeout=120_000)  # the build, asked for every second
    expect(clerk.get_by_text("Câu cán bộ đã gắn: đúng 0 trên 10 → đúng 10 trên 10")).to_be_visible()
    clerk.get_by_role("button", name="Tiếp tục").click()
    expect(clerk.get_by_role("heading", name="đã đưa vào dùng")).to_be_visible()
    picture(clerk, "published-1280")

    clerk.goto(f"{serving.url}/staff/publish")
    expect(clerk.get_by_text("Không có thay đổi nào đang chờ.")).to_be_visible()  # the server serves the new index
    after = ask_all(visitor().new_page(), serving)
    assert {question: code for question, code in TEN.items() if code not in after[question]} == {}

    supervisor = visitor(viewport={"width": 1280, "height": 800}).new_page()
    sign_in(supervisor, serving, Role.SUPERVISOR)
    supervisor.goto(f"{serving.url}/staff/audit?who=clerk.an")
    story = [row.inner_text() for row in supervisor.locator("tbody tr").all()]
    picture(supervisor, "story-1280")
    told = [next(word for word in ("Gắn", "Bắt đầu", "Công bố", "Đăng nhập") if word in row) for row in reversed(story)]
    assert told == ["Đăng nhập", *["Gắn"] * 9, "Bắt đầu", "Công bố"]
    supervisor.goto(f"{serving.url}/staff/audit?subject=câu")
    linked = [row.inner_text() for row in supervisor.locator("tbody tr").all()]
    for question, code in TEN.items():
        assert any(question in row and code in row for row in linked), question

    engine = open_database(serving.database)
    (publication,) = PublicationStore(engine).latest()
    engine.dispose()
    assert (publication.outcome, publication.by, publication.only_words) == (Outcome.PUBLISHED, "Người clerk", True)
