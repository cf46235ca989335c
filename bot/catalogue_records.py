"""What staff change in the catalogue, what an import changed, and what a publication brought. Frozen records."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

import msgspec

from knowledge_base.overrides import Override
from knowledge_base.procedure import Procedure


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """An override written at the console; a withdrawn one stays as history."""

    id: int
    override: Override
    at: datetime
    withdrawn_by: str = ""
    withdrawn_at: datetime | None = None
    withdrawn_why: str = ""

    @property
    def active(self) -> bool:
        """Whether the next index takes it."""
        return self.withdrawn_at is None


class ImportSummary(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of an import. new, gone, unassigned: codes. findings: how many by action (rejected, repaired, ...)."""

    sources: tuple[str, ...] = ()
    records: int = 0
    in_catalogue: int = 0
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    changed: int = 0
    unassigned: tuple[str, ...] = ()
    findings: dict[str, int] = {}


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """An import that was written. content: `content_of` the records that it left."""

    id: int
    at: datetime
    content: str
    summary: ImportSummary


class RecordChange(msgspec.Struct, frozen=True, kw_only=True):
    """A procedure before and after an import; None where it was new, or has gone."""

    code: str
    before: Procedure | None
    after: Procedure | None


class Shares(msgspec.Struct, frozen=True, kw_only=True):
    """How an index answers the questions it is tested with; shares from 0 to 1, None where nothing was counted.

    hit1, hit3: the right procedure first, among three. false_abstention: a question of ours that got nothing.
    abstention: a message that is not ours that got nothing. wrong_sure: certain answers that were wrong.
    """

    questions: int = 0
    hit1: float | None = None
    hit3: float | None = None
    false_abstention: float | None = None
    abstention: float | None = None
    wrong_sure: float | None = None


class LinkedAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """How the questions that staff linked are answered."""

    questions: int
    right: int
    among: int
    wrong: int
    nothing: int


class Outcome(StrEnum):
    """What became of a publication."""

    RUNNING = "running"
    PUBLISHED = "published"
    SKIPPED = "skipped"
    """Nothing had changed."""
    REFUSED = "refused"
    """It would have answered worse than the index that serves."""
    FAILED = "failed"
    DIED = "died"
    """Its machine stopped; whether it was published can be seen from the index that serves."""


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """What a build tells at its end. notes: what the person should know besides, in Vietnamese."""

    outcome: Outcome
    snapshot: str = ""
    message: str = ""
    worse: str = ""
    before: Shares | None = None
    after: Shares | None = None
    linked_before: LinkedAnswers | None = None
    linked_after: LinkedAnswers | None = None
    notes: tuple[str, ...] = ()


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """One build started at the console. changes: what waited to be published, in words. why: of publishing a worse
    index all the same.
    """

    id: int
    by: str
    only_words: bool
    why: str
    started_at: datetime
    ended_at: datetime | None
    outcome: Outcome
    changes: tuple[str, ...]
    result: Built | None
    message: str


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be built. only_words: phrases alone, nothing else that residents read changes. force: publish even
    what answers worse.
    """

    only_words: bool = False
    force: bool = False


Publish = Callable[[Wish, Callable[[int, int], None]], Built]
"""Builds and publishes in a process of its own; the second argument hears how far it is, and at least every few seconds
that it lives. Given by whoever starts the server: the bot knows nothing of the indexer."""
