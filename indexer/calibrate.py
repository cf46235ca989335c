# ruff: noqa: PLC0415, S311  (scikit-learn and scipy are needed for learning only; drawing examples is no cryptography)
"""Learns how to weigh the evidence, from phrases that the index has not seen.

One phrase in five is kept out of index and encoder; typed badly, it must still find its procedure. From that come
three logistic models (rank, in scope, right) and two thresholds, chosen by what each kind of mistake costs.
"""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from indexer.asked import PLACE, read_asking
from indexer.evaluate import DEVELOPMENT, FOLLOW_UPS, Question, read_questions
from indexer.noise import noisy
from indexer.phrases import Phrases
from knowledge_base.encoder import Encoder
from knowledge_base.evidence import FEATURES, SCOPE_FEATURES, Evidence, Material, gather
from knowledge_base.finder import (
    AWAY_FEATURES,
    AWAY_WORDS,
    CONTEXT_FEATURES,
    LEARNT,
    UNTRAINED,
    Finder,
    Linear,
    Weights,
    own_words,
    read_context,
    scope_row,
)
from knowledge_base.index import material, prepare
from knowledge_base.procedure import Procedure

Progress = Callable[[str, int, int], None]
Table = NDArray[np.float64]

WRONG_SURE, NEEDLESS_QUESTION, LOST, TURNED_AWAY, ANSWERED_ANYWAY = 5.0, 1.0, 2.0, 3.0, 9.0
"""Costs: a wrong procedure told as certain; asked back although the first was right; asked back without the right one
among three; a question of ours answered with nothing; a message that is not ours answered with a procedure."""
EVERYDAY, OFTEN = 4.0, float(np.log1p(10))
"""Weight of examples for procedures that ordinary people need, known by having ten or more phrases in the index."""
OWN_IN_RANK, OWN_IN_CHANCES = 1.0, 2.0
"""What own questions weigh together, next to all held-out phrases: in ranking, and in the chances."""
MOVED_TURN = 1.6
"""What a written turn that asks for something new weighs: who is held at the old procedure is answered wrongly, who is
taken for having moved is asked back."""
MANY = 100
"""How many later turns, ours and not, are enough to learn from."""
MADE_TURN = 0.25
"""What a made turn weighs next to a written one."""
WRONG_SHARE = 0.025
"""How many of those answered with one procedure may be wrong on own questions."""
LET_GO = 0.02
"""How many later turns of ours may be taken for none of ours."""
ELSEWHERE_SHARE = 0.15
"""How many messages are not for us, as far as thresholds go."""


@dataclass(frozen=True)
class Example:
    """One question with its evidence; `right` are the candidates' positions that answer it, empty out of scope."""

    evidence: Evidence
    right: tuple[int, ...]
    ours: bool
    weight: float = 1.0
    """How many such questions really arrive: what ordinary people need is asked more often."""


def held_out(text: str) -> bool:
    """Whether a phrase is kept for calibration: the same fifth of all phrases every time."""
    return hashlib.sha256(text.encode()).digest()[0] % 5 == 0


def kept_aside(text: str) -> bool:
    """Whether a message that is not ours is kept for calibration: half of them, since new ones are always different."""
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 0


def examples(
    held: Material, questions: Sequence[tuple[str, frozenset[str]]], progress: Progress = lambda *_: None
) -> list[Example]:
    """Evidence for (question, accepted codes); questions about which nothing is known are left out."""
    number = {code: position for position, code in enumerate(held.codes)}
    result = []
    for done, (question, codes) in enumerate(questions):
        evidence = gather(held, question)
        if evidence is not None:
            wanted = {number[code] for code in codes if code in number}
            right = tuple(p for p, candidate in enumerate(evidence.candidates.tolist()) if candidate in wanted)
            often = max((float(held.often[owner]) for owner in wanted), default=0.0)
            result.append(Example(evidence, right, bool(codes), EVERYDAY if often >= OFTEN else 1.0))
        if done % 200 == 0:
            progress("calibrate", done, len(questions))
    return result


Choice = tuple[Table, tuple[int, ...], float]
"""The candidates' table, which of its rows are right, and the example's weight."""


def fit_rank(chosen: Sequence[Example], strength: float = 1e-3) -> Linear:
    """Weights under which the right candidates are likeliest among all candidates."""
    return fit_choice(
        FEATURES, [(example.evidence.table, example.right, example.weight) for example in chosen], strength
    )


def fit_choice(columns: tuple[str, ...], choices: Sequence[Choice], strength: float) -> Linear:
    """Conditional logit: the right rows against all rows of the same example; no right row, no example."""
    from scipy.optimize import minimize

    used = [choice for choice in choices if choice[1]]
    tables = np.concatenate([table for table, _, _ in used])
    mean, scale = tables.mean(axis=0), np.maximum(tables.std(axis=0), 1e-6)
    scaled = (tables - mean) / scale
    sizes = [len(table) for table, _, _ in used]
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    right = np.zeros(len(scaled), dtype=bool)
    for start, (_, rows, _) in zip(starts, used, strict=True):
        right[start + np.array(rows)] = True
    group = np.repeat(np.arange(len(used)), sizes)
    share = np.array([weight for _, _, weight in used])
    share /= share.sum()

    def loss(weights: Table) -> tuple[float, Table]:
        scores = scaled @ weights
        scores -= np.maximum.reduceat(scores, starts)[group]
        chances = np.exp(scores)
        everything = np.add.reduceat(chances, starts)
        correct = np.maximum(np.add.reduceat(np.where(right, chances, 0), starts), 1e-12)
        value = -(share * np.log(correct / everything)).sum() + strength * float(weights @ weights)
        pull = chances / everything[group] - np.where(right, chances, 0) / correct[group]
        return float(value), scaled.T @ (pull * share[group]) + 2 * strength * weights

    found = minimize(loss, np.zeros(scaled.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 400})
    return _linear(columns, mean, scale, found.x, 0.0)


def fit_chance(columns: tuple[str, ...], table: Table, outcome: NDArray[np.bool_], weights: Table) -> Linear:
    """A logistic model of `outcome`, given as a probability that can be taken at its word."""
    from sklearn.linear_model import LogisticRegression

    mean, scale = table.mean(axis=0), np.maximum(table.std(axis=0), 1e-6)
    model = LogisticRegression(C=0.3, max_iter=2000).fit((table - mean) / scale, outcome, sample_weight=weights)
    return _linear(columns, mean, scale, model.coef_[0], float(model.intercept_[0]))


def _linear(columns: tuple[str, ...], mean: Table, scale: Table, weights: Table, bias: float) -> Linear:
    def short(values: Table) -> tuple[float, ...]:
        return tuple(float(f"{value:.5g}") for value in values)

    return Linear(columns, short(mean), short(scale), short(weights), float(f"{bias:.5g}"))


def judged(rank: Linear, chosen: Sequence[Example]) -> tuple[Table, NDArray[np.bool_], NDArray[np.bool_]]:
    """Scope columns of every example, whether the first candidate is right, and whether one of the first three is."""
    rows, first, three = [], [], []
    for example in chosen:
        scores = rank.score(example.evidence.table)
        order = np.argsort(-scores, kind="stable")
        chances = np.exp(scores[order] - scores[order[0]])
        rows.append(scope_row(example.evidence, order, chances / chances.sum()))
        first.append(int(order[0]) in example.right)
        three.append(bool(set(order[:3].tolist()) & set(example.right)))
    return np.array(rows), np.array(first), np.array(three)


def thresholds(judgement: "Judgement") -> tuple[float, float]:
    """`nothing_below` and `sure_from` with the least cost over own questions, WRONG_SHARE of the sure ones wrong."""
    ours, first, three = judgement.ours, judgement.first, judgement.three
    weight = np.where(ours, (1 - ELSEWHERE_SHARE) / max(ours.sum(), 1), ELSEWHERE_SHARE / max((~ours).sum(), 1))
    best = (np.inf, 0.5, 0.8)
    for nothing_below in np.arange(0.05, 0.96, 0.01):
        silent = judgement.in_scope < nothing_below
        for sure_from in np.arange(0.4, 0.96, 0.01):
            sure = ~silent & (judgement.right >= sure_from)
            asked = ~silent & ~sure
            cost = np.where(
                ours,
                silent * TURNED_AWAY + (sure & ~first) * WRONG_SURE
                + (asked & first) * NEEDLESS_QUESTION + (asked & ~three) * LOST,
                ~silent * ANSWERED_ANYWAY,
            )  # fmt: skip
            total = float((cost * weight).sum())
            wrong = float((sure & ours & ~first).sum() / max((sure & ours).sum(), 1))
            best = min(best, (total + 10 * max(wrong - WRONG_SHARE, 0.0), float(nothing_below), float(sure_from)))
    return round(best[1], 2), round(best[2], 2)


@dataclass(frozen=True)
class Judgement:
    """What models say about questions that they were not fitted on, and the truth; one entry per question."""

    ours: NDArray[np.bool_]
    first: NDArray[np.bool_]
    three: NDArray[np.bool_]
    in_scope: Table
    right: Table


def models(held: Sequence[Example], own: Sequence[Example]) -> tuple[Linear, Linear, Linear]:
    """Rank, scope and right. Own questions weigh as much as all held-out phrases in ranking, and more in the chances:
    phrases are spread evenly over procedures and have no second right answer, questions are as they arrive."""
    rank = fit_rank([*shared_out(held, 1.0), *shared_out(own, OWN_IN_RANK)])
    both = [*shared_out(held, 1.0), *shared_out(own, OWN_IN_CHANCES)]
    table, first, _ = judged(rank, both)
    ours = np.array([example.ours for example in both])
    balance = np.array([example.weight for example in both])
    balance *= len(balance) / balance.sum()
    scope = fit_chance(SCOPE_FEATURES, table, ours, balance)
    right = fit_chance(SCOPE_FEATURES, table[ours], first[ours], balance[ours])
    return rank, scope, right


def shared_out(chosen: Sequence[Example], total: float) -> list[Example]:
    """The examples with weights that add up to `total`, messages that are not ours to 0.35 of it."""
    sums = {kind: sum(example.weight for example in chosen if example.ours is kind) for kind in (True, False)}
    share = {True: total, False: 0.35 * total}
    return [
        replace(example, weight=example.weight * share[example.ours] / max(sums[example.ours], 1e-9))
        for example in chosen
    ]


def cross_judged(held: Sequence[Example], own: Sequence[Example], folds: int = 5, seed: int = 7) -> Judgement:
    """Every own question judged by models that were fitted without it."""
    order = list(range(len(own)))
    random.Random(seed).shuffle(order)
    parts = []
    for fold in range(folds):
        rest = [own[number] for place, number in enumerate(order) if place % folds != fold]
        chosen = [own[number] for number in order[fold::folds]]
        parts.append(_judgement(models(held, rest), chosen))
    names = Judgement.__dataclass_fields__
    return Judgement(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _judgement(fitted: tuple[Linear, Linear, Linear], chosen: Sequence[Example]) -> Judgement:
    rank, scope, right = fitted
    table, first, three = judged(rank, chosen)
    in_scope, is_right = (1 / (1 + np.exp(-model.score(table))) for model in (scope, right))
    return Judgement(np.array([example.ours for example in chosen]), first, three, in_scope, is_right)


def learn(held: Sequence[Example], own: Sequence[Example]) -> tuple[Weights, Judgement]:
    """All weights but those of later turns, and the cross-validated judgement behind the thresholds."""
    judgement = cross_judged(held, own)
    nothing_below, sure_from = thresholds(judgement)
    rank, scope, right = models(held, own)
    weights = msgspec.structs.replace(
        UNTRAINED, rank=rank, scope=scope, right=right, nothing_below=nothing_below, sure_from=sure_from
    )
    return weights, judgement


def questions_from(phrases: Phrases, elsewhere: Sequence[str], seed: int) -> list[tuple[str, frozenset[str]]]:
    """Held-out phrases typed well and badly with their code, and held-out messages that are not ours."""
    rng = random.Random(seed)
    found = []
    for code, lines in phrases.items():
        found += [
            (line if rng.random() < 0.4 else noisy(line, rng), frozenset({code})) for line in filter(held_out, lines)
        ]
    for line in filter(kept_aside, elsewhere):
        found += [(line, frozenset[str]()), (noisy(line, rng), frozenset[str]())]
    return found


def own_questions(file: Path = DEVELOPMENT) -> list[tuple[str, frozenset[str]]]:
    """Single questions of the project with their accepted codes."""
    return [(question.question, frozenset(question.codes)) for question in read_questions(file) if question.question]


Turn = tuple[str, str, frozenset[str], float, str]
"""Topic, later turn, accepted codes, weight, the question before."""


def written_turns(finder: Finder, files: Sequence[Path]) -> list[Turn]:
    """Later turns of question files; the topic is what the file says, or what the turn before finds."""

    def topic(question: Question) -> str:
        before = () if question.topic else finder.find(question.turns[-2]).matches
        return before[0].code if before else question.topic

    questions = [question for file in files for question in read_questions(file) if len(question.turns) > 1]
    return [
        (topic(question), question.turns[-1], frozenset(question.codes), 1.0, question.turns[-2])
        for question in questions
    ]


def made_turns(phrases: Phrases, seed: int, count: int = 300) -> list[Turn]:
    """A bare question goes on about the topic; a phrase of another procedure does not."""
    rng = random.Random(seed)
    ways = [way for facet, lines in read_asking().items() if facet != "general" for way in lines if PLACE not in way]
    often = [code for code, lines in phrases.items() if len(lines) >= 10] or list(phrases)
    found: list[Turn] = []
    for number in range(count):
        topic, other = rng.choice(often), rng.choice(often)
        if number % 3 == 0:
            found.append((topic, rng.choice(ways), frozenset({topic}), MADE_TURN, rng.choice(phrases[topic])))
        elif other != topic:
            turn = noisy(rng.choice(phrases[other]), rng)
            found.append((topic, turn, frozenset({other}), MADE_TURN, rng.choice(phrases[topic])))
    return found


def choices_of(known: Material, weights: Weights, turns: Sequence[Turn]) -> list[Choice]:
    """Evidence for each turn with words of its own."""
    number = {code: position for position, code in enumerate(known.codes)}
    result = []
    for topic, turn, codes, weight, before in turns:
        if topic not in number or not own_words(turn):
            continue
        context = read_context(known, weights, turn, number[topic], before)
        if context is not None:
            wanted = {number[code] for code in codes if code in number}
            right = tuple(row for row, candidate in enumerate(context.candidates.tolist()) if candidate in wanted)
            moved = weight == 1.0 and topic not in codes
            result.append((context.table, right, MOVED_TURN if moved else weight))
    return result


def fit_follow_up(choices: Sequence[Choice]) -> Linear:
    """Which procedure later turns are about, the topic among the candidates."""
    return fit_choice(CONTEXT_FEATURES, choices, strength=2e-3)


def cross_followed(choices: Sequence[Choice], folds: int = 5, seed: int = 7) -> float:
    """Share of written turns with the right procedure first, each judged by a model fitted without it."""
    written = [choice for choice in choices if choice[2] >= 1.0]
    made = [choice for choice in choices if choice[2] < 1.0]
    random.Random(seed).shuffle(written)
    right = 0
    for fold in range(folds):
        model = fit_follow_up([*made, *(choice for place, choice in enumerate(written) if place % folds != fold)])
        right += sum(int(model.score(table).argmax()) in rows for table, rows, _ in written[fold::folds])
    return right / max(len(written), 1)


def fit_away(  # noqa: PLR0917
    weights: Weights, turns: Sequence[Turn], known: Material, elsewhere: Sequence[str], half: Material, seed: int
) -> Weights:
    """`weights` with the model that tells later turns of ours from messages that are none of ours, said after some
    topic, and its threshold, by cross-validation. `half` does not hold `elsewhere`; turns are read as they are when all
    is served, by `known`."""
    from sklearn.model_selection import KFold

    rng, number = random.Random(seed), {code: position for position, code in enumerate(known.codes)}
    ours = [(topic, text) for topic, text, *_ in turns if topic in number]
    others = [(rng.choice(ours)[0], line) for line in elsewhere for _ in range(2) if ours]
    contexts = [
        (context, foreign)
        for said, reader, foreign in ((ours, known, False), (others, half, True))
        for topic, text in said
        if own_words(text) and (context := read_context(reader, weights, text, number[topic])) is not None
    ]
    table, foreign = np.array([context.away for context, _ in contexts]), np.array([foreign for _, foreign in contexts])
    if len(set(foreign.tolist())) < 2 or len(foreign) < MANY:
        return weights  # too little to learn from: no later turn is taken for none of ours
    even = np.where(foreign, 0.5, 1.0)
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


@dataclass(frozen=True)
class Judged:
    """How calibration does on own questions, by cross-validation; `follow_ups` is the share of later turns right."""

    questions: Judgement
    follow_ups: float
    weights: Weights

    def __str__(self) -> str:
        found, ours = self.questions, self.questions.ours
        silent = found.in_scope < self.weights.nothing_below
        sure = ~silent & (found.right >= self.weights.sure_from)
        return (
            f"own questions, cross-validated: first right {found.first[ours].mean():.1%}, among three "
            f"{found.three[ours].mean():.1%}, sure {sure[ours].mean():.1%}, of those wrong "
            f"{(sure & ~found.first).sum() / max(sure.sum(), 1):.1%}, turned away {silent[ours].mean():.1%}, "
            f"not ours but answered {(~silent)[~ours].mean():.1%}, later turns right {self.follow_ups:.1%}"
        )


def calibrate(
    procedures: Sequence[Procedure],
    phrases: Phrases,
    elsewhere: Sequence[str],
    *,
    shipped: Encoder,
    held: Encoder,
    questions: Path = DEVELOPMENT,
    follow_ups: Path = FOLLOW_UPS,
    seed: int = 7,
    progress: Progress = lambda *_: None,
) -> tuple[Weights, Judged]:
    """Weights for `procedures`, and how they do on own questions by cross-validation.

    `held` must have been trained without the held-out phrases; own questions are asked with `shipped` and everything.
    """
    kept = {code: [line for line in lines if not held_out(line)] for code, lines in phrases.items()}
    aside = [line for line in elsewhere if not kept_aside(line)]
    without = material(prepare(procedures, kept, aside, held), held)
    unseen = examples(without, questions_from(phrases, elsewhere, seed), progress)
    known = material(prepare(procedures, phrases, elsewhere, shipped), shipped)
    weights, judgement = learn(unseen, examples(known, own_questions(questions)))
    written = written_turns(Finder(known, weights), (follow_ups, questions))
    choices = choices_of(known, weights, [*written, *made_turns(phrases, seed)])
    weights = msgspec.structs.replace(weights, follow_up=fit_follow_up(choices))
    half = material(prepare(procedures, phrases, aside, shipped), shipped)
    weights = fit_away(weights, written, known, [line for line in elsewhere if kept_aside(line)], half, seed)
    return weights, Judged(judgement, cross_followed(choices), weights)


def save(weights: Weights, file: Path = LEARNT) -> None:
    """Write `weights` where the finder reads them, readable in a diff."""
    file.write_bytes(msgspec.json.format(msgspec.json.encode(weights), indent=1) + b"\n")
