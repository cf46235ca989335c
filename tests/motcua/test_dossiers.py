"""`motcua dossiers` as staff use it, on small files and a small provincial system."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.messages import Contact
from bot.notice_records import NoticeState
from bot.storage.consents import ConsentStore
from bot.storage.database import open_database
from bot.storage.dossiers import DossierStore
from bot.storage.notices import Outbox
from motcua.__main__ import cli
from tests.bot.dossier_sources.test_shapes import IGATE

Run = Callable[..., Result]
ANNA = Contact("telegram", "4711")
CODE, OTHER = "H05.12-260901-00001", "H05.12-260901-00002"
HEAD = "Mã hồ sơ,Mã thủ tục,Tên thủ tục,Trạng thái,Ngày tiếp nhận,Chủ hồ sơ,Số điện thoại\n"
ROW = "{code},1.004194,Đăng ký tạm trú,{status},01/09/2026 08:00,NGUYỄN VĂN AN,0900004321\n"


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database of its own."""
    url = f"sqlite:///{tmp_path / 'motcua.db'}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("MOTCUA_HASH_KEY", "a key of the tests only")
    return url


@pytest.fixture
def run(url: str) -> Run:
    """Runs `motcua dossiers`."""
    assert url
    return lambda *arguments: CliRunner().invoke(cli, ["dossiers", *arguments], catch_exceptions=False)


def written(path: Path, *rows: tuple[str, str]) -> str:
    """A small file of dossiers."""
    path.write_text(HEAD + "".join(ROW.format(code=code, status=status) for code, status in rows), "utf-8")
    return str(path)


def test_an_import_is_reported_row_by_row_and_tells_the_followers_once(run: Run, url: str, tmp_path: Path) -> None:
    """Good rows are kept though others are bad; what changed is queued for its follower, the second time nothing."""
    engine = open_database(url)
    ConsentStore(engine).give(ANNA, f"dossier:{CODE}", "1")
    file = tmp_path / "hoso.csv"
    first = run("import", written(file, (CODE, "Đang xử lý"), ("03706/2026", "Đang xử lý")))
    assert first.exit_code == 1
    assert "2 rows: 1 created, 1 left out" in first.output
    assert "hoso.csv, row 3: Mã hồ sơ" in first.output
    queued = len(Outbox(engine).list())
    looked = run("import", "--dry-run", written(file, (CODE, "Đã trả kết quả"), (OTHER, "Đang xử lý")))
    assert "1 changed" in looked.output
    assert "1 created" in looked.output
    assert len(Outbox(engine).list()) == queued
    changed = run("import", "--json", str(file))
    assert json.loads(changed.output)["outcomes"] == {"changed": 1, "created": 1}
    (newest, *_) = Outbox(engine).list()
    assert (newest.contact, newest.kind, newest.state) == (ANNA, "returned", NoticeState.PENDING)
    again = run("import", str(file))
    assert "2 unchanged" in again.output
    assert len(Outbox(engine).list()) == queued + 1
    engine.dispose()


def test_a_file_that_is_none_is_named(run: Run, tmp_path: Path) -> None:
    """Exit 1 and the name of the file, no traceback."""
    (tmp_path / "x.xlsx").write_bytes(b"no spreadsheet")
    result = run("import", str(tmp_path / "x.xlsx"))
    assert result.exit_code == 1
    assert "x.xlsx" in result.output


class Province(HTTPServer):
    """A provincial system on loopback; `answers` by code."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, bytes] = {}
        self.asked = 0


class _Handler(BaseHTTPRequestHandler):
    server: Province

    def do_GET(self) -> None:
        body = next((body for code, body in self.server.answers.items() if code in self.path), b"[]")
        self.server.asked += 1
        self.send_response(200 if body else 500)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def province(monkeypatch: pytest.MonkeyPatch) -> Iterator[Province]:
    """The provincial system, which the settings name."""
    with Province() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("MOTCUA_IGATE_URL", f"http://127.0.0.1:{server.server_port}/tra-cuu")
        yield server
        server.shutdown()
        thread.join()


def test_fetch_asks_for_one_or_for_all_that_await_a_result(run: Run, province: Province) -> None:
    """Kept as the province says; what it does not know, and what is no code, is named, with exit 1."""
    code = str(IGATE["code"])
    province.answers = {code: json.dumps([IGATE]).encode()}
    assert f"{code}: created" in run("fetch", code).output
    assert f"{code}: unchanged" in run("fetch").output
    missed = run("fetch", OTHER, "rubbish")
    assert missed.exit_code == 1
    assert "unknown there" in missed.output
    assert "is no dossier code" in missed.output


def test_one_code_that_fails_stops_no_other(run: Run, province: Province) -> None:
    """It is named, with exit 1; only a system that fails again and again is left alone."""
    code = str(IGATE["code"])
    province.answers = {OTHER: b"", code: json.dumps([IGATE]).encode()}
    result = run("fetch", OTHER, code)
    assert result.exit_code == 1
    assert f"{OTHER}: the look-up failed (HTTP 500)" in result.output
    assert f"{code}: created" in result.output
    province.asked = 0
    assert "left alone" in run("fetch", *[OTHER] * 9).output
    assert province.asked == 5


def test_fetch_without_an_address_says_which_setting_is_missing(run: Run) -> None:
    """MOTCUA_IGATE_URL is named."""
    result = run("fetch", CODE)
    assert result.exit_code == 1
    assert "MOTCUA_IGATE_URL" in result.output


def test_links_are_made_for_slips(run: Run, tmp_path: Path) -> None:
    """One a line with its code; what is not kept here is named, with exit 1."""
    run("import", written(tmp_path / "hoso.csv", (CODE, "Đang xử lý")))
    made = run("link", CODE, OTHER, "--bot", "@mot_bot")
    assert made.exit_code == 1
    assert f"{CODE}\thttps://t.me/mot_bot?start=l_" in made.output
    assert f"{OTHER}: is no dossier that is kept here" in made.output
    web = run("link", CODE, "--web", "https://motcua.example.vn/")
    assert f"{CODE}\thttps://motcua.example.vn/?d=" in web.output
    assert "--bot" in run("link", CODE).output


def test_attempts_show_who_guessed_without_saying_who(run: Run, url: str) -> None:
    """Hashes of people, codes as typed; the right digits are no attempt."""
    engine = open_database(url)
    store = DossierStore(engine)
    for _ in range(7):
        store.check("f" * 64, ANNA, CODE, "0000")
    shown = run("attempts")
    assert "People: 1, 5 wrong tries, 2 more refused" in shown.output
    assert f"telegram:{'f' * 12}  5 wrong, 2 refused" in shown.output
    assert CODE in shown.output
    assert "4711" not in shown.output
    kinds = {one["kind"]: one["wrong"] for one in json.loads(run("attempts", "--json").output)}
    assert kinds == {"person": 5, "dossier": 5}
    late = DossierStore(engine, now=lambda: datetime.now(UTC) - timedelta(days=3))
    late.check("e" * 64, ANNA, OTHER, "0000")
    assert OTHER not in run("attempts", "--days", "1").output
    assert OTHER in run("attempts", "--days", "5").output
    engine.dispose()
