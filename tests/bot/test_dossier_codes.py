"""Dossier codes are read as people type them; what is no code is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.privacy import conceal
from bot.dossier_codes import among, as_sent, completed, find, find_and_rest, from_token, normal, partial, token

SHORT = "H05.12-260715-0007"
LONG = "000.00.06.H56-231027-0361"
OLD = "BG.TNH01A.150909.39859"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (SHORT, SHORT),
        ("h05.12–260715—0007", SHORT),
        ("ho5 . 12 - 26O715 - OOO7", SHORT),
        ("H05 12 260715 0007", SHORT),
        ("H05.12-2607 15-00 07", SHORT),
        ("H05,12-260715-0007", SHORT),
        ("H05-12-260715-0007", SHORT),
        ("h05.12.260715.0007 tới đâu rồi", SHORT),
        ("000-00-06-H56-231027-0361", LONG),
        ("hồ sơ H05.12-260715-0007 2 bộ đến đâu rồi?", SHORT),
        ("https://x.vn/tra-cuu?ma=H05.12-260715-0007&a=1", SHORT),
        ("https://x.vn/?ma%3D000.00.06.H56-231027-0361", LONG),
        ("PHIẾU HẸN\nMã: H05.12-260715-0007\nNgày 15/07/2026 ĐT 0900000000", SHORT),
        ("H29.8O1-2606O1-000l", "H29.801-260601-0001"),
        ("H15.50.05.13-261008-0975", "H15.50.05.13-261008-0975"),
        ("BG.TNH01A.150909.39859 ", OLD),
        ("bg.tph02a.150730.i4", "BG.TPH02A.150730.I4"),
        ("H05.12-260715-0007|NGUYỄN VĂN A|15/07/2026", SHORT),
        ("H05.12-260715-0007|02|024099001234", SHORT),
        ("|H05.12-260715-0007|", SHORT),
        ("H05.12-260715-00|7", "H05.12-260715-0017"),
        ("H05.12\u00ad-260715-\u200d0007\ufeff", SHORT),
        ("H05.12--260715⸺0007", SHORT),
        ("H05/12-260715/0007", SHORT),
        ("Н05.12-260715-ООО7", SHORT),  # Cyrillic Н and О
        ("H05122607150007", SHORT),
        ("h05.122607150007", SHORT),
        ("H052612207150007", None),  # H05-261220-7150007 or H05.261-220715-0007
        ("bg tnh01a 150909 39859", OLD),
        ("BG-TNH01A-150909-39859", OLD),
        ("BGTNHO1A.I50909.39859", OLD),
        ("12-260715-0007", None),
        ("03706/2026/07906", None),  # social insurance, not of the one-stop shop
        ("H05.12-261315-0007", None),  # month 13
        ("1.004194 cần giấy tờ gì", None),
        ("H05.12-260715-0007 hay H05.12-260715-0008", None),
        ("ngày 15/07/2026 lúc 8 giờ", None),
    ],
)
def test_codes_are_read_as_they_are_typed(text: str, code: str | None) -> None:
    """Spaces, any dash, case, O and 0, I, l and 1, the QR code's link, text around."""
    assert find(text) == code


def test_what_stands_beside_a_code_is_told_apart() -> None:
    """So that the digits in the same message are not part of it."""
    assert find_and_rest(f"{SHORT} 4321")[1].strip() == "4321"
    assert find_and_rest(f"hồ sơ {SHORT.lower()}, 4 số cuối 4321")[1].split() == [
        "HỒ",
        "SƠ",
        ",",
        "4",
        "SỐ",
        "CUỐI",
        "4321",
    ]


def test_part_of_a_code_is_completed_with_the_centre_s_prefixes() -> None:
    """Its unit may be part of the prefix; what is no day is no part of a code."""
    assert partial("hồ sơ 12-26O715-0007 ạ")[0] == "12-260715-0007"
    assert partial("260715 0007")[0] == "260715-0007"
    for text in ("261315-0007", "0900004321", "15/07/2026", "260715-0007 hay 260715-0008"):
        assert partial(text)[0] is None
    assert completed("12-260715-0007", ["H02", "H05"]) == ["H02.12-260715-0007", SHORT]
    assert completed("12-260715-0007", ["H05.12"]) == completed("260715-0007", ["H05.12"]) == [SHORT]
    assert completed(SHORT, ["H02"]) == [SHORT]
    assert (as_sent("12-260715-0007"), as_sent(SHORT), as_sent("12-260715")) == ("12-260715-0007", SHORT, None)


def test_part_of_a_code_means_only_what_the_person_may_see() -> None:
    """Without the prefix, without separators, with one slip; ambiguous parts mean nothing."""
    visible = [SHORT, "H05.12-260716-0011"]
    assert among("260715-0007", visible) == SHORT
    assert among("h05122607150007", visible) == SHORT
    assert among("H05.12-260715-0001", visible) == SHORT
    assert among("0007", visible) is None
    assert among("H05.12-260715-0008", [SHORT, "H05.12-260715-0009"]) is None
    assert among("260715-0007", []) is None


@pytest.mark.parametrize("code", [SHORT, LONG, OLD])
def test_a_deep_link_carries_the_code(code: str) -> None:
    """Telegram allows letters, digits, _ and - in a payload, at most 64."""
    payload = token(code)
    assert from_token(payload) == code
    assert len(payload) <= 64
    assert payload.replace("_", "").replace("-", "").isalnum()


@given(st.text(max_size=200))
def test_what_is_read_is_normal(text: str) -> None:
    """Whatever is typed: nothing, or a code that reads as itself; a system's code is the whole text."""
    code = find(text)
    assert code is None or normal(code) == code
    sent = normal(text)
    assert sent is None or find(sent) == sent


def test_a_code_is_no_phone_number() -> None:
    """Its digits look like one; what is shown of a message keeps the code and hides the phone."""
    for code in (SHORT, "H05 12 260715 0007", "H052607150007", "Н05.12--260715-0007", "BG-TNH01A-150909-39859"):
        assert conceal(f"{code} sdt 0912345678") == f"{code} sdt •••"
