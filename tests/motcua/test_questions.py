"""Staff work through unanswered questions from the command line, and `motcua index` learns from it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from bot.dialogue.anonymous import key_of
from bot.question_records import Ending
from bot.storage.database import open_database
from bot.storage.questions import QuestionStore
from bot.storage.staff import AuditStore
from indexer.linked import Linked
from motcua import learning
from motcua.__main__ import cli

Run = Callable[..., Result]
ASKED = "con trâu nhà em bị mất thẻ tai"


@pytest.fixture
def run(index_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `motcua` with the shipped index, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOTCUA_INDEX_DIR", str(index_dir))
    monkeypatch.setenv("MOTCUA_HASH_KEY", "a key of the tests only")
    return lambda *arguments: CliRunner().invoke(cli, list(arguments))


@pytest.fixture
def engine(run: Run) -> Engine:
    """The database with one unanswered question, asked twice."""
    engine = open_database("sqlite:///var/motcua.db")
    store = QuestionStore(engine)
    for message in ("a", "b"):
        store.keep(
            key=key_of(ASKED), text=ASKED, message=message, channel="web", offered=("1.004194",), ending=Ending.NOTHING
        )
    return engine


def test_the_list_is_worked_through(run: Run, engine: Engine) -> None:
    """List, link, show, reopen, out of scope: each says what it did and what to run next."""
    listed = run("questions", "list")
    assert "2×" in listed.output
    assert ASKED in listed.output
    linked = run("questions", "link", "1", "1.004194", "--by", "Trần Thị B", "--why", "dân hỏi")
    assert "Chạy motcua index" in linked.output
    story = run("questions", "show", "1").output
    assert "web" in story
    assert "Trần Thị B: link 1.004194" in story
    assert json.loads(run("questions", "list", "--state", "linked", "--json").output)[0]["code"] == "1.004194"
    assert run("questions", "reopen", "1", "--by", "B", "--why", "nhầm").exit_code == 0
    assert run("questions", "out-of-scope", "1", "--by", "B", "--why", "chuyện khác").exit_code == 0
    assert "out_of_scope: 1" in run("questions", "list", "--state", "all", "--containing", "trau").output
    deeds = AuditStore(engine).find()
    log = [(deed.login, deed.action, deed.subject, deed.detail["after"]["người ra lệnh"]) for deed in deeds]
    assert log[::-1] == [
        ("motcua questions", "Gắn câu hỏi với thủ tục", "câu 1", "Trần Thị B"),
        ("motcua questions", "Mở lại câu hỏi", "câu 1", "B"),
        ("motcua questions", "Đánh dấu câu hỏi ngoài phạm vi", "câu 1", "B"),
    ]


def test_what_cannot_be_done_is_a_sentence(run: Run, engine: Engine) -> None:
    """An unknown code, an unknown question, nobody to reply to: exit 1 and what to do."""
    for arguments, said in (
        (("link", "1", "9.999999", "--by", "B", "--why", "x"), "no procedure 9.999999"),
        (("show", "7"), "there is no question 7"),
        (("reply", "1", "Chào bạn", "--by", "B"), "nobody waits"),
    ):
        result = run("questions", *arguments)
        assert result.exit_code == 1
        assert said in result.output


def test_links_travel_as_a_file_of_overrides(run: Run, engine: Engine, tmp_path: Path) -> None:
    """What is exported is what MOTCUA_OVERRIDES_FILE reads."""
    run("questions", "link", "1", "1.004194", "--by", "B", "--why", "dân hỏi")
    assert run("questions", "export", "links.json").exit_code == 0
    from knowledge_base.overrides import Phrase, read_overrides

    (phrase,) = read_overrides(tmp_path / "links.json")
    assert isinstance(phrase, Phrase)
    assert (phrase.code, phrase.text, phrase.who) == ("1.004194", ASKED, "B")


def test_the_index_gets_what_staff_decided(run: Run, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Linked words are phrases of their procedure, those out of scope are messages that are not ours."""
    given: dict[str, object] = {}

    def watched(*where: Path, **arguments: object) -> object:
        given.update(arguments)
        raise SystemExit(0)

    monkeypatch.setattr("indexer.build.build", watched)
    run("questions", "link", "1", "1.004194", "--by", "B", "--why", "dân hỏi", "--phrase", "trâu mất thẻ tai")
    run("index")
    assert given["catalogue"].phrases["1.004194"] == ("trâu mất thẻ tai",)  # type: ignore[attr-defined]
    assert given["linked"] == [Linked(ASKED, "1.004194", ("1.004194",))]
    run("questions", "out-of-scope", "1", "--by", "B", "--why", "chuyện khác")
    run("index")
    assert given["linked"] == []
    assert given["elsewhere"][-1] == ASKED  # type: ignore[index]


def test_an_evaluation_shows_what_links_did(run: Run, engine: Engine) -> None:
    """As text and as JSON; without links nothing is added."""
    labelled = {"id": "1", "style": "plain", "question": "đăng ký tạm trú", "codes": ["1.004194"], "asks": "general"}
    Path("few.jsonl").write_text(json.dumps(labelled), "utf-8")
    assert "linked by staff" not in run("evaluate", "few.jsonl").output
    run("questions", "link", "1", "1.004194", "--by", "B", "--why", "dân hỏi")
    assert "when asked     0 of 1 answered rightly, 1 more among the candidates" in run("evaluate", "few.jsonl").output
    assert json.loads(run("evaluate", "few.jsonl", "--json").output)["linked"]["when_asked"]["questions"] == 1


def test_an_index_needs_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody has asked anything yet, none is made."""
    from bot.settings import Settings

    monkeypatch.chdir(tmp_path)
    assert learning._from_staff(Settings()) == ([], [], [], [])
    assert not (tmp_path / "var").exists()
