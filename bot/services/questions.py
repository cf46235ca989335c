"""Questions that were not answered well: keeping them, telling the person later, and what staff do with them.

Kept are the words without anything that says who asked, the time, the channel, what was offered and how it ended.
Where to reply is known only by the person's own consent, and erased with the reply, after 30 days, or on request.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import msgspec

from bot.failures import where
from bot.messages import Contact
from bot.notice_records import Kind, NewNotice
from bot.personal import Hasher
from bot.question_records import Decision, Ending, Occurrence, Question, State, Unanswered
from bot.services.notice_templates import Templates, checked, clean, newest, shorten
from knowledge_base.overrides import Phrase
from knowledge_base.procedure import Procedure
from knowledge_base.text import fold, nfc

log: Final = logging.getLogger(__name__)

KEPT_DAYS: Final = 180
ADDRESS_KEPT_FOR: Final = timedelta(days=30)
"""How long an address waits for a reply that never comes."""
CONSENT_VERSION: Final = "1"
"""Of the sentence with which people agree to a reply; see bot.dialogue.wording.unanswered."""
LOOK_AGAIN_AFTER: Final = 30.0
"""Seconds between two looks at what staff marked as out of scope."""
CLEAN_UP_AFTER: Final = 3600.0
REPLIES_ON: Final = frozenset({"telegram", "zalo", "zalobot", "web"})
"""Channels on which somebody can be written to later."""
LONGEST_REPLY: Final = 1000
LONGEST_PHRASE: Final = 200
FEWEST_LETTERS: Final = 4


class RefusedError(ValueError):
    """Staff asked for something that can't be done; the message says what to do instead. `kind` names it for pages
    that say it in other words.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Questions(Protocol):
    """What the conversation asks."""

    def days(self) -> int:
        """For how long unanswered questions are kept, which people are told; 0 where none are."""

    def keep(self, unanswered: Unanswered) -> None:
        """Keep a question that ended badly; the same message twice counts once."""

    def can_reply(self, contact: Contact) -> bool:
        """Whether this person can be written to later."""

    def want_reply(self, contact: Contact, reference: str, text_version: str) -> bool:
        """Agree to a reply to the question that `reference` names; False where that question is not kept any more."""

    def is_out_of_scope(self, key: str) -> bool:
        """Whether staff said that no procedure answers the question with this key."""


class Store(Protocol):
    """Where questions live; see bot.storage.questions."""

    def keep(  # noqa: D102
        self, *, key: str, text: str, message: str, channel: str, offered: Sequence[str], ending: Ending
    ) -> bool: ...
    def get(self, number: int) -> Question | None: ...  # noqa: D102
    def number_of(self, hash_start: str) -> int | None: ...  # noqa: D102
    def listed(  # noqa: D102
        self, state: State | None = None, *, containing: str = "", limit: int = 50, offset: int = 0
    ) -> list[Question]: ...
    def all(self, state: State) -> Sequence[Question]: ...  # noqa: D102
    def counts(self) -> dict[State, int]: ...  # noqa: D102
    def occurrences(self, number: int) -> Sequence[Occurrence]: ...  # noqa: D102
    def decide(self, number: int, decision: Decision, state: State | None) -> bool: ...  # noqa: D102
    def decisions(self, number: int) -> Sequence[Decision]: ...  # noqa: D102
    def reply(  # noqa: D102
        self, number: int, outbox: Any, make: Callable[[Contact], NewNotice], decision: Decision
    ) -> int: ...
    def forget_addresses(self, older_than: datetime) -> int: ...  # noqa: D102
    def purge(self, before: datetime) -> int: ...  # noqa: D102


class Consents(Protocol):
    """Where consents live; see bot.storage.consents."""

    def give(self, contact: Contact, scope: str, text_version: str) -> object: ...  # noqa: D102


class KeptQuestions:
    """Questions of the database. `days`: how long they are kept, 0 for not at all."""

    def __init__(
        self,
        store: Store,
        consents: Consents,
        hasher: Hasher,
        *,
        key_of: Callable[[str], str],
        days: int = KEPT_DAYS,
        replies_on: Collection[str] = REPLIES_ON,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._consents, self._hasher = store, consents, hasher
        self._key_of, self._days, self._replies_on, self._now = key_of, days, frozenset(replies_on), now
        self._out_of_scope: frozenset[str] = frozenset()
        self._looked: float | None = None
        self._cleaned: float | None = None
        self._lock = threading.Lock()

    def days(self) -> int:
        """See Questions."""
        return self._days

    def keep(self, unanswered: Unanswered) -> None:
        """See Questions."""
        key = self._key_of(unanswered.text)
        if not self._days or len(key.replace(" ", "")) < FEWEST_LETTERS:
            return
        self._store.keep(
            key=key,
            text=unanswered.text,
            message=self._hasher.hash("question", f"{unanswered.contact}|{unanswered.message_id}"),
            channel=unanswered.contact.channel,
            offered=unanswered.offered,
            ending=unanswered.ending,
        )
        now = time.monotonic()
        if self._cleaned is None or now - self._cleaned > CLEAN_UP_AFTER:
            self._cleaned = now
            purge(self._store, self._days, self._now())

    def can_reply(self, contact: Contact) -> bool:
        """See Questions."""
        return self._days > 0 and contact.channel in self._replies_on

    def want_reply(self, contact: Contact, reference: str, text_version: str) -> bool:
        """See Questions."""
        number = self._store.number_of(reference) if self.can_reply(contact) else None
        if number is None:
            return False
        self._consents.give(contact, f"question:{number}", text_version)
        return True

    def is_out_of_scope(self, key: str) -> bool:
        """See Questions. What staff mark now counts within half a minute, in every process."""
        now = time.monotonic()
        if self._looked is None or (now - self._looked > LOOK_AGAIN_AFTER and self._lock.acquire(blocking=False)):
            held = self._looked is not None
            try:
                self._out_of_scope = frozenset(question.key for question in self._store.all(State.OUT_OF_SCOPE))
            except Exception as error:  # noqa: BLE001 - no question goes unanswered because this list can't be read
                log.error("what staff marked as out of scope can't be read; trying on: %s", where(error))
            finally:
                self._looked = now
                if held:
                    self._lock.release()
        return key in self._out_of_scope


class NoQuestions:
    """Where none are kept."""

    def days(self) -> int:
        """See Questions."""
        return 0

    def keep(self, _unanswered: Unanswered) -> None:
        """See Questions."""

    def can_reply(self, _contact: Contact) -> bool:
        """See Questions."""
        return False

    def want_reply(self, _contact: Contact, _reference: str, _text_version: str) -> bool:
        """See Questions."""
        return False

    def is_out_of_scope(self, _key: str) -> bool:
        """See Questions."""
        return False


class Story(msgspec.Struct, frozen=True):
    """Everything about one question: each time it ended badly, and what staff did."""

    question: Question
    occurrences: tuple[Occurrence, ...]
    decisions: tuple[Decision, ...]


class QuestionDesk:
    """What staff do with questions; every action says who and why, and stays written down.

    procedure: the procedure with this code, None where the centre has none. outbox: where replies wait; see
    bot.storage.notices.
    """

    def __init__(
        self,
        store: Store,
        *,
        procedure: Callable[[str], Procedure | None],
        outbox: Any,
        templates: Templates,
        days: int = KEPT_DAYS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._procedure, self._outbox, self._templates = store, procedure, outbox, templates
        self._days, self._now = days, now

    def listed(
        self, state: State | None = State.OPEN, *, containing: str = "", limit: int = 50, offset: int = 0
    ) -> list[Question]:
        """Questions in a state (None: all), those asked most often first; `containing` with or without marks, as it
        was asked or a part of it."""
        said = " ".join(re.findall(r"\w+", fold(nfc(containing))))
        return self._store.listed(state, containing=said, limit=limit, offset=offset)

    def counts(self) -> dict[State, int]:
        """How many questions are in each state."""
        return self._store.counts()

    def story(self, number: int) -> Story:
        """Everything about one question; raises RefusedError where there is none."""
        question = self._known(number)
        return Story(question, tuple(self._store.occurrences(number)), tuple(self._store.decisions(number)))

    def link(self, number: int, code: str, *, by: str, why: str, phrase: str = "") -> Question:
        """These words mean this procedure: from the next index on they are one of its phrases.

        phrase: other words for the index, where those of the question say too much or too little.
        """
        question = self._known(number)
        procedure = self._procedure(code)
        if procedure is None:
            raise RefusedError("procedure", f"the centre has no procedure {code}: look for its code with motcua ask")
        words = plain(nfc(phrase or question.text))
        if len(fold(words).replace(" ", "")) < FEWEST_LETTERS:
            raise RefusedError(
                "words", "too little is left of the question's words: give the phrase that people would say"
            )
        if len(words) > LONGEST_PHRASE:
            raise RefusedError(
                "words", f"a phrase has at most {LONGEST_PHRASE} characters: give a shorter one in residents' words"
            )
        return self._decide(question, "link", State.LINKED, by=by, why=why, code=procedure.code, phrase=words)

    def out_of_scope(self, number: int, *, by: str, why: str) -> Question:
        """No procedure answers these words: they are never again answered as certain, and teach the next index so."""
        return self._decide(self._known(number), "out_of_scope", State.OUT_OF_SCOPE, by=by, why=why)

    def reopen(self, number: int, *, by: str, why: str) -> Question:
        """Take a decision back; the next index forgets the phrase."""
        return self._decide(self._known(number), "reopen", State.OPEN, by=by, why=why)

    def reply(self, number: int, text: str, *, by: str, kept: str | None = None) -> int:
        """Write to those who asked for it, with the procedure's button where the question is linked; how many.

        kept: the words as they stay written down, where that is not as they are sent.
        """
        question = self._known(number)
        said = clean(text).strip()
        if not said:
            raise RefusedError("empty", "write what the person is to be told")
        if len(said) > LONGEST_REPLY:
            raise RefusedError("long", f"a reply has at most {LONGEST_REPLY} characters: shorten it")
        template = newest(self._templates, Kind.ANSWER)
        asked = shorten(" ".join(clean(question.text).split()), template.fields["question"].limit)
        fields = checked(template, {"question": asked, "text": said, "procedure_code": question.code})

        def make(contact: Contact) -> NewNotice:
            scope = f"question:{number}"
            return NewNotice(
                key=f"{scope}:{contact}", contact=contact, kind=Kind.ANSWER, template=template.id,
                template_version=template.version, fields=fields, scope=scope,
            )  # fmt: skip

        told = self._store.reply(
            number, self._outbox, make, self._decision("reply", by, kept or said, question.code, "")
        )
        if not told:
            raise RefusedError("nobody", f"nobody waits for a reply to question {number}, or they have it already")
        return told

    def purge(self) -> int:
        """Forget what was kept long enough; how many questions went."""
        return purge(self._store, self._days, self._now())

    def _known(self, number: int) -> Question:
        question = self._store.get(number)
        if question is None:
            raise RefusedError("question", f"there is no question {number}: see motcua questions list")
        return question

    def _decide(
        self, question: Question, action: str, state: State, *, by: str, why: str, code: str = "", phrase: str = ""
    ) -> Question:
        self._store.decide(question.id, self._decision(action, by, why, code, phrase), state)
        return self._known(question.id)

    def _decision(self, action: str, by: str, why: str, code: str, phrase: str) -> Decision:
        if not by.strip():
            raise RefusedError("who", "say who decides: give your name")
        if not why.strip():
            raise RefusedError("why", "say why, in a few words")
        return Decision(action, by.strip()[:100], self._now(), why.strip()[:500], code, phrase)


def purge(store: Store, days: int, now: datetime) -> int:
    """Erase addresses that are needed no more, and questions older than `days`; how many questions."""
    store.forget_addresses(now - ADDRESS_KEPT_FOR)
    return store.purge(now - timedelta(days=days))


def _day(at: datetime | None) -> str:
    return at.date().isoformat() if at else ""


def plain(text: str) -> str:
    """A kept question without its dots, as it can be asked and indexed."""
    return " ".join(text.replace("•••", " ").split())


def linked_phrases(store: Store) -> list[Phrase]:
    """What staff linked, as editors' overrides: who, when, why, and the words."""
    return [
        Phrase(
            code=question.code,
            who=question.by,
            when=_day(question.decided_at),
            why=question.why,
            text=question.phrase,
            origin=f"question:{question.id}",
        )
        for question in store.all(State.LINKED)
    ]


def out_of_scope_texts(store: Store) -> list[str]:
    """The words that staff marked as out of scope."""
    texts = (plain(question.text) for question in store.all(State.OUT_OF_SCOPE))
    return list(dict.fromkeys(text for text in texts if text))
