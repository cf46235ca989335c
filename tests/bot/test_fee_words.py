"""The overview's fee: a bare amount only where the record says nothing else about it."""

import re
from datetime import date

import msgspec
import pytest

from bot.dialogue.wording import fees
from knowledge_base.catalogue import Catalogue
from knowledge_base.procedure import FeeKind, FeeLine, Procedure

TODAY = date(2026, 11, 30)
CATALOGUE = Catalogue.shipped()
BARE = Procedure(code="1.000001", name="Đăng ký thử", agency="so-tu-phap", counter="province", field="Thử")
HALF = (
    "70.000 đồng/thẻ. Kể từ ngày 01/01/2025 đến hết ngày 31/12/2025, mức thu khi nộp theo hình thức trực tuyến bằng "
    "50% mức thu quy định. Kể từ ngày 01/7/2025 đến hết ngày 31/12/2026 mức thu bằng 50% mức thu nêu trên."
)


def of(text: str, *, today: date = TODAY, **fields: object) -> str:
    """The short fee of a procedure with one line."""
    line = FeeLine(kind=FeeKind.AMOUNT, amounts=(70000,), currency="VND", text=text)
    return fees.short(msgspec.structs.replace(BARE, fees=(msgspec.structs.replace(line, **fields),)), today)


def test_half_the_fee_is_told_while_it_holds() -> None:
    for code in ("2.001194", "1.014064"):
        said = fees.short(CATALOGUE.get(code), TODAY)  # type: ignore[arg-type]
        assert said == "đến hết 31/12/2026 chỉ thu 50% của 70.000 đồng, xem mục Lệ phí"
        page = fees.fees(CATALOGUE.get(code), TODAY)  # type: ignore[arg-type]
        assert page[0] == "Lưu ý: đến hết 31/12/2026 chỉ thu 50% mức ghi dưới đây."


def test_half_the_fee_is_not_told_afterwards_and_the_whole_is_not_called_expired() -> None:
    said = of(HALF, today=date(2027, 1, 2), valid_until="2026-12-31")
    assert "70.000 đồng" in said
    assert "hết hạn" not in said
    assert "chỉ thu" not in said
    assert said.endswith("xem mục Lệ phí")


@pytest.mark.parametrize("code", ["2.001263", "1.012271", "2.002516"])
def test_relief_is_told_with_the_amount(code: str) -> None:
    assert "có trường hợp được miễn hoặc giảm, xem mục Lệ phí" in fees.short(CATALOGUE.get(code), TODAY)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0,1% giá trị, tối thiểu 70.000 đồng", "cách tính riêng"),
        ("70.000 đồng + 15.000 x 2", "70.000 đồng"),
        ("70.000 đồng; hộ nghèo không thu", "miễn hoặc giảm"),
        ("70.000 đồng kể từ ngày 01/01/2026", "xem mục Lệ phí"),
    ],
)
def test_what_the_text_adds_is_not_hidden(text: str, said: str) -> None:
    assert said in of(text)
    assert of(text) != "70.000 đồng" or said == "70.000 đồng"


def test_a_contradiction_comes_first() -> None:
    assert of("7.000 đồng", conflict=True) == "hai chỗ trong bản ghi không khớp, xem mục Lệ phí"


def test_only_what_has_ended_is_called_ended() -> None:
    text = "70.000đ/giấy (áp dụng đến hết ngày 31/12/2024)"
    assert "đã hết hạn áp dụng" in of(text, valid_until="2024-12-31")
    assert of(text, valid_until="2026-12-31") == "70.000 đồng, bản ghi ghi áp dụng đến hết 31/12/2026, xem mục Lệ phí"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "70.000 đồng"),
        ("/giao dịch", "70.000 đồng/giao dịch"),
        ("Lệ phí: 70.000 đồng/lần.", "70.000 đồng/lần"),
        ("Theo quy định tại Thông tư 55/2025/TT-BTC", "70.000 đồng"),
    ],
)
def test_a_plain_amount_stays_plain(text: str, said: str) -> None:
    assert of(text) == said


def test_over_the_whole_catalogue_no_bare_amount_hides_a_condition() -> None:
    hidden = re.compile(r"%|miễn|giảm|tối thiểu|tối đa|không thu|đến hết", re.IGNORECASE)
    for procedure in CATALOGUE:
        said = fees.short(procedure, TODAY)
        if "xem mục Lệ phí" not in said and any(line.kind is FeeKind.AMOUNT for line in procedure.fees):
            assert not any(hidden.search(line.text) or line.conflict for line in procedure.fees), procedure.code
