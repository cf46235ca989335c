import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.facts.fees import fee_text, is_amount, read_fee, says_free, with_method
from indexer.facts.money import amounts_in
from indexer.facts.periods import periods_in
from knowledge_base.procedure import Channel, FeeKind, FeeLine


def line(value: object, text: object = "", currency: str = "") -> FeeLine:
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
        ("15.000 đồng", None, "", FeeKind.AMOUNT, (15000,), "VND"),
        ("Miễn phí", "", "", FeeKind.FREE, (), ""),
        (0, "1.5 triệu đồng", "", FeeKind.AMOUNT, (1500000,), "VND"),
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
    value: object, text: str | None, currency: str, kind: FeeKind, amounts: tuple[int, ...], unit: str
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
    found = line(1500000, "150.000 đồng/1 giấy", "Việt Nam Đồng")
    assert found.conflict
    assert found.amounts == (1500000, 150000)


def test_a_lower_amount_for_a_period_does_not_contradict_the_number() -> None:
    found = line(800000, "áp dụng mức phí 400.000 đồng/hồ sơ đến hết ngày 31/12/2026", "Việt Nam Đồng")
    assert (found.amounts, found.conflict, found.valid_until) == ((800000, 400000), False, "2026-12-31")
    assert found.limited == (400000,)


@pytest.mark.parametrize("value", [1, 20, 50, 830, 999])
@pytest.mark.parametrize("currency", ["", "Việt Nam Đồng"])
def test_a_number_too_small_to_be_a_fee_is_never_told_as_an_amount(value: int, currency: str) -> None:
    reading = read_fee(value, currency, "Theo quy định của Luật", None)
    assert (reading.line.kind, reading.line.amounts, reading.line.unclear) == (FeeKind.NOT_STATED, (), value)
    assert reading.action == "reported"
    beside = line(value, "áp dụng mức phí 25.000 đồng/hồ sơ đến hết ngày 31/12/2026", currency)
    assert (beside.conflict, beside.amounts, beside.unclear) == (True, (25000,), value)


def test_small_numbers_of_another_currency_are_amounts() -> None:
    assert line(10, "", "USD").amounts == (10,)
    assert line(155, "155 USD/thẻ").unclear == 0
    assert line(0, "2 đồng/tờ").kind is FeeKind.NOT_STATED


@pytest.mark.parametrize(
    ("value", "text", "limited", "percent"),
    [
        (0, "70.000 đồng/thẻ. Kể từ ngày 01/7/2025 đến hết ngày 31/12/2026 bằng 50 % mức thu nêu trên.", (), 50),
        (70000, "Đến hết ngày 31/12/2026 giảm 30% mức thu", (), 70),
        (0, "50.000 đồng (theo Thông tư 1);25.000 đồng (áp dụng đến hết ngày 31/12/2026)", (25000,), 0),
        (0, "500.000 đồng (áp dụng mức phí 250.000 đồng đến hết ngày 31/12/2026). Lệ phí: 100.000 đồng", (250000,), 0),
        (0, "Từ nay đến hết ngày 31/12/2026: 550.000 đồng; + Từ ngày 01/1/2027: 1.100.000 đồng", (550000,), 0),
        (100000, "Áp dụng đến hết ngày 31/12/2026 đối với cấp mới", (100000,), 0),
        (1000000, "2.000.000 đồng. (Đến hết ngày 31/12/2026 áp dụng mức phí theo Thông tư 64)", (1000000,), 0),
        (60000, "60.000 đồng; được miễn nếu nộp qua ứng dụng đến hết ngày 31/12/2026", (), 0),
    ],
)
def test_a_period_is_of_the_amounts_beside_it_or_of_a_share_of_the_usual_ones(
    value: int, text: str, limited: tuple[int, ...], percent: int
) -> None:
    found = line(value, text, "Việt Nam Đồng")
    assert (found.limited, found.percent, found.valid_until) == (limited, percent, "2026-12-31")
    assert not found.conflict


def test_a_half_for_those_who_apply_online_is_not_told_at_the_desk() -> None:
    text = "70.000 đồng. Đến hết ngày 31/12/2026 hồ sơ trực tuyến bằng 50% mức thu."
    assert read_fee(0, "", text, Channel.DIRECT).line.percent == 0
    assert read_fee(0, "", text, Channel.ONLINE).line.percent == 50


def test_words_in_place_of_the_number_are_text_and_no_text_at_all_is_never_zero() -> None:
    assert is_amount("15.000 đồng")
    assert is_amount("Miễn phí")
    assert not is_amount("abc")
    assert line("Theo quy định").kind is FeeKind.REGULATION
    for wrong in (["20.000 đồng"], 20000, {"a": 1}):
        assert line(0, wrong).kind is FeeKind.NOT_STATED


def test_a_unit_behind_a_number_is_said_once() -> None:
    assert line(6000000, "đồng/lần", "Việt Nam Đồng").text == "/lần"


def test_further_lines_of_the_fee_table_run_into_the_text_do_not_contradict_the_number() -> None:
    found = line(400000, "Thi lý thuyết) Phí: 1.700.000 Đồng (Thi thực hành", "Việt Nam Đồng")
    assert (found.amounts, found.conflict) == ((400000, 1700000), False)


def test_the_sentence_that_lowers_an_amount_is_never_abridged_away() -> None:
    long = "Phí thẩm định: 3.500.000 đồng/hồ sơ. " + "Nộp tại quầy của cơ quan. " * 20 + "Năm nay áp dụng mức phí mới."
    assert line(3500000, long).text.endswith("Năm nay áp dụng mức phí mới.")


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


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("Phí: 600,000 (lý thuyết)", [600000]),
        ("15000000/lần", [15000000]),
        ("500.000/lô + số mặt hàng x100.000, tối đa 5.000.000/lô", [500000, 100000, 5000000]),
        ("số mặt hàng x 100.000 nghìn đồng", [100000]),
        ("Mức thu (đồng) Cấp lần đầu 40.000 200.000", [40000, 200000]),
        ("Diện tích (đồng) dưới 10.000m2", []),
        ("Tàu từ 1.600 GT", []),
    ],
)
def test_amounts_without_a_unit_count_where_the_text_calls_them_a_fee(text: str, amounts: list[int]) -> None:
    assert [money.amount for money in amounts_in(text)] == amounts


def test_an_amount_that_cannot_be_read_is_never_told_as_no_amount() -> None:
    reading = read_fee(0, "", "10.000.0000 đồng (cấp lần đầu) theo Thông tư 40/2026/TT-BTC", None)
    assert reading.line.kind is FeeKind.NOT_STATED
    assert reading.line.text.startswith("10.000.0000 đồng")
    assert reading.action == "reported"


def test_the_office_of_the_committee_sets_no_fee() -> None:
    assert line(0, "Theo Quyết định số 1/QĐ-VP của Văn phòng Ủy ban nhân dân tỉnh").kind is FeeKind.REGULATION
    assert line(0, "Do Ủy ban nhân dân tỉnh quy định").kind is FeeKind.COUNCIL


def test_free_with_a_fee_for_copies_is_free() -> None:
    text = "Miễn lệ phí. Phí cấp bản sao trích lục (nếu có) theo Thông tư số 281/2016/TT-BTC."
    assert line(0, text).kind is FeeKind.FREE
    assert line(0, text).text == text
    assert line(0, "Miễn lệ phí. Phí thẩm định theo Thông tư số 281/2016/TT-BTC.").kind is not FeeKind.FREE


def test_the_reduced_amount_in_the_description_of_the_method_is_told() -> None:
    told = "Phí: 800.000 đồng/hồ sơ (áp dụng mức phí 400.000 đồng/hồ sơ đến hết ngày 31/12/2026). Nộp tại quầy."
    found = line(800_000, with_method(800_000, "/hồ sơ", told), "Việt Nam Đồng")
    assert found.amounts == (800_000, 400_000)
    assert found.valid_until == "2026-12-31"
    assert "Nộp tại quầy" not in found.text
    alone = with_method(3_500_000, "/hồ sơ", "(áp dụng mức phí 1.750.000 đồng/hồ sơ đến hết ngày 31/12/2026)")
    assert alone.startswith("3.500.000 đồng/hồ sơ (áp dụng mức phí 1.750.000 đồng")


@pytest.mark.parametrize(
    ("value", "text", "told"),
    [
        (20_000, "/thẻ", "Nộp tại quầy, mang theo 500.000 đồng ký quỹ."),
        (0, "", "Phí 20.000 đồng"),
        (20_000, "Lệ phí cấp thẻ cho người từ 14 tuổi", "Lệ phí 20.000 đồng"),
    ],
)
def test_a_description_that_does_not_name_the_fee_changes_nothing(value: int, text: str, told: str) -> None:
    assert with_method(value, text, told) == text
