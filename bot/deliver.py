"""Delivery: claim, check the hours, send, close. Any number of processes may run it on one database.

A notice is `sending` in the database before it leaves and closed after it; in between no transaction is open. So
whatever happens to the process, a notice never leaves twice: those that were out when it died become `unknown`.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, TypeVar

import msgspec

from bot.channels import NoticeLater, NotYetSeen, OutcomeUnknown, Refused, Silent, Spent, TryLater, Unreachable
from bot.messages import Contact, Reply
from bot.notice_hours import is_quiet
from bot.notice_records import Claimed, Notice, NoticeState, Outcome, Pace, TemplateData, Why
from bot.services.notice_templates import Templates, render, template_data

log: Final = logging.getLogger(__name__)
Result = TypeVar("Result")

Send = Callable[[Contact, Reply, TemplateData], Awaitable[str]]
"""Sends a notice and gives the supplier's id of it; raises TryLater, Unreachable or OutcomeUnknown."""

TRIES: Final = 5
"""Refusals of one notice or person until it is given up. What a whole channel refuses is nobody's try."""
LONGEST: Final = timedelta(minutes=15)
NO_NEWS_AFTER: Final = timedelta(days=3)
"""A notice that is so old when its channel refuses once more is given up: somebody rings these people up instead."""


class Queue(Protocol):
    """The outbox; see bot.storage.notices."""

    def claim(self, channel: str, *, limit: int, lease: timedelta, pace: Pace) -> Claimed:
        """Take due notices to send them at once."""

    def finish(self, outcomes: list[Outcome]) -> None:
        """Close notices, or put them back."""

    def expire(self, channel: str) -> int:
        """Close the notices of senders that died."""

    def pause(self, channel: str, until: datetime, reason: str) -> None:
        """Let nothing leave on a channel before `until`."""

    def defer(self, channel: str) -> int:
        """Put due notices off until the morning."""


class DeliverySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to deliver; times in seconds.

    paces: per channel, over all senders together. lease: after so long without a word a sender counts as dead; a
    supplier that takes longer than nine tenths of it counts as unknown. slots: notices of a channel that one process
    has out at once. idle: how long an empty queue is left alone. backoff: the longest pause before the
    second try, doubled for each further one.
    """

    paces: Mapping[str, Pace] = msgspec.field(
        default_factory=lambda: {
            "telegram": Pace(per_second=25, per_person=1, per_day=5),
            "zalo": Pace(per_second=50, per_person=1, per_day=5),
            "zalobot": Pace(per_second=1, burst=1, per_person=1, per_day=5),
            "web": Pace(per_person=1, per_day=5),
        }
    )
    lease: float = 60
    slots: int = 32
    idle: float = 1
    backoff: float = 30
    quiet_hours: bool = True


class Deliverer:
    """Sends what is due, one lane a channel; a lane that is paused or slow holds up no other."""

    def __init__(
        self,
        queue: Queue,
        send: Mapping[str, Send],
        templates: Templates,
        settings: DeliverySettings | None = None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings or DeliverySettings()
        self._lanes = [
            _Lane(channel, queue, one, templates=templates, settings=self._settings, now=now, chance=chance)
            for channel, one in send.items()
        ]

    async def run(self, stopping: asyncio.Event) -> None:
        """Deliver until `stopping` is set; what is out by then is waited for and closed."""
        async with asyncio.TaskGroup() as lanes:
            for lane in self._lanes:
                lanes.create_task(lane.run(stopping), name=f"lane {lane.channel}")

    async def drain(self) -> None:
        """Deliver what is due now, and return."""
        for lane in self._lanes:
            await lane.drain()


class _Lane:
    """The notices of one channel. Database work is done here, one thing after the other; only the sends overlap."""

    def __init__(
        self,
        channel: str,
        queue: Queue,
        send: Send,
        *,
        templates: Templates,
        settings: DeliverySettings,
        now: Callable[[], datetime],
        chance: Callable[[], float],
    ) -> None:
        self.channel = channel
        self._queue, self._send, self._templates, self._settings = queue, send, templates, settings
        self._now, self._chance = now, chance
        self._pace = settings.paces.get(channel, Pace(per_second=1, burst=1, per_person=1))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"lane-{channel}")
        self._out: set[asyncio.Task[None]] = set()
        self._closed: list[Outcome] = []
        self._stir = asyncio.Event()
        self._paused_until: datetime | None = None
        self._paused_for, self._told_all = "", True
        self._refusals = 0  # TryLater in a row: the supplier is down, not just busy
        self._expired_at: datetime | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        watch = asyncio.create_task(self._wake_at(stopping))
        try:
            while not stopping.is_set():
                try:
                    pause = await self._turn()
                except Exception as error:  # noqa: BLE001  # the database may be away; what is out is closed later
                    # the text of the error may quote contacts
                    log.error("delivery on %s is held up (%s); trying on", self.channel, type(error).__name__)
                    pause = 5.0
                if pause:
                    await self._rest(pause)
            await self._come_home()
        finally:
            watch.cancel()
            self._thread.shutdown(wait=False)

    async def drain(self) -> None:
        while True:
            pause = await self._turn()
            if self._out or self._closed:
                await self._rest(60)
            elif pause:
                return

    async def _turn(self) -> float:
        """Close what came back, claim what fits; how long there is nothing to do, 0 to go on at once."""
        await self._close()
        now = self._now()
        if self._expired_at is None or (now - self._expired_at).total_seconds() > self._settings.lease / 4:
            self._expired_at = now
            if lost := await self._database(self._queue.expire, self.channel):
                log.warning("%d notices on %s were out when their sender died: unknown", lost, self.channel)
        if self._settings.quiet_hours and is_quiet(now):
            while await self._database(self._queue.defer, self.channel):
                pass
            return max(self._settings.idle, 30)
        # a supplier that refused twice in a row is asked by one notice at a time until it takes one
        free = (1 if self._refusals > 1 else self._settings.slots) - len(self._out)
        if free <= 0 or (self._out and free < self._settings.slots / 4):
            return self._settings.idle  # an answer wakes us earlier
        claimed = await self._claim(free)
        for notice in claimed.notices:
            task = asyncio.create_task(self._deliver(notice))
            self._out.add(task)
            task.add_done_callback(self._out.discard)
        if claimed.notices:
            return 0
        if claimed.wait_until is None:
            return self._settings.idle
        return min(self._settings.idle, max((claimed.wait_until - now).total_seconds(), 0.001))

    async def _claim(self, free: int) -> Claimed:
        lease = timedelta(seconds=self._settings.lease)
        return await self._database(lambda: self._queue.claim(self.channel, limit=free, lease=lease, pace=self._pace))

    async def _deliver(self, notice: Notice) -> None:
        try:
            outcome = await self._outcome(notice)
            self._closed.append(outcome)  # in two lines: the list may be another one after the wait
        finally:
            self._stir.set()

    async def _outcome(self, notice: Notice) -> Outcome:
        if self._paused_until and self._paused_until > self._now():
            later = self._paused_until + timedelta(seconds=self._chance())
            return Outcome(notice=notice, state=NoticeState.PENDING, later=later, tried=False)
        template = self._templates.get((notice.template, notice.template_version))
        if template is None:
            reason = f"template {notice.template} version {notice.template_version} is not known any more"
            return Outcome(notice=notice, state=NoticeState.FAILED, reason=reason, why=Why.MISTAKE)
        reply, data = render(template, notice.fields), template_data(template, notice.fields, f"motcua-{notice.id}")
        try:
            async with asyncio.timeout(self._settings.lease * 0.9):
                provider_id = await self._send(notice.contact, reply, data)
        except TryLater as refusal:
            return self._try_later(notice, refusal)
        except Unreachable as refusal:
            self._refusals = 0
            if isinstance(refusal, Refused):  # the message is refused, the person is not gone
                return Outcome(notice=notice, state=NoticeState.FAILED, reason=refusal.reason, why=_why(refusal))
            return Outcome(notice=notice, state=NoticeState.UNREACHABLE, reason=refusal.reason, why=Why.GONE)
        except OutcomeUnknown as silence:
            return Outcome(notice=notice, state=NoticeState.UNKNOWN, reason=str(silence))
        except TimeoutError:
            return Outcome(notice=notice, state=NoticeState.UNKNOWN, reason="no answer within the lease")
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001
            # perhaps it left before the mistake; the text of the error may quote the person, so only its class
            log.error("sending on %s failed in an unforeseen way: %s", self.channel, type(error).__name__)
            return Outcome(notice=notice, state=NoticeState.UNKNOWN, reason=f"unforeseen: {type(error).__name__}")
        self._refusals = 0
        return Outcome(notice=notice, state=NoticeState.SENT, provider_id=provider_id or "")

    def _try_later(self, notice: Notice, refusal: TryLater) -> Outcome:
        """Nothing was delivered. The channel pauses, if not only this notice or person must wait; the notice waits
        with full jitter, never shorter.
        """
        now, reason = self._now(), refusal.reason
        longest = min(timedelta(seconds=self._settings.backoff) * 2 ** (notice.attempts - 1), LONGEST)
        asked = timedelta(seconds=max(refusal.seconds, 0))
        tried = isinstance(refusal, NoticeLater) and not isinstance(refusal, NotYetSeen)
        if not isinstance(refusal, NoticeLater):
            self._refusals += 1
            until = now + asked
            if self._paused_until is None or self._paused_until < until:
                self._paused_until, self._told_all = until, False
                self._paused_for = reason
            if now - notice.created_at > NO_NEWS_AFTER:
                return Outcome(notice=notice, state=NoticeState.FAILED, reason=reason, why=Why.IN_VAIN)
        if tried and notice.attempts >= TRIES:
            reason = f"{TRIES} tries in vain: {reason}"
            return Outcome(notice=notice, state=NoticeState.FAILED, reason=reason, why=Why.IN_VAIN)
        later = now + max(asked, longest * self._chance())
        return Outcome(notice=notice, state=NoticeState.PENDING, later=later, reason=reason, tried=tried)

    async def _close(self) -> None:
        self._stir.clear()
        if not self._told_all and self._paused_until:
            self._told_all = True
            await self._database(self._queue.pause, self.channel, self._paused_until, self._paused_for)
        outcomes, self._closed = self._closed, []
        if not outcomes:
            return
        try:
            await self._database(self._queue.finish, outcomes)
        except BaseException:
            self._closed = outcomes + self._closed  # never forgotten: they would become unknown
            raise

    async def _come_home(self) -> None:
        if self._out:
            await asyncio.wait(set(self._out), timeout=self._settings.lease)
        for _ in range(10):
            try:
                await self._close()
            except Exception as error:  # noqa: BLE001
                log.error("what was sent on %s is not written down yet (%s)", self.channel, type(error).__name__)
                await asyncio.sleep(1)
            else:
                return

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stir.wait()
        except TimeoutError:
            return

    async def _wake_at(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self._stir.set()

    async def _database(self, work: Callable[..., Result], *args: object) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)


def _why(refusal: Refused) -> Why:
    match refusal:
        case Silent():
            return Why.SILENT
        case Spent():
            return Why.SPENT
        case _:
            return Why.MISTAKE
