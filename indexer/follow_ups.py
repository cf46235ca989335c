# ruff: noqa: PLC0415, S311  (scikit-learn is needed for learning only; drawing examples is no cryptography)
"""Learns what later turns of a conversation are about: which procedure, whether their wording goes on, whether ours.

Three kinds of turns teach: own ones, read as they are when all is served; those of `later_turns.jsonl`, read by an
encoder that never saw them (the shipped one has learnt from them, so it would find them too easily); and made ones.
"""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from indexer.asked import PLACE, read_asking
from indexer.evaluate import Question, read_questions
from indexer.fitting import Choice, Table, fit_chance, fit_choice, fit_words
from indexer.noise import noisy
from indexer.phrases import Phrases
from knowledge_base.conversation import AWAY_WORDS, own_words, read_context, wording_of
from knowledge_base.evidence import Material
from knowledge_base.finder import Finder
from knowledge_base.weights import AWAY_FEATURES, CONTEXT_FEATURES, Linear, Weights, Wording

OWN_TURN, LATER_TURN, MADE_TURN = 1.0, 0.2, 0.25
"""What a turn of each kind weighs: later turns are many, each with one accepted answer, of what people ask most."""
MOVED_TURN = 1.6
"""What a turn that asks for something new weighs: who is held at the old procedure is answered wrongly, who is taken
for having moved is asked back."""
STRENGTH = 8e-3
MANY = 100
"""How many turns are enough to learn from."""
WORDED, WORDING_STRENGTH, QUIETEST = 3, 0.1, 0.02
"""In how many turns a word or a pair must occur to be weighed, how far weights may go, and which are kept."""
LET_GO = 0.03
"""How many later turns of ours may be taken for none of ours."""


class Turn(NamedTuple):
    """A later turn, what it was said after, the codes it may be answered with, and how much it teaches."""

    topic: str
    text: str
    codes: frozenset[str]
    weight: float
    before: str

    @property
    def moves(self) -> bool:
        """Whether it asks for something else than the topic."""
        return self.topic not in self.codes


def written_turns(finder: Finder, questions: Sequence[Question], weight: float = OWN_TURN) -> list[Turn]:
    """Later turns among `questions`; the topic is what they say, or what the turn before finds."""

    def topic(question: Question) -> str:
        before = () if question.topic else finder.find(question.turns[-2]).matches
        return before[0].code if before else question.topic

    return [
        Turn(topic(question), question.turns[-1], frozenset(question.codes), weight, question.turns[-2])
        for question in questions
        if len(question.turns) > 1
    ]


def own_turns(finder: Finder, files: Sequence[Path]) -> list[Turn]:
    """The later turns of question files."""
    return written_turns(finder, [question for file in files for question in read_questions(file)])


def made_turns(phrases: Phrases, seed: int, count: int = 300) -> list[Turn]:
    """A bare question goes on about the topic; a phrase of another procedure does not."""
    rng = random.Random(seed)
    ways = [way for facet, lines in read_asking().items() if facet != "general" for way in lines if PLACE not in way]
    often = [code for code, lines in phrases.items() if len(lines) >= 10] or list(phrases)
    found: list[Turn] = []
    for number in range(count):
        topic, other = rng.choice(often), rng.choice(often)
        if number % 3 == 0:
            found.append(Turn(topic, rng.choice(ways), frozenset({topic}), MADE_TURN, rng.choice(phrases[topic])))
        elif other != topic:
            turn = noisy(rng.choice(phrases[other]), rng)
            found.append(Turn(topic, turn, frozenset({other}), MADE_TURN, rng.choice(phrases[topic])))
    return found


def fit_wording(known: Material, turns: Sequence[Turn]) -> tuple[Wording, list[float]]:
    """How the wording of a turn tells that it goes on, and for each of `turns` what is said of it by a model that has
    seen no other turn with the same answer. Too few turns tell nothing."""
    from sklearn.model_selection import GroupKFold

    number = {code: place for place, code in enumerate(known.codes)}
    found = [set(wording_of(known, turn.text, number[turn.topic], turn.before)) for turn in turns]
    goes_on = np.array([not turn.moves for turn in turns], dtype=bool)
    if len(turns) < MANY:
        return Wording(0.0, {}), [0.0] * len(turns)

    def model(chosen: Sequence[int]) -> Wording:
        return fit_words(
            [found[row] for row in chosen], goes_on[chosen], seen=WORDED, strength=WORDING_STRENGTH, quietest=QUIETEST
        )

    said = [0.0] * len(turns)
    for rest, part in GroupKFold(5).split(found, groups=[min(turn.codes, default="") for turn in turns]):
        without = model(rest.tolist())
        for row in part.tolist():
            said[row] = without.log_odds(found[row])
    return model(range(len(turns))), said


def choices_of(
    known: Material, weights: Weights, turns: Sequence[Turn], sounds: Sequence[float] | None = None
) -> list[Choice]:
    """Evidence for each turn with words of its own; `sounds` is what is said of each one's wording, where that is not
    to be judged by `weights`."""
    number = {code: position for position, code in enumerate(known.codes)}
    result = []
    each: Sequence[float | None] = sounds or [None] * len(turns)
    for turn, sound in zip(turns, each, strict=True):
        if turn.topic not in number or not own_words(turn.text):
            continue
        context = read_context(known, weights, turn.text, number[turn.topic], turn.before, sounds=sound)
        if context is not None:
            wanted = {number[code] for code in turn.codes if code in number}
            right = tuple(row for row, candidate in enumerate(context.candidates.tolist()) if candidate in wanted)
            weighs_more = MOVED_TURN if turn.moves and turn.weight != MADE_TURN else 1.0
            result.append((context.table, right, turn.weight * weighs_more))
    return result


def fit_follow_up(choices: Sequence[Choice]) -> Linear:
    """Which procedure later turns are about, the topic among the candidates."""
    return fit_choice(CONTEXT_FEATURES, choices, strength=STRENGTH)


def cross_followed(own: Sequence[Choice], others: Sequence[Choice], folds: int = 5, seed: int = 7) -> float:
    """Share of own turns with the right procedure first, each judged by a model fitted without it."""
    shuffled = random.Random(seed).sample(own, len(own))
    right = 0
    for fold in range(folds):
        rest = [choice for place, choice in enumerate(shuffled) if place % folds != fold]
        model = fit_follow_up([*others, *rest])
        right += sum(int(model.score(table).argmax()) in rows for table, rows, _ in shuffled[fold::folds])
    return right / max(len(own), 1)


def fit_away(  # noqa: PLR0917
    weights: Weights,
    turns: Sequence[Turn],
    known: Material,
    elsewhere: Sequence[str],
    half: Material,
    half_ours: Wording,
    seed: int,
) -> Weights:
    """`weights` with the model that tells later turns of ours from messages that are none of ours, said after some
    topic, and its threshold, by cross-validation. `half` does not hold `elsewhere`, nor has `half_ours` seen them;
    turns are read as they are when all is served, by `known`."""
    from sklearn.model_selection import KFold

    rng, number = random.Random(seed), {code: position for position, code in enumerate(known.codes)}
    ours = [(turn.topic, turn.text) for turn in turns if turn.topic in number]
    others = [(rng.choice(ours)[0], line) for line in elsewhere for _ in range(2) if ours]
    blind = msgspec.structs.replace(weights, ours=half_ours)
    contexts = [
        (context, foreign)
        for said, reader, judge, foreign in ((ours, known, weights, False), (others, half, blind, True))
        for topic, text in said
        if own_words(text) and (context := read_context(reader, judge, text, number[topic])) is not None
    ]
    table, foreign = np.array([context.away for context, _ in contexts]), np.array([foreign for _, foreign in contexts])
    if len(set(foreign.tolist())) < 2 or len(foreign) < MANY:
        return weights  # too little to learn from: no later turn is taken for none of ours
    even: Table = np.where(foreign, 0.5, 1.0)
    chances = np.zeros(len(foreign))
    for rest, part in KFold(10, shuffle=True, random_state=seed).split(table):
        model = fit_chance(AWAY_FEATURES, table[rest], foreign[rest], even[rest])
        chances[part] = 1 / (1 + np.exp(-model.score(table[part])))
    short = np.array([context.own < AWAY_WORDS for context, _ in contexts])
    highest = np.sort(np.where(short, 0.0, chances)[~foreign])[::-1]
    away_from = round(float(highest[int(LET_GO * len(highest))]) + 0.005, 2)
    return msgspec.structs.replace(
        weights, away=fit_chance(AWAY_FEATURES, table, foreign, even), away_from=max(away_from, 0.5)
    )
