"""Which procedure does a resident mean? Weighs the evidence into a probability and decides: sure, several, nothing."""

import re
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from knowledge_base.conversation import AWAY_WORDS, own_words, read_context
from knowledge_base.encoder import StaticEncoder
from knowledge_base.evidence import Evidence, Material, gather, scope_row
from knowledge_base.text import CODE, clauses, fold, words
from knowledge_base.weights import Weights, grams, ranked

MOVED_SURELY, HELD_SURELY = 0.8, 0.6
"""How likely one procedure must be, among all that a conversation may be about, to be answered alone: where it has
moved, and where it goes on. By cross-validation on own later turns, 0.8 leaves 8 of 109 moves wrong; of 171 turns held,
12 have less than 0.6, and 5 of these are wrong."""
_LEVEL = re.compile(r" (?:thuc hien )?(?:tai |o )?cap (?:trung uong|tinh|huyen|xa)\Z")
"""How the names of one matter at several levels end, 37 times in the catalogue."""
BARE = 3
"""Up to so many words a message names a thing and hardly what is to be done with it."""
LIKELY, LIKELY_BARE = 0.6, 0.8
"""How likely a procedure must be to be answered alone, and where only a thing was named: "sổ đỏ" may be a first, a lost
or a sold one, however well the words fit."""
WARMED_AT_ONCE = 40
"""How many words are read together to become familiar; as many as a long story has."""
MOVED_AWAY_FROM = 0.75
"""A later turn that has left the topic, and is likelier than this not for us, finds nothing in the topic's light; what
is clear by itself is found by itself. On labelled turns and messages that leaves 8 of 100 messages that are not for us
answered with another procedure instead of 14, and takes that light from 3 of 100 real moves instead of 1."""
WORD_FOR_WORD = 0.98
"""How likely the procedure is meant whose phrase the question repeats word for word, and no other's."""

SEVERAL = -1
"""The owner of a phrase that more than one has."""


class Match(msgspec.Struct, frozen=True):
    """`probability` that this procedure is the one meant."""

    code: str
    probability: float


class Found(msgspec.Struct, frozen=True):
    """`matches` are the best first, up to ten, also when the decision is "nothing"."""

    decision: Literal["sure", "several", "nothing"]
    matches: tuple[Match, ...]


class Finder:
    """Finds procedures in one snapshot. Holds no state between questions; safe to use from several threads."""

    def __init__(self, material: Material, weights: Weights) -> None:
        self._material, self._weights = material, weights
        self._number = {code: number for number, code in enumerate(material.codes)}
        self._said = _said_by_one(material)
        self._elsewhere = len(material.codes)

    def known(self, code: str) -> tuple[str, ...]:
        """The phrases by which a procedure is known, without marks, its name first; nothing for an unknown code."""
        number = self._number.get(code)
        if number is None:
            return ()
        mine = np.flatnonzero(self._material.owner == number).tolist()
        return tuple(self._material.phrases[position] for position in mine)

    def holding(self, folded: str) -> tuple[str, ...]:
        """Codes of the procedures of which one phrase holds every one of these words, which have no marks."""
        parts, found = folded.split(), dict[int, None]()
        for phrase, owner in zip(self._material.phrases, self._material.owner.tolist(), strict=True):
            if owner not in found and all(part in phrase for part in parts):
                found[owner] = None
        return tuple(self._material.codes[owner] for owner in found if owner < len(self._material.codes))

    def warm(self, common: list[str]) -> None:
        """Read these words once, with and without marks: questions made of them are answered sooner (a quarter of the
        time), the first ones after a start too."""
        for start in range(0, len(common), WARMED_AT_ONCE):
            written = " ".join(common[start : start + WARMED_AT_ONCE])
            for text in (written, fold(written)):
                sequence = self._material.lexicon.read_words(words(text))
                self._material.lexicon.rows(sequence)
                if isinstance(self._material.encoder, StaticEncoder):
                    self._material.encoder.encode_words(sequence)

    def find(self, question: str, *, limit: int = 10) -> Found:
        """The procedures that `question` may mean, with a decision. A code in the question settles it."""
        for code in CODE.findall(question):
            if code in self._number:
                return Found("sure", (Match(code, 0.999),))
        read = clauses(question)
        said = [word.folded for clause in read for word in clause]
        owner = self._owner(said)
        ours = owner is not None and owner != self._elsewhere
        evidence = gather(self._material, question, also=np.array([owner]) if ours else None, read=read)
        if evidence is None:
            return Found("nothing", ())
        scores = self._weights.rank.score(evidence.table)
        if ours:
            return self._word_for_word(evidence, scores, evidence.candidates.tolist().index(owner), limit)
        found = self._decide(evidence, scores, self._weights.ours.log_odds(grams(said)), limit)
        return Found("nothing", found.matches) if owner == self._elsewhere else found

    def _owner(self, said: list[str]) -> int | None:
        """The number of the one procedure of which the words of a question are a phrase; `_elsewhere` for a message
        that nobody here answers."""
        return self._said.get(" ".join(said))

    def _word_for_word(self, evidence: Evidence, scores: NDArray[np.float64], place: int, limit: int) -> Found:
        """What somebody wrote down as a way of asking for one procedure is asked again in the same words."""
        order = np.argsort(-scores, kind="stable")
        order = np.concatenate([[place], order[order != place]])[:limit]
        chances = np.full(len(order), (1 - WORD_FOR_WORD) / max(len(order) - 1, 1))
        chances[0] = WORD_FOR_WORD
        return Found("sure", self._matches(evidence, order, chances))

    def _decide(self, evidence: Evidence, scores: NDArray[np.float64], wording: float, limit: int) -> Found:
        order, chances = ranked(scores)
        row = scope_row(evidence, order, chances, wording)
        in_scope, right = self._weights.scope.chance(row), self._weights.right.chance(row)
        matches = self._matches(evidence, order[:limit], chances[:limit] * in_scope)
        if in_scope < self._weights.nothing_below:
            # whether the question is ours is in doubt, which procedure it would be is not: ask rather than refuse
            matter = self._matter(matches[0].code)
            shared = sum(match.probability for match in matches if self._matter(match.code) == matter)
            return Found("several" if shared >= self._weights.asked_from else "nothing", matches)
        likely = LIKELY if evidence.length > BARE else LIKELY_BARE
        sure = right >= self._weights.sure_from and matches[0].probability >= likely
        return Found("sure" if sure else "several", matches)

    def _matter(self, code: str) -> str:
        """The name of a procedure without the level at which it is done."""
        return _LEVEL.sub("", self._material.titles[self._number[code]])

    def _matches(self, evidence: Evidence, order: NDArray[np.intp], chances: NDArray[np.float64]) -> tuple[Match, ...]:
        codes, best = self._material.codes, evidence.candidates[order].tolist()
        return tuple(
            Match(codes[candidate], round(chance, 4)) for candidate, chance in zip(best, chances.tolist(), strict=True)
        )

    def in_context(self, question: str, topic: str, before: str = "") -> Found | None:
        """None where `question` goes on about the procedure `topic`, otherwise what it newly asks for, or nothing;
        several, the topic first, where it probably goes on.

        Both readings are weighed: alone (how well do other procedures explain the words that name something?) and
        as going on (procedures close to the topic are likelier, the topic itself the likeliest). `before` is the
        question that led to the topic, where it is known.
        """
        named = CODE.findall(question)
        if named and named[0] in self._number:
            return None if named[0] == topic else self.find(question)
        home = self._number.get(topic)
        if home is None:
            return self.find(question)
        own = own_words(question)
        if not own:
            return None
        owner = self._owner([word.folded for word in words(question)])
        if owner == self._elsewhere and len(own) >= AWAY_WORDS:
            return Found("nothing", ())
        if owner is not None and owner != self._elsewhere:
            return None if owner == home else self.find(question)
        context = read_context(self._material, self._weights, question, home, before)
        if context is None:
            return None
        scores = self._weights.follow_up.score(context.table)
        order, chances = ranked(scores)
        goes_on = context.candidates[order[0]] == home
        away_from = self._weights.away_from if goes_on else MOVED_AWAY_FROM
        if context.own >= AWAY_WORDS and self._weights.away.chance(context.away) >= away_from:
            return Found("nothing", ())
        if goes_on and chances[0] >= HELD_SURELY:
            return None
        matches = self._matches(context.evidence, order[:10], chances[:10])
        return Found("sure" if chances[0] >= MOVED_SURELY and not goes_on else "several", matches)


def _said_by_one(material: Material) -> dict[str, int]:
    """Whose the phrases of two words and more are that only one procedure has, or only messages for nobody here."""
    owners: dict[str, int] = {}
    for phrase, owner in zip(material.phrases, material.owner.tolist(), strict=True):
        if " " in phrase:
            owners[phrase] = owner if owners.get(phrase, owner) == owner else SEVERAL
    return {phrase: owner for phrase, owner in owners.items() if owner != SEVERAL}
