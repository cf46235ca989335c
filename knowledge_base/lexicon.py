"""Evidence from words: BM25 over syllables, pairs, marks and sounds, and the spelling of words nobody knows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from knowledge_base.text import Word, terms

Scores = NDArray[np.float32]
Arrays = dict[str, NDArray[np.generic]]

KIND_WEIGHT = {"w": 1.0, "p": 0.8, "m": 0.5, "s": 0.3}
"""How much each kind of term counts next to a plain syllable; chosen on held-out phrases."""
K1, B = 0.9, 0.4


class Postings:
    """BM25 of one collection of documents, all arithmetic on documents done when it is built."""

    def __init__(self, starts: NDArray[np.int64], documents: NDArray[np.int32], impacts: NDArray[np.float32], size: int):
        self._starts, self._documents, self._impacts, self.size = starts, documents, impacts, size

    @classmethod
    def build(cls, collection: Sequence[Mapping[int, int]], rows: int) -> "Postings":
        """`collection`: per document, how often each row of the vocabulary occurs."""
        size = len(collection)
        lengths = np.array([sum(counts.values()) for counts in collection], dtype=np.float32)
        mean = float(lengths.mean()) if size else 1.0
        row = np.fromiter((r for counts in collection for r in counts), dtype=np.int64)
        often = np.fromiter((c for counts in collection for c in counts.values()), dtype=np.float32)
        document = np.repeat(np.arange(size, dtype=np.int32), [len(counts) for counts in collection])
        order = np.argsort(row, kind="stable")
        row, often, document = row[order], often[order], document[order]
        starts = np.searchsorted(row, np.arange(rows + 1)).astype(np.int64)
        damping = K1 * (1 - B + B * lengths[document] / max(mean, 1e-9))
        impacts = (often * (K1 + 1) / (often + damping)).astype(np.float32)
        return cls(starts, document, impacts, size)

    def score(self, rows: NDArray[np.int64], weights: NDArray[np.float64]) -> Scores:
        """Sum over `rows` of weight times impact, for every document."""
        if not len(rows):
            return np.zeros(self.size, dtype=np.float32)
        starts, ends = self._starts[rows], self._starts[rows + 1]
        slices = [slice(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        documents = np.concatenate([self._documents[part] for part in slices])
        values = np.concatenate([self._impacts[part] for part in slices])
        values = values * np.repeat(weights, ends - starts)
        return np.bincount(documents, weights=values, minlength=self.size).astype(np.float32)

    def arrays(self, prefix: str) -> Arrays:
        return {
            f"{prefix}.starts": self._starts,
            f"{prefix}.documents": self._documents,
            f"{prefix}.impacts": self._impacts,
            f"{prefix}.size": np.array([self.size]),
        }

    @classmethod
    def read(cls, arrays: Mapping[str, NDArray[np.generic]], prefix: str) -> "Postings":
        return cls(
            arrays[f"{prefix}.starts"].astype(np.int64),
            arrays[f"{prefix}.documents"].astype(np.int32),
            arrays[f"{prefix}.impacts"].astype(np.float32),
            int(arrays[f"{prefix}.size"][0]),
        )


class Lexicon:
    """The vocabulary with its weights, and postings for phrases, titles and whole procedures."""

    def __init__(self, vocabulary: list[str], weights: NDArray[np.float32], postings: dict[str, Postings]) -> None:
        self._vocabulary, self._weights, self.postings = vocabulary, weights, postings
        self._greatest = float(weights.max()) if len(weights) else 0.0
        self._rows = {term: row for row, term in enumerate(vocabulary)}
        self._spellings = [term[1:] for term in vocabulary if term[0] == "w" and term[1:].isalpha()]
        self._known = set(self._spellings)
        self.respell = lru_cache(maxsize=4096)(self._respell)

    @classmethod
    def build(cls, collections: Mapping[str, Sequence[list[str]]], weigh_by: str) -> "Lexicon":
        """`collections`: the terms of each document; rarity is counted in the collection named `weigh_by`."""
        vocabulary = sorted({term for documents in collections.values() for found in documents for term in found})
        rows = {term: row for row, term in enumerate(vocabulary)}
        counted = {
            name: [Counter(rows[term] for term in found) for found in documents]
            for name, documents in collections.items()
        }
        seen = np.zeros(len(vocabulary), dtype=np.float64)
        for counts in counted[weigh_by]:
            seen[list(counts)] += 1
        total = len(counted[weigh_by])
        rarity = np.log(1 + (total - seen + 0.5) / (seen + 0.5))
        kind = np.array([KIND_WEIGHT[term[0]] for term in vocabulary])
        postings = {name: Postings.build(counts, len(vocabulary)) for name, counts in counted.items()}
        return cls(vocabulary, (rarity * kind).astype(np.float32), postings)

    def _respell(self, folded: str) -> tuple[str, ...]:
        if folded in self._known or not folded.isalpha() or len(folded) < 3:
            return (folded,)
        for cut in range(2, len(folded) - 1):
            left, right = folded[:cut], folded[cut:]
            if f"p{left} {right}" in self._rows:
                return left, right
        found = process.extract(folded, self._spellings, scorer=OSA.distance, score_cutoff=1, limit=8)
        nearest = [spelling for spelling, _, _ in found if abs(len(spelling) - len(folded)) <= 1]
        if not nearest:
            return (folded,)
        return (min(nearest, key=lambda spelling: self._weights[self._rows["w" + spelling]]),)

    def read_words(self, sequence: list[Word]) -> list[Word]:
        """`sequence` with unknown syllables replaced by the known ones they were probably meant to be."""
        result: list[Word] = []
        for word in sequence:
            spelt = self.respell(word.folded)
            result.extend([word] if spelt == (word.folded,) else [Word(part, "") for part in spelt])
        return result

    def rows(self, sequence: list[Word]) -> tuple[NDArray[np.int64], NDArray[np.float64], float]:
        """Rows and weights of the question's terms, and the weight of all its syllables, known or not."""
        counts = Counter(terms(sequence))
        rows, weights = [], []
        unknown = 0.0
        for term, often in counts.items():
            row = self._rows.get(term)
            if row is None:
                unknown += self._greatest if term[0] == "w" else 0.0
                continue
            rows.append(row)
            weights.append(float(self._weights[row]) * min(often, 2))
        return np.array(rows, dtype=np.int64), np.array(weights, dtype=np.float64), sum(weights) + unknown

    def weight(self, term: str) -> float:
        """How much a term tells; the greatest weight for a term never seen."""
        row = self._rows.get(term)
        return float(self._weights[row]) if row is not None else self._greatest

    def knows(self, term: str) -> bool:
        return term in self._rows

    def arrays(self) -> Arrays:
        """Everything as arrays without objects; `read` is the way back."""
        text = "\n".join(self._vocabulary).encode()
        result: Arrays = {"vocabulary": np.frombuffer(text, dtype=np.uint8), "weights": self._weights}
        for name, postings in self.postings.items():
            result |= postings.arrays(name)
        return result

    @classmethod
    def read(cls, arrays: Mapping[str, NDArray[np.generic]]) -> "Lexicon":
        vocabulary = arrays["vocabulary"].tobytes().decode().split("\n")
        names = [key.removesuffix(".size") for key in arrays if key.endswith(".size")]
        postings = {name: Postings.read(arrays, name) for name in names}
        return cls(vocabulary, arrays["weights"].astype(np.float32), postings)
