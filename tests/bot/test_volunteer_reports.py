"""The month of the volunteers: every figure against a plain recount, as a workbook and from the command line."""

import random
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from bot import volunteer_reports
from bot.storage.database import open_database
from bot.volunteer_records import Count, Outcome
from motcua.__main__ import cli
from tests.bot.dossiers import Clock
from tests.bot.volunteers import assisting, seated


def test_a_month_of_fifteen_volunteers() -> None:
    """Totals, volunteers, procedures and days each sum up to the same cases and minutes."""
    chance = random.Random(5)
    counts = [
        Count(
            nickname=f"Bạn {chance.randrange(15)}", unit=f"Đoàn {chance.randrange(3)}",
            procedure=chance.choice(["", "1.004194", "2.000635"]), day=f"2026-{month}-{chance.randrange(1, 29):02}",
            outcome=chance.choice(list(Outcome)), cases=chance.randrange(1, 9), minutes=chance.randrange(1, 90),
        )
        for _ in range(400) for month in ("10", "11")
    ]  # fmt: skip
    made = volunteer_reports.report(counts, "2026-11", lambda code: f"thủ tục {code}")
    november = [count for count in counts if count.day.startswith("2026-11")]
    whole = (sum(count.cases for count in november), sum(count.minutes for count in november))
    assert (made.total.cases, made.total.minutes) == whole
    for lines in made.groups.values():
        assert (sum(line.cases for line in lines), sum(line.minutes for line in lines)) == whole
        assert all(sum(line.outcomes.values()) == line.cases for line in lines)
    book = load_workbook(BytesIO(volunteer_reports.xlsx(made)))
    assert book.sheetnames == list(volunteer_reports.GROUPS.values())
    sheet = book["Theo thủ tục"]
    assert [cell.value for cell in sheet[2]] == list(volunteer_reports.HEAD)
    assert [cell.value for cell in sheet[3]][2:4] == list(whole)
    assert sheet.max_row == 3 + 3


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A code, the list, taking it back, the month's report."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOTCUA_HASH_KEY", "a key of the tests only")

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(cli, ["volunteers", *arguments])
        assert result.exit_code == 0, result.output
        return result.output

    assert "TN-" in run("code", "Lan", "--unit", "Đoàn phường Thử")
    assert "Lan\tĐoàn phường Thử" in run("list")
    assert "Đã thu hồi" in run("disable", "1")
    assert "đã thu hồi" in run("list")
    engine = open_database("sqlite:///var/motcua.db")
    clock = Clock()
    assistance = assisting(engine, clock)
    seat = seated(assistance, "Hoa")
    case = assistance.store.open(seat.id, 1, "n" * 20)
    clock.passes(minutes=9)
    assistance.store.close(seat.id, case.id, Outcome.DONE)
    engine.dispose()
    assert "Hoa\tĐoàn phường Thử\t1\t9\t9.0\t1\t" in run("report", "--month", "2026-11")
    assert "written" in run("report", "--month", "2026-11", "--xlsx", "r.xlsx")
    assert load_workbook("r.xlsx").sheetnames == list(volunteer_reports.GROUPS.values())
    assert CliRunner().invoke(cli, ["volunteers", "disable", "1"]).exit_code == 1
    assert CliRunner().invoke(cli, ["volunteers", "report", "--month", "11/2026"]).exit_code == 2
