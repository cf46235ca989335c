"""What staff change in the catalogue, and what of it still waits to be published."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

import msgspec

from bot.catalogue_records import Edit
from bot.services.guide import Guide
from knowledge_base.catalogue import Catalogue
from knowledge_base.overrides import CORRECTABLE, Correct, Hide, Override, Phrase, fingerprint, lay_over
from knowledge_base.procedure import Procedure
from knowledge_base.text import fold


class Store(Protocol):
    """Where overrides live; see bot.storage.overrides."""

    def active(self) -> list[Edit]: ...  # noqa: D102
    def of(self, code: str) -> list[Edit]: ...  # noqa: D102
    def codes(self) -> set[str]: ...  # noqa: D102


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A procedure that residents will read differently after the next publication.

    served: as they read it now, None where it is hidden. coming: as they will. by: who changed it.
    """

    code: str
    name: str
    served: Procedure | None
    coming: Procedure | None
    fields: tuple[str, ...]
    by: tuple[str, ...] = ()


class NewWords(msgspec.Struct, frozen=True, kw_only=True):
    """A phrase that the next index learns, or (`forgotten`) forgets."""

    code: str
    name: str
    text: str
    who: str
    why: str
    forgotten: bool = False


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """All that waits to be published."""

    procedures: tuple[Waiting, ...]
    words: tuple[NewWords, ...]

    def __bool__(self) -> bool:
        return bool(self.procedures or self.words)


ALL_FIELDS: Final = tuple(name for name in Procedure.__struct_fields__ if name != "code")


class Editing:
    """The difference between what is served and what staff want to be served."""

    def __init__(self, store: Store, linked: Callable[[], Sequence[Phrase]]) -> None:
        """`linked`: the phrases that staff made of questions."""
        self._store, self._linked = store, linked

    def changes(self, served: Catalogue) -> Changes:
        """Everything that the next publication changes."""
        active = [edit.override for edit in self._store.active()]
        by_code: dict[str, list[Override]] = {}
        for override in active:
            by_code.setdefault(override.code, []).append(override)
        codes = self._store.codes() | {entry.code for entry in served.overrides if entry.origin}
        found = (self._waiting(served, code, by_code.get(code, ())) for code in sorted(codes))
        return Changes(
            procedures=tuple(each for each in found if each is not None),
            words=self._words(served, [*(entry for entry in active if isinstance(entry, Phrase)), *self._linked()]),
        )

    def waiting(self, served: Catalogue, code: str) -> Waiting | None:
        """What the next publication changes in one procedure."""
        return self._waiting(served, code, [edit.override for edit in self._store.of(code) if edit.active])

    def _waiting(self, served: Catalogue, code: str, edits: Iterable[Override]) -> Waiting | None:
        recorded = served.recorded(code)
        if recorded is None or recorded.code != code:
            return None
        now, coming = served.get(code), laid(served, recorded, edits)
        if now == coming:
            return None
        if now is None or coming is None:
            fields: tuple[str, ...] = ()
        else:
            fields = tuple(name for name in ALL_FIELDS if getattr(now, name) != getattr(coming, name))
        people = tuple(dict.fromkeys(edit.who for edit in edits if not isinstance(edit, Phrase)))
        return Waiting(code=code, name=recorded.name, served=now, coming=coming, fields=fields, by=people)

    def _words(self, served: Catalogue, wanted: Sequence[Phrase]) -> tuple[NewWords, ...]:
        def told(phrase: Phrase, *, forgotten: bool) -> NewWords:
            procedure = served.recorded(phrase.code)
            return NewWords(
                code=phrase.code, name=procedure.name if procedure else "", text=phrase.text, who=phrase.who,
                why=phrase.why, forgotten=forgotten,
            )  # fmt: skip

        known = {(code, text) for code, texts in served.phrases.items() for text in texts}
        asked = {(phrase.code, phrase.text) for phrase in wanted}
        from_file = {
            (each.code, each.text) for each in served.overrides if isinstance(each, Phrase) and not each.origin
        }
        old = [
            each
            for each in served.overrides
            if isinstance(each, Phrase) and each.origin and (each.code, each.text) not in asked | from_file
        ]
        fresh = {
            (phrase.code, phrase.text): phrase
            for phrase in wanted
            if (phrase.code, phrase.text) not in known and served.get(phrase.code) is not None
        }
        return (
            *(told(phrase, forgotten=False) for phrase in fresh.values()),
            *(told(phrase, forgotten=True) for phrase in old),
        )


def laid(served: Catalogue, recorded: Procedure, edits: Iterable[Override]) -> Procedure | None:
    """A record with the overrides of the centre's file and these laid over it; None where they hide it."""
    code = recorded.code
    file = (entry for entry in served.overrides if entry.code == code and not entry.origin)
    overlay = lay_over([recorded], [*file, *edits])
    return overlay.procedures[0] if overlay.procedures else None


def outdated(served: Catalogue, override: Override) -> bool:
    """Whether the record has changed since somebody corrected it: an editor must look again."""
    recorded = served.recorded(override.code)
    return bool(override.seen and recorded is not None and fingerprint(recorded) != override.seen)


def needless(served: Catalogue, override: Override) -> bool:
    """Whether the record itself says by now what a correction says."""
    recorded = served.recorded(override.code)
    if recorded is None or not isinstance(override, Correct) or override.field not in CORRECTABLE:
        return False
    return laid(served, recorded, [override]) == laid(served, recorded, ())


def hides(edits: Iterable[Edit]) -> Edit | None:
    """The active edit that hides a procedure."""
    return next((edit for edit in edits if edit.active and isinstance(edit.override, Hide)), None)


def search(guide: Guide, words: str) -> list[Procedure]:
    """Procedures for these words, with or without marks, the hidden ones too: what the bot's own finder takes for
    meant, then every word in the code or a name, then in one phrase, then what the finder thinks possible. Without
    words: all.
    """
    catalogue, asked = guide.catalogue, fold(" ".join(words.split()))
    every = sorted(catalogue.all_recorded(), key=lambda procedure: procedure.code)
    if not asked:
        return every
    parts = asked.split()
    named = [each for each in every if all(part in _names(each) for part in parts)]
    guessed = guide.find(words).matches
    codes = [
        *([exact.code] if (exact := catalogue.recorded(words.strip())) else []),
        *(match.code for match in guessed if match.probability >= MEANT),
        *(each.code for each in named),
        *guide.snapshot.finder.holding(asked),
        *(match.code for match in guessed if match.probability >= LIKELY),
    ]
    found = (catalogue.recorded(code) for code in dict.fromkeys(codes))
    return [procedure for procedure in found if procedure]


MEANT: Final = 0.3
"""From this probability on a guess of the finder comes first."""
LIKELY: Final = 0.01
"""From this probability on it is worth showing."""


def _names(procedure: Procedure) -> str:
    return fold(f"{procedure.code} {procedure.name} {procedure.plain_name}")
