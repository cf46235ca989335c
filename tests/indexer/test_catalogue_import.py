import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from indexer.catalogue_import import ImportReport, catalogue_figures, finished, read_centre, run_import
from knowledge_base.catalogue import read_folder
from knowledge_base.procedure import Flag, Procedure
from tests.indexer.sources.records import fee, method, record

TODAY = date(2026, 11, 23)


class Desk:
    """A working folder: a catalogue, an assignment file and sources."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.catalogue = folder / "catalogue"
        self.centre = folder / "centre.csv"
        self.centre.write_text("code,counter,agency\n1.000001,province,so-a\n1.000002,commune,xa\n", "utf-8")

    def source(self, *records: Any, name: str = "portal.json") -> Path:
        path = self.folder / name
        path.write_text(json.dumps(records, ensure_ascii=False), "utf-8")
        return path

    def run(self, *paths: Path, centre: bool = False, write: bool = True, **options: Any) -> ImportReport:
        settings: dict[str, Any] = {"keep_prose": False, "today": TODAY} | options
        return run_import(paths, self.catalogue, centre=self.centre if centre else None, write=write, **settings)

    def procedures(self) -> dict[str, Procedure]:
        return {found.code: found for found in read_folder(self.catalogue)}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_first_import_writes_a_file_per_agency(desk: Desk) -> None:
    report = desk.run(desk.source(record("1.000001"), record("1.000002")), centre=True)
    assert report.new == ("1.000001", "1.000002")
    assert report.written == ("so-a.json", "xa.json")
    assert desk.procedures()["1.000002"].counter == "commune"


def test_the_same_import_again_writes_nothing(desk: Desk) -> None:
    source = desk.source(record("1.000001"))
    desk.run(source, centre=True)
    before = (desk.catalogue / "so-a.json").read_bytes()
    report = desk.run(source)
    assert (report.written, report.changes, report.new) == ((), (), ())
    assert (desk.catalogue / "so-a.json").read_bytes() == before


def test_without_write_nothing_is_touched(desk: Desk) -> None:
    report = desk.run(desk.source(record("1.000001")), centre=True, write=False)
    assert report.new == ("1.000001",)
    assert not desk.catalogue.exists()


def test_a_new_code_without_assignment_is_reported_and_kept_out(desk: Desk) -> None:
    report = desk.run(desk.source(record("1.000001"), record("1.000009")), centre=True)
    assert report.unassigned == ("1.000009",)
    assert set(desk.procedures()) == {"1.000001"}


def test_changes_are_told_field_by_field(desk: Desk) -> None:
    desk.run(desk.source(record("1.000001")), centre=True)
    report = desk.run(desk.source(record("1.000001", name="Cấp thẻ mới", updatedAt=1769000000000)))
    assert [(change.field, change.old, change.new) for change in report.changes] == [
        ("name", "Cấp thẻ thử nghiệm", "Cấp thẻ mới"),
        ("record_date", "2026-01-16", "2026-01-21"),
    ]


def test_the_later_of_two_records_with_one_code_is_kept_and_reported(desk: Desk) -> None:
    older, newer = record(" 1.000001"), record("1.000001", name="Mới", updatedAt=1769000000000)
    report = desk.run(desk.source(older, newer), centre=True)
    assert desk.procedures()["1.000001"].name == "Mới"
    assert any(found.code == "1.000001" and "nhiều lần" in found.reason for found in report.findings)


def test_a_list_changes_names_but_erases_no_facts(desk: Desk) -> None:
    desk.run(desk.source(record("1.000001")), centre=True)
    before = desk.procedures()["1.000001"]
    listing = desk.folder / "list.csv"
    listing.write_text("Mã số,Tên,Lĩnh vực\n1.000001,Tên trong danh sách,\n", "utf-8")
    desk.run(listing)
    after = desk.procedures()["1.000001"]
    assert after.name == "Tên trong danh sách"
    assert (after.fees, after.cases, after.field, after.source) == (
        before.fees,
        before.cases,
        before.field,
        before.source,
    )


def test_what_is_missing_from_a_complete_export_is_gone_and_only_then(desk: Desk) -> None:
    codes = [f"1.0000{number:02}" for number in range(20)]
    desk.centre.write_text("code,counter,agency\n" + "".join(f"{code},province,so-a\n" for code in codes), "utf-8")
    desk.run(desk.source(*map(record, codes)), centre=True)
    rest = desk.source(*map(record, codes[1:]))
    assert desk.run(rest).gone == ()
    assert desk.run(rest, complete=True).gone == (codes[0],)
    assert codes[0] not in desk.procedures()


def test_a_cut_off_export_removes_nothing(desk: Desk) -> None:
    desk.run(desk.source(record("1.000001"), record("1.000002")), centre=True)
    report = desk.run(desk.source(record("1.000001")), complete=True)
    assert report.gone == ()
    assert any("bị cắt" in found.reason for found in report.findings)
    assert set(desk.procedures()) == {"1.000001", "1.000002"}


def test_what_could_not_be_read_is_not_taken_for_gone(desk: Desk) -> None:
    """A complete export with a broken record removes neither that procedure nor, where its code is unknown, any."""
    codes = [f"1.0000{number:02}" for number in range(20)]
    desk.centre.write_text("code,counter,agency\n" + "".join(f"{code},province,so-a\n" for code in codes), "utf-8")
    desk.run(desk.source(*map(record, codes)), centre=True)
    nameless = record(codes[0]) | {"name": "", "detail": {}}
    assert desk.run(desk.source(nameless, *map(record, codes[1:])), complete=True).gone == ()
    report = desk.run(desk.source(5, *map(record, codes[1:])), complete=True)
    assert report.gone == ()
    assert any("chưa xoá 1 thủ tục" in found.reason for found in report.findings)


def test_prose_is_kept_only_where_it_may_be_shown(desk: Desk) -> None:
    source = desk.source(record("1.000001", requirementsAndConditions="Đủ 18 tuổi."))
    desk.run(source, centre=True)
    plain = desk.procedures()["1.000001"]
    assert (plain.steps, plain.conditions, plain.has_conditions, plain.method_notes) == ((), "", True, ())
    assert plain.legal[0].name == ""
    desk.run(source, keep_prose=True)
    assert desk.procedures()["1.000001"].conditions == "Đủ 18 tuổi."


def test_an_amount_whose_period_is_over_is_flagged_against_the_given_day(desk: Desk) -> None:
    text = "Mức thu 115.000 đồng đến hết ngày 31/12/2025"
    source = desk.source(record("1.000001", executionMethods=[method("DIRECT", 1, "DAY", "", fee(0, text))]))
    desk.run(source, centre=True, today=date(2025, 12, 31))
    assert desk.procedures()["1.000001"].flags == ()
    desk.run(source, today=date(2026, 1, 1))
    found = desk.procedures()["1.000001"]
    assert found.flags == (Flag.AMOUNT_EXPIRED,)
    assert finished(found, keep_prose=False, today=date(2025, 12, 31)).flags == ()


def test_a_file_that_is_no_source_stops_no_other(desk: Desk) -> None:
    bad = desk.folder / "x.pdf"
    bad.write_bytes(b"%PDF-1.4")
    report = desk.run(bad, desk.source(record("1.000001")), centre=True)
    assert report.new == ("1.000001",)
    assert [(found.field, found.row) for found in report.findings if found.action == "rejected"] == [("file", "x.pdf")]


def test_an_agency_that_lost_its_last_procedure_loses_its_file(desk: Desk) -> None:
    desk.run(desk.source(record("1.000001")), centre=True)
    desk.centre.write_text("code,counter,agency\n1.000001,province,so-b\n", "utf-8")
    desk.run(centre=True)
    assert [path.name for path in desk.catalogue.iterdir()] == ["so-b.json"]


def test_bad_rows_of_the_assignment_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "centre.csv"
    path.write_text("code,counter,agency\n1.000001,moon,so-a\n1.000002,commune,../xa\n1.000003,commune,xa\n", "utf-8")
    desks, findings = read_centre(path)
    assert set(desks) == {"1.000003"}
    assert [found.row for found in findings] == ["centre.csv, dòng 2", "centre.csv, dòng 3"]


def test_the_report_reads_as_text_and_as_json(desk: Desk) -> None:
    report = desk.run(desk.source(record("1.000001"), record("1.014955-Xoa")), centre=True)
    text = str(report)
    assert "Mới: 1" in text
    assert "1.014955-Xoa" in text
    assert json.loads(report.as_json())["new"] == ["1.000001"]


def test_figures_count_lines_by_kind(desk: Desk) -> None:
    report = desk.run(desk.source(record("1.000001")), centre=True)
    figures = catalogue_figures(desk.procedures().values(), report.findings)
    assert figures["fees"]["amount"] == 1
    assert figures["papers"]["all"] == 1
    assert figures["procedures"] == {"all": 1, "province": 1, "commune": 0, "without a fee line": 0}


def _thin(code: str, **detail: Any) -> dict[str, Any]:
    """A record whose detail lacks or spoils sections; a section of `...` is taken out."""
    whole = record(code)
    whole["detail"] |= {key: value for key, value in detail.items() if value is not ...}
    for key in [key for key, value in detail.items() if value is ...]:
        del whole["detail"][key]
    return whole


@pytest.mark.parametrize(
    "thin",
    [
        {"id": "x", "code": "1.000001", "name": "Tên mới"},
        record("1.000001") | {"name": "Tên mới", "detail": None},
        record("1.000001") | {"name": "Tên mới", "detail": "abc"},
        record("1.000001") | {"name": "Tên mới", "detail": {}},
    ],
)
def test_a_record_without_detail_changes_the_name_and_erases_nothing(desk: Desk, thin: dict[str, Any]) -> None:
    desk.run(desk.source(record("1.000001")), centre=True)
    before = desk.procedures()["1.000001"]
    report = desk.run(desk.source(thin, record("1.000002")), centre=True)
    assert desk.procedures()["1.000001"] == replace(before, name="Tên mới")
    assert any(found.field == "record" and "chỉ có mã và tên" in found.reason for found in report.findings)


@pytest.mark.parametrize(
    ("detail", "fields"),
    [
        ({"executionCases": ...}, {"cases"}),
        ({"executionCases": None}, {"cases"}),
        ({"executionCases": "abc"}, {"cases"}),
        ({"executionCases": [5]}, {"cases"}),
        ({"executionCases": []}, {"cases"}),
        ({"executionCases": [{"name": "", "profileComponents": None}]}, {"cases"}),
        ({"executionCases": [{"name": "", "profileComponents": ["Đơn"]}]}, {"cases"}),
        ({"executionMethods": ...}, {"fees", "durations", "channels"}),
        ({"executionMethods": None}, {"fees", "durations", "channels"}),
        ({"executionMethods": {"a": 1}}, {"fees", "durations", "channels"}),
        ({"executionMethods": [method() | {"fees": None}]}, {"fees"}),
        ({"resultsDetails": ...}, {"results"}),
        ({"legalBasisesDetails": 5}, {"legal"}),
    ],
)
def test_a_section_that_cannot_be_read_keeps_what_was_known(
    desk: Desk, detail: dict[str, Any], fields: set[str]
) -> None:
    desk.run(desk.source(record("1.000001")), centre=True)
    before = desk.procedures()["1.000001"]
    report = desk.run(desk.source(_thin("1.000001", **detail)))
    after = desk.procedures()["1.000001"]
    assert all(getattr(after, field) == getattr(before, field) for field in fields)
    assert any(found.code == "1.000001" and "giữ điều đã biết" in found.reason for found in report.findings)


def test_what_a_later_record_does_not_tell_comes_from_the_earlier_one(desk: Desk) -> None:
    later = record("1.000001", updatedAt=1769000000000, executionCases=None, resultsDetails=[{"name": "Giấy mới"}])
    desk.run(desk.source(record("1.000001"), later), centre=True)
    found = desk.procedures()["1.000001"]
    assert (len(found.papers), found.results) == (1, ("Giấy mới",))


def test_an_import_that_would_empty_many_procedures_writes_nothing(desk: Desk) -> None:
    codes = [f"1.0000{number:02}" for number in range(20)]
    desk.centre.write_text("code,counter,agency\n" + "".join(f"{code},province,so-a\n" for code in codes), "utf-8")
    desk.run(desk.source(*map(record, codes)), centre=True)
    before = (desk.catalogue / "so-a.json").read_bytes()
    bare = desk.source(*(record(code, executionMethods=[method()]) for code in codes[:3]))
    report = desk.run(bare)
    assert (desk.catalogue / "so-a.json").read_bytes() == before
    assert "3 trên 20 thủ tục sẽ mất hết phí, lệ phí" in report.refused
    assert "--allow-loss" in str(report)
    assert desk.run(bare, allow_loss=True).written == ("so-a.json",)
    assert desk.procedures()[codes[0]].fees == ()


def test_a_single_procedure_may_lose_its_fees_and_is_reported(desk: Desk) -> None:
    desk.run(desk.source(record("1.000001")), centre=True)
    report = desk.run(desk.source(record("1.000001", executionMethods=[method()])))
    assert report.written
    assert [found.reason for found in report.findings if found.field == "fees"] == [
        "trước có phí, lệ phí, bản ghi mới không còn"
    ]
