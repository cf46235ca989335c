"""A talk with an officer: asked for, taken by one, silent meanwhile, and back; never answered by both or nobody."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select

from bot.dialogue.core import Dialogue
from bot.dialogue.wording import handover as wording
from bot.dialogue.wording.notices import TEMPLATES
from bot.handover_records import State
from bot.messages import Contact, Incoming
from bot.receive import Receiver
from bot.services.guide import Guide
from bot.services.handover import KeptHandovers
from bot.staff_records import Role
from bot.storage.handovers import HandoverStore
from bot.storage.handovers_tables import handover_messages
from bot.storage.notices import Outbox
from bot.storage.sessions import SessionStore
from bot.storage.staff import AuditStore
from bot.storage.tables import notices
from knowledge_base.centre import load_centre
from tests.bot.dossiers import Clock, service
from tests.bot.web.console.desk import build, sign_in

OPEN = datetime(2026, 11, 23, 2, tzinfo=UTC)
"""Monday, 9 o'clock in Vietnam."""
SUNDAY = datetime(2026, 11, 22, 2, tzinfo=UTC)
WHO = Contact("telegram", "77")


class Talk:
    """A resident, the officers' service, and a clock."""

    def __init__(self, engine: Engine, guide: Guide, at: datetime = OPEN) -> None:
        self.clock, self.engine, self.count = Clock(at), engine, 0
        self.store = HandoverStore(engine, self.clock)
        self.desk = KeptHandovers(self.store, Outbox(engine, self.clock), TEMPLATES, now=self.clock)
        dossiers = service(engine)
        dialogue = Dialogue(guide, load_centre(), dossiers, now=self.clock, handovers=self.desk)
        self.receiver = Receiver(dialogue, SessionStore(engine), now=self.clock)

    def types(self, text: str) -> str | None:
        """What the assistant says; None: silence."""
        self.count += 1
        reply = self.receiver.receive(Incoming(contact=WHO, message_id=f"m{self.count}", text=text))
        return "\n".join(reply.paragraphs) if reply else None

    def pushed(self) -> list[str]:
        """The kinds of notices on their way."""
        with self.engine.connect() as connection:
            return list(connection.execute(select(notices.c.kind).order_by(notices.c.id)).scalars())


@pytest.fixture
def talk(engine: Engine, guide: Guide) -> Talk:
    return Talk(engine, guide)


def test_the_whole_way(talk: Talk) -> None:
    """The question first, the place, silence while the officer answers, and the assistant after the end."""
    assert wording.ASK_NOW in (talk.types("gặp cán bộ") or "")
    assert "thứ 1" in (talk.types("cho hỏi hộ khẩu của cháu chuyển thế nào") or "")
    (one,) = talk.store.listed()
    assert talk.types("tôi còn thiếu sổ đỏ") == wording.STILL_WAITING
    assert talk.store.take(one.id, "an")
    assert talk.types("tôi ở xã Thử") is None
    assert talk.desk.say(one.id, "an", "Bác mang căn cước ra quầy ạ.")
    assert [each.by for each in talk.store.said(one.id)] == ["resident", "resident", "resident", "officer"]
    assert talk.desk.close(one.id, "an", 4)
    assert talk.types("giờ làm việc")
    assert talk.pushed() == ["handover", "handover_end"]


def test_a_redelivered_message_is_told_once(talk: Talk) -> None:
    """The same message again adds nothing, also after the end."""
    talk.types("gặp cán bộ")
    talk.types("cho hỏi thủ tục")
    assert talk.desk.add(WHO, "x", "thêm")
    assert talk.desk.add(WHO, "x", "thêm")
    talk.desk.leave(WHO)
    assert talk.desk.add(WHO, "x", "thêm")
    assert not talk.desk.add(WHO, "y", "thêm")
    assert len(talk.store.said(1)) == 2


def test_outside_hours(engine: Engine, guide: Guide) -> None:
    """On a Sunday the question is taken, the assistant goes on answering, and the officer's reply closes it."""
    talk = Talk(engine, guide, SUNDAY)
    assert wording.ASK_LATER in (talk.types("gặp cán bộ") or "")
    assert talk.types("bao giờ có kết quả hộ chiếu của tôi") == wording.LATER
    assert talk.types("giờ làm việc") not in (None, wording.STILL_WAITING)
    (one,) = talk.store.listed()
    assert one.later
    assert talk.store.take(one.id, "an")
    assert talk.desk.say(one.id, "an", "Thứ Tư ạ.")
    assert talk.store.listed() == []
    assert talk.pushed() == ["handover"]


def test_numbers_are_masked_and_a_phone_is_left_by_choice(talk: Talk) -> None:
    """No identifying number is stored; a phone only after the button."""
    talk.types("gặp cán bộ")
    assert wording.MASKED in (talk.types("căn cước của tôi 024190001234 sao chưa xong") or "")
    assert wording.MASKED in (talk.types("gọi tôi 0912345678 nhé") or "")
    with talk.engine.connect() as connection:
        kept = " ".join(connection.execute(select(handover_messages.c.text)).scalars())
    assert "024190001234" not in kept
    assert "0912345678" not in kept
    talk.receiver.receive(Incoming(contact=WHO, message_id="p", pressed="handover.phone"))
    assert talk.types("0912 345 678") == wording.PHONE_KEPT
    assert talk.store.listed()[0].phone == "0912345678"


@pytest.mark.parametrize("said", ["dừng", "quay lại", "/stop"])
def test_the_way_back(talk: Talk, said: str) -> None:
    """A word brings the assistant back, and the officer can write no more."""
    talk.types("gặp cán bộ")
    talk.types("cho hỏi thủ tục")
    talk.store.take(1, "an")
    assert talk.types(said) == wording.LEFT
    assert not talk.desk.say(1, "an", "chào bác")


def test_an_emergency_is_answered_at_once(talk: Talk) -> None:
    """113 during a talk, and the officer reads it too."""
    talk.types("gặp cán bộ")
    talk.types("cho hỏi thủ tục")
    talk.store.take(1, "an")
    assert "114" in (talk.types("cứu với nhà tôi đang cháy") or "")
    assert len(talk.store.said(1)) == 2


def test_the_assistant_comes_back_by_itself(talk: Talk) -> None:
    """After a quarter of an hour without an officer's word; the open question waits for an answer."""
    talk.types("gặp cán bộ")
    talk.types("cho hỏi thủ tục")
    talk.store.take(1, "an")
    talk.clock.passes(minutes=16)
    assert (talk.types("giờ làm việc") or "").startswith(wording.LAPSED)
    assert talk.store.listed()[0].later
    assert talk.store.listed()[0].state is State.WAITING


def test_a_resident_who_writes_is_a_sign_of_life(talk: Talk) -> None:
    """Sixteen minutes after the officer's word, but one after the resident's, the talk goes on; and while one types."""
    talk.types("gặp cán bộ")
    talk.types("cho hỏi thủ tục")
    talk.store.take(1, "an")
    talk.desk.say(1, "an", "Bác chờ chút.")
    for _ in range(3):
        talk.clock.passes(minutes=14)
        assert talk.store.stir(1, "an")
    assert talk.types("vâng") is None
    talk.clock.passes(minutes=14)
    assert talk.desk.tidy() == 0
    assert talk.types("tôi tìm thấy giấy rồi") is None
    talk.clock.passes(minutes=14)
    assert talk.desk.tidy() == 0
    assert talk.types("alo") is None
    assert not talk.store.stir(1, "binh")


def test_whoever_writes_in_vain_is_not_left_in_silence(talk: Talk) -> None:
    """Three quarters of an hour of messages without an answer: the assistant comes back, the question waits."""
    talk.types("gặp cán bộ")
    talk.types("cho hỏi thủ tục")
    talk.store.take(1, "an")
    for _ in range(4):
        talk.clock.passes(minutes=10)
        assert talk.types("alo") is None
    talk.clock.passes(minutes=10)
    assert (talk.types("giờ làm việc") or "").startswith(wording.LAPSED)
    assert talk.store.listed()[0].later


def test_a_question_for_later_is_never_stuck(engine: Engine, guide: Guide) -> None:
    """Taken and left, it goes back by itself; given back; taken over; closed; and erased when nobody ever answers."""
    talk = Talk(engine, guide, SUNDAY)
    talk.types("gặp cán bộ")
    talk.types("bao giờ có kết quả hộ chiếu của tôi")
    assert talk.store.take(1, "an")
    talk.clock.passes(minutes=16)
    assert talk.desk.tidy() == 0
    assert (talk.store.listed()[0].state, talk.store.listed()[0].officer) == (State.WAITING, "")
    assert talk.store.take(1, "binh")
    assert not talk.store.put_back(1, "an")
    assert talk.store.put_back(1, "binh")
    assert talk.store.take(1, "an")
    assert talk.store.take_over(1, "binh")
    assert not talk.desk.say(1, "an", "chào bác")
    assert talk.desk.say(1, "binh", "Thứ Tư ạ.")
    talk.types("gặp cán bộ")
    talk.types("còn hộ chiếu của cháu tôi thì sao")
    assert talk.store.take(2, "an")
    assert talk.desk.close(2, "an", 1)
    assert talk.pushed() == ["handover"]
    talk.clock.passes(days=35)  # a Sunday again
    talk.types("gặp cán bộ")
    talk.types("hỏi lần nữa về hộ chiếu")
    talk.clock.passes(days=21)
    talk.types("gặp cán bộ")
    talk.types("vẫn chưa ai trả lời hộ chiếu của tôi")
    talk.clock.passes(days=20)
    talk.desk.tidy()
    assert [each.id for each in talk.store.listed()] == [3]
    talk.clock.passes(days=11)
    talk.desk.tidy()
    assert talk.store.listed() == []
    with talk.engine.connect() as connection:
        assert connection.execute(select(handover_messages)).all() == []


def test_what_an_officer_writes_goes_out_as_written(talk: Talk) -> None:
    """A telephone number of the office reaches the resident; what is kept of the talk has none."""
    talk.types("gặp cán bộ")
    talk.types("cho hỏi thủ tục")
    talk.store.take(1, "an")
    said = "Bác gọi số 0204 3854 117 ạ."
    assert talk.desk.say(1, "an", said, kept="Bác gọi số ••• ạ.", key="n1")
    assert talk.desk.say(1, "an", said, kept="Bác gọi số ••• ạ.", key="n1")  # sent twice, said once
    assert [each.text for each in talk.store.said(1)][1:] == ["Bác gọi số ••• ạ."]
    with talk.engine.connect() as connection:
        fields = connection.execute(select(notices.c.fields)).scalars().all()
    assert len(fields) == 1
    assert "0204 3854 117" in str(fields[0])


def test_the_assistant_does_not_speak_in_between(talk: Talk) -> None:
    """Photos, old buttons and commands go to the officer; the resident hears so, with a way back."""
    talk.types("gặp cán bộ")
    talk.types("cho hỏi thủ tục")
    talk.store.take(1, "an")

    def does(**what: str) -> Any:
        talk.count += 1
        return talk.receiver.receive(Incoming(contact=WHO, message_id=f"d{talk.count}", **what))

    assert does(other="photo").paragraphs == (wording.NOT_READABLE,)
    assert does(other="voice").paragraphs == (wording.NOT_READABLE,)
    pressed = does(pressed="procedure.show:1.001193")
    assert pressed.paragraphs == (wording.WITH_OFFICER,)
    assert [choice.label for choice in pressed.choices] == [wording.BACK_BUTTON]
    assert does(text="/hoso").paragraphs == (wording.WITH_OFFICER,)
    assert does(text="/start secret-token").paragraphs == (wording.WITH_OFFICER,)
    told = [each.text for each in talk.store.said(1)][1:]
    assert told == ["[ảnh]", "[tin không phải chữ]", "[bấm nút: một nút trong tin cũ]", "/hoso", "/start"]
    assert wording.LEFT in does(pressed=pressed.choices[0].link).paragraphs
    assert "1.001193" in " ".join(does(pressed="procedure.show:1.001193").paragraphs)


def test_one_may_be_forgotten_during_a_talk(talk: Talk) -> None:
    """Erasing is between the resident and the assistant: the words and the button work."""
    talk.types("gặp cán bộ")
    talk.types("cho hỏi thủ tục")
    talk.store.take(1, "an")
    assert talk.types("xóa dữ liệu của tôi")
    reply = talk.receiver.receive(Incoming(contact=WHO, message_id="e", pressed="dossier.erased"))
    assert reply
    assert wording.WITH_OFFICER not in reply.paragraphs
    assert len(talk.store.said(1)) == 1


def test_time_ends_talks_that_nobody_looks_at(talk: Talk) -> None:
    """The resident is told, once; closed talks are erased after thirty days, with their notices."""
    talk.types("gặp cán bộ")
    talk.types("cho hỏi thủ tục")
    talk.store.take(1, "an")
    talk.desk.say(1, "an", "Vâng ạ.")
    talk.clock.passes(minutes=16)
    assert (talk.desk.tidy(), talk.desk.tidy()) == (1, 0)
    assert talk.pushed() == ["handover", "handover_end"]
    talk.clock.passes(days=31)
    talk.desk.tidy()
    assert talk.store.get(1) is None
    assert talk.pushed() == []


def test_erasing(talk: Talk) -> None:
    """Nothing of a talk is left."""
    talk.types("gặp cán bộ")
    talk.types("cho hỏi thủ tục")
    assert talk.store.erase(WHO) == 1
    with talk.engine.connect() as connection:
        assert connection.execute(select(handover_messages)).all() == []


def test_one_officer_takes_it(talk: Talk) -> None:
    """Of eight at once exactly one."""
    talk.store.open(WHO, agency="", topic="", page="", text="hỏi", later=False)
    with ThreadPoolExecutor(8) as threads:
        took = list(threads.map(lambda n: talk.store.take(1, f"officer{n}"), range(8)))
    assert took.count(True) == 1


def test_a_message_while_the_officer_closes(talk: Talk) -> None:
    """Either the talk goes on with the message in it, or it is closed and the assistant answers the message."""
    for round_ in range(20):
        opened = talk.store.open(WHO, agency="", topic="", page="", text="hỏi", later=False)
        talk.store.take(opened.id, "an")
        with ThreadPoolExecutor(2) as threads:
            closing = threads.submit(talk.desk.close, opened.id, "an", 1)
            adding = threads.submit(talk.desk.add, WHO, f"race{round_}", "khoan đã")
        assert closing.result() != adding.result()
        assert (len(talk.store.said(opened.id)) == 2) == adding.result()
        talk.store.leave(WHO)


def test_a_waiting_resident_is_seen_everywhere(engine: Engine, guide: Guide) -> None:
    """In title, menu and home page of whoever may answer; the list begins with who waits, and says for how long."""
    app, store = build(engine, guide), HandoverStore(engine)
    officer, clerk, supervisor = (sign_in(app, role) for role in (Role.OFFICER, Role.CLERK, Role.SUPERVISOR))
    administrator = sign_in(app, Role.ADMINISTRATOR)
    assert "<title>Hồ sơ" in officer.get("/staff/dossiers").text
    taken = store.open(Contact("web", "1"), agency="", topic="", page="", text="hỏi một", later=False)
    assert officer.post(f"/staff/handover/{taken.id}/take").status_code == 303
    store.open(Contact("web", "2"), agency="so-y-te", topic="", page="", text="hỏi sau", later=True)
    text = "sổ khám bệnh của cháu " * 20
    store.open(Contact("web", "3"), agency="so-y-te", topic="", page="", text=text, later=False)
    for desk in (officer, supervisor):
        page = desk.get("/staff/calls").text
        assert "<title>(2) " in page
        assert 'data-count="2"' in page
        assert 'data-count="2"' in desk.get("/staff/handover/waiting").text
    assert 'data-count="0"' in clerk.get("/staff/dossiers").text
    assert "data-count" not in administrator.get("/staff/accounts").text
    home = officer.get("/staff/").text
    assert "Người dân đang chờ cán bộ" in home
    listed = officer.get("/staff/handover").text
    order = [listed.index(f"/staff/handover/{number}") for number in (3, 2, 1)]
    assert order == sorted(order)
    assert "0 phút" in listed
    assert "sổ khám bệnh của cháu sổ" in listed
    assert text.strip() not in listed
    assert "Người officer đang trả lời" in listed
    assert officer.post(f"/staff/handover/{taken.id}/take-over").status_code == 403
    assert "Nhận thay" in supervisor.get(f"/staff/handover/{taken.id}").text
    assert supervisor.post(f"/staff/handover/{taken.id}/take-over").status_code == 303
    assert officer.post(f"/staff/handover/{taken.id}/put-back").status_code == 409
    assert supervisor.post(f"/staff/handover/{taken.id}/put-back").status_code == 303
    assert 'data-count="3"' in officer.get("/staff/calls").text


def test_the_officers_pages(engine: Engine, guide: Guide) -> None:
    """Queue, take, answer, close; another agency's clerk sees nothing, no contact id is shown, all is written down."""
    talk = Talk(engine, guide, datetime.now(UTC))
    app = build(engine, guide)
    who = Contact("telegram", "990077")
    opened = talk.store.open(who, agency="so-y-te", topic="", page="", text="hỏi", later=False)
    officer, clerk = sign_in(app, Role.OFFICER), sign_in(app, Role.CLERK)
    path = f"/staff/handover/{opened.id}"
    assert path in officer.get("/staff/handover").text
    assert path not in clerk.get("/staff/handover").text
    assert clerk.post(f"{path}/take").status_code == 404
    assert officer.post(f"{path}/take").status_code == 303
    assert officer.post(f"{path}/take").status_code == 409
    assert officer.post(f"{path}/say", {"text": "Chào bác, gọi 0204 3854 117", "nonce": "once"}).status_code == 303
    assert officer.post(f"{path}/say", {"text": "Chào bác, gọi 0204 3854 117", "nonce": "once"}).status_code == 303
    with engine.connect() as connection:
        (fields,) = connection.execute(select(notices.c.fields)).scalars()
    assert "0204 3854 117" in str(fields)
    too_long = officer.post(f"{path}/say", {"text": "dài " * 300})
    assert too_long.status_code == 422
    assert "dài dài" in too_long.text  # it is still there to be cut
    assert officer.post(f"{path}/typing").status_code == 204
    shown = officer.get(path).text
    assert "Chào bác" in shown
    assert "990077" not in shown
    talk.store.add(who, "m", "còn nữa")
    assert officer.post(f"{path}/close", {"seen": "2"}).status_code == 409
    assert officer.get(f"{path}/live").status_code == 200
    assert officer.post(f"{path}/close", {"seen": "3"}).status_code == 303
    late = officer.post(f"{path}/say", {"text": "Một câu nữa"})
    assert late.status_code == 409
    assert "Một câu nữa" in late.text
    closed = officer.get("/staff/handover?xem=closed").text
    assert path in closed
    assert path not in officer.get("/staff/handover").text
    assert officer.get("/staff/handover?xem=closed&tai=xlsx").status_code == 200
    told = {"Nhận trao đổi với người dân", "Trả lời người dân", "Kết thúc trao đổi với người dân"}
    assert told <= set(AuditStore(engine).actions())
