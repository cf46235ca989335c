"""Questions that were not answered well: how they ended, what is kept of them, what staff decided. Frozen records."""

from datetime import datetime
from enum import StrEnum

import msgspec

from bot.messages import Contact


class Ending(StrEnum):
    """Why a question counts as not answered."""

    NOTHING = "nothing"
    """No procedure was found."""
    NONE_OF_THESE = "none_of_these"
    """The person said that none of the candidates was meant."""
    NOT_THIS = "not_this"
    """The person said that the answer was not the right one ("không phải")."""
    WRONG_PICK = "wrong_pick"
    """The person opened a candidate, then went back or opened another one."""
    ASKED_AGAIN = "asked_again"
    """After an answer the person asked nearly the same again and got another procedure."""


class Asked(msgspec.Struct, frozen=True):
    """The question that a conversation is about, as the session remembers it.

    text: without anything that says who asked. offered: codes, best first. opened: the code shown last. ended: whether
    this question was reported already.
    """

    text: str
    message_id: str
    offered: tuple[str, ...] = ()
    opened: str | None = None
    ended: bool = False


class Unanswered(msgspec.Struct, frozen=True):
    """A question on its way into the list; the contact serves only to count a redelivered message once."""

    contact: Contact
    message_id: str
    text: str
    offered: tuple[str, ...]
    ending: Ending


class State(StrEnum):
    """What staff decided about a question."""

    OPEN = "open"
    LINKED = "linked"
    OUT_OF_SCOPE = "out_of_scope"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One question of the list, however often it was asked.

    key: of the folded words; questions with the same key are one. times: how often it ended badly. code, phrase: the
    procedure that staff linked it to, and in which words it goes into the index. `by`, `decided_at`, `why`: the last
    decision. wanted: how many people wait for a reply.
    """

    id: int
    key: str
    text: str
    state: State
    times: int
    first_at: datetime
    last_at: datetime
    code: str = ""
    phrase: str = ""
    by: str = ""
    decided_at: datetime | None = None
    why: str = ""
    wanted: int = 0


class Occurrence(msgspec.Struct, frozen=True):
    """One time that a question ended badly; nothing in it says who asked."""

    at: datetime
    channel: str
    offered: tuple[str, ...]
    ending: Ending


class Decision(msgspec.Struct, frozen=True):
    """What somebody of the staff did with a question."""

    action: str
    by: str
    at: datetime
    why: str
    code: str
    phrase: str
