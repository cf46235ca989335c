import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.facts.durations import read_case_durations, read_duration
from knowledge_base.procedure import Channel, Duration, DurationKind, DurationUnit


@pytest.mark.parametrize(
    ("value", "unit", "told", "kind", "number", "text"),
    [
        (6.25, "WORKING_DAY", "", DurationKind.STATED, 6.25, ""),
        (1, "OTHER", "", DurationKind.PLACEHOLDER, 1, ""),
        (0, "OTHER", "", DurationKind.PLACEHOLDER, 0, ""),
        ("01", "OTHER", "", DurationKind.PLACEHOLDER, 1, ""),
        (
            0,
            "OTHER",
            "15 ngày làm việc kể từ ngày nhận hồ sơ",
            DurationKind.TEXT,
            None,
            "15 ngày làm việc kể từ ngày nhận hồ sơ",
        ),
        (1, "OTHER", "Báo trước 05 ngày; trả lời sau 10 ngày", DurationKind.PLACEHOLDER, 1, ""),
        (7, "OTHER", "", DurationKind.UNIT_UNKNOWN, 7, ""),
        (7, "OTHER", "Trong 07 ngày làm việc", DurationKind.STATED, 7, ""),
        ("05 ngày làm việc", "OTHER", "", DurationKind.STATED, 5, ""),
        ("Không phải trả kết quả", "OTHER", "", DurationKind.TEXT, None, "Không phải trả kết quả"),
        ("-", "OTHER", "", DurationKind.NOT_STATED, None, ""),
        (None, "", "", DurationKind.NOT_STATED, None, ""),
        (2, "YEAR", "", DurationKind.TEXT, None, "2 năm"),
        (1, "WEEK", "", DurationKind.TEXT, None, "1 tuần"),
        (30, "MINUTE", "", DurationKind.TEXT, None, "30 phút"),
        (2, "MONTH", "", DurationKind.STATED, 2, ""),
        (0.5, "WORKING_DAY", "", DurationKind.STATED, 0.5, ""),
        (0, "DAY", "", DurationKind.PLACEHOLDER, 0, ""),
        (0, "DAY", "Cấp ngay khi nhận đủ hồ sơ.", DurationKind.TEXT, None, "Cấp ngay khi nhận đủ hồ sơ"),
        ("3-5", "DAY", "", DurationKind.TEXT, None, "3-5 ngày"),
        ("3 – 5", "WORKING_DAY", "", DurationKind.TEXT, None, "3-5 ngày làm việc"),
        ("3-5", "OTHER", "", DurationKind.TEXT, None, "3-5 (bản ghi không nêu là ngày hay giờ)"),
        ("-.", "OTHER", "Đổi ngay", DurationKind.TEXT, None, "Đổi ngay"),
        (1, "OTHER", "đổi ngay", DurationKind.TEXT, None, "đổi ngay"),
        (1, "OTHER", "Trả kết quả trong ngày.", DurationKind.TEXT, None, "Trả kết quả trong ngày"),
        (1, "OTHER", "Xử lý trong buổi làm việc", DurationKind.TEXT, None, "Xử lý trong buổi làm việc"),
        (0, "OTHER", "Chậm nhất 30 phút kể từ khi nhận", DurationKind.TEXT, None, "Chậm nhất 30 phút kể từ khi nhận"),
        (1, "OTHER", "Nộp trực tiếp trong giờ hành chính. Nộp lại sau.", DurationKind.PLACEHOLDER, 1, ""),
        (1, "OTHER", "Nộp hồ sơ trong ngày làm việc", DurationKind.PLACEHOLDER, 1, ""),
        (1, "OTHER", "Áp dụng ngay từ ngày ban hành", DurationKind.PLACEHOLDER, 1, ""),
        ("+) Trong 2 giờ", "OTHER", "", DurationKind.TEXT, None, "Trong 2 giờ"),
    ],
)
def test_only_a_number_with_a_unit_is_a_stated_time(  # noqa: PLR0917
    value: object, unit: str, told: str, kind: DurationKind, number: float | None, text: str
) -> None:
    found = read_duration(value, unit, told, None)
    assert (found.kind, found.value, found.text) == (kind, number, text)


def test_cases_are_told_where_they_differ_with_their_names_where_there_are_several() -> None:
    by_method = (Duration(kind=DurationKind.STATED, value=5, unit=DurationUnit.WORKING_DAY),)
    cases: list[tuple[str, object, object]] = [
        ("Cấp mới", 5, "WORKING_DAY"),
        ("Cấp lại", 2, "WORKING_DAY"),
        ("Đổi", 1, "OTHER"),
    ]
    assert read_case_durations(cases, by_method) == (
        Duration(kind=DurationKind.STATED, value=2, unit=DurationUnit.WORKING_DAY, text="Cấp lại"),
    )


@given(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=20)),
    st.text(max_size=12),
    st.text(max_size=60),
)
def test_any_input_gives_a_duration_whose_unit_is_stated_only_with_a_number(
    value: object, unit: str, told: str
) -> None:
    found = read_duration(value, unit, told, None)
    assert (found.unit is not None) == (found.kind is DurationKind.STATED)
    if found.kind is DurationKind.STATED:
        assert found.value is not None


def test_a_time_that_points_to_the_description_is_read_there() -> None:
    found = read_duration(
        "Theo mô tả", "OTHER", "Nộp tại quầy. Không quá 08 ngày làm việc kể từ ngày nhận hồ sơ.", None
    )
    assert (found.kind, found.text) == (DurationKind.TEXT, "Không quá 08 ngày làm việc kể từ ngày nhận hồ sơ.")
    assert read_duration("Theo mô tả", "OTHER", "Nộp tại quầy.", None).text == "Theo mô tả"


def test_a_case_that_says_what_the_words_of_the_methods_say_is_no_difference() -> None:
    told = read_duration("15 ngày làm việc kể từ ngày nhận hồ sơ", "OTHER", "", None)
    assert read_case_durations([("Cấp", 15, "WORKING_DAY")], (told,)) == ()
    assert len(read_case_durations([("Cấp", 20, "WORKING_DAY")], (told,))) == 1


@pytest.mark.parametrize(
    ("told", "other"),
    [
        ("07 ngày làm việc kể từ ngày nhận đủ hồ sơ", "07 ngày làm việc"),
        ("Trong thời hạn 10 ngày kể từ ngày nhận đủ hồ sơ", "10 ngày"),
        ("07 ngày", ""),
        ("Nộp tại quầy. Đối với xã miền núi thì không quá 17 ngày.", "Đối với xã miền núi thì không quá 17 ngày."),
        (
            "Không quá 05 ngày làm việc; trả kết quả trong 02 ngày",
            "Không quá 05 ngày làm việc; trả kết quả trong 02 ngày",
        ),
        ("Thời gian được tăng thêm không quá 10 ngày", "Thời gian được tăng thêm không quá 10 ngày"),
        ("Đối với các xã miền núi thì không quá 7 ngày", "Đối với các xã miền núi thì không quá 7 ngày"),
    ],
)
def test_another_time_in_the_description_stands_beside_the_number(told: str, other: str) -> None:
    """One plain time stands alone; exceptions, additions and steps are told in the sentences that say for whom."""
    found = read_duration(7, "DAY", told, Channel.DIRECT)
    assert (found.kind, found.value, found.unit, found.text) == (DurationKind.STATED, 7, DurationUnit.DAY, other)


def test_a_placeholder_beside_several_times_is_told_by_the_sentences_of_the_description() -> None:
    told = "Nộp tại quầy. Cấp mới: 15 ngày làm việc. Cấp lại: 05 ngày làm việc."
    found = read_duration(1, "OTHER", told, Channel.DIRECT)
    assert (found.kind, found.text) == (DurationKind.TEXT, "Cấp mới: 15 ngày làm việc. Cấp lại: 05 ngày làm việc.")


def test_a_long_description_is_abridged_between_sentences() -> None:
    told = " ".join(f"Loại {number} do cơ quan giải quyết trong {number} ngày." for number in range(10, 40))
    found = read_duration(7, "DAY", told, Channel.DIRECT)
    assert found.abridged
    assert found.text.endswith("ngày.")
    assert len(found.text) <= 600


def test_many_cases_with_one_time_are_told_once() -> None:
    told = read_duration(37, "DAY", "", Channel.DIRECT)
    cases: list[tuple[str, object, object]] = [(f"Loại {number}", 51, "DAY") for number in range(9)]
    assert [(found.value, found.text) for found in read_case_durations(cases, (told,))] == [(51, "")]
