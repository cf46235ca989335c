import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.facts.codes import read_code
from indexer.facts.legal import number_in, read_decision, read_legal
from indexer.facts.wording import at_word, clean, clean_lines, sentences, within, without_bullet


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (unicodedata.normalize("NFD", "hoặc Ứng"), "hoặc Ứng"),
        ("NÐ-CP", "NĐ-CP"),
        ("85/2024/TT-BT\u0421", "85/2024/TT-BTC"),
        ("Матвей", "Матвей"),
        ("gạch\u00adnối", "gạchnối"),
        ("\uf02d Đơn", "- Đơn"),
        ("Ủy ban\u00a0nhân dân\t xã", "Ủy ban nhân dân xã"),
        ("<p>Đơn</p><br/>tờ&nbsp;khai &amp;amp; ảnh", "Đơn tờ khai & ảnh"),
        ("tuổi < 16 và > 3", "tuổi < 16 và > 3"),
        ("Không có thông tin", ""),
        (None, ""),
        (3, ""),
    ],
)
def test_raw_text_becomes_plain_vietnamese(raw: object, text: str) -> None:
    assert clean(raw) == text


def test_lines_are_kept_where_they_matter() -> None:
    assert clean_lines("Bước 1\r\n\r\nBước 2<br>Bước 3") == ["Bước 1", "Bước 2", "Bước 3"]


@pytest.mark.parametrize(
    "raw", ["- Đơn", "* Đơn", "(1.2) Đơn", "a) Đơn", "1. Đơn", "(iv) Đơn", "+) Đơn", "3 )Đơn", "- 1.1. Đơn"]
)
def test_bullets_and_numbering_are_taken_off(raw: str) -> None:
    assert without_bullet(raw) == "Đơn"


@pytest.mark.parametrize("raw", ["01 bộ hồ sơ", "02 ảnh cỡ 3x4", "Mẫu số 1.", "CT01", "C/O bản chính"])
def test_a_count_in_front_is_not_numbering(raw: str) -> None:
    assert without_bullet(raw) == raw


@given(st.text())
def test_cleaned_text_stays_as_it_is_when_cleaned_again(raw: str) -> None:
    once = clean(raw)
    assert unicodedata.is_normalized("NFC", once)
    assert "  " not in once
    assert "\n" not in once


@given(st.text(alphabet="ab cđ.;(", min_size=1, max_size=80), st.integers(5, 40))
def test_a_text_is_cut_only_between_words(raw: str, limit: int) -> None:
    text = clean(raw)
    assert " ".join(sentences(text)) == text
    short, cut = within(text, limit)
    assert len(short) <= limit
    assert cut == (len(text) > limit)
    assert text.startswith(at_word(text, limit).removesuffix("…"))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Thông tư số 03/2023/TT-BTP", "03/2023/TT-BTP"),
        ("66.7/2025/NQ-CP", "66.7/2025/NQ-CP"),
        ("Luật 79/2015/QH13", "79/2015/QH13"),
        ("154/2024/ NĐ - CP ", "154/2024/NĐ-CP"),
        ("370/QĐ-BCA-C06", "370/QĐ-BCA-C06"),
        ("Luật Hộ tịch", ""),
        ("Thông tư số 13/2002/BLĐTBXH-TT", "13/2002/BLĐTBXH-TT"),
    ],
)
def test_legal_numbers_are_normalised(text: str, number: str) -> None:
    assert number_in(clean(text)) == number


def test_a_document_without_a_number_keeps_its_name() -> None:
    found = read_legal("", "Luật Hộ tịch")
    assert found is not None
    assert (found.number, found.name) == ("", "Luật Hộ tịch")
    assert read_legal(" ", None) is None
    assert read_decision("1521/QĐ-UBND.") == "1521/QĐ-UBND"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (" 1.014325", "1.014325"),
        ("1.0133611", "1.0133611"),
        ("1.001612.000.00.00.H48", "1.001612.000.00.00.H48"),
        ("C08_XPHCDB", "C08_XPHCDB"),
        (1.004194, "1.004194"),
        (1.00005, ""),
        ("1.00005", ""),
        ("1.014955-Xoa", ""),
        ("Tổng cộng", ""),
        (None, ""),
        (True, ""),
    ],
)
def test_a_code_is_text_and_doubtful_codes_are_rejected_with_a_reason(raw: object, code: str) -> None:
    found = read_code(raw)
    assert found.code == code
    assert bool(found.reason) == (found.code != raw)


@pytest.mark.parametrize("text", ["1.5 triệu đồng", "2.5 ngày làm việc"])
def test_a_decimal_number_with_its_unit_is_no_numbering(text: str) -> None:
    assert without_bullet(text) == text


@pytest.mark.parametrize(
    ("raw", "reason"),
    [("1.OO4194", "chữ cái"), ("l.004194", "chữ cái"), ("1.000.050", "dấu chấm"), ("1,004194", "dấu")],
)
def test_a_code_written_wrongly_is_refused_with_the_reason(raw: str, reason: str) -> None:
    code, why = read_code(raw)
    assert code == ""
    assert reason in why


def test_wide_digits_are_read() -> None:
    assert read_code("１．００４１９４").code == "1.004194"
    assert read_code("1.001612.000.00.00.H48") == ("1.001612.000.00.00.H48", "")
