"""A volunteer in a chat: joining, cases beside each other, ticks, a dossier, handing over, closing without a trace."""

import pytest
from sqlalchemy import Engine

from bot.dialogue.core import Dialogue
from bot.dialogue.wording import assist as wording
from bot.dialogue.wording import dossier as dossier_wording
from bot.dossier_records import Status
from bot.messages import Contact, Incoming, Reply
from bot.receive import Receiver
from bot.services.guide import Guide
from bot.storage.dossiers import DossierStore
from bot.storage.sessions import SessionStore
from bot.volunteer_records import Outcome
from knowledge_base.centre import load_centre
from tests.bot.dossiers import CODE, Clock, change
from tests.bot.volunteers import assisting, holding, stored

RESIDENCE = "1.004194"


class Chat:
    """People who write to the assistant, and the volunteers' service behind it."""

    def __init__(self, engine: Engine, guide: Guide) -> None:
        self.clock, self.count, self.guide, self.engine = Clock(), 0, guide, engine
        self.assistance = assisting(engine, self.clock)
        dialogue = Dialogue(guide, load_centre(), now=self.clock, assistance=self.assistance, bot_name="@motcua_bot")
        self.receiver = Receiver(dialogue, SessionStore(engine), now=self.clock)
        self.replies: dict[str, Reply] = {}

    def _send(self, who: str, **said: str) -> str:
        self.count += 1
        incoming = Incoming(contact=Contact("telegram", who), message_id=f"m{self.count}", **said)
        reply = self.receiver.receive(incoming)
        self.receiver.sent(incoming)
        assert reply is not None
        self.replies[who] = reply
        return "\n".join(reply.paragraphs)

    def types(self, text: str, who: str = "lan") -> str:
        """What is said to a typed text."""
        return self._send(who, text=text)

    def presses(self, label: str, who: str = "lan") -> str:
        """What is said to a pressed button, which the last reply offers."""
        return self._send(who, pressed=self.link(label, who))

    def follows(self, target: str, who: str = "lan") -> str:
        """What is said to an old button."""
        return self._send(who, pressed=target)

    def link(self, label: str, who: str = "lan") -> str:
        """The link of the first offered button with this in its label."""
        return next(choice.link for choice in self.replies[who].choices if label in choice.label)

    def joins(self, who: str = "lan") -> str:
        """A volunteer joins with a fresh code."""
        _, code = self.assistance.make_code(who.title(), "Đoàn phường Thử", 30, "an")
        return self.types(f"/tinhnguyen {code}", who)

    def opens(self, who: str = "lan") -> str:
        """A case for "đăng ký tạm trú"."""
        self.presses(wording.NEW, who)
        self.types("đăng ký tạm trú", who)
        position = next(c.link for c in self.replies[who].choices if c.link.endswith(RESIDENCE))
        said = self.follows(position, who)
        if wording.CHOOSE_CASE in said:
            said = self.follows(self.replies[who].choices[0].link, who)
        return said


@pytest.fixture
def chat(engine: Engine, guide: Guide) -> Chat:
    return Chat(engine, guide)


def test_the_whole_way(chat: Chat, engine: Engine) -> None:
    """Join, two people at once, one tap between them, close: the chat remembers nothing of the closed one."""
    assert "Chào Lan (Đoàn phường Thử)" in chat.joins()
    assert "Ca 1" in chat.opens()
    assert "Đã có 1 trên" in chat.presses("⬜ 1.")
    first = chat.assistance.cases(chat.assistance.seat(Contact("telegram", "lan")))[0]  # type: ignore[arg-type]
    chat.presses(wording.ALL_CASES)
    assert "Ca 2" in chat.opens()
    chat.presses(wording.ALL_CASES)
    assert "Đã có 1 trên" in chat.presses("Ca 1")
    tick = chat.link("⬜ 2.")
    chat.presses(wording.CLOSE)
    assert chat.presses(wording.OUTCOMES[Outcome.PAPERS]) == wording.CLOSED
    assert holding(engine, first.id) == []
    assert wording.GONE in chat.follows(tick)
    assert "các ca đang mở: 1" in chat.types("/tinhnguyen").lower()
    (count,) = chat.assistance.store.counts("2026-11-01", "2026-11-30")
    assert (count.procedure, count.outcome, count.nickname) == (RESIDENCE, Outcome.PAPERS, "Lan")
    chat.presses(wording.LEAVE)
    assert stored(engine)["volunteer_cases"] == stored(engine)["volunteer_seats"] == []
    assert wording.NO_SEAT in chat.follows("assist.cases")


def test_a_code_may_be_typed_by_itself(chat: Chat) -> None:
    _, code = chat.assistance.make_code("Hoa", "Đoàn phường Thử", 30, "an")
    assert chat.types("/tinhnguyen") == wording.ASK_CODE
    assert chat.types("TN-222-BBB-333") == wording.REFUSED
    assert "Chào Hoa" in chat.types(code.lower())


def test_a_button_of_another_volunteer_opens_nothing(chat: Chat) -> None:
    """A link is user input: whoever sends it sees the own cases only."""
    chat.joins("lan")
    chat.opens("lan")
    link = chat.link("⬜ 1.", "lan")
    chat.joins("hoa")
    assert wording.GONE in chat.follows(link, "hoa")
    assert wording.NO_SEAT in chat.follows(link, "nobody")
    (case,) = chat.assistance.cases(chat.assistance.seat(Contact("telegram", "lan")))  # type: ignore[arg-type]
    assert case.ticks == ()


def test_an_old_tick_does_not_land_on_another_procedure(chat: Chat) -> None:
    chat.joins()
    chat.opens()
    link = chat.link("⬜ 1.")
    chat.presses(wording.OTHER_PROCEDURE)
    chat.types("đăng ký khai sinh")
    chat.follows(chat.replies["lan"].choices[0].link)
    chat.follows(link)
    (case,) = chat.assistance.cases(chat.assistance.seat(Contact("telegram", "lan")))  # type: ignore[arg-type]
    assert case.procedure != RESIDENCE
    assert case.ticks == ()


def test_a_dossier_is_looked_up_with_the_person_s_digits(chat: Chat, engine: Engine) -> None:
    """Shown once; afterwards only the dossier's own row knows its code."""
    DossierStore(engine).upsert(change(status=Status.PROCESSING))
    chat.joins()
    chat.opens()
    chat.presses(wording.DOSSIER)
    assert CODE in chat.types(f"mã là {CODE.lower()}")
    assert chat.types("0000") == dossier_wording.WRONG
    said = chat.types("4321")
    assert "đang được xử lý" in said
    assert wording.DOSSIER_NOT_KEPT in said
    assert set(holding(engine, CODE)) <= {"dossiers", "attempts"}  # the count of the one wrong try


def test_the_checklist_goes_on_in_the_person_s_own_chat(chat: Chat) -> None:
    """The link carries procedure and ticks, also after the case is closed; what was ticked since is kept."""
    chat.joins()
    chat.opens()
    chat.presses("⬜ 1.")
    payload = chat.presses(wording.HAND_OVER).rpartition("?start=")[2]
    chat.presses(wording.SHOW_CASE)
    chat.presses(wording.CLOSE)
    chat.presses(wording.OUTCOMES[Outcome.PAPERS])
    said = chat.types(f"/start {payload}", "resident")
    assert wording.TAKEN in said
    assert "✅ 1." in said
    chat.presses("⬜ 2.", "resident")
    said = chat.types(f"/start {payload}", "resident")
    assert "✅ 1." in said
    assert "✅ 2." in said
    changed = payload[:-1] + ("A" if payload[-1] != "A" else "B")
    assert chat.types(f"/start {payload[:10]}x{payload[11:]}", "resident") == wording.EXPIRED
    assert wording.TAKEN not in chat.types(f"/start {changed[:-4]}", "resident")
    chat.clock.passes(days=15)
    assert chat.types(f"/start {payload}", "other") == wording.EXPIRED
