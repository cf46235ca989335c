"""What is kept of a question says nothing about who asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.anonymous import LONGEST, anonymous, key_of


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("tôi tên là Nguyễn Văn An muốn làm khai sinh", "tôi tên là ••• muốn làm khai sinh"),
        ("toi ten la nguyen van an, muon lam khai sinh", "toi ten la •••, muon lam khai sinh"),
        ("chị Lan mất sổ, gọi 0987 654 321 nhé", "chị ••• mất sổ, gọi ••• nhé"),
        ("hồ sơ H05.12-260715-0007 của em ai giữ", "hồ sơ ••• của em ai giữ"),
        ("căn cước 024099001234 hết hạn", "căn cước ••• hết hạn"),
        ("xe 98A-123.45 mất đăng ký, thư về an@vd.vn", "xe ••• mất đăng ký, thư về •••"),
        ("số tài khoản 1903 4567 8901 2345 nộp phí", "số tài khoản ••• nộp phí"),
        ("thủ tục 1.004194 làm ở đâu", "thủ tục 1.004194 làm ở đâu"),
        ("nộp 150.000 đồng cho 2 con", "nộp 150.000 đồng cho 2 con"),
    ],
)
def test_what_names_a_person_becomes_dots(typed: str, kept: str) -> None:
    """Numbers, names, dossiers, cars and addresses go; codes of procedures and amounts stay."""
    assert anonymous(typed) == kept


def test_the_same_question_has_one_key() -> None:
    """Marks, case, punctuation and the number that was masked make no other question."""
    keys = {key_of(text) for text in ("Mất SỔ rồi, gọi 0987654321!", "mat so roi gọi 0912 345 678", "mất  sổ rồi gọi")}
    assert keys == {"mat so roi goi"}


@given(st.text())
def test_any_text_is_kept_short_and_masking_it_again_changes_no_key(text: str) -> None:
    """The key of what is kept is the key of what was typed: the button on the answer names the same question."""
    assert len(anonymous(text)) <= LONGEST
    assert key_of(anonymous(text)) == key_of(text)
