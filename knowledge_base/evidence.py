"""What speaks for each procedure: the evidence that the finder weighs, one row per candidate, one column per kind."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate

import msgspec
import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from knowledge_base.encoder import Encoder, StaticEncoder, Vectors
from knowledge_base.lexicon import Counts, Lexicon, Scores
from knowledge_base.text import VOCABULARY, Word, clauses, words

SHORTLIST = 14
NEAREST = 96
CLAUSES, SHORT_CLAUSE = 4, 4
_COUNTS = np.array([1, 1, 1, 1, 1, 0.5], dtype=np.float32)
"""How much each kind, and the best clause, counts when the shortlist is made."""
KINDS = ("phrase", "whole", "title", "near", "like")
FEATURES = (
    *(f"{kind}.share" for kind in KINDS),
    *(f"{kind}.lead" for kind in KINDS),
    "phrase.second",
    "near.second",
    "clause",
    "clause.lead",
    "title.covered",
    "title.typed",
    "phrase.covered",
    "phrase.typed",
    "title.fuzzy",
    "phrase.fuzzy",
    "asked.often",
    "commune",
    "unsaid",
    "said",
    "missed",
)
CLAUSE, COVERED = FEATURES.index("clause"), FEATURES.index("title.covered")
SCOPE_FEATURES = (
    "first.logit",
    "first.lead",
    "whole.share",
    "near.share",
    "like.share",
    "phrase.covered",
    "title.covered",
    "phrase.ahead",
    "near.ahead",
    "known",
    "asked.often",
    "length",
    "said",
    "missed",
    "wording",
)

SHORT, LONG = 10, 30
"""Words up to which, and from which on, length says nothing about being for us."""


@cache
def variant_words() -> list[tuple[str, tuple[str, ...]]]:
    """What makes a procedure a special variant, as titles have it, and the words by which questions ask for it."""
    table = msgspec.json.decode((VOCABULARY / "variants.json").read_bytes(), type=dict[str, list[str]])
    return [(_plain(marker), tuple(f" {_plain(said)} " for said in sayings)) for marker, sayings in table.items()]


def _plain(text: str) -> str:
    return " ".join(word.folded for word in words(text))


@dataclass(frozen=True)
class Material:
    """What a snapshot offers for finding. The last owner number (`len(codes)`) stands for things asked elsewhere."""

    codes: list[str]
    fields: list[str]
    commune: NDArray[np.float32]
    titles: list[str]
    """Names as the words of `knowledge_base.text`, folded and joined by spaces."""
    phrases: list[str]
    owner: NDArray[np.int32]
    """Which procedure each phrase belongs to, ascending; the first phrase of every procedure is its title."""
    lexicon: Lexicon
    encoder: Encoder
    prototypes: Vectors
    """One vector per procedure: the mean of its phrases and title."""
    likeness: Callable[[Vectors], Scores]
    """The similarity of one vector to every prototype."""
    nearest: Callable[[Vectors, int], tuple[Scores, NDArray[np.int64]]]
    """The most similar phrase vectors of one vector: similarities and phrase numbers."""
    first: NDArray[np.int64] = field(init=False)
    often: NDArray[np.float32] = field(init=False)
    sizes: NDArray[np.int64] = field(init=False)
    """How many phrases every procedure has."""
    bag_starts: NDArray[np.int64] = field(init=False)
    """Where the distinct syllables of each phrase begin in `bags`, by their numbers in the lexicon."""
    bags: NDArray[np.int32] = field(init=False)
    bag_weights: NDArray[np.float64] = field(init=False)
    """What the distinct syllables of each phrase tell together, never quite zero."""
    said: NDArray[np.uint8] = field(init=False)
    """Per procedure, one bit for each syllable of the lexicon: whether some phrase of it holds the syllable."""
    variants: dict[int, list[int]] = field(init=False)
    """Per procedure that is a special variant ("có yếu tố nước ngoài"), the rows of `variant_words` that it is of."""

    def __post_init__(self) -> None:
        counts = np.bincount(self.owner, minlength=len(self.codes) + 1)
        object.__setattr__(self, "first", np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64))
        object.__setattr__(self, "often", np.log1p(counts[:-1]).astype(np.float32))
        object.__setattr__(self, "sizes", counts[:-1].astype(np.int64))
        starts, bags = self.lexicon.bags("phrases")
        object.__setattr__(self, "bag_starts", starts)
        object.__setattr__(self, "bags", bags)
        weights, of_phrase = self.lexicon.syllable_weights, np.repeat(np.arange(len(self.phrases)), np.diff(starts))
        told = np.bincount(of_phrase, weights=weights[bags], minlength=len(self.phrases))
        object.__setattr__(self, "bag_weights", np.maximum(told, 1e-6))
        said = np.zeros((len(counts), len(weights) // 8 + 1), dtype=np.uint8)
        np.bitwise_or.at(said, (self.owner[of_phrase], bags >> 3), (1 << (bags & 7)).astype(np.uint8))
        object.__setattr__(self, "said", said)
        special: dict[int, list[int]] = {}
        for row, (marker, _) in enumerate(variant_words()):
            for number, title in enumerate(self.titles):
                if marker in title:
                    special.setdefault(number, []).append(row)
        object.__setattr__(self, "variants", special)


@dataclass(frozen=True)
class Evidence:
    """What speaks for each candidate of one question."""

    candidates: NDArray[np.int64]
    table: NDArray[np.float64]
    """One row per candidate, columns as in FEATURES."""
    known: float
    """Share of the question's syllable weight that occurs anywhere in the material."""
    length: int
    elsewhere_phrase: float
    elsewhere_near: float


@dataclass(frozen=True)
class Heard:
    """One question against all procedures, before some of them are looked at closely."""

    material: Material
    sequence: list[Word]
    by_phrase: Counts
    """What every phrase shares with the question."""
    total: float
    """What a phrase would have that shares all terms of the question; shares are counted by it."""
    scores: NDArray[np.floating]
    """One row for each of KINDS and one for the best clause, one column per procedure."""
    highest: NDArray[np.floating]
    """The greatest number of each row."""
    near_second: Scores
    elsewhere_phrase: float
    elsewhere_near: float

    def shortlist(self) -> NDArray[np.int64]:
        """The most promising procedures, the best first."""
        return _top((_COUNTS / np.maximum(self.highest, 1e-6)) @ self.scores, SHORTLIST)

    def evidence(self, candidates: NDArray[np.int64]) -> Evidence:
        """All that speaks for each of `candidates`."""
        material, lexicon, weights = self.material, self.material.lexicon, self.material.lexicon.syllable_weights
        table = np.empty((len(candidates), len(FEATURES)))
        picked, kinds = self.scores[:, candidates], len(KINDS)
        leads = picked - self.highest[:, None]
        table[:, :kinds], table[:, kinds : 2 * kinds] = picked[:kinds].T, leads[:kinds].T
        table[:, CLAUSE], table[:, CLAUSE + 1] = picked[kinds], leads[kinds]
        best, second = _best_phrases(material, self.by_phrase, candidates)
        table[:, CLAUSE - 2], table[:, CLAUSE - 1] = second / self.total, self.near_second[candidates]
        folded = [word.folded for word in self.sequence]
        of_words = [lexicon.number(word) for word in folded]
        known = [number for number in of_words if number >= 0]
        asked = np.array(sorted(set(known)), dtype=np.int64)
        of_asked = weights[asked].astype(np.float64)
        strange = {word for word, number in zip(folded, of_words, strict=True) if number < 0}
        weight = float(of_asked.sum()) + lexicon.greatest * len(strange)
        text = " ".join(folded)
        _compare(material, text, asked, max(weight, 1e-6), best, candidates, table[:, COVERED : COVERED + 6])
        table[:, COVERED + 6], table[:, COVERED + 7] = material.often[candidates], material.commune[candidates]
        table[:, COVERED + 8] = _unsaid(material, text, candidates)
        table[:, COVERED + 9], table[:, COVERED + 10] = _said(material, asked, of_asked, candidates)
        told = float(weights[known].sum(dtype=np.float64))
        untold = lexicon.greatest * (len(of_words) - len(known))
        return Evidence(
            candidates=candidates,
            table=table,
            known=told / max(told + untold, 1e-6),
            length=len(of_words),
            elsewhere_phrase=self.elsewhere_phrase,
            elsewhere_near=self.elsewhere_near,
        )


def hear(material: Material, question: str, read: list[list[Word]] | None = None) -> Heard | None:
    """What `question` has in common with every procedure; None where nothing at all speaks. `read`: its clauses, where
    they are read already."""
    lexicon = material.lexicon
    parts = [lexicon.read_words(part) for part in (clauses(question) if read is None else read)]
    sequence = parts[0] if len(parts) == 1 else [word for part in parts for word in part]
    rows, total = lexicon.rows(sequence)
    if not rows:
        return None
    total = max(total, 1e-6) / lexicon.postings.step
    # first what is done word by word, then what goes over all procedures: each throws the other out of the caches
    vectors = _vectors(material, sequence, parts, question)
    lexical = lexicon.postings.score(rows)
    by_phrase, whole, title = lexical["phrases"], lexical["wholes"], lexical["titles"]
    best_phrase = np.maximum.reduceat(by_phrase, material.first)
    similar = [material.likeness(vector) for vector in vectors]
    like = by_clause = similar[0]
    for likeness in similar[1:]:
        by_clause = np.maximum(by_clause, likeness)
    similarities, numbers = material.nearest(vectors[0], NEAREST)
    near, near_second = _two_nearest(material, similarities, numbers, like)
    scores = np.empty((len(KINDS) + 1, len(like)), dtype=np.float32)
    scores[0], scores[1], scores[2] = best_phrase[:-1], whole, title
    scores[:3] *= np.float32(1 / total)
    scores[3], scores[4], scores[5] = near[:-1], like, by_clause
    return Heard(
        material=material,
        sequence=sequence,
        by_phrase=by_phrase,
        total=total,
        scores=scores,
        highest=scores.max(axis=1),
        near_second=near_second,
        elsewhere_phrase=float(best_phrase[-1] / total),
        elsewhere_near=float(near[-1]),
    )


def gather(
    material: Material, question: str, also: NDArray[np.int64] | None = None, read: list[list[Word]] | None = None
) -> Evidence | None:
    """Evidence for the most promising procedures and for those of `also`; None where nothing at all speaks."""
    heard = hear(material, question, read)
    if heard is None:
        return None
    candidates = heard.shortlist()
    return heard.evidence(candidates if also is None else np.union1d(candidates, also))


def scope_row(
    evidence: Evidence, order: NDArray[np.intp], chances: NDArray[np.float64], wording: float
) -> NDArray[np.float64]:
    """The columns of SCOPE_FEATURES for one question, given the candidates' order and their chances, and the log-odds
    that it is one for us by its wording."""
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
            wording,
        ]
    )


def _two_nearest(
    material: Material, similarities: Scores, numbers: NDArray[np.int64], like: Scores
) -> tuple[Scores, Scores]:
    """Similarity of the nearest and the second nearest phrase of every procedure, estimated where none was found."""
    floor = float(similarities[-1])
    nearest = np.empty(len(like) + 1, dtype=np.float32)
    np.minimum(like, floor, out=nearest[:-1])
    nearest[-1] = min(floor, 0.0)
    second = nearest.copy()
    # backwards, so that the nearest phrase of a procedure is written last and stays
    owners, places = material.owner[numbers][::-1], np.arange(len(numbers))[::-1]
    similarities = similarities[::-1]
    nearest[owners] = similarities
    first = np.zeros(len(nearest), dtype=np.int64)
    first[owners] = places
    others = first[owners] != places
    second[owners[others]] = similarities[others]
    return nearest, second


def _vectors(material: Material, sequence: list[Word], parts: list[list[Word]], question: str) -> list[Vectors]:
    """Vectors of the whole and of its clauses: a story names its need in one of them."""
    if not isinstance(material.encoder, StaticEncoder):
        return [np.asarray(material.encoder.encode([question])[0], dtype=np.float32)]
    ends = list(accumulate(map(len, parts)))
    bounds = [(end - len(part), end) for end, part in zip(ends, parts, strict=True) if len(part) >= SHORT_CLAUSE]
    if len(bounds) < 2 or len(sequence) < 2 * SHORT_CLAUSE:
        return [material.encoder.encode_words(sequence)]
    longest = sorted(bounds, key=lambda bound: bound[0] - bound[1])[:CLAUSES]
    return list(material.encoder.encode_parts(sequence, [(0, len(sequence)), *longest]))


def _top(values: NDArray[np.floating], count: int) -> NDArray[np.int64]:
    count = min(count, len(values))
    chosen = np.argpartition(values, len(values) - count)[len(values) - count :]
    return np.asarray(chosen[np.argsort(-values[chosen], kind="stable")], dtype=np.int64)


def _best_phrases(
    material: Material, by_phrase: Counts, candidates: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
    """The best phrase of each candidate, and the mean of its two best: one lucky phrase says less than two."""
    first, sizes = material.first[candidates], material.sizes[candidates]
    steps = np.arange(int(sizes.max()))
    numbers = np.minimum(first[:, None] + steps, len(by_phrase) - 1)
    mine = np.where(steps < sizes[:, None], by_phrase[numbers], 0).astype(np.float64)
    rows, best = np.arange(len(candidates)), mine.argmax(axis=1)
    highest = mine[rows, best]
    mine[rows, best] = 0
    return first + best, (highest + mine.max(axis=1)) / 2


def _compare(  # noqa: PLR0917
    material: Material,
    text: str,
    asked: NDArray[np.int64],
    weight: float,
    best: NDArray[np.int64],
    candidates: NDArray[np.int64],
    table: NDArray[np.float64],
) -> None:
    """How much of the question the title and the best phrase cover, how much of them it covers, and likeness: the six
    columns of `table`. `text`: the question's words; `asked`: the numbers of its syllables; `weight`: of them all,
    known or not."""
    weights = material.lexicon.syllable_weights
    shared = np.zeros(len(weights), dtype=np.float32)
    shared[asked] = weights[asked]
    # the title is the first phrase of its procedure
    said = np.concatenate([material.first[candidates], best])
    starts = material.bag_starts[said]
    lengths = material.bag_starts[said + 1] - starts
    of_said = np.repeat(np.arange(len(said)), lengths)
    within = np.arange(len(of_said)) + np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
    common = np.bincount(of_said, weights=shared[material.bags[within]], minlength=len(said))
    phrases = [material.phrases[number] for number in said.tolist()]
    alike = process.cdist([text], phrases, scorer=fuzz.ratio, workers=1)[0]
    table[:, 0:3:2] = (common / weight).reshape(2, -1).T
    table[:, 1:4:2] = (common / material.bag_weights[said]).reshape(2, -1).T
    table[:, 4:6] = (alike / 100).reshape(2, -1).T


def _said(
    material: Material, asked: NDArray[np.int64], of_asked: NDArray[np.float64], candidates: NDArray[np.int64]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """What share of the question's weight occurs in some phrase of each candidate, and the weightiest syllable of the
    question that occurs in none: a shop that sells liquor is no shop that sells electricity."""
    if not len(asked):
        return np.zeros(len(candidates)), np.zeros(len(candidates))
    occurs = (material.said[candidates[:, None], asked >> 3] >> (asked & 7).astype(np.uint8)) & 1
    absent = (1 - occurs) * of_asked
    return 1 - absent.sum(axis=1) / max(of_asked.sum(), 1e-6), absent.max(axis=1)


def _unsaid(material: Material, text: str, candidates: NDArray[np.int64]) -> NDArray[np.floating]:
    """How many special circumstances of each candidate the words of the question do not mention: a plain question
    means the plain procedure."""
    special = [material.variants.get(candidate, ()) for candidate in candidates.tolist()]
    asked_for = {row for rows in special for row in rows}
    if not asked_for:
        return np.zeros(len(candidates))
    padded, variants = f" {text} ", variant_words()
    missing = {row for row in asked_for if not any(saying in padded for saying in variants[row][1])}
    return np.array([len(missing.intersection(rows)) for rows in special], dtype=float)
