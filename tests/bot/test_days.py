"""A question about opening hours is answered for the day that it names, from the centre's calendar."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from bot.dialogue.core import Dialogue
from bot.dialogue.days import asked_day
from bot.dialogue.wording import desk as wording
from bot.messages import Contact, Incoming
from bot.records import Session
from bot.services.guide import Guide
from knowledge_base.centre import load_centre
from knowledge_base.text import fold

CENTRE = load_centre()
MONDAY = date(2026, 11, 30)
NOW = datetime(2026, 11, 30, 2, tzinfo=UTC)

DAYS = [
    ("thứ 7 có làm không", date(2026, 12, 5)),
    ("thứ bảy làm không", date(2026, 12, 5)),
    ("t7 mở không", date(2026, 12, 5)),
    ("thứ hai có làm không", date(2026, 11, 30)),
    ("thứ hai tuần sau có làm không", date(2026, 12, 7)),
    ("chủ nhật", date(2026, 12, 6)),
    ("sáng mai có làm không", date(2026, 12, 1)),
    ("ngày kia mở cửa không", date(2026, 12, 2)),
    ("hôm nay làm đến mấy giờ", MONDAY),
    ("mồng 2 tháng 9 có làm việc không", date(2027, 9, 2)),
    ("2/9 nghỉ không", date(2027, 9, 2)),
    ("24/12 có làm không", date(2026, 12, 24)),
    ("ngày 5 tháng 1 năm 2028", date(2028, 1, 5)),
    ("tết nghỉ đến hôm nào", date(2027, 2, 4)),
    ("tết dương lịch có làm không", date(2027, 1, 1)),
    ("31/2 có làm không", None),
    ("mấy giờ mở cửa", None),
]


@pytest.mark.parametrize(("text", "day"), DAYS)
def test_the_named_day_is_understood(text: str, day: date | None) -> None:
    assert asked_day(text, MONDAY) == day
    assert asked_day(fold(text), MONDAY) == day


def test_a_day_off_names_the_next_working_day() -> None:
    said = wording.opening_on(CENTRE, date(2026, 12, 5), NOW)
    assert said.startswith("Thứ Bảy 05/12/2026: quầy nghỉ. Làm việc lại: thứ Hai 07/12/2026.")
    said = wording.opening_on(CENTRE, date(2027, 2, 4), NOW)
    assert "quầy nghỉ lễ. Làm việc lại: thứ Năm 11/02/2027" in said
    assert "có thể đổi" in said


def test_the_centres_own_calendar_counts() -> None:
    saturday = date(2026, 12, 5)
    closed = msgspec.structs.replace(CENTRE, closed_on=(date(2026, 12, 1),))
    assert wording.opening_on(closed, date(2026, 12, 1), NOW).startswith("Ngày mai, thứ Ba 01/12/2026: quầy nghỉ")
    stretches = tuple(msgspec.structs.replace(each, days=(*each.days, 6)) for each in CENTRE.hours)
    opened = msgspec.structs.replace(CENTRE, hours=stretches)
    assert "quầy làm việc 07:30" in wording.opening_on(opened, saturday, NOW)


def said(guide: Guide, text: str) -> tuple[str, str]:
    """Decision and text of the answer to a first message."""
    me = Contact("test", "1")
    answer, _ = Dialogue(guide, CENTRE, now=lambda: NOW).answer(
        Session(contact=me), Incoming(contact=me, message_id="1", text=text)
    )
    return answer.trace.decision, "\n".join(answer.reply.paragraphs)


def test_the_dialogue_answers_for_the_day(guide: Guide) -> None:
    assert said(guide, "thứ 7 có làm không")[1].startswith("Thứ Bảy 05/12/2026: quầy nghỉ.")
    assert said(guide, "mấy giờ mở cửa")[1].startswith("Hôm nay quầy làm việc")


def test_an_address_that_is_not_entered_is_not_silence(guide: Guide) -> None:
    answer = said(guide, "trung tâm ở chỗ nào, địa chỉ cụ thể")[1]
    assert "chưa nhập địa chỉ" in answer
    assert CENTRE.hotline in answer
    known = msgspec.structs.replace(CENTRE, address="Số 1 phố Một")
    assert "Địa chỉ: Số 1 phố Một." in wording.contact(known, NOW)[0]


def test_a_complaint_is_shown_the_way(guide: Guide) -> None:
    decision, answer = said(guide, "cán bộ xã hách dịch, tôi muốn khiếu nại")
    assert decision == "human"
    assert "Rất tiếc" in answer
    assert CENTRE.hotline in answer
    assert "khiếu nại" in answer


def test_a_link_to_a_removed_procedure_says_so(guide: Guide) -> None:
    answer = said(guide, "/start p_9_999999")[1]
    assert "9.999999" in answer
    assert "bãi bỏ hoặc đổi mã" in answer


def test_a_pure_insult_gets_no_list_of_procedures(guide: Guide) -> None:
    for insult in ("dm mày", "đồ ngu", "vl", "đm"):
        assert said(guide, insult)[0] == "smalltalk"
        assert "Xin lỗi đã làm bạn chưa hài lòng" in said(guide, insult)[1]
    assert said(guide, "đm, đăng ký kết hôn")[0] in ("sure", "several")


def test_a_shared_telephone_number_is_not_needed(guide: Guide) -> None:
    me = Contact("test", "1")
    answer, _ = Dialogue(guide, CENTRE, now=lambda: NOW).answer(
        Session(contact=me), Incoming(contact=me, message_id="1", other="contact")
    )
    assert answer.trace.decision == "privacy"
    assert "số điện thoại, không cần đâu" in answer.reply.paragraphs[0]
