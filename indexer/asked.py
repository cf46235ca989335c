# ruff: noqa: PLC0415, S311  (scikit-learn is needed for learning only; drawing examples is no cryptography)
"""Learns which facet a question asks for, from the project's own questions and from phrases with a question added."""

import random
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from indexer.evaluate import DEVELOPMENT, read_questions
from indexer.noise import shortened, slip, telex, unmarked
from indexer.phrases import DATA, Phrases
from knowledge_base.facets import LEARNT, Facet, FacetModel, read
from knowledge_base.text import words

ASKING = DATA / "questions" / "asking.json"
"""Ways of asking for each facet, to be put behind a phrase."""
MADE, MADE_GENERAL = 6, 40
"""How many questions are made from one way of asking; there are few ways of asking for nothing in particular."""
MADE_WEIGHT, SEEN, STRENGTH = 0.4, 3, 0.3
_ASKS = re.compile(r"\b(?:gi|nao|dau|sao|khong|bao|may|ai|nhieu)\b")

Labelled = tuple[str, Facet]


def labelled(file: Path = DEVELOPMENT) -> list[Labelled]:
    """The last turn of every question of ours with the facet it asks for."""
    return [
        (question.question or question.turns[-1], Facet(question.asks))
        for question in read_questions(file)
        if question.codes
    ]


def read_asking(file: Path = ASKING) -> dict[Facet, list[str]]:
    """Ways of asking by facet."""
    return msgspec.json.decode(file.read_bytes(), type=dict[Facet, list[str]])


def made(phrases: Phrases, rng: random.Random, file: Path = ASKING) -> list[Labelled]:
    """Phrases that ask for nothing in particular, each with a way of asking behind it, typed in several ways."""
    ways = read_asking(file)
    everything = [line for lines in phrases.values() for line in lines]
    drawn = rng.sample(everything, min(6000, len(everything)))
    plain = [line for line in drawn if not _ASKS.search(" ".join(word.folded for word in words(line)))]
    found = []
    for facet, lines in ways.items():
        for line in lines:
            for _ in range(MADE_GENERAL if facet is Facet.GENERAL else MADE):
                text = _joined(rng.choice(plain), line, alone=facet is not Facet.GENERAL, rng=rng)
                found.append((_typed(text, rng), facet))
    return found


def _joined(phrase: str, way: str, *, alone: bool, rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.6 or not way:
        return f"{phrase} {way}".strip()
    if kind < 0.8:
        return f"{phrase}, {way}?"
    return way if alone and kind > 0.9 else f"{phrase} thì {way}" if alone else phrase


def _typed(text: str, rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.35:
        return unmarked(text)
    if kind > 0.6:
        return text
    typed = shortened(text, rng).split()
    for place, word in enumerate(typed):
        chance = rng.random()
        typed[place] = slip(word, rng) if chance < 0.08 else telex(word, rng) if chance < 0.16 else word
    return " ".join(typed)


def fit(seen: Sequence[Labelled], weights: Sequence[float]) -> FacetModel:
    """A model of (question, facet), each counting as much as its weight says."""
    from sklearn.linear_model import LogisticRegression

    features = [read(question).features for question, _ in seen]
    often = Counter(name for found in features for name in found)
    names = sorted(name for name, times in often.items() if times >= SEEN)
    place = {name: column for column, name in enumerate(names)}
    table: NDArray[np.float64] = np.zeros((len(seen), len(names)))
    for row, found in enumerate(features):
        for name, value in found.items():
            if name in place:
                table[row, place[name]] = value
    model = LogisticRegression(C=STRENGTH, max_iter=300, tol=1e-3)
    model.fit(table, [str(facet) for _, facet in seen], sample_weight=list(weights))
    slopes = np.round(model.coef_.T, 3)
    return FacetModel(
        facets=tuple(Facet(str(name)) for name in model.classes_),
        bias=tuple(np.round(model.intercept_, 3).tolist()),
        weights={
            name: tuple(slopes[column].tolist())
            for name, column in place.items()
            if np.abs(slopes[column]).max() > 0.01
        },
    )


def learn_facets(phrases: Phrases, questions: Path = DEVELOPMENT, seed: int = 3) -> FacetModel:
    """The shipped model: own questions in full, made ones at less weight."""
    own, extra = labelled(questions), made(phrases, random.Random(seed))
    return fit([*own, *extra], [1.0] * len(own) + [MADE_WEIGHT] * len(extra))


def accuracy(phrases: Phrases, questions: Path = DEVELOPMENT, folds: int = 5, seed: int = 3) -> float:
    """Share of own questions whose facet comes first, by cross-validation."""
    own, extra = labelled(questions), made(phrases, random.Random(seed))
    order = list(range(len(own)))
    random.Random(1).shuffle(order)
    right = 0
    for fold in range(folds):
        left_out = set(order[fold::folds])
        rest = [own[number] for number in order if number not in left_out]
        model = fit([*rest, *extra], [1.0] * len(rest) + [MADE_WEIGHT] * len(extra))
        for number in left_out:
            question, facet = own[number]
            right += model.facets[int(model.chances(read(question).features).argmax())] is facet
    return right / len(own)


def save(model: FacetModel, file: Path = LEARNT) -> None:
    """Write `model` where `knowledge_base.facets` reads it, one feature a line so that a diff can be read."""
    lines = ",\n".join(
        f"{msgspec.json.encode(name).decode()}:{msgspec.json.encode(row).decode()}"
        for name, row in model.weights.items()
    )
    head = msgspec.json.encode({"facets": model.facets, "bias": model.bias}).decode()[:-1]
    file.write_text(f'{head},"weights":{{\n{lines}\n}}}}\n', encoding="utf-8")
