"""Which procedure does a resident mean? Weighs the evidence into a probability and decides: sure, several, nothing."""

import math
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from knowledge_base.evidence import FEATURES, SCOPE_FEATURES, Evidence, Material, gather
from knowledge_base.text import CODE, VOCABULARY, Word, words

SHOWN = ("phrase.share", "whole.share", "title.share", "near.share", "like.share", "title.fuzzy", "phrase.fuzzy")
"""The evidence that a match carries along for people who want to know why."""
_SHOWN_COLUMNS = [FEATURES.index(name) for name in SHOWN]
NEIGHBOURS = 12
"""How many procedures near the topic are considered in any case, the topic among them."""
SHORT, LONG = 10, 30
"""Words up to which, and from which on, length says nothing about being for us."""
MOVED_SURELY = 0.6
"""How likely one procedure must be, among all that a conversation may have moved to, to be answered alone."""
CONTEXT_FEATURES = (
    "alone",
    "joined",
    "nearness",
    "alone.clear",
    "joined.brief",
    "nearness.brief",
    "home",
    "home.own",
    "home.names",
    "home.scope",
    "home.lead",
    "home.turned",
    "home.asks",
    "behind",
    "before",
)
"""What is weighed for each candidate in a conversation. First of the candidate: its log-odds when the question
stands alone, and joined with the topic's name, each below the best one's, and its nearness to the topic; the same
where the question alone is clear, or has few words of its own. Last its log-odds when the question stands behind the
one before it, and those of the question before alone. The others count for the topic only: that it is the
topic; number and weight of the question's own words; log-odds that it is for us, alone; by how much the topic is
behind the best other; words of turning to something else; share of words that only ask."""
AWAY_FEATURES = (
    "scope",
    "near.ahead",
    "phrase.ahead",
    "home.near",
    "home.phrase",
    "home.said",
    "home.missed",
    "home.whole",
    "home.like",
    "best.said",
    "best.missed",
    "own",
    "weight",
    "known",
    "elsewhere.near",
    "elsewhere.phrase",
    "joined.elsewhere",
    "asks",
    "turned",
)
"""By what a later turn that no procedure answers is told from one that goes on or moves. Log-odds that it is for us,
alone; by how much its best procedure, and the topic, are ahead of messages that are not for us; what the topic's and
the best one's phrases hold of it; number and weight of its own words; its likeness to messages that are not for us,
alone and joined with the topic's name; words that only ask, and words of turning to something else."""
AWAY_WORDS = 3
"""Own words from which on a later turn may be taken for none of ours: a shorter one goes on about the topic."""
WORTH_ASKING = 0.35
"""From this probability on the best candidate is offered as a question back, even where scope is doubtful. On our own
questions 0.35 turns 6 of 11 wrong refusals into a question back, at the price of 3 of 58 right ones."""
WORD_FOR_WORD = 0.98
"""How likely the procedure is meant whose phrase the question repeats word for word, and no other's."""
LEARNT = Path(__file__).parent / "data" / "finder.json"


@cache
def _asking() -> frozenset[str]:
    """Words that only ask; a question of nothing else goes on about the topic."""
    return frozenset(msgspec.json.decode((VOCABULARY / "asking.json").read_bytes(), type=list[str]))


_TURNING = re.compile(
    r"\b(?:"
    r"hoi them|hoi luon|hoi chuyen|cho hoi|tien the|chuyen sang|chuyen khac|bo qua|ma khoan|nham"
    r"|con (?!\w+ thi|co|phai|duoc)|roi(?! co| thi)|xong"
    # a later stage, another state of things, another person
    r"|sau nay|ve sau|mai nay|sau khong|khong \w+(?: \w+)? nua|nguoc lai|neu chi|chi bi|chi het"
    r"|cua (?:vo|chong|bo|me|con)|cung (?:mat|bi)"
    r"|(?:gio )?muon (?:tach|doi|huy|xoa|dong|giai|chuyen|nhap|nhan|sua)|gio muon"
    r"|lo (?:mat|danh|bi)|mat (?:so|giay|the|bang) (?:roi|thi)|(?:bi|the) mat"
    r")\b"
)
"""Words that often begin another matter, unmarked: one column of the evidence, weighed with the rest."""


class Match(msgspec.Struct, frozen=True):
    """`probability` that this procedure is the one meant; `evidence` names what speaks for it, by kind."""

    code: str
    probability: float
    evidence: dict[str, float]


class Found(msgspec.Struct, frozen=True):
    """`matches` are the best first, up to ten, also when the decision is "nothing"."""

    decision: Literal["sure", "several", "nothing"]
    matches: tuple[Match, ...]


class Linear(msgspec.Struct, frozen=True):
    """A logistic model over named columns: mean and scale of each column, its weight, and the bias."""

    columns: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float = 0.0

    def score(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log-odds for each row of `table`, whose columns are those of `columns`."""
        slope, offset = _folded_in(self)
        return np.asarray(table @ slope + offset, dtype=np.float64)


@lru_cache(maxsize=32)
def _folded_in(linear: Linear) -> tuple[NDArray[np.float64], float]:
    """Slope and offset on the columns as they are, mean and scale worked in."""
    slope = np.array(linear.weights) / np.array(linear.scale)
    return slope, linear.bias - float(slope @ np.array(linear.mean))


class Weights(msgspec.Struct, frozen=True):
    """What calibration learnt: how to rank, whether the question is ours at all, whether the first is right."""

    rank: Linear
    scope: Linear
    right: Linear
    nothing_below: float
    """Answer nothing where the probability of being in scope is lower."""
    sure_from: float
    """Answer one procedure where the probability of being right is at least this."""
    follow_up: Linear
    """Which procedure a later turn is about, the topic among the candidates."""
    away: Linear
    """Whether a later turn is none of ours."""
    away_from: float
    """A later turn is none of ours where the probability is at least this."""

    @classmethod
    def read(cls, file: Path = LEARNT) -> "Weights":
        """Learnt weights; hand-set ones where none are shipped yet."""
        if not file.exists():
            return UNTRAINED
        weights = msgspec.json.decode(file.read_bytes(), type=cls)
        return weights if weights.fit() else UNTRAINED

    def fit(self) -> bool:
        """Whether these were learnt for the evidence that this version of the program gathers."""
        learnt = (self.rank, self.scope, self.right, self.follow_up, self.away)
        gathered = (FEATURES, SCOPE_FEATURES, SCOPE_FEATURES, CONTEXT_FEATURES, AWAY_FEATURES)
        return tuple(model.columns for model in learnt) == gathered


def _by_hand(columns: tuple[str, ...], given: dict[str, float], bias: float) -> Linear:
    zeros, ones = (0.0,) * len(columns), (1.0,) * len(columns)
    return Linear(columns, zeros, ones, tuple(given.get(column, 0.0) for column in columns), bias)


UNTRAINED = Weights(
    rank=_by_hand(
        FEATURES,
        {
            "phrase.share": 6, "whole.share": 4, "title.share": 3, "near.share": 6, "like.share": 6,
            "phrase.second": 3, "clause": 2, "phrase.typed": 1,
        },
        0,
    ),
    scope=_by_hand(SCOPE_FEATURES, {"like.share": 5, "phrase.ahead": 4, "known": 2}, -2.5),
    right=_by_hand(SCOPE_FEATURES, {"first.lead": 4, "phrase.covered": 2, "like.share": 2}, -3.5),
    nothing_below=0.3,
    sure_from=0.75,
    follow_up=_by_hand(
        CONTEXT_FEATURES, {"alone": 0.6, "joined": 0.3, "nearness": 4, "home": 2.5, "home.lead": -0.3}, 0
    ),
    away=_by_hand(AWAY_FEATURES, {}, -9),
    away_from=0.9,
)  # fmt: skip


class Finder:
    """Finds procedures in one snapshot. Holds no state between questions; safe to use from several threads."""

    def __init__(self, material: Material, weights: Weights) -> None:
        self._material, self._weights = material, weights
        self._number = {code: number for number, code in enumerate(material.codes)}
        self._said = _said_by_one(material)

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

    def find(self, question: str, *, limit: int = 10) -> Found:
        """The procedures that `question` may mean, with a decision. A code in the question settles it."""
        for code in CODE.findall(question):
            if code in self._number:
                return Found("sure", (Match(code, 0.999, {"code": 1.0}),))
        read = words(question)
        owner = self._owner(read)
        evidence = gather(self._material, question, also=None if owner is None else np.array([owner]), read=read)
        if evidence is None:
            return Found("nothing", ())
        scores = self._weights.rank.score(evidence.table)
        if owner is not None:
            return self._word_for_word(evidence, scores, evidence.candidates.tolist().index(owner), limit)
        return self._decide(evidence, scores, limit)

    def _owner(self, read: list[Word]) -> int | None:
        """The number of the one procedure of which the words of a question are a phrase."""
        return self._said.get(" ".join(word.folded for word in read))

    def _word_for_word(self, evidence: Evidence, scores: NDArray[np.float64], place: int, limit: int) -> Found:
        """What somebody wrote down as a way of asking for one procedure is asked again in the same words."""
        order = np.argsort(-scores, kind="stable")
        order = np.concatenate([[place], order[order != place]])[:limit]
        chances = np.full(len(order), (1 - WORD_FOR_WORD) / max(len(order) - 1, 1))
        chances[0] = WORD_FOR_WORD
        return Found("sure", self._matches(evidence, order, chances))

    def _decide(self, evidence: Evidence, scores: NDArray[np.float64], limit: int) -> Found:
        order = np.argsort(-scores, kind="stable")
        chances = np.exp(scores[order] - scores[order[0]])
        chances /= chances.sum()
        row = scope_row(evidence, order, chances)[None, :]
        in_scope = _chance(self._weights.scope.score(row)[0])
        right = _chance(self._weights.right.score(row)[0])
        matches = self._matches(evidence, order[:limit], chances[:limit] * in_scope)
        if in_scope < self._weights.nothing_below:
            # whether the question is ours is in doubt, which procedure it would be is not: ask rather than refuse
            asked_for = matches[0].probability >= WORTH_ASKING
            return Found("several" if asked_for else "nothing", matches)
        return Found("sure" if right >= self._weights.sure_from else "several", matches)

    def _matches(self, evidence: Evidence, order: NDArray[np.intp], chances: NDArray[np.float64]) -> tuple[Match, ...]:
        shown = np.round(evidence.table[order][:, _SHOWN_COLUMNS], 3).tolist()
        codes = [self._material.codes[candidate] for candidate in evidence.candidates[order].tolist()]
        rounded = np.round(chances, 4).tolist()
        return tuple(
            Match(code, chance, dict(zip(SHOWN, values, strict=True)))
            for code, chance, values in zip(codes, rounded, shown, strict=True)
        )

    def in_context(self, question: str, topic: str, before: str = "") -> Found | None:
        """None where `question` goes on about the procedure `topic`, otherwise what it newly asks for, or nothing.

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
        if not own_words(question):
            return None
        owner = self._owner(words(question))
        if owner is not None:
            return None if owner == home else self.find(question)
        context = read_context(self._material, self._weights, question, home, before)
        if context is None:
            return None
        if context.own >= AWAY_WORDS:
            away = _chance(self._weights.away.score(context.away[None, :])[0])
            if away >= self._weights.away_from:
                return Found("nothing", ())
        scores = self._weights.follow_up.score(context.table)
        order = np.argsort(-scores, kind="stable")
        if context.candidates[order[0]] == home:
            return None
        chances = np.exp(scores[order] - scores[order[0]])
        chances /= chances.sum()
        matches = self._matches(context.evidence, order[:10], chances[:10])
        return Found("sure" if chances[0] >= MOVED_SURELY else "several", matches)


def _said_by_one(material: Material) -> dict[str, int]:
    """Whose the phrases of two words and more are that only one procedure has; none that is asked elsewhere."""
    owners: dict[str, int] = {}
    for phrase, owner in zip(material.phrases, material.owner.tolist(), strict=True):
        if " " in phrase:
            owners[phrase] = owner if owners.get(phrase, owner) == owner else len(material.codes)
    return {phrase: owner for phrase, owner in owners.items() if owner < len(material.codes)}


@dataclass(frozen=True)
class Context:
    """A later turn of a conversation: candidates, and one row for each with the columns of CONTEXT_FEATURES."""

    evidence: Evidence
    candidates: NDArray[np.int64]
    table: NDArray[np.float64]
    own: int
    """How many words do more than ask."""
    away: NDArray[np.float64]
    """The columns of AWAY_FEATURES."""


def own_words(question: str) -> list[str]:
    """The words of `question` that do more than ask."""
    return [word.folded for word in words(question) if word.folded not in _asking()]


def read_context(material: Material, weights: Weights, question: str, home: int, before: str = "") -> Context | None:
    """All readings of a later turn about the procedure number `home`; None where no word says anything. Where the
    question `before` is not known, the topic's name stands for it."""
    nearness = material.likeness(material.prototypes[home])
    near = np.argsort(-nearness)[:NEIGHBOURS].astype(np.int64)
    joined_text = f"{question} {material.titles[home]}"
    joined = gather(material, joined_text, also=near)
    if joined is None:
        return None
    evidence = gather(material, question, also=joined.candidates)
    if evidence is None:
        return None
    joined = gather(material, joined_text, also=evidence.candidates)
    assert joined is not None
    alone = weights.rank.score(evidence.table)
    together = _scores_of(evidence.candidates, joined, weights)
    before = before or material.titles[home]
    behind, earlier = (
        _below(_scores_of(evidence.candidates, gather(material, text, also=evidence.candidates), weights))
        for text in (f"{before}, {question}", before)
    )
    order = np.argsort(-alone, kind="stable")
    chances = np.exp(alone[order] - alone[order[0]])
    scope = weights.scope.score(scope_row(evidence, order, chances / chances.sum())[None, :])[0]
    is_home = (evidence.candidates == home).astype(np.float64)
    own = own_words(question)
    text = " ".join(word.folded for word in words(question))
    lead = float(np.where(is_home > 0, -np.inf, alone).max() - alone[is_home > 0][0])
    of_question = np.array(
        [
            1.0,
            min(len(own), 8),
            np.log1p(material.lexicon.weigh(own)),
            np.clip(scope, -8, 8),
            np.clip(lead, -15, 15),
            bool(_TURNING.search(text)),
            1 - len(own) / max(evidence.length, 1),
        ]
    )
    below, below_joined = _below(alone), _below(together)
    close, brief = nearness[evidence.candidates].astype(np.float64), 1 / max(len(own), 1)
    of_candidate: list[NDArray[np.float64]] = [
        below,
        below_joined,
        close,
        below * _chance(scope),
        below_joined * brief,
        close * brief,
    ]
    table = np.concatenate(
        [np.stack(of_candidate, axis=1), is_home[:, None] * of_question, np.stack([behind, earlier], axis=1)], axis=1
    )
    rows = {name: dict(zip(FEATURES, evidence.table[row].tolist(), strict=True))
            for name, row in (("home", int(is_home.argmax())), ("best", int(order[0])))}  # fmt: skip
    topic, best = rows["home"], rows["best"]
    away = np.array(
        [
            np.clip(scope, -8, 8),
            best["near.share"] - evidence.elsewhere_near,
            best["phrase.share"] - evidence.elsewhere_phrase,
            topic["near.share"] - evidence.elsewhere_near,
            topic["phrase.share"] - evidence.elsewhere_phrase,
            topic["said"],
            topic["missed"],
            topic["whole.share"],
            topic["like.share"],
            best["said"],
            best["missed"],
            min(len(own), 8),
            np.log1p(material.lexicon.weigh(own)),
            evidence.known,
            evidence.elsewhere_near,
            evidence.elsewhere_phrase,
            joined.elsewhere_phrase,
            1 - len(own) / max(evidence.length, 1),
            bool(_TURNING.search(text)),
        ],
        dtype=np.float64,
    )
    return Context(evidence, evidence.candidates, table.astype(np.float64), len(own), away)


def _scores_of(candidates: NDArray[np.int64], read: Evidence | None, weights: Weights) -> NDArray[np.float64]:
    """Log-odds of `candidates`, all of which are in `read`; all the same where it says nothing."""
    if read is None:
        return np.zeros(len(candidates))
    place = {candidate: row for row, candidate in enumerate(read.candidates.tolist())}
    return weights.rank.score(read.table)[[place[candidate] for candidate in candidates.tolist()]]


def _below(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each one's distance to the best, at most 15."""
    return np.asarray(np.maximum(scores - scores.max(), -15), dtype=np.float64)


def scope_row(evidence: Evidence, order: NDArray[np.intp], chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """The columns of SCOPE_FEATURES for one question, given the candidates' order and their chances."""
    first = dict(zip(FEATURES, evidence.table[order[0]].tolist(), strict=True))
    best = float(min(max(chances[0], 1e-6), 1 - 1e-6))
    second = float(chances[1]) if len(chances) > 1 else 0.0
    return np.array(
        [
            math.log(best / (1 - best)),
            best - second,
            first["whole.share"],
            first["near.share"],
            first["like.share"],
            first["phrase.covered"],
            first["title.covered"],
            first["phrase.share"] - evidence.elsewhere_phrase,
            first["near.share"] - evidence.elsewhere_near,
            evidence.known,
            first["asked.often"],
            math.log(min(max(evidence.length, SHORT), LONG)),  # shares thin out in stories
            first["said"],
            first["missed"],
        ]
    )


def _chance(log_odds: float) -> float:
    return 1 / (1 + math.exp(-min(max(log_odds, -30.0), 30.0)))
