"""What speaks for each procedure: the evidence that the finder weighs, one row per candidate, one column per kind."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import msgspec
import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from knowledge_base.encoder import Encoder, StaticEncoder, Vectors
from knowledge_base.lexicon import Lexicon, Scores
from knowledge_base.text import VOCABULARY, Word, words

SHORTLIST = 18
NEAREST = 160
CLAUSES = 4
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
)
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
)


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
    """Which procedure each phrase belongs to, ascending; every owner has at least one phrase (its title)."""
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
    title_bags: list[frozenset[str]] = field(init=False)
    """The syllables of each title, and what they weigh together."""
    title_weights: list[float] = field(init=False)
    variants: dict[int, list[int]] = field(init=False)
    """Per procedure that is a special variant ("có yếu tố nước ngoài"), the rows of `variant_words` that it is of."""

    def __post_init__(self) -> None:
        counts = np.bincount(self.owner, minlength=len(self.codes) + 1)
        object.__setattr__(self, "first", np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64))
        object.__setattr__(self, "often", np.log1p(counts[:-1]).astype(np.float32))
        bags = [frozenset(map(sys.intern, title.split())) for title in self.titles]
        object.__setattr__(self, "title_bags", bags)
        object.__setattr__(self, "title_weights", [self.lexicon.weigh(bag) for bag in bags])
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


def gather(material: Material, question: str, also: NDArray[np.int64] | None = None) -> Evidence | None:
    """Evidence for the most promising procedures and for those of `also`; None where nothing at all speaks."""
    lexicon = material.lexicon
    sequence = lexicon.read_words(words(question))
    if not sequence:
        return None
    rows, total = lexicon.rows(sequence)
    total = max(total, 1e-6)
    lexical = lexicon.postings.score(rows)
    by_phrase, whole, title = lexical["phrases"], lexical["wholes"], lexical["titles"]
    best_phrase = np.maximum.reduceat(by_phrase, material.first)
    vector = _vector(material, sequence, question)
    similar = [material.likeness(clause) for clause in _clauses(material, question, vector)]
    like = by_clause = similar[0]
    for likeness in similar[1:]:
        by_clause = np.maximum(by_clause, likeness)
    similarities, numbers = material.nearest(vector, NEAREST)
    near, near_second = _two_nearest(material, similarities, numbers, like)
    scores = {
        "phrase": best_phrase[:-1] / total,
        "whole": whole / total,
        "title": title / total,
        "near": near[:-1],
        "like": like,
    }
    if not max(float(by_phrase.max()), float(title.max()), float(whole.max())) > 0:
        return None
    rough = sum(_relative(values) for values in scores.values()) + 0.5 * _relative(by_clause)
    candidates = _top(rough, SHORTLIST)
    if also is not None:
        candidates = np.union1d(candidates, also)
    columns: list[NDArray[np.floating]] = [scores[kind][candidates] for kind in KINDS]
    columns += [scores[kind][candidates] - scores[kind].max() for kind in KINDS]
    columns.append(_second(material, by_phrase, candidates) / total)
    columns.append(near_second[candidates])
    columns += [by_clause[candidates], by_clause[candidates] - by_clause.max()]
    columns += _compare(material, sequence, by_phrase, candidates)
    columns += [material.often[candidates], material.commune[candidates], _unsaid(material, sequence, candidates)]
    syllables = [lexicon.weight(word.folded) for word in sequence]
    known = [lexicon.knows(word.folded) for word in sequence]
    return Evidence(
        candidates=candidates,
        table=np.stack(columns, axis=1).astype(np.float64),
        known=float(np.dot(syllables, known) / max(sum(syllables), 1e-6)),
        length=len(sequence),
        elsewhere_phrase=float(best_phrase[-1] / total),
        elsewhere_near=float(near[-1]),
    )


def _two_nearest(
    material: Material, similarities: Scores, numbers: NDArray[np.int64], like: Scores
) -> tuple[Scores, Scores]:
    """Similarity of the nearest and the second nearest phrase of every procedure, estimated where none was found."""
    floor = float(similarities[-1])
    nearest = np.append(np.minimum(like, floor), min(floor, 0.0)).astype(np.float32)
    second = nearest.copy()
    owners = material.owner[numbers]
    found, places = np.unique(owners, return_index=True)
    nearest[found] = similarities[places]
    others = np.delete(np.arange(len(owners)), places)
    found, places = np.unique(owners[others], return_index=True)
    second[found] = similarities[others[places]]
    return nearest, second


def _vector(material: Material, sequence: list[Word], question: str) -> Vectors:
    if isinstance(material.encoder, StaticEncoder):
        return material.encoder.encode_words(sequence)
    return np.asarray(material.encoder.encode([question])[0], dtype=np.float32)


def _clauses(material: Material, question: str, vector: Vectors) -> list[Vectors]:
    """Vectors of the whole and of its clauses: a story names its need in one of them."""
    if not isinstance(material.encoder, StaticEncoder):
        return [vector]
    parts = [words(part) for part in _split(question)]
    long = sorted((part for part in parts if len(part) >= 4), key=len, reverse=True)[:CLAUSES]
    return [vector, *(material.encoder.encode_words(part) for part in long)] if len(long) > 1 else [vector]


def _split(question: str) -> list[str]:
    for mark in ",;.?!\n":
        question = question.replace(mark + " ", "\n")
    return question.split("\n")


def _relative(values: NDArray[np.floating]) -> NDArray[np.floating]:
    return values / max(float(values.max()), 1e-6)


def _top(values: NDArray[np.floating], count: int) -> NDArray[np.int64]:
    count = min(count, len(values))
    chosen = np.argpartition(-values, count - 1)[:count]
    return np.asarray(chosen[np.argsort(-values[chosen], kind="stable")], dtype=np.int64)


def _span(material: Material, candidate: int) -> slice:
    return slice(int(material.first[candidate]), int(material.first[candidate + 1]))


def _second(material: Material, by_phrase: Scores, candidates: NDArray[np.int64]) -> NDArray[np.floating]:
    """Mean of the two best phrases: one lucky phrase says less than two."""
    result = np.zeros(len(candidates))
    for position, candidate in enumerate(candidates):
        mine = sorted(by_phrase[_span(material, candidate)].tolist())
        result[position] = sum(mine[-2:]) / 2
    return result


def _compare(
    material: Material, sequence: list[Word], by_phrase: Scores, candidates: NDArray[np.int64]
) -> list[NDArray[np.floating]]:
    """How much of the question the best phrase and the title cover, how much of them it covers, and likeness."""
    lexicon = material.lexicon
    weigh = {word.folded: lexicon.weight(word.folded) for word in sequence}
    asked = weigh.keys()
    all_asked = max(sum(weigh.values()), 1e-6)
    text = " ".join(word.folded for word in sequence)
    best = [
        material.first[candidate] + int(by_phrase[_span(material, candidate)].argmax())
        for candidate in candidates.tolist()
    ]
    said = [material.phrases[number] for number in best]
    alike = process.cdist(
        [text], [material.titles[c] for c in candidates.tolist()] + said, scorer=fuzz.token_set_ratio, workers=1
    )[0]
    table = np.zeros((len(said), 4))
    for position, (candidate, phrase) in enumerate(zip(candidates.tolist(), said, strict=True)):
        bag = set(phrase.split())
        shared = sum([weigh[folded] for folded in asked & material.title_bags[candidate]])
        also = sum([weigh[folded] for folded in asked & bag])
        table[position] = (
            shared / all_asked,
            shared / material.title_weights[candidate],
            also / all_asked,
            also / lexicon.weigh(bag),
        )
    return [*table.T, alike[: len(said)] / 100, alike[len(said) :] / 100]


def _unsaid(material: Material, sequence: list[Word], candidates: NDArray[np.int64]) -> NDArray[np.floating]:
    """How many special circumstances of each candidate the question does not mention: a plain question means the
    plain procedure."""
    if not material.variants:
        return np.zeros(len(candidates))
    text = f" {' '.join(word.folded for word in sequence)} "
    missing = {row for row, (_, said) in enumerate(variant_words()) if not any(saying in text for saying in said)}
    return np.array([len(missing.intersection(material.variants.get(c, ()))) for c in candidates.tolist()], dtype=float)
