"""What somebody learns who guesses at dossiers: 10,000 guesses at codes and digits from 50 contacts.

    python -m benchmarks.enumeration                   # SQLite and PostgreSQL, after `motcua index`
    python -m benchmarks.enumeration --guesses 2000 --only sqlite

Half of the codes belong to dossiers, half do not; digits are never right by luck. Each guess goes the whole way through
receiver, conversation and database: the code in one message, the digits in the next. Compared are the answers, word for
word and button for button, and the time that each message took. The clock is set (one second a guess), so that
every contact is sometimes looked at and sometimes told to wait. Ends with 1 where a guesser could tell the two apart.

The time is judged by the share of pairs in which the guess at a real dossier took longer (0.5: a coin), and by the
difference of the medians, each with a bootstrap interval: blocks of guesses are drawn, for a machine is slow at times.
"""

import argparse
import json
import os
import platform
import random
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from sqlalchemy import Engine

from benchmarks.delivery import postgresql
from bot.dialogue.core import Dialogue
from bot.dossier_records import Change, Status
from bot.messages import Contact, Incoming, Reply
from bot.personal import Hasher
from bot.receive import Receiver
from bot.services.dossiers import KeptDossiers
from bot.services.guide import Guide
from bot.storage.consents import ConsentStore
from bot.storage.database import open_database
from bot.storage.dossiers import DossierStore
from bot.storage.sessions import SessionStore
from knowledge_base.centre import load_centre

HASHER: Final = Hasher(b"a key of the benchmark only")
BEGAN: Final = datetime(2026, 11, 23, 2, tzinfo=UTC)
DOSSIERS: Final = 5_000
RIGHT: Final = 4321
WARM_UP: Final = 100
"""Guesses not judged: the first ones fill caches."""
BLOCK: Final = 50
DRAWS: Final = 2_000
LEVEL: Final = 0.01
"""Four comparisons are made; each interval covers 99 %, so that chance alone rarely fails the run."""


class Guess(msgspec.Struct, frozen=True, kw_only=True):
    """One guess: whether the dossier exists, what was said to code and digits, and how long both took, in ms."""

    exists: bool
    answers: tuple[str, str]
    took: tuple[float, float]


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """Real dossiers against missing ones; intervals as (from, to)."""

    median_ms: float
    difference_us: float
    difference_interval_us: tuple[float, float]
    longer: float
    """Share of pairs in which the real one took longer."""
    longer_interval: tuple[float, float]

    @property
    def tells(self) -> bool:
        """Whether the time gives a guesser more than a coin."""
        return not self.longer_interval[0] <= 0.5 <= self.longer_interval[1]


class Clock:
    """The time of the office, which moves by one second with each guess."""

    def __init__(self) -> None:
        self.at = BEGAN

    def __call__(self) -> datetime:
        """The time."""
        return self.at


def fill(store: DossierStore) -> tuple[list[str], list[str]]:
    """Codes of dossiers that exist and of such that do not, of one shape and from one range."""
    codes = [f"H05.12-2607{15 + number // 10_000}-{number:04}" for number in range(2 * DOSSIERS)]
    number = HASHER.phone(f"090000{RIGHT}")
    store.upsert_all(
        Change(
            code=code,
            status=Status(1 + place % 9),
            procedure_code="1.004194",
            procedure_name="Đăng ký tạm trú",
            agency="Công an phường Thử",
            applicant="Nguyễn V. A.",
            phone_hash=number.hash,
            phone_last4=number.last4,
            received_at=BEGAN - timedelta(days=5),
        )
        for place, code in enumerate(codes[::2])
    )
    return codes[::2], codes[1::2]


def guess_all(engine: Engine, guide: Guide, guesses: int, contacts: int) -> tuple[list[Guess], DossierStore]:
    """All guesses in a random order of contacts; real and missing codes by the throw of a coin."""
    clock = Clock()
    store = DossierStore(engine, now=clock)
    real, missing = fill(store)
    dossiers = KeptDossiers(store, ConsentStore(engine, now=clock), HASHER, now=clock)
    receiver = Receiver(Dialogue(guide, load_centre(), dossiers, now=clock), SessionStore(engine, now=clock), now=clock)
    chance, found = random.Random(7), []
    people = [Contact("web", f"{number:064x}") for number in range(contacts)]
    for number in range(WARM_UP + guesses):
        clock.at += timedelta(seconds=1)
        contact, exists = chance.choice(people), chance.random() < 0.5
        code, digits = chance.choice(real if exists else missing), f"{chance.randrange(RIGHT):04}"
        said, took = [], []
        for part, text in enumerate((f"hồ sơ {code} đến đâu rồi", digits)):
            message = Incoming(contact=contact, message_id=f"{number}-{part}", text=text)
            begun = time.perf_counter()
            reply = receiver.receive(message)
            took.append((time.perf_counter() - begun) * 1000)
            said.append(_bare(reply, code))
        if number >= WARM_UP:
            found.append(Guess(exists=exists, answers=(said[0], said[1]), took=(took[0], took[1])))
    return found, store


def _bare(reply: Reply | None, code: str) -> str:
    """The whole answer without the code that was typed and the minutes to wait, which depend on the contact alone."""
    return re.sub(r"\d+ phút", "… phút", repr(reply).replace(code, "CODE"))


def compare(guesses: list[Guess], part: int) -> Timing:
    """How the time of one of the two messages differs, among guesses that were answered alike."""
    kinds: defaultdict[str, list[Guess]] = defaultdict(list)
    for guess in guesses:
        kinds[guess.answers[1]].append(guess)  # looked at, or told to wait: these take different times, for everybody
    commonest = max(kinds.values(), key=len)
    took = np.array([guess.took[part] for guess in commonest])
    exists = np.array([guess.exists for guess in commonest])
    blocks = np.array_split(np.arange(len(commonest)), max(2, len(commonest) // BLOCK))
    chance = np.random.default_rng(7)
    drawn = []
    for _ in range(DRAWS):
        which = np.concatenate([blocks[place] for place in chance.integers(len(blocks), size=len(blocks))])
        drawn.append(_difference(took[which], exists[which]))
    low, high = np.quantile(np.array(drawn), [LEVEL / 2, 1 - LEVEL / 2], axis=0)
    difference, longer = _difference(took, exists)
    return Timing(
        median_ms=round(float(np.median(took)), 3),
        difference_us=round(difference * 1000, 1),
        difference_interval_us=(round(float(low[0]) * 1000, 1), round(float(high[0]) * 1000, 1)),
        longer=round(longer, 4),
        longer_interval=(round(float(low[1]), 4), round(float(high[1]), 4)),
    )


def _difference(took: Any, exists: Any) -> tuple[float, float]:
    real, missing = np.sort(took[exists]), np.sort(took[~exists])
    below = np.searchsorted(missing, real, "left") + np.searchsorted(missing, real, "right")
    return float(np.median(real) - np.median(missing)), float(below.mean() / 2 / len(missing))


def judge(name: str, engine: Engine, guide: Guide, given: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """The figures of one database, and whether a guesser learns nothing and staff see everything."""
    begun = time.perf_counter()
    guesses, store = guess_all(engine, guide, given.guesses, given.contacts)
    seconds = time.perf_counter() - begun
    answers: dict[bool, Counter[tuple[str, str]]] = {True: Counter(), False: Counter()}
    for guess in guesses:
        answers[guess.exists][guess.answers] += 1
    same = set(answers[True]) == set(answers[False])
    tries = [entry for entry in store.tries(BEGAN) if entry.kind == "person"]
    counted = sum(entry.wrong + entry.refused for entry in tries)
    timings = {part: compare(guesses, place) for place, part in enumerate(("code", "digits"))}
    seen = len(tries) == given.contacts and counted == given.guesses + WARM_UP
    figures = {
        "database": name,
        "guesses": len(guesses),
        "contacts": given.contacts,
        "dossiers": DOSSIERS,
        "seconds": round(seconds),
        "looked at": sum(entry.wrong for entry in tries),
        "told to wait": sum(entry.refused for entry in tries),
        "persons that staff see": len(tries),
        "guesses that staff see": counted,
        "different answers": {"real": len(answers[True]), "missing": len(answers[False]), "the same": same},
        "timing": msgspec.to_builtins(timings),
    }
    return figures, same and seen and not any(timing.tells for timing in timings.values())


def main() -> None:
    """Run from the command line; exits with 1 where something is revealed or hidden from staff."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--guesses", type=int, default=10_000)
    parser.add_argument("--contacts", type=int, default=50)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--index", type=Path, default=Path("var/index"), help="folder of a published index")
    given = parser.parse_args()
    guide, right = Guide(given.index), True
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    print(json.dumps({"date": date.today().isoformat(), "machine": machine}))  # noqa: DTZ011
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls = {}
        if given.only != "postgresql":
            urls["SQLite"] = f"sqlite:///{folder / 'motcua.db'}"
        if given.only != "sqlite":
            urls["PostgreSQL"] = postgresql(stack, folder)
        for name, url in urls.items():
            engine = open_database(url)
            figures, well = judge(name, engine, guide, given)
            engine.dispose()
            right &= well
            print(json.dumps(figures, indent=2, ensure_ascii=False), flush=True)
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
