"""Rating a visit once, changing it for 24 hours, and asking to be called back.

No rating without a visit: a dossier that was returned and that this person has opened with its digits, or a one-time
code. A visit is named in links by its dossier's code, its slip's code or, at the tablet, its tap. A slip or a tap that
an officer made for a dossier is that dossier's visit.

Whoever gives the first score is the person of this rating: a chat, a browser (by a random cookie) or one form on the
tablet's screen. Nobody else sees or changes it, also not with the same code in hand.
"""

import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from urllib.parse import quote

import msgspec

from bot import dossier_codes, visit_codes
from bot.dossier_records import Dossier, Status
from bot.messages import Contact
from bot.personal import Hasher
from bot.rating_records import HIGHEST, LOWEST, ChangeNote, Criterion, Rating, Source, Visit, returned_month
from bot.services.dossiers import Dossiers
from knowledge_base.centre import VIETNAM

TAP_LASTS: Final = timedelta(minutes=10)
SLIP_LASTS: Final = timedelta(days=40)
LONGEST_COMMENT: Final = 1000
MOST_CODES: Final = 500
KIOSK: Final = "kiosk"
"""The channel of tablets; the "contact" there is one form as it was shown."""
PAGE: Final = "page"
"""The channel of the page behind a slip's QR code; the "contact" there is a browser's cookie."""
PAGE_TRIES: Final = 30
"""Wrong codes from one address within a quarter of an hour. A right code opens its visit all the same: there are too
many codes to guess one, and one wrong visitor must not stop a whole office behind one address."""


class Mine(msgspec.Struct, frozen=True):
    """A visit that this person may rate, with what was said so far."""

    ref: str
    visit: Visit
    rating: Rating


class Closed(msgspec.Struct, frozen=True):
    """The visit is rated, by somebody else or more than 24 hours ago."""


class Unproven(msgspec.Struct, frozen=True):
    """No such visit, not returned yet, or a dossier that this person has not opened."""


class Later(msgspec.Struct, frozen=True):
    """Too many wrong codes."""

    seconds: int


Found = Mine | Closed | Unproven | Later


class Ratings(Protocol):
    """What pages ask. `ref` names a visit and is user input."""

    def find(self, contact: Contact, ref: str, address: str = "") -> Found:
        """A visit as far as this person may rate it. address: of a browser whose wrong codes are counted."""

    def give(self, contact: Contact, ref: str, criterion: Criterion, score: int) -> Found:
        """Keep a score from 1 to 5; the visit afterwards."""

    def comment(self, contact: Contact, ref: str, words: str) -> Found:
        """Keep the words, "" to take them back; the visit afterwards."""

    def ask_call(self, contact: Contact, ref: str, phone: str) -> bool:
        """Keep a number to be called about this visit; raises ValueError where it is no phone number."""

    def may_rate(self, contact: Contact, dossier: Dossier) -> bool:
        """Whether to offer rating on the page of this dossier, which the person has opened."""

    def changes(self, most: int) -> list[ChangeNote]:
        """What the centre has changed, newest first."""

    def erase(self, contact: Contact) -> None:
        """Erase what can still be joined to this person."""


class Store(Protocol):
    """Where ratings live; see bot.storage.ratings."""

    def issue(self, visits: list[Visit], batch: str = "") -> None: ...  # noqa: D102
    def visit(self, key: str) -> Visit | None: ...  # noqa: D102
    def waiting(self, counter: str) -> Visit | None: ...  # noqa: D102
    def lapse(self, counter: str, key: str = ...) -> None: ...  # noqa: D102
    def rating(self, key: str, person: str) -> Rating | bool: ...  # noqa: D102
    def give(self, visit: Visit, person: str, criterion: Criterion, score: int) -> bool: ...  # noqa: D102
    def comment(self, key: str, person: str, words: str) -> bool: ...  # noqa: D102
    def tried(self, subject: str, most: int = ...) -> timedelta | None: ...  # noqa: D102
    def untried(self, subject: str) -> None: ...  # noqa: D102
    def ask_call(self, key: str, caller: str, phone: str, visit: Visit) -> None: ...  # noqa: D102
    def changes(self, *, most: int = ...) -> list[ChangeNote]: ...  # noqa: D102
    def erase(self, person: str, caller: str) -> None: ...  # noqa: D102


class KeptRatings:
    """Ratings of the database. mask: takes numbers and names out of a comment before it is kept."""

    def __init__(
        self,
        store: Store,
        dossiers: Dossiers,
        hasher: Hasher,
        *,
        mask: Callable[[str], str],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._dossiers, self._hasher, self._mask, self._now = store, dossiers, hasher, mask, now

    def find(self, contact: Contact, ref: str, address: str = "") -> Found:
        """See Ratings."""
        visit = self._visit(contact, ref, address)
        if not isinstance(visit, Visit):
            return visit
        kept = self._store.rating(visit.key, self._person(contact))
        if isinstance(kept, Rating):
            return Mine(ref, visit, kept)
        blank = Rating(source=visit.source, month=visit.month, week="")
        return Closed() if kept else Mine(ref, visit, blank)

    def give(self, contact: Contact, ref: str, criterion: Criterion, score: int) -> Found:
        """See Ratings."""
        if not LOWEST <= score <= HIGHEST:
            raise ValueError(f"a score is from {LOWEST} to {HIGHEST}")
        visit = self._visit(contact, ref)
        if not isinstance(visit, Visit):
            return visit
        kept = self._store.give(visit, self._person(contact), criterion, score)
        return self.find(contact, ref) if kept else Closed()

    def comment(self, contact: Contact, ref: str, words: str) -> Found:
        """See Ratings."""
        visit = self._visit(contact, ref)
        if not isinstance(visit, Visit):
            return visit
        # masked before it is cut, so that no half of a number stays
        words = self._mask(words).strip()[:LONGEST_COMMENT]
        kept = self._store.comment(visit.key, self._person(contact), words)
        return self.find(contact, ref) if kept else Closed()

    def ask_call(self, contact: Contact, ref: str, phone: str) -> bool:
        """See Ratings."""
        if not self._hasher.phone(phone).hash:
            raise ValueError("is no phone number")
        found = self.find(contact, ref)
        if not isinstance(found, Mine) or not found.rating.low:
            return False
        number = "".join(sign for sign in phone if sign.isdigit() or sign == "+")
        # other hashes than the rating's: nothing joins the two
        key = self._hasher.hash("call", f"{contact}|{found.visit.key}")
        self._store.ask_call(key, self._caller(contact), number, found.visit)
        return True

    def may_rate(self, contact: Contact, dossier: Dossier) -> bool:
        """See Ratings."""
        if dossier.status is not Status.RETURNED:
            return False
        return self._store.rating(self._key("dossier", dossier.code), self._person(contact)) is not True

    def changes(self, most: int) -> list[ChangeNote]:
        """See Ratings."""
        return self._store.changes(most=most)

    def erase(self, contact: Contact) -> None:
        """See Ratings."""
        self._store.erase(self._person(contact), self._caller(contact))

    # --- for staff and tablets ---

    def print_codes(
        self, counter: str, count: int, *, agency: str = "", month: str = "", dossier: Dossier | None = None
    ) -> tuple[str, list[str]]:
        """Fresh codes for the slips of a counter, as visits of a month (this one by default); the batch and the codes.

        Only here are the codes known: afterwards a keyed hash of each is left. dossier: the returned one that a single
        slip belongs to, so that the visit has one rating however its person gives it.
        """
        if not counter.strip() or not 1 <= count <= (1 if dossier else MOST_CODES):
            raise ValueError(f"name the counter, and ask for 1 to {MOST_CODES} codes")
        self._check_returned(dossier)
        now = self._now()
        month = month or f"{now.astimezone(VIETNAM):%Y-%m}"
        begins = max(now, datetime.strptime(month, "%Y-%m").replace(tzinfo=VIETNAM))
        codes = [visit_codes.new() for _ in range(count)]
        if dossier:
            agency, month = dossier.agency, returned_month(dossier)
        slips = [
            Visit(
                key=self._key("slip", code),
                source=Source.SLIP,
                agency=agency,
                counter=counter.strip(),
                month=month,
                expires_at=begins + SLIP_LASTS,
                stands_for=self._key("dossier", dossier.code) if dossier else "",
            )
            for code in codes
        ]
        batch = f"{month}-{secrets.token_hex(4)}"
        self._store.issue(slips, batch)
        return batch, codes

    def tap(self, counter: str, agency: str = "", dossier: Dossier | None = None) -> str:
        """An officer says that a visit at this counter is over: its tablet asks once within 10 minutes; the visit.

        dossier: the returned one that it was about, see `print_codes`.
        """
        if not counter.strip():
            raise ValueError("name the counter")
        self._check_returned(dossier)
        now, key = self._now(), secrets.token_hex(32)
        month = f"{now.astimezone(VIETNAM):%Y-%m}"
        tap = Visit(
            key=key,
            source=Source.TAP,
            agency=dossier.agency if dossier else agency,
            counter=counter.strip(),
            month=returned_month(dossier) if dossier else month,
            expires_at=now + TAP_LASTS,
            stands_for=self._key("dossier", dossier.code) if dossier else "",
        )
        self._store.lapse(tap.counter)  # whoever was there before has gone
        self._store.issue([tap])
        return key

    def waiting(self, counter: str) -> str | None:
        """The visit that a counter's tablet asks about next."""
        tap = self._store.waiting(counter)
        return tap.key if tap else None

    def gone(self, counter: str, ref: str) -> None:
        """Nobody answered at the tablet: it asks about this visit no longer."""
        self._store.lapse(counter, ref)

    def kiosk_path(self, counter: str) -> str:
        """The path of a counter's tablet; a counter "3/4" stays one part of it."""
        part = "".join(f"~{ord(sign):02X}" if sign in _NO_PART else sign for sign in counter)
        return f"/kiosk/{quote(part, safe='')}/{self.kiosk_token(counter)}"

    @staticmethod
    def counter_of(part: str) -> str:
        """The counter that a part of a tablet's path names."""
        return re.sub("~(2[EF]|5C|7E)", lambda match: chr(int(match[1], 16)), part)

    def kiosk_token(self, counter: str) -> str:
        """What a tablet's address carries, so that it can speak for one counter only."""
        return self._hasher.hash("kiosk", counter)[:32]

    def is_kiosk(self, counter: str, token: str) -> bool:
        """Whether an address speaks for this counter."""
        return secrets.compare_digest(self.kiosk_token(counter).encode(), token.encode())

    @staticmethod
    def _check_returned(dossier: Dossier | None) -> None:
        if dossier is not None and dossier.status is not Status.RETURNED:
            raise ValueError("the dossier is not returned yet")

    def _visit(self, contact: Contact, ref: str, address: str = "") -> Visit | Unproven | Later:
        if code := dossier_codes.normal(ref):
            dossier = self._dossiers.view(contact, code)
            if dossier is None or dossier.status is not Status.RETURNED:
                return Unproven()
            key = self._key("dossier", code)
            return Visit(key=key, source=Source.DOSSIER, agency=dossier.agency, month=returned_month(dossier))
        if contact.channel == KIOSK and len(ref) == 64:
            tap = self._store.visit(ref)
            return _meant(tap) if tap is not None and tap.source is Source.TAP else Unproven()
        slip = visit_codes.normal(ref)
        if slip is None:
            return Unproven()
        return self._page_slip(slip, address) if contact.channel in (KIOSK, PAGE) else self._slip(contact, slip)

    def _slip(self, contact: Contact, code: str) -> Visit | Unproven | Later:
        # counted before it is looked at, and given back if it was right
        subject = self._hasher.hash("tries", str(contact))
        wait = self._store.tried(subject)
        if wait is not None:
            return _later(wait)
        visit = self._store.visit(self._key("slip", code))
        if visit is None:
            return Unproven()
        self._store.untried(subject)
        return _meant(visit)

    def _page_slip(self, code: str, address: str) -> Visit | Unproven | Later:
        visit = self._store.visit(self._key("slip", code))
        if visit is not None:
            return _meant(visit)
        wait = self._store.tried(self._hasher.hash("tries", f"{PAGE}|{address}"), PAGE_TRIES) if address else None
        return Unproven() if wait is None else _later(wait)

    def _key(self, kind: str, code: str) -> str:
        return self._hasher.hash(f"visit-{kind}", code)

    def _person(self, contact: Contact) -> str:
        return self._hasher.hash("rater", str(contact))

    def _caller(self, contact: Contact) -> str:
        return self._hasher.hash("caller", str(contact))


_NO_PART: Final = "/\\.~"
"""What must not stand in a part of a path, or begins such a sign there."""


def _later(wait: timedelta) -> Later:
    return Later(max(1, int(wait.total_seconds())))


def _meant(visit: Visit) -> Visit:
    """The visit itself, where a slip or a tap stands for that of a dossier."""
    if not visit.stands_for:
        return visit
    return msgspec.structs.replace(visit, key=visit.stands_for, source=Source.DOSSIER, expires_at=None, stands_for="")


class NoRatings:
    """Where nothing is rated."""

    def find(self, _contact: Contact, _ref: str, _address: str = "") -> Found:
        """See Ratings."""
        return Unproven()

    def give(self, _contact: Contact, _ref: str, _criterion: Criterion, _score: int) -> Found:
        """See Ratings."""
        return Unproven()

    def comment(self, _contact: Contact, _ref: str, _words: str) -> Found:
        """See Ratings."""
        return Unproven()

    def ask_call(self, _contact: Contact, _ref: str, _phone: str) -> bool:
        """See Ratings."""
        return False

    def may_rate(self, _contact: Contact, _dossier: Dossier) -> bool:
        """See Ratings."""
        return False

    def changes(self, _most: int) -> list[ChangeNote]:
        """See Ratings."""
        return []

    def erase(self, _contact: Contact) -> None:
        """See Ratings."""
