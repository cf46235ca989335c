"""Who wants no more messages, or to be forgotten, is heard in everyday words; who stops a business is not meant."""

import unicodedata

import pytest

from bot.dialogue.core import Dialogue
from bot.dialogue.recognise import Request, request_in
from bot.messages import Contact, Incoming
from bot.records import Session
from bot.services.guide import Guide
from indexer.phrases import read_out_of_scope, read_phrases
from knowledge_base.centre import load_centre
from knowledge_base.text import fold

STOP = [
    "đừng nhắn cho tôi nữa", "không muốn nhận tin nữa", "ngừng gửi tin", "dừng nhé", "hủy theo dõi", "Dừng!", "STOP ĐI",
    "thôi đừng gửi nữa", "đừng gửi tin cho tôi nữa", "ngừng gửi tin cho tôi", "tắt tin nhắn", "dừng lại", "dừng lại đi",
    "đừng làm phiền tôi nữa", "tôi không muốn nhận tin nhắn của trung tâm nữa", "huỷ nhận thông báo giúp em với",
    "xin đừng nhắn tin cho bác nữa cháu nhé", "không nhận tin nữa", "bỏ theo dõi hết đi",
    "ad ơi ngừng gửi thông báo nhé",
    "không cần nhận thông báo nữa đâu", "làm ơn dừng", "hủy đăng ký nhận tin", "thôi dừng đi", "unsubscribe",
    "stop nhắn tin", "ngưng gửi tin",
]  # fmt: skip
ERASE = [
    "xóa hết thông tin của tôi đi", "tôi muốn xóa dữ liệu", "Xóa dữ liệu của tôi đi", "xoá dữ liệu của tôi",
    "xóa giúp tôi toàn bộ thông tin cá nhân", "xóa lịch sử trò chuyện", "đừng lưu thông tin của tôi",
    "yêu cầu xóa số điện thoại của tôi", "xóa tin nhắn này đi", "cho em xóa hết dữ liệu với ạ",
    "xoá thông tin cá nhân của tôi khỏi hệ thống",
]  # fmt: skip
NEITHER = [
    "dừng kinh doanh", "ngừng hoạt động", "xóa đăng ký thường trú", "tạm ngừng kinh doanh", "đúng", "đúng rồi",
    "đúng ạ",
    "dùng", "hủy đăng ký kết hôn", "xóa thế chấp", "xóa án tích", "dừng hưởng trợ cấp", "không nhận được tin nhắn",
    "ngừng đóng bảo hiểm xã hội", "xóa thông tin cư trú", "dừng nhận trợ cấp thất nghiệp",
    "xóa đăng ký tạm trú của tôi",
    "hủy hồ sơ của tôi", "thôi việc", "gửi tin cho tôi", "không cần nữa", "bỏ hết dấu", "thông báo tạm ngừng hoạt động",
    "theo dõi hồ sơ", "hủy giấy phép", "xóa sổ bộ tàu cá", "dung hoa", "chấm dứt hợp đồng", "dừng thi công",
]  # fmt: skip


def typed(text: str) -> list[str]:
    """A text as it may be typed: with marks, decomposed, without."""
    return [text, unicodedata.normalize("NFD", text), fold(text)]


@pytest.mark.parametrize("said", STOP)
def test_a_wish_for_no_more_messages_is_heard(said: str) -> None:
    assert [request_in(text) for text in typed(said)] == [Request.STOP] * 3


@pytest.mark.parametrize("said", ERASE)
def test_a_wish_to_be_forgotten_is_heard(said: str) -> None:
    assert [request_in(text) for text in typed(said)] == [Request.ERASE] * 3


@pytest.mark.parametrize("said", NEITHER)
def test_other_endings_are_left_to_the_finder(said: str) -> None:
    assert request_in(said) is None


def test_no_phrase_of_any_procedure_is_taken_for_one() -> None:
    texts = [phrase for phrases in read_phrases().values() for phrase in phrases] + list(read_out_of_scope())
    assert len(texts) > 1000
    taken = [text for text in texts if request_in(text)]
    assert not taken


def test_the_dialogue_stops_and_asks_before_it_erases(guide: Guide) -> None:
    dialogue = Dialogue(guide, load_centre())

    def said(text: str) -> tuple[str, str]:
        answer, _ = dialogue.answer(
            Session(contact=Contact("test", "1")), Incoming(contact=Contact("test", "1"), message_id="1", text=text)
        )
        return answer.trace.decision, " ".join(answer.reply.paragraphs)

    assert said("đừng nhắn cho tôi nữa")[0] == "stop"
    assert "xóa" in said("xóa hết thông tin của tôi đi")[1].lower()
    assert said("đúng")[0] != "stop"  # "đúng" is not "dừng", though both lose their marks
    assert said("dung")[0] == "stop"
