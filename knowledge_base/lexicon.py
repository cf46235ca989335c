"""Evidence from words: BM25 over syllables, pairs, marks and sounds, and the spelling of words nobody knows."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
    """BM25 of several collections side by side, all arithmetic done when it is built: a question only adds up."""

    def __init__(
        self, starts: NDArray[np.int64], documents: NDArray[np.int32], impacts: Scores, sizes: dict[str, int]
    ) -> None:
        self._starts, self._documents, self._impacts, self._sizes = starts, documents, impacts, sizes
        self._total = sum(sizes.values())

    @classmethod
    def build(cls, collections: Mapping[str, Sequence[Mapping[int, int]]], weights: NDArray[np.floating]) -> "Postings":
        """`collections`: per document, how often each row of the vocabulary occurs; `weights`: of each row."""
        row_parts, document_parts, impact_parts, sizes = [], [], [], {}
        offset = 0
        for name, collection in collections.items():
            sizes[name] = len(collection)
            lengths = np.array([sum(counts.values()) for counts in collection], dtype=np.float32)
            mean = float(lengths.mean()) if len(collection) else 1.0
            row = np.fromiter((r for counts in collection for r in counts), dtype=np.int64)
            often = np.fromiter((c for counts in collection for c in counts.values()), dtype=np.float32)
            document = np.repeat(np.arange(len(collection), dtype=np.int32), [len(counts) for counts in collection])
            damping = K1 * (1 - B + B * lengths[document] / max(mean, 1e-9))
            row_parts.append(row)
            impact_parts.append(weights[row] * often * (K1 + 1) / (often + damping))
            document_parts.append(document + offset)
            offset += len(collection)
        rows = np.concatenate(row_parts)
        order = np.argsort(rows, kind="stable")
        starts = np.searchsorted(rows[order], np.arange(len(weights) + 1)).astype(np.int64)
        documents = np.concatenate(document_parts)[order].astype(np.int32)
        return cls(starts, documents, np.concatenate(impact_parts)[order].astype(np.float32), sizes)

    def score(self, rows: Sequence[int]) -> dict[str, Scores]:
        """Per collection, the sum over `rows` for every document; a row given twice counts twice."""
        starts, documents, impacts = self._starts, self._documents, self._impacts
        slices = [slice(starts[row], starts[row + 1]) for row in rows]
        if slices:
            found = np.concatenate([documents[part] for part in slices])
            values = np.concatenate([impacts[part] for part in slices])
            scores = np.bincount(found, weights=values, minlength=self._total).astype(np.float32)
        else:
            scores = np.zeros(self._total, dtype=np.float32)
        result, offset = {}, 0
        for name, size in self._sizes.items():
            result[name] = scores[offset : offset + size]
            offset += size
        return result

    def arrays(self) -> Arrays:
        """What `read` needs to make it again."""
        sizes = {f"size.{name}": np.array([size]) for name, size in self._sizes.items()}
        return {"starts": self._starts, "documents": self._documents, "impacts": self._impacts, **sizes}

    @classmethod
    def read(cls, arrays: Mapping[str, NDArray[np.generic]]) -> "Postings":
        """The postings that `arrays` was called on."""
        sizes = {key.removeprefix("size."): int(arrays[key][0]) for key in arrays if key.startswith("size.")}
        starts, documents = arrays["starts"].astype(np.int64), arrays["documents"].astype(np.int32, copy=False)
        return cls(starts, documents, arrays["impacts"].astype(np.float32, copy=False), sizes)


class Lexicon:
    """The vocabulary with its weights, and postings for phrases, titles and whole procedures."""

    def __init__(self, vocabulary: list[str], weights: NDArray[np.float32], postings: Postings) -> None:
        self._vocabulary, self._weights, self.postings = vocabulary, weights, postings
        self._greatest: float = float(weights.max()) if len(weights) else 0.0
        self._weight_list: list[float] = weights.tolist()
        self._rows = {term: row for row, term in enumerate(vocabulary)}
        self._spellings = [term[1:] for term in vocabulary if term[0] == "w" and term[1:].isalpha()]
        self._syllables: dict[str, float] = {
            t[1:]: w for t, w in zip(vocabulary, self._weight_list, strict=True) if t[0] == "w"
        }
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
        weights = (rarity * kind).astype(np.float32)
        return cls(vocabulary, weights, Postings.build(counted, weights))

    def _respell(self, folded: str) -> tuple[str, ...]:
        if folded in self._syllables or not folded.isalpha() or len(folded) < 3:
            return (folded,)
        for cut in range(2, len(folded) - 1):
            left, right = folded[:cut], folded[cut:]
            if f"p{left} {right}" in self._rows:
                return left, right
        found = process.extract(folded, self._spellings, scorer=OSA.distance, score_cutoff=1, limit=8)
        nearest = [spelling for spelling, _, _ in found if abs(len(spelling) - len(folded)) <= 1]
        if not nearest:
            return (folded,)
        return (min(nearest, key=self.weight),)

    def read_words(self, sequence: list[Word]) -> list[Word]:
        """`sequence` with unknown syllables replaced by the known ones they were probably meant to be."""
        result: list[Word] = []
        for word in sequence:
            spelt = self.respell(word.folded)
            result.extend([word] if spelt == (word.folded,) else [Word(part, "") for part in spelt])
        return result

    def rows(self, sequence: list[Word]) -> tuple[list[int], float]:
        """Rows of the question's terms (said twice, twice), and the weight of all its syllables, known or not."""
        rows: list[int] = []
        total = 0.0
        for term, often in Counter(terms(sequence)).items():
            row = self._rows.get(term)
            if row is None:
                total += self._greatest if term[0] == "w" else 0.0
                continue
            times = min(often, 2)
            rows += [row] * times
            total += self._weight_list[row] * times
        return rows, total

    def weight(self, syllable: str) -> float:
        """How much a folded syllable tells; the greatest weight for one never seen."""
        return self._syllables.get(syllable, self._greatest)

    def weigh(self, syllables: Iterable[str]) -> float:
        """What syllables tell together, never quite zero."""
        known, unknown = self._syllables, self._greatest
        return max(sum([known.get(syllable, unknown) for syllable in syllables]), 1e-6)

    def knows(self, syllable: str) -> bool:
        """Whether a folded syllable occurs anywhere."""
        return syllable in self._syllables

    def arrays(self) -> Arrays:
        """Everything as arrays without objects; `read` is the way back."""
        text = "\n".join(self._vocabulary).encode()
        mine: Arrays = {"vocabulary": np.frombuffer(text, dtype=np.uint8), "weights": self._weights}
        return mine | self.postings.arrays()

    @classmethod
    def read(cls, arrays: Mapping[str, NDArray[np.generic]]) -> "Lexicon":
        """The lexicon that `arrays` was called on."""
        vocabulary = arrays["vocabulary"].tobytes().decode().split("\n")
        return cls(vocabulary, arrays["weights"].astype(np.float32), Postings.read(arrays))
