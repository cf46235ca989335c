"""Once, in order, never silence: what the receiver promises, on SQLite and on PostgreSQL."""

from collections.abc import Callable
from datetime import timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from bot.dialogue.core import Dialogue
from bot.dialogue.flow import Answer, link
from bot.dialogue.flows import procedure
from bot.messages import Contact, Incoming
from bot.receive import LEASE, LONGEST, REMEMBERED, InHand, Receiver
from bot.records import Session, Unsent
from bot.services.guide import Guide
from bot.storage.asked import AskedStore
from bot.storage.reviews_tables import asked_counts
from bot.storage.sessions import SessionStore
from bot.storage.tables import sessions
from bot.storage.taken import TakenMessages
from knowledge_base.centre import VIETNAM, load_centre
from tests.bot.dossiers import Clock

ANNA = Contact("test", "anna")


def message(message_id: str, text: str = "xin chào") -> Incoming:
    """Something that Anna typed."""
    return Incoming(contact=ANNA, message_id=message_id, text=text)


def pressed(message_id: str, link: str) -> Incoming:
    """A button that Anna pressed."""
    return Incoming(contact=ANNA, message_id=message_id, pressed=link)


@pytest.fixture
def clock() -> Clock:
    """The time, as all processes see it."""
    return Clock()


@pytest.fixture
def process(engine: Engine, guide: Guide, clock: Clock) -> Callable[[], Receiver]:
    """Starts another process on the same database."""
    return lambda: Receiver(Dialogue(guide, load_centre()), SessionStore(engine), now=clock)


def test_a_redelivery_is_not_answered_again(process: Callable[[], Receiver]) -> None:
    """The same message id twice: one answer, also while the first one is still being sent."""
    receiver = process()
    assert receiver.receive(message("m1")) is not None
    assert receiver.receive(message("m1")) is None
    receiver.sent(message("m1"))
    assert receiver.receive(message("m1")) is None


def test_a_redelivery_after_many_messages_is_not_answered_again(engine: Engine, guide: Guide, clock: Clock) -> None:
    """Days later, on another machine, when the session has long forgotten that message."""

    def machine() -> Receiver:
        taken = TakenMessages(engine, clock)
        return Receiver(Dialogue(guide, load_centre()), SessionStore(engine), taken=taken, now=clock)

    receiver = machine()
    for number in range(REMEMBERED + 3):
        assert receiver.receive(message(f"m{number}")) is not None
        receiver.sent(message(f"m{number}"))
    clock.at += timedelta(days=6)
    assert all(machine().receive(message(f"m{number}")) is None for number in range(REMEMBERED + 3))
    assert machine().receive(message("new")) is not None


def test_an_answer_that_a_dead_process_never_sent_is_sent_by_the_next(
    process: Callable[[], Receiver], clock: Clock
) -> None:
    """Killed between deciding and sending: once its lease is over the redelivery gets the very same answer, once."""
    first = process().receive(message("m1", "1.004194"))
    second = process()
    with pytest.raises(InHand) as told:
        second.receive(message("m1", "1.004194"))
    assert told.value.seconds == LEASE.total_seconds()
    clock.at += LEASE
    assert second.receive(message("m1", "1.004194")) == first
    assert second.receive(message("m1", "1.004194")) is None
    with pytest.raises(InHand):
        process().receive(message("m1", "1.004194"))


def test_a_slow_process_keeps_its_answer(process: Callable[[], Receiver], clock: Clock) -> None:
    """Slower than the supplier's patience but alive: nobody says the answer a second time, then it is confirmed."""
    slow, other = process(), process()
    slow.receive(message("m1"))
    slow.receive(message("m2"))
    for _ in range(20):
        clock.at += LEASE / 3
        slow.renew()
        with pytest.raises(InHand):
            other.receive(message("m1"))
    other.receive(message("m3"))  # the person goes on writing meanwhile, to whichever process
    slow.sent(message("m1"))
    assert other.receive(message("m1")) is None
    clock.at += LEASE
    assert other.receive(message("m2")) is not None


def test_an_answer_that_was_taken_over_is_not_taken_back(process: Callable[[], Receiver], clock: Clock) -> None:
    """A process that was thought dead wakes up after its lease: what another one sends stays with that one."""
    asleep, other = process(), process()
    asleep.receive(message("m1"))
    clock.at += LEASE
    assert other.receive(message("m1")) is not None
    asleep.renew()
    other.sent(message("m1"))
    assert process().receive(message("m1")) is None


def test_what_was_never_confirmed_is_not_held_for_ever(process: Callable[[], Receiver], clock: Clock) -> None:
    """A bug on the way out must not block the message for the next process."""
    broken = process()
    broken.receive(message("m1"))
    clock.at += LONGEST + LEASE
    broken.renew()
    assert process().receive(message("m1")) is not None


def test_a_row_from_before_the_leases_is_taken_over(process: Callable[[], Receiver], engine: Engine) -> None:
    """It names no time: nobody holds it, and it still loads."""
    store, first = SessionStore(engine), process().receive(message("m1"))
    session = store.load(ANNA)
    assert first
    store.save(msgspec.structs.replace(session, unsent=(Unsent("m1", "a process of last week", first),)))
    with engine.connect() as connection:
        assert "null" in connection.execute(select(sessions.c.state)).scalar_one()
    without = msgspec.json.encode({"message_id": "m1", "worker": "w", "reply": {}})
    assert msgspec.json.decode(without, type=Unsent).until is None
    assert process().receive(message("m1")) == first


def test_the_web_chat_is_answered_at_once(process: Callable[[], Receiver]) -> None:
    """It stores each answer once by its message id: any process hands it out, none has to confirm it."""
    said = Incoming(contact=Contact("web", "v"), message_id="m1", text="xin chào")
    receiver = process()
    first = receiver.receive(said)
    assert not receiver.confirms(said)
    assert process().receive(said) == first
    assert receiver.receive(said) == first


def test_an_answer_that_was_sent_is_not_repeated_by_another_process(process: Callable[[], Receiver]) -> None:
    """The confirmation is in the database, not in the process."""
    receiver = process()
    receiver.receive(message("m1"))
    receiver.sent(message("m1"))
    assert process().receive(message("m1")) is None


def test_whatever_breaks_the_person_gets_a_sentence(
    engine: Engine, guide: Guide, caplog: pytest.LogCaptureFixture
) -> None:
    """An error in a page is logged without the person's words, and answered kindly; the redelivery tries again."""

    class Broken(Dialogue):
        def answer(self, session: Session, incoming: Incoming) -> tuple[Answer, Session]:
            raise RuntimeError("broken on purpose")

    receiver = Receiver(Broken(guide, load_centre()), SessionStore(engine))
    reply = receiver.receive(message("m1", "số căn cước 024085001234"))
    assert reply is not None
    assert "trục trặc" in reply.paragraphs[0]
    assert "024085001234" not in caplog.text
    assert SessionStore(engine).load(ANNA).seen == ()


def test_a_lost_compare_and_set_is_tried_again(engine: Engine, guide: Guide) -> None:
    """Another process saves in between: the turn runs again on what that one left."""
    store = SessionStore(engine)

    class Interrupted(SessionStore):
        interruptions = 2

        def save(self, session: Session) -> bool:
            if self.interruptions:
                self.interruptions -= 1
                other = store.load(ANNA)
                assert store.save(other)
            return super().save(session)

    receiver = Receiver(Dialogue(guide, load_centre()), Interrupted(engine))
    assert receiver.receive(message("m1", "1.004194")) is not None
    assert store.load(ANNA).topic == "1.004194"


def test_nothing_identifying_is_remembered(engine: Engine, guide: Guide) -> None:
    """Neither the text nor the numbers in it are in the stored session."""
    receiver = Receiver(Dialogue(guide, load_centre()), SessionStore(engine))
    receiver.receive(message("m1", "tôi là 024085001234, điện thoại 0912345678, muốn đăng ký tạm trú"))
    with engine.connect() as connection:
        rows = str(connection.exec_driver_sql("SELECT * FROM sessions").all())
    assert "024085001234" not in rows
    assert "0912345678" not in rows


PAGES = (
    "procedure.show procedure.tick procedure.case procedure.checklist procedure.untick browse.field browse.topic "
    "browse.agency find.which find.others_than desk.remark desk.start"
)
ARGUMENTS = "1.004194 3.000348 0 1 -1 99999 c so-tu-phap fee thanks"
LINKS = st.one_of(
    st.text(max_size=80),
    st.builds(
        lambda page, args: ":".join([page, *args]),
        st.sampled_from(PAGES.split()),
        st.lists(st.one_of(st.text(max_size=12), st.sampled_from(ARGUMENTS.split())), max_size=5),
    ),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(link=LINKS)
def test_a_link_is_user_input(guide: Guide, link: str) -> None:
    """Any link, outdated, malformed or invented, leads to a page with words and ways on; it never raises."""
    dialogue = Dialogue(guide, load_centre())
    answer, session = dialogue.answer(Session(contact=ANNA), pressed("p", link))
    assert "".join(answer.reply.paragraphs).strip()
    assert answer.reply.choices or link in ("desk.remark:thanks", "desk.remark:goodbye", "desk.remark:yes")
    assert session.contact == ANNA


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(text=st.text(max_size=300))
def test_any_text_gets_an_answer(guide: Guide, text: str) -> None:
    """Whatever is typed, there are words back."""
    answer, _ = Dialogue(guide, load_centre()).answer(Session(contact=ANNA), message("m", text))
    assert "".join(answer.reply.paragraphs).strip()


def test_an_unknown_button_leads_to_the_welcome_page(process: Callable[[], Receiver]) -> None:
    """A button of a version that is long gone."""
    reply = process().receive(pressed("p1", "dossier.old_page:abc"))
    assert reply is not None
    assert "không còn dùng được" in reply.paragraphs[0]


def test_an_old_button_still_works(process: Callable[[], Receiver]) -> None:
    """No session is needed: the link says everything."""
    reply = process().receive(pressed("p1", "procedure.show:1.004194:fee"))
    assert reply is not None
    assert "1.004194" in reply.paragraphs[0]


def test_what_is_asked_is_counted_without_the_person(engine: Engine, guide: Guide, clock: Clock) -> None:
    """Typed questions by how they ended, pressed buttons apart; who asked stands nowhere."""
    asked = AskedStore(engine, clock)
    receiver = Receiver(Dialogue(guide, load_centre()), SessionStore(engine), asked=asked, now=clock)
    person = Contact("web", "somebody-secret")
    said = (
        "1.004194 hết bao nhiêu tiền",
        "trời hôm nay đẹp ghê nhỉ",
        "hồ sơ của tôi đến đâu rồi",
        "gặp cán bộ",
        "cảm ơn",
    )
    for number, text in enumerate(said):
        receiver.answer(Incoming(contact=person, message_id=f"m{number}", text=text))
    receiver.answer(Incoming(contact=person, message_id="p", pressed=link(procedure.show, "1.004222", "fee")))
    day = clock().astimezone(VIETNAM).date()
    counted = {(each.decision, each.procedure): each.count for each in asked.between(day, day)}
    assert counted.pop(("sure", "1.004194")) == 1
    assert counted.pop(("pressed", "1.004222")) == 1
    assert counted == {("nothing", ""): 1, ("status", ""): 1, ("human", ""): 1}
    with engine.connect() as connection:
        rows = [str(value) for row in connection.execute(select(asked_counts)) for value in row]
    assert not [value for value in rows if "secret" in value]
