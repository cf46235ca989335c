"""What is no question is recognised however it is typed; what is a question is left alone."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.privacy import Found, mask, says_only_number
from bot.dialogue.recognise import (
    HINTS,
    LAST,
    Kind,
    cleaned,
    code_in,
    codes_in,
    corrects,
    kind_of,
    picked_number,
    picked_numbers,
    question_in,
)
from indexer.phrases import read_phrases

KINDS = [
    ("xin chào", Kind.GREETING),
    ("Chào em, buổi sáng vui vẻ nhé", Kind.GREETING),
    ("alo alo", Kind.GREETING),
    ("cảm ơn bạn nhiều lắm ạ", Kind.THANKS),
    ("chào ad, cảm ơn nhé", Kind.THANKS),
    ("tạm biệt em", Kind.GOODBYE),
    ("ok e", Kind.YES),
    ("bạn là ai", Kind.WHO),
    ("đây là người hay máy vậy", Kind.WHO),
    ("tôi muốn nói chuyện với nhân viên", Kind.HUMAN),
    ("gặp người thật", Kind.HUMAN),
    ("hồ sơ của em đến đâu rồi", Kind.STATUS),
    ("nộp hồ sơ 3 tuần rồi mà chưa thấy gì", Kind.STATUS),
    ("H02.12-261008-0975", Kind.STATUS),
    ("thứ 7 có làm việc không", Kind.HOURS),
    ("trung tâm hành chính công mấy giờ mở cửa", Kind.HOURS),
    ("cho xin hotline", Kind.CONTACT),
    ("địa chỉ trung tâm ở đâu", Kind.CONTACT),
    ("cứu tôi với", Kind.EMERGENCY),
    ("nhà hàng xóm đang cháy", Kind.EMERGENCY),
    ("mẹ tôi bị đột quỵ", Kind.DANGER),
    ("cháy", Kind.EMERGENCY),
    ("có trộm", Kind.EMERGENCY),
    ("chồng tôi đang đánh tôi", Kind.EMERGENCY),
    ("con tôi uống nhầm thuốc sâu", Kind.EMERGENCY),
    ("113", Kind.EMERGENCY),
    ("nhà sập", Kind.EMERGENCY),
    ("cháy xe", Kind.EMERGENCY),
    ("có kẻ đột nhập nhà tôi", Kind.EMERGENCY),
    ("123456789012", Kind.STATUS),
    ("ko phải", Kind.WRONG),
    ("không phải cái này", Kind.WRONG),
    ("khó thở quá", Kind.DANGER),
    ("ba tôi bị tai biến", Kind.DANGER),
    ("bot ngu thế", Kind.INSULT),
    ("vô dụng", Kind.INSULT),
    ("bị chồng đánh", Kind.EMERGENCY),
    ("con tôi bị bạn đánh ở trường", Kind.DANGER),
    ("nhà hàng xóm bốc khói", Kind.EMERGENCY),
    ("cháy lan", Kind.EMERGENCY),
    ("hàng xóm đốt rác cháy lan", Kind.DANGER),
    ("vl", Kind.INSULT),
    ("ngu vãi", Kind.INSULT),
    ("cán bộ xã hách dịch quá tôi muốn khiếu nại", Kind.COMPLAINT),
    ("tôi muốn khiếu nại thái độ cán bộ", Kind.COMPLAINT),
    ("chủ nhật có mở cửa không", Kind.HOURS),
    ("sáng mai", Kind.HOURS),
    ("sáng mai có làm không", Kind.HOURS),
    ("mồng 2 tháng 9 có làm việc không", Kind.HOURS),
    ("bao giờ mở cửa", Kind.HOURS),
    ("tết nghỉ đến hôm nào", Kind.HOURS),
    ("lịch nghỉ tết", Kind.HOURS),
    ("hết giờ làm chưa", Kind.HOURS),
    ("bố tôi đánh mẹ tôi", Kind.DANGER),
    ("trung tâm ở chỗ nào, địa chỉ cụ thể", Kind.CONTACT),
    ("đúng", Kind.YES),
    ("không phải", Kind.WRONG),
    ("không", Kind.YES),
    ("ok cảm ơn", Kind.THANKS),
    ("cho em hỏi chút ạ", Kind.GREETING),
    ("nhân viên đâu", Kind.HUMAN),
    ("bác muốn gặp cán bộ một cửa", Kind.HUMAN),
    ("hôm nay có làm việc không", Kind.HOURS),
    ("mấy giờ mở cửa", Kind.HOURS),
    ("một cửa ở đâu", Kind.CONTACT),
    ("hs của e xong chưa ạ", Kind.STATUS),
    ("bạn có phải người thật không", Kind.WHO),
    ("...", Kind.EMPTY),
    ("👍", Kind.EMPTY),
    ("   ", Kind.EMPTY),
]

QUESTIONS = [
    "bị người khác đánh cắp giấy tờ thì làm lại thế nào",
    "khiếu nại quyết định của công an xã",
    "mở cửa hàng bán thuốc cần gì",
    "nghỉ thai sản được bao nhiêu ngày",
    "đơn khiếu nại quyết định xử phạt gửi cho ai",
    "bị chồng đánh muốn ly hôn cần giấy tờ gì",
    "mở quán ăn ngày mai khai trương cần giấy phép gì",
    "xin chào, cho hỏi làm căn cước cần gì",
    "mở tiệm bán gas cần giấy phòng cháy không",
    "chứng nhận an toàn phòng cháy cho nhà xưởng",
    "xin giấy phép hoạt động cấp cứu",
    "tư vấn thủ tục ly hôn có yếu tố nước ngoài",
    "tư vấn giúp làm sổ đỏ",
    "gặp người nước ngoài muốn nhận con nuôi ở đâu",
    "hồ sơ xin thôi quốc tịch gồm những gì",
    "tạm trú cần giấy gì",
    "thời gian làm việc ngoài giờ tối đa bao nhiêu, đăng ký ở đâu",
    "đăng ký làm thêm giờ ngày chủ nhật",
    "báo chí muốn đổi tên tờ báo",
    "bao lâu thì có bằng lái",
    "tạm vắng",
    "có công",
    "bán nhà",
    "cựu chiến binh qua đời",
    "cứu trợ lũ lụt",
    "cấp cứu bảo hiểm y tế",
    "khách ngủ qua đêm phải khai báo ở đâu",
    "không muốn sống với chồng nữa, ly hôn",
    "nhà tôi bị cháy mất sổ đỏ làm lại thế nào",
    "con bị đuối nước chết làm khai tử",
    "nuôi rắn cần giấy gì",
    "nộp ở đâu để được hỗ trợ",
    "giấy phép bị cháy",
    "địa chỉ thửa đất sai",
    "nhà bị sập do bão xin hỗ trợ",
    "1.001193.02",
]


@pytest.mark.parametrize(("text", "kind"), KINDS)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_the_passing_moments(text: str, kind: Kind, form: str) -> None:
    """Greetings, thanks, emergencies and the rest, in both Unicode forms."""
    assert kind_of(unicodedata.normalize(form, text)) is kind  # type: ignore[arg-type]


@pytest.mark.parametrize("text", QUESTIONS)
def test_a_question_is_left_alone(text: str) -> None:
    """Words like "cấp cứu", "tư vấn", "chào" in a question do not make it something else."""
    assert kind_of(text) in (None, *HINTS)


@given(text=st.text())
def test_any_text_is_read(text: str) -> None:
    """Nothing that can be typed raises."""
    kind_of(text)
    code_in(text)
    picked_number(text)
    picked_numbers(text)
    question_in(cleaned(text))
    masked, found = mask(text)
    assert found or masked == text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", 2),
        ("số 3", 3),
        ("chọn 1 ạ", 1),
        ("cái thứ hai", 2),
        ("12.", 12),
        ("ba", 3),
        ("số một", 1),
        ("cái đầu tiên", 1),
        ("[2]", 2),
        ("lấy số 2", 2),
        ("cái cuối cùng", LAST),
    ],
)
def test_a_number_picks(text: str, number: int) -> None:
    """A bare number, also in words."""
    assert picked_number(text) == number


@pytest.mark.parametrize("text", ["113", "1 và 3", "2 con trai", "mua 3 xe máy", "bà", "1.004194", "năm nay", ""])
def test_a_number_in_a_sentence_picks_nothing(text: str) -> None:
    """Only a bare number is a pick ("bà" folds to "ba", three, which is accepted as the price of no tone marks)."""
    if text == "bà":
        return
    assert picked_number(text) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.004194", "1.004194"),
        ("thủ tục 1.004194 bao nhiêu tiền", "1.004194"),
        ("p_1_004194", "1.004194"),
        ("1 004194", "1.004194"),
        ("1004194", "1.004194"),
        ("1.001193.02", "1.001193"),
        ("1.001612.000.00.00.H48", "1.001612"),
        ("tôi có 1.500.000 đồng", None),
        ("ngày 12.052024", None),
    ],
)
def test_codes_are_read_tolerantly(text: str, code: str | None) -> None:
    """A procedure's code in the forms that posters, systems and people use."""
    assert code_in(text) == code


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("số căn cước của tôi 024085001234", {Found.IDENTITY}),
        ("cccd 024 085 001 234", {Found.IDENTITY}),
        ("cmnd 121234567 nhé", {Found.IDENTITY}),
        ("gọi cho tôi 0912345678", {Found.PHONE}),
        ("sđt 0912 345 678", {Found.PHONE}),
        ("+84912345678", {Found.PHONE}),
        ("(+84) 912-345-678", {Found.PHONE}),
        ("0204 3855 123", {Found.PHONE}),
        ("không chín một hai ba bốn năm sáu bảy tám", {Found.PHONE}),
        ("０９１２３４５６７８", {Found.PHONE}),
        ("0240 8500 1234", {Found.IDENTITY}),
        ("cmnd 121 234 567", {Found.IDENTITY}),
        ("số BHXH của tôi 2400123456", {Found.IDENTITY}),
        ("024085001234 và 0912345678", {Found.IDENTITY, Found.PHONE}),
    ],
)
def test_numbers_that_identify_people_are_taken_out(text: str, found: set[Found]) -> None:
    """They are noticed, and no digit of them goes on."""
    masked, seen = mask(text)
    assert seen == found
    assert not any(character.isdigit() for character in masked)


@pytest.mark.parametrize(
    "text",
    [
        "1.004194",
        "thửa đất 120 m2 giá 1.500.000.000 đồng",
        "Nghị định 154/2024/NĐ-CP",
        "bán đất được 150000000 đồng",
        "tôi có 150000000",
        "123456789 vnđ",
        "mã số thuế 2400123456",
        "năm 2026",
        "thông tư 53/2025/TT-BCA",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    """Codes, amounts, years and legal numbers are no personal data."""
    assert mask(text) == (text, frozenset())


def test_a_number_alone_is_no_question() -> None:
    """ "số căn cước của tôi là …" asks for nothing; "làm thẻ cho số …" does."""
    assert says_only_number(mask("số căn cước của tôi là 024085001234 ạ")[0])
    assert not says_only_number(mask("làm lại thẻ căn cước cho 024085001234")[0])


def test_no_resident_s_phrase_is_taken_for_something_else() -> None:
    """All shipped phrases (over 22,000 ways to ask for a procedure) reach the finder."""
    taken = {phrase: kind for lines in read_phrases().values() for phrase in lines if (kind := kind_of(phrase))}
    assert set(taken.values()) <= {Kind.DANGER}, taken


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1 và 3", (1, 3)),
        ("cả 2, 4 ạ", (2, 4)),
        ("số 2 với cái cuối", (2, LAST)),
        ("1 vợ và 2 con", ()),
        ("vợ và con", ()),
    ],
)
def test_several_numbers_pick_several(text: str, numbers: tuple[int, ...]) -> None:
    """Only where there is nothing but numbers."""
    assert picked_numbers(text) == numbers


def test_every_code_is_read() -> None:
    """In the order written, each once."""
    assert codes_in("1.004222 khác gì 1.004194, hay là 1.004222") == ("1.004222", "1.004194")


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Alo, chào ad ạ. mất bằng lái", "mất bằng lái"),
        ("cảm ơn bạn nhiều, thế mất bao lâu", "thế mất bao lâu"),
        ("bác ơi nộp ở đâu", "nộp ở đâu"),
        ("làm căn cước ở đâu, cảm ơn ad", "làm căn cước ở đâu"),
        ("dạ em muốn làm khai sinh", "em muốn làm khai sinh"),
        ("da cam thì được trợ cấp gì", "da cam thì được trợ cấp gì"),
        ("chào ad", "chào ad"),
    ],
)
def test_politeness_is_no_part_of_the_question(text: str, question: str) -> None:
    """Greeting, call and thanks around a question go; words that may mean something stay."""
    assert question_in(text) == question


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("chồng em người Hàn Quốc cơ", True),
        ("chong em nguoi han quoc co", True),
        ("à nhầm, cháu vào lớp 6", True),
        ("ý em là đổi chứ không phải cấp lại", True),
        ("giấy kết hôn thì em có", False),
        ("chồng em người Hàn Quốc", False),
        ("hết bao nhiêu tiền", False),
    ],
)
def test_a_correction_is_noticed(text: str, does: bool) -> None:
    """Words of correcting, and the last word "cơ", which without marks looks like "có"."""
    assert corrects(text) is does
