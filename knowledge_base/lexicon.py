"""Evidence from words: BM25 over syllables, pairs, marks and sounds, and the spelling of words nobody knows."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from knowledge_base.text import Word, sound

Scores = NDArray[np.float32]
Arrays = dict[str, NDArray[np.generic]]
Packed = NDArray[np.uint32 | np.uint64]
Counts = NDArray[np.int32 | np.int64]

KIND_WEIGHT = {"w": 1.0, "p": 0.8, "m": 0.5, "s": 0.3}
"""How much each kind of term counts next to a plain syllable; chosen on held-out phrases."""
K1, B = 0.9, 0.4
SPREAD_OUT = 12 << 20
"""Bytes that may at most be spent on writing out the rows of the commonest terms, a number for every document: adding
such a row whole takes less time than adding up its postings. In a large catalogue no row is worth it."""
SPREAD_FROM = 0.1
"""Share of the documents from which on a row is worth writing out: with fewer documents as little time as postings
take, and memory."""
SPREAD_AT_ONCE = 64
"""How many rows written out are added up before the sum might leave sixteen bits, in which they are kept."""
_PAIR, _MARKED_PAIR, _SOUND_PAIR = 0, 1, 2
_PACKED = {4: np.uint32, 8: np.uint64}
_KINDS = {"p": _PAIR, "m": _MARKED_PAIR, "s": _SOUND_PAIR}


class Postings:
    """BM25 of several collections side by side, all arithmetic done when it is built: a question only adds up."""

    def __init__(self, starts: NDArray[np.int64], postings: Packed, step: float, sizes: dict[str, int]) -> None:
        """`postings`: of each row from its start to the next, a document in the upper half of each number, in the lower
        half its impact in steps of `step`. Half the time goes into bringing postings near: packed, they are few."""
        self._starts, self._postings, self._sizes = starts, postings, sizes
        self.step = step
        """What one step of a score is worth."""
        kind = postings.dtype.type
        self._half, self._lower = kind(postings.itemsize * 4), kind(2 ** (postings.itemsize * 4) - 1)
        self._kind = np.int32 if postings.itemsize == 4 else np.int64
        self._total = sum(sizes.values())
        often = np.diff(starts)
        commonest = np.argsort(-often, kind="stable")[: SPREAD_OUT // (2 * max(self._total, 1))]
        common = commonest[often[commonest] > SPREAD_FROM * self._total].tolist()
        parts = [slice(*starts[row : row + 2].tolist()) for row in common]
        greatest = max((int((postings[part] & self._lower).max()) for part in parts), default=1)
        self._coarse = SPREAD_AT_ONCE * greatest // np.iinfo(np.int16).max + 1
        """How many steps one step of the rows written out is: whole, so that both are added up as whole numbers."""
        self._spread = np.zeros((len(common), self._total), dtype=np.int16)
        self._spread_of = {row: place for place, row in enumerate(common)}
        for place, part in enumerate(parts):
            documents, impacts = self._unpacked(postings[part])
            self._spread[place, documents] = np.rint(impacts / self._coarse)

    def _unpacked(self, postings: Packed) -> tuple[NDArray[np.intp], Counts]:
        return (postings >> self._half).astype(np.intp), (postings & self._lower).view(self._kind)

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
        return cls(starts, *_packed(np.concatenate(document_parts)[order], np.concatenate(impact_parts)[order]), sizes)

    def score(self, rows: Sequence[int]) -> dict[str, Counts]:
        """Per collection, the sum over `rows` for every document, in steps; a row given twice counts twice."""
        postings, spread_of = self._postings, self._spread_of
        spread: list[int] = []
        sparse: list[int] = []
        for row in rows:
            place = spread_of.get(row)
            if place is None:
                sparse.append(row)
            else:
                spread.append(place)
        scores: Counts | None = None
        for at in range(0, len(spread), SPREAD_AT_ONCE):
            first, *others = spread[at : at + SPREAD_AT_ONCE]
            together = self._spread[first].copy()
            for place in others:
                together += self._spread[place]
            widened: Counts = np.multiply(together, self._coarse, dtype=self._kind)
            scores = widened if scores is None else np.add(scores, widened, out=scores)
        if scores is None:
            scores = np.zeros(self._total, dtype=self._kind)
        if sparse:
            asked = np.array(sparse)
            parts = map(slice, self._starts[asked].tolist(), self._starts[asked + 1].tolist())
            np.add.at(scores, *self._unpacked(np.concatenate([postings[part] for part in parts])))
        result, offset = {}, 0
        for name, size in self._sizes.items():
            result[name] = scores[offset : offset + size]
            offset += size
        return result

    def size(self, name: str) -> int:
        """Number of documents in the collection `name`."""
        return self._sizes[name]

    def documents_of(self, first: int, last: int, name: str) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Where the rows from `first` to before `last` occur in the collection `name`: documents, and their rows."""
        offset = 0
        for before, size in self._sizes.items():
            if before == name:
                break
            offset += size
        found, _ = self._unpacked(self._postings[self._starts[first] : self._starts[last]])
        documents = found.astype(np.int32) - np.int32(offset)
        of_row = np.repeat(np.arange(first, last), np.diff(self._starts[first : last + 1]))
        mine = (documents >= 0) & (documents < self._sizes[name])
        return documents[mine], of_row[mine]

    def arrays(self) -> Arrays:
        """What `read` needs to make it again."""
        sizes = {f"size.{name}": np.array([size]) for name, size in self._sizes.items()}
        return {"starts": self._starts, "postings": self._postings, "step": np.array([self.step]), **sizes}

    @classmethod
    def read(cls, arrays: Mapping[str, NDArray[np.generic]]) -> "Postings":
        """The postings that `arrays` was called on."""
        sizes = {key.removeprefix("size."): int(arrays[key][0]) for key in arrays if key.startswith("size.")}
        return cls(
            arrays["starts"].astype(np.int64, copy=False),
            arrays["postings"].view(_PACKED[arrays["postings"].itemsize]),
            float(arrays["step"][0]),
            sizes,
        )


class Vocabulary:
    """Which row a term has.

    Pairs are nine tenths of all terms. They are kept as sorted numbers made of the numbers of their two halves, not as
    texts: a few megabytes instead of thirty, and all pairs of a question are looked up at once.
    """

    def __init__(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        self._arrays = {name: arrays[name] for name in ("syllables", "marked", "sounds", "first", "keys", "key_rows")}
        self.first = int(arrays["first"][0])
        """The row of the first syllable; the rows of the others follow."""
        self.syllables = {name: self.first + number for number, name in enumerate(_lines(arrays["syllables"]))}
        self.marked = {name: number for number, name in enumerate(_lines(arrays["marked"]))}
        """Syllables with marks stand first of all, their numbers are their rows."""
        self.sounds = {name: number for number, name in enumerate(_lines(arrays["sounds"]))}
        self._keys = arrays["keys"].astype(np.int64, copy=False)
        self._key_rows = arrays["key_rows"].astype(np.int32, copy=False)

    @classmethod
    def of(cls, found: Iterable[str]) -> "tuple[Vocabulary, list[str]]":
        """The vocabulary of these terms, and the terms by row."""
        distinct = set(found)
        pairs = sorted(term for term in distinct if " " in term)
        marked = sorted(term[1:] for term in distinct if term[0] == "m" and " " not in term)
        syllables = sorted(term[1:] for term in distinct if term[0] == "w")
        sounds = sorted({half for term in pairs if term[0] == "s" for half in term[1:].split(" ")})
        first = len(marked)
        numbers = {
            "p": {name: first + number for number, name in enumerate(syllables)},
            "m": {name: number for number, name in enumerate(marked)},
            "s": {name: number for number, name in enumerate(sounds)},
        }
        keys = np.zeros(len(pairs), dtype=np.int64)
        for place, term in enumerate(pairs):
            left, right = term[1:].split(" ")
            keys[place] = _key(_KINDS[term[0]], numbers[term[0]][left], numbers[term[0]][right])
        order = np.argsort(keys)
        arrays: Arrays = {
            "syllables": _text(syllables),
            "marked": _text(marked),
            "sounds": _text(sounds),
            "first": np.array([first]),
            "keys": keys[order],
            "key_rows": (order + first + len(syllables)).astype(np.int32),
        }
        return cls(arrays), [*(f"m{name}" for name in marked), *(f"w{name}" for name in syllables), *pairs]

    def pairs(self, keys: list[int]) -> list[int]:
        """The rows of those pairs that occur."""
        if not keys or not len(self._keys):
            return []
        asked = np.array(keys, dtype=np.int64)
        places = np.minimum(np.searchsorted(self._keys, asked), len(self._keys) - 1)
        found: list[int] = self._key_rows[places[self._keys[places] == asked]].tolist()
        return found

    def arrays(self) -> Arrays:
        """What the constructor takes."""
        return dict(self._arrays)


class Lexicon:
    """The vocabulary with its weights, and postings for phrases, titles and whole procedures."""

    def __init__(self, vocabulary: Vocabulary, weights: NDArray[np.float32], postings: Postings) -> None:
        self._vocabulary, self._weights, self.postings = vocabulary, weights, postings
        self._syllables = vocabulary.syllables
        self.greatest: float = float(weights.max()) if len(weights) else 0.0
        """What a syllable never seen tells."""
        self._spellings = [folded for folded in self._syllables if folded.isalpha()]
        self.respell = lru_cache(maxsize=4096)(self._respell)
        self._place = lru_cache(maxsize=8192)(self._place_of)

    @classmethod
    def build(cls, collections: Mapping[str, Sequence[list[str]]], weigh_by: str) -> "Lexicon":
        """`collections`: the terms of each document; rarity is counted in the collection named `weigh_by`."""
        vocabulary, by_row = Vocabulary.of(
            term for documents in collections.values() for found in documents for term in found
        )
        rows = {term: row for row, term in enumerate(by_row)}
        counted = {
            name: [Counter(rows[term] for term in found) for found in documents]
            for name, documents in collections.items()
        }
        seen = np.zeros(len(by_row), dtype=np.float64)
        for counts in counted[weigh_by]:
            seen[list(counts)] += 1
        total = len(counted[weigh_by])
        rarity = np.log(1 + (total - seen + 0.5) / (seen + 0.5))
        kind = np.array([KIND_WEIGHT[term[0]] for term in by_row])
        weights = (rarity * kind).astype(np.float32)
        return cls(vocabulary, weights, Postings.build(counted, weights))

    def _respell(self, folded: str) -> tuple[str, ...]:
        if folded in self._syllables or not folded.isalpha() or len(folded) < 3:
            return (folded,)
        for cut in range(2, len(folded) - 1):
            left, right = folded[:cut], folded[cut:]
            first, second = self._syllables.get(left), self._syllables.get(right)
            if first is not None and second is not None and self._vocabulary.pairs([_key(_PAIR, first, second)]):
                return left, right
        found = process.extract(folded, self._spellings, scorer=OSA.distance, score_cutoff=1, limit=8)
        nearest = [spelling for spelling, _, _ in found if abs(len(spelling) - len(folded)) <= 1]
        if not nearest:
            return (folded,)
        return (min(nearest, key=self.weight),)

    def read_words(self, sequence: list[Word]) -> list[Word]:
        """`sequence` with unknown syllables replaced by the known ones they were probably meant to be."""
        result: list[Word] = []
        known = self._syllables
        for word in sequence:
            if word.folded in known:
                result.append(word)
                continue
            spelt = self.respell(word.folded)
            result.extend([word] if spelt == (word.folded,) else [Word(part, "") for part in spelt])
        return result

    def rows(self, sequence: list[Word]) -> tuple[list[int], float]:
        """Rows of the question's terms (said twice, twice), and the weight of all its syllables, known or not."""
        read = list(map(self._place, sequence))
        unknown = {word.folded for word, (row, _, _) in zip(sequence, read, strict=True) if row < 0}
        rows = [row for row, _, _ in read if row >= 0] + [mark for _, mark, _ in read if mark >= 0]
        keys: list[int] = []
        for (row, mark, heard), (next_row, next_mark, next_heard) in pairwise(read):
            if row >= 0 and next_row >= 0:
                keys.append(row << 24 | next_row)
            if mark >= 0 and next_mark >= 0:
                keys.append(_MARKED_PAIR << 48 | mark << 24 | next_mark)
            if heard >= 0 and next_heard >= 0:
                keys.append(_SOUND_PAIR << 48 | heard << 24 | next_heard)
        rows += self._vocabulary.pairs(keys)
        if len(set(rows)) < len(rows):
            rows = _at_most_twice(rows)
        return rows, float(self._weights[rows].sum(dtype=np.float64)) + self.greatest * len(unknown)

    def _place_of(self, word: Word) -> tuple[int, int, int]:
        """The rows of a word without and with its marks, and the number of its sound; -1 for what never occurred."""
        known = self._vocabulary
        mark = known.marked.get(word.marked, -1) if word.marked else -1
        return known.syllables.get(word.folded, -1), mark, known.sounds.get(sound(word.folded), -1)

    def weight(self, syllable: str) -> float:
        """How much a folded syllable tells; the greatest weight for one never seen."""
        row = self._syllables.get(syllable)
        return self.greatest if row is None else float(self._weights[row])

    def weigh(self, syllables: Iterable[str]) -> float:
        """What syllables tell together, never quite zero."""
        return max(sum([self.weight(syllable) for syllable in syllables]), 1e-6)

    @property
    def syllable_weights(self) -> Scores:
        """What each known syllable tells, by its number."""
        first = self._vocabulary.first
        return self._weights[first : first + len(self._syllables)]

    def number(self, syllable: str) -> int:
        """The number of a folded syllable among the known ones; -1 for one never seen."""
        row = self._syllables.get(syllable)
        return -1 if row is None else row - self._vocabulary.first

    def bags(self, collection: str) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """The distinct syllables of each document of a collection: where each begins, and all their numbers."""
        first = self._vocabulary.first
        documents, rows = self.postings.documents_of(first, first + len(self._syllables), collection)
        order = np.argsort(documents, kind="stable")
        counts = np.bincount(documents, minlength=self.postings.size(collection))
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return starts, (rows[order] - first).astype(np.int32)

    def arrays(self) -> Arrays:
        """Everything as arrays without objects; `read` is the way back."""
        return {"weights": self._weights} | self._vocabulary.arrays() | self.postings.arrays()

    @classmethod
    def read(cls, arrays: Mapping[str, NDArray[np.generic]]) -> "Lexicon":
        """The lexicon that `arrays` was called on."""
        return cls(Vocabulary(arrays), arrays["weights"].astype(np.float32, copy=False), Postings.read(arrays))


def _at_most_twice(rows: list[int]) -> list[int]:
    often, kept = dict.fromkeys(rows, 0), []
    for row in rows:
        often[row] += 1
        if often[row] <= 2:
            kept.append(row)
    return kept


def _key(kind: int, first: int, second: int) -> int:
    return kind << 48 | first << 24 | second


def _text(names: list[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(names).encode(), dtype=np.uint8)


def _lines(text: NDArray[np.generic]) -> list[str]:
    joined = text.tobytes().decode()
    return joined.split("\n") if joined else []


def _packed(documents: NDArray[np.integer], impacts: NDArray[np.floating]) -> tuple[Packed, float]:
    """Documents and impacts as one number for each posting, and the step in which impacts are counted."""
    kind = np.uint32 if int(documents.max(initial=0)) <= np.iinfo(np.uint16).max else np.uint64
    half = np.iinfo(kind).bits // 2
    step = max(float(impacts.max(initial=0.0)), 1e-6) / (2**half - 1)
    packed = np.left_shift(documents.astype(kind), kind(half))
    packed |= np.rint(impacts / step).astype(kind)
    return packed, step
