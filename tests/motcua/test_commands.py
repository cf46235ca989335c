"""The `motcua` command as people and scripts use it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from motcua.__main__ import cli

Run = Callable[..., Result]


@pytest.fixture
def run(index_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `motcua` with the shipped index, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOTCUA_INDEX_DIR", str(index_dir))
    return lambda *arguments: CliRunner().invoke(cli, list(arguments), catch_exceptions=False)


def test_ask_prints_what_a_resident_reads(run: Run) -> None:
    """Name, source and date of the procedure, and numbered choices."""
    result = run("ask", "mất bằng lái xe máy")
    assert result.exit_code == 0
    assert "3.000348" in result.output
    assert "Nguồn: Cổng Dịch vụ công quốc gia, bản ghi ngày" in result.output
    assert "[1]" in result.output


def test_ask_json_adds_decision_and_scores(run: Run) -> None:
    """Decision, codes, asks, scores."""
    answer = json.loads(run("ask", "--json", "lệ phí làm lại bằng lái bị mất").output)
    assert answer["decision"] == "sure"
    assert answer["codes"][0] == "3.000348"
    assert answer["asks"][0] == "fee"
    assert 0 < answer["scores"]["3.000348"] <= 1


def test_batch_answers_each_line_as_a_new_person(run: Run, tmp_path: Path) -> None:
    """Questions and turns; a bad line is named and costs the others nothing."""
    lines: list[dict[str, Any]] = [
        {"id": "a", "question": "mất bằng lái xe máy"},
        {"id": "b", "question": "thế hết bao nhiêu tiền"},
        {"id": "c", "turns": ["mất bằng lái xe máy", "thế hết bao nhiêu tiền"]},
        {"id": "d", "question": "xin chào"},
        {"id": "e", "question": "giá vàng hôm nay"},
        {"id": "f", "question": "dừng"},
        {"id": "g", "question": "số căn cước 024085001234"},
        {"id": "h", "question": "cho gặp cán bộ"},
        {"id": "i", "question": "hồ sơ của tôi đến đâu rồi"},
    ]
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    text = [json.dumps(line, ensure_ascii=False) for line in lines]
    source.write_text("\ufeff" + "\n".join([*text[:2], "{broken", '{"id": "x"}', *text[2:]]) + "\n", "utf-8")
    result = run("ask", "--batch", str(source), str(target))
    assert "line 3" in result.output
    assert "line 4" in result.output
    answers = {answer["id"]: answer for answer in map(json.loads, target.read_text("utf-8").splitlines())}
    assert answers.keys() == {line["id"] for line in lines}
    assert answers["a"]["decision"] == "sure"
    assert answers["b"]["codes"][:1] != ["3.000348"], "a new person has no topic"
    assert answers["c"]["codes"][0] == "3.000348"
    assert [turn["decision"] for turn in answers["c"]["turns"]] == ["sure", "sure"]
    assert {key: answers[key]["decision"] for key in "defghi"} == {
        "d": "smalltalk", "e": "nothing", "f": "stop", "g": "privacy", "h": "human", "i": "status",
    }  # fmt: skip
    assert answers["e"]["codes"] == []
    for answer in answers.values():
        assert answer["ms"] > 0
        assert len(answer["codes"]) <= 10


def test_show_prints_every_page(run: Run) -> None:
    """Pages as messages, with source and date."""
    shown = json.loads(run("show", "1.004194", "--json").output)
    assert shown["code"] == "1.004194"
    assert {"documents", "fee", "duration", "where", "online", "form", "result", "legal", "audience"} <= shown[
        "pages"
    ].keys()
    assert all(isinstance(message, str) for messages in shown["pages"].values() for message in messages)
    assert shown["source"].startswith("https://dichvucong.gov.vn/")
    assert "Tờ khai thay đổi thông tin cư trú" in " ".join(shown["pages"]["documents"])


def test_show_all_writes_a_line_for_each_procedure(run: Run) -> None:
    """2,040 lines of JSON, each once."""
    lines = run("show", "--all", "--json").output.splitlines()
    assert len({json.loads(line)["code"] for line in lines}) == len(lines) == 2040


@pytest.mark.parametrize("arguments", [["show", "9.999999"], ["qr", "9.999999", "--bot", "x"]])
def test_an_unknown_code_is_said_so(run: Run, arguments: list[str]) -> None:
    """A sentence that says what to check."""
    result = run(*arguments)
    assert result.exit_code != 0
    assert "no procedure 9.999999" in result.output


def test_qr_makes_both_pictures(run: Run, tmp_path: Path) -> None:
    """PNG and SVG of the deep link; without a bot's name it says how to give one."""
    assert "--bot" in run("qr", "1.004194").output
    result = run("qr", "1.004194", "--bot", "@motcua_bot", "--out", "qr")
    assert "https://t.me/motcua_bot?start=p_1_004194" in result.output
    assert (tmp_path / "qr" / "1.004194.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "qr" / "1.004194.svg").read_text()


def test_doctor_says_which_defaults_residents_see(run: Run) -> None:
    """Hotline and hours are defaults until the centre confirms them."""
    result = run("doctor")
    assert result.exit_code == 0
    assert "hotline" in result.output
    assert "hours" in result.output


def test_doctor_says_what_to_run_without_an_index(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No index: exit 1 and the command that builds one."""
    monkeypatch.setenv("MOTCUA_INDEX_DIR", str(tmp_path / "none"))
    result = run("doctor")
    assert result.exit_code == 1
    assert "motcua index" in result.output


def test_all_wrong_settings_are_listed_at_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two mistakes, one message."""
    monkeypatch.setenv("MOTCUA_PORT", "abc")
    monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET", "no spaces allowed")
    output = run("doctor").output
    assert "MOTCUA_PORT" in output
    assert "TELEGRAM_WEBHOOK_SECRET" in output


def test_serving_believes_the_proxy_that_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a request came from is the named proxy's word, and else only this machine's."""
    given: list[Any] = []
    monkeypatch.setattr("uvicorn.run", lambda _app, **options: given.append(options["forwarded_allow_ips"]))
    assert run("serve").exit_code == 0
    monkeypatch.setenv("MOTCUA_TRUSTED_PROXIES", "172.16.0.0/12")
    assert run("serve").exit_code == 0
    assert given == ["127.0.0.1", "172.16.0.0/12"]


def test_serving_loads_no_torch(index_dir: Path, tmp_path: Path) -> None:
    """A process that has answered a question has neither torch nor sentence-transformers in it."""
    program = (
        "import sys\n"
        "from bot.app import build_app, build_core\n"
        "from bot.settings import read_settings\n"
        "from bot.messages import Contact, Incoming\n"
        "core = build_core(read_settings(), 'sqlite://')\n"
        "build_app(read_settings(), core)\n"
        "assert core.receiver.receive(Incoming(contact=Contact('t', '1'), message_id='1', text='mất bằng lái'))\n"
        "print([m for m in ('torch', 'sentence_transformers', 'sklearn', 'transformers') if m in sys.modules])\n"
    )
    env = {"MOTCUA_INDEX_DIR": str(index_dir), "PATH": "", "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "[]", done.stderr
