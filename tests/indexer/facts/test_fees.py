import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.facts.fees import amounts_in, fee_text, periods_in, read_fee, says_free
from knowledge_base.procedure import FeeKind, FeeLine


def line(value: object, text: str = "", currency: str = "") -> FeeLine:
    return read_fee(value, currency, text, None).line


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("135.000 đồng/lần", [135000]),
        ("20.000đ", [20000]),
        ("20.000Đ/tờ khai", [20000]),
        ("1.500.000 VNĐ", [1500000]),
        ("50.000-100.000", [50000, 100000]),
        ("3.000.000-5.000.000 Đồng", [3000000, 5000000]),
        ("2 triệu đồng", [2000000]),
        ("không quá 10 (mười) triệu đồng, không dưới 05 (năm) triệu đồng", [10000000, 5000000]),
        ("500.000 đồng (Năm trăm nghìn đồng)", [500000]),
        ("1.250.000/lần/cơ sở", [1250000]),
        ("155 USD/thẻ", [155]),
        ("0,1%", []),
        ("75% mức thu", []),
        ("Thông tư số 202/2016/TT-BTC ngày 01/7/2025", []),
        ("ngày 10 tháng 7 năm 2024", []),
        ("Nghị định 85/2024/NĐ-CP, Điều 22, khoản 1", []),
        ("Vốn đầu tư đến 10 tỷ đồng: 5.000.000 đồng", [5000000]),
        ("Thiết bị có giá trị dưới 20.000.000 đồng: thu 300.000 đồng", [300000]),
        ("lớn hơn 10.000 lần mức miễn trừ", []),
        ("0.000đ/giấy", []),
    ],
)
def test_amounts_are_told_from_dates_numbers_and_brackets(text: str, amounts: list[int]) -> None:
    assert [money.amount for money in amounts_in(text)] == amounts


@pytest.mark.parametrize(
    ("value", "text", "currency", "kind", "amounts", "unit"),
    [
        (20000, "", "Việt Nam Đồng", FeeKind.AMOUNT, (20000,), "VND"),
        (20, "20.000 vnđ /tờ khai", "", FeeKind.AMOUNT, (20000,), "VND"),
        (155, "Thẻ từ 02 năm: 155 USD/thẻ", "", FeeKind.AMOUNT, (155,), "USD"),
        (10, "", "USD", FeeKind.AMOUNT, (10,), "USD"),
        (25, "", "", FeeKind.AMOUNT, (25,), ""),
        (0, "Lệ phí: 135.000 đồng/lần", "", FeeKind.AMOUNT, (135000,), "VND"),
        (0, "Miễn phí", "", FeeKind.FREE, (), ""),
        (0, "- Miễn lệ phí (Thông tư số 47/2019/TT-BTC).", "", FeeKind.FREE, (), ""),
        (0, "Không thu phí", "", FeeKind.FREE, (), ""),
        (0, "Không", "", FeeKind.NOT_STATED, (), ""),
        (0, "Không có.", "", FeeKind.NOT_STATED, (), ""),
        (0, "Chưa quy định", "", FeeKind.NOT_STATED, (), ""),
        (0, "Mức lệ phí cụ thể do Hội đồng nhân dân tỉnh quyết định", "", FeeKind.COUNCIL, (), ""),
        (0, "do Ủy ban nhân dân cấp tỉnh quy định", "", FeeKind.COUNCIL, (), ""),
        (0, "Theo quy định tại Thông tư số 202/2016/TT-BTC", "", FeeKind.REGULATION, (), ""),
        (0, "", "", FeeKind.ZERO, (), ""),
        (None, "", "", FeeKind.NOT_STATED, (), ""),
    ],
)
def test_a_line_is_what_number_and_text_honestly_say(  # noqa: PLR0917
    value: int | None, text: str, currency: str, kind: FeeKind, amounts: tuple[int, ...], unit: str
) -> None:
    found = line(value, text, currency)
    assert (found.kind, found.amounts, found.currency, found.conflict) == (kind, amounts, unit, False)


@pytest.mark.parametrize(
    "text",
    [
        "Miễn lệ phí cho người thuộc hộ nghèo",
        "Miễn phí Đồng (- Trường hợp công dân thuộc diện được miễn phí theo quy định tại Điều 4)",
        "Miễn phí (đối với hộ nghèo theo Nghị định số 1/2020/NĐ-CP)",
        "Mức lệ phí do Hội đồng nhân dân tỉnh quyết định. Miễn lệ phí cho người khuyết tật",
    ],
)
def test_an_exemption_for_some_is_never_free(text: str) -> None:
    assert not says_free(text)
    assert line(0, text).kind is not FeeKind.FREE


def test_where_number_and_text_disagree_both_are_told() -> None:
    found = line(800000, "áp dụng mức phí 400.000 đồng/hồ sơ đến hết ngày 31/12/2026", "Việt Nam Đồng")
    assert found.conflict
    assert found.amounts == (800000, 400000)
    assert found.valid_until == "2026-12-31"


def test_a_number_with_a_text_that_says_free_is_a_conflict() -> None:
    assert line(50000, "Miễn phí").conflict


def test_more_amounts_in_the_text_are_no_conflict_where_the_number_is_among_them() -> None:
    found = line(140000, "140.000 đồng block đầu, thêm 100.000 đồng mỗi block sau")
    assert (found.amounts, found.conflict) == ((140000, 100000), False)


def test_a_long_text_keeps_every_exempted_person() -> None:
    """The list of exempted people is separated by semicolons; none of them may be cut away."""
    text = (
        "Giới thiệu chung về phí. " * 20 + "Miễn lệ phí cho gia đình có công; người thuộc hộ nghèo; người khuyết tật."
    )
    short, abridged = fee_text(text)
    assert abridged
    assert short == "Miễn lệ phí cho gia đình có công; người thuộc hộ nghèo; người khuyết tật."


def test_leftovers_of_the_portals_page_are_taken_off_the_text() -> None:
    assert fee_text("Đồng (Mức lệ phí do tỉnh quyết định.)")[0] == "Mức lệ phí do tỉnh quyết định."
    assert fee_text(" Đồng ")[0] == ""


@pytest.mark.parametrize("text", ["đến hết ngày 31/12/2026", "đến ngày 31 tháng 12 năm 2026", "đến hết năm 2026"])
def test_the_end_of_a_period_is_read(text: str) -> None:
    assert [end.isoformat() for end in periods_in(text)] == ["2026-12-31"]


@given(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
    st.text(max_size=5),
    st.text(alphabet="0123456789.,-/%đồngtriệuUSD ()miễnphí", max_size=60),
)
def test_no_input_breaks_a_fee_line_and_only_amount_lines_have_amounts(value: object, currency: str, text: str) -> None:
    found = line(value, text, currency)
    assert bool(found.amounts) == (found.kind is FeeKind.AMOUNT)
    assert len(found.text) <= 600
