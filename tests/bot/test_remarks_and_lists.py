"""Editors' remarks name their writer and are said once; lists of papers do not call missing what only some need."""

import msgspec
import pytest

from bot.dialogue.core import Dialogue
from bot.dialogue.recognise import asks_what_is_missing
from bot.dialogue.wording import checklist
from bot.dialogue.wording import procedure as wording
from bot.messages import Contact, Incoming
from bot.records import Session
from bot.services.guide import Guide
from knowledge_base.catalogue import Catalogue
from knowledge_base.centre import load_centre
from knowledge_base.overrides import Remark, lay_over
from knowledge_base.procedure import Case, CaseKind, Note, Paper, Procedure

CENTRE = load_centre()
ME = Contact("test", "1")
BARE = Procedure(code="1.000001", name="Đăng ký thử", agency="so-tu-phap", counter="province", field="Thử")


class Talk:
    """One person's talk with the dialogue."""

    def __init__(self, guide: Guide) -> None:
        self.dialogue, self.session, self.count = Dialogue(guide, CENTRE), Session(contact=ME), 0

    def says(self, text: str = "", *, presses: str | None = None) -> str:
        """The answer to a text, or to the button that begins with `presses`."""
        self.count += 1
        link = None
        if presses is not None:
            link = next(each.link for each in self.session.offered if each.label.startswith(presses))
        incoming = Incoming(contact=ME, message_id=str(self.count), text=None if link else text, pressed=link)
        answer, self.session = self.dialogue.answer(self.session, incoming)
        return "\n".join(answer.reply.paragraphs)


def test_a_remark_names_who_wrote_it() -> None:
    def said(**fields: object) -> str:
        note = msgspec.structs.replace(Note(text="Mang bản chính.", who="Nhóm dữ liệu", when="2026-11-01"), **fields)
        return wording.remarks(msgspec.structs.replace(BARE, notes=(note,)))[0]

    assert said() == "Ghi chú của Nhóm dữ liệu (01/11/2026): Mang bản chính."
    assert said(staff=True).startswith("Ghi chú của Trung tâm (")
    assert said(who="Trung tâm PVHCC").startswith("Ghi chú của Trung tâm (")


def test_only_the_console_writes_as_the_centre() -> None:
    def laid(origin: str) -> Note:
        entry = Remark(code=BARE.code, who="an", when="2026-11-01", why="x", text="y", origin=origin)
        return lay_over((BARE,), (entry,)).procedures[0].notes[0]

    assert laid("staff:7").staff
    assert not laid("").staff


def test_a_remark_is_said_once_while_the_talk_is_about_the_procedure(guide: Guide) -> None:
    talk = Talk(guide)
    assert "Ghi chú của Nhóm phát triển motcua" in talk.says("1.001193")
    for asked in ("lệ phí", "bao lâu", "nộp ở đâu", "cần giấy tờ gì"):
        assert "Ghi chú của" not in talk.says(asked)
    talk.says("1.004194")
    assert "Ghi chú của" in talk.says("1.001193")


def paper(name: str, **fields: object) -> Paper:
    """A paper with this name."""
    return msgspec.structs.replace(Paper(name=name), **fields)


def test_papers_for_some_are_known_by_their_words() -> None:
    assert wording.conditional(paper("Trường hợp ủy quyền: giấy ủy quyền"))
    assert wording.conditional(paper("Sổ hộ khẩu (nếu có)"))
    assert wording.conditional(paper("Giấy tờ", detail="Giấy tờ chứng minh, nếu có"))
    assert not wording.conditional(paper("Tờ khai đăng ký khai sinh"))
    # the most needed paper of a birth, though its line speaks of another case further on
    assert not wording.conditional(paper("Giấy chứng sinh; trường hợp không có thì nộp văn bản của người làm chứng"))


def test_what_everybody_needs_is_read_first_and_ticked_under_its_own_place(guide: Guide) -> None:
    papers = (paper("Trường hợp bị bỏ rơi: biên bản"), paper("Giấy chứng sinh"), paper("Tờ khai"))
    assert wording.reading_order(papers) == (1, 2, 0)
    assert wording.reading_order((*papers, paper("Một trong các giấy tờ sau:"))) == (0, 1, 2, 3)
    talk = Talk(guide)
    talk.says("1.001193")
    talk.says(presses="Giấy tờ cần nộp")
    listed = talk.says(presses="Đánh dấu")
    first = next(line for line in listed.splitlines() if line.startswith("⬜ 1."))
    assert not wording.conditional(paper(first.removeprefix("⬜ 1. ")))
    assert first.replace("⬜", "✅") in talk.says(presses="⬜ 1.")
    assert first.removeprefix("⬜ 1. ") not in talk.says("tôi còn thiếu gì?")


def test_what_only_some_need_is_not_called_missing() -> None:
    mixed = checklist.missing("Việc", ["1. a", "2. b"], 1)[0]
    assert "Còn 2 mục chưa đánh dấu" in mixed
    assert "chỉ cần khi đúng với bạn" in mixed
    assert "thiếu" not in " ".join((mixed, checklist.missing("Việc", ["1. a"], 0)[0]))
    assert "nếu đúng trường hợp" in checklist.missing("Việc", ["1. a"], 0)[0]
    assert checklist.missing("Việc", ["1. a"], 1)[0] == "# Việc\nCòn 1 giấy tờ chưa đánh dấu:"


def test_papers_made_by_a_form_that_the_record_does_not_bring_are_named() -> None:
    papers: tuple[Paper, ...] = (paper("Đơn đề nghị cấp lại"), paper("Ảnh 3x4"), paper("Danh sách theo mẫu"))
    said = wording.forms(msgspec.structs.replace(BARE, cases=(Case(kind=CaseKind.ALL, papers=papers),)))
    assert said[0] == "Bản ghi không kèm mẫu cho giấy sau, bạn hỏi xin mẫu tại nơi nộp:"
    assert said[1:] == ("• Đơn đề nghị cấp lại", "• Danh sách theo mẫu")
    papers = (paper("Tờ khai", forms=("Mẫu 01",)), *papers)
    said = wording.forms(msgspec.structs.replace(BARE, cases=(Case(kind=CaseKind.ALL, papers=papers),)))
    assert said[0] == "• Tờ khai: Mẫu 01"
    assert "• Đơn đề nghị cấp lại" in said
    assert wording.forms(BARE) == ("Bản ghi không kèm mẫu đơn nào.",)


def test_no_form_page_says_that_there_is_none_where_papers_are_called_forms() -> None:
    for procedure in Catalogue.shipped():
        if any(each.name.casefold().startswith(("tờ khai", "đơn ", "giấy đề nghị")) for each in procedure.papers):
            assert "không kèm mẫu đơn nào" not in " ".join(wording.forms(procedure)), procedure.code


@pytest.mark.parametrize(
    "typed", ["Tôi còn thiếu gì?", "tôi còn thiếu gì", "toi con thieu gi", "còn thiếu gì nữa không em"]
)
def test_a_typed_question_finds_the_lists_button(guide: Guide, typed: str) -> None:
    talk = Talk(guide)
    talk.says("1.001193")
    talk.says(presses="Giấy tờ cần nộp")
    talk.says(presses="Đánh dấu")
    talk.says(presses="⬜ 1")
    assert "chưa đánh dấu" in talk.says(typed)
    assert "chưa đánh dấu" in talk.says(typed)  # also on the page of what is missing itself


def test_a_list_is_found_by_its_name_while_the_talk_is_about_the_procedure(guide: Guide) -> None:
    talk = Talk(guide)
    talk.says("1.001193")
    assert "Bấm vào giấy bạn đã có" in talk.says("đánh dấu giấy đã có")
    talk.says("lệ phí")
    assert "chưa đánh dấu" in talk.says("còn thiếu gì")


def test_only_what_asks_for_missing_papers_is_heard_so() -> None:
    assert not any(map(asks_what_is_missing, ("thiếu tiền", "tôi còn thiếu sổ đỏ", "thiếu giấy khai sinh thì làm gì")))
