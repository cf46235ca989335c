"""A later turn of a conversation: does it go on about the procedure that was talked about, or ask for another one?"""

import re
from dataclasses import dataclass
from functools import cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from knowledge_base.evidence import FEATURES, Evidence, Heard, Material, hear, scope_row
from knowledge_base.text import VOCABULARY, words
from knowledge_base.weights import Weights, grams, ranked

NEIGHBOURS = 12
"""How many procedures near the topic are considered in any case, the topic among them."""
AWAY_WORDS = 3
"""Own words from which on a later turn may be taken for none of ours: a shorter one goes on about the topic."""
FARTHEST = -15.0
"""Log-odds below the best one's that still count; a candidate farther off is as good as out."""
OWN_COUNTED = 8
"""From this number of own words on, more of them say no more."""


@cache
def _asking() -> frozenset[str]:
    """Words that only ask; a question of nothing else goes on about the topic."""
    return frozenset(msgspec.json.decode((VOCABULARY / "asking.json").read_bytes(), type=list[str]))


@cache
def _persons() -> frozenset[str]:
    """What people call themselves, others, and whom they ask."""
    return frozenset(msgspec.json.decode((VOCABULARY / "persons.json").read_bytes(), type=list[str]))


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


@dataclass(frozen=True)
class Context:
    """A later turn of a conversation: candidates, and one row for each with the columns of CONTEXT_FEATURES."""

    evidence: Evidence
    """Of the turn alone."""
    candidates: NDArray[np.int64]
    table: NDArray[np.float64]
    own: int
    """How many words do more than ask."""
    away: NDArray[np.float64]
    """The columns of AWAY_FEATURES."""


def own_words(question: str) -> list[str]:
    """The words of `question` that do more than ask."""
    return [word.folded for word in words(question) if word.folded not in _asking()]


def wording_of(material: Material, question: str, home: int, before: str) -> list[str]:
    """How a later turn is worded, for `Wording`: its words and pairs of words, as they are, and with what was said
    before ("B") and what the topic's phrases hold ("T") masked, since "T thì sao" goes on whatever T is. Words for
    persons are left out: how often people name themselves is their habit and says nothing about what they ask."""
    turn, said = ([word.folded for word in words(text)] for text in (question, before))
    turn = [word for word in turn if word not in _persons()]
    number, mine = material.lexicon.number, set(_syllables(material, home))
    masked = ["B" if word in said else "T" if number(word) in mine else word for word in turn]
    return [*grams(turn), *grams(masked, "~")]


def _syllables(material: Material, number: int) -> list[int]:
    found: list[int] = np.flatnonzero(np.unpackbits(material.said[number], bitorder="little")).tolist()
    return found


def read_context(
    material: Material, weights: Weights, question: str, home: int, before: str = "", *, sounds: float | None = None
) -> Context | None:
    """All readings of a later turn about the procedure number `home`; None where no word says anything. Where the
    question `before` is not known, the topic's name stands for it. `sounds`: how its wording sounds, where that is not
    to be judged by `weights`."""
    before = before or material.titles[home]
    alone, joined, behind, earlier = (
        hear(material, text)
        for text in (question, f"{question} {material.titles[home]}", f"{before}, {question}", before)
    )
    if alone is None or joined is None or behind is None:
        return None
    nearness = material.likeness(material.prototypes[home])
    near = np.argsort(-nearness)[:NEIGHBOURS].astype(np.int64)
    shortlists = [heard.shortlist() for heard in (alone, joined, behind)]
    candidates = np.unique(np.concatenate([near, *shortlists]))
    read = [heard.evidence(candidates) for heard in (alone, joined, behind)]
    scores = [weights.rank.score(evidence.table) for evidence in read]
    first = _scores(earlier, candidates, weights)
    evidence, by_itself = read[0], scores[0]
    order, chances = ranked(by_itself)
    folded = [word.folded for word in words(question)]
    scope_of = scope_row(evidence, order, chances, weights.ours.log_odds(grams(folded)))
    scope = float(np.clip(weights.scope.score(scope_of[None, :])[0], -8, 8))
    is_home = candidates == home
    own = own_words(question)
    names = float(np.log1p(material.lexicon.weigh(own)))
    asks = 1 - len(own) / max(evidence.length, 1)
    turned = bool(_TURNING.search(" ".join(folded)))
    lead = float(np.where(is_home, -np.inf, by_itself).max() - by_itself[is_home][0])
    if sounds is None:
        sounds = weights.wording.log_odds(wording_of(material, question, home, before))
    of_turn = [
        1.0,
        min(len(own), OWN_COUNTED),
        names,
        scope,
        turned,
        asks,
        evidence.known,
        evidence.elsewhere_near,
        evidence.elsewhere_phrase,
        np.clip(lead, FARTHEST, -FARTHEST),
        sounds,
    ]
    table = np.concatenate(
        [
            np.stack([*map(_below, scores), _below(first), nearness[candidates].astype(np.float64)], axis=1),
            *(each.table for each in read),
            is_home[:, None] * np.array(of_turn, dtype=np.float64),
        ],
        axis=1,
    )
    rows = {name: dict(zip(FEATURES, evidence.table[row].tolist(), strict=True))
            for name, row in (("home", int(is_home.argmax())), ("best", int(order[0])))}  # fmt: skip
    topic, best = rows["home"], rows["best"]
    away = np.array(
        [
            scope,
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
            min(len(own), OWN_COUNTED),
            names,
            evidence.known,
            evidence.elsewhere_near,
            evidence.elsewhere_phrase,
            read[1].elsewhere_phrase,
            asks,
            turned,
        ],
        dtype=np.float64,
    )
    return Context(evidence, candidates, table, len(own), away)


def _scores(heard: Heard | None, candidates: NDArray[np.int64], weights: Weights) -> NDArray[np.float64]:
    """Log-odds of `candidates`; all the same where nothing was said."""
    return np.zeros(len(candidates)) if heard is None else weights.rank.score(heard.evidence(candidates).table)


def _below(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each one's distance to the best."""
    return np.asarray(np.maximum(scores - scores.max(), FARTHEST), dtype=np.float64)
