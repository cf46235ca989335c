"""Which procedure does a resident mean? Weighs the evidence into a probability and decides: sure, several, nothing."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from knowledge_base.evidence import FEATURES, SCOPE_FEATURES, Evidence, Material, gather
from knowledge_base.text import CODE, words

SHOWN = ("phrase.share", "whole.share", "title.share", "near.share", "like.share", "title.fuzzy", "phrase.fuzzy")
"""The evidence that a match carries along for people who want to know why."""
_SHOWN_COLUMNS = [FEATURES.index(name) for name in SHOWN]
NEIGHBOURS = 12
"""How many procedures near the topic are considered in any case, the topic among them."""
CLOSENESS, MOVED = 6.0, 1.0
"""How much nearness to the topic counts in a conversation, and how clearly another procedure must win; in log-odds."""
LEARNT = Path(__file__).parent / "data" / "finder.json"


_ASKING = frozenset(
    "vay the thi nhi a u oi con gi nao sao dau bao lau nhieu may tien phi le ngay gio mau don to nop lam xong co khong "
    "mang online qua mat het duoc can giay ho so cho ai luc khi roi nua them khac ngay hom tuan lay vneid truc tuyen gom "
    "ad em toi chau bac minh noi dia chi gan nha moi phai dieu kien cu".split()
)
"""Words that only ask; a question of nothing else goes on about the topic."""


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
    follow_up: Linear | None = None

    @classmethod
    def read(cls, file: Path = LEARNT) -> "Weights":
        """Learnt weights; hand-set ones where none are shipped yet."""
        if not file.exists():
            return UNTRAINED
        weights = msgspec.json.decode(file.read_bytes(), type=cls)
        if weights.rank.columns != FEATURES or weights.scope.columns != SCOPE_FEATURES:
            return UNTRAINED
        return weights


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
)  # fmt: skip


class Finder:
    """Finds procedures in one snapshot. Holds no state between questions; safe to use from several threads."""

    def __init__(self, material: Material, weights: Weights) -> None:
        self._material, self._weights = material, weights
        self._number = {code: number for number, code in enumerate(material.codes)}

    def find(self, question: str, *, limit: int = 10) -> Found:
        """The procedures that `question` may mean, with a decision. A code in the question settles it."""
        for code in CODE.findall(question):
            if code in self._number:
                return Found("sure", (Match(code, 0.999, {"code": 1.0}),))
        evidence = gather(self._material, question)
        if evidence is None:
            return Found("nothing", ())
        return self._decide(evidence, self._weights.rank.score(evidence.table), limit)

    def _decide(self, evidence: Evidence, scores: NDArray[np.float64], limit: int) -> Found:
        order = np.argsort(-scores, kind="stable")
        chances = np.exp(scores[order] - scores[order[0]])
        chances /= chances.sum()
        row = scope_row(evidence, order, chances)[None, :]
        in_scope = _chance(self._weights.scope.score(row)[0])
        right = _chance(self._weights.right.score(row)[0])
        shown = np.round(evidence.table[np.ix_(order[:limit], _SHOWN_COLUMNS)], 3).tolist()
        matches = tuple(
            Match(self._material.codes[candidate], chance, dict(zip(SHOWN, values, strict=True)))
            for candidate, chance, values in zip(
                evidence.candidates[order[:limit]].tolist(),
                np.round(chances[:limit] * in_scope, 4).tolist(),
                shown,
                strict=True,
            )
        )
        if in_scope < self._weights.nothing_below:
            return Found("nothing", matches)
        return Found("sure" if right >= self._weights.sure_from else "several", matches)

    def in_context(self, question: str, topic: str) -> Found | None:
        """None where `question` goes on about the procedure `topic`, otherwise what it newly asks for.

        Both readings are weighed: alone (how well do other procedures explain the words that name something?) and
        as going on (procedures close to the topic are likelier, the topic itself the likeliest).
        """
        named = CODE.findall(question)
        if named and named[0] in self._number:
            return None if named[0] == topic else self.find(question)
        home = self._number.get(topic)
        if home is None:
            return self.find(question)
        if not {word.folded for word in words(question)} - _ASKING:
            return None
        nearness = self._material.likeness(self._material.prototypes[home])
        evidence = gather(self._material, question, also=np.argsort(-nearness)[:NEIGHBOURS])
        if evidence is None:
            return None
        scores = self._weights.rank.score(evidence.table)
        alone = self._decide(evidence, scores, 10)
        going_on = scores + CLOSENESS * nearness[evidence.candidates]
        own = int(np.flatnonzero(evidence.candidates == home)[0])
        others = np.where(evidence.candidates == home, -np.inf, going_on)
        if alone.decision == "nothing" or others.max() - going_on[own] < MOVED:
            return None
        return self._decide(evidence, np.where(evidence.candidates == home, going_on - CLOSENESS, going_on), 10)


def scope_row(evidence: Evidence, order: NDArray[np.intp], chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """The columns of SCOPE_FEATURES for one question, given the candidates' order and their chances."""
    first = dict(zip(FEATURES, evidence.table[order[0]], strict=True))
    best = float(min(max(chances[0], 1e-6), 1 - 1e-6))
    second = float(chances[1]) if len(chances) > 1 else 0.0
    return np.array(
        [
            np.log(best / (1 - best)),
            best - second,
            first["whole.share"],
            first["near.share"],
            first["like.share"],
            first["phrase.covered"],
            first["title.covered"],
            first["phrase.share"] - evidence.elsewhere_phrase,
            first["near.share"] - evidence.elsewhere_near,
            evidence.known,
        ]
    )


def _chance(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(log_odds, -30, 30))))
