"""Volunteers at work: joining by a code, cases of the people they help, and looking up a dossier beside them.

A seat is where a volunteer works: a browser (its cookie's hash) or a chat (its contact's keyed hash).
"""

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import msgspec

from bot import checklist_links, join_codes
from bot.messages import Contact
from bot.personal import Hasher
from bot.services.dossiers import KeptDossiers, Shown, Wait, Wrong
from bot.volunteer_records import Case, Handed, Mark, Outcome, Seat, Volunteer

DAYS: Final = 30
MOST_DAYS: Final = 120
"""How long a join code may live."""
TRIES: Final = 6
"""Wrong codes from one address or one chat within the window. A right code is let in all the same: there are too many
codes to guess one, and whoever shares the address of a clumsy or hostile neighbour must be able to start."""
WINDOW: Final = timedelta(minutes=15)
TIDY_EVERY: Final = timedelta(minutes=1)
CHAT: Final = "chat"
"""The client in the marks of a chat."""


class Joined(msgspec.Struct, frozen=True):
    """The code was right."""

    seat: Seat


class Refused(msgspec.Struct, frozen=True):
    """No such code, or it has ended: nobody learns which."""


class Assistance(Protocol):
    """What the conversation asks; `number` names a case within the chat's seat."""

    def join(self, contact: Contact, code: str) -> Joined | Refused | Wait:
        """Sit down with a code."""

    def seat(self, contact: Contact) -> Seat | None:
        """The chat's seat."""

    def leave(self, contact: Contact) -> None:
        """Get up; open cases are closed."""

    def cases(self, seat: Seat) -> list[Case]:
        """The open cases."""

    def case(self, seat: Seat, number: int) -> Case | None:
        """One open case."""

    def open(self, seat: Seat, number: int, procedure: str, position: str) -> Case | None:
        """Open the case with this number for a procedure; said twice, it is the same case."""

    def choose(self, seat: Seat, case: Case, procedure: str, position: str) -> Case | None:
        """Take another list."""

    def tick(self, seat: Seat, case: Case, chosen: int, paper: int, *, has: bool) -> Case | None:
        """Mark a paper."""

    def close(self, contact: Contact, seat: Seat, number: int, outcome: Outcome) -> bool:
        """Close a case; False where it was not open."""

    def look_up(self, seat: Seat, code: str, digits: str) -> Shown | Wrong | Wait:
        """A dossier by the person's own four digits; nothing of it is kept."""

    def link(self, case: Case) -> str:
        """The token that opens a case's checklist elsewhere."""

    def read(self, token: str) -> Handed | None:
        """What such a token says; None where it is none or has expired."""


class NoAssistance:
    """Where nobody helps."""

    def join(self, _contact: Contact, _code: str) -> Joined | Refused | Wait:
        """See Assistance."""
        return Refused()

    def seat(self, _contact: Contact) -> Seat | None:
        """See Assistance."""
        return None

    def leave(self, _contact: Contact) -> None:
        """See Assistance."""

    def cases(self, _seat: Seat) -> list[Case]:
        """See Assistance."""
        return []

    def case(self, _seat: Seat, _number: int) -> Case | None:
        """See Assistance."""
        return None

    def open(self, _seat: Seat, _number: int, _procedure: str, _position: str) -> Case | None:
        """See Assistance."""
        return None

    def choose(self, _seat: Seat, _case: Case, _procedure: str, _position: str) -> Case | None:
        """See Assistance."""
        return None

    def tick(self, _seat: Seat, _case: Case, _chosen: int, _paper: int, *, has: bool) -> Case | None:  # noqa: ARG002
        """See Assistance."""
        return None

    def close(self, _contact: Contact, _seat: Seat, _number: int, _outcome: Outcome) -> bool:
        """See Assistance."""
        return False

    def look_up(self, _seat: Seat, _code: str, _digits: str) -> Shown | Wrong | Wait:
        """See Assistance."""
        return Wrong()

    def link(self, _case: Case) -> str:
        """See Assistance."""
        return ""

    def read(self, _token: str) -> Handed | None:
        """See Assistance."""
        return None


class Tries(Protocol):
    """Where tries are counted; see bot.storage.staff."""

    def try_(self, subjects: dict[tuple[str, str], int], window: timedelta) -> timedelta | None: ...  # noqa: D102


class KeptAssistance:
    """Volunteers of the database. store: see bot.storage.volunteers. forget: erases what else a chat shows (the
    transcript of the web chat), called when a case is closed.
    """

    def __init__(
        self,
        store: Any,
        tries: Tries,
        dossiers: KeptDossiers,
        hasher: Hasher,
        *,
        forget: Callable[[Contact], object] = lambda _: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.store, self._tries, self._dossiers, self._hasher = store, tries, dossiers, hasher
        self._forget, self._now = forget, now
        self._tidied = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """The moment that counts here."""
        return self._now()

    # --- staff ---

    def make_code(self, nickname: str, unit: str, days: int, by: str) -> tuple[Volunteer, str]:
        """A volunteer and the join code, which is shown once; raises ValueError (Vietnamese) where a field is wrong."""
        nickname, unit = " ".join(nickname.split()), " ".join(unit.split())
        if not 1 <= len(nickname) <= 40 or not 1 <= len(unit) <= 80:
            raise ValueError("Ghi tên gọi (đến 40 chữ) và đơn vị (đến 80 chữ) của tình nguyện viên.")
        if not 1 <= days <= MOST_DAYS:
            raise ValueError(f"Mã dùng được từ 1 đến {MOST_DAYS} ngày.")
        code = join_codes.new()
        expires_at = self._now() + timedelta(days=days)
        return self.store.add(self._coded(code), nickname=nickname, unit=unit, expires_at=expires_at, by=by), code

    # --- a seat, in a browser or a chat ---

    def sit(self, key: str, code: str, subject: str, contact: Contact | None = None) -> Joined | Refused | Wait:
        """Sit down with a code. subject: whose wrong tries these are, an address or a chat."""
        normal = join_codes.normal(code)
        seat: Seat | None = self.store.join(self._coded(normal), key, contact) if normal else None
        if seat is not None:
            return Joined(seat)
        if wait := self._tries.try_({("assist", self._hasher.hash("assist", subject)): TRIES}, WINDOW):
            return Wait(max(1, math.ceil(wait.total_seconds())))
        return Refused()

    def seat_of(self, key: str) -> Seat | None:
        """The seat with this key. Meanwhile, now and then, what was left behind is closed."""
        now = self._now()
        if now - self._tidied > TIDY_EVERY:
            self._tidied = now
            self.tidy()
        found: Seat | None = self.store.seat(key)
        return found

    def get_up(self, key: str) -> None:
        """Leave; open cases are closed."""
        self.store.leave(key)

    def marked(self, seat: Seat, case_id: str, chosen: int, marks: Iterable[Mark]) -> Case | None:
        """See VolunteerStore.mark."""
        found: Case | None = self.store.mark(seat.id, case_id, chosen, marks)
        return found

    def tidy(self) -> int:
        """Close what was left open for a day; how many cases."""
        return int(self.store.tidy())

    # --- a chat ---

    def join(self, contact: Contact, code: str) -> Joined | Refused | Wait:
        """See Assistance."""
        return self.sit(self._key(contact), code, str(contact), contact)

    def seat(self, contact: Contact) -> Seat | None:
        """See Assistance."""
        return self.seat_of(self._key(contact))

    def leave(self, contact: Contact) -> None:
        """See Assistance."""
        self.get_up(self._key(contact))
        self._forget(contact)

    def cases(self, seat: Seat) -> list[Case]:
        """See Assistance."""
        return list(self.store.cases(seat.id))

    def case(self, seat: Seat, number: int) -> Case | None:
        """See Assistance."""
        return next((case for case in self.cases(seat) if case.number == number), None)

    def open(self, seat: Seat, number: int, procedure: str, position: str) -> Case | None:
        """See Assistance."""
        case: Case | None = self.store.open(seat.id, number, CHAT)
        if case is None or case.chosen:
            return case
        return self.store.choose(seat.id, case.id, 1, procedure, position) or None

    def choose(self, seat: Seat, case: Case, procedure: str, position: str) -> Case | None:
        """See Assistance."""
        if (case.procedure, case.position) == (procedure, position):
            return case
        changed: Case | None = self.store.choose(seat.id, case.id, case.chosen + 1, procedure, position)
        return changed

    def tick(self, seat: Seat, case: Case, chosen: int, paper: int, *, has: bool) -> Case | None:
        """See Assistance."""
        ticked: Case | None = self.store.tick(seat.id, case.id, chosen, paper, has=has, client=CHAT)
        return ticked

    def close(self, contact: Contact, seat: Seat, number: int, outcome: Outcome) -> bool:
        """See Assistance."""
        case = self.case(seat, number)
        self._forget(contact)
        return case is not None and bool(self.store.close(seat.id, case.id, outcome))

    def look_up(self, seat: Seat, code: str, digits: str) -> Shown | Wrong | Wait:
        """See Assistance."""
        return self._dossiers.glance(Contact("assist", str(seat.volunteer.id)), code, digits)

    def link(self, case: Case) -> str:
        """See Assistance."""
        return checklist_links.seal(self._hasher, case.procedure, case.position, case.ticks, self._now())

    def sealed(self, handed: Handed, ticks: tuple[int, ...]) -> str:
        """The token of the same checklist with other ticks; it lasts anew."""
        return checklist_links.seal(self._hasher, handed.procedure, handed.position, ticks, self._now())

    def read(self, token: str) -> Handed | None:
        """See Assistance."""
        return checklist_links.unseal(self._hasher, token.removeprefix(checklist_links.PREFIX), self._now())

    def _key(self, contact: Contact) -> str:
        return self._hasher.hash("volunteer", str(contact))

    def _coded(self, code: str) -> str:
        return self._hasher.hash("join-code", code)
