"""From an unanswered question to its answer: kept without a name, linked by staff, indexed, answered."""

import itertools
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine, select

from bot.dialogue import outcomes
from bot.dialogue.anonymous import key_of
from bot.dialogue.core import Dialogue
from bot.dialogue.flow import Answer, Trace
from bot.dialogue.wording import find as find_wording
from bot.dialogue.wording import procedure as procedure_wording
from bot.dialogue.wording import unanswered as wording
from bot.dialogue.wording.notices import TEMPLATES
from bot.messages import Contact, Incoming, Reply
from bot.notice_records import NoticeState, Outcome, Pace
from bot.question_records import Asked, Ending, State
from bot.receive import Receiver
from bot.records import Session
from bot.services.dossiers import KeptDossiers
from bot.services.guide import Guide
from bot.services.questions import (
    KeptQuestions,
    NoQuestions,
    QuestionDesk,
    RefusedError,
    linked_phrases,
    out_of_scope_texts,
)
from bot.storage.consents import ConsentStore
from bot.storage.dossiers import DossierStore
from bot.storage.notices import Outbox
from bot.storage.questions import QuestionStore
from bot.storage.questions_tables import question_decisions, question_occurrences, questions
from bot.storage.sessions import SessionStore
from bot.storage.tables import consents
from indexer.evaluate import Question
from indexer.linked import Linked
from indexer.phrases import with_linked
from knowledge_base.centre import load_centre
from knowledge_base.weights import UNTRAINED, Linear, Weights
from tests.bot.dossiers import HASHER, Clock
from tests.fakes.small_index import ELSEWHERE, PHRASES, build_small, catalogue, save_encoder

TEN = {
    "cháu bé nhà em chưa có giấy tờ gì": "1.000001",
    "nhập tên cho em bé mới chào đời": "1.000001",
    "thằng cu nhà em ra đời hôm kia": "1.000001",
    "xuất cảnh sang Lào thăm bạn": "1.000002",
    "bay qua Hàn Quốc thăm chị": "1.000002",
    "đổ móng dựng căn mới có phải báo ai": "1.000003",
    "cơi nới thêm cái bếp phía sau": "1.000003",
    "cái thẻ chạy ô tô bay đâu mất": "1.000004",
    "ví rơi giờ không có thẻ cầm vô lăng": "1.000004",
    "chúng em muốn về một nhà": "1.000005",
}
MANAGER = "Trần Thị B"


def careful(model: Linear) -> Linear:
    """Believes only what the words of a phrase cover."""
    return msgspec.structs.replace(
        model, weights=tuple(20.0 if column == "phrase.covered" else 0.0 for column in model.columns), bias=-16.0
    )


CAREFUL: Weights = msgspec.structs.replace(
    UNTRAINED, scope=careful(UNTRAINED.scope), right=careful(UNTRAINED.right), nothing_below=0.5, sure_from=0.6
)


class Office:
    """A running bot on a small index, and the staff behind it."""

    def __init__(self, engine: Engine, folder: Path, *, days: int = 180) -> None:
        self.clock = Clock()
        self.engine, self._index = engine, folder / "index"
        self._encoder = save_encoder(folder / "encoder")
        self.store = QuestionStore(engine, self.clock)
        self.outbox = Outbox(engine, self.clock)
        consent_store = ConsentStore(engine, self.clock)
        self.questions = KeptQuestions(self.store, consent_store, HASHER, key_of=key_of, days=days, now=self.clock)
        self.index()
        self.guide = Guide(self._index)
        dossiers = KeptDossiers(DossierStore(engine), consent_store, HASHER, erasers=[self.outbox.erase])
        dialogue = Dialogue(self.guide, load_centre(), dossiers, self.clock, questions=self.questions)
        self.receiver = Receiver(dialogue, SessionStore(engine), questions=self.questions)
        self.desk = QuestionDesk(
            self.store, procedure=self.guide.procedure, outbox=self.outbox, templates=TEMPLATES, now=self.clock
        )
        self._numbers = itertools.count(1)

    def index(self, questions: Path | None = None) -> str:
        """`motcua index`: the shipped phrases and what staff linked."""
        phrases, lost = with_linked(PHRASES, catalogue(), linked_phrases(self.store))
        assert not lost
        linked = [Linked(one.text, one.code) for one in self.store.all(State.LINKED)]
        self.built = build_small(
            self._index,
            self._encoder,
            phrases=phrases,
            elsewhere=[*ELSEWHERE, *out_of_scope_texts(self.store)],
            weights=CAREFUL,
            linked=linked,
            questions=questions,
        )
        return self.built.outcome

    def says(self, person: str, text: str, *, channel: str = "telegram") -> Reply:
        """Somebody types."""
        contact = Contact(channel, person)
        reply = self.receiver.receive(Incoming(contact=contact, message_id=f"m{next(self._numbers)}", text=text))
        assert reply is not None
        self.last = reply
        return reply

    def presses(self, person: str, label: str, *, channel: str = "telegram") -> Reply:
        """Somebody presses a button of the last answer."""
        link = next(choice.link for choice in self.last.choices if choice.label.startswith(label))
        contact = Contact(channel, person)
        reply = self.receiver.receive(Incoming(contact=contact, message_id=f"m{next(self._numbers)}", pressed=link))
        assert reply is not None
        self.last = reply
        return reply

    def kept(self) -> list[tuple[str, Ending, tuple[str, ...]]]:
        """Every bad ending in the list: words, ending, what was offered."""
        return [
            (one.text, occurrence.ending, occurrence.offered)
            for one in self.store.listed()
            for occurrence in self.store.occurrences(one.id)
        ]


@pytest.fixture
def office(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr("bot.services.guide.LOOK_AGAIN_AFTER", -1.0)
    monkeypatch.setattr("bot.services.questions.LOOK_AGAIN_AFTER", -1.0)
    return Office(engine, tmp_path)


def test_ten_unanswered_questions_are_linked_indexed_and_answered(office: Office, tmp_path: Path) -> None:
    """The clerk's morning: the list, ten links, one index; the running bot answers all ten, and the story is told."""
    check = tmp_path / "check.jsonl"
    labelled = [
        Question(id=line, style="plain", question=line, codes=(code,), asks="general")
        for code, lines in PHRASES.items()
        for line in lines
    ]
    check.write_bytes(b"\n".join(map(msgspec.json.encode, labelled)))
    for number, text in enumerate(TEN):
        assert office.says(f"person {number}", text).paragraphs[0] == find_wording.nothing(load_centre())[0]
    waiting = office.desk.listed()
    assert {one.text for one in waiting} == set(TEN)
    for one in waiting:
        office.desk.link(one.id, TEN[one.text], by=MANAGER, why="dân hỏi bằng lời khác")
    assert office.index(check) == "published"
    assert office.built.linked_before is not None
    assert office.built.linked_after is not None
    assert (office.built.linked_before.nothing, office.built.linked_after.right) == (10, 10)
    assert office.index(check) == "skipped"
    for number, (text, code) in enumerate(TEN.items()):
        said = " ".join(office.says(f"person {number}", text).paragraphs)
        procedure = office.guide.procedure(code)
        assert procedure is not None
        assert procedure.name in said, text
    story = office.desk.story(waiting[0].id)
    assert [(made.action, made.by, made.why) for made in story.decisions] == [
        ("link", MANAGER, "dân hỏi bằng lời khác")
    ]
    assert office.desk.counts() == {State.OPEN: 0, State.LINKED: 10, State.OUT_OF_SCOPE: 0}


def test_a_link_that_was_wrong_is_taken_back(office: Office) -> None:
    """After reopening the next index forgets the phrase."""
    office.says("an", "bay qua Hàn Quốc thăm chị")
    number = office.desk.listed()[0].id
    office.desk.link(number, "1.000002", by=MANAGER, why="hộ chiếu")
    assert office.index() == "published"
    assert office.guide.find("bay qua Hàn Quốc thăm chị").decision == "sure"
    office.desk.reopen(number, by=MANAGER, why="chưa chắc")
    assert office.index() == "published"
    assert office.guide.find("bay qua Hàn Quốc thăm chị").decision == "nothing"
    assert [made.action for made in office.desk.story(number).decisions] == ["link", "reopen"]


def test_phrases_that_spoil_other_answers_are_not_published(office: Office, tmp_path: Path) -> None:
    """The development questions must not get worse: a link to the wrong procedure is refused, the old index serves."""
    check = tmp_path / "check.jsonl"
    asked = "con mới sinh ra xã làm giấy gì"
    question = Question(id="1", style="plain", question=asked, codes=("1.000001",), asks="general")
    check.write_bytes(msgspec.json.encode(question))
    assert office.index(check) == "skipped"
    for text in ("con mới sinh ra", "xã làm giấy gì", "mới sinh ra xã làm giấy"):
        office.store.keep(key=key_of(text), text=text, message=text, channel="web", offered=(), ending=Ending.NOTHING)
    for one, way in zip(office.desk.listed(), ("", " ạ", " nhỉ"), strict=True):
        office.desk.link(one.id, "1.000005", by=MANAGER, why="nhầm", phrase=asked + way)
    assert office.index(check) == "refused"
    assert office.guide.find(asked).matches[0].code == "1.000001"


# --- how questions end ---

OFFERS = "mất bằng lái xe máy"


def test_a_question_is_counted_not_repeated(office: Office) -> None:
    """The same words of three people, with and without marks, are one question asked three times."""
    for person, text in (("a", "bay qua Hàn Quốc"), ("b", "bay qua han quoc"), ("c", "Bay qua  HÀN QUỐC?")):
        office.says(person, text)
    assert [(one.text, one.times) for one in office.store.listed()] == [("bay qua Hàn Quốc", 3)]


def test_a_redelivered_message_counts_once(office: Office) -> None:
    """A supplier that delivers twice, or a page that runs twice, makes no second count."""
    office.says("a", "bay qua Hàn Quốc")
    (occurrence,) = office.store.occurrences(office.store.listed()[0].id)
    message = Incoming(contact=Contact("telegram", "a"), message_id="m1", text="bay qua Hàn Quốc")
    SessionStore(office.engine).forget(Contact("telegram", "a"))
    assert office.receiver.receive(message) is not None
    assert [one.times for one in office.store.listed()] == [1]
    assert occurrence.ending is Ending.NOTHING


def test_an_answer_that_was_not_the_right_one_is_kept(office: Office) -> None:
    """The person presses "another procedure": not this one. What was offered is kept with it, best first."""
    office.says("a", OFFERS)
    office.presses("a", procedure_wording.OTHER_BUTTON)
    ((text, ending, offered),) = office.kept()
    assert (text, ending, offered[0]) == (OFFERS, Ending.NOT_THIS, "1.000004")


def test_khong_phai_is_kept(office: Office) -> None:
    """So is the same said in words; a question ends badly only once."""
    office.says("a", OFFERS)
    office.says("a", "không phải")
    office.says("a", "không phải")
    assert [(text, ending) for text, ending, _ in office.kept()] == [(OFFERS, Ending.NOT_THIS)]


def session(**known: object) -> Session:
    """A conversation about a question that was answered with two candidates."""
    usual = {"text": "làm thẻ", "message_id": "m1", "offered": ("1.000004", "1.000002")}
    return Session(contact=Contact("web", "a"), asked=Asked(**usual | known))  # type: ignore[arg-type]


def ended(before: Session, *, here: str | None = None, text: str | None = None, **trace: object) -> Ending | None:
    """How the question ends when the person does this."""
    incoming = Incoming(contact=before.contact, message_id="m2", text=text, pressed=here if text is None else None)
    answer = Answer(reply=Reply(paragraphs=("…",)), here=here, trace=Trace(**trace))  # type: ignore[arg-type]
    _, found = outcomes.follow(before, incoming, answer, before)
    return found.ending if found else None


@pytest.mark.parametrize(
    ("before", "act", "ending"),
    [
        ({}, {"here": "find.nothing"}, Ending.NONE_OF_THESE),
        ({}, {"here": "find.nothing", "text": "3"}, Ending.NONE_OF_THESE),
        ({}, {"here": "procedure.show:1.000004:"}, None),
        ({"opened": "1.000004"}, {"here": "procedure.show:1.000002:"}, Ending.WRONG_PICK),
        ({"opened": "1.000004"}, {"here": "procedure.show:1.000004:fee"}, None),
        ({"opened": "1.000004"}, {"here": "procedure.show:1.000005:"}, None),
        ({"opened": "1.000004"}, {"here": "find.which::1.000004:1.000002", "text": "quay lại"}, Ending.WRONG_PICK),
        ({}, {"here": "find.which::1.000004:1.000002"}, None),
        ({"opened": "1.000004"}, {"text": "không phải cái này"}, Ending.NOT_THIS),
        ({"opened": "1.000004", "ended": True}, {"text": "không phải cái này"}, None),
        ({"opened": "1.000004"}, {"text": "cảm ơn"}, None),
    ],
)
def test_what_people_do_next_says_how_a_question_ended(
    before: dict[str, object], act: dict[str, str], ending: Ending | None
) -> None:
    """None of these, another candidate after the first, back to the list, "không phải"; opening one is no complaint."""
    assert ended(session(**before), **act) is ending


@pytest.mark.parametrize(
    ("text", "code", "ending"),
    [
        ("làm thẻ lái xe", "1.000002", Ending.ASKED_AGAIN),
        ("làm thẻ lái xe", "1.000004", None),
        ("đăng ký kết hôn ở đâu", "1.000005", None),
    ],
)
def test_asking_nearly_the_same_again_tells_of_a_wrong_answer(text: str, code: str, ending: Ending | None) -> None:
    """Only where the answer is another one now; a new topic is none of it."""
    found = ended(
        session(text="làm thẻ xe", opened="1.000004"),
        text=text,
        decision="sure",
        codes=(code,),
        asks=("general",),
        scores={code: 0.9},
    )
    assert found is ending


def test_an_answered_question_is_not_kept(office: Office) -> None:
    """Thanks, a follow-up about the same procedure, a new question: nothing of it is anybody's business."""
    for text in (OFFERS, "hết bao nhiêu tiền", "cảm ơn", "làm hộ chiếu đi nước ngoài lần đầu"):
        office.says("a", text)
    assert office.kept() == []


def test_whoever_keeps_nothing_says_so(engine: Engine, tmp_path: Path) -> None:
    """With 0 days nothing is kept, nobody is told that it is, and no reply is offered."""
    office = Office(engine, tmp_path, days=0)
    assert wording.TELL_ME_BUTTON not in [choice.label for choice in office.says("a", "bay qua Hàn Quốc").choices]
    assert wording.KEPT not in office.says("a", "/start").paragraphs
    assert office.kept() == []


def test_people_are_told_what_is_kept(office: Office) -> None:
    """On the first page, and on a page of its own with the number of days."""
    assert wording.KEPT in office.says("a", "/start").paragraphs
    assert "180 ngày" in " ".join(office.says("a", "quyền riêng tư").paragraphs)


def test_a_list_that_cannot_be_written_costs_nobody_an_answer(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer comes although keeping fails."""

    def broken(**_: object) -> bool:
        raise OSError("the disk is full")

    monkeypatch.setattr(office.store, "keep", broken)
    assert office.says("a", "bay qua Hàn Quốc").paragraphs[0] == find_wording.nothing(load_centre())[0]


# --- nobody can be found by it ---


def test_nothing_kept_says_who_asked(office: Office) -> None:
    """No contact, no name, no number in any column of the list."""
    office.says("anna-4711", "tôi tên là Nguyễn Văn Bình, số 0987654321, bay qua Hàn Quốc thăm chị")
    with office.engine.connect() as connection:
        rows = [
            str(row)
            for table in (questions, question_occurrences, question_decisions)
            for row in connection.execute(select(table))
        ]
    assert len(rows) == 2
    assert not any(part in row for row in rows for part in ("anna-4711", "Bình", "0987", "m1'"))
    assert "bay qua Hàn Quốc" in "".join(rows)


class _Noting(NoQuestions):
    def want_reply(self, _contact: Contact, _reference: str, _text_version: str) -> bool:
        return True


@pytest.mark.parametrize(("channel", "limited"), [("web", True), ("zalo", False)])
def test_on_the_web_page_a_reply_is_not_promised_for_later(guide: Guide, channel: str, limited: bool) -> None:
    """Once it is closed nobody is reached there."""
    dialogue, contact = Dialogue(guide, load_centre(), questions=_Noting()), Contact(channel, "1")
    incoming = Incoming(contact=contact, message_id="1", pressed="unanswered.tell_me:abc:1")
    answer, _ = dialogue.answer(Session(contact=contact), incoming)
    assert ("12 giờ" in answer.reply.paragraphs[0]) == limited


def test_a_reply_reaches_who_asked_for_it_and_its_address_goes(office: Office) -> None:
    """One tap; the reply waits in the outbox once; when it is sent, nothing of the person is left."""
    office.says("anna", "bay qua Hàn Quốc thăm chị")
    office.presses("anna", wording.TELL_ME_BUTTON)
    assert office.last.paragraphs == (wording.NOTED,)
    office.says("berta", "bay qua Hàn Quốc thăm chị")
    (question,) = office.desk.listed()
    assert (question.times, question.wanted) == (2, 1)
    office.desk.link(question.id, "1.000002", by=MANAGER, why="hộ chiếu")
    assert office.desk.reply(question.id, "Bạn cần hộ chiếu phổ thông.", by=MANAGER) == 1
    with pytest.raises(RefusedError, match="nobody waits"):
        office.desk.reply(question.id, "Lần nữa.", by=MANAGER)
    office.store.forget_addresses(office.clock() - timedelta(days=30))  # the reply is still on its way: it stays
    claimed = office.outbox.claim("telegram", limit=10, lease=timedelta(minutes=1), pace=Pace())
    assert [notice.contact.id for notice in claimed.notices] == ["anna"]
    assert claimed.notices[0].fields["text"] == "Bạn cần hộ chiếu phổ thông."
    office.outbox.finish([Outcome(notice=notice, state=NoticeState.SENT) for notice in claimed.notices])
    assert office.store.forget_addresses(office.clock() - timedelta(days=30)) == 1
    assert office.outbox.list() == []
    with office.engine.connect() as connection:
        assert connection.execute(select(consents)).all() == []


def test_an_address_waits_thirty_days_at_most(office: Office) -> None:
    """Nobody answered: the address goes, the question stays."""
    office.says("anna", "bay qua Hàn Quốc thăm chị")
    office.presses("anna", wording.TELL_ME_BUTTON)
    office.clock.passes(days=29)
    office.desk.purge()
    assert office.desk.listed()[0].wanted == 1
    office.clock.passes(days=2)
    office.desk.purge()
    assert office.desk.listed()[0].wanted == 0


@pytest.mark.parametrize("words", ["dừng", "xóa dữ liệu của tôi"])
def test_who_changes_their_mind_is_not_written_to(office: Office, words: str) -> None:
    """ "dừng" and "xóa dữ liệu của tôi" take the agreement back."""
    office.says("anna", "bay qua Hàn Quốc thăm chị")
    office.presses("anna", wording.TELL_ME_BUTTON)
    office.says("anna", words)
    if words != "dừng":
        office.receiver.receive(
            Incoming(contact=Contact("telegram", "anna"), message_id="x", pressed=office.last.choices[0].link)
        )
    assert office.desk.listed()[0].wanted == 0


def test_no_reply_is_promised_where_none_can_come(office: Office) -> None:
    """At the terminal nobody can be written to later."""
    labels = [choice.label for choice in office.says("a", "bay qua Hàn Quốc", channel="terminal").choices]
    assert wording.TELL_ME_BUTTON not in labels


def test_what_is_old_is_forgotten(office: Office) -> None:
    """After 180 days an open question goes; a linked one stays as a phrase, without when it was asked."""
    office.says("a", "bay qua Hàn Quốc thăm chị")
    office.says("b", "cơi nới thêm cái bếp phía sau")
    linked = next(one for one in office.desk.listed() if one.text.startswith("cơi"))
    office.desk.link(linked.id, "1.000003", by=MANAGER, why="sửa nhà")
    office.clock.passes(days=181)
    assert office.desk.purge() == 1
    assert [one.id for one in office.desk.listed(None)] == [linked.id]
    assert office.store.occurrences(linked.id) == []


# --- staff ---


def test_out_of_scope_is_never_sure_again(office: Office) -> None:
    """From the moment it is marked, in whatever spelling, before any index; and the next index knows it too."""
    office.says("a", OFFERS)
    office.says("a", "không phải")
    (question,) = office.desk.listed()
    office.desk.out_of_scope(question.id, by=MANAGER, why="hỏi chuyện khác")
    for text in (OFFERS, "Mat bang lai xe may"):
        assert office.says("b", text).paragraphs[0] == find_wording.nothing(load_centre())[0]
    assert out_of_scope_texts(office.store) == [OFFERS]


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda desk, one: desk.link(one, "9.999999", by="B", why="x"), "no procedure 9.999999"),
        (lambda desk, one: desk.link(one, "1.000002", by=" ", why="x"), "your name"),
        (lambda desk, one: desk.link(one, "1.000002", by="B", why=""), "say why"),
        (lambda desk, one: desk.link(one, "1.000002", by="B", why="x", phrase="•••"), "too little"),
        (lambda desk, one: desk.link(one, "1.000002", by="B", why="x", phrase="dài " * 80), "at most 200"),
        (lambda desk, one: desk.link(one + 1, "1.000002", by="B", why="x"), "motcua questions list"),
        (lambda desk, one: desk.reply(one, " ", by="B"), "is to be told"),
        (lambda desk, one: desk.reply(one, "Chào bạn", by="B"), "nobody waits"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_sentence(
    office: Office, act: Callable[[QuestionDesk, int], object], said: str
) -> None:
    """Nothing is changed by it."""
    office.says("a", "bay qua Hàn Quốc thăm chị")
    (before,) = office.desk.listed()
    with pytest.raises(RefusedError, match=said):
        act(office.desk, before.id)
    assert office.desk.story(before.id).question == before
    assert office.desk.story(before.id).decisions == ()


def test_a_phrase_carries_who_when_and_why(office: Office) -> None:
    """Linked words are editors' overrides like any other."""
    office.says("a", "chị Lan bay qua Hàn Quốc thăm con")
    office.desk.link(office.desk.listed()[0].id, "1.000002", by=MANAGER, why="hộ chiếu")
    (phrase,) = linked_phrases(office.store)
    assert (phrase.code, phrase.who, phrase.when, phrase.why) == ("1.000002", MANAGER, "2026-11-23", "hộ chiếu")
    assert phrase.text == "chị bay qua Hàn Quốc thăm con"


def test_an_index_with_new_links_encodes_only_those(office: Office) -> None:
    """Vectors of unchanged phrases are used again when links are added."""
    office.says("a", "bay qua Hàn Quốc thăm chị")
    office.desk.link(office.desk.listed()[0].id, "1.000002", by=MANAGER, why="hộ chiếu")
    assert office.index() == "published"
    unchanged = sum(map(len, PHRASES.values())) + len(PHRASES) + len(ELSEWHERE)
    assert office.built.reused_vectors == unchanged
