"""Once, in order, never silence: what the receiver promises, on SQLite and on PostgreSQL."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from bot.dialogue.core import Dialogue
from bot.dialogue.flow import Answer
from bot.messages import Contact, Incoming
from bot.receive import Receiver
from bot.records import Session
from bot.services.guide import Guide
from bot.storage.sessions import SessionStore
from knowledge_base.centre import load_centre

ANNA = Contact("test", "anna")


def message(message_id: str, text: str = "xin chào") -> Incoming:
    """Something that Anna typed."""
    return Incoming(contact=ANNA, message_id=message_id, text=text)


def pressed(message_id: str, link: str) -> Incoming:
    """A button that Anna pressed."""
    return Incoming(contact=ANNA, message_id=message_id, pressed=link)


@pytest.fixture
def process(engine: Engine, guide: Guide) -> Callable[[], Receiver]:
    """Starts another process on the same database."""
    return lambda: Receiver(Dialogue(guide, load_centre()), SessionStore(engine))


def test_a_redelivery_is_not_answered_again(process: Callable[[], Receiver]) -> None:
    """The same message id twice: one answer, also while the first one is still being sent."""
    receiver = process()
    assert receiver.receive(message("m1")) is not None
    assert receiver.receive(message("m1")) is None
    receiver.sent(message("m1"))
    assert receiver.receive(message("m1")) is None


def test_an_answer_that_a_dead_process_never_sent_is_sent_by_the_next(process: Callable[[], Receiver]) -> None:
    """Killed between deciding and sending: the redelivery gets the very same answer, once."""
    first = process().receive(message("m1", "1.004194"))
    second = process()
    assert second.receive(message("m1", "1.004194")) == first
    assert second.receive(message("m1", "1.004194")) is None


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
