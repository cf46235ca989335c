"""`motcua notices` as staff use it."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.dossier_records import Change, Status
from bot.messages import Contact
from bot.notice_records import NewNotice, NoticeState, Outcome, Pace, Why
from bot.storage.consents import ConsentStore
from bot.storage.database import open_database
from bot.storage.dossiers import DossierStore
from bot.storage.notices import Outbox
from motcua.__main__ import cli

Run = Callable[..., Result]
CODE = "H02.15-261123-0001"


@pytest.fixture
def run(index_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `motcua notices` on a database of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOTCUA_INDEX_DIR", str(index_dir))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'motcua.db'}")
    return lambda *arguments: CliRunner().invoke(cli, ["notices", *arguments], catch_exceptions=False)


def test_from_the_draft_to_the_stop(run: Run, tmp_path: Path) -> None:
    """Preview with counts, a second person's word, the queue, progress, the stop."""
    engine = open_database(f"sqlite:///{tmp_path / 'motcua.db'}")
    ConsentStore(engine).give(Contact("telegram", "1"), "agency:so-tu-phap", "1")
    draft = run("preview", "agency:so-tu-phap", "--title", "Nghỉ lễ", "--text", "Quầy nghỉ thứ Hai.", "--by", "An")
    assert "telegram: 1 người theo dõi" in draft.output
    assert "Sở Tư pháp" in draft.output
    same = run("approve", "1", "--by", "an")
    assert same.exit_code == 1
    assert "somebody else" in same.output
    assert "draft" in run("run", "1").output
    assert run("approve", "1", "--by", "Bình").exit_code == 0
    assert "pending: 1" in run("run", "1", "--no-wait").output
    assert "1 tin chưa gửi" in run("stop", "1", "--by", "Chi").output
    assert "suppressed: 1" in run("list").output
    engine.dispose()


def test_what_nobody_can_follow_or_nobody_can_read_is_refused(run: Run) -> None:
    """One sentence that says what to mend, no traceback."""
    for scope, title in (("procedure:9.999999", "Tin"), ("agency:so-tu-phap", "x" * 121)):
        refused = run("preview", scope, "--title", title, "--text", "Chữ", "--by", "An")
        assert refused.exit_code == 1
        assert refused.output.startswith("Error: ")


def test_the_call_list_and_the_resend(run: Run, tmp_path: Path) -> None:
    """Masked name, code, last four digits, what and why; no formula; a resend only of what is unknown or failed."""
    engine = open_database(f"sqlite:///{tmp_path / 'motcua.db'}")
    anna = Contact("telegram", "4711")
    change = Change(code=CODE, status=Status.DONE, applicant="=Nguyễn T. A.", phone_last4="1234")
    DossierStore(engine).upsert(change)
    ConsentStore(engine).give(anna, f"dossier:{CODE}", "1")
    outbox = Outbox(engine, lambda: datetime(2026, 11, 23, 3, 0, tzinfo=UTC))
    notice = NewNotice(
        key="k", contact=anna, kind="ready", template="ready", template_version=1, fields={},
        scope=f"dossier:{CODE}", dossier_code=CODE, dossier_version=2,
    )  # fmt: skip
    with engine.begin() as connection:
        outbox.add(connection, [notice])
    (claimed,) = outbox.claim("telegram", limit=1, lease=timedelta(minutes=1), pace=Pace()).notices
    outbox.finish([Outcome(notice=claimed, state=NoticeState.FAILED, reason="blocked", why=Why.GONE)])
    rows = list(csv.reader(io.StringIO(run("call-list").output)))
    why = "người này đã chặn trợ lý, rời kênh hoặc không mở lại trang web"
    assert rows[1] == ["'=Nguyễn T. A.", CODE, "1234", "đã có kết quả", why, "23/11/2026 10:00", "blocked"]
    assert "4711" not in run("list").output
    assert run("resend", "1", "--by", "Bình").exit_code == 0
    assert run("resend", "1", "--by", "Bình").exit_code == 1
    assert run("call-list", "--done", CODE).exit_code == 0
    assert run("call-list", "--done", CODE).exit_code == 1
    engine.dispose()
