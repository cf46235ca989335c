"""The turns of a channel's people: in order for each of them, side by side for all, never silence."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable

from bot.channels import OutcomeUnknown, Receive, Sent, TryLater, Unreachable
from bot.failures import where
from bot.messages import Contact, Incoming, Reply

log = logging.getLogger(__name__)

Say = Callable[[Contact, Reply], Awaitable[object]]
Key = tuple[Contact, str]


class Turns:
    """Hands each message to `receive`, says the reply with `say` and confirms with `sent`.

    What is kept here spares the conversation most redeliveries; that a message is answered once, also after a crash,
    is the conversation's promise. `counts`: "failed" (`receive` or `say` broke), "unanswered" (the answer could not
    be delivered).
    """

    def __init__(
        self,
        receive: Receive,
        say: Say,
        *,
        sent: Sent | None,
        sorry: str,
        concurrent: int,
        counts: Counter[str],
        meanwhile: Callable[[Contact], Awaitable[None]] | None = None,
    ) -> None:
        self._receive, self._say, self._sent, self._sorry = receive, say, sent, sorry
        self._counts, self._meanwhile = counts, meanwhile
        self._slots = asyncio.Semaphore(concurrent)
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._latest: dict[Contact, asyncio.Task[None]] = {}
        self._handled: deque[Key] = deque(maxlen=1000)

    def __len__(self) -> int:
        """How many messages are in hand."""
        return len(self._tasks)

    def take(self, incoming: Incoming) -> asyncio.Task[None] | None:
        """Begin with a message; the task ends when its answer has left. None: it was handled before."""
        key = (incoming.contact, incoming.message_id)
        if key in self._handled:
            return None
        if task := self._tasks.get(key):  # delivered again while we are at it
            return task
        before = self._latest.get(incoming.contact)
        task = self._tasks[key] = self._latest[incoming.contact] = asyncio.create_task(self._turn(incoming, before))
        task.add_done_callback(lambda done: self._finished(key, done))
        return task

    async def wait(self, patience: float) -> None:
        """Wait until fewer messages are in hand, or so many seconds."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=patience, return_when=asyncio.FIRST_COMPLETED)

    async def stop(self, patience: float) -> None:
        """Finish what is in hand, for at most so many seconds; the rest is cancelled."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks.values(), timeout=patience)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _finished(self, key: Key, task: asyncio.Task[None]) -> None:
        self._tasks.pop(key, None)
        if self._latest.get(key[0]) is task:
            del self._latest[key[0]]
        if not task.cancelled():
            self._handled.append(key)

    async def _turn(self, incoming: Incoming, before: asyncio.Task[None] | None) -> None:
        if before:
            await asyncio.wait([before])
        try:
            async with self._slots:
                reply = await self._answer(incoming)
        except Exception as error:  # noqa: BLE001
            self._counts["failed"] += 1
            log.error("A message on %s got no answer: %s", incoming.contact.channel, where(error))
            reply = Reply(paragraphs=(self._sorry,))
        if reply is None:
            return
        try:
            await self._say(incoming.contact, reply)
        except (TryLater, Unreachable, OutcomeUnknown) as error:
            # After a time-out it may have arrived, so it isn't repeated: the person can ask again.
            self._counts["unanswered"] += 1
            log.warning("An answer on %s was not delivered: %s", incoming.contact.channel, error)
        except Exception as error:  # noqa: BLE001
            self._counts["failed"] += 1
            log.error("An answer on %s could not be sent: %s", incoming.contact.channel, where(error))
        if self._sent:
            try:
                await self._sent(incoming)
            except Exception as error:  # noqa: BLE001
                log.error("The confirmation of an answer failed: %s", where(error))

    async def _answer(self, incoming: Incoming) -> Reply | None:
        if self._meanwhile is None:
            return await self._receive(incoming)
        meanwhile = asyncio.ensure_future(self._meanwhile(incoming.contact))
        try:
            return await self._receive(incoming)
        finally:
            meanwhile.cancel()
            await asyncio.gather(meanwhile, return_exceptions=True)
