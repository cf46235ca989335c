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
    assert result.exit_code == 1
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
    fields = {"decision", "codes", "asks", "text", "choices", "ms"}
    for answer in answers.values():
        assert answer["ms"] > 0
        assert len(answer["codes"]) <= 10
        assert answer.keys() - {"turns"} == fields | {"id"}
    assert all(turn.keys() == fields for turn in answers["c"]["turns"])


def batch(run: Run, folder: Path, *lines: bytes) -> tuple[Result, list[dict[str, Any]]]:
    """The result of a batch of raw lines, and the rows that came out."""
    source, target = folder / "in.jsonl", folder / "out.jsonl"
    source.write_bytes(b"\n".join(lines))
    result = run("ask", "--batch", str(source), str(target))
    return result, [json.loads(line) for line in target.read_text("utf-8").splitlines()]


def test_a_batch_answers_whatever_can_be_read(run: Run, tmp_path: Path) -> None:
    """Fields that are null, halves of characters, Windows' line ends and an id of any kind: a row for each line."""
    result, rows = batch(
        run,
        tmp_path,
        b'{"id": 1, "question": "xin ch\\u00e0o", "turns": null}\r',
        b'{"id": "b", "question": null, "turns": ["xin ch\\u00e0o"]}',
        b'{"id": "\\ud83d", "question": "\\ud83d l\\u1ec7 ph\\u00ed \\udc00"}',
        b'{"id": null, "question": ""}',
        b"",
        b'{"question": "c\\u1ea3m \\u01a1n", "turns": []}',
    )
    assert result.exit_code == 0
    assert [row["id"] for row in rows] == [1, "b", "\ud83d", None, None]
    assert ["turns" in row for row in rows] == [False, True, False, False, False]


def test_a_batch_says_which_lines_it_could_not_read(run: Run, tmp_path: Path) -> None:
    """Number and reason of each; the others are answered, and the exit code tells."""
    bad = [
        b'{"id": 2, "question": "l\xff"}',
        b'["x"]',
        b'{"id": 4, "question": 5}',
        b'{"turns": ["a", 1]}',
        b"1" * 5000,
    ]
    result, rows = batch(run, tmp_path, b'{"id": 1, "question": "a"}', *bad, b'{"id": 7, "question": "a"}')
    assert result.exit_code == 1
    assert [row["id"] for row in rows] == [1, 7]
    for number in range(2, 7):
        assert f"line {number}: " in result.output
    assert "not UTF-8" in result.output
    assert "5 lines were skipped" in result.output


def test_a_batch_does_not_write_over_what_it_reads(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": 1, "question": "a"}', "utf-8")
    assert run("ask", "--batch", str(source), str(source)).exit_code == 1
    assert source.read_text("utf-8")
    result = run("ask", "--batch", str(tmp_path / "none.jsonl"), str(tmp_path / "out.jsonl"))
    assert result.exit_code == 1
    assert "there is no file" in result.output
    assert run("ask", "--batch", str(source), str(tmp_path / "none" / "out.jsonl")).exit_code == 1


def test_pages_of_papers_tell_which_procedure_they_are_about(run: Run, tmp_path: Path) -> None:
    turns = ["1.001193", "giấy tờ cần nộp", "đánh dấu giấy đã có", "1", "tôi còn thiếu gì?"]
    _, (row,) = batch(run, tmp_path, json.dumps({"id": 1, "turns": turns}).encode())
    assert [turn["decision"] for turn in row["turns"]] == ["sure"] * 5
    assert all(turn["codes"][0] == "1.001193" for turn in row["turns"])
    assert "chưa đánh dấu" in row["text"]


LABELLED = [
    '\ufeff{"id": 1, "style": "plain", "question": "mất bằng lái xe máy", "codes": "3.000348"}',
    '{"id": "b", "question": "lệ phí làm lại bằng lái bị mất", "codes": ["3.000348"], "asks": ["fee", "general"]}',
    '{"id": "c", "style": "oos", "question": "giá vàng hôm nay", "codes": [], "asks": "general", "turns": null}',
]


def test_evaluate_judges_what_residents_get(run: Run, tmp_path: Path) -> None:
    """Through the dialogue; with `--finder` the finder alone, which knows of no greetings."""
    file = tmp_path / "questions.jsonl"
    hello = '{"id": "d", "style": "oos", "question": "xin chào", "codes": [], "asks": "general"}'
    file.write_text("\n".join([*LABELLED, hello]), "utf-8")
    report = json.loads(run("evaluate", str(file), "--json").stdout)["styles"]
    assert report["all"]["questions"] == 4
    assert report["all"]["hit1"] == 1.0
    assert report["all"]["facet"] == 1.0
    assert report["oos"]["abstention"] == 1.0
    assert run("evaluate", str(file), "--finder").exit_code == 0


def test_evaluate_names_bad_lines_and_judges_the_others(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_bytes("\n".join([*LABELLED, "{broken", '{"id": 5, "codes": []}']).encode() + b"\n\xff\xfe")
    result = run("evaluate", str(file), "--json")
    assert json.loads(result.stdout)["styles"]["all"]["questions"] == 3
    for number in (4, 5, 6):
        assert f"line {number}: " in result.stderr
    file.write_text("{broken", "utf-8")
    result = run("evaluate", str(file))
    assert result.exit_code == 1
    assert "no labelled question" in result.output


def test_show_prints_every_page_of_papers(run: Run) -> None:
    """Each case's list, all its pages, and what is missing."""
    pages = json.loads(run("show", "1.004194", "--json").output)["pages"]
    cases = [name.removeprefix("documents of ") for name in pages if name.startswith("documents of ")]
    assert len(cases) > 1
    for case in cases:
        assert {f"checklist of {case}", f"still needed of {case}"} <= pages.keys()
    birth = json.loads(run("show", "1.001193", "--json").output)["pages"]
    assert {"checklist", "checklist, page 2", "still needed"} <= birth.keys()


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
