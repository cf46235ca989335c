"""What each kind of evidence is worth: `python -m benchmarks.ablations [--questions FILE ...]`.

Each row switches one kind off in an index built from the shipped data; the learnt weights stay as they are, so a row
shows what the finder would lose overnight, not what a finder fitted without that evidence would reach.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from indexer.evaluate import DEVELOPMENT, Question, read_questions
from indexer.phrases import read_out_of_scope, read_phrases
from knowledge_base.catalogue import Catalogue
from knowledge_base.encoder import StaticEncoder, Vectors
from knowledge_base.evidence import Material
from knowledge_base.finder import Finder
from knowledge_base.index import material, prepare
from knowledge_base.lexicon import Counts, Lexicon, Postings, Scores
from knowledge_base.weights import Linear, Weights

STYLES = ("plain", "nodiac", "noisy", "story", "formal")
OVERLAP = ("title.covered", "title.typed", "phrase.covered", "phrase.typed")
LIKENESS = ("title.fuzzy", "phrase.fuzzy")
BARELY = 1
"""A score, one step, that speaks for all alike: with none at all the finder would not even begin."""


class _Level(Postings):
    def score(self, rows: Sequence[int]) -> dict[str, Counts]:
        return {name: np.full_like(scores, BARELY) for name, scores in super().score(rows).items()}


class _Deaf:
    """An encoder that hears nothing."""

    name, dimension = "deaf", 1

    def encode(self, texts: list[str]) -> Vectors:
        return np.zeros((len(texts), 1), dtype=np.float32)


def without_columns(linear: Linear, columns: Sequence[str]) -> Linear:
    """`linear` with the weights of `columns` at nought."""
    kept = [0.0 if column in columns else weight for column, weight in zip(linear.columns, linear.weights, strict=True)]
    return msgspec.structs.replace(linear, weights=tuple(kept))


def without_encoder(full: Material) -> Material:
    """No vectors: every likeness is nought."""
    none = np.zeros(len(full.codes), dtype=np.float32)

    def nearest(_: Vectors, count: int) -> tuple[Scores, NDArray[np.int64]]:
        return np.zeros(count, dtype=np.float32), np.zeros(count, dtype=np.int64)

    return replace(full, encoder=_Deaf(), likeness=lambda _: none, nearest=nearest)


def without_lexical(full: Material) -> Material:
    """No BM25 (overlap goes by its weights)."""
    lexicon = Lexicon.read(full.lexicon.arrays())
    lexicon.postings = _Level.read(full.lexicon.postings.arrays())
    return replace(full, lexicon=lexicon)


def without_respelling(full: Material) -> Material:
    """Words nobody knows stay as they are."""

    def as_typed(folded: str) -> tuple[str, ...]:
        return (folded,)

    lexicon = Lexicon.read(full.lexicon.arrays())
    lexicon.respell = lru_cache(as_typed)
    return replace(full, lexicon=lexicon)


class Row(NamedTuple):
    """Hits among the first and the first three, by style."""

    hit1: dict[str, float]
    hit3: dict[str, float]


def hits(finder: Finder, questions: Sequence[Question]) -> Row:
    """Hit@1 and Hit@3 on the single questions that a procedure answers."""
    rows: dict[str, list[tuple[bool, bool]]] = {}
    for question in questions:
        if question.question and question.codes:
            codes = [match.code for match in finder.find(question.question).matches]
            hit = (codes[:1] != [] and codes[0] in question.codes, bool(set(codes[:3]) & set(question.codes)))
            for style in (question.style, "all"):
                rows.setdefault(style, []).append(hit)
    shares = {style: np.mean(found, axis=0) for style, found in rows.items()}
    return Row({s: float(share[0]) for s, share in shares.items()}, {s: float(share[1]) for s, share in shares.items()})


def finders() -> dict[str, Callable[[], Finder]]:
    """The ways of the table, made when called: they share the index and are not all needed at once."""
    procedures, encoder, weights = list(Catalogue.load()), StaticEncoder(), Weights.read()
    elsewhere = read_out_of_scope()
    full = material(prepare(procedures, read_phrases(), elsewhere, encoder), encoder)

    def ranked_without(*columns: str) -> Weights:
        return msgspec.structs.replace(weights, rank=without_columns(weights.rank, columns))

    return {
        "full": lambda: Finder(full, weights),
        "without phrases": lambda: Finder(material(prepare(procedures, {}, elsewhere, encoder), encoder), weights),
        "without the encoder": lambda: Finder(without_encoder(full), weights),
        "without lexical": lambda: Finder(without_lexical(full), ranked_without(*OVERLAP)),
        "without fuzzy": lambda: Finder(without_respelling(full), ranked_without(*LIKENESS)),
    }


def main() -> None:
    """Print one table in Markdown per file: Hit@1 / Hit@3."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path, nargs="+", default=[DEVELOPMENT])
    given = parser.parse_args()
    ways = {name: make() for name, make in finders().items()}
    for file in given.questions:
        questions = read_questions(file)
        print(f"\n{file.name}\n\n| | all | {' | '.join(STYLES)} |\n|{'---|' * (len(STYLES) + 2)}")
        for name, finder in ways.items():
            row = hits(finder, questions)
            cells = [f"{row.hit1[s]:.3f} / {row.hit3[s]:.3f}" for s in ("all", *STYLES) if s in row.hit1]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
