"""The monthly review: which dossiers it looks at, what officers find, how the sender was rung up. Frozen records."""

from datetime import date, datetime
from enum import StrEnum
from typing import Final

import msgspec

MOST_TRIES: Final = 3
"""So many calls without an answer end the interview."""


class Matter(StrEnum):
    """The two lists of a month."""

    SUPPLEMENT = "supplement"
    """Dossiers that were asked to be corrected or supplemented, or were handed back."""
    LATE = "late"
    """Dossiers whose result came after the promised day, or had not come by the month's end."""


class What(StrEnum):
    """What happened to a dossier in the month."""

    SUPPLEMENT = "supplement"
    REFUSED = "refused"
    STOPPED = "stopped"
    RETURNED_LATE = "returned_late"
    STILL_OPEN = "still_open"


class Apology(StrEnum):
    """What the records hold of an apology for a late result."""

    LETTER = "letter"
    """The dossier holds the words of an apology, or somebody recorded the letter here."""
    NOTICE = "notice"
    """The dossier holds none, but a notice of the new date reached somebody."""
    MISSING = "missing"


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A letter of apology that was sent: its number and day, and who recorded it when."""

    number: str
    sent_on: date
    by: str
    at: datetime


class Case(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One dossier of a month's list, as it was known at the draw.

    at: when it was first asked, handed back, ready, or (still open) due. times: requests up to the month's end.
    last4: of the sender's phone; the whole number is in the province's own system. moved: the later date promised.
    """

    code: str
    agency: str = ""
    procedure_code: str = ""
    procedure_name: str = ""
    applicant: str = ""
    last4: str = ""
    what: What
    at: datetime
    times: int = 0
    missing: tuple[str, ...] = ()
    reason: str = ""
    due: datetime | None = None
    moved: datetime | None = None
    apology: Apology | None = None
    letter: str = ""
    """Number and day of the letter, where it was recorded here."""
    days: int = 0
    """Days after the promised one; of open dossiers up to the month's end."""


class Figure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Counts of one month, agency and procedure. Of the dossiers with a result (`returned`), `late` came too late."""

    month: str
    agency: str
    procedure_code: str = ""
    procedure_name: str = ""
    received: int = 0
    handled: int = 0
    """Received in the month, or asked or handed back in it: of these `asked` is a share."""
    supplemented: int = 0
    refused: int = 0
    stopped: int = 0
    again: int = 0
    """Of the supplemented: asked more than once."""
    returned: int = 0
    late: int = 0
    still_open: int = 0
    letters: int = 0
    notices: int = 0
    no_apology: int = 0

    @property
    def asked(self) -> int:
        """Corrected, supplemented or handed back."""
        return self.supplemented + self.refused + self.stopped

    @property
    def base(self) -> int:
        """What `asked` is a share of; draws of before this was counted give the nearest number."""
        return self.handled or max(self.received, self.asked)


class Question(StrEnum):
    """What an officer finds out; `QUESTIONS` says about which list."""

    LAWFUL = "lawful"
    COMPLETE = "complete"
    ONCE = "once"
    JUSTIFIED = "justified"
    APOLOGISED = "apologised"


QUESTIONS: Final = {
    Matter.SUPPLEMENT: (Question.LAWFUL, Question.COMPLETE, Question.ONCE),
    Matter.LATE: (Question.JUSTIFIED, Question.APOLOGISED),
}


class Verdict(StrEnum):
    """Yes, no, cannot tell."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Finding(msgspec.Struct, frozen=True):
    """An answer with its reason, which may be empty only for a yes."""

    verdict: Verdict
    why: str = ""


class Line(StrEnum):
    """The questions of the interview; `SCRIPT` says for which list."""

    TOLD = "told"
    CLEAR = "clear"
    ONE_TRIP = "one_trip"
    NEW_DATE = "new_date"
    NOTHING_EXTRA = "nothing_extra"


SCRIPT: Final = {
    Matter.SUPPLEMENT: (Line.TOLD, Line.CLEAR, Line.ONE_TRIP, Line.NOTHING_EXTRA),
    Matter.LATE: (Line.TOLD, Line.NEW_DATE, Line.ONE_TRIP, Line.NOTHING_EXTRA),
}


class Ended(StrEnum):
    """How a call ended."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    WRONG_NUMBER = "wrong_number"


class Try(msgspec.Struct, frozen=True):
    """One call."""

    at: datetime
    by: str
    ended: Ended


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One dossier of a draw. officer: login of whoever reviews it, "" where it was not drawn.

    note: words of the interview, with numbers and names masked. version: for compare-and-set.
    """

    id: int
    draw_id: int
    case: Case
    drawn: bool
    officer: str = ""
    version: int = 1
    findings: dict[Question, Finding] = msgspec.field(default_factory=dict)
    reviewed_by: str = ""
    reviewed_at: datetime | None = None
    tries: tuple[Try, ...] = ()
    answers: dict[Line, Verdict] = msgspec.field(default_factory=dict)
    note: str = ""

    @property
    def reviewed(self) -> bool:
        """Whether every question is answered."""
        return self.reviewed_at is not None

    @property
    def interview(self) -> Ended | None:
        """How the interview ended; None while somebody should still ring."""
        if not self.tries:
            return None
        last = self.tries[-1].ended
        return None if last is Ended.NO_ANSWER and len(self.tries) < MOST_TRIES else last


class Draw(msgspec.Struct, frozen=True, kw_only=True):
    """A list of a month, drawn once. size: how many were wanted, None for all; the sample follows from `seed` alone.

    seed_typed: whether a person chose the seed, who could have tried several; else it was drawn with the list.

    figures: the month's counts at the draw. why: of the draw that replaces another one. number: from 1.
    """

    id: int = 0
    month: str
    matter: Matter
    number: int = 1
    seed: str
    seed_typed: bool = False
    size: int | None
    figures: tuple[Figure, ...]
    drawn_by: str
    drawn_at: datetime
    closed_by: str = ""
    closed_at: datetime | None = None
    replaced_by: str = ""
    replaced_at: datetime | None = None
    why: str = ""

    @property
    def open(self) -> bool:
        """Whether officers may still write into it."""
        return self.closed_at is None and self.replaced_at is None
