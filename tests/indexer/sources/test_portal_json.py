import copy
import gzip
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.sources import read_bytes
from indexer.sources.portal_json import read_portal_json, read_record
from knowledge_base.procedure import Channel, DurationKind, FeeKind, Flag, Procedure
from tests.indexer.sources.records import fee, method, paper, record


def procedure(**detail: Any) -> Procedure:
    found, _ = read_record(record(**detail))
    assert found is not None
    return found


def test_a_record_becomes_a_procedure_with_all_its_facts() -> None:
    found = procedure()
    assert (found.code, found.name, found.field, found.issuer) == (
        "1.234567",
        "Cấp thẻ thử nghiệm",
        "Thử nghiệm",
        "Bộ Thử nghiệm",
    )
    assert found.executing == ("Sở Thử nghiệm",)
    assert found.decision == "163/QĐ-BTN"
    assert found.results == ("Thẻ thử nghiệm",)
    assert found.topics == ("viec-lam",)
    assert found.levels == ("province",)
    assert found.channels == (Channel.DIRECT,)
    assert found.steps == ("Bước 1: Nộp.", "Bước 2: Nhận.")
    assert found.source == "https://dichvucong.gov.vn/thu-tuc-hanh-chinh/019d2bfd-0000-0000-0000-000000000001"


def test_the_date_of_the_record_is_the_day_in_vietnam() -> None:
    """1768496400000 ms is 17:00 UTC on the 15th, midnight of the 16th in Hà Nội."""
    assert procedure().record_date == "2026-01-16"


def test_khong_is_not_a_condition_and_khong_co_thong_tin_is_nothing() -> None:
    found = procedure()
    assert not found.has_conditions
    assert found.address == ""


def test_the_same_conditions_in_two_fields_are_told_once() -> None:
    found = procedure(description="Đủ 18 tuổi.", requirementsAndConditions="Đủ 18 tuổi.")
    assert found.conditions == "Đủ 18 tuổi."


def test_eth_in_a_legal_number_becomes_d_with_stroke() -> None:
    assert procedure().legal[0].number == "57/2018/NĐ-CP"


def test_the_district_level_is_flagged_where_it_acts_but_not_in_the_title_of_a_law() -> None:
    assert procedure(dossierReceivingAddresses="Ủy ban nhân dân cấp huyện").flags == (Flag.DISTRICT_LEVEL,)
    assert procedure(legalBasisesDetails=[{"code": "1/2015/QH13", "name": "Luật về cấp huyện"}]).flags == ()


def test_a_case_that_takes_longer_than_the_methods_is_told_too() -> None:
    found = procedure(
        executionMethods=[method("ONLINE", 7, "OTHER")],
        cases=[{"name": "A", "processingDay": {"qty": 12, "type": "WORKING_DAY"}}],
    )
    assert [(told.kind, told.channel, told.value) for told in found.durations] == [
        (DurationKind.UNIT_UNKNOWN, Channel.ONLINE, 7),
        (DurationKind.STATED, None, 12),
    ]


def test_fee_lines_are_kept_per_channel() -> None:
    found = procedure(executionMethods=[method("ONLINE", 1, "DAY", "", fee(0)), method("POSTAL", 1, "DAY", "", fee(0))])
    assert [(line.channel, line.kind) for line in found.fees] == [
        (Channel.ONLINE, FeeKind.ZERO),
        (Channel.POSTAL, FeeKind.ZERO),
    ]


def test_a_bare_twenty_means_twenty_thousand_where_a_sibling_line_says_so() -> None:
    found, findings = read_record(
        record(
            executionMethods=[
                method("ONLINE", 1, "DAY", "", fee(20, "20.000 đ/tờ khai")),
                method("POSTAL", 1, "DAY", "", fee(20)),
            ]
        )
    )
    assert found is not None
    assert [line.amounts for line in found.fees] == [(20000,), (20000,)]
    assert sum("mất ba chữ số 0" in finding.reason for finding in findings) == 2


def test_a_procedure_without_fee_lines_says_nothing_about_fees() -> None:
    assert procedure(executionMethods=[method()]).fees == ()


def test_a_paper_without_a_name_is_not_lost_and_is_reported() -> None:
    found, findings = read_record(
        record(executionCases=[{"name": "", "profileComponents": [paper("", 1, 0, "1.nxin.doc")]}])
    )
    assert found is not None
    assert found.papers[0].name.startswith("Biểu mẫu kèm theo")
    assert found.papers[0].forms == ("1.nxin.doc",)
    assert any(finding.field == "papers" for finding in findings)


def test_a_code_that_is_a_number_is_rejected_and_the_reason_says_what_to_do() -> None:
    found, findings = read_record(record(code=1.00005))
    assert found is None
    assert "Văn bản (Text)" in findings[-1].reason


def test_a_deleted_record_is_rejected() -> None:
    found, findings = read_record(record(code="1.014955-Xoa"))
    assert found is None
    assert findings[0].action == "rejected"


def test_a_test_record_is_reported() -> None:
    _, findings = read_record(record(executionSteps=[{"name": "", "description": "test"}]))
    assert any(finding.action == "reported" and finding.field == "steps" for finding in findings)


def test_one_broken_line_loses_no_other_record() -> None:
    lines = [json.dumps(record("1.000001")), "{broken", json.dumps(record("1.000002"))]
    reading = read_bytes(gzip.compress("\n".join(lines).encode()), "x")
    assert [found.code for found in reading.procedures] == ["1.000001", "1.000002"]
    assert [finding.row for finding in reading.findings if finding.action == "rejected"] == ["x, bản ghi 2"]


def test_a_list_and_a_wrapped_list_hold_the_same_records() -> None:
    records = [record("1.000001"), record("1.000002")]
    plain = read_bytes(json.dumps(records).encode(), "x")
    wrapped = read_bytes(json.dumps({"content": records}).encode("utf-8-sig"), "x")
    assert plain.procedures == wrapped.procedures
    assert len(plain.procedures) == 2


def test_repaired_text_is_reported_once_per_record() -> None:
    _, findings = read_record(record(departmentPromulgateName="Bộ\u00a0Y te\u0302\u0301, hoặc\u00ad"))
    reasons = [finding.reason for finding in findings if finding.field == "text"]
    assert len(reasons) == len(set(reasons)) >= 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "code", "fees", "value", "qty", "description"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at] if at else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += paths(inner, (*at, key))
    return found


PATHS = paths(record())


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PATHS), st.one_of(st.just("drop"), JSON)), min_size=1, max_size=5))
def test_any_mutation_of_a_record_gives_a_procedure_or_a_reason(mutations: list[tuple[tuple[Any, ...], Any]]) -> None:
    """Nothing in a record can raise; what comes out can be written and read again."""
    mutated = copy.deepcopy(record())
    for path, value in mutations:
        parent: Any = mutated
        for key in path[:-1]:
            try:
                parent = parent[key]
            except (KeyError, IndexError, TypeError):
                parent = None
                break
        if isinstance(parent, dict):
            parent.pop(path[-1], None) if value == "drop" else parent.__setitem__(path[-1], value)
        elif isinstance(parent, list) and isinstance(path[-1], int) and path[-1] < len(parent):
            parent[path[-1]] = value
    found, findings = read_record(mutated)
    if found is None:
        assert any(finding.action == "rejected" for finding in findings)
    else:
        assert msgspec.json.decode(msgspec.json.encode(found), type=Procedure) == found
        assert found.code
        assert found.name


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_any_json_at_all_is_survived(value: Any) -> None:
    found, findings = read_record(value)
    assert found is not None or findings


def _all(data: bytes) -> tuple[list[str], list[str]]:
    """The codes that were read, and the reasons for what was rejected."""
    reading = read_portal_json(data, "tệp")
    return [found.code for found in reading.procedures], [
        found.reason for found in reading.findings if found.action == "rejected"
    ]


RECORDS = [record(f"1.00000{number}") for number in range(4)]


def test_a_list_that_is_cut_off_loses_only_its_last_record() -> None:
    codes, reasons = _all(json.dumps(RECORDS, ensure_ascii=False).encode()[:-40])
    assert codes == ["1.000000", "1.000001", "1.000002"]
    assert len(reasons) == 1
    assert "bị cắt" in reasons[0]


def test_a_broken_record_in_the_middle_of_a_list_loses_no_other() -> None:
    data = json.dumps(RECORDS, ensure_ascii=False).replace('"1.000001"', '"1.000001', 2)
    codes, reasons = _all(data.encode())
    assert codes == ["1.000000", "1.000002", "1.000003"]
    assert len(reasons) == 1


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_an_export_saved_by_notepad_is_read(encoding: str) -> None:
    reading = read_bytes(json.dumps(RECORDS, ensure_ascii=False).encode(encoding), "tệp")
    assert [found.name for found in reading.procedures] == ["Cấp thẻ thử nghiệm"] * 4


def test_records_by_code_are_records() -> None:
    assert _all(json.dumps({one["code"]: one for one in RECORDS}).encode())[0] == [one["code"] for one in RECORDS]


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (method("DIRECT", 3, "WORKING_DAY", "", fee(-20000)), "fees"),
        (method("DIRECT", 3, "WORKING_DAY", "", fee({"đồng": 5})), "fees"),
        (method("DIRECT", 3, "WORKING_DAY", "", fee(5, "", "Yen")), "fees"),
        (method("DIRECT", -3, "DAY"), "durations"),
        (method("DIRECT", [3], "DAY"), "durations"),
        (method("DIRECT", 3, "FORTNIGHT"), "durations"),
        (method("DRONE", 3, "DAY"), "channels"),
    ],
)
def test_what_cannot_be_understood_is_reported_with_its_field(broken: dict[str, Any], field: str) -> None:
    found, findings = read_record(record(executionMethods=[broken]))
    assert found is not None
    assert {one.action for one in findings if one.field == field} == {"reported"}
    assert all(amount > 0 for line in found.fees for amount in line.amounts)


def test_scripts_and_tags_are_no_text() -> None:
    found, _ = read_record(record(name="<p>Cấp&nbsp;<b>thẻ</b></p><script>alert(1)</script>"))
    assert found is not None
    assert found.name == "Cấp thẻ"


def test_a_result_without_a_word_is_none() -> None:
    found, _ = read_record(record(resultsDetails=[{"name": "..."}, {"name": "Thẻ."}]))
    assert found is not None
    assert found.results == ("Thẻ",)


def test_of_several_times_of_one_channel_each_says_whose_it_is() -> None:
    found = procedure(
        executionMethods=[
            method("DIRECT", 1, "WORKING_DAY", "Trong 01 ngày làm việc đối với tuyến dài."),
            method("DIRECT", 2, "WORKING_DAY", "Đối với tuyến ngắn - Nộp tại Trung tâm."),
            method("DIRECT", 3, "WORKING_DAY", "Nộp trực tiếp tại Trung tâm."),
            method("ONLINE", 2, "WORKING_DAY", "Trong 02 ngày làm việc."),
        ]
    )
    assert [(time.value, time.text) for time in found.durations if time.channel] == [
        (1, "Trong 01 ngày làm việc đối với tuyến dài."),
        (2, "Đối với tuyến ngắn"),
        (3, ""),
        (2, ""),
    ]
