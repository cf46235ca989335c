"""Comments name nobody: numbers, codes and names of people are taken out before a comment is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.privacy import conceal_people


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("chị Lan ở quầy 5 rất nhiệt tình", "chị ••• ở quầy 5 rất nhiệt tình"),
        ("anh Nguyễn Văn A nói to", "anh ••• nói to"),
        ("Nguyễn Văn A nói to", "••• nói to"),
        ("cán bộ Hạnh bắt chờ", "cán bộ ••• bắt chờ"),
        ("chi Lan quay 3", "chi ••• quay 3"),
        ("chị lan quầy 3", "chị ••• quầy 3"),
        ("nguyen van a quay 3", "••• quay 3"),
        ("CÁN BỘ TRẦN THỊ LAN GẮT", "CÁN BỘ ••• GẮT"),
        ("tên là Đỗ Thu Hà", "tên là •••"),
        ("gọi 0912 345 678 cho tôi", "gọi ••• cho tôi"),
        ("hồ sơ H05.12-260715-0007 chậm", "hồ sơ ••• chậm"),
    ],
)
def test_names_and_numbers_are_taken_out(typed: str, kept: str) -> None:
    assert conceal_people(typed) == kept


@pytest.mark.parametrize(
    "said",
    [
        "anh công an hướng dẫn tận tình",
        "Chị nhân viên vui vẻ",
        "cán bộ hướng dẫn rõ ràng",
        "Trung tâm Phục vụ hành chính công sạch sẽ",
        "Hồ sơ chậm, ghế ngồi ít",
        "quầy 5 chờ 45 phút",
    ],
)
def test_what_is_no_name_stays(said: str) -> None:
    assert conceal_people(said) == said


@given(st.text(max_size=200))
def test_any_text_can_be_masked(text: str) -> None:
    """Masking twice changes nothing more than masking once does to a masked text."""
    assert isinstance(conceal_people(text), str)
