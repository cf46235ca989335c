"""A talk with an officer: asked for, taken by one, silent meanwhile, and back; never answered by both or nobody."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

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
    assert officer.post(f"{path}/say", {"text": "Chào bác"}).status_code == 303
    shown = officer.get(path).text
    assert "Chào bác" in shown
    assert "990077" not in shown
    talk.store.add(who, "m", "còn nữa")
    assert officer.post(f"{path}/close", {"seen": "2"}).status_code == 409
    assert officer.get(f"{path}/live").status_code == 200
    assert officer.post(f"{path}/close", {"seen": "3"}).status_code == 303
    told = {"Nhận trao đổi với người dân", "Trả lời người dân", "Kết thúc trao đổi với người dân"}
    assert told <= set(AuditStore(engine).actions())
