"""Scraped pages whose table cells ran together: what is certain is read, nothing else, and nothing known is erased."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.catalogue_import import run_import
from indexer.sources import read_bytes
from indexer.sources.portal_page import read_page, results_in, times_in
from knowledge_base.catalogue import read_folder
from knowledge_base.procedure import Channel
from tests.indexer.sources.records import record

WAYS = "Hình thức nộpThời gianPhí, lệ phíMô tả"


def page(**changes: Any) -> dict[str, Any]:
    return {
        "ma_thu_tuc": "1.234567",
        "detail_url": "https://dichvucong.gov.vn/thu-tuc-hanh-chinh/019d2bfd",
        "ten_thu_tuc": "Cấp thẻ trên trang",
        "so_quyet_dinh": "163/QĐ-BTN",
        "cap_thuc_hien": "Cấp Bộ, Cấp Xã",
        "linh_vuc": "Thử nghiệm",
        "doi_tuong_thuc_hien": "Công dân Việt Nam, Tổ chức (không bao gồm doanh nghiệp, HTX)",
        "cach_thuc_thuc_hien": f"{WAYS}Trực tiếp3 Ngày làm việcMiễn phí(150.000 đồng/giấy)Nộp tại quầy",
        "thanh_phan_ho_so": "--Tên giấy tờMẫu đơn, tờ khaiSố lượngTờ khai1 bản chính",
        "ket_qua_xu_ly": "Thẻ thử.Mã: KQ.G19.000448Văn bản từ chốiMã: KQ.G19.000426Từ khóaKhông có thông tin",
        "yeu_cau_dieu_kien": "Không có thông tin",
        "trinh_tu_thuc_hien": "Bước 1: Nộp.\nBước 2: Nhận.",
    } | changes


def test_what_stands_between_unmistakable_words_is_read() -> None:
    found, findings = read_page(page(), "trang")
    assert found is not None
    assert (found.name, found.levels, found.decision) == ("Cấp thẻ trên trang", ("ministry", "commune"), "163/QĐ-BTN")
    assert found.audience == ("Công dân Việt Nam", "Tổ chức (không bao gồm doanh nghiệp, HTX)")
    assert found.results == ("Thẻ thử", "Văn bản từ chối")
    assert [(time.channel, time.value) for time in found.durations] == [(Channel.DIRECT, 3)]
    assert not found.has_conditions
    assert [(one.field, one.action) for one in findings] == [("papers", "reported")]


def test_no_fee_and_no_paper_is_ever_taken_from_cells_that_ran_together() -> None:
    """ "Miễn phí(150.000 đồng/giấy)" proves neither that it is free nor what it costs."""
    found, _ = read_page(page(), "trang")
    assert found is not None
    assert (found.fees, found.cases, found.legal) == ((), (), ())


def test_a_time_and_a_fee_that_ran_together_are_no_time() -> None:
    assert times_in(f"{WAYS}Trực tuyến120,000 VNĐ(mỗi hồ sơ)") == ()
    assert [time.value for time in times_in(f"{WAYS}Trực tuyến17,5 NgàyDịch vụ bưu chính20 Ngày")] == [17.5, 20]


def test_the_foot_of_the_page_is_no_result() -> None:
    assert results_in("Thẻ.Mã: KQ.1Từ khóaKhông có thông tinMô tảChọn cơ quan thực hiện") == ("Thẻ",)


def test_a_page_changes_names_but_erases_no_facts(tmp_path: Path) -> None:
    centre, whole, scraped = tmp_path / "centre.csv", tmp_path / "a.json", tmp_path / "b.json"
    centre.write_text("code,counter,agency\n1.234567,province,so-a\n", "utf-8")
    whole.write_text(json.dumps(record()), "utf-8")
    scraped.write_text(json.dumps(page()), "utf-8")
    for path in (whole, scraped):
        day = date(2026, 11, 23)
        run_import([path], tmp_path / "c", centre=centre, keep_prose=False, today=day, write=True)
    (found,) = read_folder(tmp_path / "c")
    assert found.name == "Cấp thẻ trên trang"
    assert found.fees
    assert found.papers


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(page())), st.none() | st.integers() | st.text() | st.lists(st.text())))
def test_any_page_gives_a_procedure_or_a_reason(changes: dict[str, Any]) -> None:
    reading = read_bytes(json.dumps(page(**changes)).encode(), "trang")
    assert reading.procedures or any(found.action == "rejected" for found in reading.findings)
