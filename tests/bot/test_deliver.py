"""Delivery: once, to whom agreed, in the hours when people are awake; the same promises on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from benchmarks.delivery import Plan, run
from bot.channels import NoticeLater, OutcomeUnknown, PersonLater, Refused, TryLater, Unreachable
from bot.deliver import Deliverer, DeliverySettings
from bot.dialogue.wording.notices import TEMPLATES
from bot.messages import Contact, Reply
from bot.notice_records import NewNotice, Notice, NoticeState, Outcome, Pace, TemplateData, Why
from bot.services.notices import Announcements, RefusedError
from bot.storage.bulks import BulkStore
from bot.storage.calls import CallList
from bot.storage.consents import ConsentStore
from bot.storage.contacts import ContactStore
from bot.storage.notices import NO_CONSENT, REPLACED, Outbox

ANNA, BINH = Contact("telegram", "1"), Contact("telegram", "2")
ANNA_ON_ZALO = Contact("zalo", "7")
CODE = "H02.15-261123-0001"
SCOPE = f"dossier:{CODE}"
MORNING = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)  # 10:00 in Vietnam
MINUTE = timedelta(minutes=1)


class Office:
    """A desk with a clock, an outbox and channels that do as they are told."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.at = MORNING
        self.outbox = Outbox(engine, self.now, chance=lambda: 0.5)
        self.consents = ConsentStore(engine)
        self.contacts = ContactStore(engine, self.now)
        self.calls = CallList(engine)
        self.told: list[tuple[Contact, str]] = []
        self.faults: list[Exception] = []

    def now(self) -> datetime:
        return self.at

    def follow(self, *people: Contact, scope: str = SCOPE) -> None:
        for contact in people:
            self.consents.give(contact, scope, "1")

    def queue(self, contact: Contact = ANNA, version: int = 1, code: str = CODE) -> None:
        notice = NewNotice(
            key=f"{code}:{version}:{contact}", contact=contact, kind="changed", template="changed",
            template_version=1, scope=f"dossier:{code}", dossier_code=code, dossier_version=version,
            fields={"code": code, "procedure": "Khai sinh", "status": f"lần {version}", "phone": "1"},
        )  # fmt: skip
        with self.engine.begin() as connection:
            self.outbox.add(connection, [notice])

    async def send(self, contact: Contact, reply: Reply, data: TemplateData) -> str:
        if self.faults:
            raise self.faults.pop(0)
        self.told.append((contact, data.data.get("trang_thai") or reply.paragraphs[0]))
        return f"id-{len(self.told)}"

    async def deliver(self, pace: Pace | None = None) -> None:
        settings = DeliverySettings(paces=dict.fromkeys(("telegram", "zalo", "web"), pace or Pace()), slots=4)
        send = {"telegram": self.send, "zalo": self.send, "web": self.send}
        await Deliverer(self.outbox, send, TEMPLATES, settings, now=self.now, chance=lambda: 0.5).drain()

    def states(self) -> dict[NoticeState, int]:
        return self.outbox.counts()

    def only(self) -> Notice:
        (notice,) = self.outbox.list()
        return notice


@pytest.fixture
def office(engine: Engine) -> Office:
    return Office(engine)


async def test_a_notice_is_sent_once_with_the_suppliers_id(office: Office) -> None:
    """Queued twice under one key, delivered twice over: told once."""
    office.follow(ANNA)
    office.queue()
    office.queue()
    await office.deliver()
    await office.deliver()
    assert office.told == [(ANNA, "lần 1")]
    assert (office.only().state, office.only().provider_id) == (NoticeState.SENT, "id-1")


async def test_whoever_said_stop_after_it_was_queued_gets_nothing(office: Office) -> None:
    """Consent is checked when sending, not when queueing; nobody has to ring up who wants silence."""
    office.follow(ANNA)
    office.queue()
    office.consents.withdraw(ANNA, SCOPE)
    await office.deliver()
    assert office.told == []
    assert (office.only().state, office.only().reason) == (NoticeState.SUPPRESSED, NO_CONSENT)
    assert office.calls.all() == []


async def test_several_changes_that_wait_become_one_notice(office: Office) -> None:
    """The newest; a late older one is not told either. Another dossier is another matter."""
    office.follow(ANNA)
    office.follow(ANNA, scope="dossier:OTHER")
    for version in (1, 3, 2):
        office.queue(version=version)
    office.queue(code="OTHER")
    await office.deliver()
    assert sorted(text for _, text in office.told) == ["lần 1", "lần 3"]
    assert [n.reason for n in office.outbox.list(NoticeState.SUPPRESSED)] == [REPLACED, REPLACED]


async def test_at_night_nothing_leaves_and_in_the_morning_it_does(office: Office) -> None:
    """21:00 to 07:00 in Vietnam; released at 07:05 with jitter."""
    office.follow(ANNA)
    office.at = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)  # 21:00
    office.queue()
    await office.deliver()
    assert office.told == []
    assert office.only().not_before == datetime(2026, 11, 24, 0, 15, tzinfo=UTC)  # 07:05 and half of 20 minutes
    office.at = datetime(2026, 11, 24, 0, 14, tzinfo=UTC)
    await office.deliver()
    assert office.told == []
    office.at = datetime(2026, 11, 24, 0, 15, tzinfo=UTC)
    await office.deliver()
    assert len(office.told) == 1


async def test_what_left_without_an_answer_is_unknown_until_a_person_decides(office: Office) -> None:
    """It may have arrived: no second try by itself; a resend is a person's decision, with the name."""
    office.follow(ANNA)
    office.queue()
    office.faults = [OutcomeUnknown("no answer")]
    await office.deliver()
    office.at += timedelta(hours=2)
    await office.deliver()
    assert office.told == []
    assert office.only().state == NoticeState.UNKNOWN
    assert office.outbox.resend(office.only().id, "Bình")
    assert "Bình" in office.only().reason
    await office.deliver()
    assert office.told == [(ANNA, "lần 1")]
    assert not office.outbox.resend(office.only().id, "Bình"), "what was sent is not sent again"


async def test_an_unforeseen_error_counts_as_unknown(office: Office) -> None:
    """It may have come after the request left."""
    office.follow(ANNA)
    office.queue()
    office.faults = [ZeroDivisionError("chat 1")]
    await office.deliver()
    assert (office.only().state, office.only().reason) == (NoticeState.UNKNOWN, "unforeseen: ZeroDivisionError")


async def test_a_sender_that_died_in_the_middle_leaves_unknown(office: Office) -> None:
    """The lease ran out while sending: never sent again by itself. Before that it is nobody else's."""
    office.follow(ANNA)
    office.queue()
    assert office.outbox.claim("telegram", limit=1, lease=MINUTE, pace=Pace()).notices
    await office.deliver()
    assert office.only().state == NoticeState.SENDING
    office.at += 2 * MINUTE
    await office.deliver()
    assert office.only().state == NoticeState.UNKNOWN
    assert office.told == []


async def test_an_answer_after_the_lease_still_counts(office: Office) -> None:
    """A slow sender that comes back knows better than `unknown`; after a resend its word counts no more."""
    office.follow(ANNA)
    office.queue()
    (late,) = office.outbox.claim("telegram", limit=1, lease=MINUTE, pace=Pace()).notices
    office.at += 2 * MINUTE
    office.outbox.expire("telegram")
    office.outbox.finish([Outcome(notice=late, state=NoticeState.SENT)])
    assert office.only().state == NoticeState.SENT
    office.queue(version=2)
    (late,) = office.outbox.claim("telegram", limit=1, lease=MINUTE, pace=Pace()).notices
    office.at += 2 * MINUTE
    office.outbox.expire("telegram")
    office.outbox.resend(late.id, "Bình")
    office.outbox.finish([Outcome(notice=late, state=NoticeState.FAILED)])
    assert office.outbox.list()[0].state == NoticeState.PENDING


async def test_retry_after_pauses_the_whole_channel_and_no_other(office: Office) -> None:
    """A 429 for one notice stops all of that channel, also in other processes; Zalo goes on."""
    office.follow(ANNA, BINH)
    office.follow(ANNA_ON_ZALO, scope="dossier:OTHER")
    office.queue(ANNA)
    office.faults = [TryLater(300, "429")]
    await office.deliver()
    office.queue(BINH)
    office.queue(ANNA_ON_ZALO, code="OTHER")
    await office.deliver()
    assert office.told == [(ANNA_ON_ZALO, "lần 1")]
    office.at += timedelta(seconds=299)
    await office.deliver()
    assert len(office.told) == 1
    office.at += timedelta(seconds=30)
    await office.deliver()
    assert sorted(str(contact) for contact, _ in office.told) == ["telegram:1", "telegram:2", "zalo:7"]


async def test_five_tries_then_a_person_is_asked(office: Office) -> None:
    """Never less than the pause that the supplier asked for; then failed, and on the call list."""
    office.follow(ANNA)
    office.queue()
    office.faults = [NoticeLater(60, "down") for _ in range(5)]
    for tries in range(1, 6):
        before = office.at
        await office.deliver()
        assert office.only().attempts == tries
        if tries < 5:
            assert office.only().not_before - before >= MINUTE
            office.at += timedelta(minutes=16)
    assert office.only().state == NoticeState.FAILED
    (call,) = office.calls.all()
    assert (call.dossier_code, call.why, call.reason) == (CODE, Why.IN_VAIN, "5 tries in vain: down")


async def test_whom_nobody_reaches_is_rung_up(office: Office) -> None:
    """Blocked: the contact is marked, what else waits for it is not tried, the dossiers go onto the call list."""
    office.follow(ANNA)
    office.follow(ANNA, scope="dossier:OTHER")
    office.queue()
    office.at += MINUTE
    office.faults = [Unreachable("blocked by the user")]
    await office.deliver(Pace(per_person=1))
    office.queue(code="OTHER")
    office.at += MINUTE
    await office.deliver()
    assert office.told == []
    assert not office.contacts.get(ANNA).reachable
    assert office.states() == {NoticeState.UNREACHABLE: 1, NoticeState.SUPPRESSED: 1}
    assert sorted(call.dossier_code for call in office.calls.all()) == [CODE, "OTHER"]
    office.contacts.seen(ANNA)
    office.queue(version=2)
    await office.deliver()
    assert [call.dossier_code for call in office.calls.all()] == ["OTHER"], "reached now: no call needed"


async def test_the_next_channel_of_the_same_dossier_is_tried_first(office: Office) -> None:
    """Blocked on Telegram, following the same dossier on Zalo: told there, nobody has to ring up."""
    office.follow(ANNA, ANNA_ON_ZALO)
    office.queue(ANNA)
    office.faults = [Unreachable("blocked by the user")]
    await office.deliver()
    await office.deliver()
    assert office.told == [(ANNA_ON_ZALO, "lần 1")]
    assert office.calls.all() == []


async def test_a_refused_message_does_not_mark_the_person(office: Office) -> None:
    """Our own mistake: the notice failed, the next one is tried."""
    office.follow(ANNA)
    office.queue()
    office.faults = [Refused("can't parse")]
    await office.deliver()
    assert office.only().state == NoticeState.FAILED
    assert office.contacts.get(ANNA).reachable


async def test_one_person_s_quota_holds_up_nobody_else(office: Office) -> None:
    """Only that notice waits until the time the supplier named; the channel goes on."""
    office.follow(ANNA, BINH)
    office.queue(ANNA)
    office.faults = [PersonLater(15 * 3600, "quota for this recipient used up")]
    await office.deliver()
    office.queue(BINH)
    await office.deliver()
    assert office.told == [(BINH, "lần 1")]
    office.at += timedelta(hours=24)
    await office.deliver()
    assert office.told[1:] == [(ANNA, "lần 1")]


async def test_paces_hold_over_all_senders(office: Office) -> None:
    """Two a second in bursts of two, one a person and minute, two a person and day."""
    pace = Pace(per_second=2, burst=2, per_person=60, per_day=2)
    codes = [f"D{number}" for number in range(4)]
    for code in codes:
        office.follow(ANNA, BINH, scope=f"dossier:{code}")
        office.queue(ANNA, code=code)
        office.queue(BINH, code=code)
    other = Outbox(office.engine, office.now)
    assert len(office.outbox.claim("telegram", limit=10, lease=MINUTE, pace=pace).notices) == 2
    assert other.claim("telegram", limit=10, lease=MINUTE, pace=pace).notices == ()
    office.at += timedelta(seconds=10)
    assert other.claim("telegram", limit=10, lease=MINUTE, pace=pace).notices == (), "one a minute"
    office.at += timedelta(seconds=60)
    assert {n.contact for n in other.claim("telegram", limit=10, lease=MINUTE, pace=pace).notices} == {ANNA, BINH}
    office.at += timedelta(hours=1)
    assert other.claim("telegram", limit=10, lease=MINUTE, pace=pace).notices == (), "two a day"
    office.at += timedelta(days=1)
    assert len(other.claim("telegram", limit=10, lease=MINUTE, pace=pace).notices) == 2


async def test_a_template_that_is_gone_fails_its_notice_before_anything_leaves(office: Office) -> None:
    """Old versions must be kept as long as notices of them wait."""
    office.follow(ANNA)
    office.queue()
    settings = DeliverySettings(paces={"telegram": Pace()})
    await Deliverer(office.outbox, {"telegram": office.send}, {}, settings, now=office.now).drain()
    assert office.only().state == NoticeState.FAILED
    assert office.told == []


async def test_no_transaction_is_open_while_a_supplier_is_asked(office: Office) -> None:
    """Another writer gets through in the middle of a send."""
    office.follow(ANNA)
    office.queue()

    async def slow(contact: Contact, reply: Reply, data: TemplateData) -> str:
        await asyncio.to_thread(office.contacts.seen, BINH)
        return "ok"

    settings = DeliverySettings(paces={"telegram": Pace()})
    await Deliverer(office.outbox, {"telegram": slow}, TEMPLATES, settings, now=office.now).drain()
    assert office.only().state == NoticeState.SENT
    assert office.contacts.get(BINH).last_seen_at == office.at


async def test_stopping_waits_for_what_is_out(office: Office) -> None:
    """A sender that is told to stop closes what it has sent."""
    office.follow(ANNA)
    office.queue()
    stopping, asked = asyncio.Event(), asyncio.Event()

    async def slow(contact: Contact, reply: Reply, data: TemplateData) -> str:
        stopping.set()
        await asked.wait()
        return "ok"

    settings = DeliverySettings(paces={"telegram": Pace()}, idle=0.01)
    deliverer = Deliverer(office.outbox, {"telegram": slow}, TEMPLATES, settings, now=office.now)
    running = asyncio.create_task(deliverer.run(stopping))
    await stopping.wait()
    asked.set()
    await running
    assert office.only().state == NoticeState.SENT


async def test_erasing_a_person_leaves_no_notice(office: Office) -> None:
    """Neither waiting nor sent ones, nor what is known of the contact."""
    office.follow(ANNA)
    office.queue()
    office.contacts.seen(ANNA)
    assert office.outbox.erase(ANNA) == 1
    await office.deliver()
    assert (office.told, office.states(), office.contacts.last_seen(ANNA)) == ([], {}, None)


PROCEDURE = "procedure:1.001193"


def announcements(office: Office) -> Announcements:
    store = BulkStore(office.engine, office.outbox, office.now)
    return Announcements(
        store, TEMPLATES, about=lambda scope: "khai sinh" if scope == PROCEDURE else None, counts=office.outbox.counts
    )


async def test_an_announcement_needs_a_second_person(office: Office) -> None:
    """Preview with counts; the same name in another spelling is the same person; nothing leaves before."""
    office.follow(ANNA, BINH, scope=PROCEDURE)
    office.contacts.reachable(BINH, False)
    desk = announcements(office)
    shown = desk.draft(PROCEDURE, title="Nghỉ lễ", text="Thứ Hai quầy nghỉ.", by="Nguyễn Văn An")
    assert shown.audience == {"telegram": (2, 1)}
    assert shown.reply.paragraphs[:2] == ("# Nghỉ lễ", "Thứ Hai quầy nghỉ.")
    with pytest.raises(RefusedError, match="draft"):
        list(desk.queue(shown.bulk.id))
    with pytest.raises(RefusedError, match="somebody else"):
        desk.approve(shown.bulk.id, " nguyen van  AN ")
    assert office.states() == {}
    desk.approve(shown.bulk.id, "Trần Bình")
    with pytest.raises(RefusedError, match="not a draft"):
        desk.approve(shown.bulk.id, "Lê Chi")
    assert sum(desk.queue(shown.bulk.id)) == 2
    assert sum(desk.queue(shown.bulk.id)) == 0
    assert not desk.progress(shown.bulk.id).finished
    await office.deliver()
    assert office.told == [(ANNA, "# Nghỉ lễ")]
    assert desk.progress(shown.bulk.id).finished
    assert office.calls.all() == [], "an announcement is not worth a call"


async def test_stop_works_in_the_middle(office: Office) -> None:
    """What waits is taken out; what a supplier put off does not come back; nothing more can be queued."""
    office.follow(*(Contact("telegram", str(number)) for number in range(10)), scope=PROCEDURE)
    desk = announcements(office)
    bulk = desk.draft(PROCEDURE, title="Tin", text="Chữ", by="An").bulk.id
    desk.approve(bulk, "Bình")
    assert sum(desk.queue(bulk)) == 10
    out = office.outbox.claim("telegram", limit=3, lease=MINUTE, pace=Pace()).notices
    assert desk.stop(bulk, "Chi") == 7
    later = office.at + MINUTE
    office.outbox.finish([
        Outcome(notice=out[0], state=NoticeState.SENT),
        Outcome(notice=out[1], state=NoticeState.PENDING, later=later),
        Outcome(notice=out[2], state=NoticeState.UNKNOWN),
    ])  # fmt: skip
    office.at += 2 * MINUTE
    await office.deliver()
    assert office.told == []
    assert office.states() == {NoticeState.SENT: 1, NoticeState.UNKNOWN: 1, NoticeState.SUPPRESSED: 8}
    assert sum(desk.queue(bulk)) == 0
    with pytest.raises(RefusedError, match="stopped"):
        desk.stop(bulk, "Chi")


@pytest.mark.parametrize(("scope", "by"), [("procedure:9.999999", "An"), (PROCEDURE, "  ")])
def test_nothing_is_announced_to_nobody_or_by_nobody(office: Office, scope: str, by: str) -> None:
    """A scope that means nothing and a missing name are refused."""
    with pytest.raises(RefusedError):
        announcements(office).draft(scope, title="Tin", text="Chữ", by=by)


def test_under_fire_everybody_is_told_at_most_once_and_nobody_is_forgotten(database_url: str, tmp_path: Path) -> None:
    """3 senders, a stumbling supplier, and kill -9 on one sender every two seconds."""
    plan = Plan(contacts=600, each=5, kill_every=2, lease=4, latency=0.05, slots=16)
    result = run(database_url, plan, tmp_path, say=lambda _: None)
    assert result.notices == 3000
    assert result.kills > 0
    assert (result.twice, result.lost, result.unasked) == (0, 0, 0)
    assert result.states["sent"] > 2500
