"""What was learnt about weighing evidence: linear models over named columns, and the thresholds between decisions."""

import math
from collections.abc import Collection
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from knowledge_base.evidence import FEATURES, SCOPE_FEATURES

LEARNT = Path(__file__).parent / "data" / "finder.json"
READINGS = ("alone", "joined", "behind")
"""How a later turn is read: by itself, with the topic's name, and behind the question before it."""
CONTEXT_FEATURES = (
    *READINGS,
    "before",
    "nearness",
    *(f"{reading}.{feature}" for reading in READINGS for feature in FEATURES),
    "home",
    "home.own",
    "home.names",
    "home.scope",
    "home.turned",
    "home.asks",
    "home.known",
    "home.near",
    "home.phrase",
    "home.lead",
    "home.wording",
)
"""What is weighed for each candidate in a conversation: its log-odds below the best one's in each reading and by the
question before alone, its nearness to the topic, and all evidence of each reading. The others count for the topic
only: that it is the topic; number and weight of the turn's own words; log-odds that it is for us, alone; words of
turning to something else; share of words that only ask; what is known of it, and its likeness to what is not for us;
by how much the topic is behind the best other; and how the wording alone sounds (`Wording`)."""
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


class Linear(msgspec.Struct, frozen=True, cache_hash=True):
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

    def chance(self, row: NDArray[np.float64]) -> float:
        """The probability for one row."""
        slope, offset = _folded_in(self)
        return chance(float(row @ slope) + offset)


@lru_cache(maxsize=32)
def _folded_in(linear: Linear) -> tuple[NDArray[np.float64], float]:
    """Slope and offset on the columns as they are, mean and scale worked in."""
    slope = np.array(linear.weights) / np.array(linear.scale)
    return slope, linear.bias - float(slope @ np.array(linear.mean))


LOUDEST = 5.0
"""Log-odds beyond which wording says no more, however many words point one way."""


def grams(sequence: list[str], kind: str = "") -> list[str]:
    """The words of a text, and its pairs of words with where it begins and ends; `kind` tells one reading of it from
    another."""
    bounded = ["<", *sequence, ">"]
    return [*(kind + word for word in sequence), *(f"{kind}{first} {second}" for first, second in pairwise(bounded))]


class Wording(msgspec.Struct, frozen=True):
    """What the words of a text alone tell: a logistic model of which words, and pairs of them, are there."""

    bias: float
    weights: dict[str, float]

    def log_odds(self, found: Collection[str]) -> float:
        """Log-odds, from -LOUDEST to LOUDEST, for a text with these features."""
        weights = self.weights
        said = self.bias + math.fsum([weights[feature] for feature in weights.keys() & found])
        return min(max(said, -LOUDEST), LOUDEST)


class Weights(msgspec.Struct, frozen=True):
    """What calibration learnt: how to rank, whether the question is ours at all, whether the first is right."""

    rank: Linear
    ours: Wording
    """Whether a message is one for us, by its words alone."""
    scope: Linear
    right: Linear
    nothing_below: float
    """Answer nothing where the probability of being in scope is lower."""
    asked_from: float
    """From this probability on the best procedure, or one matter at several levels that share it, is offered as a
    question back, even where scope is doubtful."""
    sure_from: float
    """Answer one procedure where the probability of being right is at least this."""
    follow_up: Linear
    """Which procedure a later turn is about, the topic among the candidates."""
    wording: Wording
    """Whether a later turn goes on, by its words alone."""
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
    ours=Wording(0.0, {}),
    nothing_below=0.3,
    asked_from=0.35,
    sure_from=0.75,
    follow_up=_by_hand(
        CONTEXT_FEATURES, {"alone": 0.6, "joined": 0.3, "nearness": 4, "home": 2.5, "home.lead": -0.3}, 0
    ),
    wording=Wording(0.0, {}),
    away=_by_hand(AWAY_FEATURES, {}, -9),
    away_from=0.9,
)  # fmt: skip


def ranked(scores: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The places of log-odds, the best first, and the chance of each in that order, if exactly one of them is right."""
    order = np.argsort(-scores, kind="stable")
    chances = np.exp(scores[order] - scores[order[0]])
    return order, chances / chances.sum()


def chance(log_odds: float) -> float:
    """The probability that these log-odds stand for."""
    return 1 / (1 + math.exp(-min(max(log_odds, -30.0), 30.0)))
