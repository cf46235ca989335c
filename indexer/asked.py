# ruff: noqa: PLC0415, S311  (scikit-learn is needed for learning only; drawing examples is no cryptography)
"""Learns which facet a question asks for, from the project's own questions and from phrases with a question added."""

import random
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from indexer.evaluate import DEVELOPMENT, read_questions
from indexer.noise import CHATTER, shortened, slip, telex, unmarked
from indexer.phrases import DATA, Phrases
from knowledge_base.facets import LEARNT, Facet, FacetModel, read
from knowledge_base.text import words

ASKING = DATA / "questions" / "asking.json"
"""Ways of asking for each facet, to be put behind a phrase."""
WRITTEN = DATA / "questions" / "asked.jsonl"
"""Whole questions labelled with what they ask only."""
MADE, MADE_GENERAL = 6, 40
"""How many questions are made from one way of asking; there are few ways of asking for nothing in particular."""
TWICE = 600
"""How many questions that ask for two things are made."""
PLACE = "{}"
"""Where the matter stands in a way of asking that is not put behind it."""
MADE_WEIGHT, SEEN, STRENGTH = 0.4, 3, 0.3
_ASKS = re.compile(r"\b(?:gi|nao|dau|sao|khong|bao|may|ai|nhieu)\b")

Labelled = tuple[str, Facet]


class Asked(msgspec.Struct, frozen=True):
    """A question and the facet that it asks for."""

    question: str
    asks: Facet


def labelled(file: Path = DEVELOPMENT, written: Path = WRITTEN) -> list[Labelled]:
    """Every question of ours, or the last of its turns, with the facet that it asks for."""
    found = [
        (question.question or question.turns[-1], Facet(question.asks))
        for question in read_questions(file)
        if question.codes
    ]
    lines = written.read_text(encoding="utf-8").splitlines()
    return found + [(row.question, row.asks) for row in (msgspec.json.decode(line, type=Asked) for line in lines)]


def read_asking(file: Path = ASKING) -> dict[Facet, list[str]]:
    """Ways of asking by facet."""
    return msgspec.json.decode(file.read_bytes(), type=dict[Facet, list[str]])


def made(phrases: Phrases, rng: random.Random, file: Path = ASKING) -> list[Labelled]:
    """Phrases that ask for nothing in particular, each with a way of asking around it, typed in several ways."""
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
    return found + [_asked_twice(rng.choice(plain), ways, rng) for _ in range(TWICE)]


def _joined(phrase: str, way: str, *, alone: bool, rng: random.Random) -> str:
    """`way` put where its "{}" says, behind the phrase, or alone; sometimes something is told before or after it."""
    if PLACE in way:
        return way.replace(PLACE, phrase)
    kind = rng.random()
    if kind < 0.5 or not way:
        return f"{phrase} {way}".strip()
    if kind < 0.65:
        return f"{phrase}, {way}?"
    if kind < 0.75:
        return f"{phrase} {way}, {rng.choice(CHATTER).rstrip('.').lower()}"
    if kind < 0.85:
        return f"{rng.choice(CHATTER)} {phrase}. {way}"
    return way if alone and kind > 0.92 else f"{phrase} thì {way}" if alone else phrase


def _asked_twice(phrase: str, ways: dict[Facet, list[str]], rng: random.Random) -> Labelled:
    """A question for two things: the first is the main one, but "có được không, làm thế nào" asks how."""
    first, second = rng.sample([facet for facet in ways if facet is not Facet.GENERAL], 2)
    asks = [rng.choice([way for way in ways[facet] if PLACE not in way]) for facet in (first, second)]
    main = second if (first, second) == (Facet.CONDITIONS, Facet.STEPS) else first
    between = rng.choice((", ", " và ", "? ", " "))
    return _typed(f"{phrase} {asks[0]}{between}{asks[1]}", rng), main


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
    from scipy.sparse import csr_array
    from sklearn.linear_model import LogisticRegression

    features = [read(question).features for question, _ in seen]
    often = Counter(name for found in features for name in found)
    names = sorted(name for name, times in often.items() if times >= SEEN)
    place = {name: column for column, name in enumerate(names)}
    cells = [
        (value, row, place[name])
        for row, found in enumerate(features)
        for name, value in found.items()
        if name in place
    ]
    values, rows, columns = zip(*cells, strict=True)
    table = csr_array((values, (rows, columns)), shape=(len(seen), len(names)))
    model = LogisticRegression(C=STRENGTH, max_iter=300, tol=1e-3)
    model.fit(table, [str(facet) for _, facet in seen], sample_weight=list(weights))
    slopes = np.round(model.coef_.T, 3)
    return FacetModel(
        facets=tuple(Facet(str(name)) for name in model.classes_),
        bias=tuple(np.round(model.intercept_, 3).tolist()),
        weights={
            name: tuple(slopes[column].tolist())
            for name, column in place.items()
            if np.abs(slopes[column]).max() > 0.03
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
