"""What a refusal costs, and whom: the notice, the person, the template or the whole channel; on both databases."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from bot.channels import NoticeLater, NotYetSeen, OutcomeUnknown, PersonLater, Refused, Silent, TryLater, Unreachable
from bot.channels.zalo_errors import NeedsOperator, RateLater
from bot.dialogue.wording.notices import WHYS
from bot.messages import Contact
from bot.notice_records import NoticeState, Outcome, Pace, Why
from bot.storage.notices import Outbox
from bot.storage.tables import receipts
from tests.bot.test_deliver import ANNA, ANNA_ON_ZALO, BINH, CODE, MINUTE, SCOPE, Office


@pytest.fixture
def office(engine: Engine) -> Office:
    return Office(engine)


@pytest.mark.parametrize(
    "refusal",
    [
        lambda: TryLater(30, "the supplier cannot be reached"),
        lambda: RateLater(15, "too many requests"),
        lambda: NeedsOperator(900, "no token"),
    ],
)
async def test_an_outage_of_the_channel_costs_no_notice_its_tries(
    office: Office, refusal: Callable[[], Exception]
) -> None:
    """An hour without the supplier: everybody is told afterwards, nobody has to be rung up."""
    office.follow(ANNA, BINH)
    office.queue(ANNA)
    office.queue(BINH)
    office.faults = [refusal() for _ in range(40)]
    for _ in range(60):
        await office.deliver(Pace(per_second=25, per_person=1, per_day=5))
        office.at += timedelta(seconds=61)
    office.faults = []
    office.at += timedelta(minutes=16)
    await office.deliver(Pace(per_second=25, per_person=1, per_day=5))
    assert {contact for contact, _ in office.told} == {ANNA, BINH}
    assert office.calls.all() == []


async def test_after_three_days_of_refusals_somebody_rings_up(office: Office) -> None:
    """Nobody waits for ever: so old a notice is given up when the channel refuses once more."""
    office.follow(ANNA)
    office.queue()
    office.at += timedelta(days=3, minutes=1)
    office.faults = [NeedsOperator(900, "no token")]
    await office.deliver()
    assert office.only().state == NoticeState.FAILED
    assert [call.why for call in office.calls.all()] == [Why.IN_VAIN]


async def test_what_concerns_one_notice_holds_up_no_other(office: Office) -> None:
    """A template that is switched off: that notice waits, the next one leaves at once."""
    office.follow(ANNA, BINH)
    office.queue(ANNA)
    office.faults = [NoticeLater(900, "template disabled")]
    await office.deliver()
    office.queue(BINH)
    await office.deliver()
    assert office.told == [(BINH, "lần 1")]
    assert (office.outbox.list()[1].state, office.outbox.list()[1].attempts) == (NoticeState.PENDING, 1)


@pytest.mark.parametrize(
    "refusal", [TryLater(30, "down"), NoticeLater(30, "failed"), Refused("our mistake"), PersonLater(30, "quota")]
)
async def test_the_day_s_number_counts_what_was_sent(office: Office, refusal: Exception) -> None:
    """Ten refusals use nothing up: two notices a day are still two."""
    pace, codes = Pace(per_day=2), ["A", "B", "C"]
    for code in codes:
        office.follow(ANNA, scope=f"dossier:{code}")
    for _ in range(10):
        office.queue(code="A")
        office.faults = [refusal]
        await office.deliver(pace)
        office.at += timedelta(minutes=16)
    office.faults = []
    for code in codes[1:]:
        office.queue(code=code)
    for _ in range(3):
        await office.deliver(pace)
        office.at += MINUTE
    assert len(office.told) == 2
    office.queue(code="A", version=2)
    await office.deliver(pace)
    assert len(office.told) == 2, "the third waits for the next morning"


async def test_what_may_have_arrived_counts_for_the_day(office: Office) -> None:
    """Unknown is closer to sent than to not sent."""
    office.follow(ANNA)
    office.follow(ANNA, scope="dossier:B")
    office.queue()
    office.faults = [OutcomeUnknown("no answer")]
    await office.deliver(Pace(per_day=1))
    office.queue(code="B")
    await office.deliver(Pace(per_day=1))
    assert office.told == []


@pytest.mark.parametrize(
    ("refusal", "why"),
    [
        (Unreachable("Forbidden: bot was blocked by the user"), Why.GONE),
        (Silent("Zalo -230: no interaction for 7 days"), Why.SILENT),
        (Refused("Zalo -201: wrong"), Why.MISTAKE),
    ],
)
async def test_the_clerk_reads_a_reason_in_words(office: Office, refusal: Exception, why: Why) -> None:
    """And what the supplier said stays for whoever mends machines."""
    office.follow(ANNA)
    office.queue()
    office.faults = [refusal]
    await office.deliver()
    (call,) = office.calls.all()
    assert (call.why, call.reason) == (why, str(refusal))
    assert office.only().why == why
    assert "Zalo -" not in WHYS[call.why]
    assert "blocked" not in WHYS[call.why]


def test_every_reason_has_words() -> None:
    """For the clerk's list."""
    assert set(WHYS) == set(Why)


async def test_the_sending_system_hears_what_a_person_decided(office: Office) -> None:
    """Sent again, or not any more: both change the fate of the notice."""
    office.outbox = Outbox(office.engine, office.now, receipts=True)
    office.follow(ANNA)
    office.queue()
    office.faults = [OutcomeUnknown("no answer")]
    await office.deliver()
    assert office.outbox.resend(office.only().id, "Bình")
    office.faults = [OutcomeUnknown("no answer")]
    await office.deliver()
    assert office.outbox.settle(office.only().id, "Bình")
    with office.engine.connect() as connection:
        bodies = connection.execute(select(receipts.c.body).order_by(receipts.c.id)).scalars().all()
    told = [next(state for state in NoticeState if f'"state":"{state}"' in body) for body in bodies]
    assert told == [NoticeState.UNKNOWN, NoticeState.PENDING, NoticeState.UNKNOWN, NoticeState.SUPPRESSED]


async def test_the_supplier_s_word_that_it_arrived_is_kept_and_told(office: Office) -> None:
    """By its own id or by ours; of an unknown one it is then known. Another person's message changes nothing."""
    office.outbox = Outbox(office.engine, office.now, receipts=True)
    office.follow(ANNA_ON_ZALO)
    office.queue(ANNA_ON_ZALO)
    office.faults = [OutcomeUnknown("no answer")]
    await office.deliver()
    assert not office.outbox.arrived("zalo", "id-of-another")
    assert not office.outbox.arrived("telegram", "", f"motcua-{office.only().id}")
    assert office.outbox.arrived("zalo", "z1", f"motcua-{office.only().id}")
    assert (office.only().state, office.only().provider_id) == (NoticeState.SENT, "z1")
    assert office.only().delivered_at == office.at
    assert not office.outbox.arrived("zalo", "z1"), "the same receipt again"
    office.outbox.finish([Outcome(notice=office.only(), state=NoticeState.FAILED)])
    assert office.only().state == NoticeState.SENT
    with office.engine.connect() as connection:
        newest = connection.execute(select(receipts.c.body).order_by(receipts.c.id.desc())).scalars().first()
    assert newest is not None
    assert '"delivered_at":"2026' in newest


async def test_news_on_a_closed_page_is_not_sent_and_goes_on_when_the_visit_lapses(office: Office) -> None:
    """Asked for again as long as it takes, which is no try; then the next follower, else a call."""
    visitor = Contact("web", "a")
    office.follow(visitor)
    office.queue(visitor)
    office.faults = [NotYetSeen(60, "no page of the visitor is open") for _ in range(20)]
    for _ in range(20):
        await office.deliver()
        assert office.only().state == NoticeState.PENDING
        office.at += timedelta(minutes=2)
    office.faults = [Unreachable("the visit to the web chat is over")]
    await office.deliver()
    assert office.only().state == NoticeState.UNREACHABLE
    assert [call.why for call in office.calls.all()] == [Why.GONE]


async def test_the_next_follower_is_told_what_the_first_did_not_get(office: Office) -> None:
    """Silence on Zalo leads to Telegram, not to a call."""
    office.follow(ANNA, ANNA_ON_ZALO)
    office.queue(ANNA_ON_ZALO)
    office.faults = [Silent("wrote too long ago")]
    await office.deliver()
    await office.deliver()
    assert office.told == [(ANNA, "lần 1")]
    assert SCOPE.endswith(CODE)
